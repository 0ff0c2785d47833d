//! Responses that are too big, requests that nobody reads, hosts that do not accept: the call ends, and memory stays within twice
//! the limit of a response.

use std::time::{Duration, Instant};

use sinch_numbers::{Client, ClientBuilder, Credentials, NumberUpdate};

use crate::support::calls::{Failed, NUMBER, bound, call};
use crate::support::exchanges::{
    CHUNKED, DEADLINE, Row, bytes, check_by_turns, ends, failed, head, row, stays,
};
use crate::support::faults::{Faults, Gate, Step, Unresponsive, send};
use crate::support::toolchain::{bare, compile, printed};

/// How big a response may be in these rows.
const LIMIT: usize = 64 * 1024;
/// How big a head may be.
const HEAD: usize = 16 * 1024;

/// `{}` with as many spaces inside as the limit allows, compressed; and with one more.
const AT_LIMIT: &[u8] = include_bytes!("../support/samples/limit.json.gz");
const OVER_LIMIT: &[u8] = include_bytes!("../support/samples/over-limit.json.gz");
/// 65,536 spaces in 84 bytes, which can be repeated: a block of deflate that looks back at nothing and is not the last.
const SPACES: &[u8] = include_bytes!("../support/samples/spaces.deflate");
const GZIP_HEAD: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03";

/// `{}` with spaces inside, so many bytes long.
fn json(length: usize) -> String {
    format!("{{{}}}", " ".repeat(length - 2))
}

fn in_chunks(body: &str, size: usize) -> String {
    let mut text = CHUNKED.to_owned();
    for piece in body.as_bytes().chunks(size) {
        text += &format!("{:x}\r\n{}\r\n", piece.len(), std::str::from_utf8(piece).unwrap());
    }
    text + "0\r\n\r\n"
}

/// Answers with these bytes and then with the same again and again, until the client hangs up.
fn endless(what: &str, begin: impl Into<Vec<u8>>, again: &[u8], right: &'static str) -> Row {
    let piece = again.repeat((4096 / again.len()).max(1));
    let flood = Step::Flood(piece, u64::MAX);
    row(format!("no end of {what}"), vec![Step::Request, send(begin), flood], right)
}

fn big_heads() -> Vec<Row> {
    const WRONG: &str = "protocol";
    let padded = |length: usize| {
        let begin = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Padding: ";
        begin.to_owned() + &"x".repeat(length - begin.len() - 4) + "\r\n\r\n{}"
    };
    let many = |count: usize| {
        let rest = "X: y\r\n".repeat(count - 1);
        format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{rest}\r\n{{}}")
    };
    let long = "x".repeat(64 * 1024);
    vec![
        stays("a head that just fits", padded(HEAD), "ok, kept"),
        stays("a head that just does not", padded(HEAD + 1), WRONG),
        stays(
            "a header of 64 KB",
            format!("HTTP/1.1 200 OK\r\nX: {long}\r\nContent-Length: 2\r\n\r\n{{}}"),
            WRONG,
        ),
        stays(
            "the name of a header of 64 KB",
            format!("HTTP/1.1 200 OK\r\n{long}: y\r\nContent-Length: 2\r\n\r\n{{}}"),
            WRONG,
        ),
        stays(
            "a reason phrase of 64 KB",
            format!("HTTP/1.1 200 {long}\r\nContent-Length: 2\r\n\r\n{{}}"),
            WRONG,
        ),
        stays(
            "an error with a header of 64 KB",
            format!("HTTP/1.1 404 X\r\nX: {long}\r\nContent-Length: 0\r\n\r\n"),
            WRONG,
        ),
        stays("as many headers as are read", many(128), "ok, kept"),
        stays("one header more than is read", many(129), WRONG),
        stays("2,000 headers", many(2000), WRONG),
        stays("64 KB of empty lines", "\r\n".repeat(32 * 1024), WRONG),
        endless("a status line", "HTTP/1.1 200 ", b"OK", WRONG),
        endless("a header", "HTTP/1.1 200 OK\r\nX: ", b"x", WRONG),
        endless("headers", "HTTP/1.1 200 OK\r\n", b"X: y\r\n", WRONG),
        endless("letters", "", b"A", WRONG),
        endless("NUL", "", b"\0", WRONG),
    ]
}

