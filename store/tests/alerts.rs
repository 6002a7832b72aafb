//! What alerting keeps is found again, and can be read while the store is open.
//!
//! The law stands here a second time, over plain maps: states and deliveries are the last
//! ones, a message is the first of its id, a decision the last of its serial. What is
//! dropped when there is too much is tested below `retention`.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use model::alert::{HistoryRow, Severity};
use model::delivery::{Channel, Delivery, DeliveryState, OutboxMessage};
use model::snapshot::{MessageSnapshot, RECENT_HISTORY_MAX};
use proptest::prelude::*;
use rusqlite::Connection;
use store::{HistoryQuery, Opened, OutboxError, OutboxReader, Restored, Store, Turn};

/// What the turns so far should have left.
#[derive(Default)]
struct Fold {
    states: BTreeMap<Arc<str>, Vec<u8>>,
    messages: BTreeMap<Arc<str>, OutboxMessage>,
    deliveries: BTreeMap<(Arc<str>, Arc<str>), Delivery>,
    history: BTreeMap<u64, HistoryRow>,
    last_serial: u64,
}

impl Fold {
    fn take(&mut self, turn: &Turn) {
        for (key, value) in &turn.alert_states {
            match value {
                Some(value) => drop(self.states.insert(Arc::clone(key), value.clone())),
                None => drop(self.states.remove(key)),
            }
        }
        for message in &turn.messages {
            self.last_serial = self.last_serial.max(message.serial);
            let known = self.messages.entry(Arc::clone(&message.id));
            known.or_insert_with(|| message.clone());
        }
        for delivery in &turn.deliveries {
            let key = (
                Arc::clone(&delivery.message),
                Arc::clone(&delivery.recipient),
            );
            self.deliveries.insert(key, delivery.clone());
        }
        for row in &turn.history {
            self.history.insert(row.serial, row.clone());
        }
    }

    fn by_serial(&self) -> Vec<&OutboxMessage> {
        let mut messages: Vec<_> = self.messages.values().collect();
        messages.sort_by_key(|message| (message.serial, Arc::clone(&message.id)));
        messages
    }

    fn deliveries_of<'a>(&'a self, message: &'a str) -> impl Iterator<Item = &'a Delivery> {
        self.deliveries
            .values()
            .filter(move |delivery| &*delivery.message == message)
    }

    fn queued_of<'a>(&'a self, message: &'a str) -> impl Iterator<Item = &'a Delivery> {
        self.deliveries_of(message)
            .filter(|delivery| delivery.state == DeliveryState::Queued)
    }

    fn check(&self, restored: &Restored, reader: &OutboxReader) {
        let states: Vec<_> = self.states.clone().into_iter().collect();
        assert_eq!(restored.alert_states, states);
        let waiting: Vec<OutboxMessage> = self
            .by_serial()
            .into_iter()
            .filter(|message| self.queued_of(&message.id).next().is_some())
            .map(without_body)
            .collect();
        assert_eq!(restored.messages, waiting);
        let queued: Vec<Delivery> = self
            .by_serial()
            .into_iter()
            .flat_map(|message| self.queued_of(&message.id).cloned())
            .collect();
        assert_eq!(restored.deliveries, queued);
        let mut newest: Vec<&OutboxMessage> = self.messages.values().collect();
        newest.sort_by_key(|message| (std::cmp::Reverse(message.serial), message.id.clone()));
        let recent = newest.into_iter().map(|message| MessageSnapshot {
            message: without_body(message),
            deliveries: self.deliveries_of(&message.id).cloned().collect(),
        });
        assert!(recent.eq(restored.recent_messages.iter().cloned()));
        let newest_first: Vec<HistoryRow> = self.history.values().rev().cloned().collect();
        let latest = newest_first.iter().take(RECENT_HISTORY_MAX);
        assert!(restored.history.iter().eq(latest));
        assert_eq!(restored.last_message_serial, self.last_serial);
        self.check_reader(reader, &newest_first);
    }

    fn check_reader(&self, reader: &OutboxReader, newest_first: &[HistoryRow]) {
        let all = HistoryQuery {
            limit: usize::MAX,
            ..HistoryQuery::default()
        };
        assert_eq!(reader.history(&all).unwrap(), newest_first);
        for message in self.messages.values() {
            let body = reader.body(&message.id).unwrap();
            assert_eq!(body.as_deref(), Some(message.body.as_slice()));
        }
        let told = reader.deliveries(usize::from(u16::MAX)).unwrap();
        let known = self
            .deliveries
            .values()
            .filter(|delivery| self.messages.contains_key(&delivery.message));
        assert_eq!(told.len(), known.count());
        assert!(told.is_sorted_by_key(|one| std::cmp::Reverse(one.message.serial)));
        for one in &told {
            let stored = self.messages.get(&one.message.id).map(without_body);
            assert_eq!(Some(&one.message), stored.as_ref());
            assert!(
                self.deliveries_of(&one.message.id)
                    .any(|delivery| *delivery == one.delivery)
            );
        }
    }
}

