//! Reads JSON where it stands, without building anything from it.
//!
//! serde takes an answer apart, but it lets pass what it skips: the lone surrogates of a field nobody
//! asked for, and bad UTF-8 there too. [`check`] runs over every answer before anything is read from
//! it, so that whether an answer is JSON does not depend on which of its fields the crate knows.
//! [`value_at`] and [`members`] give the rest as the service wrote it.

use std::borrow::Cow;
use std::fmt;

/// How many containers may stand inside each other, the top-level object included.
const DEPTH: u32 = 128;
const BYTE_ORDER_MARK: char = '\u{FEFF}';
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

const BAD_ESCAPE: &str = "bad escape";
const BAD_NUMBER: &str = "bad number";
const CONTROL_CHARACTER: &str = "control character in a string";
const LONE_SURROGATE: &str = "lone surrogate";
const UNEXPECTED_END: &str = "unexpected end of input";

/// What keeps bytes from being the JSON object they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Counted in bytes from the start of the input, a byte order mark included.
    pub(crate) offset: usize,
    /// Lower case, without a dot at the end.
    pub(crate) what: &'static str,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.offset)
    }
}

impl std::error::Error for Flaw {}

/// Returns the input as text if it is one JSON object and nothing else but whitespace.
///
/// A leading byte order mark is skipped: the text starts after it. Doubled keys pass, and so do
/// numbers of any size: the grammar allows both.
///
/// Fails with the first flaw, but looks for bad UTF-8 before all others. The offset is that of the
/// first byte that cannot stand where it stands; of an escape it is the backslash, of a trailing
/// comma the comma, and of input that breaks off its length.
pub(crate) fn check(bytes: &[u8]) -> Result<&str, Flaw> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Flaw { offset: error.valid_up_to(), what: "bad UTF-8" })?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    match scan(text.as_bytes()) {
        Ok(()) => Ok(text),
        Err(stop) => Err(Flaw { offset: bytes.len() - stop.rest.len(), what: stop.what }),
    }
}

/// Returns the value that an RFC 6901 pointer names, as it is written in the document.
///
/// Of doubled keys the last counts. `""` names the document itself. `None` if there is no such value
/// or the pointer is malformed. The document should have passed [`check`]; on any other text the
/// answer means nothing.
pub(crate) fn value_at<'a>(document: &'a str, pointer: &str) -> Option<&'a str> {
    let document = document.trim_matches(SPACE);
    if pointer.is_empty() {
        return Some(document);
    }
    let mut steps = pointer.strip_prefix('/')?.split('/');
    steps.try_fold(document, |raw, step| {
        if raw.starts_with('[') {
            return element(raw, step);
        }
        let key = unescape_step(step)?;
        members(raw).filter(|(name, _)| *name == key).last().map(|(_, value)| value)
    })
}

/// Returns the text of a JSON string, escapes decoded; `None` if this is anything else.
pub(crate) fn text_of(raw: &str) -> Option<String> {
    decode(raw.trim_matches(SPACE)).map(Cow::into_owned)
}

/// Walks over the members of an object in the order they are written, doubled keys included.
///
/// Of anything but an object there are none. On a text that [`check`] refuses the walk ends early.
pub(crate) fn members(document: &str) -> Members<'_> {
    Members { rest: document.trim_start_matches(SPACE).strip_prefix('{').unwrap_or_default() }
}

/// The members of an object: each key decoded, each value as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    /// Starts with the next member; empty after the last.
    rest: &'a str,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, rest) = split_value(std::mem::take(&mut self.rest))?;
        let key = decode(key)?;
        let (value, rest) = split_value(strip_mark(rest, ':')?)?;
        self.rest = strip_mark(rest, ',').unwrap_or_default();
        Some((key, value))
    }
}

fn element<'a>(array: &'a str, step: &str) -> Option<&'a str> {
    if !step.bytes().all(|byte| byte.is_ascii_digit()) || (step.len() > 1 && step.starts_with('0')) {
        return None;
    }
    let mut rest = array.strip_prefix('[')?;
    for _ in 0..step.parse::<usize>().ok()? {
        rest = strip_mark(split_value(rest)?.1, ',')?;
    }
    split_value(rest).map(|(value, _)| value)
}

fn unescape_step(step: &str) -> Option<Cow<'_, str>> {
    let mut after_tildes = step.split('~').skip(1);
    if !after_tildes.all(|text| text.starts_with(['0', '1'])) {
        return None;
    }
    if !step.contains('~') {
        return Some(Cow::Borrowed(step));
    }
    // In this order: "~01" stands for "~1".
    Some(Cow::Owned(step.replace("~1", "/").replace("~0", "~")))
}

fn strip_mark(text: &str, mark: char) -> Option<&str> {
    text.trim_start_matches(SPACE).strip_prefix(mark)
}

