//! The only place that reads a clock.
//!
//! Everything else takes the time as an argument. Timers and rates use the
//! monotonic part; the wall clock is for people and for the age of log lines, and
//! may jump.

use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

/// One reading of both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Since the program started. Never goes back; stands still while the machine sleeps.
    pub monotonic: Duration,
    /// The wall clock.
    pub wall: SystemTime,
}

impl Moment {
    /// The wall clock as a timestamp. A clock outside the years -9999 to 9999 reads as the epoch.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::try_from(self.wall).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// Reads the machine's clocks. Cheap to copy; all copies share one start.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts the monotonic part at zero.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// Reads both clocks.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    pub fn now(&self) -> Moment {
        Moment {
            monotonic: self.started.elapsed(),
            wall: SystemTime::now(),
        }
    }
}
