//! When a number of the host is too high or too low, and for how long it must be so.
//!
//! A [`Threshold`] is a row: what is watched, the side that is bad, the value that
//! breaches, the value that clears again, and how long the breach must last. The same
//! rows are published as facts and evaluated as rules. [`Thresholds`] steps them with
//! each sample; it reads no clock and tells nobody: readers ask it, or take the changes.
//!
//! Between `value` and `clear` nothing changes, so that a number that trembles at the
//! limit is one breach. A number that cannot be read says neither good nor bad: a breach
//! stays, and one that was beginning goes on waiting for a sample that confirms it.
//!
//! What a restart must not forget is a [`Standing`], for whoever can keep it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Filesystem, HostCollector, HostSample, UPDATE_SPACE_MIN_BYTES, approximate};
use crate::log::label_set;

label_set! {
    /// What of a host is watched.
    HostResource {
        /// Processors: used share.
        Cpu = "cpu",
        /// Memory: used share.
        Memory = "memory",
        /// Each file system that data is written to: free bytes.
        Disk = "disk",
        /// The file systems that an update of the connector is written to: free bytes.
        UpdateSpace = "update_space",
    }
}

/// Which side of the value is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// More than the value is a breach.
    Above,
    /// Less than the value is a breach.
    Below,
}

/// One row: when a resource is in a bad way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// What is watched.
    pub resource: HostResource,
    /// Full name of the published signal that shows the number.
    pub signal: &'static str,
    /// Which side is bad.
    pub side: Side,
    /// The limit, in the signal's unit. Exactly at it is still good.
    pub value: f64,
    /// Where a breach ends, on the good side of `value` or equal to it. Exactly at it, it ends.
    pub clear: f64,
    /// How long the number must stay beyond `value` until it counts.
    pub lasting: Duration,
}

/// The vendor's limits, with our hysteresis and durations.
///
/// CPU over 75 %, memory over 90 %, less than 1 GB of disk, and 300 MB for an update:
/// vendor help page "Manage a Publisher", read 2026-08-20. It names neither a duration
/// nor a value that clears. An update's file system is told at once: the vendor checks it
/// in the minute in which the update starts.
pub const DEFAULT_THRESHOLDS: [Threshold; 4] = [
    Threshold {
        resource: HostResource::Cpu,
        signal: "ztna_host_cpu_used_ratio",
        side: Side::Above,
        value: 0.75,
        clear: 0.70,
        lasting: Duration::from_secs(300),
    },
    Threshold {
        resource: HostResource::Memory,
        signal: "ztna_host_memory_used_ratio",
        side: Side::Above,
        value: 0.90,
        clear: 0.85,
        lasting: Duration::from_secs(300),
    },
    Threshold {
        resource: HostResource::Disk,
        signal: "ztna_host_filesystem_avail_bytes",
        side: Side::Below,
        value: 1e9,
        clear: 1.1e9,
        lasting: Duration::from_secs(60),
    },
    Threshold {
        resource: HostResource::UpdateSpace,
        signal: "ztna_host_update_space_bytes",
        side: Side::Below,
        value: approximate(UPDATE_SPACE_MIN_BYTES),
        clear: 330e6,
        lasting: Duration::ZERO,
    },
];

/// How a watched number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThresholdState {
    /// Good.
    #[default]
    Inactive,
    /// Beyond the limit, not yet for long enough.
    Pending {
        /// First sample beyond the limit, on the monotonic clock.
        since: Duration,
    },
    /// Beyond the limit for long enough.
    Breached {
        /// The sample that decided, on the monotonic clock.
        since: Duration,
    },
}

/// What was measured of one watched thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// What.
    pub resource: HostResource,
    /// Which one, for file systems: where it is mounted.
    pub mountpoint: Option<Arc<str>>,
    /// In the signal's unit.
    pub value: f64,
}

/// How a watched thing stands, for a start that goes on there: what is beyond its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What.
    pub resource: HostResource,
    /// Which one, for file systems.
    pub mountpoint: Option<Arc<str>>,
    /// Not [`ThresholdState::Inactive`]; its times only mean something on a clock that
    /// goes on over restarts.
    pub state: ThresholdState,
    /// Since when the resource is in a bad way, by the wall clock, if it is.
    pub breached_at: Option<Timestamp>,
}

/// A watched thing passed from one kind of state to another.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdChange {
    /// What.
    pub resource: HostResource,
    /// Which one, for file systems.
    pub mountpoint: Option<Arc<str>>,
    /// What it was.
    pub before: ThresholdState,
    /// What it is now.
    pub after: ThresholdState,
    /// The number that decided. `None` if the thing is gone.
    pub value: Option<f64>,
}

