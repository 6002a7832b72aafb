//! From the tree of a document to the types of the configuration.
//!
//! A small `serde` reader over [`Node`]: the types say which keys there are, this
//! says where a mistake stands and in which key. The words for what is wanted come
//! from the table in [`super::reference`], so the manual and the errors agree.
//!
//! Text without quotes is taken as text where text is wanted: a connector may be
//! called `42`.

use std::fmt;

use ::tail::source::StartAt;
use jiff::tz::TimeZone;
use model::connector::ConnectorKind;
use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor, value::StrDeserializer,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::Config;
use super::Logs;
use super::document::{Document, Entry, Node, Value};
use super::error::{ConfigError, Place, has_a_secret_address, holds_a_user, names_a_secret};
use super::path::{KeyPath, Step};
use super::{reference, suggest, zone};

impl Document {
    /// The configuration that the tree says, unchecked beyond its types.
    pub(super) fn decode(&self) -> Result<Config, ConfigError> {
        self.decode_as()
    }

    /// What the tree says in other types.
    pub(super) fn decode_as<T: de::DeserializeOwned>(&self) -> Result<T, ConfigError> {
        T::deserialize(self.root()).map_err(|error| error.into_config_error(self))
    }
}

/// What the types object to.
#[derive(Debug)]
pub(super) struct DecodeError {
    objection: Objection,
    place: Option<Place>,
    // Innermost step first: it grows while the error rises.
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Objection {
    /// A key that is not in the list.
    UnknownKey {
        key: String,
        known: &'static [&'static str],
    },
    /// A key that must be there and is not.
    Missing(&'static str),
    /// A value of another kind: with what it is, and without.
    Kind { words: String, kind: String },
    /// What one of our own types said.
    Words(String),
}

impl DecodeError {
    const fn new(objection: Objection) -> Self {
        Self {
            objection,
            place: None,
            steps: Vec::new(),
        }
    }

    /// The error one level higher: the innermost place stays.
    fn under(mut self, step: Step, place: &Place) -> Self {
        self.place.get_or_insert_with(|| place.clone());
        self.steps.push(step);
        self
    }

    fn into_config_error(self, document: &Document) -> ConfigError {
        let secret_from = self.secret_from();
        let error = self.told_of(document);
        match secret_from {
            Some(from) => error.hiding_from(from),
            None => error,
        }
    }

    /// Where the text may hold a secret, if it stands at a key that is about one. Somebody
    /// may have written it there, where its place was wanted.
    fn secret_from(&self) -> Option<usize> {
        let is_unknown = matches!(self.objection, Objection::UnknownKey { .. });
        let is_about = |key: &str| names_a_secret(key) || is_unknown && has_a_secret_address(key);
        let mut steps = self.steps.iter();
        let is_secret = steps.any(|step| matches!(step, Step::Key(key) if is_about(key)));
        let span = self.place.as_ref().filter(|_| is_secret)?.span.clone();
        match &self.objection {
            Objection::UnknownKey { .. } => Some(span.end),
            Objection::Missing(_) | Objection::Kind { .. } | Objection::Words(_) => {
                Some(span.start)
            }
        }
    }

