//! Checks that bytes are one JSON object, and notes the positions of its top-level keys.

use super::cursor::split_key;
use super::find::{inside, members_from};
use super::raw::{ONES, Scan, escape, special, stop};

/// Maximum nesting of objects and arrays, the top-level object included.
const DEPTH: u32 = 128;
const BYTE_ORDER_MARK: char = '\u{FEFF}';
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
pub(super) mod tests {
    use super::super::SPACE;
    use super::super::cursor::split_value;
    use super::super::find::{members, value_at};
    use super::super::raw::{BAD_ESCAPE, LONE_SURROGATE, UNEXPECTED_END};
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

    pub(crate) const ACCEPTED: &[&str] = &[
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
    pub(crate) const FLAWED: &[(&str, &str, usize)] = &[
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
    pub(crate) const NO_UTF8: &[(&[u8], usize)] = &[
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

    pub(crate) const PAGE: &str = r#"{"activeNumbers":[{"phoneNumber":"+17813334444","projectId":"projectIdFromDashboard","displayName":"","regionCode":"US","type":"LOCAL","capability":["SMS","VOICE"],"money":{"currencyCode":"EUR","amount":"1.00"},"paymentIntervalMonths":1,"nextChargeDate":"2023-12-21T17:47:51.476076Z","expireAt":null,"smsConfiguration":{"servicePlanId":"","scheduledProvisioning":{"servicePlanId":"servicePlanIdFromSinchDashboard","status":"WAITING","lastUpdatedTime":"2023-11-21T17:47:52.950101Z","campaignId":"","errorCodes":[]},"campaignId":""},"voiceConfiguration":{"appId":"","scheduledVoiceProvisioning":null,"lastUpdatedTime":null,"type":"RTC"},"callbackUrl":""}],"nextPageToken":"","totalSize":1}"#;
    pub(crate) const ODDITIES: &str = r#"{"a\/b~":[0,-0.5,1e3,{"":null}],"\ud83d\ude00":"\u00e9\"\\é😀","x":{"x":{"x":[[],[{}],true]}}, "x" : false ,"n":-12.5E-7}"#;
}