/// What is published of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdFact {
    /// The row in force: `resource` of both families, and its value as
    /// `ztna_host_threshold`.
    pub row: Threshold,
    /// `ztna_host_threshold_breached`: whether any of its numbers is. `None` until there
    /// was a number.
    pub is_breached: Option<bool>,
    /// Whether any of its numbers is beyond the limit, and none for long enough.
    pub is_pending: bool,
    /// `ztna_host_threshold_breached_timestamp_seconds`: when the sample was taken that
    /// decided so first, if any of its numbers is.
    pub breached_at: Option<Timestamp>,
    /// The file systems that are, by mount point. Empty for what is no file system.
    pub mountpoints: Vec<Arc<str>>,
}

impl Threshold {
    /// Whether a number is beyond the limit.
    pub fn is_beyond(&self, value: f64) -> bool {
        match self.side {
            Side::Above => self.value < value,
            Side::Below => value < self.value,
        }
    }

    /// Whether a number is good enough to end a breach.
    pub fn is_clear(&self, value: f64) -> bool {
        match self.side {
            Side::Above => value <= self.clear,
            Side::Below => self.clear <= value,
        }
    }

    /// What becomes of a state when a number is seen at `now`.
    pub fn step(&self, state: ThresholdState, value: f64, now: Duration) -> ThresholdState {
        match state {
            ThresholdState::Breached { .. } if self.is_clear(value) => ThresholdState::Inactive,
            ThresholdState::Breached { .. } => state,
            ThresholdState::Inactive | ThresholdState::Pending { .. } if !self.is_beyond(value) => {
                ThresholdState::Inactive
            }
            ThresholdState::Inactive => self.lasted(now, now),
            ThresholdState::Pending { since } => self.lasted(since, now),
        }
    }

    fn lasted(&self, since: Duration, now: Duration) -> ThresholdState {
        if self.lasting <= now.saturating_sub(since) {
            ThresholdState::Breached { since: now }
        } else {
            ThresholdState::Pending { since }
        }
    }

    /// The numbers that the row watches in a sample, and none that could not be read.
    pub fn observe(&self, sample: &HostSample) -> Vec<Observation> {
        let one = |value: Option<f64>| value.map(|value| self.observation(None, value));
        match self.resource {
            HostResource::Cpu => {
                let used = sample.cpu_shares.map(|shares| shares.used());
                one(used).into_iter().collect()
            }
            HostResource::Memory => {
                let used = sample.memory.and_then(|memory| memory.used_ratio());
                one(used).into_iter().collect()
            }
            HostResource::Disk => self.disks(sample, |disk| {
                // A small one can never have as much free as the limit wants.
                disk.holds_data() && self.clear < approximate(disk.size)
            }),
            HostResource::UpdateSpace => self.disks(sample, |disk| disk.holds_update),
        }
    }

    fn disks(
        &self,
        sample: &HostSample,
        is_watched: impl Fn(&Filesystem) -> bool,
    ) -> Vec<Observation> {
        let disks = sample.filesystems.iter().filter(|disk| is_watched(disk));
        disks
            .map(|disk| {
                let mountpoint = Some(Arc::clone(&disk.mountpoint));
                self.observation(mountpoint, approximate(disk.available))
            })
            .collect()
    }

    const fn observation(&self, mountpoint: Option<Arc<str>>, value: f64) -> Observation {
        Observation {
            resource: self.resource,
            mountpoint,
            value,
        }
    }
}

/// The rows and how each of their numbers stands.
// Invariant: rows have distinct resources; a later row for the same one replaces.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    rows: Vec<Threshold>,
    states: BTreeMap<(HostResource, Option<Arc<str>>), ThresholdState>,
    /// Since when a resource has been in a bad way, by the wall clock of the samples.
    breached_at: BTreeMap<HostResource, Timestamp>,
}

impl Thresholds {
    /// Starts with nothing seen. Of several rows for one resource the last one counts.
    pub fn new(rows: impl IntoIterator<Item = Threshold>) -> Self {
        let mut by_resource = BTreeMap::new();
        for row in rows {
            by_resource.insert(row.resource, row);
        }
        Self {
            rows: by_resource.into_values().collect(),
            states: BTreeMap::new(),
            breached_at: BTreeMap::new(),
        }
    }

    /// Steps every row with a sample taken at `now` of the monotonic clock, and returns
    /// what passed from one kind of state to another.
    pub fn step(&mut self, sample: &HostSample, now: Duration) -> Vec<ThresholdChange> {
        let mut changes = Vec::new();
        for row in &self.rows {
            let observations = row.observe(sample);
            changes.extend(forget_gone(&mut self.states, row, &observations, sample));
            for seen in observations {
                let key = (seen.resource, seen.mountpoint.clone());
                let state = self.states.entry(key).or_default();
                let before = *state;
                *state = row.step(before, seen.value, now);
                changes.extend(change(&seen, before, *state));
            }
        }
        self.date_breaches(sample);
        changes
    }

