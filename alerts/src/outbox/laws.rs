//! Laws of the outbox over any order of events: nothing is lost, nothing is settled twice,
//! the order of a thread holds, what no store has does not leave, and what is critical waits
//! for no limit.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use model::alert::Severity;
use proptest::prelude::*;

use super::schedule::later;
use super::tests::{START, delivery, message};
use super::*;

/// What may happen to an outbox.
#[derive(Debug, Clone)]
enum Step {
    Put {
        severity: usize,
        thread: u8,
        recipients: u8,
    },
    Commit,
    FailedCommit,
    Claim,
    Settle {
        which: usize,
        came: u8,
    },
    SettleDuringCommit {
        which: usize,
        came: u8,
    },
    GiveBack {
        which: usize,
    },
    Surplus {
        limit: Option<u32>,
    },
    Refuse(bool),
    Configure(bool),
    Clock {
        seconds: i64,
    },
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize, 0..3_u8, 1..4_u8).prop_map(|(severity, thread, recipients)| {
            Step::Put { severity, thread, recipients }
        }),
        3 => Just(Step::Commit),
        1 => Just(Step::FailedCommit),
        5 => Just(Step::Claim),
        4 => (0..9_usize, 0..6_u8).prop_map(|(which, came)| Step::Settle { which, came }),
        1 => (0..9_usize, 0..6_u8)
            .prop_map(|(which, came)| Step::SettleDuringCommit { which, came }),
        1 => (0..9_usize).prop_map(|which| Step::GiveBack { which }),
        1 => prop::option::of(1..4_u32).prop_map(|limit| Step::Surplus { limit }),
        1 => any::<bool>().prop_map(Step::Refuse),
        1 => any::<bool>().prop_map(Step::Configure),
        2 => (-4000..9000_i64).prop_map(|seconds| Step::Clock { seconds }),
        1 => Just(Step::Crash),
    ]
}

type Name = (Arc<str>, Arc<str>);

/// An outbox beside what it should be.
#[derive(Default)]
struct World {
    outbox: Outbox,
    now: Timestamp,
    serial: u64,
    is_refusing: bool,
    /// Whether the one receiver is not in force.
    is_orphaned: bool,
    /// The store: absolute rows, as committed.
    messages: BTreeMap<Arc<str>, OutboxMessage>,
    deliveries: BTreeMap<Name, Delivery>,
    /// What was put since the last crash or was committed, and is not settled.
    open: BTreeMap<Name, OutboxMessage>,
    claimed: BTreeSet<Name>,
}

impl World {
    fn take_step(&mut self, step: &Step) {
        match step {
            Step::Put {
                severity,
                thread,
                recipients,
            } => self.put(Severity::ALL[*severity], *thread, *recipients),
            Step::Commit => self.commit(|_| {}),
            Step::FailedCommit => {
                self.outbox.uncommitted();
            }
            Step::Claim => {
                self.claim();
            }
            Step::Settle { which, came } => self.settle(*which, *came),
            Step::SettleDuringCommit { which, came } => {
                self.commit(|world| world.settle(*which, *came));
            }
            Step::GiveBack { which } => {
                if let Some(name) = self.claimed.iter().nth(*which).cloned() {
                    self.claimed.remove(&name);
                    self.outbox.give_back(&name.0, &name.1);
                }
            }
            Step::Surplus { limit } => {
                for message in self.outbox.take_surplus("ops", *limit, self.now) {
                    assert_ne!(message.severity, Severity::Critical);
                    let claimed = &self.claimed;
                    self.open
                        .retain(|name, _| name.0 != message.id || claimed.contains(name));
                }
            }
            Step::Refuse(is_refusing) => {
                self.is_refusing = *is_refusing;
                self.outbox.set_store_refuses(*is_refusing);
            }
            Step::Configure(is_configured) => {
                self.is_orphaned = !is_configured;
                self.keep_receivers();
            }
            Step::Clock { seconds } => {
                self.now = later(self.now, SignedDuration::from_secs(*seconds));
            }
            Step::Crash => self.crash(),
        }
    }

    fn keep_receivers(&mut self) {
        let name = if self.is_orphaned { "others" } else { "ops" };
        self.outbox.keep_receivers(&[name.into()]);
    }

    fn put(&mut self, severity: Severity, thread: u8, recipients: u8) {
        self.serial += 1;
        let mut message = message(self.serial, severity, &format!("t{thread}"));
        message.created_at = self.now;
        let rows: Vec<Delivery> = (0..recipients)
            .map(|recipient| delivery(&message, &format!("r{recipient}")))
            .collect();
        for row in &rows {
            let name = (row.message.clone(), row.recipient.clone());
            self.open.insert(name, message.clone());
        }
        self.outbox.put(message, rows);
    }

