//! Hands alerts from the outbox of alerting to the one of SNMP.
//!
//! A lane of delivery sends to SNMP as to any receiver; what it sends to is the agent's own
//! outbox, which tells every target, again if it has to, and survives a crash on its own.
//! So "sent" means here: taken over, durably if the store commits.

use std::sync::{Arc, Mutex, PoisonError};

use alerts::compose::snmp::{SnmpAlert, SnmpKind};
use alerts::deliver::TrapSender;
use alerts::outbox::Attempt;
use model::alert::Severity as AlertSeverity;
use model::delivery::OutboxMessage;
use snmp_agent::alert::{Alert, Severity};
use snmp_agent::notify::{Notice, Outbox};

/// Stands for the number of an alert that has no row in the table: it happened, and is over.
const NO_ROW: u32 = 2_147_483_647;

/// Wakes whoever tells SNMP's targets.
pub type Bell = Arc<dyn Fn() + Send + Sync>;

/// The way from alerting to SNMP's targets.
pub struct TrapDoor {
    outbox: Arc<dyn Outbox>,
    /// `None` while there are no targets.
    bell: Mutex<Option<Bell>>,
}

impl TrapDoor {
    /// A door that nobody waits behind yet.
    pub fn new(outbox: Arc<dyn Outbox>) -> Self {
        Self {
            outbox,
            bell: Mutex::new(None),
        }
    }

    /// Who waits behind it from now on.
    pub fn set_bell(&self, bell: Option<Bell>) {
        *self.bell.lock().unwrap_or_else(PoisonError::into_inner) = bell;
    }

    fn bell(&self) -> Option<Bell> {
        self.bell
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl TrapSender for TrapDoor {
    fn send(&self, message: &OutboxMessage) -> Attempt {
        let Some(bell) = self.bell() else {
            return Attempt::Misconfigured(
                "snmp has no target: `snmp.targets` names nobody".to_owned(),
            );
        };
        let Some(notice) = notice_of(message) else {
            return Attempt::Dead("what is stored of it is no alert for snmp".to_owned());
        };
        if !self.outbox.put(notice) {
            return Attempt::Retry("too many notices wait for snmp's targets".to_owned());
        }
        bell();
        Attempt::Sent("taken over by the SNMP agent".to_owned())
    }
}

fn notice_of(message: &OutboxMessage) -> Option<Notice> {
    let told = SnmpAlert::read(&message.body).ok()?;
    let severity = match AlertSeverity::from_name(&told.severity)? {
        AlertSeverity::Info => Severity::Info,
        AlertSeverity::Warning => Severity::Warning,
        AlertSeverity::Critical => Severity::Critical,
    };
    let alert = Alert {
        index: Some(told.index)
            .filter(|index| 0 < *index)
            .unwrap_or(NO_ROW),
        rule: told.rule,
        severity,
        connector: told.connector,
        since: told.since,
        summary: told.summary,
        action: told.action,
    };
    Some(match told.kind {
        SnmpKind::Firing => Notice::Firing(alert),
        SnmpKind::Resolved => Notice::Resolved(alert),
        SnmpKind::Test => Notice::Test,
    })
}

#[cfg(test)]
mod tests {
    use model::delivery::Channel;
    use snmp_agent::notify::OutboxInMemory;

    use super::*;

    fn message(kind: &str, index: u32) -> OutboxMessage {
        let body = format!(
            "{{\"kind\":\"{kind}\",\"index\":{index},\"rule\":\"tunnel-down\",\
             \"severity\":\"critical\",\"connector\":\"pub-1\",\
             \"since\":\"2026-11-20T10:00:00Z\",\"summary\":\"s\",\"action\":\"a\"}}"
        );
        OutboxMessage {
            id: "m".into(),
            serial: 1,
            receiver: "noc".into(),
            channel: Channel::Snmp,
            thread: "t".into(),
            rule: "tunnel-down".into(),
            key: "k".into(),
            severity: AlertSeverity::Critical,
            subject: String::new(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
            body: body.into_bytes(),
        }
    }

    #[test]
    fn an_alert_is_taken_over_once_there_is_a_target() {
        let outbox = Arc::new(OutboxInMemory::default());
        let door = TrapDoor::new(Arc::<OutboxInMemory>::clone(&outbox));
        let early = door.send(&message("firing", 3));
        assert!(matches!(early, Attempt::Misconfigured(_)), "{early:?}");
        assert!(outbox.due().is_empty());
        door.set_bell(Some(Arc::new(|| ())));
        for kind in ["firing", "resolved", "test"] {
            let taken = door.send(&message(kind, 3));
            assert!(matches!(taken, Attempt::Sent(_)), "{taken:?}");
        }
        let notices: Vec<Notice> = outbox.due().into_iter().map(|one| one.notice).collect();
        assert!(
            matches!(&notices[..], [Notice::Firing(a), Notice::Resolved(b), Notice::Test]
                if a == b && a.index == 3 && a.severity == Severity::Critical),
            "{notices:?}"
        );
    }

    #[test]
    fn what_is_over_at_once_has_no_row() {
        let Some(Notice::Firing(alert)) = notice_of(&message("firing", 0)) else {
            panic!("no notice");
        };
        assert_eq!(alert.index, NO_ROW);
    }

    #[test]
    fn a_body_of_another_version_is_no_alert() {
        let mut other = message("firing", 1);
        other.body = b"{}".to_vec();
        let door = TrapDoor::new(Arc::new(OutboxInMemory::default()));
        door.set_bell(Some(Arc::new(|| ())));
        assert!(matches!(door.send(&other), Attempt::Dead(_)));
    }

    #[test]
    fn no_room_is_tried_again() {
        let door = TrapDoor::new(Arc::new(OutboxInMemory::default()));
        door.set_bell(Some(Arc::new(|| ())));
        for _ in 0..snmp_agent::notify::WAITING_MAX {
            door.send(&message("test", 0));
        }
        let refused = door.send(&message("test", 0));
        assert!(matches!(refused, Attempt::Retry(_)), "{refused:?}");
    }
}
