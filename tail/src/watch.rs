//! Wakes the reader early when a directory changes.
//!
//! A hint and nothing more: the tailer polls anyway, so a watch that fails, drops
//! events or never starts costs latency only. What failed is a status to show.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// Watches directories, not files: a log is renamed and created within them.
pub struct Watcher {
    inner: Option<RecommendedWatcher>,
    directories: Vec<PathBuf>,
    is_changed: Arc<AtomicBool>,
    status: WatchStatus,
}

/// How far the watch works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchStatus {
    /// Every wanted directory that exists is watched.
    Watching,
    /// Some are not, with the system's words about the last one that failed.
    Partial(String),
    /// None is: the kernel refused. Polling alone finds changes.
    Off(String),
}

impl Watcher {
    /// Starts a watch over no directory yet. `wake` is called from another thread at
    /// each change, and must only set a flag or send a signal.
    pub fn new(wake: impl Fn() + Send + 'static) -> Self {
        let is_changed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_changed);
        // An error is a hint as well: an overflow means that much has changed.
        let built = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Our own reading must not wake us.
            if event.is_ok_and(|seen| seen.kind.is_access()) {
                return;
            }
            flag.store(true, Ordering::Release);
            wake();
        });
        let (inner, status) = match built {
            Ok(watcher) => (Some(watcher), WatchStatus::Watching),
            Err(err) => (None, WatchStatus::Off(err.to_string())),
        };
        Self {
            inner,
            directories: Vec::new(),
            is_changed,
            status,
        }
    }

    /// Watches exactly these directories from now on. Ones that cannot be watched
    /// are tried again at the next call.
    pub fn watch(&mut self, wanted: &[PathBuf]) {
        let Some(inner) = self.inner.as_mut() else {
            return;
        };
        self.directories.retain(|directory| {
            let is_kept = wanted.contains(directory) && directory.is_dir();
            if !is_kept {
                // Already gone with its directory, or not: both are fine.
                drop(inner.unwatch(directory));
            }
            is_kept
        });
        self.status = WatchStatus::Watching;
        for directory in wanted {
            if self.directories.contains(directory) || !directory.is_dir() {
                continue;
            }
            match inner.watch(directory, RecursiveMode::NonRecursive) {
                Ok(()) => self.directories.push(directory.clone()),
                Err(err) => self.status = WatchStatus::Partial(err.to_string()),
            }
        }
    }

    /// Whether something changed since the last call.
    pub fn take_hint(&self) -> bool {
        self.is_changed.swap(false, Ordering::AcqRel)
    }

    /// How far it works now.
    pub const fn status(&self) -> &WatchStatus {
        &self.status
    }
}
