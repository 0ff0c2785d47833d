//! HTTP/1.1 messages over anything that reads and writes.

use std::io::{self, Read, Write};

use super::time::Timestamp;

/// The longest head of a request, in bytes.
const HEAD_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 64;
/// The longest body of a request, in bytes: twice what the client lets through.
const BODY_MAX: usize = 2 * 1024 * 1024;
/// The longest line between two chunks, in bytes.
const CHUNK_LINE_MAX: usize = 256;

/// A request, with nothing decoded yet.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// Without the query.
    pub(super) path: String,
    /// Without the question mark; empty if there was none.
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Whether the connection stays open after the response.
    pub(super) keep_alive: bool,
}

impl Request {
    /// The value of the first header of that name, in whatever case it was written.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// A response.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    /// Headers besides those that every response has.
    pub(super) headers: Vec<(&'static str, String)>,
    /// JSON, or nothing.
    pub(super) body: Vec<u8>,
}

/// The refusal of bytes that are no valid request: it is sent as the response, and the connection is closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) reason: &'static str,
}

/// The reason why a connection has no next request.
#[derive(Debug)]
pub(super) enum End {
    /// The peer went away.
    Closed,
    Refused(Refusal),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

fn refuse<T>(status: u16, reason: &'static str) -> Result<T, End> {
    Err(End::Refused(Refusal { status, reason }))
}

/// The head of a request, and the framing of its body.
struct Head {
    request: Request,
    framing: Framing,
    /// Its length in bytes.
    length: usize,
}

struct Framing {
    body: Body,
    expects_continue: bool,
}

enum Body {
    Sized(usize),
    Chunked,
}

/// Parses a head; `None` if it is not complete yet.
fn parse_head(bytes: &[u8]) -> Result<Option<Head>, End> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Request::new(&mut headers);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= HEAD_MAX => length,
        Ok(httparse::Status::Complete(_)) => {
            return refuse(431, "the head of the request is too long");
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return refuse(431, "too many headers"),
        Err(_) => return refuse(400, "not an HTTP request"),
    };
    let mut request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        keep_alive: head.version == Some(1),
        ..Request::default()
    };
    for header in head.headers.iter() {
        let value = String::from_utf8_lossy(header.value).into_owned();
        request.headers.push((header.name.to_owned(), value));
    }
    if head.version == Some(1) && request.header("host").is_none() {
        return refuse(400, "a request without a host");
    }
    if let Some(connection) = request.header("connection") {
        let mut options = connection.split(',').map(str::trim);
        if options.clone().any(|option| option.eq_ignore_ascii_case("close")) {
            request.keep_alive = false;
        } else if options.any(|option| option.eq_ignore_ascii_case("keep-alive")) {
            request.keep_alive = true;
        }
    }
    let target = origin_form(head.path.unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (request.path, request.query) = (path.to_owned(), query.to_owned());
    let framing = framing(&request)?;
    Ok(Some(Head { request, framing, length }))
}

/// Returns the path and query of a target, which may be an absolute URL (RFC 9112, section 3.2.2).
fn origin_form(target: &str) -> &str {
    let Some((scheme, rest)) = target.split_once("://") else { return target };
    if scheme.contains(['/', '?']) {
        return target;
    }
    rest.find(['/', '?']).map_or("/", |at| &rest[at..])
}

/// Determines the framing of a body. Anything ambiguous is refused, as another reader could see another request in it.
fn framing(request: &Request) -> Result<Framing, End> {
    let values = |name: &'static str| {
        let headers = request.headers.iter();
        headers.filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let mut lengths = values("content-length");
    let length = match lengths.next() {
        Some(first) if lengths.any(|other| other != first) => {
            return refuse(400, "two content lengths");
        }
        Some(first) if first.is_empty() || !first.bytes().all(|byte| byte.is_ascii_digit()) => {
            return refuse(400, "a content length that is not a number");
        }
        // Longer than a usize is too long, too.
        Some(first) => Some(first.parse().unwrap_or(usize::MAX)),
        None => None,
    };
    let chunked = match request.header("transfer-encoding") {
        None => false,
        Some(_) if length.is_some() => {
            return refuse(400, "both a content length and a transfer encoding");
        }
        Some(coding) if coding.eq_ignore_ascii_case("chunked") => true,
        Some(_) => return refuse(400, "a transfer encoding other than chunked"),
    };
    if length > Some(BODY_MAX) {
        return refuse(413, "the body is too long");
    }
    let expects_continue = match request.header("expect") {
        None => false,
        Some(expectation) if expectation.eq_ignore_ascii_case("100-continue") => {
            chunked || length > Some(0)
        }
        Some(_) => return refuse(417, "an expectation other than 100-continue"),
    };
    let body = if chunked { Body::Chunked } else { Body::Sized(length.unwrap_or(0)) };
    Ok(Framing { body, expects_continue })
}

