//! The C library: opaque handles, JSON in and out, over the same engine as the Rust client.
//!
//! `build.rs` turns these files into `include/sinch_numbers.h`: the comments on their items are that header's manual,
//! and speak to C programmers. The contract that stands on top of the header is in `header.h`.

// What is exported is reached by name, not by path; and its names are C's.
#![allow(non_camel_case_types, unreachable_pub)]
// The comments on exported items are C's manual.
#![allow(clippy::doc_link_with_quotes, clippy::doc_markdown)]

mod callback;
mod cancel;
mod client;
mod codes;
mod converge;
mod error_document;
mod escape;
mod explain;
mod handle;
pub(crate) mod input;
mod json_text;
mod log;
mod operations;
mod pages;
pub(crate) mod result;
mod version;

use std::ffi::c_int;
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

/// Puts the cancelability of this thread back as it was.
struct Uncancellable(c_int);

impl Drop for Uncancellable {
    fn drop(&mut self) {
        set_cancel_state(self.0);
    }
}

/// Keeps pthread_cancel(3) from ending this thread in the middle of a call: it would unwind frames that are not made for that,
/// and leave locks taken. It takes effect after the call.
fn uncancellable() -> Uncancellable {
    Uncancellable(set_cancel_state(DISABLE))
}

/// `PTHREAD_CANCEL_DISABLE`, which the libc crate does not have everywhere.
const DISABLE: c_int = if cfg!(target_vendor = "apple") { 0 } else { 1 };

/// Sets the cancelability of this thread, and returns what it was. Async-signal-safe.
fn set_cancel_state(state: c_int) -> c_int {
    unsafe extern "C" {
        fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    }
    let mut before = state;
    // SAFETY: the function is POSIX's, and `before` is a place for its result.
    unsafe { pthread_setcancelstate(state, &raw mut before) };
    before
}

/// Runs a function's body; a panic becomes a failure, and goes no further.
fn guard<T>(name: &str, body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let _uncancellable = uncancellable();
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
