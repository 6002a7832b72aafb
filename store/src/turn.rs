//! What one turn writes, and what a start finds.
//!
//! All values are absolute: the count, not the increment; the place, not the step.
//! Committing a turn twice is the same as committing it once, which is what makes
//! "try again after a failure" safe. A turn holds what changed and nothing else.
//!
//! Logs are named by connector and log, never by their place in a configuration:
//! the places change when a person edits the file.

use std::sync::Arc;

use jiff::Timestamp;
use model::alert::HistoryRow;
use model::connector::ConnectorState;
use model::delivery::{Delivery, OutboxMessage};
use model::event::EventKind;
use model::position::{FileId, Position};
use model::reading::SeriesKey;
use model::snapshot::{MessageSnapshot, RecentEvent};
use model::untrusted::Untrusted;

/// Names one configured log of one connector, in a way that outlives a reload.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogName {
    /// The connector's configured name.
    pub connector: Arc<str>,
    /// The log's configured name.
    pub log: Arc<str>,
}

/// Everything that one turn changed. Each value replaces the stored one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Turn {
    /// Counters that moved, with their new values.
    pub counters: Vec<(SeriesKey, u64)>,
    /// Files that were read further, or are gone.
    pub positions: Vec<PositionUpdate>,
    /// Connectors whose state changed, whole.
    pub states: Vec<(Arc<str>, ConnectorState)>,
    /// When events happened last.
    pub last_events: Vec<LastEvent>,
    /// Events that are new in this turn, oldest first. Of all turns the store keeps
    /// [`model::snapshot::RECENT_EVENTS_MAX`]: of each connector the newest, then the ones
    /// before these, until so many are taken. Beside these the last
    /// [`model::snapshot::OWN_EVENTS_MAX`] of each, of as many connectors as there can be.
    ///
    /// The one list that is not absolute, so the store keys an event by its place:
    /// connector, log, file, offset and `read_at`. An event committed twice is kept
    /// once.
    pub recent_events: Vec<RecentEvent>,
    /// Last near misses by function.
    pub near_miss_samples: Vec<NearMissSample>,
    /// When logs were read last.
    pub last_read: Vec<LastRead>,
    /// Small values that other parts of the program keep, by key; `None` removes one.
    /// Within the bounds of [`crate::check_kept`]: others are not found again.
    pub kept: Vec<(Arc<str>, Option<Vec<u8>>)>,
    /// What alerting remembers, by key; `None` removes one. At most
    /// [`crate::ALERT_STATES_MAX`] are found again.
    pub alert_states: Vec<(Arc<str>, Option<Vec<u8>>)>,
    /// Messages that are new. One that is stored already stays as it is.
    pub messages: Vec<OutboxMessage>,
    /// Deliveries that are new or went on; each replaces the one of the same message and
    /// recipient.
    pub deliveries: Vec<Delivery>,
    /// Decisions that are new; each replaces the one of the same serial.
    pub history: Vec<HistoryRow>,
    /// The next file id that was never given out. Never falls: a smaller number
    /// than the stored one leaves the stored one.
    pub next_file_id: u64,
}

/// What became of a file's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PositionUpdate {
    /// The file was read further, or is new.
    Moved(StoredPosition),
    /// The file is gone or was forgotten by age. Unknown ids are no error.
    Forgotten(FileId),
}

/// A file's place with its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPosition {
    /// The file.
    pub id: FileId,
    /// The log that it belongs to.
    pub log: LogName,
    /// Where it stands.
    pub position: Position,
}

/// When an event happened last on a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastEvent {
    /// The connector's name.
    pub connector: Arc<str>,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
}

/// The last line of a known function whose text fits no known event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMissSample {
    /// Where it was read.
    pub log: LogName,
    /// `file.cpp:function`, from the catalogue.
    pub function: Arc<str>,
    /// The line, redacted.
    pub sample: Untrusted,
}

/// When a line of a log was read last, or a tool of a vendor answered last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRead {
    /// The log. A tool stands here under a name that no log can have, such as
    /// `tool:nsdiag`.
    pub log: LogName,
    /// When.
    pub at: Timestamp,
}

/// Everything that a start finds: the fold of all committed turns.
///
/// Rows of signals, events or states that this version does not know are left out;
/// another version wrote them, and they stay in the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Restored {
    /// Counters with their values, sorted by key.
    pub counters: Vec<(SeriesKey, u64)>,
    /// Places in files, sorted by id.
    pub positions: Vec<StoredPosition>,
    /// States, sorted by connector.
    pub states: Vec<(Arc<str>, ConnectorState)>,
    /// When events happened last, sorted by connector and name of the event.
    pub last_events: Vec<LastEvent>,
    /// The latest events, newest first, those of each connector's own among them.
    pub recent_events: Vec<RecentEvent>,
    /// Last near misses, sorted by log and function.
    pub near_miss_samples: Vec<NearMissSample>,
    /// When logs were read last, sorted by log.
    pub last_read: Vec<LastRead>,
    /// Small values that other parts of the program keep, sorted by key.
    pub kept: Vec<(Arc<str>, Vec<u8>)>,
    /// What alerting remembers, sorted by key.
    pub alert_states: Vec<(Arc<str>, Vec<u8>)>,
    /// Messages that have a queued delivery, by serial, without their bodies: see
    /// [`crate::OutboxReader`].
    pub messages: Vec<OutboxMessage>,
    /// Queued deliveries, by the serial of their message.
    pub deliveries: Vec<Delivery>,
    /// The latest messages with what became of them, newest first, at most
    /// [`model::snapshot::RECENT_MESSAGES_MAX`].
    pub recent_messages: Vec<MessageSnapshot>,
    /// The latest decisions, newest first, at most [`model::snapshot::RECENT_HISTORY_MAX`].
    pub history: Vec<HistoryRow>,
    /// The highest serial that any message has had, or 0.
    pub last_message_serial: u64,
    /// The next file id that was never given out, from 0 on.
    pub next_file_id: u64,
    /// Whether any turn was ever committed. `false` for a fresh or reset store:
    /// then `start_at` decides where unknown files begin.
    pub has_history: bool,
}
