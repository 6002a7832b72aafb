//! To which run something belongs.
//!
//! An end belongs to the run in which the member's update began, also when it is told
//! after we judged it. Else the schedule decides, and what it does not know somebody began
//! by hand. Clocks of hosts and of the vendor's cloud differ a little, and lines of several
//! logs do not come in the order of time: both are allowed for.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{NO_PROFILE, RunId, RunKind, Updates, later};
use crate::engine::EngineTime;
use crate::profile::Profile;
use crate::run::{Evidence, Report, Run};
use crate::schedule::UPDATE_WINDOW;

/// How long before a scheduled start a report counts to it: clocks differ.
const EARLY_MAX: SignedDuration = SignedDuration::from_mins(10);

/// How long after the end of a window a log may still say how an update of it ended.
const LATE_MAX: SignedDuration = SignedDuration::from_hours(24);

impl Updates {
    /// The run to which a report of that time belongs, opened if it is new.
    pub(super) fn run_of(
        &mut self,
        member: &Arc<str>,
        report: &Report,
        at: Timestamp,
        now: EngineTime,
    ) -> RunId {
        if matches!(report, Report::Ended(_))
            && let Some(id) = self.begun_before(member, at)
        {
            return id;
        }
        let of_member = |profile: &&Profile| profile.members.contains(member);
        let profile = self.profiles.iter().find(of_member);
        let scheduled = profile.and_then(|profile| scheduled_at(profile, at, EARLY_MAX));
        let id = scheduled.unwrap_or_else(|| {
            let name = profile.map_or_else(|| Arc::from(NO_PROFILE), |one| Arc::clone(&one.name));
            // A scheduled run of a profile that was disabled meanwhile goes on, too.
            self.running(&name, at).unwrap_or(RunId {
                profile: name,
                start: at,
                kind: RunKind::Manual,
            })
        });
        self.open(&id, now);
        id
    }

    /// The latest run in which the member's update had begun by then, if an end that is
    /// told of that time can be its.
    fn begun_before(&self, member: &Arc<str>, at: Timestamp) -> Option<RunId> {
        let can_end = |run: &Run| {
            let attempt = run.attempts.get(member)?;
            attempt.started_at?;
            let limit = match attempt.end {
                Some((_, Evidence::Told)) => run.window_end,
                None | Some((_, Evidence::Seen | Evidence::TimedOut)) => {
                    later(run.window_end, LATE_MAX)
                }
            };
            (at < limit).then_some(())
        };
        let begun = self.runs.iter().filter(|(id, _)| begins_by(id.start) <= at);
        let mut latest: Vec<_> = begun.filter(|(_, run)| can_end(run).is_some()).collect();
        latest.sort_by_key(|(id, _)| id.start);
        latest.last().map(|(id, _)| (*id).clone())
    }

    /// Says which Publishers there are now: each that is in no profile may update any time.
    pub fn set_publishers(&mut self, names: BTreeSet<Arc<str>>) {
        self.publishers = names;
    }

    /// Whether nobody but its one member can be in a run: in that of no profile any Publisher
    /// can that has none.
    pub(super) fn is_alone(&self, id: &RunId, run: &Run) -> bool {
        let has_profile =
            |name: &Arc<str>| self.profiles.iter().any(|one| one.members.contains(name));
        let may_join = |name: &Arc<str>| !run.attempts.contains_key(name) && !has_profile(name);
        run.attempts.len() == 1
            && (*id.profile != *NO_PROFILE || !self.publishers.iter().any(may_join))
    }

    /// A run of the profile that has begun and whose window is open at that time, the
    /// latest of several; or one that began a little later, by a line that was read before.
    fn running(&self, profile: &str, at: Timestamp) -> Option<RunId> {
        let mut of_profile: Vec<_> = self
            .runs
            .iter()
            .filter(|(id, _)| *id.profile == *profile)
            .filter(|(id, run)| {
                let begins = match id.kind {
                    RunKind::Scheduled => begins_by(id.start),
                    // At most one run in the time of a window, in whatever order lines come.
                    RunKind::Manual => earlier(id.start, UPDATE_WINDOW),
                };
                begins <= at && at < run.window_end
            })
            .collect();
        of_profile.sort_by_key(|(id, _)| id.start);
        of_profile.last().map(|(id, _)| (*id).clone())
    }
}

/// The scheduled run of a profile whose window `at` falls into, or begins within `early`.
pub(super) fn scheduled_at(
    profile: &Profile,
    at: Timestamp,
    early: SignedDuration,
) -> Option<RunId> {
    let schedule = profile.schedule.as_ref().filter(|_| profile.is_enabled)?;
    let before = at.saturating_sub(UPDATE_WINDOW).ok()?;
    let start = schedule.next_after(before)?.at;
    (start <= later(at, early)).then(|| RunId {
        profile: Arc::clone(&profile.name),
        start,
        kind: RunKind::Scheduled,
    })
}

/// From when on a report counts to a run that starts then.
pub(crate) fn begins_by(start: Timestamp) -> Timestamp {
    earlier(start, EARLY_MAX)
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_sub(by).unwrap_or(Timestamp::MIN)
}
