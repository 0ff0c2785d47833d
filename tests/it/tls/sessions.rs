//! What outlives a response under TLS: idle connections, sessions, and trust that each host has to earn.

use std::thread;

use rustls::version::{TLS12, TLS13};
use rustls::{ALL_VERSIONS, HandshakeKind};
use sinch_numbers::{Client, Credentials};

use crate::support::calls::{NUMBER, kind, whole_message};
use crate::support::faults::Gate;
use crate::support::tls_server::{Authority, Secure, Step, config, send};
use crate::tls::faults::builder;

const RESPONSE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
const LAST_RESPONSE: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";

/// What happens between two calls, and how many connections they then need.
#[test]
fn idle_connections_live_through_what_is_no_response_and_nothing_else() {
    use Step::{Await, CloseNotify, End, Request, Serve, UpdateKeys};
    let response = || send(RESPONSE);
    let unasked = || send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 2\r\n\r\n{}");
    // What happens while the connection is idle, and whether it is still good afterwards.
    let rows: Vec<(&str, Vec<Step>, bool)> = vec![
        ("nothing", vec![], true),
        ("new keys", vec![UpdateKeys], true),
        ("new keys twice", vec![UpdateKeys, UpdateKeys], true),
        ("a goodbye", vec![CloseNotify], false),
        ("a goodbye and the end", vec![CloseNotify, End], false),
        ("the end", vec![End], false),
        ("new keys and a goodbye", vec![UpdateKeys, CloseNotify], false),
        ("new keys and the end", vec![UpdateKeys, End], false),
        ("a response unasked", vec![unasked()], false),
        ("new keys and a response unasked", vec![UpdateKeys, unasked()], false),
        ("rubbish", vec![Step::Raw(b"rubbish!".to_vec())], false),
    ];
    let authority = &Authority::new();
    let file = &authority.file("idle.pem");
    thread::scope(|scope| {
        for (name, idle, good) in rows {
            scope.spawn(move || {
                let identity = authority.certify(&["localhost"], |_| ());
                let (gate, steps) = (Gate::default(), 3 + idle.len());
                let first = [vec![Request, response(), Await(gate.clone())], idle, vec![Serve]];
                let server =
                    Secure::playing(config(identity, &[&TLS13]), [first.concat(), vec![Serve]]);
                let client = builder(&server.url("localhost")).ca_file(file).build().unwrap();
                client.get(NUMBER).unwrap();
                gate.open();
                server.await_steps(steps);
                // A write: it must not be sent where nobody listens.
                let response = client.release(NUMBER).unwrap_or_else(|e| panic!("{name}: {e:?}"));
                assert_eq!((response.attempts(), response.reconciled()), (1, false), "{name}");
                assert_eq!(client.get(NUMBER).unwrap().attempts(), 1, "{name}");
                assert_eq!(server.connections(), if good { 1 } else { 2 }, "{name}");
                assert_eq!(server.requests().len(), 3, "{name}");
            });
        }
    });
}

/// Neither in a record of its own nor in the same one, neither read already nor still in a buffer.
#[test]
fn what_comes_with_a_response_is_not_taken_for_the_next_one() {
    let unasked = |size| {
        let body = format!(r#"{{"displayName":"{}"}}"#, "x".repeat(size));
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    let rows = [
        ("in the same record", vec![format!("{RESPONSE}{}", unasked(9))]),
        ("in another", vec![RESPONSE.to_owned(), unasked(9)]),
        ("longer than is read at once", vec![RESPONSE.to_owned(), unasked(9000)]),
    ];
    let authority = Authority::new();
    for (name, records) in rows {
        let identity = authority.certify(&["localhost"], |_| ());
        let records = records.into_iter().map(String::into_bytes).collect();
        let first = vec![Step::Request, Step::Together(records), Step::Serve];
        let server = Secure::playing(config(identity, ALL_VERSIONS), [first, vec![Step::Serve]]);
        let client = builder(&server.url("localhost"))
            .ca_file(authority.file("unasked.pem"))
            .build()
            .unwrap();
        client.get(NUMBER).unwrap();
        assert_eq!(client.release(NUMBER).unwrap().json(), "{}", "{name}");
        assert_eq!(server.connections(), 2, "{name}");
    }
}

#[test]
fn sessions_are_resumed() {
    let authority = Authority::new();
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let identity = authority.certify(&["localhost"], |_| ());
        let last = vec![Step::Request, send(LAST_RESPONSE), Step::CloseNotify, Step::End];
        let server = Secure::playing(config(identity, versions), [last]);
        let client = builder(&server.url("localhost"))
            .ca_file(authority.file("resumed.pem"))
            .build()
            .unwrap();
        for _ in 0..3 {
            client.get(NUMBER).unwrap();
        }
        let [first, rest @ ..] = &server.handshakes()[..] else { panic!() };
        assert!(!matches!(first, HandshakeKind::Resumed), "{versions:?}");
        assert_eq!(rest, [HandshakeKind::Resumed; 2], "{versions:?}");
        // Another client knows nothing of it.
        let other = builder(&server.url("localhost"))
            .ca_file(authority.file("resumed.pem"))
            .build()
            .unwrap();
        other.get(NUMBER).unwrap();
        assert!(!matches!(server.handshakes()[3], HandshakeKind::Resumed), "{versions:?}");
    }
}

#[test]
fn one_handshake_serves_tokens_and_calls_alike() {
    let authority = Authority::new();
    let server = Secure::new(authority.certify(&["localhost"], |_| ()));
    let url = server.url("localhost");
    let client = Client::builder("project-1", Credentials::oauth2("key-id", "key-secret"))
        .base_url(&url)
        .auth_url(&url)
        .no_proxy()
        .ca_file(authority.file("trusted.pem"))
        .build()
        .unwrap();
    for _ in 0..20 {
        client.get(NUMBER).unwrap();
    }
    assert_eq!((server.connections(), server.requests().len()), (1, 21));
}

/// Neither of two hosts is trusted because the other is.
#[test]
fn a_token_endpoint_that_cannot_be_trusted_is_shown_no_key() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let api = Secure::new(ours.certify(&["localhost"], |_| ()));
    let tokens = Secure::new(theirs.certify(&["localhost"], |_| ()));
    let client = Client::builder("project-1", Credentials::oauth2("key-id", "key-secret"))
        .base_url(api.url("localhost"))
        .auth_url(tokens.url("localhost"))
        .no_proxy()
        .ca_file(ours.file("tokens.pem"))
        .build()
        .unwrap();
    let error = client.release(NUMBER).unwrap_err();
    assert_eq!(kind(&error), "transport:tls", "{error:?}");
    assert!(whole_message(&error).contains("access token"), "{error}");
    assert!(!error.can_retry() && !error.may_have_been_applied());
    assert_eq!((api.connections(), tokens.connections()), (0, 1));
    assert!(tokens.requests().is_empty());
}
