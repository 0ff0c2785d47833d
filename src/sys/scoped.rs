//! Makes a value on the stack available to the functions that run within a call, on the same thread.
//!
//! For callbacks that cannot be given an argument of ours. The slot is plain data: unlike a thread-local with a destructor it
//! also works in `atexit` handlers, static destructors and thread destructors.

use std::any::TypeId;
use std::cell::Cell;
use std::ptr;

thread_local! {
    /// The innermost value, and its type.
    static SCOPED: Cell<Option<(TypeId, *const ())>> = const { Cell::new(None) };
}

/// Restores the value before, also when the call panics.
struct Restore(Option<(TypeId, *const ())>);

impl Drop for Restore {
    fn drop(&mut self) {
        SCOPED.set(self.0);
    }
}

/// Calls a function; while it runs, [`with_scoped`] finds the value.
pub(crate) fn scoped<T: 'static, R>(value: &T, call: impl FnOnce() -> R) -> R {
    let innermost = (TypeId::of::<T>(), ptr::from_ref(value).cast::<()>());
    let _restore = Restore(SCOPED.replace(Some(innermost)));
    call()
}

/// Calls a function with the innermost value, if it is of this type; else returns `None`.
pub(crate) fn with_scoped<T: 'static, R>(call: impl FnOnce(&T) -> R) -> Option<R> {
    let (id, value) = SCOPED.get()?;
    if id != TypeId::of::<T>() {
        return None;
    }
    // SAFETY: the pointer was made from a `&T` of the same type (compared above) by `scoped` on this thread. That reference is
    // borrowed until `scoped` returns, which also takes the pointer out of the slot; this call runs within that one.
    Some(call(unsafe { &*value.cast::<T>() }))
}

/// Calls a function; while it runs, [`with_scoped`] finds nothing on this thread.
pub(super) fn without_scoped<R>(call: impl FnOnce() -> R) -> R {
    let _restore = Restore(SCOPED.replace(None));
    call()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_value_is_found_while_it_is_lent() {
        let seen = || with_scoped(|number: &u32| *number);
        assert_eq!(seen(), None);
        scoped(&1_u32, || {
            assert_eq!(seen(), Some(1));
            scoped(&2_u32, || assert_eq!(seen(), Some(2)));
            scoped(&"another type", || assert_eq!(seen(), None));
            assert_eq!(seen(), Some(1));
        });
        let panicked = std::panic::catch_unwind(|| scoped(&3_u32, || panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(seen(), None);
    }
}
