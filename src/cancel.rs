//! Cancel tokens: they end calls from another thread, or at a deadline.

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::sys::{PerProcess, Waker};

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
}

impl CancelToken {
    /// Makes a token that ends calls at [`trigger`](CancelToken::trigger) only.
    pub fn new() -> Self {
        Self::with(None)
    }

    /// Makes a token that also ends calls after a time, counted from now: a deadline for several calls.
    pub fn with_deadline(time: Duration) -> Self {
        // A time that is out of range for the clock is no deadline.
        Self::with(Instant::now().checked_add(time))
    }

    fn with(deadline: Option<Instant>) -> Self {
        Self(Arc::new(Trigger { signal: Signal::new(), deadline }))
    }

    /// Ends the calls that are bound to the token. Async-signal-safe.
    pub fn trigger(&self) {
        self.0.signal.set();
    }

    /// Tells whether the token was triggered. A passed deadline does not count.
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
