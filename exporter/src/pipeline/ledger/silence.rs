//! How long a connector has been silent, and when that is too long.
//!
//! Heard is a line that was read, or an answer of the vendor's tool. How long ago that
//! was is measured by the monotonic clock, so that a wall clock that jumps makes nobody
//! silent; the wall clock serves for people, and once for the time before the start,
//! when no other clock of ours ran. What follows from silence is the account's.
//! The monotonic clock goes on while the machine sleeps, and so does the silence: a
//! laptop that slept for a night wakes with states that nobody vouches for.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Moment;

/// When a connector was heard last.
#[derive(Debug, Clone)]
pub(in crate::pipeline) struct Silence {
    /// `None` for "for ever".
    limit: Option<Duration>,
    heard_at: Option<Timestamp>,
    is_silent: bool,
    quiet: Quiet,
}

/// Since when nothing was heard, on the monotonic clock.
#[derive(Debug, Clone, Copy)]
enum Quiet {
    /// Only the wall clock of an earlier run knows.
    SinceEarlierRun,
    /// Something was heard after the last look.
    Heard,
    /// Nothing was heard after `looked_at`, when it had been quiet for `quiet_for`.
    Since {
        looked_at: Duration,
        quiet_for: Duration,
    },
}

impl Silence {
    pub(super) const fn new(limit: Option<Duration>) -> Self {
        Self {
            limit,
            heard_at: None,
            is_silent: false,
            quiet: Quiet::SinceEarlierRun,
        }
    }

    /// When something was heard last, by the wall clock.
    pub(in crate::pipeline) const fn heard_at(&self) -> Option<Timestamp> {
        self.heard_at
    }

    /// Whether it was silent for too long, and was not heard since.
    pub(in crate::pipeline) const fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// Something was heard at `at`; a silence is over.
    pub(in crate::pipeline) const fn hear(&mut self, at: Timestamp) {
        self.heard_at = Some(at);
        self.is_silent = false;
        self.quiet = Quiet::Heard;
    }

    /// An earlier run heard something at `at`.
    pub(super) fn heard_earlier(&mut self, at: Timestamp) {
        self.heard_at = self.heard_at.max(Some(at));
    }

    /// Looks whether it has been silent for too long by now. Returns `true` when that
    /// begins.
    pub(super) fn falls_silent(&mut self, now: Moment) -> bool {
        let quiet_for = self.quiet_for(now);
        self.quiet = Quiet::Since {
            looked_at: now.monotonic,
            quiet_for,
        };
        let is_too_long = self.limit.is_some_and(|limit| limit <= quiet_for);
        let begins = is_too_long && !self.is_silent;
        self.is_silent = self.is_silent || is_too_long;
        begins
    }

    /// Goes on where `old` is, under this configuration's limit.
    pub(super) fn carry_over(&mut self, old: &Self) {
        *self = Self {
            limit: self.limit,
            ..old.clone()
        };
    }

    fn quiet_for(&self, now: Moment) -> Duration {
        match self.quiet {
            Quiet::Heard => Duration::ZERO,
            Quiet::Since {
                looked_at,
                quiet_for,
            } => quiet_for.saturating_add(now.monotonic.saturating_sub(looked_at)),
            // Never heard, or "heard" in what is the future by a clock that was set
            // back: we cannot tell, so it begins now.
            Quiet::SinceEarlierRun => self
                .heard_at
                .and_then(|at| now.timestamp().duration_since(at).try_into().ok())
                .unwrap_or(Duration::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const HOUR: u64 = 3_600;

    fn moment(monotonic: u64, wall: u64) -> Moment {
        Moment {
            monotonic: Duration::from_secs(monotonic),
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(wall),
        }
    }

    fn an_hour() -> Silence {
        Silence::new(Some(Duration::from_secs(HOUR)))
    }

    #[test]
    fn a_wall_clock_that_jumps_makes_nobody_silent() {
        let mut silence = an_hour();
        silence.hear(moment(0, 1_000).timestamp());
        assert!(!silence.falls_silent(moment(1, 1_001)));
        assert!(!silence.falls_silent(moment(HOUR, 9_000_000)));
        assert!(silence.falls_silent(moment(HOUR + 1, 5)));
    }

    #[test]
    fn silence_begins_once_and_ends_with_the_first_word() {
        let mut silence = an_hour();
        assert!(!silence.falls_silent(moment(0, 0)));
        assert!(silence.falls_silent(moment(HOUR, HOUR)));
        assert!(!silence.falls_silent(moment(HOUR + 1, HOUR + 1)));
        assert!(silence.is_silent());
        silence.hear(moment(HOUR + 2, HOUR + 2).timestamp());
        assert!(!silence.is_silent());
        assert!(!silence.falls_silent(moment(HOUR + 3, HOUR + 3)));
        assert!(silence.falls_silent(moment(2 * HOUR + 3, 0)));
    }

    #[test]
    fn the_silence_of_an_earlier_run_counts() {
        let mut silence = an_hour();
        silence.heard_earlier(moment(0, 1_000).timestamp());
        assert!(!silence.falls_silent(moment(3, 1_000 + HOUR - 1)));
        assert!(silence.falls_silent(moment(4, 1_000 + HOUR)));
    }

    #[test]
    fn a_clock_that_was_set_back_over_the_restart_gives_the_whole_limit() {
        let mut silence = an_hour();
        silence.heard_earlier(moment(0, 9_000_000).timestamp());
        assert!(!silence.falls_silent(moment(10, 1_000)));
        assert!(!silence.falls_silent(moment(9 + HOUR, 2_000)));
        assert!(silence.falls_silent(moment(10 + HOUR, 2_000)));
    }

    #[test]
    fn without_a_limit_nobody_is_silent() {
        let mut silence = Silence::new(None);
        silence.heard_earlier(moment(0, 1).timestamp());
        assert!(!silence.falls_silent(moment(u64::MAX / 2, u64::MAX / 4)));
    }
}
