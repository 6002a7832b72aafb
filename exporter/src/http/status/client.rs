//! The part of the report that only endpoint clients have.
//!
//! What the client's icon shows and which row of the vendor's table it stands on, why a
//! tunnel that is up does not help, what the vendor's own tools say and how they fared,
//! and how far away the vendor's gateways are. Facts of tools stand beside those of logs
//! under names of their own: no log line can forge them.

use jiff::Timestamp;
use model::connector::{
    Actor, Aspect, ClientStatus, ConnectorKind, DegradedReason, IconState, StatusRow,
};
use model::histogram::RttHistogram;
use model::snapshot::{ConnectorSnapshot, ToolSnapshot};
use serde::Serialize;

use super::{Counts, FactReports, Foreign, as_object, fact_reports, facts_by_name, milliseconds};
use crate::http::advice;

/// A round trip that takes longer than this is felt in interactive work, in milliseconds.
/// One of the histogram's bounds, so that the share is exact.
const LONG_RTT_MS: u64 = 100;

/// What is particular to an endpoint client.
#[derive(Debug, Serialize)]
pub(in crate::http) struct ClientReport<'a> {
    /// What its user sees; of products whose vendor documents that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) icon: Option<&'static str>,
    /// The row of the vendor's table of status events that it stands on, if on any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) vendor_event: Option<VendorEventReport>,
    pub(in crate::http) degraded: Vec<DegradedReport>,
    /// What the tools told; `facts` are those of the logs.
    #[serde(serialize_with = "facts_by_name")]
    pub(in crate::http) tool_facts: FactReports<'a>,
    /// By the tools.
    pub(in crate::http) configuration_updated_at: Option<Timestamp>,
    pub(in crate::http) tunnel_reconnects: u64,
    pub(in crate::http) probes: Vec<ToolReport>,
    pub(in crate::http) round_trips: Vec<RoundTripReport<'a>>,
}

/// A row of the vendor's table.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct VendorEventReport {
    pub(in crate::http) name: &'static str,
    pub(in crate::http) actor: &'static str,
}

/// Why the connector does not do its work although its tunnel is up.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct DegradedReport {
    pub(in crate::http) reason: &'static str,
    pub(in crate::http) meaning: &'static str,
}

/// How one of the vendor's tools fared.
#[derive(Debug, Serialize)]
pub(in crate::http) struct ToolReport {
    pub(in crate::http) probe: &'static str,
    /// Whether the last run gave a reading; `None` before the first.
    pub(in crate::http) success: Option<bool>,
    pub(in crate::http) duration_ms: Option<u64>,
    pub(in crate::http) last_success_at: Option<Timestamp>,
    pub(in crate::http) runs: u64,
    #[serde(serialize_with = "as_object")]
    pub(in crate::http) failures: Counts,
    /// What to do about each cause that ever was, while the last run failed. Which of
    /// them the last run had is not known.
    pub(in crate::http) advice: Vec<&'static str>,
}

/// The round trips to one point of presence.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct RoundTripReport<'a> {
    pub(in crate::http) pop: Foreign<'a>,
    pub(in crate::http) count: u64,
    pub(in crate::http) mean_ms: u64,
    /// How many took longer than 100 ms.
    pub(in crate::http) over_100ms: u64,
}

/// `None` for a product that is no endpoint client.
pub(super) fn client_report(connector: &ConnectorSnapshot) -> Option<ClientReport<'_>> {
    match connector.kind {
        ConnectorKind::NetskopePublisher => return None,
        ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => {}
    }
    let state = &connector.state;
    let has_status = connector.kind.has(Aspect::Client);
    Some(ClientReport {
        icon: has_status.then(|| state.client.state.icon().name()),
        vendor_event: vendor_event(connector),
        degraded: state.degraded().into_iter().map(degraded_report).collect(),
        tool_facts: fact_reports(connector.kind, &connector.tool_facts),
        configuration_updated_at: connector.configured_at,
        tunnel_reconnects: connector.tunnel_reconnects,
        probes: connector.tools.iter().map(tool_report).collect(),
        round_trips: connector
            .round_trips
            .iter()
            .map(|(pop, measured)| round_trip_report(pop, measured))
            .collect(),
    })
}

