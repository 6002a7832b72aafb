//! `parse --output summary`: a table for people.

use std::fmt::Write;

use model::snapshot::{ConnectorSnapshot, Snapshot};

/// Draws the table. `files` were read, together `bytes` unpacked.
pub fn render(snapshot: &Snapshot, files: usize, bytes: u64) -> String {
    let mut out = String::new();
    for connector in &snapshot.connectors {
        // Writing to a String does not fail.
        let _ = render_connector(&mut out, connector, files, bytes);
    }
    out
}

fn render_connector(
    out: &mut String,
    connector: &ConnectorSnapshot,
    files: usize,
    bytes: u64,
) -> std::fmt::Result {
    let mut outcomes: Vec<(&str, u64)> = Vec::new();
    for (outcome, count) in connector.logs.iter().flat_map(|log| &log.lines) {
        match outcomes
            .iter_mut()
            .find(|(name, _)| *name == outcome.name())
        {
            Some((_, sum)) => *sum = sum.saturating_add(*count),
            None => outcomes.push((outcome.name(), *count)),
        }
    }
    let lines: u64 = outcomes.iter().map(|(_, count)| count).sum();
    writeln!(
        out,
        "{} ({}): {files} files, {bytes} bytes, {lines} lines",
        connector.name, connector.kind
    )?;
    for (name, count) in outcomes.iter().filter(|(_, count)| *count > 0) {
        writeln!(out, "  {name:<14}{count:>12}")?;
    }
    writeln!(out, "\n  {:<30}{:<28}{:>12}", "EVENT", "REASON", "COUNT")?;
    let seen: Vec<_> = connector
        .events
        .iter()
        .filter(|(_, count)| *count > 0)
        .collect();
    for (key, count) in &seen {
        writeln!(
            out,
            "  {:<30}{:<28}{count:>12}",
            key.kind.name(),
            key.reason.as_str()
        )?;
    }
    if seen.is_empty() {
        writeln!(
            out,
            "  (no line is one that we know: is this a connector's log?)"
        )?;
    }
    let misses = connector.logs.iter().flat_map(|log| &log.near_misses);
    for miss in misses.filter(|miss| miss.count > 0) {
        writeln!(
            out,
            "\n  {} lines of {} have an unknown wording",
            miss.count, miss.function
        )?;
        if let Some(sample) = &miss.sample {
            writeln!(out, "    last: {}", sample.printable())?;
        }
    }
    let aspects = connector.kind.aspects().iter();
    let words: Vec<String> = aspects
        .map(|aspect| format!("{aspect} {}", connector.state.view(*aspect).state))
        .collect();
    writeln!(out, "\n  at the end: {}", words.join(", "))
}
