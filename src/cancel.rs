//! Cancel tokens: they end calls from another thread, or at a deadline.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::sys::{self, PerProcess, Waker};

/// A token that ends the calls that are bound to it, running and future ones, from any thread.
///
/// It cannot be reset. Clones share the same trigger. Bind calls to it with
/// [`Client::with_cancel`](crate::Client::with_cancel). The ended call fails with
/// [`Cancelled`](crate::ErrorKind::Cancelled), or with [`Timeout`](crate::ErrorKind::Timeout) when the token's own deadline
/// passed; a write whose request was sent [may have been applied](crate::Error::may_have_been_applied).
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
#[derive(Clone, Debug)]
pub struct CancelToken(Arc<Trigger>);

#[derive(Debug)]
struct Trigger {
    signal: Signal,
    deadline: Option<Instant>,
    poll: Option<Poll>,
    /// The token that ends this one as well.
    parent: Option<CancelToken>,
}

/// The caller's poll function and its interval.
struct Poll {
    every: Duration,
    poll: Box<dyn Fn() -> bool + Send + Sync>,
}

impl fmt::Debug for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poll").field("every", &self.every).finish_non_exhaustive()
    }
}

impl CancelToken {
    /// Makes a token that ends calls at [`trigger`](CancelToken::trigger) only.
    pub fn new() -> Self {
        Self::make(None, None, None)
    }

    /// Makes a token that also ends calls after a time, counted from now: a deadline for several calls.
    pub fn with_deadline(time: Duration) -> Self {
        // A time that is out of range for the clock is no deadline.
        Self::make(Instant::now().checked_add(time), None, None)
    }

    /// Makes a token that also asks a function: while a call waits, `poll` is called on the thread that made the call, every
    /// `every` (1 ms to 365 days), and `true` triggers the token.
    ///
    /// For programs in a language whose runtime handles signals on the thread that was interrupted. The function may make calls
    /// of its own, but must not use the pages that the call is about.
    ///
    /// ```
    /// use sinch_numbers::CancelToken;
    /// use std::time::Duration;
    ///
    /// let token = CancelToken::polled(Duration::from_millis(50), || false);
    /// assert!(!token.is_triggered());
    /// ```
    pub fn polled(every: Duration, poll: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self::make(None, Some(Poll::new(every, poll)), None)
    }

    /// Makes a polled token that another one ends as well. Triggering it does not trigger the other.
    #[cfg(feature = "capi")]
    pub(crate) fn polled_below(
        parent: &Self,
        every: Duration,
        poll: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::make(parent.deadline(), Some(Poll::new(every, poll)), Some(parent.clone()))
    }

    fn make(deadline: Option<Instant>, poll: Option<Poll>, parent: Option<Self>) -> Self {
        Self(Arc::new(Trigger { signal: Signal::new(), deadline, poll, parent }))
    }

    /// Ends the calls that are bound to the token. Async-signal-safe.
    pub fn trigger(&self) {
        self.0.signal.set();
    }

    /// Tells whether the token was triggered. A passed deadline does not count.
    pub fn is_triggered(&self) -> bool {
        self.0.signal.is_set() || self.0.parent.as_ref().is_some_and(Self::is_triggered)
    }

    /// Returns the descriptor that becomes readable when the token is triggered. Of a token with a parent it is the parent's: its
    /// own trigger is noticed at the next poll.
    pub(crate) fn fd(&self) -> io::Result<RawFd> {
        self.0.parent.as_ref().map_or_else(|| self.0.signal.fd(), Self::fd)
    }

    /// Runs a call or a part of one; its waits call the poll function of its token, if there is one.
    pub(crate) fn polling<R>(token: Option<&Self>, call: impl FnOnce() -> R) -> R {
        let Some((token, poll)) = token.and_then(|token| Some((token, token.0.poll.as_ref()?)))
        else {
            return call();
        };
        let triggered = || {
            if (poll.poll)() {
                token.trigger();
            }
            token.is_triggered()
        };
        sys::polled(poll.every, &triggered, call)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }
}

impl Poll {
    fn new(every: Duration, poll: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        // No call takes longer than the maximum.
        const RANGE: (Duration, Duration) =
            (Duration::from_millis(1), Duration::from_secs(365 * 24 * 3600));
        Self { every: every.clamp(RANGE.0, RANGE.1), poll: Box::new(poll) }
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

/// A flag that can be waited for together with a socket.
///
/// The descriptor is made at the first wait, and again after a fork: parent and child must not wake each other.
#[derive(Debug)]
pub(crate) struct Signal {
    set: AtomicBool,
    waker: PerProcess<Waker>,
}

impl Signal {
    pub(crate) const fn new() -> Self {
        Self { set: AtomicBool::new(false), waker: PerProcess::new() }
    }

    /// Sets the flag and wakes the waiting threads. Async-signal-safe.
    pub(crate) fn set(&self) {
        // The flag is set first: a thread that makes its waker later checks the flag before it waits.
        self.set.store(true, Ordering::SeqCst);
        if let Some(waker) = self.waker.get() {
            waker.trigger();
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.set.load(Ordering::SeqCst)
    }

    /// Returns the descriptor that becomes readable when the flag is set. Check the flag afterwards.
    pub(crate) fn fd(&self) -> io::Result<RawFd> {
        self.waker.get_or_try_init(Waker::new).map(Waker::fd)
    }
}
