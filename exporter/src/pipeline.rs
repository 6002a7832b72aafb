//! The single writer: reads lines, folds them, commits, and shows what is committed.
//!
//! One thread owns files, ledger and store, and works in turns: read a bounded
//! amount, fold it, commit positions and counts in one transaction, publish the
//! snapshot. Lines are pulled, not pushed: what is not read yet waits in the log
//! file, so there is no queue to bound and none to lose (docs/adr/0009).
//!
//! While the store does not commit, nothing more is read: positions never run
//! ahead of what survives. The turn is tried again until it succeeds.

pub mod counters;
pub mod fold;
pub mod hints;
pub mod ledger;
pub mod picture;
pub mod redact;
pub mod round_trips;
pub mod sources;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alerts::engine::SilencesFull;
use model::alert::Silence;
use model::connector::ToolRun;
use model::host::HostSample;
use model::position::{FileId, PositionChange};
use model::probe::ProbeRun;
use model::snapshot::Snapshot;
use store::{CommitError, CommitFailure, KeptError, OpenError, Opened, Store, Turn};
use tail::system_files::SystemFiles;
use tail::tailer::Tailer;
use tail::turn::{Now, PollReport, SourceStatus};

use self::hints::Hints;
use self::ledger::Ledger;
use self::sources::SourceTable;
use crate::alerting::book::{AlertBook, Opening};
use crate::alerting::tray::Tray;
use crate::clock::Moment;

/// Commit at the latest after so many bytes were read (design decision 1).
const TURN_BYTES_MAX: u64 = 4 << 20;

/// What came of deliveries is committed at the latest after so long, whatever the interval:
/// a crash before it sends them again.
const SETTLED_COMMIT_INTERVAL: Duration = Duration::from_millis(250);

/// Everything the writer works with; built whole, then swapped in (a reload).
pub struct Books {
    /// Follows the files.
    pub tailer: Tailer<SystemFiles>,
    /// Which source is which log, and its scanner.
    pub sources: SourceTable,
    /// What is known.
    pub ledger: Ledger,
    /// What alerting begins with, or goes on with after a reload.
    pub alerts: Opening,
}

/// Of the books what belongs to one configuration.
struct Shelf {
    tailer: Tailer<SystemFiles>,
    sources: SourceTable,
    ledger: Ledger,
}

/// The writer's state between turns.
pub struct Pipeline {
    books: Shelf,
    alerts: AlertBook,
    /// `None` while a damaged or removed store could not be replaced yet.
    store: Option<Store>,
    store_path: PathBuf,
    hints: Hints,
    /// Positions that moved since the last commit.
    // Invariant: one change a file, its latest; so it is bounded by the files followed.
    moved: BTreeMap<FileId, PositionChange>,
    bytes_since_commit: u64,
    /// When something was written last, or refused.
    committed_at: Option<Duration>,
    /// When the store and the files were looked at last, with or without news.
    looked_at: Option<Duration>,
    is_caught_up: bool,
    /// The store refused, and what the logs got meanwhile is not read yet.
    is_behind: bool,
    /// What readers see now.
    shown: Arc<Snapshot>,
    /// Whether the store refused the last commit.
    is_stuck: bool,
}

/// How a turn ended, for the caller's metrics and log.
#[derive(Debug)]
pub enum Committed {
    /// Nothing had changed.
    Nothing,
    /// Not due yet.
    NotDue,
    /// Written and visible.
    Written,
    /// Refused; it will be tried again and nothing more is read until then.
    Refused(CommitError),
}

impl Pipeline {
    /// Begins with books that hold what the store held.
    pub fn new(books: Books, store: Store, store_path: PathBuf) -> Self {
        let Books {
            tailer,
            sources,
            ledger,
            alerts,
        } = books;
        Self {
            books: Shelf {
                tailer,
                sources,
                ledger,
            },
            alerts: AlertBook::open(alerts),
            store: Some(store),
            store_path,
            hints: Hints::new(),
            moved: BTreeMap::new(),
            bytes_since_commit: 0,
            committed_at: None,
            looked_at: None,
            is_caught_up: false,
            is_behind: false,
            shown: Arc::new(Snapshot::default()),
            is_stuck: false,
        }
    }

