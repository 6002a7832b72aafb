//! Sentences with places for facts, checked when a rule is loaded.
//!
//! The one file of this room that names the template engine for rules; the templates of
//! mails are [`crate::compose`]'s. A name that a sentence asks for must be one that its
//! rule can give ([`Vocabulary`]), so that a slip is found at load and not in the night of
//! the first alert. What is rendered is one line of bounded length. It may hold what a log
//! said: who writes it anywhere encodes it for that place.

mod values;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use minijinja::{Environment, Error, Value};
use model::snapshot::RecentEvent;
use model::untrusted::is_unprintable;

use super::nearest::near;
use crate::template_language::{self, SENTENCE, Written};

/// Longest sentence as it is written, in bytes.
pub const WORDING_BYTES_MAX: usize = 4_000;

/// Longest sentence as it is rendered, in bytes; the rest is left out.
pub const RENDERED_BYTES_MAX: usize = 1_000;

/// Most bytes that a sentence writes before it is cut to its line.
const WRITTEN_BYTES_MAX: usize = 16_000;

/// Steps that a sentence may take. Ours take less than fifty.
const FUEL: u64 = 5_000;

/// The name under which the engine knows a sentence; nobody sees it.
const TEMPLATE: &str = "wording";

/// What a sentence may ask for.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// Labels of the rule's alerts: asked for by their names, or as `labels.NAME`.
    pub labels: Vec<Arc<str>>,
    /// Facts that whoever renders it gives, see [`UPDATE_FACTS`].
    pub facts: &'static [FactName],
    /// Whether there is an event: `event.kind`, `event.fields.pop`, …
    pub has_event: bool,
    /// Whether the row of the catalogue of update failures is given: `failure.action`, …
    pub has_failure: bool,
    /// What is known when the rule is loaded: its limit and its times.
    pub fixed: Vec<(&'static str, Told<'static>)>,
}

/// A fact that sentences of a kind of rule can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactName {
    /// The name.
    pub name: &'static str,
    /// What it is.
    pub is: FactType,
    /// One sentence about it, for the documentation.
    pub help: &'static str,
}

/// What a fact is, and what stands for it while it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactType {
    /// A text; `unknown`.
    Text,
    /// A number; 0.
    Number,
    /// A moment, to be shown with the filter `local`; empty.
    Moment,
    /// Texts; none.
    List,
}

/// What sentences of rules on updates can ask for besides.
pub const UPDATE_FACTS: &[FactName] = &[
    fact("profile", FactType::Text, "The update profile's name"),
    fact("zone", FactType::Text, "The profile's time zone"),
    fact("start", FactType::Moment, "When the run starts or started"),
    fact(
        "release",
        FactType::Text,
        "The release that the profile wants",
    ),
    fact("wave", FactType::Text, "The wave: the vendor's batch"),
    fact("stitcher", FactType::Text, "The stitcher before the update"),
    fact(
        "members",
        FactType::List,
        "The Publishers that the mail is about",
    ),
    fact(
        "reasons",
        FactType::List,
        "The reasons of failures, each once",
    ),
    fact("version", FactType::Text, "The version after the update"),
    fact(
        "lead",
        FactType::Number,
        "How long it is until the start, in seconds",
    ),
];

const fn fact(name: &'static str, is: FactType, help: &'static str) -> FactName {
    FactName { name, is, help }
}

/// What a sentence is rendered with.
#[derive(Debug, Clone, Copy, Default)]
pub struct WordingScope<'a> {
    /// The alert's labels.
    pub labels: &'a [(Arc<str>, Arc<str>)],
    /// The event that it is about.
    pub event: Option<&'a RecentEvent>,
    /// The reason whose row of the catalogue of update failures is `failure`; `None` takes
    /// the event's.
    pub reason: Option<&'a str>,
    /// The facts of [`Vocabulary::facts`], in any order. What is left out is not known.
    pub facts: &'a [(&'a str, Told<'a>)],
}

