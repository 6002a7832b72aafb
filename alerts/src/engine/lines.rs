//! The last lines of each connector's log that told something, for mails to quote.
//!
//! They come with the events, redacted and cut, from whoever read them; a connector whose
//! lines are about people has none. Kept with the rest of the engine: after a crash the same
//! lines are read again on top of the same ones, and the same mail quotes the same.
//!
//! Nothing here is a label or a number. A connector costs at most [`LINES_MAX`] lines and
//! one more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use model::event::EventKind;
use model::snapshot::RecentEvent;
use serde::{Deserialize, Serialize};

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
    lines: VecDeque<Arc<str>>,
    /// The last line that told of an update, which others push out of `lines` before
    /// anybody is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of_update: Option<Arc<str>>,
}

impl Lines {
    /// Takes in the line of an event, if it has one.
    pub(super) fn hear(&mut self, event: &RecentEvent) {
        let Some(line) = line_of(event) else {
            return;
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
        if is_of_update(event.event.key.kind) {
            heard.of_update = Some(Arc::clone(&line));
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
            let place = heard.lines.iter().rposition(|one| one == line)?;
            Some(texts(heard.lines.iter().take(place.saturating_add(1))))
        });
        found.unwrap_or_else(|| vec![line.to_string()])
    }

    /// What tells of the last update of these connectors: of one its last lines, with the
    /// one about the update among them; of several that one line each.
    pub(super) fn of_update<'a>(
        &self,
        mut connectors: impl Iterator<Item = &'a Arc<str>>,
    ) -> Vec<String> {
        let Some(first) = connectors.next() else {
            return Vec::new();
        };
        let mut others = connectors.peekable();
        if others.peek().is_some() {
            let all = std::iter::once(first).chain(others);
            let heard = all.filter_map(|name| self.by_connector.get(name));
            let lines = heard.filter_map(|heard| heard.of_update.as_ref());
            return texts(lines.take(LINES_MAX));
        }
        let Some(heard) = self.by_connector.get(first) else {
            return Vec::new();
        };
        let pushed_out = heard.of_update.iter();
        let pushed_out = pushed_out.filter(|line| !heard.lines.contains(line));
        let mut lines: Vec<&Arc<str>> = pushed_out.chain(&heard.lines).collect();
        if LINES_MAX < lines.len() {
            lines.remove(1);
        }
        texts(lines)
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

fn texts<'a>(lines: impl IntoIterator<Item = &'a Arc<str>>) -> Vec<String> {
    lines.into_iter().map(ToString::to_string).collect()
}
