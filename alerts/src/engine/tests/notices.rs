//! Events that are told, and over.

use jiff::SignedDuration;

use super::*;

const TLS: &str = r#"
  - id: tls
    alert: TLS
    on: {event: tls.error}
    by: [connector]
    severity: warning
    summary: "TLS of {{ connector }} fails"
    action: "look"
"#;

fn tls(story: &mut Story, connector: &str, at: i64) {
    let told = event(connector, EventKind::TlsError, "reset", 60 * at);
    story.happen(&told, minute(at));
    story.step(minute(at));
}

/// The rule, told in batches by reason.
fn batched() -> String {
    let rule = TLS.replace("by: [connector]", "by: [connector, reason]");
    format!("{rule}    batch: {{by: [reason], wait: 5m, max_wait: 20m}}\n")
}

#[test]
fn a_test_after_a_lost_store_is_another_one_though_its_serial_is_the_same() {
    let test =
        |receiver: &str, at: i64| test_notification("agent-1", receiver, minute(at).wall, 1).id;
    assert_eq!(test("ops", 1), test("ops", 1));
    assert_ne!(test("ops", 1), test("ops", 2));
    assert_ne!(test("ops", 1), test("noc", 1));
}

#[test]
fn each_event_is_a_notice_with_an_id_that_another_reading_gives_again() {
    let mut story = Story::of(TLS);
    tls(&mut story, "pub-1", 1);
    tls(&mut story, "pub-1", 2);
    let ids: Vec<Arc<str>> = story.said.iter().map(|one| Arc::clone(&one.id)).collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(story.engine.rows(), []);
    let mut again = Story::of(TLS);
    let mut told = event("pub-1", EventKind::TlsError, "reset", 60);
    // The file was rotated and is read later.
    told.file = Arc::from("/logs/agent.txt.1");
    told.read_at = minute(5).wall;
    again.happen(&told, minute(5));
    again.step(minute(5));
    assert_eq!(again.said[0].id, ids[0]);
    assert_eq!(again.said[0].kind.word(), "notice");
}

#[test]
fn a_flood_of_one_failure_takes_a_few_rows_of_the_history_and_not_one_for_each_event() {
    let mut story = Story::of(&format!("{TLS}    dedup: 15m\n"));
    for at in 0..900 {
        let told = event("pub-1", EventKind::TlsError, "reset", at);
        story.happen(&told, second(at));
        // A step every ten seconds, and a row for each step.
        if at % 10 == 9 {
            story.step(second(at));
        }
    }
    let duplicates = story
        .history
        .iter()
        .filter(|row| &*row.decision == "duplicate");
    let reasons: Vec<&str> = duplicates.map(|row| row.reason.as_str()).collect();
    assert_eq!(reasons.len(), 90);
    assert_eq!(
        reasons[0],
        "9 times: again within 15 min: the next one counts it"
    );
    assert_eq!(
        reasons[89],
        "10 times: again within 15 min: the next one counts it"
    );
}

