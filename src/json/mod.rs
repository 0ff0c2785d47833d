//! Checks JSON and finds values in the text where they are, without building a tree.
//!
//! [`check`] runs over every response before anything is read from it. So whether a response is valid JSON does not depend on
//! which of its fields the crate knows: a lone surrogate in an unknown field is refused too. Everything else here, and in
//! [`decode`](mod@decode), relies on a checked text. The code is our own because it is fast: reading a list takes 3.6 times
//! less CPU than with `serde_json`, which the fuzz targets compare it with.

pub(crate) mod cursor;
pub(crate) mod decode;
pub(crate) mod input;
mod raw;

use std::borrow::Cow;

use self::cursor::{skip_ws, split_key};
use self::raw::{ONES, Scan, after_container, after_string, decode, escape, special, stop};

/// Maximum nesting of objects and arrays, the top-level object included.
const DEPTH: u32 = 128;
const BYTE_ORDER_MARK: char = '\u{FEFF}';
pub(crate) const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

const BAD_NUMBER: &str = "bad number";
const CONTROL_CHARACTER: &str = "control character in a string";

/// Error of bytes that are not one JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}")]
pub(crate) struct SyntaxError {
    /// Bytes from the start of the input, a byte order mark included.
    pub(crate) offset: usize,
    /// Lower case, without a full stop.
    pub(crate) what: &'static str,
}

/// Returns the input as text if it is one JSON object, with nothing but whitespace around it.
///
/// A leading byte order mark is skipped: the returned text starts after it. Duplicate keys and numbers of any size are
/// accepted, as the grammar allows both.
///
/// Fails with the first error, but reports invalid UTF-8 before all others. The offset is that of the first byte that is
/// wrong; of an escape it is the backslash, of a trailing comma the comma, and of truncated input its length.
pub(crate) fn check(bytes: &[u8]) -> Result<&str, SyntaxError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| SyntaxError { offset: error.valid_up_to(), what: "bad UTF-8" })?;
    check_text(text, |_| {})
}

/// Checks a text like [`check`], and notes the positions of its top-level keys on the way.
pub(crate) fn check_and_outline<'a>(
    text: &'a str,
    name: &str,
) -> Result<(&'a str, TopLevelKeys), SyntaxError> {
    let mut keys = TopLevelKeys::default();
    let checked = check_text(text, |rest| {
        let end = special(rest);
        let plain = rest.get(..rest.len() - end.len());
        keys.may_hold |= end.starts_with(b"\\") || plain == Some(name.as_bytes());
        if let Some(left) = keys.left.get_mut(keys.count) {
            *left = rest.len();
        }
        keys.count += 1;
    })?;
    Ok((checked, keys))
}

/// Positions of the top-level keys of a document, noted by [`check_and_outline`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TopLevelKeys {
    /// Whether the name given to [`check_and_outline`] may be among them. A key with an escape counts as any name.
    pub(crate) may_hold: bool,
    /// Length of the document after the opening quote of each of the first keys. A page has three.
    left: [usize; 4],
    count: usize,
}

impl TopLevelKeys {
    /// Returns the document from the value of a key on; of duplicate keys the last counts.
    ///
    /// `document` is the one that was checked.
    pub(crate) fn after_key<'a>(&self, document: &'a str, key: &str) -> Option<&'a str> {
        let Some(left) = self.left.get(..self.count) else {
            // There are more keys than were noted.
            let found = members_from(inside(document, '{')).filter(|member| member.key == key);
            return found.last().map(|member| member.value_and_rest);
        };
        let keys = left.iter().filter_map(|left| document.get(document.len() - left - 1..));
        keys.rev().filter_map(split_key).find(|(name, _)| name == key).map(|(_, rest)| rest)
    }
}

/// Checks a text; `on_key` is given what follows the opening quote of each top-level key.
fn check_text(whole: &str, on_key: impl FnMut(&[u8])) -> Result<&str, SyntaxError> {
    let text = whole.strip_prefix(BYTE_ORDER_MARK).unwrap_or(whole);
    match scan(text.as_bytes(), on_key) {
        Ok(()) => Ok(text),
        Err((rest, what)) => Err(SyntaxError { offset: whole.len() - rest.len(), what }),
    }
}

/// Returns the value at an RFC 6901 pointer, as it is written in the document.
///
/// Of duplicate keys the last counts. `""` is the document itself. `None` if there is no such value or the pointer is
/// malformed. The document must have passed [`check`]; on any other text the result is meaningless.
pub(crate) fn value_at<'a>(document: &'a str, pointer: &str) -> Option<&'a str> {
    let document = document.trim_matches(SPACE);
    if pointer.is_empty() {
        return Some(document);
    }
    let mut steps = pointer.strip_prefix('/')?.split('/');
    steps.try_fold(document, |raw, step| {
        if raw.starts_with('[') {
            return items(raw).nth(index(step)?);
        }
        let key = unescape_step(step)?;
        members(raw).filter(|(name, _)| *name == key).last().map(|(_, value)| value)
    })
}

/// Returns the text of a JSON string, escapes decoded; `None` if it is not a string.
pub(crate) fn text_of(raw: &str) -> Option<String> {
    text_in(raw).map(Cow::into_owned)
}

/// The same without a copy where the string is written without escapes.
pub(crate) fn text_in(raw: &str) -> Option<Cow<'_, str>> {
    decode(raw.trim_matches(SPACE))
}

/// Writes a text as a JSON string. Bytes that are not UTF-8 stay as they are.
#[cfg(feature = "capi")]
pub(crate) fn string_of(text: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut json = Vec::with_capacity(text.len() + 2);
    json.push(b'"');
    let mut rest = text;
    loop {
        let found = special(rest);
        json.extend_from_slice(&rest[..rest.len() - found.len()]);
        let [byte, more @ ..] = found else { break };
        let short = match byte {
            b'"' | b'\\' => *byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => b'u',
        };
        json.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            let digit = |bits: u8| DIGITS[usize::from(bits & 0xF)];
            json.extend_from_slice(&[b'0', b'0', digit(byte >> 4), digit(*byte)]);
        }
        rest = more;
    }
    json.push(b'"');
    json
}

