//! The responses that the client's methods return.

use std::ops::Deref;

use crate::call::response::RawResponse;
use crate::error::Error;
use crate::json;
use crate::json::cursor::DecodeError;
use crate::json::decode::Decode;

/// The response to an operation: the value, the service's JSON, and facts about the exchange. Methods of
/// [`Client`](crate::Client) return it.
///
/// It derefs to the value; [`into_inner`](Response::into_inner) takes it out.
#[derive(Clone, Debug)]
pub struct Response<T> {
    value: T,
    pub(super) raw: RawResponse,
}

impl<T> Response<T> {
    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Puts a decoded value and the response that it came in together.
    pub(super) fn of(value: T, raw: RawResponse) -> Self {
        Self { value, raw }
    }

    /// Returns the service's JSON as it came, with the fields that this version does not know.
    pub fn json(&self) -> &str {
        &self.raw.json
    }

    /// Returns a part of the service's JSON, as raw JSON, by its JSON pointer (RFC 6901): `/smsConfiguration/newField`.
    pub fn raw_value(&self, pointer: &str) -> Option<&str> {
        json::value_at(&self.raw.json, pointer)
    }

    /// Returns how often the request was sent: 1, or more after a retry.
    pub fn attempts(&self) -> u32 {
        self.raw.attempts
    }

    /// Tells whether the response to a write was lost and the write was proved by reading back: the value is what was read.
    pub fn reconciled(&self) -> bool {
        self.raw.reconciled
    }

    /// Returns the id that the service gave the request, if it gave one: quote it to its support.
    pub fn request_id(&self) -> Option<&str> {
        self.raw.request_id.as_deref()
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Decodes a response to an operation.
pub(crate) fn decode_response<T: Decode>(
    response: RawResponse,
    operation: &'static str,
) -> Result<Response<T>, Error> {
    match T::decode(&response.json) {
        Ok(value) => Ok(Response::of(value, response)),
        Err(error) => Err(unreadable(&error, &response, operation)),
    }
}

/// Makes the error for a response that is JSON, but does not decode.
pub(super) fn unreadable(
    error: &DecodeError,
    response: &RawResponse,
    operation: &'static str,
) -> Error {
    let problem = format!("the response does not fit: {error}");
    Error::protocol(problem, Some(response.http_status), response.json.as_bytes())
        .of_operation(operation, None)
        .attempted(response.attempts)
}
