//! Servers that are slow, or never stop: wherever they do it, the call ends at its deadline and says where it stood.

use std::time::Duration;

use crate::support::exchanges::{CHUNKED, GZIP, Row, bytes, check_by_turns, head, row};
use crate::support::faults::{Step, send};

/// What is to pass in each row: long enough for what comes before the silence, however busy the machine is.
const DEADLINE: Duration = Duration::from_secs(3);
const WAIT: &str = "timeout:wait";
const RECEIVE: &str = "timeout:receive";

/// Sends so much and then nothing any more.
fn stalls(what: &str, text: impl Into<Vec<u8>>, right: &'static str) -> Row {
    row(format!("silence {what}"), vec![Step::Request, send(text)], right)
}

/// Sends so much and the rest byte by byte: each comes in time, the last one never.
fn drips(
    what: &str,
    text: impl Into<Vec<u8>>,
    rest: impl Into<Vec<u8>>,
    right: &'static str,
) -> Row {
    let pause = Duration::from_millis(500);
    row(
        format!("drops {what}"),
        vec![Step::Request, send(text), Step::Drip(rest.into(), pause)],
        right,
    )
}

/// Sends so much, and then the same again and again.
fn floods(
    what: &str,
    text: impl Into<Vec<u8>>,
    again: impl Into<Vec<u8>>,
    right: &'static str,
) -> Row {
    let again = again.into();
    // Big pieces: what counts is that it never ends, not how often this side is woken.
    let piece = again.repeat((4096 / again.len()).max(1));
    row(
        format!("no end of {what}"),
        vec![Step::Request, send(text), Step::Flood(piece, u64::MAX)],
        right,
    )
}

fn silences() -> Vec<Row> {
    let gzip = head(&format!("Content-Encoding: gzip\r\nContent-Length: {}", GZIP.len()));
    let gzip_chunks = head("Content-Encoding: gzip\r\nTransfer-Encoding: chunked");
    let length = head("Content-Length: 2");
    vec![
        stalls("after the request", "", WAIT),
        stalls("after a byte", "H", WAIT),
        stalls("in the version", "HTTP/1", WAIT),
        stalls("in the status", "HTTP/1.1 2", WAIT),
        stalls("in the reason phrase", "HTTP/1.1 200 O", WAIT),
        stalls("behind the status line", "HTTP/1.1 200 OK\r\n", WAIT),
        stalls("in the name of a header", "HTTP/1.1 200 OK\r\nConte", WAIT),
        stalls("in the value of a header", "HTTP/1.1 200 OK\r\nContent-Length: 2", WAIT),
        stalls(
            "before the last byte of the head",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r",
            WAIT,
        ),
        stalls("in the head of an error", "HTTP/1.1 404 X\r\n", WAIT),
        stalls("behind an interim response", "HTTP/1.1 100 Continue\r\n\r\n", WAIT),
        stalls("behind an early hint", "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n", WAIT),
        stalls("behind an empty line", "\r\n", WAIT),
        stalls("between head and body", length.clone(), RECEIVE),
        stalls("in the body", length.clone() + "{", RECEIVE),
        stalls("behind a body that was to be longer", head("Content-Length: 3") + "{}", RECEIVE),
        stalls("behind a body of no length", head("X: y") + "{}", RECEIVE),
        stalls("between head and a body of no length", head("X: y"), RECEIVE),
        stalls("before the first chunk", CHUNKED, RECEIVE),
        stalls("in a chunk size", format!("{CHUNKED}1"), RECEIVE),
        stalls("in the end of a chunk size", format!("{CHUNKED}2\r"), RECEIVE),
        stalls("in a chunk extension", format!("{CHUNKED}2;a=b"), RECEIVE),
        stalls("behind a chunk size", format!("{CHUNKED}2\r\n"), RECEIVE),
        stalls("in chunk data", format!("{CHUNKED}2\r\n{{"), RECEIVE),
        stalls("behind chunk data", format!("{CHUNKED}2\r\n{{}}"), RECEIVE),
        stalls("between chunks", format!("{CHUNKED}2\r\n{{}}\r\n"), RECEIVE),
        stalls("in the last chunk size", format!("{CHUNKED}2\r\n{{}}\r\n0"), RECEIVE),
        stalls("before the trailer", format!("{CHUNKED}2\r\n{{}}\r\n0\r\n"), RECEIVE),
        stalls("in the trailer", format!("{CHUNKED}2\r\n{{}}\r\n0\r\nX: y"), RECEIVE),
        stalls("before gzip", gzip.clone(), RECEIVE),
        stalls("in the head of gzip", bytes(&[gzip.as_bytes(), &GZIP[..5]]), RECEIVE),
        stalls("in gzip", bytes(&[gzip.as_bytes(), &GZIP[..12]]), RECEIVE),
        stalls("before the sum of gzip", bytes(&[gzip.as_bytes(), &GZIP[..14]]), RECEIVE),
        stalls(
            "in gzip in chunks",
            bytes(&[gzip_chunks.as_bytes(), b"9\r\n", &GZIP[..9], b"\r\n"]),
            RECEIVE,
        ),
        // What the status said stands in what it means for a write, not in what became of the call.
        stalls(
            "in the body of a 404",
            "HTTP/1.1 404 X\r\nContent-Length: 9\r\n\r\n{",
            "refused timeout:receive",
        ),
        stalls("in the body of a 503", "HTTP/1.1 503 X\r\nContent-Length: 9\r\n\r\n{", RECEIVE),
    ]
}

