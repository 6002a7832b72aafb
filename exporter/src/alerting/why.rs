//! Why a number is bad, as far as the picture says more than the number: for mails.
//!
//! A rule sees that a probe failed or that a tunnel is down. Which phase failed and by what
//! cause, whose root a chain ends in, and what the log said of the tunnel stand in the same
//! picture; whoever is woken at night should not have to look for it.

use std::sync::Arc;

use model::probe::ProbeRun;
use model::signal::{ProbeSignal, Signal};
use model::snapshot::{ConnectorSnapshot, Snapshot};

use crate::probe::active::advice;

/// Names and values, in the order of reading.
type Facts = Vec<(&'static str, String)>;

/// See [`alerts::facts::Facts::why`].
pub(super) fn why(snapshot: &Snapshot, signal: Signal, labels: &[(Arc<str>, Arc<str>)]) -> Facts {
    let label = |wanted: &str| {
        let label = labels.iter().find(|(name, _)| &**name == wanted);
        label.map_or("", |(_, value)| &**value)
    };
    match signal {
        Signal::Probe(ProbeSignal::Success | ProbeSignal::TlsIntercepted) => {
            let mut probes = snapshot.probes.iter();
            let probe = probes.find(|probe| &*probe.plan.name == label("probe"));
            let Some(probe) = probe else {
                return Vec::new();
            };
            let mut facts = vec![("asked", probe.plan.target.to_string())];
            facts.extend(probe.last.iter().flat_map(|run| of_run(run)));
            facts
        }
        Signal::TunnelState | Signal::TunnelUp => {
            let mut connectors = snapshot.connectors.iter();
            let one = connectors.find(|one| &*one.name == label("connector"));
            one.map_or_else(Vec::new, of_tunnel)
        }
        _ => Vec::new(),
    }
}

/// What the last run of a probe found, unless all was well.
fn of_run(run: &ProbeRun) -> Facts {
    let Err(fault) = run.outcome else {
        return Vec::new();
    };
    let phase = run.phases.last().map(|(phase, _)| phase.name());
    let root = run.tls.as_ref().and_then(|tls| tls.root.as_ref());
    let root = root.map(|root| root.expose().to_owned());
    let found = (!run.message.expose().is_empty()).then(|| run.message.expose().to_owned());
    let facts = [
        ("cause", Some(fault.name().to_owned())),
        ("phase", phase.map(str::to_owned)),
        ("found", found),
        ("the chain ends in", root),
        ("what helps", Some(advice::action(fault).to_owned())),
    ];
    let known = facts.into_iter();
    known
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// What made the tunnel what it is, unless it is up.
fn of_tunnel(connector: &ConnectorSnapshot) -> Facts {
    let tunnel = &connector.state.tunnel;
    let Some(event) = tunnel.event.filter(|_| !connector.state.is_tunnel_up()) else {
        return Vec::new();
    };
    let told = match tunnel.reason.as_str() {
        "" => event.name().to_owned(),
        reason => format!("{} {reason}", event.name()),
    };
    vec![("since the event", told)]
}

#[cfg(test)]
mod tests {
    use model::event::Reason;
    use model::snapshot::Snapshot;

    use super::*;
    use crate::metrics::sample::{troubled, whole};

    fn told(snapshot: &Snapshot, signal: Signal, name: &str, value: &str) -> Vec<String> {
        let facts = why(snapshot, signal, &[(Arc::from(name), Arc::from(value))]);
        let known = facts.iter().filter(|(said, _)| *said != "what helps");
        known
            .map(|(said, what)| format!("{said}: {what}"))
            .collect()
    }

    #[test]
    fn a_probe_that_failed_says_where_and_by_what_and_whose_root_it_saw() {
        let picture = whole();
        let intercepted = [
            "asked: ns-1234.us-sjc1.npa.goskope.com:443",
            "cause: intercepted",
            "phase: handshake",
            "found: the chain ends in `Example Inspection Root`",
            "the chain ends in: Example Inspection Root",
        ];
        for signal in [ProbeSignal::Success, ProbeSignal::TlsIntercepted] {
            let signal = Signal::Probe(signal);
            assert_eq!(
                told(&picture, signal, "probe", "management-plane"),
                intercepted
            );
            assert_eq!(
                told(&picture, signal, "probe", "gateway"),
                ["asked: 192.0.2.1:443"]
            );
        }
    }

    #[test]
    fn a_tunnel_that_somebody_closed_says_so_while_it_is_down() {
        let mut lost = troubled("laptop");
        lost.state.tunnel.reason = Reason::new("by_user").unwrap();
        let mut picture = Snapshot {
            connectors: vec![lost],
            ..Snapshot::default()
        };
        let signal = Signal::TunnelState;
        assert_eq!(
            told(&picture, signal, "connector", "laptop"),
            ["since the event: tunnel.disconnected by_user"]
        );
        picture.connectors = whole().connectors;
        let up = &picture.connectors[0];
        assert!(up.state.is_tunnel_up());
        assert_eq!(told(&picture, signal, "connector", &up.name), [""; 0]);
    }
}
