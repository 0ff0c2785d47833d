//! Checks that bytes are one JSON object.

use std::str::Utf8Error;

use super::raw::{ONES, Scan, escape, special, stop};

/// Maximum nesting of objects and arrays, the top-level object included.
const DEPTH: u32 = 128;
const BYTE_ORDER_MARK: char = '\u{FEFF}';
pub(super) const BAD_NUMBER: &str = "bad number";
pub(super) const CONTROL_CHARACTER: &str = "control character in a string";

/// Error of bytes that are not one JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}")]
pub(crate) struct SyntaxError {
    /// Bytes from the start of the input, a byte order mark included.
    pub(crate) offset: usize,
    /// Lower case, without a full stop.
    pub(crate) what: &'static str,
}

impl From<Utf8Error> for SyntaxError {
    fn from(error: Utf8Error) -> Self {
        Self { offset: error.valid_up_to(), what: "bad UTF-8" }
    }
}

/// Returns the input as text if it is one JSON object, with nothing but whitespace around it.
///
/// A leading byte order mark is skipped: the returned text starts after it. Duplicate keys and numbers of any size are
/// accepted, as the grammar allows both.
///
/// Fails with the first error, but reports invalid UTF-8 before all others. The offset is that of the first byte that is
/// wrong; of an escape it is the backslash, of a trailing comma the comma, and of truncated input its length.
pub(crate) fn check(bytes: &[u8]) -> Result<&str, SyntaxError> {
    check_text(std::str::from_utf8(bytes)?, |_| {})
}

/// Checks a text; `on_key` is given what follows the opening quote of each top-level key.
pub(super) fn check_text(whole: &str, on_key: impl FnMut(&[u8])) -> Result<&str, SyntaxError> {
    let text = whole.strip_prefix(BYTE_ORDER_MARK).unwrap_or(whole);
    match scan(text.as_bytes(), on_key) {
        Ok(()) => Ok(text),
        Err((rest, what)) => Err(SyntaxError { offset: whole.len() - rest.len(), what }),
    }
}

/// Checks the document in one loop, without recursion: nesting costs no stack.
///
/// Patterns of two bytes come before those of one where the service writes no whitespace. They accept nothing that the
/// others would not; they are there for speed.
fn scan(bytes: &[u8], mut on_key: impl FnMut(&[u8])) -> Scan<'_, ()> {
    let mut rest = after_space(bytes);
    if !rest.starts_with(b"{") {
        return stop(rest, "expected an object");
    }
    // One bit for each container around the position, the innermost lowest: 1 is an object, 0 an array.
    let (mut objects, mut depth) = (0_u128, 0);
    loop {
        // Each round reads the next member of an object, or the next item of an array.
        if objects & 1 == 1 {
            let end = match skip_space(rest) {
                [b'"', more @ ..] => {
                    if depth == 1 {
                        on_key(more);
                    }
                    special(more)
                }
                other => return missing(bytes, other, "expected a key"),
            };
            rest = match end {
                [b'"', b':', more @ ..] => more,
                _ => after_key(end)?,
            };
        }
        rest = skip_space(rest);
        rest = match rest {
            [b'"', b'"', more @ ..] => more,
            [b'"', more @ ..] => match special(more) {
                [b'"', b',', more @ ..] => {
                    rest = more;
                    continue;
                }
                end => string(end)?,
            },
            [open @ (b'{' | b'['), more @ ..] => {
                if depth == DEPTH {
                    return stop(rest, "nesting over 128");
                }
                depth += 1;
                objects = objects << 1 | u128::from(*open == b'{');
                rest = skip_space(more);
                match (open, rest) {
                    (b'{', [b'}', ..]) | (b'[', [b']', ..]) => rest,
                    _ => continue,
                }
            }
            [b'-' | b'0'..=b'9', ..] => number(rest)?,
            [b'n', ..] => literal(rest, b"null")?,
            [b't', ..] => literal(rest, b"true")?,
            [b'f', ..] => literal(rest, b"false")?,
            [b'+' | b'.' | b'N' | b'I', ..] => return stop(rest, BAD_NUMBER),
            _ => return missing(bytes, rest, "expected a value"),
        };
        // After a value: the containers around it may end too.
        rest = loop {
            rest = skip_space(rest);
            match (rest, objects & 1 == 1) {
                ([b',', more @ ..], _) => break more,
                ([b'}', more @ ..], true) | ([b']', more @ ..], false) => {
                    depth -= 1;
                    objects >>= 1;
                    rest = more;
                }
                (_, true) => return stop(rest, "expected ',' or '}'"),
                (_, false) => return stop(rest, "expected ',' or ']'"),
            }
            if depth == 0 {
                return match after_space(rest) {
                    [] => Ok(()),
                    trailing => stop(trailing, "trailing bytes"),
                };
            }
        };
    }
}

