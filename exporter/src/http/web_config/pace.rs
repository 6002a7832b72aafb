//! How often something may happen: so many at once, then one in so much time.
//!
//! One number is enough (the generic cell rate algorithm): the time at which all that
//! happened would have happened at an even pace. Bounds are arguments, so that they may
//! change with the file.

use std::time::Duration;

/// See the module. Nothing has happened in a fresh one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pace {
    even_until: Duration,
}

impl Pace {
    /// Counts one more, if it may happen.
    pub(super) fn admits(&mut self, now: Duration, interval: Duration, burst: u32) -> bool {
        let ahead = self.even_until.saturating_sub(now);
        if interval.saturating_mul(burst.saturating_sub(1)) < ahead || burst == 0 {
            return false;
        }
        self.even_until = self.even_until.max(now).saturating_add(interval);
        true
    }

    /// Takes one back that was counted and need not have been.
    pub(super) fn take_back(&mut self, interval: Duration) {
        self.even_until = self.even_until.saturating_sub(interval);
    }

    /// How far ahead of an even pace it is.
    pub(super) const fn ahead(&self, now: Duration) -> Duration {
        self.even_until.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_come_at_once_and_then_one_in_so_much_time() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::default();
        let start = second * 100;
        assert_eq!((0..5).filter(|_| pace.admits(start, second, 3)).count(), 3);
        assert!(!pace.admits(start + second / 2, second, 3));
        assert!(pace.admits(start + second, second, 3));
        assert!(!pace.admits(start + second, second, 3));
        pace.take_back(second);
        assert!(pace.admits(start + second, second, 3));
        // A rest saves no more than one burst.
        assert_eq!(
            (0..9).filter(|_| pace.admits(start * 9, second, 3)).count(),
            3
        );
        assert!(!Pace::default().admits(start, second, 0));
    }
}
