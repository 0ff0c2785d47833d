//! The service, locally, as a program.
fn main() {}
