//! The outline of a document: the positions of its top-level keys, noted while it is checked.

use super::check::{SyntaxError, check_text};
use super::cursor::{skip_ws, split_key};
use super::find::raw_members;
use super::raw::special;

/// Checks a text like [`check`](super::check()), and notes the positions of its top-level keys on the way.
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
            let found = raw_members(document).filter(|member| member.has_key(key));
            return found.last().map(|member| skip_ws(member.value_and_rest));
        };
        let keys = left.iter().filter_map(|left| document.get(document.len() - left - 1..));
        keys.rev().filter_map(split_key).find(|(name, _)| name == key).map(|(_, rest)| rest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::cursor::split_value;
    use super::super::find::value_at;
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
}
