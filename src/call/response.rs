//! Classifies an exchange: a successful response, or a failure for the retry decision and an error for the caller.

use std::mem;

use zeroize::Zeroize;

use crate::api::request::Request;
use crate::call::api_error;
use crate::call::retry::Failure;
use crate::call::token::TokenResponse;
use crate::error::{Error, ErrorKind};
use crate::json::{self, TopLevelKeys};
use crate::transport::{Response, TransportError, TransportErrorKind as Kind};

/// A successful response.
#[derive(Clone, Debug)]
pub(crate) struct RawResponse {
    /// One JSON object, as it came; `{}` if the body was empty.
    pub(crate) json: String,
    /// The outline of `json`.
    pub(crate) outline: TopLevelKeys,
    pub(crate) http_status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
    /// True for a write that was proved by reading back.
    pub(crate) reconciled: bool,
}

impl RawResponse {
    /// Makes a response of JSON alone.
    pub(crate) fn new(json: String, http_status: u16) -> Self {
        let outline = TopLevelKeys::default();
        Self { json, outline, http_status, request_id: None, attempts: 0, reconciled: false }
    }

    /// Makes the response of a success without a body.
    pub(crate) fn empty(http_status: u16) -> Self {
        Self::new("{}".to_owned(), http_status)
    }
}

/// A failed attempt: the failure for the retry decision, and the error that is returned if the call gives up.
pub(crate) type Failed = (Failure, Error);

/// Converts the error of an exchange that brought no complete response.
pub(crate) fn transport_failure(error: TransportError) -> Failed {
    let TransportError { kind, phase, sent, status, source, .. } = error;
    let success = status.is_none_or(|status| (200..300).contains(&status));
    let failure = match (kind, status) {
        (Kind::Refused, _) => Failure::Refused,
        _ if !sent => Failure::NotSent,
        // The head of the response had come: its status counts, even if the body was lost.
        (_, Some(status)) if !success => Failure::Status(status),
        (Kind::Protocol | Kind::TooBig, _) => Failure::Unexpected,
        (_, Some(_)) => Failure::BodyLost,
        (_, None) => Failure::NoResponse,
    };
    let mut error = match kind {
        Kind::Timeout => Error::new(ErrorKind::Timeout(phase)),
        Kind::Cancelled => Error::new(ErrorKind::Cancelled),
        Kind::Network => Error::new(ErrorKind::Transport(phase)),
        Kind::Refused => Error::new(ErrorKind::Transport(phase)).not_retryable(),
        Kind::Protocol => Error::protocol("the response is not valid HTTP", status, b""),
        Kind::TooBig => Error::protocol("the response is bigger than the limit", status, b""),
    };
    if let Some(source) = source {
        error = error.with_source(source);
    }
    (failure, error)
}

/// Classifies a complete response to an operation.
pub(crate) fn classify(mut response: Response, request: &Request) -> Result<RawResponse, Failed> {
    let status = response.status;
    let wrong = |problem: String, body: &[u8]| {
        (Failure::Unexpected, Error::protocol(problem, Some(status), body))
    };
    match status {
        200..=299 => {}
        300..=399 => return Err((Failure::Status(status), redirect_error(&response))),
        400..=599 => return Err((Failure::Status(status), api_error::read(&response))),
        _ => return Err(wrong("a status that no final response has".to_owned(), &response.body)),
    }
    if response.body.is_empty() {
        return if request.may_be_empty {
            let request_id = response.request_id;
            Ok(RawResponse { request_id, ..RawResponse::empty(status) })
        } else {
            Err(wrong("the response is empty".to_owned(), b""))
        };
    }
    let not_json = |error: json::SyntaxError, body: &[u8]| {
        wrong(format!("the response is not JSON: {error}"), body)
    };
    let text = String::from_utf8(mem::take(&mut response.body))
        .map_err(|error| not_json(error.utf8_error().into(), error.as_bytes()))?;
    // The check looks for a member `error` in passing: hardly any response has one.
    let (json, outline) = json::check_and_outline(&text, "error")
        .map_err(|error| not_json(error, text.as_bytes()))?;
    let length = json.len();
    if outline.may_hold && api_error::is_in_success(json) {
        response.body = text.into_bytes();
        let error = api_error::in_success(&response);
        // The code in the body tells whether the request was rejected.
        let code = error.api_error().and_then(|error| error.code);
        let rejected = code.is_some_and(|code| (400..500).contains(&code) && code != 408);
        let failure = if rejected { Failure::Rejected } else { Failure::Unexpected };
        return Err((failure, error));
    }
    // A byte order mark is dropped.
    let json = if length == text.len() { text } else { text[text.len() - length..].to_owned() };
    if let Some(Err(error)) = request.readable.map(|readable| readable(&json)) {
        return Err(wrong(format!("the response does not fit: {error}"), json.as_bytes()));
    }
    let request_id = response.request_id;
    Ok(RawResponse { outline, request_id, ..RawResponse::new(json, status) })
}

fn redirect_error(response: &Response) -> Error {
    let to = response.location.as_deref().unwrap_or("nowhere");
    let problem = format!("a redirect to {to}, which is not followed");
    Error::protocol(problem, Some(response.status), b"")
}

/// Classifies a complete response of the token endpoint. Errors do not quote a successful body, which holds a token.
pub(crate) fn classify_token(mut response: Response) -> Result<TokenResponse, Failed> {
    let status = response.status;
    let result = match status {
        200..=299 => match api_error::token_error_in_success(&response) {
            Some(error) => Err((Failure::Rejected, error)),
            None => TokenResponse::parse(status, &response.body)
                .map_err(|error| (Failure::Unexpected, error)),
        },
        300..=399 => Err((Failure::Status(status), redirect_error(&response))),
        400..=599 => Err((Failure::Status(status), api_error::read_token_error(&response))),
        _ => {
            let problem = format!("token endpoint: status {status}, which no final response has");
            Err((Failure::Status(status), Error::protocol(problem, Some(status), b"")))
        }
    };
    response.body.zeroize();
    result
}
