//! What rules may ask, answered from a picture: the same numbers that `/metrics` shows.

use std::borrow::Cow;
use std::sync::Arc;

use alerts::facts::{ConnectorFacts, EventCount, Facts};
use model::connector::Fact;
use model::host::threshold::HostResource;
use model::signal::Signal;
use model::snapshot::{ConnectorSnapshot, Snapshot};
use model::untrusted::Untrusted;

use super::why::why;
use crate::metrics::collector::{Value, series_of};

/// A picture as the rules see it.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotFacts<'a> {
    snapshot: &'a Snapshot,
}

impl<'a> SnapshotFacts<'a> {
    /// The facts of this picture.
    pub const fn new(snapshot: &'a Snapshot) -> Self {
        Self { snapshot }
    }
}

impl Facts for SnapshotFacts<'_> {
    fn readings(&self, signal: Signal, each: &mut dyn FnMut(&[&str], f64)) {
        for series in series_of(signal, self.snapshot) {
            let Some(value) = number_of(series.value) else {
                continue;
            };
            let labels: Vec<&str> = series.label_values.iter().map(Cow::as_ref).collect();
            each(&labels, value);
        }
    }

    fn is_caught_up(&self) -> bool {
        self.snapshot.is_caught_up
    }

    fn connectors(&self, each: &mut dyn FnMut(ConnectorFacts<'_>)) {
        for connector in &self.snapshot.connectors {
            each(ConnectorFacts {
                name: &connector.name,
                kind: connector.kind,
                is_tunnel_up: connector.state.is_tunnel_up(),
                stitcher: told(connector, Fact::Stitcher).or_else(|| told(connector, Fact::Pop)),
                version: told(connector, Fact::Version),
                is_silent: connector.is_silent,
                heard_at: connector.heard_at,
            });
        }
    }

    fn event_counts(&self, each: &mut dyn FnMut(EventCount<'_>)) {
        for connector in &self.snapshot.connectors {
            for (key, count) in &connector.events {
                each(EventCount {
                    connector: &connector.name,
                    event: key.kind.name(),
                    reason: key.reason.as_str(),
                    count: *count,
                });
            }
        }
    }

    fn why(&self, signal: Signal, labels: &[(Arc<str>, Arc<str>)]) -> Vec<(&'static str, String)> {
        why(self.snapshot, signal, labels)
    }

    fn full_filesystems(&self) -> Vec<Arc<str>> {
        let facts = self.snapshot.host.iter().flat_map(|host| &host.thresholds);
        facts
            .filter(|fact| fact.row.resource == HostResource::Disk)
            .flat_map(|fact| fact.mountpoints.iter().cloned())
            .collect()
    }
}

/// What is known of a connector: by its own tool, or else by its logs.
fn told(connector: &ConnectorSnapshot, fact: Fact) -> Option<&str> {
    let by_tool = connector.tool_facts.get(fact);
    by_tool
        .or_else(|| connector.state.facts.get(fact))
        .map(Untrusted::expose)
}

/// Measurements in buckets are no one number.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a limit is no more exact than a float"
)]
const fn number_of(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Count(count) => Some(count as f64),
        Value::Number(number) => Some(number),
        Value::RoundTrips(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use model::signal::{HostSignal, SIGNALS};

    use super::*;
    use crate::metrics::sample::{snapshot, whole};

    #[test]
    fn rules_see_the_numbers_of_the_exposition_with_the_labels_of_its_rows() {
        let picture = whole();
        let facts = SnapshotFacts::new(&picture);
        let mut seen = 0;
        for row in SIGNALS {
            facts.readings(row.signal, &mut |labels, _| {
                assert_eq!(labels.len(), row.labels.len(), "{}", row.name);
                seen += 1;
            });
        }
        assert!(100 < seen, "{seen}");
        let mut cpu = Vec::new();
        let signal = Signal::Host(HostSignal::CpuUsed);
        facts.readings(signal, &mut |_, value| cpu.push(value));
        assert_eq!(cpu.len(), 1);
    }

    #[test]
    fn a_connector_is_told_with_its_stitcher_and_counts() {
        let picture = snapshot();
        let facts = SnapshotFacts::new(&picture);
        let mut names = Vec::new();
        facts.connectors(&mut |connector| {
            let stitcher = connector.stitcher.map(str::to_owned);
            names.push((connector.name.to_owned(), connector.is_tunnel_up, stitcher));
        });
        let stitcher = Some("stitcher.fra1.npa.goskope.com".to_owned());
        assert_eq!(
            names.first(),
            Some(&("pub-fra-1".to_owned(), true, stitcher))
        );
        let mut connected = 0;
        facts.event_counts(&mut |count| {
            if (count.connector, count.event) == ("pub-fra-1", "tunnel.connected") {
                connected += count.count;
            }
        });
        assert_eq!(connected, 1);
    }
}
