//! Requests with a callback, as the listener takes them.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use crate::callbacks::LONGEST;

/// The longest head of a request, and the longest trailer of a chunked body, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// The longest line with the size of a chunk, in bytes.
const LONGEST_SIZE: usize = 1024;
/// How long a refused sender may go on sending, so that it sees the response.
const LINGER: Duration = Duration::from_secs(1);

/// A request with a callback, as it came.
pub(crate) struct Callback {
    pub(crate) signature: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// The framing of a body (RFC 9112, 6.3).
enum Framing {
    Length(usize),
    Chunked,
}

/// The parts of a request that are read.
struct Incoming<'a> {
    stream: &'a TcpStream,
    /// Bytes that were received and not used yet.
    buffer: Vec<u8>,
    /// When all of it must be there.
    end: Instant,
}

impl Callback {
    /// Reads a request within a time; the status that refuses it if it is no callback.
    pub(crate) fn read(stream: &TcpStream, timeout: Duration) -> Result<Self, u16> {
        let end = Instant::now() + timeout;
        let mut incoming = Incoming { stream, buffer: Vec::new(), end };
        let (mut callback, framing, continues) = loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut request = httparse::Request::new(&mut headers);
            match request.parse(&incoming.buffer) {
                Ok(httparse::Status::Complete(length)) => {
                    let head = head(&request)?;
                    incoming.buffer.drain(..length);
                    break head;
                }
                Ok(httparse::Status::Partial) if incoming.buffer.len() < LONGEST_HEAD => {}
                Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                    return Err(431);
                }
                Err(_) => return Err(400),
            }
            incoming.receive()?;
        };
        if continues && incoming.buffer.is_empty() {
            let mut stream = stream;
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").map_err(|_| 400_u16)?;
        }
        callback.body = match framing {
            Framing::Length(length) => incoming.take(length)?,
            Framing::Chunked => incoming.chunks()?,
        };
        Ok(callback)
    }
}

/// Reads the head of a request: the callback without its body, the framing of the body, and whether the sender waits for "100
/// Continue".
fn head(request: &httparse::Request<'_, '_>) -> Result<(Callback, Framing, bool), u16> {
    if request.method != Some("POST") {
        return Err(405);
    }
    // The value of a header; 400 if it is there several times with different values.
    let header = |name: &str| {
        let mut values = request
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| std::str::from_utf8(header.value).map(str::trim));
        let Some(first) = values.next() else { return Ok::<_, u16>(None) };
        let first = first.map_err(|_| 400_u16)?;
        if values.all(|other| other == Ok(first)) { Ok(Some(first.to_owned())) } else { Err(400) }
    };
    let framing = match (header("content-length")?, header("transfer-encoding")?) {
        (None, Some(coding)) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked,
        (None, Some(_)) => return Err(501),
        (None, None) => return Err(411),
        (Some(length), None)
            if !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            // A length that does not fit into a number is too long as well.
            let length = length.parse().ok().filter(|length| *length <= LONGEST);
            Framing::Length(length.ok_or(413_u16)?)
        }
        // A request with both may be an attempt at request smuggling (RFC 9112, 6.1).
        _ => return Err(400),
    };
    let continues = header("expect")?.is_some_and(|it| it.eq_ignore_ascii_case("100-continue"));
    let signature = header("x-sinch-signature")?;
    let content_type = header("content-type")?;
    Ok((Callback { signature, content_type, body: Vec::new() }, framing, continues))
}

impl Incoming<'_> {
    /// Waits for more. However slowly it comes, the time for the whole request is the same.
    fn receive(&mut self) -> Result<(), u16> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(408);
        }
        self.stream.set_read_timeout(Some(left)).map_err(|_| 400_u16)?;
        let mut part = [0; 16 * 1024];
        match self.stream.read(&mut part) {
            Ok(0) => Err(400),
            Ok(count) => {
                self.buffer.extend_from_slice(&part[..count]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Err(408),
                _ => Err(400),
            },
        }
    }

    /// Takes so many bytes.
    fn take(&mut self, length: usize) -> Result<Vec<u8>, u16> {
        while self.buffer.len() < length {
            self.receive()?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    /// Takes a chunked body, and passes over its trailer (RFC 9112, 7.1).
    fn chunks(&mut self) -> Result<Vec<u8>, u16> {
        let mut body = Vec::new();
        loop {
            match self.chunk_size()? {
                0 => break,
                size if size > LONGEST - body.len() => return Err(413),
                size => body.append(&mut self.take(size)?),
            }
            if self.take(2)? != b"\r\n" {
                return Err(400);
            }
        }
        let mut trailer = 0;
        loop {
            let line = self.line(LONGEST_HEAD)?;
            trailer += line;
            match line {
                0 => return Ok(body),
                _ if trailer > LONGEST_HEAD => return Err(431),
                _ => {}
            }
        }
    }

    fn chunk_size(&mut self) -> Result<usize, u16> {
        loop {
            match httparse::parse_chunk_size(&self.buffer) {
                Ok(httparse::Status::Complete((length, size))) => {
                    self.buffer.drain(..length);
                    return usize::try_from(size).map_err(|_| 413);
                }
                Ok(httparse::Status::Partial) if self.buffer.len() < LONGEST_SIZE => {
                    self.receive()?;
                }
                _ => return Err(400),
            }
        }
    }

    /// Passes over a line, and returns its length without its end.
    fn line(&mut self, longest: usize) -> Result<usize, u16> {
        loop {
            if let Some(length) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                self.buffer.drain(..length + 2);
                return Ok(length);
            }
            if self.buffer.len() > longest {
                return Err(431);
            }
            self.receive()?;
        }
    }
}

pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Forwarded",
    }
}

pub(crate) fn respond(stream: &mut TcpStream, status: u16) -> io::Result<()> {
    let reason = reason(status);
    write!(stream, "HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// Reads and drops what a refused sender still sends: closing earlier would reset the connection, and the response be lost.
pub(crate) fn drain(mut stream: &TcpStream) {
    let end = Instant::now() + LINGER;
    let _ = stream.shutdown(Shutdown::Write);
    let mut part = [0; 16 * 1024];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let waits = !left.is_zero() && stream.set_read_timeout(Some(left)).is_ok();
        if !waits || !stream.read(&mut part).is_ok_and(|count| count > 0) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn a_slow_request_has_no_more_time_than_another() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        for head in ["", "POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"] {
            let sender = thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(head.as_bytes()).unwrap();
                // Ends when the receiver closes the connection.
                while stream.write_all(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(10));
                }
            });
            let (stream, _) = listener.accept().unwrap();
            let read = Callback::read(&stream, Duration::from_millis(200));
            assert_eq!(read.err(), Some(408), "{head}");
            drop(stream);
            sender.join().unwrap();
        }
    }
}
