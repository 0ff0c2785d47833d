//! Decodes the service's JSON into types: null, `""`, `{}` and a missing field all mean "absent", the last of duplicate keys
//! counts, and unknown fields are ignored.
//!
//! The types of [`models`](crate::api::models) are declared with [`model!`], which writes the same decoder for each: it fills
//! a value in place, in one pass over a text that has passed [`check`](super::check()).

use super::cursor::{
    DecodeError, Rest, Step, enter, next_or_end, plain_string, skip, skip_empty, skip_ws,
    split_key, split_value, string, strip_mark,
};
use super::find::members_from;

/// A value or a whole response that is decoded from JSON.
pub(crate) trait Decode: Default {
    /// Reads the value at the start of the text, and replaces the old one. After a failure the value is meaningless.
    fn read<'a>(&mut self, text: &'a str, error: &mut DecodeError) -> Rest<'a>;

    /// Tells whether the value is absent, and so not worth writing.
    fn is_nothing(&self) -> bool;

    /// Decodes a document that has passed [`check`](super::check()).
    fn decode(document: &str) -> Result<Self, DecodeError> {
        let document = skip_ws(document);
        let (mut value, mut error) = (Self::default(), DecodeError::default());
        let end = if document.starts_with('{') {
            value.read(document, &mut error)
        } else {
            error.note(document, "an object")
        };
        end.map(|_| value).ok_or(error)
    }
}

/// A response that is any object, which is ignored.
impl Decode for () {
    fn read<'a>(&mut self, text: &'a str, _error: &mut DecodeError) -> Rest<'a> {
        Some(text)
    }

    fn is_nothing(&self) -> bool {
        true
    }
}

/// A type whose values are never absent: a field of it is an `Option`, or an item of a list.
pub(crate) trait FromJson: Sized {
    /// The expected type, for messages.
    const WANTED: &'static str;

    /// Converts the text of a string that is not empty.
    fn from_text(_text: &str) -> Option<Self> {
        None
    }

    /// Converts a number, as it is written.
    fn from_number(_raw: &str) -> Option<Self> {
        None
    }

    /// Reads the object at the start of the text; `into` becomes `None` if it is empty.
    fn read_object<'a>(
        into: &mut Option<Self>,
        text: &'a str,
        error: &mut DecodeError,
    ) -> Rest<'a> {
        *into = None;
        skip_empty(text).or_else(|| error.note(text, Self::WANTED))
    }
}

impl FromJson for String {
    const WANTED: &'static str = "a string";

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// Converts an integer, written in any way: also `-0`, `12.0` and `1.2e1`.
fn integer(raw: &str) -> Option<i64> {
    /// 2^53: up to here a float holds every integer.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Ok(value) = raw.parse() {
        return Some(value);
    }
    if !raw.contains(['.', 'e', 'E']) {
        return None;
    }
    let value: f64 = raw.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "it is an integer below 2^53")]
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}

