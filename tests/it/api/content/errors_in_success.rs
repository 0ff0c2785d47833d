//! "A successful response, or an Error": an `error` in a response that calls itself a success.

use serde_json::Value;
use sinch_numbers::ErrorKind;

use super::{ask, through_c};
use crate::support::calls::{Call, Failed, call, code};
use crate::support::mismatches::Mismatches;
use crate::support::server::{Server, response_bytes};

/// What the response is.
enum Is {
    Success,
    Error {
        /// `auth` where 401 or 403 is its code.
        kind: &'static str,
        code: Option<i64>,
        /// What it says, as the message of the error ends.
        says: &'static str,
    },
}
use Is::Success;

const fn error(kind: &'static str, code: Option<i64>, says: &'static str) -> Is {
    Is::Error { kind, code, says }
}

#[rustfmt::skip]
fn rows() -> Vec<(&'static str, Is)> {
    vec![
        // The service's own shape.
        (r#"{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT","details":[]}}"#, error("api", Some(400), "status 200 INVALID_ARGUMENT (code 400): no")),
        (r#"{"error":{"code":401,"message":"who?"}}"#, error("auth", Some(401), "credentials refused: status 200 (code 401): who?")),
        (r#"{"error":{"code":403,"status":"PERMISSION_DENIED"}}"#, error("auth", Some(403), "credentials refused: status 200 PERMISSION_DENIED (code 403)")),
        (r#"{"error":{"code":"403"}}"#, error("auth", Some(403), "status 200 (code 403)")),
        (r#"{"error":{"code":404,"message":"","status":"NOT_FOUND","details":[{"description":"gone"}]}}"#, error("api", Some(404), "status 200 NOT_FOUND (code 404): gone")),
        (r#"{"error":{"code":429}}"#, error("api", Some(429), "status 200 (code 429)")),
        (r#"{"error":{"code":200,"message":"fine, or is it"}}"#, error("api", Some(200), "status 200: fine, or is it")),
        (r#"{"error":{"code":500,"message":"down"}}"#, error("api", Some(500), "status 200 (code 500): down")),
        (r#"{"error":{"code":503}}"#, error("api", Some(503), "status 200 (code 503)")),
        (r#"{"error":{"code":7}}"#, error("api", Some(7), "status 200 (code 7)")),
        (r#"{"error":{"code":-1}}"#, error("api", Some(-1), "status 200 (code -1)")),
        (r#"{"error":{"code":null,"message":null}}"#, error("api", None, "status 200")),
        (r#"{"error":{"message":"no code"}}"#, error("api", None, "status 200: no code")),
        (r#"{"error":{}}"#, error("api", None, "status 200")),
        (r#"{"error":{"new":[1]}}"#, error("api", None, "status 200")),
        // Text.
        (r#"{"error":"rate limited"}"#, error("api", None, "status 200: rate limited")),
        (r#"{"error":"\u0072ate"}"#, error("api", None, "status 200: rate")),
        (r#"{"error":""}"#, error("api", None, "status 200")),
        (r#"{"error":"invalid_client","error_description":"Unknown"}"#, error("api", None, "status 200 invalid_client: Unknown")),
        // However it is written.
        (" {\r\n\t\"error\" : \"no\" } ", error("api", None, "status 200: no")),
        ("\u{feff}{\"error\":\"no\"}", error("api", None, "status 200: no")),
        (r#"{"\u0065rror":"no"}"#, error("api", None, "status 200: no")),
        (r#"{"\u0065rr\u006F\u0072":{"code":403}}"#, error("auth", Some(403), "status 200 (code 403)")),
        // Beside what is no response of the operation.
        (r#"{"displayName":"a","error":"no"}"#, error("api", None, "status 200: no")),
        (r#"{"nextPageToken":"t","totalSize":0,"error":"no"}"#, error("api", None, "status 200: no")),
        (r#"{"error":{"code":400,"phoneNumber":"+12"}}"#, error("api", Some(400), "status 200 (code 400)")),
        (r#"{"error":"no","new":{"phoneNumber":"+12"}}"#, error("api", None, "status 200: no")),
        // Nothing is nothing in every spelling.
        (r#"{"error":"no","phoneNumber":null}"#, error("api", None, "status 200: no")),
        (r#"{"phoneNumber":"","error":"no"}"#, error("api", None, "status 200: no")),
        (r#"{"activeNumbers":null,"error":"no"}"#, error("api", None, "status 200: no")),
        (r#"{"streetNumber":{ },"error":"no"}"#, error("api", None, "status 200: no")),
        // The last of two counts.
        (r#"{"error":null,"error":"no"}"#, error("api", None, "status 200: no")),
        (r#"{"error":{"code":1},"error":{"code":403}}"#, error("auth", Some(403), "status 200 (code 403)")),
        (r#"{"phoneNumber":"+12","phoneNumber":null,"error":"no"}"#, error("api", None, "status 200: no")),
        (r#"{"error":"no","error":null}"#, Success),
        (r#"{"phoneNumber":null,"error":"no","phoneNumber":"+12"}"#, Success),
        // What is neither an object nor a text is none.
        (r#"{"error":null}"#, Success),
        (r#"{"error":5}"#, Success),
        (r#"{"error":false}"#, Success),
        (r#"{"error":true}"#, Success),
        (r#"{"error":[]}"#, Success),
        (r#"{"error":[{"code":403}]}"#, Success),
        // Beside what a response holds.
        (r#"{"phoneNumber":"+12","error":{"code":403}}"#, Success),
        (r#"{"error":"no","phoneNumber":"+12"}"#, Success),
        (r#"{"error":"no","\u0070honeNumber":"+12"}"#, Success),
        (r#"{"activeNumbers":[{"phoneNumber":"+12"}],"error":"half"}"#, Success),
        (r#"{"activeNumbers":[],"error":"half"}"#, Success),
        (r#"{"error":{"code":1},"streetNumber":"1"}"#, Success),
        (r#"{"error":{"code":1},"validationResult":"NO_MATCH"}"#, Success),
        // Somewhere else, or under another name.
        (r#"{"displayName":"a","new":{"error":"no"}}"#, Success),
        (r#"{"activeNumbers":[{"error":"no"}]}"#, Success),
        (r#"{"displayName":"\"error\":\"no\""}"#, Success),
        (r#"{"displayName":"error"}"#, Success),
        (r#"{"errors":[{"code":403}]}"#, Success),
        (r#"{"Error":{"code":403}}"#, Success),
        (r#"{"error ":"no"}"#, Success),
        (r#"{"error_description":"no","code":403,"message":"no"}"#, Success),
        // A problem without `error` is only an object with fields that nobody knows.
        (r#"{"title":"Gone","status":410,"detail":"It is gone","traceId":"t-1"}"#, Success),
    ]
}

pub(super) fn run(found: &mut Mismatches) -> usize {
    let rows = rows();
    let calls =
        ["active_get", "active_list", "active_update", "emergency_address_deprovision"].map(call);
    found.in_parallel(&rows, |found, (body, is)| {
        for call in calls {
            check(found, call, 200, body, is);
        }
    });
    let reads = call("active_get");
    let acts = rows.iter().map(|(body, _)| response_bytes(200, "", body.as_bytes())).collect();
    for ((body, is), (code, status, json)) in rows.iter().zip(through_c(reads, acts)) {
        let row = format!("{body} in C");
        match is {
            Success => found.same(&row, &(code, status, &*json), &(0, 200, *body)),
            Is::Error { kind, code: number, says } => {
                found.same(&row, &(code, status), &(if *kind == "auth" { 4 } else { 5 }, 200));
                let document: Value = serde_json::from_str(&json).unwrap();
                found.same(&row, &document["bodyCode"], &Value::from(*number));
                found.same(&row, &document["retryAfterMs"], &Value::from(-1));
                found.same(
                    &format!("{row} {json}"),
                    &document["message"].as_str().is_some_and(|said| said.ends_with(says)),
                    &true,
                );
            }
        }
    }
    // Whatever success it calls itself.
    for status in [201, 202, 206, 299] {
        let is = error("api", Some(400), "(code 400): no");
        check(found, reads, status, r#"{"error":{"code":400,"message":"no"}}"#, &is);
    }
    rows.len() + 4 + more_of_it(found)
}

fn check(found: &mut Mismatches, call: Call, status: u16, body: &str, is: &Is) {
    let row = format!("{}: {status} {body}", call.name);
    match (ask(call, response_bytes(status, "", body.as_bytes())), is) {
        (Ok((_, json)), Success) => found.same(&row, &json.as_str(), &body),
        (Err(error), Is::Error { kind, code: number, says }) => {
            // With a code of 4xx the service refused; without one it may have broken down over it.
            let refused = number.is_some_and(|code| (400..500).contains(&code) && code != 408);
            let expected = Failed {
                kind: (*kind).to_owned(),
                status: Some(status),
                attempts: 1,
                maybe_applied: call.writes && !refused,
                can_retry: false,
            };
            found.same(&row, &Failed::from(&error), &expected);
            found.same(&row, &code(&error), &if *kind == "auth" { 4 } else { 5 });
            let response = error.api_error().unwrap();
            found.same(&row, &response.code, number);
            found.same(&row, &response.body.as_deref(), &Some(body));
            let message = error.to_string();
            let message =
                message.strip_suffix(" (the change may have been applied)").unwrap_or(&message);
            found.same(&row, &message.ends_with(says), &true);
        }
        (result, _) => found.wrong(&row, result),
    }
}

/// It is read like any other error.
fn more_of_it(found: &mut Mismatches) -> usize {
    let body = r#"{"error":{"code":400,"details":[{"fieldViolations":[{"field":"type","description":"bad"}], "n":1.50 }],"new":1},"traceId":"t-1"}"#;
    let server = Server::new([response_bytes(200, "Retry-After: 7\r\n", body.as_bytes())]);
    let error = server.plain_client().get(crate::support::calls::NUMBER).unwrap_err();
    let ErrorKind::Api(response) = error.kind() else { panic!("{error:?}") };
    found.same(
        "details",
        &response.details,
        &vec![
            r#"{"fieldViolations":[{"field":"type","description":"bad"}], "n":1.50 }"#.to_owned(),
        ],
    );
    found.same("violations", &response.field_violations.len(), &1);
    found.same("message", &response.message.as_deref(), &Some("type: bad"));
    found.same("request id", &response.request_id.as_deref(), &Some("t-1"));
    found.same("retry after", &error.retry_after().map(|wait| wait.as_secs()), &Some(7));
    found.same("requests", &server.requests().len(), &1);
    1
}
