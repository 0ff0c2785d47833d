//! How an answer is framed (RFC 9112): what its head says, and where its body ends. Pure: bytes in, meaning out.

use std::fmt;

/// How long a head may be, and the trailer behind the last chunk.
pub(crate) const LONGEST_HEAD: usize = 16 * 1024;
/// How many fields a head may have.
const MOST_FIELDS: usize = 128;
/// How long the line before a chunk may be: its size and whatever a server puts behind it.
const LONGEST_CHUNK_LINE: u32 = 4096;

/// What is wrong with the framing of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is not HTTP/1.1, or contradicts itself.
    Invalid(&'static str),
    /// It is longer than anything that makes sense.
    TooBig(&'static str),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(what) | Self::TooBig(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Flaw {}

const NO_STATUS: Flaw = Flaw::Invalid("its status is no status");

/// What counts of the head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) coding: Coding,
    /// Whether the connection serves another request afterwards.
    pub(crate) keeps: bool,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) location: Option<String>,
}

/// Where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Length(u64),
    Chunked,
    /// With the connection.
    UntilEnd,
    /// Nobody can tell.
    Unknown(Flaw),
}

/// What has been done to the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    None,
    Gzip,
    /// What nobody asked for.
    Other,
}

impl Head {
    /// Reads a head and says how many bytes it takes; `None` when it is not whole yet.
    pub(crate) fn parse(input: &[u8]) -> Result<Option<(usize, Self)>, Flaw> {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let length = match response.parse(input) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if input.len() >= LONGEST_HEAD => {
                return Err(Flaw::TooBig("its head is longer than 16 KiB"));
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Flaw::TooBig("its head has more than 128 fields"));
            }
            Err(httparse::Error::Version) => {
                return Err(Flaw::Invalid("it is neither HTTP/1.1 nor HTTP/1.0"));
            }
            Err(httparse::Error::Status) => return Err(NO_STATUS),
            Err(_) => return Err(Flaw::Invalid("its head is malformed")),
        };
        if length > LONGEST_HEAD {
            return Err(Flaw::TooBig("its head is longer than 16 KiB"));
        }
        let status = response.code.unwrap_or(0);
        if status < 100 {
            return Err(NO_STATUS);
        }
        let head = Self::of(status, response.version == Some(1), response.headers)?;
        Ok(Some((length, head)))
    }

    fn of(status: u16, newer: bool, fields: &[httparse::Header<'_>]) -> Result<Self, Flaw> {
        let mut length = None;
        let mut transfer = None;
        let mut keeps = newer;
        let mut coding = Coding::None;
        let mut correlation_id = None;
        let mut head = Self {
            status,
            body: Body::Length(0),
            coding,
            keeps,
            request_id: None,
            retry_after: None,
            date: None,
            location: None,
        };
        // What is empty says nothing, and what is not ASCII means nothing.
        let text = |value: &[u8]| {
            let value = std::str::from_utf8(value).ok()?;
            (!value.is_empty() && value.is_ascii()).then(|| value.to_owned())
        };
        for field in fields {
            let is = |name: &str| field.name.eq_ignore_ascii_case(name);
            let value = field.value;
            if is("content-length") {
                for part in value.split(|byte| *byte == b',') {
                    let part = parse_length(part.trim_ascii())?;
                    if length.is_some_and(|length| length != part) {
                        return Err(Flaw::Invalid("it has two different lengths"));
                    }
                    length = Some(part);
                }
            } else if is("transfer-encoding") {
                // Chunks, once, and nothing else, are what everybody has to understand; HTTP/1.0 has none of it.
                transfer = match transfer {
                    None if !newer => {
                        Some(Err(Flaw::Invalid("it is HTTP/1.0 with a transfer coding")))
                    }
                    None if value.eq_ignore_ascii_case(b"chunked") => Some(Ok(())),
                    _ => Some(Err(Flaw::Invalid("its transfer coding is not chunked"))),
                };
            } else if is("connection") {
                for part in list(value) {
                    if part.eq_ignore_ascii_case(b"close") {
                        keeps = false;
                    } else if part.eq_ignore_ascii_case(b"keep-alive") && !newer {
                        keeps = true;
                    }
                }
            } else if is("content-encoding") {
                for part in list(value) {
                    coding = match coding {
                        Coding::None if part.eq_ignore_ascii_case(b"identity") => coding,
                        Coding::None if part.eq_ignore_ascii_case(b"gzip") => Coding::Gzip,
                        Coding::None if part.eq_ignore_ascii_case(b"x-gzip") => Coding::Gzip,
                        _ => Coding::Other,
                    };
                }
            } else if is("x-request-id") {
                head.request_id = text(value);
            } else if is("x-correlation-id") {
                correlation_id = text(value);
            } else if is("retry-after") {
                head.retry_after = text(value);
            } else if is("date") {
                head.date = text(value);
            } else if is("location") {
                head.location = Some(String::from_utf8_lossy(value).into_owned());
            }
        }
        head.request_id = head.request_id.or(correlation_id);
        head.coding = coding;
        head.body = match (status, transfer, length) {
            // What follows an upgrade is not HTTP any more.
            (..200, ..) => {
                keeps = false;
                Body::Length(0)
            }
            (204 | 304, ..) => Body::Length(0),
            (_, Some(Ok(())), None) => Body::Chunked,
            // Nobody who says both means both. Chunks are what counts; but the connection is not trusted any further.
            (_, Some(Ok(())), Some(_)) => {
                keeps = false;
                Body::Chunked
            }
            (_, Some(Err(flaw)), _) => Body::Unknown(flaw),
            (_, None, Some(length)) => Body::Length(length),
            (_, None, None) => {
                keeps = false;
                Body::UntilEnd
            }
        };
        head.keeps = keeps;
        Ok(head)
    }

    /// Tells whether another head follows, which is the answer.
    pub(crate) fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }
}

