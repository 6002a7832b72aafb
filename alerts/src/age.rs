//! How long ago something may have happened that people are still told of.
//!
//! One answer for all who ask: the rules, and whoever drops events before rules see them and
//! has to say how many could have been told. Not here: reports on updates, whose runs have
//! an age of their own ([`crate::updates::REPORT_AGE_MAX`]).

use jiff::{SignedDuration, Timestamp};
use model::snapshot::RecentEvent;

/// Older events are history: who reads of them a day late has found it otherwise.
pub const EVENT_AGE_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Whether what happened at `at` is told no more at `now`. Nothing that happened before
/// `quiet_before` is told, see [`crate::engine::EnginePlan::quiet_before`].
pub fn is_history(at: Timestamp, quiet_before: Option<Timestamp>, now: Timestamp) -> bool {
    let is_before = quiet_before.is_some_and(|quiet| at < quiet);
    is_before || EVENT_AGE_MAX < now.duration_since(at)
}

/// Whether an event was history when it was read: no rule would have told it. One without a
/// time of its own happened when it was read.
pub fn was_history(event: &RecentEvent, quiet_before: Option<Timestamp>) -> bool {
    let read_at = event.read_at;
    let at = event.event.time.unwrap_or(read_at).min(read_at);
    is_history(at, quiet_before, read_at)
}