/// A fact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Told<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(f64),
    /// A moment.
    Moment(Timestamp),
    /// Texts.
    List(&'a [Arc<str>]),
}

/// A sentence with places, compiled.
#[derive(Clone)]
pub struct Wording {
    text: Arc<str>,
    /// `None` for a sentence without places.
    compiled: Option<Arc<Compiled>>,
}

struct Compiled {
    environment: Environment<'static>,
    vocabulary: Vocabulary,
}

/// The functions that sentences have, shared by all.
static BASE: LazyLock<Environment<'static>> =
    LazyLock::new(|| template_language::environment(FUEL));

impl Wording {
    /// A sentence without places, as it is.
    pub fn plain(text: &str) -> Self {
        Self {
            text: Arc::from(text),
            compiled: None,
        }
    }

    /// Compiles a sentence and looks up every name in it.
    ///
    /// # Errors
    ///
    /// What is wrong, in words for people: it is no sentence with places, is too long, could
    /// make something large, or asks for something that its rule cannot give.
    pub fn compile(text: &str, vocabulary: &Vocabulary) -> Result<Self, String> {
        if WORDING_BYTES_MAX < text.len() {
            return Err(format!(
                "has {} bytes, want at most {WORDING_BYTES_MAX}",
                text.len()
            ));
        }
        if !["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) {
            return Ok(Self::plain(text));
        }
        template_language::check(text, SENTENCE).map_err(|refused| refused.why)?;
        let mut environment = BASE.clone();
        environment
            .add_template_owned(TEMPLATE, text.to_owned())
            .map_err(|error| format!("is no sentence with places: {}", told(&error)))?;
        let asked: BTreeSet<String> = environment
            .get_template(TEMPLATE)
            .map_err(|error| format!("is no sentence with places: {}", told(&error)))?
            .undeclared_variables(true)
            .into_iter()
            .collect();
        for name in &asked {
            vocabulary.check(name)?;
        }
        let compiled = Compiled {
            environment,
            vocabulary: vocabulary.clone(),
        };
        // Filters and their arguments are looked up when they are used: tried once here,
        // with nothing known.
        let wording = Self {
            text: Arc::from(text),
            compiled: Some(Arc::new(compiled)),
        };
        wording.try_out()?;
        Ok(wording)
    }

    /// The sentence as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The sentence with its places filled, on one line.
    ///
    /// # Errors
    ///
    /// Why it cannot be rendered, in words for people: a fault of the rule. The caller tells
    /// in other words what is wrong, and never nothing.
    pub fn render(&self, scope: &WordingScope<'_>) -> Result<String, String> {
        let Some(compiled) = &self.compiled else {
            return Ok(one_line(&self.text));
        };
        compiled.render(values::of(&compiled.vocabulary, scope))
    }

    /// The sentence as an annotation of Prometheus: labels that the alert has there become
    /// places of its own templates, what only an event tells is left to the log.
    pub(crate) fn for_prometheus(&self, labels: &[&str]) -> Result<String, String> {
        self.for_prometheus_where(labels, &[])
    }

    /// The same where some labels have one value only: the sentence may depend on it.
    pub(crate) fn for_prometheus_where(
        &self,
        labels: &[&str],
        known: &[(&str, &str)],
    ) -> Result<String, String> {
        let Some(compiled) = &self.compiled else {
            return Ok(one_line(&self.text));
        };
        compiled.render(values::places(&compiled.vocabulary, labels, known))
    }

