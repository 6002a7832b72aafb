//! Promise: a rule on a sample and its exported form agree at every evaluation.
//!
//! Random numbers around the limit, some missing, are given to our own level machine and,
//! as series of a unit test, to a real `promtool` with the exported rules. Each verdict of
//! ours is an expectation there. That the comparison can fail is shown by two machines that
//! are wrong in one point each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use alerts::export::{RULES_FILE, RunbookBase, TESTS_FILE, export};
use alerts::level::{Level, LevelState, Standing};
use alerts::rule::load::{RuleFile, load};
use alerts::rule::{Rule, RuleSet, Trigger};
use harness::tools::Tool;
use serde_json::{Value, json};

use crate::tree::root;

/// The limits of the vendor's, with every key that a rule on a sample can have.
const RULES: &str = "
rules:
  - {id: host-cpu, alert: HOST_CPU, on: {sample: host_cpu_used_ratio}, above: 0.75, clear: 0.65,
     for: 5m, severity: warning, summary: s, action: a}
  - {id: host-memory, alert: HOST_MEMORY, on: {sample: host_memory_used_ratio}, above: 90%,
     clear: 85%, for: 5m, keep_firing_for: 2m, severity: warning, summary: s, action: a}
  - {id: host-disk, alert: HOST_DISK, on: {sample: host_filesystem_avail_bytes, by: [mountpoint]},
     below: 1GB, clear: 1.2GB, for: 10m, severity: critical, summary: s, action: a}
  - {id: precheck, alert: PRECHECK, on: {sample: host_update_space_bytes}, below: 300MB,
     keep_firing_for: 10m, severity: critical, summary: s, action: a}
  - {id: behind, alert: SUPPORT_POLICY, on: {sample: publisher_releases_behind, by: [connector]},
     above: 2, for: 1h, severity: warning, summary: s, action: a}
";

/// One evaluation to the next.
const STEP: Duration = Duration::from_secs(30);

/// Series of each rule, all in one test: they must not disturb each other.
const SERIES: usize = 30;

/// Evaluations of each series; more for a rule that waits for an hour.
const STEPS: usize = 120;
const STEPS_OF_AN_HOUR: usize = 400;

/// Numbers that look random and are the same in each run (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// From -1 to 1, in steps of a hundredth: exactly at the limit happens, too.
    fn share(&mut self) -> f64 {
        let step = u32::try_from(self.below(201)).unwrap();
        (f64::from(step) - 100.0) / 100.0
    }
}

/// Samples around the limit: stretches on one side, jumps, gaps of all lengths.
fn samples(level: &Level, count: usize, dice: &mut Dice) -> Vec<Option<f64>> {
    let width = match level.clear {
        Some(clear) => (level.limit - clear).abs(),
        None => level.limit.abs() * 0.2,
    };
    let mut centre = 0.0;
    let mut gap = 0;
    let one = |_| {
        if dice.below(12) == 0 {
            centre = 2.0 * dice.share();
        }
        if gap == 0 && dice.below(25) == 0 {
            // Mostly one; now and then longer than five minutes.
            gap = if dice.below(6) == 0 {
                1 + dice.below(16)
            } else {
                1
            };
        }
        if 0 < gap {
            gap -= 1;
            return None;
        }
        let number = level.limit + width * (centre + dice.share());
        // What promtool reads is what we step on.
        Some(format!("{number:.4}").parse().unwrap())
    };
    (0..count).map(one).collect()
}

/// A rule with its series and our verdicts.
struct Case<'a> {
    rule: &'a Rule,
    samples: Vec<Vec<Option<f64>>>,
}

