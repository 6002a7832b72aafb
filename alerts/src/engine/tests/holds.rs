//! Silences, maintenance, and alerts that explain others.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::*;
use crate::schedule::Cadence;

const TUNNEL: &str = r#"
  - id: tunnel-down
    alert: TUNNEL_DOWN
    on: {sample: tunnel_up, by: [connector]}
    below: 1
    for: 3m
    severity: critical
    summary: "down"
    action: "look"
"#;

const LEAVING: &str = r#"
  - id: leaving
    alert: LEAVING
    on: {event: client.disconnected, at_least: 20, within: 5m}
    by: [connector]
    severity: warning
    inhibited_by: [{rule: tunnel-down, equal: [connector]}]
    summary: "clients leave"
    action: "look"
"#;

fn silence(id: &str, matchers: &[(&str, &str)], from: i64, until: i64) -> Silence {
    let pair = |(name, value): &(&str, &str)| (Arc::from(*name), Arc::from(*value));
    Silence {
        id: Arc::from(id),
        matchers: matchers.iter().map(pair).collect(),
        who: "ann\u{1b}[31m".to_owned(),
        why: "new line".to_owned(),
        from: minute(from).wall,
        until: minute(until).wall,
    }
}

fn key(connector: &str) -> String {
    format!(r#"tunnel-down{{connector="{connector}"}}"#)
}

#[test]
fn what_outlives_its_silence_is_told_then_with_what_held_it() {
    let mut story = Story::of(TUNNEL);
    let matchers = [("connector", "pub-*"), ("severity", "critical")];
    let made = silence("s1", &matchers, 0, 8);
    story.engine.silence(made).unwrap();
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    story.facts.set("tunnel_up", &["gw-1"], 0.0);
    for at in 0..=4 {
        story.step(minute(at));
    }
    assert_eq!(story.take_said(), [(3, "firing", key("gw-1"))]);
    let rows = story.engine.rows();
    let held = rows.iter().find(|row| *row.key == *key("pub-1")).unwrap();
    assert_eq!(
        held.held_by,
        Some(model::alert::HeldBy::Silence(Arc::from("s1")))
    );
    assert_eq!(
        &*held.reason,
        r"not told: silence s1 of ann\u{1b}[31m until 2027-01-15 08:08:00 UTC: new line"
    );
    story.restart(plan(TUNNEL), minute(5));
    for at in 5..=9 {
        story.step(minute(at));
    }
    assert_eq!(story.take_said(), [(8, "firing", key("pub-1"))]);
    let told = story.history.last().unwrap();
    assert!(
        told.reason.contains("held until now: silence s1"),
        "{}",
        told.reason
    );
    let decisions = story.take_decisions();
    assert_eq!(decisions.iter().filter(|one| *one == "held").count(), 1);
    assert_eq!(story.engine.silences(), []);
}

#[test]
fn what_is_over_within_its_silence_is_history() {
    let mut configured = plan(TUNNEL);
    configured.silences = vec![silence("s1", &[("rule", "tunnel-down")], 0, 60)];
    let mut story = Story::planned(configured);
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    for at in 0..=4 {
        story.step(minute(at));
    }
    story.facts.set("tunnel_up", &["pub-1"], 1.0);
    story.step(minute(5));
    assert_eq!(story.take_said(), []);
    assert_eq!(story.take_decisions(), ["pending", "held", "never_told"]);
}

#[test]
fn a_silence_of_the_configuration_can_be_ended_before_its_time() {
    let mut configured = plan(TUNNEL);
    configured.silences = vec![silence("s1", &[("rule", "tunnel-down")], 0, 60)];
    let mut story = Story::planned(configured.clone());
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    for at in 0..=4 {
        story.step(minute(at));
    }
    // One that somebody made in its place can be ended, and not in the configuration.
    let made = silence("s1", &[("rule", "tunnel-down")], 0, 50);
    story.engine.silence(made).unwrap();
    assert!(story.engine.configured_silences().is_empty());
    story
        .engine
        .silence(silence("s1", &[("rule", "tunnel-down")], 0, 5))
        .unwrap();
    story.step(minute(5));
    assert_eq!(story.take_said(), [(5, "firing", key("pub-1"))]);
    story.restart(configured, minute(6));
    story.step(minute(6));
    assert_eq!(story.engine.silences(), []);
    assert_eq!(story.engine.configured_silences(), [Arc::from("s1")]);
    assert_eq!(story.take_said(), []);
}

#[test]
fn nobodys_silence_makes_room_for_anothers() {
    let mut configured = plan(TUNNEL);
    configured.silences = vec![silence("planned", &[("rule", "*")], 0, 60)];
    let mut story = Story::planned(configured);
    story.step(minute(0));
    let long = |id: &str| silence(id, &[("rule", "tunnel-down")], 0, 50);
    for number in 0..SILENCES_MAX {
        story.engine.silence(long(&format!("s{number}"))).unwrap();
    }
    let before = story.engine.silences();
    for until in [1, 59] {
        let new = silence("new", &[("rule", "*")], 0, until);
        assert_eq!(story.engine.silence(new), Err(SilencesFull));
    }
    assert_eq!(story.engine.silences(), before);
    // What ends or changes one needs no place.
    for id in ["planned", "s7"] {
        story
            .engine
            .silence(silence(id, &[("rule", "*")], 0, 0))
            .unwrap();
    }
    story.engine.silence(long("s8")).unwrap();
    story.engine.silence(long("new")).unwrap();
    assert_eq!(story.engine.silence(long("one more")), Err(SilencesFull));
}

#[test]
fn a_maintenance_window_holds_each_week_in_its_zone() {
    // 1 800 000 000 is a Friday, 08:00 UTC.
    let mut planned = plan(TUNNEL);
    planned.maintenance = vec![MaintenanceWindow {
        name: Arc::from("friday"),
        begins: Beginning::By(Schedule {
            cadence: Cadence::Weekly(Weekday::Friday),
            time: jiff::civil::time(9, 2, 0, 0),
            zone: TimeZone::get("Europe/Berlin").unwrap(),
        }),
        lasts: Duration::from_secs(480),
        matchers: Vec::new(),
    }];
    let mut story = Story::planned(planned);
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    for at in 0..=11 {
        story.step(minute(at));
    }
    assert_eq!(story.take_said(), [(10, "firing", key("pub-1"))]);
}

#[test]
fn clients_that_leave_a_lost_tunnel_are_one_incident() {
    let mut story = Story::of(&format!("{LEAVING}{TUNNEL}"));
    let leave = |to: &mut Story, count| {
        let kind = EventKind::ClientDisconnected;
        to.facts.counts = vec![("pub-1".to_owned(), kind, "", count)];
    };
    leave(&mut story, 0);
    story.facts.set("tunnel_up", &["pub-1"], 1.0);
    story.step(minute(0));
    // All at once: the tunnel is pending only, and explains it already.
    leave(&mut story, 40);
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    for at in 1..=6 {
        story.step(minute(at));
    }
    assert_eq!(story.take_said(), [(4, "firing", key("pub-1"))]);
    let rows = story.engine.rows();
    assert_eq!(
        rows[1].held_by,
        Some(model::alert::HeldBy::Inhibition(Arc::from(key("pub-1"))))
    );
    story.facts.set("tunnel_up", &["pub-1"], 1.0);
    for at in 7..=12 {
        story.step(minute(at));
    }
    assert_eq!(story.take_said(), [(7, "resolved", key("pub-1"))]);
}

#[test]
fn what_another_does_not_explain_any_more_is_told() {
    let mut story = Story::of(&format!("{LEAVING}{TUNNEL}"));
    let kind = EventKind::ClientDisconnected;
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    for at in 0..=6 {
        let left = u64::try_from(at).unwrap() * 30;
        story.facts.counts = vec![("pub-1".to_owned(), kind, "", left)];
        story.step(minute(at));
    }
    story.facts.set("tunnel_up", &["pub-1"], 1.0);
    story.step(minute(7));
    let leaving = r#"leaving{connector="pub-1"}"#.to_owned();
    assert_eq!(
        story.take_said(),
        [
            (3, "firing", key("pub-1")),
            (7, "firing", leaving),
            (7, "resolved", key("pub-1"))
        ]
    );
}

#[test]
fn a_second_receiver_hears_of_what_lasts_and_that_it_is_over() {
    let rules = format!(
        "{TUNNEL}    receivers: [first]\n    escalate: {{after: 10m, to: [second]}}\n    repeat: 8m\n"
    );
    let mut story = Story::of(&rules);
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    for at in 0..=23 {
        if at == 23 {
            story.facts.set("tunnel_up", &["pub-1"], 1.0);
        }
        story.step(minute(at));
    }
    let told: Vec<(i64, &str, Vec<&str>)> = story
        .said
        .iter()
        .map(|one| {
            let at = (one.at.as_second() - 1_800_000_000) / 60;
            let names = one.receivers.iter().map(|name| &**name).collect();
            (at, one.kind.word(), names)
        })
        .collect();
    assert_eq!(
        told,
        [
            (3, "firing", vec!["first"]),
            (11, "reminder", vec!["first"]),
            (13, "escalation", vec!["second"]),
            (21, "reminder", vec!["first"]),
            (21, "reminder", vec!["second"]),
            (23, "resolved", vec!["first"]),
            (23, "resolved", vec!["second"]),
        ]
    );
    let ids: BTreeSet<&str> = story.said.iter().map(|one| &*one.id).collect();
    assert_eq!(ids.len(), story.said.len());
}

#[test]
fn a_rule_may_keep_the_end_to_itself() {
    let mut story = Story::of(&format!("{TUNNEL}    send_resolved: false\n"));
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    for at in 0..=3 {
        story.step(minute(at));
    }
    story.facts.set("tunnel_up", &["pub-1"], 1.0);
    story.step(minute(4));
    assert_eq!(story.take_said(), [(3, "firing", key("pub-1"))]);
    assert_eq!(story.take_decisions(), ["pending", "firing", "resolved"]);
    assert_eq!(story.engine.rows(), []);
}

#[test]
fn a_notice_that_is_silenced_is_history_and_not_told_later() {
    let rule = r#"
  - id: tls
    alert: TLS
    on: {event: tls.error}
    by: [connector]
    severity: warning
    summary: "TLS fails"
    action: "look"
"#;
    let mut story = Story::of(rule);
    story
        .engine
        .silence(silence("s1", &[("alert", "TLS")], 0, 5))
        .unwrap();
    story.happen(&event("pub-1", EventKind::TlsError, "", 60), minute(1));
    for at in 1..10 {
        story.step(minute(at));
    }
    assert_eq!(story.take_said(), []);
    assert_eq!(story.take_decisions(), ["held"]);
}

#[test]
fn what_comes_and_goes_is_told_as_one_thread_until_it_is_quiet() {
    let rules = TUNNEL.replace("    for: 3m\n", "");
    let mut story = Story::of(&rules);
    for at in 0..40 {
        let is_up = at % 2 == 1 || 12 < at;
        story
            .facts
            .set("tunnel_up", &["pub-1"], if is_up { 1.0 } else { 0.0 });
        story.step(minute(at));
    }
    let words: Vec<(i64, &str)> = story
        .said
        .iter()
        .map(|one| ((one.at.as_second() - 1_800_000_000) / 60, one.kind.word()))
        .collect();
    assert_eq!(
        words,
        [
            (0, "firing"),
            (1, "resolved"),
            (2, "firing"),
            (3, "resolved"),
            (4, "firing"),
            (5, "resolved"),
            (6, "flapping"),
            (28, "resolved"),
        ]
    );
    let threads: Vec<&str> = story.said.iter().map(|one| &*one.thread).collect();
    assert_eq!(threads[6], threads[7]);
    assert_ne!(threads[5], threads[6]);
    let resolving = story
        .history
        .iter()
        .filter(|row| &*row.decision == "firing");
    assert_eq!(resolving.count(), 3);
}
