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
    let part = |text: &str| text.parse::<u32>().unwrap_or_default();
    part(env!("CARGO_PKG_VERSION_MAJOR")) << 16
        | part(env!("CARGO_PKG_VERSION_MINOR")) << 8
        | part(env!("CARGO_PKG_VERSION_PATCH"))
}
