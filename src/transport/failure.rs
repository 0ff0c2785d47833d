//! The errors of an exchange and of a connection.

use std::error::Error as StdError;
use std::io;

use thiserror::Error;

use crate::error::Phase;

use super::tls::rustls_error;

/// The error of an exchange without a complete response.
#[derive(Debug)]
pub(crate) struct TransportError {
    pub(crate) kind: TransportErrorKind,
    pub(crate) phase: Phase,
    /// Whether a byte of the request may have left.
    pub(crate) sent: bool,
    /// The status, if the head of the response had come.
    pub(crate) status: Option<u16>,
    /// Whether the request went over an idle connection that had died unnoticed: no byte of a response came.
    pub(crate) stale: bool,
    pub(crate) source: Option<Source>,
}

/// The kind of a [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransportErrorKind {
    Timeout,
    Cancelled,
    /// Name look-up, connect, reset, or the end of the stream before the response was complete.
    Network,
    /// TLS was refused by either side, or the tunnel by the proxy. The next attempt would be refused as well.
    Refused,
    /// The response is not HTTP/1.1.
    Protocol,
    /// The response is over a limit.
    TooBig,
}

/// The error of a connection. It travels through ureq and rustls inside [`ureq::Error::Other`]: ureq takes some kinds of
/// `Error::Io` for the regular end of a body.
#[derive(Debug, Error)]
pub(crate) enum ConnectionError {
    #[error("the deadline passed")]
    Deadline,
    #[error("the call was cancelled")]
    Cancelled,
    /// The time for connecting alone passed: [`io::ErrorKind::TimedOut`].
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The name has no address, or the proxy did not open the tunnel. The next attempt may succeed.
    #[error("{0}")]
    Unreachable(String),
    /// The proxy's status with which it refused the tunnel for good.
    #[error("the proxy refused the tunnel with status {0}")]
    ProxyRefused(u16),
    #[error("{0}")]
    Protocol(&'static str),
    #[error("{0}")]
    TooBig(&'static str),
}

impl From<ConnectionError> for ureq::Error {
    fn from(error: ConnectionError) -> Self {
        Self::Other(Box::new(error))
    }
}

pub(super) type Source = Box<dyn StdError + Send + Sync>;

/// Tells whether an error of ureq means that the call itself is over.
pub(super) fn is_over(error: &ureq::Error) -> bool {
    let ureq::Error::Other(error) = error else { return false };
    matches!(error.downcast_ref(), Some(ConnectionError::Deadline | ConnectionError::Cancelled))
}

/// Returns the kind of an error of ureq, and its cause.
pub(super) fn classify(
    error: ureq::Error,
    phase: Phase,
    ended: bool,
) -> (TransportErrorKind, Option<Source>) {
    use TransportErrorKind::{Cancelled, Network, Protocol, Refused, Timeout, TooBig};
    // After the handshake an error of TLS means that the connection broke.
    let of_tls = if phase == Phase::Tls { Refused } else { Network };
    let of_io = |error: io::Error| {
        let kind = if rustls_error(&error).is_some() { of_tls } else { Network };
        (kind, Some(Source::from(error)))
    };
    match error {
        ureq::Error::Io(error) => of_io(error),
        ureq::Error::Rustls(error) => (of_tls, Some(error.into())),
        ureq::Error::Tls(what) => (of_tls, Some(what.into())),
        ureq::Error::ConnectProxyFailed(what) => (Network, Some(what.into())),
        // The connection ended in the middle of the body.
        ureq::Error::Decompress(..) | ureq::Error::BodyStalled if ended => {
            let what = "the connection was closed before the response was complete";
            (Network, Some(what.into()))
        }
        ureq::Error::Decompress(..) => (Protocol, Some("it is not the gzip that it says".into())),
        ureq::Error::LargeResponseHeader(..) => (TooBig, Some("its head is too long".into())),
        ureq::Error::Other(error) => match error.downcast() {
            Ok(error) => match *error {
                ConnectionError::Deadline => (Timeout, None),
                ConnectionError::Cancelled => (Cancelled, None),
                ConnectionError::Io(error) => of_io(error),
                error @ ConnectionError::Unreachable(_) => (Network, Some(error.into())),
                error @ ConnectionError::ProxyRefused(_) => (Refused, Some(error.into())),
                error @ ConnectionError::Protocol(_) => (Protocol, Some(error.into())),
                error @ ConnectionError::TooBig(_) => (TooBig, Some(error.into())),
            },
            Err(error) => (Network, Some(error)),
        },
        // Nothing was sent yet.
        error if phase == Phase::Connect => (Network, Some(error.into())),
        error => (Protocol, Some(error.into())),
    }
}
