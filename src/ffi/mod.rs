//! The C library: opaque handles, JSON in and out, over the same engine as the Rust client.
//!
//! `build.rs` turns these files into `include/sinch_numbers.h`: the comments on their items are that header's manual,
//! and speak to C programmers. The contract that stands on top of the header is in `header.h`.

// What is exported is reached by name, not by path; and its names are C's.
#![allow(non_camel_case_types, unreachable_pub)]
// The comments on exported items are C's manual.
#![allow(clippy::doc_link_with_quotes, clippy::doc_markdown)]

mod cancel;
mod client;
mod codes;
mod escape;
mod handle;
pub(crate) mod input;
mod json_text;
mod operations;
mod pages;
pub(crate) mod result;
mod version;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::Error;

/// What a function of the library failed with before it had an [`Error`].
enum Failure {
    /// A pointer is wrong.
    Misuse(String),
    Error(Error),
    /// A panic was caught.
    Panic,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Runs a function's body; a panic becomes a failure, and goes no further.
fn guard<T>(name: &str, body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let body = || {
        #[cfg(feature = "test-hooks")]
        if std::env::var_os("SINCH_NUMBERS_TEST_PANIC").is_some_and(|wanted| wanted == name) {
            #[allow(clippy::panic)]
            std::panic::panic_any("injected");
        }
        #[cfg(not(feature = "test-hooks"))]
        let _ = name;
        body()
    };
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(Failure::Panic))
}

/// The same for functions that cannot report a failure: they return what stands for none.
fn guard_or<T>(name: &str, otherwise: T, body: impl FnOnce() -> Option<T>) -> T {
    let found = guard(name, || body().ok_or(Failure::Panic));
    found.unwrap_or(otherwise)
}
