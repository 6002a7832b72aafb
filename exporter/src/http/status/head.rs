//! How a connector stands as a whole, which is what a list of many shows of each.
//!
//! The parts of its state without its events and logs, so that thousands can be judged
//! for one page. Not part of the JSON; how good it is `model::standing` decides, and what it
//! says in words is `page`'s matter.

use jiff::Timestamp;
use model::connector::{ConnectorKind, Mood};
use model::snapshot::ConnectorSnapshot;
use model::standing::{Alerted, is_degraded, mood_of_parts};

use super::{AlertReport, AspectReport, Foreign, alert_report, aspect_report};

/// One connector without its details.
#[derive(Debug)]
pub(in crate::http) struct ConnectorHead<'a> {
    pub(in crate::http) name: Foreign<'a>,
    pub(in crate::http) kind: ConnectorKind,
    pub(in crate::http) mood: Mood,
    pub(in crate::http) silent: bool,
    pub(in crate::http) heard_at: Option<Timestamp>,
    pub(in crate::http) tunnel_up: bool,
    /// Its tunnel is up and it does not do its work.
    pub(in crate::http) degraded: bool,
    /// The worst alert that tells of it, if nothing else has it in trouble.
    pub(in crate::http) alert: Option<AlertReport<'a>>,
    pub(in crate::http) aspects: Vec<AspectReport<'a>>,
}

/// A connector for a list, judged with the alerts that tell of it.
pub(in crate::http) fn head_of<'a>(
    alerted: &Alerted<'a>,
    connector: &'a ConnectorSnapshot,
) -> ConnectorHead<'a> {
    let (kind, state) = (connector.kind, &connector.state);
    let aspects = kind.aspects().iter();
    // Beside what is bad by itself it stands above the list and on the connector's page.
    let alert = match mood_of_parts(connector) {
        Mood::Bad => None,
        Mood::Good | Mood::Open => alerted.worst(&connector.name),
    };
    ConnectorHead {
        name: Foreign::of(&connector.name),
        kind,
        mood: alerted.mood_of(connector),
        silent: connector.is_silent,
        heard_at: connector.heard_at,
        tunnel_up: state.is_tunnel_up(),
        degraded: is_degraded(connector),
        alert: alert.map(alert_report),
        aspects: aspects
            .map(|aspect| aspect_report(kind, state, *aspect))
            .collect(),
    }
}
