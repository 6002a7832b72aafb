//! Says when each probe is asked, and hands its run on.
//!
//! Each probe is a task of its own: soon after the start, one after the other, and then
//! an interval after the end of each run, a tenth more or less by chance so that hosts
//! and probes do not march in step. A probe waits for its own run before it thinks of the
//! next, and no more than a few run at once; a probe that had to wait longer than its
//! interval for its place says so once.
//!
//! A run goes to the writer without waiting on a thread: if its inbox is full, the task
//! tries again soon, holding this one run and asking nothing meanwhile. Only a change of
//! the outcome is logged, with our word for it and never with a peer's text.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use model::probe::{ProbeFault, ProbeRun};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::reading::{Reading, Readings};
use super::{Surroundings, run_in};
use crate::clock::Clock;
use crate::config::ProbeConfig;
use crate::probe::schedule::{Delivery, jittered};

/// Most probes that run at once.
const RUNS_MAX: usize = 8;

/// From the start of one probe to that of the next, the first time.
const SPREAD: Duration = Duration::from_millis(250);

/// How long to wait before a run is offered again.
const RETRY: Duration = Duration::from_millis(100);

/// Offers a run to the writer, without waiting.
pub type DeliverRun = Arc<dyn Fn(&ProbeRun) -> Delivery + Send + Sync>;

/// The running probes. Dropping it stops none; see [`Probes::stop`].
pub struct Probes {
    deliver: DeliverRun,
    clock: Clock,
    tasks: Vec<JoinHandle<()>>,
    /// Where they read files, for as long as one of them hangs there.
    readings: Readings,
}

/// What the probes share.
#[derive(Clone)]
struct Shared {
    deliver: DeliverRun,
    clock: Clock,
    /// One permit for each run.
    places: Arc<Semaphore>,
}

impl Probes {
    /// No probe yet.
    pub fn new(deliver: DeliverRun, clock: Clock) -> Self {
        Self {
            deliver,
            clock,
            tasks: Vec::new(),
            readings: Readings::default(),
        }
    }

    /// Stops the probes there are, and then starts these. All are asked soon, also those
    /// that stay: whoever reloads wants to see what the new configuration does.
    pub async fn change(&mut self, probes: Vec<ProbeConfig>) {
        self.stop().await;
        let shared = Shared {
            deliver: Arc::clone(&self.deliver),
            clock: self.clock,
            places: Arc::new(Semaphore::new(RUNS_MAX)),
        };
        self.readings.forget_idle();
        let mut delay = Duration::ZERO;
        for probe in probes {
            let reading = self.readings.of(&probe.name);
            let asked = ask_again_and_again(probe, shared.clone(), reading, delay);
            self.tasks.push(tokio::spawn(asked));
            delay = delay.saturating_add(SPREAD);
        }
    }

    /// Stops all probes; waits for no server.
    pub async fn stop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        for task in self.tasks.drain(..) {
            // An aborted task ends at its next wait, and its connection with it.
            if let Err(died) = task.await
                && died.is_panic()
            {
                error!(error = %died, "a probe's task had died");
            }
        }
    }
}

async fn ask_again_and_again(
    probe: ProbeConfig,
    shared: Shared,
    reading: Reading,
    delay: Duration,
) {
    let surroundings = Surroundings::of_this_host(reading);
    let mut chance = RandomState::new().hash_one(&probe.name);
    let mut last = None;
    let mut was_late = false;
    sleep(delay).await;
    loop {
        let asked = shared.clock.now().monotonic;
        let Ok(place) = shared.places.acquire().await else {
            return;
        };
        let waited = shared.clock.now().monotonic.saturating_sub(asked);
        let is_late = probe.interval.0 < waited;
        if is_late && !was_late {
            warn!(probe = %probe.name, "probe waits longer than its interval: too many hang");
        }
        was_late = is_late;
        let run = run_in(&probe, shared.clock, &surroundings).await;
        drop(place);
        tell_change(&probe, run.outcome, &mut last);
        loop {
            match (shared.deliver)(&run) {
                Delivery::Taken => break,
                Delivery::Full => sleep(RETRY).await,
                Delivery::Gone => return,
            }
        }
        chance = RandomState::new().hash_one(chance);
        sleep(jittered(probe.interval.0, chance)).await;
    }
}

/// Logs the first outcome, and each that differs from the one before.
fn tell_change(
    probe: &ProbeConfig,
    outcome: Result<(), ProbeFault>,
    last: &mut Option<Result<(), ProbeFault>>,
) {
    if *last == Some(outcome) {
        return;
    }
    *last = Some(outcome);
    let name = probe.name.as_str();
    match outcome {
        Ok(()) => info!(probe = name, "probe succeeded"),
        Err(cause) => warn!(probe = name, %cause, "probe failed"),
    }
}

#[cfg(test)]
mod tests;
