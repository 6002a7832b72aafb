//! The section `host`: what to watch of the host, and from where on it is in a bad way.

use std::time::Duration;

use serde::Deserialize;

use super::Config;
use super::quantity::HumanDuration;
use crate::host::HostSettings;
use crate::host::watch::HostPlan;

/// What is watched of the host.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostConfig {
    /// From one look to the next.
    pub interval: HumanDuration,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            interval: HumanDuration(Duration::from_secs(15)),
        }
    }
}

impl Config {
    /// What to watch of the host; `None` if nothing.
    pub fn host_plan(&self) -> Option<HostPlan> {
        let kinds: Vec<_> = self.connectors.iter().map(|one| one.kind).collect();
        Some(HostPlan {
            settings: HostSettings::of_kinds(&kinds),
            interval: self.host.interval.0,
            thresholds: Vec::new(),
        })
    }
}