#[test]
fn what_comes_again_too_soon_is_counted_in_the_next_notice() {
    let mut story = Story::of(&format!("{TLS}    dedup: 15m\n"));
    for at in [1, 2, 3, 4, 17] {
        tls(&mut story, "pub-1", at);
    }
    tls(&mut story, "pub-2", 18);
    let key = |name: &str| format!(r#"tls{{connector="{name}"}}"#);
    let facts = story.said[1].facts.last().cloned();
    assert_eq!(
        story.take_said(),
        [
            (1, "notice", key("pub-1")),
            (17, "notice", key("pub-1")),
            (18, "notice", key("pub-2"))
        ]
    );
    let more = "3 since 2027-01-15 08:02:00 UTC".to_owned();
    assert_eq!(facts, Some((Arc::from("more like it"), more)));
    assert_eq!(
        story.take_decisions(),
        [
            "notice",
            "duplicate",
            "duplicate",
            "duplicate",
            "notice",
            "notice"
        ]
    );
}

#[test]
fn what_came_too_soon_is_counted_also_where_several_are_told_together() {
    let mut story = Story::of(&format!("{}    dedup: 15m\n", batched()));
    for at in [1, 2, 3] {
        tls(&mut story, "pub-1", at);
    }
    story.step(minute(10));
    tls(&mut story, "pub-1", 20);
    tls(&mut story, "pub-2", 21);
    story.step(minute(30));
    let told = story.said.last().unwrap();
    let more: Vec<Option<&str>> = told
        .items
        .iter()
        .map(|item| {
            let mut facts = item.facts.iter();
            let more = facts.find(|(name, _)| &**name == "more like it");
            more.map(|(_, value)| value.as_str())
        })
        .collect();
    assert_eq!(more, [Some("2 since 2027-01-15 08:02:00 UTC"), None]);
    let alone = story.history.iter().find(|row| row.notification.is_some());
    assert_eq!(alone.unwrap().reason, "TLS of pub-1 fails", "it came alone");
}

#[test]
fn the_history_says_what_waits_before_it_says_that_it_is_told() {
    let mut story = Story::of(&batched());
    for at in 0..=ITEMS_MAX {
        let name = format!("pub-{at}");
        let told = event(&name, EventKind::TlsError, "reset", 1);
        story.happen(&told, minute(10));
    }
    story.step(minute(10));
    let told = story
        .history
        .iter()
        .position(|row| &*row.decision == "notice");
    assert_eq!(told, Some(ITEMS_MAX), "the last one waits on");
}

#[test]
fn what_came_too_soon_is_counted_over_a_restart() {
    let rules = format!("{TLS}    dedup: 15m\n");
    let mut story = Story::of(&rules);
    tls(&mut story, "pub-1", 1);
    tls(&mut story, "pub-1", 2);
    story.restart(plan(&rules), minute(3));
    tls(&mut story, "pub-1", 4);
    tls(&mut story, "pub-1", 30);
    assert_eq!(story.said.len(), 2);
    let more = &story.said[1].facts.last().unwrap().1;
    assert!(more.starts_with("2 since"), "{more}");
}

#[test]
fn events_of_a_batch_are_told_together_also_over_a_restart() {
    let rules = batched();
    let mut story = Story::of(&rules);
    tls(&mut story, "pub-1", 1);
    tls(&mut story, "pub-2", 4);
    story.restart(plan(&rules), minute(5));
    for at in 5..9 {
        story.step(minute(at));
    }
    assert_eq!(story.take_said(), []);
    story.step(minute(9));
    let [told] = &*story.said else {
        panic!("{:?}", story.said);
    };
    assert_eq!(&*told.key, r#"tls{reason="reset"}"#);
    assert_eq!(told.summary, "TLS of pub-1 fails, and 1 more");
    let names: Vec<&str> = told.items.iter().map(|item| &*item.name).collect();
    assert_eq!(names, ["pub-1", "pub-2"]);
    assert_eq!(
        story
            .stored()
            .iter()
            .filter(|(key, _)| key.starts_with("batch/"))
            .count(),
        0
    );
}

#[test]
fn what_a_batch_holds_alone_is_told_of_its_own_connector_only() {
    let mut story = Story::of(&batched());
    tls(&mut story, "pub-1", 1);
    story.step(minute(9));
    let [alone] = &*story.said else {
        panic!("{:?}", story.said);
    };
    let labels = alone
        .labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    assert_eq!(
        labels.collect::<Vec<_>>(),
        ["connector=pub-1", "reason=reset"]
    );
    assert_eq!(alone.items, [], "nothing is said twice");
}

#[test]
fn a_label_without_a_value_is_none() {
    let mut story = Story::of(&TLS.replace("[connector]", "[connector, reason]"));
    let told = event("", EventKind::TlsError, "reset", 60);
    story.happen(&told, minute(1));
    story.step(minute(1));
    let labels = story.said[0].labels.clone();
    assert_eq!(labels, [(Arc::from("reason"), Arc::from("reset"))]);
}

#[test]
fn an_overdue_batch_is_told_at_once_after_a_restart() {
    let rules = batched();
    let mut story = Story::of(&rules);
    tls(&mut story, "pub-1", 1);
    story.restart(plan(&rules), minute(90));
    story.step(minute(90));
    assert_eq!(story.said.len(), 1);
    assert_eq!(story.said[0].started_at, minute(1).wall);
}

#[test]
fn a_batch_waits_on_the_clock_that_does_not_jump() {
    let mut story = Story::of(&batched());
    tls(&mut story, "pub-1", 1);
    // Somebody puts the wall clock a day ahead, then two days back.
    let at = |clock: i64, wall: i64| EngineTime {
        clock: minute(clock).clock,
        wall: minute(0).wall + SignedDuration::from_mins(wall),
    };
    story.step(at(2, 2 + 1_440));
    assert_eq!(story.said.len(), 0, "one minute is not five");
    story.step(at(6, 6 - 1_440));
    assert_eq!(story.said.len(), 1, "five minutes are");
}

#[test]
fn a_flood_in_one_step_fills_batch_after_batch_and_no_row_beyond_the_bound() {
    let mut story = Story::of(&batched());
    for at in 0..500 {
        let name = format!("pub-{at}");
        story.happen(&event(&name, EventKind::TlsError, "reset", at), minute(10));
    }
    story.step(minute(10));
    let counts: Vec<usize> = story.said.iter().map(|one| one.items.len()).collect();
    assert_eq!(counts, [ITEMS_MAX, ITEMS_MAX]);
    assert_ne!(story.said[0].id, story.said[1].id);
    story.restart(plan(&batched()), minute(11));
    story.step(minute(16));
    assert_eq!(story.said.last().unwrap().items.len(), 100);
    assert_eq!(story.said.len(), 3);
}

#[test]
fn a_flood_is_told_together_beyond_the_bound() {
    let mut story = Story::of(TLS);
    for at in 0..500 {
        story.happen(
            &event("pub-1", EventKind::TlsError, "reset", at),
            minute(10),
        );
    }
    story.step(minute(10));
    assert_eq!(story.said.len(), NOTICES_AT_ONCE_MAX + 1);
    let last = story.said.last().unwrap();
    assert_eq!(last.summary, "TLS of pub-1 fails (400 times)");
    assert_eq!(last.items.len(), ITEMS_MAX);
}

#[test]
fn what_happened_too_long_ago_or_before_the_first_start_is_history() {
    let mut quiet = plan(TLS);
    quiet.quiet_before = Some(minute(100).wall);
    let mut story = Story::planned(quiet);
    for at in 0..50 {
        let told = event("pub-1", EventKind::TlsError, "reset", 60 * at);
        story.happen(&told, minute(100));
    }
    story.step(minute(100));
    tls(&mut story, "pub-1", 101);
    assert_eq!(story.said.len(), 1);
    let [old, told] = &*story.history else {
        panic!("{:?}", story.history);
    };
    assert_eq!(&*old.decision, "too_old");
    assert!(
        old.reason.starts_with("50 before the first start"),
        "{}",
        old.reason
    );
    assert_eq!(told.notification.as_ref(), Some(&story.said[0].id));
    let mut late = Story::of(TLS);
    late.happen(
        &event("pub-1", EventKind::TlsError, "reset", 0),
        minute(1_441),
    );
    late.step(minute(1_441));
    assert_eq!(late.take_said(), []);
    assert_eq!(late.take_decisions(), ["too_old"]);
}

#[test]
fn a_line_without_a_time_is_told_each_time_and_once_more_after_a_crash() {
    let mut bare = event("pub-1", EventKind::TlsError, "reset", 60);
    bare.event.time = None;
    let mut story = Story::of(TLS);
    story.step(minute(0));
    let rows = story.stored();
    let mut first = Vec::new();
    // Twice from the same rows: the first time nothing was committed.
    for _ in 0..2 {
        story.engine = Engine::open(plan(TLS), &rows, minute(1));
        story.happen(&bare, minute(1));
        story.happen(&bare, minute(1));
        story.step(minute(1));
        let said = std::mem::take(&mut story.said);
        let ids: Vec<Arc<str>> = said.into_iter().map(|one| one.id).collect();
        assert_ne!(ids[0], ids[1]);
        first.push(ids);
    }
    assert_eq!(first[0], first[1]);
}
