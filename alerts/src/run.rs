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

impl Outcome {
    /// The reason, as a word; empty for none.
    pub fn reason(&self) -> &str {
        match self {
            Self::Succeeded => "",
            Self::Failed(reason) | Self::Skipped(reason) | Self::ReconnectFailed(reason) => {
                reason.as_str()
            }
        }
    }
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

    /// Whether a line told of its beginning. An end of which none did begins with its end.
    pub fn is_start_told(&self) -> bool {
        let is_told = |at| self.ended_at != Some(at);
        self.started_at.is_some_and(is_told)
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
mod tests;
