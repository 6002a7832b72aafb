//! One run of updates: what became of each Publisher, and what counts when time is up.
//!
//! A run is a profile at a scheduled start, or an update that somebody began by hand. Each
//! member's [`Attempt`] ends once: by what the log says, or, when the window is over, by
//! what can be seen then (ADR 0016). No published line of a Publisher tells that an update
//! began, so members of a scheduled run are judged without it, if something was seen of
//! one. A line that comes later than our own judgement does not change it; it is told as
//! an addition.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use model::event::Reason;
use serde::{Deserialize, Serialize};

use crate::profile::Wave;
use crate::schedule::UPDATE_WINDOW;
use crate::updates::RunKind;

/// What an update came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It ended well.
    Succeeded,
    /// It failed, for a reason of the catalogue.
    Failed(#[serde(with = "reason_word")] Reason),
    /// It was not needed.
    Skipped(#[serde(with = "reason_word")] Reason),
    /// The Publisher did not come back.
    ReconnectFailed(#[serde(with = "reason_word")] Reason),
}

/// How we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// The connector's log says so.
    Told,
    /// It was seen when the window was over: nobody said so.
    Seen,
    /// Nothing was seen when the window was over.
    TimedOut,
}

/// What is said of a Publisher during a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Its update began.
    Started,
    /// Its update ended so.
    Ended(Outcome),
    /// Its tunnel is confirmed up, at a stitcher if that is known.
    Connected(Option<Arc<str>>),
    /// Its tunnel went down.
    Disconnected,
    /// Its tunnel is up by all that is known, and it was heard since its update began,
    /// though no line told of a connect: it never fell.
    StillUp,
    /// It runs this version.
    Version(Arc<str>),
    /// Nothing is heard of it any more.
    Silent,
}

/// A Publisher in a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Attempt {
    /// Its wave.
    pub wave: Wave,
    /// The stitcher that it was connected to last before its update; `None` if unknown. The
    /// tunnel falls during an update and may come back elsewhere.
    pub stitcher: Option<Arc<str>>,
    /// The stitcher that it came back at.
    pub stitcher_now: Option<Arc<str>>,
    /// When its update began.
    pub started_at: Option<Timestamp>,
    /// How it ended, and how we know.
    pub end: Option<(Outcome, Evidence)>,
    /// When it ended, or was judged.
    pub ended_at: Option<Timestamp>,
    /// Other ends that the log told after the first, each once.
    pub other_ends: Vec<Outcome>,
    /// Whether it was connected, after its update began; as long as nobody told of a
    /// beginning, since the tunnel was lost or the run began.
    pub is_back: bool,
    /// Whether its tunnel was lost in the window before anybody told of a beginning.
    pub was_lost: bool,
    /// Whether it came back after it had been given up: told once.
    pub is_back_after_all: bool,
    /// What it ran before.
    pub version_before: Option<Arc<str>>,
    /// What it runs now.
    pub version: Option<Arc<str>>,
    /// Whether nothing is heard of it.
    pub is_silent: bool,
    /// When it told of itself last, during this run.
    pub seen_at: Option<Timestamp>,
}

/// What a report changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing that is worth telling.
    Nothing,
    /// The update began.
    Started,
    /// The update ended.
    Ended(Outcome, Evidence),
    /// It ended already, and the log says later that it ended so.
    Addition(Outcome),
    /// It had not come back in time, and now it is back.
    BackAfterAll,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The end of its window, as the wall clock has it.
    pub window_end: Timestamp,
    /// The same moment on the clock that goes on whatever happens to the wall clock: when
    /// it is judged.
    pub due_at: Timestamp,
    /// The members.
    pub attempts: BTreeMap<Arc<str>, Attempt>,
    /// Whether the window is over and judged.
    pub is_closed: bool,
}

impl Run {
    /// A run of these members that nothing is known of yet.
    pub fn new(window_end: Timestamp, due_at: Timestamp, waves: BTreeMap<Arc<str>, Wave>) -> Self {
        let attempt = |wave| Attempt {
            wave,
            ..Attempt::default()
        };
        Self {
            window_end,
            due_at,
            attempts: waves
                .into_iter()
                .map(|(member, wave)| (member, attempt(wave)))
                .collect(),
            is_closed: false,
        }
    }

    /// Takes in what is said of a member. A Publisher that is no member becomes one, in an
    /// unknown wave: an update that really happens is never left out.
    pub fn take(&mut self, member: &Arc<str>, report: &Report, at: Timestamp) -> Change {
        let is_in_window = self.begins_at() <= at && at < self.window_end;
        let attempt = self.attempts.entry(Arc::clone(member)).or_default();
        attempt.note(report, at);
        match report {
            Report::Started => attempt.start(at),
            Report::Ended(outcome) => attempt.end(outcome.clone(), at),
            Report::Connected(stitcher) => attempt.connect(stitcher.clone()),
            Report::StillUp => attempt.connect(None),
            Report::Disconnected => {
                attempt.is_back = false;
                // What was lost before was lost for another reason.
                attempt.was_lost |= is_in_window && attempt.started_at.is_none();
                Change::Nothing
            }
            Report::Version(version) => {
                attempt.learn(version);
                Change::Nothing
            }
            Report::Silent => {
                attempt.is_silent = true;
                Change::Nothing
            }
        }
    }

    /// When its window begins, as the wall clock has it.
    pub fn begins_at(&self) -> Timestamp {
        let begins_at = self.window_end.saturating_sub(UPDATE_WINDOW);
        begins_at.unwrap_or(Timestamp::MIN)
    }

