//! TLS that goes wrong: in the handshake, after it, and where a response ends.

use std::thread;
use std::time::{Duration, Instant};

use rustls::ALL_VERSIONS;
use rustls::version::{TLS12, TLS13};
use sinch_numbers::{Client, ClientBuilder, Credentials};

use crate::support::calls::{Failed, NUMBER, bound, call, connect_timeout, kind, whole_message};
use crate::support::faults::{self, Faults};
use crate::support::tls_server::{Authority, Secure, Step, config, config_for_known_clients, send};

pub(crate) fn builder(url: &str) -> ClientBuilder {
    Client::builder("project-1", Credentials::basic("key-id", "key-secret"))
        .base_url(url)
        .auth_url(url)
        .no_proxy()
}

/// A record of TLS.
fn record(kind: u8, content: &[u8]) -> faults::Step {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    faults::send([&[kind, 3, 3], &length[..], content].concat())
}

fn alert(description: u8) -> faults::Step {
    record(21, &[2, description])
}

/// A server's first words in a version of TLS: 2 is TLS 1.1.
fn server_hello(minor: u8) -> faults::Step {
    let hello = [&[3, minor][..], &[7; 32], &[0], &[0xc0, 0x13], &[0]].concat();
    let length = u8::try_from(hello.len()).unwrap();
    record(22, &[&[2, 0, 0, length], hello.as_slice()].concat())
}

/// A server that does not get as far as a connection.
struct Handshake {
    what: &'static str,
    /// What it does once the client's first words have begun to arrive.
    script: Vec<faults::Step>,
    /// A piece of what the error says.
    piece: &'static str,
    /// Whether another attempt is worth it.
    passing: bool,
}

#[test]
fn a_handshake_that_fails_says_why_and_is_repeated_where_that_may_help() {
    use faults::Step::{Drip, End, Flood, Reset};
    let row = |what, script: Vec<faults::Step>, piece, passing| Handshake {
        what,
        script,
        piece,
        passing,
    };
    let rows = vec![
        row("TLS 1.1", vec![server_hello(2)], "ServerDoesNotSupportTls12Or13", false),
        row("refuses our versions", vec![alert(70)], "ProtocolVersion", false),
        row("refuses our ciphers", vec![alert(40)], "HandshakeFailure", false),
        row("does not know the name", vec![alert(112)], "UnrecognisedName", false),
        row(
            "plain HTTP",
            vec![faults::reply(400, r#"{"error":"hush"}"#), End],
            "InvalidContentType",
            false,
        ),
        row(
            "the banner of SSH",
            vec![faults::send("SSH-2.0-OpenSSH_9.2\r\n")],
            "corrupt message",
            false,
        ),
        row("a response before its time", vec![record(23, b"{}")], "unexpected message", false),
        row(
            "a record that is too long",
            vec![faults::send([22, 3, 3, 255, 255])],
            "corrupt message",
            false,
        ),
        row("endless rubbish in form", vec![Flood(vec![22, 3, 3, 0, 1, 0], 1 << 20)], "", false),
        row("closes", vec![End], "", true),
        row("closes in the middle", vec![faults::send([22, 3, 3, 0, 90, 2]), End], "", true),
        row("says goodbye", vec![record(21, &[1, 0]), End], "", true),
        row("resets", vec![Reset], "reset", true),
        row("stalls", vec![], "timed out", true),
        row("stalls in the middle", vec![faults::send([22, 3, 3, 0, 90, 2])], "timed out", true),
        row(
            "a byte at a time",
            vec![Drip(
                [22, 3, 3, 64, 0, 2].into_iter().chain([0; 400]).collect(),
                Duration::from_millis(200),
            )],
            "timed out",
            true,
        ),
    ];
    assert!(rows.len() >= 16);
    thread::scope(|scope| {
        for row in rows {
            scope.spawn(move || {
                let name = row.what;
                let script = [vec![faults::Step::Read(5)], row.script].concat();
                let server = Faults::new([script]);
                let url = format!("https://127.0.0.1:{}", server.port);
                let connect_timeout = connect_timeout(row.piece);
                let client =
                    builder(&url).connect_timeout(connect_timeout).max_attempts(2).build().unwrap();
                let began = Instant::now();
                let error = client.release(NUMBER).unwrap_err();
                assert!(began.elapsed() < bound(connect_timeout * 4), "{name}");
                let expected = Failed {
                    kind: "transport:tls".to_owned(),
                    status: None,
                    attempts: if row.passing { 2 } else { 1 },
                    maybe_applied: false,
                    can_retry: row.passing,
                };
                let text = whole_message(&error);
                assert_eq!(Failed::from(&error), expected, "{name}: {text}");
                assert!(text.contains(row.piece), "{name}: {text}");
                assert!(!text.contains("hush"), "{name}: {text}");
                assert_eq!(server.connections(), if row.passing { 2 } else { 1 }, "{name}");
                server.assert_held(0, name);
            });
        }
    });
}

#[test]
fn the_deadline_ends_a_handshake_too() {
    let server = Faults::new([vec![]]);
    let url = format!("https://127.0.0.1:{}", server.port);
    let client = builder(&url).timeout(Duration::from_secs(2)).build().unwrap();
    let error = client.get(NUMBER).unwrap_err();
    assert_eq!(kind(&error), "timeout:tls", "{error:?}");
    assert_eq!((error.attempts(), server.connections()), (1, 1));
    server.assert_held(0, "deadline");
}

#[test]
fn tls_where_plain_http_is_wanted() {
    let authority = Authority::new();
    let server = Secure::new(authority.certify(&["localhost"], |_| ()));
    let url = format!("http://localhost:{}", server.port);
    let error = builder(&url).max_attempts(1).build().unwrap().get(NUMBER).unwrap_err();
    assert_eq!(kind(&error), "protocol", "{error:?}");
    assert!(server.requests().is_empty());
}

#[test]
fn each_version_that_is_left_is_spoken() {
    let authority = Authority::new();
    let file = authority.file("versions.pem");
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let identity = authority.certify(&["localhost"], |_| ());
        let server = Secure::playing(config(identity, versions), [vec![Step::Serve]]);
        let client = builder(&server.url("localhost")).ca_file(&file).build().unwrap();
        assert!(client.get(NUMBER).is_ok(), "{versions:?}");
    }
}

const GZIP_HALF: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab];

