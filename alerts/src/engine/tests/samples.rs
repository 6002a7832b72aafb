//! Rules on numbers: when they begin, how long they last, when they are over.

use super::*;

const CPU: &str = r#"
  - id: host-cpu
    alert: HOST_CPU
    on: {sample: host_cpu_used_ratio}
    above: 0.75
    clear: 0.65
    for: 5m
    severity: warning
    summary: "busy"
    action: "look"
"#;

const DISK: &str = r#"
  - id: disk
    alert: DISK
    on: {sample: host_filesystem_avail_bytes, by: [mountpoint], only: {mountpoint: ["/", "/var"]}}
    below: 1000000000
    severity: critical
    summary: "little space on {{ mountpoint }}"
    action: "look"
"#;

const TUNNEL: &str = r#"
  - id: tunnel-down
    alert: TUNNEL_DOWN
    on: {sample: tunnel_up, by: [connector]}
    below: 1
    for: 2m
    severity: critical
    summary: "down: {{ connector }}"
    action: "look"
"#;

const LIMIT: &str = r#"
  - id: host-limit
    alert: HOST_LIMIT
    on: {sample: host_threshold_breached, by: [resource]}
    above: 0
    severity: warning
    summary: "{{ resource }}"
    action: "look"
"#;

#[test]
fn a_limit_of_the_host_is_told_with_what_was_measured() {
    let mut story = Story::of(LIMIT);
    for (name, labels, number) in [
        ("host_threshold_breached", "cpu", 1.0),
        ("host_threshold", "cpu", 0.75),
        ("host_threshold_breached", "disk", 1.0),
        ("host_threshold", "disk", 1e9),
        ("host_process_cpu_ratio", "busiest", 1.83),
        ("host_filesystem_avail_bytes", "/", 2e9),
        ("host_filesystem_avail_bytes", "/var", 812e6),
        ("host_filesystem_size_bytes", "/var", 20e9),
        // In memory, or too small ever to have enough: whoever judges does not count them.
        ("host_filesystem_avail_bytes", "/run/lock", 5e6),
        ("host_filesystem_avail_bytes", "/boot/efi", 90e6),
    ] {
        story.facts.set(name, &[labels], number);
    }
    story.facts.set("host_cpu_used_ratio", &[], 0.934);
    story.facts.full = vec![Arc::from("/var")];
    story.step(minute(0));
    let facts = |place: usize| {
        let facts = story.said.get(place).unwrap().facts.iter();
        let facts = facts.map(|(name, value)| format!("{name}: {value}"));
        facts.collect::<Vec<_>>()
    };
    assert_eq!(
        facts(0),
        [
            "used: 93.4 %",
            "limit: above 75 %",
            "the busiest other takes: 183 % of one processor"
        ]
    );
    assert_eq!(
        facts(1),
        ["limit: below 1 GB", "free on /var: 812 MB of 20 GB"]
    );
}

#[test]
fn of_many_full_file_systems_the_fullest_are_named_and_the_rest_counted() {
    let mut story = Story::of(LIMIT);
    let breached = "host_threshold_breached";
    story.facts.set(breached, &["disk"], 1.0);
    for place in 0..8_u8 {
        let name = format!("/data/{place}");
        let free = 1e6 * f64::from(8 - place);
        story
            .facts
            .set("host_filesystem_avail_bytes", &[&name], free);
        story.facts.full.push(Arc::from(name));
    }
    story.step(minute(0));
    let facts = &story.said[0].facts;
    assert_eq!(&*facts[0].0, "free on /data/7");
    let rest = (Arc::from("too full besides"), "3".to_owned());
    assert_eq!(facts[5], rest, "{facts:?}");
}

