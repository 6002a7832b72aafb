//! What looking at this host costs: processor time a sample, and what stays in memory.
//!
//! Samples are taken back to back and counted with all the collectors' threads, but each
//! is told that 15 s have passed: some things are read more rarely than others, by the time
//! that a sample is given. Back to back everything is in the processor's caches: on a host
//! that does other work in between a sample costs more.

use std::process;
use std::time::Duration;

use anyhow::{Context, Result};
use model::connector::ConnectorKind;
use ztna_exporter::clock::Clock;
use ztna_exporter::host::{HostSettings, Sampler};

use crate::measure::{processor_time, resident_mib};
use crate::progress;
use crate::report::{Figure, Report, Target};

/// From one sample to the next: the agent's default.
const INTERVAL: Duration = Duration::from_secs(15);

/// Takes `samples` samples of this host.
pub(crate) fn measure(samples: u32, report: &mut Report) -> Result<()> {
    let clock = Clock::start();
    let settings = HostSettings::of_kinds(&[ConnectorKind::NetskopePublisher]);
    let mut sampler = Sampler::new(&settings, clock);
    // The first ones grow the buffers.
    let mut sample = sampler.sample(clock.now());
    for _ in 0..10 {
        sample = sampler.sample(clock.now());
    }
    let processes = sample.kernel.processes.context("no process was counted")?;
    progress(&format!(
        "taking {samples} samples of {processes} processes"
    ));
    for run in &sample.collectors {
        let microseconds = run.duration.as_micros();
        progress(&format!("  {}: {microseconds} us", run.collector));
    }
    let id = process::id();
    let before_mib = resident_mib(id)?;
    let before = processor_time(id)?;
    let mut now = clock.now();
    for _ in 0..samples {
        now.monotonic = now.monotonic.saturating_add(INTERVAL);
        sampler.sample(now);
    }
    let used = processor_time(id)?.saturating_sub(before);
    let seconds = used.as_secs_f64() / f64::from(samples);
    report.add(
        &format!("looking at a host with {processes} processes every 15 s"),
        Target::AtMost(0.5),
        Figure {
            value: seconds / INTERVAL.as_secs_f64() * 100.0,
            unit: " % of a core",
        },
        None,
    );
    report.add(
        &format!("the same, memory that {samples} samples left behind"),
        Target::AtMost(1.0),
        Figure {
            value: (resident_mib(id)? - before_mib).max(0.0),
            unit: " MiB",
        },
        None,
    );
    Ok(())
}
