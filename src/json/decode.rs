//! Reading JSON the way the service means it: null, `""`, `{}` and a missing field all say "nothing", the last
//! of two equal keys counts, and unknown fields are passed over.
//!
//! The types of [`models`](crate::api::models) are declared through [`model!`], which writes the same code for each: they
//! are filled where they stand, in one walk over a text that has passed [`json::check`].

use crate::json;
use crate::json::cursor::{
    DecodeError, Rest, Step, enter, next_or_end, plain_string, skip_empty, string, token,
};

/// Enters the list that the text begins with; what says nothing is an empty one.
fn enter_list<'a>(text: &'a str, misfit: &mut DecodeError) -> Option<Step<'a>> {
    if text.starts_with('[') {
        return Some(enter(text));
    }
    skip_empty(text).map(Step::End).or_else(|| misfit.note(text, "a list"))
}

/// Reads the item that the text begins with.
#[inline]
fn read_item<'a, T: FromJson>(
    text: &'a str,
    into: &mut Option<T>,
    index: usize,
    misfit: &mut DecodeError,
) -> Option<Step<'a>> {
    match into.read(text, misfit) {
        Some(rest) => next_or_end(rest),
        None => not_at(index, misfit),
    }
}

/// The items of a list, one at a time: where to go on.
#[derive(Debug)]
pub(crate) struct Items {
    /// How much is left of the text where the next item begins; `None` behind the last.
    left: Option<usize>,
    /// How many came before it.
    passed: usize,
}

impl Items {
    /// No items.
    pub(crate) fn none() -> Self {
        Self { left: None, passed: 0 }
    }

    /// The items of the list that the text begins with.
    pub(crate) fn of(text: &str) -> Result<Self, DecodeError> {
        let mut misfit = DecodeError::default();
        let left = match enter_list(token(text), &mut misfit).ok_or(misfit)? {
            Step::Next(inside) => Some(inside.len()),
            Step::End(_) => None,
        };
        Ok(Self { left, passed: 0 })
    }

    /// Reads the next item that says something into an empty object; `false` behind the last.
    ///
    /// `text` ends where the text did that this is of.
    pub(crate) fn read<T: Object>(
        &mut self,
        text: &str,
        into: &mut T,
    ) -> Result<bool, DecodeError> {
        let mut says = false;
        while let (Some(left), false) = (self.left, says) {
            let item = text.get(text.len() - left..).unwrap_or_default();
            let mut misfit = DecodeError::default();
            let step = if item.starts_with('{') {
                match into.decode_into(item, &mut misfit) {
                    Some(rest) => next_or_end(rest),
                    None => not_at(self.passed, &mut misfit),
                }
            } else {
                // It says nothing, or else does not fit.
                read_item::<T>(item, &mut None, self.passed, &mut misfit)
            };
            self.left = match step.ok_or(misfit)? {
                Step::Next(next) => Some(next.len()),
                Step::End(_) => None,
            };
            self.passed += 1;
            says = !into.is_nothing();
        }
        Ok(says)
    }

    /// Returns the next item that is not empty, as it is written; `None` after the last. An item that is no object is an error,
    /// and stays the next one.
    ///
    /// `text` ends where the text did that this is of.
    #[cfg(feature = "capi")]
    pub(crate) fn next_raw<'a>(&mut self, text: &'a str) -> Result<Option<&'a str>, DecodeError> {
        while let Some(left) = self.left {
            let item = text.get(text.len() - left..).unwrap_or_default();
            let mut error = DecodeError::default();
            let empty = skip_empty(item);
            let rest = match empty {
                Some(rest) => Some(rest),
                None if item.starts_with('{') => json::cursor::skip(item),
                None => error.note(item, "an object").or_else(|| not_at(self.passed, &mut error)),
            };
            let Some(rest) = rest else { return Err(error) };
            self.left = match next_or_end(rest).ok_or(error)? {
                Step::Next(next) => Some(next.len()),
                Step::End(_) => None,
            };
            self.passed += 1;
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

/// The item of a list could not be read.
#[cold]
fn not_at<T>(index: usize, misfit: &mut DecodeError) -> Option<T> {
    misfit.under(&format!("[{index}]"));
    None
}

/// A value that can stand in an answer.
pub(crate) trait FromJson: Sized {
    /// What is expected, for messages.
    const WANTED: &'static str;

    /// What a text says, which is not empty.
    fn from_text(_text: &str) -> Option<Self> {
        None
    }

    /// What a number says, as it is written.
    fn from_number(_raw: &str) -> Option<Self> {
        None
    }

    /// Reads the object that the text begins with: `None` if it says nothing.
    fn read_object<'a>(
        into: &mut Option<Self>,
        text: &'a str,
        misfit: &mut DecodeError,
    ) -> Rest<'a> {
        *into = None;
        skip_empty(text).or_else(|| misfit.note(text, Self::WANTED))
    }
}

/// An object of known members.
pub(crate) trait Object: FromJson + Default {
    /// Reads the members of the object that the text begins with, each to where it stands.
    fn decode_into<'a>(&mut self, text: &'a str, misfit: &mut DecodeError) -> Rest<'a>;
    fn is_nothing(&self) -> bool;
}

impl FromJson for String {
    const WANTED: &'static str = "a string";

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// An integer in one of its spellings: also `-0`, `12.0` and `1.2e1`.
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

/// A field of an answer: how it is read, and whether it holds anything worth writing.
pub(crate) trait Field: Default {
    /// Reads the value that the text begins with, whatever stood here before. Where it fails, what stands here means
    /// nothing.
    fn read<'a>(&mut self, text: &'a str, misfit: &mut DecodeError) -> Rest<'a>;
    fn is_nothing(&self) -> bool;
}

