//! What survives: one SQLite file, one writer, one transaction a turn.
//!
//! A [`Turn`] carries the places in the logs, the counters and the states that
//! belong together, and [`Store::commit`] makes all of it durable or none of it. So
//! a process that is killed at any instant finds, when it starts again, counters
//! that fit its places in the logs exactly.
//!
//! This room knows nothing of how the values came to be (`exporter` folds them),
//! nor of files being read (`tail`). It keeps no history of events beyond the latest,
//! one of alerts and messages within bounds, and it never tries again by itself: the
//! caller decides when to commit again.

mod alert_rows;
mod error;
mod kept;
mod look_up;
mod open;
mod outbox;
mod quarantine;
mod read_rows;
mod retention;
mod schema;
mod turn;
mod write_rows;
mod writer;

pub use error::{CommitError, CommitFailure, OpenError};
pub use kept::{KEPT_ENTRIES_MAX, KEPT_KEY_BYTES_MAX, KEPT_VALUE_BYTES_MAX, KeptError, check_kept};
pub use look_up::{LookUpError, look_up};
pub use outbox::{ALERT_STATES_MAX, HistoryQuery, OutboxError, OutboxReader, StoredDelivery};
pub use retention::{ALERT_ROWS_KEPT, ALERT_ROWS_MAX, BODY_BYTES_MAX};
pub use turn::{
    LastEvent, LastRead, LogName, NearMissSample, PositionUpdate, Restored, StoredPosition, Turn,
};
pub use writer::{CommitReport, Opened, POSITIONS_MAX, Store};
