//! What one receiver is offered, and in which order.
//!
//! A line is what one recipient gets of one thread; its rows leave in the order of their
//! serials, so only its first is offered, as the worst that waits behind it. Among the offers
//! that are due the worst goes first, then the oldest. Rows themselves are the outbox's: here
//! are their names only.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::alert::Severity;

use super::schedule::later;

/// A thread and a recipient.
pub(super) type Line = (Arc<str>, Arc<str>);

/// What an hourly limit counts over.
pub(super) const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The messages of a line, the oldest first, and how many there are of each severity.
#[derive(Debug, Default)]
struct Members {
    severities: BTreeMap<(u64, Arc<str>), Severity>,
    counts: BTreeMap<Severity, usize>,
}

/// Names a row that may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    /// The worst of what waits in its line: it goes first for the sake of that.
    pub(super) severity: Severity,
    pub(super) serial: u64,
    pub(super) id: Arc<str>,
    pub(super) recipient: Arc<str>,
}

/// What a lane gives.
#[derive(Debug)]
pub(super) enum Taken {
    Offer(Offer),
    At(Timestamp),
    Nothing,
}

/// The worst first, then the oldest.
type Due = (Reverse<Severity>, u64, Arc<str>, Arc<str>);
type Later = (Timestamp, u64, Arc<str>, Arc<str>);

/// One receiver's offers.
#[derive(Debug, Default)]
pub(super) struct Lane {
    lines: HashMap<Line, Members>,
    /// With the severity, which [`Self::due`] is sorted by.
    later: BTreeSet<(Later, Severity)>,
    due: BTreeSet<Due>,
    /// Offers that wait for the hour's limit, if there is one; a part of `due`.
    limited: BTreeSet<Due>,
    /// Most messages in an hour.
    pub(super) limit: Option<u32>,
    /// When messages were begun in the last hour, the oldest first.
    begun: VecDeque<Timestamp>,
    /// When the hour was seen full last.
    pub(super) full_at: Option<Timestamp>,
    /// When the first of what waits is given up, if the receiver is not configured.
    pub(super) orphans_until: Option<Timestamp>,
}

impl Offer {
    fn due(&self) -> Due {
        let (id, recipient) = (self.id.clone(), self.recipient.clone());
        (Reverse(self.severity), self.serial, id, recipient)
    }

    fn later(&self, at: Timestamp) -> (Later, Severity) {
        let (id, recipient) = (self.id.clone(), self.recipient.clone());
        ((at, self.serial, id, recipient), self.severity)
    }

    fn of_due(due: Due) -> Self {
        let (Reverse(severity), serial, id, recipient) = due;
        Self {
            severity,
            serial,
            id,
            recipient,
        }
    }

    fn of_later(entry: &(Later, Severity)) -> (Timestamp, Self) {
        let ((at, serial, id, recipient), severity) = entry.clone();
        let offer = Self {
            severity,
            serial,
            id,
            recipient,
        };
        (at, offer)
    }
}

impl Members {
    fn insert(&mut self, key: (u64, Arc<str>), severity: Severity) {
        if self.severities.insert(key, severity).is_none() {
            let count = self.counts.entry(severity).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn remove(&mut self, key: &(u64, Arc<str>)) {
        let Some(severity) = self.severities.remove(key) else {
            return;
        };
        let count = self.counts.entry(severity).or_default();
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.counts.remove(&severity);
        }
    }
}

impl Lane {
    /// Puts a message at its place in a line.
    pub(super) fn join(&mut self, line: &Line, key: (u64, Arc<str>), severity: Severity) {
        let members = self.lines.entry(line.clone()).or_default();
        members.insert(key, severity);
    }

    /// Takes a message out of a line.
    pub(super) fn leave(&mut self, line: &Line, key: &(u64, Arc<str>)) {
        if let Some(members) = self.lines.get_mut(line) {
            members.remove(key);
            if members.severities.is_empty() {
                self.lines.remove(line);
            }
        }
    }

    /// The message that a line begins with, and the worst severity in the line.
    pub(super) fn first(&self, line: &Line) -> Option<(Arc<str>, Severity)> {
        let members = self.lines.get(line)?;
        let ((_, id), _) = members.severities.first_key_value()?;
        let (worst, _) = members.counts.last_key_value()?;
        Some((id.clone(), *worst))
    }

