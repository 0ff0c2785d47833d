//! Asks the caller of a call, while the call waits, whether it is to end.
//!
//! For programs whose runtime must be asked, on the thread that made the call: Python's signal handlers run only when Python
//! runs. Like what [`lend`](super::lend) lends, the question is plain data in a thread-local.

use std::cell::Cell;
use std::ptr;
use std::time::{Duration, Instant};

use super::lend;

thread_local! {
    /// What the call that runs on this thread asks; null if nothing.
    static QUESTION: Cell<*const Question<'static>> = const { Cell::new(ptr::null()) };
}

/// What is asked, and when.
struct Question<'a> {
    every: Duration,
    due: Cell<Instant>,
    /// The answer was to end the call: it is not asked again.
    ended: Cell<bool>,
    ask: &'a dyn Fn() -> bool,
}

/// Restores what was asked before, also when the call panics.
struct Restore(*const Question<'static>);

impl Drop for Restore {
    fn drop(&mut self) {
        QUESTION.set(self.0);
    }
}

/// Calls a function. While it runs, its waits on this thread call `ask`, first when `every` has passed and then as often; `true`
/// ends them like a waker.
pub(crate) fn asking<R>(every: Duration, ask: &dyn Fn() -> bool, call: impl FnOnce() -> R) -> R {
    let due = Cell::new(Instant::now() + every);
    let question = Question { every, due, ended: Cell::new(false), ask };
    let _restore = Restore(QUESTION.replace(ptr::from_ref(&question).cast()));
    call()
}

/// What a wait is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait until its deadline.
    Wait,
    /// Wait until then at the latest, and ask again.
    WaitUntil(Instant),
    /// End: the caller says so.
    End,
}

/// Asks if it is time to.
pub(super) fn ask() -> Next {
    let question = QUESTION.get();
    if question.is_null() {
        return Next::Wait;
    }
    // SAFETY: the pointer was made by `asking` on this thread from a value that lives until `asking` has taken the pointer out
    // of the slot again; this call runs within that one.
    let question = unsafe { &*question };
    if !question.ended.get() && Instant::now() >= question.due.get() {
        // Whoever is asked may make calls of their own on this thread: they find nothing of this one.
        let _restore = Restore(QUESTION.replace(ptr::null()));
        question.ended.set(lend::put_aside(question.ask));
        question.due.set(Instant::now() + question.every);
    }
    if question.ended.get() { Next::End } else { Next::WaitUntil(question.due.get()) }
}

/// Tells the threads that are alive apart. Async-signal-safe.
pub(crate) fn thread_mark() -> usize {
    QUESTION.with(|slot| ptr::from_ref(slot).addr())
}

#[cfg(test)]
mod tests {
    use super::super::{NONE, Ready, Waker, Woken, lend, wait, wait_any, with_lent};
    use super::*;

    const LONG: Duration = Duration::from_secs(600);
    const SHORT: Duration = Duration::from_millis(1);

    #[test]
    fn every_wait_asks_and_ends_with_the_answer() {
        let asked = Cell::new(0);
        let third = || {
            asked.set(asked.get() + 1);
            asked.get() >= 3
        };
        let later = Instant::now() + LONG;
        asking(SHORT, &third, || {
            assert_eq!(wait(NONE, Ready::ToRead, [NONE; 2], later).unwrap(), Woken::Waker);
            assert_eq!(asked.get(), 3);
            // From then on at once, and without asking again.
            assert_eq!(wait_any(&[], [NONE; 2], later).unwrap().0, Woken::Waker);
            assert_eq!(asked.get(), 3);
        });
        asked.set(0);
        asking(SHORT, &third, || {
            assert_eq!(wait_any(&[], [NONE; 2], later).unwrap().0, Woken::Waker);
        });
        assert_eq!((asked.get(), ask()), (3, Next::Wait));
    }

    #[test]
    fn many_short_waits_ask_like_a_long_one() {
        let ready = Waker::new().unwrap();
        ready.trigger();
        let asked = Cell::new(0);
        let count = || {
            asked.set(asked.get() + 1);
            false
        };
        asking(SHORT, &count, || {
            while asked.get() < 3 {
                let woken = wait(ready.fd(), Ready::ToRead, [NONE; 2], Instant::now() + LONG);
                assert_eq!(woken.unwrap(), Woken::Ready);
            }
        });
        asked.set(0);
        asking(LONG, &count, || {
            assert_eq!(
                wait(ready.fd(), Ready::ToRead, [NONE; 2], Instant::now() + LONG).unwrap(),
                Woken::Ready
            );
        });
        assert_eq!(asked.get(), 0, "not before its time");
    }

    #[test]
    fn whoever_is_asked_finds_nothing_of_the_call() {
        let inner = || {
            assert_eq!(ask(), Next::Wait);
            assert_eq!(with_lent(|number: &u32| *number), None);
            true
        };
        lend(&7_u32, || {
            asking(SHORT, &inner, || {
                let woken = wait(NONE, Ready::ToRead, [NONE; 2], Instant::now() + LONG);
                assert_eq!(woken.unwrap(), Woken::Waker);
                assert_eq!(with_lent(|number: &u32| *number), Some(7));
            });
        });
    }
}
