//! A serde deserializer for what a caller gives: JSON of C and Python, or the text of an environment variable. It is strict, and
//! an error names the field by its path and the type that is expected. No error repeats a value, which may be a secret: serde's
//! own texts, which do, are not used.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::{SPACE, items, members, text_of};

/// Why a value is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The path from the outermost object: `address.city`. Empty for the object itself.
    pub(crate) field: String,
    pub(crate) problem: String,
}

/// A value, and the name by which errors call it.
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
    /// The value of an environment variable.
    pub(crate) fn of_variable(name: &'a str, text: &'a str) -> Self {
        Self { name: Cow::Borrowed(name), source: Source::Text(text) }
    }

    /// The members of an object that has passed [`check`](super::check).
    pub(crate) fn members(object: &'a str) -> impl Iterator<Item = (Cow<'a, str>, Self)> {
        members(object)
            .map(|(key, raw)| (key.clone(), Self { name: key, source: Source::Json(raw) }))
    }

    /// The value as it is written, if it is neither a string nor inside quotes.
    fn bare(&self) -> &'a str {
        match self.source {
            Source::Json(text) | Source::Text(text) => text,
        }
    }

    fn string(&self) -> Result<String, Refusal> {
        match self.source {
            Source::Json(raw) => text_of(raw).ok_or_else(|| self.refuse("is not a string")),
            Source::Text(text) => Ok(text.to_owned()),
        }
    }

    fn refuse(&self, problem: &str) -> Refusal {
        let problem = match self.source {
            Source::Json("null") => "is null; leave out what is not wanted",
            _ => problem,
        };
        Refusal::of(&self.name, problem)
    }
}

/// Deserializes a struct from its members.
pub(crate) fn from_members<'a, T: Deserialize<'a>>(
    members: impl Iterator<Item = (Cow<'a, str>, Value<'a>)>,
) -> Result<T, Refusal> {
    T::deserialize(MapDeserializer::new(members))
}

impl<'de> IntoDeserializer<'de, Refusal> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Refusal;

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.source {
            Source::Json("null") => Err(self.refuse("is null")),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_string(self.string()?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.source {
            Source::Json("true") | Source::Text("true" | "1") => visitor.visit_bool(true),
            Source::Json("false") | Source::Text("false" | "0") => visitor.visit_bool(false),
            _ => Err(self.refuse("is neither true nor false")),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.bare().parse() {
            Ok(number) => visitor.visit_u64(number),
            Err(_) => Err(self.refuse("is not a whole number from 0 up")),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.bare().parse() {
            Ok(number) => visitor.visit_f64(number),
            Err(_) => Err(self.refuse("is not a number")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let name = self.name.clone();
        visitor
            .visit_enum(self.string()?.into_deserializer())
            .map_err(|refusal: Refusal| refusal.under(&name))
    }

    /// The only lists that callers give are lists of strings.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let refusal = self.refuse("is not a list of strings");
        match self.source {
            Source::Json(raw) if raw.starts_with('[') => {
                let item = |raw| Value { source: Source::Json(raw), ..self.clone() };
                visitor.visit_seq(SeqDeserializer::new(items(raw).map(item))).map_err(|_| refusal)
            }
            _ => Err(refusal),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let Source::Json(raw) = self.source else { return Err(self.refuse("is not an object")) };
        match raw.strip_prefix('{') {
            None => Err(self.refuse("is not an object")),
            Some(rest) if rest.trim_start_matches(SPACE).starts_with('}') => {
                Err(self.refuse("is empty; leave it out"))
            }
            Some(_) => visitor
                .visit_map(MapDeserializer::new(Value::members(raw)))
                .map_err(|refusal: Refusal| refusal.under(&self.name)),
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Refusal> {
        Err(self.refuse("is of a type that is not taken here"))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 char str bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct
        map identifier ignored_any
    }
}

impl Refusal {
    fn of(field: &str, problem: impl Into<String>) -> Self {
        Self { field: field.to_owned(), problem: problem.into() }
    }

    fn under(mut self, parent: &str) -> Self {
        self.field = match self.field.as_str() {
            "" => parent.to_owned(),
            field => format!("{parent}.{field}"),
        };
        self
    }
}

/// What the code that serde derives reports: never with the value in it.
impl serde::de::Error for Refusal {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self::of("", "cannot be used")
    }

    fn invalid_type(_value: Unexpected<'_>, _expected: &dyn Expected) -> Self {
        Self::custom("")
    }

    fn invalid_value(_value: Unexpected<'_>, _expected: &dyn Expected) -> Self {
        Self::custom("")
    }

    fn unknown_variant(_variant: &str, expected: &'static [&'static str]) -> Self {
        Self::of("", format!("is none of {}", expected.join(", ")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::of(field, format!("is not known here; known are {}", list(expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of(field, "is missing")
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::of(field, "is given twice")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl std::error::Error for Refusal {}

/// Joins words as a sentence does: `a, b and c`.
fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [words @ .., last] => format!("{} and {last}", words.join(", ")),
    }
}
