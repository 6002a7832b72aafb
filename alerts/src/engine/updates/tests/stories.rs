//! The vendor's two examples and those made of them, with 5 and 7 Publishers.

use std::collections::BTreeSet;

use super::*;

/// One stitcher for all five.
const FIVE: &[(&str, &[&str])] = &[("s1", &["p1", "p2", "p3", "p4", "p5"])];

/// Seven on two.
const SEVEN: &[(&str, &[&str])] = &[
    ("s1", &["p1", "p2", "p3", "p5"]),
    ("s2", &["p4", "p6", "p7"]),
];

#[test]
fn five_publishers_in_three_batches_are_three_success_mails_in_one_thread() {
    let mut story = Story::of(&plan(weekly(5)), FIVE);
    story.clock = -25 * 3600;
    story.until(-10);
    story.start(0, &["p1"]).succeed(12, &["p1"]);
    story.start(20, &["p2", "p3"]).succeed(35, &["p3", "p2"]);
    story
        .start(40, &["p4", "p5"])
        .succeed(55, &["p4", "p5"])
        .until(200);
    assert_eq!(
        story.mails(UpdateAlert::Succeeded),
        [
            "12 info Batch 1: 1 Publishers updated: p1",
            "35 info Batch 2: 2 Publishers updated: p3 p2",
            "55 info Batch 3: 2 Publishers updated: p4 p5",
        ]
    );
    assert_eq!(
        story.mails(UpdateAlert::Started),
        [
            "0 info 1 Publishers on s1 started: p1",
            "20 info 2 Publishers on s1 started: p2 p3",
            "40 info 2 Publishers on s1 started: p4 p5",
        ]
    );
    assert_eq!(
        story.mails(UpdateAlert::WillStart),
        ["-1440 info Updates of 5 Publishers start in 1 d: p1 p2 p3 p4 p5"]
    );
    assert_eq!(story.mails.len(), 7);
    let threads: BTreeSet<&str> = story.mails.iter().map(|(_, mail)| &*mail.thread).collect();
    assert_eq!(threads.len(), 1, "a run is one thread");
    let ids: BTreeSet<&str> = story.mails.iter().map(|(_, mail)| &*mail.id).collect();
    assert_eq!(ids.len(), 7);
    let mail = story.mail(UpdateAlert::Succeeded);
    assert_eq!(fact(mail, "Batch"), Some("1"));
    assert_eq!(
        fact(mail, "Start"),
        Some("2026-12-08 00:00 EST (2026-12-08 05:00 UTC)")
    );
    assert_eq!(cell(mail, "p1", "Took"), Some("12 min"));
    assert_eq!(&*mail.receivers[0], "ops");
    assert_eq!(
        &*mail.key,
        r#"upgrade-succeeded{profile="eu-weekly",run="2026-12-08T05:00:00Z",wave="1"}"#
    );
}

#[test]
fn a_batch_that_fails_on_two_stitchers_is_two_failure_mails() {
    let mut story = Story::of(&plan(weekly(7)), SEVEN);
    story
        .start(0, &["p2", "p3", "p4"])
        .fail(20, &["p2", "p3", "p4"], "docker_pull")
        .until(60);
    assert_eq!(
        story.mails(UpdateAlert::Failed),
        [
            "20 critical 2 Publishers on s1 failed: docker_pull: p2 p3",
            "20 critical 1 Publishers on s2 failed: docker_pull: p4",
        ]
    );
    assert_eq!(story.mails(UpdateAlert::Started).len(), 2);
    let mail = story.mail(UpdateAlert::Failed);
    assert!(mail.action.contains("hub.docker.com"), "{}", mail.action);
    assert_eq!(fact(mail, "Where to look"), None, "the action says it");
    assert_eq!(
        fact(mail, "What it means"),
        Some("Publisher auto-update failed while downloading docker image.")
    );
    assert_eq!(cell(mail, "p2", "Reason"), Some("docker_pull"));
    assert_eq!(cell(mail, "p2", "How we know"), Some("its log says so"));
    assert_eq!(mail.faults, [""; 0]);
}

#[test]
fn who_succeeds_in_a_failing_batch_is_told_with_the_state_of_the_others() {
    let mut story = Story::of(&plan(weekly(7)), SEVEN);
    story
        .start(0, &["p2", "p3", "p4"])
        .fail(20, &["p2", "p4"], "docker_pull")
        .succeed(21, &["p3"])
        .until(60);
    assert_eq!(
        story.mails(UpdateAlert::Failed),
        [
            "20 critical 1 Publishers on s2 failed: docker_pull: p4",
            "21 critical 1 Publishers on s1 failed: docker_pull: p2",
        ]
    );
    assert_eq!(
        story.mails(UpdateAlert::Succeeded),
        ["21 info Batch 2: 1 Publishers updated: p3"]
    );
    assert_eq!(
        fact(story.mail(UpdateAlert::Succeeded), "Not in this list"),
        Some("p2 failed (docker_pull), p4 failed (docker_pull)")
    );
}