/// Returns the error of a missing key or value.
#[cold]
fn missing<'a>(bytes: &'a [u8], rest: &'a [u8], what: &'static str) -> Scan<'a, ()> {
    let (before, _) = bytes.split_at(bytes.len() - rest.len());
    match (before.trim_ascii_end(), rest) {
        ([before @ .., b','], [b'}' | b']', ..]) => {
            let (_, comma) = bytes.split_at(before.len());
            stop(comma, "trailing comma")
        }
        _ => stop(rest, what),
    }
}

/// Reads the rest of a key and its colon; returns what follows.
fn after_key(rest: &[u8]) -> Scan<'_> {
    match after_space(string(rest)?) {
        [b':', more @ ..] => Ok(more),
        other => stop(other, "expected ':'"),
    }
}

/// Reads the rest of a string, from its first special byte on; returns what follows.
fn string(mut rest: &[u8]) -> Scan<'_> {
    loop {
        match rest {
            [b'"', more @ ..] => return Ok(more),
            [b'\\', ..] => rest = special(escape(rest)?.1),
            _ => return stop(rest, CONTROL_CHARACTER),
        }
    }
}

/// Reads a number; returns what follows.
fn number(rest: &[u8]) -> Scan<'_> {
    let whole = rest.strip_prefix(b"-").unwrap_or(rest);
    let mut rest = match whole {
        [b'0', more @ ..] if more.first().is_some_and(u8::is_ascii_digit) => {
            return stop(more, BAD_NUMBER);
        }
        _ => digits(whole)?,
    };
    if let [b'.', more @ ..] = rest {
        rest = digits(more)?;
    }
    if let [b'e' | b'E', b'+' | b'-', more @ ..] | [b'e' | b'E', more @ ..] = rest {
        rest = digits(more)?;
    }
    Ok(rest)
}

/// Reads one or more digits; returns what follows.
fn digits(rest: &[u8]) -> Scan<'_> {
    let [b'0'..=b'9', more @ ..] = rest else { return stop(rest, BAD_NUMBER) };
    let mut rest = more;
    while let [b'0'..=b'9', more @ ..] = rest {
        rest = more;
    }
    Ok(rest)
}

fn literal<'a>(rest: &'a [u8], word: &[u8]) -> Scan<'a> {
    let same = rest.iter().zip(word).take_while(|(a, b)| a == b).count();
    let more = rest.get(same..).unwrap_or_default();
    if same == word.len() { Ok(more) } else { stop(more, "bad literal") }
}

/// Skips whitespace, fast where there is none.
fn skip_space(rest: &[u8]) -> &[u8] {
    match rest {
        [byte, ..] if *byte > b' ' => rest,
        _ => after_space(rest),
    }
}

