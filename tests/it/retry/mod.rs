//! What is tried again, what is read back, and what is sent once.

mod effects;
mod read_back;
mod recovered;
mod retries;
