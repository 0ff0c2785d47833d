//! The C library: opaque handles, JSON in and out, over the same engine as the Rust client.
//!
//! `build.rs` turns these files into `include/sinch_numbers.h`: the comments on their items are that header's manual,
//! and speak to C programmers. The contract at the top of the header is in `header.h`.

// Exported functions are found by name, not by path, and have C's names.
#![allow(non_camel_case_types, unreachable_pub)]
// The comments on exported items are C's manual.
#![allow(clippy::doc_link_with_quotes, clippy::doc_markdown)]
#![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]

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

/// The failure of an exported function.
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

/// Drop guard: restores the cancelability of this thread.
struct Uncancellable(c_int);

impl Drop for Uncancellable {
    fn drop(&mut self) {
        set_cancel_state(self.0);
    }
}

/// Defers pthread_cancel(3) until after the call: it would unwind Rust frames, and leave locks taken.
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

/// Runs the body of an exported function; a panic becomes a failure.
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

/// Runs the body of a function that cannot report a failure; then it returns `otherwise`.
fn guard_or<T>(name: &str, otherwise: T, body: impl FnOnce() -> Option<T>) -> T {
    let found = guard(name, || body().ok_or(Failure::Panic));
    found.unwrap_or(otherwise)
}
