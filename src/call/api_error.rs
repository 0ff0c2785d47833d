//! Error answers: what can be understood of the service's three shapes, of OAuth's own, and of what gateways send.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::call::retry::parse_retry_after;
use crate::error::{ApiError, Error, ErrorKind, FieldViolation, excerpt};
use crate::json;
use crate::transport::Response;

/// Reads an answer with an error status.
pub(crate) fn read(incoming: &Response) -> Error {
    let answer = api_error(incoming, json::check(&incoming.body).ok());
    Error::new(match incoming.status {
        401 | 403 => ErrorKind::Authentication(answer),
        429 => ErrorKind::RateLimited(answer),
        _ => ErrorKind::Api(answer),
    })
}

/// Reads an error of the token endpoint, where 400 also means that the credentials were refused.
pub(crate) fn read_token_error(incoming: &Response) -> Error {
    let mut answer = api_error(incoming, json::check(&incoming.body).ok());
    if incoming.body.windows(12).any(|window| window == b"access_token") {
        // Whatever the status says: no error repeats a token.
        answer.body = None;
    }
    Error::new(match incoming.status {
        400 | 401 | 403 => ErrorKind::Authentication(answer),
        429 => ErrorKind::RateLimited(answer),
        _ => ErrorKind::Api(answer),
    })
}

/// Reads an OAuth error document that came with a status of success. `None` if there is a token, or no error.
pub(crate) fn token_error_in_success(incoming: &Response) -> Option<Error> {
    let text = json::check(&incoming.body).ok()?;
    let code = said(text, "/error").filter(|_| said(text, "/access_token").is_none())?;
    let mut answer = api_error(incoming, Some(text));
    // Without a description the code is what there is to say.
    answer.status.get_or_insert_with(|| code.clone());
    answer.body = answer.body.filter(|body| !body.contains("access_token"));
    Some(Error::new(match code.as_str() {
        // What RFC 6749 says of a client that is not known or not allowed.
        "invalid_client" | "unauthorized_client" | "access_denied" | "invalid_grant" => {
            ErrorKind::Authentication(answer)
        }
        _ => ErrorKind::Api(answer),
    }))
}

/// Tells whether an answer that came with a status of success is an error: it has a top-level `error`, and nothing of what a
/// successful answer holds.
pub(crate) fn is_in_success(text: &str) -> bool {
    // Of each key the last counts, as everywhere; and null, `""` and `{}` are as good as no key at all.
    const ANSWERS: [&str; 4] = ["phoneNumber", "activeNumbers", "streetNumber", "validationResult"];
    let (mut has_error, mut holds) = (false, [false; ANSWERS.len()]);
    for (key, raw) in json::members(json::check(text.as_bytes()).unwrap_or_default()) {
        if key == "error" {
            has_error = raw.starts_with(['{', '"']);
        } else if let Some(index) = ANSWERS.iter().position(|answer| key == *answer) {
            holds[index] = !says_nothing(raw);
        }
    }
    has_error && !holds.contains(&true)
}

/// Reads the error in a success.
pub(crate) fn in_success(incoming: &Response) -> Error {
    let answer = api_error(incoming, json::check(&incoming.body).ok());
    Error::new(match answer.code {
        Some(401 | 403) => ErrorKind::Authentication(answer),
        _ => ErrorKind::Api(answer),
    })
}

fn api_error(incoming: &Response, text: Option<&str>) -> ApiError {
    let retry_after = incoming.retry_after.as_deref();
    let mut answer = ApiError {
        http_status: incoming.status,
        request_id: incoming.request_id.clone(),
        retry_after: retry_after.and_then(|v| parse_retry_after(v, incoming.date.as_deref())),
        body: excerpt(&incoming.body),
        ..ApiError::default()
    };
    if let Some(text) = text {
        answer.understand(text);
    }
    answer
}

fn says_nothing(raw: &str) -> bool {
    let empty = raw.starts_with('{') && json::members(raw).next().is_none();
    empty || matches!(raw, "null" | "\"\"")
}

/// A member's text, where it is one and says something.
fn said(text: &str, pointer: &str) -> Option<String> {
    json::value_at(text, pointer).and_then(json::text_of).filter(|said| !said.trim().is_empty())
}

