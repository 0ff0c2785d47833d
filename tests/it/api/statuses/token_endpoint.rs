//! What the token endpoint answers: the call ends there, and nothing of it is sent.

use mockito::{Matcher, Server};

use crate::support::calls::{Failed, call};
use crate::support::mismatches::Mismatches;
use crate::support::mocked;
use crate::support::server::{self, ok, response_bytes};

type Headers = &'static [(&'static str, &'static str)];

/// Status, headers and body, then: kind, and what is told, as the message ends.
#[rustfmt::skip]
const ROWS: [(u16, Headers, &str, &str, &str); 29] = [
    (400, &[], r#"{"error":"invalid_request","error_description":"The request is wrong","error_hint":"mend it","error_verbose":"long"}"#,
        "auth", "credentials refused: status 400 invalid_request: The request is wrong (mend it)"),
    (400, &[], "", "auth", "credentials refused: status 400"),
    (401, &[], r#"{"error":"invalid_client","error_description":"Unknown"}"#, "auth", "credentials refused: status 401 invalid_client: Unknown"),
    (401, &[("www-authenticate", "Basic")], "", "auth", "credentials refused: status 401"),
    (403, &[], "<html>", "auth", "credentials refused: status 403"),
    (404, &[], "", "api", "status 404"),
    (405, &[], r#"{"message":"POST only"}"#, "api", "status 405: POST only"),
    (408, &[], "", "api", "status 408"),
    (415, &[], r#"{"error":"unsupported"}"#, "api", "status 415: unsupported"),
    (429, &[("x-envoy-ratelimited", "true")], "", "rate", "rate limited: status 429"),
    (429, &[], "slow down", "rate", "rate limited: status 429"),
    (500, &[], "", "api", "status 500"),
    (501, &[], "", "api", "status 501"),
    (502, &[], "<html>", "api", "status 502"),
    (503, &[], r#"{"error":{"code":14,"status":"UNAVAILABLE","message":"later"}}"#, "api", "status 503 UNAVAILABLE (code 14): later"),
    (504, &[], "", "api", "status 504"),
    (520, &[], "", "api", "status 520"),
    (600, &[], "", "protocol", "(status 600)"),
    (999, &[], r#"{"access_token":"hush"}"#, "protocol", "(status 999)"),
    (200, &[], "welcome", "protocol", "the response is not a JSON object (status 200)"),
    (200, &[], "", "protocol", "the response is not a JSON object (status 200)"),
    (201, &[], "[]", "protocol", "the response is not a JSON object (status 201)"),
    (204, &[], "", "protocol", "the response is not a JSON object (status 204)"),
    // An OAuth error document says what is wrong, whatever the status.
    (200, &[], r#"{"error":"invalid_client"}"#, "auth", "credentials refused: status 200 invalid_client: invalid_client"),
    (200, &[], r#"{"error":"invalid_client","error_description":"Unknown client"}"#, "auth", "credentials refused: status 200 invalid_client: Unknown client"),
    (200, &[], r#"{"error":"server_error","error_description":"Try later","access_token":""}"#, "api", "status 200 server_error: Try later"),
    (203, &[], r#"{"access_token":null}"#, "protocol", "the response has no access_token (status 203)"),
    (200, &[], r#"{"access_token":"hush\nhush"}"#, "protocol", "characters that do not belong in a header (status 200)"),
    (200, &[], r#"{"access_token":"hush"} hush"#, "protocol", "the response is not a JSON object (status 200)"),
];

pub(super) fn run(found: &mut Mismatches) -> usize {
    for (status, headers, body, kind, says) in ROWS {
        for call in ["active_get", "active_release"].map(call) {
            let row = format!("{}: token endpoint: {status} {body}", call.name);
            let mut server = Server::new();
            let tokens = mocked::respond(mocked::on_tokens(&mut server), status, headers, body);
            let tokens = tokens.create();
            let calls = server.mock(call.method, Matcher::Any).with_body("{}").expect(0).create();
            let client = mocked::builder(&server).max_attempts(1).build().unwrap();
            let error = call.run(&client).unwrap_err();
            let expected = Failed {
                kind: kind.to_owned(),
                status: Some(status),
                // The call itself was never tried.
                attempts: 0,
                maybe_applied: false,
                can_retry: matches!(status, 429 | 500 | 502 | 503 | 504),
            };
            found.same(&row, &Failed::from(&error), &expected);
            let message = error.to_string();
            found.same(&format!("{row}: {message}"), &message.ends_with(says), &true);
            found.holds(&row, &message, ": access token: ");
            found.lacks(&row, &format!("{message} {error:?}"), "hush");
            found.same(&row, &(calls.matched(), tokens.matched()), &(true, true));
        }
    }
    // Any success with a token is one.
    for status in [200, 201, 203, 299] {
        let mut server = Server::new();
        mocked::token(&mut server, "t").with_status(status).create();
        let get = call("active_get");
        mocked::on(&mut server, get.method, get.target).with_body("{}").create();
        let done = get.run(&mocked::client(&server));
        found.same(&format!("token endpoint: {status}"), &done.is_ok(), &true);
    }
    // A length, which no 204 has, changes nothing.
    let scripted = server::Server::with_tokens([ok("{}")], [response_bytes(204, "", b"")]);
    let error = call("active_get").run(&scripted.client()).unwrap_err();
    let says = "the response is not a JSON object (status 204)";
    found.holds("token endpoint: 204 with a length", &error.to_string(), says);
    ROWS.len() + 2
}
