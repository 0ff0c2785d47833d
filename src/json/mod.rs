//! Checks JSON and finds values in the text where they are, without building a tree.
//!
//! [`check()`] validates every response as a whole before anything is read from it, so that validity does not depend on which
//! fields the crate knows. Everything else here relies on a checked text. It is not `serde_json` because reading a list takes 3.6
//! times less CPU this way; the fuzz targets compare the two.

mod check;
pub(crate) mod cursor;
pub(crate) mod decode;
mod find;
pub(crate) mod input;
mod outline;
mod raw;

pub(crate) use check::{SyntaxError, check};
#[cfg(feature = "capi")]
pub(crate) use find::{Member, index, items_after, raw_members, steps, text_in, unescape_step};
pub(crate) use find::{items, members, text_of, value_at};
pub(crate) use outline::{TopLevelKeys, check_and_outline};
#[cfg(feature = "capi")]
pub(crate) use raw::string_of;

pub(crate) const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

#[cfg(test)]
#[path = "../../tests/json/documents.rs"]
mod documents;

#[cfg(test)]
mod tests {
    use super::documents::{ACCEPTED, FLAWED, NO_UTF8, ODDITIES, PAGE};
    use super::find::tests::NESTED;
    use serde::de::IgnoredAny;
    use serde_json::Value;

    use super::raw::LONE_SURROGATE;
    use super::*;
    use crate::random::Random;

    fn range(dice: &mut Random, length: usize) -> std::ops::Range<usize> {
        let start = dice.index(length + 1);
        start..(start + dice.index(9)).min(length)
    }

    #[rustfmt::skip] // One piece a line would be a long list of little.
    const PIECES: &[&[u8]] = &[
        b"\"", b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\0", b"\x1F", b"\x0C", b"0",
        b"1", b"-", b"+", b".", b"e", b"E5", b"e999", b"null", b"true", b"fals", b"\"a\":", b"\"x\":1,",
        b"\"a\":{\"b\":[1,2]},", b"[[]],", b"{},", b"[1,", b"\\u", b"\\ud83d", b"\\uDE00", b"\\u0041",
        b"\\n", b"\\/", b"/", b"~", b"\x80", b"\xC3\xA9", b"\xED\xA0\x80", b"\xF0\x9F", b"\xEF\xBB\xBF",
        b"\x7F", b"\xFF", b"        ",
    ];

    fn mutated(sound: &str, dice: &mut Random) -> Vec<u8> {
        let mut bytes = sound.as_bytes().to_vec();
        for _ in 0..=dice.index(3) {
            let range = range(dice, bytes.len());
            match dice.index(6) {
                0 => drop(bytes.drain(range)),
                1 => bytes.truncate(range.start),
                2 => {
                    let copy = bytes[range].to_vec();
                    let to = dice.index(bytes.len() + 1);
                    bytes.splice(to..to, copy);
                }
                3 if !range.is_empty() => bytes[range.start] ^= 1 << dice.index(8),
                _ => {
                    let piece = dice.pick(PIECES);
                    let end = if dice.index(2) == 0 { range.start } else { range.end };
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
        let mut dice = Random(0);
        let mut sound = 0;
        for round in 0..ROUNDS {
            let original =
                [PAGE, ODDITIES, NESTED, ODDITIES, ODDITIES, ODDITIES, ODDITIES, ODDITIES]
                    [round % 8];
            let bytes = mutated(original, &mut dice);
            sound += usize::from(agrees_with_serde(&bytes));
            // No text makes a reader panic, whether it has been checked or not.
            let text = String::from_utf8_lossy(&bytes);
            let cut = text.get(dice.index(text.len() + 1)..).unwrap_or_default();
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
        for skipped in [&b"{\"a\":\"\\ud800\"}"[..], b"{\"a\":\"\xFF\"}"] {
            assert!(serde_json::from_slice::<IgnoredAny>(skipped).is_ok());
            assert!(check(skipped).is_err());
        }
    }
}
