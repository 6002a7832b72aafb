//! What came of a timeline.

use std::time::Duration;

use model::alert::HistoryRow;
use model::delivery::OutboxMessage;

use super::mail::Letter;

/// A message that was decided.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// How long after the beginning.
    pub at: Duration,
    /// The message.
    pub message: OutboxMessage,
    /// Its recipients, sorted.
    pub to: Vec<String>,
    /// What it says.
    pub letter: Letter,
}

/// All that came of a timeline.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// The messages, in the order of decisions.
    pub seen: Vec<Seen>,
    /// The decisions.
    pub history: Vec<(Duration, HistoryRow)>,
    /// What went wrong with rules or templates, in words for people.
    pub faults: Vec<String>,
}