/// The value that the text starts with, and what follows it.
fn split_value(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(SPACE);
    let rest = after_value(text.as_bytes())?;
    text.split_at_checked(text.len() - rest.len())
}

/// What follows a value that is known to be sound, or nothing if it turns out not to be.
fn after_value(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [b'"', more @ ..] => after_string(more),
        [b'{' | b'[', more @ ..] => after_container(more),
        _ => {
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            if length > 0 { rest.get(length..) } else { None }
        }
    }
}

fn after_container(mut rest: &[u8]) -> Option<&[u8]> {
    let mut depth = 1_usize;
    while let [byte, more @ ..] = rest {
        rest = more;
        match byte {
            b'"' => rest = after_string(rest)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Some(rest),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn after_string(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        rest = match special(rest) {
            [b'"', more @ ..] => return Some(more),
            [b'\\', _, more @ ..] => more,
            [_, more @ ..] => more,
            [] => return None,
        };
    }
}

fn decode(raw: &str) -> Option<Cow<'_, str>> {
    let mut rest = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut decoded = String::new();
    loop {
        let (plain, found) = rest.split_at_checked(rest.len() - special(rest.as_bytes()).len())?;
        match found.as_bytes() {
            [] if decoded.is_empty() => return Some(Cow::Borrowed(plain)),
            [] => return Some(Cow::Owned(decoded + plain)),
            bytes @ [b'\\', ..] => {
                let (character, more) = escape(bytes).ok()?;
                decoded.push_str(plain);
                decoded.push(character);
                rest = found.get(found.len() - more.len()..)?;
            }
            _ => return None,
        }
    }
}

/// A flaw, placed by what is left of the input: only [`check`] has to know how long that was.
struct Stop<'a> {
    rest: &'a [u8],
    what: &'static str,
}

/// Says what is wrong with the rest, unless it is that there is none.
#[cold]
fn stop<'a, T>(rest: &'a [u8], what: &'static str) -> Result<T, Stop<'a>> {
    Err(Stop { rest, what: if rest.is_empty() { UNEXPECTED_END } else { what } })
}

/// The kinds of the containers around a place, the innermost lowest: a set bit is an object.
///
/// There are as many bits as containers may stand inside each other: no input makes it grow.
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

/// Walks over the document once, in one loop: nesting costs no stack.
///
/// Patterns of two bytes stand before those of one where the service leaves no whitespace between
/// them, which is nearly always. They accept nothing that the others would not.
fn scan(bytes: &[u8]) -> Result<(), Stop<'_>> {
    let mut rest = after_space(bytes);
    if !rest.starts_with(b"{") {
        return stop(rest, "expected an object");
    }
    let mut nest = Nest { objects: 0, depth: 0 };
    loop {
        // Each turn reads the next member of an object, or the next element of an array.
        if nest.in_object() {
            let end = match token(rest) {
                [b'"', more @ ..] => special(more),
                other => return missing(bytes, other, "expected a key"),
            };
            rest = match end {
                [b'"', b':', more @ ..] => more,
                _ => after_key(end)?,
            };
        }
        rest = token(rest);
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
                if !nest.enter(*open == b'{') {
                    return stop(rest, "nesting over 128");
                }
                rest = token(more);
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
        // A value has ended, and with it perhaps the containers around it.
        rest = loop {
            rest = token(rest);
            match (rest, nest.in_object()) {
                ([b',', more @ ..], _) => break more,
                ([b'}', more @ ..], true) | ([b']', more @ ..], false) => {
                    nest.leave();
                    rest = more;
                }
                (_, true) => return stop(rest, "expected ',' or '}'"),
                (_, false) => return stop(rest, "expected ',' or ']'"),
            }
            if nest.depth == 0 {
                return match after_space(rest) {
                    [] => Ok(()),
                    trailing => stop(trailing, "trailing bytes"),
                };
            }
        };
    }
}

/// The flaw of a place where a key or a value is missing.
#[cold]
fn missing<'a>(
    bytes: &'a [u8],
    rest: &'a [u8],
    what: &'static str,
) -> Result<(), Stop<'a>> {
    let before = bytes.strip_suffix(rest).unwrap_or_default().trim_ascii_end();
    match (before, rest) {
        ([before @ .., b','], [b'}' | b']', ..]) => {
            stop(bytes.get(before.len()..).unwrap_or_default(), "trailing comma")
        }
        _ => stop(rest, what),
    }
}

/// What follows the colon of a key that ends, or goes on, with the rest.
#[inline(never)]
fn after_key(rest: &[u8]) -> Result<&[u8], Stop<'_>> {
    match after_space(string(rest)?) {
        [b':', more @ ..] => Ok(more),
        other => stop(other, "expected ':'"),
    }
}

