//! The report for people: a line a check, findings below it, a summary at the end.
//!
//! A mark and a word tell the outcome, so that neither colour nor sight of signs is
//! needed. Whatever is printed is made harmless for a terminal here, and nowhere else.

use std::borrow::Cow;

use model::untrusted::printable;

use super::report::{Entry, Report};
use super::verdict::{Finding, Outcome, Severity};
use crate::config::Colour;

/// Columns of text behind an indent.
const COLUMNS_MAX: usize = 96;

/// Most characters of one foreign text: a finding is read, and not searched.
const CHARACTERS_MAX: usize = 600;

const INDENT: &str = "      ";

/// Writes the report.
pub(super) fn render(report: &Report, colour: Colour) -> String {
    let titles = report.entries.iter();
    let width = titles.map(|entry| entry.check.title.chars().count()).max();
    let pen = Pen {
        colour,
        title_width: width.unwrap_or(0),
    };
    let mut out = format!(
        "ztna-exporter {} looked at {} at {}\n\n",
        env!("CARGO_PKG_VERSION"),
        if report.hostname.is_empty() {
            Cow::Borrowed("this host")
        } else {
            harmless(&report.hostname)
        },
        report.taken_at.strftime("%Y-%m-%d %H:%M:%SZ"),
    );
    for entry in &report.entries {
        pen.entry(&mut out, entry);
    }
    out.push_str(&summary(report));
    out
}

struct Pen {
    colour: Colour,
    title_width: usize,
}

impl Pen {
    fn entry(&self, out: &mut String, entry: &Entry) {
        let verdict = &entry.verdict;
        let label = self.painted(verdict.outcome, &label(verdict.outcome));
        let title = format!("{:width$}", entry.check.title, width = self.title_width);
        let line = format!("{label}  {title}  {}", harmless(&verdict.text));
        out.push_str(line.trim_end());
        out.push('\n');
        for finding in &verdict.findings {
            self.finding(out, finding);
        }
        if !verdict.findings.is_empty() {
            let guide = format!("Guide: {} ({})", entry.check.guide, entry.check.source);
            wrap(out, &guide, INDENT, INDENT);
            out.push('\n');
        }
    }

    fn finding(&self, out: &mut String, finding: &Finding) {
        let outcome = match finding.severity {
            Severity::Warning => Outcome::Warning,
            Severity::Failed => Outcome::Failed,
        };
        let place = harmless(&finding.place);
        let problem = format!("{place}: {}", harmless(&finding.problem));
        let first = format!("   {}  ", self.painted(outcome, mark(outcome)));
        wrap(out, &problem, &first, INDENT);
        wrap(out, &harmless(&finding.action), "      -> ", "         ");
    }

    fn painted(&self, outcome: Outcome, text: &str) -> String {
        let code = match (self.colour, outcome) {
            (Colour::Never, _) | (Colour::Always, Outcome::Skipped) => return text.to_owned(),
            (Colour::Always, Outcome::Ok) => "32",
            (Colour::Always, Outcome::Unknown) => "36",
            (Colour::Always, Outcome::Warning) => "33",
            (Colour::Always, Outcome::Failed) => "31;1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// A sign of one column that any terminal has.
const fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "+",
        Outcome::Skipped => "-",
        Outcome::Unknown => "?",
        Outcome::Warning => "!",
        Outcome::Failed => "x",
    }
}

fn label(outcome: Outcome) -> String {
    format!("[{}] {:7}", mark(outcome), outcome.word())
}

/// Text that cannot move a cursor, and is not endless.
fn harmless(text: &str) -> Cow<'_, str> {
    let shown = printable(text);
    match shown.char_indices().nth(CHARACTERS_MAX) {
        None => shown,
        Some((end, _)) => Cow::Owned(format!("{}…", shown.get(..end).unwrap_or_default())),
    }
}

