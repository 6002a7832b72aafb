//! Files of rules put together, switched, bounded and damaged.

use proptest::prelude::*;

use super::*;
use crate::rule::wording;

mod mistakes;
mod ours;

fn file(name: &str, text: &str) -> RuleFile {
    RuleFile {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

fn default_file() -> RuleFile {
    file(DEFAULT_RULES_NAME, DEFAULT_RULES)
}

fn loaded(files: &[RuleFile]) -> RuleSet {
    load(files).unwrap_or_else(|error| panic!("{error}"))
}

/// A rule of ours with an id, and lines that come with it.
fn rule(id: &str, more: &str) -> String {
    format!(
        "rules:\n  - id: {id}\n    alert: A\n    severity: info\n    summary: s\n    action: a\n    {more}\n"
    )
}

#[test]
fn a_later_rule_stands_in_the_place_of_an_earlier_one() {
    let ours = rule("host-cpu", "on: {event: tls.error}\n    receivers: [night]");
    let rules = loaded(&[default_file(), file("ours.yaml", &ours)]);
    let usual = loaded(&[default_file()]);
    assert_eq!(rules.rules.len(), usual.rules.len());
    let place = |set: &RuleSet| set.rules.iter().position(|one| &*one.id == "host-cpu");
    assert_eq!(place(&rules), place(&usual));
    let found = rules.find("host-cpu").unwrap();
    assert_eq!(&*found.place, "ours.yaml:2");
    let names = rules.receiver_names();
    assert_eq!(
        names.keys().map(|name| &**name).collect::<Vec<_>>(),
        ["night"]
    );
}

#[test]
fn a_rule_is_switched_off_and_on_by_its_id() {
    let switches = "rules:\n  - {id: tunnel-down, disabled: true}\n  - {id: watchdog, disabled: false}\n  \
         - {id: clients-leaving, disabled: false}\n";
    let rules = loaded(&[default_file(), file("ours.yaml", switches)]);
    assert!(rules.find("tunnel-down").is_none());
    assert!(rules.find("watchdog").is_some());
    // What it explained stands without it.
    let leaving = rules.find("clients-leaving").unwrap();
    assert!(leaving.inhibited_by.is_empty());
    assert!(loaded(&[default_file()]).find("watchdog").is_none());
}

#[test]
fn of_a_publisher_in_no_profile_nothing_unknown_is_said() {
    let rules = loaded(&[default_file()]);
    let members = [Arc::from("pub-1")];
    let reasons = [Arc::from("docker_pull")];
    let facts = [
        ("profile", wording::Told::Text("none")),
        ("wave", wording::Told::Text("unknown")),
        ("members", wording::Told::List(&members)),
        ("reasons", wording::Told::List(&reasons)),
    ];
    let scope = wording::WordingScope {
        facts: &facts,
        ..wording::WordingScope::default()
    };
    for (id, wanted) in [
        ("update-succeeded", "Update of pub-1 succeeded"),
        ("update-failed", "Update of pub-1 failed (docker_pull)"),
        (
            "update-reconnect-failed",
            "Not back after the update: pub-1",
        ),
        ("update-skipped", "Update of pub-1 was not needed"),
    ] {
        let told = rules.find(id).unwrap().summary.render(&scope);
        assert_eq!(told.as_deref(), Ok(wanted));
    }
}

#[test]
fn an_empty_file_and_one_of_comments_have_no_rules() {
    for text in [
        "",
        "# nothing\n",
        "rules: []\n",
        "rules:\n",
        "version: 1\n",
        "\u{feff}rules: []",
    ] {
        assert!(
            loaded(&[file("empty.yaml", text)]).rules.is_empty(),
            "{text:?}"
        );
    }
}

#[test]
fn amounts_are_read_in_the_signals_unit() {
    let limit = |more: &str| {
        let text = rule("one", more);
        let rules = loaded(&[file("ours.yaml", &text)]);
        match &rules.rules[0].on {
            crate::rule::Trigger::Sample { level, .. } => level.limit,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        limit("on: {sample: host_cpu_used_ratio}\n    above: 75%"),
        0.75
    );
    assert_eq!(
        limit("on: {sample: host_filesystem_avail_bytes}\n    below: 1.5GB"),
        1.5e9
    );
    assert_eq!(
        limit("on: {sample: host_filesystem_avail_bytes}\n    below: 3e8"),
        3e8
    );
    let moment = "on: {sample: event_last_timestamp_seconds, as: seconds_since}\n    above: 2h";
    assert_eq!(limit(moment), 7_200.0);
}

#[test]
fn a_sample_without_by_is_an_alert_for_each_series() {
    let text = rule("one", "on: {sample: probe_success}\n    below: 1");
    let rules = loaded(&[file("ours.yaml", &text)]);
    let by: Vec<&str> = rules.rules[0].by.iter().map(|label| &**label).collect();
    assert_eq!(by, ["connector", "probe"]);
}

#[test]
fn a_thousand_rules_are_as_many_as_there_may_be() {
    let many = |count: usize| {
        let one = |number| {
            format!(
                "  - {{id: r{number}, alert: A, on: {{event: tls.error}}, severity: info, summary: s, action: a}}\n"
            )
        };
        let text: String = (0..count).map(one).collect();
        load(&[file("many.yaml", &format!("rules:\n{text}"))])
    };
    assert_eq!(many(RULES_MAX).unwrap().rules.len(), RULES_MAX);
    let error = many(RULES_MAX + 1).unwrap_err();
    assert_eq!(
        error.message,
        "rule `r1000` is one rule too many, want at most 1000"
    );
    let large = "#".repeat(FILE_BYTES_MAX + 1);
    assert!(load(&[file("large.yaml", &large)]).is_err());
}

proptest! {
    /// Whatever somebody does to a line of our own rules, the answer is rules or a mistake
    /// with a line of the file.
    #[test]
    fn a_damaged_file_is_refused_at_one_of_its_lines(
        line in 0..450_usize,
        cut in 0..60_usize,
        text in "[ -~]{0,8}",
    ) {
        let mut lines: Vec<String> = DEFAULT_RULES.lines().map(str::to_owned).collect();
        let count = lines.len();
        if let Some(damaged) = lines.get_mut(line) {
            let at = damaged.char_indices().nth(cut).map_or(damaged.len(), |(at, _)| at);
            damaged.insert_str(at, &text);
        }
        if let Err(error) = load(&[file("damaged.yaml", &lines.join("\n"))]) {
            prop_assert!((1..=count + 1).contains(&error.line), "{}", error);
            prop_assert!(!error.message.is_empty());
            prop_assert!(!error.message.contains(" at line "), "{}", error);
        }
    }

    #[test]
    fn no_text_makes_the_reader_stumble(text in "[ -~\\n\\t]{0,200}") {
        let _ = load(&[file("any.yaml", &text)]);
        let _ = load(&[file("any.yaml", &format!("rules:\n  - id: x\n{text}"))]);
    }
}