/// An exchange whose TLS ends or breaks somewhere.
struct Ending {
    what: &'static str,
    operation: &'static str,
    script: Vec<Step>,
    /// What comes of it: `ok`, or kind and status.
    kind: &'static str,
    status: Option<u16>,
}

fn endings() -> Vec<Ending> {
    use Step::{CloseNotify, End, Raw, Request, Reset};
    const HEAD: &str = "HTTP/1.1 200 OK\r\n";
    let row = |what, operation, script: Vec<Step>, kind, status| Ending {
        what,
        operation,
        script,
        kind,
        status,
    };
    let read = |what, script, kind, status| row(what, "active_get", script, kind, status);
    let write = |what, script, kind, status| row(what, "active_update", script, kind, status);
    let remove = |what, script, kind, status| {
        row(what, "emergency_address_deprovision", script, kind, status)
    };
    let response = |head: &str, body: &str| send(&format!("{HEAD}{head}\r\n{body}"));
    let to_the_end = |body: &str| response("Connection: close\r\n", body);
    let lost = Some(200);
    vec![
        // A body without a length ends with its connection, and only the server's own goodbye proves that it was the server.
        read("no length, goodbye", vec![Request, to_the_end("{}"), CloseNotify], "ok", None),
        read(
            "no length, goodbye, end",
            vec![Request, to_the_end("{}"), CloseNotify, End],
            "ok",
            None,
        ),
        read(
            "no length, cut",
            vec![Request, to_the_end(r#"{"a":1,"#), End],
            "transport:receive",
            lost,
        ),
        read("no length, end", vec![Request, to_the_end("{}"), End], "transport:receive", lost),
        read("no length, reset", vec![Request, to_the_end("{}"), Reset], "transport", lost),
        read(
            "no length, rubbish",
            vec![
                Request,
                to_the_end("{}"),
                Raw(vec![
                    23, 3, 3, 0, 20, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
                ]),
            ],
            "transport",
            lost,
        ),
        write(
            "a write, no length, end",
            vec![Request, to_the_end("{}"), End],
            "transport:receive",
            lost,
        ),
        // An empty body is all that says that the address is gone.
        remove("empty, goodbye", vec![Request, to_the_end(""), CloseNotify], "ok", None),
        remove("empty, end", vec![Request, to_the_end(""), End], "transport:receive", lost),
        remove("empty, reset", vec![Request, to_the_end(""), Reset], "transport", lost),
        remove(
            "empty by its length, end",
            vec![Request, response("Content-Length: 0\r\n", ""), End],
            "ok",
            None,
        ),
        // Where the length is known the goodbye proves nothing.
        read(
            "length, end",
            vec![Request, response("Content-Length: 2\r\n", "{}"), End],
            "ok",
            None,
        ),
        read(
            "length, goodbye in the body",
            vec![Request, response("Content-Length: 9\r\n", "{}"), CloseNotify],
            "transport:receive",
            lost,
        ),
        read(
            "length, end in the body",
            vec![Request, response("Content-Length: 9\r\n", "{}"), End],
            "transport:receive",
            lost,
        ),
        read(
            "length, reset in the body",
            vec![Request, response("Content-Length: 9\r\n", "{}"), Reset],
            "transport",
            lost,
        ),
        read(
            "chunks, end",
            vec![Request, response("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), End],
            "ok",
            None,
        ),
        read(
            "chunks, goodbye between",
            vec![Request, response("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n"), CloseNotify],
            "transport:receive",
            lost,
        ),
        read(
            "compressed, goodbye in it",
            vec![
                Request,
                Step::Send(
                    [
                        format!("{HEAD}Content-Encoding: gzip\r\nConnection: close\r\n\r\n")
                            .as_bytes(),
                        GZIP_HALF,
                    ]
                    .concat(),
                ),
                CloseNotify,
            ],
            "transport:receive",
            lost,
        ),
        read("goodbye instead of a response", vec![Request, CloseNotify], "transport:wait", None),
        read("end instead of a response", vec![Request, End], "transport:wait", None),
        read("goodbye in the head", vec![Request, send(HEAD), CloseNotify], "transport:wait", None),
        write(
            "rubbish instead of a response",
            vec![Request, Raw(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())],
            "transport:wait",
            None,
        ),
        read(
            "an alert past TLS",
            vec![Request, Raw(vec![21, 3, 3, 0, 2, 2, 80])],
            "transport:wait",
            None,
        ),
        // An error status stands, whatever became of its body.
        read(
            "an error status, cut",
            vec![Request, send("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n{\"er"), End],
            "api",
            Some(404),
        ),
        // What is no part of a response is passed over.
        read(
            "new keys before the response",
            vec![Request, Step::UpdateKeys, response("Content-Length: 2\r\n", "{}")],
            "ok",
            None,
        ),
        read(
            "new keys in the response",
            vec![Request, response("Content-Length: 2\r\n", "{"), Step::UpdateKeys, send("}")],
            "ok",
            None,
        ),
    ]
}

#[test]
fn a_response_counts_as_whole_only_if_its_end_is_the_servers() {
    let rows = endings();
    assert!(rows.len() >= 25);
    let authority = &Authority::new();
    let file = &authority.file("endings.pem");
    thread::scope(|scope| {
        for row in rows {
            scope.spawn(move || {
                let name = row.what;
                let identity = authority.certify(&["localhost"], |_| ());
                let server = Secure::playing(config(identity, ALL_VERSIONS), [row.script]);
                let call = call(row.operation);
                let client = builder(&server.url("localhost"))
                    .ca_file(file)
                    .max_attempts(1)
                    .build()
                    .unwrap();
                let result = call.run(&client);
                if row.kind == "ok" {
                    let done = result.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                    assert_eq!((done.json.as_str(), done.attempts), ("{}", 1), "{name}");
                    return;
                }
                let error = result.expect_err(name);
                let maybe_applied = call.writes;
                // Which phase it is depends on what had been read when it happened, where none is named.
                let kind = if row.kind == "transport" && kind(&error) == "transport:wait" {
                    "transport:wait"
                } else if row.kind == "transport" {
                    "transport:receive"
                } else {
                    row.kind
                };
                let expected = Failed {
                    kind: kind.to_owned(),
                    status: row.status.filter(|_| row.kind == "api"),
                    attempts: 1,
                    maybe_applied,
                    can_retry: row.kind.starts_with("transport") && !maybe_applied,
                };
                assert_eq!(Failed::from(&error), expected, "{name}: {error:?}");
            });
        }
    });
}

#[test]
fn a_read_that_was_cut_is_read_again() {
    let authority = Authority::new();
    let identity = authority.certify(&["localhost"], |_| ());
    let cut = vec![
        Step::Request,
        send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"displayName\":\"a\""),
        Step::End,
    ];
    let server = Secure::playing(config(identity, ALL_VERSIONS), [cut, vec![Step::Serve]]);
    let client =
        builder(&server.url("localhost")).ca_file(authority.file("cut.pem")).build().unwrap();
    assert_eq!(client.get(NUMBER).unwrap().attempts(), 2);
}

/// A server that wants to know its clients says no in the handshake of TLS 1.2; in that of 1.3 only after the request has gone out.
#[test]
fn a_server_that_wants_a_certificate_of_its_clients() {
    let authority = Authority::new();
    // With TLS 1.3 the server says so only after the request: in place of a response, so that nothing was applied.
    for version in [&TLS12, &TLS13] {
        let identity = authority.certify(&["localhost"], |_| ());
        let config = config_for_known_clients(identity, &[version]);
        let server = Secure::playing(config, [vec![Step::Serve]]);
        let client = builder(&server.url("localhost"))
            .ca_file(authority.file("known-clients.pem"))
            .max_attempts(1)
            .build()
            .unwrap();
        let error = client.release(NUMBER).unwrap_err();
        assert_eq!(kind(&error), "transport:tls", "{error:?}");
        assert!(!error.may_have_been_applied() && !error.can_retry(), "{error:?}");
        let text = whole_message(&error);
        assert!(text.contains("received fatal alert: "), "{text}");
        assert!(server.requests().is_empty());
    }
}
