//! Promise: the rules that come with the program send the mails that they should, and no
//! others. `alerts/tests/timelines/` tells them minute by minute, the vendor's own worked
//! examples among them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use ztna_exporter::alerting::settings::default_rules;
use ztna_exporter::alerting::timeline::{self, Outcome};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../alerts/tests/timelines");
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect()
}

/// All timelines, a thread for each file.
fn outcomes() -> Vec<Outcome> {
    let play = |file: PathBuf| timeline::run(&file).unwrap_or_else(|error| panic!("{error}"));
    let playing: Vec<_> = files()
        .into_iter()
        .map(|file| thread::spawn(move || play(file)))
        .collect();
    let played = playing.into_iter().map(|thread| thread.join().unwrap());
    played.flatten().collect()
}

/// Each mail that a timeline names, none that it does not, and of each default rule one at
/// least: none is forgotten when a rule is added.
#[test]
fn every_default_rule_gives_just_the_mails_that_its_timelines_name() {
    let mut wrong = String::new();
    let mut told = BTreeSet::new();
    let outcomes = outcomes();
    assert!(50 <= outcomes.len(), "only {} timelines", outcomes.len());
    for outcome in outcomes {
        if !outcome.complaints.is_empty() {
            wrong.push_str(&format!("{}\n{}\n", outcome.name, outcome.complaints));
        }
        told.extend(outcome.told);
    }
    assert!(wrong.is_empty(), "{wrong}");
    let rules = default_rules().unwrap();
    let untold: Vec<_> = rules
        .rules
        .iter()
        .filter(|rule| !told.contains(&*rule.id))
        .map(|rule| &rule.id)
        .collect();
    assert!(untold.is_empty(), "{untold:?}");
}
