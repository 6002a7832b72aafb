//! `explain`: which pattern recognises a line, and what it does to the state.

use std::fmt::Write;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use logparse::catalogue::Catalogue;
use logparse::explain::{Explanation, RecordOpening, Verdict};
use model::connector::{ConnectorKind, ConnectorState, Transition};
use model::event::Event;

use crate::cli::{ExplainArgs, Failure};
use crate::clock::Clock;
use crate::logging::print_result;
use crate::parse::{kind_of, load_catalogue};

/// Explains one line.
///
/// # Errors
///
/// A catalogue that cannot be used, or a closed stdout.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let paths: &[PathBuf] = &args.catalogue;
    let catalogue = load_catalogue(kind_of(args.kind), paths)?;
    let explanation = catalogue.explain(args.line.as_bytes(), &TimeZone::UTC);
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = render(&mut out, &explanation, &catalogue);
    print_result(out.as_bytes())?;
    Ok(())
}

fn render(out: &mut String, explanation: &Explanation, catalogue: &Catalogue) -> std::fmt::Result {
    if !explanation.prefixes.is_empty() {
        writeln!(out, "prefix   {}", explanation.prefixes.join(", then "))?;
    }
    match explanation.time {
        Some(time) => writeln!(out, "time     {time}")?,
        None => writeln!(out, "time     none: it counts as the time of reading")?,
    }
    match &explanation.record {
        RecordOpening::Anchor(anchor) => {
            writeln!(out, "record   opened by {}", anchor.printable())?;
        }
        RecordOpening::Component(name) => {
            writeln!(out, "record   opened by the component {}", name.printable())?;
        }
        RecordOpening::WizardStamp => writeln!(out, "record   opened by the wizard's time stamp")?,
        RecordOpening::Beginning => writeln!(out, "record   the line's own beginning")?,
    }
    writeln!(out, "message  {}", explanation.message.printable())?;
    render_verdict(out, &explanation.verdict, catalogue)
}

fn render_verdict(out: &mut String, verdict: &Verdict, catalogue: &Catalogue) -> std::fmt::Result {
    match verdict {
        Verdict::Recognised { row, event } => {
            writeln!(out, "event    {}", event.key.kind)?;
            if !event.key.reason.is_none() {
                writeln!(out, "reason   {}", event.key.reason)?;
            }
            if let Some(row) = catalogue.rows().get(row.0) {
                writeln!(out, "meaning  {}", row.meaning)?;
                writeln!(out, "row      {}", row.place)?;
                if let Some(pattern) = &row.pattern {
                    writeln!(out, "pattern  {pattern}")?;
                }
                writeln!(out, "source   {}", row.source)?;
            }
            for field in &event.fields {
                writeln!(out, "field    {} = {}", field.name, field.value.printable())?;
            }
            writeln!(out, "state    {}", effect_of(event, catalogue.kind()))
        }
        Verdict::NearMiss { function, .. } => {
            let name = catalogue
                .functions()
                .get(function.0)
                .map_or("?", |name| &**name);
            writeln!(out, "event    none: {name} is known, this wording is not")?;
            writeln!(out, "         counted in ztna_log_near_miss_total")
        }
        Verdict::UnknownFunction => {
            writeln!(out, "event    none: no row is about this function")
        }
        Verdict::ForeignAnchor => {
            writeln!(
                out,
                "event    none: what stands before the anchor is no prefix of a log line"
            )
        }
        Verdict::NoRow => writeln!(out, "event    none: no row begins like this"),
        Verdict::Continuation => writeln!(out, "event    none: no record begins in this line"),
        Verdict::Known { row } => {
            writeln!(out, "event    none: this text is known and counts as nothing")?;
            if let Some(row) = catalogue.rows().get(row.0) {
                writeln!(out, "meaning  {}", row.meaning)?;
                writeln!(out, "row      {}", row.place)?;
                writeln!(out, "source   {}", row.source)?;
            }
            Ok(())
        }
    }
}

/// What the event does to a connector of which nothing is known yet.
fn effect_of(event: &Event, kind: ConnectorKind) -> String {
    let mut state = ConnectorState::default();
    let at = event
        .time
        .unwrap_or_else(|| Clock::start().now().timestamp());
    let changes = state.apply(event, at, kind);
    if changes.is_empty() {
        return "unchanged".to_owned();
    }
    let words = changes
        .iter()
        .map(|Transition { aspect, to, .. }| format!("{aspect} becomes {to}"));
    words.collect::<Vec<_>>().join(", ")
}
