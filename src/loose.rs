//! Reading JSON the way the service means it: null, `""`, `{}` and a missing field all say "nothing", the last
//! of two equal keys counts, and unknown fields are passed over.
//!
//! serde's derive does none of these, so the types of [`model`](crate::model) are declared through
//! [`answer!`], which writes the same code for each.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value that can stand in an answer.
pub(crate) trait Piece: Sized {
    /// What was expected, for messages.
    const WANTED: &'static str;

    fn from_text<E: de::Error>(text: &str) -> Result<Self, E> {
        Err(E::invalid_type(de::Unexpected::Str(text), &Self::WANTED))
    }

    fn from_integer<E: de::Error>(value: i64) -> Result<Self, E> {
        Err(E::invalid_type(de::Unexpected::Signed(value), &Self::WANTED))
    }

    /// `None` when the object holds nothing.
    fn from_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        match map.next_key::<IgnoredAny>()? {
            None => Ok(None),
            Some(_) => Err(de::Error::invalid_type(de::Unexpected::Map, &Self::WANTED)),
        }
    }
}

impl Piece for String {
    const WANTED: &'static str = "a string";

    fn from_text<E: de::Error>(text: &str) -> Result<Self, E> {
        Ok(text.to_owned())
    }
}

macro_rules! integer {
    ($($type:ty),*) => {$(
        impl Piece for $type {
            const WANTED: &'static str = "an integer";

            fn from_integer<E: de::Error>(value: i64) -> Result<Self, E> {
                value
                    .try_into()
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &Self::WANTED))
            }

            // JSON written from protocol buffers puts 64-bit integers in quotes.
            fn from_text<E: de::Error>(text: &str) -> Result<Self, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &Self::WANTED))
            }
        }
    )*};
}

integer!(i32, i64);

/// Reads one optional piece.
struct Maybe<T>(PhantomData<T>);

impl<'de, T: Piece> Visitor<'de> for Maybe<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WANTED)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<T>, E> {
        if text.is_empty() { Ok(None) } else { T::from_text(text).map(Some) }
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Option<T>, E> {
        T::from_integer(value).map(Some)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Option<T>, E> {
        let value = i64::try_from(value)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &T::WANTED))?;
        T::from_integer(value).map(Some)
    }

    // `-0`, `12.0` and `1.2e1` are integers in other spellings.
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Option<T>, E> {
        /// 2^53: up to here a float holds every integer.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.fract() != 0.0 || value.abs() > EXACT {
            return Err(E::invalid_type(de::Unexpected::Float(value), &T::WANTED));
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is an integer below 2^53")]
        T::from_integer(value as i64).map(Some)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<T>, A::Error> {
        T::from_object(map)
    }
}

/// A field of an answer: what it reads from, and whether it holds anything worth writing.
pub(crate) trait Field: Sized + Default {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
    fn is_nothing(&self) -> bool;
}

impl<T: Piece> Field for Option<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Maybe(PhantomData))
    }

    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

impl Field for String {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Self>::read(deserializer).map(Option::unwrap_or_default)
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: Piece> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        if text.is_empty() {
            Ok(Vec::new())
        } else {
            Err(E::invalid_type(de::Unexpected::Str(text), &self))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<T>, A::Error> {
        match map.next_key::<IgnoredAny>()? {
            None => Ok(Vec::new()),
            Some(_) => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(Loosely(item)) = seq.next_element::<Loosely<Option<T>>>()? {
            items.extend(item);
        }
        Ok(items)
    }
}

impl<T: Piece> Field for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(List(PhantomData))
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

/// Lets serde's map and sequence access read a [`Field`].
pub(crate) struct Loosely<T>(pub(crate) T);

impl<'de, T: Field> Deserialize<'de> for Loosely<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Loosely)
    }
}

/// Declares a type of the service's answers: public fields, each with its key.
macro_rules! answer {
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
                #[serde(rename = $key, skip_serializing_if = "crate::loose::Field::is_nothing")]
                pub $field: $type,
            )*
        }

        const _: () = {
            #[allow(non_camel_case_types)]
            enum Key { $($field,)* Unknown }

            impl<'de> serde::Deserialize<'de> for Key {
                fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                    struct KeyVisitor;
                    impl serde::de::Visitor<'_> for KeyVisitor {
                        type Value = Key;
                        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                            f.write_str("a key")
                        }
                        fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Key, E> {
                            Ok(match key { $($key => Key::$field,)* _ => Key::Unknown })
                        }
                    }
                    d.deserialize_identifier(KeyVisitor)
                }
            }

            impl $name {
                fn from_map<'de, A: serde::de::MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
                    let mut read = Self::default();
                    while let Some(key) = map.next_key()? {
                        match key {
                            $(Key::$field => {
                                let crate::loose::Loosely(value) = map.next_value()?;
                                read.$field = value;
                            })*
                            Key::Unknown => { map.next_value::<serde::de::IgnoredAny>()?; }
                        }
                    }
                    Ok(read)
                }
            }

            impl crate::loose::Piece for $name {
                const WANTED: &'static str = "an object";

                fn from_object<'de, A: serde::de::MapAccess<'de>>(
                    map: A,
                ) -> Result<Option<Self>, A::Error> {
                    Self::from_map(map).map(|read| (read != Self::default()).then_some(read))
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                    struct ObjectVisitor;
                    impl<'de> serde::de::Visitor<'de> for ObjectVisitor {
                        type Value = $name;
                        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                            f.write_str("an object")
                        }
                        fn visit_map<A: serde::de::MapAccess<'de>>(
                            self,
                            map: A,
                        ) -> Result<$name, A::Error> {
                            $name::from_map(map)
                        }
                    }
                    d.deserialize_map(ObjectVisitor)
                }
            }
        };
    };
}

pub(crate) use answer;
