//! A unit test for each exported rule, in the words of `promtool test rules`.
//!
//! What is expected of a sample comes from our own [`Level`], stepped over the same series:
//! the test file says that Prometheus agrees with us, not that it agrees with itself.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Annotations, PrometheusRule, own_labels, quoted};
use crate::level::{Level, LevelState, Side, Standing};
use crate::rule::{Rule, View};

/// The step of all test series: below Prometheus' look-back of five minutes.
const STEP_SECONDS: u32 = 60;

/// How a rule is tested.
#[derive(Debug)]
pub(super) enum Proof {
    /// With a number that becomes bad and good again.
    Sample(SampleProof),
    /// With series that somebody thought up.
    Steps(StepProof),
}

/// A number, and what our own machine makes of it.
#[derive(Debug)]
pub(super) struct SampleProof {
    pub(super) series: String,
    /// Labels of its alert, besides those that the rule adds.
    pub(super) labels: Vec<(String, String)>,
    pub(super) view: View,
    pub(super) level: Level,
}

/// Series in promtool's notation, and whether the rule fires at these minutes.
#[derive(Debug)]
pub(super) struct StepProof {
    pub(super) series: Vec<(String, String)>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) expected: Vec<(u64, bool)>,
}

/// Writes the test of one rule.
pub(super) fn write(to: &mut String, rule: &Rule, one: &PrometheusRule, annotations: &Annotations) {
    let sampled;
    let proof = match &one.proof {
        Proof::Steps(steps) => steps,
        Proof::Sample(sample) => {
            sampled = sample.steps();
            &sampled
        }
    };
    let _ = writeln!(
        to,
        "  - name: {}\n    interval: 1m\n    input_series:",
        rule.id
    );
    for (series, values) in &proof.series {
        let _ = writeln!(to, "      - series: {}", quoted(series));
        let _ = writeln!(to, "        values: {}", quoted(values));
    }
    to.push_str("    alert_rule_test:\n");
    for (minute, is_firing) in &proof.expected {
        let _ = writeln!(to, "      - eval_time: {minute}m");
        let _ = writeln!(to, "        alertname: {}", one.alert);
        if !is_firing {
            to.push_str("        exp_alerts: []\n");
            continue;
        }
        to.push_str("        exp_alerts:\n          - exp_labels:\n");
        let labels = proof.labels.iter();
        let labels = labels.map(|(name, value)| (name.as_str(), value.as_str()));
        for (label, value) in labels.chain(own_labels(rule, one)) {
            let _ = writeln!(to, "              {label}: {}", quoted(value));
        }
        to.push_str("            exp_annotations:\n");
        for (annotation, text) in annotations {
            let text = filled(text, &proof.labels);
            let _ = writeln!(to, "              {annotation}: {}", quoted(&text));
        }
    }
}

/// A text of Prometheus with its labels filled in.
fn filled(text: &str, labels: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (label, value) in labels {
        text = text.replace(&format!("{{{{ $labels.{label} }}}}"), value);
    }
    // One that the alert does not have is empty.
    while let Some((before, rest)) = text.split_once("{{ $labels.") {
        let after = rest.split_once(" }}").map_or("", |(_, after)| after);
        text = format!("{before}{after}");
    }
    text
}

impl SampleProof {
    /// Good, bad for longer than it takes, between the limits, and good again.
    fn steps(&self) -> StepProof {
        let level = &self.level;
        let delta = if level.limit == 0.0 {
            1.0
        } else {
            level.limit.abs() * 0.1
        };
        let bad = match level.side {
            Side::Above => level.limit + delta,
            Side::Below => level.limit - delta,
        };
        let end = level.clear.unwrap_or(level.limit);
        let between = f64::midpoint(end, level.limit);
        let minutes = |span: Duration| u32::try_from(span.as_secs().div_ceil(60)).unwrap_or(9_999);
        let mut phases = vec![(level.limit, 3), (bad, minutes(level.lasting) + 3)];
        if level.clear.is_some() {
            phases.push((between, 3));
        }
        phases.push((end, minutes(level.keep_firing) + 3));
        let mut values = Vec::new();
        let mut checks = vec![2, 2 + minutes(level.lasting).max(1)];
        let mut samples = Vec::new();
        for (number, length) in phases {
            values.push(self.notation(number, samples.len(), length));
            checks.extend(
                [samples.len(), samples.len() + 2].map(|at| u32::try_from(at).unwrap_or(0)),
            );
            samples.extend((0..length).map(|_| number));
            checks.push(u32::try_from(samples.len()).unwrap_or(0).saturating_sub(1));
        }
        checks.sort_unstable();
        checks.dedup();
        let standings = standings(level, &samples);
        let expected = checks.into_iter().filter_map(|minute| {
            let standing = standings.get(usize::try_from(minute).ok()?)?;
            Some((u64::from(minute), *standing == Standing::Firing))
        });
        StepProof {
            series: vec![(self.series.clone(), values.join(" "))],
            labels: self.labels.clone(),
            expected: expected.collect(),
        }
    }

    /// A number that stays for so many steps, as samples of the metric from a minute on.
    fn notation(&self, number: f64, minute: usize, length: u32) -> String {
        let now = f64::from(u32::try_from(minute).unwrap_or(0)) * f64::from(STEP_SECONDS);
        let (first, step) = match self.view {
            View::Value => (number, 0),
            View::SecondsSince => (now - number, STEP_SECONDS),
            View::SecondsUntil => (now + number, STEP_SECONDS),
        };
        format!("{first}+{step}x{}", length.saturating_sub(1))
    }
}

fn standings(level: &Level, samples: &[f64]) -> Vec<Standing> {
    let mut state = LevelState::default();
    let mut now = Duration::ZERO;
    let mut standings = Vec::new();
    for sample in samples {
        state = level.step(state, Some(*sample), now);
        standings.push(state.standing());
        now += Duration::from_secs(u64::from(STEP_SECONDS));
    }
    standings
}
