//! The fold, row by row: attempts and confirmations, the vendor's table, tools, silence.

use std::time::Duration;

use super::*;
use crate::event::{EventKey, Field};
use crate::untrusted::Untrusted;

const PUBLISHER: ConnectorKind = ConnectorKind::NetskopePublisher;
const NETSKOPE: ConnectorKind = ConnectorKind::NetskopeClient;
const CATO: ConnectorKind = ConnectorKind::CatoClient;

fn event(kind: EventKind, reason: &str) -> Event {
    Event {
        key: EventKey {
            kind,
            reason: Reason::new(reason).unwrap_or_default(),
        },
        time: None,
        fields: Vec::new(),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Folds events that happen at 1 s, 2 s, 3 s …
fn fold_on(product: ConnectorKind, events: &[(EventKind, &str)]) -> ConnectorState {
    let mut state = ConnectorState::default();
    for (second, (kind, reason)) in (1..).zip(events) {
        state.apply(&event(*kind, reason), at(second), product);
    }
    state
}

fn fold(kinds: &[EventKind]) -> ConnectorState {
    let events: Vec<_> = kinds.iter().map(|kind| (*kind, "")).collect();
    fold_on(PUBLISHER, &events)
}

#[test]
fn an_attempt_never_makes_a_tunnel_up() {
    let state = fold(&[EventKind::TunnelConnecting, EventKind::StitcherStatus]);
    assert_eq!(state.tunnel.state, TunnelState::Connecting);
    assert!(!state.is_tunnel_up());
}

#[test]
fn an_attempt_beside_a_confirmed_tunnel_changes_nothing() {
    for attempt in [EventKind::TunnelConnecting, EventKind::TunnelConnectFailed] {
        let state = fold(&[EventKind::TunnelConnected, attempt]);
        assert!(state.is_tunnel_up());
        assert_eq!(state.tunnel.since, Some(at(1)));
    }
}

#[test]
fn a_repeated_confirmation_keeps_the_time_of_the_change() {
    let state = fold(&[
        EventKind::TunnelConnected,
        EventKind::TunnelDisconnected,
        EventKind::TunnelDisconnected,
    ]);
    assert_eq!(
        (state.tunnel.state, state.tunnel.since),
        (TunnelState::Disconnected, Some(at(2)))
    );
}

#[test]
fn a_skipped_update_heals_a_failed_one() {
    let failed = fold(&[EventKind::UpdateFailed]);
    assert_eq!(failed.update.state, UpdateState::Failed);
    let healed = fold(&[EventKind::UpdateFailed, EventKind::UpdateSkipped]);
    assert_eq!(healed.update.state, UpdateState::Current);
}

#[test]
fn an_empty_field_does_not_erase_what_is_known() {
    let mut state = ConnectorState::default();
    for tenant in ["example.goskope.com", ""] {
        let mut connected = event(EventKind::TunnelConnected, "");
        connected.fields.push(Field {
            name: "tenant".into(),
            value: Untrusted::new(tenant),
        });
        state.apply(&connected, at(1), PUBLISHER);
    }
    assert_eq!(
        state.facts.get(Fact::Tenant),
        Some(&Untrusted::new("example.goskope.com"))
    );
}

#[test]
fn what_does_not_concern_the_state_leaves_it_alone() {
    for product in ConnectorKind::ALL {
        for kind in EventKind::ALL.iter().filter(|kind| !kind.concerns_state()) {
            assert_eq!(
                fold_on(*product, &[(*kind, "")]),
                ConnectorState::default(),
                "{kind}"
            );
        }
    }
}

#[test]
fn a_product_never_gets_an_aspect_that_it_does_not_have() {
    for product in ConnectorKind::ALL {
        let everything: Vec<_> = EventKind::ALL.iter().map(|kind| (*kind, "")).collect();
        let mut state = fold_on(*product, &everything);
        state.apply(
            &event(EventKind::ServiceStateChanged, "connected"),
            at(99),
            *product,
        );
        for aspect in Aspect::ALL {
            let is_known = state.view(*aspect).since.is_some();
            assert_eq!(is_known, product.has(*aspect), "{product} {aspect}");
        }
    }
}

#[test]
fn every_state_is_restored_by_its_word() {
    for aspect in Aspect::ALL {
        for word in states_of(*aspect) {
            let mut state = ConnectorState::default();
            let evidence = Evidence {
                since: Some(at(5)),
                event: Some(EventKind::TlsError),
                reason: Reason::new("why").unwrap(),
            };
            state.restore(*aspect, word, evidence);
            let view = state.view(*aspect);
            assert_eq!((view.state, view.since), (word, Some(at(5))));
            assert_eq!(view.reason.as_str(), "why");
        }
        assert_eq!(states_of(*aspect).first(), Some(&"unknown"), "{aspect}");
    }
}

/// The vendor's table as the vendor prints it: event, actor, status.
const TABLE: [(&str, Actor, &str); 18] = [
    ("Installed", Actor::System, "Disabled"),
    ("Tunnel Up", Actor::System, "Enabled"),
    ("Tunnel Down", Actor::System, "Disabled"),
    (
        "Tunnel down due to secure forwarder",
        Actor::System,
        "Disabled",
    ),
    ("Fail close", Actor::System, "Disabled"),
    ("Tunnel down due to GRE", Actor::System, "Disabled"),
    (
        "Tunnel down due to Data Plane on-premises",
        Actor::System,
        "Disabled",
    ),
    ("Tunnel down due to config error", Actor::System, "Disabled"),
    ("Tunnel down due to error", Actor::System, "Disabled"),
    ("Change in network", Actor::System, "Disabled"),
    ("System shutdown", Actor::System, "Disabled"),
    ("System powerup", Actor::System, "Disabled/Enabled"),
    ("User Disabled", Actor::User, "Disabled"),
    ("User Enabled", Actor::User, "Enabled"),
    ("Admin Disabled", Actor::Admin, "Disabled"),
    ("Admin Enabled", Actor::Admin, "Enabled"),
    ("Uninstalled", Actor::System, "Uninstalled"),
    ("Installation Failure", Actor::System, "Disabled"),
];

/// The status that a row leaves behind on a client whose tunnel was `before`.
fn status_after(row: &StatusRow, before: EventKind) -> ClientStatus {
    let events = [(before, ""), (row.event, row.reason)];
    fold_on(NETSKOPE, &events).client.state
}

#[test]
fn every_row_of_the_vendors_table_leads_to_the_vendors_status() {
    assert_eq!(STATUS_TABLE.len(), TABLE.len());
    for (row, (name, actor, status)) in STATUS_TABLE.iter().zip(TABLE) {
        assert_eq!((row.name, row.actor), (name, actor));
        let from_up = status_after(row, EventKind::TunnelConnected);
        let from_down = status_after(row, EventKind::TunnelDisconnected);
        let is_disabled = |found| {
            matches!(
                found,
                ClientStatus::Disabled | ClientStatus::DisabledError | ClientStatus::FailClosed
            )
        };
        match status {
            "Enabled" => assert_eq!((from_up, from_down), (ClientStatus::Enabled, from_up)),
            "Disabled" => assert!(is_disabled(from_up) && from_up == from_down, "{name}"),
            "Uninstalled" => assert_eq!(from_up, ClientStatus::Uninstalled),
            _ => {
                assert_eq!(from_up, ClientStatus::Enabled, "{name}");
                assert!(is_disabled(from_down), "{name}");
            }
        }
    }
}

#[test]
fn the_icon_follows_from_the_status() {
    for (name, icon) in [
        ("Tunnel Up", IconState::Enabled),
        ("Tunnel Down", IconState::Disabled),
        ("Tunnel down due to config error", IconState::Disabled),
        ("Tunnel down due to error", IconState::DisabledError),
        ("Fail close", IconState::FailClosed),
        ("Uninstalled", IconState::Absent),
    ] {
        let row = STATUS_TABLE.iter().find(|row| row.name == name).unwrap();
        let status = status_after(row, EventKind::TunnelConnected);
        assert_eq!(status.icon(), icon, "{name}");
    }
}

#[test]
fn a_client_that_is_off_has_no_tunnel_and_keeps_why_it_is_off() {
    let state = fold_on(
        NETSKOPE,
        &[
            (EventKind::TunnelConnected, ""),
            (EventKind::ClientDisabled, "user"),
            (EventKind::TunnelDisconnected, "by_user"),
        ],
    );
    assert!(!state.is_tunnel_up());
    assert_eq!(state.client.state, ClientStatus::Disabled);
    assert_eq!(state.client.reason.as_str(), "user");
}

#[test]
fn a_lost_tunnel_is_an_error_and_a_closed_one_is_not() {
    for (reason, status) in [
        ("by_user", ClientStatus::Disabled),
        ("closed_by_peer", ClientStatus::DisabledError),
    ] {
        let events = [
            (EventKind::TunnelConnected, ""),
            (EventKind::TunnelDisconnected, reason),
        ];
        assert_eq!(fold_on(NETSKOPE, &events).client.state, status);
    }
}

#[test]
fn a_tunnel_without_steering_is_degraded_until_traffic_flows() {
    let failed = [
        (EventKind::TunnelConnected, ""),
        (EventKind::SteeringFailed, "filter_device"),
    ];
    let state = fold_on(NETSKOPE, &failed);
    assert!(state.is_tunnel_up());
    assert_eq!(state.degraded(), [DegradedReason::SteeringFailed]);
    assert!(state.is_news(EventKind::FlowTunneled));
    let healed = [&failed[..], &[(EventKind::FlowTunneled, "")]].concat();
    let healed = fold_on(NETSKOPE, &healed);
    assert_eq!(healed.degraded(), []);
    assert!(!healed.is_news(EventKind::FlowTunneled));
    let down = [&failed[..], &[(EventKind::TunnelDisconnected, "")]].concat();
    assert_eq!(fold_on(NETSKOPE, &down).degraded(), []);
}

#[test]
fn private_access_is_up_only_when_it_said_so() {
    let service = |reason| (EventKind::ServiceStateChanged, reason);
    let of = |events: &[_]| fold_on(NETSKOPE, events).private_access.state;
    assert_eq!(of(&[service("connecting")]), ServiceState::Disconnected);
    assert_eq!(of(&[service("connected")]), ServiceState::Connected);
    let asked = (EventKind::AuthenticationRequested, "");
    assert_eq!(of(&[asked]), ServiceState::Error);
    let while_up = [service("connected"), asked];
    assert_eq!(of(&while_up), ServiceState::ConnectedWarning);
    assert_eq!(
        of(&[service("connected"), service("?")]),
        ServiceState::Connected
    );
}

#[test]
fn one_cato_tunnel_carries_both_services() {
    for (events, expected) in [
        (vec![EventKind::TunnelConnected], ServiceState::Connected),
        (vec![EventKind::TunnelConnectFailed], ServiceState::Error),
        (
            vec![EventKind::TunnelConnected, EventKind::TunnelDisconnected],
            ServiceState::Disconnected,
        ),
        (vec![EventKind::AuthenticationFailed], ServiceState::Error),
        (
            vec![
                EventKind::TunnelConnected,
                EventKind::AuthenticationRequested,
            ],
            ServiceState::ConnectedWarning,
        ),
    ] {
        let events: Vec<_> = events.into_iter().map(|kind| (kind, "")).collect();
        let state = fold_on(CATO, &events);
        assert_eq!(state.private_access.state, expected, "{events:?}");
        assert_eq!(state.internet_security.state, expected, "{events:?}");
    }
}

#[test]
fn a_tool_sets_what_it_mentions_and_nothing_else() {
    let mut state = fold_on(
        NETSKOPE,
        &[
            (EventKind::TunnelConnected, ""),
            (EventKind::SteeringFailed, "filter_device"),
        ],
    );
    let reading = ToolReading {
        client: Some(ClientStatus::Disabled),
        tunnel: Some(TunnelState::Connected),
        ..ToolReading::default()
    };
    let changes = state.observe(&reading, at(50));
    let changed: Vec<_> = changes.iter().map(|change| change.aspect).collect();
    assert_eq!(changed, [Aspect::Client]);
    assert_eq!(state.client.reason.as_str(), TOLD_BY_TOOL);
    assert_eq!(state.tunnel.since, Some(at(1)));
    assert_eq!(state.steering.state, SteeringState::Failed);
}

#[test]
fn a_tool_that_sees_no_tunnel_does_not_hide_a_worse_reason() {
    let no_tunnel = ToolReading {
        client: Some(ClientStatus::Disabled),
        reason: Reason::new(TUNNEL_DOWN).unwrap(),
        ..ToolReading::default()
    };
    for (known, expected) in [
        (ClientStatus::Unknown, ClientStatus::Disabled),
        (ClientStatus::Enabled, ClientStatus::Disabled),
        (ClientStatus::DisabledError, ClientStatus::DisabledError),
        (ClientStatus::FailClosed, ClientStatus::FailClosed),
        (ClientStatus::Uninstalled, ClientStatus::Disabled),
    ] {
        let mut state = ConnectorState::default();
        state.client.state = known;
        state.observe(&no_tunnel, at(1));
        assert_eq!(state.client.state, expected, "{known}");
    }
    let mut state = ConnectorState::default();
    state.client.state = ClientStatus::DisabledError;
    let switched_off = ToolReading {
        reason: Reason::none(),
        ..no_tunnel
    };
    state.observe(&switched_off, at(1));
    assert_eq!(state.client.state, ClientStatus::Disabled);
}

#[test]
fn a_tools_uptime_tells_since_when_the_tunnel_is_up() {
    let mut state = ConnectorState::default();
    let reading = ToolReading {
        tunnel: Some(TunnelState::Connected),
        uptime: Some(Duration::from_secs(30)),
        ..ToolReading::default()
    };
    state.observe(&reading, at(100));
    assert_eq!(state.tunnel.since, Some(at(70)));
}

#[test]
fn silence_makes_known_states_unknown_and_says_so() {
    let mut state = fold_on(NETSKOPE, &[(EventKind::TunnelConnected, "")]);
    assert!(state.forget(at(900)));
    let view = state.view(Aspect::Tunnel);
    assert_eq!((view.state, view.reason.as_str()), ("unknown", SILENCE));
    assert_eq!(view.since, Some(at(900)));
    assert_eq!(state.steering.since, None);
    assert!(!state.forget(at(901)));
}

#[test]
fn sessions_keep_the_last_coming_and_going() {
    let mut sessions = Sessions::default();
    sessions.note(EventKind::ClientConnected, at(1));
    sessions.note(EventKind::ClientDisconnected, at(2));
    sessions.note(EventKind::TunnelConnected, at(3));
    assert_eq!(
        (sessions.opened_at, sessions.closed_at),
        (Some(at(1)), Some(at(2)))
    );
}
