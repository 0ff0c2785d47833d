//! The traits of values that are texts on the wire.

/// Implements equality, hashing, `Display`, serde and [`FromJson`](crate::json::decode::FromJson) for a type with `as_str` and
/// `From<&str>`, all by its text.
macro_rules! text_value {
    ($name:ident, $wanted:literal) => {
        impl From<String> for $name {
            fn from(text: String) -> Self {
                text.as_str().into()
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }

        impl crate::json::decode::FromJson for $name {
            const WANTED: &'static str = $wanted;

            #[inline]
            fn from_text(text: &str) -> Option<Self> {
                Some(text.into())
            }
        }
    };
}

pub(crate) use text_value;