/// Iterates over the members of an object in order, duplicate keys included: each key decoded, each value as it is written.
///
/// Anything but an object has none. On a text that [`check`] refuses the iteration ends early.
pub(crate) fn members(document: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    members_from(inside(document, '{')).map(|member| (member.key, member.value))
}

struct Member<'a> {
    key: Cow<'a, str>,
    value: &'a str,
    /// The document from the value on.
    value_and_rest: &'a str,
}

/// Iterates over the members of an object like [`members`], with each key as it is written: in its quotes.
#[cfg(feature = "capi")]
pub(crate) fn raw_members(object: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = inside(object, '{');
    std::iter::from_fn(move || {
        let (key, after) = split_value(rest)?;
        let (value, after) = split_value(strip_mark(after, ':')?)?;
        rest = strip_mark(after, ',').unwrap_or_default();
        Some((key, value))
    })
}

/// Iterates over the members of an object, from the one that the text begins with.
fn members_from(mut rest: &str) -> impl Iterator<Item = Member<'_>> {
    std::iter::from_fn(move || {
        let (key, value_and_rest) = split_key(skip_ws(rest))?;
        let (value, after) = split_value(value_and_rest)?;
        rest = strip_mark(after, ',').unwrap_or_default();
        Some(Member { key, value, value_and_rest })
    })
}

/// Iterates over the items of an array in order, each as it is written.
///
/// Anything but an array has none. On a text that [`check`] refuses the iteration ends early.
pub(crate) fn items(array: &str) -> impl Iterator<Item = &str> {
    items_from(inside(array, '['))
}

/// Iterates over the items of an array that follow one of them. `rest` is the document behind that item.
#[cfg(feature = "capi")]
pub(crate) fn items_after(rest: &str) -> impl Iterator<Item = &str> {
    items_from(strip_mark(rest, ',').unwrap_or_default())
}

fn items_from(mut rest: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (item, after) = split_value(rest)?;
        rest = strip_mark(after, ',').unwrap_or_default();
        Some(item)
    })
}

/// Returns what follows the opening bracket; nothing if the text does not begin with it.
fn inside(text: &str, bracket: char) -> &str {
    strip_mark(text, bracket).unwrap_or_default()
}

/// Returns the index that a step of an RFC 6901 pointer names: digits alone, without a zero before others.
pub(crate) fn index(step: &str) -> Option<usize> {
    let canonical = step == "0" || !step.starts_with(['0', '+']);
    if canonical { step.parse().ok() } else { None }
}

/// Returns the key that a step of an RFC 6901 pointer names; `None` if the step is malformed.
pub(crate) fn unescape_step(step: &str) -> Option<Cow<'_, str>> {
    if !step.contains('~') {
        return Some(Cow::Borrowed(step));
    }
    let mut after_tildes = step.split('~').skip(1);
    if !after_tildes.all(|text| text.starts_with(['0', '1'])) {
        return None;
    }
    // In this order: "~01" means "~1".
    Some(Cow::Owned(step.replace("~1", "/").replace("~0", "~")))
}

/// Removes a punctuation mark, and the whitespace before it.
fn strip_mark(text: &str, mark: char) -> Option<&str> {
    skip_ws(text).strip_prefix(mark)
}

/// Splits a text into the value that it begins with and the rest.
pub(crate) fn split_value(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(SPACE);
    let rest = after_value(text.as_bytes())?;
    text.split_at_checked(text.len() - rest.len())
}

