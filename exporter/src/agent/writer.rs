//! The writer's loop: turn after turn, on a thread of its own.
//!
//! It only decides *when*: what a turn is stands in [`crate::pipeline`]. It sleeps
//! in its inbox, so a message wakes it and silence costs a few polls a second.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use model::connector::ToolRun;
use model::host::HostSample;
use model::probe::ProbeRun;
use model::snapshot::Snapshot;
use store::{CommitError, Opened};
use tokio::sync::{oneshot, watch};
use tracing::{error, info, warn};

use super::keeper::KeptChanges;
use super::plan::Plan;
use crate::alerting::letterbox::sweep::{Letter, Taken};
use crate::clock::Clock;
use crate::config::Config;
use crate::metrics::AgentMetrics;
use crate::pipeline::{Committed, Pipeline};

/// How much may be read before a reload takes place, in turns: a log that grows
/// faster than we read must not put it off for ever.
const TURNS_BEFORE_RELOAD_MAX: usize = 64;

/// What can be said to the writer.
pub enum Input {
    /// Put a new configuration in force; the answer says whether it is.
    Reload {
        /// The new configuration, built.
        plan: Box<Plan>,
        /// Its pace.
        pace: Pace,
        /// Where to answer. The error is a text for people.
        answer: oneshot::Sender<Result<(), String>>,
    },
    /// A tool of a connector was run.
    ToolRun {
        /// The connector's name.
        connector: Arc<str>,
        /// How it went.
        run: ToolRun,
    },
    /// A probe was run.
    Probe(Box<ProbeRun>),
    /// The host was looked at.
    Host(Arc<HostSample>),
    /// Keep small values, durably, and say when that is done.
    Keep {
        /// What changes.
        changes: KeptChanges,
        /// Where to answer. The error is a text for people.
        answer: std::sync::mpsc::SyncSender<Result<(), String>>,
    },
    /// Somebody left a letter for alerting; say when what it wants is durable.
    Letter {
        /// What is wanted.
        letter: Letter,
        /// Where to answer.
        answer: std::sync::mpsc::SyncSender<Taken>,
    },
    /// A configuration was refused before it came here.
    ReloadRefused,
    /// Read and commit once more, and end.
    Stop,
}

/// Where the writer shows what it has.
pub struct Outlet {
    /// The committed picture.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// `None` while the store commits, else why not.
    pub store_health: watch::Sender<Option<String>>,
    /// The agent's own numbers.
    pub metrics: AgentMetrics,
}

/// How often to read and to commit.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two looks at idle files.
    pub poll_interval: Duration,
    /// Between two commits, unless many bytes come in.
    pub commit_interval: Duration,
}

impl Pace {
    /// The configured pace.
    pub const fn of(config: &Config) -> Self {
        Self {
            poll_interval: config.tail.poll_interval.0,
            commit_interval: config.tail.commit_interval.0,
        }
    }
}

/// Runs until told to stop, or until nobody is left to tell.
pub fn run(
    mut pipeline: Pipeline,
    inbox: &Receiver<Input>,
    outlet: &Outlet,
    mut pace: Pace,
    clock: Clock,
) {
    loop {
        let has_more = pipeline.read(clock.now());
        let began = clock.now();
        let committed = pipeline.commit_if_due(began, pace.commit_interval);
        tell(
            &committed,
            clock.now().monotonic.saturating_sub(began.monotonic),
            outlet,
        );
        if let Committed::Refused(refused) = &committed {
            heal(&mut pipeline, refused, outlet, clock);
        }
        if !matches!(committed, Committed::NotDue) {
            outlet.snapshots.send_replace(pipeline.snapshot());
        }
        outlet.metrics.watch_active(pipeline.is_watching());
        let wait = if has_more {
            Duration::ZERO
        } else {
            pace.poll_interval
        };
        match inbox.recv_timeout(wait) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Input::Reload {
                plan,
                pace: wanted,
                answer,
            }) => {
                let outcome = reload(&mut pipeline, *plan, outlet, clock);
                if outcome.is_ok() {
                    pace = wanted;
                }
                // Whoever asked may have given up waiting.
                drop(answer.send(outcome));
            }
            Ok(Input::ToolRun { connector, run }) => {
                pipeline.take_tool_run(&connector, &run, clock.now());
            }
            Ok(Input::Probe(run)) => pipeline.take_probe_run(&run, clock.now()),
            Ok(Input::Host(sample)) => pipeline.take_host_sample(sample, clock.now()),
            Ok(Input::Keep { changes, answer }) => {
                let outcome = keep(&mut pipeline, changes, outlet, clock);
                // Whoever asked may have given up waiting.
                drop(answer.try_send(outcome));
            }
            Ok(Input::Letter { letter, answer }) => {
                let taken = take_letter(&mut pipeline, letter, outlet, clock);
                // Whoever asked may have given up waiting.
                drop(answer.try_send(taken));
            }
            Ok(Input::ReloadRefused) => pipeline.note_refused_reload(),
            Ok(Input::Stop) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    finish(pipeline, outlet, clock);
}

