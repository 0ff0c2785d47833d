//! The error type of the crate.

mod kind;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::log::printable;

pub use kind::{
    AddressRefusal, ApiError, ErrorKind, FieldViolation, InvalidInput, Phase, ProtocolViolation,
    ProvisioningError, SignatureProblem,
};

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
#[derive(Clone, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Inner>);

#[derive(Clone, thiserror::Error)]
#[error("{}", self.text())]
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
    #[source]
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Whether calling again may help.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// The kind of the failure decides.
    ByKind,
    /// It does not: every call would fail as this one did.
    Never,
    /// The kind decides, but calling again is safe whatever was applied: the operation reads before it sends.
    ReadsFirst,
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

    /// Sets the result of a converging operation: whether it may have changed something, and what it last read.
    pub(crate) fn converging(mut self, changed: bool, found: Option<String>) -> Self {
        self.0.may_have_been_applied = changed;
        if self.0.retry != Retry::Never {
            self.0.retry = Retry::ReadsFirst;
        }
        self.0.found = found;
        self
    }

    /// Sets the number before a relink, and the outcomes of its steps.
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

    /// Returns the name of the operation that failed: `active_list`, `active_get`, `active_update`, `active_release`,
    /// `active_wait`, `active_relink`, `emergency_address_get`, `emergency_address_provision`,
    /// `emergency_address_deprovision`, `emergency_address_validate` or `emergency_address_ensure`; `callback_verify` for a
    /// callback. `None` for a failure before an operation begins.
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

    /// Returns the type of the resource that a 404 says is missing, in the service's words: `ActiveNumber` for the number, another
    /// word for a part of it, such as its emergency address. `None` if the service does not say, and for every other failure.
    pub fn missing(&self) -> Option<String> {
        let error = self.api_error().filter(|error| error.http_status == 404)?;
        error.resource_types().find(|kind| !kind.is_empty())
    }

    /// Returns how often the request was tried, failed connects included; 0 if the call failed before that.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Tells whether a failed write may have taken effect, now or a little later.
    ///
    /// For update, release, provision and deprovision `true` means that the request was sent, no response tells its outcome, and
    /// reading the number or its emergency address back did not prove it. The library has not sent it again. Read once more
    /// before you do: a write that is still in progress does not show yet.
    ///
    /// For [`Client::relink`](crate::Client::relink) and
    /// [`Client::ensure_emergency_address`](crate::Client::ensure_emergency_address) it means that one of their requests has
    /// changed something, or may have. They can be called again: they read first.
    pub fn may_have_been_applied(&self) -> bool {
        self.0.may_have_been_applied
    }

    /// Returns the JSON of the number, or of its emergency address, as it was last read: back after a write that
    /// [may have been applied](Error::may_have_been_applied), or by [`Client::wait`](crate::Client::wait),
    /// [`Client::relink`](crate::Client::relink) or
    /// [`Client::ensure_emergency_address`](crate::Client::ensure_emergency_address).
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

impl Inner {
    /// Returns the message for people.
    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(operation) = self.operation {
            text.push_str(operation);
            if let Some(number) = &self.phone_number {
                text += &format!(" {number}");
            }
            text.push_str(": ");
        }
        if self.during_token {
            text.push_str("access token: ");
        }
        text += &self.kind.to_string();
        // The text of the service may be cut, this not.
        let applied = " (the change may have been applied)";
        let applied = if self.may_have_been_applied { applied } else { "" };
        printable(&text, applied.len()).into_owned() + applied
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Leaves out `found`, which can hold a home address.
impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("operation", &self.operation)
            .field("phone_number", &self.phone_number)
            .field("attempts", &self.attempts)
            .field("may_have_been_applied", &self.may_have_been_applied)
            .field("source", &self.source.as_ref().map(ToString::to_string))
            .finish_non_exhaustive()
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