impl ApiError {
    fn understand(&mut self, text: &str) {
        let error = json::value_at(text, "/error").unwrap_or("");
        if error.starts_with('{') {
            self.code = json::value_at(error, "/code").and_then(number);
            self.status = said(error, "/status");
            self.message = said(error, "/message");
            self.take_details(json::value_at(error, "/details"));
        } else if error.starts_with('"') {
            match said(text, "/error_description") {
                // OAuth: the error itself is a code.
                Some(description) => {
                    self.status = json::text_of(error);
                    self.message = Some(match said(text, "/error_hint") {
                        Some(hint) => format!("{description} ({hint})"),
                        None => description,
                    });
                }
                None => self.message = said(text, "/error"),
            }
        } else {
            self.problem_type = said(text, "/type");
            self.code = json::value_at(text, "/status").and_then(number);
            self.status = said(text, "/title");
            self.message = said(text, "/detail").or_else(|| said(text, "/message"));
            self.take_details(json::value_at(text, "/errors"));
        }
        if self.request_id.is_none() {
            self.request_id = said(text, "/traceId");
        }
        if self.message.is_none() {
            self.message = self.message_from_details();
        }
    }

    fn take_details(&mut self, raw: Option<&str>) {
        let entries: Vec<&RawValue> =
            raw.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
        for entry in entries {
            let entry = entry.get();
            self.details.push(entry.to_owned());
            let violations: Vec<&RawValue> = json::value_at(entry, "/fieldViolations")
                .and_then(|raw| serde_json::from_str(raw).ok())
                .unwrap_or_default();
            for violation in violations {
                self.take_violation(violation.get(), "/field", "/description");
            }
            // A problem names the place by a JSON pointer.
            if json::value_at(entry, "/pointer").is_some() {
                self.take_violation(entry, "/pointer", "/detail");
            }
        }
    }

    fn take_violation(&mut self, raw: &str, field: &str, description: &str) {
        let violation = FieldViolation {
            field: said(raw, field).unwrap_or_default(),
            description: said(raw, description).unwrap_or_default(),
        };
        if !violation.field.is_empty() || !violation.description.is_empty() {
            self.field_violations.push(violation);
        }
    }

    /// The service's message is often empty, and the details hold what is useful.
    fn message_from_details(&self) -> Option<String> {
        let violations: Vec<Cow<'_, str>> = self
            .field_violations
            .iter()
            .map(|v| match (v.field.as_str(), v.description.as_str()) {
                ("", description) => description.into(),
                (field, "") => format!("{field} is not valid").into(),
                (field, description) => format!("{field}: {description}").into(),
            })
            .collect();
        if !violations.is_empty() {
            return Some(violations.join("; "));
        }
        self.details.iter().find_map(|entry| said(entry, "/description"))
    }
}

fn number(raw: &str) -> Option<i64> {
    raw.parse().ok().or_else(|| json::text_of(raw)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(status: u16, body: &str) -> Response {
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
    fn every_shape_is_understood() {
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
            let error = read(&answer(status, body));
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
        let exact = read(&answer(404, r#"{"error":{"details":[{ "n":1.50 }]}}"#));
        assert_eq!(exact.api_error().unwrap().details, [r#"{ "n":1.50 }"#]);
    }

    #[test]
    fn the_token_endpoint_has_its_own_shape() {
        let body = r#"{"error":"invalid_request","error_verbose":"long","error_description":"The request is wrong","error_hint":"mend it"}"#;
        let error = read_token_error(&answer(400, body));
        assert!(matches!(error.kind(), ErrorKind::Authentication(_)));
        let read = error.api_error().unwrap();
        assert_eq!(read.status.as_deref(), Some("invalid_request"));
        assert_eq!(read.message.as_deref(), Some("The request is wrong (mend it)"));
        assert!(matches!(read_token_error(&answer(404, "")).kind(), ErrorKind::Api(_)));
        assert!(matches!(read_token_error(&answer(429, "")).kind(), ErrorKind::RateLimited(_)));
    }

    #[test]
    fn headers_count() {
        let mut incoming = answer(429, "");
        incoming.retry_after = Some("7".to_owned());
        incoming.request_id = Some("r-1".to_owned());
        let error = read(&incoming);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(error.api_error().unwrap().request_id.as_deref(), Some("r-1"));
    }

    #[test]
    fn an_error_inside_a_success_is_one() {
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
            let error = is_in_success(body).then(|| in_success(&answer(200, body)));
            let seen = error.map(|error| match error.kind() {
                ErrorKind::Authentication(_) => "auth",
                _ => "api",
            });
            assert_eq!(seen, expected, "{body}");
        }
    }
}
