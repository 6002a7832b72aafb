//! Traps and informs: content, receivers, and the queue that they wait in.
//!
//! Something outside decides that there is something to tell and puts a [`Notice`] into
//! an [`Outbox`]; the agent's notifier tells every target of one after another. A
//! trap is sent once and forgotten; an inform is sent again until its receiver confirms
//! it, or patience is over. Every notification carries a number, so that a receiver
//! counts what was lost on the way.
//!
//! The task that sends is in [`crate::run`].

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use crate::alert::Alert;
use crate::message::Pdu;
use crate::oid::Oid;
use crate::provider::{Content, Patience, Sender};
use crate::tree::binding;
use crate::tree::ztna::{alert_cells, alert_object, notification, sequence_object};
use crate::users::Secret;
use crate::value::Value;

/// Notices that wait in memory at most. More are refused, and counted.
pub const WAITING_MAX: usize = 256;

/// sysUpTime.0, first in every notification (RFC 3416 4.2.6).
const UPTIME: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 3, 0];

/// snmpTrapOID.0, second in every notification.
const TRAP_NAME: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];

/// coldStart (RFC 3418).
const COLD_START: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 5, 1];

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The agent has started, and its counters with it.
    Started,
    /// An alert fires.
    Firing(Alert),
    /// An alert fires no more.
    Resolved(Alert),
    /// Somebody tries whether notifications arrive.
    Test,
}

/// A notice that waits, with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// ztnaAlertSeq: one more than the one before.
    pub number: u32,
    /// What is told.
    pub notice: Notice,
}

/// How one notice fared with one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A trap went away; nobody knows whether it arrived.
    Sent,
    /// An inform was confirmed by its receiver.
    Confirmed,
    /// Not, for this reason.
    Failed(String),
}

/// Where notices wait.
pub trait Outbox: Send + Sync {
    /// Puts a notice at the end. `false` if there is no room.
    fn put(&self, notice: Notice) -> bool;

    /// All notices that wait and are due, in the order in which they came. Each stays
    /// until it is settled.
    fn due(&self) -> Vec<Waiting>;

    /// All targets are through with the notice, with these results by target. Afterwards
    /// it is gone, or not due for a while: what is due is taken at once. A later notice
    /// may be settled before an earlier one, after a change of targets.
    fn settle(&self, number: u32, deliveries: &[(String, Delivery)]);
}

/// An outbox that dies with the process.
#[derive(Debug, Default)]
pub struct OutboxInMemory {
    state: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    last: u32,
    waiting: VecDeque<Waiting>,
}

impl Outbox for OutboxInMemory {
    fn put(&self, notice: Notice) -> bool {
        let mut queue = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.waiting.len() >= WAITING_MAX {
            return false;
        }
        // 0 stands for "none yet", so the number after the largest is 1.
        queue.last = queue.last.checked_add(1).unwrap_or(1);
        let number = queue.last;
        queue.waiting.push_back(Waiting { number, notice });
        true
    }

    fn due(&self) -> Vec<Waiting> {
        let queue = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        queue.waiting.iter().cloned().collect()
    }

    fn settle(&self, number: u32, _deliveries: &[(String, Delivery)]) {
        let mut queue = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        queue.waiting.retain(|waiting| waiting.number != number);
    }
}

/// How a target is told.
#[derive(Debug, Clone)]
pub enum Via {
    /// SNMPv2c trap with a community.
    Trap(Secret),
    /// SNMPv3 trap, signed by one of the agent's own users.
    TrapAs(String),
    /// Inform of either version, confirmed by its receiver.
    Inform(Sender, Patience),
}

/// Whom to tell.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name in the configuration.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// How it is told.
    pub via: Via,
}

/// What a notice says.
pub fn content(waiting: &Waiting, base: &Oid, uptime: u32) -> Content {
    let number = (sequence_object(base), Value::Gauge32(waiting.number));
    let (name, mut objects) = match &waiting.notice {
        Notice::Started => (Oid::new(COLD_START), Vec::new()),
        Notice::Firing(alert) => (notification(base, 1), about(alert, base)),
        Notice::Resolved(alert) => (notification(base, 2), about(alert, base)),
        Notice::Test => (notification(base, 3), Vec::new()),
    };
    // coldStart is not ours to add to.
    if waiting.notice != Notice::Started {
        objects.push(number);
    }
    Content {
        uptime,
        name,
        objects,
    }
}

fn about(alert: &Alert, base: &Oid) -> Vec<(Oid, Value)> {
    let cells = alert_cells(alert).into_iter();
    cells
        .map(|(column, value)| (alert_object(base, column, alert.index), value))
        .collect()
}

/// The trap of a content.
pub fn trap_pdu(content: &Content, id: i32) -> Pdu {
    let mut bindings = binding(UPTIME, &Value::TimeTicks(content.uptime));
    bindings.extend(binding(TRAP_NAME, &Value::ObjectId(content.name.clone())));
    for (name, value) in &content.objects {
        bindings.extend(binding(name.numbers(), value));
    }
    Pdu {
        id,
        bindings,
        ..Pdu::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::ztna::DEFAULT_BASE;

    #[test]
    fn a_full_outbox_refuses_and_numbers_go_on() {
        let outbox = OutboxInMemory::default();
        let put = (0..WAITING_MAX + 3).filter(|_| outbox.put(Notice::Test));
        assert_eq!(put.count(), WAITING_MAX);
        let due = outbox.due();
        assert_eq!((due[0].number, outbox.due()), (1, due.clone()));
        outbox.settle(1, &[]);
        assert_eq!(outbox.due()[0].number, 2);
        assert!(outbox.put(Notice::Test));
        let last = outbox.state.lock().unwrap().waiting.back().unwrap().number;
        assert_eq!(usize::try_from(last).unwrap(), WAITING_MAX + 1);
    }

    #[test]
    fn uptime_and_name_come_first() {
        let waiting = Waiting {
            number: 7,
            notice: Notice::Test,
        };
        let content = content(&waiting, &Oid::new(DEFAULT_BASE), 99);
        assert_eq!(
            content.name.to_string(),
            "1.3.6.1.4.1.8072.9999.9999.10942.1.0.3"
        );
        let pdu = trap_pdu(&content, 1);
        let uptime = binding(UPTIME, &Value::TimeTicks(99));
        assert!(pdu.bindings.starts_with(&uptime));
        let name = binding(TRAP_NAME, &Value::ObjectId(content.name.clone()));
        assert!(pdu.bindings[uptime.len()..].starts_with(&name));
    }
}