/// Returns what follows a value; `None` if there is none. The value must have been checked.
fn after_value(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [b'"', more @ ..] => after_string(more),
        [b'{' | b'[', more @ ..] => after_container(more),
        _ => {
            let ends =
                |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            if length > 0 { rest.get(length..) } else { None }
        }
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
    use serde::de::IgnoredAny;
    use serde_json::Value;

    use super::raw::{BAD_ESCAPE, LONE_SURROGATE, UNEXPECTED_END};
    use super::*;

    #[test]
    fn a_top_level_name_is_found_while_checking() {
        let rows = [
            (r#"{"error":1}"#, true),
            (r#"{"a":{"b":[{}]},"error":1}"#, true),
            (r#"{"err\u006fr":1}"#, true),
            (r#"{"err\u006frs":1}"#, true),
            ("{}", false),
            (r#"{"errors":1,"erro":1,"":1}"#, false),
            (r#"{"a":"error","b":["error"],"c":{"error":1}}"#, false),
            (r#"{"a":"\"error\":"}"#, false),
        ];
        for (document, expected) in rows {
            let (text, outline) = check_and_outline(document, "error").unwrap();
            assert_eq!((text, outline.may_hold), (document, expected));
        }
        assert!(check_and_outline("{", "error").is_err());
    }

    #[cfg(feature = "capi")]
    #[test]
    fn a_string_is_written_with_its_escapes() {
        let rows: [(&[u8], &[u8]); 8] = [
            (b"", b"\"\""),
            (b"Front desk, 2nd floor", b"\"Front desk, 2nd floor\""),
            (b"a\"b\\c/d", b"\"a\\\"b\\\\c/d\""),
            (b"\n\r\t", b"\"\\n\\r\\t\""),
            (b"\0\x01\x08\x0c\x1f\x7f", b"\"\\u0000\\u0001\\u0008\\u000c\\u001f\x7f\""),
            ("d\u{e9}sk \u{1f600}".as_bytes(), "\"d\u{e9}sk \u{1f600}\"".as_bytes()),
            (b"\xff\"\x80", b"\"\xff\\\"\x80\""),
            (b"\"\"\"\"\"\"\"\"\"", b"\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\""),
        ];
        for (text, json) in rows {
            assert_eq!(string_of(text), json, "{text:?}");
            if let Ok(text) = std::str::from_utf8(text) {
                let json = String::from_utf8(string_of(text.as_bytes())).unwrap();
                assert_eq!(text_of(&json).as_deref(), Some(text));
                assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            }
        }
    }

    #[test]
    fn after_key_finds_the_same_as_value_at() {
        let rows = [
            "{}",
            r#"{"t":"1"}"#,
            r#"{"a":[{"t":"1"}],"t":"2","n":3}"#,
            r#"{"t":"2","a":[{"t":"1"}]}"#,
            r#"{"a":[{"t":"1"}]}"#,
            r#"{"a":{"t":"1"}}"#,
            r#" { "a" : {"t":"1"} , "t" : 5 }  "#,
            r#"{"t":"1","t":"2"}"#,
            r#"{"t":"1","\u0074":"2"}"#,
            r#"{"\u0074":"2","a":{"t":1}}"#,
            r#"{"t":"1","a":"t"}"#,
            r#"{"t":"1","a":"\"t"}"#,
            r#"{"t":"1","\"t":2}"#,
            r#"{"t":{"t":[1, 2 ]} , "x" : null }"#,
            r#"{"t":null}"#,
            r#"{"a":1,"b":2,"c":3,"t":[4]}"#,
            r#"{"t":0,"a":1,"b":2,"c":3,"t":4}"#,
            r#"{"t":0,"a":1,"b":2,"c":3,"d":4}"#,
            r#"{"a":1,"b":2,"c":3,"d":4,"e":5}"#,
            r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"t":{"x":[]} }"#,
        ];
        for row in rows {
            for mark in ["", "\u{FEFF}"] {
                let whole = format!("{mark}{row}");
                let (document, outline) = check_and_outline(&whole, "").unwrap();
                let after = outline.after_key(document, "t");
                let value = after.and_then(split_value).map(|(value, _)| value);
                assert_eq!(value, value_at(row, "/t"), "{whole}");
            }
        }
    }

    const ACCEPTED: &[&str] = &[
        "{}",
        " \t\r\n{ \t\r\n} \t\r\n",
        "\u{FEFF}{}",
        "\u{FEFF} {}",
        r#"{"":""}"#,
        r#"{"a":{}}"#,
        r#"{"a":[]}"#,
        r#"{"a":[ ]}"#,
        r#"{"a":[{},[],{}]}"#,
        r#"{"a":null,"b":true,"c":false}"#,
        r#"{"a":[null,true,false]}"#,
        r#"{ "a" : 1 , "b" : [ 1 , 2 ] }"#,
        "{\n  \"a\": \"b\",\n  \"c\": [\n    \"d\"\n  ]\n}\n",
        "{\"a\":                                1}",
        "{\"a\"        :\t\t\t\t\t\t\t\t1}",
        // Duplicate keys are allowed.
        r#"{"a":1,"a":2}"#,
        r#"{"a":0}"#,
        r#"{"a":-0}"#,
        r#"{"a":7}"#,
        r#"{"a":-17}"#,
        r#"{"a":1234567890123456789012345678901234567890}"#,
        r#"{"a":0.0}"#,
        r#"{"a":10.05}"#,
        r#"{"a":-0.80}"#,
        r#"{"a":1e5}"#,
        r#"{"a":1E5}"#,
        r#"{"a":1e+5}"#,
        r#"{"a":1e-05}"#,
        r#"{"a":0e0}"#,
        r#"{"a":12.50E-7}"#,
        r#"{"a":1e999}"#,
        r#"{"a":[0,1 ,2]}"#,
        r#"{"a":"\"\\\/\b\f\n\r\t"}"#,
        r#"{"a\"b":1}"#,
        r#"{"\u0061":1}"#,
        r#"{"a":"\u0000"}"#,
        r#"{"a":"\u00e9\u00E9\uABCD\uffff"}"#,
        r#"{"a":"\ud83d\ude00"}"#,
        r#"{"a":"\uD800\uDC00\uDBFF\uDFFF"}"#,
        r#"{"a":"\uD7FF\uE000"}"#,
        r#"{"a":"Bürgerbüro Köln 東京オフィス 😀"}"#,
        "{\"a\":\"\u{7F}\u{80}\u{9F}\u{2028}\u{FEFF}\u{10FFFF}\"}",
        r#"{"a":"[{]},:\\"}"#,
        r#"{"a":" !#[]^~ "}"#,
        r#"{"phoneNumber":"+17813334444","capability":["SMS","VOICE"],"expireAt":null}"#,
    ];

    /// Document, what is wrong with it, and where.
    #[rustfmt::skip] // One row a case.
    const FLAWED: &[(&str, &str, usize)] = &[
        ("", UNEXPECTED_END, 0),
        (" \n", UNEXPECTED_END, 2),
        ("\u{FEFF}", UNEXPECTED_END, 3),
        ("\u{FEFF}\u{FEFF}{}", "expected an object", 3),
        (" \u{FEFF}{}", "expected an object", 1),
        ("[]", "expected an object", 0),
        (" [{}]", "expected an object", 1),
        (r#""a""#, "expected an object", 0),
        ("1", "expected an object", 0),
        ("null", "expected an object", 0),
        ("}", "expected an object", 0),
        ("<html></html>", "expected an object", 0),
        ("\0{}", "expected an object", 0),
        ("\u{B}{}", "expected an object", 0),
        ("{}{}", "trailing bytes", 2),
        ("{} {}", "trailing bytes", 3),
        ("{}\n[]", "trailing bytes", 3),
        ("{}}", "trailing bytes", 2),
        ("{}]", "trailing bytes", 2),
        ("{},", "trailing bytes", 2),
        ("{}\0", "trailing bytes", 2),
        ("{} \u{A0}", "trailing bytes", 3),
        ("{}\u{FEFF}", "trailing bytes", 2),
        (r#"{"a":1}1"#, "trailing bytes", 7),
        (r#"{"a":[]}]"#, "trailing bytes", 8),
        ("{]", "expected a key", 1),
        ("{,}", "expected a key", 1),
        ("{:1}", "expected a key", 1),
        ("{a:1}", "expected a key", 1),
        ("{'a':1}", "expected a key", 1),
        ("{1:1}", "expected a key", 1),
        ("{null:1}", "expected a key", 1),
        ("{{}:1}", "expected a key", 1),
        ("{\0}", "expected a key", 1),
        ("{\u{C}}", "expected a key", 1),
        ("{/**/}", "expected a key", 1),
        ("{\u{A0}}", "expected a key", 1),
        (r#"{"a":1,,}"#, "expected a key", 7),
        (r#"{"a":1, b}"#, "expected a key", 8),
        (r#"{"a":1,2}"#, "expected a key", 7),
        (r#"{"a":1,"#, UNEXPECTED_END, 7),
        (r#"{"a" 1}"#, "expected ':'", 5),
        (r#"{"a"}"#, "expected ':'", 4),
        (r#"{"a",1}"#, "expected ':'", 4),
        (r#"{"a"=1}"#, "expected ':'", 4),
        (r#"{"a""b"}"#, "expected ':'", 4),
        (r#"{"\n"}"#, "expected ':'", 5),
        (r#"{"a":}"#, "expected a value", 5),
        (r#"{"a":,}"#, "expected a value", 5),
        (r#"{"a"::1}"#, "expected a value", 5),
        (r#"{"a": ]}"#, "expected a value", 6),
        (r#"{"a":[,1]}"#, "expected a value", 6),
        (r#"{"a":[1,,2]}"#, "expected a value", 8),
        (r#"{"a":[}}"#, "expected a value", 6),
        (r#"{"a":[:]}"#, "expected a value", 6),
        (r#"{"a":undefined}"#, "expected a value", 5),
        (r#"{"a":'b'}"#, "expected a value", 5),
        (r#"{"a":True}"#, "expected a value", 5),
        (r#"{"a":/**/1}"#, "expected a value", 5),
        (r#"{"a":\u0031}"#, "expected a value", 5),
        ("{\"a\":\0}", "expected a value", 5),
        ("{\"a\":\u{7F}}", "expected a value", 5),
        (r#"{"a":é}"#, "expected a value", 5),
        (r#"{"a":1 "b":2}"#, "expected ',' or '}'", 7),
        (r#"{"a":"b" "c":2}"#, "expected ',' or '}'", 9),
        (r#"{"a":"b""c":2}"#, "expected ',' or '}'", 8),
        (r#"{"a":"""b":2}"#, "expected ',' or '}'", 7),
        (r#"{"a":{} {}}"#, "expected ',' or '}'", 8),
        (r#"{"a":1]"#, "expected ',' or '}'", 6),
        (r#"{"a":1:2}"#, "expected ',' or '}'", 6),
        (r#"{"a":1;"b":2}"#, "expected ',' or '}'", 6),
        (r#"{"a":nulll}"#, "expected ',' or '}'", 9),
        (r#"{"a":truefalse}"#, "expected ',' or '}'", 9),
        (r#"{"a":1 2}"#, "expected ',' or '}'", 7),
        (r#"{"a":1.5.2}"#, "expected ',' or '}'", 8),
        (r#"{"a":1e5e5}"#, "expected ',' or '}'", 8),
        (r#"{"a":0x10}"#, "expected ',' or '}'", 6),
        (r#"{"a":1-2}"#, "expected ',' or '}'", 6),
        (r#"{"a":1_000}"#, "expected ',' or '}'", 6),
        (r#"{"a":1n}"#, "expected ',' or '}'", 6),
        ("{\"a\":1\0}", "expected ',' or '}'", 6),
        (r#"{"a":[1 2]}"#, "expected ',' or ']'", 8),
        (r#"{"a":[1}"#, "expected ',' or ']'", 7),
        (r#"{"a":["b":1]}"#, "expected ',' or ']'", 9),
        (r#"{"a":["b""c"]}"#, "expected ',' or ']'", 9),
        (r#"{"a":[{}{}]}"#, "expected ',' or ']'", 8),
        (r#"{"a":1,}"#, "trailing comma", 6),
        ("{\"a\":1 , \n}", "trailing comma", 7),
        (r#"{"a":"b",}"#, "trailing comma", 8),
        (r#"{"a":[1,]}"#, "trailing comma", 7),
        (r#"{"a":["b", ]}"#, "trailing comma", 9),
        (r#"{"a":[{},],"b":1}"#, "trailing comma", 8),
        ("\u{FEFF}{\"a\":1,}", "trailing comma", 9),
        (r#"{"a":01}"#, BAD_NUMBER, 6),
        (r#"{"a":-01}"#, BAD_NUMBER, 7),
        (r#"{"a":00}"#, BAD_NUMBER, 6),
        (r#"{"a":00.5}"#, BAD_NUMBER, 6),
        (r#"{"a":1.}"#, BAD_NUMBER, 7),
        (r#"{"a":1.,"b":2}"#, BAD_NUMBER, 7),
        (r#"{"a":1.e5}"#, BAD_NUMBER, 7),
        (r#"{"a":.5}"#, BAD_NUMBER, 5),
        (r#"{"a":-.5}"#, BAD_NUMBER, 6),
        (r#"{"a":+1}"#, BAD_NUMBER, 5),
        (r#"{"a":-}"#, BAD_NUMBER, 6),
        (r#"{"a":--1}"#, BAD_NUMBER, 6),
        (r#"{"a":-+1}"#, BAD_NUMBER, 6),
        (r#"{"a":1e}"#, BAD_NUMBER, 7),
        (r#"{"a":1e+}"#, BAD_NUMBER, 8),
        (r#"{"a":1e+-5}"#, BAD_NUMBER, 8),
        (r#"{"a":1e.5}"#, BAD_NUMBER, 7),
        (r#"{"a":NaN}"#, BAD_NUMBER, 5),
        (r#"{"a":Infinity}"#, BAD_NUMBER, 5),
        (r#"{"a":-Infinity}"#, BAD_NUMBER, 6),
        (r#"{"a":[1,-]}"#, BAD_NUMBER, 9),
        (r#"{"a":nul}"#, "bad literal", 8),
        (r#"{"a":nULL}"#, "bad literal", 6),
        (r#"{"a":tru,"b":1}"#, "bad literal", 8),
        (r#"{"a":tralse}"#, "bad literal", 7),
        (r#"{"a":falsy}"#, "bad literal", 9),
        (r#"{"a":nil}"#, "bad literal", 6),
        (r#"{"a":"\a"}"#, BAD_ESCAPE, 6),
        (r#"{"a":"\'"}"#, BAD_ESCAPE, 6),
        (r#"{"a":"\x41"}"#, BAD_ESCAPE, 6),
        (r#"{"a":"\U0041"}"#, BAD_ESCAPE, 6),
        (r#"{"a":"\0"}"#, BAD_ESCAPE, 6),
        (r#"{"a":"\é"}"#, BAD_ESCAPE, 6),
        ("{\"a\":\"\\\n\"}", BAD_ESCAPE, 6),
        ("{\"a\":\"\\\0\"}", BAD_ESCAPE, 6),
        (r#"{"a":"b\u"}"#, BAD_ESCAPE, 7),
        (r#"{"a":"\u12"}"#, BAD_ESCAPE, 6),
        (r#"{"a":"\u123g"}"#, BAD_ESCAPE, 6),
        (r#"{"a":"\u+123"}"#, BAD_ESCAPE, 6),
        (r#"{"a":"\u 123"}"#, BAD_ESCAPE, 6),
        (r#"{"a":"\u{61}"}"#, BAD_ESCAPE, 6),
        (r#"{"\q":1}"#, BAD_ESCAPE, 2),
        (r#"{"a":"\ud83d\u12"}"#, BAD_ESCAPE, 12),
        (r#"{"a":"\ud83d"}"#, LONE_SURROGATE, 6),
        (r#"{"a":"\ud83d."}"#, LONE_SURROGATE, 6),
        (r#"{"a":"\ud83d\n"}"#, LONE_SURROGATE, 6),
        (r#"{"a":"\ud83d\u0041"}"#, LONE_SURROGATE, 6),
        (r#"{"a":"\ud83d\ud83d\ude00"}"#, LONE_SURROGATE, 6),
        (r#"{"a":"\ud83d\ue000"}"#, LONE_SURROGATE, 6),
        (r#"{"a":"\udbff\udbff"}"#, LONE_SURROGATE, 6),
        (r#"{"a":"ok \ude00"}"#, LONE_SURROGATE, 9),
        (r#"{"a":"\udfff\ud800"}"#, LONE_SURROGATE, 6),
        (r#"{"a":"\ud83d\ude00\ude00"}"#, LONE_SURROGATE, 18),
        (r#"{"\udc00":1}"#, LONE_SURROGATE, 2),
        ("{\"a\":\"\0\"}", CONTROL_CHARACTER, 6),
        ("{\"a\":\"b\tc\"}", CONTROL_CHARACTER, 7),
        ("{\"a\":\"b\nc\"}", CONTROL_CHARACTER, 7),
        ("{\"a\":\"0123456789\u{1F}\"}", CONTROL_CHARACTER, 16),
        ("{\"a\":\"\\n\r\"}", CONTROL_CHARACTER, 8),
        ("{\"a\n\":1}", CONTROL_CHARACTER, 3),
        ("{", UNEXPECTED_END, 1),
        (r#"{""#, UNEXPECTED_END, 2),
        (r#"{"a"#, UNEXPECTED_END, 3),
        (r#"{"a" "#, UNEXPECTED_END, 5),
        (r#"{"a":"#, UNEXPECTED_END, 5),
        (r#"{"a":-"#, UNEXPECTED_END, 6),
        (r#"{"a":1"#, UNEXPECTED_END, 6),
        (r#"{"a":1."#, UNEXPECTED_END, 7),
        (r#"{"a":1e+"#, UNEXPECTED_END, 8),
        (r#"{"a":tru"#, UNEXPECTED_END, 8),
        (r#"{"a":["#, UNEXPECTED_END, 6),
        (r#"{"a":[1,"#, UNEXPECTED_END, 8),
        (r#"{"a":"b\"#, UNEXPECTED_END, 8),
        (r#"{"a":"b\u12"#, UNEXPECTED_END, 11),
        (r#"{"a":"\ud83d"#, UNEXPECTED_END, 12),
        (r#"{"a":"\ud83d\"#, UNEXPECTED_END, 13),
        (r#"{"a":"\ud83d\ude"#, UNEXPECTED_END, 16),
        (r#"{"a":{"b":[1]}"#, UNEXPECTED_END, 14),
    ];

    /// Bytes that are no UTF-8, and where they begin not to be.
    const NO_UTF8: &[(&[u8], usize)] = &[
        (b"\xFF", 0),
        (b"\xEF\xBB", 0),
        (b"\xFF\xFE{\0}\0", 0),
        (b"{\"a\":\"\x80\"}", 6),
        (b"{\"a\":\"\xC3\"}", 6),
        (b"{\"a\":\"\xC0\xAF\"}", 6),
        (b"{\"a\":\"\xED\xA0\x80\"}", 6),
        (b"{\"a\":\"\xF4\x90\x80\x80\"}", 6),
        (b"{\"a\":\"\xF0\x9F\x98", 6),
        (b"{\"\xE9\":1}", 2),
        (b"\xEF\xBB\xBF{\"a\":\"\xE9\"}", 9),
        (b"{} \xFF", 3),
        // The object ends at byte 0 already, but this comes first.
        (b"[\"\xE9\"]", 2),
    ];

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

    const NESTED: &str = r#" {
        "a": {"b": {"c": [10, [20, 21], {"d": "e"}]}},
        "": {"": "nothing"},
        "list": ["p", "q" , "r","s","t","u","v","w","x","y","ten"],
        "a/b": 1, "m~n": 2, "~1": 3, "c%d": 4, "i\\j": 5, "k\"l": 6, " ": 7, "0": 8, "-": 9,
        "caf\u00e9": "escaped", "😀": "plain", "\ud83d\uDE00!": "pair", "x\/y": "slash",
        "twice": 1, "twice": {"in": 1, "in": {"at": "last"}}, "twi\u0063e": {"in": 2, "in": [3]},
        "gone": {"in": 1}, "gone": null,
        "text": "},]{[:\\\" ", "number": -1.50e+3, "true": true, "empty": [], "none": {}
    } "#;

    /// Pointer into [`NESTED`], and what it finds.
    #[rustfmt::skip] // One row a case.
    const POINTERS: &[(&str, Option<&str>)] = &[
        ("/a", Some(r#"{"b": {"c": [10, [20, 21], {"d": "e"}]}}"#)),
        ("/a/b/c", Some(r#"[10, [20, 21], {"d": "e"}]"#)),
        ("/a/b/c/0", Some("10")),
        ("/a/b/c/1", Some("[20, 21]")),
        ("/a/b/c/1/0", Some("20")),
        ("/a/b/c/1/1", Some("21")),
        ("/a/b/c/2/d", Some(r#""e""#)),
        ("/a/b/c/3", None),
        ("/a/b/c/-", None),
        ("/a/b/c/1/2", None),
        ("/a/b/c/0/0", None),
        ("/a/b/c/2/d/e", None),
        ("/a/b/c/", None),
        ("/a/b/c/d", None),
        ("/b", None),
        ("/", Some(r#"{"": "nothing"}"#)),
        ("//", Some(r#""nothing""#)),
        ("///", None),
        ("/list/0", Some(r#""p""#)),
        ("/list/1", Some(r#""q""#)),
        ("/list/10", Some(r#""ten""#)),
        ("/list/11", None),
        ("/list/00", None),
        ("/list/01", None),
        ("/list/+1", None),
        ("/list/-1", None),
        ("/list/1.0", None),
        ("/list/ 1", None),
        ("/list/1e0", None),
        ("/list/١", None),
        ("/list/18446744073709551616", None),
        ("/list/99999999999999999999999999", None),
        ("/a~1b", Some("1")),
        ("/a/b~1c", None),
        ("/m~0n", Some("2")),
        ("/~01", Some("3")),
        ("/~1", None),
        ("/m~n", None),
        ("/m~2n", None),
        ("/m~", None),
        ("/list/~", None),
        ("/c%d", Some("4")),
        ("/c%25d", None),
        ("/i\\j", Some("5")),
        ("/i\\\\j", None),
        ("/k\"l", Some("6")),
        ("/ ", Some("7")),
        ("/0", Some("8")),
        ("/-", Some("9")),
        ("/café", Some(r#""escaped""#)),
        ("/caf\\u00e9", None),
        ("/😀", Some(r#""plain""#)),
        ("/😀!", Some(r#""pair""#)),
        ("/x~1y", Some(r#""slash""#)),
        ("/twice", Some(r#"{"in": 2, "in": [3]}"#)),
        ("/twice/in", Some("[3]")),
        ("/twice/in/0", Some("3")),
        ("/twice/in/at", None),
        ("/gone", Some("null")),
        ("/gone/in", None),
        ("/text", Some(r#""},]{[:\\\" ""#)),
        ("/number", Some("-1.50e+3")),
        ("/true", Some("true")),
        ("/empty", Some("[]")),
        ("/empty/0", None),
        ("/none", Some("{}")),
        ("/none/", None),
        ("a", None),
        ("a/b", None),
        (" /a", None),
        ("#/a", None),
    ];

    #[test]
    fn pointers_find_values() {
        let document = check(NESTED.as_bytes()).unwrap();
        assert_eq!(value_at(document, ""), Some(NESTED.trim()));
        for &(pointer, expected) in POINTERS {
            assert_eq!(value_at(document, pointer), expected, "{pointer}");
        }
    }

    #[test]
    fn text_is_decoded() {
        let rows = [
            (r#""""#, Some("")),
            (r#""a""#, Some("a")),
            (" \"a\"\n", Some("a")),
            (r#""\"\\\/\b\f\n\r\t""#, Some("\"\\/\u{8}\u{C}\n\r\t")),
            (r#""a\nb\nc""#, Some("a\nb\nc")),
            (r#""\u0000""#, Some("\0")),
            (r#""caf\u00e9""#, Some("café")),
            (r#""\ud83d\ude00""#, Some("😀")),
            (r#""\uD800\uDC00\uDBFF\uDFFF""#, Some("\u{10000}\u{10FFFF}")),
            (r#""\uD7FF\uE000\uFFFF""#, Some("\u{D7FF}\u{E000}\u{FFFF}")),
            (r#""\\u0041""#, Some("\\u0041")),
            (r#""東京\u30aa""#, Some("東京オ")),
            ("", None),
            ("\"", None),
            ("a", None),
            ("1", None),
            ("null", None),
            (r#"{"a":"b"}"#, None),
            (r#"["a"]"#, None),
            (r#""a" "b""#, None),
            (r#""a"b""#, None),
            (r#""a\""#, None),
            (r#""a\x""#, None),
            (r#""\ud83d""#, None),
            (r#""\ude00""#, None),
            (r#""\ud83d\u0041""#, None),
            ("\"a\nb\"", None),
        ];
        for (raw, expected) in rows {
            assert_eq!(text_of(raw).as_deref(), expected, "{raw}");
            assert_eq!(text_of(raw), serde_json::from_str(raw).ok(), "{raw}");
        }
    }

    #[test]
    fn members_come_in_their_order() {
        let rows: [(&str, &[(&str, &str)]); 14] = [
            ("{}", &[]),
            (" { } ", &[]),
            (r#"{"a":1}"#, &[("a", "1")]),
            (r#" { "b" : [ 1 ] , "a" : "x" } "#, &[("b", "[ 1 ]"), ("a", r#""x""#)]),
            (r#"{"a":1,"a":{"a":2},"a":null}"#, &[("a", "1"), ("a", r#"{"a":2}"#), ("a", "null")]),
            (r#"{"\u0061\n":true,"":""}"#, &[("a\n", "true"), ("", r#""""#)]),
            // A text that check refuses gives at most the members before the error.
            ("[1]", &[]),
            ("\"{\"", &[]),
            (r#"{"a":1,}"#, &[("a", "1")]),
            (r#"{"a":1 "b":2}"#, &[("a", "1")]),
            (r#"{"a":1,"b"}"#, &[("a", "1")]),
            (r#"{"a":1,"b":}"#, &[("a", "1")]),
            (r#"{"a":1,"\ud800":2,"c":3}"#, &[("a", "1")]),
            (r#"{"a":1,"b":[2"#, &[("a", "1")]),
        ];
        for (document, expected) in rows {
            let found: Vec<_> = members(document).collect();
            let found: Vec<_> = found.iter().map(|(key, value)| (&**key, *value)).collect();
            assert_eq!(found, expected, "{document}");
        }
        let borrowed = |(key, _)| matches!(key, Cow::Borrowed(_));
        assert!(members(PAGE).all(borrowed), "a key without escapes was copied");
    }

    #[test]
    fn items_come_in_their_order() {
        let rows: [(&str, &[&str]); 12] = [
            ("[]", &[]),
            (" [ ] ", &[]),
            ("[1]", &["1"]),
            (
                r#" [ "a" , [ 1 , 2 ],{"b":3} ,null] "#,
                &[r#""a""#, "[ 1 , 2 ]", r#"{"b":3}"#, "null"],
            ),
            (r#"["],","[",""]"#, &[r#""],""#, r#""[""#, r#""""#]),
            ("{}", &[]),
            (r#"{"a":[1]}"#, &[]),
            ("\"[1]\"", &[]),
            // A text that check refuses gives at most the items before the error.
            ("[,1]", &[]),
            ("[1,]", &["1"]),
            ("[1 2]", &["1"]),
            (r#"[1,"a"#, &["1"]),
        ];
        for (array, expected) in rows {
            assert_eq!(items(array).collect::<Vec<_>>(), expected, "{array}");
        }
    }

    const PAGE: &str = r#"{"activeNumbers":[{"phoneNumber":"+17813334444","projectId":"projectIdFromDashboard","displayName":"","regionCode":"US","type":"LOCAL","capability":["SMS","VOICE"],"money":{"currencyCode":"EUR","amount":"1.00"},"paymentIntervalMonths":1,"nextChargeDate":"2023-12-21T17:47:51.476076Z","expireAt":null,"smsConfiguration":{"servicePlanId":"","scheduledProvisioning":{"servicePlanId":"servicePlanIdFromSinchDashboard","status":"WAITING","lastUpdatedTime":"2023-11-21T17:47:52.950101Z","campaignId":"","errorCodes":[]},"campaignId":""},"voiceConfiguration":{"appId":"","scheduledVoiceProvisioning":null,"lastUpdatedTime":null,"type":"RTC"},"callbackUrl":""}],"nextPageToken":"","totalSize":1}"#;
    const ODDITIES: &str = r#"{"a\/b~":[0,-0.5,1e3,{"":null}],"\ud83d\ude00":"\u00e9\"\\é😀","x":{"x":{"x":[[],[{}],true]}}, "x" : false ,"n":-12.5E-7}"#;

    /// Random enough, and the same in every run.
    struct Jitter(u64);

    impl Jitter {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap() % sides
        }

        fn range(&mut self, length: usize) -> std::ops::Range<usize> {
            let start = self.roll(length + 1);
            start..(start + self.roll(9)).min(length)
        }
    }

    #[rustfmt::skip] // One piece a line would be a long list of little.
    const PIECES: &[&[u8]] = &[
        b"\"", b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\0", b"\x1F", b"\x0C", b"0",
        b"1", b"-", b"+", b".", b"e", b"E5", b"e999", b"null", b"true", b"fals", b"\"a\":", b"\"x\":1,",
        b"\"a\":{\"b\":[1,2]},", b"[[]],", b"{},", b"[1,", b"\\u", b"\\ud83d", b"\\uDE00", b"\\u0041",
        b"\\n", b"\\/", b"/", b"~", b"\x80", b"\xC3\xA9", b"\xED\xA0\x80", b"\xF0\x9F", b"\xEF\xBB\xBF",
        b"\x7F", b"\xFF", b"        ",
    ];

    fn mutated(sound: &str, dice: &mut Jitter) -> Vec<u8> {
        let mut bytes = sound.as_bytes().to_vec();
        for _ in 0..=dice.roll(3) {
            let range = dice.range(bytes.len());
            match dice.roll(6) {
                0 => drop(bytes.drain(range)),
                1 => bytes.truncate(range.start),
                2 => {
                    let copy = bytes[range].to_vec();
                    let to = dice.roll(bytes.len() + 1);
                    bytes.splice(to..to, copy);
                }
                3 if !range.is_empty() => bytes[range.start] ^= 1 << dice.roll(8),
                _ => {
                    let piece = PIECES[dice.roll(PIECES.len())];
                    let end = if dice.roll(2) == 0 { range.start } else { range.end };
                    bytes.splice(range.start..end, piece.iter().copied());
                }
            }
        }
        bytes
    }

    fn each_pointer(value: &Value, pointer: &str, visit: &mut impl FnMut(&str)) {
        visit(pointer);
        // And one that goes too far, most times.
        let steps = ["", "0", "00", "+1", "-", "a", "99"];
        visit(&format!("{pointer}/{}", steps[pointer.len() % steps.len()]));
        if let Value::Array(items) = value {
            for (index, item) in items.iter().enumerate() {
                each_pointer(item, &format!("{pointer}/{index}"), visit);
            }
        }
        if let Value::Object(members) = value {
            for (key, member) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                each_pointer(member, &format!("{pointer}/{key}"), visit);
            }
        }
    }

    /// Compares every result for the bytes with that of serde; tells whether they are valid.
    ///
    /// `Value` refuses two things that check lets pass, numbers that no `f64` holds and the 128th
    /// level; `IgnoredAny` looks neither at surrogates nor at UTF-8 nor at levels.
    fn agrees_with_serde(bytes: &[u8]) -> bool {
        let bare = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let shown = String::from_utf8_lossy(bytes);
        let value = serde_json::from_slice::<Value>(bare);
        let skimmed = serde_json::from_slice::<IgnoredAny>(bare);
        let text = match check(bytes) {
            Ok(text) => text,
            Err(error) => {
                assert!(error.offset <= bytes.len(), "{shown}");
                if let Ok(value) = value {
                    assert!(!value.is_object(), "{error}, but serde_json accepts {shown}");
                } else if skimmed.is_ok() {
                    let overlooked =
                        [LONE_SURROGATE, "bad UTF-8", "nesting over 128", "expected an object"];
                    assert!(
                        overlooked.contains(&error.what),
                        "{error}, but serde_json skips {shown}"
                    );
                }
                return false;
            }
        };
        assert!(skimmed.is_ok(), "{}: {shown}", skimmed.unwrap_err());
        let value = match value {
            Ok(value) => value,
            Err(error) => {
                let error = error.to_string();
                let known = ["number out of range", "recursion limit exceeded"];
                assert!(known.iter().any(|known| error.starts_with(known)), "{error}: {shown}");
                return true;
            }
        };
        each_pointer(&value, "", &mut |pointer| {
            let raw = value_at(text, pointer);
            let found = raw.map(|raw| serde_json::from_str::<Value>(raw).unwrap());
            assert_eq!(found.as_ref(), value.pointer(pointer), "{pointer} in {shown}");
            let text = raw.and_then(text_of);
            assert_eq!(
                text.as_deref(),
                found.as_ref().and_then(Value::as_str),
                "{pointer} in {shown}"
            );
        });
        let last: std::collections::BTreeMap<_, _> = members(text).collect();
        assert_eq!(last.len(), value.as_object().unwrap().len(), "{shown}");
        true
    }

    #[test]
    fn serde_json_agrees_about_the_tables() {
        for document in ACCEPTED.iter().chain([&PAGE, &ODDITIES, &NESTED]) {
            assert!(agrees_with_serde(document.as_bytes()));
        }
        for (document, ..) in FLAWED {
            assert!(!agrees_with_serde(document.as_bytes()));
        }
        for (bytes, _) in NO_UTF8 {
            assert!(!agrees_with_serde(bytes));
        }
    }

    #[test]
    fn serde_json_agrees_about_mutations() {
        const ROUNDS: usize = 8_000;
        let mut dice = Jitter(0x9E37_79B9_7F4A_7C15);
        let mut sound = 0;
        for round in 0..ROUNDS {
            let original =
                [PAGE, ODDITIES, NESTED, ODDITIES, ODDITIES, ODDITIES, ODDITIES, ODDITIES]
                    [round % 8];
            let bytes = mutated(original, &mut dice);
            sound += usize::from(agrees_with_serde(&bytes));
            // No text makes a reader panic, whether it has been checked or not.
            let text = String::from_utf8_lossy(&bytes);
            let cut = text.get(dice.roll(text.len() + 1)..).unwrap_or_default();
            for text in [&text, cut] {
                members(text).for_each(drop);
                items(text).for_each(drop);
                for pointer in
                    ["/x/x/x/1", "/activeNumbers/0/money/amount", "/a~1b~0/3/", "/list/9"]
                {
                    let _ = value_at(text, pointer);
                }
                assert_eq!(text_of(text), serde_json::from_str(text).ok(), "{text}");
            }
        }
        // A generator that only breaks things would show nothing about the rest.
        assert!((ROUNDS / 20..ROUNDS / 2).contains(&sound), "{sound} of {ROUNDS} are sound");
    }

    #[test]
    fn serde_json_differs_where_it_is_known_to() {
        let refusal = |document: &str| {
            assert!(check(document.as_bytes()).is_ok());
            serde_json::from_str::<Value>(document).unwrap_err().to_string()
        };
        assert!(refusal(r#"{"a":1e999}"#).starts_with("number out of range"));
        let levels =
            |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(serde_json::from_str::<Value>(&levels(127)).is_ok());
        assert!(refusal(&levels(128)).starts_with("recursion limit exceeded"));
        // With the feature `raw_value` this first key makes a `Value` of the text behind it.
        let private = r#"{"$serde_json::private::RawValue":"[1"}"#;
        assert!(refusal(private).starts_with("EOF while parsing a list"));
        for skipped in [&b"{\"a\":\"\\ud800\"}"[..], b"{\"a\":\"\xFF\"}"] {
            assert!(serde_json::from_slice::<IgnoredAny>(skipped).is_ok());
            assert!(check(skipped).is_err());
        }
    }
}
