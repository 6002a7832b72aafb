//! What reports make of an attempt, and what the end of its window does.

use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

fn run_of(reports: &[Report]) -> (Run, Vec<Change>) {
    let member: Arc<str> = Arc::from("p1");
    let waves = BTreeMap::from([(Arc::clone(&member), Some(1))]);
    let mut run = Run::new(at(120), at(120), waves);
    let changes = (0..)
        .zip(reports)
        .map(|(minute, report)| run.take(&member, report, at(minute)))
        .collect();
    (run, changes)
}

fn judged(reports: &[Report]) -> Option<(Outcome, Evidence)> {
    let (mut run, _) = run_of(reports);
    let ended = run.close(RunKind::Scheduled);
    ended
        .into_iter()
        .next()
        .map(|(_, outcome, evidence)| (outcome, evidence))
}

fn version(number: &str) -> Report {
    Report::Version(Arc::from(number))
}

fn reason(word: &str) -> Reason {
    Reason::new(word).unwrap()
}

const UP: Report = Report::Connected(None);

#[test]
fn at_the_end_of_the_window_tunnel_and_version_decide() {
    let lost = (
        Outcome::ReconnectFailed(reason("reconnect_timeout")),
        Evidence::TimedOut,
    );
    let timed_out = (
        Outcome::Failed(reason("update_timeout")),
        Evidence::TimedOut,
    );
    let seen = (Outcome::Succeeded, Evidence::Seen);
    let started = Report::Started;
    for (reports, wanted) in [
        (vec![UP, started.clone()], lost.clone()),
        (
            vec![
                version("126"),
                started.clone(),
                Report::Disconnected,
                version("127"),
            ],
            lost.clone(),
        ),
        (
            vec![version("126"), started.clone(), UP, version("127")],
            seen,
        ),
        (
            vec![version("126"), started.clone(), UP, version("126")],
            timed_out.clone(),
        ),
        (vec![started.clone(), UP], timed_out),
        (vec![started, UP, Report::Silent], lost),
    ] {
        assert_eq!(judged(&reports), Some(wanted), "{reports:?}");
    }
}

#[test]
fn who_never_began_is_judged_by_what_was_seen_and_only_in_a_scheduled_run() {
    let lost = Outcome::ReconnectFailed(reason("reconnect_timeout"));
    let lost = Some((lost, Evidence::TimedOut));
    let seen = Some((Outcome::Succeeded, Evidence::Seen));
    let down = Report::Disconnected;
    let (old, new) = (version("126"), version("127"));
    for (reports, wanted) in [
        (vec![UP, down.clone()], lost.clone()),
        (vec![UP, down.clone(), UP, Report::Silent], lost),
        (
            vec![old.clone(), down.clone(), UP, new.clone()],
            seen.clone(),
        ),
        (vec![old.clone(), new.clone(), Report::StillUp], seen),
        // Nothing that an update does, or not enough to tell what came of it.
        (vec![UP, Report::Silent], None),
        (vec![UP, down.clone(), UP], None),
        (vec![old.clone(), UP, down.clone(), UP, old.clone()], None),
        (vec![UP, new.clone()], None),
        (vec![old.clone(), new.clone()], None),
        (vec![old, UP, new, Report::Silent], None),
    ] {
        assert_eq!(judged(&reports), wanted, "{reports:?}");
        let (mut manual, _) = run_of(&reports);
        assert_eq!(manual.close(RunKind::Manual), [], "{reports:?}");
    }
    let (mut before, _) = run_of(&[]);
    before.take(&Arc::from("p1"), &down, at(-1));
    assert_eq!(before.close(RunKind::Scheduled), []);
}

#[test]
fn who_has_ended_is_not_judged() {
    let ended = Report::Ended(Outcome::Failed(reason("docker_pull")));
    assert_eq!(judged(&[Report::Started, ended]), None);
}

#[test]
fn the_first_word_counts_and_a_later_one_is_an_addition() {
    let failed = Outcome::Failed(reason("docker_pull"));
    let (_, changes) = run_of(&[
        Report::Started,
        Report::Ended(failed.clone()),
        Report::Ended(failed.clone()),
        Report::Ended(Outcome::Succeeded),
    ]);
    assert_eq!(
        changes,
        [
            Change::Started,
            Change::Ended(failed, Evidence::Told),
            Change::Nothing,
            Change::Addition(Outcome::Succeeded),
        ]
    );
}

#[test]
fn a_log_that_contradicts_itself_again_and_again_is_heard_once_about_each() {
    let failed = |word| Report::Ended(Outcome::Failed(reason(word)));
    let (_, changes) = run_of(&[
        failed("docker_pull"),
        failed("host_os"),
        failed("docker_pull"),
        failed("host_os"),
    ]);
    let told = changes.iter().filter(|change| **change != Change::Nothing);
    assert_eq!(told.count(), 2, "{changes:?}");
}

#[test]
fn who_never_fell_and_was_heard_since_is_not_lost() {
    let timed_out = Outcome::Failed(reason("update_timeout"));
    let reports = [UP, Report::Started, Report::StillUp];
    assert_eq!(judged(&reports), Some((timed_out, Evidence::TimedOut)));
}

#[test]
fn a_run_is_stored_whole() {
    let (mut run, _) = run_of(&[
        version("126"),
        Report::Started,
        Report::Connected(Some(Arc::from("\u{1b}\"fra1"))),
        Report::Ended(Outcome::Failed(reason("docker_pull"))),
        Report::Ended(Outcome::Succeeded),
        Report::Silent,
    ]);
    run.close(RunKind::Manual);
    let stored = serde_json::to_string(&run).unwrap();
    assert_eq!(serde_json::from_str::<Run>(&stored).unwrap(), run);
}

#[test]
fn a_log_that_comes_after_our_judgement_is_an_addition() {
    let (mut run, _) = run_of(&[Report::Started]);
    assert_eq!(run.close(RunKind::Manual).len(), 1);
    let member = Arc::from("p1");
    assert_eq!(run.take(&member, &UP, at(130)), Change::BackAfterAll);
    assert_eq!(run.take(&member, &UP, at(131)), Change::Nothing);
    let told = Report::Ended(Outcome::Succeeded);
    assert_eq!(
        run.take(&member, &told, at(140)),
        Change::Addition(Outcome::Succeeded)
    );
}

#[test]
fn the_stitcher_is_the_one_before_the_update() {
    let connected = |name: &str| Report::Connected(Some(Arc::from(name)));
    let (run, _) = run_of(&[
        connected("fra1"),
        UP,
        Report::Started,
        Report::Disconnected,
        connected("ams2"),
    ]);
    let attempt = run.attempts.values().next().unwrap();
    assert_eq!(attempt.stitcher.as_deref(), Some("fra1"));
}