fn drops() -> Vec<Row> {
    let length = head("Content-Length: 99");
    let gzip = head(&format!("Content-Encoding: gzip\r\nContent-Length: {}", GZIP.len()));
    vec![
        drips("of a status line", "", "HTTP/1.1 200 OK\r\n\r\n", WAIT),
        drips("of an interim response", "", "HTTP/1.1 100 Continue\r\n\r\n".repeat(9), WAIT),
        drips("of headers", "HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n".repeat(9), WAIT),
        drips("of empty lines", "", "\r\n".repeat(99), WAIT),
        drips("of a body", length.clone(), " ".repeat(99), RECEIVE),
        drips("of a body of no length", head("X: y"), "{}".to_owned() + &" ".repeat(99), RECEIVE),
        drips("of a chunk size", CHUNKED, "0".repeat(15) + "2\r\n{}", RECEIVE),
        drips("of chunk data", format!("{CHUNKED}99\r\n"), " ".repeat(99), RECEIVE),
        drips("of chunks", CHUNKED, "1\r\n \r\n".repeat(20), RECEIVE),
        drips(
            "of a trailer",
            format!("{CHUNKED}2\r\n{{}}\r\n0\r\n"),
            "X: y\r\n".repeat(20),
            RECEIVE,
        ),
        drips("of gzip", gzip, GZIP, RECEIVE),
        drips(
            "of the body of a 500",
            "HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\n",
            " ".repeat(99),
            RECEIVE,
        ),
    ]
}

fn floods_of_nothing() -> Vec<Row> {
    // Too much at once is too big for a head.
    const EITHER: &str = "timeout:wait or protocol";
    // A block of nothing, which is not the last.
    let gzip = bytes(&[head("Content-Encoding: gzip").as_bytes(), &GZIP[..10]]);
    vec![
        floods("interim responses", "", "HTTP/1.1 100 Continue\r\n\r\n", EITHER),
        floods("early hints", "", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", EITHER),
        floods(
            "trailers",
            format!("{CHUNKED}2\r\n{{}}\r\n0\r\n"),
            "X-Checksum: 1\r\n",
            // ureq reads trailers one by one, and counts none.
            "timeout:receive or protocol 200",
        ),
        floods("compressed nothing", gzip, b"\x00\x00\x00\xff\xff", RECEIVE),
        floods(
            "empty members of gzip",
            head("Content-Encoding: gzip"),
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00",
            RECEIVE,
        ),
    ]
}

#[test]
fn a_call_ends_at_its_deadline_wherever_the_server_is_slow() {
    // The floods after the others: they take all of the machine that they can get.
    let tables = [[silences(), drops()].into_iter().flatten().collect(), floods_of_nothing()];
    let cases =
        tables.iter().map(|rows: &Vec<Row>| check_by_turns(rows, DEADLINE, |builder| builder));
    assert!(cases.sum::<usize>() >= 53);
}
