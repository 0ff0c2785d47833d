//! The examples and the README.

mod examples;
mod native_examples;
