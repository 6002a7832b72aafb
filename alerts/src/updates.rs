//! Updates of all profiles: what is said of Publishers becomes mails, grouped as the vendor
//! documents it.
//!
//! Each report finds its run (the scheduled start whose window it falls into, else an
//! update begun by hand), changes the attempt, and what that means joins the batch of its
//! [`MailKey`]. [`Updates::tick`] judges runs whose window is over, gives notice of coming
//! ones, and hands over the batches that are due. An agent alone is a profile with one
//! member; the fleet uses the same with many.
//!
//! Pure: event time decides to which run and key something belongs, the time of arrival
//! how long a batch waits. Starts and notices are the wall clock's, waits and the end of a
//! window those of the clock that does not jump. Nothing is asked, nothing is sent, and
//! the same calls give the same mails, with the same keys, anywhere. What must outlive the
//! process is [`Updates::uncommitted`].

mod find;
mod keep;
mod key;
mod notice;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub(crate) use self::find::begins_by;
pub use self::key::{Item, KeyPart, MailKey, RunId, RunKind, UpdateAlert};
pub use self::notice::Notice;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Batches};
use crate::engine::EngineTime;
use crate::kept::Kept;
use crate::profile::Profile;
use crate::run::{Attempt, Change, Evidence, Outcome, Report, Run};
use crate::schedule::UPDATE_WINDOW;

/// Older reports are kept as history and not mailed: who reads of a failure a day late
/// has found it otherwise.
pub const REPORT_AGE_MAX: SignedDuration = SignedDuration::from_hours(24);

/// How long a run is remembered after its window, for what comes late.
const RUN_MEMORY: SignedDuration = SignedDuration::from_hours(48);

/// How long after the start of the process runs are not judged while logs are still being
/// read: they may hold the word that is missed. Longer than any log takes but one that is
/// written faster than it is read.
const READING_MAX: SignedDuration = SignedDuration::from_mins(10);

/// The profile of Publishers that are in none.
pub const NO_PROFILE: &str = "none";

/// What is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// An update will begin.
    Notice(Notice),
    /// A mail about members of a run.
    Mail(Batch<MailKey, Item>),
    /// Our own judgement of a member whose update nobody saw end; also an event.
    Judged {
        /// The run.
        run: RunId,
        /// The Publisher.
        member: Arc<str>,
        /// What we take it for.
        outcome: Outcome,
    },
    /// A Publisher that had not come back is back.
    BackAfterAll {
        /// The run.
        run: RunId,
        /// The Publisher.
        member: Arc<str>,
    },
    /// A report was too old to be mailed.
    TooOld {
        /// The Publisher.
        member: Arc<str>,
        /// When it happened.
        at: Timestamp,
    },
}

/// Whether the logs are read as far as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// They are.
    CaughtUp,
    /// What they held at the start is still being read.
    Behind,
}

/// What is known of a Publisher outside of runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Presence {
    stitcher: Option<Arc<str>>,
    version: Option<Arc<str>>,
}

/// All runs, and what waits to be told of them.
#[derive(Debug, Clone, Default)]
pub struct Updates {
    profiles: Vec<Profile>,
    runs: Kept<RunId, Run>,
    batches: Batches<MailKey, Item>,
    notices: notice::Notices,
    present: Kept<Arc<str>, Presence>,
    publishers: BTreeSet<Arc<str>>,
    /// When the process began, on the clock that does not jump.
    begun_at: Option<Timestamp>,
}

impl Updates {
    /// Begins with these profiles and nothing known.
    pub fn new(profiles: Vec<Profile>) -> Self {
        Self {
            profiles,
            ..Self::default()
        }
    }

    /// Puts other profiles in force. Runs that have begun go on as they began, also those
    /// of profiles that are disabled now.
    pub fn set_profiles(&mut self, profiles: Vec<Profile>) {
        self.profiles = profiles;
    }

    /// The profiles in force.
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// Takes in what is said of a Publisher: it happened at `at` and arrived at `now`.
    pub fn take(
        &mut self,
        member: &Arc<str>,
        report: &Report,
        at: Timestamp,
        now: EngineTime,
    ) -> Vec<Told> {
        self.remember(member, report);
        // A line from a clock that is ahead happened when it came.
        let at = at.min(now.wall);
        let concerns_update = matches!(report, Report::Started | Report::Ended(_));
        if !concerns_update {
            return self.take_in_all_runs(member, report, at, now);
        }
        if now.wall.duration_since(at) > REPORT_AGE_MAX {
            let member = Arc::clone(member);
            return vec![Told::TooOld { member, at }];
        }
        let id = self.run_of(member, report, at, now);
        self.take_in(id, member, report, (at, now))
    }

