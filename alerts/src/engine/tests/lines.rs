//! Lines of logs that mails quote.

use super::*;

const RULES: &str = r#"
  - id: tls
    alert: TLS
    on: {event: tls.error}
    by: [connector]
    severity: warning
    summary: "TLS of {{ connector }} fails"
    action: "look"
  - id: installs
    alert: INSTALLS
    on: {event: client.install_failed}
    by: [connector, reason]
    batch: {by: [reason], wait: 3m, max_wait: 8m}
    severity: warning
    summary: "install"
    action: "look"
  - id: tunnel
    alert: TUNNEL
    on: {sample: tunnel_up, by: [connector]}
    below: 1
    severity: critical
    summary: "down {{ connector }}"
    action: "look"
  - id: cpu
    alert: CPU
    on: {sample: host_cpu_used_ratio}
    above: 0.75
    severity: warning
    summary: "busy"
    action: "look"
  - id: failed
    alert: UPGRADE_FAILED
    on: {event: update.failed}
    batch: {by: [profile, run, wave, stitcher]}
    severity: critical
    summary: "failed"
    action: "look"
"#;

fn tell(story: &mut Story, connector: &str, kind: EventKind, at: i64) {
    story.happen(&event(connector, kind, "reset", at), second(at));
}

fn fail(story: &mut Story, reason: &str, at: i64) {
    let failed = event("pub-1", EventKind::UpdateFailed, reason, at);
    story.happen(&failed, second(at));
}

fn lines(story: &Story, rule: &str) -> Vec<String> {
    let mut said = story.said.iter().rev();
    let told = said.find(|one| *one.rule == *rule);
    told.map(|one| one.log_lines.clone()).unwrap()
}

#[test]
fn a_mail_about_an_event_quotes_its_line_and_what_came_before_it() {
    let mut story = Story::of(RULES);
    for at in 1..=3 {
        tell(&mut story, "pub-1", EventKind::TunnelConnecting, at);
    }
    tell(&mut story, "pub-2", EventKind::TunnelConnecting, 4);
    tell(&mut story, "pub-1", EventKind::TlsError, 5);
    tell(&mut story, "pub-1", EventKind::TunnelConnected, 6);
    story.step(second(7));
    let wanted = [
        "pub-1 tunnel.connecting 1",
        "pub-1 tunnel.connecting 2",
        "pub-1 tunnel.connecting 3",
        "pub-1 tls.error 5",
    ];
    assert_eq!(lines(&story, "tls"), wanted);
}

#[test]
fn of_several_events_that_are_told_together_each_line_is_quoted_of_the_last_five() {
    let mut story = Story::of(RULES);
    for at in 1..=7 {
        tell(&mut story, "pub-1", EventKind::ClientInstallFailed, at);
        tell(&mut story, "pub-1", EventKind::TunnelConnecting, at);
    }
    story.step(minute(1));
    story.step(minute(5));
    let wanted: Vec<String> = (3..=7)
        .map(|at| format!("pub-1 client.install_failed {at}"))
        .collect();
    assert_eq!(lines(&story, "installs"), wanted);
}

#[test]
fn a_mail_about_a_number_quotes_the_last_lines_of_its_connector_also_after_a_restart() {
    let mut story = Story::of(RULES);
    for at in 1..=9 {
        tell(&mut story, "pub-1", EventKind::TunnelDisconnected, at);
    }
    story.step(minute(1));
    story.restart(plan(RULES), minute(2));
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    story.facts.set("tunnel_up", &["pub-2"], 0.0);
    story.facts.set("host_cpu_used_ratio", &[], 0.9);
    story.step(minute(2));
    let of = |key: &str| {
        let told = story.said.iter().find(|one| &*one.key == key);
        told.map(|one| one.log_lines.clone()).unwrap()
    };
    let wanted: Vec<String> = (5..=9)
        .map(|at| format!("pub-1 tunnel.disconnected {at}"))
        .collect();
    assert_eq!(of(r#"tunnel{connector="pub-1"}"#), wanted);
    assert!(of(r#"tunnel{connector="pub-2"}"#).is_empty());
    assert!(of("cpu").is_empty(), "no connector's matter");
}

#[test]
fn the_line_that_told_of_a_failed_update_is_quoted_though_others_came_after_it() {
    let mut story = Story::of(RULES);
    tell(&mut story, "pub-1", EventKind::UpdateStarted, 1);
    tell(&mut story, "pub-1", EventKind::UpdateFailed, 2);
    for at in 3..=9 {
        tell(&mut story, "pub-1", EventKind::TlsError, at);
    }
    for at in 1..=30 {
        story.step(minute(at));
    }
    let mut wanted = vec!["pub-1 update.failed 2".to_owned()];
    wanted.extend((6..=9).map(|at| format!("pub-1 tls.error {at}")));
    assert_eq!(lines(&story, "failed"), wanted);
}

#[test]
fn lines_of_no_more_connectors_are_kept_than_the_bound() {
    let mut story = Story::of(RULES);
    for at in 0..1_003 {
        let name = format!("pub-{at}");
        tell(&mut story, &name, EventKind::TunnelConnecting, at);
    }
    story.step(second(1_003));
    let rows = story.stored();
    let own = rows.iter().filter(|(key, _)| key.starts_with("lines/"));
    assert_eq!(own.count(), 1_000);
    assert!(rows.iter().all(|(key, _)| &**key != "lines/pub-2"));
    assert!(rows.iter().any(|(key, _)| &**key == "lines/pub-3"));
}

#[test]
fn a_mail_about_an_update_quotes_no_line_of_another_update_and_bears_its_own_time() {
    let mut story = Story::of(RULES);
    fail(&mut story, "docker_pull", 2);
    story.step(minute(5));
    // Half a day later, another update.
    let later = 12 * 3_600;
    fail(&mut story, "host_os", later + 2);
    fail(&mut story, "docker_engine", later + 30);
    story.step(minute(721));
    fail(&mut story, "container_stop", later + 90);
    for at in 722..=730 {
        story.step(minute(at));
    }
    let told: Vec<(Vec<String>, i64)> = story
        .said
        .iter()
        .map(|one| (one.log_lines.clone(), one.dated.as_second() - 1_800_000_000))
        .collect();
    let line = |at: i64| format!("pub-1 update.failed {at}");
    let [first, second, third, last] = [2, later + 2, later + 30, later + 90];
    assert_eq!(
        told,
        [
            (vec![line(first)], first),
            (vec![line(second), line(third)], third),
            (vec![line(second), line(third), line(last)], last),
        ]
    );
}

#[test]
fn lines_of_connectors_that_are_not_configured_any_more_are_dropped() {
    let mut story = Story::of(RULES);
    tell(&mut story, "pub-1", EventKind::TlsError, 1);
    tell(&mut story, "pub-2", EventKind::TlsError, 2);
    story.step(second(3));
    story.restart(plan(RULES), second(4));
    story.facts.connectors.retain(|name| name == "pub-1");
    story.step(second(5));
    let rows = story.stored();
    let own: Vec<&str> = rows
        .iter()
        .filter_map(|(key, _)| key.strip_prefix("lines/"))
        .collect();
    assert_eq!(own, ["pub-1"]);
}
