//! What an exchange means: an answer that counts, or a failure in the words of the retry decision and of the caller.

use std::mem;

use zeroize::Zeroize;

use crate::api::request::Request;
use crate::call::api_error;
use crate::call::retry::Failure;
use crate::call::token::TokenResponse;
use crate::error::{Error, ErrorKind};
use crate::json::{self, TopLevelKeys};
use crate::transport::{Response, TransportError, TransportErrorKind as How};

/// A successful answer.
#[derive(Debug)]
pub(crate) struct RawResponse {
    /// One JSON object, as it came; `{}` where success has no body.
    pub(crate) json: String,
    /// Of `json`.
    pub(crate) outline: TopLevelKeys,
    pub(crate) http_status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
    /// A write whose success was proved by reading back.
    pub(crate) reconciled: bool,
}

impl RawResponse {
    /// A success without a body.
    pub(crate) fn empty(http_status: u16, request_id: Option<String>) -> Self {
        Self {
            json: "{}".to_owned(),
            outline: TopLevelKeys::default(),
            http_status,
            request_id,
            attempts: 0,
            reconciled: false,
        }
    }
}

/// A failed attempt: what the decision needs, and what is reported if it comes to that.
pub(crate) type Failed = (Failure, Error);

/// What an exchange that broke means.
pub(crate) fn transport_failure(error: TransportError) -> Failed {
    let TransportError { kind: how, phase, sent, status, source, .. } = error;
    let success = status.is_none_or(|status| (200..300).contains(&status));
    let failure = match (how, status) {
        (How::Tls | How::Proxy, _) => Failure::Refused,
        _ if !sent => Failure::NotSent,
        // The head of the answer had come: what it said stands, whatever became of the rest.
        (_, Some(status)) if !success => Failure::Status(status),
        (How::Protocol | How::TooBig, _) => Failure::Unintelligible,
        (_, Some(_)) => Failure::BodyLost,
        (_, None) => Failure::NoAnswer,
    };
    let mut error = match how {
        How::Timeout => Error::new(ErrorKind::Timeout(phase)),
        How::Cancelled => Error::new(ErrorKind::Cancelled),
        How::Network => Error::new(ErrorKind::Transport(phase)),
        How::Tls | How::Proxy => Error::new(ErrorKind::Transport(phase)).for_good(),
        How::Protocol => Error::protocol("the answer is not valid HTTP", status, b""),
        How::TooBig => Error::protocol("the answer is bigger than the limit", status, b""),
    };
    if let Some(source) = source {
        error = error.with_source(source);
    }
    (failure, error)
}

/// Judges a complete answer to an operation.
pub(crate) fn classify(mut response: Response, request: &Request) -> Result<RawResponse, Failed> {
    let status = response.status;
    let wrong = |problem: String, body: &[u8]| {
        (Failure::Unintelligible, Error::protocol(problem, Some(status), body))
    };
    match status {
        200..=299 => {}
        400..=599 => {
            let error = api_error::read(&response);
            return Err((Failure::Status(status), error));
        }
        300..=399 => {
            return Err((Failure::Status(status), redirect_error(&response)));
        }
        _ => return Err(wrong("a status that no final answer has".to_owned(), &response.body)),
    }
    if response.body.is_empty() {
        return if request.may_be_empty {
            Ok(RawResponse::empty(status, response.request_id))
        } else {
            Err(wrong("the answer is empty".to_owned(), b""))
        };
    }
    let not_json = |error: json::SyntaxError, body: &[u8]| {
        Err(wrong(format!("the answer is not JSON: {error}"), body))
    };
    let text = match String::from_utf8(mem::take(&mut response.body)) {
        Ok(text) => text,
        Err(error) => {
            let bytes = error.into_bytes();
            return match json::check(&bytes) {
                Err(error) => not_json(error, &bytes),
                Ok(_) => Err(wrong("the answer is not UTF-8".to_owned(), b"")),
            };
        }
    };
    // Whether it holds an error is seen in passing: nearly no response does.
    let (length, outline) = match json::check_and_outline(&text, "error") {
        Ok((checked, outline)) => (checked.len(), outline),
        Err(error) => return not_json(error, text.as_bytes()),
    };
    if outline.may_hold && api_error::is_in_success(&text) {
        response.body = text.into_bytes();
        let error = api_error::in_success(&response);
        // "A successful response, or an Error". Whether it is the caller's fault, its code says.
        let rejected = error
            .api_error()
            .and_then(|answer| answer.code)
            .is_some_and(|code| (400..500).contains(&code) && code != 408);
        let failure = if rejected { Failure::Rejected } else { Failure::Unintelligible };
        return Err((failure, error));
    }
    // Without the byte order mark, if there was one.
    let json = if length == text.len() { text } else { text[text.len() - length..].to_owned() };
    if let Some(Err(misfit)) = request.readable.map(|readable| readable(&json)) {
        return Err(wrong(format!("the answer does not fit: {misfit}"), json.as_bytes()));
    }
    Ok(RawResponse { json, outline, ..RawResponse::empty(status, response.request_id) })
}

fn redirect_error(response: &Response) -> Error {
    let to = response.location.as_deref().unwrap_or("nowhere");
    let problem = format!("a redirect to {to}, which is not followed");
    Error::protocol(problem, Some(response.status), b"")
}

/// Judges a complete answer of the token endpoint. No error repeats a successful body: it holds a secret.
pub(crate) fn classify_token(mut response: Response) -> Result<TokenResponse, Failed> {
    let status = response.status;
    let result = match status {
        200..=299 => match api_error::token_error_in_success(&response) {
            Some(error) => Err((Failure::Rejected, error)),
            None => TokenResponse::parse(status, &response.body)
                .map_err(|error| (Failure::Unintelligible, error)),
        },
        300..=399 => Err((Failure::Status(status), redirect_error(&response))),
        400..=599 => Err((Failure::Status(status), api_error::read_token_error(&response))),
        _ => {
            let problem = format!("token endpoint: status {status}, which no final answer has");
            Err((Failure::Status(status), Error::protocol(problem, Some(status), b"")))
        }
    };
    response.body.zeroize();
    result
}
