//! Notices a day ahead: once for each start, again if it moved or somebody joined.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::profile::Profile;
use crate::schedule::Start;

/// An update will begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The profile's name.
    pub profile: Arc<str>,
    /// When.
    pub start: Start,
    /// How long until then, truly: a profile made this morning has no day left.
    pub lead: SignedDuration,
    /// Who.
    pub members: Vec<Arc<str>>,
    /// The start that was announced before and does not hold any more.
    pub instead_of: Option<Timestamp>,
    /// Who was not in the notice before, if that is why there is another.
    pub joined: Vec<Arc<str>>,
}

/// What was announced.
#[derive(Debug, Clone, Default)]
pub(super) struct Notices {
    announced: BTreeMap<Arc<str>, Announced>,
}

#[derive(Debug, Clone)]
struct Announced {
    start: Timestamp,
    members: BTreeSet<Arc<str>>,
}

impl Notices {
    /// The notices that are due at `now` and were not given yet.
    pub(super) fn take_due(&mut self, profiles: &[Profile], now: Timestamp) -> Vec<Notice> {
        let mut due = Vec::new();
        for profile in profiles {
            // Nothing will happen: nobody needs to know.
            if !profile.is_enabled || profile.members.is_empty() {
                continue;
            }
            let schedule = profile.schedule.as_ref();
            let Some(start) = schedule.and_then(|schedule| schedule.next_after(now)) else {
                continue;
            };
            let notice = (start.notice_at() <= now).then(|| self.notice(profile, start, now));
            due.extend(notice.flatten());
        }
        due
    }

    fn notice(&mut self, profile: &Profile, start: Start, now: Timestamp) -> Option<Notice> {
        let members: BTreeSet<Arc<str>> = profile.members.iter().cloned().collect();
        let before = self.announced.get(&profile.name);
        let same_start = before.filter(|announced| announced.start == start.at);
        let joined: Vec<Arc<str>> = match same_start {
            Some(announced) => members.difference(&announced.members).cloned().collect(),
            None => Vec::new(),
        };
        if same_start.is_some() && joined.is_empty() {
            return None;
        }
        let moved = before.filter(|announced| announced.start != start.at && now < announced.start);
        let notice = Notice {
            profile: Arc::clone(&profile.name),
            start,
            lead: start.at.duration_since(now),
            members: profile.members.clone(),
            instead_of: moved.map(|announced| announced.start),
            joined,
        };
        let announced = Announced {
            start: start.at,
            members,
        };
        self.announced.insert(Arc::clone(&profile.name), announced);
        Some(notice)
    }
}
