//! The worked examples: who gets which mails about whom, and when.

use jiff::civil::{Weekday, time};
use jiff::tz::TimeZone;
use model::event::Reason;

use super::*;
use crate::profile::{Release, WaveOrder};
use crate::schedule::{Cadence, Schedule};

/// Tuesday 2026-12-08 05:00 UTC, when the runs of these stories start.
fn start() -> Timestamp {
    "2026-12-08T05:00:00Z".parse().unwrap()
}

fn minute(minutes: i64) -> Timestamp {
    start() + SignedDuration::from_mins(minutes)
}

/// The present at that minute, on clocks that agree.
fn now(minutes: i64) -> EngineTime {
    let wall = minute(minutes);
    EngineTime {
        clock: wall.as_duration().try_into().unwrap(),
        wall,
    }
}

fn weekly(members: usize) -> Profile {
    Profile {
        name: Arc::from("eu-weekly"),
        release: Release::Latest { behind: 1 },
        schedule: Some(Schedule {
            cadence: Cadence::Weekly(Weekday::Tuesday),
            time: time(5, 0, 0, 0),
            zone: TimeZone::UTC,
        }),
        is_enabled: true,
        members: (1..=members)
            .map(|one| Arc::from(format!("p{one}")))
            .collect(),
        order: WaveOrder::default(),
    }
}

/// A story that is told minute by minute.
struct Story {
    updates: Updates,
    mails: Vec<(i64, String)>,
    clock: i64,
}

impl Story {
    fn of(profile: Profile, stitchers: &[(&str, &[&str])]) -> Self {
        let mut updates = Updates::new(vec![profile]);
        for (stitcher, members) in stitchers {
            for member in *members {
                let report = Report::Connected(Some(Arc::from(*stitcher)));
                let told = updates.take(&Arc::from(*member), &report, minute(-3000), now(-3000));
                assert_eq!(told, []);
            }
        }
        Self {
            updates,
            mails: Vec::new(),
            clock: -10,
        }
    }

    /// Lets the clock run to that minute; ticks come each minute, as the agent's do.
    fn until(&mut self, end: i64) -> &mut Self {
        while self.clock < end {
            self.clock += 1;
            let told = self.updates.tick(now(self.clock), Reading::CaughtUp);
            let shown = told.iter().filter_map(words);
            self.mails.extend(shown.map(|mail| (self.clock, mail)));
        }
        self
    }

    fn say(&mut self, at: i64, members: &[&str], report: &Report) -> &mut Self {
        self.until(at);
        for member in members {
            let told = self
                .updates
                .take(&Arc::from(*member), report, minute(at), now(at));
            let shown = told.iter().filter_map(words);
            self.mails.extend(shown.map(|mail| (at, mail)));
        }
        self
    }

    fn start(&mut self, at: i64, members: &[&str]) -> &mut Self {
        self.say(at, members, &Report::Started)
    }

    fn succeed(&mut self, at: i64, members: &[&str]) -> &mut Self {
        self.say(at, members, &Report::Ended(Outcome::Succeeded))
    }

    fn fail(&mut self, at: i64, members: &[&str]) -> &mut Self {
        self.say(
            at,
            members,
            &Report::Ended(Outcome::Failed(reason("docker_pull"))),
        )
    }

    /// The mails of a kind: minute and what they are about.
    fn mails(&self, alert: UpdateAlert) -> Vec<(i64, &str)> {
        let about = self.mails.iter().filter_map(|(at, mail)| {
            let rest = mail.strip_prefix(alert.name())?;
            Some((*at, rest.trim_start_matches([' ', ':'])))
        });
        about.collect()
    }
}

fn reason(word: &str) -> Reason {
    Reason::new(word).unwrap()
}