#[test]
fn a_number_is_told_when_it_has_lasted_and_when_it_is_over() {
    let mut story = Story::of(CPU);
    for (at, share) in (0..).zip([0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.7, 0.6, 0.6]) {
        story.facts.set("host_cpu_used_ratio", &[], share);
        story.step(minute(at));
    }
    assert_eq!(
        story.take_said(),
        said(&[(5, "firing", "host-cpu"), (7, "resolved", "host-cpu")])
    );
    let why: Vec<(String, String)> = story
        .history
        .iter()
        .map(|row| (row.decision.to_string(), row.reason.clone()))
        .collect();
    let row = |word: &str, reason: &str| (word.to_owned(), reason.to_owned());
    assert_eq!(
        why,
        [
            row("pending", "80 % is above 75 %, not for 5 min yet"),
            row("firing", "80 % is above 75 %, for 5 min now"),
            row("resolved", "60 % is good again (bad is above 75 %)"),
        ]
    );
}

#[test]
fn a_notification_says_since_when_and_how_it_stands_and_keeps_its_words() {
    let mut story = Story::of(CPU);
    for (at, share) in (0..).zip([0.8, 0.8, 0.8, 0.8, 0.8, 0.93, 0.6]) {
        story.facts.set("host_cpu_used_ratio", &[], share);
        story.step(minute(at));
    }
    let [firing, resolved] = &*story.said else {
        panic!("{:?}", story.said);
    };
    assert_eq!(firing.started_at, minute(0).wall);
    assert_eq!(firing.at, minute(5).wall);
    assert_eq!(resolved.ended_at, Some(minute(6).wall));
    assert_eq!((&*firing.summary, &*resolved.summary), ("busy", "busy"));
    assert_eq!(firing.thread, resolved.thread);
    assert_ne!(firing.id, resolved.id);
    assert_eq!(firing.facts[0], (Arc::from("value"), "93 %".to_owned()));
    assert_eq!(
        firing.facts[1],
        (Arc::from("limit"), "above 75 %".to_owned())
    );
}

