//! Two endpoint clients for tests, with everything set that a client can have.
//!
//! The Netskope Client has its tunnel up and leads nothing into it; the Cato Client
//! works, with a token about to expire, and was connected anew twice.

use std::sync::Arc;
use std::time::Duration;

use model::connector::{
    ConnectorKind, ConnectorState, Fact, Facts, ProbeFailure, ServiceState, Tool, ToolReading,
    TunnelState,
};
use model::event::EventKind;
use model::histogram::RttHistogram;
use model::log::DateOrderTaken;
use model::snapshot::{ConnectorSnapshot, LogSnapshot, ToolSnapshot};
use model::untrusted::Untrusted;

use super::{at, event, key, log};

/// Its tunnel is up and traffic goes past it; the configuration it works with is old.
pub(crate) fn netskope_client(name: &str) -> ConnectorSnapshot {
    let kind = ConnectorKind::NetskopeClient;
    let story = [
        (EventKind::ClientInstalled, "", 20),
        (EventKind::TunnelConnected, "", 90),
        (EventKind::ServiceStateChanged, "connected", 95),
        (EventKind::ConfigUpdateFailed, "", 200),
        (EventKind::SteeringFailed, "filter_device", 240),
    ];
    let mut state = told(kind, &story);
    state.facts = facts(&[
        (Fact::Gateway, "gateway-ord2.goskope.com"),
        (Fact::TunnelProtocol, "DTLS"),
        (Fact::OnPremisesCheck, "remote"),
    ]);
    ConnectorSnapshot {
        kind,
        state,
        events: vec![
            (key(EventKind::TunnelConnected, ""), 1),
            (key(EventKind::SteeringFailed, "filter_device"), 1),
            (key(EventKind::FlowBlocked, ""), 0),
            (key(EventKind::FlowTunneled, ""), 4_711),
        ],
        last_events: vec![
            (EventKind::TunnelConnected, at(90)),
            (EventKind::SteeringFailed, at(240)),
        ],
        logs: vec![log("client", 5_000), log("npa", 40)],
        tools: vec![answering(Tool::Nsdiag, 180), failing(Tool::StAgentCli)],
        tool_facts: facts(NETSKOPE_TOLD),
        configured_at: Some(at(-86_400)),
        round_trips: vec![
            (Arc::from("US-ORD2"), round_trips(&[9, 12, 12, 31])),
            (Arc::from("other"), round_trips(&[75, 1_200])),
        ],
        ..super::healthy(name)
    }
}

/// Both services are connected, the private one with a warning.
pub(crate) fn cato_client(name: &str) -> ConnectorSnapshot {
    let kind = ConnectorKind::CatoClient;
    let story = [
        (EventKind::TunnelConnected, "", 100),
        (EventKind::ServiceStateChanged, "warning", 300),
    ];
    let mut state = told(kind, &story);
    let reading = ToolReading {
        tunnel: Some(TunnelState::Connected),
        internet_security: Some(ServiceState::Connected),
        ..ToolReading::default()
    };
    state.observe(&reading, at(520));
    state.facts = facts(&[(Fact::Version, "5.5.0.2120")]);
    ConnectorSnapshot {
        kind,
        state,
        events: vec![
            (key(EventKind::TunnelConnected, ""), 3),
            (key(EventKind::TunnelConnectFailed, "other"), 0),
            (key(EventKind::DnsFailed, ""), 0),
        ],
        last_events: vec![(EventKind::TunnelConnected, at(100))],
        logs: vec![LogSnapshot {
            ambiguous_dates: vec![
                (DateOrderTaken::DayFirst, 1),
                (DateOrderTaken::MonthFirst, 0),
            ],
            ..log("client", 800)
        }],
        tools: vec![answering(Tool::CatoSdp, 520)],
        tool_facts: facts(&[
            (Fact::Version, "5.5.0.2120"),
            (Fact::Pop, "Tokyo_DC2"),
            (Fact::TunnelIp, "10.41.0.7"),
            (Fact::TunnelDevice, "tun0"),
        ]),
        tunnel_reconnects: 2,
        ..super::healthy(name)
    }
}

/// Every label of `ztna_connector_info` but those that another sample leaves out.
const NETSKOPE_TOLD: &[(Fact, &str)] = &[
    (Fact::Organisation, "Example Corp"),
    (Fact::Version, "117.1.0.1234"),
    (Fact::Gateway, "gateway-ord2.goskope.com"),
    (Fact::GatewayIp, "203.0.113.35"),
    (Fact::Pop, "US-ORD2"),
    (Fact::TunnelProtocol, "DTLS"),
    (Fact::ClientConfiguration, "Default \"tenant\" config"),
    (Fact::SteeringConfiguration, "Default tenant config"),
    (Fact::TrafficMode, "All Traffic"),
    (Fact::DynamicSteering, "false"),
    (Fact::OnPremisesCheck, "Not Configured"),
    (Fact::DeviceClassification, "managed"),
    (Fact::PrivateAccess, "connected"),
    (Fact::PrivateAccessGateway, "203.0.113.69"),
    (Fact::ConfigurationStatus, "up to date"),
    (Fact::User, "9f86d081884c7d65"),
];

fn told(kind: ConnectorKind, story: &[(EventKind, &str, i64)]) -> ConnectorState {
    let mut state = ConnectorState::default();
    for (what, reason, second) in story {
        state.apply(&event(*what, reason, *second), at(*second), kind);
    }
    state
}

fn facts(told: &[(Fact, &str)]) -> Facts {
    told.iter()
        .map(|(fact, text)| (*fact, Untrusted::new(text)))
        .collect()
}

/// A tool that answered each time.
fn answering(tool: Tool, second: i64) -> ToolSnapshot {
    ToolSnapshot {
        tool,
        is_success: Some(true),
        duration: Some(Duration::from_millis(412)),
        succeeded_at: Some(at(second)),
        runs: 2,
        failures: ProbeFailure::ALL.iter().map(|each| (*each, 0)).collect(),
    }
}

/// A tool that has hung each time.
fn failing(tool: Tool) -> ToolSnapshot {
    let hung = |each| u64::from(each == ProbeFailure::Timeout);
    ToolSnapshot {
        is_success: Some(false),
        duration: Some(Duration::from_secs(10)),
        succeeded_at: None,
        runs: 1,
        failures: ProbeFailure::ALL
            .iter()
            .map(|each| (*each, hung(*each)))
            .collect(),
        ..answering(tool, 0)
    }
}

fn round_trips(measured_ms: &[u64]) -> RttHistogram {
    let mut counts = vec![0; RttHistogram::steps()];
    for rtt_ms in measured_ms {
        counts[RttHistogram::step_of(*rtt_ms)] += 1;
    }
    RttHistogram {
        counts,
        sum_ms: measured_ms.iter().sum(),
    }
}
