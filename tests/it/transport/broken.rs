//! Broken connections: reset, closed or ended at every place of an exchange.

use sinch_numbers::Client;
use socket2::{Domain, Socket, Type};

use crate::support::calls::{CALLS, Failed, whole_message};
use crate::support::exchanges::{
    CHUNKED, DEADLINE, GZIP, Row, bytes, check, ends, failed, head, resets, row,
};
use crate::support::faults::Step;

/// Where a whole response can be cut off, and what the call is then doing.
fn cuts() -> Vec<(&'static str, String, &'static str)> {
    let length = head("Content-Length: 14");
    let cut = |what, text: &str| (what, text.to_owned(), "transport:wait");
    let body = |what, text: String| (what, text, "transport:receive");
    let chunk = |what, text: &str| (what, format!("{CHUNKED}{text}"), "transport:receive");
    vec![
        cut("after the first byte", "H"),
        cut("in the version", "HTTP/1."),
        cut("before the status", "HTTP/1.1 "),
        cut("in the status", "HTTP/1.1 20"),
        cut("behind the status", "HTTP/1.1 200"),
        cut("in the reason phrase", "HTTP/1.1 200 O"),
        cut("in the end of the status line", "HTTP/1.1 200 OK\r"),
        cut("behind the status line", "HTTP/1.1 200 OK\r\n"),
        cut("in the name of a header", "HTTP/1.1 200 OK\r\nContent-Le"),
        cut("in the value of a header", "HTTP/1.1 200 OK\r\nContent-Length: 2"),
        cut("behind a header", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"),
        cut("before the last byte of the head", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r"),
        cut("in the head of an error", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n"),
        cut("behind an interim response", "HTTP/1.1 100 Continue\r\n\r\n"),
        cut("behind an early hint", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        cut("in the head behind an interim response", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"),
        cut("behind empty lines", "\r\n\r\n"),
        body("between head and body", length.clone()),
        body("after a byte of the body", format!("{length}{{")),
        body("before the last byte of the body", format!("{length}{{\"a\": \"bcde\"")),
        chunk("before the first chunk", ""),
        chunk("in a chunk size", "1"),
        chunk("in the end of a chunk size", "2\r"),
        chunk("in a chunk extension", "2;name=val"),
        chunk("behind a chunk size", "2\r\n"),
        chunk("in chunk data", "2\r\n{"),
        chunk("behind chunk data", "2\r\n{}"),
        chunk("in the end of a chunk", "2\r\n{}\r"),
        chunk("between two chunks", "2\r\n{}\r\n"),
        chunk("in the second chunk", "1\r\n{\r\n2\r\n}"),
        chunk("in the last chunk size", "2\r\n{}\r\n0"),
        chunk("in the end of the last chunk size", "2\r\n{}\r\n0\r"),
        chunk("in the trailer", "2\r\n{}\r\n0\r\nX-Checksum: 1"),
    ]
}

fn connections() -> Vec<Row> {
    // A reset, or a close with unread bytes, meets the client wherever it is.
    const RACE: &str = "transport:connect or transport:send or transport:wait";
    const SENDING: &str = "transport:send or transport:wait";
    let gzip = GZIP;
    let length = format!("Content-Encoding: gzip\r\nContent-Length: {}", gzip.len());
    let half = &gzip[..gzip.len() / 2];
    let mut rows = vec![
        row("reset at once", vec![Step::Reset], RACE),
        row("closed at once", vec![Step::Drop], SENDING),
        row("ended at once", vec![Step::End], "transport:wait"),
        row("reset after a byte of the request", vec![Step::Read(1), Step::Reset], SENDING),
        row("closed after a byte of the request", vec![Step::Read(1), Step::Drop], SENDING),
        row("ended in the head of the request", vec![Step::Read(30), Step::End], "transport:wait"),
        row("reset in the head of the request", vec![Step::Read(30), Step::Reset], SENDING),
        row("closed in the head of the request", vec![Step::Read(30), Step::Drop], SENDING),
        row("ended after the head of the request", vec![Step::Head, Step::End], "transport:wait"),
        row("reset after the head of the request", vec![Step::Head, Step::Reset], SENDING),
        row("closed after the head of the request", vec![Step::Head, Step::Drop], SENDING),
        row("ended after the request", vec![Step::Request, Step::End], "transport:wait"),
        row("reset after the request", vec![Step::Request, Step::Reset], "transport:wait"),
        row("closed after the request", vec![Step::Request, Step::Drop], "transport:wait"),
        ends("ended in gzip", bytes(&[head(&length).as_bytes(), half]), "transport:receive"),
        resets("reset in gzip", bytes(&[head(&length).as_bytes(), half]), "transport:receive"),
        ends(
            "ended in gzip of no length",
            bytes(&[head("Content-Encoding: gzip").as_bytes(), half]),
            "transport:receive",
        ),
        resets(
            "reset in gzip of no length",
            bytes(&[head("Content-Encoding: gzip").as_bytes(), half]),
            "transport:receive",
        ),
        ends(
            "ended in gzip in chunks",
            bytes(&[
                head("Content-Encoding: gzip\r\nTransfer-Encoding: chunked").as_bytes(),
                b"a\r\n",
                &half[..10],
                b"\r\n",
            ]),
            "transport:receive",
        ),
        // The end of the stream is the end of such a body; a reset is not.
        ends("ended behind a body of no length", head("X: y") + "{}", "ok, closed"),
        resets("reset in a body of no length", head("X: y") + r#"{"a":"#, "transport:receive"),
        resets("reset behind a body of no length", head("X: y") + "{}", "transport:receive"),
        // The last chunk says that the body is whole (RFC 9112, section 8).
        ends("ended behind the last chunk", format!("{CHUNKED}2\r\n{{}}\r\n0\r\n"), "ok, closed"),
        // The response was whole before the connection went.
        ends("ended behind the response", head("Content-Length: 2") + "{}", "ok"),
        resets("reset behind the response", head("Content-Length: 2") + "{}", "ok"),
        // An error status says enough.
        ends("ended in the body of a 404", error(404), "api 404"),
        resets("reset in the body of a 400", error(400), "api 400"),
        ends("ended in the body of a 401", error(401), "auth 401"),
        ends("ended in the body of a 429", error(429), "rate 429"),
        resets("reset in the body of a 500", error(500), "api 500"),
        ends("ended in the body of a 503", error(503), "api 503"),
        ends("ended in the body of a redirect", error(302), "protocol 302"),
        ends(
            "ended in a chunk of a 502",
            "HTTP/1.1 502 X\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n<html>",
            "api 502",
        ),
    ];
    for (place, text, right) in cuts() {
        rows.push(ends(format!("ended {place}"), text.clone(), right));
        rows.push(resets(format!("reset {place}"), text, right));
    }
    rows
}

/// An error whose body does not come whole.
fn error(status: u16) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Length: 99\r\n\r\n{{\"error\":")
}

#[test]
fn broken_connections_are_told_as_what_they_are() {
    let cases = check(&connections(), DEADLINE, |builder| builder);
    assert!(cases >= 99, "{cases} cases");
}

#[test]
fn a_refused_connection_is_no_applied_write() {
    // Bound and not listening: nobody else can come to listen there.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    let client = Client::builder("project-1", sinch_numbers::Credentials::basic("id", "secret"))
        .base_url(format!("http://127.0.0.1:{port}"))
        .timeout(DEADLINE);
    for attempts in [1, 3] {
        let client = client.clone().max_attempts(attempts).build().unwrap();
        for call in CALLS {
            let error = call.run(&client).unwrap_err();
            let expected = Failed { attempts, ..failed("transport:connect", &call) };
            assert_eq!(Failed::from(&error), expected, "{}: {error:?}", call.name);
            assert!(whole_message(&error).contains("refused"), "{error:?}");
        }
    }
}
