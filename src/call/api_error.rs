//! Parses error responses: the service's three shapes, OAuth's own, and the HTML or empty bodies of gateways.

use crate::call::retry::parse_retry_after;
use crate::error::{ApiError, Error, ErrorKind, FieldViolation, excerpt};
use crate::json;
use crate::transport::Response;

/// Reads a response with an error status.
pub(crate) fn read(response: &Response) -> Error {
    by_status(parse(response), &[401, 403])
}

/// Reads an error of the token endpoint, where 400 also means that the credentials were refused.
pub(crate) fn read_token_error(response: &Response) -> Error {
    by_status(parse_without_token(response), &[400, 401, 403])
}

fn by_status(error: ApiError, refused: &[u16]) -> Error {
    Error::new(match error.http_status {
        429 => ErrorKind::RateLimited(error),
        status if refused.contains(&status) => ErrorKind::Authentication(error),
        _ => ErrorKind::Api(error),
    })
}

/// Reads an OAuth error document that came with a success status. `None` if there is a token, or no error.
pub(crate) fn token_error_in_success(response: &Response) -> Option<Error> {
    let text = json::check(&response.body).ok()?;
    let code = text_at(text, "/error").filter(|_| text_at(text, "/access_token").is_none())?;
    let mut error = parse_without_token(response);
    // RFC 6749's codes for a client that is unknown or not allowed.
    let refused = ["invalid_client", "unauthorized_client", "access_denied", "invalid_grant"];
    let refused = refused.contains(&code.as_str());
    // Without a description, the code is the only text.
    error.status.get_or_insert(code);
    let kind = if refused { ErrorKind::Authentication } else { ErrorKind::Api };
    Some(Error::new(kind(error)))
}

/// Tells whether a response with a success status is an error: it has a top-level `error`, and no member of a successful
/// response.
///
/// As everywhere, the last of duplicate keys counts, and null, `""` and `{}` are the same as no key at all.
pub(crate) fn is_in_success(text: &str) -> bool {
    let is_empty = |raw: &str| {
        matches!(raw, "null" | "\"\"")
            || (raw.starts_with('{') && json::members(raw).next().is_none())
    };
    let is_missing = |pointer| json::value_at(text, pointer).is_none_or(is_empty);
    json::value_at(text, "/error").is_some_and(|raw| raw.starts_with(['{', '"']))
        && ["/phoneNumber", "/activeNumbers", "/streetNumber", "/validationResult"]
            .into_iter()
            .all(is_missing)
}

/// Reads the error in a success.
pub(crate) fn in_success(response: &Response) -> Error {
    let error = parse(response);
    Error::new(match error.code {
        Some(401 | 403) => ErrorKind::Authentication(error),
        _ => ErrorKind::Api(error),
    })
}

/// Parses an error of the token endpoint. Its body is dropped if it may hold a token.
fn parse_without_token(response: &Response) -> ApiError {
    let mut error = parse(response);
    if response.body.windows(12).any(|window| window == b"access_token") {
        error.body = None;
    }
    error
}

/// Parses an error response. If the body cannot be parsed, its fields stay empty.
fn parse(response: &Response) -> ApiError {
    let retry_after = response.retry_after.as_deref();
    let mut error = ApiError {
        http_status: response.status,
        request_id: response.request_id.clone(),
        retry_after: retry_after.and_then(|v| parse_retry_after(v, response.date.as_deref())),
        body: excerpt(&response.body),
        ..ApiError::default()
    };
    if let Ok(text) = json::check(&response.body) {
        error.parse_body(text);
    }
    error
}

impl ApiError {
    fn parse_body(&mut self, body: &str) {
        let text = |pointer| text_at(body, pointer);
        match json::value_at(body, "/error").unwrap_or_default().as_bytes().first() {
            // The service's own shape.
            Some(b'{') => {
                self.code = integer_at(body, "/error/code");
                self.status = text("/error/status");
                self.message = text("/error/message");
                self.parse_details(body, "/error/details");
            }
            // OAuth's shape has a code in `error` and a description; others have a message in `error`.
            Some(b'"') => match text("/error_description") {
                Some(description) => {
                    self.status = json::value_at(body, "/error").and_then(json::text_of);
                    self.message = Some(match text("/error_hint") {
                        Some(hint) => format!("{description} ({hint})"),
                        None => description,
                    });
                }
                None => self.message = text("/error"),
            },
            // Problem details (RFC 9457).
            _ => {
                self.problem_type = text("/type");
                self.code = integer_at(body, "/status");
                self.status = text("/title");
                self.message = text("/detail").or_else(|| text("/message"));
                self.parse_details(body, "/errors");
            }
        }
        self.request_id = self.request_id.take().or_else(|| text("/traceId"));
        self.message = self.message.take().or_else(|| self.message_from_details());
    }

