//! What was decided of late and what became of it: decisions and messages for people.
//!
//! A decision waits here until a store has it; of messages only what a store has is here.
//! All of both stands in the store, within its bounds.

use std::collections::VecDeque;
use std::sync::Arc;

use model::alert::HistoryRow;
use model::delivery::{Delivery, OutboxMessage};
use model::snapshot::{MessageSnapshot, RECENT_HISTORY_MAX, RECENT_MESSAGES_MAX};

/// Most decisions that wait for a store that refuses. Beyond it the oldest are not kept.
const HISTORY_WAITING_MAX: usize = 10_000;

/// The latest decisions and messages.
#[derive(Debug)]
pub(super) struct Record {
    /// Newest last; those that no store has are among them.
    history: VecDeque<HistoryRow>,
    uncommitted: usize,
    next_serial: u64,
    /// Newest last.
    messages: VecDeque<MessageSnapshot>,
}

impl Record {
    /// Goes on after these, both newest first.
    pub(super) fn open(history: Vec<HistoryRow>, messages: Vec<MessageSnapshot>) -> Self {
        let last_serial = history.first().map_or(0, |row| row.serial);
        Self {
            history: history.into_iter().rev().collect(),
            uncommitted: 0,
            next_serial: last_serial.saturating_add(1),
            messages: messages.into_iter().rev().collect(),
        }
    }

    /// Takes in a decision, and numbers it.
    pub(super) fn remember(&mut self, row: HistoryRow) {
        self.history.push_back(HistoryRow {
            serial: self.next_serial,
            ..row
        });
        self.next_serial = self.next_serial.saturating_add(1);
        self.uncommitted = self.uncommitted.saturating_add(1);
        if HISTORY_WAITING_MAX < self.history.len() {
            self.history.pop_front();
            self.uncommitted = self.uncommitted.min(self.history.len());
        }
    }

    /// Decisions that no store has, oldest first.
    pub(super) fn uncommitted(&self) -> Vec<HistoryRow> {
        let skip = self.history.len().saturating_sub(self.uncommitted);
        self.history.iter().skip(skip).cloned().collect()
    }

    /// The store has all decisions, and these messages and deliveries.
    pub(super) fn mark_committed(
        &mut self,
        messages: Vec<OutboxMessage>,
        deliveries: Vec<Delivery>,
    ) {
        self.uncommitted = 0;
        let surplus = self.history.len().saturating_sub(RECENT_HISTORY_MAX);
        self.history.drain(..surplus);
        for message in messages {
            self.show(message);
        }
        for delivery in deliveries {
            self.show_fate(delivery);
        }
    }

    /// No store has any decision.
    pub(super) fn mark_uncommitted(&mut self) {
        self.uncommitted = self.history.len();
    }

    /// The latest decisions, newest first.
    pub(super) fn history(&self) -> Arc<[HistoryRow]> {
        let newest_first = self.history.iter().rev().take(RECENT_HISTORY_MAX);
        newest_first.cloned().collect()
    }

    /// The latest messages, newest first.
    pub(super) fn messages(&self) -> Arc<[MessageSnapshot]> {
        self.messages.iter().rev().cloned().collect()
    }

    fn show(&mut self, message: OutboxMessage) {
        let mut shown = self.messages.iter();
        if shown.any(|other| other.message.id == message.id) {
            return;
        }
        if RECENT_MESSAGES_MAX <= self.messages.len() {
            self.messages.pop_front();
        }
        self.messages.push_back(MessageSnapshot {
            message: OutboxMessage {
                body: Vec::new(),
                ..message
            },
            deliveries: Vec::new(),
        });
    }

    fn show_fate(&mut self, delivery: Delivery) {
        let mut shown = self.messages.iter_mut();
        let Some(of) = shown.find(|shown| shown.message.id == delivery.message) else {
            return;
        };
        let mut known = of.deliveries.iter_mut();
        match known.find(|known| known.recipient == delivery.recipient) {
            Some(known) => *known = delivery,
            None => of.deliveries.push(delivery),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use model::alert::Severity;
    use model::delivery::{Channel, DeliveryState};

    use super::*;

    fn decision(reason: &str) -> HistoryRow {
        HistoryRow {
            serial: 0,
            at: Timestamp::UNIX_EPOCH,
            rule: "r".into(),
            key: "k".into(),
            decision: "firing".into(),
            reason: reason.to_owned(),
            notification: None,
        }
    }

    fn message(id: &str) -> OutboxMessage {
        OutboxMessage {
            id: id.into(),
            serial: 1,
            receiver: "ops".into(),
            channel: Channel::Email,
            thread: "t".into(),
            rule: "r".into(),
            key: "k".into(),
            severity: Severity::Info,
            subject: String::new(),
            created_at: Timestamp::UNIX_EPOCH,
            body: vec![0; 100],
        }
    }

    fn delivery(id: &str, state: DeliveryState) -> Delivery {
        Delivery {
            message: id.into(),
            recipient: "a@example.com".into(),
            state,
            attempts: 0,
            next_at: Timestamp::UNIX_EPOCH,
            last_reply: String::new(),
            settled_at: None,
        }
    }

    #[test]
    fn decisions_are_numbered_on_and_wait_until_a_store_has_them() {
        let mut first = Record::open(Vec::new(), Vec::new());
        first.remember(decision("a"));
        first.remember(decision("b"));
        let serials = |rows: &[HistoryRow]| rows.iter().map(|row| row.serial).collect::<Vec<_>>();
        assert_eq!(serials(&first.uncommitted()), [1, 2]);
        assert_eq!(serials(&first.history()), [2, 1]);
        first.mark_committed(Vec::new(), Vec::new());
        assert!(first.uncommitted().is_empty());
        let mut next = Record::open(first.history().to_vec(), Vec::new());
        next.remember(decision("c"));
        assert_eq!(serials(&next.uncommitted()), [3]);
        next.mark_uncommitted();
        assert_eq!(serials(&next.uncommitted()), [1, 2, 3]);
    }

    #[test]
    fn a_store_that_refuses_for_long_costs_the_oldest_decisions_and_not_all_memory() {
        let mut record = Record::open(Vec::new(), Vec::new());
        for _ in 0..HISTORY_WAITING_MAX + 5 {
            record.remember(decision(""));
        }
        let waiting = record.uncommitted();
        assert_eq!(waiting.len(), HISTORY_WAITING_MAX);
        assert_eq!(waiting[0].serial, 6);
        record.mark_committed(Vec::new(), Vec::new());
        assert_eq!(record.history().len(), RECENT_HISTORY_MAX);
    }

    #[test]
    fn a_message_is_shown_with_its_fate_and_without_its_body() {
        let mut record = Record::open(Vec::new(), Vec::new());
        let queued = delivery("m", DeliveryState::Queued);
        record.mark_committed(vec![message("m")], vec![queued]);
        let sent = delivery("m", DeliveryState::Sent);
        record.mark_committed(vec![message("m")], vec![sent.clone()]);
        let shown = record.messages();
        assert_eq!(shown.len(), 1);
        assert!(shown[0].message.body.is_empty());
        assert_eq!(shown[0].deliveries, [sent]);
        let many = (0..RECENT_MESSAGES_MAX).map(|number| message(&number.to_string()));
        record.mark_committed(many.collect(), vec![delivery("m", DeliveryState::Dead)]);
        assert_eq!(record.messages().len(), RECENT_MESSAGES_MAX);
        assert_eq!(&*record.messages()[0].message.id, "49");
    }
}
