//! Words a notification for each receiver: bytes that can be sent as they are.
//!
//! Rendered once, when it is decided; what is stored is sent, byte for byte, however
//! often. Everything in a notification may hold what a log said, and is encoded for the
//! place it goes to: header, text, HTML, JSON, structured data.

use jiff::Timestamp;
use model::delivery::{Delivery, OutboxMessage};

use crate::notification::Notification;
use crate::receiver::{Identity, Receiver};

/// Words notifications.
#[derive(Debug, Clone)]
pub struct Composer {
    identity: Identity,
    receivers: Vec<Receiver>,
    defaults: Vec<std::sync::Arc<str>>,
}

/// A notification as messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Composed {
    /// Each with the deliveries of it. Serials are given by the caller.
    pub messages: Vec<(OutboxMessage, Vec<Delivery>)>,
    /// Templates that could not be rendered, in words for people. The built-in text was
    /// used, and says so.
    pub faults: Vec<String>,
}

impl Composer {
    /// Words for these receivers; `defaults` hear what names no receiver.
    pub const fn new(
        identity: Identity,
        receivers: Vec<Receiver>,
        defaults: Vec<std::sync::Arc<str>>,
    ) -> Self {
        Self {
            identity,
            receivers,
            defaults,
        }
    }

    /// The receivers.
    pub fn receivers(&self) -> &[Receiver] {
        &self.receivers
    }

    /// Who the agent is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Words a notification for everybody who is to hear of it.
    pub fn compose(&self, _notification: &Notification, _now: Timestamp) -> Composed {
        let _ = &self.defaults;
        Composed::default()
    }

    /// Words one message that stands for several of one receiver that were too many.
    pub fn digest(
        &self,
        _receiver: &str,
        _messages: &[OutboxMessage],
        _now: Timestamp,
    ) -> Composed {
        Composed::default()
    }
}