    fn parse_details(&mut self, body: &str, pointer: &str) {
        for entry in json::items(json::value_at(body, pointer).unwrap_or_default()) {
            self.details.push(entry.to_owned());
            let violations = json::value_at(entry, "/fieldViolations").unwrap_or_default();
            for violation in json::items(violations) {
                self.add_violation(violation, "/field", "/description");
            }
            // A problem names the field by a JSON pointer.
            if json::value_at(entry, "/pointer").is_some() {
                self.add_violation(entry, "/pointer", "/detail");
            }
        }
    }

    fn add_violation(&mut self, raw: &str, field: &str, description: &str) {
        let text = |pointer| text_at(raw, pointer).unwrap_or_default();
        let violation = FieldViolation { field: text(field), description: text(description) };
        if !violation.field.is_empty() || !violation.description.is_empty() {
            self.field_violations.push(violation);
        }
    }

    /// Makes a message from the details: the service's own is often empty.
    fn message_from_details(&self) -> Option<String> {
        let messages: Vec<String> = self
            .field_violations
            .iter()
            .map(|FieldViolation { field, description }| match (&**field, &**description) {
                ("", description) => description.to_owned(),
                (field, "") => format!("{field} is not valid"),
                (field, description) => format!("{field}: {description}"),
            })
            .collect();
        match messages[..] {
            [] => self.details.iter().find_map(|entry| text_at(entry, "/description")),
            _ => Some(messages.join("; ")),
        }
    }
}

/// Returns the string at a JSON pointer, if it is not blank.
fn text_at(json: &str, pointer: &str) -> Option<String> {
    json::value_at(json, pointer).and_then(json::text_of).filter(|text| !text.trim().is_empty())
}

