//! A strict serde deserializer for the caller's input: JSON, or the values of environment variables. An error names the field by
//! its path and the expected type. It never repeats a value, which may be a secret; serde's own messages, which do, are dropped.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::cursor::DecodeError;
use super::{items, members, text_of};

/// A value, and the name by which errors call it.
pub(crate) struct Value<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) text: &'a str,
    /// Whether the text is JSON that has passed [`check`](super::check()). If not, it is the string itself.
    pub(crate) json: bool,
}

/// A value with its key.
type Member<'a> = (Cow<'a, str>, Value<'a>);

impl<'a> Value<'a> {
    /// The members of an object that has passed [`check`](super::check()).
    pub(crate) fn members(object: &'a str) -> impl Iterator<Item = Member<'a>> {
        members(object).map(|(name, text)| (name.clone(), Self { name, text, json: true }))
    }
}

/// Deserializes a struct from its members. The iterator is a trait object, so that the code which serde derives is compiled
/// once.
#[cfg(feature = "capi")]
pub(crate) fn from_members<'a, T: serde::Deserialize<'a>>(
    members: &mut dyn Iterator<Item = Member<'a>>,
) -> Result<T, DecodeError> {
    T::deserialize(MapDeserializer::new(members))
}

/// Calls a setter if a value was given.
pub(crate) fn set<B, T>(builder: B, value: Option<T>, setter: impl FnOnce(B, T) -> B) -> B {
    match value {
        Some(value) => setter(builder, value),
        None => builder,
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = DecodeError;

    // Compiled once for each type of value, not for each field.
    #[inline(never)]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let text = self.text;
        let refuse = |problem| Err(refuse("", problem));
        let result = match text.as_bytes().first() {
            _ if !self.json => visitor.visit_string(text.to_owned()),
            // Moved, not copied: it may be a secret.
            Some(b'"') => visitor.visit_string(text_of(text).unwrap_or_default()),
            Some(b'[') => {
                let item = |text| Value { name: Cow::Borrowed(""), text, json: true };
                visitor.visit_seq(SeqDeserializer::new(items(text).map(item)))
            }
            Some(b'{') if members(text).next().is_none() => refuse("is empty; leave it out"),
            Some(b'{') => {
                let members: &mut dyn Iterator<Item = Member<'de>> = &mut Value::members(text);
                visitor.visit_map(MapDeserializer::new(members))
            }
            _ => match (text, text.parse::<u64>(), text.parse::<f64>()) {
                ("null", ..) => refuse("is null; leave out what is not wanted"),
                ("true", ..) => visitor.visit_bool(true),
                ("false", ..) => visitor.visit_bool(false),
                (_, Ok(number), _) => visitor.visit_u64(number),
                (_, _, Ok(number)) => visitor.visit_f64(number),
                _ => visitor.visit_unit(),
            },
        };
        result.map_err(|mut error| {
            if !self.name.is_empty() {
                error.under(&self.name);
            }
            error
        })
    }

    #[inline(never)]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        // Derived code would accept a list as the fields in their order; an empty text is refused as the wrong type.
        let text = if self.text.starts_with('[') { "" } else { self.text };
        Self { text, ..self }.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, DecodeError> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Makes the error of a value. The path of what is around it is added by the callers.
fn refuse(field: &str, problem: impl Into<String>) -> DecodeError {
    DecodeError { path: field.to_owned(), problem: problem.into() }
}

/// The errors that derived code reports.
impl serde::de::Error for DecodeError {
    /// Drops the text: it may repeat the value.
    fn custom<T: fmt::Display>(_message: T) -> Self {
        refuse("", "cannot be used")
    }

    fn invalid_type(_value: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        let expected = match expected.as_str() {
            "u64" => "a whole number from 0 up",
            "f64" => "a number",
            "a boolean" => "true or false",
            "a sequence" => "a list",
            other => other,
        };
        refuse("", format!("is not {expected}"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        refuse(field, format!("is not known here; known are {}", expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        refuse(field, "is missing")
    }

    fn duplicate_field(field: &'static str) -> Self {
        refuse(field, "is given twice")
    }
}
