//! Walks a snapshot and writes every family of the model's table.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use model::snapshot::Snapshot;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

/// One snapshot, ready to be written.
#[derive(Debug)]
pub struct SnapshotCollector {
    #[expect(dead_code, reason = "read when the families are in")]
    snapshot: Arc<Snapshot>,
}

impl SnapshotCollector {
    /// Writes what `snapshot` holds.
    pub const fn new(snapshot: Arc<Snapshot>) -> Self {
        Self { snapshot }
    }
}

impl Collector for SnapshotCollector {
    fn encode(&self, _encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        Ok(())
    }
}

/// A moment in seconds since the epoch, as a gauge shows it.
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}