#[test]
fn publishers_that_do_not_come_back_are_one_mail_and_each_return_is_told_in_its_thread() {
    let at: &[(&str, &[&str])] = &[("s1", &["p1", "p2"]), ("s2", &["p5"])];
    let mut story = Story::of(&plan(weekly(5)), at);
    story.start(1, &["p2"]).fall(2, &["p2"]);
    story.start(41, &["p5"]).fall(42, &["p5"]).until(200);
    assert_eq!(
        story.mails(UpdateAlert::ConnectionFailed),
        ["125 critical 2 Publishers of eu-weekly did not come back: p2 p5"]
    );
    let told = story.mail(UpdateAlert::ConnectionFailed).clone();
    assert_eq!(
        cell(&told, "p2", "How we know"),
        Some("our own judgement: not connected when the window was over")
    );
    assert_eq!(
        cell(&told, "p5", "Last seen"),
        Some("2026-12-08 00:42 EST (2026-12-08 05:42 UTC)")
    );
    assert!(told.action.contains("support"), "{}", told.action);
    story.connect(201 * 60, &["p5"], "s2").until(210);
    story.fall(211, &["p5"]).connect(212 * 60, &["p5"], "s2");
    let back = &story.mails.last().unwrap().1;
    assert_eq!(
        line(201, back),
        "201 critical 1 Publishers of eu-weekly did not come back: p5"
    );
    assert_eq!(back.kind.word(), "resolved");
    assert_eq!((&back.thread, &back.key), (&told.thread, &told.key));
    assert_eq!(back.ended_at, Some(second(201 * 60)));
    assert_eq!(
        story.mails(UpdateAlert::ConnectionFailed).len(),
        2,
        "a tunnel that comes and goes is another rule's"
    );
    let judged: Vec<&RecentEvent> = story.events.iter().collect();
    assert_eq!(judged.len(), 2);
    assert_eq!(&*judged[0].log, JUDGED);
    assert_eq!(judged[0].event.key.kind, EventKind::UpdateReconnectFailed);
    assert_eq!(judged[0].event.key.reason.as_str(), "reconnect_timeout");
}

#[test]
fn a_later_failure_follows_up_with_its_number_and_repeats_nobody() {
    let nine: &[(&str, &[&str])] = &[("s1", &["p2", "p3", "p4", "p5"])];
    let mut story = Story::of(&plan(weekly(9)), nine);
    story
        .start(0, &["p2", "p3", "p4", "p5"])
        .fail(20, &["p2"], "docker_pull")
        .fail(31, &["p3"], "host_os")
        .until(60);
    assert_eq!(
        story.mails(UpdateAlert::Failed),
        [
            "22 critical 1 Publishers on s1 failed: docker_pull: p2",
            "33 critical (2) 1 Publishers on s1 failed: host_os: p3",
        ]
    );
    let mails = story.mails.iter().map(|(_, mail)| mail);
    let failed: Vec<&Notification> = mails
        .filter(|mail| &*mail.alert == "UPGRADE_FAILED")
        .collect();
    assert_eq!(failed[0].thread, failed[1].thread);
    assert_eq!(failed[0].key, failed[1].key);
    assert_ne!(failed[0].id, failed[1].id);
    // Within the quiet time it is one mail, two minutes after the last of them.
    let mut quick = Story::of(&plan(weekly(9)), nine);
    quick
        .start(0, &["p2", "p3", "p4", "p5"])
        .fail(20, &["p2"], "docker_pull")
        .say(21 * 60 + 30, &["p3"], EventKind::UpdateFailed, "host_os")
        .until(60);
    assert_eq!(
        quick.mails(UpdateAlert::Failed),
        ["23 critical 2 Publishers on s1 failed: docker_pull, host_os: p2 p3"]
    );
    // Who completes the key is not waited for.
    let mut pair = Story::of(&plan(weekly(5)), FIVE);
    pair.start(0, &["p2", "p3"])
        .fail(20, &["p2"], "docker_pull")
        .fail(31, &["p3"], "docker_pull")
        .until(60);
    assert_eq!(
        pair.mails(UpdateAlert::Failed),
        [
            "22 critical 1 Publishers on s1 failed: docker_pull: p2",
            "31 critical (2) 1 Publishers on s1 failed: docker_pull: p3",
        ]
    );
}

