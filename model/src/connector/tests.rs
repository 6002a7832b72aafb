//! The fold: attempts and confirmations, what each product has, silence. Of endpoint clients
//! and of their tools: `clients` and `tools`.

mod clients;
mod tools;

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

#[test]
fn a_forgotten_state_is_unknown_and_says_why() {
    let mut state = fold_on(NETSKOPE, &[(EventKind::TunnelConnected, "")]);
    assert!(state.forget(Aspect::Tunnel, at(900)));
    let view = state.view(Aspect::Tunnel);
    assert_eq!((view.state, view.reason.as_str()), ("unknown", SILENCE));
    assert_eq!(view.since, Some(at(900)));
    assert_eq!(state.steering.since, None);
    assert!(!state.forget(Aspect::Tunnel, at(901)));
    assert_eq!(state.client.state, ClientStatus::Enabled);
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
