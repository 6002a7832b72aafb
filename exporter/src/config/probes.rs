//! The section `probes`: what to ask actively on the path to the vendor.

use model::probe::ProbePlan;
use serde::Deserialize;

use super::Config;

/// One probe.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeConfig {
    /// The label `probe` of everything it tells.
    pub name: String,
}

impl Config {
    /// The probes as the writer has to know them.
    pub fn probe_plans(&self) -> Vec<ProbePlan> {
        Vec::new()
    }
}
