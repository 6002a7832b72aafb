//! What is worth telling people, and how it stands: the nouns of alerting.
//!
//! Rules, decisions and wording are the room `alerts`'; here is only what several rooms
//! name: the store keeps it, the snapshot shows it, SNMP and `/metrics` publish it.

use std::sync::Arc;

use jiff::Timestamp;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Somebody should look.
    Warning,
    /// Somebody should act.
    Critical,
}

impl Severity {
    /// All, the mildest first.
    pub const ALL: &'static [Self] = &[Self::Info, Self::Warning, Self::Critical];

    /// The word in rules, labels and mails.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Finds a severity by its word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }
}

/// How an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertPhase {
    /// In a bad way, not for long enough yet.
    Pending,
    /// In a bad way.
    Firing,
    /// It was, and people may not have heard yet that it is over.
    Resolving,
}

impl AlertPhase {
    /// The word for people and labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolving => "resolving",
        }
    }
}

/// Why people are not told for the time being.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldBy {
    /// Somebody silenced it: the silence's id.
    Silence(Arc<str>),
    /// A maintenance window of this name, or an update that runs.
    Maintenance(Arc<str>),
    /// The alert with this key explains it.
    Inhibition(Arc<str>),
}

/// One alert as readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// Names the matter: the rule's id with the labels that it is told apart by, such as
    /// `tunnel-down{connector="pub-1"}`. The same each time it comes.
    pub key: Arc<str>,
    /// A number from 1 on, the same as long as the matter lasts.
    pub index: u32,
    /// The rule's id.
    pub rule: Arc<str>,
    /// The type of alert, such as `TUNNEL_DOWN`.
    pub alert: Arc<str>,
    /// How bad it is.
    pub severity: Severity,
    /// How it stands.
    pub phase: AlertPhase,
    /// What it is about, sorted by name.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// Since when it has been in this phase.
    pub since: Timestamp,
    /// When it will fire if nothing changes, of a pending one.
    pub fires_at: Option<Timestamp>,
    /// Why people are not told.
    pub held_by: Option<HeldBy>,
    /// Whether people were told, and not yet that it is over.
    pub is_told: bool,
    /// Why it was told, or not, when it was decided last.
    pub reason: Arc<str>,
    /// What is wrong, in one sentence without control characters.
    pub summary: String,
    /// What to do about it, likewise.
    pub action: String,
}

/// A decision about an alert, with its reason: one line of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Counts on from 1 over restarts; the order of decisions.
    pub serial: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// The rule's id.
    pub rule: Arc<str>,
    /// The matter, see [`AlertRow::key`].
    pub key: Arc<str>,
    /// What was decided, a word of a closed list: `firing`, `resolved`, `held`, …
    pub decision: Arc<str>,
    /// Why, in one sentence for people.
    pub reason: String,
    /// The notification that it led to, if it did: the first part of its messages' ids.
    pub notification: Option<Arc<str>>,
}

/// Messages that somebody does not want for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Names it: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    pub id: Arc<str>,
    /// Labels with the values that an alert must have, all of them; `rule`, `alert` and
    /// `severity` are labels here too. A `*` at the end of a value stands for any rest.
    pub matchers: Vec<(Arc<str>, Arc<str>)>,
    /// Who wanted it.
    pub who: String,
    /// Why.
    pub why: String,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// Something wrong with the agent itself. A closed list: it is a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AgentFault {
    /// The store does not commit.
    Store,
    /// A message waits for longer than 15 minutes.
    OutboxAge,
    /// So many messages wait that some were put together.
    OutboxFull,
    /// A receiver's settings are wrong: signing in, TLS or the address is refused.
    MailConfig,
    /// A message was given up for a recipient, by the receiver's own words.
    DeliveryDead,
    /// A rule could not be evaluated.
    Rule,
    /// A template could not be rendered; the built-in text was used.
    Template,
    /// The wall clock was put forward or back.
    ClockJump,
    /// The last reload was refused.
    Reload,
    /// A log that is configured cannot be read.
    LogUnreadable,
    /// Bytes of a log were lost.
    LogLost,
    /// More came in at once than the rules look at.
    EventsSkipped,
}

impl AgentFault {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Store,
        Self::OutboxAge,
        Self::OutboxFull,
        Self::MailConfig,
        Self::DeliveryDead,
        Self::Rule,
        Self::Template,
        Self::ClockJump,
        Self::Reload,
        Self::LogUnreadable,
        Self::LogLost,
        Self::EventsSkipped,
    ];

    /// The value of the label `fault`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::OutboxAge => "outbox_age",
            Self::OutboxFull => "outbox_full",
            Self::MailConfig => "mail_config",
            Self::DeliveryDead => "delivery_dead",
            Self::Rule => "rule",
            Self::Template => "template",
            Self::ClockJump => "clock_jump",
            Self::Reload => "reload",
            Self::LogUnreadable => "log_unreadable",
            Self::LogLost => "log_lost",
            Self::EventsSkipped => "events_skipped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_finds_its_severity() {
        for severity in Severity::ALL {
            assert_eq!(Severity::from_name(severity.name()), Some(*severity));
        }
        assert_eq!(Severity::from_name("Critical"), None);
    }
}
