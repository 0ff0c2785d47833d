//! The deadline of a call.

use std::io;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use crate::sys::{self, Ready, Woken};

/// The deadline of a call, and the descriptors that end it earlier: every wait observes both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    /// Become readable when the call is cancelled: the cancel token's and the client's.
    pub(crate) wakers: [RawFd; 2],
}

impl Deadline {
    /// Makes a deadline without wakers.
    #[cfg(test)]
    pub(crate) fn until(at: Instant) -> Self {
        Self { at, wakers: [sys::NO_FD; 2] }
    }

    /// Returns this deadline, but no later than a given time.
    pub(crate) fn no_later_than(self, at: Instant) -> Self {
        Self { at: self.at.min(at), ..self }
    }

    /// Returns the deadline for sending a write: a quarter of the time left, at most 5 s, is kept for reading it back.
    pub(crate) fn before_read_back(self) -> Self {
        const MOST: Duration = Duration::from_secs(5);
        let left = self.time_left();
        self.no_later_than(Instant::now() + left.saturating_sub((left / 4).min(MOST)))
    }

    pub(crate) fn time_left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Waits for a descriptor until the deadline.
    pub(crate) fn wait(self, fd: RawFd, ready: Ready) -> io::Result<Woken> {
        sys::wait(fd, ready, self.wakers, self.at)
    }

    /// Sleeps until the deadline at most; `false` if the call was cancelled.
    pub(crate) fn sleep(self, time: Duration) -> io::Result<bool> {
        let until = self.no_later_than(Instant::now() + time);
        Ok(until.wait(sys::NO_FD, Ready::ToRead)? == Woken::Deadline)
    }
}
