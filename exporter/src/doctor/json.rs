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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::super::guide::CHECKS;
    use super::super::report::Entry;
    use super::super::verdict::Verdict;
    use super::*;

    #[test]
    fn a_report_has_every_documented_field() {
        let hostile = "a\u{1b}[2J\"";
        let finding = Finding::failed(hostile, "b", "c");
        let report = Report {
            taken_at: Timestamp::from_second(1_790_000_000).unwrap(),
            hostname: String::new(),
            entries: vec![Entry {
                check: &CHECKS[0],
                verdict: Verdict::of(vec![finding], "d"),
            }],
            is_config_refused: true,
        };
        let text = render(&report).unwrap();
        assert!(!text.contains('\u{1b}'), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        let expected = json!({
            "format": 1,
            "version": env!("CARGO_PKG_VERSION"),
            "taken_at": "2026-09-21T14:13:20Z",
            "host": "",
            "outcome": "failed",
            "summary": {"failed": 1, "warning": 0, "unknown": 0, "skipped": 0, "ok": 0},
            "checks": [{
                "id": "config.valid",
                "title": "Configuration",
                "outcome": "failed",
                "text": "d",
                "guide": CHECKS[0].guide,
                "source": CHECKS[0].source,
                "findings": [
                    {"severity": "failed", "place": hostile, "problem": "b", "action": "c"}
                ],
            }],
        });
        assert_eq!(value, expected);
    }
}
