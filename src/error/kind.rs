//! The kinds of failures, and what each says about itself.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::json;
use crate::log::printable;

/// The kind of an [`Error`](crate::Error), which tells the caller what to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input was refused before anything was sent. Correct it.
    InvalidInput(InvalidInput),
    /// The credentials were refused: 401 (after the token was refreshed), 403, or 400, 401 or 403
    /// from the token endpoint. Check the credentials and the project.
    Authentication(ApiError),
    /// 429. Call again after [`Error::retry_after`](crate::Error::retry_after).
    RateLimited(ApiError),
    /// Any other error response of the service.
    Api(ApiError),
    /// The deadline of the call passed during this phase.
    Timeout(Phase),
    /// The network failed: name lookup, connect, TLS, reset, or the end of the stream before the response was complete.
    Transport(Phase),
    /// The response breaks the protocol of the service, or is too big.
    Protocol(ProtocolViolation),
    /// The call was ended by its [`CancelToken`](crate::CancelToken) or by
    /// [`Client::shutdown`](crate::Client::shutdown).
    Cancelled,
    /// The signature of a callback was refused: its body must not be used.
    Signature(SignatureProblem),
    /// A provisioning job of the number failed: from [`Client::wait`](crate::Client::wait) and
    /// [`Client::relink`](crate::Client::relink).
    Provisioning(ProvisioningError),
    /// The service does not accept the emergency address, and nothing was changed: from
    /// [`Client::ensure_emergency_address`](crate::Client::ensure_emergency_address).
    Address(AddressRefusal),
    /// Somebody else changes the same number or its address at the same time. The text describes it, for people.
    Conflict(String),
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidInput(input) => write!(f, "{}: {}", input.field, input.problem),
            Self::Authentication(e) => write!(f, "credentials refused: {e}"),
            Self::RateLimited(e) => write!(f, "rate limited: {e}"),
            Self::Api(e) => e.fmt(f),
            Self::Timeout(Phase::Start) => f.write_str("deadline passed before anything was sent"),
            Self::Timeout(phase) => write!(f, "deadline passed while {phase}"),
            Self::Transport(phase) => write!(f, "network failed while {phase}"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Provisioning(failed) => {
                write!(f, "provisioning failed: {}", printable(&failed.problem, 0))
            }
            Self::Address(refusal) => {
                let result = printable(&refusal.result, 0);
                write!(f, "the service does not accept the address: {result}")
            }
            Self::Conflict(problem) => f.write_str(problem),
            Self::Signature(problem) => problem.fmt(f),
            Self::Protocol(violation) => {
                write!(f, "unexpected response: {}", printable(&violation.problem, 0))?;
                violation.http_status.map_or(Ok(()), |status| write!(f, " (status {status})"))
            }
        }
    }
}

/// Provisioning jobs that failed. [`jobs`](Self::jobs) returns them with their reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProvisioningError {
    /// The jobs and their codes, for people.
    pub problem: String,
    /// The JSON of the number.
    pub(crate) number: String,
}

/// An emergency address that the service does not accept. [`validation`](Self::validation) returns its corrections.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddressRefusal {
    /// The result of the validation, as in `NO_MATCH`.
    pub result: String,
    /// The JSON of the validation. It holds a home address, so `Debug` does not show it.
    pub(crate) json: String,
}

impl fmt::Debug for AddressRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressRefusal").field("result", &self.result).finish_non_exhaustive()
    }
}

/// The reason why the signature of a callback was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureProblem {
    /// The callback has no signature.
    Missing,
    /// It is not 40 hexadecimal digits.
    Malformed,
    /// It was made with another secret, or for another body.
    OtherSecret,
}

impl SignatureProblem {
    /// Returns the stable name: `MISSING`, `MALFORMED` or `OTHER_SECRET`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "MISSING",
            Self::Malformed => "MALFORMED",
            Self::OtherSecret => "OTHER_SECRET",
        }
    }
}

