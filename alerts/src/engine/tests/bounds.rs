//! What does not grow, and what hostile text cannot do.

use super::super::queue::OF_KEY_MAX;
use super::*;
use crate::rule::load::{DEFAULT_RULES, DEFAULT_RULES_NAME};

const TLS: &str = r#"
  - id: registration
    alert: REGISTRATION
    on: {event: registration.failed}
    resolve_on: {event: registration.succeeded}
    by: [connector]
    severity: critical
    summary: "{{ connector }}"
    action: "look"
"#;

#[test]
fn a_rule_has_so_many_alerts_at_most_and_says_that_there_are_more() {
    let mut story = Story::of(TLS);
    for at in 0..1_500 {
        let name = format!("pub-{at}");
        story.happen(
            &event(&name, EventKind::RegistrationFailed, "", at),
            minute(30),
        );
    }
    story.step(minute(30));
    assert_eq!(story.engine.rows().len(), INSTANCES_MAX);
    assert_eq!(story.said.len(), INSTANCES_MAX);
    let rules = story.engine.rules();
    assert_eq!(rules[0].failures, 1);
    assert!(
        rules[0]
            .last_failure
            .as_ref()
            .unwrap()
            .contains("1000 alerts")
    );
    assert!(story.engine.has_rule_fault(minute(30)));
}

#[test]
fn hostile_names_are_bounded_and_have_a_matter_each() {
    let mut story = Story::of(TLS);
    let long = "\u{202e}é\"\\".repeat(200);
    for (at, name) in (1..).zip([format!("{long}a"), format!("{long}b")]) {
        story.happen(
            &event(&name, EventKind::RegistrationFailed, "", at),
            minute(1),
        );
    }
    story.step(minute(1));
    let rows = story.engine.rows();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert!(row.key.len() < 500, "{}", row.key);
        assert!(row.labels.iter().all(|(_, value)| value.len() <= 200));
        assert!(!row.key.chars().any(model::untrusted::is_unprintable));
    }
    story.restart(plan(TLS), minute(2));
    assert_eq!(story.engine.rows().len(), 2);
}

#[test]
fn more_events_than_are_looked_at_are_counted() {
    let mut story = Story::of(TLS);
    let told = event("pub-1", EventKind::TlsError, "", 1);
    for _ in 0..EVENTS_MAX + OF_KEY_MAX + 3 {
        story.happen(&told, minute(1));
    }
    assert_eq!(story.engine.events_skipped(), 3);
    story.step(minute(1));
}

#[test]
fn history_that_gives_way_in_a_flood_is_missed_by_nobody() {
    let mut quiet = plan(TLS);
    quiet.quiet_before = Some(minute(100).wall);
    let mut story = Story::planned(quiet);
    let mut flood = |at: i64, read: i64, count: usize| {
        let mut told = event("pub-1", EventKind::TlsError, "", 60 * at);
        told.read_at = minute(read).wall;
        for _ in 0..count {
            story.happen(&told, minute(read));
        }
        story.engine.events_skipped()
    };
    // From before the first start.
    assert_eq!(flood(99, 100, EVENTS_MAX + OF_KEY_MAX + 3), 0);
    // The four that wait still are history too.
    assert_eq!(flood(100, 100, OF_KEY_MAX + 2), 2);
    // From a long outage: the four of before could have been told.
    assert_eq!(flood(101, 102 + 24 * 60, OF_KEY_MAX + 7), 2 + 4);
}