    /// The picture of the last commit.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shown)
    }

    /// The outbox, for the lanes of delivery.
    pub fn tray(&self) -> Arc<Tray> {
        self.alerts.tray()
    }

    /// Adds, replaces or ends a silence. It is durable with the next commit.
    ///
    /// # Errors
    ///
    /// It is a new one, and there are as many as are kept.
    pub fn silence(&mut self, silence: Silence) -> Result<(), SilencesFull> {
        self.alerts.silence(silence)
    }

    /// Puts a test for a receiver into the outbox, which leaves after the next commit.
    ///
    /// # Errors
    ///
    /// Nobody is called so; in words for people.
    pub fn test_receiver(&mut self, receiver: &str, now: Moment) -> Result<Vec<Arc<str>>, String> {
        self.alerts.test(receiver, now)
    }

    /// A configuration was refused, and the one before stays in force.
    pub const fn note_refused_reload(&mut self) {
        self.alerts.note_refused_reload();
    }

    /// Whether the system tells us of changes before we look.
    pub const fn is_watching(&self) -> bool {
        self.hints.is_active()
    }

    /// Reads and folds a bounded amount of what is new.
    ///
    /// Returns whether there is more to read at once. While the store refuses commits
    /// nothing is read, but names are watched and files held open, so that a rotated or
    /// removed log can still be read later.
    pub fn read(&mut self, now: Moment) -> bool {
        let Shelf {
            tailer,
            sources,
            ledger,
        } = &mut self.books;
        if self.hints.take(now.monotonic, || tailer.directories()) {
            tailer.rescan_hint();
        }
        let tail_now = Now {
            monotonic: now.monotonic,
            wall: now.wall,
        };
        if self.is_stuck {
            tailer.watch_only(tail_now);
            return false;
        }
        let wall = now.timestamp();
        let report = tailer.poll(tail_now, &mut |batch| sources.take(&batch, ledger, wall));
        self.bytes_since_commit = self.bytes_since_commit.saturating_add(report.bytes_read);
        self.is_caught_up = self.is_caught_up || report.is_caught_up;
        self.is_behind = self.is_behind && report.has_more;
        self.take_report(&report);
        self.moved.extend(
            report
                .changes
                .into_iter()
                .map(|change| (file_of(&change), change)),
        );
        report.has_more
    }

    /// Takes in one run of a connector's tool; it is shown with the next commit.
    pub fn take_tool_run(&mut self, connector: &str, run: &ToolRun, now: Moment) {
        self.books.ledger.take_tool_run(connector, run, now);
    }

    /// Takes in one run of a probe; it is shown with the next commit.
    pub fn take_probe_run(&mut self, run: &ProbeRun, now: Moment) {
        self.books.ledger.take_probe_run(run, now);
    }

    /// Takes in a look at the host; it is shown with the next look at the store, which
    /// writes nothing for it.
    pub fn take_host_sample(&mut self, sample: Arc<HostSample>, now: Moment) {
        self.books.ledger.take_host_sample(sample, now);
    }

    /// Takes in small values of other parts, all changes or none. They are durable with
    /// the next commit.
    ///
    /// # Errors
    ///
    /// What is beyond the store's bounds.
    pub fn keep(&mut self, changes: Vec<(Arc<str>, Option<Vec<u8>>)>) -> Result<(), KeptError> {
        self.books.ledger.keep(changes)
    }

    /// The small values of other parts, as they are now.
    pub fn kept(&self) -> BTreeMap<Arc<str>, Vec<u8>> {
        self.books.ledger.kept()
    }

    /// Commits if it is due: news at most once each `interval` or after 4 MiB were
    /// read, and a look at the store and the files once each `interval` in any case.
    ///
    /// Quiet looks do not put news off: the first line after a silence is committed at
    /// once.
    pub fn commit_if_due(&mut self, now: Moment, interval: Duration) -> Committed {
        let is_past = |then: Option<Duration>| {
            then.is_none_or(|at| now.monotonic.saturating_sub(at) >= interval)
        };
        let has_news = self.bytes_since_commit > 0 || !self.moved.is_empty();
        let is_settled_due = self.alerts.has_settled()
            && self
                .committed_at
                .is_none_or(|at| SETTLED_COMMIT_INTERVAL <= now.monotonic.saturating_sub(at));
        let is_due = self.bytes_since_commit >= TURN_BYTES_MAX
            || (has_news && is_past(self.committed_at))
            || is_settled_due
            || is_past(self.looked_at);
        if is_due {
            self.commit(now)
        } else {
            Committed::NotDue
        }
    }

    /// Commits what is not committed, and shows it.
    pub fn commit(&mut self, now: Moment) -> Committed {
        self.looked_at = Some(now.monotonic);
        // What waits in the logs is older than what tools said, and breaks a silence.
        if self.is_caught_up && !self.is_behind {
            self.books.ledger.catch_up(now);
        }
        let drawn = self.step_alerts(now);
        let mut turn = self.books.ledger.uncommitted();
        self.alerts.add_uncommitted(&mut turn);
        turn.positions = self.books.sources.name_changes(self.moved.values());
        turn.next_file_id = self.books.tailer.next_file_id();
        let is_empty = turn
            == Turn {
                next_file_id: turn.next_file_id,
                ..Turn::default()
            };
        let committed = match &mut self.store {
            Some(store) if is_empty => store.look().map(|()| Committed::Nothing),
            Some(store) => store.commit(&turn).map(|_| Committed::Written),
            None => Err(CommitError {
                failure: CommitFailure::Vanished,
                source: None,
            }),
        };
        if !matches!(committed, Ok(Committed::Nothing)) {
            self.committed_at = Some(now.monotonic);
        }
        match committed {
            Ok(done) => {
                self.books.ledger.mark_committed();
                self.alerts.mark_committed(turn);
                self.moved.clear();
                self.bytes_since_commit = 0;
                self.is_stuck = false;
                self.show_committed(drawn, now);
                done
            }
            Err(error) => {
                self.is_stuck = true;
                self.is_behind = true;
                self.alerts.mark_refused();
                self.show_files(now);
                Committed::Refused(error)
            }
        }
    }

    /// Reads all there is and commits, so that new books can take over.
    ///
    /// # Errors
    ///
    /// The store's refusal; the old books stay in force.
    pub fn settle(&mut self, now: Moment) -> Result<store::Restored, CommitError> {
        if let Committed::Refused(error) = self.commit(now) {
            return Err(error);
        }
        match &mut self.store {
            Some(store) => store.restore(),
            None => Err(CommitError {
                failure: CommitFailure::Vanished,
                source: None,
            }),
        }
    }

    /// Opens the store anew after it was damaged or removed under us; all that is
    /// known is written into it at the next commit, so nothing is counted twice.
    ///
    /// # Errors
    ///
    /// The new store cannot be opened either; call again later.
    pub fn reopen_store(&mut self, now: Moment) -> Result<Opened, OpenError> {
        // The old one goes first: it holds the lock.
        self.store = None;
        let (store, _, opened) = Store::open(&self.store_path, now.timestamp())?;
        self.store = Some(store);
        self.books.ledger.mark_uncommitted();
        self.alerts.mark_uncommitted();
        let positions = self.books.tailer.restorable();
        self.moved = positions
            .into_iter()
            .map(|(id, source, position)| {
                (
                    id,
                    PositionChange::Moved {
                        id,
                        source,
                        position,
                    },
                )
            })
            .collect();
        Ok(opened)
    }

    /// Puts new books in force. Open files go along: some have no name any more. So does
    /// what only memory holds, such as how long a connector has been silent.
    pub fn swap(&mut self, books: Books) {
        let Books {
            tailer,
            sources,
            ledger,
            alerts,
        } = books;
        let shelf = Shelf {
            tailer,
            sources,
            ledger,
        };
        self.alerts.change(&alerts.settings, alerts.now);
        let old = std::mem::replace(&mut self.books, shelf);
        self.books.tailer.take_over(old.tailer);
        self.books.ledger.carry_over(old.ledger);
        self.moved.clear();
        self.is_caught_up = false;
    }

    /// Closes the store in good order.
    pub fn close(self) {
        if let Some(store) = self.store {
            store.close();
        }
    }

    fn take_report(&mut self, report: &PollReport) {
        let Shelf {
            sources, ledger, ..
        } = &mut self.books;
        for (source, cause) in &report.generations {
            if let Some(place) = sources.place_of(*source) {
                ledger.count_generation(place, *cause);
            }
        }
        for (source, cause, bytes) in &report.lost {
            if let Some(place) = sources.place_of(*source) {
                ledger.count_lost(place, *cause, *bytes);
            }
        }
    }

    /// Shows what happened and how things are to the rules, and returns the picture that
    /// they saw. What they judge themselves is in it.
    fn step_alerts(&mut self, now: Moment) -> Snapshot {
        let (events, skipped) = self.books.ledger.take_unseen();
        self.alerts.note_skipped(skipped, now);
        let mut drawn = self.draw(now);
        drawn.alerts = Arc::new(self.alerts.before_step(&drawn, now));
        let judgements = self.alerts.step(&events, &drawn, now);
        if judgements.is_empty() {
            return drawn;
        }
        for judgement in judgements {
            self.books.ledger.judge(judgement);
        }
        self.draw(now)
    }

    /// Draws what is known. Only to be called while all of it is committed.
    pub fn show(&mut self, now: Moment) {
        let drawn = self.draw(now);
        self.show_committed(drawn, now);
    }

    fn show_committed(&mut self, mut drawn: Snapshot, now: Moment) {
        drawn.alerts = Arc::new(self.alerts.draw(&drawn, now));
        self.shown = Arc::new(drawn);
    }

    fn draw(&mut self, now: Moment) -> Snapshot {
        self.books.ledger.forget_old_host(now);
        let Shelf {
            tailer,
            sources,
            ledger,
        } = &self.books;
        let status = |connector, log| status_of(tailer, sources, connector, log);
        picture::draw(ledger, &status, self.is_caught_up, now.timestamp())
    }

    /// What no crash can take back, and what the rules make of it.
    fn show_files(&mut self, now: Moment) {
        self.books.ledger.forget_old_host(now);
        let Shelf {
            tailer,
            sources,
            ledger,
        } = &self.books;
        let status = |connector, log| status_of(tailer, sources, connector, log);
        let mut fresh = picture::refresh(&self.shown, ledger, &status, now.timestamp());
        fresh.alerts = Arc::new(self.alerts.draw_uncommitted(&fresh, now));
        self.shown = Arc::new(fresh);
    }
}

const fn file_of(change: &PositionChange) -> FileId {
    match change {
        PositionChange::Moved { id, .. } | PositionChange::Forgotten { id } => *id,
    }
}

fn status_of(
    tailer: &Tailer<SystemFiles>,
    sources: &SourceTable,
    connector: usize,
    log: usize,
) -> SourceStatus {
    sources
        .source_of(connector, log)
        .map(|source| tailer.source_status(source))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
