//! Looks at the host again and again, and hands each sample to the writer.
//!
//! One thread looks, because looking blocks: for as long as the slowest collector, and
//! never longer than the time limit. It is no thread of the runtime, which would wait for
//! it at the end; nobody waits for this one. What it finds after it was told to stop is
//! dropped, so nothing of an old plan comes after a new one.
//!
//! A sample that the writer has no room for is dropped: the next one is newer. Only
//! changes are logged: of a collector between success and failure, of the writer between
//! taking and refusing.
//!
//! Known limit: a collector that hangs in the kernel keeps its thread. A reload with
//! other settings starts the collectors anew, and one that hangs again hangs beside it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use model::host::threshold::Threshold;
use model::host::{CollectorRun, HostCollector, HostSample};
use tracing::{error, info, warn};

use super::{HostSettings, Sampler};
use crate::clock::Clock;

/// Most that chance adds to an interval, so that many hosts do not march in step.
const JITTER_MAX: Duration = Duration::from_secs(1);

/// What to look at, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct HostPlan {
    /// What to read, and where.
    pub settings: HostSettings,
    /// From one sample to the next.
    pub interval: Duration,
    /// The limits; the writer steps them.
    pub thresholds: Vec<Threshold>,
}

/// Offers a sample to the writer without waiting; `false` if it has no room.
pub type DeliverSample = Arc<dyn Fn(Arc<HostSample>) -> bool + Send + Sync>;

/// Whoever looks. Dropping it ends the looking.
pub struct HostWatch {
    deliver: DeliverSample,
    clock: Clock,
    running: Option<Running>,
}

/// A thread that looks.
struct Running {
    settings: HostSettings,
    orders: Arc<Orders>,
}

/// What the thread is told.
struct Orders {
    order: Mutex<Order>,
    changed: Condvar,
}

struct Order {
    interval: Duration,
    /// Whether to look now, and not first at the end of the interval.
    is_due: bool,
    is_over: bool,
}

impl HostWatch {
    /// Nothing is looked at yet.
    pub const fn new(deliver: DeliverSample, clock: Clock) -> Self {
        Self {
            deliver,
            clock,
            running: None,
        }
    }

    /// Looks as `plan` says, at once and from now on; `None` not at all. With the same
    /// settings as before, shares go on over the same window.
    pub async fn change(&mut self, plan: Option<HostPlan>) {
        let Some(HostPlan {
            settings, interval, ..
        }) = plan
        else {
            return self.end();
        };
        if let Some(running) = &self.running
            && running.settings == settings
        {
            return running.orders.look_now(interval);
        }
        self.end();
        self.running = self.start(settings, interval);
    }

    /// Looks no more. Waits for nothing.
    pub async fn stop(&mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(running) = self.running.take() {
            running.orders.end();
        }
    }

    fn start(&self, settings: HostSettings, interval: Duration) -> Option<Running> {
        let orders = Arc::new(Orders {
            order: Mutex::new(Order {
                interval,
                is_due: true,
                is_over: false,
            }),
            changed: Condvar::new(),
        });
        let (clock, deliver) = (self.clock, Arc::clone(&self.deliver));
        let (told, of_thread) = (Arc::clone(&orders), settings.clone());
        let spawned = thread::Builder::new()
            .name("host-watch".to_owned())
            .spawn(move || look_again_and_again(&of_thread, clock, &told, &deliver));
        match spawned {
            Ok(_) => Some(Running { settings, orders }),
            Err(error) => {
                error!(%error, "the host is not looked at: no thread could be started");
                None
            }
        }
    }
}

impl Drop for HostWatch {
    fn drop(&mut self) {
        self.end();
    }
}

impl Orders {
    fn look_now(&self, interval: Duration) {
        let mut order = self.lock();
        order.interval = interval;
        order.is_due = true;
        self.changed.notify_all();
    }

    fn end(&self) {
        self.lock().is_over = true;
        self.changed.notify_all();
    }

    /// Waits until it is time for the next sample, `passed` after the last one began.
    /// `false` if there is none.
    fn wait(&self, passed: Duration, chance: u64) -> bool {
        let order = self.lock();
        let interval = order
            .interval
            .saturating_add(jitter(order.interval, chance));
        let (mut order, _) = self
            .changed
            .wait_timeout_while(order, interval.saturating_sub(passed), |order| {
                !order.is_due && !order.is_over
            })
            .unwrap_or_else(PoisonError::into_inner);
        order.is_due = false;
        !order.is_over
    }

    /// Does it unless all is over; it is not over before it is done.
    fn unless_over(&self, act: impl FnOnce() -> bool) -> Option<bool> {
        let order = self.lock();
        (!order.is_over).then(act)
    }

    fn lock(&self) -> MutexGuard<'_, Order> {
        // Whoever held it changes whole values only: they are right even if it died.
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tenth of the interval at most, and less than [`JITTER_MAX`].
fn jitter(interval: Duration, chance: u64) -> Duration {
    let thousandths = u32::try_from(chance % 1000).unwrap_or_default();
    let most = JITTER_MAX.min(interval / 10);
    most.saturating_mul(thousandths) / 1000
}

fn look_again_and_again(
    settings: &HostSettings,
    clock: Clock,
    orders: &Orders,
    deliver: &DeliverSample,
) {
    let mut sampler = Sampler::new(settings, clock);
    let mut news = News::default();
    let mut chance = RandomState::new().hash_one(&settings.roots.host);
    let mut passed = Duration::ZERO;
    while orders.wait(passed, chance) {
        let now = clock.now();
        let sample = Arc::new(sampler.sample(now));
        news.tell_collectors(&sample.collectors);
        let Some(is_taken) = orders.unless_over(|| deliver(sample)) else {
            return;
        };
        news.tell_delivery(is_taken);
        chance = RandomState::new().hash_one(chance);
        passed = clock.now().monotonic.saturating_sub(now.monotonic);
    }
}

/// What was said, so that it is not said again.
#[derive(Default)]
struct News {
    failing: BTreeMap<HostCollector, bool>,
    /// Samples without room, one after the other.
    refused: u64,
}

impl News {
    fn tell_collectors(&mut self, runs: &[CollectorRun]) {
        for run in runs {
            let is_failing = !run.is_success;
            let was_failing = self.failing.insert(run.collector, is_failing);
            match (was_failing.unwrap_or(false), is_failing) {
                (false, true) => {
                    let cause = run.error.as_deref().unwrap_or_default();
                    warn!(collector = %run.collector, cause, "host not read in full");
                }
                (true, false) => info!(collector = %run.collector, "host read in full again"),
                (true, true) | (false, false) => {}
            }
        }
    }

    fn tell_delivery(&mut self, is_taken: bool) {
        if is_taken {
            if self.refused != 0 {
                info!(
                    samples = self.refused,
                    "writer takes samples of the host again"
                );
            }
            self.refused = 0;
            return;
        }
        if self.refused == 0 {
            warn!("sample of the host dropped: the writer has no room");
        }
        self.refused = self.refused.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
