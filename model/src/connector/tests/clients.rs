//! Endpoint clients: the vendor's table, and what follows from one part for the others.

use super::*;

/// The vendor's table as the vendor prints it (event, actor, status), and what it comes to
/// on a client whose tunnel is up: our status, the icon that its user sees.
const TABLE: [(&str, Actor, &str, ClientStatus, IconState); 18] = {
    use Actor::{Admin, System, User};
    use ClientStatus::{Disabled, DisabledError, Enabled, FailClosed, Uninstalled};
    use IconState as Icon;
    [
        ("Installed", System, "Disabled", Disabled, Icon::Disabled),
        ("Tunnel Up", System, "Enabled", Enabled, Icon::Enabled),
        ("Tunnel Down", System, "Disabled", Disabled, Icon::Disabled),
        (
            "Tunnel down due to secure forwarder",
            System,
            "Disabled",
            Disabled,
            Icon::Disabled,
        ),
        (
            "Fail close",
            System,
            "Disabled",
            FailClosed,
            Icon::FailClosed,
        ),
        (
            "Tunnel down due to GRE",
            System,
            "Disabled",
            Disabled,
            Icon::Disabled,
        ),
        (
            "Tunnel down due to Data Plane on-premises",
            System,
            "Disabled",
            Disabled,
            Icon::Disabled,
        ),
        (
            "Tunnel down due to config error",
            System,
            "Disabled",
            Disabled,
            Icon::Disabled,
        ),
        (
            "Tunnel down due to error",
            System,
            "Disabled",
            DisabledError,
            Icon::DisabledError,
        ),
        (
            "Change in network",
            System,
            "Disabled",
            Disabled,
            Icon::Disabled,
        ),
        (
            "System shutdown",
            System,
            "Disabled",
            Disabled,
            Icon::Disabled,
        ),
        (
            "System powerup",
            System,
            "Disabled/Enabled",
            Enabled,
            Icon::Enabled,
        ),
        ("User Disabled", User, "Disabled", Disabled, Icon::Disabled),
        ("User Enabled", User, "Enabled", Enabled, Icon::Enabled),
        (
            "Admin Disabled",
            Admin,
            "Disabled",
            Disabled,
            Icon::Disabled,
        ),
        ("Admin Enabled", Admin, "Enabled", Enabled, Icon::Enabled),
        (
            "Uninstalled",
            System,
            "Uninstalled",
            Uninstalled,
            Icon::Absent,
        ),
        (
            "Installation Failure",
            System,
            "Disabled",
            Disabled,
            Icon::Disabled,
        ),
    ]
};

/// The client's status after a row, on a client whose tunnel was `before`.
fn status_after(row: &StatusRow, before: EventKind) -> ClientStatus {
    let events = [(before, ""), (row.event, row.reason)];
    fold_on(NETSKOPE, &events).client.state
}

