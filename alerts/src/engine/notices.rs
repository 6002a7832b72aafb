//! Events that are told, and over: each once, not too often, and together where the rule
//! says so.
//!
//! A notice that a silence or another alert holds back is not told later: it is no state
//! that could outlive its hold. The history has it. What comes again too soon is counted,
//! and the next notice says how many; what comes in a flood is told together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::alert::Severity;
use model::snapshot::RecentEvent;
use serde::{Deserialize, Serialize};

use super::desk::{Desk, INSTANCES_MAX, Part, Tally, Turn, happened_at};
use super::figures::{lasting, moment};
use super::holds::{Holds, Subject};
use super::journal::Decided;
use super::ledger::Ledger;
use super::lines::{LINES_MAX, line_of};
use super::matter::{Held, Words, severity_word};
use super::naming::{Labels, hash, identity_of, key_of, labels_of, told};
use crate::batch::{Batch, Batches};
use crate::notification::{Notification, NotificationItem, NotificationKind};
use crate::rule::{BatchBy, Rule};
use crate::updates::steady;

/// Most notices of one rule that are told on their own in one step. What is more is told
/// together.
pub const NOTICES_AT_ONCE_MAX: usize = 100;

/// Most items of one message. A batch that has so many is closed.
pub const ITEMS_MAX: usize = 200;

/// The name of the fact that says how much came too soon to be told.
const MORE: &str = "more like it";

/// How long it is remembered that something was not told.
const MISSED_MEMORY: Duration = Duration::from_secs(24 * 3_600);

/// What a rule on events without an end has to remember.
#[derive(Debug, Clone, Default)]
pub(super) struct Notices {
    /// Since the last step.
    fresh: Vec<Happened>,
    /// What was told of late, by key.
    recent: BTreeMap<Arc<str>, Recent>,
    /// What waits to be told together.
    batches: Batches<Arc<str>, Happened>,
    /// The same, as it is kept.
    waiting: BTreeMap<Arc<str>, Vec<Waiting>>,
    /// Keys whose rows are to be put anew.
    changed: BTreeSet<Arc<str>>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Happened {
    /// What it is known by.
    cause: Arc<str>,
    key: Arc<str>,
    labels: Labels,
    /// The key and the labels of the batch that it belongs to.
    batch: Option<(Arc<str>, Labels)>,
    connector: Arc<str>,
    #[serde(with = "severity_word")]
    severity: Severity,
    words: Words,
    at: Timestamp,
    /// The line that told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<Arc<str>>,
}

/// Something that waits to be told, with the time of its arrival on the engine's clock.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waiting {
    came_at: Timestamp,
    what: Happened,
}

/// When a key was told last.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recent {
    key: Arc<str>,
    told_at: Duration,
    /// What came since, too soon to be told.
    missed: u64,
    missed_since: Option<Timestamp>,
}

impl Desk {
    /// Takes in something that is to be told with the next step.
    pub(super) fn take_notice(
        &mut self,
        event: &RecentEvent,
        fault: Option<String>,
        turn: &mut Turn<'_>,
    ) {
        let labels = labels_of(event, &self.rule.by);
        let (severity, mut words) = self.words_of(&labels, event, turn);
        words.faults.extend(fault);
        let cause = identity_of(event).unwrap_or_else(|| turn.book.begin());
        let rule = &self.rule;
        let batch = rule.batch.as_ref().map(|batch| {
            let common = labels_of(event, &batch.by);
            (key_of(&rule.id, &common), common)
        });
        let happened = Happened {
            cause: Arc::from(cause),
            key: key_of(&rule.id, &labels),
            labels,
            batch,
            connector: Arc::clone(&event.connector),
            severity,
            words,
            at: happened_at(event, turn.now.wall),
            line: line_of(event),
        };
        if let Part::Notices(notices) = &mut self.part {
            notices.fresh.push(happened);
        }
    }

