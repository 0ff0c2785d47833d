//! The error type of the crate.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::json;
use crate::log::printable;

/// The error that operations return.
///
/// [`kind`](Error::kind) tells what to do about it, [`Display`](fmt::Display) is a message for people, and
/// [`source`](StdError::source) has the cause. None of them ever holds a key, a secret or an access token.
///
/// ```
/// use sinch_numbers::{Client, ErrorKind};
///
/// # fn run(client: &Client) -> Result<(), sinch_numbers::Error> {
/// match client.get("+12025550134") {
///     Ok(number) => println!("{:?}", number.display_name),
///     Err(error) if error.http_status() == Some(404) => println!("not ours"),
///     Err(error) => match error.kind() {
///         ErrorKind::RateLimited(_) => println!("wait {:?}", error.retry_after()),
///         ErrorKind::Timeout(phase) => println!("the deadline passed while {phase}"),
///         _ => return Err(error),
///     },
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: Option<&'static str>,
    phone_number: Option<String>,
    during_token: bool,
    retry: Retry,
    attempts: u32,
    may_have_been_applied: bool,
    /// JSON. It can hold a home address, so `Display` and `Debug` do not show it.
    found: Option<String>,
    /// The JSON of the number before a relink.
    previous: Option<String>,
    /// The JSON of the outcomes of a relink's steps.
    steps: Option<String>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What is known about calling again, apart from the kind of the failure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// Nothing.
    ByKind,
    /// Every call fails as this one did.
    Never,
    /// The operation reads before it sends: calling it again is safe, whatever was applied.
    ReadsFirst,
}

/// The kind of an [`Error`], which tells the caller what to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input was refused before anything was sent. Correct it.
    InvalidInput(InvalidInput),
    /// The credentials were refused: 401 (after the token was refreshed), 403, or 400, 401 or 403
    /// from the token endpoint. Check the credentials and the project.
    Authentication(ApiError),
    /// 429. Call again after [`Error::retry_after`].
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
    /// Somebody else changes the same number or its address at the same time. Has a description for people.
    Conflict(String),
}

/// Provisioning jobs that failed. `jobs` gives them with their reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProvisioningError {
    /// The jobs and their codes, for people.
    pub problem: String,
    /// The JSON of the number.
    pub(crate) number: String,
}

