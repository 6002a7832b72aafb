//! What a sentence sees: the facts of a scope as values of the template engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::Object;
use model::snapshot::RecentEvent;

use super::{FactType, Told, Vocabulary, WordingScope};
use crate::rule::catalogue::{self, UpdateFailure};

/// What `failure.…` has.
pub(super) const FAILURE_NAMES: &[&str] = &["reason", "severity", "text", "action", "look_at"];

/// Everything that a sentence of this vocabulary can ask for, known or not.
pub(super) fn of(vocabulary: &Vocabulary, scope: &WordingScope<'_>) -> Value {
    Value::from(map_of(vocabulary, scope))
}

/// The same with places of Prometheus' templates for these labels, those aside whose value
/// is known.
pub(super) fn places(vocabulary: &Vocabulary, labels: &[&str], known: &[(&str, &str)]) -> Value {
    let place = |label: &str| match known.iter().find(|(name, _)| *name == label) {
        Some((_, value)) => (*value).to_owned(),
        None => format!("{{{{ $labels.{label} }}}}"),
    };
    let given: Vec<(Arc<str>, Arc<str>)> = labels
        .iter()
        .map(|label| (Arc::from(*label), Arc::from(place(label))))
        .collect();
    let scope = WordingScope {
        labels: &given,
        ..WordingScope::default()
    };
    let mut values = map_of(vocabulary, &scope);
    if vocabulary.has_event {
        let told = |label: &str| {
            let text = labels.contains(&label).then(|| place(label));
            Value::from(text.unwrap_or_else(|| "see the log".to_owned()))
        };
        let mut event: BTreeMap<&str, Value> = BTreeMap::new();
        event.insert("kind", told("event"));
        event.insert("reason", told("reason"));
        event.insert("connector", told("connector"));
        event.insert("log", told("log"));
        event.insert("severity", Value::from(""));
        event.insert("fields", Value::from_object(Fields(BTreeMap::new())));
        values.insert("event".to_owned(), Value::from(event));
    }
    Value::from(values)
}

fn map_of(vocabulary: &Vocabulary, scope: &WordingScope<'_>) -> BTreeMap<String, Value> {
    let mut values: BTreeMap<String, Value> = BTreeMap::new();
    let mut labels: BTreeMap<String, Value> = BTreeMap::new();
    for wanted in &vocabulary.labels {
        let told = scope.labels.iter().find(|(name, _)| name == wanted);
        let text = told.map_or("", |(_, text)| text);
        labels.insert(wanted.to_string(), Value::from(text));
        values.insert(wanted.to_string(), Value::from(text));
    }
    values.insert("labels".to_owned(), Value::from(labels));
    for fact in vocabulary.facts {
        let told = scope.facts.iter().find(|(name, _)| *name == fact.name);
        let value = match (told, fact.is) {
            (Some((_, told)), _) => value_of(*told),
            (None, FactType::Text) => Value::from("unknown"),
            (None, FactType::Number) => Value::from(0),
            (None, FactType::Moment) => Value::from(""),
            (None, FactType::List) => Value::from(Vec::<String>::new()),
        };
        values.insert(fact.name.to_owned(), value);
    }
    for (name, told) in &vocabulary.fixed {
        values.insert((*name).to_owned(), value_of(*told));
    }
    if vocabulary.has_event {
        values.insert("event".to_owned(), event_value(scope.event));
    }
    if vocabulary.has_failure {
        let of_event = scope.event.map(|event| event.event.key.reason.as_str());
        let reason = scope.reason.or(of_event).unwrap_or_default();
        values.insert(
            "failure".to_owned(),
            failure_value(catalogue::row_of(reason)),
        );
    }
    values
}

fn value_of(told: Told<'_>) -> Value {
    match told {
        Told::Text(text) => Value::from(text),
        Told::Number(number) => number_value(number),
        Told::Moment(at) => Value::from(at.to_string()),
        Told::List(texts) => texts.iter().map(|text| Value::from(&**text)).collect(),
    }
}

/// A whole number as one: `20`, not `20.0`.
fn number_value(number: f64) -> Value {
    let whole = format!("{number:.0}").parse::<i64>();
    match whole {
        Ok(whole) if number.fract() == 0.0 => Value::from(whole),
        _ => Value::from(number),
    }
}

fn event_value(event: Option<&RecentEvent>) -> Value {
    let mut values: BTreeMap<&str, Value> = BTreeMap::new();
    let text = |told: Option<&str>| Value::from(told.unwrap_or_default());
    values.insert("kind", text(event.map(|one| one.event.key.kind.name())));
    let reason = event.map(|one| one.event.key.reason.as_str());
    values.insert("reason", text(reason));
    values.insert("connector", text(event.map(|one| &*one.connector)));
    values.insert("log", text(event.map(|one| &*one.log)));
    let severity = event.and_then(|one| catalogue::severity_of(&one.event.key));
    values.insert("severity", text(severity.map(|one| one.name())));
    let fields = event.map_or_else(BTreeMap::new, |one| {
        let pairs = one.event.fields.iter();
        pairs
            .map(|field| (Arc::clone(&field.name), Arc::from(field.value.expose())))
            .collect()
    });
    values.insert("fields", Value::from_object(Fields(fields)));
    Value::from(values)
}

fn failure_value(row: &UpdateFailure) -> Value {
    let mut values: BTreeMap<&str, Value> = BTreeMap::new();
    values.insert("reason", Value::from(row.reason.as_str()));
    values.insert("severity", Value::from(row.severity.name()));
    values.insert("text", Value::from(row.text.as_str()));
    values.insert("action", Value::from(row.action.as_str()));
    values.insert("look_at", Value::from(row.look_at.join(", ")));
    Value::from(values)
}

/// The fields of an event. One that the line did not have is empty, whatever its name.
#[derive(Debug)]
struct Fields(BTreeMap<Arc<str>, Arc<str>>);

impl Object for Fields {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let text = self.0.get(key.as_str()?).map_or("", |text| text);
        Some(Value::from(text))
    }
}
