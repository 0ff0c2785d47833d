//! Lends a value on the stack to functions further down the call stack, on the same thread.
//!
//! For callbacks that cannot be given an argument of ours. The slot is plain data: unlike a thread-local with a destructor it
//! also works in `atexit` handlers, static destructors and thread destructors.

use std::any::TypeId;
use std::cell::Cell;
use std::ptr;

thread_local! {
    /// The value that was lent last, and its type.
    static LENT: Cell<Option<(TypeId, *const ())>> = const { Cell::new(None) };
}

/// Restores what was lent before, also when the call panics.
struct Restore(Option<(TypeId, *const ())>);

impl Drop for Restore {
    fn drop(&mut self) {
        LENT.set(self.0);
    }
}

/// Calls a function; while it runs, [`with_lent`] finds the value.
pub(crate) fn lend<T: 'static, R>(value: &T, call: impl FnOnce() -> R) -> R {
    let lent = (TypeId::of::<T>(), ptr::from_ref(value).cast::<()>());
    let _restore = Restore(LENT.replace(Some(lent)));
    call()
}

/// Calls a function with the value of this type that is lent on this thread; `None` if there is none.
pub(crate) fn with_lent<T: 'static, R>(call: impl FnOnce(&T) -> R) -> Option<R> {
    let (id, value) = LENT.get()?;
    if id != TypeId::of::<T>() {
        return None;
    }
    // SAFETY: the pointer was made from a `&T` of the same type (compared above) by `lend` on this thread. That reference is
    // borrowed until `lend` returns, which also takes the pointer out of the slot; this call runs within that one.
    Some(call(unsafe { &*value.cast::<T>() }))
}

/// Calls a function; while it runs, nothing is lent on this thread.
pub(super) fn put_aside<R>(call: impl FnOnce() -> R) -> R {
    let _restore = Restore(LENT.replace(None));
    call()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_value_is_found_while_it_is_lent() {
        let seen = || with_lent(|number: &u32| *number);
        assert_eq!(seen(), None);
        lend(&1_u32, || {
            assert_eq!(seen(), Some(1));
            lend(&2_u32, || assert_eq!(seen(), Some(2)));
            lend(&"another type", || assert_eq!(seen(), None));
            assert_eq!(seen(), Some(1));
        });
        let panicked = std::panic::catch_unwind(|| lend(&3_u32, || panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(seen(), None);
    }
}
