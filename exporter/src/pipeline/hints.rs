//! Notices early that something happened in a folder of logs.
//!
//! A hint only hastens the next scan; without any, scanning goes on at its own
//! pace. The watch is taken off after its first hint and put on again a second
//! later, since a log that is written ten thousand times a second would wake us as
//! often for nothing.

use std::path::PathBuf;
use std::time::Duration;

use tail::watch::{WatchStatus, Watcher};

/// How long after a hint the watch stays off: the pace of the scans themselves.
const REST: Duration = Duration::from_secs(1);

/// A watch that is armed once a second at most.
pub struct Hints {
    watcher: Watcher,
    armed_at: Option<Duration>,
    is_armed: bool,
}

impl Hints {
    /// Not watching anything yet.
    pub fn new() -> Self {
        Self {
            watcher: Watcher::new(|| {}),
            armed_at: None,
            is_armed: false,
        }
    }

    /// Whether something happened since the last call; arms the watch on
    /// `directories` if it is due.
    pub fn take(
        &mut self,
        monotonic: Duration,
        directories: impl FnOnce() -> Vec<PathBuf>,
    ) -> bool {
        let is_hinted = self.is_armed && self.watcher.take_hint();
        if is_hinted {
            self.watcher.watch(&[]);
            self.is_armed = false;
        }
        let is_due = self
            .armed_at
            .is_none_or(|at| monotonic.saturating_sub(at) >= REST);
        if is_due {
            self.watcher.watch(&directories());
            self.armed_at = Some(monotonic);
            self.is_armed = true;
        }
        is_hinted
    }

    /// Whether the system gives hints at all.
    pub const fn is_active(&self) -> bool {
        matches!(self.watcher.status(), WatchStatus::Watching)
    }
}

impl Default for Hints {
    fn default() -> Self {
        Self::new()
    }
}
