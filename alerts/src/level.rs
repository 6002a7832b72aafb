//! A number against a limit, over time: when it begins to fire and when it stops.
//!
//! The meaning is Prometheus' own, so that a rule and its exported form agree at every
//! evaluation: a comparison is strict, `for` is reached when it is fully over, a missing
//! sample counts as the last one for [`LOOKBACK`]. What Prometheus has no field for, a
//! limit that ends an alert other than the one that begins it, exports to its `ALERTS`
//! series.
//!
//! Time is monotonic and an argument. Which number and which limit are the rule's.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How old a sample may be and still count: what Prometheus looks back by default
/// (`--query.lookback-delta`).
pub const LOOKBACK: Duration = Duration::from_secs(5 * 60);

/// Which side of the limit is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// More than the limit.
    Above,
    /// Less than the limit.
    Below,
}

/// When a number is worth an alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Which side is bad.
    pub side: Side,
    /// The limit. Exactly at it is still good.
    pub limit: f64,
    /// Once it fires, it goes on until the number is at this or better; the limit itself
    /// if it is `None`.
    pub clear: Option<f64>,
    /// How long the number must be beyond the limit before it fires.
    pub lasting: Duration,
    /// How long it goes on firing after the number is good again.
    pub keep_firing: Duration,
}

/// How a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Good.
    #[default]
    Inactive,
    /// Beyond the limit, not for long enough.
    Pending,
    /// Worth an alert.
    Firing,
}

/// What has to be remembered of a number. It outlives the process, so that a restart does
/// not begin to count anew; the last sample does not, since it would have to be written
/// with every step ([`Self::bridge`]).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LevelState {
    /// Since when it has been beyond.
    #[serde(skip_serializing_if = "Option::is_none")]
    active_since: Option<Duration>,
    is_firing: bool,
    /// Since when it has been good while firing.
    #[serde(skip_serializing_if = "Option::is_none")]
    good_since: Option<Duration>,
    /// The last sample and its time.
    #[serde(skip)]
    last: Option<(Duration, f64)>,
}

impl LevelState {
    /// How the number stands now.
    pub const fn standing(&self) -> Standing {
        match (self.is_firing, self.active_since) {
            (true, _) => Standing::Firing,
            (false, Some(_)) => Standing::Pending,
            (false, None) => Standing::Inactive,
        }
    }

    /// Since when it has been beyond the limit without a break.
    pub const fn active_since(&self) -> Option<Duration> {
        self.active_since
    }

    /// Since when it has been good again while it is kept firing.
    pub const fn good_since(&self) -> Option<Duration> {
        self.good_since
    }

    /// Counts `number` as seen now: over the time in which nobody looked.
    pub const fn bridge(&mut self, number: f64, now: Duration) {
        self.last = Some((now, number));
    }

    /// The last number that was seen, with its time.
    pub const fn last(&self) -> Option<(Duration, f64)> {
        self.last
    }
}

impl Level {
    /// One evaluation at `now`, with the sample of that time if there is one.
    pub fn step(&self, before: LevelState, sample: Option<f64>, now: Duration) -> LevelState {
        let last = sample.map(|number| (now, number)).or(before.last);
        let known = last.filter(|(at, _)| now.saturating_sub(*at) <= LOOKBACK);
        let is_bad = known.is_some_and(|(_, number)| self.is_bad(number, before.is_firing));
        let mut after = LevelState { last, ..before };
        if is_bad {
            let since = before.active_since.unwrap_or(now);
            after.active_since = Some(since);
            after.good_since = None;
            after.is_firing = before.is_firing || self.lasting <= now.saturating_sub(since);
            return after;
        }
        if before.is_firing && !self.keep_firing.is_zero() {
            let since = before.good_since.unwrap_or(now);
            if now.saturating_sub(since) < self.keep_firing {
                after.good_since = Some(since);
                return after;
            }
        }
        LevelState {
            last,
            ..LevelState::default()
        }
    }