    fn commit(&mut self, meanwhile: impl FnOnce(&mut Self)) {
        let (messages, deliveries) = self.outbox.uncommitted();
        for message in messages {
            self.messages.entry(message.id.clone()).or_insert(message);
        }
        for row in deliveries {
            assert!(
                self.messages.contains_key(&row.message),
                "no row without its message"
            );
            let name = (row.message.clone(), row.recipient.clone());
            self.deliveries.insert(name, row);
        }
        meanwhile(self);
        self.outbox.mark_committed();
    }

    fn claim(&mut self) -> bool {
        let Next::Now(claimed) = self.outbox.claim("ops", self.now) else {
            return false;
        };
        let name = (
            claimed.message.id.clone(),
            claimed.delivery.recipient.clone(),
        );
        assert!(!self.is_orphaned, "nobody has configured it");
        assert!(self.open.contains_key(&name), "it was settled: {name:?}");
        let is_stored = self.messages.contains_key(&name.0);
        let may_leave = self.is_refusing && self.is_urgent(&claimed);
        assert!(is_stored || may_leave, "no store has it");
        assert_eq!(claimed.is_body_stored, is_stored);
        assert_eq!(claimed.message.body.is_empty(), is_stored);
        let before = self.open.iter().find(|((_, recipient), message)| {
            *recipient == name.1
                && message.thread == claimed.message.thread
                && message.serial < claimed.message.serial
        });
        assert!(before.is_none(), "{before:?} is before it in its thread");
        assert!(self.claimed.insert(name), "two lanes have it");
        true
    }

    /// Whether something critical waits for the same recipient in the same thread.
    fn is_urgent(&self, claimed: &Claimed) -> bool {
        let (thread, to) = (&claimed.message.thread, &claimed.delivery.recipient);
        let mut waiting = self.open.iter();
        waiting.any(|((_, recipient), message)| {
            let is_same = recipient == to && message.thread == *thread;
            is_same && message.severity == Severity::Critical
        })
    }

    fn settle(&mut self, which: usize, came: u8) {
        let Some(name) = self.claimed.iter().nth(which).cloned() else {
            return;
        };
        self.claimed.remove(&name);
        let words = "words".to_owned();
        let came = match came {
            0 | 1 => Attempt::Sent(words),
            2 => Attempt::Dead(words),
            3 => Attempt::RetryAfter(std::time::Duration::from_secs(9), words),
            4 => Attempt::Misconfigured(words),
            _ => Attempt::Retry(words),
        };
        self.outbox.settle(&name.0, &name.1, &came, self.now);
        if matches!(came, Attempt::Sent(_) | Attempt::Dead(_)) {
            self.open.remove(&name);
        }
    }

    fn crash(&mut self) {
        self.claimed.clear();
        let messages: Vec<OutboxMessage> = self.messages.values().cloned().collect();
        let deliveries: Vec<Delivery> = self.deliveries.values().cloned().collect();
        self.open.clear();
        for (name, row) in &self.deliveries {
            if row.state == DeliveryState::Queued {
                self.open
                    .insert(name.clone(), self.messages[&name.0].clone());
            }
        }
        self.outbox = Outbox::open(messages, deliveries);
        self.outbox.set_store_refuses(self.is_refusing);
        self.keep_receivers();
    }

    /// Everything works again, and time goes on.
    fn drain(&mut self) {
        self.take_step(&Step::Refuse(false));
        self.take_step(&Step::Configure(true));
        for _ in 0..200 {
            self.now = later(self.now, SignedDuration::from_hours(7));
            self.commit(|_| {});
            while self.claim() {}
            while !self.claimed.is_empty() {
                self.settle(0, 0);
            }
        }
        self.commit(|_| {});
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_settled_twice_or_sent_before_its_time(
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut world = World { now: START, ..World::default() };
        for step in &steps {
            world.take_step(step);
        }
        world.drain();
        prop_assert!(world.open.is_empty(), "never sent: {:?}", world.open.keys());
        let queued = world.deliveries.values().filter(|row| row.state == DeliveryState::Queued);
        prop_assert_eq!(queued.count(), 0);
        prop_assert!(world.outbox.entries.is_empty(), "memory holds what the store has");
        prop_assert_eq!(world.outbox.waiting, 0);
        prop_assert_eq!(world.outbox.snapshot(), OutboxSnapshot::default());
    }

    #[test]
    fn with_the_hour_full_every_critical_message_leaves(
        puts in prop::collection::vec((0..3_usize, 0..3_u8, 1..3_u8), 1..40),
    ) {
        let mut world = World { now: START, ..World::default() };
        world.put(Severity::Info, 9, 1);
        world.commit(|_| {});
        world.take_step(&Step::Surplus { limit: Some(1) });
        prop_assert!(world.claim(), "the hour's only one");
        world.settle(0, 0);
        for (severity, thread, recipients) in puts {
            world.put(Severity::ALL[severity], thread, recipients);
            world.commit(|_| {});
            world.take_step(&Step::Surplus { limit: Some(1) });
        }
        while world.claim() {
            world.settle(0, 0);
        }
        let mut open = world.open.values();
        prop_assert!(open.all(|message| message.severity != Severity::Critical));
    }
}
