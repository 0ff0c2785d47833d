//! Checks of the head of a response that ureq does not make. Pure functions.

use std::io::BufRead as _;

use ureq::http::header::{CONTENT_ENCODING, HeaderMap, HeaderName, TRANSFER_ENCODING};
use ureq::http::{HeaderValue, Version, response};

use super::failure::ConnectionError;

/// The parts of a head that decide whether its connection is used again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    status: u16,
    /// Whether it has a length and a transfer coding. ureq decodes the chunks; then the connection must be closed (RFC 9112,
    /// 6.3).
    pub(super) has_both_lengths: bool,
}

impl Head {
    /// Reads a complete head that ureq has accepted.
    pub(crate) fn of(head: &[u8]) -> Self {
        let head = head.trim_ascii_start();
        let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
        let (mut length, mut coding) = (false, false);
        let mut line = head;
        // `skip_until` looks at many bytes at a time.
        while !line.is_empty() {
            let is = |name: &[u8]| {
                line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            };
            match line.first() {
                Some(b'c' | b'C') => length |= is(b"content-length:"),
                Some(b't' | b'T') => coding |= is(b"transfer-encoding:"),
                _ => {}
            }
            let _ = line.skip_until(b'\n');
        }
        let status = status.and_then(|digits| digits.parse().ok()).unwrap_or(0);
        Self { status, has_both_lengths: length && coding }
    }

    /// Tells whether the status leaves open if a write was applied.
    pub(super) fn leaves_outcome_open(&self) -> bool {
        matches!(self.status, 300..=399 | 408 | 500..)
    }
}

/// Returns the length of a complete interim response at the start of the input. ureq would refuse a 100 with headers.
pub(crate) fn interim_length(input: &[u8]) -> Option<usize> {
    let line = input.get(..13)?;
    if !line.starts_with(b"HTTP/1.") || line[8] != b' ' || line[9] != b'1' {
        return None;
    }
    let digits = line[10..12].iter().all(u8::is_ascii_digit) && !line[12].is_ascii_digit();
    if !digits || &line[9..12] == b"101" {
        return None;
    }
    // It ends with an empty line, which may be CR LF or LF.
    let mut line_is_empty = false;
    for (at, byte) in input.iter().enumerate() {
        match byte {
            b'\n' if line_is_empty => return Some(at + 1),
            b'\n' => line_is_empty = true,
            b'\r' => {}
            _ => line_is_empty = false,
        }
    }
    None
}

/// Refuses codings that ureq does not decode.
pub(super) fn check_codings(head: &response::Parts) -> Result<(), ConnectionError> {
    let mut transfer = head.headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(coding) = transfer.next() {
        if head.version == Version::HTTP_10 {
            const OLD: &str = "it is HTTP/1.0 with a transfer coding";
            return Err(ConnectionError::Protocol(OLD));
        }
        let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
        if !chunked || transfer.next().is_some() {
            const UNKNOWN: &str = "its transfer coding is not chunked";
            return Err(ConnectionError::Protocol(UNKNOWN));
        }
    }
    // ureq removes the header when it decodes.
    let identity = |coding: &[u8]| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity");
    let content = head.headers.get_all(CONTENT_ENCODING).iter();
    let known = content
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .all(|coding| identity(coding.trim_ascii()));
    if known { Ok(()) } else { Err(ConnectionError::Protocol("its content coding is not gzip")) }
}

/// Returns the value of a header as text; `None` if it is empty or not ASCII.
pub(super) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// Returns the target of a redirect without the parts that may be secret: user and password, query, fragment.
pub(super) fn public_location(location: &HeaderValue) -> Option<String> {
    let location = String::from_utf8_lossy(location.as_bytes());
    let location = location.split(['?', '#']).next().unwrap_or("");
    let authority = location.find("//").filter(|at| !location[..*at].contains('/'));
    let (scheme, rest) = location.split_at(authority.map_or(0, |at| at + 2));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match authority.rsplit_once('@') {
        Some((_, host)) if !scheme.is_empty() => host,
        _ => authority,
    };
    let public = format!("{scheme}{host}{path}");
    (!public.is_empty()).then_some(public)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let rows = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, false, false),
            ("\r\nHTTP/1.1 503\r\n\r\n", 503, false, true),
            ("HTTP/1.1 408 X\r\n\r\n", 408, false, true),
            ("HTTP/1.1 302 X\r\n\r\n", 302, false, true),
            ("HTTP/1.1 429 X\r\n\r\n", 429, false, false),
            ("HTTP/1.1 200\ntransfer-encoding: chunked\nCONTENT-LENGTH:5\n\n", 200, true, false),
            (
                "HTTP/1.1 200\nX: content-length: 5\nTransfer-Encoding: chunked\n\n",
                200,
                false,
                false,
            ),
            ("", 0, false, false),
        ];
        for (head, status, has_both_lengths, open) in rows {
            let parsed = Head::of(head.as_bytes());
            assert_eq!(parsed, Head { status, has_both_lengths }, "{head}");
            assert_eq!(parsed.leaves_outcome_open(), open, "{head}");
        }
    }

    #[test]
    fn interim_responses() {
        let rows = [
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP", Some(25)),
            ("HTTP/1.1 103 X\nLink: a\n\n", Some(24)),
            ("HTTP/1.1 100 Continue\r\nDate: today\r\n\r\n", Some(38)),
            ("HTTP/1.1 100 Continue\r\n", None),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", None),
            ("HTTP/1.1 200 OK\r\n\r\n", None),
            ("HTTP/1.1 1000 OK\r\n\r\n", None),
            ("HTTP/2 100", None),
            ("", None),
        ];
        for (input, length) in rows {
            assert_eq!(interim_length(input.as_bytes()), length, "{input}");
        }
    }

    #[test]
    fn locations_lose_what_may_be_secret() {
        let rows = [
            ("https://user:hush@example.com/a?token=hush#x", Some("https://example.com/a")),
            ("/login?next=hush", Some("/login")),
            ("//user@example.com", Some("//example.com")),
            ("?hush", None),
            ("a@b", Some("a@b")),
        ];
        for (location, expected) in rows {
            let location = HeaderValue::from_static(location);
            assert_eq!(public_location(&location).as_deref(), expected);
        }
    }
}
