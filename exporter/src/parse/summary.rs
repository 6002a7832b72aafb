//! `parse --output summary`: a table for people.

use std::fmt::{Result, Write};

use model::histogram::{RTT_BOUNDS_MS, RttHistogram};
use model::log::LineOutcome;
use model::snapshot::ConnectorSnapshot;

/// How much was read of one connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// How many files.
    pub files: usize,
    /// Their bytes together, unpacked.
    pub bytes: u64,
}

/// Draws the table of one connector.
pub fn render(connector: &ConnectorSnapshot, amount: Amount) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = render_lines(&mut out, connector, amount)
        .and_then(|()| render_events(&mut out, connector))
        .and_then(|()| render_round_trips(&mut out, connector))
        .and_then(|()| render_end(&mut out, connector));
    out
}

fn render_lines(out: &mut String, connector: &ConnectorSnapshot, amount: Amount) -> Result {
    let of_outcome = |wanted: LineOutcome| -> u64 {
        let lines = connector.logs.iter().flat_map(|log| &log.lines);
        let wanted_lines = lines.filter(|(outcome, _)| *outcome == wanted);
        wanted_lines.map(|(_, count)| count).sum()
    };
    let lines: u64 = LineOutcome::ALL.iter().map(|one| of_outcome(*one)).sum();
    let plural = if amount.files == 1 { "" } else { "s" };
    writeln!(
        out,
        "{} ({}): {} file{plural}, {} bytes, {lines} lines",
        connector.name, connector.kind, amount.files, amount.bytes
    )?;
    for outcome in LineOutcome::ALL {
        let count = of_outcome(*outcome);
        if count > 0 {
            writeln!(
                out,
                "  {:<14}{count:>12}  {}",
                outcome.name(),
                in_words(*outcome)
            )?;
        }
    }
    Ok(())
}

/// What an outcome means, for who reads it the first time.
const fn in_words(outcome: LineOutcome) -> &'static str {
    match outcome {
        LineOutcome::Recognised => "counted as events",
        LineOutcome::Ignored => "tell nothing that counts",
        LineOutcome::Oversize => "too long to be read",
        LineOutcome::InvalidUtf8 => "broken characters, and nothing known in them",
        LineOutcome::Continuation => "begin no record: the rest of a longer one, torn, or foreign",
    }
}

fn render_events(out: &mut String, connector: &ConnectorSnapshot) -> Result {
    writeln!(out, "\n  {:<30}{:<28}{:>12}", "EVENT", "REASON", "COUNT")?;
    let mut has_any = false;
    for (key, count) in connector.events.iter().filter(|(_, count)| *count > 0) {
        has_any = true;
        writeln!(
            out,
            "  {:<30}{:<28}{count:>12}",
            key.kind.name(),
            key.reason.as_str()
        )?;
    }
    if !has_any {
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
    Ok(())
}

fn render_round_trips(out: &mut String, connector: &ConnectorSnapshot) -> Result {
    if connector.round_trips.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n  {:<30}{:>12}{:>12}{:>12}{:>12}",
        "ROUND TRIP TO", "COUNT", "MEAN", "HALF", "95 %"
    )?;
    for (pop, measured) in &connector.round_trips {
        let count = measured.count();
        let mean = measured.sum_ms.checked_div(count).unwrap_or(0);
        writeln!(
            out,
            "  {:<30}{count:>12}{:>12}{:>12}{:>12}",
            model::untrusted::printable(pop),
            format!("{mean} ms"),
            share(measured, 50),
            share(measured, 95),
        )?;
    }
    Ok(())
}

/// The bound that so many percent of the measurements are within.
fn share(measured: &RttHistogram, percent: u64) -> String {
    let wanted = measured.count().saturating_mul(percent).div_ceil(100);
    let mut seen: u64 = 0;
    for (count, bound) in measured.counts.iter().zip(RTT_BOUNDS_MS) {
        seen = seen.saturating_add(*count);
        if wanted <= seen {
            return format!("<= {bound} ms");
        }
    }
    let last = RTT_BOUNDS_MS.last().copied().unwrap_or(0);
    format!("> {last} ms")
}

fn render_end(out: &mut String, connector: &ConnectorSnapshot) -> Result {
    writeln!(out, "\n  AT THE END")?;
    for aspect in connector.kind.aspects() {
        let view = connector.state.view(*aspect);
        let since = view.since.map(|since| format!("since {since}"));
        let since = since.unwrap_or_default();
        let line = format!("  {:<30}{:<28}{since}", aspect.name(), view.state);
        writeln!(out, "{}", line.trim_end())?;
    }
    for reason in connector.state.degraded() {
        writeln!(out, "  {:<30}{reason}", "degraded")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_told_by_the_bound_that_holds_it() {
        let mut measured = RttHistogram {
            counts: vec![0; RttHistogram::steps()],
            sum_ms: 0,
        };
        measured.counts[1] = 19;
        measured.counts[3] = 1;
        assert_eq!(share(&measured, 50), "<= 10 ms");
        assert_eq!(share(&measured, 95), "<= 10 ms");
        assert_eq!(share(&measured, 96), "<= 30 ms");
        *measured.counts.last_mut().unwrap() = 100;
        assert_eq!(share(&measured, 50), "> 1000 ms");
    }
}