    /// Everything that is due at `now`.
    pub fn tick(&mut self, now: EngineTime, reading: Reading) -> Vec<Told> {
        let begun_at = *self.begun_at.get_or_insert(steady(now));
        self.open_scheduled(now);
        let is_patient = later(begun_at, READING_MAX) > steady(now);
        let mut told = match reading {
            Reading::Behind if is_patient => Vec::new(),
            Reading::Behind | Reading::CaughtUp => self.judge(now),
        };
        let notices = notice::take_due(&mut self.notices, &self.profiles, now.wall);
        told.extend(notices.into_iter().map(Told::Notice));
        let mails = self.take_due(now);
        told.extend(mails.into_iter().map(Told::Mail));
        self.forget(now);
        told
    }

    /// Learns where a Publisher is connected, from a picture: only if no line has told it.
    pub fn meet(&mut self, member: &Arc<str>, stitcher: &Arc<str>) {
        let known = self.present.get(member);
        if known.is_none_or(|present| present.stitcher.is_none()) {
            let stitcher = Some(Arc::clone(stitcher));
            self.present
                .change_or_begin(member, |present| present.stitcher = stitcher);
        }
    }

    /// The Publishers of runs that [`Self::tick`] will judge, with the moment at which
    /// their update began, or the run, if nobody told of that: the caller may say
    /// [`Report::StillUp`] of them before.
    pub fn to_be_judged(&self, now: EngineTime) -> Vec<(Arc<str>, Timestamp)> {
        let due = self
            .runs
            .iter()
            .filter(|(_, run)| !run.is_closed && run.due_at <= steady(now));
        let mut members = Vec::new();
        for (id, run) in due {
            let is_scheduled = id.kind == RunKind::Scheduled;
            let away = run.attempts.iter().filter(|(_, one)| !one.is_back);
            let asked =
                away.filter(|(_, one)| one.is_running() || (is_scheduled && one.is_seen_only()));
            members.extend(asked.map(|(member, one)| {
                let since = one.started_at.unwrap_or_else(|| run.begins_at());
                (Arc::clone(member), since)
            }));
        }
        members
    }

    /// When [`Self::tick`] has something to do at the latest, as far as runs and batches
    /// go, on the clock that does not jump. Notices want a look once a minute besides.
    pub fn next_due(&self) -> Option<Timestamp> {
        let windows = self.runs.iter().filter(|(_, run)| !run.is_closed);
        let window_ends = windows.map(|(_, run)| run.due_at);
        window_ends.chain(self.batches.next_due()).min()
    }

    /// The run that explains that a Publisher is away or busy, since its host may be
    /// restarted: an update of it that runs, or the window of a scheduled one that has not
    /// ended yet. Lines that tell of an update's start are not to be had everywhere.
    pub fn explains(&self, member: &str, now: EngineTime) -> Option<&RunId> {
        let explains = |id: &RunId, run: &Run| {
            let may_run = |one: &Attempt| {
                one.is_running() || (id.kind == RunKind::Scheduled && one.end.is_none())
            };
            let is_open = !run.is_closed && steady(now) < run.due_at;
            is_open && run.attempts.get(member).is_some_and(may_run)
        };
        let mut explaining = self.runs.iter().filter(|(id, run)| explains(id, run));
        explaining.next().map(|(id, _)| id)
    }

    /// The run with this id, if it is remembered.
    pub fn run(&self, id: &RunId) -> Option<&Run> {
        self.runs.get(id)
    }

    fn remember(&mut self, member: &Arc<str>, report: &Report) {
        let note = |present: &mut Presence| match report {
            Report::Connected(Some(stitcher)) => present.stitcher = Some(Arc::clone(stitcher)),
            Report::Version(version) => present.version = Some(Arc::clone(version)),
            Report::Connected(None)
            | Report::StillUp
            | Report::Disconnected
            | Report::Silent
            | Report::Started
            | Report::Ended(_) => {}
        };
        self.present.change_or_begin(member, note);
    }