fn without_body(message: &OutboxMessage) -> OutboxMessage {
    OutboxMessage {
        body: Vec::new(),
        ..message.clone()
    }
}

/// Few names, so that values meet; some of them hostile.
fn name() -> impl Strategy<Value = Arc<str>> {
    let names = vec![
        "tunnel-down{connector=\"pub-1\"}",
        "a\"b\\c",
        "é\u{0}\n'",
        "",
    ];
    prop::sample::select(names).prop_map(Arc::from)
}

/// Moments near each other, so that nothing is old.
fn time() -> impl Strategy<Value = Timestamp> {
    (1_790_000_000..1_790_600_000_i64, 0..1_000_000_000_i32)
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap())
}

fn message() -> impl Strategy<Value = OutboxMessage> {
    let kinds = (
        prop::sample::select(Channel::ALL),
        prop::sample::select(Severity::ALL),
    );
    let body = prop::collection::vec(any::<u8>(), 0..9000);
    (0..5_u8, 0..40_u64, name(), kinds, ".{0,12}", time(), body).prop_map(
        |(id, serial, name, (channel, severity), subject, created_at, body)| OutboxMessage {
            id: format!("update.{id}@pub-1").into(),
            serial,
            receiver: Arc::clone(&name),
            channel,
            thread: Arc::clone(&name),
            rule: Arc::clone(&name),
            key: name,
            severity,
            subject,
            created_at,
            body,
        },
    )
}

fn delivery() -> impl Strategy<Value = Delivery> {
    let rest = (time(), ".{0,12}", prop::option::of(time()));
    let state = prop::sample::select(DeliveryState::ALL);
    (0..6_u8, name(), state, any::<u32>(), rest).prop_map(
        |(id, recipient, state, attempts, (next_at, last_reply, settled_at))| Delivery {
            message: format!("update.{id}@pub-1").into(),
            recipient,
            state,
            attempts,
            next_at,
            last_reply,
            settled_at,
        },
    )
}

fn decision() -> impl Strategy<Value = HistoryRow> {
    (
        0..300_u64,
        time(),
        name(),
        ".{0,12}",
        prop::option::of(name()),
    )
        .prop_map(|(serial, at, name, reason, notification)| HistoryRow {
            serial,
            at,
            rule: Arc::clone(&name),
            key: Arc::clone(&name),
            decision: name,
            reason,
            notification,
        })
}

fn turn() -> impl Strategy<Value = Turn> {
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    (
        prop::collection::vec((name(), prop::option::of(bytes)), 0..4),
        prop::collection::vec(message(), 0..5),
        prop::collection::vec(delivery(), 0..7),
        prop::collection::vec(decision(), 0..90),
    )
        .prop_map(|(alert_states, messages, deliveries, history)| Turn {
            alert_states,
            messages,
            deliveries,
            history,
            ..Turn::default()
        })
}

fn open(path: &Path) -> (Store, Restored) {
    let (store, restored, opened) = Store::open(path, Timestamp::UNIX_EPOCH).unwrap();
    assert!(!matches!(opened, Opened::Reset { .. }), "{opened:?}");
    (store, restored)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Restarts and repeated commits do not matter.
    #[test]
    fn a_start_finds_what_alerting_kept(
        turns in prop::collection::vec((turn(), any::<bool>(), any::<bool>()), 0..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let reader = OutboxReader::new(&path);
        let mut fold = Fold::default();
        let (mut store, _) = open(&path);
        for (turn, is_repeated, is_restarted) in &turns {
            store.commit(turn).unwrap();
            if *is_repeated {
                store.commit(turn).unwrap();
            }
            fold.take(turn);
            if *is_restarted {
                drop(store);
                store = open(&path).0;
            }
        }
        fold.check(&store.restore().unwrap(), &reader);
        store.close();
        let (_store, restored) = open(&path);
        fold.check(&restored, &reader);
    }
}

/// A store with one message, one delivery and three decisions, changed by `statements`.
fn changed(statements: &str) -> (tempfile::TempDir, OutboxReader) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut store, _) = open(&path);
    let at = |minute: i64| Timestamp::from_second(1_790_000_000 + minute * 60).unwrap();
    let decided = |serial: u64, rule: &str, minute: i64| HistoryRow {
        serial,
        at: at(minute),
        rule: rule.into(),
        key: format!("{rule}{{connector=\"pub-1\"}}").into(),
        decision: "firing".into(),
        reason: "it has lasted for 5 min".to_owned(),
        notification: None,
    };
    let message = OutboxMessage {
        id: "m1".into(),
        serial: 7,
        receiver: "ops".into(),
        channel: Channel::Email,
        thread: "t".into(),
        rule: "tunnel-down".into(),
        key: "k".into(),
        severity: Severity::Critical,
        subject: "[ZTNA critical]".to_owned(),
        created_at: at(0),
        body: vec![b'x'; 9000],
    };
    let delivery = Delivery {
        message: "m1".into(),
        recipient: "ops@example.com".into(),
        state: DeliveryState::Queued,
        attempts: 0,
        next_at: at(0),
        last_reply: String::new(),
        settled_at: None,
    };
    let turn = Turn {
        alert_states: vec![("a".into(), Some(vec![1; 9000]))],
        messages: vec![message],
        deliveries: vec![delivery],
        history: vec![
            decided(1, "host-cpu", 0),
            decided(2, "tunnel-down", 1),
            decided(3, "host-cpu", 2),
        ],
        ..Turn::default()
    };
    store.commit(&turn).unwrap();
    store.close();
    Connection::open(&path)
        .unwrap()
        .execute_batch(statements)
        .unwrap();
    (folder, OutboxReader::new(&path))
}

