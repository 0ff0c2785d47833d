//! The C library, by programs that these tests compile and run.

mod behaviour;
mod broken;
mod header;
mod hostile;
mod linking;
mod reading;
