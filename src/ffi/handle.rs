//! Handles and raw pointers: the unsafe primitives of the C layer, each of them once.

use std::ffi::{CStr, c_char, c_void};
use std::ops::Deref;
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{Failure, guard_or};
use crate::error::Error;

/// The maximum length of a text parameter, in bytes.
const MAX_TEXT: usize = 1024 * 1024;

/// The allocation behind an opaque pointer.
#[repr(C)]
pub(super) struct Handle<T> {
    /// Tells the kind of the handle; wiped when it is freed. First in every handle, so that one of another kind is recognized.
    tag: AtomicU64,
    /// The number of calls that are using it.
    users: AtomicUsize,
    value: T,
}

/// An opaque type of the header, and the value behind it.
pub(super) trait Opaque: Sized {
    type Value;
    /// The tag of its handles: a value that is unlikely in other memory.
    const TAG: u64;
    /// The name of the parameter, for messages.
    const NAME: &'static str;
}

/// A handle in use: it is not freed meanwhile.
pub(super) struct HandleGuard<'a, O: Opaque>(&'a Handle<O::Value>);

impl<O: Opaque> Deref for HandleGuard<'_, O> {
    type Target = O::Value;

    fn deref(&self) -> &O::Value {
        &self.0.value
    }
}

impl<O: Opaque> Drop for HandleGuard<'_, O> {
    fn drop(&mut self) {
        self.0.users.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Moves a value to the heap and returns it as an opaque pointer.
pub(super) fn into_raw<O: Opaque>(value: O::Value) -> *mut O {
    let tag = AtomicU64::new(O::TAG);
    Box::into_raw(Box::new(Handle { tag, users: AtomicUsize::new(0), value })).cast()
}

/// Returns the tag at the beginning of a handle, of whatever kind. Async-signal-safe.
///
/// # Safety
///
/// As [`acquire`].
unsafe fn tag<'a, O>(pointer: *const O) -> Result<&'a AtomicU64, &'static str> {
    if pointer.is_null() {
        return Err("NULL");
    }
    if !pointer.cast::<u64>().is_aligned() {
        return Err("not a handle");
    }
    // SAFETY: every handle begins with its tag; the caller guarantees that this is one (see `# Safety`).
    Ok(unsafe { &*pointer.cast::<AtomicU64>() })
}

/// Borrows a handle and counts the use. The error says what the pointer is instead. Async-signal-safe.
///
/// # Safety
///
/// `pointer` is null or points to a live handle, of whatever kind.
pub(super) unsafe fn acquire<'a, O: Opaque>(
    pointer: *const O,
) -> Result<HandleGuard<'a, O>, &'static str> {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    let tag = unsafe { tag(pointer) }?;
    if tag.load(Ordering::SeqCst) != O::TAG {
        return Err("a handle of another kind");
    }
    // SAFETY: the tag says what it is.
    let handle = unsafe { &*pointer.cast::<Handle<O::Value>>() };
    handle.users.fetch_add(1, Ordering::SeqCst);
    let used = HandleGuard(handle);
    // Freed in between: `free` wipes the tag before it looks at the users.
    if handle.tag.load(Ordering::SeqCst) != O::TAG {
        return Err("freed");
    }
    Ok(used)
}

/// Borrows a handle parameter that must not be null.
///
/// # Safety
///
/// As [`acquire`].
pub(super) unsafe fn required<'a, O: Opaque>(
    pointer: *const O,
) -> Result<HandleGuard<'a, O>, Failure> {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { acquire(pointer) }
        .map_err(|problem| Failure::Misuse(format!("{} is {problem}", O::NAME)))
}

/// Borrows a handle parameter that may be null.
///
/// # Safety
///
/// As [`acquire`].
pub(super) unsafe fn optional<'a, O: Opaque>(
    pointer: *const O,
) -> Result<Option<HandleGuard<'a, O>>, Failure> {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    (!pointer.is_null()).then(|| unsafe { required(pointer) }).transpose()
}

