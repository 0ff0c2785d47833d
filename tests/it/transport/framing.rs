//! Broken framing: what is said in place of a response, or is no response that HTTP/1.1 allows; and what is odd and allowed.

use crate::support::exchanges::{
    CHUNKED, DEADLINE, GZIP, Row, bytes, check, ends, head, row, stays,
};
use crate::support::faults::{Step, send};

/// A head that says no more than its status line.
fn status_line(line: &str) -> String {
    format!("{line}\r\nContent-Length: 2\r\n\r\n{{}}")
}

fn not_http() -> Vec<Row> {
    const WRONG: &str = "protocol";
    vec![
        stays("the banner of SSH", "SSH-2.0-OpenSSH_9.2\r\n", WRONG),
        stays("the banner of SMTP", "220 mail.example.com ESMTP\r\n", WRONG),
        stays("the response of IMAP", "* BAD unknown command\r\n", WRONG),
        stays("the response of Redis", "-ERR unknown command 'GET'\r\n", WRONG),
        stays("a TLS alert", &b"\x15\x03\x01\x00\x02\x02\x46"[..], WRONG),
        stays("a TLS handshake", &b"\x16\x03\x03\x00\x5a\x02\x00\x00\x56\x03\x03"[..], WRONG),
        stays("HTTP/2 settings", &b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03"[..], WRONG),
        stays("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", WRONG),
        ends("HTTP/0.9 with JSON", "{}", WRONG),
        ends("HTTP/0.9 with HTML", "<html>It works!</html>", WRONG),
        stays("an echo of the request", "GET /v1/projects/project-1 HTTP/1.1\r\n\r\n", WRONG),
        stays("nothing but NUL", vec![0; 64], WRONG),
        stays(
            "a byte order mark before the status line",
            status_line("\u{feff}HTTP/1.1 200 OK"),
            WRONG,
        ),
        stays("a space before the status line", status_line(" HTTP/1.1 200 OK"), WRONG),
        stays("text before the status line", status_line("OK HTTP/1.1 200 OK"), WRONG),
        stays("streaming audio", status_line("ICY 200 OK"), WRONG),
        stays("RTSP", status_line("RTSP/1.0 200 OK"), WRONG),
        stays("CGI", "Status: 200 OK\r\nContent-Length: 2\r\n\r\n{}", WRONG),
    ]
}

fn status_lines() -> Vec<Row> {
    const WRONG: &str = "protocol";
    let line = |what: &str, line: &str, right| stays(what, status_line(line), right);
    vec![
        line("HTTP/0.9 by name", "HTTP/0.9 200 OK", WRONG),
        line("HTTP/1.2", "HTTP/1.2 200 OK", WRONG),
        line("HTTP/2 without a minor version", "HTTP/2 200", WRONG),
        line("HTTP/2.0", "HTTP/2.0 200 OK", WRONG),
        line("HTTP/11", "HTTP/11 200 OK", WRONG),
        line("HTTP/1.10", "HTTP/1.10 200 OK", WRONG),
        line("a version in lower case", "http/1.1 200 OK", WRONG),
        line("a space in the version", "HTTP /1.1 200 OK", WRONG),
        line("no version", "200 OK", WRONG),
        line("no status", "HTTP/1.1 OK", WRONG),
        line("nothing behind the version", "HTTP/1.1", WRONG),
        line("no space before the status", "HTTP/1.1200 OK", WRONG),
        line("two spaces before the status", "HTTP/1.1  200 OK", WRONG),
        line("a tab before the status", "HTTP/1.1\t200 OK", WRONG),
        line("status 000", "HTTP/1.1 000 OK", WRONG),
        line("status 099", "HTTP/1.1 099 OK", WRONG),
        line("status 1000", "HTTP/1.1 1000 OK", WRONG),
        line("status 20", "HTTP/1.1 20 OK", WRONG),
        line("status 2xx", "HTTP/1.1 2xx OK", WRONG),
        line("status -200", "HTTP/1.1 -200 OK", WRONG),
        line("status +200", "HTTP/1.1 +200 OK", WRONG),
        line("status 0x0c8", "HTTP/1.1 0x0c8 OK", WRONG),
        line("status 200.0", "HTTP/1.1 200.0 OK", WRONG),
        line("status 200 in Arabic digits", "HTTP/1.1 ٢٠٠ OK", WRONG),
        line("status 200,200", "HTTP/1.1 200,200 OK", WRONG),
        line("status 600", "HTTP/1.1 600 Odd", "protocol 600"),
        line("status 999", "HTTP/1.1 999 Odd", "protocol 999"),
        line("status 300", "HTTP/1.1 300 Multiple Choices", "protocol 300"),
        stays(
            "status 304 has no body",
            "HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n",
            "protocol 304",
        ),
        line(
            "an upgrade",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade",
            "protocol 101",
        ),
        // An interim response has no body: these are taken for the next head.
        line("an interim response with a body", "HTTP/1.1 199 Odd", WRONG),
        line("a continuation with a body", "HTTP/1.1 102 Processing", WRONG),
        stays(
            "garbage behind an interim response",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/2 200\r\n",
            WRONG,
        ),
        stays(
            "an error behind an interim response",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n",
            "api 404",
        ),
        line("an interim response", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK", "ok, kept"),
        line(
            "an interim response with a date",
            "HTTP/1.1 100 Continue\r\nDate: today\r\n\r\nHTTP/1.1 200 OK",
            "ok, kept",
        ),
        line(
            "an early hint",
            "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK",
            "ok, kept",
        ),
        line("an unknown interim response", "HTTP/1.1 150 Wait\r\n\r\nHTTP/1.1 200 OK", "ok, kept"),
        stays(
            "many interim responses",
            "HTTP/1.1 100 Continue\r\n\r\n".repeat(50) + &status_line("HTTP/1.1 200 OK"),
            "ok, kept",
        ),
        line("no reason phrase", "HTTP/1.1 200 ", "ok, kept"),
        line("no space for a reason phrase", "HTTP/1.1 200", "ok, kept"),
        line("a reason phrase in another tongue", "HTTP/1.1 200 Bien reçu\t☎", "ok, kept"),
        line("a long reason phrase", &format!("HTTP/1.1 200 {}", "OK ".repeat(1000)), "ok, kept"),
        line("NUL in the reason phrase", "HTTP/1.1 200 O\0K", WRONG),
        line("a bare CR in the reason phrase", "HTTP/1.1 200 O\rK", WRONG),
        line("an empty line before the status line", "\r\nHTTP/1.1 200 OK", "ok, kept"),
        stays("bare LF everywhere", "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", "ok, kept"),
        stays(
            "bare LF here and there",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\nX: y\r\n\n{}",
            "ok, kept",
        ),
        stays("bare CR everywhere", "HTTP/1.1 200 OK\rContent-Length: 2\r\r{}", WRONG),
    ]
}

fn headers() -> Vec<Row> {
    const WRONG: &str = "protocol";
    let with = |what: &str, line: &[u8], right| {
        let parts: [&[u8]; 3] = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", line, b"\r\n\r\n{}"];
        stays(what, bytes(&parts), right)
    };
    vec![
        with("a header without a colon", b"X-Header", WRONG),
        with("a header without a name", b": value", WRONG),
        with("a space before the colon", b"X-Header : value", WRONG),
        with("a space in the name", b"X Header: value", WRONG),
        with("a space before the name", b" X-Header: value", WRONG),
        with("a header that is folded", b"X-Header: a\r\n b", WRONG),
        with("a header that is folded by a tab", b"X-Header: a\r\n\tb", WRONG),
        with("NUL in the name", b"X-\0: value", WRONG),
        with("NUL in the value", b"X-Header: a\0b", WRONG),
        with("a control character in the value", b"X-Header: a\x01b", WRONG),
        with("DEL in the value", b"X-Header: a\x7fb", WRONG),
        with("a bare CR in the value", b"X-Header: a\rb", WRONG),
        with("a bad byte in the name", b"X-\xff: value", WRONG),
        with("brackets in the name", b"X-[Header]: value", WRONG),
        with("bad bytes in the value", b"X-Header: \xff\xfe\x80", "ok, kept"),
        with("UTF-8 in the value", "X-Header: \u{e9}\u{260e}".as_bytes(), "ok, kept"),
        with("no value", b"X-Header:", "ok, kept"),
        with("nothing but spaces in the value", b"X-Header: \t ", "ok, kept"),
        with("no space behind the colon", b"X-Header:value", "ok, kept"),
        with("a tab behind the colon", b"X-Header:\tvalue", "ok, kept"),
        with("colons in the value", b"X-Header: a: b: c", "ok, kept"),
        with("two types", b"Content-Type: text/html\r\nContent-Type: application/json", "ok, kept"),
        with("two dates", b"Date: yesterday\r\nDate: today", "ok, kept"),
        with("bad bytes in the request id", b"X-Request-Id: \xff", "ok, kept"),
        with("an offer to upgrade", b"Upgrade: h2c\r\nConnection: Upgrade", "ok, kept"),
        with("a close that is announced", b"Connection: close", "ok, closed"),
        with("a close that is announced in a list", b"connection: Upgrade, CLOSE", "ok, closed"),
    ]
}

fn lengths() -> Vec<Row> {
    const WRONG: &str = "protocol";
    let of = |what: &str, length: &str, right| {
        stays(what, head(&format!("Content-Length: {length}")) + "{}", right)
    };
    vec![
        of("a length with spaces", "  2\t ", "ok, kept"),
        of("a length with zeros before it", "0000000000000000000000002", "ok, kept"),
        of("a length that is listed twice", "2, 2", "ok, kept"),
        of("a length that is said twice", "2\r\nContent-Length: 2", "ok, kept"),
        of("a length that is said in two ways", "2\r\ncontent-length: 02", "ok, kept"),
        of("lengths that differ", "2\r\nContent-Length: 3", WRONG),
        of("lengths that differ, the shorter behind", "2\r\nContent-Length: 1", WRONG),
        of("lengths that differ in a list", "2, 3", WRONG),
        of("lengths of which one is none", "2\r\nContent-Length: two", WRONG),
        of("a list with a hole", "2,,2", WRONG),
        of("a list with an end", "2,", WRONG),
        of("a list with a beginning", ",2", WRONG),
        of("a length with a plus", "+2", WRONG),
        of("a length with a minus", "-2", WRONG),
        of("a length in hexadecimal", "0x2", WRONG),
        of("a length with a fraction", "2.0", WRONG),
        of("a length with an exponent", "2e0", WRONG),
        of("a length in two parts", "2 2", WRONG),
        of("a length with a parameter", "2; q=1", WRONG),
        of("a length in quotes", "\"2\"", WRONG),
        of("a length in wide digits", "２", WRONG),
        of("a length in words", "two", WRONG),
        of("no length where one is announced", "", WRONG),
        of("a length of 2^64", "18446744073709551616", WRONG),
        of("a length of 2^64 + 2", "18446744073709551618", WRONG),
        of("a length of a hundred digits", &"9".repeat(100), WRONG),
        ends(
            "a length of 2^64 - 1",
            head("Content-Length: 18446744073709551615") + "{}",
            "protocol 200",
        ),
        ends(
            "a length of 2^63",
            head("Content-Length: 9223372036854775808") + "{}",
            "protocol 200",
        ),
        ends(
            "a length that is one too long",
            head("Content-Length: 3") + "{}",
            "transport:receive",
        ),
        stays("a length that cuts the JSON", head("Content-Length: 1") + "{}", "protocol 200"),
        stays(
            "a length that ends before the rest",
            head("Content-Length: 2") + "{}, and more",
            "ok, closed",
        ),
        stays("a length of nothing before something", head("Content-Length: 0") + "{}", "empty"),
        stays("a length of nothing", head("Content-Length: 0"), "empty"),
        ends("nothing, of no length", head("X: y"), "empty"),
        ends("a cut JSON of no length", head("X: y") + "{\"a\":", "protocol 200"),
        stays("no content", "HTTP/1.1 204 No Content\r\n\r\n", "empty 204"),
        stays(
            "no content with a length",
            "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}",
            "empty 204",
        ),
        stays(
            "no content in chunks",
            "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "empty 204",
        ),
    ]
}

fn chunks() -> Vec<Row> {
    const WRONG: &str = "protocol 200, closed";
    let chunked = |what: &str, body: &str, right| stays(what, format!("{CHUNKED}{body}"), right);
    let size = |what: &str, size: &str, right| {
        stays(what, format!("{CHUNKED}{size}\r\n{{}}\r\n0\r\n\r\n"), right)
    };
    let one_by_one = "1\r\n{\r\n".to_owned() + &"1\r\n \r\n".repeat(9) + "1\r\n}\r\n";
    vec![
        size("a chunk", "2", "ok, kept"),
        size("a chunk size with zeros before it", "0002", "ok, kept"),
        size("a chunk extension", "2;a=b", "ok, kept"),
        size("a chunk extension in quotes", "2;a=\"b c\"", "ok, kept"),
        size("a chunk extension behind a space", "2 ;a", "ok, kept"),
        size("a chunk size with spaces behind it", "2   ", "ok, kept"),
        // ureq reads at most 20 characters of this line, white space and a plus before the size included.
        size("a chunk size of many zeros", "0000000000000000000000002", WRONG),
        size("a long chunk extension", "2;name=a-value-that-is-longer-than-any-size", WRONG),
        size("a bare CR in a chunk extension", "2;a\rb", WRONG),
        size("a space before a chunk size", " 2", "ok, kept"),
        size("a chunk size with a plus", "+2", "ok, kept"),
        size("no chunk size", "", WRONG),
        size("a chunk size with a minus", "-2", WRONG),
        size("a chunk size with a prefix", "0x2", WRONG),
        size("a chunk size that is no number", "two", WRONG),
        size("a chunk size with a bad digit", "2g", WRONG),
        size("a chunk size of 2^64", "10000000000000000", WRONG),
        size("a chunk size of 2^64 + 2", "10000000000000002", WRONG),
        size("a chunk size that is too small", "1", WRONG),
        size("a chunk size that is too big", "3", WRONG),
        size("a chunk size in wide digits", "２", WRONG),
        size("an extension and no size", ";a=b", WRONG),
        stays(
            "bad bytes in a chunk size",
            bytes(&[CHUNKED.as_bytes(), b"\xff\xff\r\n{}\r\n0\r\n\r\n"]),
            WRONG,
        ),
        ends(
            "a chunk size of 2^64 - 1",
            format!("{CHUNKED}FFFFFFFFFFFFFFFF\r\n{{}}"),
            "transport:receive",
        ),
        chunked("JSON without chunks", "{}\r\n", WRONG),
        chunked("HTML without chunks", "<html>\r\n</html>\r\n", WRONG),
        chunked("no end behind chunk data", "2\r\n{}0\r\n\r\n", WRONG),
        chunked("bare LF behind a chunk size", "2\n{}\r\n0\r\n\r\n", WRONG),
        chunked("bare LF behind chunk data", "2\r\n{}\n0\r\n\r\n", WRONG),
        chunked("bare CR behind chunk data", "2\r\n{}\r0\r\n\r\n", WRONG),
        chunked("garbage behind chunk data", "2\r\n{}garbage\r\n0\r\n\r\n", WRONG),
        chunked("a bad size behind a good chunk", "1\r\n{\r\nx\r\n}\r\n0\r\n\r\n", WRONG),
        chunked(
            "a last chunk that is missing before another response",
            "2\r\n{}\r\nHTTP/1.1 200 OK\r\n\r\n",
            WRONG,
        ),
        chunked("JSON that is cut between chunks", "1\r\n{\r\n0\r\n\r\n", "protocol 200"),
        chunked("chunks of one byte", &format!("{one_by_one}0\r\n\r\n"), "ok, kept"),
        chunked(
            "sizes in upper and lower case",
            &format!("A\r\n{{{}\r\na\r\n{}}}\r\n0\r\n\r\n", " ".repeat(9), " ".repeat(9)),
            "ok, kept",
        ),
        chunked("a last chunk of many zeros", "2\r\n{}\r\n00000\r\n\r\n", "ok, kept"),
        chunked("a trailer", "2\r\n{}\r\n0\r\nX-Checksum: 1\r\n\r\n", "ok, kept"),
        chunked(
            "a trailer of many lines",
            &format!("2\r\n{{}}\r\n0\r\n{}\r\n", "X-Checksum: 1\r\n".repeat(200)),
            "ok, kept",
        ),
        chunked(
            "a trailer that announces a length",
            "2\r\n{}\r\n0\r\nContent-Length: 99\r\n\r\n",
            "ok, kept",
        ),
        chunked("an extension of the last chunk", "2\r\n{}\r\n0;a=b\r\n\r\n", "ok, kept"),
        chunked("two last chunks", "2\r\n{}\r\n0\r\n\r\n0\r\n\r\n", "ok, closed"),
        chunked("more behind the last chunk", "2\r\n{}\r\n0\r\n\r\n2\r\n[]\r\n", "ok, closed"),
        chunked("only the last chunk", "0\r\n\r\n", "empty"),
    ]
}

fn encodings() -> Vec<Row> {
    const WRONG: &str = "protocol 200";
    let with = |what: &str, headers: &str, body: &[u8], right| {
        stays(what, bytes(&[head(headers).as_bytes(), body]), right)
    };
    let transfer = |what: &str, encoding: &str, body: &str, right| {
        let headers = head(&format!("Transfer-Encoding: {encoding}"));
        ends(what, format!("{headers}{body}"), right)
    };
    let gzip = |what: &str, body: &[u8], right| {
        with(
            what,
            &format!("Content-Encoding: gzip\r\nContent-Length: {}", body.len()),
            body,
            right,
        )
    };
    let chunk = "2\r\n{}\r\n0\r\n\r\n";
    let mut bad_sum = GZIP.to_vec();
    let sum = bad_sum.len() - 8;
    bad_sum[sum] ^= 1;
    vec![
        // Chunks say how long it is, whatever the length says (RFC 9112, section 6.3).
        with(
            "a length and chunks",
            "Content-Length: 2\r\nTransfer-Encoding: chunked",
            chunk.as_bytes(),
            "ok",
        ),
        with(
            "chunks and a length that is wrong",
            "Transfer-Encoding: chunked\r\nContent-Length: 99",
            chunk.as_bytes(),
            "ok",
        ),
        with(
            "a length and no chunks where they are announced",
            "Content-Length: 4\r\nTransfer-Encoding: chunked",
            b"{}\r\n",
            WRONG,
        ),
        with(
            "chunks and a length that is none",
            "Transfer-Encoding: chunked\r\nContent-Length: -1",
            chunk.as_bytes(),
            "protocol",
        ),
        with("Chunked by another case", "TRANSFER-ENCODING: Chunked", chunk.as_bytes(), "ok, kept"),
        transfer("an unknown transfer-encoding", "bogus", "{}", WRONG),
        transfer("a transfer-encoding of nothing", "", "{}", WRONG),
        transfer("a compressed transfer", "gzip, chunked", chunk, WRONG),
        transfer("chunks that are not the last encoding", "chunked, gzip", chunk, WRONG),
        transfer("chunks in chunks", "chunked, chunked", chunk, WRONG),
        transfer("chunks twice", "chunked\r\nTransfer-Encoding: chunked", chunk, WRONG),
        transfer("a transfer-encoding in quotes", "\"chunked\"", chunk, WRONG),
        with(
            "an unknown transfer-encoding and a length",
            "Transfer-Encoding: bogus\r\nContent-Length: 2",
            b"{}",
            WRONG,
        ),
        ends(
            "chunks in HTTP/1.0",
            format!("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"),
            WRONG,
        ),
        stays(
            "chunks in HTTP/1.0 and a length",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
            WRONG,
        ),
        gzip("gzip", GZIP, "ok, kept"),
        gzip("gzip in two members", TWO_MEMBERS, "ok, kept"),
        gzip("nothing, compressed", NOTHING, "empty"),
        with(
            "gzip in chunks",
            "Content-Encoding: gzip\r\nTransfer-Encoding: chunked",
            &bytes(&[b"16\r\n", GZIP, b"\r\n0\r\n\r\n"]),
            "ok, kept",
        ),
        with(
            // ureq knows the coding by the name it asks for.
            "gzip in capitals",
            &format!("Content-Encoding: GZIP\r\nContent-Length: {}", GZIP.len()),
            GZIP,
            WRONG,
        ),
        with(
            "gzip by its old name",
            &format!("Content-Encoding: x-gzip\r\nContent-Length: {}", GZIP.len()),
            GZIP,
            WRONG,
        ),
        gzip("nothing where gzip is announced", b"", "empty"),
        gzip("half of a gzip", &GZIP[..12], WRONG),
        gzip("a gzip without its sum", &GZIP[..14], WRONG),
        gzip("a gzip with a wrong sum", &bad_sum, WRONG),
        gzip("a gzip with garbage behind it", &bytes(&[GZIP, b"garbage"]), WRONG),
        gzip("JSON where gzip is announced", b"{}", WRONG),
        stays(
            "no content where gzip is announced",
            "HTTP/1.1 204 X\r\nContent-Encoding: gzip\r\n\r\n",
            "empty 204",
        ),
        with(
            "brotli, which was not asked for",
            "Content-Encoding: br\r\nContent-Length: 3",
            b"\x0b\x01\x80",
            WRONG,
        ),
        with(
            "no encoding by name",
            "Content-Encoding: identity\r\nContent-Length: 2",
            b"{}",
            "ok, kept",
        ),
    ]
}

/// `{` and `}`, compressed one by one.
const TWO_MEMBERS: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x06\x00\x39\x47\xd5\x15\x01\x00\x00\x00\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x05\x00\x0c\xe2\xb6\xfc\x01\x00\x00\x00";

/// No bytes, compressed.
const NOTHING: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00";

/// When it is said: before its time, twice, too much.
fn timing() -> Vec<Row> {
    let response = || send(head("Content-Length: 2") + "{}");
    let refusal = |status| {
        send(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
    };
    vec![
        row("a refusal before the request is read", vec![Step::Read(10), refusal(400)], "api 400"),
        row(
            "a refusal behind the head of the request",
            vec![Step::Head, refusal(413), Step::End],
            "api 413",
        ),
        row("a refusal that nobody asked for", vec![refusal(408), Step::End], "api 408"),
        row("a response before the request is read", vec![Step::Read(10), response()], "ok"),
        row(
            "two responses",
            vec![Step::Request, send((head("Content-Length: 2") + "{}").repeat(2))],
            "ok, closed",
        ),
        row(
            "an error behind the response",
            vec![Step::Request, send(head("Content-Length: 2") + "{}HTTP/1.1 500 X\r\n\r\n")],
            "ok, closed",
        ),
        row(
            "an empty line behind the response",
            vec![Step::Request, send(head("Content-Length: 2") + "{}\r\n")],
            "ok, closed",
        ),
        stays("HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "ok, closed"),
        stays(
            "HTTP/1.0 that keeps the connection",
            "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\n{}",
            "ok, kept",
        ),
        ends("HTTP/1.0 without a length", "HTTP/1.0 200 OK\r\n\r\n{}", "ok, closed"),
    ]
}

#[test]
fn broken_responses_are_told_as_what_they_are() {
    let groups =
        [not_http(), status_lines(), headers(), lengths(), chunks(), encodings(), timing()];
    let rows: Vec<Row> = groups.into_iter().flatten().collect();
    let cases = check(&rows, DEADLINE, |builder| builder);
    assert!(cases >= 226, "{cases} cases");
}
