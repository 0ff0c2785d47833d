//! The state of one exchange, shared by everything that takes part in it: the connector, the socket and the connection, which
//! ureq calls without passing on an argument of ours.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Instant;

use crate::error::Phase;
use crate::sys;
use crate::sys::deadline::Bounds;

use super::authorization::Authorization;
use super::failure::ConnectionError;

/// What the layers below ureq need to know about the exchange, and what they report back.
pub(super) struct Exchange {
    pub(super) bounds: Cell<Bounds>,
    pub(super) authorization: Authorization,
    /// With the space behind it.
    pub(super) method: &'static str,
    /// The length of path and query: with the method it tells the request line.
    pub(super) target_length: usize,
    pub(super) body_length: usize,
    /// A non-idempotent request.
    pub(super) write: bool,
    pub(super) phase: Cell<Phase>,
    /// When TCP and TLS must be ready, while a connection is opened.
    pub(super) connect_by: Cell<Option<Instant>>,
    /// The address that the connection goes to.
    pub(super) address: Cell<Option<SocketAddr>>,
    /// A byte of the request may have left.
    pub(super) sent: Cell<bool>,
    /// Sending failed; the response may have come all the same.
    pub(super) send_failed: Cell<bool>,
    /// A byte of a response has come.
    pub(super) heard: Cell<bool>,
    /// A byte of the body has come.
    pub(super) body_begun: Cell<bool>,
    /// The server has ended the stream.
    pub(super) ended: Cell<bool>,
    /// The connection had been idle before.
    pub(super) reused: Cell<bool>,
    /// Reads return at once, with `WouldBlock` if nothing is there.
    pub(super) no_wait: Cell<bool>,
}

impl Exchange {
    pub(super) fn new(bounds: Bounds, authorization: Authorization) -> Self {
        Self {
            bounds: Cell::new(bounds),
            authorization,
            method: "",
            target_length: 0,
            body_length: 0,
            write: false,
            phase: Cell::new(Phase::Resolve),
            connect_by: Cell::new(None),
            address: Cell::new(None),
            sent: Cell::new(false),
            send_failed: Cell::new(false),
            heard: Cell::new(false),
            body_begun: Cell::new(false),
            ended: Cell::new(false),
            reused: Cell::new(false),
            no_wait: Cell::new(false),
        }
    }

    /// Notes that the request goes out. From its first byte on, a write keeps time back for being read back.
    pub(super) fn begin_to_send(&self) {
        self.phase.set(Phase::Send);
        if !self.sent.replace(true) && self.write {
            self.bounds.set(self.bounds.get().before_read_back());
        }
    }

    /// Makes this the exchange that [`current`] finds while `run` runs.
    pub(super) fn run<R>(&self, run: impl FnOnce() -> R) -> R {
        sys::lend(self, run)
    }

    /// The bounds of a wait: while a connection is opened, the time for that is part of them.
    pub(super) fn wait_bounds(&self) -> Bounds {
        let bounds = self.bounds.get();
        self.connect_by.get().map_or(bounds, |by| bounds.no_later_than(by))
    }

    /// The error of a wait that ran out of time.
    pub(super) fn timed_out(&self) -> ConnectionError {
        if self.bounds.get().time_left().is_zero() {
            ConnectionError::Deadline
        } else {
            // Only the time for connecting: a failure that can be tried again.
            std::io::Error::from(std::io::ErrorKind::TimedOut).into()
        }
    }
}

/// Calls a function with the exchange that runs on this thread.
pub(super) fn current<R>(
    call: impl FnOnce(&Exchange) -> Result<R, ConnectionError>,
) -> Result<R, ConnectionError> {
    const NONE: ConnectionError = ConnectionError::Protocol("a connection outside of an exchange");
    sys::with_lent(call).unwrap_or(Err(NONE))
}
