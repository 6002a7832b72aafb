//! The host's last sample, and how it stands to its limits.
//!
//! The sample is not stored: the next one comes soon enough. What is beyond a limit is, or
//! each restart would end an alert and begin another one. What passes a limit and stays,
//! or comes back, is news for the list of the latest events. A sample that no other follows
//! is not shown for ever: after some intervals it is no picture of now.
//!
//! On an end user's device people mount under their own names: these are taken out here,
//! before anybody sees the sample.

mod remembered;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use model::event::{EventKey, EventKind, Field, Reason};
use model::host::HostSample;
use model::host::threshold::{Standing, Threshold, ThresholdChange, ThresholdState, Thresholds};
use model::snapshot::{HostSnapshot, RecentEvent};
use model::untrusted::Untrusted;

use super::kept::Kept;
use crate::clock::Moment;
use crate::pipeline::redact::{shown_device, shown_mountpoint};

/// A sample is shown for so many intervals, and for [`SHOWN_MIN`] in any case.
const SHOWN_INTERVALS: u32 = 3;

/// See [`SHOWN_INTERVALS`]: one late sample of a quick series is no reason to forget.
const SHOWN_MIN: Duration = Duration::from_secs(60);

/// What the writer has to know of how the host is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct HostLimits {
    /// From one sample to the next.
    pub interval: Duration,
    /// When a resource is in a bad way.
    pub thresholds: Vec<Threshold>,
}

/// Whose host it is, and so what may be shown of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mounts {
    /// A server's: mount points are named by its administrators.
    Plain,
    /// An end user's: some are named after people.
    NamePeople,
}

/// The host. Without limits nobody wants to know of it.
#[derive(Debug)]
pub(in crate::pipeline) struct HostAccount {
    interval: Option<Duration>,
    mounts: Mounts,
    thresholds: Thresholds,
    /// What an earlier run remembered, until the first sample says what time it is.
    remembered: Vec<Standing>,
    /// What the thresholds' clock says when the program's own stands at zero: theirs goes on
    /// over restarts. `None` until the first sample.
    clock_zero: Option<Duration>,
    shown: Option<Arc<HostSnapshot>>,
    /// When the sample came, on the monotonic clock.
    sampled_at: Duration,
}

impl HostAccount {
    pub(super) fn open(limits: Option<HostLimits>, mounts: Mounts, kept: &mut Kept) -> Self {
        if limits.is_none() {
            remembered::keep(&[], kept);
        }
        let interval = limits.as_ref().map(|limits| limits.interval);
        let rows = limits.map(|limits| limits.thresholds).unwrap_or_default();
        Self {
            interval,
            mounts,
            thresholds: Thresholds::new(rows),
            remembered: remembered::read(kept),
            clock_zero: None,
            shown: None,
            sampled_at: Duration::ZERO,
        }
    }

    /// Takes in a sample that came at `now`, keeps what a restart must not forget, and
    /// returns the news.
    pub(super) fn take(
        &mut self,
        sample: Arc<HostSample>,
        now: Moment,
        kept: &mut Kept,
    ) -> Vec<RecentEvent> {
        if self.interval.is_none() {
            return Vec::new();
        }
        let sample = match self.mounts {
            Mounts::Plain => sample,
            Mounts::NamePeople => without_names(sample),
        };
        let clock = self.clock(now);
        self.thresholds
            .restore(std::mem::take(&mut self.remembered), clock);
        let changes = self.thresholds.step(&sample, clock);
        remembered::keep(&self.thresholds.standing(), kept);
        self.sampled_at = now.monotonic;
        self.shown = Some(Arc::new(HostSnapshot {
            sample,
            thresholds: self.thresholds.facts(),
        }));
        news(&changes, now.timestamp())
    }

    fn clock(&mut self, now: Moment) -> Duration {
        let zero = self.clock_zero.get_or_insert_with(|| {
            let wall = now.wall.duration_since(SystemTime::UNIX_EPOCH);
            wall.unwrap_or_default().saturating_sub(now.monotonic)
        });
        zero.saturating_add(now.monotonic)
    }

    /// Drops a sample that is too old by `now` to be shown.
    pub(in crate::pipeline) fn forget_old(&mut self, now: Moment) {
        let interval = self.interval.unwrap_or_default();
        let shown_for = interval.saturating_mul(SHOWN_INTERVALS).max(SHOWN_MIN);
        if shown_for < now.monotonic.saturating_sub(self.sampled_at) {
            self.shown = None;
        }
    }

    /// The last sample, if it is of now.
    pub(in crate::pipeline) fn draw(&self) -> Option<Arc<HostSnapshot>> {
        self.shown.clone()
    }

    /// Goes on where `old` is, under this configuration's limits.
    pub(super) fn carry_over(&mut self, old: Self) {
        if self.interval.is_none() {
            return;
        }
        self.thresholds.carry_over(old.thresholds);
        self.remembered = old.remembered;
        self.clock_zero = old.clock_zero;
        self.sampled_at = old.sampled_at;
        self.shown = old.shown.map(|shown| {
            Arc::new(HostSnapshot {
                sample: Arc::clone(&shown.sample),
                thresholds: self.thresholds.facts(),
            })
        });
    }
}

/// What of the changes people want to know: not that something begins to look bad.
fn news(changes: &[ThresholdChange], at: Timestamp) -> Vec<RecentEvent> {
    let is_breached = |state| matches!(state, ThresholdState::Breached { .. });
    let mut events: Vec<RecentEvent> = Vec::new();
    for change in changes {
        let kind = match (is_breached(change.before), is_breached(change.after)) {
            (false, true) => EventKind::ThresholdBreached,
            (true, false) => EventKind::ThresholdCleared,
            (false, false) | (true, true) => continue,
        };
        let resource = change.resource.name();
        let key = EventKey {
            kind,
            reason: Reason::new(resource).unwrap_or_default(),
        };
        let log = Arc::from(format!("host:{resource}"));
        let mut event = super::news(Arc::default(), log, key, at);
        // The store tells events of one moment apart by their place.
        event.offset = u64::try_from(events.len()).unwrap_or(u64::MAX);
        event.event.fields = change.mountpoint.iter().map(field_of).collect();
        events.push(event);
    }
    events
}

fn field_of(mountpoint: &Arc<str>) -> Field {
    Field {
        name: Arc::from("mountpoint"),
        value: Untrusted::new(mountpoint),
    }
}

/// The sample with file systems under names that tell of nobody, each under its own.
fn without_names(sample: Arc<HostSample>) -> Arc<HostSample> {
    let mut sample = Arc::unwrap_or_clone(sample);
    let mut taken: BTreeSet<Arc<str>> = BTreeSet::new();
    for disk in &mut sample.filesystems {
        let shown = shown_mountpoint(&disk.mountpoint);
        let mut number = 1_usize;
        let mut name: Arc<str> = Arc::from(&*shown);
        while taken.contains(&name) {
            number = number.saturating_add(1);
            name = Arc::from(format!("{shown} {number}"));
        }
        taken.insert(Arc::clone(&name));
        disk.mountpoint = name;
        disk.device = Arc::from(&*shown_device(&disk.device));
    }
    Arc::new(sample)
}