    /// The messages of all lines, each once, the oldest first.
    pub(super) fn ids(&self) -> Vec<Arc<str>> {
        let lines = self.lines.values();
        let all: BTreeSet<_> = lines.flat_map(|line| line.severities.keys()).collect();
        all.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// Whether nobody has configured the receiver.
    pub(super) const fn is_orphaned(&self) -> bool {
        self.orphans_until.is_some()
    }

    /// How many rows wait.
    pub(super) fn waiting(&self) -> usize {
        let lines = self.lines.values();
        lines.map(|line| line.severities.len()).sum()
    }

    /// Offers a row from a moment on; a limited one only while the hour's limit allows it.
    pub(super) fn offer(&mut self, offer: &Offer, at: Timestamp, is_limited: bool) {
        if is_limited {
            self.limited.insert(offer.due());
        }
        self.later.insert(offer.later(at));
    }

    /// Offers it no longer. It need not be offered.
    pub(super) fn withdraw(&mut self, offer: &Offer, at: Timestamp) {
        self.later.remove(&offer.later(at));
        let due = offer.due();
        self.due.remove(&due);
        self.limited.remove(&due);
    }

    /// Takes the next offer, if one is due.
    pub(super) fn take(&mut self, now: Timestamp) -> Taken {
        while let Some(first) = self.later.first().cloned() {
            let (at, offer) = Offer::of_later(&first);
            if now < at {
                break;
            }
            self.later.remove(&first);
            self.due.insert(offer.due());
        }
        let free_at = self.free_at(now);
        let due = match free_at {
            None => self.due.first().cloned(),
            Some(_) => {
                let mut free = self.due.iter().filter(|due| !self.limited.contains(*due));
                free.next().cloned()
            }
        };
        if let Some(due) = due {
            self.due.remove(&due);
            self.limited.remove(&due);
            return Taken::Offer(Offer::of_due(due));
        }
        let next = self.later.first().map(|((at, ..), _)| *at);
        let held = free_at.filter(|_| !self.due.is_empty());
        match next.into_iter().chain(held).min() {
            Some(at) => Taken::At(at),
            None => Taken::Nothing,
        }
    }

    /// Notes that a message is sent for the first time.
    pub(super) fn begin(&mut self, now: Timestamp) {
        if self.limit.is_some() {
            self.begun.push_back(now);
        }
    }

    /// How many were begun in the last hour.
    pub(super) fn begun(&mut self, now: Timestamp) -> usize {
        while let Some(first) = self.begun.front() {
            if now < later(*first, HOUR) {
                break;
            }
            self.begun.pop_front();
        }
        self.begun.len()
    }

    /// When the hour's limit allows another one; `None` if it does now.
    pub(super) fn free_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        let limit = usize::try_from(self.limit?).unwrap_or(usize::MAX);
        let begun = self.begun(now);
        if begun < limit {
            return None;
        }
        self.full_at = Some(now);
        let freeing = self.begun.get(begun.saturating_sub(limit.max(1)));
        Some(freeing.map_or(later(now, HOUR), |at| later(*at, HOUR)))
    }

    /// A clock put back: what was begun in the future was not.
    pub(super) fn forget_begun_after(&mut self, now: Timestamp) {
        self.begun.retain(|at| *at <= now);
        self.full_at = self.full_at.map(|at| at.min(now));
    }

    /// Offers that wait for their time.
    pub(super) fn later(&self) -> Vec<(Timestamp, Offer)> {
        self.later.iter().map(Offer::of_later).collect()
    }

    /// Lets an offer wait for another time.
    pub(super) fn move_up(&mut self, offer: &Offer, was: Timestamp, is: Timestamp) {
        self.later.remove(&offer.later(was));
        self.later.insert(offer.later(is));
    }

    /// Makes everything that waits for its time due; says what.
    pub(super) fn hasten(&mut self) -> Vec<Offer> {
        let all = std::mem::take(&mut self.later);
        let offers: Vec<Offer> = all.iter().map(|one| Offer::of_later(one).1).collect();
        self.due.extend(offers.iter().map(Offer::due));
        offers
    }
}
