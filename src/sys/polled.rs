//! Calls a function of the caller while a call waits: it decides whether the call ends.
//!
//! For programs whose runtime must be asked, on the thread that made the call: Python's signal handlers run only when Python
//! runs. Like the value in [`scoped`](super::scoped()), the function is kept in a thread-local without a destructor.

use std::cell::Cell;
use std::ptr;
use std::time::{Duration, Instant};

use super::scoped;

thread_local! {
    /// The poll function of the call that runs on this thread; null if it has none.
    static POLL: Cell<*const Poll<'static>> = const { Cell::new(ptr::null()) };
}

/// A poll function, and when it is due.
struct Poll<'a> {
    every: Duration,
    due: Cell<Instant>,
    /// The function has said that the call ends: it is not called again.
    ended: Cell<bool>,
    function: &'a dyn Fn() -> bool,
}

/// Restores what was polled before, also when the call panics.
struct Restore(*const Poll<'static>);

impl Drop for Restore {
    fn drop(&mut self) {
        POLL.set(self.0);
    }
}

/// Runs a call. Its waits on this thread call `function`, first when `every` has passed and then as often; when it returns
/// `true` they end as if a waker had been triggered.
pub(crate) fn polled<R>(
    every: Duration,
    function: &dyn Fn() -> bool,
    call: impl FnOnce() -> R,
) -> R {
    let due = Cell::new(Instant::now() + every);
    let poll = Poll { every, due, ended: Cell::new(false), function };
    let _restore = Restore(POLL.replace(ptr::from_ref(&poll).cast()));
    call()
}

/// Polls the caller if it is time to. Returns until when a wait may go on before it polls again, at most until its deadline;
/// `None` if the caller ends the call.
pub(super) fn poll_if_due(deadline: Instant) -> Option<Instant> {
    let poll = POLL.get();
    if poll.is_null() {
        return Some(deadline);
    }
    // SAFETY: the pointer was made by `polled` on this thread from a value that lives until `polled` has taken the pointer out
    // of the slot again; this call runs within that one.
    let poll = unsafe { &*poll };
    if !poll.ended.get() && Instant::now() >= poll.due.get() {
        // The function may make calls of its own on this thread: they see nothing of this one.
        let _restore = Restore(POLL.replace(ptr::null()));
        poll.ended.set(scoped::without_scoped(poll.function));
        poll.due.set(Instant::now() + poll.every);
    }
    (!poll.ended.get()).then(|| poll.due.get().min(deadline))
}

/// Returns a number that is unique among the living threads. Async-signal-safe.
pub(crate) fn thread_id() -> usize {
    POLL.with(|slot| ptr::from_ref(slot).addr())
}

#[cfg(test)]
mod tests {
    use super::super::{NO_FD, Ready, Waker, Woken, scoped, wait, wait_any, with_scoped};
    use super::*;

    const LONG: Duration = Duration::from_secs(600);
    const SHORT: Duration = Duration::from_millis(1);

    #[test]
    fn every_wait_polls_and_ends_when_told_to() {
        let polls = Cell::new(0);
        let third = || {
            polls.set(polls.get() + 1);
            polls.get() >= 3
        };
        let later = Instant::now() + LONG;
        polled(SHORT, &third, || {
            assert_eq!(wait(NO_FD, Ready::ToRead, [NO_FD; 2], later).unwrap(), Woken::Waker);
            assert_eq!(polls.get(), 3);
            // From then on at once, and without polling again.
            assert_eq!(wait_any(&[], [NO_FD; 2], later).unwrap().0, Woken::Waker);
            assert_eq!(polls.get(), 3);
        });
        polls.set(0);
        polled(SHORT, &third, || {
            assert_eq!(wait_any(&[], [NO_FD; 2], later).unwrap().0, Woken::Waker);
        });
        assert_eq!((polls.get(), poll_if_due(later)), (3, Some(later)));
    }

    #[test]
    fn many_short_waits_poll_like_a_long_one() {
        let ready = Waker::new().unwrap();
        ready.trigger();
        let polls = Cell::new(0);
        let count = || {
            polls.set(polls.get() + 1);
            false
        };
        polled(SHORT, &count, || {
            while polls.get() < 3 {
                let woken = wait(ready.fd(), Ready::ToRead, [NO_FD; 2], Instant::now() + LONG);
                assert_eq!(woken.unwrap(), Woken::Ready);
            }
        });
        polls.set(0);
        polled(LONG, &count, || {
            assert_eq!(
                wait(ready.fd(), Ready::ToRead, [NO_FD; 2], Instant::now() + LONG).unwrap(),
                Woken::Ready
            );
        });
        assert_eq!(polls.get(), 0, "not before its time");
    }

    #[test]
    fn the_polled_function_finds_nothing_of_the_call() {
        let inner = || {
            let later = Instant::now() + LONG;
            assert_eq!(poll_if_due(later), Some(later));
            assert_eq!(with_scoped(|number: &u32| *number), None);
            true
        };
        scoped(&7_u32, || {
            polled(SHORT, &inner, || {
                let woken = wait(NO_FD, Ready::ToRead, [NO_FD; 2], Instant::now() + LONG);
                assert_eq!(woken.unwrap(), Woken::Waker);
                assert_eq!(with_scoped(|number: &u32| *number), Some(7));
            });
        });
    }
}
