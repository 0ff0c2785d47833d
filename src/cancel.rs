//! Ending calls from outside: by hand, or by a deadline of their own.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::sys::{self, PerProcess, Ready, Waker, Woken};

/// Ends the calls that are bound to it, from any thread: those that run and those that come.
///
/// One way: once triggered, for ever. Clones share the same trigger. Bind calls to it with
/// [`Client::with_cancel`](crate::Client::with_cancel). A call that is ended fails with
/// [`Cancelled`](crate::ErrorKind::Cancelled), or with [`Timeout`](crate::ErrorKind::Timeout) when the token's own deadline
/// passed; a write whose request had gone out [may have been applied](crate::Error::may_have_been_applied).
///
/// ```
/// use sinch_numbers::{CancelToken, Client, Credentials, ErrorKind};
///
/// let client = Client::builder("YOUR_projectId", Credentials::oauth2("key", "secret")).build()?;
/// let token = CancelToken::new();
/// token.trigger();
/// let error = client.with_cancel(&token).get("+12025550134").unwrap_err();
/// assert!(matches!(error.kind(), ErrorKind::Cancelled));
/// # Ok::<(), sinch_numbers::Error>(())
/// ```
#[derive(Clone)]
pub struct CancelToken(Arc<Trigger>);

#[derive(Debug)]
struct Trigger {
    signal: Signal,
    deadline: Option<Instant>,
}

impl CancelToken {
    /// Makes a token that is ended by [`trigger`](CancelToken::trigger) only.
    pub fn new() -> Self {
        Self::with(None)
    }

    /// Makes a token that is also ended when a time has passed, counted from now: a deadline over several calls.
    pub fn with_deadline(time: Duration) -> Self {
        // A time that no clock reaches is none.
        Self::with(Instant::now().checked_add(time))
    }

    fn with(deadline: Option<Instant>) -> Self {
        Self(Arc::new(Trigger { signal: Signal::new(), deadline }))
    }

    /// Ends the calls that are bound to the token. Async-signal-safe.
    pub fn trigger(&self) {
        self.0.signal.set();
    }

    /// Tells whether it was triggered. A deadline that has passed is no trigger.
    pub fn is_triggered(&self) -> bool {
        self.0.signal.is_set()
    }

    pub(crate) fn signal(&self) -> &Signal {
        &self.0.signal
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("triggered", &self.is_triggered())
            .field("deadline", &self.0.deadline)
            .finish()
    }
}

/// A flag that can be waited for together with a socket.
///
/// The descriptor is made when somebody first waits, and anew after a fork: parent and child must not wake each other.
#[derive(Debug)]
pub(crate) struct Signal {
    set: AtomicBool,
    waker: PerProcess<Waker>,
}

impl Signal {
    pub(crate) const fn new() -> Self {
        Self { set: AtomicBool::new(false), waker: PerProcess::new() }
    }

    /// Sets the flag and wakes whoever waits. Async-signal-safe.
    pub(crate) fn set(&self) {
        // The flag first: a thread that makes its waker after this looks at the flag before it waits.
        self.set.store(true, Ordering::SeqCst);
        if let Some(waker) = self.waker.get() {
            waker.trigger();
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.set.load(Ordering::SeqCst)
    }

    /// Returns the descriptor that becomes readable when the flag is set. Look at the flag afterwards.
    pub(crate) fn fd(&self) -> io::Result<RawFd> {
        self.waker.get_or_try_init(Waker::new).map(Waker::fd)
    }
}

/// What a call may not outlive, as every wait of it needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) deadline: Instant,
    /// Become readable when the call is to end: its token's and its client's.
    pub(crate) wakers: [RawFd; 2],
}

impl Bounds {
    /// Bounds by time alone.
    #[cfg(test)]
    pub(crate) fn until(deadline: Instant) -> Self {
        Self { deadline, wakers: [sys::NONE; 2] }
    }

    /// The same, with a deadline that comes no later than another.
    pub(crate) fn no_later_than(self, deadline: Instant) -> Self {
        Self { deadline: self.deadline.min(deadline), ..self }
    }

    /// The same without what a write keeps for being read back: a quarter of the time that is left, at most 5 s.
    pub(crate) fn before_read_back(self) -> Self {
        const MOST: Duration = Duration::from_secs(5);
        let left = self.time_left();
        self.no_later_than(Instant::now() + left.saturating_sub((left / 4).min(MOST)))
    }

    pub(crate) fn time_left(self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Waits for a descriptor within the bounds.
    pub(crate) fn wait(self, fd: RawFd, ready: Ready) -> io::Result<Woken> {
        sys::wait(fd, ready, self.wakers, self.deadline)
    }

    /// Lets time pass; `false` when the call is to end instead.
    pub(crate) fn sleep(self, time: Duration) -> io::Result<bool> {
        let until = self.no_later_than(Instant::now() + time);
        Ok(until.wait(sys::NONE, Ready::ToRead)? == Woken::Deadline)
    }
}