/// A mail in a line: kind, number if it follows up, wave, stitcher, members.
fn words(told: &Told) -> Option<String> {
    match told {
        Told::Mail(batch) => {
            let key = &batch.key;
            let mut line = key.alert.name().to_owned();
            match &key.wave {
                KeyPart::Any => {}
                KeyPart::Unknown => line.push_str(" wave ?"),
                KeyPart::Is(wave) => line.push_str(&format!(" wave {wave}")),
            }
            match &key.stitcher {
                KeyPart::Any => {}
                KeyPart::Unknown => line.push_str(" at ?"),
                KeyPart::Is(stitcher) => line.push_str(&format!(" at {stitcher}")),
            }
            if batch.number > 1 {
                line.push_str(&format!(" ({})", batch.number));
            }
            let names: Vec<&str> = batch.items.iter().map(|(name, _)| &**name).collect();
            Some(format!("{line}: {}", names.join(" ")))
        }
        Told::Notice(notice) => {
            let hours = notice.lead.as_hours();
            let moved = if notice.instead_of.is_some() {
                ", moved"
            } else {
                ""
            };
            let joined = notice.joined.len();
            Some(format!(
                "{} in {hours} h{moved}: {} members, {joined} joined",
                UpdateAlert::WillStart.name(),
                notice.members.len()
            ))
        }
        Told::BackAfterAll { member, .. } => Some(format!("back {member}")),
        Told::TooOld { member, .. } => Some(format!("too old {member}")),
        Told::Judged { .. } => None,
    }
}

#[test]
fn five_publishers_in_three_waves_give_three_success_mails() {
    let mut story = Story::of(weekly(5), &[("s1", &["p1", "p2", "p3", "p4", "p5"])]);
    story.start(0, &["p1"]).succeed(12, &["p1"]);
    story
        .start(20, &["p2", "p3"])
        .succeed(35, &["p3"])
        .succeed(36, &["p2"]);
    story
        .start(40, &["p4", "p5"])
        .succeed(55, &["p4", "p5"])
        .until(200);
    assert_eq!(
        story.mails(UpdateAlert::Succeeded),
        [
            (13, "wave 1: p1"),
            (37, "wave 2: p3 p2"),
            (56, "wave 3: p4 p5")
        ]
    );
    assert_eq!(
        story.mails(UpdateAlert::Started),
        [
            (1, "wave 1 at s1: p1"),
            (21, "wave 2 at s1: p2 p3"),
            (41, "wave 3 at s1: p4 p5")
        ]
    );
    // With the notice of the day before.
    assert_eq!(story.mails.len(), 7, "{:?}", story.mails);
}

#[test]
fn a_wave_that_fails_on_two_stitchers_gives_two_failure_mails() {
    let at: &[(&str, &[&str])] = &[
        ("s1", &["p1", "p2", "p3", "p5"]),
        ("s2", &["p4", "p6", "p7"]),
    ];
    let mut story = Story::of(weekly(7), at);
    story
        .start(0, &["p2", "p3", "p4"])
        .fail(20, &["p2", "p3", "p4"])
        .until(60);
    assert_eq!(
        story.mails(UpdateAlert::Failed),
        [(21, "wave 2 at s1: p2 p3"), (21, "wave 2 at s2: p4")]
    );
    assert_eq!(
        story.mails(UpdateAlert::Started),
        [(1, "wave 2 at s1: p2 p3"), (1, "wave 2 at s2: p4")]
    );
}

#[test]
fn who_succeeds_in_a_wave_that_fails_is_told_in_the_waves_success_mail() {
    let at: &[(&str, &[&str])] = &[("s1", &["p2", "p3"]), ("s2", &["p4"])];
    let mut story = Story::of(weekly(7), at);
    story
        .start(0, &["p2", "p3", "p4"])
        .fail(20, &["p2", "p4"])
        .succeed(21, &["p3"])
        .until(60);
    assert_eq!(
        story.mails(UpdateAlert::Failed),
        [(21, "wave 2 at s2: p4"), (22, "wave 2 at s1: p2")]
    );
    assert_eq!(story.mails(UpdateAlert::Succeeded), [(22, "wave 2: p3")]);
}

#[test]
fn publishers_that_do_not_come_back_are_one_mail_of_the_profile() {
    let at: &[(&str, &[&str])] = &[("s1", &["p1", "p2"]), ("s2", &["p5"])];
    let mut story = Story::of(weekly(5), at);
    story.start(1, &["p2"]).start(41, &["p5"]);
    story
        .say(2, &["p2"], &Report::Disconnected)
        .say(42, &["p5"], &Report::Disconnected);
    story.until(200);
    assert_eq!(story.mails(UpdateAlert::ConnectionFailed), [(125, "p2 p5")]);
    story.say(201, &["p5"], &Report::Connected(None));
    assert_eq!(story.mails.last().unwrap(), &(201, "back p5".to_owned()));
}

