//! Sends what waits: a lane for each receiver, so that a silent server holds up nobody but
//! its own mails.
//!
//! The one part of this room that touches the world. A lane claims from the [`Desk`], sends
//! with a time limit for each step, and says what came of it. It decides nothing: what is
//! tried again, and when, is the outbox's. A lane that dies is begun again. Beside the lanes,
//! [`refresh`] tells Alertmanagers once a minute what still fires.

mod connect;
mod exec;
mod http;
mod lane;
mod mail;
pub mod refresh;
mod syslog;
#[cfg(test)]
mod tests;
mod tls;
mod webhook;

use std::sync::Arc;

use jiff::Timestamp;
use model::delivery::OutboxMessage;
use tokio::sync::watch;

use self::lane::{Lane, Tools};
use crate::outbox::schedule::one_line;
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

/// What came of an attempt, and whether the next message of the receiver would fare alike.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    attempt: Attempt,
    /// Whether the receiver itself failed: its server, the way to it, our settings.
    is_of_receiver: bool,
}

impl Outcome {
    /// It is about this message or recipient.
    const fn of_message(attempt: Attempt) -> Self {
        Self {
            attempt,
            is_of_receiver: false,
        }
    }

    /// It is about the receiver: the next message would fare alike.
    const fn of_receiver(attempt: Attempt) -> Self {
        Self {
            attempt,
            is_of_receiver: true,
        }
    }
}

/// What somebody else said, as one bounded line.
fn words(text: &str) -> String {
    one_line(text)
}

/// All lanes.
pub struct Deliverer {
    desk: Arc<dyn Desk>,
    traps: Option<Arc<dyn TrapSender>>,
    identity: Option<Identity>,
    lanes: Vec<Lane>,
}

impl Deliverer {
    /// Nothing is sent yet.
    pub fn new(desk: Arc<dyn Desk>, traps: Option<Arc<dyn TrapSender>>) -> Self {
        Self {
            desk,
            traps,
            identity: None,
            lanes: Vec::new(),
        }
    }

    /// Puts these receivers in force: lanes of those that stay as they are go on, the
    /// others end after what they are just sending, a few seconds at most. Wants a Tokio
    /// runtime.
    pub async fn change(&mut self, identity: &Identity, receivers: Vec<Receiver>) {
        let is_same_agent = self.identity.as_ref() == Some(identity);
        let lanes = std::mem::take(&mut self.lanes);
        let stays = |lane: &Lane| is_same_agent && receivers.contains(&lane.receiver);
        let (kept, ended): (Vec<Lane>, Vec<Lane>) = lanes.into_iter().partition(stays);
        self.lanes = kept;
        end(ended).await;
        self.identity = Some(identity.clone());
        for receiver in receivers {
            if self.lanes.iter().any(|lane| lane.receiver == receiver) {
                continue;
            }
            let tools = Tools {
                desk: self.desk.clone(),
                traps: self.traps.clone(),
                identity: identity.clone(),
            };
            self.lanes.push(Lane::begin(receiver, tools));
        }
    }

    /// Ends all lanes. What is being sent has a moment to end well.
    pub async fn stop(&mut self) {
        end(std::mem::take(&mut self.lanes)).await;
    }
}

/// Ends lanes, all at the same time.
async fn end(lanes: Vec<Lane>) {
    for lane in &lanes {
        lane.ask_to_stop();
    }
    for lane in lanes {
        lane.ended().await;
    }
}
