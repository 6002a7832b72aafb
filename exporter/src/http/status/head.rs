//! How a connector stands as a whole, which is what a list of many shows of each.
//!
//! The parts of its state without its events and logs, so that thousands can be judged
//! for one page. Not part of the JSON; what it says in words is `page`'s matter.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::alert::{AlertPhase, Severity};
use model::connector::{Aspect, ConnectorKind, Mood};
use model::snapshot::{ConnectorSnapshot, Snapshot};

use super::{AspectReport, Foreign, aspect_report, mood_of_aspect};

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
    /// The type of the worst alert that tells of it.
    pub(in crate::http) alerted: Option<Foreign<'a>>,
    pub(in crate::http) aspects: Vec<AspectReport<'a>>,
}

/// Connectors of which an alert tells now, with its type. What a mail calls bad is no good news on the page: a
/// tunnel that its user closed, for instance.
#[derive(Debug, Default)]
pub(in crate::http) struct Alerted<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Alerted<'a> {
    /// By the alerts that fire and are not held back.
    pub(in crate::http) fn of(snapshot: &'a Snapshot) -> Self {
        let rows = snapshot.alerts.rows.iter();
        let told = rows.filter(|row| row.phase == AlertPhase::Firing && row.held_by.is_none());
        let mut alerts = BTreeMap::new();
        // The worst come first.
        for row in told.filter(|row| row.severity != Severity::Info) {
            let labels = row.labels.iter();
            for (_, connector) in labels.filter(|(name, _)| &**name == "connector") {
                alerts.entry(&**connector).or_insert(&*row.alert);
            }
        }
        Self(alerts)
    }

    /// Bad if an alert tells of it; else as its state is.
    pub(in crate::http) fn mood_of(&self, connector: &ConnectorSnapshot) -> Mood {
        if self.0.contains_key(&*connector.name) {
            Mood::Bad
        } else {
            mood_of(connector)
        }
    }

    /// A connector for a list.
    pub(in crate::http) fn head_of(&self, connector: &'a ConnectorSnapshot) -> ConnectorHead<'a> {
        let (kind, state) = (connector.kind, &connector.state);
        let aspects = kind.aspects().iter();
        ConnectorHead {
            name: Foreign::of(&connector.name),
            kind,
            mood: self.mood_of(connector),
            silent: connector.is_silent,
            heard_at: connector.heard_at,
            tunnel_up: state.is_tunnel_up(),
            degraded: is_degraded(connector),
            alerted: self.0.get(&*connector.name).copied().map(Foreign::of),
            aspects: aspects
                .map(|aspect| aspect_report(kind, state, *aspect))
                .collect(),
        }
    }
}

/// Bad if any part is; else as good as its most important part. Silence has made all
/// parts unknown, so it needs no case of its own.
fn mood_of(connector: &ConnectorSnapshot) -> Mood {
    let (kind, state) = (connector.kind, &connector.state);
    let mood = |aspect: &Aspect| mood_of_aspect(kind, state, *aspect);
    let mut moods = kind.aspects().iter().map(mood);
    if is_degraded(connector) || moods.clone().any(|one| one == Mood::Bad) {
        return Mood::Bad;
    }
    moods.next().unwrap_or(Mood::Open)
}

fn is_degraded(connector: &ConnectorSnapshot) -> bool {
    match connector.kind {
        ConnectorKind::NetskopePublisher => false,
        ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => {
            !connector.state.degraded().is_empty()
        }
    }
}
