//! Takes two samples of the host, so that processors have a share of time in between.

use std::thread;
use std::time::Duration;

use super::super::facts::HostFacts;
use super::super::plan::HostErrand;
use crate::clock::Clock;
use crate::host::Sampler;

/// Between the samples: long enough for a hundred ticks of the kernel.
const WINDOW: Duration = Duration::from_secs(1);

/// Looks twice.
pub(in crate::doctor) fn look(plan: &HostErrand, clock: Clock) -> HostFacts {
    let mut sampler = Sampler::new(&plan.settings, clock);
    let first = clock.now();
    drop(sampler.sample(first));
    let spent = clock.now().monotonic.saturating_sub(first.monotonic);
    thread::sleep(WINDOW.saturating_sub(spent));
    let second = clock.now();
    HostFacts {
        sample: sampler.sample(second),
        window: second.monotonic.saturating_sub(first.monotonic),
        thresholds: plan.thresholds.clone(),
    }
}