    /// Notes since when resources have been in a bad way: another file system of the same
    /// resource makes it no younger.
    fn date_breaches(&mut self, sample: &HostSample) {
        let states = self.states.iter();
        let breached: BTreeSet<HostResource> = states
            .filter(|(_, state)| matches!(state, ThresholdState::Breached { .. }))
            .map(|((resource, _), _)| *resource)
            .collect();
        self.breached_at
            .retain(|resource, _| breached.contains(resource));
        let Some(at) = sample.taken_at else {
            return;
        };
        for resource in breached {
            self.breached_at.entry(resource).or_insert(at);
        }
    }

    /// Goes on where `old` is, under these rows: a breach stays one until its number is
    /// good by the new row. What no row watches any more is forgotten.
    pub fn carry_over(&mut self, old: Self) {
        let is_watched = |resource| self.rows.iter().any(|row| row.resource == resource);
        self.states = old.states;
        self.states.retain(|(resource, _), _| is_watched(*resource));
        self.breached_at = old.breached_at;
        self.breached_at.retain(|resource, _| is_watched(*resource));
    }

    /// What is beyond its limit, for a start that goes on there.
    pub fn standing(&self) -> Vec<Standing> {
        let states = self.states.iter();
        states
            .filter(|(_, state)| **state != ThresholdState::Inactive)
            .map(|((resource, mountpoint), state)| Standing {
                resource: *resource,
                mountpoint: mountpoint.clone(),
                state: *state,
                breached_at: self.breached_at.get(resource).copied(),
            })
            .collect()
    }

    /// Goes on at `now` where an earlier program ended: what was in a bad way stays so until
    /// a number says otherwise. What was only beginning begins anew if that was more than
    /// twice as long ago as it must last: for half of that time nobody looked.
    pub fn restore(&mut self, standing: Vec<Standing>, now: Duration) {
        for one in standing {
            let Some(row) = self.rows.iter().find(|row| row.resource == one.resource) else {
                continue;
            };
            let state = match one.state {
                ThresholdState::Inactive => continue,
                // A clock that was set back since then must not hold it up.
                ThresholdState::Breached { since } => ThresholdState::Breached {
                    since: since.min(now),
                },
                ThresholdState::Pending { since } => {
                    if row.lasting.saturating_mul(2) < now.saturating_sub(since) {
                        continue;
                    }
                    let since = since.min(now);
                    ThresholdState::Pending { since }
                }
            };
            if matches!(state, ThresholdState::Breached { .. })
                && let Some(at) = one.breached_at
            {
                self.breached_at.entry(one.resource).or_insert(at);
            }
            self.states.insert((one.resource, one.mountpoint), state);
        }
    }

    /// What is published, a row each, in the order of [`HostResource::ALL`].
    pub fn facts(&self) -> Vec<ThresholdFact> {
        self.rows.iter().map(|row| self.fact(row)).collect()
    }

    fn fact(&self, row: &Threshold) -> ThresholdFact {
        let mut is_breached = None;
        let mut is_any_pending = false;
        let mut mountpoints = Vec::new();
        for ((resource, mountpoint), state) in &self.states {
            if *resource != row.resource {
                continue;
            }
            let is_this_one = matches!(state, ThresholdState::Breached { .. });
            is_breached = Some(is_breached == Some(true) || is_this_one);
            is_any_pending |= matches!(state, ThresholdState::Pending { .. });
            if is_this_one {
                mountpoints.extend(mountpoint.clone());
            }
        }
        ThresholdFact {
            row: *row,
            is_breached,
            is_pending: is_any_pending && is_breached != Some(true),
            breached_at: self.breached_at.get(&row.resource).copied(),
            mountpoints,
        }
    }
}

/// Drops file systems that are no longer mounted: a removed disk is not full. If not all
/// could be read, what is missing may only be hanging, and stays.
fn forget_gone(
    states: &mut BTreeMap<(HostResource, Option<Arc<str>>), ThresholdState>,
    row: &Threshold,
    observations: &[Observation],
    sample: &HostSample,
) -> Vec<ThresholdChange> {
    let is_whole = sample
        .collectors
        .iter()
        .any(|run| run.collector == HostCollector::Filesystem && run.is_success);
    let mut changes = Vec::new();
    states.retain(|(resource, mountpoint), before| {
        let is_gone = *resource == row.resource
            && mountpoint.is_some()
            && is_whole
            && !observations
                .iter()
                .any(|seen| seen.mountpoint == *mountpoint);
        if is_gone && *before != ThresholdState::Inactive {
            changes.push(ThresholdChange {
                resource: *resource,
                mountpoint: mountpoint.clone(),
                before: *before,
                after: ThresholdState::Inactive,
                value: None,
            });
        }
        !is_gone
    });
    changes
}

fn change(
    seen: &Observation,
    before: ThresholdState,
    after: ThresholdState,
) -> Option<ThresholdChange> {
    (before != after).then(|| ThresholdChange {
        resource: seen.resource,
        mountpoint: seen.mountpoint.clone(),
        before,
        after,
        value: Some(seen.value),
    })
}

#[cfg(test)]
mod tests;