fn after_space(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', more @ ..] = rest {
        rest = more;
        // Indentation is long: skip eight spaces at a time.
        while let Some((word, more)) = rest.split_first_chunk() {
            if u64::from_le_bytes(*word) != ONES * 0x20 {
                break;
            }
            rest = more;
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::super::SPACE;
    use super::super::documents::{ACCEPTED, FLAWED, NO_UTF8, ODDITIES, PAGE};
    use super::super::find::{members, value_at};
    use super::super::raw::UNEXPECTED_END;
    use super::*;

    #[test]
    fn valid_documents_pass() {
        for document in ACCEPTED {
            let text = document.trim_start_matches('\u{FEFF}');
            assert_eq!(check(document.as_bytes()), Ok(text), "{document}");
        }
    }

    #[test]
    fn errors_have_a_reason_and_an_offset() {
        for &(document, what, offset) in FLAWED {
            assert_eq!(check(document.as_bytes()), Err(SyntaxError { offset, what }), "{document}");
        }
        for &(bytes, offset) in NO_UTF8 {
            assert_eq!(check(bytes), Err(SyntaxError { offset, what: "bad UTF-8" }), "{bytes:?}");
        }
        let error = check(b"{\"a\":1,}").unwrap_err();
        assert_eq!(error.to_string(), "trailing comma at byte 6");
    }

    #[test]
    fn tables_have_no_row_twice() {
        let mut rows: Vec<&[u8]> = ACCEPTED.iter().map(|row| row.as_bytes()).collect();
        rows.extend(FLAWED.iter().map(|row| row.0.as_bytes()));
        rows.extend(NO_UTF8.iter().map(|row| row.0));
        let count = rows.len();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), count);
    }

    #[test]
    fn nesting_ends_at_128() {
        let arrays =
            |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        let objects =
            |depth: usize| format!("{}{{}}{}", "{\"a\":".repeat(depth - 1), "}".repeat(depth - 1));
        let both =
            |depth: usize| format!("{}{}", "{\"a\":[".repeat(depth / 2), "]}".repeat(depth / 2));
        for sound in [arrays(128), objects(128), both(128)] {
            assert_eq!(check(sound.as_bytes()), Ok(&*sound));
        }
        let what = "nesting over 128";
        for (document, offset) in [(arrays(129), 132), (objects(129), 640), (both(130), 384)] {
            assert_eq!(check(document.as_bytes()), Err(SyntaxError { offset, what }));
        }
        // Containers that were closed do not count.
        let branch = arrays(127);
        let wide = format!("{{\"a\":[{branch}{}]}}", ",{}".repeat(1000));
        assert_eq!(check(wide.as_bytes()), Err(SyntaxError { offset: 136, what }));
        let branch = arrays(126);
        let wide = format!("{{\"a\":[{branch}{}]}}", format!(",{branch}").repeat(10));
        assert_eq!(check(wide.as_bytes()), Ok(&*wide));
    }

    #[test]
    fn large_documents_are_checked() {
        const MILLION: usize = 1_000_000;
        for open in ["[", "{\"a\":", "{\"a\":["] {
            let deep = format!("{{\"a\":{}", open.repeat(MILLION));
            assert_eq!(check(deep.as_bytes()).unwrap_err().what, "nesting over 128");
            assert_eq!(value_at(&deep, "/a"), None);
            assert_eq!(members(&deep).count(), 0);
        }
        let closed = format!("{{\"a\":{}{}}}", "[".repeat(MILLION), "]".repeat(MILLION));
        assert_eq!(value_at(&closed, "/a").map(str::len), Some(2 * MILLION));
        for long in [
            format!("{{\"a\":\"{}\"}}", "b".repeat(MILLION)),
            format!("{{\"a\":\"{}\"}}", "\\n".repeat(MILLION)),
            format!("{{\"a\":{}}}", "1".repeat(MILLION)),
            format!("{{\"a\":1{}}}", " ".repeat(MILLION)),
            format!("{{\"a\":[1{}]}}", ",1".repeat(MILLION)),
            format!("{{\"a\":1{}}}", ",\"a\":1".repeat(MILLION)),
        ] {
            assert_eq!(check(long.as_bytes()), Ok(&*long));
            assert!(value_at(&long, "/a").is_some());
        }
    }

    #[test]
    fn a_truncated_document_is_an_error_everywhere() {
        for document in ACCEPTED.iter().copied().chain([PAGE, ODDITIES]) {
            let document = document.trim_end_matches(SPACE);
            for length in 0..document.len() {
                let Some(start) = document.get(..length) else { continue };
                let expected = SyntaxError { offset: length, what: UNEXPECTED_END };
                assert_eq!(check(start.as_bytes()), Err(expected), "{start}");
            }
        }
    }
}