/// The server's side of a connection.
#[derive(Debug)]
pub(super) struct Connection<S> {
    stream: S,
    /// Received bytes that belong to no request yet, those of pipelined requests among them.
    pending: Vec<u8>,
}

impl<S: Read + Write> Connection<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, pending: Vec::new() }
    }

    /// Reads the next request to its end.
    pub(super) fn next_request(&mut self) -> Result<Request, End> {
        let Head { mut request, framing, length } = loop {
            if let Some(head) = parse_head(&self.pending)? {
                break head;
            }
            if self.pending.len() > HEAD_MAX {
                return refuse(431, "the head of the request is too long");
            }
            self.fill()?;
        };
        self.pending.drain(..length);
        if framing.expects_continue && self.pending.is_empty() {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        request.body = match framing.body {
            Body::Sized(length) => self.take(length)?,
            Body::Chunked => self.take_chunks()?,
        };
        Ok(request)
    }

    /// Writes a response in one piece.
    pub(super) fn respond(
        &mut self,
        response: &Response,
        to: &Request,
        now: Timestamp,
    ) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(256 + response.body.len());
        write!(bytes, "HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status))?;
        write!(bytes, "content-type: application/json\r\n")?;
        write!(bytes, "content-length: {}\r\n", response.body.len())?;
        write!(bytes, "date: {}\r\n", now.http_date())?;
        for (name, value) in &response.headers {
            write!(bytes, "{name}: {value}\r\n")?;
        }
        if !to.keep_alive {
            bytes.extend_from_slice(b"connection: close\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        if to.method != "HEAD" {
            bytes.extend_from_slice(&response.body);
        }
        self.stream.write_all(&bytes)
    }

    /// Reads and drops what is still to come, up to a limit.
    ///
    /// Closing a socket with unread bytes resets it, and the reset can overtake the response.
    pub(super) fn drain(&mut self) {
        for _ in 0..BODY_MAX / READ_SIZE {
            self.pending.clear();
            if self.fill().is_err() {
                return;
            }
        }
    }

    fn fill(&mut self) -> Result<(), End> {
        let filled = self.pending.len();
        self.pending.resize(filled + READ_SIZE, 0);
        let read = loop {
            match self.stream.read(&mut self.pending[filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.pending.truncate(filled + read.as_ref().copied().unwrap_or(0));
        if read? == 0 { Err(End::Closed) } else { Ok(()) }
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, End> {
        while self.pending.len() < length {
            self.fill()?;
        }
        Ok(self.pending.drain(..length).collect())
    }

    fn take_chunks(&mut self) -> Result<Vec<u8>, End> {
        let mut body = Vec::new();
        loop {
            let (line, size) = loop {
                match httparse::parse_chunk_size(&self.pending) {
                    Ok(httparse::Status::Complete(found)) => break found,
                    Ok(httparse::Status::Partial) if self.pending.len() < CHUNK_LINE_MAX => {
                        self.fill()?;
                    }
                    _ => return refuse(400, "a chunk without a size"),
                }
            };
            self.pending.drain(..line);
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size == 0 {
                self.skip_trailers()?;
                return Ok(body);
            }
            if size > BODY_MAX - body.len() {
                return refuse(413, "the body is too long");
            }
            body.extend(self.take(size)?);
            if self.take(2)? != b"\r\n" {
                return refuse(400, "a chunk without its end");
            }
        }
    }

    fn skip_trailers(&mut self) -> Result<(), End> {
        let mut skipped = 0;
        loop {
            let length = loop {
                match self.pending.iter().position(|&byte| byte == b'\n') {
                    Some(at) => break at + 1,
                    None if self.pending.len() > HEAD_MAX => {
                        return refuse(431, "the trailer of the request is too long");
                    }
                    None => self.fill()?,
                }
            };
            let line = self.take(length)?;
            if line == b"\r\n" || line == b"\n" {
                return Ok(());
            }
            skipped += length;
            if skipped > HEAD_MAX {
                return refuse(431, "the trailer of the request is too long");
            }
        }
    }
}

const READ_SIZE: usize = 16 * 1024;

fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        417 => "Expectation Failed",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out the bytes in small pieces, as a network would.
    struct Peer {
        sent: Vec<u8>,
        read: usize,
        received: Vec<u8>,
    }

    impl Read for Peer {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = (self.sent.len() / 100).max(7);
            let piece = self.sent[self.read..].iter().copied().take(length);
            let mut count = 0;
            for (slot, byte) in buffer.iter_mut().zip(piece) {
                *slot = byte;
                count += 1;
            }
            self.read += count;
            Ok(count)
        }
    }

    impl Write for Peer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.received.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn connection(sent: &str) -> Connection<Peer> {
        Connection::new(Peer { sent: sent.as_bytes().to_vec(), read: 0, received: Vec::new() })
    }

    #[test]
    fn bodies_are_read_however_they_are_framed() {
        for (head, body, expected) in [
            ("", "", ""),
            ("Content-Length: 0\r\n", "", ""),
            ("content-length: 4\r\n", "{  }", "{  }"),
            ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n", ""),
            (
                "transfer-encoding: Chunked\r\n",
                "1;x=y\r\n{\r\n3\r\n  }\r\n0\r\nT: v\r\n\r\n",
                "{  }",
            ),
        ] {
            let mut connection = connection(&format!(
                "POST http://host/path?a=b HTTP/1.1\r\nHost: h\r\n{head}\r\n{body}GET / HTTP/1.0\r\n\r\n"
            ));
            let first = connection.next_request().unwrap();
            assert_eq!((&*first.method, &*first.path, &*first.query), ("POST", "/path", "a=b"));
            assert_eq!(first.body, expected.as_bytes());
            assert!(first.keep_alive);
            // The next one was pipelined behind it.
            let second = connection.next_request().unwrap();
            assert_eq!((&*second.method, &*second.path), ("GET", "/"));
            assert!(!second.keep_alive);
            assert!(matches!(connection.next_request(), Err(End::Closed)));
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_status() {
        let long = "x".repeat(HEAD_MAX);
        let many = "a: b\r\n".repeat(HEADERS_MAX + 1);
        for (sent, status) in [
            ("\u{16}\u{3}\u{1}TLS hello\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n".to_owned(), 413),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n".to_owned(), 413),
            ("GET / HTTP/1.1\r\nHost: h\r\nExpect: a miracle\r\n\r\n".to_owned(), 417),
            (format!("GET /{long} HTTP/1.1\r\nHost: h\r\n\r\n"), 431),
            (format!("GET / HTTP/1.1\r\nHost: h\r\n{many}\r\n"), 431),
        ] {
            let line = sent.chars().take(90).collect::<String>();
            match connection(&sent).next_request() {
                Err(End::Refused(refusal)) => assert_eq!(refusal.status, status, "{line}"),
                other => panic!("{line}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_body_that_was_announced_is_asked_for() {
        let head =
            "PATCH / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
        // The pieces of seven bytes end with the head, so the body is still on its way.
        let padding = " ".repeat((7 - (head.len() + 3) % 7) % 7);
        let head = head.replace("Host: h", &format!("Host: h{padding}abc"));
        assert_eq!(head.len() % 7, 0);
        let mut connection = connection(&format!("{head}{{}}"));
        assert_eq!(connection.next_request().unwrap().body, b"{}");
        assert_eq!(connection.stream.received, b"HTTP/1.1 100 Continue\r\n\r\n");
    }

    #[test]
    fn a_response_goes_out_in_one_piece() {
        let response = Response {
            status: 429,
            headers: vec![("retry-after", "1".to_owned())],
            body: b"{}".to_vec(),
        };
        for (method, keep_alive, expected) in [
            (
                "GET",
                true,
                "content-length: 2\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\nretry-after: 1\r\n\r\n{}",
            ),
            (
                "HEAD",
                true,
                "content-length: 2\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\nretry-after: 1\r\n\r\n",
            ),
            (
                "GET",
                false,
                "content-length: 2\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\nretry-after: 1\r\nconnection: close\r\n\r\n{}",
            ),
        ] {
            let to = Request { method: method.to_owned(), keep_alive, ..Request::default() };
            let mut connection = connection("");
            connection.respond(&response, &to, Timestamp::from_nanoseconds(0)).unwrap();
            let expected = format!(
                "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\n{expected}"
            );
            assert_eq!(String::from_utf8(connection.stream.received).unwrap(), expected);
        }
    }
}
