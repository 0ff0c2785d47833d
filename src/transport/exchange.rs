//! The state of one exchange. The connector, the socket and the connection share it through [`current`], since ureq calls them
//! without an argument of ours.

use std::cell::Cell;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Instant;

use ureq::http;

use crate::api::request::Method;
use crate::error::Phase;
use crate::sys::deadline::Deadline;
use crate::sys::{self, Ready, Woken};

use super::Request;
use super::authorization::Authorization;
use super::failure::{ConnectionError, TransportError, TransportErrorKind, classify};
use super::tls::{explain, is_refusal, rustls_error};

/// The state of an exchange: what the layers below ureq need to know of it, and what they report.
pub(super) struct Exchange {
    pub(super) deadline: Cell<Deadline>,
    pub(super) authorization: Authorization,
    pub(super) method: http::Method,
    /// The length of path and query.
    pub(super) target_length: usize,
    pub(super) body_length: usize,
    /// Whether the request is not idempotent.
    pub(super) write: bool,
    pub(super) phase: Cell<Phase>,
    /// The deadline for TCP and TLS, while a connection is opened.
    pub(super) connect_by: Cell<Option<Instant>>,
    /// The address that the connection goes to.
    pub(super) address: Cell<Option<SocketAddr>>,
    /// Whether a byte of the request may have left.
    pub(super) sent: Cell<bool>,
    /// Whether sending failed; the response may have come all the same.
    pub(super) send_failed: Cell<bool>,
    /// Whether a byte of a response has come.
    pub(super) response_begun: Cell<bool>,
    /// Whether a byte of the body has come.
    pub(super) body_begun: Cell<bool>,
    /// Whether the server has ended the stream.
    pub(super) ended: Cell<bool>,
    /// Whether the connection had been idle before.
    pub(super) reused: Cell<bool>,
    /// Whether reads return at once; `would_block` is set if nothing was there.
    pub(super) no_wait: Cell<bool>,
    pub(super) would_block: Cell<bool>,
}

impl Exchange {
    pub(super) fn new(request: &Request<'_>) -> Self {
        Self {
            deadline: Cell::new(request.deadline),
            authorization: Arc::clone(request.authorization),
            method: method_of(request.method),
            target_length: request.target.iter().map(|part| part.len()).sum(),
            body_length: request.body.map_or(0, <[u8]>::len),
            write: request.write,
            phase: Cell::new(Phase::Resolve),
            connect_by: Cell::new(None),
            address: Cell::new(None),
            sent: Cell::new(false),
            send_failed: Cell::new(false),
            response_begun: Cell::new(false),
            body_begun: Cell::new(false),
            ended: Cell::new(false),
            reused: Cell::new(false),
            no_wait: Cell::new(false),
            would_block: Cell::new(false),
        }
    }

    /// Notes that the request is being sent. From its first byte on, a write reserves time for reading it back.
    pub(super) fn begin_to_send(&self) {
        self.phase.set(Phase::Send);
        if !self.sent.replace(true) && self.write {
            self.deadline.set(self.deadline.get().before_read_back());
        }
    }

    /// Waits for a descriptor until the deadline of the call, or that of connecting if a connection is being opened.
    pub(super) fn wait(&self, fd: RawFd, ready: Ready) -> Result<(), ConnectionError> {
        match self.wait_deadline().wait(fd, ready)? {
            Woken::Ready => Ok(()),
            Woken::Waker => Err(ConnectionError::Cancelled),
            Woken::Deadline => Err(self.timed_out()),
        }
    }

    /// The deadline of a wait: the call's, or that of connecting if that is earlier.
    pub(super) fn wait_deadline(&self) -> Deadline {
        let deadline = self.deadline.get();
        self.connect_by.get().map_or(deadline, |by| deadline.no_later_than(by))
    }

    /// The error of a wait that ran out of time.
    pub(super) fn timed_out(&self) -> ConnectionError {
        if self.deadline.get().time_left().is_zero() {
            ConnectionError::Deadline
        } else {
            // Only the time for connecting is over: that can be retried.
            std::io::Error::from(std::io::ErrorKind::TimedOut).into()
        }
    }

    /// Converts an error of ureq. Its meaning depends on how far the exchange had come.
    pub(super) fn failed(&self, error: ureq::Error, status: Option<u16>) -> TransportError {
        let (mut phase, mut sent) = (self.phase.get(), self.sent.get());
        let (silent, reused) = (!self.response_begun.get(), self.reused.get());
        let (mut kind, mut source) = classify(error, phase, self.ended.get());
        let of_tls = source.as_deref().and_then(|source| rustls_error(source));
        let by_alert =
            matches!(of_tls, Some(rustls::Error::AlertReceived(alert)) if is_refusal(*alert));
        if by_alert && sent && silent && !reused {
            (kind, phase, sent) = (TransportErrorKind::Refused, Phase::Tls, false);
        }
        if let (TransportErrorKind::Refused, Some(error)) = (kind, of_tls) {
            source = Some(explain(error).into());
        }
        let stale = reused && silent && kind == TransportErrorKind::Network;
        TransportError { kind, phase, sent, status, stale, source }
    }
}

/// Calls a function with the exchange that runs on this thread.
pub(super) fn current<R>(call: impl FnOnce(&Exchange) -> R) -> Result<R, ConnectionError> {
    const NONE: ConnectionError = ConnectionError::Protocol("a connection outside of an exchange");
    sys::with_scoped(call).ok_or(NONE)
}

pub(super) fn method_of(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Patch => http::Method::PATCH,
        Method::Post => http::Method::POST,
    }
}

#[cfg(test)]
impl Exchange {
    /// An exchange for tests that need only its deadline.
    pub(super) fn within(deadline: Deadline) -> Self {
        Self::new(&Request {
            method: Method::Get,
            target: &[],
            authorization: &Authorization::default(),
            content_type: "",
            body: None,
            deadline,
            secret: false,
            write: false,
            fresh: false,
            sent: &Cell::new(false),
        })
    }
}
