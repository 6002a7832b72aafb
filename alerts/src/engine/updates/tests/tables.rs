//! The rows of the tables: each kind, each rule of grouping, each end without a word.

use super::*;

fn shown(name: &str) -> Shown {
    Shown {
        name: name.to_owned(),
        is_tunnel_up: true,
        stitcher: Some("s1".to_owned()),
        heard_at: Some(second(-600)),
        ..Shown::default()
    }
}

/// What we judge of `p1` at the window's end, and how we say that we know.
fn judged(tell: impl Fn(&mut Story)) -> (String, String, String) {
    let mut story = Story::of(&plan(weekly(1)), &[("s1", &["p1"])]);
    story.show(Shown {
        version: Some("127.0.2.1".to_owned()),
        ..shown("p1")
    });
    story.start(1, &["p1"]);
    tell(&mut story);
    story.until(140);
    let event = &story.events[0].event.key;
    let mail = &story.mails.last().unwrap().1;
    (
        format!("{} {}", event.kind.name(), event.reason),
        mail.alert.to_string(),
        cell(mail, "p1", "How we know").unwrap().to_owned(),
    )
}

#[test]
fn tunnel_and_version_at_the_windows_end_decide() {
    let lost = judged(|story| {
        story.show(Shown {
            is_tunnel_up: false,
            ..shown("p1")
        });
        story.fall(3, &["p1"]);
    });
    assert_eq!(lost.0, "update.reconnect_failed reconnect_timeout");
    assert_eq!(lost.1, "CONNECTION_FAILED");
    let updated = judged(|story| {
        story.fall(3, &["p1"]).connect(600, &["p1"], "s2");
        story.show(Shown {
            version: Some("128.0.3.9".to_owned()),
            ..shown("p1")
        });
    });
    assert_eq!(updated.0, "update.succeeded ");
    assert_eq!(updated.1, "UPGRADE_SUCCEEDED");
    assert!(updated.2.contains("no line said"), "{}", updated.2);
    let same = judged(|story| {
        story.fall(3, &["p1"]).connect(600, &["p1"], "s2");
        story.show(Shown {
            version: Some("127.0.2.1".to_owned()),
            ..shown("p1")
        });
    });
    assert_eq!(same.0, "update.failed update_timeout");
    assert_eq!(same.1, "UPGRADE_FAILED");
    let silent = judged(|story| {
        story.fall(3, &["p1"]).connect(600, &["p1"], "s2");
        story.until(100);
        story.show(Shown {
            is_silent: true,
            ..shown("p1")
        });
    });
    assert_eq!(silent.0, "update.reconnect_failed reconnect_timeout");
    assert!(silent.2.contains("the host may be down"), "{}", silent.2);
    let never_fell = judged(|story| {
        story.show(Shown {
            heard_at: Some(second(5000)),
            ..shown("p1")
        });
    });
    assert_eq!(never_fell.0, "update.failed update_timeout");
    let not_heard_since = judged(|story| {
        story.show(Shown {
            heard_at: Some(second(-5)),
            ..shown("p1")
        });
    });
    assert_eq!(
        not_heard_since.0,
        "update.reconnect_failed reconnect_timeout"
    );
}

#[test]
fn a_line_always_comes_before_our_judgement_and_a_late_one_is_an_addition() {
    let mut story = Story::of(&plan(weekly(1)), &[("s1", &["p1"])]);
    story
        .start(1, &["p1"])
        .fail(119, &["p1"], "host_os")
        .until(200);
    assert_eq!(story.events, [], "nothing was left to judge");
    let mut late = Story::of(&plan(weekly(1)), &[("s1", &["p1"])]);
    late.start(1, &["p1"]).until(200);
    late.fail(201, &["p1"], "host_os").until(210);
    let (_, mail) = late.mails.last().unwrap();
    assert_eq!(mail.summary, "1 Publishers on s1 failed: host_os");
    assert_eq!(
        cell(mail, "p1", "How we know"),
        Some("its log says so, after it or we told another end")
    );
    assert!(mail.action.contains("/var/log/apt"), "{}", mail.action);
    assert_eq!(mail.thread, late.mails[0].1.thread);
    // The log goes on saying it, and people do not go on hearing it.
    let told = late.mails.len();
    late.fail(220, &["p1"], "host_os").until(230);
    assert_eq!(late.mails.len(), told);
}