fn big_bodies() -> Vec<Row> {
    const WRONG: &str = "protocol 200, closed";
    let sized = |body: String| head(&format!("Content-Length: {}", body.len())) + &body;
    let gzip = |body: &[u8]| {
        let headers = head(&format!("Content-Encoding: gzip\r\nContent-Length: {}", body.len()));
        bytes(&[headers.as_bytes(), body])
    };
    let gzip_in_chunks = |body: &[u8]| {
        let headers = head("Content-Encoding: gzip\r\nTransfer-Encoding: chunked");
        let size = format!("{:x}\r\n", body.len());
        bytes(&[headers.as_bytes(), size.as_bytes(), body, b"\r\n0\r\n\r\n"])
    };
    let bomb = bytes(&[head("Content-Encoding: gzip").as_bytes(), GZIP_HEAD]);
    vec![
        stays("as big as allowed", sized(json(LIMIT)), "ok, kept"),
        stays("a byte bigger than allowed", sized(json(LIMIT + 1)), WRONG),
        stays("as big as allowed, in chunks", in_chunks(&json(LIMIT), 1000), "ok, kept"),
        stays("a byte bigger than allowed, in chunks", in_chunks(&json(LIMIT + 1), 1000), WRONG),
        stays("as big as allowed, in chunks of a byte", in_chunks(&json(LIMIT), 1), "ok, kept"),
        ends("as big as allowed, of no length", head("X: y") + &json(LIMIT), "ok, closed"),
        ends("a byte bigger than allowed, of no length", head("X: y") + &json(LIMIT + 1), WRONG),
        stays("as big as allowed when decoded", gzip(AT_LIMIT), "ok, kept"),
        stays("a byte bigger than allowed when decoded", gzip(OVER_LIMIT), WRONG),
        stays("as big as allowed when decoded, in chunks", gzip_in_chunks(AT_LIMIT), "ok, kept"),
        stays(
            "a byte bigger than allowed when decoded, in chunks",
            gzip_in_chunks(OVER_LIMIT),
            WRONG,
        ),
        endless("10 GB", head("Content-Length: 10000000000"), b" ", WRONG),
        ends("10 GB that do not come", head("Content-Length: 10000000000") + "{}", "protocol 200"),
        endless("2^64 - 1 bytes", head("Content-Length: 18446744073709551615"), b" ", WRONG),
        endless("a body", head("X: y"), b"{\"a\":", WRONG),
        endless("a chunk", format!("{CHUNKED}FFFFFFFFFFFFFFFF\r\n"), b" ", WRONG),
        endless("chunks", CHUNKED, b"1\r\n \r\n", WRONG),
        endless("a chunk size", CHUNKED, b"0", WRONG),
        endless("a chunk extension", format!("{CHUNKED}2;a="), b"b", WRONG),
        endless("a line of the trailer", format!("{CHUNKED}2\r\n{{}}\r\n0\r\nX: "), b"y", WRONG),
        endless("a gzip bomb", bomb, SPACES, WRONG),
        endless(
            "the name of a gzip",
            bytes(&[
                head("Content-Encoding: gzip").as_bytes(),
                b"\x1f\x8b\x08\x08\0\0\0\0\x02\x03",
            ]),
            b"x",
            WRONG,
        ),
        // What the status says is enough, and of the rest a piece.
        endless("the body of a 404", "HTTP/1.1 404 X\r\n\r\n", b"x", "api 404"),
        endless(
            "the body of a 503",
            "HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\nx\r\n",
            "api 503",
        ),
        endless("the body of a redirect", "HTTP/1.1 302 X\r\n\r\n", b"x", "protocol 302"),
    ]
}

fn deep() -> Vec<Row> {
    let nested = |open: &str, close: &str| {
        let body = format!("{{\"a\":{}{}}}", open.repeat(1_000_000), close.repeat(1_000_000));
        head(&format!("Content-Length: {}", body.len())) + &body
    };
    vec![
        stays("a million arrays in one another", nested("[", "]"), "protocol 200"),
        stays(
            "a million objects in one another",
            nested("{\"a\":", "}").replace(":}", ":1}"),
            "protocol 200",
        ),
        stays("a million arrays that do not close", nested("[", " "), "protocol 200"),
    ]
}

