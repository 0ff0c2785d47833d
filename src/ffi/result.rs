//! The result of a call: the response, or the error and its JSON document.

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use serde::Serialize;
use serde_json::value::RawValue;

use super::codes::{
    SINCH_NUMBERS_DONE, SINCH_NUMBERS_E_ADDRESS, SINCH_NUMBERS_E_API, SINCH_NUMBERS_E_AUTH,
    SINCH_NUMBERS_E_CANCELLED, SINCH_NUMBERS_E_INPUT, SINCH_NUMBERS_E_INTERNAL,
    SINCH_NUMBERS_E_MISUSE, SINCH_NUMBERS_E_NETWORK, SINCH_NUMBERS_E_PROTOCOL,
    SINCH_NUMBERS_E_PROVISIONING, SINCH_NUMBERS_E_TIMEOUT, SINCH_NUMBERS_OK, code_name,
    sinch_numbers_code,
};
use super::handle::{self, Opaque};
use super::json_text::{JsonText, c_string};
use super::{Failure, guard_or};
use crate::call::response::RawResponse;
use crate::error::{ApiError, Error, ErrorKind, FieldViolation};
use crate::log::printable;

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

    /// JSON that is no response of its own: a number of a page, or an event.
    pub(super) fn of_json(json: String, http_status: u16) -> Self {
        Self { http_status: i32::from(http_status), ..Self::new(SINCH_NUMBERS_OK, json, "") }
    }

    pub(super) fn done() -> Self {
        Self::new(SINCH_NUMBERS_DONE, "{}".to_owned(), "")
    }

    pub(super) fn ok() -> Self {
        Self::new(SINCH_NUMBERS_OK, "{}".to_owned(), "")
    }

    pub(super) fn failure(operation: Option<&str>, failure: Failure) -> Self {
        match failure {
            Failure::Error(error) => Self::error(operation, &error),
            Failure::Misuse(problem) => {
                Self::plain(SINCH_NUMBERS_E_MISUSE, operation, &problem, false)
            }
            Failure::Panic => Self::panicked(operation, false),
        }
    }

    /// A caught panic; `maybe_applied` of a write that had gone out.
    pub(super) fn panicked(operation: Option<&str>, maybe_applied: bool) -> Self {
        let problem = "a bug in the library was caught; the client stays usable";
        Self::plain(SINCH_NUMBERS_E_INTERNAL, operation, problem, maybe_applied)
    }

    fn plain(
        code: sinch_numbers_code,
        operation: Option<&str>,
        problem: &str,
        maybe_applied: bool,
    ) -> Self {
        let message = match operation {
            Some(operation) => format!("{operation}: {problem}"),
            None => problem.to_owned(),
        };
        let document = Document { operation, maybe_applied, ..Document::new(code, &message) };
        Self { maybe_applied, ..Self::new(code, document.write(), &message) }
    }

    fn error(operation: Option<&str>, error: &Error) -> Self {
        let (code, message) = (code_of(error), chain(error));
        let (api, http_status) = (error.api_error(), error.http_status().unwrap_or(0));
        let (retry_after_ms, maybe_applied) =
            (retry_after_ms(error), error.may_have_been_applied());
        let details = api.map(|api| format!("[{}]", api.details.join(",")));
        let (mut body, mut phase, mut field) = (None, None, None);
        let (mut jobs, mut validation) = (None, None);
        let mut status = api.and_then(|api| api.status.as_deref());
        match error.kind() {
            ErrorKind::Protocol(violation) => body = violation.body.as_deref(),
            ErrorKind::Timeout(at) | ErrorKind::Transport(at) => phase = Some(at.as_str()),
            ErrorKind::InvalidInput(input) => field = Some(input.field.as_str()),
            ErrorKind::Signature(problem) => {
                (field, status) = (Some("signature"), Some(problem.as_str()));
            }
            ErrorKind::Provisioning(failed) => jobs = Some(failed.jobs_json()),
            ErrorKind::Address(refusal) => validation = Some(refusal.json.as_str()),
            _ => {}
        }
        // The text of an error response of which nothing was understood.
        if let Some(ApiError { code: None, status: None, message: None, body: text, .. }) = api {
            body = text.as_deref();
        }
        let document = Document {
            http_status,
            status,
            body_code: api.and_then(|api| api.code),
            operation: error.operation().or(operation),
            phone_number: error.phone_number(),
            field,
            field_violations: error.field_violations(),
            phase,
            retry_after_ms,
            maybe_applied,
            found: raw(error.found()),
            previous: raw(error.previous()),
            steps: raw(error.steps()),
            jobs: raw(jobs.as_deref()),
            validation: raw(validation),
            attempts: error.attempts(),
            request_id: api.and_then(|api| api.request_id.as_deref()),
            details: raw(details.as_deref()),
            body,
            ..Document::new(code, &message)
        };
        let http_status = http_status.into();
        let outcome = Self::new(code, document.write(), &message);
        Self { http_status, retry_after_ms, maybe_applied, ..outcome }
    }

    /// The JSON and its length; a NUL stands behind it.
    pub(super) fn json(&self) -> (*const c_char, usize) {
        let json = self.json.as_str();
        (json.as_ptr().cast(), json.len())
    }
}