impl Case<'_> {
    fn level(&self) -> Level {
        let Trigger::Sample { level, .. } = &self.rule.on else {
            panic!("{} is no rule on a sample", self.rule.id);
        };
        *level
    }

    /// Labels of one of its series.
    fn labels(&self, number: usize) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        labels.insert("instance".to_owned(), format!("host-{number}"));
        for label in &self.rule.by {
            labels.insert(label.to_string(), format!("{label}-{number}"));
        }
        labels
    }

    fn series(&self) -> Vec<Value> {
        let Trigger::Sample { signal, .. } = &self.rule.on else {
            return Vec::new();
        };
        let one = |(number, samples): (usize, &Vec<Option<f64>>)| {
            let labels = self.labels(number);
            let labels: Vec<String> = labels
                .iter()
                .map(|(name, value)| format!("{name}={value:?}"))
                .collect();
            let values: Vec<String> = samples
                .iter()
                .map(|sample| sample.map_or_else(|| "_".to_owned(), |value| value.to_string()))
                .collect();
            let name = signal.row().name;
            json!({
                "series": format!("{name}{{{}}}", labels.join(",")),
                "values": values.join(" "),
            })
        };
        self.samples.iter().enumerate().map(one).collect()
    }

    /// What fires at each evaluation, by a level that may be wrong.
    fn expectations(&self, level: &Level, name: &str) -> (Vec<Value>, Tally) {
        let mut tally = Tally::default();
        let count = self.samples.first().map_or(0, Vec::len);
        let mut firing: Vec<Vec<Value>> = vec![Vec::new(); count];
        for (number, samples) in self.samples.iter().enumerate() {
            let mut state = LevelState::default();
            let mut was_firing = false;
            let mut now = Duration::ZERO;
            for (step, sample) in samples.iter().enumerate() {
                state = level.step(state, *sample, now);
                let is_firing = state.standing() == Standing::Firing;
                if is_firing {
                    let mut labels = self.labels(number);
                    labels.insert("alert".to_owned(), self.rule.alert.to_string());
                    labels.insert("rule".to_owned(), self.rule.id.to_string());
                    labels.insert("severity".to_owned(), severity(self.rule));
                    firing[step].push(json!({
                        "exp_labels": labels,
                        "exp_annotations": {"summary": "s", "description": "a"},
                    }));
                }
                tally.count(is_firing, is_firing != was_firing);
                was_firing = is_firing;
                now += STEP;
            }
        }
        let tests = firing.into_iter().enumerate().map(|(step, alerts)| {
            let seconds = STEP.as_secs() * u64::try_from(step).unwrap();
            json!({"eval_time": format!("{seconds}s"), "alertname": name, "exp_alerts": alerts})
        });
        (tests.collect(), tally)
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    verdicts: usize,
    firing: usize,
    turns: usize,
}

impl Tally {
    fn count(&mut self, is_firing: bool, is_turn: bool) {
        self.verdicts += 1;
        self.firing += usize::from(is_firing);
        self.turns += usize::from(is_turn);
    }

    fn add(&mut self, other: Self) {
        self.verdicts += other.verdicts;
        self.firing += other.firing;
        self.turns += other.turns;
    }
}

fn severity(rule: &Rule) -> String {
    match &rule.severity {
        alerts::rule::SeverityOf::Is(severity) => severity.name().to_owned(),
        alerts::rule::SeverityOf::Told(_) => panic!("{} has one severity", rule.id),
    }
}

fn rules() -> RuleSet {
    let file = RuleFile {
        name: "levels.yaml".to_owned(),
        text: RULES.to_owned(),
    };
    load(&[file]).unwrap()
}

fn exported(rules: &RuleSet) -> String {
    export(rules, &RunbookBase::default()).rules_yaml
}

fn cases<'a>(rules: &'a RuleSet, dice: &mut Dice) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for rule in &rules.rules {
        let mut case = Case {
            rule,
            samples: Vec::new(),
        };
        let level = case.level();
        let is_patient = Duration::from_secs(3_600) <= level.lasting;
        let count = if is_patient { STEPS_OF_AN_HOUR } else { STEPS };
        case.samples = (0..SERIES).map(|_| samples(&level, count, dice)).collect();
        cases.push(case);
    }
    cases
}

/// Asks promtool about verdicts of levels that `change` has changed.
fn ask(cases: &[Case<'_>], folder: &Path, change: impl Fn(&mut Level)) -> (Output, Tally) {
    let mut tally = Tally::default();
    let tests: Vec<Value> = cases
        .iter()
        .map(|case| {
            let mut level = case.level();
            change(&mut level);
            let (expected, of_case) = case.expectations(&level, &camel(&case.rule.id));
            tally.add(of_case);
            json!({"interval": "30s", "input_series": case.series(), "alert_rule_test": expected})
        })
        .collect();
    let file = json!({
        "rule_files": [RULES_FILE],
        "evaluation_interval": "30s",
        "tests": tests,
    });
    // JSON is YAML.
    fs::write(folder.join(TESTS_FILE), file.to_string()).unwrap();
    let output = Tool::Promtool
        .command()
        .unwrap()
        .args(["test", "rules", TESTS_FILE])
        .current_dir(folder)
        .output()
        .unwrap();
    (output, tally)
}

fn camel(id: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap();
        first.to_uppercase() + rest
    };
    id.split('-').map(capital).collect()
}

