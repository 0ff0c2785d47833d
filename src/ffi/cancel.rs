//! The handle of a cancel token.

use std::ffi::c_void;
use std::ptr;
use std::time::Duration;

use super::handle::{self, Opaque, acquire};
use super::{guard_or, uncancellable};
use crate::cancel::CancelToken;

/// Ends the calls that it was given to. One way: once triggered, for ever. It may serve several calls at once.
pub struct sinch_numbers_cancel {
    _opaque: [u8; 0],
}

impl Opaque for sinch_numbers_cancel {
    type Value = CancelToken;
    const TAG: u64 = 0x5349_4e43_484e_4d04;
    const NAME: &'static str = "cancel";
}

/// Makes a cancel token. NULL only for a bug that was caught. Since 1.0.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sinch_numbers_cancel_new() -> *mut sinch_numbers_cancel {
    guard_or("cancel_new", ptr::null_mut(), || Some(handle::into_raw(CancelToken::new())))
}

/// Makes a cancel token with a deadline of its own, counted from now: calls that it is given to end with E_TIMEOUT when that
/// many milliseconds have passed, 0 and less at once. It can be triggered as well. NULL only for a bug that was caught. Since 1.0.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sinch_numbers_cancel_new_after(milliseconds: i64) -> *mut sinch_numbers_cancel {
    guard_or("cancel_new_after", ptr::null_mut(), || {
        Some(handle::into_raw(CancelToken::with_deadline(time(milliseconds))))
    })
}

/// Says whether the calls with a polled cancel token are to end: not 0 if so.
pub type sinch_numbers_poll_fn = Option<unsafe extern "C" fn(userdata: *mut c_void) -> i32>;

/// The caller's poll function and its userdata.
struct PollFunction {
    function: unsafe extern "C" fn(*mut c_void) -> i32,
    userdata: *mut c_void,
}

// SAFETY: the header demands a function that may be called on every thread that makes calls with the token, with that userdata.
unsafe impl Send for PollFunction {}
// SAFETY: as above.
unsafe impl Sync for PollFunction {}

impl PollFunction {
    fn call(&self) -> bool {
        // SAFETY: the header demands that the function and its userdata outlive the token and the calls that it was given to.
        unsafe { (self.function)(self.userdata) != 0 }
    }
}

/// Makes a cancel token that is also triggered by a function's word. While a call with it waits, for whatever, poll is called on
/// the thread that made the call, first after every_ms milliseconds (at least 1) and then as often; when it returns anything but
/// 0 the token is triggered. For programs in a language whose runtime must be asked on the thread that was interrupted, as
/// Python's about its signal handlers. A call without such a token pays nothing for it.
///
/// poll may make calls of its own, with the same client and with this token too, but must not use the pages that the call is
/// about. It must return: no longjmp, no exception. NULL makes a token that is not polled. poll and userdata must stay valid
/// until the token is freed and no call uses it any more. What is not a wait of the library's is not interrupted: a log
/// function, and a look-up of a name when no thread is to be had for it. NULL is returned only for a bug that was caught.
/// Since 1.0.
///
/// # Safety
///
/// The function is NULL or what is said above.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_cancel_new_polled(
    poll: sinch_numbers_poll_fn,
    userdata: *mut c_void,
    every_ms: i64,
) -> *mut sinch_numbers_cancel {
    guard_or("cancel_new_polled", ptr::null_mut(), || {
        let Some(function) = poll else { return Some(handle::into_raw(CancelToken::new())) };
        let poll = PollFunction { function, userdata };
        Some(handle::into_raw(CancelToken::polled(time(every_ms), move || poll.call())))
    })
}

/// Makes a polled cancel token that ends with another one as well: when that one is triggered or its deadline passes, the calls
/// that this one was given to end in the same way. Triggering this one, or what poll says, does not touch the other; from
/// another thread it is noticed when poll is due next. The other token may be freed at any time.
///
/// cancel: the other token; NULL for none. poll, userdata, every_ms: as for sinch_numbers_cancel_new_polled. NULL is returned if
/// cancel is a wrong handle, and for a bug that was caught. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what is said above.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_cancel_new_polled_with(
    cancel: *const sinch_numbers_cancel,
    poll: sinch_numbers_poll_fn,
    userdata: *mut c_void,
    every_ms: i64,
) -> *mut sinch_numbers_cancel {
    guard_or("cancel_new_polled_with", ptr::null_mut(), || {
        if cancel.is_null() {
            // SAFETY: handed on.
            return Some(unsafe { sinch_numbers_cancel_new_polled(poll, userdata, every_ms) });
        }
        // SAFETY: guaranteed by the caller (see `# Safety`).
        let cancel = unsafe { acquire(cancel) }.ok()?;
        let poll = poll.map(|function| PollFunction { function, userdata });
        let poll = move || poll.as_ref().is_some_and(PollFunction::call);
        Some(handle::into_raw(CancelToken::polled_below(&cancel, time(every_ms), poll)))
    })
}

/// Converts milliseconds; negative ones are 0.
fn time(milliseconds: i64) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}

/// Triggers a cancel token: the calls that it was given to, and those that it will be given to, end with E_CANCELLED. Call it
/// from any thread, or from a signal handler: it is async-signal-safe. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_cancel_trigger(cancel: *const sinch_numbers_cancel) {
    // No guard: a signal handler must not unwind, and nothing here panics or allocates but for a wrong pointer.
    let _uncancellable = uncancellable();
    // SAFETY: guaranteed by the caller (see `# Safety`).
    if let Some(cancel) = unsafe { handle::borrow(cancel) } {
        cancel.trigger();
    }
}

/// Frees a cancel token. While a call uses it, it is leaked instead. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle that is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_cancel_free(cancel: *mut sinch_numbers_cancel) {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { handle::free("cancel_free", cancel, |_| ()) };
}
