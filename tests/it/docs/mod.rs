//! The examples and the README.

pub(crate) mod examples;
mod native_examples;