#[test]
fn a_mail_that_became_due_while_nobody_ran_goes_at_once_with_the_true_times() {
    let nine: &[(&str, &[&str])] = &[("s1", &["p2", "p3", "p4", "p5"])];
    let plan = plan(weekly(9));
    let mut story = Story::of(&plan, nine);
    story
        .start(0, &["p2", "p3", "p4", "p5"])
        .fail(20, &["p2"], "docker_pull")
        .until(21);
    story.commit();
    story.restart(&plan);
    story.clock = 50 * 60;
    story.step();
    assert_eq!(
        story.mails(UpdateAlert::Failed),
        ["50 critical 1 Publishers on s1 failed: docker_pull: p2"]
    );
    assert_eq!(
        cell(story.mail(UpdateAlert::Failed), "p2", "Since"),
        Some("2026-12-08 00:20 EST (2026-12-08 05:20 UTC)")
    );
    // The window's end, too, is due at once if it passed meanwhile.
    story.commit();
    story.restart(&plan);
    story.clock = 400 * 60;
    story.step();
    assert_eq!(story.events.len(), 3, "p3, p4 and p5 are judged");
}

#[test]
fn an_agent_alone_without_a_profile_tells_at_once_and_only_what_it_knows() {
    let mut nobody = weekly(1);
    nobody.members = vec![Arc::from("another")];
    let mut story = Story::of(&plan(nobody), &[("s1", &["p1"])]);
    story.fail(200, &["p1"], "docker_pull").until(201);
    let mail = story.mail(UpdateAlert::Failed);
    let names: Vec<&str> = mail.facts.iter().map(|(name, _)| &**name).collect();
    assert!(!names.contains(&"Profile"), "{names:?}");
    assert!(!names.contains(&"Start"), "{names:?}");
    assert!(!names.contains(&"Expected end"), "{names:?}");
    story.say(
        400 * 60,
        &["p1"],
        EventKind::UpdateReconnectFailed,
        "reconnect_timeout",
    );
    story.until(401);
    let lost = story.mail(UpdateAlert::ConnectionFailed);
    assert_eq!(cell(lost, "p1", "Started"), Some("unknown"));
    let minutes = story.mails.iter().map(|(minute, _)| *minute);
    let minutes: Vec<i64> = minutes.filter(|minute| 0 < *minute).collect();
    assert_eq!(minutes, [200, 400], "nobody else is waited for");
    story.start(600, &["p1"]).fail(620, &["p1"], "host_os");
    let told = &story.mails.last().unwrap().1;
    assert_eq!(fact(told, "Start"), Some("2026-12-08 15:00 UTC"));
    assert_eq!(fact(told, "Expected end"), Some("2026-12-08 17:00 UTC"));
}

#[test]
fn what_one_of_two_reasons_means_is_not_said_of_the_other() {
    let mut story = Story::of(&plan(weekly(7)), SEVEN);
    story
        .start(0, &["p2", "p3"])
        .fail(20, &["p2"], "docker_pull")
        .fail(20, &["p3"], "of_an_own_catalogue")
        .until(60);
    let mail = story.mail(UpdateAlert::Failed);
    assert_eq!(mail.items.len(), 2);
    assert_eq!(
        fact(mail, "What it means"),
        Some("docker_pull: Publisher auto-update failed while downloading docker image.")
    );
}

/// Who is in mails on updates that were not needed, with the minute: of `p1` and, a minute
/// later, of `others`, all in no profile.
fn not_needed(others: &[&str], shown: &[(&str, bool)]) -> Vec<String> {
    let mut nobody = weekly(1);
    nobody.members = vec![Arc::from("another")];
    let mut story = Story::of(&plan(nobody), &[("s1", &["p1", "p2", "client"])]);
    for (name, is_client) in shown {
        story.show(Shown {
            name: (*name).to_owned(),
            is_client: *is_client,
            is_tunnel_up: true,
            ..Shown::default()
        });
    }
    story.say(6_000, &["p1"], EventKind::UpdateSkipped, "same_version");
    story.say(6_060, others, EventKind::UpdateSkipped, "same_version");
    story.until(130);
    let skipped = UpdateAlert::Skipped.name();
    let mails = story
        .mails
        .iter()
        .filter(|(_, mail)| *mail.alert == *skipped);
    let in_line = |(minute, mail): &(i64, Notification)| {
        let names: Vec<&str> = mail.items.iter().map(|item| &*item.name).collect();
        format!("{minute} {}", names.join(" "))
    };
    mails.map(in_line).collect()
}

#[test]
fn several_without_a_profile_whose_updates_were_not_needed_are_one_mail() {
    let shown = [("p1", false), ("p2", false)];
    assert_eq!(not_needed(&["p2"], &shown), ["111 p1 p2"]);
}

#[test]
fn the_only_publisher_without_a_profile_waits_for_no_client_and_for_nobody_who_is_gone() {
    let shown = [("p1", false), ("client", true)];
    assert_eq!(not_needed(&[], &shown), ["100 p1"]);
}
