//! The JSON document that C is given for a failure.

use serde::Serialize;

use super::codes::{
    SINCH_NUMBERS_E_ADDRESS, SINCH_NUMBERS_E_API, SINCH_NUMBERS_E_AUTH, SINCH_NUMBERS_E_CANCELLED,
    SINCH_NUMBERS_E_INPUT, SINCH_NUMBERS_E_NETWORK, SINCH_NUMBERS_E_PROTOCOL,
    SINCH_NUMBERS_E_PROVISIONING, SINCH_NUMBERS_E_TIMEOUT, code_name, sinch_numbers_code,
};
use crate::error::{ApiError, Error, ErrorKind};
use crate::json;
use crate::log::printable;

/// Writes the error document. `error` is the failure, unless it is a misuse or a caught panic.
pub(super) fn error_document(
    code: sinch_numbers_code,
    message: &str,
    operation: Option<&str>,
    maybe_applied: bool,
    error: Option<&Error>,
) -> String {
    let api = error.and_then(Error::api_error);
    let details = api.map(|api| format!("[{}]", api.details.join(",")));
    let (mut body, mut phase, mut field) = (None, None, None);
    let (mut jobs, mut validation) = (None, None);
    let mut status = api.and_then(|api| api.status.as_deref());
    match error.map(Error::kind) {
        Some(ErrorKind::Protocol(violation)) => body = violation.body.as_deref(),
        Some(ErrorKind::Timeout(at) | ErrorKind::Transport(at)) => phase = Some(at.as_str()),
        Some(ErrorKind::InvalidInput(input)) => field = Some(input.field.as_str()),
        Some(ErrorKind::Signature(problem)) => {
            (field, status) = (Some("signature"), Some(problem.as_str()));
        }
        Some(ErrorKind::Provisioning(failed)) => jobs = Some(failed.jobs_json()),
        Some(ErrorKind::Address(refusal)) => validation = Some(refusal.json.as_str()),
        _ => {}
    }
    // The text of an error response of which nothing was understood.
    if let Some(ApiError { code: None, status: None, message: None, body: text, .. }) = api {
        body = text.as_deref();
    }
    let members = [
        ("code", written(code_name(code).to_str().unwrap_or_default())),
        ("httpStatus", written(error.and_then(Error::http_status).unwrap_or(0))),
        ("status", written(status)),
        ("bodyCode", written(api.and_then(|api| api.code))),
        ("message", written(message)),
        ("operation", written(error.and_then(Error::operation).or(operation))),
        ("phoneNumber", written(error.and_then(Error::phone_number))),
        ("field", written(field)),
        ("fieldViolations", written(error.map_or(&[][..], Error::field_violations))),
        ("phase", written(phase)),
        ("retryAfterMs", written(error.map_or(-1, retry_after_ms))),
        ("maybeApplied", written(maybe_applied)),
        ("attempts", written(error.map_or(0, Error::attempts))),
        ("requestId", written(api.and_then(|api| api.request_id.as_deref()))),
        ("body", written(body)),
        ("details", checked(details)),
        ("found", checked(error.and_then(Error::found))),
        ("previous", checked(error.and_then(Error::previous))),
        ("steps", checked(error.and_then(Error::steps))),
        ("jobs", checked(jobs)),
        ("validation", checked(validation)),
    ];
    format!("{{{}}}", members.map(|(name, json)| format!("\"{name}\":{json}")).join(","))
}

/// Writes a value as JSON.
fn written(value: impl Serialize) -> String {
    serde_json::to_string(&value).unwrap_or_default()
}

/// Returns what is JSON already, or null if it is none: a secret that was redacted in it may have cut it.
fn checked(json: Option<impl Into<String>>) -> String {
    let json = json.map(Into::into);
    let is_json = |json: &String| json::check(format!("{{\"\":{json}}}").as_bytes()).is_ok();
    json.filter(is_json).unwrap_or_else(|| "null".to_owned())
}

/// Returns the message of an error with those of its causes, as C has no `source()`: one line, without control characters.
pub(super) fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(below) = cause {
        text += &format!(": {below}");
        cause = below.source();
    }
    printable(&text, 0).into_owned()
}

/// Returns the code that a function returns for an error.
pub(super) fn code_of(error: &Error) -> sinch_numbers_code {
    match error.kind() {
        ErrorKind::InvalidInput(_) => SINCH_NUMBERS_E_INPUT,
        ErrorKind::Authentication(_) | ErrorKind::Signature(_) => SINCH_NUMBERS_E_AUTH,
        ErrorKind::RateLimited(_) | ErrorKind::Api(_) | ErrorKind::Conflict(_) => {
            SINCH_NUMBERS_E_API
        }
        ErrorKind::Timeout(_) => SINCH_NUMBERS_E_TIMEOUT,
        ErrorKind::Transport(_) => SINCH_NUMBERS_E_NETWORK,
        ErrorKind::Protocol(_) => SINCH_NUMBERS_E_PROTOCOL,
        ErrorKind::Cancelled => SINCH_NUMBERS_E_CANCELLED,
        ErrorKind::Provisioning(_) => SINCH_NUMBERS_E_PROVISIONING,
        ErrorKind::Address(_) => SINCH_NUMBERS_E_ADDRESS,
    }
}

/// Returns what `sinch_numbers_result_retry_after_ms` says of an error.
pub(super) fn retry_after_ms(error: &Error) -> i64 {
    if !error.can_retry() {
        return -1;
    }
    let wait = error.retry_after().unwrap_or_default();
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
}
