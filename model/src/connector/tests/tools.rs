//! What a tool's answer does to the state.

use std::time::Duration;

use super::*;

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
        client: Some(ClientStatus::DisabledError),
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