#[test]
fn a_failure_that_comes_later_follows_up_and_repeats_nobody() {
    let mut story = Story::of(weekly(9), &[("s1", &["p2", "p3", "p4", "p5"])]);
    story
        .start(0, &["p2", "p3", "p4", "p5"])
        .fail(20, &["p2"])
        .fail(31, &["p3"])
        .until(60);
    assert_eq!(
        story.mails(UpdateAlert::Failed),
        [(22, "wave 2 at s1: p2"), (33, "wave 2 at s1 (2): p3")]
    );
    // Without somebody to wait for, the second completes the key.
    let mut pair = Story::of(weekly(5), &[("s1", &["p2", "p3"])]);
    pair.start(0, &["p2", "p3"])
        .fail(20, &["p2"])
        .fail(31, &["p3"])
        .until(60);
    assert_eq!(
        pair.mails(UpdateAlert::Failed),
        [(22, "wave 2 at s1: p2"), (32, "wave 2 at s1 (2): p3")]
    );
}

#[test]
fn a_batch_that_became_due_while_nobody_ran_goes_at_once() {
    let mut story = Story::of(weekly(9), &[("s1", &["p2", "p3", "p4", "p5"])]);
    story.start(0, &["p2", "p3", "p4", "p5"]).fail(20, &["p2"]);
    // Killed at once, and back half an hour later: the state is what was stored.
    story.clock = 49;
    story.until(50);
    assert_eq!(story.mails(UpdateAlert::Failed), [(50, "wave 2 at s1: p2")]);
}

#[test]
fn unknown_waves_and_stitchers_have_mails_too() {
    let mut listed = weekly(2);
    listed.order = WaveOrder::Explicit(vec![vec![Arc::from("p1")]]);
    let mut story = Story::of(listed, &[]);
    story
        .start(0, &["p2", "stranger"])
        .fail(5, &["p2"])
        .until(30);
    assert_eq!(story.mails(UpdateAlert::Failed), [(6, "wave ? at ?: p2")]);
    let begun = story.mails(UpdateAlert::Started);
    assert_eq!(
        begun,
        [(1, "wave ? at ?: p2"), (1, "wave ? at ?: stranger")]
    );
}

#[test]
fn who_never_begins_holds_no_mail_back_past_the_window() {
    let mut story = Story::of(weekly(5), &[("s1", &["p2", "p3"])]);
    story.start(20, &["p2"]).succeed(30, &["p2"]).until(300);
    assert_eq!(story.mails(UpdateAlert::Succeeded), [(120, "wave 2: p2")]);
}

/// A Publisher alone: no published line tells that an update began or ended well.
#[test]
fn without_a_word_of_updates_tunnel_and_version_decide_at_the_windows_end() {
    let version = |number| Report::Version(Arc::from(number));
    let up = Report::Connected(Some(Arc::from("s2")));
    let story = |reports: &[(i64, Report)]| {
        let mut story = Story::of(weekly(1), &[("s1", &["p1"])]);
        story.say(-5, &["p1"], &version("126"));
        for (at, report) in reports {
            story.say(*at, &["p1"], report);
        }
        story.until(200);
        let judged = story.mails.into_iter();
        judged
            .filter(|(_, mail)| !mail.starts_with("UPGRADE_WILL_START"))
            .collect::<Vec<_>>()
    };
    let failed = "CONNECTION_FAILED: p1".to_owned();
    let succeeded = "UPGRADE_SUCCEEDED wave 1: p1".to_owned();
    let down = Report::Disconnected;
    assert_eq!(story(&[(20, down.clone())]), [(120, failed)]);
    let reports = [(20, down.clone()), (25, up.clone()), (26, version("127"))];
    assert_eq!(story(&reports), [(120, succeeded)]);
    assert_eq!(story(&[(20, down.clone()), (25, up)]), []);
    // Away before the window, and since.
    assert_eq!(story(&[(-3, down)]), []);
    assert_eq!(story(&[]), []);
}

#[test]
fn who_is_back_after_our_judgement_is_told_though_no_line_told_of_a_beginning() {
    let mut story = Story::of(weekly(1), &[("s1", &["p1"])]);
    story.say(20, &["p1"], &Report::Disconnected).until(130);
    story.say(131, &["p1"], &Report::Connected(None));
    assert_eq!(story.mails.last().unwrap(), &(131, "back p1".to_owned()));
}

