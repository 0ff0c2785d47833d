//! Error responses: the status says what kind of failure it is, the body and the headers say what is told about it.
//!
//! A case is a status, a shape of a body, or a form of a header that no other case has; every shape is met with every status.

mod headers;
mod shapes;
mod token_endpoint;
mod unauthorized;

use mockito::{Matcher, Server, ServerGuard};
use serde_json::Value;

use crate::support::calls::{Call, Failed, NUMBER, call, code, whole_message};
use crate::support::drivers::{c_driver, drive};
use crate::support::mismatches::Mismatches;
use crate::support::mocked;
use shapes::{Shape, shapes};

/// A status, the kind of failure, and whether the same call may succeed later.
#[rustfmt::skip]
const STATUSES: [(u16, &str, bool); 48] = [
    (400, "api", false), (401, "auth", false), (402, "api", false), (403, "auth", false), (404, "api", false), (405, "api", false),
    (406, "api", false), (407, "api", false), (408, "api", false), (409, "api", false), (410, "api", false), (411, "api", false),
    (412, "api", false), (413, "api", false), (414, "api", false), (415, "api", false), (416, "api", false), (417, "api", false),
    (418, "api", false), (421, "api", false), (422, "api", false), (423, "api", false), (424, "api", false), (425, "api", false),
    (426, "api", false), (428, "api", false), (429, "rate", true), (431, "api", false), (451, "api", false), (499, "api", false),
    (500, "api", true), (501, "api", false), (502, "api", true), (503, "api", true), (504, "api", true), (505, "api", false),
    (506, "api", false), (507, "api", false), (508, "api", false), (511, "api", false), (520, "api", false), (522, "api", false),
    (530, "api", false), (599, "api", false),
    // No final response has these.
    (600, "protocol", false), (700, "protocol", false), (900, "protocol", false), (999, "protocol", false),
];

#[test]
fn error_responses_are_classified() {
    let mut found = Mismatches::default();
    let shapes = shapes();
    statuses(&mut found, &shapes);
    writes(&mut found);
    in_c(&mut found, &shapes);
    let cases = STATUSES.len()
        + shapes.len()
        + headers::run(&mut found)
        + token_endpoint::run(&mut found)
        + unauthorized::run(&mut found);
    found.assert_none();
    assert!(cases >= 150, "{cases}");
}

/// The kind comes from the status alone, what is told from the body alone.
fn statuses(found: &mut Mismatches, shapes: &[Shape]) {
    let get = call("active_get");
    for (status, kind, can_retry) in STATUSES {
        let mut server = Server::new();
        let client = mocked::plain_client(&server);
        for shape in shapes {
            let row = format!("{status}, {}", shape.what);
            let mock = mocked::on(&mut server, get.method, get.target);
            let mock = mocked::respond(mock, status, &[], &shape.body).create();
            let error = client.get(NUMBER).unwrap_err();
            found.same(&format!("{row}, sent once"), &mock.matched(), &true);
            mock.remove();
            let expected = Failed {
                kind: kind.to_owned(),
                status: Some(status),
                attempts: 1,
                maybe_applied: false,
                can_retry,
            };
            found.same(&row, &Failed::from(&error), &expected);
            match error.api_error() {
                Some(response) => {
                    found.same(&row, &response.http_status, &status);
                    found.same(&row, &shapes::told(response), &shape.told());
                    found.same(&row, &response.body, &shape.excerpt());
                }
                None => found.same(&row, &kind, &"protocol"),
            }
            found.same(&row, &error.to_string(), &shape.message(status, kind));
        }
    }
}

/// What was refused did nothing; of what broke down on the other side, or timed out there, the outcome is unknown.
fn writes(found: &mut Mismatches) {
    found.in_parallel(&STATUSES, |found, &(status, kind, can_retry)| {
        for call in Call::writes() {
            let body = r#"{"error":{"message":"no"}}"#;
            let mut server = Server::new();
            // Reading back gets the same.
            mocked::respond(server.mock("GET", Matcher::Any), status, &[], body).create();
            let sent = mocked::on(&mut server, call.method, call.target);
            let sent = mocked::respond(sent, status, &[], body).create();
            let error = call.run(&mocked::plain_client(&server)).unwrap_err();
            let maybe_applied = status >= 500 || status == 408;
            let expected = Failed {
                kind: kind.to_owned(),
                status: Some(status),
                attempts: 1,
                maybe_applied,
                can_retry: can_retry && !maybe_applied,
            };
            found.same(&format!("{}: {status}", call.name), &Failed::from(&error), &expected);
            found.same(&format!("{}: {status}, sent once", call.name), &sent.matched(), &true);
        }
    });
}

/// The same in C: each status with one shape, and each shape with one status.
fn in_c(found: &mut Mismatches, shapes: &[Shape]) {
    let rows: Vec<(u16, &Shape)> = STATUSES
        .iter()
        .map(|(status, ..)| (*status, &shapes[0]))
        .chain(shapes.iter().map(|shape| (404, shape)))
        .collect();
    let get = call("active_get");
    let serve = || -> ServerGuard {
        let mut server = Server::new();
        for (status, shape) in &rows {
            let mock = mocked::on(&mut server, get.method, get.target);
            mocked::respond(mock, *status, &[], &shape.body).create();
        }
        server
    };
    let (rust, c) = (serve(), serve());
    let rust_client = mocked::plain_client(&rust);
    let lines = get.line().repeat(rows.len());
    let outcomes = drive(c_driver(), &c.url(), r#""auth": "basic", "maxAttempts": 1"#, lines);
    found.same("outcomes", &outcomes.len(), &rows.len());
    for ((status, shape), (c_code, c_status, json)) in rows.into_iter().zip(outcomes) {
        let row = format!("{status}, {}, in C", shape.what);
        let error = rust_client.get(NUMBER).unwrap_err();
        found.same(&row, &(c_code, c_status), &(code(&error), status));
        let document: Value = serde_json::from_str(&json).unwrap();
        found.same(&row, &document["httpStatus"], &Value::from(status));
        let message = whole_message(&error).replace('\0', "\\0");
        found.same(&row, &document["message"], &Value::from(message));
        let Some(response) = error.api_error() else { continue };
        found.same(&row, &document["status"], &Value::from(response.status.clone()));
        found.same(&row, &document["bodyCode"], &Value::from(response.code));
        found.same(&row, &document["requestId"], &Value::from(response.request_id.clone()));
        let violations = document["fieldViolations"].as_array().unwrap().iter();
        let violations: Vec<_> = violations
            .map(|v| (v["field"].as_str().unwrap(), v["description"].as_str().unwrap()))
            .collect();
        found.same(&row, &violations, &shape.violations);
        // Every entry to the last byte.
        found.holds(&row, &json, &format!(r#""details":[{}]"#, shape.details.join(",")));
        // What was understood is not repeated.
        let body = if shape.understood() { None } else { shape.excerpt() };
        found.same(&row, &document["body"], &Value::from(body));
    }
}