macro_rules! integer {
    ($($type:ty = $wanted:literal),*) => {$(
        impl FromJson for $type {
            const WANTED: &'static str = $wanted;

            fn from_number(raw: &str) -> Option<Self> {
                integer(raw)?.try_into().ok()
            }

            // JSON written from protocol buffers puts 64-bit integers in quotes.
            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

integer!(i32 = "an integer of 32 bits", i64 = "an integer of 64 bits");

impl<T: FromJson> Decode for Option<T> {
    #[inline]
    fn read<'a>(&mut self, text: &'a str, error: &mut DecodeError) -> Rest<'a> {
        match text.as_bytes().first() {
            Some(b'"') => {
                if let Some((plain, rest)) = plain_string(text) {
                    *self = if plain.is_empty() { None } else { T::from_text(plain) };
                    if self.is_some() || plain.is_empty() {
                        return Some(rest);
                    }
                }
            }
            Some(b'{') => return T::read_object(self, text, error),
            Some(b'n') => {
                *self = None;
                return text.strip_prefix("null");
            }
            _ => {}
        }
        read_any(self, text, error)
    }

    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

/// Reads a value in any form: after whitespace, with escapes, or a number.
#[inline(never)]
fn read_any<'a, T: FromJson>(
    into: &mut Option<T>,
    text: &'a str,
    error: &mut DecodeError,
) -> Rest<'a> {
    let text = skip_ws(text);
    *into = None;
    let rest;
    (*into, rest) = match text.as_bytes().first()? {
        b'n' => return text.strip_prefix("null"),
        b'{' => return T::read_object(into, text, error),
        b'"' => match string(text)? {
            (decoded, rest) if decoded.is_empty() => return Some(rest),
            (decoded, rest) => (T::from_text(&decoded), rest),
        },
        b'-' | b'0'..=b'9' => {
            let (raw, rest) = split_value(text)?;
            (T::from_number(raw), rest)
        }
        _ => (None, text),
    };
    if into.is_some() { Some(rest) } else { error.note(text, T::WANTED) }
}

impl Decode for String {
    #[inline]
    fn read<'a>(&mut self, text: &'a str, error: &mut DecodeError) -> Rest<'a> {
        let mut value = None;
        let rest = Option::<Self>::read(&mut value, text, error)?;
        *self = value.unwrap_or_default();
        Some(rest)
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl<T: FromJson> Decode for Vec<T> {
    fn read<'a>(&mut self, text: &'a str, error: &mut DecodeError) -> Rest<'a> {
        self.clear();
        let mut step = enter_list(text, error)?;
        let mut index = 0;
        loop {
            let text = match step {
                Step::Next(text) => text,
                Step::End(rest) => return Some(rest),
            };
            let mut item = None;
            step = read_item(text, &mut item, index, error)?;
            self.extend(item);
            index += 1;
        }
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

/// Enters the list at the start of the text; null, `""` and `{}` are an empty one.
fn enter_list<'a>(text: &'a str, error: &mut DecodeError) -> Option<Step<'a>> {
    let text = skip_ws(text);
    if text.starts_with('[') {
        return Some(enter(text));
    }
    skip_empty(text).map(Step::End).or_else(|| error.note(text, "a list"))
}

/// Reads the item at the start of the text; an error names its index.
#[inline]
fn read_item<'a, T: FromJson>(
    text: &'a str,
    into: &mut Option<T>,
    index: usize,
    error: &mut DecodeError,
) -> Option<Step<'a>> {
    if let Some(rest) = into.read(text, error) {
        return next_or_end(rest);
    }
    error.under(&format!("[{index}]"));
    None
}

/// Reads a list one item at a time, from a text that it does not borrow. By default it has no items.
#[derive(Debug, Default)]
pub(crate) struct Items {
    /// Length of the text from the next item on; `None` after the last.
    left: Option<usize>,
    /// Index of the next item.
    index: usize,
}

impl Items {
    /// Enters the list at the start of the text.
    pub(crate) fn of(text: &str) -> Result<Self, DecodeError> {
        let mut error = DecodeError::default();
        let step = enter_list(text, &mut error).ok_or(error)?;
        Ok(Self { left: step.left(), index: 0 })
    }

    /// Reads the next item that is not empty; `false` after the last.
    ///
    /// `text` must be the text given to [`Items::of`], or end with it.
    pub(crate) fn read<T: FromJson>(
        &mut self,
        text: &str,
        into: &mut T,
    ) -> Result<bool, DecodeError> {
        let mut item = None;
        while let (Some(left), None) = (self.left, &item) {
            let text = text.get(text.len() - left..).unwrap_or_default();
            let mut error = DecodeError::default();
            let step = read_item(text, &mut item, self.index, &mut error).ok_or(error)?;
            self.left = step.left();
            self.index += 1;
        }
        Ok(item.map(|item| *into = item).is_some())
    }

    /// Returns the next item that is not empty, as it is written; `None` after the last. An item that is no object is an error,
    /// and stays the next one.
    ///
    /// `text` must be the text given to [`Items::of`], or end with it.
    pub(crate) fn next_raw<'a>(&mut self, text: &'a str) -> Result<Option<&'a str>, DecodeError> {
        while let Some(left) = self.left {
            let item = text.get(text.len() - left..).unwrap_or_default();
            let mut error = DecodeError::default();
            let empty = skip_empty(item);
            let rest = match empty {
                Some(rest) => Some(rest),
                None if item.starts_with('{') => skip(item),
                None => error.note(item, "an object"),
            };
            let Some(rest) = rest else {
                error.under(&format!("[{}]", self.index));
                return Err(error);
            };
            self.left = next_or_end(rest).ok_or(error)?.left();
            self.index += 1;
            if empty.is_none() {
                return Ok(item.get(..item.len() - rest.len()));
            }
        }
        Ok(None)
    }

    /// Tells whether the last item was handed out.
    #[cfg(feature = "capi")]
    pub(crate) fn is_over(&self) -> bool {
        self.left.is_none()
    }
}

