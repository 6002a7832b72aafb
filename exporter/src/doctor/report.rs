//! The whole report: each check with its verdict, how many ended how, and the exit code.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::facts::{ConfigFacts, Facts};
use super::guide::{CHECKS, Check};
use super::verdict::{Outcome, Verdict};

/// A check and what it said.
pub(super) struct Entry {
    pub(super) check: &'static Check,
    pub(super) verdict: Verdict,
}

/// Everything that was found.
pub(super) struct Report {
    pub(super) taken_at: Timestamp,
    /// The host's own name; empty if it was not seen.
    pub(super) hostname: String,
    pub(super) entries: Vec<Entry>,
    /// Whether a named configuration was refused, which has an exit code of its own.
    pub(super) is_config_refused: bool,
}

impl Report {
    /// Lets every check judge.
    pub(super) fn of(facts: &Facts) -> Self {
        let hostname = match &facts.host {
            Ok(host) => host.sample.system.hostname.to_string(),
            Err(_) => String::new(),
        };
        let entries = CHECKS.iter().map(|check| Entry {
            check,
            verdict: (check.judge)(facts),
        });
        Self {
            taken_at: facts.now,
            hostname,
            entries: entries.collect(),
            is_config_refused: matches!(facts.config, ConfigFacts::Refused { .. }),
        }
    }

    /// How many checks ended how; every outcome present.
    pub(super) fn counts(&self) -> BTreeMap<Outcome, usize> {
        let mut counts: BTreeMap<Outcome, usize> = Outcome::ALL
            .into_iter()
            .map(|outcome| (outcome, 0))
            .collect();
        for entry in &self.entries {
            let count = counts.entry(entry.verdict.outcome).or_default();
            *count = count.saturating_add(1);
        }
        counts
    }

    /// The worst that was found: `failed`, `warning`, or else `ok`.
    pub(super) fn outcome(&self) -> Outcome {
        let outcomes = self.entries.iter().map(|entry| entry.verdict.outcome);
        let worst = outcomes.max().unwrap_or(Outcome::Ok);
        if worst < Outcome::Warning {
            Outcome::Ok
        } else {
            worst
        }
    }
}