/// The error and the causes below it: C has no `source()`. One line without control characters, a NUL among them.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(below) = cause {
        text += &format!(": {below}");
        cause = below.source();
    }
    printable(&text, 0).into_owned()
}

fn code_of(error: &Error) -> sinch_numbers_code {
    match error.kind() {
        ErrorKind::InvalidInput(_) => SINCH_NUMBERS_E_INPUT,
        ErrorKind::Authentication(_) | ErrorKind::Signature(_) => SINCH_NUMBERS_E_AUTH,
        ErrorKind::RateLimited(_) | ErrorKind::Api(_) | ErrorKind::Conflict(_) => {
            SINCH_NUMBERS_E_API
        }
        ErrorKind::Timeout(_) => SINCH_NUMBERS_E_TIMEOUT,
        ErrorKind::Transport(_) => SINCH_NUMBERS_E_NETWORK,
        ErrorKind::Protocol(_) => SINCH_NUMBERS_E_PROTOCOL,
        ErrorKind::Cancelled => SINCH_NUMBERS_E_CANCELLED,
        ErrorKind::Provisioning(_) => SINCH_NUMBERS_E_PROVISIONING,
        ErrorKind::Address(_) => SINCH_NUMBERS_E_ADDRESS,
    }
}

fn retry_after_ms(error: &Error) -> i64 {
    if !error.can_retry() {
        return -1;
    }
    let wait = error.retry_after().unwrap_or_default();
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
}

fn raw(json: Option<&str>) -> Option<&RawValue> {
    serde_json::from_str(json?).ok()
}

/// The error document, in the order in which it is written.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    code: &'a str,
    http_status: u16,
    status: Option<&'a str>,
    body_code: Option<i64>,
    message: &'a str,
    operation: Option<&'a str>,
    phone_number: Option<&'a str>,
    field: Option<&'a str>,
    field_violations: &'a [FieldViolation],
    phase: Option<&'a str>,
    retry_after_ms: i64,
    maybe_applied: bool,
    attempts: u32,
    request_id: Option<&'a str>,
    details: Option<&'a RawValue>,
    body: Option<&'a str>,
    found: Option<&'a RawValue>,
    previous: Option<&'a RawValue>,
    steps: Option<&'a RawValue>,
    jobs: Option<&'a RawValue>,
    validation: Option<&'a RawValue>,
}

impl<'a> Document<'a> {
    fn new(code: sinch_numbers_code, message: &'a str) -> Self {
        Self { code: code_name(code), message, retry_after_ms: -1, ..Self::default() }
    }

    fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }
}

/// The JSON that C is given for an error.
#[cfg(feature = "test-hooks")]
pub(crate) fn document(error: Error) -> String {
    Outcome::failure(None, Failure::Error(error)).json.as_str().to_owned()
}

/// Writes the result that every call leaves, and returns its code.
///
/// # Safety
///
/// `out` is null or valid for a write.
pub(super) unsafe fn write_result(
    out: *mut *mut sinch_numbers_result,
    outcome: Outcome,
) -> sinch_numbers_code {
    let code = outcome.code;
    if !out.is_null() {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        unsafe { handle::write(out, handle::into_raw(outcome)) };
    }
    code
}

/// Looks at a result, or says what stands for none.
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
            r.json.value(handle::text(json_pointer).ok()?).map(CStr::as_ptr)
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
            r.json.text(handle::text(json_pointer).ok()?).map(CStr::as_ptr)
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
            i64::try_from(r.json.count(handle::text(json_pointer).ok()?)?).ok()
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
        let (json, length) = inspect("result_json", result, none, |r| Some(r.json()));
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
    guard_or("result_free", (), || {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        unsafe { handle::free(result, |_| ()) };
        Some(())
    });
}