impl<T: FromJson> Field for Option<T> {
    #[inline]
    fn read<'a>(&mut self, text: &'a str, misfit: &mut DecodeError) -> Rest<'a> {
        match text.as_bytes().first() {
            Some(b'"') => {
                if let Some((said, rest)) = plain_string(text) {
                    *self = if said.is_empty() { None } else { T::from_text(said) };
                    if self.is_some() || said.is_empty() {
                        return Some(rest);
                    }
                }
            }
            Some(b'{') => return T::read_object(self, text, misfit),
            Some(b'n') => {
                *self = None;
                return text.strip_prefix("null");
            }
            _ => {}
        }
        read_any(self, text, misfit)
    }

    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

/// Reads a value however it is written: with whitespace before it, with escapes, or a number.
#[inline(never)]
fn read_any<'a, T: FromJson>(
    into: &mut Option<T>,
    text: &'a str,
    misfit: &mut DecodeError,
) -> Rest<'a> {
    let text = token(text);
    *into = None;
    let rest;
    (*into, rest) = match text.as_bytes().first()? {
        b'n' => return text.strip_prefix("null"),
        b'{' => return T::read_object(into, text, misfit),
        b'"' => match string(text)? {
            (said, rest) if said.is_empty() => return Some(rest),
            (said, rest) => (T::from_text(&said), rest),
        },
        b'-' | b'0'..=b'9' => {
            let (raw, rest) = json::split_value(text)?;
            (T::from_number(raw), rest)
        }
        _ => (None, text),
    };
    if into.is_some() { Some(rest) } else { misfit.note(text, T::WANTED) }
}

impl Field for String {
    #[inline]
    fn read<'a>(&mut self, text: &'a str, misfit: &mut DecodeError) -> Rest<'a> {
        let mut said = None;
        let rest = Option::<Self>::read(&mut said, text, misfit)?;
        *self = said.unwrap_or_default();
        Some(rest)
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl<T: FromJson> Field for Vec<T> {
    fn read<'a>(&mut self, text: &'a str, misfit: &mut DecodeError) -> Rest<'a> {
        self.clear();
        let mut step = enter_list(token(text), misfit)?;
        let mut index = 0;
        loop {
            let text = match step {
                Step::Next(text) => text,
                Step::End(rest) => return Some(rest),
            };
            let mut item = None;
            step = read_item(text, &mut item, index, misfit)?;
            if let Some(item) = item {
                self.push(item);
            }
            index += 1;
        }
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

/// What a whole answer reads as.
pub(crate) trait Decode: Sized {
    /// Reads a document that has passed [`json::check`].
    fn decode(document: &str) -> Result<Self, DecodeError>;
}

/// Reads a document as one object.
pub(crate) fn decode<T: Object>(document: &str) -> Result<T, DecodeError> {
    let document = token(document);
    let (mut read, mut misfit) = (T::default(), DecodeError::default());
    let end = if document.starts_with('{') {
        read.decode_into(document, &mut misfit)
    } else {
        misfit.note(document, "an object")
    };
    end.map(|_| read).ok_or(misfit)
}

/// Declares a type of the service's answers: public fields, each with its key.
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
                #[serde(rename = $key, skip_serializing_if = "crate::json::decode::Field::is_nothing")]
                pub $field: $type,
            )*
        }

        impl crate::json::decode::Object for $name {
            fn decode_into<'a>(
                &mut self,
                text: &'a str,
                misfit: &mut crate::json::cursor::DecodeError,
            ) -> crate::json::cursor::Rest<'a> {
                use crate::json::decode::Field;
                use crate::json::cursor::Step;
                let mut text = match crate::json::cursor::enter(text) {
                    Step::Next(inside) => inside,
                    Step::End(rest) => return Some(rest),
                };
                // Most members come in the order of the declaration: which is next is known then, and they need not be
                // looked up. Where they do not, another round finds them.
                let mut before = usize::MAX;
                while text.len() < before {
                    before = text.len();
                    $(
                        if let Some(value) = text.strip_prefix(concat!("\"", $key, "\":")) {
                            let rest = match self.$field.read(value, misfit) {
                                Some(rest) => rest,
                                None => crate::json::cursor::recover_duplicate(value, $key, misfit)?,
                            };
                            match crate::json::cursor::next_or_end(rest)? {
                                Step::Next(next) => text = next,
                                Step::End(rest) => return Some(rest),
                            }
                        }
                    )*
                }
                crate::json::cursor::members(text, misfit, |key, value, misfit| match key {
                    $( $key => self.$field.read(value, misfit), )*
                    _ => crate::json::cursor::skip(value),
                })
            }

            fn is_nothing(&self) -> bool {
                $( crate::json::decode::Field::is_nothing(&self.$field) )&&*
            }
        }

        impl crate::json::decode::FromJson for $name {
            const WANTED: &'static str = "an object";

            fn read_object<'a>(
                into: &mut Option<Self>,
                text: &'a str,
                misfit: &mut crate::json::cursor::DecodeError,
            ) -> crate::json::cursor::Rest<'a> {
                let read = into.insert(Self::default());
                let rest = crate::json::decode::Object::decode_into(read, text, misfit)?;
                if crate::json::decode::Object::is_nothing(read) {
                    *into = None;
                }
                Some(rest)
            }
        }

        impl crate::json::decode::Decode for $name {
            fn decode(document: &str) -> Result<Self, crate::json::cursor::DecodeError> {
                crate::json::decode::decode(document)
            }
        }

        // Not the way of an answer, but of whoever stores one: through a value, so that there is one way to read.
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