    /// Judges what nobody told, once the window is over. Returns the members that ended so.
    /// In a scheduled run these are also members of which only the effect was seen.
    pub fn close(&mut self, kind: RunKind) -> Vec<(Arc<str>, Outcome, Evidence)> {
        self.is_closed = true;
        let mut ended = Vec::new();
        for (member, attempt) in &mut self.attempts {
            let judged = match kind {
                _ if attempt.end.is_some() => None,
                _ if attempt.is_running() => Some(attempt.judge()),
                RunKind::Scheduled => attempt.judge_unseen(),
                RunKind::Manual => None,
            };
            let Some((outcome, evidence)) = judged else {
                continue;
            };
            attempt.end = Some((outcome.clone(), evidence));
            attempt.ended_at = Some(self.window_end);
            ended.push((Arc::clone(member), outcome, evidence));
        }
        ended
    }
}

impl Attempt {
    /// Whether its update began and has no end yet.
    pub const fn is_running(&self) -> bool {
        self.started_at.is_some() && self.end.is_none()
    }

    /// Whether nobody told of a beginning or an end, and something was seen that an update
    /// does.
    pub fn is_seen_only(&self) -> bool {
        let is_untold = self.started_at.is_none() && self.end.is_none();
        is_untold && (self.was_lost || self.has_other_version())
    }

    fn has_other_version(&self) -> bool {
        match (&self.version, &self.version_before) {
            (Some(now), Some(before)) => now != before,
            (Some(_), None) | (None, _) => false,
        }
    }

    fn note(&mut self, report: &Report, at: Timestamp) {
        match report {
            Report::Silent => {}
            Report::Started
            | Report::Ended(_)
            | Report::Connected(_)
            | Report::Disconnected
            | Report::StillUp
            | Report::Version(_) => {
                self.is_silent = false;
                self.seen_at = self.seen_at.max(Some(at));
            }
        }
    }

    fn start(&mut self, at: Timestamp) -> Change {
        if self.started_at.is_some() {
            return Change::Nothing;
        }
        self.started_at = Some(at);
        if self.end.is_some() {
            // We judged it already, by what was seen.
            return Change::Nothing;
        }
        self.is_back = false;
        self.stitcher = self.stitcher_now.take().or_else(|| self.stitcher.take());
        self.version_before = self.version.take();
        Change::Started
    }

    fn end(&mut self, outcome: Outcome, at: Timestamp) -> Change {
        // The line of the start may be one that nobody has published.
        self.started_at.get_or_insert(at);
        match &self.end {
            None => {
                self.end = Some((outcome.clone(), Evidence::Told));
                self.ended_at = Some(at);
                Change::Ended(outcome, Evidence::Told)
            }
            Some((known, _)) if *known == outcome => Change::Nothing,
            // A log that says two things in turns is heard once about each.
            Some(_) if self.other_ends.contains(&outcome) => Change::Nothing,
            // Later words of the log do not undo what people were told.
            Some(_) => {
                self.other_ends.push(outcome.clone());
                Change::Addition(outcome)
            }
        }
    }

    fn connect(&mut self, stitcher: Option<Arc<str>>) -> Change {
        let is_before_update = self.started_at.is_none() && !self.was_lost;
        if is_before_update && self.end.is_none() {
            self.stitcher = stitcher.or_else(|| self.stitcher.take());
            self.is_back = true;
            return Change::Nothing;
        }
        self.stitcher_now = stitcher.or_else(|| self.stitcher_now.take());
        self.is_back = true;
        let is_given_up = matches!(self.end, Some((Outcome::ReconnectFailed(_), _)));
        if is_given_up && !std::mem::replace(&mut self.is_back_after_all, true) {
            return Change::BackAfterAll;
        }
        Change::Nothing
    }

    fn learn(&mut self, version: &Arc<str>) {
        self.version = Some(Arc::clone(version));
        if self.started_at.is_none() {
            // The first that is known in the run: nobody may tell of the beginning.
            self.version_before
                .get_or_insert_with(|| Arc::clone(version));
        }
    }

    /// The table of what counts when the window is over without a word of the log.
    fn judge(&self) -> (Outcome, Evidence) {
        let reason = |word: &str| Reason::new(word).unwrap_or_default();
        if self.is_silent || !self.is_back {
            let outcome = Outcome::ReconnectFailed(reason("reconnect_timeout"));
            return (outcome, Evidence::TimedOut);
        }
        if self.has_other_version() {
            return (Outcome::Succeeded, Evidence::Seen);
        }
        (
            Outcome::Failed(reason("update_timeout")),
            Evidence::TimedOut,
        )
    }

    /// The same of a member whose update nobody saw begin. `None` if nothing was seen that
    /// an update does: then there may have been none.
    fn judge_unseen(&self) -> Option<(Outcome, Evidence)> {
        let is_up = self.is_back && !self.is_silent;
        if self.is_seen_only() && (self.was_lost || is_up) {
            let judged = self.judge();
            // On the same version a tunnel that fell and came back may be anything.
            let is_timeout = matches!(judged.0, Outcome::Failed(_));
            return (!is_timeout).then_some(judged);
        }
        None
    }
}

/// How a reason is stored: as its word.
mod reason_word {
    use model::event::Reason;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(reason: &Reason, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(reason.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Reason, D::Error> {
        let word = String::deserialize(from)?;
        // What is no word is no reason: it stands in no catalogue.
        Ok(Reason::new(&word).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
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
}
