//! The JSON document that C is given for a failure.

use serde::Serialize;

use super::codes::{
    SINCH_NUMBERS_E_ADDRESS, SINCH_NUMBERS_E_API, SINCH_NUMBERS_E_AUTH, SINCH_NUMBERS_E_CANCELLED,
    SINCH_NUMBERS_E_INPUT, SINCH_NUMBERS_E_NETWORK, SINCH_NUMBERS_E_PROTOCOL,
    SINCH_NUMBERS_E_PROVISIONING, SINCH_NUMBERS_E_TIMEOUT, code_name, sinch_numbers_code,
};
use crate::error::{ApiError, Error, ErrorKind, FieldViolation};
use crate::json;
use crate::log::printable;

/// The error document: those members that are not JSON yet.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    code: &'a str,
    http_status: u16,
    status: Option<&'a str>,
    body_code: Option<i64>,
    message: &'a str,
    operation: Option<&'a str>,
    phone_number: Option<&'a str>,
    field: Option<&'a str>,
    field_violations: &'a [FieldViolation],
    phase: Option<&'a str>,
    retry_after_ms: i64,
    maybe_applied: bool,
    attempts: u32,
    request_id: Option<&'a str>,
    body: Option<&'a str>,
}

/// The members of the error document that are JSON already.
const RAW: [&str; 6] = ["details", "found", "previous", "steps", "jobs", "validation"];

impl<'a> Document<'a> {
    fn new(code: sinch_numbers_code, message: &'a str) -> Self {
        Self { code: code_name(code), message, retry_after_ms: -1, ..Self::default() }
    }

    /// Writes the document of a failure without an [`Error`].
    pub(super) fn of_problem(
        code: sinch_numbers_code,
        message: &str,
        operation: Option<&str>,
        maybe_applied: bool,
    ) -> String {
        Document { operation, maybe_applied, ..Document::new(code, message) }.write([None; 6])
    }

    /// Writes the document of an error.
    pub(super) fn of_error(
        code: sinch_numbers_code,
        message: &str,
        operation: Option<&str>,
        error: &Error,
    ) -> String {
        let api = error.api_error();
        let details = api.map(|api| format!("[{}]", api.details.join(",")));
        let (mut body, mut phase, mut field) = (None, None, None);
        let (mut jobs, mut validation) = (None, None);
        let mut status = api.and_then(|api| api.status.as_deref());
        match error.kind() {
            ErrorKind::Protocol(violation) => body = violation.body.as_deref(),
            ErrorKind::Timeout(at) | ErrorKind::Transport(at) => phase = Some(at.as_str()),
            ErrorKind::InvalidInput(input) => field = Some(input.field.as_str()),
            ErrorKind::Signature(problem) => {
                (field, status) = (Some("signature"), Some(problem.as_str()));
            }
            ErrorKind::Provisioning(failed) => jobs = Some(failed.jobs_json()),
            ErrorKind::Address(refusal) => validation = Some(refusal.json.as_str()),
            _ => {}
        }
        // The text of an error response of which nothing was understood.
        if let Some(ApiError { code: None, status: None, message: None, body: text, .. }) = api {
            body = text.as_deref();
        }
        let document = Document {
            http_status: error.http_status().unwrap_or(0),
            status,
            body_code: api.and_then(|api| api.code),
            operation: error.operation().or(operation),
            phone_number: error.phone_number(),
            field,
            field_violations: error.field_violations(),
            phase,
            retry_after_ms: retry_after_ms(error),
            maybe_applied: error.may_have_been_applied(),
            attempts: error.attempts(),
            request_id: api.and_then(|api| api.request_id.as_deref()),
            body,
            ..Document::new(code, message)
        };
        document.write([
            details.as_deref(),
            error.found(),
            error.previous(),
            error.steps(),
            jobs.as_deref(),
            validation,
        ])
    }

    /// Writes the document, with the values of [`RAW`]. One that is no JSON is left out: a secret that was redacted in it may have
    /// cut it.
    fn write(&self, raw: [Option<&str>; 6]) -> String {
        let mut document = serde_json::to_string(self).unwrap_or_default();
        document.pop();
        for (name, json) in RAW.iter().zip(raw) {
            let member = |json| format!("\"{name}\":{json}");
            let given = json.map(member);
            let is_json = |member: &String| json::check(format!("{{{member}}}").as_bytes()).is_ok();
            document.push(',');
            document += &given.filter(is_json).unwrap_or_else(|| member("null"));
        }
        document.push('}');
        document
    }
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