/// Borrows the value of an immutable handle (a result) without counting the use.
///
/// # Safety
///
/// As [`acquire`]; and the handle lives as long as the reference is used.
pub(super) unsafe fn borrow<'a, O: Opaque>(pointer: *const O) -> Option<&'a O::Value> {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    let used = unsafe { acquire(pointer) }.ok()?;
    Some(&used.0.value)
}

/// Frees a handle: the body of the exported function of that name. If calls are using it, `in_use` is called, and the handle is
/// leaked.
///
/// # Safety
///
/// As [`acquire`], and the pointer is not used afterwards.
pub(super) unsafe fn free<O: Opaque>(name: &str, pointer: *mut O, in_use: impl FnOnce(&O::Value)) {
    guard_or(name, (), || {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        let tag = unsafe { tag(pointer) }.ok()?;
        tag.compare_exchange(O::TAG, 0, Ordering::SeqCst, Ordering::SeqCst).ok()?;
        let handle = pointer.cast::<Handle<O::Value>>();
        // SAFETY: the tag said what it is, and wiping it was this thread's doing: it alone frees.
        unsafe {
            if (*handle).users.load(Ordering::SeqCst) == 0 {
                drop(Box::from_raw(handle));
            } else {
                in_use(&(*handle).value);
            }
        }
        Some(())
    });
}

/// Writes to an out-pointer, unless it is null.
///
/// # Safety
///
/// `out` is null or valid for a write.
pub(super) unsafe fn write<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: guaranteed by the caller (see `# Safety`).
        unsafe { ptr::write(out, value) };
    }
}

/// Writes as much of a text into a buffer as fits, and a NUL behind it. Nothing if the buffer is null or has no size.
///
/// # Safety
///
/// `buffer` is null or valid for writes of `size` bytes, and does not overlap the text.
pub(super) unsafe fn write_text(buffer: *mut c_char, size: usize, text: &[u8]) {
    let (false, Some(room)) = (buffer.is_null(), size.checked_sub(1)) else { return };
    let fits = text.len().min(room);
    // SAFETY: `fits` bytes and the NUL are at most `size`; the rest is guaranteed by the caller (see `# Safety`).
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr().cast(), buffer, fits);
        ptr::write(buffer.add(fits), 0);
    }
}

/// Reads a text parameter: a C string of at most [`MAX_TEXT`] bytes, in UTF-8. An error names the parameter.
///
/// # Safety
///
/// `pointer` is null or points to a NUL-terminated string that does not change meanwhile.
pub(super) unsafe fn text<'a>(name: &str, pointer: *const c_char) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Failure::Misuse(format!("{name} is NULL")));
    }
    let refused = |problem| Failure::Error(Error::invalid(name, problem));
    // SAFETY: the string ends with a NUL, and no more than the limit and one byte is looked at.
    let length = unsafe { libc::strnlen(pointer, MAX_TEXT + 1) };
    if length > MAX_TEXT {
        return Err(refused(format!("is longer than {MAX_TEXT} bytes")));
    }
    // SAFETY: handed on; it is not null.
    let bytes = unsafe { bytes(pointer) }.unwrap_or_default();
    std::str::from_utf8(bytes)
        .map_err(|error| refused(format!("is not UTF-8 at byte {}", error.valid_up_to())))
}

/// Reads a text parameter that may be null.
///
/// # Safety
///
/// As [`text`].
pub(super) unsafe fn optional_text<'a>(
    name: &str,
    pointer: *const c_char,
) -> Result<Option<&'a str>, Failure> {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    (!pointer.is_null()).then(|| unsafe { text(name, pointer) }).transpose()
}

/// Borrows bytes, which may be any.
///
/// # Safety
///
/// `pointer` points to `length` bytes that do not change meanwhile, at most `isize::MAX`, or it is null.
pub(super) unsafe fn memory<'a>(pointer: *const c_void, length: usize) -> &'a [u8] {
    if pointer.is_null() {
        return &[];
    }
    // SAFETY: guaranteed by the caller (see `# Safety`).
    unsafe { slice::from_raw_parts(pointer.cast(), length) }
}

/// Reads a C string of any length; `None` for null.
///
/// # Safety
///
/// As [`text`].
pub(super) unsafe fn bytes<'a>(pointer: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: guaranteed by the caller (see `# Safety`).
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_bytes())
}
