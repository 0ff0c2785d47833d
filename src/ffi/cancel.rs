//! Cancel tokens.

use std::ptr;
use std::time::Duration;

use super::guard_or;
use super::handle::{self, Opaque};
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
        let time = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
        Some(handle::into_raw(CancelToken::with_deadline(time)))
    })
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
    guard_or("cancel_free", (), || {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        unsafe { handle::free(cancel, |_| ()) };
        Some(())
    });
}
