//! The only place that reads a clock.
//!
//! Everything else takes the time as an argument. Timers and rates use the
//! monotonic part, which goes on while the machine sleeps: a laptop that slept for a
//! night has been silent for a night. The wall clock is for people and for the age of
//! log lines, and may jump.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// One reading of both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Since the program started. Never goes back, nor stands still while the machine
    /// sleeps (`CLOCK_BOOTTIME`, clock_gettime(2)).
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
    /// On the clock that counts from the machine's start.
    started: Duration,
}

impl Clock {
    /// Starts the monotonic part at zero.
    pub fn start() -> Self {
        Self {
            started: since_boot(),
        }
    }

    /// Reads both clocks.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    pub fn now(&self) -> Moment {
        Moment {
            monotonic: since_boot().saturating_sub(self.started),
            wall: SystemTime::now(),
        }
    }
}

/// The machine's age, its sleep included. The kernel's numbers are never negative.
fn since_boot() -> Duration {
    let age = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(age.tv_sec).unwrap_or_default(),
        u32::try_from(age.tv_nsec).unwrap_or_default(),
    )
}