    /// Tells what happened since the last step, and the batches that are due.
    pub(super) fn settle_notices(&mut self, holds: &Holds<'_>, turn: &mut Turn<'_>) {
        let Self {
            rule, tally, part, ..
        } = self;
        let Part::Notices(notices) = part else {
            return;
        };
        let mut herald = Herald {
            rule,
            tally,
            turn,
            untold: BTreeMap::new(),
        };
        let fresh = std::mem::take(&mut notices.fresh);
        let mut alone = Vec::new();
        for mut one in fresh {
            if let Some(held) = herald.held(&one, holds) {
                let reason = format!("not told: {}", held.reason);
                herald.note(&one.key, Decided::Held, reason);
            } else if notices.is_too_soon(&mut one, rule.dedup, &mut herald) {
                let reason = format!(
                    "again within {}: the next one counts it",
                    lasting(rule.dedup)
                );
                herald.note(&one.key, Decided::Duplicate, reason);
            } else if let (Some(by), Some((key, _))) = (&rule.batch, &one.batch) {
                let key = Arc::clone(key);
                notices.batch(key, one, by, &mut herald);
            } else {
                alone.push(one);
            }
        }
        herald.write_notes();
        // What is told together is the least bad.
        alone.sort_by_key(|one| std::cmp::Reverse(one.severity));
        let together = alone.split_off(alone.len().min(NOTICES_AT_ONCE_MAX));
        for one in alone {
            herald.tell(one);
        }
        herald.tell_together(together);
        notices.tell_due(&mut herald);
        notices.forget(turn.now.clock, rule.dedup);
    }

    /// Takes back a row that is kept for it. `false` if it cannot be read.
    pub(super) fn restore_notice(&mut self, key: &str, bytes: &[u8]) -> bool {
        let Self { rule, part, .. } = self;
        let Part::Notices(notices) = part else {
            return false;
        };
        if key.starts_with("notice/") {
            let recent = serde_json::from_slice::<Recent>(bytes);
            return recent.is_ok_and(|recent| {
                notices.recent.insert(Arc::clone(&recent.key), recent);
                true
            });
        }
        let Some(by) = &rule.batch else {
            return false;
        };
        let waiting = serde_json::from_slice::<Vec<Waiting>>(bytes);
        waiting.is_ok_and(|waiting| {
            for one in waiting {
                let Some((batch, _)) = one.what.batch.clone() else {
                    continue;
                };
                let item = (Arc::clone(&one.what.cause), one.what.clone());
                notices.batches.add(&batch, item, one.came_at, by.wait);
                notices.waiting.entry(batch).or_default().push(one);
            }
            true
        })
    }
}

impl Notices {
    /// Whether the same was told a moment ago. If not, it is told now, with what was missed.
    fn is_too_soon(
        &mut self,
        one: &mut Happened,
        dedup: Duration,
        herald: &mut Herald<'_, '_>,
    ) -> bool {
        if dedup.is_zero() {
            return false;
        }
        let now = herald.turn.now.clock;
        if let Some(recent) = self.recent.get_mut(&one.key) {
            self.changed.insert(Arc::clone(&one.key));
            if now.saturating_sub(recent.told_at) < dedup {
                recent.missed = recent.missed.saturating_add(1);
                recent.missed_since.get_or_insert(one.at);
                return true;
            }
            if let Some(since) = recent.missed_since.take() {
                let more = format!("{} since {}", recent.missed, moment(since));
                one.words.facts.push((Arc::from(MORE), more));
            }
            recent.missed = 0;
            recent.told_at = now;
            return false;
        }
        // Beyond the bound it is told without being remembered.
        if self.recent.len() < INSTANCES_MAX {
            self.changed.insert(Arc::clone(&one.key));
            let recent = Recent {
                key: Arc::clone(&one.key),
                told_at: now,
                missed: 0,
                missed_since: None,
            };
            self.recent.insert(Arc::clone(&one.key), recent);
        }
        false
    }

    fn batch(&mut self, key: Arc<str>, one: Happened, by: &BatchBy, herald: &mut Herald<'_, '_>) {
        let now = steady(herald.turn.now);
        let item = (Arc::clone(&one.cause), one.clone());
        if !self.batches.add(&key, item, now, by.wait) {
            let reason = "the same event was told already".to_owned();
            herald.note(&one.key, Decided::Duplicate, reason);
            return;
        }
        let reason = format!("waits to be told together: {}", one.words.summary);
        herald.note(&one.key, Decided::Batched, reason);
        let waiting = self.waiting.entry(Arc::clone(&key)).or_default();
        waiting.push(Waiting {
            came_at: now,
            what: one,
        });
        if ITEMS_MAX <= waiting.len() {
            // At once, and not with the step's end: what comes after it in the same step
            // opens the next one, and no row grows beyond the bound.
            let batch = self.batches.take(&key);
            self.close(batch, herald);
        }
        self.changed.insert(key);
    }

