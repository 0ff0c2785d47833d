//! Writes a text as a JSON string, for C.

use std::ffi::c_char;

use super::guard_or;
use super::handle;
use crate::json;

/// Writes a text as a JSON string, its quotes included: the way to put a value into a query or a body. Like snprintf: writes
/// at most size bytes, the last of them a NUL, and returns how long the whole is, without the NUL. If that is size or more, the
/// string was cut off, and no call takes it. A buffer of NULL or a size of 0 only asks for the length. text may be the buffer.
///
///   char name[256], body[300];
///   if (sinch_numbers_json_escape(text, name, sizeof name) < sizeof name)
///       snprintf(body, sizeof body, "{\"displayName\": %s}", name);
///
/// NULL is written as null, which no query and no body takes: a text that is missing by mistake must not become "", which
/// unlinks a number from its service plan. Bytes that are not UTF-8 are written as they are: whatever call they are given to
/// refuses them with E_INPUT, and nothing is sent. Since 1.0.
///
/// # Safety
///
/// text is NULL or a NUL-terminated string, buffer is NULL or has room for size bytes. They may be one and the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sinch_numbers_json_escape(
    text: *const c_char,
    buffer: *mut c_char,
    size: usize,
) -> usize {
    let json = guard_or("json_escape", Vec::new(), || {
        // SAFETY: guaranteed by the caller (see `# Safety`); the text is not used any more when the buffer is written.
        let text = unsafe { handle::bytes(text) };
        Some(text.map_or_else(|| b"null".to_vec(), json::string_of))
    });
    // SAFETY: guaranteed by the caller (see `# Safety`); the JSON is a vector of its own, which no buffer overlaps.
    unsafe { handle::write_text(buffer, size, &json) };
    json.len()
}
