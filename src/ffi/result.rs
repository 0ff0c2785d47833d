//! The result of a call: the response, or the error and its JSON document.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use super::codes::{
    SINCH_NUMBERS_E_INTERNAL, SINCH_NUMBERS_E_MISUSE, SINCH_NUMBERS_OK, sinch_numbers_code,
};
use super::error_document::{code_of, error_document, retry_after_ms, with_causes};
use super::handle::{self, Opaque};
use super::json_text::{JsonText, c_string};
use super::{Failure, guard, guard_or};
use crate::call::Progress;
use crate::call::response::RawResponse;
use crate::error::Error;

/// The result of a call. Immutable: any number of threads may read it.
pub struct sinch_numbers_result {
    _opaque: [u8; 0],
}

impl Opaque for sinch_numbers_result {
    type Value = Outcome;
    const TAG: u64 = 0x5349_4e43_484e_4d03;
    const NAME: &'static str = "result";
}

/// An immutable result.
pub(super) struct Outcome {
    pub(super) code: sinch_numbers_code,
    pub(super) http_status: i32,
    pub(super) retry_after_ms: i64,
    pub(super) maybe_applied: bool,
    pub(super) reconciled: bool,
    pub(super) message: CString,
    json: JsonText,
}

impl Outcome {
    fn new(code: sinch_numbers_code, json: String, message: &str) -> Self {
        Self {
            code,
            http_status: 0,
            retry_after_ms: -1,
            maybe_applied: false,
            reconciled: false,
            message: c_string(message),
            json: JsonText::new(json),
        }
    }

    pub(super) fn success(response: RawResponse) -> Self {
        let http_status = i32::from(response.http_status);
        let reconciled = response.reconciled;
        Self { http_status, reconciled, ..Self::new(SINCH_NUMBERS_OK, response.json, "") }
    }

    /// Makes a result without a response: `OK` or `DONE`.
    pub(super) fn empty(code: sinch_numbers_code) -> Self {
        Self::new(code, "{}".to_owned(), "")
    }

    /// Makes the result of a failure. `maybe_applied` says of a caught panic whether a write had been sent.
    fn failure(operation: Option<&str>, failure: Failure, maybe_applied: bool) -> Self {
        let (code, problem) = match failure {
            Failure::Error(error) => return Self::error(operation, &error),
            Failure::Misuse(problem) => (SINCH_NUMBERS_E_MISUSE, problem),
            Failure::Panic => {
                let problem = "a bug in the library was caught; the client stays usable";
                (SINCH_NUMBERS_E_INTERNAL, problem.to_owned())
            }
        };
        let message = match operation {
            Some(operation) => format!("{operation}: {problem}"),
            None => problem,
        };
        let json = error_document(code, &message, operation, maybe_applied, None);
        Self { maybe_applied, ..Self::new(code, json, &message) }
    }

    fn error(operation: Option<&str>, error: &Error) -> Self {
        let (code, message) = (code_of(error), with_causes(error));
        let maybe_applied = error.may_have_been_applied();
        let json = error_document(code, &message, operation, maybe_applied, Some(error));
        Self {
            http_status: error.http_status().unwrap_or(0).into(),
            retry_after_ms: retry_after_ms(error),
            maybe_applied,
            ..Self::new(code, json, &message)
        }
    }
}

/// The JSON that C is given for an error.
#[cfg(feature = "test-hooks")]
pub(crate) fn document(error: Error) -> String {
    Outcome::failure(None, Failure::Error(error), false).json.as_str().to_owned()
}

/// Runs the body of a function that leaves a result, writes the result and returns its code. `operation` is the one that errors
/// name.
///
/// # Safety
///
/// `out` is null or valid for a write.
pub(super) unsafe fn guard_result(
    name: &str,
    operation: Option<&str>,
    out: *mut *mut sinch_numbers_result,
    body: impl FnOnce(&Progress) -> Result<Outcome, Failure>,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { handle::write(out, ptr::null_mut()) };
    let progress = Progress::default();
    let outcome = guard(name, || body(&progress)).unwrap_or_else(|failure| {
        Outcome::failure(operation, failure, progress.maybe_applied.get())
    });
    let code = outcome.code;
    if !out.is_null() {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        unsafe { handle::write(out, handle::into_raw(outcome)) };
    }
    code
}

/// Runs the body of a function that makes a handle, and writes the handle and the result.
///
/// # Safety
///
/// `out` and `result_out` are null or valid for a write.
pub(super) unsafe fn make<O: Opaque>(
    name: &str,
    operation: Option<&str>,
    out: *mut *mut O,
    result_out: *mut *mut sinch_numbers_result,
    body: impl FnOnce() -> Result<O::Value, Failure>,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        handle::write(out, ptr::null_mut());
        guard_result(name, operation, result_out, |_| {
            if out.is_null() {
                return Err(Failure::Misuse(format!("{}_out is NULL", O::NAME)));
            }
            handle::write(out, handle::into_raw(body()?));
            Ok(Outcome::empty(SINCH_NUMBERS_OK))
        })
    }
}

