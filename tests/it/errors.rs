//! What answers and broken connections become.

use std::error::Error as _;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use sinch_numbers::{Credentials, Error, ErrorKind, NumberUpdate, Phase};

use crate::server::{Act, Server, answer, answer_with, ok};

const NUMBER: &str = "+12025550134";

fn kind(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::InvalidInput(_) => "input",
        ErrorKind::Authentication(_) => "auth",
        ErrorKind::RateLimited(_) => "rate",
        ErrorKind::Api(_) => "api",
        ErrorKind::Timeout(_) => "timeout",
        ErrorKind::Transport(_) => "transport",
        ErrorKind::Protocol(_) => "protocol",
        _ => "other",
    }
}

fn raw(text: &str) -> Act {
    Act::RawThenClose(text.as_bytes().to_vec())
}

/// One attempt each, so that a row is about classification only.
#[test]
#[rustfmt::skip]
fn answers_are_told_apart() {
    let not_found = r#"{"error":{"code":404,"message":"no such number","status":"NOT_FOUND","details":[]}}"#;
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    // The answer, then: kind, status, and for a write whether it may have been applied.
    let rows: Vec<(Act, &str, Option<u16>, bool)> = vec![
        (answer(400, "{}"), "api", Some(400), false),
        (answer(403, ""), "auth", Some(403), false),
        (answer(404, not_found), "api", Some(404), false),
        (answer(408, ""), "api", Some(408), false),
        (answer(409, ""), "api", Some(409), false),
        (answer_with(429, "Retry-After: 99\r\n", ""), "rate", Some(429), false),
        (answer(500, "<html>"), "api", Some(500), true),
        (answer(501, ""), "api", Some(501), true),
        (answer_with(503, "Retry-After: 99\r\n", ""), "api", Some(503), true),
        (answer(504, ""), "api", Some(504), true),
        (answer(301, ""), "protocol", Some(301), false),
        (answer_with(307, "Location: http://127.0.0.1:1/x?secret=1\r\n", ""), "protocol", Some(307), false),
        (ok(""), "protocol", Some(200), true),
        (answer(204, ""), "protocol", Some(204), true),
        (ok("<html>"), "protocol", Some(200), true),
        (ok("[]"), "protocol", Some(200), true),
        (ok("null"), "protocol", Some(200), true),
        (ok("{"), "protocol", Some(200), true),
        (ok("{} {}"), "protocol", Some(200), true),
        (ok("{\"a\":\"\\ud800\"}"), "protocol", Some(200), true),
        (ok(&deep), "protocol", Some(200), true),
        (Act::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\":\"\xff\"}".to_vec()), "protocol", Some(200), true),
        (ok(r#"{"phoneNumber":5}"#), "protocol", Some(200), true),
        (ok(r#"{"error":{"code":400,"message":"no"}}"#), "api", Some(200), false),
        (ok(r#"{"error":{"code":500,"message":"no"}}"#), "api", Some(200), true),
        (ok(r#"{"error":{"code":403}}"#), "auth", Some(200), false),
        (ok(r#"{"error":"no"}"#), "api", Some(200), false),
        (raw(""), "transport", None, true),
        (raw("HTTP/1.1 200 OK\r\nContent-Le"), "transport", None, true),
        (raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\""), "transport", None, true),
        (raw("HTTP/1.1 404 X\r\nContent-Length: 10\r\n\r\n{\"a\""), "api", Some(404), false),
        (raw("HTTP/1.1 403 X\r\nContent-Length: 10\r\n\r\n{\"a\""), "auth", Some(403), false),
        (raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n\u{1f}"), "transport", None, true),
        (raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "protocol", Some(200), true),
        (raw("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "protocol", None, true),
        (raw("HTTP/1.1 200 OK\r\n\r\n{\"a\":"), "protocol", Some(200), true),
        (raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"), "protocol", Some(200), true),
    ];
    for (act, expected, status, applied) in rows {
        let server = Server::new([act.clone()]);
        // No connection is kept: whether one that the server closes is noticed in time is luck.
        let builder = server.builder().max_attempts(1).max_idle_connections(0);
        let client = builder.build().unwrap();
        let error = client.get(NUMBER).unwrap_err();
        assert_eq!((kind(&error), error.http_status()), (expected, status), "get {act:?}: {error:?}");
        assert!(!error.may_have_been_applied(), "get {act:?}");
        assert_eq!(error.attempts(), 1);
        let error = client.update(NUMBER, &NumberUpdate::new().display_name("d")).unwrap_err();
        assert_eq!((kind(&error), error.http_status()), (expected, status), "update {act:?}: {error:?}");
        assert_eq!(error.may_have_been_applied(), applied, "update {act:?}: {error:?}");
        assert!(!(error.can_retry() && applied));
        assert!(error.to_string().starts_with("active_update +12025550134: "), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret=1"));
    }
}

#[test]
fn deprovision_may_be_answered_with_nothing() {
    for act in [ok(""), ok("{}"), answer(204, ""), answer(201, ""), ok(r#" { "x": 1 } "#)] {
        let server = Server::new([act]);
        server.client().deprovision_emergency_address(NUMBER).unwrap();
    }
    let server = Server::new([ok("<html>")]);
    let error = server.client().deprovision_emergency_address(NUMBER).unwrap_err();
    assert!(error.may_have_been_applied(), "{error:?}");
}

#[test]
fn any_2xx_with_a_whole_object_is_success() {
    for (status, body, name) in [
        (200, r#"{"displayName":"a"}"#, "a"),
        (201, r#"{"displayName":"a"}"#, "a"),
        (202, "\u{feff}{\"displayName\":\"a\"}", "a"),
        (200, " \r\n{\"displayName\":\"a\"}\n", "a"),
        (200, r#"{"displayName":"x","displayName":"a"}"#, "a"),
        (200, r#"{"phoneNumber":"+12","displayName":"a","error":{"code":1}}"#, "a"),
        (200, "{\"displayName\":\"\\u0061\"}", "a"),
        (200, "{\"displayName\":\"\\ud83d\\ude00\"}", "😀"),
    ] {
        let server = Server::new([answer_with(status, "Content-Type: text/plain\r\n", body)]);
        let number = server.client().get(NUMBER).unwrap();
        assert_eq!(number.display_name.as_deref(), Some(name), "{body}");
    }
}

#[test]
fn compressed_answers_are_read_and_counted_decompressed() {
    // {"displayName":"aaaa…"}: 4,000 times the letter, in some 50 bytes of gzip.
    let gzip = include_bytes!("samples/long-name.json.gz");
    let mut act = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        gzip.len()
    )
    .into_bytes();
    act.extend_from_slice(gzip);
    let server = Server::new([Act::Raw(act)]);
    let number = server.client().get(NUMBER).unwrap();
    assert_eq!(number.display_name.as_ref().map(String::len), Some(4000));
    let client = server.builder().max_response_bytes(1000).build().unwrap();
    let error = client.get(NUMBER).unwrap_err();
    assert!(error.to_string().contains("bigger than the limit"), "{error}");
}

#[test]
fn the_limit_is_exact() {
    let server = Server::new([ok(r#"{"a":"0123456789"}"#)]);
    let client = |limit| {
        let builder = server.builder_with(Credentials::basic("k", "s"));
        builder.max_response_bytes(limit).build().unwrap()
    };
    assert!(client(18).get(NUMBER).is_ok());
    let error = client(17).get(NUMBER).unwrap_err();
    assert_eq!(kind(&error), "protocol");
    assert!(error.to_string().contains("bigger than the limit"), "{error}");
}

#[test]
fn field_violations_are_read_without_parsing_text() {
    let body = r#"{"error":{"code":400,"message":"","status":"INVALID_ARGUMENT","details":[{"type":"BadRequest","fieldViolations":[{"field":"order_by","description":"Invalid order_by XXX"}]}]}}"#;
    let server = Server::new([answer_with(400, "X-Request-Id: r-7\r\n", body)]);
    let error = server.client().get(NUMBER).unwrap_err();
    let [violation] = error.field_violations() else { panic!("{error:?}") };
    assert_eq!(violation.field, "order_by");
    assert_eq!(violation.description, "Invalid order_by XXX");
    let answer = error.api_error().unwrap();
    assert_eq!(answer.request_id.as_deref(), Some("r-7"));
    assert_eq!(answer.body.as_deref(), Some(body));
    assert_eq!(
        error.to_string(),
        "active_get +12025550134: status 400 INVALID_ARGUMENT: order_by: Invalid order_by XXX"
    );
}

#[test]
fn a_deadline_names_the_phase() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{".to_vec();
    for (acts, phase, applied) in
        [(vec![Act::Stall], Phase::Wait, true), (vec![Act::Raw(head)], Phase::Receive, true)]
    {
        let server = Server::new(acts);
        let client = server.builder().timeout(Duration::from_millis(150)).build().unwrap();
        let error = client.release(NUMBER).unwrap_err();
        let ErrorKind::Timeout(seen) = error.kind() else { panic!("{error:?}") };
        assert_eq!(*seen, phase);
        assert_eq!(error.may_have_been_applied(), applied);
        assert_eq!(server.requests().iter().filter(|r| r.method == "POST").count(), 1);
        let error = client.get(NUMBER).unwrap_err();
        assert!(error.can_retry() && !error.may_have_been_applied());
    }
}

#[test]
fn a_deadline_in_the_token_endpoint_applies_nothing() {
    let server = Server::with_tokens([ok("{}")], [Act::Stall]);
    let client = server.builder().timeout(Duration::from_millis(150)).build().unwrap();
    let error = client.release(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(Phase::Wait)), "{error:?}");
    assert!(!error.may_have_been_applied() && error.can_retry());
    assert_eq!(error.attempts(), 0);
    assert!(error.to_string().contains("access token: "), "{error}");
}

#[test]
fn a_refused_connection_is_a_network_failure() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let server = Server::new([ok("{}")]);
    let client = server.builder().base_url(url).build().unwrap();
    let error = client.release(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(Phase::Connect)), "{error:?}");
    assert!(!error.may_have_been_applied() && error.can_retry());
    assert_eq!(error.attempts(), 3, "nothing was sent: writes are tried again too");
    assert!(error.source().unwrap().to_string().contains("refused"), "{error:?}");
}

#[test]
fn an_unknown_host_is_a_network_failure() {
    let server = Server::new([ok("{}")]);
    let client = server.builder().base_url("https://no-such-host.invalid").build().unwrap();
    let error = client.get(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(Phase::Resolve)), "{error:?}");
    assert!(error.source().is_some());
}

#[test]
fn a_server_without_tls_is_a_tls_failure_and_not_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let plain = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
        // Until the client hangs up; then the listener closes and a second attempt would be refused.
        let _ = socket.read_to_end(&mut Vec::new());
    });
    let server = Server::new([ok("{}")]);
    let client = server.builder().base_url(url).build().unwrap();
    let error = client.release(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(Phase::Tls)), "{error:?}");
    assert_eq!(
        (error.attempts(), error.may_have_been_applied(), error.can_retry()),
        (1, false, false)
    );
    plain.join().unwrap();
}
