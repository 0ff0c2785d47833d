//! A serde deserializer for the caller's input: JSON from C and Python, or the text of an environment variable.
//!
//! It is strict. An error names the field by its path, and the expected type. No error repeats a value, which may be a secret:
//! serde's own messages do, and are not used.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::cursor::DecodeError;
use super::{SPACE, items, members, text_of};

/// A value to read, with the name that errors give it.
#[derive(Clone)]
pub(crate) struct Value<'a> {
    name: Cow<'a, str>,
    source: Source<'a>,
}

#[derive(Clone, Copy)]
enum Source<'a> {
    /// JSON that has passed [`check`](super::check).
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    Json(&'a str),
    /// Plain text.
    Text(&'a str),
}

impl<'a> Value<'a> {
    /// Makes a value of an environment variable.
    pub(crate) fn of_variable(name: &'a str, text: &'a str) -> Self {
        Self { name: Cow::Borrowed(name), source: Source::Text(text) }
    }

    /// Iterates over the members of an object that has passed [`check`](super::check).
    pub(crate) fn members(object: &'a str) -> impl Iterator<Item = (Cow<'a, str>, Self)> {
        members(object)
            .map(|(key, raw)| (key.clone(), Self { name: key, source: Source::Json(raw) }))
    }

    /// Returns the value as it is written.
    fn raw(&self) -> &'a str {
        match self.source {
            Source::Json(text) | Source::Text(text) => text,
        }
    }

    fn string(&self) -> Result<String, DecodeError> {
        match self.source {
            Source::Json(raw) => text_of(raw).ok_or_else(|| self.refuse("is not a string")),
            Source::Text(text) => Ok(text.to_owned()),
        }
    }

    fn refuse(&self, problem: &str) -> DecodeError {
        let problem = match self.source {
            Source::Json("null") => "is null; leave out what is not wanted",
            _ => problem,
        };
        refuse(&self.name, problem)
    }
}

/// Deserializes a struct from its members.
pub(crate) fn from_members<'a, T: Deserialize<'a>>(
    members: impl Iterator<Item = (Cow<'a, str>, Value<'a>)>,
) -> Result<T, DecodeError> {
    T::deserialize(MapDeserializer::new(members))
}

impl<'de> IntoDeserializer<'de, DecodeError> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = DecodeError;

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.source {
            Source::Json("null") => Err(self.refuse("is null")),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_string(self.string()?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.source {
            Source::Json("true") | Source::Text("true" | "1") => visitor.visit_bool(true),
            Source::Json("false") | Source::Text("false" | "0") => visitor.visit_bool(false),
            _ => Err(self.refuse("is neither true nor false")),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let wrong = |_| self.refuse("is not a whole number from 0 up");
        visitor.visit_u64(self.raw().parse().map_err(wrong)?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_f64(self.raw().parse().map_err(|_| self.refuse("is not a number"))?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let name = self.name.clone();
        visitor.visit_enum(self.string()?.into_deserializer()).map_err(|error| under(error, &name))
    }

    /// Reads a list of strings: there are no other lists in the input.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let error = self.refuse("is not a list of strings");
        match self.source {
            Source::Json(raw) if raw.starts_with('[') => {
                let item = |raw| Value { source: Source::Json(raw), ..self.clone() };
                visitor.visit_seq(SeqDeserializer::new(items(raw).map(item))).map_err(|_| error)
            }
            _ => Err(error),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let Source::Json(raw) = self.source else { return Err(self.refuse("is not an object")) };
        match raw.strip_prefix('{') {
            None => Err(self.refuse("is not an object")),
            Some(rest) if rest.trim_start_matches(SPACE).starts_with('}') => {
                Err(self.refuse("is empty; leave it out"))
            }
            Some(_) => visitor
                .visit_map(MapDeserializer::new(Value::members(raw)))
                .map_err(|error| under(error, &self.name)),
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, DecodeError> {
        Err(self.refuse("is of a type that is not taken here"))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 char str bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct
        map identifier ignored_any
    }
}

/// The errors of the code that serde derives. A value is never repeated: `custom` and what calls it drop the message.
impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        refuse("", "cannot be used")
    }

    fn unknown_variant(_variant: &str, expected: &'static [&'static str]) -> Self {
        refuse("", format!("is none of {}", expected.join(", ")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        refuse(field, format!("is not known here; known are {}", list(expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        refuse(field, "is missing")
    }

    fn duplicate_field(field: &'static str) -> Self {
        refuse(field, "is given twice")
    }
}

impl std::error::Error for DecodeError {}

/// Returns the error of a field.
fn refuse(field: &str, problem: impl Into<String>) -> DecodeError {
    DecodeError { path: field.to_owned(), problem: problem.into() }
}

fn under(mut error: DecodeError, parent: &str) -> DecodeError {
    error.under(parent);
    error
}

/// Joins words with commas and a last "and": `a, b and c`.
fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [words @ .., last] => format!("{} and {last}", words.join(", ")),
    }
}
