//! Deliveries that were given up, for the log and for whoever is to hear of it.
//!
//! Recipients are people, and a receiver's words may repeat their addresses: of both only
//! the code that stands in the words is kept here. The store has the words.

use std::fmt;
use std::sync::Arc;

use model::delivery::OutboxMessage;

use super::{AGENT_FAULT_RULE, Attempt, Outbox};

/// Most dead deliveries that are kept one by one until somebody asks for them.
pub const DEAD_MAX: usize = 100;

/// A delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadDelivery {
    /// The message's id.
    pub message: Arc<str>,
    /// The receiver's configured name.
    pub receiver: Arc<str>,
    /// The rule that the message comes from.
    pub rule: Arc<str>,
    /// Why.
    pub cause: Cause,
}

/// Why a delivery was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The receiver refused it, or it cannot be sent at all; with the code of SMTP or HTTP
    /// if there was one.
    Refused(Option<u16>),
    /// It was tried for too long.
    TooOld,
    /// Nobody has configured its receiver for too long.
    NotConfigured,
}

impl Cause {
    /// Of an attempt after which a delivery was given up.
    pub(super) fn of(came: &Attempt) -> Self {
        match came {
            Attempt::Dead(words) => Self::Refused(code(words)),
            Attempt::Sent(_)
            | Attempt::Retry(_)
            | Attempt::RetryAfter(..)
            | Attempt::Misconfigured(_) => Self::TooOld,
        }
    }

    /// In words for people.
    pub fn words(self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(Some(code)) => write!(to, "refused with {code}"),
            Self::Refused(None) => to.write_str("refused"),
            Self::TooOld => to.write_str("tried for five days"),
            Self::NotConfigured => {
                to.write_str("no receiver of this name was configured for five days")
            }
        }
    }
}

/// The code of a reply: three digits among its first words.
fn code(words: &str) -> Option<u16> {
    let mut tokens = words.split([' ', '-']).take(3);
    tokens.find_map(|token| {
        let is_code = token.len() == 3 && token.bytes().all(|one| one.is_ascii_digit());
        let code = is_code.then(|| token.parse().ok())?;
        code.filter(|code| (400..600).contains(code))
    })
}

impl Outbox {
    /// Notes that a delivery of a message was given up.
    pub(super) fn mourn(&mut self, message: &OutboxMessage, cause: Cause) {
        self.has_refusal |= &*message.rule != AGENT_FAULT_RULE;
        if DEAD_MAX <= self.dead.len() {
            self.dead_unlisted = self.dead_unlisted.saturating_add(1);
            return;
        }
        self.dead.push(DeadDelivery {
            message: message.id.clone(),
            receiver: message.receiver.clone(),
            rule: message.rule.clone(),
            cause,
        });
    }

    /// Deliveries that were given up since the last call, and how many more than listed.
    pub fn take_dead(&mut self) -> (Vec<DeadDelivery>, u64) {
        let dead = std::mem::take(&mut self.dead);
        (dead, std::mem::take(&mut self.dead_unlisted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_has_the_code_and_no_address() {
        for (words, wanted) in [
            (
                "550 5.1.1 <bob@example.com>: no such user",
                "refused with 550",
            ),
            ("552-too big", "refused with 552"),
            ("HTTP 410 Gone", "refused with 410"),
            ("`bob@500.example.com` is no mail address", "refused"),
            ("its text was lost with the store", "refused"),
            ("exit code 250", "refused"),
            ("", "refused"),
        ] {
            let cause = Cause::of(&Attempt::Dead(words.to_owned()));
            assert_eq!(cause.to_string(), wanted, "{words}");
        }
        let old = Cause::of(&Attempt::Retry("451 later".to_owned()));
        assert_eq!(old.to_string(), "tried for five days");
    }
}
