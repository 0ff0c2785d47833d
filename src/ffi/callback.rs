//! Callbacks of the service.

use std::ffi::{c_char, c_void};

use zeroize::Zeroizing;

use super::Failure;
use super::codes::sinch_numbers_code;
use super::handle;
use super::input;
use super::result::{Outcome, guard_result, sinch_numbers_result};
use crate::call::Progress;
use crate::call::callback::{LONGEST, NAME, too_long, verified};
use crate::call::response::RawResponse;

/// Checks the signature of a callback: what the service sends to the callbackUrl of a number when a provisioning job has ended.
///
/// secrets: a JSON array of 1 to 8 texts, none of them empty: the hmacSecret of the project's callback configuration. More than
/// one while it is replaced, or where rented and imported numbers call the same URL. signature: the value of the header
/// X-Sinch-Signature (the header's name in any case), 40 hexadecimal digits; NULL and "" are a missing one. If the header is there
/// twice with two values, refuse the callback. body, length: the body of the request, byte for byte, at most 1 MiB; it may hold
/// any byte, NUL too, and body may be NULL if length is 0.
///
/// OK: the event as it came, without an HTTP status. Read its "/resourceId", the phone number, and read that number with
/// active_get: an event is a hint to read and never the state, as events come late, more than once, in any order, and whoever
/// recorded one can send it again ("/eventId" is unique). Respond with 200 at once, and work later. For
/// "/failureCode" and "/internalFailureCode" see sinch_numbers_explain. "/timestamp" names no zone and means UTC.
///
/// E_AUTH: the signature is refused; "status" of the error document is MISSING, MALFORMED or OTHER_SECRET (or of another body).
/// E_PROTOCOL: signed, but not one JSON object in UTF-8. E_INPUT: secrets, or a body that is too long: "field" says which.
/// E_MISUSE: secrets is NULL, or body is NULL with a length. The body is not looked at before its signature is found to be right,
/// and no failure repeats any of it. All secrets are compared, in a time that does not depend on which of them fits, nor on how
/// much of the signature is right. Nothing is sent, and no client is needed. Since 1.0.
///
/// # Safety
///
/// Every pointer is NULL or what the header says it is; body points to length bytes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_callback_verify(
    secrets: *const c_char,
    signature: *const c_char,
    body: *const c_void,
    length: usize,
    result_out: *mut *mut sinch_numbers_result,
) -> sinch_numbers_code {
    let verify = |_: &Progress| {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        let (secrets, signature) =
            unsafe { (handle::text("secrets", secrets)?, handle::bytes(signature)) };
        if body.is_null() && length > 0 {
            return Err(Failure::Misuse("body is NULL".to_owned()));
        }
        let secrets = input::secrets(secrets)?;
        if length > LONGEST {
            return Err(too_long().into());
        }
        // SAFETY: guaranteed by the caller (see `# Safety`); it is not too long.
        let body = unsafe { handle::memory(body, length) };
        let secrets = secrets.iter().map(|secret: &Zeroizing<String>| secret.as_bytes());
        let event = verified(secrets, signature, body)?.to_owned();
        Ok(Outcome::success(RawResponse::new(event, 0)))
    };
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { guard_result(NAME, Some(NAME), result_out, verify) }
}