/// Reads a value of a result; `otherwise` if there is none.
///
/// # Safety
///
/// As [`handle::borrow`].
unsafe fn inspect<T>(
    name: &str,
    result: *const sinch_numbers_result,
    otherwise: T,
    body: impl FnOnce(&Outcome) -> Option<T>,
) -> T {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    guard_or(name, otherwise, || body(unsafe { handle::borrow(result) }?))
}

/// Returns the code of the call. E_MISUSE for NULL or a handle of another kind. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_code(
    result: *const sinch_numbers_result,
) -> sinch_numbers_code {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { inspect("result_code", result, SINCH_NUMBERS_E_MISUSE, |r| Some(r.code)) }
}

/// Returns the HTTP status; 0 if none was received. Of the calls that wait it is 200 on OK. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_http_status(
    result: *const sinch_numbers_result,
) -> i32 {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { inspect("result_http_status", result, 0, |r| Some(r.http_status)) }
}

/// Tells whether the same call may succeed later, unchanged: -1 it cannot (always when maybe_applied: read before you
/// repeat), 0 it may, more than 0 it may after that many milliseconds, which the service asked for. The calls that wait read by
/// themselves: of these it is 0 when maybe_applied, see CALLS THAT WAIT. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_retry_after_ms(
    result: *const sinch_numbers_result,
) -> i64 {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { inspect("result_retry_after_ms", result, -1, |r| Some(r.retry_after_ms)) }
}

/// Returns 1 for a failed write that may have taken effect all the same: the request went out, and no response says what
/// became of it. Of the calls that wait: if any of their requests has changed something, or may have. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_maybe_applied(
    result: *const sinch_numbers_result,
) -> i32 {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { inspect("result_maybe_applied", result, 0, |r| Some(i32::from(r.maybe_applied))) }
}

/// Returns 1 for a success that was found out by reading, after the response to a write had been lost. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_reconciled(
    result: *const sinch_numbers_result,
) -> i32 {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { inspect("result_reconciled", result, 0, |r| Some(i32::from(r.reconciled))) }
}

/// Returns the value at a JSON pointer (RFC 6901), as in "/smsConfiguration/servicePlanId" or "/activeNumbers/0/phoneNumber":
/// a string as plain text (what follows a U+0000 is left out), anything else as raw JSON, an object or list included. NULL if
/// there is no such place. The text lives as long as the result. A list is scanned once, at the first look into it: its
/// last item costs no more than its first. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_value(
    result: *const sinch_numbers_result,
    json_pointer: *const c_char,
) -> *const c_char {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        inspect("result_value", result, ptr::null(), |r| {
            r.json.value(handle::text("json_pointer", json_pointer).ok()?).map(CStr::as_ptr)
        })
    }
}

/// Returns the value at a JSON pointer as result_value does, but NULL for everything that means "nothing": an absent place,
/// null, "" and {}. A string that says null is a text like any other. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_text(
    result: *const sinch_numbers_result,
    json_pointer: *const c_char,
) -> *const c_char {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        inspect("result_text", result, ptr::null(), |r| {
            r.json.text(handle::text("json_pointer", json_pointer).ok()?).map(CStr::as_ptr)
        })
    }
}

/// Returns how many members the list or object at a JSON pointer has, as in "/activeNumbers" or "/capability"; "" is the
/// document itself. A key that stands there twice counts twice. -1 if there is neither list nor object, so that a loop from
/// 0 on does not begin. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_count(
    result: *const sinch_numbers_result,
    json_pointer: *const c_char,
) -> i64 {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        inspect("result_count", result, -1, |r| {
            i64::try_from(r.json.count(handle::text("json_pointer", json_pointer).ok()?)?).ok()
        })
    }
}

/// Returns what went wrong, for people; "" on success. It lives as long as the result. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_message(
    result: *const sinch_numbers_result,
) -> *const c_char {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { inspect("result_message", result, c"".as_ptr(), |r| Some(r.message.as_ptr())) }
}

/// Returns the JSON of the result, NUL-terminated, and its length if length_out is not NULL: on OK the service's response as it
/// came (of active_relink and emergency_address_ensure, their own document), on failure the error document. It lives as long as
/// the result. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_json(
    result: *const sinch_numbers_result,
    length_out: *mut usize,
) -> *const c_char {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe {
        let none = (c"{}".as_ptr(), 2);
        let (json, length) = inspect("result_json", result, none, |r| {
            let json = r.json.as_str();
            Some((json.as_ptr().cast(), json.len()))
        });
        handle::write(length_out, length);
        json
    }
}

/// Frees a result, and every text that it handed out. NULL does nothing. Since 1.0.
///
/// # Safety
///
/// The pointer is NULL or a handle that is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_result_free(result: *mut sinch_numbers_result) {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { handle::free("result_free", result, |_| ()) };
}