    /// Renders it with a value for every name, so that an unknown filter or test is found.
    /// What a value of another kind would do is not known here.
    fn try_out(&self) -> Result<(), String> {
        use minijinja::ErrorKind;
        let Some(compiled) = &self.compiled else {
            return Ok(());
        };
        let values = values::of(&compiled.vocabulary, &WordingScope::default());
        match compiled.write(values) {
            Ok(_) => Ok(()),
            Err(error) => match error.kind() {
                ErrorKind::UnknownFilter
                | ErrorKind::UnknownTest
                | ErrorKind::UnknownFunction
                | ErrorKind::UnknownMethod
                | ErrorKind::MissingArgument
                | ErrorKind::TooManyArguments
                | ErrorKind::OutOfFuel
                | ErrorKind::WriteFailure
                | ErrorKind::UndefinedError
                | ErrorKind::TemplateNotFound => {
                    Err(format!("cannot be rendered: {}", told(&error)))
                }
                _ => Ok(()),
            },
        }
    }
}

impl Compiled {
    fn render(&self, values: Value) -> Result<String, String> {
        let written = self.write(values);
        written
            .map(|text| one_line(&text))
            .map_err(|error| told(&error))
    }

    fn write(&self, values: Value) -> Result<String, Error> {
        let template = self.environment.get_template(TEMPLATE)?;
        let mut written = Written::at_most(WRITTEN_BYTES_MAX);
        template.render_captured_to(values, &mut written)?;
        Ok(written.into_text())
    }
}

impl fmt::Debug for Wording {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Wording({:?})", self.text)
    }
}

impl Vocabulary {
    /// Whether a name that a sentence asks for can be given.
    fn check(&self, name: &str) -> Result<(), String> {
        let names = self.names();
        let is_known = names.iter().any(|known| {
            let inside = name.strip_prefix(known.as_str());
            inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        // `labels` and `event.fields` alone stand before brackets.
        let is_holder = name == "labels" || (self.has_event && name == "event.fields");
        if is_known || is_holder {
            return Ok(());
        }
        if name == "value" {
            return Err(
                "asks for `value`, which changes while the alert lasts: the mail tells it beside"
                    .to_owned(),
            );
        }
        let known: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|one| !one.starts_with("labels.") && !one.starts_with("event.fields."))
            .collect();
        Err(format!(
            "knows no `{name}`{}; there is {}",
            near(name, names.iter().map(String::as_str)),
            if known.is_empty() {
                "nothing to ask for in this rule".to_owned()
            } else {
                known.join(", ")
            }
        ))
    }

    /// Every name that can be asked for.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for label in &self.labels {
            names.push(format!("labels.{label}"));
            // `event` is the event itself where there is one.
            if !(self.has_event && &**label == "event") {
                names.push(label.to_string());
            }
        }
        names.extend(self.facts.iter().map(|fact| fact.name.to_owned()));
        names.extend(self.fixed.iter().map(|(name, _)| (*name).to_owned()));
        if self.has_event {
            let of_event = super::condition::EVENT_NAMES.iter();
            names.extend(of_event.map(|name| format!("event.{name}")));
            let fields = super::condition::FIELD_NAMES.iter();
            names.extend(fields.map(|name| format!("event.fields.{name}")));
        }
        if self.has_failure {
            let of_failure = values::FAILURE_NAMES.iter();
            names.extend(of_failure.map(|name| format!("failure.{name}")));
        }
        names
    }
}

/// One line without what cannot be seen, of bounded length.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    let shown = text
        .chars()
        .map(|one| if is_unprintable(one) { ' ' } else { one });
    for one in shown {
        let is_second_space = one == ' ' && (line.is_empty() || line.ends_with(' '));
        if is_second_space {
            continue;
        }
        if RENDERED_BYTES_MAX < line.len().saturating_add(one.len_utf8()) {
            break;
        }
        line.push(one);
    }
    line.truncate(line.trim_end().len());
    line
}

/// The engine's words on one line, with the line of the sentence left out: it has one.
fn told(error: &Error) -> String {
    let detail = error.detail().unwrap_or_default();
    let kind = error.kind().to_string();
    let shown = if detail.is_empty() {
        kind
    } else {
        format!("{kind}: {detail}")
    };
    one_line(&shown)
}

#[cfg(test)]
mod tests;
