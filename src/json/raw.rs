//! Reads strings and containers byte by byte: finds their ends, and decodes escapes.

use std::borrow::Cow;

pub(super) const BAD_ESCAPE: &str = "bad escape";
pub(super) const LONE_SURROGATE: &str = "lone surrogate";
pub(super) const UNEXPECTED_END: &str = "unexpected end of input";

/// Returns what follows a container whose bracket has been read.
pub(super) fn after_container(mut rest: &[u8]) -> Option<&[u8]> {
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

/// Returns what follows a string whose opening quote has been read.
pub(super) fn after_string(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        rest = match special(rest) {
            [b'"', more @ ..] => return Some(more),
            [b'\\', _, more @ ..] | [_, more @ ..] => more,
            [] => return None,
        };
    }
}

/// Decodes a string, its quotes included.
pub(super) fn decode(raw: &str) -> Option<Cow<'_, str>> {
    let mut rest = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut decoded = String::new();
    loop {
        let (plain, found) = rest.split_at_checked(rest.len() - special(rest.as_bytes()).len())?;
        match found.as_bytes() {
            [] if decoded.is_empty() => return Some(Cow::Borrowed(plain)),
            [] => return Some(Cow::Owned(decoded + plain)),
            bytes @ [b'\\', ..] => {
                let (character, more) = escape(bytes).ok()?;
                if decoded.is_empty() {
                    // Allocated once, so that a growing buffer leaves no copy of a secret.
                    decoded.reserve_exact(raw.len());
                }
                decoded.push_str(plain);
                decoded.push(character);
                rest = found.get(found.len() - more.len()..)?;
            }
            _ => return None,
        }
    }
}

/// Writes a text as a JSON string. Bytes that are not UTF-8 stay as they are.
#[cfg(feature = "capi")]
pub(crate) fn string_of(text: &[u8]) -> Vec<u8> {
    let mut json = Vec::with_capacity(text.len() + 2);
    json.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => json.extend([b'\\', byte]),
            b'\n' => json.extend(b"\\n"),
            b'\r' => json.extend(b"\\r"),
            b'\t' => json.extend(b"\\t"),
            0..b' ' => json.extend(format!("\\u{byte:04x}").bytes()),
            _ => json.push(byte),
        }
    }
    json.push(b'"');
    json
}

/// The result of a scan. An error is the unread input and what is wrong with it; [`check`](super::check()) makes an offset of it.
pub(super) type Scan<'a, T = &'a [u8]> = Result<T, (&'a [u8], &'static str)>;

/// Fails at the rest of the input; if there is none, the input ended too early.
#[cold]
pub(super) fn stop<'a, T>(rest: &'a [u8], what: &'static str) -> Scan<'a, T> {
    Err((rest, if rest.is_empty() { UNEXPECTED_END } else { what }))
}

/// Decodes an escape; returns its character and what follows. A surrogate pair is one escape.
pub(super) fn escape(rest: &[u8]) -> Scan<'_, (char, &[u8])> {
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

fn unicode_escape(rest: &[u8]) -> Scan<'_, (char, &[u8])> {
    let (first, more) = code_unit(rest)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Ok((character, more));
    }
    let (second, more) = match more {
        [b'\\', b'u', ..] if first < 0xDC00 => code_unit(more)?,
        [] | [b'\\'] if first < 0xDC00 => return stop(&[], UNEXPECTED_END),
        _ => return stop(rest, LONE_SURROGATE),
    };
    match char::decode_utf16([first, second]).next() {
        Some(Ok(character)) => Ok((character, more)),
        _ => stop(rest, LONE_SURROGATE),
    }
}

/// Reads the number in a `\u` escape; returns it and what follows.
fn code_unit(rest: &[u8]) -> Scan<'_, (u16, &[u8])> {
    let mut unit = 0;
    let mut digits = rest.get(2..).unwrap_or_default();
    for _ in 0..4 {
        let [byte, more @ ..] = digits else { return stop(&[], UNEXPECTED_END) };
        unit = match byte {
            b'0'..=b'9' => unit << 4 | u16::from(byte - b'0'),
            b'a'..=b'f' => unit << 4 | u16::from(byte - b'a' + 10),
            b'A'..=b'F' => unit << 4 | u16::from(byte - b'A' + 10),
            _ => return stop(rest, BAD_ESCAPE),
        };
        digits = more;
    }
    Ok((unit, digits))
}

/// Multiplied by a byte, this repeats it eight times.
pub(super) const ONES: u64 = u64::MAX / 255;

/// Returns the rest from the first quote, backslash or control character on.
///
/// Looks at eight bytes at a time: a byte that is one of them makes a subtraction borrow, which sets its top bit. Bytes from
/// 0x80 on have that bit set anyway and are masked out. A borrow changes the bytes above it, so only the lowest set bit
/// counts.
pub(super) fn special(mut rest: &[u8]) -> &[u8] {
    while let Some((word, more)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        // Flipping one bit swaps the quote with the space: quotes and control characters are below 0x21 then.
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

#[cfg(test)]
mod tests {
    use super::super::text_of;
    use super::*;

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
    fn special_finds_every_byte_at_every_place() {
        let is_special = |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\');
        for filler in [b'a', b' ', b'!', b'#', b'[', b']', 0x7F, 0x80, 0xFF] {
            for length in 1..=20 {
                for place in 0..length {
                    for byte in 0..=u8::MAX {
                        let mut text = vec![filler; length];
                        text[place] = byte;
                        let expected = text.iter().position(is_special).unwrap_or(length);
                        assert_eq!(special(&text).len(), length - expected, "{text:?}");
                    }
                }
            }
        }
    }
}