/// An emergency address that the service does not accept. `validation` gives its corrections.
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
    /// There is none.
    Missing,
    /// It is not 40 hexadecimal digits.
    Malformed,
    /// It is of another secret, or of another body.
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
    /// Agreeing on TLS, certificates included.
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
    /// Returns the phase's stable name: `start`, `token`, `resolve`, `connect`, `tls`, `send`, `wait` or `receive`.
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

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: None,
            phone_number: None,
            during_token: false,
            retry: Retry::ByKind,
            attempts: 0,
            may_have_been_applied: false,
            found: None,
            previous: None,
            steps: None,
            source: None,
        }))
    }

    pub(crate) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput(InvalidInput {
            field: field.into(),
            problem: problem.into(),
        }))
    }

    pub(crate) fn protocol(problem: impl Into<String>, status: Option<u16>, body: &[u8]) -> Self {
        Self::new(ErrorKind::Protocol(ProtocolViolation {
            problem: problem.into(),
            http_status: status,
            body: excerpt(body),
        }))
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    pub(crate) fn during_token(mut self) -> Self {
        self.0.during_token = true;
        self
    }

    pub(crate) fn of_operation(mut self, operation: &'static str, number: Option<&str>) -> Self {
        self.0.operation = Some(operation);
        self.0.phone_number = number.map(str::to_owned);
        self
    }

    /// Returns the error if it is a 404 of the service itself, not one of a gateway that does not know the path.
    pub(crate) fn not_found(&self) -> Option<&ApiError> {
        self.api_error().filter(|e| {
            let has_code = e.code.is_some() || e.status.is_some();
            e.http_status == 404 && has_code && e.problem_type.is_none()
        })
    }

    /// Marks a failure that every retry would repeat, such as a refused certificate.
    pub(crate) fn not_retryable(mut self) -> Self {
        self.0.retry = Retry::Never;
        self
    }

    /// Sets how long to wait before the next attempt.
    pub(crate) fn retryable_after(mut self, wait: Duration) -> Self {
        if let Some(error) = self.api_error_mut() {
            error.retry_after = Some(wait);
        }
        self
    }

    pub(crate) fn attempted(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Marks the failure of a write that may have taken effect; `found` is the resource as it was last read.
    pub(crate) fn maybe_applied(mut self, found: Option<String>) -> Self {
        self.0.may_have_been_applied = true;
        self.0.found = found;
        self
    }

    /// Sets what an operation that converges knows: whether it may have changed something, and what it last read.
    pub(crate) fn converging(mut self, changed: bool, found: Option<String>) -> Self {
        self.0.may_have_been_applied = changed;
        if self.0.retry != Retry::Never {
            self.0.retry = Retry::ReadsFirst;
        }
        self.0.found = found;
        self
    }

    /// Sets the number before a relink, and what became of its steps.
    pub(crate) fn relinking(mut self, previous: Option<String>, steps: String) -> Self {
        self.0.previous = previous;
        self.0.steps = Some(steps);
        self
    }

    /// Passes every text that may quote a response to a function, which can change it.
    pub(crate) fn each_quote(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.0.found.iter_mut().chain(&mut self.0.previous).for_each(&mut *change);
        match &mut self.0.kind {
            ErrorKind::Protocol(violation) => {
                change(&mut violation.problem);
                violation.body.iter_mut().for_each(&mut *change);
            }
            ErrorKind::Provisioning(failed) => {
                change(&mut failed.problem);
                change(&mut failed.number);
            }
            ErrorKind::Address(refusal) => {
                change(&mut refusal.result);
                change(&mut refusal.json);
            }
            _ => {}
        }
        let Some(e) = self.api_error_mut() else { return };
        for FieldViolation { field, description } in &mut e.field_violations {
            change(field);
            change(description);
        }
        let texts =
            [&mut e.status, &mut e.message, &mut e.problem_type, &mut e.request_id, &mut e.body];
        texts.into_iter().flatten().chain(&mut e.details).for_each(change);
    }

    fn api_error_mut(&mut self) -> Option<&mut ApiError> {
        match &mut self.0.kind {
            ErrorKind::Authentication(e) | ErrorKind::RateLimited(e) | ErrorKind::Api(e) => Some(e),
            _ => None,
        }
    }

    /// Returns the kind of the failure.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the name of the operation that failed: `active_list`, `active_get`, `active_update`,
    /// `active_release`, `emergency_address_get`, `emergency_address_provision`,
    /// `emergency_address_deprovision` or `emergency_address_validate`; `callback_verify` for a callback.
    /// `None` for a failure before an operation begins.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// Returns the phone number that the operation was about.
    pub fn phone_number(&self) -> Option<&str> {
        self.0.phone_number.as_deref()
    }

    /// Returns the error response of the service, if there is one.
    pub fn api_error(&self) -> Option<&ApiError> {
        match &self.0.kind {
            ErrorKind::Authentication(e) | ErrorKind::RateLimited(e) | ErrorKind::Api(e) => Some(e),
            _ => None,
        }
    }

    /// Returns the HTTP status, if one was received.
    pub fn http_status(&self) -> Option<u16> {
        match &self.0.kind {
            ErrorKind::Protocol(violation) => violation.http_status,
            _ => self.api_error().map(|e| e.http_status),
        }
    }

    /// Returns the fields that the service refused; empty when it named none.
    pub fn field_violations(&self) -> &[FieldViolation] {
        self.api_error().map_or(&[], |e| &e.field_violations)
    }

    /// Returns what a 404 says is missing, in the service's words: `ActiveNumber` for the number, another word for something of
    /// it, such as its emergency address. `None` if the service does not say, and for every other failure.
    pub fn missing(&self) -> Option<String> {
        let error = self.api_error().filter(|error| error.http_status == 404)?;
        let kind =
            |detail: &String| json::value_at(detail, "/resourceType").and_then(json::text_of);
        error.details.iter().filter_map(kind).find(|kind| !kind.is_empty())
    }

    /// Returns how often the request was tried, failed connects included; 0 if the call failed before that.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Tells whether a failed write may have taken effect, now or a little later.
    ///
    /// `true` only for update, release, provision and deprovision, when the request was sent, no response tells its outcome,
    /// and reading the number or its emergency address back did not prove it. The library has not sent it again. Read once
    /// more before you do: a write that is still in progress does not show yet.
    pub fn may_have_been_applied(&self) -> bool {
        self.0.may_have_been_applied
    }

    /// Returns the JSON of the number, or of its emergency address, as it was last read back after a write that
    /// [may have been applied](Error::may_have_been_applied).
    ///
    /// `None` if nothing could be read, if there is no emergency address, and for every other failure. It can hold a home
    /// address, so `Display` and `Debug` of the error do not show it.
    pub fn found(&self) -> Option<&str> {
        self.0.found.as_deref()
    }

    /// Returns the JSON of the number as [`Client::relink`](crate::Client::relink) first read it; `None` for other operations,
    /// and if it could not be read.
    pub fn previous(&self) -> Option<&str> {
        self.0.previous.as_deref()
    }

    /// Returns the outcomes of the steps that [`Client::relink`](crate::Client::relink) sent, as JSON:
    /// `[{"step":"unlink_sms","outcome":"done"}]`. `None` for other operations.
    pub fn steps(&self) -> Option<&str> {
        self.0.steps.as_deref()
    }

    /// Tells whether the same call may succeed later, unchanged.
    ///
    /// Never when a single write [may have been applied](Error::may_have_been_applied): read before you repeat. Operations
    /// that read by themselves before they send ([`Client::relink`](crate::Client::relink),
    /// [`Client::ensure_emergency_address`](crate::Client::ensure_emergency_address)) can be called again then.
    pub fn can_retry(&self) -> bool {
        match self.0.retry {
            Retry::Never => return false,
            Retry::ReadsFirst if self.0.may_have_been_applied => return true,
            _ if self.0.may_have_been_applied => return false,
            _ => {}
        }
        match &self.0.kind {
            ErrorKind::RateLimited(_)
            | ErrorKind::Timeout(_)
            | ErrorKind::Transport(_)
            | ErrorKind::Provisioning(_)
            | ErrorKind::Conflict(_) => true,
            ErrorKind::Api(e) => is_retryable_status(e.http_status),
            _ => false,
        }
    }

    /// Returns how long the service asked to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.api_error().and_then(|e| e.retry_after)
    }
}

