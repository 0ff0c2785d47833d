//! Broken connections, and how tables of broken exchanges are run: whatever a server does, the call ends with the right kind of
//! failure, tells whether a write may have been applied, and leaves no connection behind.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sinch_numbers::{Client, ClientBuilder};
use socket2::{Domain, Socket, Type};

use crate::support::calls::{CALLS, Call, Done, Failed, bound, whole_message};
use crate::support::faults::{Faults, Step, send};

/// For exchanges that do not wait for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// One exchange that goes wrong, or looks as if it did.
pub(crate) struct Row {
    pub(crate) what: String,
    /// What each connection does, over and over.
    pub(crate) script: Vec<Step>,
    /// What the call comes to, in words:
    /// - `ok`: it succeeds with `{}`; `ok, kept`: and its connection is used again; `ok, closed`: and is not;
    /// - `empty`, with a status if it is not 200: the response has no body, which only deprovision may have;
    /// - a failure as [`kind`](crate::support::calls::kind) names it, with the status, if the error has one: `protocol 200`. Where the
    ///   network decides which of several it is, they stand with `or` between them. A connection whose response came whole may
    ///   be kept, whatever it said, but for `protocol 200, closed`. `refused` before it: a write was not applied, for the head
    ///   of the response said so.
    pub(crate) right: &'static str,
}

pub(crate) fn row(what: impl Into<String>, script: Vec<Step>, right: &'static str) -> Row {
    Row { what: what.into(), script, right }
}

/// Answers with these bytes and keeps the connection: what is wrong must be seen without its end.
pub(crate) fn stays(
    what: impl Into<String>,
    bytes: impl Into<Vec<u8>>,
    right: &'static str,
) -> Row {
    row(what, vec![Step::Request, send(bytes)], right)
}

/// Answers with these bytes and ends the stream in order.
pub(crate) fn ends(what: impl Into<String>, bytes: impl Into<Vec<u8>>, right: &'static str) -> Row {
    row(what, vec![Step::Request, send(bytes), Step::End], right)
}

/// Answers with these bytes and resets the connection.
pub(crate) fn resets(
    what: impl Into<String>,
    bytes: impl Into<Vec<u8>>,
    right: &'static str,
) -> Row {
    row(what, vec![Step::Request, send(bytes), Step::Reset], right)
}

/// The head of a successful response, with headers that need no line end behind the last.
pub(crate) fn head(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\r\n\r\n")
}