/// Returns the integer at a JSON pointer, also one in quotes.
fn integer_at(json: &str, pointer: &str) -> Option<i64> {
    let raw = json::value_at(json, pointer)?;
    raw.parse().ok().or_else(|| json::text_of(raw)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn response(status: u16, body: &str) -> Response {
        Response {
            status,
            request_id: None,
            retry_after: None,
            date: None,
            location: None,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn every_shape_is_parsed() {
        // status, body, then: kind, code, status text, message, violations, details
        let rows = [
            (
                404,
                r#"{"error":{"code":404,"message":"Not there","status":"NOT_FOUND","details":[{"type":"ResourceInfo","resourceName":"+1","n":1.50}]}}"#,
                "api",
                Some(404),
                Some("NOT_FOUND"),
                Some("Not there"),
                0,
                1,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"","status":"INVALID_ARGUMENT","details":[{"type":"BadRequest","fieldViolations":[{"field":"order_by","description":"Invalid order_by XXX"},{"field":"type"}]}]}}"#,
                "api",
                Some(400),
                Some("INVALID_ARGUMENT"),
                Some("order_by: Invalid order_by XXX; type is not valid"),
                2,
                1,
            ),
            (
                403,
                r#"{"error":{"code":403,"message":"","status":"PERMISSION_DENIED","details":[{"description":"Trial account"}]}}"#,
                "auth",
                Some(403),
                Some("PERMISSION_DENIED"),
                Some("Trial account"),
                0,
                1,
            ),
            (403, r#"{"error":{"code":7,"details":null}}"#, "auth", Some(7), None, None, 0, 0),
            (
                404,
                r#"{"error":{"message":"only this"}}"#,
                "api",
                None,
                None,
                Some("only this"),
                0,
                0,
            ),
            (
                500,
                r#"{"error":{"code":"13","details":["odd",5,{}]}}"#,
                "api",
                Some(13),
                None,
                None,
                0,
                3,
            ),
            (429, r#"{"error":"rate limited"}"#, "rate", None, None, Some("rate limited"), 0, 0),
            (
                401,
                r#"{"type":"https://x/access-token-expired","title":"Token expired","detail":"Generate a new one","status":401,"traceId":"abc"}"#,
                "auth",
                Some(401),
                Some("Token expired"),
                Some("Generate a new one"),
                0,
                0,
            ),
            (
                400,
                r#"{"type":"https://x/validation-error","title":"Validation Error","errors":[{"pointer":"/age","detail":"must be positive"}]}"#,
                "api",
                None,
                Some("Validation Error"),
                Some("/age: must be positive"),
                1,
                1,
            ),
            (502, "<html>Bad Gateway</html>", "api", None, None, None, 0, 0),
            (503, "", "api", None, None, None, 0, 0),
            (429, "", "rate", None, None, None, 0, 0),
            (500, r#"{"error":null}"#, "api", None, None, None, 0, 0),
            (500, r#"{"error":[1]}"#, "api", None, None, None, 0, 0),
            (500, "[]", "api", None, None, None, 0, 0),
            (500, r#"{"message":"plain"}"#, "api", None, None, Some("plain"), 0, 0),
        ];
        for (status, body, kind, code, text, message, violations, details) in rows {
            let error = read(&response(status, body));
            let seen = match error.kind() {
                ErrorKind::Api(_) => "api",
                ErrorKind::Authentication(_) => "auth",
                ErrorKind::RateLimited(_) => "rate",
                _ => "other",
            };
            let read = error.api_error().unwrap();
            assert_eq!(seen, kind, "{body}");
            assert_eq!(read.http_status, status);
            assert_eq!(read.code, code, "{body}");
            assert_eq!(read.status.as_deref(), text, "{body}");
            assert_eq!(read.message.as_deref(), message, "{body}");
            assert_eq!(read.field_violations.len(), violations, "{body}");
            assert_eq!(read.details.len(), details, "{body}");
            assert_eq!(read.body.as_deref().unwrap_or(""), body);
        }
        let exact = read(&response(404, r#"{"error":{"details":[{ "n":1.50 }]}}"#));
        assert_eq!(exact.api_error().unwrap().details, [r#"{ "n":1.50 }"#]);
    }

    #[test]
    fn the_token_endpoint_has_its_own_shape() {
        let body = r#"{"error":"invalid_request","error_verbose":"long","error_description":"The request is wrong","error_hint":"mend it"}"#;
        let error = read_token_error(&response(400, body));
        assert!(matches!(error.kind(), ErrorKind::Authentication(_)));
        let read = error.api_error().unwrap();
        assert_eq!(read.status.as_deref(), Some("invalid_request"));
        assert_eq!(read.message.as_deref(), Some("The request is wrong (mend it)"));
        assert!(matches!(read_token_error(&response(404, "")).kind(), ErrorKind::Api(_)));
        assert!(matches!(read_token_error(&response(429, "")).kind(), ErrorKind::RateLimited(_)));
    }

    #[test]
    fn the_headers_of_an_error_are_read() {
        let mut incoming = response(429, "");
        incoming.retry_after = Some("7".to_owned());
        incoming.request_id = Some("r-1".to_owned());
        let error = read(&incoming);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(error.api_error().unwrap().request_id.as_deref(), Some("r-1"));
    }

    #[test]
    fn errors_inside_a_success_are_found() {
        let rows = [
            (r#"{"error":{"code":400,"message":"no"}}"#, Some("api")),
            (r#"{"error":"no"}"#, Some("api")),
            (r#"{"error":{"code":403}}"#, Some("auth")),
            (r#"{"a":1,"error":{"code":401}}"#, Some("auth")),
            (r#"{"error":{"code":400},"phoneNumber":"+12"}"#, None),
            (r#"{"activeNumbers":[],"error":"x"}"#, None),
            (r#"{"streetNumber":"1","error":"x"}"#, None),
            (r#"{"validationResult":"NO_MATCH","error":"x"}"#, None),
            (r#"{"error":null}"#, None),
            (r#"{"error":false}"#, None),
            (r#"{"displayName":"\"error\""}"#, None),
            (r#"{"displayName":"error","x":{"error":{}}}"#, None),
            ("{}", None),
            (r#"{"\u0065rror":"no"}"#, Some("api")),
            (r#"{"error":"no","phoneNumber":null}"#, Some("api")),
            (r#"{"phoneNumber":"+12","phoneNumber":{ },"error":"no"}"#, Some("api")),
            (r#"{"activeNumbers":"","error":"no"}"#, Some("api")),
        ];
        for (body, expected) in rows {
            let error = is_in_success(body).then(|| in_success(&response(200, body)));
            let seen = error.map(|error| match error.kind() {
                ErrorKind::Authentication(_) => "auth",
                _ => "api",
            });
            assert_eq!(seen, expected, "{body}");
        }
    }
}
