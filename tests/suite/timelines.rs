//! Promise: the rules that come with the program send the mails that they should, and no
//! others. `alerts/tests/timelines/` tells them minute by minute, the vendor's own worked
//! examples among them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ztna_exporter::alerting::timeline;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../alerts/tests/timelines");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_timeline_gives_just_the_mails_that_it_names() {
    let mut wrong = String::new();
    let mut timelines = 0;
    for file in files() {
        for outcome in timeline::run(&file).unwrap_or_else(|error| panic!("{error}")) {
            timelines += 1;
            if !outcome.complaints.is_empty() {
                wrong.push_str(&format!("{}\n{}\n", outcome.name, outcome.complaints));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(40 <= timelines, "only {timelines} timelines");
}

/// Each default rule is told in one timeline at least, and none is forgotten when a rule
/// is added.
#[test]
fn every_default_rule_decides_something_in_a_timeline() {
    let mut seen = BTreeSet::new();
    for file in files() {
        for outcome in timeline::run(&file).unwrap_or_else(|error| panic!("{error}")) {
            seen.extend(outcome.told);
        }
    }
    let rules = ztna_exporter::alerting::settings::default_rules().unwrap();
    let forgotten: Vec<_> = rules
        .rules
        .iter()
        .filter(|rule| !seen.contains(&*rule.id))
        .map(|rule| &rule.id)
        .collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
