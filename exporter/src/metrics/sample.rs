//! A snapshot for tests: one connector of everything, with fixed times.
//!
//! The golden pages of `/metrics`, the status page and its JSON all show this one, so
//! that they can be compared by eye. The endpoint clients stand in `clients`, what the
//! golden pages show of the host and of probes in `host`, of alerts in `alerts`.

mod alerts;
mod clients;
mod host;

use std::sync::Arc;

use jiff::Timestamp;
use model::connector::{
    ConnectorKind, ConnectorState, Fact, Facts, RegistrationState, Status, TunnelState, UpdateState,
};
use model::event::{Event, EventKey, EventKind, Field, Reason};
use model::log::{GenerationCause, LineOutcome, LossCause};
use model::snapshot::{
    ConnectorSnapshot, FileSnapshot, LogSnapshot, NearMiss, RecentEvent, Snapshot, UnreadableFile,
};
use model::untrusted::Untrusted;

/// 2026-11-20 10:00:00 UTC, when the sample's story begins.
pub(crate) const START_SECOND: i64 = 1_795_168_800;

/// A moment of the story.
pub(crate) fn at(seconds_after_start: i64) -> Timestamp {
    Timestamp::from_second(START_SECOND + seconds_after_start).unwrap()
}

/// An event's key; `""` for no reason.
pub(crate) fn key(kind: EventKind, reason: &str) -> EventKey {
    EventKey {
        kind,
        reason: Reason::new(reason).unwrap_or_default(),
    }
}

pub(crate) use clients::{cato_client, netskope_client};
pub(crate) use host::whole;

/// A Publisher in health and one in trouble, and a client of each product.
pub(crate) fn snapshot() -> Snapshot {
    Snapshot {
        taken_at: Some(at(600)),
        is_caught_up: true,
        connectors: vec![
            healthy("pub-fra-1"),
            troubled("pub-sjc-2"),
            netskope_client("laptop-ord-3"),
            cato_client("laptop-tyo-4"),
        ],
        host: None,
        probes: Vec::new(),
        alerts: Arc::default(),
        recent_events: Arc::from([
            recent("pub-sjc-2", EventKind::UpdateFailed, "docker_pull", 480),
            recent("pub-fra-1", EventKind::TunnelConnected, "", 60),
        ]),
        own_events: Arc::default(),
    }
}

/// A connector with its tunnel up and all its lines read.
pub(crate) fn healthy(name: &str) -> ConnectorSnapshot {
    let mut state = ConnectorState::default();
    for (kind, second) in [
        (EventKind::RegistrationStarted, 5),
        (EventKind::RegistrationSucceeded, 10),
        (EventKind::TunnelConnecting, 55),
        (EventKind::TunnelConnected, 60),
    ] {
        state.apply(
            &event(kind, "", second),
            at(second),
            ConnectorKind::NetskopePublisher,
        );
    }
    state.facts = [
        (Fact::PublisherId, "3f6c0a52a1e94d7b"),
        (Fact::Tenant, "ns-1234.example.goskope.com"),
        (Fact::Stitcher, "stitcher.fra1.npa.goskope.com"),
        (Fact::Address, "192.0.2.10"),
    ]
    .into_iter()
    .map(|(fact, text)| (fact, Untrusted::new(text)))
    .collect();
    ConnectorSnapshot {
        name: Arc::from(name),
        kind: ConnectorKind::NetskopePublisher,
        state,
        events: vec![
            (key(EventKind::RegistrationSucceeded, ""), 1),
            (key(EventKind::RegistrationFailed, "other"), 0),
            (key(EventKind::TunnelConnected, ""), 1),
            (key(EventKind::TlsError, "ssl"), u64::MAX),
        ],
        last_events: vec![
            (EventKind::RegistrationSucceeded, at(10)),
            (EventKind::TunnelConnected, at(60)),
        ],
        logs: vec![log("agent", 120)],
        tools: Vec::new(),
        tool_facts: Facts::default(),
        configured_at: None,
        tunnel_reconnects: 0,
        round_trips: Vec::new(),
        heard_at: Some(at(599)),
        is_silent: false,
    }
}

/// A connector whose tunnel is down, whose update failed, and whose log changed its words.
pub(crate) fn troubled(name: &str) -> ConnectorSnapshot {
    let changed = |kind, reason, second| Status {
        state: (),
        since: Some(at(second)),
        event: Some(kind),
        reason: key(kind, reason).reason,
    };
    let mut connector = healthy(name);
    connector.state.tunnel = with_state(
        changed(EventKind::TunnelDisconnected, "", 300),
        TunnelState::Disconnected,
    );
    connector.state.update = with_state(
        changed(EventKind::UpdateFailed, "docker_pull", 480),
        UpdateState::Failed,
    );
    connector.state.registration = with_state(
        changed(EventKind::RegistrationSucceeded, "", 10),
        RegistrationState::Registered,
    );
    let mut agent = log("agent", 0);
    agent.lag_bytes = 2048;
    agent.last_read_at = None;
    agent.lost_bytes = LossCause::ALL.iter().map(|cause| (*cause, 17)).collect();
    agent.near_misses = vec![NearMiss {
        function: Arc::from("tunnel.cpp:onConnected"),
        count: 3,
        sample: Some(Untrusted::new("onConnected():0x0 Tunnel is now open")),
    }];
    agent.unreadable = vec![UnreadableFile {
        path: "/var/log/publisher/agent.txt.1".to_owned(),
        error: "Permission denied (os error 13)".to_owned(),
        is_refused: false,
    }];
    connector.logs = vec![agent];
    connector
}

fn with_state<S>(status: Status<()>, state: S) -> Status<S> {
    Status {
        state,
        since: status.since,
        event: status.event,
        reason: status.reason,
    }
}

fn log(name: &str, lines: u64) -> LogSnapshot {
    let recognised = |outcome| {
        if outcome == LineOutcome::Recognised {
            lines
        } else {
            0
        }
    };
    LogSnapshot {
        name: Arc::from(name),
        lines: LineOutcome::ALL
            .iter()
            .map(|each| (*each, recognised(*each)))
            .collect(),
        bytes: lines * 80,
        lag_bytes: 0,
        last_read_at: Some(at(599)),
        generations: GenerationCause::ALL.iter().map(|each| (*each, 0)).collect(),
        lost_bytes: LossCause::ALL.iter().map(|each| (*each, 0)).collect(),
        ambiguous_dates: Vec::new(),
        near_misses: vec![NearMiss {
            function: Arc::from("tunnel.cpp:onConnected"),
            count: 0,
            sample: None,
        }],
        files: vec![FileSnapshot {
            path: "/home/ubuntu/logs/agent.txt".to_owned(),
            offset: lines * 80,
            size: lines * 80,
        }],
        unreadable: Vec::new(),
        files_over_limit: 0,
    }
}

fn event(kind: EventKind, reason: &str, second: i64) -> Event {
    Event {
        key: key(kind, reason),
        time: Some(at(second)),
        fields: Vec::new(),
    }
}

/// An event for the list of the latest.
pub(crate) fn recent(connector: &str, kind: EventKind, reason: &str, second: i64) -> RecentEvent {
    let mut shown = event(kind, reason, second);
    shown.fields.push(Field {
        name: Arc::from("stitcher"),
        value: Untrusted::new("stitcher.fra1.npa.goskope.com"),
    });
    RecentEvent {
        connector: Arc::from(connector),
        log: Arc::from("agent"),
        file: Arc::from("/home/ubuntu/logs/agent.txt"),
        offset: 4711,
        read_at: at(second + 1),
        event: shown,
        line: None,
    }
}
