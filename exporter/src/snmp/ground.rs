//! What the protocol stands on: the present picture, and the time.

use std::sync::Arc;

use model::host::HostSample;
use model::snapshot::Snapshot;
use snmp_agent::alert::Alert;
use snmp_agent::keep::{Clock, Now};
use snmp_agent::run::{Picture, Source};
use tokio::sync::watch;

/// The committed picture, as SNMP wants it.
pub struct Pictures {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Shown until there is a sample. One and the same, so that it is known as no news.
    nothing: Arc<HostSample>,
    no_alerts: Arc<[Alert]>,
}

impl Pictures {
    /// Pictures of these snapshots.
    pub fn new(snapshots: watch::Receiver<Arc<Snapshot>>) -> Self {
        Self {
            snapshots,
            nothing: Arc::default(),
            no_alerts: Arc::from([]),
        }
    }
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
            snapshot,
            alerts: Arc::clone(&self.no_alerts),
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
