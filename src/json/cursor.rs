//! Cursor over checked JSON: each function reads one token or value and returns the rest of the text.

use std::borrow::Cow;

use super::SPACE;
use super::raw::{self, after_container, after_string};

/// Error of a value that is not what is expected: where it is, and what is wrong with it.
#[derive(Debug, Default, thiserror::Error)]
#[error("{path}{}{}", if path.is_empty() { "" } else { ": " }, if problem.is_empty() { "no JSON" } else { problem })]
pub(crate) struct DecodeError {
    /// Path from the outermost object: `activeNumbers[3].money.amount`. Empty for the document itself.
    pub(crate) path: String,
    /// Lower case, without a full stop. Empty if the text is not JSON at all.
    pub(crate) problem: String,
}

impl DecodeError {
    /// Notes that the value at the start of the text is not of the wanted type.
    #[cold]
    pub(crate) fn note<T>(&mut self, text: &str, wanted: &str) -> Option<T> {
        let found = match text.as_bytes().first()? {
            b'"' => "a string",
            b'{' => "an object",
            b'[' => "a list",
            b'n' => "null",
            b't' | b'f' => "a boolean",
            b'-' | b'0'..=b'9' => "a number",
            _ => return None,
        };
        let problem = format!("{found} where {wanted} is expected");
        *self = Self { path: String::new(), problem };
        None
    }

    /// Prepends the key or index of the value in the object or list around it.
    #[cold]
    pub(crate) fn under(&mut self, step: &str) {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
    }
}

/// The text after a value that was read. `None` if it could not be read: then a [`DecodeError`] passed beside it has the
/// reason. Unlike a `Result`, this is returned in registers, which matters for long lists.
pub(crate) type Rest<'a> = Option<&'a str>;

/// Skips whitespace.
#[inline]
pub(crate) fn skip_ws(text: &str) -> &str {
    match text.as_bytes() {
        [byte, ..] if *byte > b' ' => text,
        _ => text.trim_start_matches(SPACE),
    }
}

/// Reads a string without escapes: its text, and the rest.
#[inline]
pub(crate) fn plain_string(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    let (plain, rest) = text.split_at_checked(text.len() - raw::special(text.as_bytes()).len())?;
    Some((plain, rest.strip_prefix('"')?))
}

/// Reads a string: its text, escapes decoded, and the rest.
pub(crate) fn string(text: &str) -> Option<(Cow<'_, str>, &str)> {
    if let Some((plain, rest)) = plain_string(text) {
        return Some((Cow::Borrowed(plain), rest));
    }
    let (raw, rest) = split_value(text)?;
    Some((raw::decode(raw)?, rest))
}

/// Reads a key and its colon: the key, and the rest from the value on.
pub(crate) fn split_key(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let (key, rest) = string(text)?;
    Some((key, skip_ws(skip_ws(rest).strip_prefix(':')?)))
}

/// Removes a punctuation mark, and the whitespace before it.
pub(super) fn strip_mark(text: &str, mark: char) -> Option<&str> {
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

/// Skips a value.
pub(crate) fn skip(text: &str) -> Rest<'_> {
    split_value(text).map(|(_, rest)| rest)
}

/// Position inside an object or list, or after it.
pub(crate) enum Step<'a> {
    /// At the next member or item.
    Next(&'a str),
    /// After the closing bracket.
    End(&'a str),
}

impl Step<'_> {
    /// Returns the length of the text from the next item on; `None` at the end.
    pub(crate) fn left(&self) -> Option<usize> {
        match self {
            Self::Next(text) => Some(text.len()),
            Self::End(_) => None,
        }
    }
}

/// Enters the object or list at the start of the text.
#[inline]
pub(crate) fn enter(text: &str) -> Step<'_> {
    let inside = skip_ws(text.get(1..).unwrap_or_default());
    match inside.as_bytes() {
        [b'}' | b']', ..] => Step::End(inside.get(1..).unwrap_or_default()),
        _ => Step::Next(inside),
    }
}

/// Moves from the end of a member or item to the next one, or out of the container.
#[expect(clippy::inline_always, reason = "what it returns stays in registers then")]
#[inline(always)]
pub(crate) fn next_or_end(text: &str) -> Option<Step<'_>> {
    // The service writes no whitespace.
    match text.as_bytes() {
        [b',', b'"', ..] => text.get(1..).map(Step::Next),
        [b'}' | b']', ..] => text.get(1..).map(Step::End),
        _ => next_or_end_after_ws(text),
    }
}

#[inline(never)]
fn next_or_end_after_ws(text: &str) -> Option<Step<'_>> {
    let text = skip_ws(text);
    if let Some(rest) = text.strip_prefix(',') {
        return Some(Step::Next(skip_ws(rest)));
    }
    text.strip_prefix(['}', ']']).map(Step::End)
}

/// Skips an empty value: null, `""` or `{}`. `None` if it is not empty.
pub(crate) fn skip_empty(text: &str) -> Rest<'_> {
    let rest = text.strip_prefix("null").or_else(|| text.strip_prefix("\"\""));
    rest.or_else(|| match enter(text) {
        Step::End(rest) if text.starts_with('{') => Some(rest),
        _ => None,
    })
}