/// What an icon looks like, in the vendor's description.
pub(in crate::http) fn icon_meaning(icon: &str) -> &'static str {
    match IconState::from_name(icon) {
        None | Some(IconState::Unknown) => "not known",
        Some(IconState::Enabled) => "in full colour",
        Some(IconState::Disabled) => "grey",
        Some(IconState::DisabledError) => "grey, with an orange circle and an exclamation point",
        Some(IconState::FailClosed) => "red",
        Some(IconState::Absent) => "gone",
    }
}

/// Only a row that says exactly this: a reason of an operator's own catalogue has none.
fn vendor_event(connector: &ConnectorSnapshot) -> Option<VendorEventReport> {
    let status = &connector.state.client;
    if !connector.kind.has(Aspect::Client) || status.state == ClientStatus::Unknown {
        return None;
    }
    StatusRow::find(status.event?, &status.reason)
        .filter(|row| row.reason == status.reason.as_str())
        .map(|row| VendorEventReport {
            name: row.name,
            actor: match row.actor {
                Actor::System => "system",
                Actor::User => "user",
                Actor::Admin => "admin",
            },
        })
}

const fn degraded_report(reason: DegradedReason) -> DegradedReport {
    DegradedReport {
        reason: reason.name(),
        meaning: match reason {
            DegradedReason::SteeringFailed => "the tunnel is up, but nothing is steered into it",
            DegradedReason::ConfigurationUpdateFailed => {
                "the tunnel is up, but the client works with an old configuration"
            }
            DegradedReason::ServiceImpaired => {
                "the tunnel is up, but a service in it does not work as it should"
            }
        },
    }
}

fn tool_report(tool: &ToolSnapshot) -> ToolReport {
    let has_failed = tool.is_success == Some(false);
    let causes = tool.failures.iter().filter(|(_, count)| 0 < *count);
    ToolReport {
        probe: tool.tool.name(),
        success: tool.is_success,
        duration_ms: tool.duration.map(milliseconds),
        last_success_at: tool.succeeded_at,
        runs: tool.runs,
        failures: tool
            .failures
            .iter()
            .map(|(cause, count)| (cause.name(), *count))
            .collect(),
        advice: causes
            .filter(|_| has_failed)
            .map(|(cause, _)| advice::of_tool(tool.tool, *cause))
            .collect(),
    }
}

fn round_trip_report<'a>(pop: &'a str, measured: &RttHistogram) -> RoundTripReport<'a> {
    let count = measured.count();
    let first_long = RttHistogram::step_of(LONG_RTT_MS).saturating_add(1);
    let long_ones = measured.counts.get(first_long..).unwrap_or_default();
    RoundTripReport {
        pop: Foreign(pop),
        count,
        mean_ms: measured.sum_ms.checked_div(count).unwrap_or_default(),
        over_100ms: long_ones
            .iter()
            .fold(0, |sum, steps| sum.saturating_add(*steps)),
    }
}

#[cfg(test)]
mod tests {
    use model::histogram::RTT_BOUNDS_MS;

    use super::*;

    fn measured(round_trips_ms: &[u64]) -> RttHistogram {
        let mut counts = vec![0; RttHistogram::steps()];
        for rtt_ms in round_trips_ms {
            counts[RttHistogram::step_of(*rtt_ms)] += 1;
        }
        RttHistogram {
            counts,
            sum_ms: round_trips_ms.iter().sum(),
        }
    }

    #[test]
    fn the_share_over_100_ms_is_exact_at_its_bound() {
        assert!(RTT_BOUNDS_MS.contains(&LONG_RTT_MS));
        let report = |round_trips: &[u64]| {
            let histogram = measured(round_trips);
            let report = round_trip_report("US-STL1", &histogram);
            (report.count, report.mean_ms, report.over_100ms)
        };
        assert_eq!(report(&[100, 100, 100]), (3, 100, 0));
        assert_eq!(report(&[101, 100, 5_000]), (3, 1_733, 2));
        assert_eq!(report(&[]), (0, 0, 0));
        let empty = round_trip_report("x", &RttHistogram::default());
        assert_eq!((empty.count, empty.mean_ms, empty.over_100ms), (0, 0, 0));
    }
}