#[test]
fn what_is_too_big_is_told_and_given_up() {
    let rows: Vec<Row> = [big_heads(), big_bodies()].into_iter().flatten().collect();
    let limited = |builder: ClientBuilder| builder.max_response_bytes(LIMIT.try_into().unwrap());
    let cases = check_by_turns(&rows, DEADLINE, limited);
    let deep = check_by_turns(&deep(), DEADLINE, |builder| builder);
    assert!(cases + deep >= 43, "{cases} and {deep} cases");
}

#[test]
fn a_server_that_does_not_read_is_left_at_the_deadline() {
    let text = "x".repeat(8 * 1024 * 1024);
    let update = NumberUpdate::new().display_name(&text);
    // Nobody opens the gate.
    let server = Faults::reading_slowly([vec![Step::Read(1000), Step::Await(Gate::default())]]);
    let deadline = Duration::from_secs(4);
    let client = server.builder().timeout(deadline).build().unwrap();
    let began = Instant::now();
    let error = client.update(NUMBER, &update).unwrap_err();
    assert!(began.elapsed() < bound(deadline));
    assert_eq!(Failed::from(&error), failed("timeout:send", &call("active_update")));
}

#[test]
fn a_host_that_does_not_accept_is_left_in_time() {
    let dead = Unresponsive::at("127.0.0.1:0");
    let address = dead.listener.local_addr().unwrap();
    let client = Client::builder("project-1", Credentials::basic("id", "secret"))
        .base_url(format!("http://{address}"))
        .max_attempts(1);
    let (short, long) = (Duration::from_secs(1), Duration::from_secs(60));
    for (connect, deadline, kind) in
        [(long, short, "timeout:connect"), (short, long, "transport:connect")]
    {
        let client = client.clone().connect_timeout(connect).timeout(deadline).build().unwrap();
        for call in ["active_get", "active_update"].map(call) {
            let began = Instant::now();
            let error = call.run(&client).unwrap_err();
            assert!(began.elapsed() < bound(short), "{kind}: {:?}", began.elapsed());
            assert_eq!(Failed::from(&error), failed(kind, &call), "{error:?}");
        }
    }
}

const MEGABYTE: usize = 1024 * 1024;

/// Through C, in a process of its own: what a call costs at its peak.
#[test]
fn memory_stays_within_twice_the_limit() {
    const AT_MOST: usize = 8 * MEGABYTE;
    let bomb = bytes(&[head("Content-Encoding: gzip").as_bytes(), GZIP_HEAD]);
    let whole = head(&format!("Content-Length: {AT_MOST}")) + &json(AT_MOST);
    // With the code, and how much is to be kept at the peak: what is measured must have been there.
    let rows = [
        (stays("as big as allowed", whole, ""), 0, AT_MOST),
        (
            stays("as big as allowed, in chunks", in_chunks(&json(AT_MOST), MEGABYTE), ""),
            0,
            AT_MOST,
        ),
        (endless("10 GB", head("Content-Length: 10000000000"), b" ", ""), 8, 0),
        (endless("a chunk", format!("{CHUNKED}FFFFFFFFFFFFFFFF\r\n"), b" ", ""), 8, AT_MOST),
        (endless("a gzip bomb", bomb, SPACES, ""), 8, AT_MOST),
        (endless("the body of a 500", "HTTP/1.1 500 X\r\n\r\n", b"x", ""), 5, MEGABYTE),
        (endless("a header", "HTTP/1.1 200 OK\r\nX: ", b"x", ""), 8, 0),
    ];
    let program = compile("cc", "tests/c/peak.c", &["-std=gnu11"]);
    for (row, code, kept) in rows {
        let server = Faults::new([row.script.clone()]);
        let url = server.url();
        let config = format!(
            r#"{{"projectId":"p","keyId":"k","keySecret":"s","auth":"basic","baseUrl":"{url}","authUrl":"{url}","maxAttempts":1,"maxResponseBytes":{AT_MOST}}}"#
        );
        let said = printed(&bare(&program).env("CONFIG", config).output().unwrap());
        let said: Vec<usize> = said.split_whitespace().map(|part| part.parse().unwrap()).collect();
        let [more, seen, length] = said[..] else { panic!("{}: {said:?}", row.what) };
        assert_eq!(seen, code, "{}", row.what);
        assert_eq!(length == AT_MOST, code == 0, "{}", row.what);
        let more = more * 1024;
        // Pages of the stack and of libraries that are touched for the first time come on top.
        assert!((kept..2 * AT_MOST).contains(&more), "{}: {more} bytes", row.what);
    }
}
