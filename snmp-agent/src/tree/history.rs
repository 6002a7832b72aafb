//! What the host's counts were about a minute ago, for shares and rates.
//!
//! snmpd compares the present with the oldest of eleven samples that it takes every five
//! seconds, and serves no share before there is a whole window. Ours come as often as
//! the host is sampled; the window is as long, and what is compared is the newest sample
//! with the oldest one that is at most [`WINDOW`] older.
//!
//! Source: net-snmp 5.9.3, agent/mibgroup/hardware/cpu: 11 samples, 5 s apart.

use std::collections::VecDeque;
use std::time::Duration;

use model::host::{CpuTimes, HostSample, Kernel};

/// How far back the comparison reaches at most.
pub const WINDOW: Duration = Duration::from_secs(60);

/// Most samples that are kept.
const SAMPLES_MAX: usize = 64;

/// The counts of one sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// When, by the agent's uptime.
    pub at: Duration,
    /// All processors.
    pub cpu: Option<CpuTimes>,
    /// Each processor.
    pub processors: Vec<CpuTimes>,
    /// The kernel's counts.
    pub kernel: Kernel,
}

/// The samples of the last minute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    samples: VecDeque<Counts>,
}

impl History {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self {
            samples: VecDeque::new(),
        }
    }

    /// Takes in a sample that was read at `at` by the agent's uptime.
    pub fn push(&mut self, at: Duration, sample: &HostSample) {
        self.samples.push_back(Counts {
            at,
            cpu: sample.cpu,
            processors: sample.processors.clone(),
            kernel: sample.kernel,
        });
        let is_too_old = |counts: &Counts| at.saturating_sub(counts.at) > WINDOW;
        while self.samples.len() > SAMPLES_MAX || self.samples.front().is_some_and(is_too_old) {
            self.samples.pop_front();
        }
    }

    /// The window's two ends, if time has passed between them.
    pub fn window(&self) -> Option<(&Counts, &Counts)> {
        let (oldest, newest) = (self.samples.front()?, self.samples.back()?);
        (oldest.at < newest.at).then_some((oldest, newest))
    }
}

/// All ten fields of `/proc/stat` added up: guests count twice, as snmpd counts them.
pub fn total(times: &CpuTimes) -> u64 {
    [
        times.user,
        times.nice,
        times.system,
        times.idle,
        times.iowait,
        times.irq,
        times.softirq,
        times.steal,
        times.guest,
        times.guest_nice,
    ]
    .into_iter()
    .fold(0, u64::saturating_add)
}

/// Which part of a processor's time between two samples went into `field`, in percent.
/// Integer division, as snmpd divides. `None` if no time has passed.
pub fn percent(before: &CpuTimes, after: &CpuTimes, field: fn(&CpuTimes) -> u64) -> Option<u64> {
    let all = total(after).checked_sub(total(before))?;
    let part = field(after).saturating_sub(field(before));
    part.saturating_mul(100).checked_div(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(user: u64, idle: u64, guest: u64) -> HostSample {
        HostSample {
            cpu: Some(CpuTimes {
                user,
                idle,
                guest,
                ..CpuTimes::default()
            }),
            ..HostSample::default()
        }
    }

    #[test]
    fn there_is_no_window_before_two_samples() {
        let mut history = History::default();
        assert_eq!(history.window(), None);
        history.push(Duration::from_secs(5), &sample(1, 1, 0));
        assert_eq!(history.window(), None);
    }

    #[test]
    fn the_window_forgets_what_is_older_than_a_minute() {
        let mut history = History::default();
        for seconds in (0..=300).step_by(15) {
            history.push(Duration::from_secs(seconds), &sample(seconds, 0, 0));
        }
        let (oldest, newest) = history.window().unwrap();
        assert_eq!((oldest.at.as_secs(), newest.at.as_secs()), (240, 300));
    }

    #[test]
    fn a_share_is_cut_off_and_guests_count_twice() {
        let before = sample(0, 0, 0).cpu.unwrap();
        let after = sample(200, 700, 100).cpu.unwrap();
        // 200 of 1000, since the guest's 100 are in the sum a second time.
        assert_eq!(percent(&before, &after, |times| times.user), Some(20));
        let later = sample(299, 701, 0).cpu.unwrap();
        assert_eq!(percent(&before, &later, |times| times.user), Some(29));
        assert_eq!(percent(&later, &later, |times| times.user), None);
        assert_eq!(percent(&later, &before, |times| times.user), None);
    }
}
