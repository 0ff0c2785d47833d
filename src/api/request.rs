//! From an operation to plain data: the last generic step before decoding, and a pure one.
//!
//! Asking first: when nobody knows what became of a write, the number itself, or its emergency address, is read and
//! compared with what was asked for. Pure: what to read, and what the answer means.

use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::api::phone_number::PhoneNumber;
use crate::error::Error;
use crate::json::Outline;
use crate::json::decode::Decode;

/// One of the API's operations, with its parameters.
pub(crate) trait Operation {
    /// What the answer decodes to.
    type Output: Decode;
    /// The stable name that errors carry.
    const NAME: &'static str;

    /// Checks the parameters and writes them down.
    fn request(&self) -> Result<Request, Error>;
}

/// A request as plain data.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// Path and query below the project, encoded.
    pub(crate) target: String,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) effect: Effect,
    /// What a write is meant to bring about.
    pub(crate) asked: Option<Asked>,
    pub(crate) phone_number: Option<PhoneNumber>,
    /// Whether success can come without a body.
    pub(crate) may_be_empty: bool,
    /// See [`Decode::glance`].
    pub(crate) glance: fn(&[u8]) -> Option<Outline>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Patch,
    Post,
}

impl Request {
    /// Checks an operation and writes it down; an error names the operation.
    pub(crate) fn of<O: Operation>(operation: &O) -> Result<Self, Error> {
        // A request line that long is refused by servers, and a whole head must fit the transport's buffer.
        const LONGEST_TARGET: usize = 4096;
        let request = operation.request().and_then(|request| match request.target.len() {
            ..=LONGEST_TARGET => Ok(Self { glance: O::Output::glance, ..request }),
            long => {
                let problem = format!("is {long} bytes long when encoded; {LONGEST_TARGET} fit");
                Err(Error::invalid("query", problem))
            }
        });
        request.map_err(|error| error.of_operation(O::NAME, None))
    }

    pub(crate) fn new(operation: &'static str, method: Method, effect: Effect) -> Self {
        Self {
            operation,
            method,
            target: "activeNumbers".to_owned(),
            body: None,
            effect,
            asked: None,
            phone_number: None,
            may_be_empty: false,
            glance: |_| None,
        }
    }

    /// Points the request at a number, or at what lies below it.
    pub(crate) fn of_number(mut self, number: &PhoneNumber, rest: &str) -> Self {
        // E.164 holds nothing that needs encoding: a plus sign may stay as it is in a path.
        let _ = write!(self.target, "/{number}{rest}");
        self.phone_number = Some(number.clone());
        self
    }

    pub(crate) fn with_json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map_err(|error| {
            Error::invalid("body", "cannot be written as JSON").with_source(error)
        })?;
        self.body = Some(body);
        Ok(self)
    }

    /// Makes it a write, with what it is meant to bring about.
    pub(crate) fn bringing_about(mut self, asked: Asked) -> Self {
        self.asked = Some(asked);
        self
    }

    /// The request that finds out what became of this one.
    pub(crate) fn question(&self) -> Option<(Self, &Asked)> {
        let (asked, number) = (self.asked.as_ref()?, self.phone_number.as_ref()?);
        let question = Self::new(self.operation, Method::Get, Effect::Read);
        Some((question.of_number(number, asked.place), asked))
    }

    /// Appends a query parameter, its value encoded exactly once.
    pub(crate) fn add_query(&mut self, name: &str, value: &str) {
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(name);
        self.target.push('=');
        push_encoded(&mut self.target, value);
    }
}

/// Whether sending the request twice does harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Reading: it can be repeated freely.
    Read,
    /// Changing something: it is repeated only when the first one certainly did nothing.
    Write,
}

/// What a write was meant to bring about.
pub(crate) struct Asked {
    /// Where to look, below the number.
    place: &'static str,
    judge: Box<Judge>,
}

/// Compares what was asked for with what was found.
type Judge = dyn Fn(Found<'_>) -> Verdict;

impl Asked {
    pub(crate) fn new(place: &'static str, judge: impl Fn(Found<'_>) -> Verdict + 'static) -> Self {
        Self { place, judge: Box::new(judge) }
    }

    /// Compares what was asked for with what was found.
    pub(crate) fn judge(&self, found: Found<'_>) -> Verdict {
        (self.judge)(found)
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("place", &self.place).finish_non_exhaustive()
    }
}

/// What was read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    /// The service's JSON.
    Json(&'a str),
    /// There is none: 404.
    Nothing,
}

/// What that says about the write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was carried out, or everything is as it would have made it.
    Applied,
    /// Nothing of it is to be seen.
    NotApplied,
    /// Neither can be said.
    Unclear,
}

pub(crate) fn read<T: Decode>(json: &str) -> Option<T> {
    T::decode(json).ok()
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
            let mut request = Request::new("active_list", Method::Get, Effect::Read);
            request.add_query("q", value);
            assert_eq!(request.target, format!("activeNumbers?q={encoded}"));
        }
    }
}