impl fmt::Display for SignatureProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "signature is missing",
            Self::Malformed => "signature is not 40 hexadecimal digits",
            Self::OtherSecret => "signature is of another secret or of another body",
        })
    }
}

/// An input that was refused, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidInput {
    /// The field, in the spelling of the API: `phoneNumber`, `address.streetNumber`, …
    pub field: String,
    /// The problem, for people.
    pub problem: String,
}

/// An error response of the service, as far as it could be parsed.
///
/// The service has three shapes of error bodies (its own, a bare text, problem details of RFC 9457), and
/// gateways before it send empty bodies or HTML; every field but the status can be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status. 200 to 299 if a successful response holds an error.
    pub http_status: u16,
    /// The code in the body. It can differ from the HTTP status.
    pub code: Option<i64>,
    /// The status text, as in `NOT_FOUND` or `INVALID_ARGUMENT`; from the token endpoint, its error
    /// code, as in `invalid_client`.
    pub status: Option<String>,
    /// The message for people. It is taken from the details if the message itself is empty.
    pub message: Option<String>,
    /// The fields that the service refused.
    pub field_violations: Vec<FieldViolation>,
    /// The entries of `details` (or of a problem's `errors`), each as its exact JSON text.
    pub details: Vec<String>,
    /// The type URI of a problem (RFC 9457).
    pub problem_type: Option<String>,
    /// The id that the service gave the request. Its support will ask for it.
    pub request_id: Option<String>,
    /// The time that the service asks to wait (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// At most the first 4 KiB of the body, lossily decoded.
    pub body: Option<String>,
}

impl ApiError {
    /// Returns the types of the resources that the details name, as in `ActiveNumber`: of a 404, what is missing.
    pub(crate) fn resource_types(&self) -> impl Iterator<Item = String> {
        let resource_type = |detail| json::text_of(json::value_at(detail, "/resourceType")?);
        self.details.iter().filter_map(move |detail| resource_type(detail))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.http_status)?;
        if let Some(status) = &self.status {
            write!(f, " {}", printable(status, 0))?;
        }
        if let Some(code) = self.code.filter(|code| *code != i64::from(self.http_status)) {
            write!(f, " (code {code})")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {}", printable(message, 0))?;
        }
        Ok(())
    }
}

/// A field that the service refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldViolation {
    /// The field, in the service's spelling: `order_by`, or the JSON pointer `/age` of a problem.
    pub field: String,
    /// The problem, for people.
    pub description: String,
}

/// A response that breaks the protocol of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProtocolViolation {
    /// The problem, for people.
    pub problem: String,
    /// The HTTP status, if one was received.
    pub http_status: Option<u16>,
    /// At most the first 4 KiB of the body, lossily decoded.
    pub body: Option<String>,
}

/// The phase of a call in which it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Nothing had begun.
    Start,
    /// Waiting for an access token that another thread was fetching.
    Token,
    /// Looking up the name of the host.
    Resolve,
    /// Connecting.
    Connect,
    /// The TLS handshake, certificates included.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for provisioning to end, or for a change to show.
    Provisioning,
    /// Waiting for the head of the response.
    Wait,
    /// Receiving the body of the response.
    Receive,
}

impl Phase {
    /// Returns the phase's stable name: `start`, `token`, `resolve`, `connect`, `tls`, `send`, `wait`, `receive` or
    /// `provisioning`.
    pub fn as_str(self) -> &'static str {
        self.words().0
    }

    /// Returns the stable name, and a description for messages.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Start => ("start", "starting"),
            Self::Token => ("token", "waiting for an access token"),
            Self::Resolve => ("resolve", "looking up the host name"),
            Self::Connect => ("connect", "connecting"),
            Self::Tls => ("tls", "agreeing on TLS"),
            Self::Send => ("send", "sending the request"),
            Self::Provisioning => ("provisioning", "waiting for the change to take effect"),
            Self::Wait => ("wait", "waiting for the response"),
            Self::Receive => ("receive", "receiving the response"),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().1)
    }
}
