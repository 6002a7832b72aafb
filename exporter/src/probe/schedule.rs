//! Says when each tool is asked, and hands its answer on.
//!
//! Each job is a task of its own: soon after the start, one job after the other, and
//! then at its interval, a tenth more or less by chance so that hosts and jobs do not
//! march in step. No program runs twice at once, and no more than a few at all; with
//! the bound of a run's time, no job waits long for others that hang. Whether a program
//! is to be trusted is asked before each run, and before it takes one of the few places.
//!
//! An answer goes to the writer without waiting on a thread: if its inbox is full, the
//! task tries again soon, holding this one answer and asking nothing meanwhile. So
//! nothing is lost, nothing piles up, and neither the writer nor the runtime waits.
//!
//! A tool whose answer does not name the version is asked for it by a command of its
//! own, seldom (`version`). Neither command's failure is the other's.
//!
//! Only a change between success and failure is logged, and never what a tool printed.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use model::connector::{ProbeFailure, ToolReading, ToolRun};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::runner::{self, Order, run};
use super::trust::{self, Distrust};
use super::version::{self, KnownVersion, News, ProgramMark};
use super::{ToolJob, arguments, interpret};
use crate::clock::Clock;

/// Most tools that run at once, over all connectors.
pub const RUNS_MAX: usize = 8;

/// From the start of one job to that of the next, the first time.
const SPREAD: Duration = Duration::from_millis(250);

/// How long to wait before an answer is offered again.
const RETRY: Duration = Duration::from_millis(100);

/// What became of an answer that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It was taken.
    Taken,
    /// Not now.
    Full,
    /// Nobody takes answers any more.
    Gone,
}

/// Offers an answer of a connector's tool to the writer, without waiting.
pub type Deliver = Arc<dyn Fn(&Arc<str>, &ToolRun) -> Delivery + Send + Sync>;

/// The running jobs. Dropping it stops none; see [`Prober::stop`].
pub struct Prober {
    deliver: Deliver,
    clock: Clock,
    tasks: Vec<JoinHandle<()>>,
}

/// What the jobs share.
#[derive(Clone)]
struct Shared {
    deliver: Deliver,
    clock: Clock,
    /// One permit for each run.
    runs: Arc<Semaphore>,
}

impl Prober {
    /// No job yet.
    pub const fn new(deliver: Deliver, clock: Clock) -> Self {
        Self {
            deliver,
            clock,
            tasks: Vec::new(),
        }
    }

    /// Stops the jobs there are, and then starts these. All are asked soon, also those
    /// that stay: the writer's picture of them begins anew with a configuration.
    pub async fn change(&mut self, jobs: Vec<ToolJob>) {
        self.stop().await;
        let shared = Shared {
            deliver: Arc::clone(&self.deliver),
            clock: self.clock,
            runs: Arc::new(Semaphore::new(RUNS_MAX)),
        };
        let mut programs: BTreeMap<_, Arc<Semaphore>> = BTreeMap::new();
        let mut delay = Duration::ZERO;
        for job in jobs {
            let program = programs
                .entry(job.program.clone())
                .or_insert_with(|| Arc::new(Semaphore::new(1)));
            let asked = ask_again_and_again(job, Arc::clone(program), shared.clone(), delay);
            self.tasks.push(tokio::spawn(asked));
            delay = delay.saturating_add(SPREAD);
        }
    }

    /// Stops all jobs and kills what runs; waits for no tool.
    pub async fn stop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        for task in self.tasks.drain(..) {
            // An aborted task ends at once, and with it the tool that it waits for.
            if let Err(died) = task.await
                && died.is_panic()
            {
                error!(error = %died, "a tool's task had died");
            }
        }
    }
}

async fn ask_again_and_again(
    job: ToolJob,
    program: Arc<Semaphore>,
    shared: Shared,
    delay: Duration,
) {
    let mut chance = RandomState::new().hash_one(&job.program);
    let mut was_success = None;
    let mut known = KnownVersion::default();
    sleep(delay).await;
    loop {
        let Some((answer, distrust)) = ask(&job, &program, &shared, &mut known).await else {
            return;
        };
        tell_change(&job, &answer.outcome, distrust.as_ref(), &mut was_success);
        loop {
            match (shared.deliver)(&job.connector, &answer) {
                Delivery::Taken => break,
                Delivery::Full => sleep(RETRY).await,
                Delivery::Gone => return,
            }
        }
        chance = RandomState::new().hash_one(chance);
        sleep(jittered(job.interval, chance)).await;
    }
}

