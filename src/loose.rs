//! Reading JSON the way the service means it: null, `""`, `{}` and a missing field all say "nothing", the last
//! of two equal keys counts, and unknown fields are passed over.
//!
//! The types of [`model`](crate::model) are declared through [`answer!`], which writes the same code for each: they
//! are filled where they stand, in one walk over a text that has passed [`json::check`].

use std::borrow::Cow;
use std::fmt;

use crate::json;

/// What keeps a text from being read as what it should be.
#[derive(Debug)]
pub(crate) struct Misfit(Box<Trouble>);

#[derive(Debug)]
struct Trouble {
    /// Of the value, the innermost step last: `activeNumbers[3].money.amount`. Empty for the document itself.
    path: String,
    /// What was expected there; `None` if this is no JSON at all.
    wanted: Option<&'static str>,
    found: &'static str,
}

impl Misfit {
    #[cold]
    fn new(wanted: &'static str, found: &'static str) -> Self {
        Self(Box::new(Trouble { path: String::new(), wanted: Some(wanted), found }))
    }

    #[cold]
    fn not_json() -> Self {
        Self(Box::new(Trouble { path: String::new(), wanted: None, found: "" }))
    }

    /// The same, seen from the object or list around it.
    #[cold]
    pub(crate) fn under(mut self, step: &str) -> Self {
        let dot = if self.0.path.is_empty() || self.0.path.starts_with('[') { "" } else { "." };
        self.0.path = format!("{step}{dot}{}", self.0.path);
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trouble { path, wanted, found } = &*self.0;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        match wanted {
            Some(wanted) => write!(f, "{found} where {wanted} is expected"),
            None => f.write_str("no JSON"),
        }
    }
}

/// A place in a text that has passed [`json::check`]. In any other text what is read means nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    rest: &'a [u8],
}

/// What a value is, by its first byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Object,
    List,
    Null,
    Number,
    Other,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, rest: text.as_bytes() }
    }

    /// How far it has come, in bytes.
    pub(crate) fn position(self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// Goes to a place where a value or a key begins.
    pub(crate) fn at(text: &'a str, position: usize) -> Self {
        Self { text, rest: text.as_bytes().get(position..).unwrap_or_default() }
    }

    /// What stands between two places.
    fn slice(self, from: &[u8], to: &[u8]) -> &'a str {
        let end = self.text.len();
        self.text.get(end - from.len()..end - to.len()).unwrap_or_default()
    }

    /// Looks at the value that comes next.
    fn kind(&mut self) -> Kind {
        self.rest = json::token(self.rest);
        match self.rest {
            [b'"', ..] => Kind::Text,
            [b'{', ..] => Kind::Object,
            [b'[', ..] => Kind::List,
            [b'n', ..] => Kind::Null,
            [b'-' | b'0'..=b'9', ..] => Kind::Number,
            _ => Kind::Other,
        }
    }

    /// Passes over the value that comes next.
    pub(crate) fn skip(&mut self) -> Result<(), Misfit> {
        self.raw().map(drop)
    }

    /// The value that comes next, as it is written.
    fn raw(&mut self) -> Result<&'a str, Misfit> {
        let from = json::token(self.rest);
        self.rest = json::after_value(from).ok_or_else(Misfit::not_json)?;
        Ok(self.slice(from, self.rest))
    }

    /// The text of the string that comes next.
    fn string(&mut self) -> Result<Cow<'a, str>, Misfit> {
        if let [b'"', from @ ..] = self.rest {
            let to = json::special(from);
            if let [b'"', more @ ..] = to {
                self.rest = more;
                return Ok(Cow::Borrowed(self.slice(from, to)));
            }
        }
        self.escaped_string()
    }

    #[cold]
    fn escaped_string(&mut self) -> Result<Cow<'a, str>, Misfit> {
        json::decode(self.raw()?).ok_or_else(Misfit::not_json)
    }

    /// Enters an object or a list; `false` if there is nothing in it, which leaves it again.
    fn enter(&mut self) -> bool {
        self.rest = json::token(self.rest.get(1..).unwrap_or_default());
        match self.rest {
            [b'}' | b']', more @ ..] => {
                self.rest = more;
                false
            }
            _ => true,
        }
    }

    /// Goes on behind a value: `true` to the next one, `false` out of the object or list that ends there.
    fn goes_on(&mut self) -> Result<bool, Misfit> {
        match json::token(self.rest) {
            [b',', more @ ..] => {
                self.rest = json::token(more);
                Ok(true)
            }
            [b'}' | b']', more @ ..] => {
                self.rest = more;
                Ok(false)
            }
            _ => Err(Misfit::not_json()),
        }
    }

    /// The key that comes next; the cursor is behind its colon then.
    fn key(&mut self) -> Result<Cow<'a, str>, Misfit> {
        let key = self.string()?;
        match json::token(self.rest) {
            [b':', more @ ..] => self.rest = more,
            _ => return Err(Misfit::not_json()),
        }
        Ok(key)
    }

    /// What a value that does not fit means for the object that it stands in: nothing, if its key comes again.
    #[cold]
    fn forgive(&mut self, at: Self, key: &str, misfit: Misfit) -> Result<(), Misfit> {
        *self = at;
        self.skip()?;
        let mut behind = *self;
        while behind.goes_on()? {
            if behind.key()? == key {
                return Ok(());
            }
            behind.skip()?;
        }
        Err(misfit.under(key))
    }

    #[cold]
    fn misfit<T>(&mut self, wanted: &'static str) -> Result<T, Misfit> {
        let found = match self.kind() {
            Kind::Text => "a string",
            Kind::Object => "an object",
            Kind::List => "a list",
            Kind::Null => "null",
            Kind::Number => "a number",
            Kind::Other if matches!(self.rest, [b't' | b'f', ..]) => "a boolean",
            Kind::Other => return Err(Misfit::not_json()),
        };
        Err(Misfit::new(wanted, found))
    }

    /// Takes `null`, `""` and `{}`; `false` if it is anything else.
    fn nothing(&mut self) -> bool {
        let mut behind = *self;
        match (self.kind(), self.rest) {
            (Kind::Null, [_, _, _, _, more @ ..]) | (_, [b'"', b'"', more @ ..]) => {
                self.rest = more;
            }
            (Kind::Object, _) => {
                behind.rest = self.rest;
                if behind.enter() {
                    return false;
                }
                *self = behind;
            }
            _ => return false,
        }
        true
    }

    /// Goes through the members of the object that comes next. `read` is given each key and the place of its value.
    pub(crate) fn object(
        &mut self,
        mut read: impl FnMut(&mut Self, &str) -> Result<(), Misfit>,
    ) -> Result<(), Misfit> {
        let mut more = self.enter();
        while more {
            let key = self.key()?;
            let at = *self;
            if let Err(misfit) = read(self, &key) {
                self.forgive(at, &key, misfit)?;
            }
            more = self.goes_on()?;
        }
        Ok(())
    }
}

