//! How a check ends, and what is found: the nouns of the report.
//!
//! A check ends in one [`Outcome`]; what is wrong stands in its findings, each with a
//! place and with what to do. Texts may hold names of files, processes and certificates,
//! so whoever prints them encodes them for the reader.

use serde::Serialize;

/// How a check ended. The later of two is the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// Nothing is wrong.
    Ok,
    /// Nothing to check here, or not wanted.
    Skipped,
    /// It could not be told.
    Unknown,
    /// It works, and should be looked at.
    Warning,
    /// It must be mended.
    Failed,
}

impl Outcome {
    /// Every outcome, the worst first: the order of the summary.
    pub(super) const ALL: [Self; 5] = [
        Self::Failed,
        Self::Warning,
        Self::Unknown,
        Self::Skipped,
        Self::Ok,
    ];

    /// The word for people and for JSON.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// It works, and should be looked at.
    Warning,
    /// It must be mended.
    Failed,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// How bad it is.
    pub(super) severity: Severity,
    /// Where: a file, a name, an address, a process. May be foreign text.
    pub(super) place: String,
    /// What is wrong there. May hold foreign text.
    pub(super) problem: String,
    /// What to do about it.
    pub(super) action: String,
}

impl Finding {
    /// Something that must be mended.
    pub(super) fn failed(
        place: impl Into<String>,
        problem: impl Into<String>,
        action: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Failed,
            place: place.into(),
            problem: problem.into(),
            action: action.into(),
        }
    }

    /// Something that should be looked at.
    pub(super) fn warning(
        place: impl Into<String>,
        problem: impl Into<String>,
        action: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::failed(place, problem, action)
        }
    }
}

/// What a check says.
// Invariant: there are findings if and only if the outcome is a warning or a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// How it ended.
    pub(super) outcome: Outcome,
    /// What was seen, in few words.
    pub(super) text: String,
    /// What is wrong.
    pub(super) findings: Vec<Finding>,
}

impl Verdict {
    /// Nothing is wrong.
    pub(super) fn ok(text: impl Into<String>) -> Self {
        Self::without_findings(Outcome::Ok, text.into())
    }

    /// Nothing to check, with the reason.
    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self::without_findings(Outcome::Skipped, reason.into())
    }

    /// It could not be told, with the reason.
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self::without_findings(Outcome::Unknown, reason.into())
    }

    /// What the findings make of it; nothing is wrong if there are none.
    pub(super) fn of(findings: Vec<Finding>, text: impl Into<String>) -> Self {
        let worst = findings.iter().map(|finding| match finding.severity {
            Severity::Warning => Outcome::Warning,
            Severity::Failed => Outcome::Failed,
        });
        Self {
            outcome: worst.max().unwrap_or(Outcome::Ok),
            text: text.into(),
            findings,
        }
    }

    const fn without_findings(outcome: Outcome, text: String) -> Self {
        Self {
            outcome,
            text,
            findings: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides() {
        let warning = || Finding::warning("a", "b", "c");
        let failure = || Finding::failed("a", "b", "c");
        let outcome = |findings| Verdict::of(findings, "").outcome;
        assert_eq!(outcome(vec![]), Outcome::Ok);
        assert_eq!(outcome(vec![warning()]), Outcome::Warning);
        assert_eq!(outcome(vec![failure(), warning()]), Outcome::Failed);
    }
}
