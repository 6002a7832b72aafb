//! Notices a day ahead: once for each start, again if it moved or somebody joined.
//!
//! What was announced is kept, so that neither a restart nor a clock that is put back
//! announces it twice. A start that was announced has moved only if the schedule does not
//! hold it any more: comparing with the clock would take a jump of it for a move.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::kept::Kept;
use crate::profile::Profile;
use crate::schedule::Start;

/// How many starts of a profile are remembered as announced: more than a day can hold,
/// however often somebody edits the schedule.
const ANNOUNCED_MAX: usize = 16;

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
    /// 1 for the first notice of this start.
    pub number: u32,
}

/// What was announced, by profile, the latest last.
pub(super) type Notices = Kept<Arc<str>, Vec<Announced>>;

/// A start that was announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Announced {
    start: Timestamp,
    members: BTreeSet<Arc<str>>,
    /// How many notices there were of it.
    notices: u32,
    /// Another start took its place, and that was said.
    is_superseded: bool,
}

/// The notices that are due at `now` and were not given yet.
pub(super) fn take_due(notices: &mut Notices, profiles: &[Profile], now: Timestamp) -> Vec<Notice> {
    let due: Vec<(&Profile, Start)> = profiles
        .iter()
        .filter_map(|profile| {
            // Nothing will happen: nobody needs to know.
            if !profile.is_enabled || profile.members.is_empty() {
                return None;
            }
            let start = profile.schedule.as_ref()?.next_after(now)?;
            // Who was told of a start that is not any more is told at once.
            let known = notices.get(&profile.name).map_or(&[][..], Vec::as_slice);
            let is_moved = known.iter().any(|one| is_moved(one, profile, now));
            let is_due = start.notice_at() <= now || is_moved;
            is_due.then_some((profile, start))
        })
        .collect();
    due.into_iter()
        .filter_map(|(profile, start)| {
            notices.change_or_begin(&profile.name, |known| announce(known, profile, start, now))
        })
        .collect()
}

fn announce(
    known: &mut Vec<Announced>,
    profile: &Profile,
    start: Start,
    now: Timestamp,
) -> Option<Notice> {
    let members: BTreeSet<Arc<str>> = profile.members.iter().cloned().collect();
    let mut notice = Notice {
        profile: Arc::clone(&profile.name),
        start,
        lead: start.at.duration_since(now),
        members: profile.members.clone(),
        instead_of: None,
        joined: Vec::new(),
        number: 1,
    };
    if let Some(same) = known.iter_mut().find(|one| one.start == start.at) {
        notice.joined = members.difference(&same.members).cloned().collect();
        // A start that was moved away from and is moved back to is news again.
        let is_back = std::mem::replace(&mut same.is_superseded, false);
        if notice.joined.is_empty() && !is_back {
            return None;
        }
        same.members.extend(members);
        same.notices = same.notices.saturating_add(1);
        notice.number = same.notices;
        notice.instead_of = supersede(known, profile, start.at, now);
        return Some(notice);
    }
    notice.instead_of = supersede(known, profile, start.at, now);
    if known.len() == ANNOUNCED_MAX {
        known.remove(0);
    }
    known.push(Announced {
        start: start.at,
        members,
        notices: 1,
        is_superseded: false,
    });
    Some(notice)
}

/// The latest announced start that is to come and that the schedule does not hold any
/// more, if there is one: `start` is told instead of it.
fn supersede(
    known: &mut [Announced],
    profile: &Profile,
    start: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let mut instead_of = None;
    for one in known {
        if one.start != start && is_moved(one, profile, now) {
            one.is_superseded = true;
            instead_of = Some(one.start);
        }
    }
    instead_of
}

/// Whether a start that was announced is to come, and is not scheduled any more.
fn is_moved(announced: &Announced, profile: &Profile, now: Timestamp) -> bool {
    now < announced.start && !announced.is_superseded && !holds(profile, announced.start)
}

/// Whether the profile's schedule has this start.
fn holds(profile: &Profile, start: Timestamp) -> bool {
    let before = start.saturating_sub(SignedDuration::from_nanos(1)).ok();
    let schedule = profile.schedule.as_ref();
    let next = before.and_then(|before| schedule?.next_after(before));
    next.is_some_and(|next| next.at == start)
}