/// Runs the tool once, if nobody else could have changed it. `None` if nothing is run
/// any more.
async fn ask(
    job: &ToolJob,
    program: &Semaphore,
    shared: &Shared,
    known: &mut KnownVersion,
) -> Option<(ToolRun, Option<Distrust>)> {
    // First the program, so that nobody waits for it with a permit that others want.
    let _alone = program.acquire().await.ok()?;
    let answer = |duration, outcome, version| ToolRun {
        tool: job.tool,
        duration,
        outcome,
        version,
    };
    let refused = |distrust| {
        let failure = failure_of(&distrust);
        Some((answer(Duration::ZERO, Err(failure), None), Some(distrust)))
    };
    let first_look = match look_at(job).await {
        Ok(mark) => mark,
        Err(distrust) => return refused(distrust),
    };
    let _permit = shared.runs.acquire().await.ok()?;
    // Before the status, which is then of the moment in which it is delivered.
    let mark = if ask_version(job, first_look, shared, known).await {
        match look_at(job).await {
            Ok(mark) => mark,
            Err(distrust) => return refused(distrust),
        }
    } else {
        first_look
    };
    let began = shared.clock.now().monotonic;
    let printed = run(&order(job, arguments(job.tool))).await;
    let now = shared.clock.now();
    let duration = now.monotonic.saturating_sub(began);
    let outcome = printed.and_then(|printed| interpret(job, &printed, now.timestamp()));
    Some((answer(duration, outcome, known.of(mark).cloned()), None))
}

/// Asks for the program's version, if it is due. Returns whether it was run.
async fn ask_version(
    job: &ToolJob,
    mark: ProgramMark,
    shared: &Shared,
    known: &mut KnownVersion,
) -> bool {
    let Some(words) = version::arguments(job.tool) else {
        return false;
    };
    if !known.is_due(mark, shared.clock.now().monotonic) {
        return false;
    }
    let printed = run(&order(job, words)).await;
    let told = printed.map(|printed| version::read(job.tool, &printed));
    let cause = told.as_ref().err().copied();
    let now = shared.clock.now().monotonic;
    let (connector, probe) = (&*job.connector, job.tool.name());
    match (known.take(mark, now, told.ok().flatten()), cause) {
        (News::Same, _) => {}
        (News::Told, _) => info!(connector, probe, "tool told its version"),
        (News::NotTold, Some(cause)) => warn!(connector, probe, %cause, "tool told no version"),
        (News::NotTold, None) => info!(connector, probe, "tool told no version"),
    }
    true
}

fn order(job: &ToolJob, arguments: &'static [&'static str]) -> Order {
    Order {
        program: job.program.clone(),
        arguments,
        timeout: job.timeout,
    }
}

/// Whether the program is only ours and root's to change, and which it is; asked on a
/// thread that may wait: a disk may be slow.
async fn look_at(job: &ToolJob) -> Result<ProgramMark, Distrust> {
    let program = job.program.clone();
    let us = rustix::process::geteuid().as_raw();
    tokio::task::spawn_blocking(move || {
        trust::check(&program, us)?;
        let metadata = program.metadata().map_err(Distrust::Unreachable)?;
        Ok(ProgramMark::of(&metadata))
    })
    .await
    .unwrap_or_else(|died| Err(Distrust::Unreachable(io::Error::other(died))))
}

fn failure_of(distrust: &Distrust) -> ProbeFailure {
    match distrust {
        Distrust::Unreachable(error) => runner::failure_of(error),
        Distrust::Unsafe { .. } => ProbeFailure::Unsafe,
    }
}

/// Logs the first outcome, and each that differs in kind from the one before.
fn tell_change(
    job: &ToolJob,
    outcome: &Result<ToolReading, ProbeFailure>,
    distrust: Option<&Distrust>,
    was_success: &mut Option<bool>,
) {
    let is_success = outcome.is_ok();
    if *was_success == Some(is_success) {
        return;
    }
    *was_success = Some(is_success);
    let program = job.program.display();
    let (connector, probe) = (&*job.connector, job.tool.name());
    match (outcome, distrust) {
        (Ok(_), _) => info!(connector, probe, "tool answered"),
        (Err(_), Some(Distrust::Unsafe { place, flaw })) => {
            let place = place.display();
            warn!(connector, probe, %program, %place, because = %flaw, "unsafe tool was not run");
        }
        (Err(cause), Some(Distrust::Unreachable(_)) | None) => {
            warn!(connector, probe, %program, %cause, "tool gave no reading");
        }
    }
}

/// The interval, a tenth more or less.
pub(super) fn jittered(interval: Duration, chance: u64) -> Duration {
    // 900 to 1100 thousandths.
    let thousandths = u32::try_from(chance % 201)
        .unwrap_or(100)
        .saturating_add(900);
    interval
        .checked_mul(thousandths)
        .map_or(interval, |product| product / 1000)
}

#[cfg(test)]
mod tests;
