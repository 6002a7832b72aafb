//! The parts beside the writer and HTTP: tools, probes, the host, SNMP, delivery of alerts.
//!
//! They start, change with a reload and end together, each in its own way. All they
//! learn goes through the writer's inbox.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

use model::snapshot::Snapshot;
use tokio::sync::watch;

use super::keeper::Keeper;
use super::writer::Input;
use crate::alerting::settings::AlertSettings;
use crate::alerting::side::{AlertGround, AlertSide};
use crate::alerting::tray::Tray;
use crate::clock::Clock;
use crate::config::Config;
use crate::host::watch::HostWatch;
use crate::metrics::AgentMetrics;
use crate::probe::ToolJob;
use crate::probe::active::Probes;
use crate::probe::schedule::{Delivery, Prober};
use crate::snmp::{PreparedSnmp, SnmpSide};

/// What the sides stand on.
pub struct Ground {
    /// The writer's inbox.
    pub inbox: SyncSender<Input>,
    /// The committed picture.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// The way to what is kept.
    pub keeper: Keeper,
    /// The time.
    pub clock: Clock,
    /// The agent's own numbers.
    pub metrics: AgentMetrics,
    /// The outbox of alerting.
    pub tray: Arc<Tray>,
    /// Where the store is.
    pub store_path: PathBuf,
}

/// What a configuration comes to, as far as it was built before.
#[derive(Debug)]
pub struct Wanted {
    /// The tools to be asked.
    pub tools: Vec<ToolJob>,
    /// Who is told of alerts.
    pub alerts: AlertSettings,
}

/// All sides.
pub struct Sides {
    tools: Prober,
    probes: Probes,
    host: HostWatch,
    snmp: SnmpSide,
    alerts: AlertSide,
}

/// What is ready to be put in force.
pub struct PreparedSides {
    wanted: Wanted,
    snmp: PreparedSnmp,
}

impl Sides {
    /// Nothing runs yet.
    pub fn new(ground: Ground) -> Self {
        let Ground {
            inbox,
            snapshots,
            keeper,
            clock,
            metrics,
            tray,
            store_path,
        } = ground;
        let to_tools = inbox.clone();
        let to_probes = inbox.clone();
        let snmp = SnmpSide::new(keeper, snapshots.clone(), clock, metrics.snmp);
        let alerts = AlertSide::new(AlertGround {
            tray,
            store_path,
            inbox: inbox.clone(),
            snapshots,
            clock,
            traps: snmp.traps(),
        });
        Self {
            tools: Prober::new(
                Arc::new(move |connector, run| {
                    offer(
                        &to_tools,
                        Input::ToolRun {
                            connector: Arc::clone(connector),
                            run: run.clone(),
                        },
                    )
                }),
                clock,
            ),
            probes: Probes::new(
                Arc::new(move |run| offer(&to_probes, Input::Probe(Box::new(run.clone())))),
                clock,
            ),
            host: HostWatch::new(
                Arc::new(move |sample| offer(&inbox, Input::Host(sample)) != Delivery::Full),
                clock,
            ),
            snmp,
            alerts,
        }
    }

    /// Makes ready what can fail. Nothing changes if it does.
    ///
    /// # Errors
    ///
    /// A complete text for people.
    pub async fn prepare(&self, config: &Config, wanted: Wanted) -> Result<PreparedSides, String> {
        Ok(PreparedSides {
            wanted,
            snmp: self.snmp.prepare(config).await?,
        })
    }

    /// Puts the configuration in force.
    ///
    /// # Errors
    ///
    /// A complete text for people, if SNMP could not follow; the others have.
    pub async fn commit(&mut self, config: &Config, prepared: PreparedSides) -> Result<(), String> {
        let snmp = self.snmp.commit(prepared.snmp).await;
        self.host.change(config.host_plan()).await;
        self.probes.change(config.probes.clone()).await;
        let Wanted { tools, alerts } = prepared.wanted;
        self.tools.change(tools).await;
        self.alerts.change(&alerts).await;
        snmp
    }

    /// Where SNMP is served.
    pub fn snmp_addresses(&self) -> Vec<std::net::SocketAddr> {
        self.snmp.addresses()
    }

    /// Stops them all.
    pub async fn stop(&mut self) {
        self.tools.stop().await;
        self.probes.stop().await;
        self.host.stop().await;
        // Before SNMP, which it hands alerts to.
        self.alerts.stop().await;
        self.snmp.stop().await;
    }
}

fn offer(inbox: &SyncSender<Input>, input: Input) -> Delivery {
    match inbox.try_send(input) {
        Ok(()) => Delivery::Taken,
        Err(TrySendError::Full(_)) => Delivery::Full,
        Err(TrySendError::Disconnected(_)) => Delivery::Gone,
    }
}
