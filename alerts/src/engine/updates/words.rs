//! Built-in sentences about updates, and times as people read them.
//!
//! A rule's own sentence comes first; these stand where it cannot be rendered, and where
//! no rule has one: what we judged, why a mail leaves now.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::batch::ClosedBy;
use crate::run::{Attempt, Evidence, Outcome};
use crate::updates::UpdateAlert;

/// What stands for what is not known.
pub(super) const UNKNOWN: &str = "unknown";

/// Most names in a list within a sentence.
const NAMES_MAX: usize = 20;

/// A moment in the profile's zone, and in UTC if that is another: `2026-12-08 00:00 EST
/// (2026-12-08 05:00 UTC)`.
pub(super) fn moment(at: Timestamp, zone: Option<&TimeZone>) -> String {
    let utc = at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let Some(zone) = zone.filter(|zone| **zone != TimeZone::UTC) else {
        return utc;
    };
    let local = at.to_zoned(zone.clone());
    let shown = local.strftime("%Y-%m-%d %H:%M %Z");
    format!("{shown} ({utc})")
}

/// A time that has passed, or is to come: `5 h 10 min`.
pub(super) fn duration(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let parts = [
        (seconds / 86_400, "d"),
        (seconds % 86_400 / 3_600, "h"),
        (seconds % 3_600 / 60, "min"),
        (seconds % 60, "s"),
    ];
    let told = parts.iter().filter(|(count, _)| 0 < *count);
    // Nobody plans a day by the seconds.
    let shown: Vec<String> = told
        .take(2)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if shown.is_empty() {
        "0 s".to_owned()
    } else {
        shown.join(" ")
    }
}

/// `1 Publisher`, `2 Publishers`.
pub(super) fn publishers(count: usize) -> String {
    if count == 1 {
        "1 Publisher".to_owned()
    } else {
        format!("{count} Publishers")
    }
}

/// Names with commas, not for ever.
pub(super) fn names(names: &[Arc<str>]) -> String {
    list(names.iter().map(|name| name.to_string()).collect())
}

/// Texts with commas, not for ever.
pub(super) fn list(mut texts: Vec<String>) -> String {
    let more = texts.len().saturating_sub(NAMES_MAX);
    texts.truncate(NAMES_MAX);
    if 0 < more {
        texts.push(format!("and {more} more"));
    }
    texts.join(", ")
}

/// What is wrong, if the rule's own sentence cannot be rendered.
pub(super) fn summary(alert: UpdateAlert, members: &[Arc<str>], profile: &str) -> String {
    let who = publishers(members.len());
    match alert {
        UpdateAlert::WillStart => format!("Updates of {who} will start (profile {profile})"),
        UpdateAlert::Started => format!("Updates of {who} started (profile {profile})"),
        UpdateAlert::Succeeded => format!("Updates of {who} ended well (profile {profile})"),
        UpdateAlert::Failed => format!("Updates of {who} failed (profile {profile})"),
        UpdateAlert::ConnectionFailed => {
            format!("{who} did not come back after the update (profile {profile})")
        }
        UpdateAlert::Skipped => format!("Updates of {who} were not needed (profile {profile})"),
    }
}

/// How an update ended, to follow "its update".
pub(super) fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Succeeded => "ended well".to_owned(),
        Outcome::Failed(reason) => format!("failed ({})", or_unknown(reason.as_str())),
        Outcome::Skipped(reason) => {
            format!("was not needed ({})", or_unknown(reason.as_str()))
        }
        Outcome::ReconnectFailed(_) => "did not bring it back".to_owned(),
    }
}

/// How a member that a mail does not list stands.
pub(super) fn standing(attempt: &Attempt) -> String {
    match &attempt.end {
        Some((outcome, _)) => ended(outcome),
        None if attempt.started_at.is_some() => "still runs".to_owned(),
        None => "has not begun".to_owned(),
    }
}

/// How we know how an update ended.
pub(super) fn evidence(known: Evidence, outcome: &Outcome, is_silent: bool) -> &'static str {
    match (known, outcome) {
        (Evidence::Told, _) => "its log says so",
        (Evidence::Seen, _) => {
            "our own judgement: connected on another version; no line said that it succeeded"
        }
        (Evidence::TimedOut, Outcome::ReconnectFailed(_)) if is_silent => {
            "our own judgement: nothing is heard of it at all, the host may be down"
        }
        (Evidence::TimedOut, Outcome::ReconnectFailed(_)) => {
            "our own judgement: not connected when the window was over"
        }
        (Evidence::TimedOut, Outcome::Failed(_)) => {
            "our own judgement: connected, and no sign of another version when the window was \
             over"
        }
        (Evidence::TimedOut, Outcome::Succeeded | Outcome::Skipped(_)) => "our own judgement",
    }
}

/// Why a mail leaves now.
pub(super) const fn why_now(closed_by: ClosedBy) -> &'static str {
    match closed_by {
        ClosedBy::Complete => "everybody expected has reported",
        ClosedBy::Quiet => "nothing new came for a while",
        ClosedBy::Longest => "it had waited for as long as a mail may",
        ClosedBy::Deadline => "the update window is over",
        ClosedBy::Overtaken => "what follows it is told now",
    }
}

/// What is not known is said to be so.
pub(super) fn or_unknown(text: &str) -> &str {
    if text.is_empty() { UNKNOWN } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_in_the_profiles_zone_and_in_utc() {
        let at: Timestamp = "2026-12-08T05:00:00Z".parse().unwrap();
        let eastern = TimeZone::get("US/Eastern").unwrap();
        assert_eq!(
            moment(at, Some(&eastern)),
            "2026-12-08 00:00 EST (2026-12-08 05:00 UTC)"
        );
        assert_eq!(moment(at, Some(&TimeZone::UTC)), "2026-12-08 05:00 UTC");
        assert_eq!(moment(at, None), "2026-12-08 05:00 UTC");
    }

    #[test]
    fn lengths_are_told_in_at_most_two_parts() {
        for (seconds, wanted) in [
            (0, "0 s"),
            (59, "59 s"),
            (18_600, "5 h 10 min"),
            (86_400, "1 d"),
            (90_061, "1 d 1 h"),
            (-5, "0 s"),
        ] {
            assert_eq!(duration(SignedDuration::from_secs(seconds)), wanted);
        }
    }

    #[test]
    fn long_lists_say_how_many_more_there_are() {
        let many: Vec<Arc<str>> = (0..23).map(|one| Arc::from(format!("p{one}"))).collect();
        let told = names(&many);
        assert!(told.ends_with("p19, and 3 more"), "{told}");
    }
}
