//! What broken responses and broken connections become.

use std::error::Error as _;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sinch_numbers::{Client, Credentials, ErrorKind, ListNumbers, LogLevel, NumberUpdate, Phase};

use crate::support::mocked;
use crate::support::server::{Act, Server, ok, response};

const NUMBER: &str = "+12025550134";
const GET: &str = "activeNumbers/+12025550134";

#[test]
fn compressed_responses_are_read_and_counted_decompressed() {
    // {"displayName":"aaaa…"}: 4,000 times the letter, in some 50 bytes of gzip.
    let gzip = include_bytes!("../support/samples/long-name.json.gz");
    let mut server = mocked::server();
    mocked::on(&mut server, "GET", GET)
        .with_header("content-encoding", "gzip")
        .with_body(gzip)
        .create();
    let number = mocked::client(&server).get(NUMBER).unwrap();
    assert_eq!(number.display_name.as_ref().map(String::len), Some(4000));
    let client = mocked::builder(&server).max_response_bytes(1000).build().unwrap();
    let error = client.get(NUMBER).unwrap_err();
    assert!(error.to_string().contains("bigger than the limit"), "{error}");
}

#[test]
fn the_limit_is_exact() {
    let mut server = mocked::server();
    mocked::on(&mut server, "GET", GET).with_body(r#"{"a":"0123456789"}"#).create();
    let client = |limit| {
        let builder = mocked::builder_with(&server, Credentials::basic("k", "s"));
        builder.max_response_bytes(limit).build().unwrap()
    };
    assert!(client(18).get(NUMBER).is_ok());
    let error = client(17).get(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Protocol(_)), "{error:?}");
    assert!(error.to_string().contains("bigger than the limit"), "{error}");
}

#[test]
fn a_deadline_in_the_token_endpoint_applies_nothing() {
    let server = Server::with_tokens([ok("{}")], [Act::Stall]);
    let client = server.builder().timeout(Duration::from_secs(1)).build().unwrap();
    let error = client.release(NUMBER).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout(Phase::Wait)), "{error:?}");
    assert!(!error.may_have_been_applied() && error.can_retry());
    assert_eq!(error.attempts(), 0);
    assert!(error.to_string().contains("access token: "), "{error}");
}

type Lines = Arc<Mutex<Vec<(LogLevel, String)>>>;

/// A client that logs everything, and what it logged.
fn logged(server: &Server) -> (Client, Lines) {
    let lines = Lines::default();
    let sink = Arc::clone(&lines);
    let write = move |level, line: &str| sink.lock().unwrap().push((level, line.to_owned()));
    (server.builder().log(LogLevel::Trace, write).build().unwrap(), lines)
}

#[test]
fn what_the_service_says_is_one_printable_line() {
    let said = r"first\n\u001b[2Jsecond\u202e";
    let long = "x".repeat(10_000);
    let body = |message: &str| format!(r#"{{"error":{{"code":409,"message":"{message}"}}}}"#);
    let server = Server::new([response(409, &body(said)), response(500, &body(&long))]);
    let (client, lines) = logged(&server);
    let error = client.get(NUMBER).unwrap_err();
    assert!(error.to_string().ends_with(r": first\n\u{1b}[2Jsecond\u{202e}"), "{error}");
    // As it was said, for who reads it by program.
    assert_eq!(
        error.api_error().unwrap().message.as_deref(),
        Some("first\n\u{1b}[2Jsecond\u{202e}")
    );
    let error = client.update(NUMBER, &NumberUpdate::new().display_name("d")).unwrap_err();
    let text = error.to_string();
    assert!(
        text.len() <= 4096 && text.ends_with("... (the change may have been applied)"),
        "{text}"
    );
    let lines = lines.lock().unwrap();
    assert!(lines.iter().any(|(_, line)| line.contains(r"first\n\u{1b}[2J")), "{lines:?}");
    for (_, line) in lines.iter() {
        assert!(line.len() <= 4096 && !line.chars().any(char::is_control), "{line:?}");
    }
}

#[test]
fn a_refusal_is_no_error_of_the_program_s() {
    let server = Server::new([response(404, "")]);
    let (client, lines) = logged(&server);
    let refused: [Box<dyn Fn() -> bool>; 4] = [
        Box::new(|| client.get(NUMBER).is_err()),
        Box::new(|| client.get("2025550134").is_err()),
        Box::new(|| client.update(NUMBER, &NumberUpdate::new()).is_err()),
        Box::new(|| client.pages(&ListNumbers::new().page_size(0)).next_page().is_err()),
    ];
    for call in refused {
        lines.lock().unwrap().clear();
        assert!(call());
        let worst = lines.lock().unwrap().iter().map(|(level, _)| *level).min();
        assert_eq!(worst, Some(LogLevel::Info), "{lines:?}");
    }
}

#[test]
fn a_404_may_say_what_is_missing() {
    let rows = [
        (404, r#"[{"type":"ResourceInfo","resourceType":"ActiveNumber"}]"#, Some("ActiveNumber")),
        (
            404,
            r#"[{}, 5, {"resourceType":""}, {"resourceType":"EmergencyAddress"}]"#,
            Some("EmergencyAddress"),
        ),
        (404, "[]", None),
        (409, r#"[{"resourceType":"ActiveNumber"}]"#, None),
    ];
    for (status, details, missing) in rows {
        let body = format!(r#"{{"error":{{"code":{status},"status":"X","details":{details}}}}}"#);
        let error = Server::new([response(status, &body)]).client().get(NUMBER).unwrap_err();
        assert_eq!(error.missing().as_deref(), missing, "{details}");
    }
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
