//! The version of the library.

use std::ffi::c_char;

/// Returns the version of the library, as in "1.0.0". Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn sinch_numbers_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Returns the version of the library as (major << 16) | (minor << 8) | patch. Compare it with SINCH_NUMBERS_VERSION_NUMBER,
/// the version of the header. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn sinch_numbers_version_number() -> u32 {
    const fn part(text: &str) -> u32 {
        let (bytes, mut value, mut at) = (text.as_bytes(), 0, 0);
        while at < bytes.len() {
            value = value * 10 + (bytes[at] - b'0') as u32;
            at += 1;
        }
        value
    }
    const NUMBER: u32 = part(env!("CARGO_PKG_VERSION_MAJOR")) << 16
        | part(env!("CARGO_PKG_VERSION_MINOR")) << 8
        | part(env!("CARGO_PKG_VERSION_PATCH"));
    NUMBER
}
