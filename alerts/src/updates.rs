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
//! how long a batch waits. Nothing is asked, nothing is sent, and the same calls give the
//! same mails, with the same keys, anywhere.

mod key;
mod notice;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub use self::key::{Item, KeyPart, MailKey, RunId, RunKind, UpdateAlert};
pub use self::notice::Notice;
use crate::batch::{Batch, Batches};
use crate::profile::Profile;
use crate::run::{Change, Evidence, Outcome, Report, Run};
use crate::schedule::UPDATE_WINDOW;

/// Older reports are kept as history and not mailed: who reads of a failure a day late
/// has found it otherwise.
pub const REPORT_AGE_MAX: SignedDuration = SignedDuration::from_hours(24);

/// How long a run is remembered after its window, for what comes late.
const RUN_MEMORY: SignedDuration = SignedDuration::from_hours(48);

/// The profile of Publishers that are in none.
const NO_PROFILE: &str = "none";

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
    /// The log said something else after an end was told: an addition in the same thread.
    Addition {
        /// The run.
        run: RunId,
        /// The Publisher.
        member: Arc<str>,
        /// What the log says.
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

/// What is known of a Publisher outside of runs.
#[derive(Debug, Clone, Default)]
struct Presence {
    stitcher: Option<Arc<str>>,
    version: Option<Arc<str>>,
}

/// All runs, and what waits to be told of them.
#[derive(Debug, Clone, Default)]
pub struct Updates {
    profiles: Vec<Profile>,
    runs: BTreeMap<RunId, Run>,
    batches: Batches<MailKey, Item>,
    notices: notice::Notices,
    present: BTreeMap<Arc<str>, Presence>,
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

    /// Takes in what is said of a Publisher: it happened at `at` and arrived at `now`.
    pub fn take(
        &mut self,
        member: &Arc<str>,
        report: &Report,
        at: Timestamp,
        now: Timestamp,
    ) -> Vec<Told> {
        self.remember(member, report);
        let concerns_update = matches!(report, Report::Started | Report::Ended(_));
        if !concerns_update {
            return self.take_in_all_runs(member, report, at, now);
        }
        if now.duration_since(at) > REPORT_AGE_MAX {
            let member = Arc::clone(member);
            return vec![Told::TooOld { member, at }];
        }
        let id = self.run_of(member, at);
        let changed = self.change(&id, member, report, at);
        self.tell(id, member, changed, now).into_iter().collect()
    }

    /// Everything that is due at `now`.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Told> {
        self.open_scheduled(now);
        let mut told = self.judge(now);
        let notices = self.notices.take_due(&self.profiles, now);
        told.extend(notices.into_iter().map(Told::Notice));
        told.extend(self.batches.take_due(now).into_iter().map(Told::Mail));
        self.forget(now);
        told
    }

    /// When [`Self::tick`] has something to do at the latest, as far as runs and batches
    /// go. Notices want a look once a minute besides.
    pub fn next_due(&self) -> Option<Timestamp> {
        let windows = self.runs.values().filter(|run| !run.is_closed);
        let window_ends = windows.map(|run| run.window_end);
        window_ends.chain(self.batches.next_due()).min()
    }

    /// Whether a running update explains that a Publisher is away or busy: the host is
    /// restarted by it.
    pub fn explains(&self, member: &str, now: Timestamp) -> bool {
        self.runs.values().any(|run| {
            let attempt = run.attempts.get(member);
            now < run.window_end
                && attempt.is_some_and(|one| one.started_at.is_some() && one.end.is_none())
        })
    }

    /// The run with this id, if it is remembered.
    pub fn run(&self, id: &RunId) -> Option<&Run> {
        self.runs.get(id)
    }

    fn remember(&mut self, member: &Arc<str>, report: &Report) {
        let present = self.present.entry(Arc::clone(member)).or_default();
        match report {
            Report::Connected(Some(stitcher)) => present.stitcher = Some(Arc::clone(stitcher)),
            Report::Version(version) => present.version = Some(Arc::clone(version)),
            Report::Connected(None)
            | Report::Disconnected
            | Report::Silent
            | Report::Started
            | Report::Ended(_) => {}
        }
    }

    fn take_in_all_runs(
        &mut self,
        member: &Arc<str>,
        report: &Report,
        at: Timestamp,
        now: Timestamp,
    ) -> Vec<Told> {
        let ids: Vec<RunId> = self
            .runs
            .iter()
            .filter(|(_, run)| run.attempts.contains_key(member))
            .map(|(id, _)| id.clone())
            .collect();
        ids.into_iter()
            .filter_map(|id| {
                let changed = self.change(&id, member, report, at);
                self.tell(id, member, changed, now)
            })
            .collect()
    }

    fn change(&mut self, id: &RunId, member: &Arc<str>, report: &Report, at: Timestamp) -> Change {
        match self.runs.get_mut(id) {
            Some(run) => run.take(member, report, at),
            None => Change::Nothing,
        }
    }

    /// What a change means to people: at once, or in a batch.
    fn tell(
        &mut self,
        run: RunId,
        member: &Arc<str>,
        change: Change,
        now: Timestamp,
    ) -> Option<Told> {
        let member = Arc::clone(member);
        match change {
            Change::Nothing => None,
            Change::Started => {
                self.enqueue(&run, &member, None, now);
                None
            }
            Change::Ended(outcome, evidence) => {
                self.enqueue(&run, &member, Some((outcome, evidence)), now);
                None
            }
            Change::Addition(outcome) => Some(Told::Addition {
                run,
                member,
                outcome,
            }),
            Change::BackAfterAll => Some(Told::BackAfterAll { run, member }),
        }
    }

    /// Puts a member's start, or its end, into the batch of its key.
    fn enqueue(
        &mut self,
        id: &RunId,
        member: &Arc<str>,
        end: Option<(Outcome, Evidence)>,
        now: Timestamp,
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
        let wait = alert.patience(run.window_end);
        self.batches
            .add(&key, (Arc::clone(member), item), now, wait);
        self.complete(id);
    }

    /// Closes the run's batches for which everybody has reported.
    fn complete(&mut self, id: &RunId) {
        let Some(run) = self.runs.get(id) else {
            return;
        };
        let open = self.batches.open_keys().filter(|key| key.run == *id);
        let complete: Vec<MailKey> = open.filter(|key| key.is_complete(run)).cloned().collect();
        for key in complete {
            self.batches.complete(&key);
        }
    }

    /// The run to which a report of that time belongs, opened if it is new.
    fn run_of(&mut self, member: &Arc<str>, at: Timestamp) -> RunId {
        let of_member = |profile: &&Profile| profile.members.contains(member);
        let profile = self.profiles.iter().find(of_member);
        if let Some(id) = profile.and_then(|profile| scheduled_at(profile, at)) {
            self.open(id.clone());
            return id;
        }
        let name = profile.map_or_else(|| Arc::from(NO_PROFILE), |one| Arc::clone(&one.name));
        // A scheduled run of a profile that was disabled meanwhile goes on, too.
        let running = self
            .runs
            .iter()
            .find(|(id, run)| id.profile == name && id.start <= at && at < run.window_end);
        if let Some((id, _)) = running {
            return id.clone();
        }
        let id = RunId {
            profile: name,
            start: at,
            kind: RunKind::Manual,
        };
        self.open(id.clone());
        id
    }

    /// Opens the runs whose start has come, so that nobody is missed who never begins.
    fn open_scheduled(&mut self, now: Timestamp) {
        let due: Vec<RunId> = self
            .profiles
            .iter()
            .filter(|profile| !profile.members.is_empty())
            .filter_map(|profile| scheduled_at(profile, now))
            .collect();
        for id in due {
            self.open(id);
        }
    }

    fn open(&mut self, id: RunId) {
        if self.runs.contains_key(&id) {
            return;
        }
        let profile = self.profiles.iter().find(|one| one.name == id.profile);
        let waves = profile.map(Profile::waves).unwrap_or_default();
        let window_end = id
            .start
            .saturating_add(UPDATE_WINDOW)
            .unwrap_or(Timestamp::MAX);
        let mut run = Run::new(window_end, waves);
        for (member, present) in &self.present {
            // Of a Publisher in no profile only the run itself will tell.
            if let Some(attempt) = run.attempts.get_mut(member) {
                attempt.stitcher.clone_from(&present.stitcher);
                attempt.version.clone_from(&present.version);
            }
        }
        self.runs.insert(id, run);
    }

    fn judge(&mut self, now: Timestamp) -> Vec<Told> {
        let over = self
            .runs
            .iter_mut()
            .filter(|(_, run)| !run.is_closed && run.window_end <= now);
        let ended: Vec<_> = over.map(|(id, run)| (id.clone(), run.close())).collect();
        let mut told = Vec::new();
        for (run, members) in ended {
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

    fn forget(&mut self, now: Timestamp) {
        let is_over = |end: Timestamp| now.duration_since(end) > RUN_MEMORY;
        self.runs.retain(|_, run| !is_over(run.window_end));
        let runs = &self.runs;
        self.batches.forget(|key| !runs.contains_key(&key.run));
    }
}

/// The scheduled run of a profile whose window `at` falls into.
fn scheduled_at(profile: &Profile, at: Timestamp) -> Option<RunId> {
    let schedule = profile.schedule.as_ref().filter(|_| profile.is_enabled)?;
    let before = at.saturating_sub(UPDATE_WINDOW).ok()?;
    let start = schedule.next_after(before)?.at;
    (start <= at).then(|| RunId {
        profile: Arc::clone(&profile.name),
        start,
        kind: RunKind::Scheduled,
    })
}

#[cfg(test)]
mod tests;
