//! The picture as rules see it, with numbers that a timeline sets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alerts::facts::{ConnectorFacts, EventCount, Facts};
use anyhow::{anyhow, bail};
use model::host::threshold::HostResource;
use model::signal::{HostSignal, Signal, SignalRow};

/// Numbers that a timeline sets.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    set: Vec<Series>,
}

#[derive(Debug)]
struct Series {
    signal: Signal,
    labels: Vec<String>,
    /// `None`: nobody tells of it.
    value: Option<f64>,
}

impl Numbers {
    /// Sets a series.
    pub(super) fn set(&mut self, row: &SignalRow, labels: Vec<String>, value: Option<f64>) {
        let signal = row.signal;
        let is_same = |one: &Series| one.signal == signal && one.labels == labels;
        self.set.retain(|one| !is_same(one));
        self.set.push(Series {
            signal,
            labels,
            value,
        });
    }
}

/// Facts with these numbers in front.
pub(super) struct Overlay<'a> {
    /// What the logs told.
    pub below: &'a dyn Facts,
    /// What the timeline sets.
    pub above: &'a Numbers,
}

impl Facts for Overlay<'_> {
    fn readings(&self, signal: Signal, each: &mut dyn FnMut(&[&str], f64)) {
        let set: Vec<&Series> = self
            .above
            .set
            .iter()
            .filter(|one| one.signal == signal)
            .collect();
        self.below.readings(signal, &mut |labels, value| {
            if !set.iter().any(|one| one.labels == labels) {
                each(labels, value);
            }
        });
        for one in set {
            if let Some(value) = one.value {
                let labels: Vec<&str> = one.labels.iter().map(String::as_str).collect();
                each(&labels, value);
            }
        }
    }

    fn is_caught_up(&self) -> bool {
        self.below.is_caught_up()
    }

    fn connectors(&self, each: &mut dyn FnMut(ConnectorFacts<'_>)) {
        self.below.connectors(each);
    }

    fn event_counts(&self, each: &mut dyn FnMut(EventCount<'_>)) {
        self.below.event_counts(each);
    }

    fn why(&self, signal: Signal, labels: &[(Arc<str>, Arc<str>)]) -> Vec<(&'static str, String)> {
        self.below.why(signal, labels)
    }

    /// A timeline does not say of which kind a file system is: those that it sets, and that
    /// could have as much free as they should.
    fn full_filesystems(&self) -> Vec<Arc<str>> {
        let numbers = |signal: HostSignal| {
            let mut numbers: BTreeMap<Arc<str>, f64> = BTreeMap::new();
            self.readings(Signal::Host(signal), &mut |labels, value| {
                numbers.insert(Arc::from(labels.concat()), value);
            });
            numbers
        };
        let limits = numbers(HostSignal::Threshold);
        let limit = limits.get(HostResource::Disk.name()).copied();
        let sizes = numbers(HostSignal::FilesystemSize);
        let free = numbers(HostSignal::FilesystemAvailable).into_iter();
        let is_full = |mountpoint: &Arc<str>, available: f64| {
            let is_large = |least| sizes.get(mountpoint).is_none_or(|size| least < *size);
            limit.is_some_and(|least| available < least && is_large(least))
        };
        let set = free.filter(|(mountpoint, available)| is_full(mountpoint, *available));
        let mut full: BTreeSet<Arc<str>> = set.map(|(mountpoint, _)| mountpoint).collect();
        full.extend(self.below.full_filesystems());
        full.into_iter().collect()
    }
}

/// Label values in the order of the signal's row.
pub(super) fn labels_of(
    row: &SignalRow,
    labels: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<String>> {
    if let Some(unknown) = labels
        .keys()
        .find(|name| !row.labels.contains(&name.as_str()))
    {
        bail!(
            "`{}` has no label `{unknown}`; it has: {}",
            row.name,
            row.labels.join(", ")
        );
    }
    let value = |name: &&str| {
        let value = labels.get(*name);
        value
            .cloned()
            .ok_or_else(|| anyhow!("the label `{name}` of `{}` is missing", row.name))
    };
    row.labels.iter().map(value).collect()
}
