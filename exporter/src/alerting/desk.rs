//! Where the lanes of delivery find work: the outbox in memory, bodies in the store.
//!
//! A body that the store lost goes out without: a lane then words a plain message of the
//! subject, since half a message is better than none.

use std::sync::Arc;

use alerts::deliver::Desk;
use alerts::outbox::{Attempt, Claimed, Next};
use jiff::Timestamp;
use store::{OutboxError, OutboxReader};
use tokio::sync::watch;
use tracing::warn;

use super::tray::Tray;
use crate::clock::Clock;

/// The desk of the running agent.
#[derive(Debug)]
pub struct OutboxDesk {
    tray: Arc<Tray>,
    reader: OutboxReader,
    clock: Clock,
}

impl OutboxDesk {
    /// A desk over this outbox, whose bodies `reader` finds.
    pub const fn new(tray: Arc<Tray>, reader: OutboxReader, clock: Clock) -> Self {
        Self {
            tray,
            reader,
            clock,
        }
    }

    fn with_body(&self, mut claimed: Box<Claimed>) -> Result<Next, String> {
        if !claimed.is_body_stored {
            return Ok(Next::Now(claimed));
        }
        match self.reader.body(&claimed.message.id) {
            Ok(Some(body)) => claimed.message.body = body,
            Ok(None) => warn!(message = %claimed.message.id, "a message's text is gone"),
            Err(error @ OutboxError::Damaged { .. }) => {
                warn!(message = %claimed.message.id, %error, "a message's text is damaged");
            }
            Err(error @ (OutboxError::Missing { .. } | OutboxError::Database { .. })) => {
                self.give_back(&claimed.message.id, &claimed.delivery.recipient);
                return Err(format!("{:#}", anyhow::Error::from(error)));
            }
        }
        Ok(Next::Now(claimed))
    }
}

impl Desk for OutboxDesk {
    fn begin(&self, receiver: &str) {
        self.tray.lock().hasten(receiver, self.now());
    }

    fn claim(&self, receiver: &str) -> Result<Next, String> {
        // The lock ends here: a body is read without it.
        let next = self.tray.lock().claim(receiver, self.now());
        match next {
            Next::Now(claimed) => self.with_body(claimed),
            Next::At(_) | Next::Empty => Ok(next),
        }
    }

    fn settle(&self, message: &str, recipient: &str, came: &Attempt) {
        let now = self.now();
        self.tray.lock().settle(message, recipient, came, now);
        self.tray.tell_writer();
    }

    fn give_back(&self, message: &str, recipient: &str) {
        self.tray.lock().give_back(message, recipient);
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.tray.news()
    }

    fn now(&self) -> Timestamp {
        self.clock.now().timestamp()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use alerts::outbox::Outbox;
    use model::alert::Severity;
    use model::delivery::{Channel, Delivery, DeliveryState, OutboxMessage};
    use store::{Store, Turn};
    use tempfile::TempDir;

    use super::*;

    fn message(body: &str) -> (OutboxMessage, Vec<Delivery>) {
        let at = Timestamp::UNIX_EPOCH;
        let message = OutboxMessage {
            id: "m".into(),
            serial: 1,
            receiver: "ops".into(),
            channel: Channel::Email,
            thread: "t".into(),
            rule: "r".into(),
            key: "k".into(),
            severity: Severity::Warning,
            subject: "subject".to_owned(),
            created_at: at,
            body: body.as_bytes().to_vec(),
        };
        let delivery = Delivery {
            message: "m".into(),
            recipient: "a@example.com".into(),
            state: DeliveryState::Queued,
            attempts: 0,
            next_at: at,
            last_reply: String::new(),
            settled_at: None,
        };
        (message, vec![delivery])
    }

    /// A desk whose outbox has one message, committed to a store in the folder.
    fn desk() -> (TempDir, OutboxDesk, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let tray = Tray::new(Outbox::default());
        let (one, deliveries) = message("body");
        tray.lock().put(one, deliveries);
        let clock = Clock::start();
        let desk = OutboxDesk::new(tray, OutboxReader::new(&path), clock);
        (folder, desk, path)
    }

    fn commit(desk: &OutboxDesk, path: &std::path::Path) {
        let (mut store, _, _) = Store::open(path, Timestamp::UNIX_EPOCH).unwrap();
        let (messages, deliveries) = desk.tray.lock().uncommitted();
        let turn = Turn {
            messages,
            deliveries,
            ..Turn::default()
        };
        store.commit(&turn).unwrap();
        desk.tray.lock().mark_committed();
    }

    #[test]
    fn a_lane_finds_the_body_once_the_store_has_it_and_not_before() {
        let (_folder, desk, path) = desk();
        assert_eq!(desk.claim("ops"), Ok(Next::Empty));
        commit(&desk, &path);
        let Ok(Next::Now(claimed)) = desk.claim("ops") else {
            panic!("nothing to send");
        };
        assert_eq!(claimed.message.body, b"body");
        assert_eq!(desk.claim("ops"), Ok(Next::Empty));
        assert!(!desk.tray.is_settled());
        desk.settle("m", "a@example.com", &Attempt::Sent("250 ok".to_owned()));
        assert!(desk.tray.is_settled());
        let (messages, deliveries) = desk.tray.lock().uncommitted();
        assert!(messages.is_empty());
        assert_eq!(deliveries[0].state, DeliveryState::Sent);
    }

    #[test]
    fn a_store_that_cannot_be_read_costs_nobody_a_message() {
        let (_folder, desk, path) = desk();
        commit(&desk, &path);
        std::fs::rename(&path, path.with_extension("away")).unwrap();
        assert!(desk.claim("ops").is_err());
        std::fs::rename(path.with_extension("away"), &path).unwrap();
        assert!(matches!(desk.claim("ops"), Ok(Next::Now(_))));
    }
}