/// Writes words in lines; a word that is longer than a line has one of its own.
fn wrap(out: &mut String, text: &str, first_indent: &str, indent: &str) {
    out.push_str(first_indent);
    let mut column: usize = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column != 0 && COLUMNS_MAX < column.saturating_add(length).saturating_add(1) {
            out.push('\n');
            out.push_str(indent);
            column = 0;
        } else if column != 0 {
            out.push(' ');
            column = column.saturating_add(1);
        }
        out.push_str(word);
        column = column.saturating_add(length);
    }
    out.push('\n');
}

fn summary(report: &Report) -> String {
    let counts = report.counts();
    let parts = Outcome::ALL.into_iter().filter_map(|outcome| {
        let count = counts.get(&outcome).copied().unwrap_or(0);
        let is_plural = outcome == Outcome::Warning && count != 1;
        let ending = if is_plural { "s" } else { "" };
        (count != 0).then(|| format!("{count} {}{ending}", outcome.word()))
    });
    let parts: Vec<String> = parts.collect();
    format!("\n{} checks: {}\n", report.entries.len(), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use jiff::Timestamp;

    use super::super::guide::CHECKS;
    use super::super::verdict::Verdict;
    use super::*;

    fn report(verdicts: Vec<Verdict>) -> Report {
        let entries = CHECKS.iter().zip(verdicts);
        Report {
            taken_at: Timestamp::from_second(1_790_000_000).unwrap(),
            hostname: "fra-1".to_owned(),
            entries: entries
                .map(|(check, verdict)| Entry { check, verdict })
                .collect(),
            is_config_refused: false,
        }
    }

    fn centos() -> Verdict {
        let finding = Finding::failed(
            "/etc/os-release",
            "centos 7 is no longer supported",
            "Move.",
        );
        Verdict::of(vec![finding], "centos 7")
    }

    #[test]
    fn a_report_is_read_from_the_left() {
        let verdicts = vec![
            Verdict::ok("right"),
            centos(),
            Verdict::of(
                vec![Finding::warning(
                    "/run/reboot-required",
                    "an update waits",
                    "Restart.",
                )],
                "an update waits",
            ),
            Verdict::unknown("nobody tells"),
            Verdict::skipped("no log has a file"),
        ];
        let expected = expect![[r#"
            ztna-exporter 0.1.0 looked at fra-1 at 2026-09-21 14:13:20Z

            [+] ok       Configuration       right
            [x] failed   Operating system    centos 7
               x  /etc/os-release: centos 7 is no longer supported
                  -> Move.
                  Guide: A Publisher is supported on Ubuntu; support for CentOS ended with release 105, at the end
                  of May 2023. (vendor help page "Manage a Publisher", read 2026-08-20)

            [!] warning  Pending restart     an update waits
               !  /run/reboot-required: an update waits
                  -> Restart.
                  Guide: An update of the host that waits for a restart is not in force yet. (this program's
                  manual, docs/doctor.md)

            [?] unknown  Clock               nobody tells
            [-] skipped  Times of log files  no log has a file

            5 checks: 1 failed, 1 warning, 1 unknown, 1 skipped, 1 ok
        "#]];
        expected.assert_eq(&render(&report(verdicts), Colour::Never));
    }

    #[test]
    fn colour_adds_to_the_words_and_replaces_none() {
        let plain = render(&report(vec![centos()]), Colour::Never);
        let coloured = render(&report(vec![centos()]), Colour::Always);
        assert!(coloured.contains("\u{1b}[31;1m[x] failed "), "{coloured}");
        let without = coloured
            .replace("\u{1b}[31;1m", "")
            .replace("\u{1b}[0m", "");
        assert_eq!(without, plain);
    }

    #[test]
    fn foreign_text_moves_no_cursor_and_ends() {
        let hostile = format!("a\u{1b}[2J\u{202e}\r\n{}", "b".repeat(5_000));
        let finding = Finding::failed(&hostile, &hostile, "mend");
        let mut report = report(vec![Verdict::of(vec![finding], &hostile)]);
        report.hostname.clone_from(&hostile);
        let text = render(&report, Colour::Never);
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']), "{text}");
        assert!(text.len() < 5_000, "{}", text.len());
    }
}
