//! How a connector stands as a whole, which is what a list of many shows of each.
//!
//! The parts of its state without its events and logs, so that thousands can be judged
//! for one page. Not part of the JSON; what it says in words is `page`'s matter.

use jiff::Timestamp;
use model::connector::{Aspect, ConnectorKind, Mood};
use model::snapshot::ConnectorSnapshot;

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
    pub(in crate::http) aspects: Vec<AspectReport<'a>>,
}

/// Bad if any part is; else as good as its most important part. Silence has made all
/// parts unknown, so it needs no case of its own.
pub(in crate::http) fn mood_of(connector: &ConnectorSnapshot) -> Mood {
    let (kind, state) = (connector.kind, &connector.state);
    let mood = |aspect: &Aspect| mood_of_aspect(kind, state, *aspect);
    let mut moods = kind.aspects().iter().map(mood);
    if is_degraded(connector) || moods.clone().any(|one| one == Mood::Bad) {
        return Mood::Bad;
    }
    moods.next().unwrap_or(Mood::Open)
}

/// A connector for a list.
pub(in crate::http) fn head_report(connector: &ConnectorSnapshot) -> ConnectorHead<'_> {
    let (kind, state) = (connector.kind, &connector.state);
    let aspects = kind.aspects().iter();
    ConnectorHead {
        name: Foreign::of(&connector.name),
        kind,
        mood: mood_of(connector),
        silent: connector.is_silent,
        heard_at: connector.heard_at,
        tunnel_up: state.is_tunnel_up(),
        degraded: is_degraded(connector),
        aspects: aspects
            .map(|aspect| aspect_report(kind, state, *aspect))
            .collect(),
    }
}

fn is_degraded(connector: &ConnectorSnapshot) -> bool {
    match connector.kind {
        ConnectorKind::NetskopePublisher => false,
        ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => {
            !connector.state.degraded().is_empty()
        }
    }
}
