//! One run of updates: what became of each Publisher, and what counts when time is up.
//!
//! A run is a profile at a scheduled start, or an update that somebody began by hand. Each
//! member's [`Attempt`] ends once: by what the log says, or, when the window is over, by
//! what can be seen then (ADR 0016). A line that comes later than our own
//! judgement does not change it; it is told as an addition.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use model::event::Reason;
use serde::{Deserialize, Serialize};

use crate::profile::Wave;

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
    /// Whether it was connected, after its update began.
    pub is_back: bool,
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
        let attempt = self.attempts.entry(Arc::clone(member)).or_default();
        attempt.note(report, at);
        match report {
            Report::Started => attempt.start(at),
            Report::Ended(outcome) => attempt.end(outcome.clone(), at),
            Report::Connected(stitcher) => attempt.connect(stitcher.clone()),
            Report::StillUp => attempt.connect(None),
            Report::Disconnected => {
                attempt.is_back = false;
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

    /// Judges what nobody told, once the window is over. Returns the members that ended so.
    pub fn close(&mut self) -> Vec<(Arc<str>, Outcome, Evidence)> {
        self.is_closed = true;
        let mut ended = Vec::new();
        for (member, attempt) in &mut self.attempts {
            if !attempt.is_running() {
                continue;
            }
            let (outcome, evidence) = attempt.judge();
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
        self.is_back = false;
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
        if self.started_at.is_none() {
            self.stitcher = stitcher.or_else(|| self.stitcher.take());
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
            self.version_before = Some(Arc::clone(version));
        }
    }

    /// The table of what counts when the window is over without a word of the log.
    fn judge(&self) -> (Outcome, Evidence) {
        let reason = |word: &str| Reason::new(word).unwrap_or_default();
        if self.is_silent || !self.is_back {
            let outcome = Outcome::ReconnectFailed(reason("reconnect_timeout"));
            return (outcome, Evidence::TimedOut);
        }
        let is_newer = match (&self.version, &self.version_before) {
            (Some(now), Some(before)) => now != before,
            (Some(_), None) | (None, _) => false,
        };
        if is_newer {
            return (Outcome::Succeeded, Evidence::Seen);
        }
        (
            Outcome::Failed(reason("update_timeout")),
            Evidence::TimedOut,
        )
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
        let ended = run.close();
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
    fn who_never_began_or_has_ended_is_not_judged() {
        assert_eq!(judged(&[UP, version("126")]), None);
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
        run.close();
        let stored = serde_json::to_string(&run).unwrap();
        assert_eq!(serde_json::from_str::<Run>(&stored).unwrap(), run);
    }

    #[test]
    fn a_log_that_comes_after_our_judgement_is_an_addition() {
        let (mut run, _) = run_of(&[Report::Started]);
        assert_eq!(run.close().len(), 1);
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
