//! What is to be said to people, before anybody knows by which way.
//!
//! The engine decides it, [`crate::compose`] words it for each receiver. Texts in it may
//! hold what a log said: whoever writes them anywhere encodes them for that place.

use std::sync::Arc;

use jiff::Timestamp;
use model::alert::Severity;

use crate::incident::Message;
use crate::updates::RunId;

/// The fact that says when the run of an update began: there only if somebody knows.
pub(crate) const START_FACT: &str = "Start";

/// The fact that says which wave an update is of.
pub(crate) const BATCH_FACT: &str = "Batch";

/// One decision to tell people something.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// Names it, the same if it is decided again after a crash: 16 hexadecimal digits of a
    /// hash over the matter, its beginning and what is said.
    pub id: Arc<str>,
    /// What belongs together: the update run, or the matter with its beginning. Hashed
    /// likewise; the root of a mail's thread.
    pub thread: Arc<str>,
    /// What it says.
    pub kind: NotificationKind,
    /// The rule's id.
    pub rule: Arc<str>,
    /// The type of alert.
    pub alert: Arc<str>,
    /// The matter, see [`model::alert::AlertRow::key`].
    pub key: Arc<str>,
    /// Its number for SNMP, see [`model::alert::AlertRow::index`].
    pub index: u32,
    /// How bad it is.
    pub severity: Severity,
    /// Who is told. Empty: the default receivers.
    pub receivers: Vec<Arc<str>>,
    /// What it is about, sorted by name.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// When it was decided.
    pub at: Timestamp,
    /// The date that it bears: when what it tells happened, or, of a number, when it had
    /// lasted for as long as the rule wants. At most `at`. The same if it is decided again
    /// after a crash, as far as the log or the store tells when that was.
    pub dated: Timestamp,
    /// Since when the matter has been so; of an update the start of the run.
    pub started_at: Timestamp,
    /// When it was over, if it is.
    pub ended_at: Option<Timestamp>,
    /// What is wrong, in one sentence, the same while it lasts and when it is over: no
    /// number in it that changes.
    pub summary: String,
    /// What to do.
    pub action: String,
    /// Where to read more, or empty.
    pub runbook: Arc<str>,
    /// 1 for the first of its key; a follow-up with more members counts on.
    pub number: u32,
    /// Facts for the reader: name and value, in the order of reading.
    pub facts: Vec<(Arc<str>, String)>,
    /// The members of an update, or several events told together.
    pub items: Vec<NotificationItem>,
    /// The last lines of the log that led to it, redacted, the oldest first. At most 5.
    pub log_lines: Vec<String>,
    /// What went wrong while it was worded, for people: it is told in spite of that.
    pub faults: Vec<String>,
}

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationKind {
    /// How an incident stands.
    Incident(Message),
    /// Something happened, and that is all.
    Notice,
    /// Something about an update run.
    Update(RunId),
    /// A test that somebody asked for.
    Test,
    /// Many, told together since there were too many.
    Digest,
}

impl NotificationKind {
    /// The word for labels, headers and payloads: every word that there is stands in
    /// [`Self::WORDS`].
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Incident(Message::Firing) => "firing",
            Self::Incident(Message::Flapping) => "flapping",
            Self::Incident(Message::Reminder) => "reminder",
            Self::Incident(Message::Escalation) => "escalation",
            Self::Incident(Message::Resolved) => "resolved",
            Self::Notice => "notice",
            Self::Update(_) => "update",
            Self::Test => "test",
            Self::Digest => "digest",
        }
    }

    /// Every word of [`Self::word`].
    pub const WORDS: &'static [&'static str] = &[
        "firing",
        "flapping",
        "reminder",
        "escalation",
        "resolved",
        "notice",
        "update",
        "test",
        "digest",
    ];

    /// Whether the matter is over with it.
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::Incident(Message::Resolved))
    }
}

/// One of several that are told together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationItem {
    /// Who or what: a connector's name, most often.
    pub name: Arc<str>,
    /// Whether it is one: else the name is an alert's key, or a message's subject.
    pub is_connector: bool,
    /// What is known: name and value, in the order of reading. Names repeat from item to
    /// item, so that they can be columns.
    pub facts: Vec<(Arc<str>, String)>,
}
