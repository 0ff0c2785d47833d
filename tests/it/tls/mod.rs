//! TLS: who is trusted, what goes wrong, and what is kept.

mod at_exit;
mod faults;
mod sessions;
mod trust;
