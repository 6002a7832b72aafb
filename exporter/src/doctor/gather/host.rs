//! Takes two samples of the host, so that processors have a share of time in between.

use std::thread;
use std::time::Duration;

use model::host::{HostCollector, HostSample};

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
    let mut sample = sampler.sample(second);
    if !plan.has_processes {
        hide_processes(&mut sample);
    }
    HostFacts {
        sample,
        window: second.monotonic.saturating_sub(first.monotonic),
        thresholds: plan.thresholds.clone(),
    }
}

/// Processes are listed of the machine that we run on, whatever the root.
fn hide_processes(sample: &mut HostSample) {
    sample.connector_process = None;
    sample.largest_process = None;
    sample.busiest_process = None;
    let runs = sample.collectors.iter_mut();
    for run in runs.filter(|run| run.collector == HostCollector::Process) {
        run.error = Some("files of another root have no processes".to_owned());
    }
}
