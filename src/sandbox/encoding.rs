//! The encodings of requests: percent, form, base64.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// Decodes percent-encoding. `None` if an escape is broken or the text is not UTF-8.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    decode(text, false)
}

/// Decodes a query or a form into its pairs, in order. `None` if any of it is broken.
///
/// A bare `+` is a space there, so a client that forgets to write `%2B` finds out.
pub(super) fn form_decode(text: &str) -> Option<Vec<(String, String)>> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name, true)?, decode(value, true)?))
        })
        .collect()
}

fn decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Writes base64 with its padding.
pub(super) fn base64_encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64 with or without its padding. `None` if it holds anything else.
pub(super) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once() {
        for (text, expected) in [
            ("%2B12025550134", Some("+12025550134")),
            ("%2b1", Some("+1")),
            ("+1", Some("+1")),
            ("%252B1", Some("%2B1")),
            ("caf%C3%A9", Some("café")),
            ("%", None),
            ("%2", None),
            ("%+1", None),
            ("%zz", None),
            ("%ff", None),
        ] {
            assert_eq!(percent_decode(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_plus_in_a_query_is_a_space() {
        let pairs = form_decode("numberPattern.pattern=+1&a=%2B1&&b&c==").unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        let expected = [("numberPattern.pattern", " 1"), ("a", "+1"), ("b", ""), ("c", "=")];
        assert_eq!(pairs, expected);
        assert_eq!(form_decode("a=%"), None);
    }

    #[test]
    fn base64_goes_both_ways() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("key-id:key-secret", "a2V5LWlkOmtleS1zZWNyZXQ="),
        ] {
            assert_eq!(base64_encode(plain.as_bytes()), encoded);
            assert_eq!(base64_decode(encoded).unwrap(), plain.as_bytes());
            assert_eq!(base64_decode(encoded.trim_end_matches('=')).unwrap(), plain.as_bytes());
        }
        for broken in ["Z", "Zm9vY", "Zm 9v", "Zm9-"] {
            assert_eq!(base64_decode(broken), None, "{broken}");
        }
    }
}
