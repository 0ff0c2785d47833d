//! TLS: who is trusted, what goes wrong, and what is kept.

mod faults;
mod sessions;
mod trust;
