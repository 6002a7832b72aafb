//! Tells an Alertmanager again and again what fires, since it takes what nobody repeats for
//! over.
//!
//! Not a lane: nothing of it is stored or tried again, the next time says the same anew. How
//! it goes together with the messages of the lane stands in
//! [`crate::compose::alertmanager`]. When to call it is the caller's, [`INTERVAL`] is how
//! often.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::alert::AlertRow;

use super::webhook::WebhookCarrier;
use crate::compose::Composer;
use crate::outbox::Attempt;
use crate::receiver::{Receiver, Way};
use crate::rule::RuleSet;

/// From one time to the next.
pub const INTERVAL: Duration = Duration::from_secs(60);

/// Keeps alive what fires, at one Alertmanager.
pub struct Refresher {
    receiver: Receiver,
    carrier: WebhookCarrier,
    composer: Composer,
    rules: Arc<RuleSet>,
}

impl Refresher {
    /// One for each Alertmanager among the composer's receivers.
    pub fn all(composer: &Composer, rules: &Arc<RuleSet>) -> Vec<Self> {
        let receivers = composer.receivers().iter();
        let refreshers = receivers.filter_map(|receiver| match &receiver.way {
            Way::Alertmanager(way) => Some(Self {
                receiver: receiver.clone(),
                carrier: WebhookCarrier::alertmanager(&way.http),
                composer: composer.clone(),
                rules: Arc::clone(rules),
            }),
            Way::Email(_) | Way::Webhook(_) | Way::Syslog(_) | Way::Snmp | Way::Exec(_) => None,
        });
        refreshers.collect()
    }

    /// The receiver's name.
    pub fn receiver(&self) -> &Arc<str> {
        &self.receiver.name
    }

    /// Tells what fires among these rows. Nothing is asked if nothing does.
    ///
    /// # Errors
    ///
    /// It was not taken, in words for people: the next time will tell.
    pub async fn refresh(&self, rows: &[AlertRow], now: Timestamp) -> Result<(), String> {
        let bodies = self
            .composer
            .refresh(&self.receiver, rows, &self.rules, now);
        for (place, body) in bodies.into_iter().enumerate() {
            // Something between here and there may know keys: each time is another message.
            let key = format!("refresh-{}-{place}", now.as_millisecond());
            let outcome = self.carrier.post(body, &key, now).await;
            match outcome.attempt {
                Attempt::Sent(_) => {}
                Attempt::Retry(words)
                | Attempt::RetryAfter(_, words)
                | Attempt::Misconfigured(words)
                | Attempt::Dead(words) => return Err(words),
            }
        }
        Ok(())
    }
}