/// The members of a comma-separated list that are not empty.
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|part| !part.is_empty())
}

fn parse_length(digits: &[u8]) -> Result<u64, Flaw> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Flaw::Invalid("its length is no number"));
    }
    let mut length = 0_u64;
    for digit in digits {
        length = length
            .checked_mul(10)
            .and_then(|length| length.checked_add(u64::from(digit - b'0')))
            .ok_or(Flaw::Invalid("its length is out of range"))?;
    }
    Ok(length)
}

/// Takes a chunked body apart.
#[derive(Clone, Debug)]
pub(crate) struct Chunks {
    state: State,
    /// How long the line is that is being read, or the trailer so far.
    line: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the size of a chunk: what it says so far, if it says anything.
    Size(Option<u64>),
    /// Behind the size: what a server puts there is passed over.
    Extension(u64),
    /// Behind the CR at the end of that line.
    SizeEnd(u64),
    Data(u64),
    /// Behind the data.
    DataEnd,
    /// Behind the CR after the data.
    DataLineEnd,
    /// At the beginning of a line behind the last chunk, or in the middle of one.
    Trailer {
        line_is_empty: bool,
    },
    /// Behind the CR of such a line.
    TrailerEnd {
        line_is_empty: bool,
    },
    Done,
}

impl Chunks {
    pub(crate) fn new() -> Self {
        Self { state: State::Size(None), line: 0 }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Tells whether nothing but a trailer can follow: the last chunk has been seen, and no line was begun behind it.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(
            self.state,
            State::Trailer { line_is_empty: true }
                | State::TrailerEnd { line_is_empty: true }
                | State::Done
        )
    }

    /// Works through what has come, and hands on the data in it; says how many bytes of it belong to this body.
    pub(crate) fn decode<E: From<Flaw>>(
        &mut self,
        input: &[u8],
        mut data: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut used = 0;
        while used < input.len() && self.state != State::Done {
            if let State::Data(left) = self.state {
                let rest = &input[used..];
                let count = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                data(&rest[..count])?;
                used += count;
                let left = left - count as u64;
                self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
            } else {
                self.state = self.after(input[used])?;
                used += 1;
            }
        }
        Ok(used)
    }

