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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::mpsc::Receiver;
    use std::thread::{self, JoinHandle};

    use model::snapshot::Snapshot;
    use prometheus_client::registry::Registry;
    use store::Store;
    use tempfile::TempDir;
    use tokio::sync::watch;

    use super::*;
    use crate::agent::plan::Plan;
    use crate::agent::writer::{self, Outlet, Pace};
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::metrics::AgentMetrics;
    use crate::pipeline::Pipeline;

    /// A writer on a thread of its own, over a store in a folder.
    struct Desk {
        folder: TempDir,
        inbox: SyncSender<Input>,
        writer: JoinHandle<()>,
        keeper: Keeper,
    }

    impl Desk {
        fn new() -> Self {
            Self::in_folder(tempfile::tempdir().unwrap())
        }

        fn in_folder(folder: TempDir) -> Self {
            let config = config(folder.path());
            let clock = Clock::start();
            let now = clock.now();
            let (store, restored, _) = Store::open(&config.store.path, now.timestamp()).unwrap();
            let plan = Plan::from_config(&config).unwrap();
            let books = plan.open(restored, now).unwrap();
            let pipeline = Pipeline::new(books, store, config.store.path.clone());
            let (inbox, received) = sync_channel(2);
            let keeper = Keeper::new(inbox.clone(), Arc::new(pipeline.kept()));
            let writer = thread::spawn(move || write(pipeline, &received, &config, clock));
            Self {
                folder,
                inbox,
                writer,
                keeper,
            }
        }

        /// What stands in the store's file now, closed or not.
        fn stored(&self) -> BTreeMap<Arc<str>, Vec<u8>> {
            // Copied, since the writer holds the lock of the original.
            let copy = tempfile::tempdir().unwrap();
            for name in ["state.db", "state.db-wal"] {
                fs::copy(self.folder.path().join(name), copy.path().join(name)).unwrap();
            }
            let now = jiff::Timestamp::UNIX_EPOCH;
            let (_, restored, _) = Store::open(&copy.path().join("state.db"), now).unwrap();
            restored.kept.into_iter().collect()
        }

        fn end(self) -> TempDir {
            self.inbox.send(Input::Stop).unwrap();
            self.writer.join().unwrap();
            self.folder
        }
    }

    fn write(pipeline: Pipeline, received: &Receiver<Input>, config: &Config, clock: Clock) {
        let outlet = Outlet {
            snapshots: watch::channel(Arc::new(Snapshot::default())).0,
            store_health: watch::channel(None).0,
            metrics: AgentMetrics::register(&mut Registry::default()),
        };
        writer::run(pipeline, received, &outlet, Pace::of(config), clock);
    }

    fn config(folder: &Path) -> Config {
        let text = format!(
            "store: {{path: {folder}/state.db}}\nconnectors:\n- name: pub\n  \
             kind: netskope-publisher\n  logs: {{agent: [{folder}/agent.txt]}}\n  timezone: UTC\n",
            folder = folder.display()
        );
        Config::parse("test", &text).unwrap()
    }

    fn change(key: &str, value: &str) -> KeptChanges {
        vec![(Arc::from(key), Some(value.as_bytes().to_vec()))]
    }

    fn value<'a>(found: &'a BTreeMap<Arc<str>, Vec<u8>>, key: &str) -> Option<&'a [u8]> {
        found.get(key).map(Vec::as_slice)
    }

    #[test]
    fn what_is_kept_is_durable_when_the_keeper_returns() {
        let desk = Desk::new();
        assert_eq!(value(desk.keeper.found(), "snmp.engine"), None);
        for boots in ["1", "2"] {
            desk.keeper.keep(change("snmp.engine", boots)).unwrap();
            let stored = desk.stored();
            assert_eq!(value(&stored, "snmp.engine"), Some(boots.as_bytes()));
        }
        let again = Desk::in_folder(desk.end());
        let found = again.keeper.found().clone();
        assert_eq!(value(&found, "snmp.engine"), Some(&b"2"[..]));
        again
            .keeper
            .keep(vec![(Arc::from("snmp.engine"), None)])
            .unwrap();
        assert_eq!(value(&again.stored(), "snmp.engine"), None);
        again.end();
    }

    #[test]
    fn what_is_kept_is_written_again_into_a_store_that_takes_the_place_of_another() {
        let desk = Desk::new();
        desk.keeper.keep(change("snmp.engine", "7")).unwrap();
        let path = desk.folder.path().join("state.db");
        fs::rename(&path, desk.folder.path().join("elsewhere")).unwrap();
        desk.keeper.keep(change("snmp.indexes", "/")).unwrap();
        let stored = desk.stored();
        assert_eq!(value(&stored, "snmp.engine"), Some(&b"7"[..]));
        assert_eq!(value(&stored, "snmp.indexes"), Some(&b"/"[..]));
        desk.end();
    }

    #[test]
    fn what_is_beyond_the_bounds_is_refused_with_the_reason() {
        let desk = Desk::new();
        let refused = desk.keeper.keep(change("Not A Key", "x")).unwrap_err();
        assert!(refused.contains("is no key"), "{refused}");
        let long = "x".repeat(store::KEPT_VALUE_BYTES_MAX + 1);
        let too_long = desk.keeper.keep(change("long", &long)).unwrap_err();
        assert!(too_long.contains("at most 65536"), "{too_long}");
        assert_eq!(desk.keeper.keep(Vec::new()), Ok(()));
        desk.end();
    }

    #[test]
    fn a_writer_that_is_busy_or_gone_keeps_nobody_waiting_for_ever() {
        let (inbox, received) = sync_channel(1);
        let keeper = Keeper::new(inbox, Arc::default());
        // Nobody takes it out: the inbox is full from now on.
        keeper.inbox.send(Input::Stop).unwrap();
        let refused = keeper.keep(change("a", "1"));
        assert_eq!(refused, Err("the writer is busy".to_owned()));
        drop(received);
        assert_eq!(keeper.keep(change("a", "1")), Err(GONE.to_owned()));
    }
}
