//! The report for programs: one JSON object, documented in `docs/doctor.md`.
//!
//! Fields are only ever added. Foreign text is JSON's own kind of harmless here; who
//! prints it on a terminal has to encode it again.

use std::collections::BTreeMap;

use serde::Serialize;

use super::report::Report;
use super::verdict::{Finding, Outcome};

/// Grows when a field changes its meaning, which it never should.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct ReportJson<'a> {
    format: u32,
    version: &'static str,
    taken_at: String,
    host: &'a str,
    outcome: Outcome,
    summary: BTreeMap<&'static str, usize>,
    checks: Vec<CheckJson<'a>>,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    id: &'static str,
    title: &'static str,
    outcome: Outcome,
    text: &'a str,
    guide: &'static str,
    source: &'static str,
    findings: &'a [Finding],
}

/// Writes the report.
///
/// # Errors
///
/// None that can happen: there are no maps with odd keys in it.
pub(super) fn render(report: &Report) -> serde_json::Result<String> {
    let counts = report.counts().into_iter();
    let checks = report.entries.iter().map(|entry| CheckJson {
        id: entry.check.id,
        title: entry.check.title,
        outcome: entry.verdict.outcome,
        text: &entry.verdict.text,
        guide: entry.check.guide,
        source: entry.check.source,
        findings: &entry.verdict.findings,
    });
    let whole = ReportJson {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION"),
        taken_at: report.taken_at.to_string(),
        host: &report.hostname,
        outcome: report.outcome(),
        summary: counts
            .map(|(outcome, count)| (outcome.word(), count))
            .collect(),
        checks: checks.collect(),
    };
    let mut text = serde_json::to_string_pretty(&whole)?;
    text.push('\n');
    Ok(text)
}
