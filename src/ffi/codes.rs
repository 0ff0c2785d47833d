//! The result codes of the C functions, and their names.

use std::ffi::{CStr, c_char};

/// The result of a function. New values may come: treat an unknown one as a failure.
pub type sinch_numbers_code = i32;

/// Success.
pub const SINCH_NUMBERS_OK: sinch_numbers_code = 0;
/// No more pages, or numbers.
pub const SINCH_NUMBERS_DONE: sinch_numbers_code = 1;
/// A required pointer is NULL, text included, or a handle is of another kind.
pub const SINCH_NUMBERS_E_MISUSE: sinch_numbers_code = 2;
/// What was given is refused before anything is sent: not UTF-8, not JSON, an unknown or bad field, not E.164, too big.
pub const SINCH_NUMBERS_E_INPUT: sinch_numbers_code = 3;
/// Credentials refused: 401 (after the token was refreshed), 403, or 400, 401 or 403 from the token endpoint. Of a callback: its
/// signature.
pub const SINCH_NUMBERS_E_AUTH: sinch_numbers_code = 4;
/// Any other error response of the service.
pub const SINCH_NUMBERS_E_API: sinch_numbers_code = 5;
/// Name look-up, connect, TLS, reset, or the end of the stream before the response was complete.
pub const SINCH_NUMBERS_E_NETWORK: sinch_numbers_code = 6;
/// The deadline of the client or of the cancel token passed.
pub const SINCH_NUMBERS_E_TIMEOUT: sinch_numbers_code = 7;
/// A response that is not what the service promises, or too big. Of a callback: signed, but no JSON object.
pub const SINCH_NUMBERS_E_PROTOCOL: sinch_numbers_code = 8;
/// The cancel token was triggered, or the client was shut down.
pub const SINCH_NUMBERS_E_CANCELLED: sinch_numbers_code = 9;
/// A bug in the library that was caught. The client stays usable.
pub const SINCH_NUMBERS_E_INTERNAL: sinch_numbers_code = 10;
/// A provisioning job failed: see "jobs" of the error document.
pub const SINCH_NUMBERS_E_PROVISIONING: sinch_numbers_code = 11;
/// The service does not accept the address: see "validation" of the error document. Nothing was changed.
pub const SINCH_NUMBERS_E_ADDRESS: sinch_numbers_code = 12;

/// Returns the name of a code, as in "E_API"; "UNKNOWN" for a number that is none. Never NULL. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn sinch_numbers_code_name(code: sinch_numbers_code) -> *const c_char {
    code_name(code).as_ptr()
}

pub(super) fn code_name(code: sinch_numbers_code) -> &'static CStr {
    match code {
        SINCH_NUMBERS_OK => c"OK",
        SINCH_NUMBERS_DONE => c"DONE",
        SINCH_NUMBERS_E_MISUSE => c"E_MISUSE",
        SINCH_NUMBERS_E_INPUT => c"E_INPUT",
        SINCH_NUMBERS_E_AUTH => c"E_AUTH",
        SINCH_NUMBERS_E_API => c"E_API",
        SINCH_NUMBERS_E_NETWORK => c"E_NETWORK",
        SINCH_NUMBERS_E_TIMEOUT => c"E_TIMEOUT",
        SINCH_NUMBERS_E_PROTOCOL => c"E_PROTOCOL",
        SINCH_NUMBERS_E_CANCELLED => c"E_CANCELLED",
        SINCH_NUMBERS_E_INTERNAL => c"E_INTERNAL",
        SINCH_NUMBERS_E_PROVISIONING => c"E_PROVISIONING",
        SINCH_NUMBERS_E_ADDRESS => c"E_ADDRESS",
        _ => c"UNKNOWN",
    }
}