#[test]
fn each_combination_of_labels_has_an_alert_of_its_own_and_others_none() {
    let mut story = Story::of(DISK);
    story.facts.set("host_filesystem_avail_bytes", &["/"], 9e8);
    story
        .facts
        .set("host_filesystem_avail_bytes", &["/mnt"], 1e8);
    story
        .facts
        .set("host_filesystem_avail_bytes", &["/var"], 5e9);
    story.step(minute(0));
    story
        .facts
        .set("host_filesystem_avail_bytes", &["/var"], 1e3);
    story.step(minute(1));
    assert_eq!(
        story.take_said(),
        said(&[
            (0, "firing", r#"disk{mountpoint="/"}"#),
            (1, "firing", r#"disk{mountpoint="/var"}"#)
        ])
    );
    let rows = story.engine.rows();
    assert_eq!(rows.len(), 2);
    assert_ne!(rows[0].index, rows[1].index);
}

#[test]
fn series_that_are_not_told_apart_are_one_and_the_worst_counts() {
    let mut story = Story::of(
        r#"
  - id: slow
    alert: SLOW
    on: {sample: probe_phase_duration_seconds, by: [probe]}
    above: 10
    clear: 5
    severity: warning
    summary: "slow"
    action: "look"
"#,
    );
    let name = "probe_phase_duration_seconds";
    story.facts.set(name, &["", "portal", "dns"], 1.0);
    story.facts.set(name, &["", "portal", "tls"], 11.0);
    story.facts.set(name, &["", "portal", "http"], 2.0);
    story.step(minute(0));
    let key = r#"slow{probe="portal"}"#;
    assert_eq!(story.take_said(), said(&[(0, "firing", key)]));
    story.facts.set(name, &["", "portal", "tls"], 6.0);
    story.step(minute(1));
    assert_eq!(story.take_said(), []);
    story.facts.set(name, &["", "portal", "tls"], 5.0);
    story.step(minute(2));
    assert_eq!(story.take_said(), said(&[(2, "resolved", key)]));
}

#[test]
fn a_series_that_is_gone_is_no_reason_for_an_alert_after_five_minutes() {
    let mut story = Story::of(DISK);
    story.facts.set("host_filesystem_avail_bytes", &["/"], 1.0);
    story.step(minute(0));
    story.facts.remove("host_filesystem_avail_bytes", &["/"]);
    for at in 1..=6 {
        story.step(minute(at));
    }
    assert_eq!(
        story.take_said(),
        said(&[
            (0, "firing", r#"disk{mountpoint="/"}"#),
            (6, "resolved", r#"disk{mountpoint="/"}"#)
        ])
    );
    let reason = &story.history.last().unwrap().reason;
    assert_eq!(reason, "there is no number any more, for 5 min");
}

#[test]
fn series_may_come_go_and_change_their_order() {
    let mut story = Story::of(DISK);
    let all = ["/", "/a", "/b", "/var", "/c"];
    for mount in all {
        story
            .facts
            .set("host_filesystem_avail_bytes", &[mount], 5e9);
    }
    story.step(minute(0));
    for at in 1..40 {
        let mount = all[usize::try_from(at).unwrap() % 5];
        let signal = Signal::from_name("ztna_host_filesystem_avail_bytes").unwrap();
        story.facts.series.get_mut(&signal).unwrap().rotate_left(2);
        story.facts.remove("host_filesystem_avail_bytes", &[mount]);
        story.step(minute(at));
        story
            .facts
            .set("host_filesystem_avail_bytes", &[mount], 5e9);
    }
    assert_eq!(story.take_said(), []);
    story
        .facts
        .set("host_filesystem_avail_bytes", &["/var"], 1.0);
    story.step(minute(40));
    story
        .facts
        .set("host_filesystem_avail_bytes", &["/var"], 5e9);
    story.step(minute(41));
    assert_eq!(
        story.take_said(),
        said(&[
            (40, "firing", r#"disk{mountpoint="/var"}"#),
            (41, "resolved", r#"disk{mountpoint="/var"}"#)
        ])
    );
}

#[test]
fn what_logs_tell_waits_until_they_are_read_and_the_host_does_not() {
    let mut story = Story::of(&format!("{TUNNEL}{DISK}"));
    story.facts.is_behind = true;
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    story.facts.set("host_filesystem_avail_bytes", &["/"], 1.0);
    for at in 0..5 {
        story.step(minute(at));
    }
    assert_eq!(
        story.take_said(),
        said(&[(0, "firing", r#"disk{mountpoint="/"}"#)])
    );
    story.facts.is_behind = false;
    story.facts.set("tunnel_up", &["pub-1"], 1.0);
    story.step(minute(5));
    assert_eq!(story.take_said(), []);
}

#[test]
fn a_moment_is_looked_at_as_the_time_since_or_until() {
    let mut story = Story::of(
        r#"
  - id: cert
    alert: CERT
    on: {sample: probe_certificate_expiry_timestamp_seconds, as: seconds_until, by: [probe]}
    below: 2d
    severity: warning
    summary: "expires"
    action: "renew"
"#,
    );
    let expiry = minute(3 * 1_440).wall.as_second();
    #[expect(clippy::as_conversions, reason = "a test's number is exact")]
    let expiry = expiry as f64;
    let name = "probe_certificate_expiry_timestamp_seconds";
    story.facts.set(name, &["", "portal"], expiry);
    story.step(minute(1_440));
    assert_eq!(story.take_said(), []);
    story.step(minute(1_441));
    assert_eq!(
        story.take_said(),
        said(&[(1_441, "firing", r#"cert{probe="portal"}"#)])
    );
}

#[test]
fn a_pending_alert_shows_when_it_will_fire() {
    let mut story = Story::of(TUNNEL);
    story.facts.set("tunnel_up", &["pub-1"], 0.0);
    story.step(minute(3));
    story.step(minute(4));
    let rows = story.engine.rows();
    assert_eq!(rows[0].phase, model::alert::AlertPhase::Pending);
    assert_eq!(rows[0].fires_at, Some(minute(5).wall));
    assert_eq!(rows[0].since, minute(3).wall);
    assert_eq!(rows[0].summary, "down: pub-1");
    story.step(minute(5));
    let firing = story.engine.rows();
    assert_eq!(firing[0].index, rows[0].index);
    assert_eq!(firing[0].fires_at, None);
}
