//! When updates of a profile begin: a weekday's hour, each week or once a month.
//!
//! A schedule is civil time in a zone; what it yields are instants, so that "24 hours
//! before" and "two hours later" are elapsed time, as the vendor words them. Where clocks
//! are put forward over the hour, the update begins as much later (and [`Start`] says so);
//! where they are put back over it, it begins at the first of the two, once.
//!
//! The vendor's own `frequency` text is not read here: it looks like cron's five fields
//! and does not mean what cron means (`0 0 1 * TUE` is "weekly, Tuesday"), so no reader of
//! cron may see it.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};

/// How long before an update begins people are told, elapsed. Source: vendor help page
/// "Publisher auto-updates", read 2026-08-20: "updates will start in 24 hours".
pub const NOTICE_LEAD: SignedDuration = SignedDuration::from_hours(24);

/// How long the vendor gives an update, from its scheduled start. Same source: "around
/// two hours".
pub const UPDATE_WINDOW: SignedDuration = SignedDuration::from_hours(2);

/// How many months ahead a month with a fifth such weekday is looked for. The longest time
/// without one is under a year.
const MONTHS_AHEAD_MAX: i32 = 14;

/// Which of a weekday's days in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WeekOfMonth {
    /// The first.
    First,
    /// The second.
    Second,
    /// The third.
    Third,
    /// The fourth.
    Fourth,
    /// The fifth; a month without one is passed over.
    Fifth,
    /// The last.
    Last,
}

impl WeekOfMonth {
    const fn number(self) -> i8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Third => 3,
            Self::Fourth => 4,
            Self::Fifth => 5,
            Self::Last => -1,
        }
    }
}

/// On which days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// Each week.
    Weekly(Weekday),
    /// Once a month.
    Monthly(WeekOfMonth, Weekday),
}

/// Days, an hour, and the zone that both are meant in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// On which days.
    pub cadence: Cadence,
    /// At what time of the day.
    pub time: Time,
    /// Whose clocks.
    pub zone: TimeZone,
}

/// An instant at which updates begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Start {
    /// The instant.
    pub at: Timestamp,
    /// Whether the scheduled hour does not exist on that day, and it begins later.
    pub is_shifted: bool,
}

impl Schedule {
    /// The first start after an instant. `None` only at the end of the calendar.
    pub fn next_after(&self, after: Timestamp) -> Option<Start> {
        // A day before: the day there may have begun already where the hour has not.
        let today = after.to_zoned(self.zone.clone()).date();
        let first = today.yesterday().ok()?;
        match self.cadence {
            Cadence::Weekly(weekday) => {
                // Of sixteen days at least two are the weekday, and one of them is later.
                let days = std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(16);
                let wanted = days.filter(|day| day.weekday() == weekday);
                self.first_after(after, wanted)
            }
            Cadence::Monthly(week, weekday) => {
                let months = (0..MONTHS_AHEAD_MAX)
                    .map_while(|ahead| first.checked_add(Span::new().months(ahead)).ok());
                let wanted =
                    months.filter_map(|day| day.nth_weekday_of_month(week.number(), weekday).ok());
                self.first_after(after, wanted)
            }
        }
    }

    fn first_after(&self, after: Timestamp, days: impl Iterator<Item = Date>) -> Option<Start> {
        days.filter_map(|day| self.start_on(day))
            .find(|start| after < start.at)
    }

    fn start_on(&self, day: Date) -> Option<Start> {
        let ambiguous = self.zone.to_ambiguous_zoned(day.to_datetime(self.time));
        let is_shifted = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
        // Later by the gap, or the first of two.
        let zoned = ambiguous.compatible().ok()?;
        Some(Start {
            at: zoned.timestamp(),
            is_shifted,
        })
    }
}

impl Start {
    /// When people are told.
    pub fn notice_at(self) -> Timestamp {
        self.at
            .saturating_sub(NOTICE_LEAD)
            .unwrap_or(Timestamp::MIN)
    }

    /// When the vendor's window is over.
    pub fn window_end(self) -> Timestamp {
        self.at
            .saturating_add(UPDATE_WINDOW)
            .unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests;
