//! The outbox, as the writer and the lanes of delivery share it.
//!
//! The writer puts messages in and commits what changed; lanes take deliveries out and say
//! what came of them. The lock is held for moments only, never while anything is sent,
//! worded or stored.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alerts::outbox::Outbox;
use tokio::sync::watch;

/// The outbox with what tells both sides of news.
#[derive(Debug)]
pub struct Tray {
    outbox: Mutex<Outbox>,
    /// Lanes settled something that no commit has seen.
    is_settled: AtomicBool,
    /// Counts what lanes may want to look at.
    news: watch::Sender<u64>,
}

impl Tray {
    /// A tray with this in it.
    pub fn new(outbox: Outbox) -> Arc<Self> {
        Arc::new(Self {
            outbox: Mutex::new(outbox),
            is_settled: AtomicBool::new(false),
            news: watch::channel(0).0,
        })
    }

    /// The outbox, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, Outbox> {
        // Its rows make sense after any of its calls, so also after one that panicked.
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Only these receivers are in force. Says in the log for whom messages wait that nobody
    /// will send, once for each.
    pub fn keep_receivers(&self, receivers: &[Arc<str>]) {
        let missed = self.lock().keep_receivers(receivers);
        for (receiver, deliveries) in missed {
            tracing::warn!(
                %receiver,
                deliveries,
                "messages wait for a receiver that is not configured any more"
            );
        }
        // What waited for one that is back may leave.
        self.tell_lanes();
    }

    /// There may be something to send.
    pub fn tell_lanes(&self) {
        self.news
            .send_modify(|number| *number = number.wrapping_add(1));
    }

    /// Changes with [`Self::tell_lanes`].
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Something was settled, and should be committed soon.
    pub fn tell_writer(&self) {
        self.is_settled.store(true, Ordering::Release);
    }

    /// Whether something was settled.
    pub fn is_settled(&self) -> bool {
        self.is_settled.load(Ordering::Acquire)
    }

    /// What was settled until now is about to be committed.
    pub fn look_at_settled(&self) {
        self.is_settled.store(false, Ordering::Release);
    }
}
