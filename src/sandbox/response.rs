//! Responses in the service's own shapes.

use std::fmt;

use serde::Serialize;

use super::http::Response;

/// The outcome of a request: its response, and whether that is lost on purpose.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) response: Response,
    /// The connection is closed instead of sending the response.
    pub(super) lost: bool,
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self { response, lost: false }
    }
}

/// A field violation. The service writes field names in snake case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Violation {
    field: String,
    description: String,
}

impl Violation {
    pub(super) fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self { field: field.into(), description: description.into() }
    }
}

/// The refusal of an operation.
#[derive(Debug)]
pub(super) enum Failure {
    /// 400.
    Invalid(Vec<Violation>),
    /// 404: there is no such number, or it has no emergency address.
    NotFound { resource: &'static str, name: String, message: &'static str },
}

impl Failure {
    pub(super) fn invalid(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::new(field, description)])
    }

    pub(super) fn no_number(phone: &str) -> Self {
        let message = "Active number not found";
        Self::NotFound { resource: "ActiveNumber", name: phone.to_owned(), message }
    }

    pub(super) fn no_address(phone: &str) -> Self {
        let message = "Emergency address not found";
        Self::NotFound { resource: "EmergencyAddress", name: phone.to_owned(), message }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(violations) => {
                for (at, Violation { field, description }) in violations.iter().enumerate() {
                    let separator = if at == 0 { "" } else { "; " };
                    write!(f, "{separator}{field}: {description}")?;
                }
                Ok(())
            }
            Self::NotFound { message, .. } => f.write_str(message),
        }
    }
}

#[cfg(test)]
impl Failure {
    /// The field of the first violation, empty if something was not found.
    pub(super) fn first_field(&self) -> &str {
        match self {
            Self::Invalid(violations) => &violations[0].field,
            Self::NotFound { .. } => "",
        }
    }
}

impl From<Failure> for Response {
    fn from(failure: Failure) -> Self {
        match failure {
            // The message is empty in the service's own responses, too: what is useful is in the details.
            Failure::Invalid(field_violations) => {
                error(400, "INVALID_ARGUMENT", "", &[Detail::BadRequest { field_violations }])
            }
            Failure::NotFound { resource: resource_type, name: resource_name, message } => {
                let detail = Detail::ResourceInfo {
                    resource_type,
                    resource_name,
                    owner: "",
                    description: "",
                };
                error(404, "NOT_FOUND", message, &[detail])
            }
        }
    }
}

/// A success.
pub(super) fn success<T: Serialize>(value: &T) -> Response {
    sized_success(value, 1024)
}

/// A success whose length is roughly known beforehand, in bytes.
pub(super) fn sized_success<T: Serialize>(value: &T, length: usize) -> Response {
    let mut body = Vec::with_capacity(length);
    match serde_json::to_writer(&mut body, value) {
        Ok(()) => Response { status: 200, headers: Vec::new(), body },
        // Nothing that is written here can fail: text keys, no maps, memory as the target.
        Err(cause) => plain_error(500, "INTERNAL", &cause.to_string()),
    }
}

/// An error that has no details.
pub(super) fn plain_error(status: u16, name: &'static str, message: &str) -> Response {
    error(status, name, message, &[])
}

impl Response {
    pub(super) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

fn error(code: u16, status: &'static str, message: &str, details: &[Detail]) -> Response {
    let error = ErrorObject { code, message, status, details };
    Response { status: code, ..success(&ErrorBody { error }) }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    code: u16,
    message: &'a str,
    status: &'static str,
    details: &'a [Detail],
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
enum Detail {
    BadRequest {
        field_violations: Vec<Violation>,
    },
    ResourceInfo {
        resource_type: &'static str,
        resource_name: String,
        owner: &'static str,
        description: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_shapes_of_the_service() {
        let not_found = Failure::NotFound {
            resource: "ActiveNumber",
            name: "+12025550134".to_owned(),
            message: "Active number not found",
        };
        for (response, status, body) in [
            (
                Failure::invalid("order_by", "Invalid order_by size").into(),
                400,
                r#"{"error":{"code":400,"message":"","status":"INVALID_ARGUMENT","details":[{"type":"BadRequest","fieldViolations":[{"field":"order_by","description":"Invalid order_by size"}]}]}}"#,
            ),
            (
                not_found.into(),
                404,
                r#"{"error":{"code":404,"message":"Active number not found","status":"NOT_FOUND","details":[{"type":"ResourceInfo","resourceType":"ActiveNumber","resourceName":"+12025550134","owner":"","description":""}]}}"#,
            ),
            (
                plain_error(403, "PERMISSION_DENIED", ""),
                403,
                r#"{"error":{"code":403,"message":"","status":"PERMISSION_DENIED","details":[]}}"#,
            ),
        ] {
            assert_eq!(response.status, status);
            assert_eq!(String::from_utf8(response.body).unwrap(), body);
        }
    }
}
