//! A catalogue as it is written: YAML, every key known.
//!
//! Only shapes; what they mean is `load`'s. An unknown key is an error, so that a
//! misspelt one cannot silently switch a check off.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use model::event::EventKind;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::error::CatalogueError;
use super::pairs::is_no_line;

/// Longest catalogue that is read, in bytes. Ours has a twentieth of it.
pub(super) const FILE_BYTES_MAX: usize = 1024 * 1024;

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileText {
    pub(super) version: u32,
    pub(super) rows: Vec<RowText>,
}

/// A row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowText {
    /// `None`, written `none`, if the text counts as nothing.
    #[serde(deserialize_with = "event_or_none")]
    pub(super) event: Option<EventKind>,
    pub(super) record: RecordText,
    #[serde(default)]
    pub(super) pattern: Option<String>,
    #[serde(default)]
    pub(super) json: Option<JsonText>,
    #[serde(default)]
    pub(super) reason: Option<ReasonText>,
    #[serde(default)]
    pub(super) counts: Vec<CountText>,
    /// Fields that the record's prefix tells.
    #[serde(default)]
    pub(super) context: Vec<String>,
    /// Tried after all other rows.
    #[serde(default)]
    pub(super) fallback: bool,
    pub(super) source: String,
    #[serde(default)]
    pub(super) meaning: String,
    pub(super) examples: Vec<ExampleText>,
    #[serde(default)]
    pub(super) counterexamples: Vec<String>,
}

/// `text`, `{function: "file.cpp:function"}` or `{component: name}`.
#[derive(Debug)]
pub(super) enum RecordText {
    Text,
    Function(String),
    Component(String),
}

/// A constant word, or a rule.
#[derive(Debug)]
pub(super) enum ReasonText {
    Word(String),
    Rule(ReasonRuleText),
}

/// How a capture becomes a word.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonRuleText {
    pub(super) from: String,
    /// Whole captured text to word.
    #[serde(default)]
    pub(super) words: BTreeMap<String, String>,
    /// Beginnings of the captured text, tried in order after `words`.
    #[serde(default)]
    pub(super) patterns: Vec<ReasonPatternText>,
    pub(super) otherwise: String,
}

/// One beginning and its word.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReasonPatternText {
    pub(super) pattern: String,
    pub(super) word: String,
}

/// A field that counts how often a text occurs in a capture.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CountText {
    pub(super) field: String,
    pub(super) text: String,
    #[serde(rename = "in")]
    pub(super) within: String,
}

/// A message that is a JSON object and names its event in one key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonText {
    /// The key whose value names the event.
    pub(super) key: String,
    /// Value to event; any other value is the row's own `event`.
    #[serde(deserialize_with = "event_kinds")]
    pub(super) events: BTreeMap<String, EventKind>,
    /// Field to key.
    #[serde(default)]
    pub(super) fields: BTreeMap<String, String>,
}

/// A line and what must come of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExampleText {
    pub(super) line: String,
    /// Only JSON rows tell several events.
    #[serde(default, deserialize_with = "optional_event_kind")]
    pub(super) event: Option<EventKind>,
    #[serde(default)]
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) time: Option<Timestamp>,
}

/// Reads a file's text.
pub(super) fn read(name: &str, text: &str) -> Result<FileText, CatalogueError> {
    if FILE_BYTES_MAX < text.len() {
        return Err(CatalogueError::TooLong {
            file: name.to_owned(),
            bytes: text.len(),
            bytes_max: FILE_BYTES_MAX,
        });
    }
    let yaml = serde_yaml::Deserializer::from_str(text);
    let file: FileText = serde_path_to_error::deserialize(yaml).map_err(|error| {
        let key = error.path().to_string();
        let source = error.into_inner();
        let line = source.location().map_or(1, |location| location.line());
        CatalogueError::Malformed {
            file: name.to_owned(),
            line,
            key,
            source,
        }
    })?;
    if file.version != 1 {
        return Err(CatalogueError::Version {
            file: name.to_owned(),
            version: file.version,
        });
    }
    Ok(file)
}

/// The lines (from 1) on which the rows begin, as far as they are written one after
/// another with a dash each. Shorter than the rows if they are written otherwise.
pub(super) fn row_lines(text: &str) -> Vec<usize> {
    let mut lines = (1..).zip(text.lines());
    let mut dash: Option<usize> = None;
    let mut found = Vec::new();
    if !lines.any(|(_, line)| line.starts_with("rows:")) {
        return found;
    }
    for (number, line) in lines {
        let item = line.trim_start_matches(' ');
        let indent = line.len() - item.len();
        let is_item = item.starts_with("- ") || item == "-";
        if is_item && indent == *dash.get_or_insert(indent) {
            found.push(number);
        }
    }
    found
}

/// What a row writes for its event if it tells none.
const NO_EVENT: &str = "none";

fn event_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<EventKind>, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name == NO_EVENT {
        return Ok(None);
    }
    known_event(&name).map(Some)
}

fn optional_event_kind<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<EventKind>, D::Error> {
    let name = String::deserialize(deserializer)?;
    known_event(&name).map(Some)
}

fn event_kinds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, EventKind>, D::Error> {
    BTreeMap::<String, String>::deserialize(deserializer)?
        .into_iter()
        .map(|(value, name)| Ok((value, known_event(&name)?)))
        .collect()
}

fn known_event<E: Error>(name: &str) -> Result<EventKind, E> {
    EventKind::from_name(name).ok_or_else(|| {
        let lines = EventKind::ALL.iter().filter(|kind| !is_no_line(**kind));
        let known: Vec<_> = lines.map(|kind| kind.name()).collect();
        E::custom(format!(
            "there is no event `{name}`, want {NO_EVENT} or one of {}",
            known.join(", ")
        ))
    })
}

impl<'de> Deserialize<'de> for RecordText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = RecordText;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`text`, `{function: \"file.cpp:function\"}` or `{component: name}`")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<RecordText, E> {
        match word {
            "text" => Ok(RecordText::Text),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RecordText, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Named {
            Function(String),
            Component(String),
        }
        let named = Named::deserialize(MapAccessDeserializer::new(map))?;
        Ok(match named {
            Named::Function(label) => RecordText::Function(label),
            Named::Component(name) => RecordText::Component(name),
        })
    }
}

impl<'de> Deserialize<'de> for ReasonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReasonVisitor)
    }
}

struct ReasonVisitor;

impl<'de> Visitor<'de> for ReasonVisitor {
    type Value = ReasonText;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a word, or `{from: capture, words: {…}, otherwise: word}`")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<ReasonText, E> {
        Ok(ReasonText::Word(word.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ReasonText, A::Error> {
        ReasonRuleText::deserialize(MapAccessDeserializer::new(map)).map(ReasonText::Rule)
    }
}