    fn take_in_all_runs(
        &mut self,
        member: &Arc<str>,
        report: &Report,
        at: Timestamp,
        now: EngineTime,
    ) -> Vec<Told> {
        let ids: Vec<RunId> = self
            .runs
            .iter()
            .filter(|(_, run)| run.attempts.contains_key(member))
            .map(|(id, _)| id.clone())
            .collect();
        ids.into_iter()
            .flat_map(|id| self.take_in(id, member, report, (at, now)))
            .collect()
    }

    /// What a report changes in a run, and what that means to people: at once, or in a
    /// batch.
    fn take_in(
        &mut self,
        run: RunId,
        member: &Arc<str>,
        report: &Report,
        (at, now): (Timestamp, EngineTime),
    ) -> Vec<Told> {
        let present = self.present.get(member);
        let change = self.runs.change(&run, |one| {
            // Of a Publisher in no profile only the run itself tells.
            let newcomer = || Attempt {
                stitcher: present.and_then(|present| present.stitcher.clone()),
                ..Attempt::default()
            };
            one.attempts
                .entry(Arc::clone(member))
                .or_insert_with(newcomer);
            one.take(member, report, at)
        });
        let member = Arc::clone(member);
        match change {
            None | Some(Change::Nothing) => Vec::new(),
            Some(Change::Started) => {
                self.enqueue(&run, &member, None, now);
                Vec::new()
            }
            Some(Change::Ended(outcome, evidence)) => {
                self.enqueue(&run, &member, Some((outcome, evidence)), now);
                Vec::new()
            }
            Some(Change::Addition(outcome)) => {
                self.enqueue_addition(&run, &member, (outcome, at), now);
                Vec::new()
            }
            Some(Change::BackAfterAll) => {
                let mut told = self.close_before(&run, &member);
                told.push(Told::BackAfterAll { run, member });
                told
            }
        }
    }

    /// Puts a member's start, or its end, into the batch of its key.
    fn enqueue(
        &mut self,
        id: &RunId,
        member: &Arc<str>,
        end: Option<(Outcome, Evidence)>,
        now: EngineTime,
    ) {
        let alert = match &end {
            Some((outcome, _)) => UpdateAlert::of(outcome),
            None => UpdateAlert::Started,
        };
        let Some(run) = self.runs.get(id) else {
            return;
        };
        let Some(attempt) = run.attempts.get(member) else {
            return;
        };
        let key = MailKey::of(alert, id, attempt);
        let item = Item::of(attempt, end);
        let wait = alert.patience(run.due_at);
        let what = (Arc::clone(member), item);
        self.batches.add(&key, what, steady(now), wait);
        self.complete(id);
    }

    /// Puts another end of a member into the batch of its key, or into the next one if it
    /// has left: who fails for two reasons is no mail for each. Nobody waits for it, so it
    /// completes nothing.
    fn enqueue_addition(
        &mut self,
        id: &RunId,
        member: &Arc<str>,
        (outcome, at): (Outcome, Timestamp),
        now: EngineTime,
    ) {
        let run = self.runs.get(id);
        let Some(attempt) = run.and_then(|run| run.attempts.get(member)) else {
            return;
        };
        let alert = UpdateAlert::of(&outcome);
        let key = MailKey::of(alert, id, attempt);
        let mark: Arc<str> = Arc::from(format!("{member}\n{}", outcome.reason()));
        let what = (
            Arc::clone(member),
            Item::addition(attempt, outcome, at.min(now.wall)),
        );
        let wait = UpdateAlert::patience_with_additions();
        self.batches.add_once(&key, (mark, what), steady(now), wait);
    }

    /// Closes the run's batches for which everybody has reported.
    fn complete(&mut self, id: &RunId) {
        let Some(run) = self.runs.get(id) else {
            return;
        };
        let is_alone = self.is_alone(id, run);
        let open = self.batches.open_keys().filter(|key| key.run == *id);
        let complete = open.filter(|key| key.is_complete(run, is_alone));
        let complete: Vec<MailKey> = complete.cloned().collect();
        for key in complete {
            self.batches.complete(&key);
        }
    }

    /// The mails that are due, in an order in which nobody reads of an end before its
    /// beginning, nor of another end before the first: what comes before goes first, due
    /// or not.
    fn take_due(&mut self, now: EngineTime) -> Vec<Batch<MailKey, Item>> {
        let mut mails = Vec::new();
        for key in self.batches.due_keys(steady(now)) {
            self.close_what_precedes(&key, &mut BTreeSet::new(), &mut mails);
            // It may have gone already, as what precedes another.
            mails.extend(self.batches.take(&key));
        }
        mails
    }