/// Reads the members of an object from the one at the start of the text on; returns what follows the object.
///
/// `read` is given each key and the text from its value on, and returns what follows the value.
pub(crate) fn read_members<'a>(
    mut text: &'a str,
    error: &mut DecodeError,
    mut read: impl FnMut(&str, &'a str, &mut DecodeError) -> Rest<'a>,
) -> Rest<'a> {
    loop {
        let (key, value) = split_key(text)?;
        let rest = read(&key, value, error).or_else(|| recover_duplicate(value, &key, error))?;
        match next_or_end(rest)? {
            Step::Next(next) => text = next,
            Step::End(rest) => return Some(rest),
        }
    }
}

/// Skips a value of the wrong type if its key comes again later in the object: the last of duplicate keys counts.
#[cold]
pub(crate) fn recover_duplicate<'a>(
    value: &'a str,
    key: &str,
    error: &mut DecodeError,
) -> Rest<'a> {
    let rest = skip(value)?;
    let later = strip_mark(rest, ',').unwrap_or_default();
    if members_from(later).any(|member| member.has_key(key)) {
        *error = DecodeError::default();
        return Some(rest);
    }
    error.under(key);
    None
}

/// Declares a type of the service's responses: public fields, each with its JSON key.
macro_rules! model {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* pub $field:ident: $type:ty = $key:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(rename = $key, skip_serializing_if = "crate::json::decode::Decode::is_nothing")]
                pub $field: $type,
            )*
        }

        impl crate::json::decode::Decode for $name {
            fn read<'a>(
                &mut self,
                text: &'a str,
                error: &mut crate::json::cursor::DecodeError,
            ) -> crate::json::cursor::Rest<'a> {
                use crate::json::cursor::{Step, enter, next_or_end, skip};
                use crate::json::decode::{read_members, recover_duplicate};
                let mut text = match enter(text) {
                    Step::Next(inside) => inside,
                    Step::End(rest) => return Some(rest),
                };
                // Most members come in the order of the declaration, so that the next key is known and need not be looked up.
                // Another round finds those that come out of order.
                let mut before = usize::MAX;
                while text.len() < before {
                    before = text.len();
                    $(
                        if let Some(value) = text.strip_prefix(concat!("\"", $key, "\":")) {
                            let rest = match self.$field.read(value, error) {
                                Some(rest) => rest,
                                None => recover_duplicate(value, $key, error)?,
                            };
                            match next_or_end(rest)? {
                                Step::Next(next) => text = next,
                                Step::End(rest) => return Some(rest),
                            }
                        }
                    )*
                }
                read_members(text, error, |key, value, error| match key {
                    $( $key => self.$field.read(value, error), )*
                    _ => skip(value),
                })
            }

            fn is_nothing(&self) -> bool {
                $( self.$field.is_nothing() )&&*
            }
        }

        impl crate::json::decode::FromJson for $name {
            const WANTED: &'static str = "an object";

            fn read_object<'a>(
                into: &mut Option<Self>,
                text: &'a str,
                error: &mut crate::json::cursor::DecodeError,
            ) -> crate::json::cursor::Rest<'a> {
                let value = into.insert(Self::default());
                let rest = crate::json::decode::Decode::read(value, text, error)?;
                if crate::json::decode::Decode::is_nothing(value) {
                    *into = None;
                }
                Some(rest)
            }
        }

        // Reads a stored value. It goes through the same decoder, so that there is one way to read.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let value = <serde_json::Value as serde::Deserialize>::deserialize(d)?;
                crate::json::decode::Decode::decode(&value.to_string())
                    .map_err(<D::Error as serde::de::Error>::custom)
            }
        }
    };
}

pub(crate) use model;