    fn is_bad(&self, number: f64, is_firing: bool) -> bool {
        let clear = self.clear.filter(|_| is_firing);
        self.is_beyond(number, self.limit)
            || clear.is_some_and(|clear| self.is_beyond(number, clear))
    }

    fn is_beyond(&self, number: f64, limit: f64) -> bool {
        match self.side {
            Side::Above => limit < number,
            Side::Below => number < limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CPU: Level = Level {
        side: Side::Above,
        limit: 0.75,
        clear: Some(0.65),
        lasting: Duration::from_secs(60),
        keep_firing: Duration::ZERO,
    };

    /// How a number stands after each sample, half a minute from one to the next.
    fn standings(level: &Level, samples: &[Option<f64>]) -> String {
        let mut state = LevelState::default();
        let mut now = Duration::ZERO;
        let mut letters = String::new();
        for sample in samples {
            state = level.step(state, *sample, now);
            letters.push(match state.standing() {
                Standing::Inactive => '-',
                Standing::Pending => 'p',
                Standing::Firing => 'F',
            });
            now += Duration::from_secs(30);
        }
        letters
    }

    fn seen(numbers: &[f64]) -> Vec<Option<f64>> {
        numbers.iter().copied().map(Some).collect()
    }

    #[test]
    fn exactly_at_the_limit_is_good_and_for_is_reached_when_it_is_over() {
        assert_eq!(standings(&CPU, &seen(&[0.75, 0.76, 0.9, 0.9])), "-ppF");
        assert_eq!(standings(&CPU, &seen(&[0.8, 0.8, 0.7, 0.8, 0.8])), "pp-pp");
    }

    #[test]
    fn it_goes_on_until_the_clearing_limit() {
        let told = standings(&CPU, &seen(&[0.8, 0.8, 0.8, 0.7, 0.66, 0.65, 0.7]));
        assert_eq!(told, "ppFFF--");
    }

    #[test]
    fn it_can_be_kept_firing_for_a_while() {
        let disk = Level {
            side: Side::Below,
            limit: 300e6,
            clear: None,
            lasting: Duration::ZERO,
            keep_firing: Duration::from_secs(60),
        };
        let told = standings(&disk, &seen(&[2e8, 4e8, 4e8, 4e8, 2e8, 4e8, 2e8, 4e8]));
        assert_eq!(told, "FFF-FFFF");
    }

    #[test]
    fn a_missing_sample_is_the_last_one_for_five_minutes() {
        let mut samples = seen(&[0.8]);
        samples.extend([None; 12]);
        // At 0 s the last sample; at 300 s it still counts, at 330 s no more.
        assert_eq!(standings(&CPU, &samples), "ppFFFFFFFFF--");
    }

    #[test]
    fn no_number_at_all_never_fires() {
        assert_eq!(standings(&CPU, &[None, Some(f64::NAN), None]), "---");
    }

    proptest! {
        #[test]
        fn it_fires_only_after_it_was_beyond_for_long_enough(
            samples in prop::collection::vec(prop::option::of(0.5..1.0_f64), 1..40),
            keep in 0..4_u64,
        ) {
            let level = Level { keep_firing: Duration::from_secs(30 * keep), ..CPU };
            let mut state = LevelState::default();
            let mut beyond_since = None;
            for (number, sample) in (0..).zip(&samples) {
                let now = Duration::from_secs(30 * number);
                let was_firing = state.standing() == Standing::Firing;
                state = level.step(state, *sample, now);
                if sample.is_some_and(|share| share <= 0.75) && !was_firing {
                    beyond_since = None;
                } else if sample.is_some() {
                    beyond_since = beyond_since.or(Some(now));
                }
                if state.standing() == Standing::Firing && !was_firing {
                    prop_assert!(beyond_since.is_some_and(|since| now - since >= level.lasting));
                }
            }
        }
    }
}