    fn close_what_precedes(
        &mut self,
        key: &MailKey,
        seen: &mut BTreeSet<MailKey>,
        mails: &mut Vec<Batch<MailKey, Item>>,
    ) {
        seen.insert(key.clone());
        let items = self.batches.open_items(key);
        let members: BTreeSet<(Arc<str>, bool)> = items
            .map(|(name, item)| (Arc::clone(name), item.is_addition))
            .collect();
        for (member, is_addition) in members {
            for other in self.open_batches(&key.run, &member) {
                let is_start = other.alert == UpdateAlert::Started;
                let precedes = is_start && key.alert != UpdateAlert::Started;
                if (precedes || is_addition) && !seen.contains(&other) {
                    self.close_what_precedes(&other, seen, mails);
                    mails.extend(self.batches.close(&other));
                }
            }
        }
    }

    /// The mails of a run about a member that wait, closed now: what is told next comes
    /// after them.
    fn close_before(&mut self, run: &RunId, member: &Arc<str>) -> Vec<Told> {
        let keys = self.open_batches(run, member);
        let closed = keys.iter().filter_map(|key| self.batches.close(key));
        closed.map(Told::Mail).collect()
    }

    fn open_batches(&self, run: &RunId, member: &Arc<str>) -> Vec<MailKey> {
        let open = self.batches.open_keys().filter(|key| key.run == *run);
        open.filter(|key| self.batches.open_names(key).any(|name| name == member))
            .cloned()
            .collect()
    }

    /// Opens the runs whose start has come, so that nobody is missed who never begins.
    fn open_scheduled(&mut self, now: EngineTime) {
        let due: Vec<RunId> = self
            .profiles
            .iter()
            .filter(|profile| !profile.members.is_empty())
            .filter_map(|profile| find::scheduled_at(profile, now.wall, SignedDuration::ZERO))
            .collect();
        for id in due {
            self.open(&id, now);
        }
    }

    fn open(&mut self, id: &RunId, now: EngineTime) {
        if self.runs.contains(id) {
            return;
        }
        let profile = self.profiles.iter().find(|one| one.name == id.profile);
        let waves = profile.map(Profile::waves).unwrap_or_default();
        let window_end = later(id.start, UPDATE_WINDOW);
        // What is left of the window, should it have begun while nobody ran.
        let left = window_end.duration_since(now.wall);
        let due_at = later(steady(now), left.max(SignedDuration::ZERO));
        let mut run = Run::new(window_end, due_at, waves);
        for (member, present) in self.present.iter() {
            if let Some(attempt) = run.attempts.get_mut(member) {
                attempt.stitcher.clone_from(&present.stitcher);
                attempt.version.clone_from(&present.version);
                attempt.version_before.clone_from(&present.version);
            }
        }
        self.runs.insert(id.clone(), run);
    }

    fn judge(&mut self, now: EngineTime) -> Vec<Told> {
        let is_over = |run: &Run| !run.is_closed && run.due_at <= steady(now);
        let over = self.runs.iter().filter(|(_, run)| is_over(run));
        let ids: Vec<RunId> = over.map(|(id, _)| id.clone()).collect();
        let mut told = Vec::new();
        for run in ids {
            let closed = self.runs.change(&run, |one| one.close(run.kind));
            let members = closed.unwrap_or_default();
            for (member, outcome, evidence) in members {
                self.enqueue(&run, &member, Some((outcome.clone(), evidence)), now);
                told.push(Told::Judged {
                    run: run.clone(),
                    member,
                    outcome,
                });
            }
        }
        told
    }

    fn forget(&mut self, now: EngineTime) {
        let is_over = |run: &Run| steady(now).duration_since(run.due_at) > RUN_MEMORY;
        self.runs.retain(|_, run| !is_over(run));
        let runs = &self.runs;
        self.batches.forget(|key| !runs.contains(&key.run));
    }
}

/// The clock that does not jump, as a point in time: good for distances only.
pub(crate) fn steady(now: EngineTime) -> Timestamp {
    let clock = SignedDuration::try_from(now.clock).unwrap_or(SignedDuration::MAX);
    Timestamp::from_duration(clock).unwrap_or(Timestamp::MAX)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