#[test]
fn every_row_of_the_vendors_table_leads_to_the_vendors_status() {
    assert_eq!(STATUS_TABLE.len(), TABLE.len());
    for (row, (name, actor, vendor, status, icon)) in STATUS_TABLE.iter().zip(TABLE) {
        assert_eq!((row.name, row.actor), (name, actor));
        let vendor_status = match row.vendor_status {
            VendorStatus::Enabled => "Enabled",
            VendorStatus::Disabled => "Disabled",
            VendorStatus::AsTunnel => "Disabled/Enabled",
            VendorStatus::Uninstalled => "Uninstalled",
        };
        assert_eq!(vendor_status, vendor, "{name}");
        let from_up = status_after(row, EventKind::TunnelConnected);
        assert_eq!((from_up, from_up.icon()), (status, icon), "{name}");
        let from_down = status_after(row, EventKind::TunnelDisconnected);
        if row.vendor_status == VendorStatus::AsTunnel {
            assert_eq!(from_down, ClientStatus::Disabled, "{name}");
        } else {
            assert_eq!(from_down, from_up, "{name}");
        }
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
fn private_access_that_waits_for_its_user_is_in_error_until_it_is_connected() {
    let service = |reason| (EventKind::ServiceStateChanged, reason);
    // The vendor's own lines, in their order.
    let mut events = vec![
        (EventKind::TunnelConnected, ""),
        service("connected"),
        (EventKind::AuthenticationRequested, ""),
    ];
    for step in ["gateway_shutdown", "disconnected", "connecting"] {
        events.push(service(step));
        let state = fold_on(NETSKOPE, &events);
        assert_eq!(state.private_access.state, ServiceState::Error, "{step}");
        assert_eq!(state.private_access.reason.as_str(), "gateway_shutdown");
        assert_eq!(state.degraded(), [DegradedReason::ServiceImpaired]);
    }
    events.push(service("connected"));
    assert_eq!(fold_on(NETSKOPE, &events).degraded(), []);
}

#[test]
fn without_a_tunnel_nothing_is_said_of_steering() {
    let up = [
        (EventKind::TunnelConnected, ""),
        (EventKind::FlowTunneled, ""),
        (EventKind::ServiceStateChanged, "connected"),
    ];
    for (loss, reason, private_access) in [
        (EventKind::TunnelDisconnected, "", ServiceState::Connected),
        (EventKind::ClientFailClosed, "", ServiceState::Connected),
        (
            EventKind::ClientDisabled,
            "tunnel_down",
            ServiceState::Connected,
        ),
        (
            EventKind::ClientDisabled,
            "user",
            ServiceState::Disconnected,
        ),
        (EventKind::ClientUninstalled, "", ServiceState::Disconnected),
    ] {
        let events = [&up[..], &[(loss, reason), (EventKind::FlowTunneled, "")]].concat();
        let state = fold_on(NETSKOPE, &events);
        assert_eq!(state.steering.state, SteeringState::Unknown, "{loss}");
        assert!(!state.is_news(EventKind::FlowTunneled), "{loss}");
        assert_eq!(
            state.private_access.state, private_access,
            "{loss} {reason}"
        );
    }
}

#[test]
fn rules_of_private_applications_do_not_heal_steering() {
    let events = [
        (EventKind::TunnelConnected, ""),
        (EventKind::SteeringFailed, "filter_device"),
        (EventKind::SteeringApplied, ""),
    ];
    assert_eq!(
        fold_on(NETSKOPE, &events).degraded(),
        [DegradedReason::SteeringFailed]
    );
}

#[test]
fn both_lines_of_one_connect_confirm_one_tunnel() {
    let events = [
        (EventKind::GatewayConnected, ""),
        (EventKind::TunnelConnected, ""),
    ];
    let state = fold_on(NETSKOPE, &events);
    assert_eq!(state.tunnel.since, Some(at(1)));
    assert_eq!(state.client.state, ClientStatus::Enabled);
}

#[test]
fn what_a_tool_says_of_a_client_that_is_off_holds_for_its_parts() {
    let up = [
        (EventKind::TunnelConnected, ""),
        (EventKind::FlowTunneled, ""),
        (EventKind::ServiceStateChanged, "connected"),
    ];
    for (reason, private_access) in [
        ("", ServiceState::Disconnected),
        (TUNNEL_DOWN, ServiceState::Connected),
    ] {
        let mut state = fold_on(NETSKOPE, &up);
        let reading = ToolReading {
            client: Some(ClientStatus::Disabled),
            tunnel: Some(TunnelState::Disconnected),
            reason: Reason::new(reason).unwrap_or_default(),
            ..ToolReading::default()
        };
        state.observe(&reading, at(50));
        assert_eq!(state.steering.state, SteeringState::Unknown);
        assert_eq!(state.private_access.state, private_access, "{reason}");
    }
}

#[test]
fn a_configuration_that_is_newer_than_its_failure_is_current() {
    let mut state = fold_on(NETSKOPE, &[(EventKind::ConfigUpdateFailed, "")]);
    let configured = |second| ToolReading {
        configured_at: Some(at(second)),
        ..ToolReading::default()
    };
    state.observe(&configured(1), at(50));
    assert_eq!(state.configuration.state, ConfigurationState::UpdateFailed);
    state.observe(&configured(40), at(50));
    assert_eq!(state.configuration.state, ConfigurationState::Current);
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
