//! Finds values in checked JSON: by pointer, by member, by item.

use std::borrow::Cow;

use super::SPACE;
use super::cursor::{split_value, strip_mark};
use super::raw::decode;

/// Returns the value at an RFC 6901 pointer, as it is written in the document.
///
/// Of duplicate keys the last counts. `""` is the document itself. `None` if there is no such value or the pointer is
/// malformed. The document must have passed [`check`](super::check()); on any other text the result is meaningless.
pub(crate) fn value_at<'a>(document: &'a str, pointer: &str) -> Option<&'a str> {
    steps(pointer)?.try_fold(document.trim_matches(SPACE), |raw, step| {
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

/// Iterates over the members of an object in order, duplicate keys included: each key decoded, each value as it is written.
///
/// Anything but an object has none. On a text that [`check`](super::check()) refuses the iteration ends early.
pub(crate) fn members(document: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    raw_members(document).map_while(|member| Some((decode(member.key)?, member.value)))
}

/// A member of an object, as it is written.
pub(crate) struct Member<'a> {
    /// The key in its quotes.
    pub(crate) key: &'a str,
    pub(crate) value: &'a str,
    /// The document from the value on.
    pub(super) value_and_rest: &'a str,
}

impl Member<'_> {
    pub(super) fn has_key(&self, key: &str) -> bool {
        decode(self.key).is_some_and(|name| name == key)
    }
}

/// Iterates over the members of an object like [`members`], with each key as it is written.
pub(crate) fn raw_members(object: &str) -> impl Iterator<Item = Member<'_>> {
    members_from(inside(object, '{'))
}

/// Iterates over the members of an object, from the one that the text begins with.
pub(super) fn members_from(mut rest: &str) -> impl Iterator<Item = Member<'_>> {
    std::iter::from_fn(move || {
        let (key, after) = split_value(rest)?;
        let value_and_rest = strip_mark(after, ':')?;
        let (value, after) = split_value(value_and_rest)?;
        rest = strip_mark(after, ',').unwrap_or_default();
        Some(Member { key, value, value_and_rest })
    })
}

/// Iterates over the items of an array in order, each as it is written.
///
/// Anything but an array has none. On a text that [`check`](super::check()) refuses the iteration ends early.
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

/// Iterates over the steps of an RFC 6901 pointer, as they are written; `None` if it does not begin with a slash.
pub(crate) fn steps(pointer: &str) -> Option<impl Iterator<Item = &str>> {
    let sound = pointer.is_empty() || pointer.starts_with('/');
    sound.then(|| pointer.split('/').skip(1))
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

#[cfg(test)]
pub(super) mod tests {
    use super::super::check::check;
    use super::super::documents::PAGE;
    use super::*;

    pub(crate) const NESTED: &str = r#" {
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
}