    fn close(&mut self, batch: Option<Batch<Arc<str>, Happened>>, herald: &mut Herald<'_, '_>) {
        if let Some(batch) = batch {
            self.waiting.remove(&batch.key);
            self.changed.insert(Arc::clone(&batch.key));
            herald.tell_batch(batch);
        }
    }

    fn tell_due(&mut self, herald: &mut Herald<'_, '_>) {
        for batch in self.batches.take_due(steady(herald.turn.now)) {
            self.close(Some(batch), herald);
        }
        // Every item has a name of its own, so nothing of a closed batch can come again.
        self.batches.forget(|_| true);
    }

    fn forget(&mut self, clock: Duration, dedup: Duration) {
        let changed = &mut self.changed;
        self.recent.retain(|key, recent| {
            let memory = if recent.missed == 0 {
                dedup
            } else {
                dedup.max(MISSED_MEMORY)
            };
            let is_kept = clock.saturating_sub(recent.told_at) < memory;
            if !is_kept {
                changed.insert(Arc::clone(key));
            }
            is_kept
        });
    }

    /// Puts the rows of what changed.
    pub(super) fn store(&mut self, rule: &str, ledger: &mut Ledger) {
        // Its own rows are not used: ours hold the same.
        self.batches.mark_committed();
        for key in std::mem::take(&mut self.changed) {
            let notice = format!("notice/{rule}/{key}");
            match self.recent.get(&key) {
                Some(recent) => ledger.put_value(&notice, recent),
                None => ledger.remove(&notice),
            }
            let batch = format!("batch/{rule}/{key}");
            match self.waiting.get(&key) {
                Some(waiting) => ledger.put_value(&batch, waiting),
                None => ledger.remove(&batch),
            }
        }
    }
}

/// Tells of one rule's events.
struct Herald<'a, 'b> {
    rule: &'a Arc<Rule>,
    tally: &'a mut Tally,
    turn: &'a mut Turn<'b>,
    /// What is not told now, and how often.
    untold: BTreeMap<Untold, u64>,
}

/// The matter's key, what was decided, and why.
type Untold = (Arc<str>, Decided, String);

impl Herald<'_, '_> {
    fn held(&self, one: &Happened, holds: &Holds<'_>) -> Option<Held> {
        let subject = Subject {
            rule: &self.rule.id,
            alert: &self.rule.alert,
            severity: one.severity,
            labels: &one.labels,
        };
        holds.find(self.rule, subject, &one.connector, &one.key)
    }

    /// Notes what is not told now: a row of history for all of a step that are alike, since
    /// a flood would leave no room in it for anything else.
    fn note(&mut self, key: &Arc<str>, decided: Decided, reason: String) {
        let untold = (Arc::clone(key), decided, reason);
        let count = self.untold.entry(untold).or_default();
        *count = count.saturating_add(1);
    }

    fn write_notes(&mut self) {
        let at = self.turn.now.wall;
        for ((key, decided, reason), count) in std::mem::take(&mut self.untold) {
            let reason = match count {
                1 => reason,
                _ => format!("{count} times: {reason}"),
            };
            let about = (&self.rule.id, &key);
            self.turn.journal.note(about, decided, reason, at);
        }
    }

    fn tell(&mut self, one: Happened) {
        let reason = one.words.summary.clone();
        let said = self.notification(&one.key.clone(), &one.labels.clone(), one);
        self.publish(said, reason);
    }

    /// What came in a flood.
    fn tell_together(&mut self, several: Vec<Happened>) {
        if several.is_empty() {
            return;
        }
        let key = Arc::clone(&self.rule.id);
        self.tell_items(&key, &Labels::new(), several);
    }

