//! How a connector stands as a whole is what the page and its exports say.

use model::alert::{AlertPhase, AlertRow, HeldBy, Severity};

use super::*;

fn alert(severity: Severity) -> AlertRow {
    AlertRow {
        key: Arc::from("k"),
        index: 1,
        rule: Arc::from("tunnel-flapping"),
        alert: Arc::from("TUNNEL_FLAPPING"),
        severity,
        phase: AlertPhase::Firing,
        labels: vec![(Arc::from("connector"), Arc::from("pub-1"))],
        since: at(1_500),
        fires_at: None,
        held_by: None,
        is_told: true,
        reason: Arc::from(""),
        summary: String::new(),
        action: String::new(),
    }
}

/// The first connector as a whole, with these states of it and this alert.
fn whole(kind: ConnectorKind, states: &[(Aspect, &str)], alert: Option<AlertRow>) -> Value {
    let host = Arc::new(host());
    let mut shown = snapshot(&host);
    let mut state = ConnectorState::default();
    for (aspect, word) in states {
        let evidence = Evidence {
            since: Some(at(1_000)),
            event: Some(EventKind::TunnelConnected),
            reason: Reason::new("by_user").unwrap(),
        };
        state.restore(*aspect, word, evidence);
    }
    shown.connectors.truncate(1);
    shown.connectors[0].kind = kind;
    shown.connectors[0].state = state;
    Arc::make_mut(&mut shown.alerts).rows = alert.into_iter().collect();
    value(&tree_of(&shown, &host), &[1, 1, 24, 1])
}

#[test]
fn a_connector_is_as_good_as_its_main_part_unless_a_part_or_an_alert_says_worse() {
    use ConnectorKind::{NetskopeClient, NetskopePublisher};
    let up: &[_] = &[(Aspect::Tunnel, "connected")];
    let failed: &[_] = &[(Aspect::Tunnel, "connected"), (Aspect::Update, "failed")];
    let off: &[_] = &[
        (Aspect::Client, "disabled"),
        (Aspect::Tunnel, "disconnected"),
    ];
    let held = AlertRow {
        held_by: Some(HeldBy::Silence(Arc::from("s1"))),
        ..alert(Severity::Critical)
    };
    for (kind, states, told, expected) in [
        // No update was told of yet.
        (NetskopePublisher, up, None, 2),
        (NetskopePublisher, up, Some(alert(Severity::Info)), 2),
        (NetskopePublisher, up, Some(held), 2),
        (NetskopePublisher, up, Some(alert(Severity::Warning)), 3),
        (NetskopePublisher, up, Some(alert(Severity::Critical)), 4),
        (NetskopePublisher, failed, None, 4),
        (NetskopePublisher, &[], None, 1),
        // Its user wished it.
        (NetskopeClient, off, None, 5),
        (NetskopeClient, off, Some(alert(Severity::Warning)), 3),
    ] {
        let is = whole(kind, states, told);
        assert_eq!(is, Value::Integer(expected), "{states:?}");
    }
}
