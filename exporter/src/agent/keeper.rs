//! Small values that outlive the process, for parts that have no tables of their own.
//!
//! The writer owns the store, so whoever wants something kept asks it, and waits until
//! the turn that holds it is committed. Meant for what changes seldom.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use super::writer::Input;

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
        drop((&self.inbox, changes));
        Err("nothing is kept yet".to_owned())
    }
}
