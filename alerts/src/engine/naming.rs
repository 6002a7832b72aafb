//! Names of what alerts are about: labels, keys and ids.
//!
//! A value may come from a log, so it is spelled without control characters and bounded
//! before it becomes part of a name; two long values that begin alike stay two. Ids are
//! hashes over what they name, so that whatever is decided again has the same one.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use model::snapshot::RecentEvent;
use model::untrusted::{Untrusted, printable};

use crate::fingerprint::fingerprint;

/// Longest value of a label, in bytes.
pub(super) const LABEL_BYTES_MAX: usize = 200;

/// Bytes of a hash that are kept: 16 hexadecimal digits.
const HASH_BYTES: usize = 8;

/// What an alert is about: names and values, sorted by name.
pub(super) type Labels = Vec<(Arc<str>, Arc<str>)>;

/// A value of a label: printable, and at most [`LABEL_BYTES_MAX`] long. What is cut ends in
/// a hash of the whole, so that it is not taken for another one.
pub(super) fn bounded(text: &str) -> Cow<'_, str> {
    let plain = printable(text);
    if plain.len() <= LABEL_BYTES_MAX {
        return plain;
    }
    let mut end = LABEL_BYTES_MAX - 2 * HASH_BYTES - 1;
    while !plain.is_char_boundary(end) {
        end -= 1;
    }
    let head = plain.get(..end).unwrap_or_default();
    Cow::Owned(format!("{head}~{}", hash(&[text])))
}

/// The name of a matter: the rule's id with its labels, as `tunnel-down{connector="pub-1"}`.
pub(super) fn key_of(rule: &str, labels: &[(Arc<str>, Arc<str>)]) -> Arc<str> {
    let mut key = String::from(rule);
    let mut separator = '{';
    for (name, value) in labels {
        key.push(separator);
        separator = ',';
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        // Writing to a text does not fail.
        let _ = write!(key, "{name}=\"{escaped}\"");
    }
    if !labels.is_empty() {
        key.push('}');
    }
    Arc::from(key)
}

/// The labels that say something: one without a value is as good as none, and no silence
/// could name it.
pub(super) fn told(labels: &Labels) -> Labels {
    let labels = labels.iter().filter(|(_, value)| !value.is_empty());
    labels.cloned().collect()
}

/// The value of one of an event's labels. Empty if it has none.
pub(super) fn event_label<'a>(event: &'a RecentEvent, name: &str) -> Cow<'a, str> {
    let source = |prefix: &str| event.log.strip_prefix(prefix).unwrap_or_default();
    match name {
        "connector" => bounded(&event.connector),
        "event" => Cow::Borrowed(event.event.key.kind.name()),
        "reason" => bounded(event.event.key.reason.as_str()),
        "log" => bounded(&event.log),
        "probe" => bounded(source("probe:")),
        "resource" => bounded(source("host:")),
        field => bounded(event.event.field(field).map_or("", Untrusted::expose)),
    }
}

/// The labels of an event that a rule tells its alerts apart by.
pub(super) fn labels_of(event: &RecentEvent, by: &[Arc<str>]) -> Labels {
    let values = by.iter().map(|name| {
        let value: Arc<str> = Arc::from(&*event_label(event, name));
        (Arc::clone(name), value)
    });
    let mut labels: Labels = values.collect();
    labels.sort_unstable();
    labels
}

/// What an event is known by when it is read again. `None` if nothing in it tells it from a
/// later one at the same place of another file.
pub(super) fn identity_of(event: &RecentEvent) -> Option<String> {
    let at = event.event.time?;
    let key = &event.event.key;
    // Not the file's path: the file may have been rotated before it is read again.
    Some(hash(&[
        &event.connector,
        &event.log,
        &event.offset.to_string(),
        &at.as_nanosecond().to_string(),
        key.kind.name(),
        key.reason.as_str(),
    ]))
}

/// 16 hexadecimal digits that stand for these parts, in this order.
pub(super) fn hash(parts: &[&str]) -> String {
    fingerprint(parts).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(name: &str, value: &str) -> (Arc<str>, Arc<str>) {
        (Arc::from(name), Arc::from(value))
    }

    #[test]
    fn a_key_cannot_be_forged_by_a_value() {
        let honest = key_of("r", &[label("a", "1"), label("b", "2")]);
        assert_eq!(&*honest, r#"r{a="1",b="2"}"#);
        let forged = key_of("r", &[label("a", r#"1",b="2"#)]);
        assert_eq!(&*forged, r#"r{a="1\",b=\"2"}"#);
        assert_eq!(&*key_of("r", &[]), "r");
    }

    #[test]
    fn a_hostile_value_is_short_printable_and_still_unlike_others() {
        let long = "é".repeat(500);
        for text in [&*long, "a\u{1b}[31m\nb\u{202e}", &"\u{7}".repeat(300)] {
            let value = bounded(text);
            assert!(value.len() <= LABEL_BYTES_MAX, "{}", value.len());
            assert!(!value.chars().any(model::untrusted::is_unprintable));
        }
        assert_ne!(bounded(&format!("{long}a")), bounded(&format!("{long}b")));
    }

    #[test]
    fn parts_of_a_hash_do_not_run_into_each_other() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_eq!(hash(&["ab", "c"]).len(), 16);
    }
}
