//! Small values that outlive the process, for parts that have no tables of their own.
//!
//! The writer owns the store, so whoever wants something kept asks it, and waits until
//! the turn that holds it is committed. Meant for what changes seldom.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use super::writer::Input;

/// How long to wait for room in the writer's inbox, and in how many steps.
const ROOM_TIMEOUT: Duration = Duration::from_secs(1);

/// Between two tries to get into the inbox.
const ROOM_STEP: Duration = Duration::from_millis(20);

/// How long a commit may take once the writer knows.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(4);

/// What to say when nobody is there to keep anything.
const GONE: &str = "the writer has ended";

/// Changes of kept values: the new one, or `None` to remove it.
pub type KeptChanges = Vec<(Arc<str>, Option<Vec<u8>>)>;

/// The way to what is kept.
#[derive(Debug, Clone)]
pub struct Keeper {
    inbox: SyncSender<Input>,
    found: Arc<BTreeMap<Arc<str>, Vec<u8>>>,
}

impl Keeper {
    /// A keeper over the writer's inbox, with what the start found.
    pub(crate) const fn new(
        inbox: SyncSender<Input>,
        found: Arc<BTreeMap<Arc<str>, Vec<u8>>>,
    ) -> Self {
        Self { inbox, found }
    }

    /// What the start of this process found, by key.
    pub fn found(&self) -> &BTreeMap<Arc<str>, Vec<u8>> {
        &self.found
    }

    /// Keeps the changes. Returns when they are durable; blocks the thread until then,
    /// five seconds at most.
    ///
    /// # Errors
    ///
    /// Why they are not durable, in words for people. They may become so later.
    pub fn keep(&self, changes: KeptChanges) -> Result<(), String> {
        if changes.is_empty() {
            return Ok(());
        }
        let (answer, answered) = sync_channel(1);
        let mut input = Input::Keep { changes, answer };
        let mut waited = Duration::ZERO;
        loop {
            match self.inbox.try_send(input) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return Err(GONE.to_owned()),
                Err(TrySendError::Full(_)) if ROOM_TIMEOUT <= waited => {
                    return Err("the writer is busy".to_owned());
                }
                Err(TrySendError::Full(back)) => {
                    input = back;
                    // Nobody can answer yet: this only lets the time pass.
                    drop(answered.recv_timeout(ROOM_STEP));
                    waited = waited.saturating_add(ROOM_STEP);
                }
            }
        }
        match answered.recv_timeout(COMMIT_TIMEOUT) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout) => Err("the store takes too long".to_owned()),
            Err(RecvTimeoutError::Disconnected) => Err(GONE.to_owned()),
        }
    }
}
