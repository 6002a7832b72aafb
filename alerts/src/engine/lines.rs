//! The last lines of each connector's log that told something, for mails to quote.
//!
//! They come with the events, redacted and cut, from whoever read them; a connector whose
//! lines are about people has none. Kept with the rest of the engine: after a crash the same
//! lines are read again on top of the same ones, and the same mail quotes the same. Those
//! of a connector that is not configured any more are dropped. A mail about an update quotes
//! of the lines about updates only those of its own time.
//!
//! Nothing here is a label or a number. A connector costs at most [`LINES_MAX`] lines and
//! one more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use model::event::EventKind;
use model::snapshot::RecentEvent;
use serde::{Deserialize, Serialize};

use super::desk::happened_at;
use super::ledger::Ledger;

/// Most lines that a mail quotes.
pub(super) const LINES_MAX: usize = 5;

/// Most connectors whose lines are kept. Beyond it the one that was quiet longest makes room.
const CONNECTORS_MAX: usize = 1_000;

/// How their rows' keys begin.
pub(super) const PREFIX: &str = "lines/";

/// Lines by their connectors.
#[derive(Debug, Default)]
pub(super) struct Lines {
    by_connector: BTreeMap<Arc<str>, Heard>,
    /// Connectors whose rows are to be put anew, or taken out.
    changed: BTreeSet<Arc<str>>,
}

/// What was heard of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Heard {
    connector: Arc<str>,
    /// When its last line was read.
    at: Timestamp,
    /// The oldest first.
    lines: VecDeque<Line>,
    /// The last line that told of an update, which others push out of `lines` before
    /// anybody is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of_update: Option<Line>,
}

/// A line as it is quoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    text: Arc<str>,
    /// When what it tells happened.
    at: Timestamp,
    /// Whether it tells of an update.
    is_of_update: bool,
}

/// An update of a connector, from when on and until when a line of its log may tell of it.
#[derive(Debug, Clone)]
pub(super) struct UpdateSpan {
    /// The connector.
    pub(super) connector: Arc<str>,
    /// The first moment.
    pub(super) from: Timestamp,
    /// The last moment, included.
    pub(super) until: Timestamp,
}

impl UpdateSpan {
    fn has(&self, line: &Line) -> bool {
        line.is_of_update && self.from <= line.at && line.at <= self.until
    }
}

impl Heard {
    /// The last line that told of this update.
    fn telling(&self, span: &UpdateSpan) -> Option<&Line> {
        let all = self.of_update.iter().chain(&self.lines);
        all.filter(|line| span.has(line)).max_by_key(|line| line.at)
    }
}

impl Lines {
    /// Takes in the line of an event, if it has one.
    pub(super) fn hear(&mut self, event: &RecentEvent, now: Timestamp) {
        let Some(text) = line_of(event) else {
            return;
        };
        let line = Line {
            text,
            at: happened_at(event, now),
            is_of_update: is_of_update(event.event.key.kind),
        };
        let name = &event.connector;
        if !self.by_connector.contains_key(name) {
            self.make_room();
        }
        let heard = self.by_connector.entry(Arc::clone(name));
        let heard = heard.or_insert_with(|| Heard {
            connector: Arc::clone(name),
            at: event.read_at,
            lines: VecDeque::with_capacity(LINES_MAX),
            of_update: None,
        });
        heard.at = event.read_at;
        if line.is_of_update {
            heard.of_update = Some(line.clone());
        }
        if LINES_MAX <= heard.lines.len() {
            heard.lines.pop_front();
        }
        heard.lines.push_back(line);
        self.changed.insert(Arc::clone(name));
    }

    /// The last lines of a connector, the oldest first.
    pub(super) fn last(&self, connector: &str) -> Vec<String> {
        let heard = self.by_connector.get(connector);
        heard.map_or_else(Vec::new, |heard| texts(&heard.lines))
    }

    /// A line of a connector and what came before it. Once others pushed it out it stands
    /// alone.
    pub(super) fn up_to(&self, connector: &str, line: &Arc<str>) -> Vec<String> {
        let heard = self.by_connector.get(connector);
        let found = heard.and_then(|heard| {
            let place = heard.lines.iter().rposition(|one| one.text == *line)?;
            Some(texts(heard.lines.iter().take(place.saturating_add(1))))
        });
        found.unwrap_or_else(|| vec![line.to_string()])
    }

    /// What tells of these updates: of one the last lines of its connector, with the one
    /// about the update among them; of several that one line each.
    pub(super) fn of_updates(&self, spans: &[UpdateSpan]) -> Vec<String> {
        let heard = |span: &UpdateSpan| self.by_connector.get(&span.connector);
        let [only] = spans else {
            let told = spans.iter().filter_map(|span| heard(span)?.telling(span));
            return texts(told.take(LINES_MAX));
        };
        let Some(heard) = heard(only) else {
            return Vec::new();
        };
        let last = heard.lines.iter();
        let last = last.filter(|line| !line.is_of_update || only.has(line));
        let told = heard.telling(only);
        let pushed_out = told.into_iter().filter(|line| !heard.lines.contains(line));
        let mut lines: Vec<&Line> = pushed_out.chain(last).collect();
        if LINES_MAX < lines.len() {
            lines.remove(1);
        }
        texts(lines)
    }

    /// Forgets connectors that are not configured.
    pub(super) fn keep(&mut self, is_configured: impl Fn(&str) -> bool) {
        let changed = &mut self.changed;
        self.by_connector.retain(|name, _| {
            let is_kept = is_configured(name);
            if !is_kept {
                changed.insert(Arc::clone(name));
            }
            is_kept
        });
    }

    /// Takes a row back. `false` if it cannot be read.
    pub(super) fn restore(&mut self, bytes: &[u8]) -> bool {
        let heard = serde_json::from_slice::<Heard>(bytes);
        heard.is_ok_and(|heard| {
            self.by_connector
                .insert(Arc::clone(&heard.connector), heard);
            true
        })
    }

    /// Puts the rows of what changed.
    pub(super) fn store(&mut self, ledger: &mut Ledger) {
        for name in std::mem::take(&mut self.changed) {
            let key = format!("{PREFIX}{name}");
            match self.by_connector.get(&name) {
                Some(heard) => ledger.put_value(&key, heard),
                None => ledger.remove(&key),
            }
        }
    }

    fn make_room(&mut self) {
        if self.by_connector.len() < CONNECTORS_MAX {
            return;
        }
        let quietest = self.by_connector.values().min_by_key(|heard| heard.at);
        if let Some(name) = quietest.map(|heard| Arc::clone(&heard.connector)) {
            self.by_connector.remove(&name);
            self.changed.insert(name);
        }
    }
}

/// The line that told an event, as it is quoted.
pub(super) fn line_of(event: &RecentEvent) -> Option<Arc<str>> {
    let line = event.line.as_ref()?.expose();
    (!line.is_empty() && !event.connector.is_empty()).then(|| Arc::from(line))
}

const fn is_of_update(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::UpdateStarted
            | EventKind::UpdateSucceeded
            | EventKind::UpdateFailed
            | EventKind::UpdateSkipped
            | EventKind::UpdateReconnectFailed
    )
}

fn texts<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Vec<String> {
    lines
        .into_iter()
        .map(|line| line.text.to_string())
        .collect()
}
