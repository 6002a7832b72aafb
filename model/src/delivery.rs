//! Messages on their way to people and programs, and what became of each.
//!
//! A message is rendered once, when it is decided; its bytes are stored and every attempt
//! sends the same ones. What it says and how it is sent is the room `alerts`'.

use std::sync::Arc;

use jiff::Timestamp;

use crate::alert::Severity;

/// By which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Mail by SMTP.
    Email,
    /// HTTP with Alertmanager's payload.
    Webhook,
    /// An Alertmanager's own interface.
    Alertmanager,
    /// RFC 5424.
    Syslog,
    /// A trap or inform.
    Snmp,
    /// A program of the operator's.
    Exec,
}

impl Channel {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Email,
        Self::Webhook,
        Self::Alertmanager,
        Self::Syslog,
        Self::Snmp,
        Self::Exec,
    ];

    /// The word in configuration, store and labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Alertmanager => "alertmanager",
            Self::Syslog => "syslog",
            Self::Snmp => "snmp",
            Self::Exec => "exec",
        }
    }

    /// Finds a channel by its word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }
}

/// A message for one receiver, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// Names it, the same for every attempt and after every restart. Of a mail it is the
    /// Message-ID without its angle brackets.
    pub id: Arc<str>,
    /// The order in which messages were decided; counts on over restarts.
    pub serial: u64,
    /// The receiver's configured name.
    pub receiver: Arc<str>,
    /// By which way.
    pub channel: Channel,
    /// Messages of one thread reach a recipient in their order.
    pub thread: Arc<str>,
    /// The rule that it comes from.
    pub rule: Arc<str>,
    /// The matter, see [`crate::alert::AlertRow::key`].
    pub key: Arc<str>,
    /// How bad it is.
    pub severity: Severity,
    /// One line for people: a mail's subject.
    pub subject: String,
    /// When it was rendered.
    pub created_at: Timestamp,
    /// What is sent. A mail's bytes without the line `To:`, which each delivery puts in
    /// front. Empty where only the envelope is wanted.
    pub body: Vec<u8>,
}

/// How the delivery of a message to one recipient stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeliveryState {
    /// To be sent, or sent again.
    Queued,
    /// The receiver has taken it.
    Sent,
    /// The receiver refused it for good, or it was tried for too long.
    Dead,
    /// There were too many: it stands in a digest instead.
    Digested,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Queued, Self::Sent, Self::Dead, Self::Digested];

    /// The word in store and labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Digested => "digested",
        }
    }

    /// Finds a state by its word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }
}

/// The delivery of one message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The message's id.
    pub message: Arc<str>,
    /// A mail address, or empty for a channel that has one address only.
    pub recipient: Arc<str>,
    /// How it stands.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
    /// When to try next, while it is queued.
    pub next_at: Timestamp,
    /// What the receiver said last, with its code: one line without control characters.
    pub last_reply: String,
    /// When it left the queue.
    pub settled_at: Option<Timestamp>,
}
