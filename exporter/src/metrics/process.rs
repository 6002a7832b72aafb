//! The agent's own process, under the names that all Prometheus clients use.
//!
//! Read from `/proc/self` at each rendering. What cannot be read is absent, since 0
//! would be a claim. Numbers of the host stand elsewhere.

use std::fmt;
use std::path::PathBuf;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

/// Reads the process's numbers below a root, which is `/proc` but in tests.
#[derive(Debug)]
pub struct ProcessCollector {
    #[expect(dead_code, reason = "read when the families are in")]
    proc_root: PathBuf,
}

impl ProcessCollector {
    /// The process this code runs in.
    pub fn of_this_process() -> Self {
        Self {
            proc_root: PathBuf::from("/proc"),
        }
    }
}

impl Collector for ProcessCollector {
    fn encode(&self, _encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        Ok(())
    }
}
