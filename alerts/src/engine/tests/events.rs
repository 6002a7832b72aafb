//! Rules on events with an end, on what does not follow, and on how often.

use super::*;

const REGISTRATION: &str = r#"
  - id: registration-failed
    alert: REGISTRATION_FAILED
    on: {event: registration.failed}
    resolve_on: {event: registration.succeeded}
    by: [connector]
    severity: critical
    summary: "not registered: {{ connector }} ({{ event.reason }})"
    action: "look"
"#;

const SERVICE: &str = r#"
  - id: service
    alert: SERVICE
    on: {event: service.state}
    when: event.reason == "error"
    resolve_on: {event: service.state, when: 'event.reason == "connected"'}
    by: [connector]
    severity: critical
    summary: "the service of {{ connector }} is in error"
    action: "look"
"#;

const ABSENCE: &str = r#"
  - id: not-back
    alert: NOT_BACK
    on: {absence: {after: tunnel.connecting, until: tunnel.connected, within: 5m}}
    severity: critical
    summary: "{{ connector }} does not connect"
    action: "look"
"#;

const RATE: &str = r#"
  - id: flapping
    alert: FLAPPING
    on: {event: tunnel.disconnected, at_least: 4, within: 30m}
    by: [connector]
    severity: warning
    summary: "{{ connector }} comes and goes"
    action: "look"
"#;