#[test]
fn history_is_asked_by_rule_matter_and_moment() {
    let (_folder, reader) = changed("");
    let serials = |query: HistoryQuery| -> Vec<u64> {
        let found = reader.history(&HistoryQuery { limit: 9, ..query });
        found.unwrap().iter().map(|row| row.serial).collect()
    };
    assert_eq!(serials(HistoryQuery::default()), [3, 2, 1]);
    let rule = Some("host-cpu".to_owned());
    assert_eq!(
        serials(HistoryQuery {
            rule,
            ..HistoryQuery::default()
        }),
        [3, 1]
    );
    let key = Some("down{".to_owned());
    assert_eq!(
        serials(HistoryQuery {
            key,
            ..HistoryQuery::default()
        }),
        [2]
    );
    let since = Timestamp::from_second(1_790_000_060).ok();
    assert_eq!(
        serials(HistoryQuery {
            since,
            ..HistoryQuery::default()
        }),
        [3, 2]
    );
    let newest = HistoryQuery {
        limit: 1,
        ..HistoryQuery::default()
    };
    assert_eq!(reader.history(&newest).unwrap().len(), 1);
    assert!(reader.history(&HistoryQuery::default()).unwrap().is_empty());
}

#[test]
fn words_of_another_version_leave_their_rows_out() {
    for statement in [
        "UPDATE message SET channel = 'pigeon'",
        "UPDATE message SET severity = 'dire'",
        "UPDATE delivery SET state = 'lost'",
    ] {
        let (folder, reader) = changed(statement);
        let (_store, restored) = open(&folder.path().join("state.db"));
        assert!(restored.deliveries.is_empty(), "{statement}");
        assert!(reader.deliveries(9).unwrap().is_empty(), "{statement}");
        assert_eq!(restored.last_message_serial, 7);
    }
}

#[test]
fn a_delivery_without_its_message_is_left_out() {
    let (folder, reader) = changed("DELETE FROM message");
    let (_store, restored) = open(&folder.path().join("state.db"));
    assert!(restored.deliveries.is_empty() && restored.messages.is_empty());
    assert!(reader.deliveries(9).unwrap().is_empty());
}

#[test]
fn a_body_that_another_hand_changed_is_not_sent() {
    let (folder, reader) = changed("UPDATE message SET body = zeroblob(9000)");
    let refused = reader.body("m1");
    assert!(
        matches!(refused, Err(OutboxError::Damaged { .. })),
        "{refused:?}"
    );
    // The others are well, and so is the store.
    assert_eq!(open(&folder.path().join("state.db")).1.deliveries.len(), 1);
}

#[test]
fn what_nobody_wrote_is_damage() {
    for statement in [
        "UPDATE alert_state SET value = zeroblob(9000)",
        "UPDATE message SET created_at = 'yesterday'",
        "UPDATE delivery SET next_at = ''",
        "UPDATE history SET at = 'x'",
    ] {
        let (folder, _) = changed(statement);
        let (_, restored, opened) =
            Store::open(&folder.path().join("state.db"), Timestamp::UNIX_EPOCH).unwrap();
        assert!(matches!(opened, Opened::Reset { .. }), "{statement}");
        assert_eq!(restored, Restored::default(), "{statement}");
    }
}

#[test]
fn who_reads_is_told_that_there_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let reader = OutboxReader::new(&path);
    let missing = reader.body("m1");
    assert!(
        matches!(missing, Err(OutboxError::Missing { .. })),
        "{missing:?}"
    );
    std::fs::write(
        &path,
        "no store at all, but long enough for a header of one",
    )
    .unwrap();
    reader.deliveries(1).unwrap_err();
}