#[test]
fn an_addition_does_not_overtake_what_it_adds_to() {
    let mut story = Story::of(&plan(weekly(9)), &[("s1", &["p2", "p3"])]);
    story.start(0, &["p2", "p3"]).until(10);
    // What is told of the reconnection waits for five minutes, a failure for two.
    story.say(
        20 * 60,
        &["p2"],
        EventKind::UpdateReconnectFailed,
        "reconnect_timeout",
    );
    story.fail(21, &["p2"], "disk_software").until(40);
    let order: Vec<&str> = story.mails.iter().map(|(_, mail)| &*mail.alert).collect();
    assert_eq!(
        order,
        [
            "UPGRADE_WILL_START",
            "UPGRADE_STARTED",
            "CONNECTION_FAILED",
            "UPGRADE_FAILED"
        ]
    );
}

/// Fifty Publishers that fail for two reasons each, one after the other, are no mail each.
#[test]
fn a_second_reason_joins_the_batch_of_its_key() {
    let names: Vec<String> = (1..=50).map(|number| format!("p{number}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut story = Story::of(&plan(weekly(50)), &[("s1", &all)]);
    story.start(0, &all).until(10);
    for one in &all {
        story.fail(20, &[one], "docker_pull");
        story.fail(20, &[one], "host_os");
    }
    story.until(60);
    let failed: Vec<_> = story
        .mails
        .iter()
        .filter(|(_, mail)| &*mail.alert == "UPGRADE_FAILED")
        .collect();
    // One for each of the three waves.
    assert_eq!(failed.len(), 3, "{failed:?}");
    let rows: usize = failed.iter().map(|(_, mail)| mail.items.len()).sum();
    assert_eq!(rows, 100);
    assert!(
        failed[1]
            .1
            .summary
            .ends_with("failed: docker_pull, host_os")
    );
    let late = story.mails.len();
    for one in &all {
        story.fail(70, &[one], "disk_software");
    }
    story.until(100);
    let more = &story.mails[late..];
    assert_eq!(more.len(), 3, "{more:?}");
    assert!(more.iter().all(|(_, mail)| mail.number == 2));
}

#[test]
fn an_end_does_not_overtake_its_beginning() {
    let mut story = Story::of(&plan(weekly(9)), &[("s1", &["p2", "p3", "p4", "p5"])]);
    story
        .start(0, &["p2", "p3"])
        .fail(1, &["p2"], "trigger_file")
        .until(60);
    let order: Vec<String> = story
        .mails
        .iter()
        .map(|(minute, mail)| line(*minute, mail))
        .collect();
    assert_eq!(
        order[1..],
        [
            "3 info 2 Publishers on s1 started: p2 p3",
            "3 critical 1 Publishers on s1 failed: trigger_file: p2",
        ]
    );
}

#[test]
fn a_skipped_update_is_a_mail_of_its_own_kind() {
    let mut story = Story::of(&plan(weekly(1)), &[("s1", &["p1"])]);
    story
        .say(60, &["p1"], EventKind::UpdateSkipped, "same_version")
        .until(60);
    assert_eq!(
        story.mails(UpdateAlert::Skipped),
        ["1 info 1 Publishers skipped: p1"]
    );
}

#[test]
fn unknown_parts_of_the_key_are_told_as_such() {
    let mut listed = weekly(2);
    listed.order = WaveOrder::Explicit(vec![vec![Arc::from("p1")]]);
    let mut story = Story::of(&plan(listed), &[]);
    story.start(0, &["p2"]).fail(5, &["p2"], "").until(30);
    let mail = story.mail(UpdateAlert::Failed);
    let labels: Vec<String> = mail
        .labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        labels,
        [
            "connector=p2",
            "profile=eu-weekly",
            "run=2026-12-08T05:00:00Z",
            "stitcher=unknown",
            "wave=unknown"
        ]
    );
    assert_eq!(cell(mail, "p2", "Reason"), Some("unknown"));
}

#[test]
fn a_kind_without_a_rule_is_history_and_no_mail() {
    let mut plan = plan(weekly(1));
    let rules = RuleSet {
        rules: vec![Arc::new(rule(UpdateAlert::Failed))],
    };
    plan.rules = Arc::new(rules);
    let mut story = Story::of(&plan, &[("s1", &["p1"])]);
    story
        .start(0, &["p1"])
        .fail(5, &["p1"], "host_os")
        .until(30);
    assert_eq!(story.mails.len(), 1);
    let untold: Vec<&str> = story
        .history
        .iter()
        .filter(|(_, _, reason)| reason.starts_with("not told"))
        .map(|(_, _, reason)| reason.as_str())
        .collect();
    assert_eq!(
        untold,
        [
            "not told: no rule is on UPGRADE_WILL_START",
            "not told: no rule is on UPGRADE_STARTED"
        ]
    );
}

#[test]
fn old_reports_are_one_line_of_history() {
    let mut plan = plan(weekly(1));
    plan.quiet_before = Some(second(-7200));
    let mut story = Story::of(&plan, &[("s1", &["p1"])]);
    for seconds in [-9000, -8000, -100_000] {
        let line = event("p1", EventKind::UpdateFailed, "host_os", second(seconds));
        story.take(&line, now(-590));
    }
    story.until(-9);
    let told = story.history.iter().filter(|row| row.1 == "too_old");
    let reasons: Vec<&str> = told.map(|row| row.2.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "3 reports on updates of p1 are too old to be told, the latest of \
             2026-12-08 02:46 UTC"
        ]
    );
    assert_eq!(story.mails(UpdateAlert::Failed), [""; 0]);
}