    fn told_of(self, document: &Document) -> ConfigError {
        let is_secret = self.secret_from().is_some();
        let mut path = KeyPath(self.steps.into_iter().rev().collect());
        let place = self.place.unwrap_or_else(|| document.root().place.clone());
        match self.objection {
            Objection::UnknownKey { key, known } => {
                let want = suggest::foreign(&path, &key)
                    .map_or_else(|| suggest::one_of(&key, known), str::to_owned);
                document
                    .refuse_at(place, &path.to_string(), "is no known key")
                    .wanting(&want)
            }
            Objection::Missing(key) => {
                path = path.key(key);
                let want = reference::wanted(&path);
                document
                    .refuse_at(start_of(&place), &path.to_string(), "is missing")
                    .wanting(&want)
            }
            Objection::Kind { words, kind } => {
                let want = reference::wanted(&path);
                let hides = is_secret || holds_a_user(&words);
                document
                    .refuse_at(place, &path.to_string(), if hides { &kind } else { &words })
                    .wanting(&want)
            }
            Objection::Words(words) => {
                let want = reference::wanted(&path);
                document
                    .refuse_at(place, &path.to_string(), &words)
                    .wanting(&want)
            }
        }
    }
}

/// A missing key is in no line; the map that lacks it begins here.
fn start_of(place: &Place) -> Place {
    let end = place.span.start.saturating_add(1).min(place.span.end);
    Place {
        span: place.span.start..end,
        ..place.clone()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.objection)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self::new(Objection::Words(words.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new(of_another_kind(found))
    }

    fn invalid_value(found: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new(of_another_kind(found))
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::new(Objection::UnknownKey {
            key: key.to_owned(),
            known,
        })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(Objection::Missing(key))
    }
}

fn of_another_kind(found: Unexpected<'_>) -> Objection {
    let kind = match found {
        Unexpected::Str(_) => "is a text".to_owned(),
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => {
            "is a number".to_owned()
        }
        Unexpected::Bool(_) => "is a truth value".to_owned(),
        other => describe(other),
    };
    let words = describe(found);
    Objection::Kind { words, kind }
}

fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Unit | Unexpected::Option => "is empty".to_owned(),
        Unexpected::Seq => "is a list".to_owned(),
        Unexpected::Map => "is a group of keys".to_owned(),
        Unexpected::Bool(value) => format!("is the truth value `{value}`"),
        Unexpected::Unsigned(value) => format!("is the number {value}"),
        Unexpected::Signed(value) => format!("is the number {value}"),
        Unexpected::Float(value) => format!("is the number {value}"),
        Unexpected::Str(text) => format!("is the text `{text}`"),
        Unexpected::Char(_)
        | Unexpected::Bytes(_)
        | Unexpected::NewtypeStruct
        | Unexpected::Enum
        | Unexpected::UnitVariant
        | Unexpected::NewtypeVariant
        | Unexpected::TupleVariant
        | Unexpected::StructVariant
        | Unexpected::Other(_) => format!("is {found}"),
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.value {
            Value::Quoted(text) => visitor.visit_borrowed_str(text),
            Value::Plain(text) => visit_plain(text, visitor),
            Value::List(items) => visitor.visit_seq(Items {
                items: items.iter().enumerate(),
            }),
            Value::Map(entries) => visitor.visit_map(Entries {
                rest: entries.iter(),
                value: None,
            }),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.value {
            Value::Plain(text) if !is_null(text) => visitor.visit_borrowed_str(text),
            Value::Plain(_) | Value::Quoted(_) | Value::List(_) | Value::Map(_) => {
                self.deserialize_any(visitor)
            }
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match &self.value {
            // The types would take the values of their keys one after the other.
            Value::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            Value::Plain(_) | Value::Quoted(_) | Value::Map(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.value {
            Value::Plain(text) if is_null(text) => visitor.visit_none(),
            Value::Plain(_) | Value::Quoted(_) | Value::List(_) | Value::Map(_) => {
                visitor.visit_some(self)
            }
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit
        unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// YAML's core schema, without octal and hexadecimal numbers.
fn visit_plain<'de, V: Visitor<'de>>(text: &'de str, visitor: V) -> Result<V::Value, DecodeError> {
    match text {
        _ if is_null(text) => visitor.visit_unit(),
        "true" | "True" | "TRUE" => visitor.visit_bool(true),
        "false" | "False" | "FALSE" => visitor.visit_bool(false),
        _ => {
            if let Ok(number) = text.parse::<u64>() {
                visitor.visit_u64(number)
            } else if let Ok(number) = text.parse::<i64>() {
                visitor.visit_i64(number)
            } else {
                visitor.visit_borrowed_str(text)
            }
        }
    }
}

struct Items<'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let Some((index, item)) = self.items.next() else {
            return Ok(None);
        };
        seed.deserialize(item)
            .map(Some)
            .map_err(|error| error.under(Step::Index(index), &item.place))
    }
}

struct Entries<'de> {
    rest: std::slice::Iter<'de, Entry>,
    value: Option<&'de Entry>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        self.value = self.rest.next();
        let Some(entry) = self.value else {
            return Ok(None);
        };
        let key: StrDeserializer<'de, DecodeError> = entry.key.as_str().into_deserializer();
        seed.deserialize(key)
            .map(Some)
            .map_err(|error| error.under(Step::Key(entry.key.clone()), &entry.place))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        let Some(entry) = self.value.take() else {
            return Err(de::Error::custom("has no value"));
        };
        seed.deserialize(&entry.value).map_err(|error| {
            // An empty value has no place of its own that a person could see.
            let place = match &entry.value.value {
                Value::Plain(text) if text.is_empty() => &entry.place,
                Value::Plain(_) | Value::Quoted(_) | Value::List(_) | Value::Map(_) => {
                    &entry.value.place
                }
            };
            error.under(Step::Key(entry.key.clone()), place)
        })
    }
}

impl<'de> Deserialize<'de> for Logs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LogsVisitor;
        impl<'de> Visitor<'de> for LogsVisitor {
            type Value = Logs;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("names with lists of file patterns")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Logs, A::Error> {
                let mut logs = Vec::new();
                while let Some(log) = map.next_entry()? {
                    logs.push(log);
                }
                Ok(Logs::from_iter(logs))
            }
        }
        deserializer.deserialize_map(LogsVisitor)
    }
}

/// Reads a product's name.
pub(super) fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ConnectorKind, D::Error> {
    let name = String::deserialize(deserializer)?;
    ConnectorKind::from_name(&name)
        .ok_or_else(|| de::Error::custom(format!("`{name}` is no known kind")))
}

/// Reads a zone's name of the IANA database, or `local` for that of this host.
pub(super) fn timezone<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<TimeZone>, D::Error> {
    let name = String::deserialize(deserializer)?;
    match name.as_str() {
        "UTC" => Ok(Some(TimeZone::UTC)),
        "local" => zone::of_this_host().map(Some).map_err(de::Error::custom),
        _ => TimeZone::get(&name)
            .map(Some)
            .map_err(|_| de::Error::custom(format!("`{name}` is no known time zone"))),
    }
}

/// Reads the value of a key that may be missing, but not empty if it is there.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads `beginning` or `end`.
pub(super) fn start_at<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StartAt, D::Error> {
    let name = String::deserialize(deserializer)?;
    match name.as_str() {
        "beginning" => Ok(StartAt::Beginning),
        "end" => Ok(StartAt::End),
        _ => Err(de::Error::custom(format!(
            "`{name}` is no place to start at"
        ))),
    }
}
