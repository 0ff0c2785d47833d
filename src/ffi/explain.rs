//! Explanations of provisioning and failure codes.

use std::ffi::c_char;
use std::ptr;

use super::guard_or;
use super::handle;
use crate::api::provisioning::explain;

/// Explains a code of a failed provisioning job or of a callback: one of "errorCodes" in smsConfiguration's
/// scheduledProvisioning, a "failureCode" or an "internalFailureCode" (CRS0018, 501). Returns a JSON object, NUL-terminated:
///
///   {"code": "CAMPAIGN_PENDING_ACCEPTANCE", "meaning": "for people", "action": "for people", "actor": "sinch", "retry": "later"}
///
/// code: its current name. actor: who must act first: you, sinch, operator (the mobile network's) or unknown. retry: whether a
/// program may send the same change again: no, once, or later, after the time that action names. New values may come.
///
/// For a code that is not known, code is null and meaning says so: show the code itself beside it. NULL for NULL. The text is
/// static: do not free it. Since 1.0.
///
/// # Safety
///
/// code is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_explain(code: *const c_char) -> *const c_char {
    guard_or("explain", ptr::null(), || {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        let code = unsafe { handle::bytes(code) }?;
        // A text that is not UTF-8 is not a known code.
        Some(explain(std::str::from_utf8(code).unwrap_or_default()).json.as_ptr())
    })
}
