//! How fast, and in how little memory, a whole log is read once.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use harness::page::Page;
use harness::tools::{Tool, agent_binary};
use ztna_exporter::corpus::Truth;

use crate::measure::{self, Cost};
use crate::report::{Figure, Report, Target};
use crate::{CorpusFile, progress};

/// Measures `parse` on one and on two files, and the peer on the first.
///
/// # Errors
///
/// If a count differs from the truth, or a program fails.
pub(crate) fn measure(
    first: &CorpusFile,
    second: &CorpusFile,
    runs: usize,
    report: &mut Report,
) -> Result<()> {
    let one = ours(&[first], runs)?;
    let both = ours(&[first, second], runs)?;
    let peer = peer(first)?;
    let megabytes = megabytes(&first.truth)?;
    let speed = megabytes / one.processor_seconds;
    let peer_speed = megabytes / peer.processor_seconds;
    let figure = |value, unit| Figure { value, unit };
    report.add(
        "`parse`, one file",
        Target::AtLeast(1_200.0),
        figure(speed, " MB per CPU second"),
        Some(peer_speed),
    );
    report.add(
        "the same as a ratio",
        Target::AtLeast(50.0),
        figure(speed / peer_speed, " times mtail"),
        None,
    );
    report.add(
        "its peak memory",
        Target::AtMost(40.0),
        figure(one.peak_mib, " MiB"),
        Some(peer.peak_mib),
    );
    // Twice the bytes in the time of one would be a gain of 2.
    report.add(
        "two files at once, real time",
        Target::AtLeast(1.7),
        figure(2.0 * one.real_seconds / both.real_seconds, " times"),
        None,
    );
    report.add(
        "its peak memory",
        Target::AtMost(40.0),
        figure(both.peak_mib, " MiB"),
        None,
    );
    Ok(())
}

/// Measures `parse` on a client's log against a Publisher's, run by run in turns, so
/// that a neighbour who slows one slows the other. `share` of a Publisher's speed is
/// wanted.
///
/// # Errors
///
/// If a count differs from the truth, or the program fails.
pub(crate) fn measure_client(
    [publisher, client]: [&CorpusFile; 2],
    share: f64,
    runs: usize,
    report: &mut Report,
) -> Result<()> {
    let (mut of_publisher, mut of_client) = (Vec::new(), Vec::new());
    for _ in 0..runs.max(1) {
        of_publisher.push(ours(&[publisher], 1)?);
        of_client.push(ours(&[client], 1)?);
    }
    let cost = measure::median(of_client)?;
    let speed = megabytes(&client.truth)? / cost.processor_seconds;
    let publisher_cost = measure::median(of_publisher)?;
    let publisher_speed = megabytes(&publisher.truth)? / publisher_cost.processor_seconds;
    let figure = |value, unit| Figure { value, unit };
    report.add(
        &format!("`parse`, one file of a {}", client.kind),
        Target::AtLeast((publisher_speed * share).round()),
        figure(speed, " MB per CPU second"),
        None,
    );
    report.add(
        "the same as a ratio",
        Target::AtLeast(share),
        figure(speed / publisher_speed, " of a Publisher's"),
        None,
    );
    report.add(
        "its peak memory",
        Target::AtMost(40.0),
        figure(cost.peak_mib, " MiB"),
        None,
    );
    Ok(())
}

fn ours(files: &[&CorpusFile], runs: usize) -> Result<Cost> {
    let mut expected = BTreeMap::<String, u64>::new();
    for (key, count) in files.iter().flat_map(|file| &file.truth.counts) {
        *expected.entry(key.clone()).or_default() += count;
    }
    let continuations: u64 = files.iter().map(|file| file.truth.continuations).sum();
    let kind = files.first().context("no files")?.kind;
    let mut command = Command::new(agent_binary()?);
    command.args(["parse", "--kind", kind.name(), "--output", "metrics"]);
    command.args(files.iter().map(|file| &file.path));
    let mut costs = Vec::new();
    for run in 1..=runs.max(1) {
        progress(&format!(
            "parse, {} file(s) of a {kind}, run {run}",
            files.len()
        ));
        let cost = measure::run(&command)?;
        let page = Page::parse(&cost.stdout);
        let counted = page.event_counts();
        ensure!(
            counted == expected,
            "wrong counts: {counted:?}, want {expected:?}"
        );
        let outcome = [("outcome", "continuation")];
        let going_on = page.count("ztna_log_lines_total", &outcome);
        ensure!(
            going_on == continuations,
            "{going_on} lines that begin no record, want {continuations}"
        );
        costs.push(cost);
    }
    measure::median(costs)
}

/// The peer takes about a minute for a gigabyte, so it runs once.
fn peer(file: &CorpusFile) -> Result<Cost> {
    progress("mtail, run 1 (about a minute for 1,000 MB)");
    let mut command = Tool::Mtail.command()?;
    command
        .args([
            "--one_shot",
            "--one_shot_format",
            "prometheus",
            "--port",
            "0",
            "--progs",
        ])
        .arg(program())
        .arg("--logs")
        .arg(&file.path);
    let cost = measure::run(&command)?;
    let counted = peer_counts(&cost.stdout);
    ensure!(
        counted == file.truth.counts,
        "mtail's counts differ: {counted:?}"
    );
    Ok(cost)
}

/// The peer's program.
pub(crate) fn program() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/npa_publisher.mtail"
    ))
}

/// The peer's counts in the form of a truth.
pub(crate) fn peer_counts(page: &str) -> BTreeMap<String, u64> {
    let page = Page::parse(page);
    let mut counts = BTreeMap::new();
    for sample in &page.samples {
        let label = |name| {
            sample
                .labels
                .get(name)
                .map(String::as_str)
                .unwrap_or_default()
        };
        let key = match (sample.name.as_str(), label("reason")) {
            ("tls_errors_total", _) => format!("tls.error|{}", tls_reason(label("code"))),
            ("events_total", "") => label("event").to_owned(),
            ("events_total", reason) => format!("{}|{reason}", label("event")),
            _ => continue,
        };
        if let Ok(count) = sample.value.parse::<u64>() {
            *counts.entry(key).or_default() += count;
        }
    }
    counts
}

/// `SSL_get_error(3)`: those that the corpus has.
fn tls_reason(code: &str) -> &'static str {
    match code {
        "1" => "ssl",
        "5" => "syscall",
        "6" => "zero_return",
        _ => "other",
    }
}

fn megabytes(truth: &Truth) -> Result<f64> {
    let kilobytes = u32::try_from(truth.bytes / 1_000).context("the corpus is too large")?;
    Ok(f64::from(kilobytes) / 1_000.0)
}
