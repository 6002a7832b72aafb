//! What processors did over the last minute or so, from counts since boot.
//!
//! A few samples are kept. A share is the difference between the newest and the youngest
//! one that is at least a window old, or the oldest there is; so the first share comes
//! with the second sample.
//!
//! Counts may step back: the kernel corrects waiting for disks, and a machine that was
//! moved or restored starts over (proc_stat(5)). A count that stepped back took no time.

use std::collections::VecDeque;
use std::time::Duration;

use model::host::{CpuShares, CpuTimes};

use super::Stat;

/// Most samples kept. As many as net-snmp has for its 55 seconds, and one.
const SAMPLES_MAX: usize = 12;

/// Samples of processors over a window.
#[derive(Debug)]
pub struct CpuWindow {
    window: Duration,
    samples: VecDeque<Sample>,
}

#[derive(Debug)]
struct Sample {
    at: Duration,
    all: CpuTimes,
    processors: Vec<(u32, CpuTimes)>,
}

/// Shares of time of all processors, and of each in the order of the newest sample.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shares {
    /// All together. `None` until there was a window.
    pub all: Option<CpuShares>,
    /// Each. Empty until all that are on were on for a window.
    pub each: Vec<CpuShares>,
}

impl CpuWindow {
    /// Starts with no sample.
    pub const fn new(window: Duration) -> Self {
        Self {
            window,
            samples: VecDeque::new(),
        }
    }

    /// Takes a sample of `now` on the monotonic clock, and says what was done since the
    /// window's beginning.
    pub fn shares(&mut self, stat: &Stat, now: Duration) -> Shares {
        self.make_room(now);
        let newest = Sample {
            at: now,
            all: stat.all,
            processors: stat.processors.clone(),
        };
        let shares = match self.samples.front() {
            Some(oldest) if oldest.at < now => between(oldest, &newest),
            Some(_) | None => Shares::default(),
        };
        if shares.all.is_none() {
            // No time passed by their counts: what was before cannot be compared with.
            self.samples.clear();
        }
        self.samples.push_back(newest);
        shares
    }

    /// Drops what is older than needed: the second is already a window old, or too many.
    fn make_room(&mut self, now: Duration) {
        while let Some(second) = self.samples.get(1) {
            let is_second_enough = self.window <= now.saturating_sub(second.at);
            if !is_second_enough && self.samples.len() < SAMPLES_MAX {
                return;
            }
            self.samples.pop_front();
        }
    }
}

fn between(oldest: &Sample, newest: &Sample) -> Shares {
    let each = newest.processors.iter().map(|(index, times)| {
        let before = oldest.processors.iter().find(|(other, _)| other == index)?;
        shares_between(&before.1, times)
    });
    Shares {
        all: shares_between(&oldest.all, &newest.all),
        each: each.collect::<Option<Vec<_>>>().unwrap_or_default(),
    }
}

/// Shares of the time between two readings. `None` if no time passed.
fn shares_between(before: &CpuTimes, after: &CpuTimes) -> Option<CpuShares> {
    let passed = |read: fn(&CpuTimes) -> u64| read(after).saturating_sub(read(before));
    // Guests are contained in `user` and `nice`.
    let user = passed(|times| times.user).saturating_add(passed(|times| times.nice));
    let system = passed(|times| times.system)
        .saturating_add(passed(|times| times.irq))
        .saturating_add(passed(|times| times.softirq));
    let idle = passed(|times| times.idle);
    let iowait = passed(|times| times.iowait);
    let steal = passed(|times| times.steal);
    let total = [user, system, idle, iowait, steal]
        .into_iter()
        .fold(0_u64, u64::saturating_add);
    let share = |part: u64| crate::host::ratio(part, total);
    Some(CpuShares {
        user: share(user)?,
        system: share(system)?,
        idle: share(idle)?,
        iowait: share(iowait)?,
        steal: share(steal)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn stat(user: u64, idle: u64, processors: &[u32]) -> Stat {
        let all = CpuTimes {
            user,
            idle,
            ..CpuTimes::default()
        };
        Stat {
            all,
            processors: processors.iter().map(|index| (*index, all)).collect(),
            ..Stat::default()
        }
    }

    fn used(shares: &Shares) -> Option<f64> {
        shares.all.map(|all| all.used())
    }

    #[test]
    fn the_first_share_comes_with_the_second_sample() {
        let mut window = CpuWindow::new(SECOND * 60);
        assert_eq!(
            window.shares(&stat(0, 0, &[0]), Duration::ZERO),
            Shares::default()
        );
        let second = window.shares(&stat(25, 75, &[0]), SECOND);
        assert_eq!(used(&second), Some(0.25));
        assert_eq!(second.each.len(), 1);
    }

    #[test]
    fn a_share_is_over_the_window_and_not_over_all_time() {
        let mut window = CpuWindow::new(SECOND * 60);
        let mut last = None;
        // Idle for ten minutes, then busy; four samples a minute.
        for step in 0_u32..=44 {
            let busy = u64::from(step.saturating_sub(40)) * 100;
            let idle = u64::from(step.min(40)) * 100;
            last = used(&window.shares(&stat(busy, idle, &[]), SECOND * 15 * step));
        }
        assert_eq!(last, Some(1.0));
    }

    #[test]
    fn few_samples_are_kept_however_often_they_come() {
        let mut window = CpuWindow::new(SECOND * 3600);
        for step in 0_u32..500 {
            window.shares(&stat(u64::from(step), 0, &[]), SECOND * step);
            assert!(window.samples.len() <= SAMPLES_MAX);
        }
        assert_eq!(window.samples.len(), SAMPLES_MAX);
    }

    #[test]
    fn counts_that_step_back_begin_anew() {
        let mut window = CpuWindow::new(SECOND * 60);
        window.shares(&stat(1_000, 1_000, &[0]), Duration::ZERO);
        assert_eq!(window.shares(&stat(5, 5, &[0]), SECOND), Shares::default());
        assert_eq!(
            used(&window.shares(&stat(10, 10, &[0]), SECOND * 2)),
            Some(0.5)
        );
        // Only waiting stepped back: the rest still counts.
        let mut corrected = stat(20, 20, &[0]);
        corrected.all.iowait = 0;
        assert_eq!(used(&window.shares(&corrected, SECOND * 3)), Some(0.5));
    }

    #[test]
    fn a_processor_that_was_switched_on_has_no_share_yet() {
        let mut window = CpuWindow::new(SECOND * 2);
        window.shares(&stat(0, 0, &[0, 1]), Duration::ZERO);
        let third_on = window.shares(&stat(1, 1, &[0, 1, 2]), SECOND);
        assert_eq!((third_on.each.len(), used(&third_on)), (0, Some(0.5)));
        let off_again = window.shares(&stat(2, 2, &[1]), SECOND * 2);
        assert_eq!(off_again.each.len(), 1);
    }

    #[test]
    fn the_same_moment_twice_has_no_share() {
        let mut window = CpuWindow::new(SECOND);
        window.shares(&stat(0, 0, &[]), SECOND);
        assert_eq!(window.shares(&stat(9, 9, &[]), SECOND), Shares::default());
    }
}