/// Fifty connectors write two thousand lines each before rules are stepped once.
#[test]
fn in_a_flood_of_all_connectors_each_critical_failure_is_told() {
    let rules = DEFAULT_RULES.split_once("\nrules:\n").unwrap().1;
    let mut story = Story::of(rules);
    for line in 0..2_000 {
        for connector in 0..50 {
            let name = format!("pub-{connector}");
            let (kind, reason) = match line {
                1_000 if connector == 49 => (EventKind::UpdateFailed, "docker_pull"),
                1_500 if connector == 48 => (EventKind::RegistrationFailed, "token_expired"),
                _ => (EventKind::TlsError, "ssl"),
            };
            story.happen(&event(&name, kind, reason, 60), minute(1));
        }
    }
    assert!(70_000 < story.engine.events_skipped());
    for at in 1..6 {
        story.step(minute(at));
    }
    let critical = story
        .said
        .iter()
        .filter(|one| one.severity == Severity::Critical);
    let told: Vec<&str> = critical.map(|one| &*one.alert).collect();
    assert_eq!(told, ["REGISTRATION_FAILED", "UPGRADE_FAILED"]);
}

#[test]
fn what_is_told_together_is_the_least_bad() {
    let rules = r#"
  - id: update-told
    alert: UPDATE_TOLD
    on: {event: update.failed}
    by: [connector]
    severity: "{{ 'critical' if connector == 'pub-last' else 'info' }}"
    summary: "{{ connector }}"
    action: "look"
"#;
    let mut story = Story::of(rules);
    for at in 0..300 {
        let name = format!("pub-{at}");
        story.happen(&event(&name, EventKind::UpdateFailed, "", at), minute(10));
    }
    let last = event("pub-last", EventKind::UpdateFailed, "", 400);
    story.happen(&last, minute(10));
    story.step(minute(10));
    assert_eq!(story.said[0].summary, "pub-last");
    assert_eq!(story.said[0].severity, Severity::Critical);
}

#[test]
fn a_step_that_decides_nothing_writes_nothing() {
    let rules = DEFAULT_RULES.split_once("\nrules:\n").unwrap().1;
    let mut story = Story::of(rules);
    story.facts.set("tunnel_up", &["pub-1"], 1.0);
    story.step(minute(0));
    story.engine.mark_committed();
    for at in 1..290 {
        story.step(second(at));
        assert_eq!(story.engine.uncommitted(), [], "{at}");
    }
    // How long nobody looked is known to five minutes.
    story.step(second(300));
    let keys: Vec<Arc<str>> = story
        .engine
        .uncommitted()
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(keys, [Arc::from("clock")]);
}

#[test]
fn a_matter_that_is_over_leaves_nothing_behind() {
    let mut story = Story::of(TLS);
    for (at, kind) in [
        (1, EventKind::RegistrationFailed),
        (2, EventKind::RegistrationSucceeded),
    ] {
        story.happen(&event("pub-1", kind, "", 60 * at), minute(at));
        story.step(minute(at));
    }
    assert_eq!(story.engine.rows(), []);
    for at in 3..40 {
        story.step(minute(at));
    }
    let rows = story.stored().into_iter().map(|(key, _)| key);
    // The connector's last lines are not the matter's.
    let own = |key: &Arc<str>| !key.starts_with("update/") && !key.starts_with("lines/");
    let keys: Vec<Arc<str>> = rows.filter(own).collect();
    assert_eq!(keys, [Arc::from("clock"), Arc::from("told/registration")]);
}

#[test]
fn the_default_rules_are_stepped_on_everything_there_is() {
    let file = RuleFile {
        name: DEFAULT_RULES_NAME.to_owned(),
        text: DEFAULT_RULES.to_owned(),
    };
    let mut planned = plan("");
    planned.rules = Arc::new(load(&[file]).unwrap());
    let mut story = Story::planned(planned);
    for row in model::signal::SIGNALS {
        let values: Vec<&str> = row.labels.iter().map(|_| "x").collect();
        let name = row.name.strip_prefix("ztna_").unwrap();
        story.facts.set(name, &values, 1.0);
    }
    for at in 0..20 {
        for (place, kind) in (0..).zip(EventKind::ALL) {
            story.happen(&event("pub-1", *kind, "other", at * 60 + place), minute(at));
        }
        story.step(minute(at));
    }
    let failures: Vec<_> = story
        .engine
        .rules()
        .into_iter()
        .filter_map(|rule| rule.last_failure)
        .collect();
    assert_eq!(failures, Vec::<Arc<str>>::new());
}