/// What follows a string that ends, or goes on, with the rest.
#[inline(never)]
fn string(mut rest: &[u8]) -> Result<&[u8], Stop<'_>> {
    loop {
        match rest {
            [b'"', more @ ..] => return Ok(more),
            [b'\\', ..] => rest = special(escape(rest)?.1),
            _ => return stop(rest, CONTROL_CHARACTER),
        }
    }
}

/// The character that the escape stands for, and what follows; a surrogate pair is one escape.
fn escape(rest: &[u8]) -> Result<(char, &[u8]), Stop<'_>> {
    let (character, more) = match rest {
        [_, b'u', ..] => return unicode_escape(rest),
        [_, byte @ (b'"' | b'\\' | b'/'), more @ ..] => (char::from(*byte), more),
        [_, b'b', more @ ..] => ('\u{8}', more),
        [_, b'f', more @ ..] => ('\u{C}', more),
        [_, b'n', more @ ..] => ('\n', more),
        [_, b'r', more @ ..] => ('\r', more),
        [_, b't', more @ ..] => ('\t', more),
        [_, _, ..] => return stop(rest, BAD_ESCAPE),
        _ => return stop(&[], UNEXPECTED_END),
    };
    Ok((character, more))
}

fn unicode_escape(rest: &[u8]) -> Result<(char, &[u8]), Stop<'_>> {
    let (first, more) = code_unit(rest)?;
    if let Some(character) = char::from_u32(first) {
        return Ok((character, more));
    }
    let (second, more) = match more {
        [b'\\', b'u', ..] if first < 0xDC00 => code_unit(more)?,
        [] | [b'\\'] if first < 0xDC00 => return stop(&[], UNEXPECTED_END),
        _ => return stop(rest, LONE_SURROGATE),
    };
    let low = second.wrapping_sub(0xDC00);
    match char::from_u32(0x1_0000 + ((first - 0xD800) << 10 | low)) {
        Some(character) if low < 0x400 => Ok((character, more)),
        _ => stop(rest, LONE_SURROGATE),
    }
}

/// The number in a `\u` escape, and what follows.
fn code_unit(rest: &[u8]) -> Result<(u32, &[u8]), Stop<'_>> {
    let mut unit = 0;
    let mut digits = rest.get(2..).unwrap_or_default();
    for _ in 0..4 {
        let [byte, more @ ..] = digits else { return stop(&[], UNEXPECTED_END) };
        let Some(digit) = char::from(*byte).to_digit(16) else { return stop(rest, BAD_ESCAPE) };
        unit = unit << 4 | digit;
        digits = more;
    }
    Ok((unit, digits))
}

fn number(rest: &[u8]) -> Result<&[u8], Stop<'_>> {
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

/// What follows the digits; there must be one.
fn digits(rest: &[u8]) -> Result<&[u8], Stop<'_>> {
    let [b'0'..=b'9', more @ ..] = rest else { return stop(rest, BAD_NUMBER) };
    let mut rest = more;
    while let [b'0'..=b'9', more @ ..] = rest {
        rest = more;
    }
    Ok(rest)
}

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

/// The rest from the first byte on that is no whitespace, found at once if it is the first.
#[inline]
fn token(rest: &[u8]) -> &[u8] {
    match rest {
        [byte, ..] if *byte > b' ' => rest,
        _ => after_space(rest),
    }
}

#[inline(never)]
fn after_space(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', more @ ..] = rest {
        rest = more;
        // Indentation is long: eight spaces are one step.
        while let Some((word, more)) = rest.split_first_chunk() {
            if u64::from_le_bytes(*word) != ONES * 0x20 {
                break;
            }
            rest = more;
        }
    }
    rest
}

/// A byte times this is the byte eight times.
const ONES: u64 = u64::MAX / 255;

/// The rest from the first quote, backslash or control character on.
///
/// Eight bytes at a time: in the lower seven bits a byte that is one of them makes a subtraction
/// borrow, which sets its top bit. Bytes from 0x80 on have that bit anyway and are none of them.
/// A borrow spoils the bytes above, so only the lowest set bit is to be trusted.
#[inline]
fn special(mut rest: &[u8]) -> &[u8] {
    while let Some((word, more)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        // Flipping one bit swaps the quote with the space: what ends a string is below 0x21 then.
        let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
        let backslash = (word ^ (ONES * 0x5C)).wrapping_sub(ONES);
        let found = (quote_or_control | backslash) & !word & (ONES << 7);
        if found != 0 {
            return rest.get(found.trailing_zeros() as usize / 8..).unwrap_or_default();
        }
        rest = more;
    }
    special_in_tail(rest)
}

#[cold]
fn special_in_tail(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'!' | b'#'..=b'[' | b']'..=u8::MAX, more @ ..] = rest {
        rest = more;
    }
    rest
}
