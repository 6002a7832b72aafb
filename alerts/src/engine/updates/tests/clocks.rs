//! Starts, clocks and the order of lines: what is announced, judged and remembered.

use super::*;

#[test]
fn an_hour_that_does_not_exist_is_said_to_be_later() {
    let mut profile = weekly(1);
    if let Some(schedule) = &mut profile.schedule {
        schedule.cadence = Cadence::Weekly(Weekday::Sunday);
        schedule.time = time(2, 30, 0, 0);
    }
    let mut story = Story::of(&plan(profile), &[]);
    let wall: Timestamp = "2026-03-07T08:00:00Z".parse().unwrap();
    let clock = Duration::try_from(wall.as_duration()).unwrap();
    story.step_at(EngineTime { clock, wall });
    let mail = story.mail(UpdateAlert::WillStart);
    assert_eq!(
        fact(mail, "Start"),
        Some(
            "2026-03-08 03:30 EDT (2026-03-08 07:30 UTC), later than scheduled: clocks are \
             put forward over that hour"
        )
    );
}

#[test]
fn clocks_that_jump_neither_judge_nor_announce_again() {
    let mut story = Story::of(&plan(weekly(1)), &[("s1", &["p1"])]);
    story.clock = -25 * 3600;
    story.until(-23 * 60);
    assert_eq!(story.mails.len(), 1);
    // Put back by two hours, and right again.
    for (clock, wall) in [(-23 * 3600, -25 * 3600), (-22 * 3600, -24 * 3600)] {
        let jumped = EngineTime {
            clock: now(clock).clock,
            wall: second(wall),
        };
        story.step_at(jumped);
    }
    assert_eq!(story.mails.len(), 1, "announced once");
    story.clock = -3600;
    story.start(0, &["p1"]).until(1);
    // A day ahead for a moment: the window is not over.
    let ahead = EngineTime {
        clock: now(90).clock,
        wall: second(86_400),
    };
    story.step_at(ahead);
    assert_eq!(story.events, []);
    story.until(130);
    assert_eq!(story.events.len(), 1);
}

#[test]
fn a_clock_that_is_put_back_by_a_week_moves_no_start() {
    let mut story = Story::of(&plan(weekly(1)), &[]);
    assert_eq!(story.mails.len(), 0);
    story.step();
    assert_eq!(story.mails.len(), 1);
    let back = EngineTime {
        clock: now(60).clock,
        wall: second(-7 * 86_400 - 3600),
    };
    story.step_at(back);
    let told: Vec<&str> = story.mails.iter().map(|(_, mail)| &*mail.summary).collect();
    assert_eq!(
        told,
        [
            "Updates of 1 Publishers start in 10 min",
            "Updates of 1 Publishers start in 1 h"
        ],
        "by that clock it is a week earlier, and nothing was moved"
    );
}

#[test]
fn a_month_ahead_for_a_moment_forgets_nothing() {
    let mut story = Story::of(&plan(weekly(1)), &[("s1", &["p1"])]);
    story.start(1, &["p1"]).until(5);
    story.step_at(EngineTime {
        clock: now(301).clock,
        wall: second(40 * 86_400),
    });
    story.succeed(6, &["p1"]).until(20);
    let ended = story.mail(UpdateAlert::Succeeded);
    assert_eq!(cell(ended, "p1", "Took"), Some("5 min"));
    let thread = &story.mail(UpdateAlert::Started).thread;
    assert_eq!(*thread, ended.thread, "the same run");
}

#[test]
fn nothing_is_judged_while_the_logs_are_still_read() {
    let mut story = Story::of(&plan(weekly(1)), &[("s1", &["p1"])]);
    story.start(1, &["p1"]);
    story.commit();
    story.restart(&plan(weekly(1)));
    story.clock = 300 * 60;
    story.picture.is_behind = true;
    story.step();
    assert_eq!(story.events, []);
    // The line that was missed stands in what is read.
    let line = event("p1", EventKind::UpdateSucceeded, "", second(30 * 60));
    story.take(&line, now(300 * 60));
    story.picture.is_behind = false;
    story.until(310);
    assert_eq!(story.events, []);
    assert_eq!(story.mails(UpdateAlert::Succeeded).len(), 1);
}

#[test]
fn a_log_that_is_never_read_to_its_end_does_not_keep_us_from_judging() {
    let mut story = Story::of(&plan(weekly(1)), &[("s1", &["p1"])]);
    story.picture.is_behind = true;
    story.start(1, &["p1"]).until(140);
    assert_eq!(story.events.len(), 1);
}

#[test]
fn two_runs_within_a_day_are_two_runs() {
    let mut plan = plan(weekly(1));
    let mut story = Story::of(&plan, &[("s1", &["p1"])]);
    story.start(0, &["p1"]).succeed(10, &["p1"]).until(180);
    if let Some(schedule) = &mut plan.profiles[0].schedule {
        schedule.time = time(20, 0, 0, 0);
    }
    story.desk.change(&plan);
    story.until(190);
    let evening = 20 * 60;
    story
        .start(evening + 1, &["p1"])
        .succeed(evening + 10, &["p1"])
        .until(evening + 30);
    assert_eq!(story.mails(UpdateAlert::WillStart).len(), 2);
    assert_eq!(story.mails(UpdateAlert::Succeeded).len(), 2);
    let notice = story.mails(UpdateAlert::WillStart)[1].clone();
    assert!(notice.contains("start in 16 h 59 min"), "{notice}");
}

#[test]
fn lines_in_any_order_do_not_make_a_run_each() {
    let mut story = Story::of(&plan(weekly(1)), &[("s1", &["p1"])]);
    story.clock = 30 * 3600;
    for seconds in (0..40).map(|one| 30 * 3600 - one * 60) {
        let line = event("p1", EventKind::UpdateStarted, "", second(seconds));
        story.take(&line, now(30 * 3600));
    }
    story.until(31 * 60);
    assert_eq!(story.mails(UpdateAlert::Started).len(), 1);
}

#[test]
fn a_start_that_is_moved_is_told_as_such_in_the_same_thread() {
    let mut plan = plan(weekly(1));
    let mut story = Story::of(&plan, &[]);
    story.clock = -25 * 3600;
    story.until(-20 * 60);
    if let Some(schedule) = &mut plan.profiles[0].schedule {
        schedule.time = time(2, 30, 0, 0);
    }
    story.desk.change(&plan);
    story.until(-19 * 60);
    plan.profiles[0].members.push(Arc::from("p2"));
    story.desk.change(&plan);
    story.until(-18 * 60);
    let told: Vec<&str> = story.mails.iter().map(|(_, mail)| &*mail.summary).collect();
    assert_eq!(
        told,
        [
            "Updates of 1 Publishers start in 1 d",
            "Rescheduled: Updates of 1 Publishers start in 22 h 29 min",
            "Changed: Updates of 2 Publishers start in 21 h 29 min",
        ]
    );
    assert!(
        story
            .mails
            .windows(2)
            .all(|two| two[0].1.thread == two[1].1.thread)
    );
    let moved = &story.mails[1].1;
    assert_eq!(
        fact(moved, "Announced before for"),
        Some("2026-12-08 00:00 EST (2026-12-08 05:00 UTC)")
    );
}