    fn tell_batch(&mut self, batch: Batch<Arc<str>, Happened>) {
        let items: Vec<Happened> = batch.items.into_iter().map(|(_, one)| one).collect();
        let labels = items.first().and_then(|one| one.batch.clone());
        let labels = labels.map(|(_, labels)| labels).unwrap_or_default();
        self.tell_items(&batch.key, &labels, items);
    }

    fn tell_items(&mut self, key: &Arc<str>, labels: &Labels, several: Vec<Happened>) {
        let count = several.len();
        let worst = several.iter().map(|one| one.severity).max();
        let is_alike = several
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a.words.summary == b.words.summary));
        let lines = several.iter().rev().filter_map(|one| one.line.as_deref());
        let mut lines: Vec<String> = lines.take(LINES_MAX).map(str::to_owned).collect();
        lines.reverse();
        let items: Vec<NotificationItem> = several.iter().take(ITEMS_MAX).map(item_of).collect();
        let faults: BTreeSet<String> = several
            .iter()
            .flat_map(|one| one.words.faults.iter().cloned())
            .collect();
        let Some(first) = several.into_iter().next() else {
            return;
        };
        // What came alone is told as if nothing had been waited for: it is about what it is
        // about, and not about all that it might have come with.
        let labels = if count == 1 {
            &first.labels.clone()
        } else {
            labels
        };
        let mut said = self.notification(key, labels, first);
        if 1 < count {
            let rest = count.saturating_sub(1);
            said.summary = if is_alike {
                format!("{} ({count} times)", said.summary)
            } else {
                format!("{}, and {rest} more", said.summary)
            };
            said.facts = vec![(Arc::from("count"), count.to_string())];
            said.log_lines = lines;
            said.items = items;
        }
        said.severity = worst.unwrap_or(said.severity);
        said.faults = faults.into_iter().collect();
        let reason = match count {
            1 => said.summary.clone(),
            _ => format!("{count} told together: {}", said.summary),
        };
        self.publish(said, reason);
    }

    fn publish(&mut self, said: Notification, reason: String) {
        // Nobody reads that something waits behind what it waited for.
        self.write_notes();
        self.tally.count(&said.kind);
        self.turn.journal.tell(said, Decided::Notice, reason);
    }

    fn notification(&self, key: &Arc<str>, labels: &Labels, one: Happened) -> Notification {
        let kind = NotificationKind::Notice;
        let agent = self.turn.agent;
        let lines = self.turn.lines;
        let quoted = one.line.as_ref();
        let quoted = quoted.map(|line| lines.up_to(&one.connector, line));
        Notification {
            id: Arc::from(hash(&[agent, key, &one.cause, kind.word()])),
            thread: Arc::from(hash(&[agent, key, &one.cause])),
            kind,
            rule: Arc::clone(&self.rule.id),
            alert: Arc::clone(&self.rule.alert),
            key: Arc::clone(key),
            index: 0,
            severity: one.severity,
            receivers: self.rule.receivers.clone(),
            labels: told(labels),
            at: self.turn.now.wall,
            dated: one.at,
            started_at: one.at,
            ended_at: None,
            summary: one.words.summary,
            action: one.words.action,
            runbook: Arc::clone(&self.rule.runbook),
            number: 1,
            facts: one.words.facts,
            items: Vec::new(),
            log_lines: quoted.unwrap_or_default(),
            faults: one.words.faults,
        }
    }
}

/// One of several: who, when, what.
fn item_of(one: &Happened) -> NotificationItem {
    let mut facts = vec![
        (Arc::from("time"), moment(one.at)),
        (Arc::from("what"), one.words.summary.clone()),
    ];
    let labels = one.labels.iter().filter(|(name, _)| &**name != "connector");
    facts.extend(labels.map(|(name, value)| (Arc::clone(name), value.to_string())));
    // Counted for this one alone, and nobody tells it again.
    let more = one.words.facts.iter().filter(|(name, _)| &**name == MORE);
    facts.extend(more.cloned());
    let is_connector = !one.connector.is_empty();
    let name = if is_connector {
        &one.connector
    } else {
        &one.key
    };
    NotificationItem {
        name: Arc::clone(name),
        is_connector,
        facts,
    }
}
