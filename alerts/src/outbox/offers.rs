//! Which rows of the outbox may leave: the first of each line, and only if a store has its
//! message, or cannot take it and it is critical, or waits before one in its line that is:
//! nobody reads of a matter in the wrong order, and nothing mild holds a critical one up.
//!
//! Kept right after every change, so that taking the next one is cheap however many wait.

use std::sync::Arc;

use jiff::Timestamp;
use model::alert::Severity;
use model::delivery::DeliveryState;

use super::lane::{Line, Offer};
use super::{Outbox, Place, schedule};

impl Outbox {
    pub(super) const fn next_change(&mut self) -> u64 {
        self.change = self.change.saturating_add(1);
        self.change
    }

    pub(super) fn count(&mut self, receiver: &Arc<str>, result: &'static str, attempts: u64) {
        let key = (receiver.clone(), result);
        let count = self.results.entry(key).or_default();
        *count = count.saturating_add(attempts);
    }

    /// Takes a row out of its line: it waits no longer.
    pub(super) fn leave(&mut self, receiver: &Arc<str>, line: &Line, key: &(u64, Arc<str>)) {
        self.waiting = self.waiting.saturating_sub(1);
        if let Some(lane) = self.lanes.get_mut(receiver) {
            lane.leave(line, key);
        }
    }

    /// Offers the first row of a line, if it may leave: as the worst that waits in the line,
    /// so that an alert which became critical does not wait behind its own milder beginning.
    pub(super) fn offer(&mut self, receiver: &Arc<str>, line: &Line) {
        let Some(lane) = self.lanes.get_mut(receiver) else {
            return;
        };
        let Some((id, worst)) = lane.first(line) else {
            return;
        };
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let is_urgent = worst == Severity::Critical;
        let may_leave = entry.came_in.is_none() || (self.is_store_refusing && is_urgent);
        let heeds_limit = entry.heeds_limit();
        let is_untried = !entry.is_begun;
        let serial = entry.message.serial;
        let Some(row) = entry.row_mut(&line.1) else {
            return;
        };
        let mut offer = Offer {
            severity: row.offered_as,
            serial,
            id,
            recipient: row.delivery.recipient.clone(),
        };
        // The store takes messages again, and this one waits for it like the others; or
        // something else is the worst in the line now.
        if row.place == Place::Offered && (!may_leave || row.offered_as != worst) {
            row.place = Place::Behind;
            lane.withdraw(&offer, row.delivery.next_at);
        }
        if row.place == Place::Behind && may_leave {
            row.place = Place::Offered;
            row.offered_as = worst;
            offer.severity = worst;
            let is_limited = is_untried && heeds_limit && worst != Severity::Critical;
            lane.offer(&offer, row.delivery.next_at, is_limited);
        }
    }

    /// Offers what may leave of a message.
    pub(super) fn offer_all(&mut self, id: &Arc<str>) {
        let Some(entry) = self.entries.get(id) else {
            return;
        };
        let receiver = entry.message.receiver.clone();
        let rows = entry.rows.iter();
        let lines: Vec<Line> = rows
            .map(|row| entry.line(&row.delivery.recipient))
            .collect();
        for line in lines {
            self.offer(&receiver, &line);
        }
    }

    /// Looks whether the clock was put back: nothing waits for longer because of it.
    pub(super) fn notice(&mut self, now: Timestamp) {
        let was_put_back = self.seen_at.is_none_or(|seen| now < seen);
        self.seen_at = Some(now);
        if !was_put_back {
            return;
        }
        for lane in self.lanes.values_mut() {
            let mut rows = Vec::new();
            for (at, offer) in lane.later() {
                let entry = self.entries.get_mut(&offer.id);
                let Some(row) = entry.and_then(|entry| entry.row_mut(&offer.recipient)) else {
                    continue;
                };
                let latest = schedule::later(now, row.wait);
                if latest < at {
                    row.delivery.next_at = latest;
                    rows.push((at, latest, offer));
                }
            }
            for (was, is, offer) in rows {
                lane.move_up(&offer, was, is);
            }
            lane.forget_begun_after(now);
        }
        for entry in self.entries.values_mut() {
            for row in &mut entry.rows {
                let latest = schedule::later(now, row.wait);
                if row.place == Place::Behind && latest < row.delivery.next_at {
                    row.delivery.next_at = latest;
                }
            }
        }
    }

    /// Settles all rows of a message that nobody has claimed; says how many.
    pub(super) fn drop_rows(
        &mut self,
        id: &Arc<str>,
        state: DeliveryState,
        reply: &str,
        now: Timestamp,
    ) -> u64 {
        let change = self.next_change();
        let Some(entry) = self.entries.get_mut(id) else {
            return 0;
        };
        let key = (entry.message.serial, entry.message.id.clone());
        let receiver = entry.message.receiver.clone();
        let mut dropped = Vec::new();
        for row in &mut entry.rows {
            if matches!(row.place, Place::Claimed | Place::Settled) {
                continue;
            }
            let offer = Offer {
                severity: row.offered_as,
                serial: key.0,
                id: id.clone(),
                recipient: row.delivery.recipient.clone(),
            };
            dropped.push((offer, row.delivery.next_at));
            row.place = Place::Settled;
            row.changed_in = Some(change);
            row.delivery.state = state;
            row.delivery.last_reply = reply.to_owned();
            row.delivery.settled_at = Some(now);
        }
        if entry.rows.iter().all(|row| row.place == Place::Settled) {
            // Nobody will send it: its text need not wait for a store.
            entry.message.body = Vec::new();
        }
        let thread = entry.message.thread.clone();
        self.changed.insert(key.clone());
        for (offer, next_at) in &dropped {
            if let Some(lane) = self.lanes.get_mut(&receiver) {
                lane.withdraw(offer, *next_at);
            }
            let line = (thread.clone(), offer.recipient.clone());
            self.leave(&receiver, &line, &key);
            self.offer(&receiver, &line);
        }
        u64::try_from(dropped.len()).unwrap_or(u64::MAX)
    }
}
