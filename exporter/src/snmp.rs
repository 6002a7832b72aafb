//! SNMP in the program: settings from the configuration, pictures, and what must survive.
//!
//! The protocol is `snmp-agent`'s. Here it gets its pictures from the writer's snapshots,
//! its memory from the [`Keeper`], and its place in start, reload and end.

use std::net::SocketAddr;
use std::sync::Arc;

use model::snapshot::Snapshot;
use tokio::sync::watch;

use crate::agent::keeper::Keeper;
use crate::clock::Clock;
use crate::config::Config;

/// SNMP as a part of the running agent.
pub struct SnmpSide {
    keeper: Keeper,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
}

/// Settings that are ready to be put in force.
#[derive(Debug, Default)]
pub struct PreparedSnmp {}

impl SnmpSide {
    /// Nothing is served yet.
    pub const fn new(
        keeper: Keeper,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        clock: Clock,
    ) -> Self {
        Self {
            keeper,
            snapshots,
            clock,
        }
    }

    /// Makes ready what the configuration asks for. Nothing changes if that fails.
    ///
    /// # Errors
    ///
    /// A complete text for people.
    pub async fn prepare(&self, config: &Config) -> Result<PreparedSnmp, String> {
        let _ = (config, &self.keeper, &self.snapshots, self.clock);
        Ok(PreparedSnmp::default())
    }

    /// Puts in force what was prepared.
    pub async fn commit(&mut self, prepared: PreparedSnmp) {
        let PreparedSnmp {} = prepared;
    }

    /// Where it listens now.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        Vec::new()
    }

    /// Stops serving.
    pub async fn stop(&mut self) {}
}