/// Tells whether a request with this HTTP status may be retried.
pub(crate) fn is_retryable_status(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// Returns the start of a body, at most 4 KiB, so that an error never carries a megabyte of HTML.
pub(crate) fn excerpt(body: &[u8]) -> Option<String> {
    const LIMIT: usize = 4096;
    if body.is_empty() {
        return None;
    }
    let mut end = body.len().min(LIMIT);
    // Do not cut a character in two: it has at most three continuation bytes.
    while end > LIMIT - 3 && end < body.len() && body[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    Some(String::from_utf8_lossy(&body[..end]).into_owned())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        let mut text = String::new();
        if let Some(operation) = inner.operation {
            text.push_str(operation);
            if let Some(number) = &inner.phone_number {
                write!(text, " {number}")?;
            }
            text.push_str(": ");
        }
        if inner.during_token {
            text.push_str("access token: ");
        }
        write!(text, "{}", inner.kind)?;
        // What the service said can be long, and is cut; this is not.
        let applied = " (the change may have been applied)";
        let applied = if inner.may_have_been_applied { applied } else { "" };
        f.write_str(&printable(&text, applied.len()))?;
        f.write_str(applied)
    }
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

/// Leaves out `found`, which can hold a home address.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("operation", &inner.operation)
            .field("phone_number", &inner.phone_number)
            .field("attempts", &inner.attempts)
            .field("may_have_been_applied", &inner.may_have_been_applied)
            .field("source", &inner.source.as_ref().map(ToString::to_string))
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_operation_the_number_and_the_cause() {
        let number = "+12025550134";
        let not_found = ApiError {
            http_status: 404,
            code: Some(404),
            status: Some("NOT_FOUND".into()),
            message: Some("Active number not found".into()),
            ..ApiError::default()
        };
        let rows = [
            (
                Error::new(ErrorKind::Api(not_found.clone()))
                    .of_operation("active_get", Some(number)),
                "active_get +12025550134: status 404 NOT_FOUND: Active number not found",
            ),
            (
                Error::new(ErrorKind::Api(ApiError { code: Some(5), ..not_found })),
                "status 404 NOT_FOUND (code 5): Active number not found",
            ),
            (Error::invalid("pageSize", "is 0"), "pageSize: is 0"),
            (
                Error::new(ErrorKind::Timeout(Phase::Wait))
                    .of_operation("active_release", Some(number))
                    .maybe_applied(None),
                "active_release +12025550134: deadline passed while waiting for the response (the \
                 change may have been applied)",
            ),
            (
                Error::new(ErrorKind::Transport(Phase::Connect)).during_token(),
                "access token: network failed while connecting",
            ),
            (
                Error::protocol("trailing bytes at byte 3", Some(200), b"{} {}"),
                "unexpected response: trailing bytes at byte 3 (status 200)",
            ),
        ];
        for (error, text) in rows {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn only_some_failures_can_be_retried() {
        let api = |status| ErrorKind::Api(ApiError { http_status: status, ..ApiError::default() });
        let rows = [
            (api(404), false, false),
            (api(503), false, true),
            (api(503), true, false),
            (ErrorKind::RateLimited(ApiError::default()), false, true),
            (ErrorKind::Timeout(Phase::Wait), false, true),
            (ErrorKind::Timeout(Phase::Wait), true, false),
            (ErrorKind::Transport(Phase::Connect), false, true),
            (ErrorKind::Transport(Phase::Tls), false, true),
            (ErrorKind::Authentication(ApiError::default()), false, false),
        ];
        for (kind, applied, can_retry) in rows {
            let error = Error::new(kind);
            let error = if applied { error.maybe_applied(None) } else { error };
            assert_eq!(error.can_retry(), can_retry, "{error:?}");
            assert!(!error.not_retryable().can_retry());
        }
    }

    #[test]
    fn an_excerpt_is_bounded_and_keeps_characters_whole() {
        assert_eq!(excerpt(b""), None);
        assert_eq!(excerpt(b"oops").as_deref(), Some("oops"));
        let long = "é".repeat(4096);
        let cut = excerpt(long.as_bytes()).unwrap();
        assert_eq!(cut.len(), 4096);
        assert!(cut.chars().all(|c| c == 'é'));
        let odd = format!("a{long}");
        assert!(excerpt(odd.as_bytes()).unwrap().ends_with('é'));
    }
}
