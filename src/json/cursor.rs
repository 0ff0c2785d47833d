//! Walking over a text that has passed [`json::check`], value by value: each step returns what follows it. Pure, and without
//! a thought of what the values mean.

use std::borrow::Cow;
use std::fmt;

use crate::json::{self, raw};

/// What keeps a text from being read as what it should be.
#[derive(Debug, Default)]
pub(crate) struct DecodeError {
    /// Of the value, the outermost step first: `activeNumbers[3].money.amount`. Empty for the document itself.
    path: String,
    /// What is expected there, and what was found; nothing if this is no JSON at all.
    problem: Option<(&'static str, &'static str)>,
}

impl DecodeError {
    /// Notes that the value which the text begins with is not what is expected.
    #[cold]
    pub(crate) fn note<T>(&mut self, text: &str, wanted: &'static str) -> Option<T> {
        let found = match text.as_bytes().first()? {
            b'"' => "a string",
            b'{' => "an object",
            b'[' => "a list",
            b'n' => "null",
            b't' | b'f' => "a boolean",
            b'-' | b'0'..=b'9' => "a number",
            _ => return None,
        };
        *self = Self { path: String::new(), problem: Some((wanted, found)) };
        None
    }

    /// Takes the step from the object or list around it.
    #[cold]
    pub(crate) fn under(&mut self, step: &str) {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        match self.problem {
            Some((wanted, found)) => write!(f, "{found} where {wanted} is expected"),
            None => f.write_str("no JSON"),
        }
    }
}

/// What follows a value that was read. `None` if it could not be, which a [`DecodeError`] beside it tells more about: what is
/// returned for each value of a long list has to travel in registers, and a `Result` does not.
///
/// In a text that has not passed the check what is read means nothing.
pub(crate) type Rest<'a> = Option<&'a str>;

/// The text from the first character on that is no whitespace.
#[inline]
pub(crate) fn token(text: &str) -> &str {
    match text.as_bytes() {
        [byte, ..] if *byte > b' ' => text,
        _ => text.trim_start_matches(json::SPACE),
    }
}

/// The text of a string without escapes that the text begins with, and what follows it.
#[inline]
pub(crate) fn plain_string(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    let (said, rest) = text.split_at_checked(text.len() - raw::special(text.as_bytes()).len())?;
    Some((said, rest.strip_prefix('"')?))
}

/// The text of a string, and what follows it.
pub(crate) fn string(text: &str) -> Option<(Cow<'_, str>, &str)> {
    if let Some((said, rest)) = plain_string(text) {
        return Some((Cow::Borrowed(said), rest));
    }
    let (raw, rest) = json::split_value(text)?;
    Some((raw::decode(raw)?, rest))
}

/// Passes over a value.
pub(crate) fn skip(text: &str) -> Rest<'_> {
    json::split_value(text).map(|(_, rest)| rest)
}

/// Where a walk through an object or a list stands.
pub(crate) enum Step<'a> {
    /// Before the next member or item.
    Next(&'a str),
    /// Behind the object or list.
    End(&'a str),
}

/// Enters the object or list that the text begins with.
#[inline]
pub(crate) fn enter(text: &str) -> Step<'_> {
    let inside = token(text.get(1..).unwrap_or_default());
    match inside.as_bytes() {
        [b'}' | b']', ..] => Step::End(inside.get(1..).unwrap_or_default()),
        _ => Step::Next(inside),
    }
}

/// Goes on behind a member or an item.
#[expect(clippy::inline_always, reason = "what it returns stays in registers then")]
#[inline(always)]
pub(crate) fn next_or_end(text: &str) -> Option<Step<'_>> {
    // Without whitespace, as the service writes.
    match text.as_bytes() {
        [b',', b'"', ..] => text.get(1..).map(Step::Next),
        [b'}' | b']', ..] => text.get(1..).map(Step::End),
        _ => go_on_after_space(text),
    }
}

#[inline(never)]
fn go_on_after_space(text: &str) -> Option<Step<'_>> {
    let text = token(text);
    if let Some(rest) = text.strip_prefix(',') {
        return Some(Step::Next(token(rest)));
    }
    text.strip_prefix(['}', ']']).map(Step::End)
}

/// A key, and what follows its colon.
fn key(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let (key, rest) = string(text)?;
    Some((key, token(token(rest).strip_prefix(':')?)))
}

/// Goes through the members of an object, from the one that the text begins with to its end. `read` is given each key and
/// what follows it, and returns what follows the value.
pub(crate) fn members<'a>(
    mut text: &'a str,
    misfit: &mut DecodeError,
    mut read: impl FnMut(&str, &'a str, &mut DecodeError) -> Rest<'a>,
) -> Rest<'a> {
    loop {
        let (key, value) = key(text)?;
        let rest = read(&key, value, misfit).or_else(|| recover_duplicate(value, &key, misfit))?;
        match next_or_end(rest)? {
            Step::Next(next) => text = next,
            Step::End(rest) => return Some(rest),
        }
    }
}

/// What a value that does not fit means for the object that it stands in: nothing, if its key comes again.
#[cold]
pub(crate) fn recover_duplicate<'a>(
    value: &'a str,
    of: &str,
    misfit: &mut DecodeError,
) -> Rest<'a> {
    let rest = skip(value)?;
    let mut behind = rest;
    while let Step::Next(member) = next_or_end(behind)? {
        let (key, value) = key(member)?;
        if key == of {
            *misfit = DecodeError::default();
            return Some(rest);
        }
        behind = skip(value)?;
    }
    misfit.under(of);
    None
}

/// What follows a value that says nothing: null, `""` or `{}`.
pub(crate) fn skip_empty(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("null").or_else(|| text.strip_prefix("\"\""));
    rest.or_else(|| match enter(text) {
        Step::End(rest) if text.starts_with('{') => Some(rest),
        _ => None,
    })
}