pub(crate) const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Bytes of which a text and something that is none are made up.
pub(crate) fn bytes(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

impl Row {
    /// What the failures of the row come to for a call, or `None` where it succeeds.
    fn failures(&self, call: &Call) -> Option<Vec<Failed>> {
        let right = self.right.strip_suffix(", closed").unwrap_or(self.right);
        let right = match right.strip_prefix("empty") {
            Some(_) if call.name == "emergency_address_deprovision" => return None,
            Some(status) => {
                format!("protocol{}", if status.is_empty() { " 200" } else { status })
            }
            None if right.starts_with("ok") => return None,
            None => right.to_owned(),
        };
        Some(right.split(" or ").map(|right| failed(right, call)).collect())
    }

    /// Checks the row with one operation.
    pub(crate) fn check(
        &self,
        call: &Call,
        deadline: Duration,
        configure: fn(ClientBuilder) -> ClientBuilder,
    ) -> Result<(), String> {
        let name = format!("{} / {}", self.what, call.name);
        let mut script = self.script.clone();
        let kept = self.right == "ok, kept";
        if matches!(script.first(), Some(Step::Request)) {
            // For what comes over the same connection, if it is kept: a write asks what became of it.
            script.extend(self.script.clone());
        }
        let server = Faults::new([script]);
        let client = configure(server.builder().max_attempts(1).timeout(deadline)).build().unwrap();
        let began = Instant::now();
        let result = call.run(&client);
        let took = began.elapsed();
        let said = match (&result, self.failures(call)) {
            (Ok(done), None) => {
                let expected = Done { json: "{}".to_owned(), attempts: 1, reconciled: false };
                let done = Done { json: done.json.replace(' ', ""), ..done.clone() };
                (done == expected).then_some(()).ok_or_else(|| format!("{done:?}"))
            }
            (Err(error), Some(expected)) if expected.contains(&Failed::from(error)) => Ok(()),
            (Err(error), _) => Err(format!("{:?}: {error:?}", Failed::from(error))),
            (Ok(done), _) => Err(format!("{done:?}")),
        };
        said.map_err(|said| format!("{name}: {} is right, not {said}", self.right))?;
        if took > bound(deadline) {
            return Err(format!("{name}: took {took:?}"));
        }
        if kept {
            let again = call.run(&client);
            if again.is_err() || server.connections() != 1 {
                return Err(format!("{name}: the connection was not kept: {again:?}"));
            }
        }
        let whole = result.as_ref().map_or_else(|error| error.http_status().is_some(), |_| true);
        let held = usize::from(whole && !self.right.ends_with("closed"));
        server.check_held(held).map_err(|held| format!("{name}: {held}"))
    }
}

/// A failure in words, for a call of one attempt.
pub(crate) fn failed(right: &str, call: &Call) -> Failed {
    let (right, unapplied) = match right.strip_prefix("refused ") {
        Some(right) => (right, true),
        None => (right, false),
    };
    let (kind, status) = match right.split_once(' ') {
        Some((kind, status)) => (kind, Some(status.parse().unwrap())),
        None => (right, None),
    };
    let sent = !matches!(kind, "transport:connect" | "timeout:connect");
    // What a server says with these about a write is that it did not do it.
    let refused = matches!(status, Some(301 | 307 | 308 | 400..=407 | 409..=499));
    let maybe_applied = call.writes && sent && !refused && !unapplied;
    let passing = kind.starts_with("transport")
        || kind.starts_with("timeout")
        || kind == "rate"
        || (kind == "api" && matches!(status, Some(500 | 502 | 503 | 504)));
    Failed {
        kind: kind.to_owned(),
        status,
        attempts: 1,
        maybe_applied,
        can_retry: passing && !maybe_applied,
    }
}

/// Checks every row with all eight operations and returns how many cases they were: a row is one, and two where deprovision
/// comes to something else than the others.
pub(crate) fn check(
    rows: &[Row],
    deadline: Duration,
    configure: fn(ClientBuilder) -> ClientBuilder,
) -> usize {
    let pairs = rows.iter().flat_map(|row| CALLS.map(move |call| (row, call)));
    check_pairs(rows, &pairs.collect::<Vec<_>>(), deadline, configure)
}

/// The same with a read and a write for each row, by turns: for rows that have to wait.
pub(crate) fn check_by_turns(
    rows: &[Row],
    deadline: Duration,
    configure: fn(ClientBuilder) -> ClientBuilder,
) -> usize {
    let pairs = rows.iter().enumerate().flat_map(|(index, row)| {
        let turn = index % 4;
        [Call::reads().nth(turn), Call::writes().nth(turn)]
            .into_iter()
            .flatten()
            .map(move |call| (row, call))
    });
    check_pairs(rows, &pairs.collect::<Vec<_>>(), deadline, configure)
}

fn check_pairs(
    rows: &[Row],
    pairs: &[(&Row, Call)],
    deadline: Duration,
    configure: fn(ClientBuilder) -> ClientBuilder,
) -> usize {
    in_parallel(pairs, |(row, call)| row.check(call, deadline, configure));
    let mut names: Vec<&str> = rows.iter().map(|row| row.what.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "two rows have the same name");
    rows.iter().map(|row| if row.right.starts_with("empty") { 2 } else { 1 }).sum()
}

/// Checks items on several threads, since most of them wait most of the time, and shows everything that is wrong at once.
pub(crate) fn in_parallel<T: Sync>(items: &[T], check: impl Fn(&T) -> Result<(), String> + Sync) {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..items.len().min(128) {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(what) = check(item) {
                        wrong.lock().unwrap().push(what);
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

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

/// `{}`, compressed.
pub(crate) const GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";

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
