//! A request as plain data: method, path, query and body, and for a write its verification.

use std::fmt::Write as _;

use serde::Serialize;

use crate::api::phone_number::PhoneNumber;
use crate::error::{ApiError, Error};
use crate::json::cursor::DecodeError;
use crate::json::decode::Decode;

/// A request as plain data. Each operation of the API is a function that makes one from its parameters.
pub(crate) struct Request {
    /// The stable name of the operation, for errors.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// Path and query below the project, encoded.
    pub(crate) target: String,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) effect: Effect,
    pub(crate) phone_number: Option<PhoneNumber>,
    /// Whether a successful response may have no body.
    pub(crate) may_be_empty: bool,
    /// Checks that the JSON of a successful response can be decoded; `None` if the caller takes the JSON itself.
    pub(crate) readable: Option<CheckJson>,
}

type CheckJson = fn(&str) -> Result<(), DecodeError>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Patch,
    Post,
}

impl Request {
    /// Makes a request that reads.
    pub(crate) fn get(operation: &'static str) -> Self {
        Self::new(operation, Method::Get, Effect::Read)
    }

    /// Makes a POST that changes nothing: it is retried as a read is.
    pub(crate) fn post_that_reads(operation: &'static str) -> Self {
        Self::new(operation, Method::Post, Effect::Read)
    }

    /// Makes a write; if its outcome is unknown, `verify` finds it out.
    pub(crate) fn patch(operation: &'static str, verify: Verify) -> Self {
        Self::new(operation, Method::Patch, Effect::Write(verify))
    }

    /// As [`patch`](Self::patch).
    pub(crate) fn post(operation: &'static str, verify: Verify) -> Self {
        Self::new(operation, Method::Post, Effect::Write(verify))
    }

    fn new(operation: &'static str, method: Method, effect: Effect) -> Self {
        Self {
            operation,
            method,
            target: "activeNumbers".to_owned(),
            body: None,
            effect,
            phone_number: None,
            may_be_empty: false,
            readable: None,
        }
    }

    /// Sets the phone number, and the path below it.
    pub(crate) fn of_number(mut self, number: &PhoneNumber, rest: &str) -> Self {
        // E.164 needs no encoding: a plus sign is allowed in a path.
        let _ = write!(self.target, "/{number}{rest}");
        self.phone_number = Some(number.clone());
        self
    }

    /// Sets the body, after its check; an error names the operation.
    pub(crate) fn with_json(
        self,
        checked: Result<(), Error>,
        body: &impl Serialize,
    ) -> Result<Self, Error> {
        let not_json =
            |error| Error::invalid("body", "cannot be written as JSON").with_source(error);
        let body = checked.and_then(|()| serde_json::to_vec(body).map_err(not_json));
        match body {
            Ok(body) => Ok(Self { body: Some(body), ..self }),
            Err(error) => Err(error.of_operation(self.operation, None)),
        }
    }

    /// Makes a successful response fail if its JSON does not decode as `T`.
    pub(crate) fn readable_as<T: Decode>(self) -> Self {
        Self { readable: Some(|json| T::decode(json).map(drop)), ..self }
    }

    pub(crate) fn is_write(&self) -> bool {
        matches!(self.effect, Effect::Write(_))
    }

    /// Makes the request that reads back the result of this one; `path` is below the phone number.
    pub(crate) fn read_back(&self, path: &str) -> Self {
        let read = Self::get(self.operation);
        match &self.phone_number {
            Some(number) => read.of_number(number, path),
            None => read,
        }
    }

    /// Appends a query parameter and percent-encodes its value.
    pub(crate) fn add_query(&mut self, name: &str, value: &str) {
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(name);
        self.target.push('=');
        push_encoded(&mut self.target, value);
    }
}

/// The effect of a request, which decides whether it can be sent again.
pub(crate) enum Effect {
    /// Nothing is changed: the request can be sent again.
    Read,
    /// Something is changed: the request is sent again only if the first one certainly had no effect. If its outcome is
    /// unknown, the resource is read back.
    Write(Verify),
}

/// The verification of a write with an unknown outcome: the path to read, and the check of the response.
pub(crate) struct Verify {
    /// The path to read, below the phone number: `""` is the number itself.
    pub(crate) path: &'static str,
    check: Box<dyn Fn(&Observed<'_>) -> Verdict + Send + Sync>,
}

/// The service's response to a read-back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Observed<'a> {
    /// A success, with its JSON.
    Found(&'a str),
    /// A 404 of the service itself, not of a gateway.
    NotFound(&'a ApiError),
}

/// The verdict on a write after a read-back.
pub(crate) enum Verdict {
    /// The write was applied.
    Proved,
    /// The write was applied if a second read proves it too.
    AlsoRead(Verify),
    /// The response is about the resource, but does not prove the write, which may still be in progress.
    NotProved,
    /// The response is not about the resource.
    Irrelevant,
}

impl Verify {
    pub(crate) fn new(
        path: &'static str,
        check: impl Fn(&Observed<'_>) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        Self { path, check: Box::new(check) }
    }

    pub(crate) fn check(&self, observed: &Observed<'_>) -> Verdict {
        (self.check)(observed)
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
pub(crate) fn push_encoded(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_encoded_exactly_once() {
        let rows = [
            ("US", "US"),
            ("+1206", "%2B1206"),
            ("%2B1206", "%252B1206"),
            ("a b", "a%20b"),
            ("a&b=c#d?e/f", "a%26b%3Dc%23d%3Fe%2Ff"),
            ("-._~", "-._~"),
            ("é€😀", "%C3%A9%E2%82%AC%F0%9F%98%80"),
            ("\r\n\0", "%0D%0A%00"),
            ("*'()!", "%2A%27%28%29%21"),
            ("", ""),
        ];
        for (value, encoded) in rows {
            let mut request = Request::get("active_list");
            request.add_query("q", value);
            assert_eq!(request.target, format!("activeNumbers?q={encoded}"));
        }
    }
}