fn told(output: &Output) -> String {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&all).chars().take(4_000).collect()
}

#[test]
fn prometheus_agrees_with_every_verdict_of_ours() {
    let rules = rules();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(RULES_FILE), exported(&rules)).unwrap();
    for seed in [1, 2] {
        let cases = cases(&rules, &mut Dice(seed));
        let (output, tally) = ask(&cases, folder.path(), |_| {});
        println!("seed {seed}: {tally:?}");
        assert!(output.status.success(), "seed {seed}: {}", told(&output));
        assert!(20_000 < tally.verdicts, "{tally:?}");
        // Neither everything nor nothing fires, and often enough it turns.
        assert!(tally.verdicts / 20 < tally.firing, "{tally:?}");
        assert!(tally.firing < tally.verdicts / 2, "{tally:?}");
        assert!(100 < tally.turns, "{tally:?}");
    }
}

#[test]
fn a_machine_that_is_wrong_in_one_point_is_caught() {
    let rules = rules();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(RULES_FILE), exported(&rules)).unwrap();
    let cases = cases(&rules, &mut Dice(3));
    let later: &dyn Fn(&mut Level) = &|level| {
        // `for` reached one evaluation later: over it, instead of at it.
        if !level.lasting.is_zero() {
            level.lasting += STEP;
        }
    };
    let forgetful: &dyn Fn(&mut Level) = &|level| level.clear = None;
    for (name, wrong) in [("later", later), ("forgetful", forgetful)] {
        let (output, _) = ask(&cases, folder.path(), wrong);
        let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        let mismatches = String::from_utf8_lossy(&all).matches("alertname:").count();
        println!("{name}: {mismatches} evaluations differ");
        assert!(!output.status.success(), "{name}: nobody noticed");
        assert!(20 < mismatches, "{name}: {}", told(&output));
    }
}

/// The committed files are good, and their own unit tests pass.
#[test]
fn prometheus_takes_the_committed_rules_and_their_tests_pass() {
    let folder = root().join("dashboards/prometheus");
    for arguments in [
        ["check", "rules", RULES_FILE],
        ["test", "rules", TESTS_FILE],
    ] {
        let output = Tool::Promtool
            .command()
            .unwrap()
            .args(arguments)
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", told(&output));
        assert!(!told(&output).contains("duplicate"), "{}", told(&output));
    }
}

/// What the reference of alerting measured: a counter that is there at 0 shows its first
/// event, one that is born with it does not. Ours are there.
#[test]
fn the_first_event_ever_fires_since_its_counter_was_there_at_0() {
    let rules = load(&[RuleFile {
        name: "first.yaml".to_owned(),
        text: "rules: [{id: first, alert: FIRST, on: {event: tls.error}, severity: info, \
               summary: s, action: a}]"
            .to_owned(),
    }])
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(RULES_FILE), exported(&rules)).unwrap();
    let series = |connector: &str, values: &str| {
        let name = format!(
            "ztna_events_total{{connector={connector:?},event=\"tls.error\",reason=\"ssl\"}}"
        );
        json!({"series": name, "values": values})
    };
    let fires = json!({
        "exp_labels": {"alert": "FIRST", "connector": "there", "rule": "first", "severity": "info"},
        "exp_annotations": {"summary": "s", "description": "a"},
    });
    let file = json!({
        "rule_files": [RULES_FILE],
        "evaluation_interval": "30s",
        "tests": [{
            "interval": "1m",
            "input_series": [series("there", "0x4 1x30"), series("born", "_x4 1x30")],
            "alert_rule_test": [{"eval_time": "7m", "alertname": "First", "exp_alerts": [fires]}],
        }],
    });
    fs::write(folder.path().join(TESTS_FILE), file.to_string()).unwrap();
    let output = Tool::Promtool
        .command()
        .unwrap()
        .args(["test", "rules", TESTS_FILE])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", told(&output));
}