#[test]
fn an_event_begins_an_alert_that_another_of_the_same_connector_ends() {
    let mut story = Story::of(REGISTRATION);
    let failed = event("pub-1", EventKind::RegistrationFailed, "token_expired", 50);
    story.happen(&failed, minute(1));
    story.step(minute(1));
    let other = event("pub-2", EventKind::RegistrationSucceeded, "", 100);
    story.happen(&other, minute(2));
    story.step(minute(2));
    let well = event("pub-1", EventKind::RegistrationSucceeded, "", 170);
    story.happen(&well, minute(3));
    story.step(minute(3));
    let [firing, resolved] = &*story.said else {
        panic!("{:?}", story.said);
    };
    assert_eq!(firing.summary, "not registered: pub-1 (token_expired)");
    assert_eq!(firing.started_at, second(50).wall);
    assert_eq!(resolved.summary, firing.summary);
    assert_eq!(resolved.ended_at, Some(second(170).wall));
    assert!(
        firing
            .facts
            .contains(&(Arc::from("stitcher"), r"fra1\u{1b}[31m".to_owned()))
    );
    let keys: Vec<&str> = story.said.iter().map(|one| &*one.key).collect();
    assert_eq!(keys, [r#"registration-failed{connector="pub-1"}"#; 2]);
}

#[test]
fn what_began_and_ended_between_two_looks_is_history() {
    let mut story = Story::of(REGISTRATION);
    for (kind, at) in [
        (EventKind::RegistrationFailed, 10),
        (EventKind::RegistrationSucceeded, 11),
    ] {
        story.happen(&event("pub-1", kind, "", at), minute(1));
    }
    story.step(minute(1));
    assert_eq!(story.take_said(), []);
    assert_eq!(story.take_decisions(), ["never_told"]);
}

#[test]
fn the_same_event_can_begin_and_end_by_its_reason() {
    let mut story = Story::of(SERVICE);
    for (at, reason) in (1..).zip(["connected", "error", "error", "paused", "connected"]) {
        let told = event("pub-1", EventKind::ServiceStateChanged, reason, 60 * at);
        story.happen(&told, minute(at));
        story.step(minute(at));
    }
    let key = r#"service{connector="pub-1"}"#;
    assert_eq!(
        story.take_said(),
        said(&[(2, "firing", key), (5, "resolved", key)])
    );
}

#[test]
fn what_does_not_follow_in_time_is_told_until_it_comes() {
    let mut story = Story::of(ABSENCE);
    let connecting = |at| event("pub-1", EventKind::TunnelConnecting, "", at);
    story.happen(&connecting(30), minute(1));
    story.step(minute(1));
    // Who tries again and again is not waited for anew.
    story.happen(&connecting(200), minute(4));
    for at in 4..=7 {
        story.step(minute(at));
    }
    let up = event("pub-1", EventKind::TunnelConnected, "", 500);
    story.happen(&up, minute(9));
    story.step(minute(9));
    let key = r#"not-back{connector="pub-1"}"#;
    assert_eq!(
        story.take_said(),
        said(&[(6, "firing", key), (9, "resolved", key)])
    );
    story.happen(&connecting(600), minute(10));
    story.happen(
        &event("pub-1", EventKind::TunnelConnected, "", 610),
        minute(11),
    );
    for at in 10..30 {
        story.step(minute(at));
    }
    assert_eq!(story.take_said(), []);
}

#[test]
fn what_is_awaited_may_stand_in_lines_that_are_not_read_yet() {
    let mut story = Story::of(ABSENCE);
    story.facts.is_behind = true;
    let connecting = event("pub-1", EventKind::TunnelConnecting, "", 10);
    story.happen(&connecting, minute(60));
    story.step(minute(60));
    story.happen(
        &event("pub-1", EventKind::TunnelConnected, "", 20),
        minute(61),
    );
    story.facts.is_behind = false;
    story.step(minute(61));
    assert_eq!(story.take_said(), []);
}

#[test]
fn an_overdue_absence_is_told_at_once_after_a_restart() {
    let mut story = Story::of(ABSENCE);
    let connecting = event("pub-1", EventKind::TunnelConnecting, "", 10);
    story.happen(&connecting, minute(1));
    story.step(minute(1));
    story.restart(plan(ABSENCE), minute(90));
    story.step(minute(90));
    let key = r#"not-back{connector="pub-1"}"#;
    assert_eq!(story.take_said(), said(&[(90, "firing", key)]));
}

fn down(story: &mut Story, count: u64) {
    story.facts.counts = vec![
        ("pub-1".to_owned(), EventKind::TunnelConnected, "", 7),
        ("pub-1".to_owned(), EventKind::TunnelDisconnected, "", count),
        ("pub-2".to_owned(), EventKind::TunnelDisconnected, "", 100),
    ];
}

#[test]
fn so_many_within_so_long_are_told_and_fewer_are_its_end() {
    let mut story = Story::of(RATE);
    for (at, count) in (0..).zip([90, 91, 91, 92, 93, 94]) {
        down(&mut story, count);
        story.step(minute(at));
    }
    let key = r#"flapping{connector="pub-1"}"#;
    assert_eq!(story.take_said(), said(&[(5, "firing", key)]));
    for at in 6..40 {
        story.step(minute(at));
    }
    // The first of the four is forgotten half an hour and one part later.
    assert_eq!(story.take_said(), said(&[(32, "resolved", key)]));
}

#[test]
fn a_count_goes_on_over_a_restart_and_may_begin_again_from_nothing() {
    let mut story = Story::of(RATE);
    down(&mut story, 10);
    story.step(minute(0));
    down(&mut story, 12);
    story.step(minute(1));
    story.restart(plan(RATE), minute(2));
    // The store of the counts was lost meanwhile: two of them are new.
    down(&mut story, 2);
    story.step(minute(2));
    let key = r#"flapping{connector="pub-1"}"#;
    assert_eq!(story.take_said(), said(&[(2, "firing", key)]));
}

#[test]
fn counts_of_a_first_start_and_of_a_long_absence_are_not_taken_for_now() {
    let mut quiet = plan(RATE);
    quiet.quiet_before = Some(minute(0).wall);
    let mut story = Story::planned(quiet.clone());
    story.facts.is_behind = true;
    for (at, count) in (0..).zip([0, 50, 90]) {
        down(&mut story, count);
        story.step(minute(at));
    }
    story.facts.is_behind = false;
    down(&mut story, 120);
    story.step(minute(3));
    assert_eq!(story.take_said(), []);
    story.restart(plan(RATE), minute(600));
    down(&mut story, 500);
    story.step(minute(600));
    assert_eq!(story.take_said(), []);
    down(&mut story, 504);
    story.step(minute(601));
    assert_eq!(story.take_said().len(), 1);
}

#[test]
fn a_condition_that_fails_hides_nothing_and_says_so() {
    let rule = SERVICE.replace(r#"event.reason == "error""#, "event.reason > 3");
    let mut story = Story::of(&rule);
    let told = event("pub-1", EventKind::ServiceStateChanged, "error", 60);
    story.happen(&told, minute(1));
    story.step(minute(1));
    assert_eq!(story.said.len(), 1);
    assert!(story.said[0].faults[0].contains("event.reason > 3"));
    let rules = story.engine.rules();
    assert_eq!(rules[0].failures, 1);
    assert!(rules[0].last_failure.is_some());
    assert!(story.engine.has_rule_fault(minute(2)));
    let put_back = EngineTime {
        clock: minute(17).clock,
        wall: minute(1).wall,
    };
    assert!(!story.engine.has_rule_fault(put_back));
    assert_eq!(story.take_decisions(), ["fault", "firing"]);
}

/// A counter's level never falls; what is asked is by how much it grew of late.
#[test]
fn a_counter_that_grows_fast_is_an_alert_until_it_does_not() {
    let mut story = Story::of(
        r#"
  - id: wording
    alert: WORDING
    on: {sample: log_near_miss_total, by: [connector], only: {log: agent}, at_least: 20, within: 1h}
    severity: info
    summary: "new words of {{ connector }}"
    action: "look"
"#,
    );
    let mut see = |at: i64, agent: f64, wizard: f64| {
        let labels = |log| ["pub-1", log, "eventlog.cpp:log"];
        story
            .facts
            .set("log_near_miss_total", &labels("agent"), agent);
        story
            .facts
            .set("log_near_miss_total", &labels("wizard"), wizard);
        story.step(minute(at));
        story.take_said()
    };
    assert_eq!(see(0, 500.0, 0.0), [], "who knows when that was");
    assert_eq!(
        see(10, 519.0, 400.0),
        [],
        "the wizard's log is not asked about"
    );
    let key = r#"wording{connector="pub-1"}"#;
    let told = |at, word| vec![(at, word, key.to_owned())];
    assert_eq!(see(20, 520.0, 400.0), told(20, "firing"));
    assert_eq!(see(60, 520.0, 400.0), []);
    assert_eq!(see(75, 520.0, 400.0), told(75, "resolved"));
    assert_eq!(
        see(90, 21.0, 400.0),
        told(90, "firing"),
        "it began again from 0"
    );
}
