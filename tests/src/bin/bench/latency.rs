//! How long a written line takes until a scrape shows it, with default settings.

use std::time::Duration;

use anyhow::{Context, Result};
use harness::agent::Agent;
use harness::log_file::{EVENT, LogFile};
use harness::scene::{Scene, Settings};
use ztna_exporter::clock::Clock;
use ztna_exporter::corpus::chance::Chance;

use crate::progress;
use crate::report::{Figure, Report, Target};

/// Between two looks; part of every figure.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// Writes one line after another, each at a random moment after the one before was
/// seen, and tells the median and the 99th percentile.
///
/// # Errors
///
/// If a line is not seen in time.
pub(crate) fn measure(samples: u64, report: &mut Report) -> Result<()> {
    progress(&format!("latency of {samples} lines"));
    let settings = Settings {
        more: String::new(),
        ..Settings::default()
    };
    let scene = Scene::with(settings)?;
    let mut log = LogFile::open(scene.log("agent.txt"))?;
    let agent = Agent::start(&scene)?;
    agent.wait_until_ready()?;
    let clock = Clock::start();
    let mut chance = Chance::new(4);
    let mut seconds = Vec::new();
    for number in 1..=samples {
        // So that no beat of the agent's is hit again and again.
        std::thread::sleep(Duration::from_millis(u64::from(chance.below(1_200))));
        let written = clock.now().monotonic;
        log.append(1)?;
        while agent.page()?.events(EVENT) < number {
            std::thread::sleep(LOOK_INTERVAL);
        }
        seconds.push(clock.now().monotonic.saturating_sub(written).as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let at = |numerator: usize| {
        let index = (seconds.len() * numerator / 100).min(seconds.len().saturating_sub(1));
        seconds.get(index).copied().context("no samples")
    };
    let figure = |value| Figure { value, unit: " s" };
    report.add(
        "written to visible, p50",
        Target::AtMost(1.5),
        figure(at(50)?),
        None,
    );
    report.add(
        "written to visible, p99",
        Target::AtMost(1.5),
        figure(at(99)?),
        None,
    );
    Ok(())
}