    /// The state after a byte that is not data.
    fn after(&mut self, byte: u8) -> Result<State, Flaw> {
        const NO_SIZE: Flaw = Flaw::Invalid("a chunk has no size");
        self.line += 1;
        if self.line > LONGEST_CHUNK_LINE {
            return Err(Flaw::TooBig("the line before a chunk, or the trailer, is too long"));
        }
        Ok(match (self.state, byte) {
            (State::Size(size), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                let size = size.unwrap_or(0);
                if size >> 60 != 0 {
                    return Err(Flaw::Invalid("the size of a chunk is out of range"));
                }
                State::Size(Some(size << 4 | digit))
            }
            (State::Size(Some(size)), b';' | b' ' | b'\t') => State::Extension(size),
            (State::Size(Some(size)) | State::Extension(size), b'\r') => State::SizeEnd(size),
            (State::SizeEnd(size), b'\n') => {
                self.line = 0;
                match size {
                    0 => State::Trailer { line_is_empty: true },
                    size => State::Data(size),
                }
            }
            (State::Size(_) | State::SizeEnd(_), _) | (State::Extension(_), b'\n') => {
                return Err(NO_SIZE);
            }
            (State::Extension(size), _) => State::Extension(size),
            (State::DataEnd, b'\r') => State::DataLineEnd,
            (State::DataLineEnd, b'\n') => {
                self.line = 0;
                State::Size(None)
            }
            (State::DataEnd | State::DataLineEnd, _) => {
                return Err(Flaw::Invalid("a chunk does not end where it should"));
            }
            (State::Trailer { line_is_empty }, b'\r') => State::TrailerEnd { line_is_empty },
            (State::Trailer { .. }, b'\n') => {
                return Err(Flaw::Invalid("the trailer is malformed"));
            }
            (State::Trailer { .. }, _) => State::Trailer { line_is_empty: false },
            (State::TrailerEnd { line_is_empty: true }, b'\n') => State::Done,
            (State::TrailerEnd { line_is_empty: false }, b'\n') => {
                State::Trailer { line_is_empty: true }
            }
            (State::TrailerEnd { .. }, _) => return Err(Flaw::Invalid("the trailer is malformed")),
            (state @ (State::Data(_) | State::Done), _) => state,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(head: &str) -> Result<Head, Flaw> {
        let head = head.replace('\n', "\r\n") + "\r\n\r\n";
        Head::parse(head.as_bytes()).map(|parsed| {
            let (length, parsed) = parsed.unwrap();
            assert_eq!(length, head.len());
            parsed
        })
    }

    #[test]
    fn where_a_body_ends() {
        use Body::{Chunked, Length, UntilEnd};
        let rows = [
            ("HTTP/1.1 200 OK\nContent-Length: 5", Length(5), true),
            ("HTTP/1.1 200\ncontent-length:5", Length(5), true),
            ("HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 5", Length(5), true),
            ("HTTP/1.1 200 OK\nContent-Length: 5, 5", Length(5), true),
            ("HTTP/1.1 200 OK\nContent-Length: 18446744073709551615", Length(u64::MAX), true),
            ("HTTP/1.1 200 OK\nContent-Length: 5\nConnection: close", Length(5), false),
            ("HTTP/1.1 200 OK\nContent-Length: 5\nConnection: x, Close", Length(5), false),
            ("HTTP/1.0 200 OK\nContent-Length: 5", Length(5), false),
            ("HTTP/1.0 200 OK\nContent-Length: 5\nConnection: keep-alive", Length(5), true),
            ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", Chunked, true),
            ("HTTP/1.1 200 OK\nTransfer-Encoding: Chunked\nContent-Length: 5", Chunked, false),
            ("HTTP/1.1 200 OK", UntilEnd, false),
            ("HTTP/1.1 404 X", UntilEnd, false),
            ("HTTP/1.1 204 X", Length(0), true),
            ("HTTP/1.1 304 X\nContent-Length: 5", Length(0), true),
            ("HTTP/1.1 101 Switching", Length(0), false),
        ];
        for (head, body, keeps) in rows {
            let parsed = parse(head).unwrap();
            assert_eq!((parsed.body, parsed.keeps), (body, keeps), "{head}");
        }
    }

    #[test]
    fn what_a_head_must_not_say() {
        let rows = [
            "HTTP/1.1 200 OK\nContent-Length: -1",
            "HTTP/1.1 200 OK\nContent-Length: +5",
            "HTTP/1.1 200 OK\nContent-Length: 0x5",
            "HTTP/1.1 200 OK\nContent-Length: 5 5",
            "HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 6",
            "HTTP/1.1 200 OK\nContent-Length: 5, 6",
            "HTTP/1.1 200 OK\nContent-Length: 5,",
            "HTTP/1.1 200 OK\nContent-Length:",
            "HTTP/1.1 099 X",
            "HTTP/1.1 200 OK\nContent-Length: 18446744073709551616",
            "HTTP/2 200 OK",
            "HTTP/1.2 200 OK",
            "http/1.1 200 OK",
            "HTTP/1.1 20 OK",
            "HTTP/1.1 2000 OK",
            "HTTP/1.1 abc OK",
            "SSH-2.0-OpenSSH_9.2",
            "HTTP/1.1 200 OK\nno colon",
            "HTTP/1.1 200 OK\nspace before : colon",
            "HTTP/1.1 200 OK\na: b\n folded",
        ];
        for head in rows {
            assert!(matches!(parse(head), Err(Flaw::Invalid(_))), "{head}: {:?}", parse(head));
        }
        let unknown = [
            "HTTP/1.1 200 OK\nTransfer-Encoding: gzip",
            "HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked",
            "HTTP/1.1 200 OK\nTransfer-Encoding: chunked, chunked",
            "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked",
            "HTTP/1.1 200 OK\nTransfer-Encoding:",
            "HTTP/1.0 200 OK\nTransfer-Encoding: chunked",
        ];
        for head in unknown {
            assert!(matches!(parse(head).unwrap().body, Body::Unknown(_)), "{head}");
        }
        let long = format!("HTTP/1.1 200 OK\nX: {}", "x".repeat(LONGEST_HEAD));
        let many = format!("HTTP/1.1 200 OK{}", "\nX: 1".repeat(MOST_FIELDS + 1));
        for head in [long, many] {
            assert!(matches!(parse(&head), Err(Flaw::TooBig(_))));
        }
        let endless = "HTTP/1.1 200 OK\r\nX: ".to_owned() + &"x".repeat(LONGEST_HEAD);
        assert!(matches!(Head::parse(endless.as_bytes()), Err(Flaw::TooBig(_))));
    }

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let head = b"\r\nHTTP/1.1 503 Busy\r\nRetry-After: 7\r\nDATE: d\r\nLocation: l\r\nX-Correlation-Id: c\r\nContent-Encoding: identity, GZIP\r\n\r\n{}";
        for end in 0..head.len() - 2 {
            assert_eq!(Head::parse(&head[..end]), Ok(None), "{end}");
        }
        let (length, parsed) = Head::parse(head).unwrap().unwrap();
        assert_eq!(length, head.len() - 2);
        assert_eq!((parsed.status, parsed.coding), (503, Coding::Gzip));
        assert_eq!(parsed.retry_after.as_deref(), Some("7"));
        assert_eq!(parsed.date.as_deref(), Some("d"));
        assert_eq!(parsed.location.as_deref(), Some("l"));
        assert_eq!(parsed.request_id.as_deref(), Some("c"));
        let both =
            parse("HTTP/1.1 200 OK\nX-Correlation-Id: c\nx-request-id: r\nContent-Encoding: br");
        let both = both.unwrap();
        assert_eq!((both.request_id.as_deref(), both.coding), (Some("r"), Coding::Other));
    }

    /// What a chunked body holds, however it is cut into pieces, and what is left behind it.
    fn chunks(input: &str) -> Result<(String, bool, usize), Flaw> {
        type Outcome = Result<(Vec<u8>, bool, usize), Flaw>;
        let mut whole: Option<Outcome> = None;
        for size in 1..=input.len() {
            let mut chunks = Chunks::new();
            let (mut held, mut used) = (Vec::new(), 0);
            let mut result = Ok(());
            for piece in input.as_bytes().chunks(size) {
                let take = |data: &[u8]| -> Result<(), Flaw> {
                    held.extend_from_slice(data);
                    Ok(())
                };
                match chunks.decode(piece, take) {
                    Ok(count) => used += count,
                    Err(flaw) => result = Err(flaw),
                }
                if result.is_err() || chunks.is_done() {
                    break;
                }
            }
            let outcome = result.map(|()| (held, chunks.is_done(), input.len() - used));
            if let Some(whole) = &whole {
                assert_eq!(whole, &outcome, "{input:?} in pieces of {size}");
            }
            whole = Some(outcome);
        }
        whole.unwrap().map(|(held, done, left)| (String::from_utf8(held).unwrap(), done, left))
    }

    #[test]
    fn chunks_are_put_together() {
        let rows = [
            ("5\r\nhello\r\n0\r\n\r\n", "hello", true, 0),
            ("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nmore", "hello", true, 4),
            (
                "A;name=\"value\"\r\n0123456789\r\n00\r\nTrailer: x\r\nY: z\r\n\r\n",
                "0123456789",
                true,
                0,
            ),
            ("5 \r\nhello\r\n0;x\r\n\r\n", "hello", true, 0),
            ("5\r\nhel", "hel", false, 0),
            ("5\r\nhello\r\n", "hello", false, 0),
            ("5\r\nhello\r\n0\r\n", "hello", false, 0),
        ];
        for (input, held, done, left) in rows {
            assert_eq!(chunks(input), Ok((held.to_owned(), done, left)), "{input:?}");
        }
    }

    #[test]
    fn chunks_that_are_none() {
        let rows = [
            "\r\nhello\r\n",
            "zz\r\n",
            "-5\r\nhello\r\n",
            "0x5\r\nhello\r\n",
            "5\nhello\r\n",
            "5;x\nhello\r\n",
            "5\rhello\r\n",
            "5\r\nhelloX\r\n",
            "5\r\nhello\rX",
            "5\r\nhello\n",
            "11111111111111111\r\n",
            "0\r\n\n",
            "0\r\nX: y\n\r\n",
            "0\r\nX: y\rz",
        ];
        for input in rows {
            assert!(matches!(chunks(input), Err(Flaw::Invalid(_))), "{input:?}");
        }
        let mut chunks = Chunks::new();
        let endless = format!("5;{}", "x".repeat(LONGEST_CHUNK_LINE as usize));
        let flaw = chunks.decode(endless.as_bytes(), |_| Ok::<_, Flaw>(())).unwrap_err();
        assert!(matches!(flaw, Flaw::TooBig(_)));
    }
}