#[test]
fn hostile_text_of_a_log_is_bounded_and_shown_harmless() {
    let hostile = format!("s1\r\nBcc: x\u{1b}[31m\"{}", "é".repeat(250));
    let mut story = Story::of(&plan(weekly(1)), &[(hostile.as_str(), &["p1"])]);
    story.start(0, &["p1"]).until(10);
    let mail = story.mail(UpdateAlert::Started);
    let stitcher = mail.labels.iter().find(|(name, _)| &**name == "stitcher");
    let value = &stitcher.unwrap().1;
    assert!(
        value.len() <= 200 && !value.contains(['\r', '\n', '\u{1b}']),
        "{value}"
    );
    assert!(!mail.key.contains(['\r', '\n', '\u{1b}']), "{}", mail.key);
    assert!(!mail.summary.contains(['\r', '\n']), "{}", mail.summary);
}

#[test]
fn what_a_rule_cannot_say_is_said_in_built_in_words_with_the_fault() {
    let mut plan = plan(weekly(1));
    let mut broken = rule(UpdateAlert::Failed);
    let vocabulary = Vocabulary {
        facts: UPDATE_FACTS,
        ..Vocabulary::default()
    };
    broken.summary = Wording::compile("{{ lead | local }} {{ profile / 2 }}", &vocabulary).unwrap();
    broken.severity = SeverityOf::Told(Wording::plain("terrible"));
    plan.rules = Arc::new(RuleSet {
        rules: vec![Arc::new(broken)],
    });
    let mut story = Story::of(&plan, &[("s1", &["p1"])]);
    story.fail(5, &["p1"], "host_os").until(30);
    let mail = story.mail(UpdateAlert::Failed);
    assert_eq!(
        mail.summary,
        "Updates of 1 Publisher failed (profile eu-weekly)"
    );
    assert_eq!(mail.severity, Severity::Critical);
    assert_eq!(mail.faults.len(), 2, "{:?}", mail.faults);
}

#[test]
fn a_notice_tells_version_release_and_whether_there_is_room() {
    let mut story = Story::of(&plan(weekly(1)), &[]);
    story.clock = -5 * 3600 - 620;
    story.show(Shown {
        version: Some("127.0.2.1".to_owned()),
        ..shown("p1")
    });
    story.step();
    let mail = story.mail(UpdateAlert::WillStart);
    assert_eq!(
        mail.summary, "Updates of 1 Publishers start in 5 h 10 min",
        "the true lead"
    );
    assert_eq!(cell(mail, "p1", "Newer releases"), Some("2"));
    assert_eq!(fact(mail, "Release"), Some("latest-1"));
    assert_eq!(
        fact(mail, "Free for the update"),
        Some("250 MB: less than the 300 MB that the vendor's check wants, the update will fail")
    );
    assert_eq!(story.desk.releases_behind(), [(Arc::from("p1"), 2)]);
}

#[test]
fn a_second_failure_by_hand_hours_later_is_told() {
    let mut story = Story::of(&plan(weekly(1)), &[("s1", &["p1"])]);
    story.fail(600, &["p1"], "host_os").until(620);
    story.fail(900, &["p1"], "host_os").until(920);
    assert_eq!(story.mails(UpdateAlert::Failed).len(), 2);
    let threads: Vec<&str> = story.mails.iter().map(|(_, mail)| &*mail.thread).collect();
    assert_ne!(threads[threads.len() - 1], threads[threads.len() - 2]);
}

#[test]
fn an_update_explains_what_its_host_does() {
    let mut story = Story::of(&plan(weekly(2)), &[("s1", &["p1", "p2"])]);
    story.start(0, &["p1"]);
    assert_eq!(
        story.desk.explains("p1", now(60)).as_deref(),
        Some("update of eu-weekly from 2026-12-08 00:00 EST (2026-12-08 05:00 UTC) on")
    );
    story.succeed(10, &["p1"]);
    assert_eq!(story.desk.explains("p1", now(660)), None);
    assert_eq!(story.desk.explains("stranger", now(660)), None);
    assert_eq!(story.desk.explains("p2", now(7200)), None);
}
