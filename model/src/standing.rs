//! How a connector stands as a whole: one decision for every face that shows it.
//!
//! Its parts say it, and the alerts that tell of it: what a mail calls bad is no good news
//! elsewhere, such as a tunnel that its user closed. Which words, numbers and colours follow
//! is the matter of the faces.

use std::collections::BTreeMap;

use crate::alert::{AlertPhase, AlertRow, Severity};
use crate::connector::{Aspect, ClientStatus, ConnectorKind, ConnectorState, Mood};
use crate::event::EventKind;
use crate::snapshot::{ConnectorSnapshot, Snapshot};

/// Connectors of which an alert tells now, critical or a warning, with the worst one.
#[derive(Debug, Default)]
pub struct Alerted<'a>(BTreeMap<&'a str, &'a AlertRow>);

impl<'a> Alerted<'a> {
    /// By the alerts that fire and are not held back.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let rows = snapshot.alerts.rows.iter();
        let told = rows.filter(|row| row.phase == AlertPhase::Firing && row.held_by.is_none());
        let mut alerts = BTreeMap::new();
        // The worst come first.
        for row in told.filter(|row| row.severity != Severity::Info) {
            let labels = row.labels.iter();
            for (_, connector) in labels.filter(|(name, _)| &**name == "connector") {
                alerts.entry(&**connector).or_insert(row);
            }
        }
        Self(alerts)
    }

    /// The worst alert that tells of the connector of this name.
    pub fn worst(&self, connector: &str) -> Option<&'a AlertRow> {
        self.0.get(connector).copied()
    }

    /// Bad if an alert tells of it; else as its parts are.
    pub fn mood_of(&self, connector: &ConnectorSnapshot) -> Mood {
        match self.worst(&connector.name) {
            Some(_) => Mood::Bad,
            None => mood_of_parts(connector),
        }
    }
}

/// How a connector stands, alerts aside: bad if any part is bad, or it is degraded; else as
/// good as its most important part. Silence has made all parts unknown, so it needs no case
/// of its own.
pub fn mood_of_parts(connector: &ConnectorSnapshot) -> Mood {
    let (kind, state) = (connector.kind, &connector.state);
    let mut moods = kind
        .aspects()
        .iter()
        .map(|aspect| mood_of_aspect(kind, state, *aspect));
    if is_degraded(connector) || moods.clone().any(|one| one == Mood::Bad) {
        return Mood::Bad;
    }
    moods.next().unwrap_or(Mood::Open)
}

/// How good a part of a connector's state is. The tunnel of a client that is off as it should
/// be cannot be up: what there is to say of it, the client's own state says.
pub fn mood_of_aspect(kind: ConnectorKind, state: &ConnectorState, aspect: Aspect) -> Mood {
    let mood = state.view(aspect).mood;
    if aspect == Aspect::Tunnel && mood == Mood::Bad && is_off(kind, state) {
        return Mood::Open;
    }
    mood
}

/// Whether the connector is an endpoint client whose tunnel is up and that does not do its
/// work.
pub fn is_degraded(connector: &ConnectorSnapshot) -> bool {
    match connector.kind {
        ConnectorKind::NetskopePublisher => false,
        ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => {
            !connector.state.degraded().is_empty()
        }
    }
}

/// Why a client can be off that ought to be on. Whatever else takes it off is somebody's
/// wish, the network that the device is in, or the device going down.
const OFF_IN_TROUBLE: &[&str] = &["tunnel_down", "config_error", "unenrolled", "error"];

/// Whether it is a client that is off as it should be.
fn is_off(kind: ConnectorKind, state: &ConnectorState) -> bool {
    let client = &state.client;
    match client.state {
        ClientStatus::Uninstalled => kind.has(Aspect::Client),
        ClientStatus::Disabled => {
            kind.has(Aspect::Client)
                && client.event != Some(EventKind::ClientInstallFailed)
                && !OFF_IN_TROUBLE.contains(&client.reason.as_str())
        }
        ClientStatus::Unknown
        | ClientStatus::Enabled
        | ClientStatus::DisabledError
        | ClientStatus::FailClosed => false,
    }
}
