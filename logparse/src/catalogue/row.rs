//! One row: as people see it, and as it matches.
//!
//! A [`Matcher`] is given the message of a record that its row may match, and tells
//! which `(event, reason)` it is, cheaply; fields are asked for separately, since
//! most events are only counted. Which record a message belongs to is `recognise`'s.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use model::event::{EventKind, Field, Reason};
use model::untrusted::Untrusted;
use regex::bytes::Regex;

use super::error::RowPlace;
use super::{PairId, json};

/// One row as documents and `explain` show it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where it is written: file, line, number.
    pub place: RowPlace,
    /// The event that it tells; of a JSON row the one for values it does not know.
    /// `None` if the text is known and counts as nothing.
    pub event: Option<EventKind>,
    /// In which records it may match.
    pub record: RowRecord,
    /// What the message begins with; `None` for a JSON row.
    pub pattern: Option<String>,
    /// Every reason that it can give. Empty if it tells none apart.
    pub reasons: Vec<Reason>,
    /// Names of the fields that its events may have.
    pub fields: Vec<Arc<str>>,
    /// Those of them that the prefix tells.
    pub context: Vec<Arc<str>>,
    /// Where the wording is known from.
    pub source: String,
    /// What the line tells; may be empty.
    pub meaning: String,
    /// Lines that it recognises.
    pub examples: Vec<Example>,
    /// Lines that it does not recognise.
    pub counterexamples: Vec<String>,
}

/// In which records a row may match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowRecord {
    /// Text at the beginning of a line, after its prefixes.
    Text,
    /// Messages of one function, as `file.cpp:function`.
    Function(Arc<str>),
    /// Text of this component of a client, or of one that is not named.
    Component(Arc<str>),
}

/// A line and what comes of it. Proven when the catalogue is loaded.
#[derive(Debug, Clone)]
pub struct Example {
    /// The line.
    pub line: String,
    /// The event, if its row tells one.
    pub event: Option<EventKind>,
    /// Its reason, `""` if none.
    pub reason: String,
    /// All its fields.
    pub fields: BTreeMap<String, String>,
    /// Its time with a connector in UTC; `None` if the example does not say.
    pub time: Option<Timestamp>,
}

/// How a row matches.
#[derive(Debug)]
pub(crate) enum Matcher {
    /// By a pattern at the message's beginning.
    Pattern(PatternMatcher),
    /// By a key of the JSON object that the message is.
    Json(JsonMatcher),
}

/// A pattern, its fields and its reason.
#[derive(Debug)]
pub(crate) struct PatternMatcher {
    pub(crate) regex: Regex,
    /// If the pattern asks for no more than that a message begins with these bytes.
    pub(crate) head: Option<Vec<u8>>,
    pub(crate) pair: PairRule,
    /// Capture to field.
    pub(crate) fields: Vec<(usize, Arc<str>)>,
    pub(crate) counts: Vec<Count>,
}

/// A component of a client: its place among those that rows ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Component(pub(crate) usize);

/// What a message means that a row fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// This event.
    Event(PairId),
    /// Nothing that counts.
    Nothing,
}

/// How a match becomes an `(event, reason)`.
#[derive(Debug)]
pub(crate) enum PairRule {
    /// Always the same.
    Constant(PairId),
    /// By what a capture holds.
    ByCapture {
        capture: usize,
        words: HashMap<Vec<u8>, PairId>,
        patterns: Vec<(Regex, PairId)>,
        otherwise: PairId,
    },
    /// None: the text is known and counts as nothing.
    Nothing,
}

/// A field that counts a text within a capture.
#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) field: Arc<str>,
    pub(crate) text: Vec<u8>,
    pub(crate) capture: usize,
}

/// A JSON object whose one key names the event.
#[derive(Debug)]
pub(crate) struct JsonMatcher {
    pub(crate) key: String,
    pub(crate) events: HashMap<String, PairId>,
    pub(crate) otherwise: PairId,
    /// Key to field.
    pub(crate) fields: Vec<(String, Arc<str>)>,
}

impl Matcher {
    /// What `message` means, if it fits.
    pub(crate) fn meaning(&self, message: &[u8]) -> Option<Meaning> {
        match self {
            Self::Pattern(pattern) => pattern.meaning(message),
            Self::Json(json) => json.pair(message).map(Meaning::Event),
        }
    }

    /// The fields of a message that fits.
    pub(crate) fn fields(&self, message: &[u8]) -> Vec<Field> {
        match self {
            Self::Pattern(pattern) => pattern.fields(message),
            Self::Json(json) => json.fields(message),
        }
    }
}

impl PatternMatcher {
    fn fits(&self, message: &[u8]) -> bool {
        match &self.head {
            Some(head) => message.starts_with(head),
            None => self.regex.is_match(message),
        }
    }

    fn meaning(&self, message: &[u8]) -> Option<Meaning> {
        match &self.pair {
            PairRule::Nothing => self.fits(message).then_some(Meaning::Nothing),
            PairRule::Constant(pair) => self.fits(message).then_some(Meaning::Event(*pair)),
            PairRule::ByCapture {
                capture,
                words,
                patterns,
                otherwise,
            } => {
                let captures = self.regex.captures(message)?;
                let text = captures
                    .get(*capture)
                    .map_or(&b""[..], |text| text.as_bytes());
                let by_word = || words.get(text).copied();
                let by_pattern = || {
                    let fitting = patterns.iter().find(|(regex, _)| regex.is_match(text));
                    fitting.map(|(_, pair)| *pair)
                };
                let pair = by_word().or_else(by_pattern).unwrap_or(*otherwise);
                Some(Meaning::Event(pair))
            }
        }
    }

    fn fields(&self, message: &[u8]) -> Vec<Field> {
        let Some(captures) = self.regex.captures(message) else {
            return Vec::new();
        };
        let captured = self.fields.iter().filter_map(|(capture, name)| {
            Some(Field {
                name: Arc::clone(name),
                value: Untrusted::from_bytes(captures.get(*capture)?.as_bytes()),
            })
        });
        let counted = self.counts.iter().filter_map(|count| {
            let text = captures.get(count.capture)?.as_bytes();
            let number = memchr::memmem::find_iter(text, &count.text).count();
            Some(Field {
                name: Arc::clone(&count.field),
                value: Untrusted::new(&number.to_string()),
            })
        });
        captured.chain(counted).collect()
    }
}

impl JsonMatcher {
    fn pair(&self, message: &[u8]) -> Option<PairId> {
        let id = json::strings(message, &[&self.key])?.pop().flatten()?;
        Some(self.events.get(&id).copied().unwrap_or(self.otherwise))
    }

    fn fields(&self, message: &[u8]) -> Vec<Field> {
        let keys: Vec<&str> = self.fields.iter().map(|(key, _)| key.as_str()).collect();
        let values = json::strings(message, &keys).unwrap_or_default();
        let named = self.fields.iter().zip(values);
        named
            .filter_map(|((_, name), value)| {
                Some(Field {
                    name: Arc::clone(name),
                    value: Untrusted::new(&value?),
                })
            })
            .collect()
    }
}