#[test]
fn notice_is_given_a_day_ahead_once_and_again_if_the_start_moves_or_somebody_joins() {
    let mut story = Story::of(weekly(5), &[]);
    story.clock = -25 * 60;
    story.until(-20 * 60);
    let mut moved = weekly(5);
    if let Some(schedule) = &mut moved.schedule {
        schedule.time = time(7, 30, 0, 0);
    }
    story.updates.set_profiles(vec![moved.clone()]);
    story.until(-10 * 60);
    moved.members.push(Arc::from("p6"));
    story.updates.set_profiles(vec![moved]);
    story.until(140);
    let hours = 60;
    assert_eq!(
        story.mails(UpdateAlert::WillStart),
        [
            (-24 * hours, "in 24 h: 5 members, 0 joined"),
            (-20 * hours + 1, "in 22 h, moved: 5 members, 0 joined"),
            (-10 * hours + 1, "in 12 h: 6 members, 1 joined"),
        ]
    );
}

#[test]
fn nobody_is_told_of_an_update_that_will_not_take_place() {
    let mut disabled = weekly(5);
    disabled.is_enabled = false;
    let mut story = Story::of(disabled, &[]);
    story.clock = -25 * 60;
    story.until(10);
    let mut empty = Story::of(weekly(0), &[]);
    empty.clock = -25 * 60;
    empty.until(10);
    assert_eq!((story.mails, empty.mails), (vec![], vec![]));
}

#[test]
fn a_profile_made_late_tells_the_true_lead() {
    let mut story = Story::of(weekly(1), &[]);
    story.clock = -5 * 60 - 11;
    story.until(-5 * 60);
    let wanted = [(-5 * 60 - 10, "in 5 h: 1 members, 0 joined")];
    assert_eq!(story.mails(UpdateAlert::WillStart), wanted);
}

#[test]
fn a_run_goes_on_when_its_profile_is_disabled() {
    let mut story = Story::of(weekly(1), &[("s1", &["p1"])]);
    story.start(0, &["p1"]).until(5);
    let mut disabled = weekly(1);
    disabled.is_enabled = false;
    story.updates.set_profiles(vec![disabled]);
    story.succeed(10, &["p1"]).until(20);
    assert_eq!(story.mails(UpdateAlert::Succeeded), [(11, "wave 1: p1")]);
    let runs: Vec<&RunId> = story.updates.runs.iter().map(|(id, _)| id).collect();
    assert_eq!((runs.len(), runs[0].kind), (1, RunKind::Scheduled));
}

#[test]
fn an_update_by_hand_is_a_run_of_its_own_with_a_window_of_its_own() {
    let mut story = Story::of(weekly(1), &[("s1", &["p1"])]);
    story
        .start(600, &["p1"])
        .say(601, &["p1"], &Report::Disconnected)
        .until(800);
    let runs: Vec<(RunKind, Timestamp)> = story
        .updates
        .runs
        .iter()
        .map(|(id, _)| (id.kind, id.start))
        .collect();
    assert!(runs.contains(&(RunKind::Manual, minute(600))), "{runs:?}");
    assert_eq!(story.mails(UpdateAlert::ConnectionFailed), [(720, "p1")]);
}

#[test]
fn old_reports_are_history_and_no_mail() {
    let mut updates = Updates::new(vec![weekly(1)]);
    let told = updates.take(
        &Arc::from("p1"),
        &Report::Started,
        minute(0),
        now(24 * 60 + 1),
    );
    assert!(matches!(told[..], [Told::TooOld { .. }]), "{told:?}");
}

#[test]
fn a_running_update_explains_an_absence_until_it_ends() {
    let mut story = Story::of(weekly(2), &[]);
    story.start(0, &["p1"]);
    let explains = |told: &Story, member, at| told.updates.explains(member, now(at)).is_some();
    assert!(explains(&story, "p1", 5));
    assert!(!explains(&story, "p9", 5));
    assert!(!explains(&story, "p1", 120));
    story.succeed(10, &["p1"]);
    assert!(!explains(&story, "p1", 11));
    // In a scheduled window each member may be restarted, whether or not a line says so.
    assert!(explains(&story, "p2", 11));
    assert!(!explains(&story, "p2", 120));
}

#[test]
fn what_is_long_over_is_forgotten() {
    let mut story = Story::of(weekly(1), &[]);
    story.start(0, &["p1"]).succeed(10, &["p1"]).until(11);
    let day = 24 * 60;
    story.updates.tick(now(3 * day), Reading::CaughtUp);
    assert!(story.updates.runs.is_empty());
    assert_eq!(story.updates.next_due(), None);
}