/// Commits at once what is to be kept, and shows what else was committed with it.
fn keep(
    pipeline: &mut Pipeline,
    changes: KeptChanges,
    outlet: &Outlet,
    clock: Clock,
) -> Result<(), String> {
    pipeline
        .keep(changes)
        .map_err(|refused| refused.to_string())?;
    let mut committed = commit(pipeline, outlet, clock);
    if let Committed::Refused(refused) = &committed
        && refused.failure.wants_reopening()
    {
        heal(pipeline, refused, outlet, clock);
        committed = commit(pipeline, outlet, clock);
    }
    match committed {
        Committed::Refused(refused) => Err(refused.to_string()),
        Committed::Nothing | Committed::NotDue | Committed::Written => Ok(()),
    }
}

/// Does what a letter wants, and commits it at once.
fn take_letter(pipeline: &mut Pipeline, letter: Letter, outlet: &Outlet, clock: Clock) -> Taken {
    let (messages, is_test) = match letter {
        Letter::Silence(silence) => {
            if let Err(full) = pipeline.silence(silence) {
                return Taken::Refused(full.to_string());
            }
            (Vec::new(), false)
        }
        Letter::Test { receiver } => match pipeline.test_receiver(&receiver, clock.now()) {
            Ok(ids) => (ids.iter().map(ToString::to_string).collect(), true),
            Err(why) => return Taken::Refused(why),
        },
    };
    match commit(pipeline, outlet, clock) {
        Committed::Refused(refused) => {
            heal(pipeline, &refused, outlet, clock);
            if is_test {
                // Tried again it would be another test.
                let why = format!("it leaves when the store commits again: {refused}");
                return Taken::Refused(why);
            }
            Taken::Uncommitted
        }
        Committed::Nothing | Committed::NotDue | Committed::Written => Taken::Durable(messages),
    }
}

/// Commits now, and shows and tells how it went.
fn commit(pipeline: &mut Pipeline, outlet: &Outlet, clock: Clock) -> Committed {
    let began = clock.now();
    let committed = pipeline.commit(began);
    let elapsed = clock.now().monotonic.saturating_sub(began.monotonic);
    tell(&committed, elapsed, outlet);
    outlet.snapshots.send_replace(pipeline.snapshot());
    committed
}

/// A store that was damaged or removed under us is replaced from memory; every
/// other trouble passes by itself.
fn heal(pipeline: &mut Pipeline, refused: &CommitError, outlet: &Outlet, clock: Clock) {
    if !refused.failure.wants_reopening() {
        return;
    }
    match pipeline.reopen_store(clock.now()) {
        Ok(opened) => report_opened(&opened, &outlet.metrics),
        Err(error) => set_health(outlet, Some(format!("{:#}", anyhow::Error::from(error)))),
    }
}

/// Tells what was found where the store belongs.
pub fn report_opened(opened: &Opened, metrics: &AgentMetrics) {
    match opened {
        Opened::Fresh => info!("store created"),
        Opened::Resumed => info!("store opened"),
        Opened::Reset { quarantined, why } => {
            metrics.store_reset();
            error!(quarantined = %quarantined.display(), why, "damaged store set aside");
        }
    }
}

/// Reads what is there, commits, and goes on from exactly there with the new plan.
fn reload(
    pipeline: &mut Pipeline,
    plan: Plan,
    outlet: &Outlet,
    clock: Clock,
) -> Result<(), String> {
    // A removed file is only known to the open handle, which the new plan will not
    // have: what it holds is read first.
    for _ in 0..TURNS_BEFORE_RELOAD_MAX {
        if !pipeline.read(clock.now()) {
            break;
        }
    }
    let restored = pipeline.settle(clock.now()).map_err(|error| {
        format!("the store does not commit now, so nothing was changed: {error}")
    })?;
    let books = plan
        .open(restored, clock.now())
        .map_err(|error| format!("{error:#}"))?;
    pipeline.swap(books);
    let now = clock.now();
    pipeline.read(now);
    tell(&pipeline.commit(now), Duration::ZERO, outlet);
    outlet.snapshots.send_replace(pipeline.snapshot());
    Ok(())
}

/// The last turn. What cannot be committed is still in the log files.
fn finish(mut pipeline: Pipeline, outlet: &Outlet, clock: Clock) {
    pipeline.read(clock.now());
    let now = clock.now();
    if let Committed::Refused(refused) = pipeline.commit(now) {
        warn!(error = %refused, "last turn not committed, its lines are read again at the next start");
    }
    outlet.snapshots.send_replace(pipeline.snapshot());
    pipeline.close();
}

fn tell(committed: &Committed, elapsed: Duration, outlet: &Outlet) {
    match committed {
        Committed::NotDue => {}
        Committed::Nothing => set_health(outlet, None),
        Committed::Written => {
            outlet.metrics.turn_committed(elapsed);
            set_health(outlet, None);
        }
        Committed::Refused(refused) => {
            outlet.metrics.commit_failed(refused.failure.name());
            set_health(outlet, Some(refused.to_string()));
        }
    }
}

/// Logs only the change: a full disk must not be filled with our complaints.
fn set_health(outlet: &Outlet, problem: Option<String>) {
    let was_well = outlet.store_health.borrow().is_none();
    match (&problem, was_well) {
        (Some(error), true) => error!(%error, "store does not commit; reading stops until it does"),
        (None, false) => info!("store commits again"),
        (Some(_), false) | (None, true) => {}
    }
    outlet.metrics.store_writable(problem.is_none());
    outlet.store_health.send_if_modified(|held| {
        let is_new = *held != problem;
        *held = problem;
        is_new
    });
}
