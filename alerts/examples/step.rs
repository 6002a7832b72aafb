//! Measures a step of the rules: `cargo run --release -p alerts --example step`.
//!
//! A hundred rules over five thousand series, as one agent could have at most, and the same
//! with every rule over every series. Printed is processor time. What it costs to draw the
//! series from a snapshot is the program's and not in it.

use std::sync::Arc;
use std::time::Duration;

use alerts::engine::{Engine, EnginePlan, EngineTime};
use alerts::facts::{ConnectorFacts, EventCount, Facts};
use alerts::rule::load::{RuleFile, load};
use jiff::Timestamp;
use model::event::EventKind;
use model::signal::{SIGNALS, Signal, SignalKind};
use rustix::time::{ClockId, clock_gettime};

/// Rules on numbers.
const RULES: usize = 100;

/// Series, over all signals.
const SERIES: usize = 5_000;

/// Steps that are measured.
const STEPS: u32 = 200;

/// Series as a table.
struct Table {
    signals: Vec<(Signal, Vec<Vec<String>>)>,
    counts: Vec<String>,
    number: f64,
}

impl Facts for Table {
    fn readings(&self, signal: Signal, each: &mut dyn FnMut(&[&str], f64)) {
        let mut values: Vec<&str> = Vec::new();
        for (_, series) in self.signals.iter().filter(|(one, _)| *one == signal) {
            for own in series {
                values.clear();
                values.extend(own.iter().map(String::as_str));
                each(&values, self.number);
            }
        }
    }

    fn is_caught_up(&self) -> bool {
        true
    }

    fn connectors(&self, _each: &mut dyn FnMut(ConnectorFacts<'_>)) {}

    fn event_counts(&self, each: &mut dyn FnMut(EventCount<'_>)) {
        for connector in &self.counts {
            for kind in EventKind::ALL {
                each(EventCount {
                    connector,
                    event: kind.name(),
                    reason: "",
                    count: 7,
                });
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let labelled: Vec<_> = SIGNALS
        .iter()
        .filter(|row| row.kind == SignalKind::Gauge && !row.labels.is_empty())
        // A moment wants to be looked at as a time since or until.
        .filter(|row| !row.name.contains("timestamp"))
        .collect();
    let signals = labelled.len();
    let wide = SIGNALS.iter().find(|row| row.name == "ztna_tunnel_up");
    measure(
        "100 rules over 5000 series",
        (0..RULES).map(|place| labelled.get(place % signals).map_or("", |row| row.name)),
        labelled.iter().map(|row| (row.signal, SERIES / signals)),
    )?;
    measure(
        "100 rules, each over 5000 series",
        (0..RULES).map(|_| "ztna_tunnel_up"),
        wide.iter().map(|row| (row.signal, SERIES)),
    )
}

/// Prints what a step takes, when nothing changes and when everything is bad.
fn measure<'a>(
    title: &str,
    rules: impl Iterator<Item = &'a str>,
    series: impl Iterator<Item = (Signal, usize)>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::from("version: 1\nrules:\n");
    for (place, name) in rules.enumerate() {
        let name = name.trim_start_matches("ztna_");
        text.push_str(&format!(
            "  - {{id: r{place}, alert: R{place}, on: {{sample: {name}}}, above: 100, \
             for: 5m, severity: info, summary: s, action: a}}\n"
        ));
    }
    text.push_str(
        "  - {id: rate, alert: RATE, on: {event: client.disconnected, at_least: 20, \
         within: 5m}, by: [connector], severity: info, summary: s, action: a}\n",
    );
    let file = RuleFile {
        name: "step.yaml".to_owned(),
        text,
    };
    let signals = series.map(|(signal, count)| {
        let labels = signal.row().labels;
        let values = |at: usize| labels.iter().map(|label| format!("{label}-{at}")).collect();
        (signal, (0..count).map(values).collect())
    });
    let mut table = Table {
        signals: signals.collect(),
        counts: (0..50).map(|at| format!("connector-{at}")).collect(),
        number: 1.0,
    };
    let plan = EnginePlan {
        rules: Arc::new(load(&[file])?),
        agent: Arc::from("agent"),
        ..EnginePlan::default()
    };
    let mut engine = Engine::open(plan, &[], at(0)?);
    let first = step(&mut engine, &table, at(0)?);
    let mut steady = Vec::new();
    for second in 1..=STEPS {
        steady.push(step(&mut engine, &table, at(second)?));
        engine.mark_committed();
    }
    steady.sort_unstable();
    let middle = steady.get(steady.len() / 2).copied().unwrap_or_default();
    let worst = steady.last().copied().unwrap_or_default();
    table.number = 200.0;
    let turned = step(&mut engine, &table, at(STEPS + 1)?);
    let bad = step(&mut engine, &table, at(STEPS + 2)?);
    #[expect(clippy::print_stdout, reason = "it is for people")]
    {
        println!(
            "{title}: first {first:?}, then {middle:?} (worst {worst:?}); \
         all turn bad {turned:?}, all are bad {bad:?}, {} rows",
            engine.rows().len()
        );
    }
    Ok(())
}

/// Processor time of one step: what others do on the machine is not in it.
fn step(engine: &mut Engine, table: &Table, now: EngineTime) -> Duration {
    let began = processor_time();
    engine.step(table, now);
    processor_time().saturating_sub(began)
}

/// What this thread has had of the processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn at(second: u32) -> Result<EngineTime, jiff::Error> {
    let seconds = 1_800_000_000_u64 + u64::from(second);
    Ok(EngineTime {
        clock: Duration::from_secs(seconds),
        wall: Timestamp::from_second(1_800_000_000 + i64::from(second))?,
    })
}