/// The items of a list, one at a time: where to go on.
#[derive(Debug)]
pub(crate) struct Items {
    /// Where the next item begins; `None` behind the last.
    next: Option<usize>,
    /// How many came before it.
    passed: usize,
}

impl Items {
    /// No items.
    pub(crate) fn none() -> Self {
        Self { next: None, passed: 0 }
    }

    /// Those of the list at a place; what says nothing is an empty list.
    pub(crate) fn at(text: &str, position: usize) -> Result<Self, Misfit> {
        let mut cursor = Cursor::at(text, position);
        Self::of(&mut cursor)
    }

    /// Enters the list that comes next.
    fn of(cursor: &mut Cursor<'_>) -> Result<Self, Misfit> {
        if cursor.nothing() {
            return Ok(Self::none());
        }
        if cursor.kind() != Kind::List {
            return cursor.misfit("a list");
        }
        let more = cursor.enter();
        Ok(Self { next: more.then(|| cursor.position()), passed: 0 })
    }

    /// Reads the next item that says something; `false` behind the last.
    pub(crate) fn read<T: Piece>(
        &mut self,
        text: &str,
        into: &mut Option<T>,
    ) -> Result<bool, Misfit> {
        while let Some(position) = self.next {
            let mut cursor = Cursor::at(text, position);
            self.step(&mut cursor, into)?;
            if into.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the item that the cursor is at, and puts the cursor behind it.
    fn step<T: Piece>(
        &mut self,
        cursor: &mut Cursor<'_>,
        into: &mut Option<T>,
    ) -> Result<(), Misfit> {
        let read = into.read(cursor).and_then(|()| cursor.goes_on());
        let more = read.map_err(|misfit| misfit.under(&format!("[{}]", self.passed)))?;
        self.passed += 1;
        self.next = more.then(|| cursor.position());
        Ok(())
    }
}

/// A value that can stand in an answer.
pub(crate) trait Piece: Sized {
    /// What is expected, for messages.
    const WANTED: &'static str;

    /// What a text says, which is not empty.
    fn from_text(_text: Cow<'_, str>) -> Option<Self> {
        None
    }

    /// What a number says, as it is written.
    fn from_number(_raw: &str) -> Option<Self> {
        None
    }

    /// What the object says that the cursor is at; `None` if nothing.
    fn from_object(cursor: &mut Cursor<'_>, into: &mut Option<Self>) -> Result<(), Misfit> {
        *into = None;
        if cursor.nothing() { Ok(()) } else { cursor.misfit(Self::WANTED) }
    }
}

impl Piece for String {
    const WANTED: &'static str = "a string";

    fn from_text(text: Cow<'_, str>) -> Option<Self> {
        Some(text.into_owned())
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
        impl Piece for $type {
            const WANTED: &'static str = $wanted;

            fn from_number(raw: &str) -> Option<Self> {
                integer(raw)?.try_into().ok()
            }

            // JSON written from protocol buffers puts 64-bit integers in quotes.
            fn from_text(text: Cow<'_, str>) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

integer!(i32 = "an integer of 32 bits", i64 = "an integer of 64 bits");

/// A field of an answer: how it is read, and whether it holds anything worth writing.
pub(crate) trait Field: Default {
    /// Reads the value that comes next, whatever stood here before. Where it fails, what stands here means nothing.
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Misfit>;
    fn is_nothing(&self) -> bool;
}

impl<T: Piece> Field for Option<T> {
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Misfit> {
        let at = *cursor;
        *self = match cursor.kind() {
            Kind::Object => return T::from_object(cursor, self),
            Kind::Text => match cursor.string()? {
                text if text.is_empty() => return Ok(*self = None),
                text => T::from_text(text),
            },
            Kind::Number => T::from_number(cursor.raw()?),
            Kind::Null => {
                *self = None;
                return cursor.skip();
            }
            _ => None,
        };
        if self.is_none() {
            *cursor = at;
            return cursor.misfit(T::WANTED);
        }
        Ok(())
    }

    fn is_nothing(&self) -> bool {
        self.is_none()
    }
}

impl Field for String {
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Misfit> {
        let mut text = None;
        Option::<Self>::read(&mut text, cursor)?;
        *self = text.unwrap_or_default();
        Ok(())
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Piece> Field for Vec<T> {
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Misfit> {
        self.clear();
        let mut items = Items::of(cursor)?;
        while items.next.is_some() {
            let mut item = None;
            items.step(cursor, &mut item)?;
            self.extend(item);
        }
        Ok(())
    }

    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

/// What a whole answer reads as.
pub(crate) trait Decode: Sized {
    /// Reads a document that has passed [`json::check`].
    fn decode(document: &str) -> Result<Self, Misfit>;
}

/// Reads a document as one object.
pub(crate) fn decode<T: Default>(
    document: &str,
    fill: impl FnOnce(&mut T, &mut Cursor<'_>) -> Result<(), Misfit>,
) -> Result<T, Misfit> {
    let mut cursor = Cursor::new(document);
    if cursor.kind() != Kind::Object {
        return cursor.misfit("an object");
    }
    let mut read = T::default();
    fill(&mut read, &mut cursor)?;
    Ok(read)
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

        impl $name {
            fn fill(
                &mut self,
                cursor: &mut crate::loose::Cursor<'_>,
            ) -> Result<(), crate::loose::Misfit> {
                cursor.object(|cursor, key| match key {
                    $( $key => crate::loose::Field::read(&mut self.$field, cursor), )*
                    _ => cursor.skip(),
                })
            }
        }

        impl crate::loose::Piece for $name {
            const WANTED: &'static str = "an object";

            fn from_object(
                cursor: &mut crate::loose::Cursor<'_>,
                into: &mut Option<Self>,
            ) -> Result<(), crate::loose::Misfit> {
                let read = into.insert(Self::default());
                read.fill(cursor)?;
                if $( crate::loose::Field::is_nothing(&read.$field) )&&* {
                    *into = None;
                }
                Ok(())
            }
        }

        impl crate::loose::Decode for $name {
            fn decode(document: &str) -> Result<Self, crate::loose::Misfit> {
                crate::loose::decode(document, Self::fill)
            }
        }

        // Not the way of an answer, but of whoever stores one: through a value, so that there is one way to read.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let value = <serde_json::Value as serde::Deserialize>::deserialize(d)?;
                crate::loose::Decode::decode(&value.to_string())
                    .map_err(<D::Error as serde::de::Error>::custom)
            }
        }
    };
}

pub(crate) use answer;
