//! What the protocol stands on: the present picture, and the time.

use std::sync::{Arc, Mutex, PoisonError};

use model::alert::{AlertPhase, AlertRow, Severity as AlertSeverity};
use model::host::HostSample;
use model::snapshot::{AlertsSnapshot, Snapshot};
use model::untrusted::printable;
use snmp_agent::alert::{Alert, Severity};
use snmp_agent::keep::{Clock, Now};
use snmp_agent::run::{Picture, Source};
use tokio::sync::watch;

/// The committed picture, as SNMP wants it.
pub struct Pictures {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Shown until there is a sample. One and the same, so that it is known as no news.
    nothing: Arc<HostSample>,
    /// Those of the alerts that were asked for last, which stay one and the same too.
    alerts: Mutex<(Arc<AlertsSnapshot>, Arc<[Alert]>)>,
}

impl Pictures {
    /// Pictures of these snapshots.
    pub fn new(snapshots: watch::Receiver<Arc<Snapshot>>) -> Self {
        Self {
            snapshots,
            nothing: Arc::default(),
            alerts: Mutex::new((Arc::default(), Arc::from([]))),
        }
    }

    fn alerts_of(&self, snapshot: &Snapshot) -> Arc<[Alert]> {
        let mut last = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&last.0, &snapshot.alerts) {
            let mut firing: Vec<Alert> = snapshot.alerts.rows.iter().filter_map(alert).collect();
            firing.sort_unstable_by_key(|alert| alert.index);
            *last = (Arc::clone(&snapshot.alerts), Arc::from(firing));
        }
        Arc::clone(&last.1)
    }
}

/// A row of the table; one that does not fire has none.
fn alert(row: &AlertRow) -> Option<Alert> {
    let severity = match row.severity {
        AlertSeverity::Info => Severity::Info,
        AlertSeverity::Warning => Severity::Warning,
        AlertSeverity::Critical => Severity::Critical,
    };
    let mut labels = row.labels.iter();
    let connector = labels.find(|(name, _)| &**name == "connector");
    (row.phase == AlertPhase::Firing).then(|| Alert {
        index: row.index,
        rule: row.rule.to_string(),
        severity,
        connector: connector.map_or_else(String::new, |(_, value)| value.to_string()),
        since: row.since,
        summary: printable(&row.summary).into_owned(),
        action: printable(&row.action).into_owned(),
    })
}

impl Source for Pictures {
    fn latest(&self) -> Picture {
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let host = match &snapshot.host {
            Some(host) => Arc::clone(&host.sample),
            None => Arc::clone(&self.nothing),
        };
        Picture {
            host,
            alerts: self.alerts_of(&snapshot),
            snapshot,
        }
    }
}

/// The program's clock.
pub struct Time(pub crate::clock::Clock);

impl Clock for Time {
    fn now(&self) -> Now {
        let moment = self.0.now();
        Now {
            uptime: moment.monotonic,
            wall: moment.timestamp(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample::whole;

    #[test]
    fn what_fires_is_shown_by_its_number_and_what_is_pending_is_not() {
        let (sender, snapshots) = watch::channel(Arc::new(whole()));
        let pictures = Pictures::new(snapshots);
        let alerts = pictures.latest().alerts;
        let told: Vec<(u32, &str, &str)> = alerts
            .iter()
            .map(|alert| (alert.index, &*alert.rule, &*alert.connector))
            .collect();
        assert_eq!(
            told,
            [(2, "tunnel-down", "pub-sjc-2"), (5, "host-disk", "")]
        );
        assert!(
            alerts
                .iter()
                .all(|alert| !alert.summary.contains('\u{202e}'))
        );
        assert!(Arc::ptr_eq(&alerts, &pictures.latest().alerts));
        sender.send_replace(Arc::new(Snapshot::default()));
        assert!(pictures.latest().alerts.is_empty());
    }
}
