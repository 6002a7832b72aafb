//! The section `alerts`: rules, receivers, update profiles, silences, maintenance.
//!
//! Words and places of secrets only. What they become is in [`crate::alerting::settings`];
//! what types cannot say is checked in `check::alerts`.

mod calendar;
pub(crate) mod files;
mod mail;
mod receiver;

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::decode;

pub use self::calendar::{
    MaintenanceConfig, MonthlyConfig, ProfileConfig, ScheduleConfig, SilenceConfig, WavesConfig,
    matcher, weekday,
};
pub use self::mail::{EmailConfig, MailAuthWord, MailTlsWord, OAuthConfig, TemplatesConfig};
pub use self::receiver::{
    AlertmanagerConfig, ExecConfig, FACILITIES, HttpConfig, ReceiverConfig, SnmpWayConfig,
    SyslogConfig, TransportWord, WayConfig,
};

/// Stands among the rule files for those that come with the program.
pub const DEFAULT_RULES_WORD: &str = "default";

/// What is worth an alert, and who is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsConfig {
    /// Files of rules, in their order: `default`, paths, and patterns of file names.
    /// Without the key the default ones.
    #[serde(deserialize_with = "decode::present")]
    pub rules: Option<Vec<String>>,
    /// Who can be told. `None` if nobody said anything of it.
    #[serde(deserialize_with = "decode::present")]
    pub receivers: Option<Vec<ReceiverConfig>>,
    /// Who is told of what names no receiver. Without the key: all.
    #[serde(deserialize_with = "decode::present")]
    pub default_receivers: Option<Vec<String>>,
    /// Whether receivers may start programs.
    pub allow_exec: bool,
    /// The agent's own name in messages; without it the host's.
    #[serde(deserialize_with = "decode::present")]
    pub agent: Option<String>,
    /// Where it stands, for people.
    #[serde(deserialize_with = "decode::present")]
    pub site: Option<String>,
    /// Update profiles.
    pub profiles: Vec<ProfileConfig>,
    /// Times in which nobody wants to be told.
    pub maintenance: Vec<MaintenanceConfig>,
    /// Alerts that nobody wants to hear of for a while.
    pub silences: Vec<SilenceConfig>,
    /// Releases of the Publisher, the newest first.
    pub releases: Vec<String>,
}

impl AlertsConfig {
    /// The receivers.
    pub fn receivers(&self) -> &[ReceiverConfig] {
        self.receivers.as_deref().unwrap_or_default()
    }

    /// The names of rule files as they were written.
    pub fn rule_sources(&self) -> Vec<&str> {
        match &self.rules {
            Some(rules) => rules.iter().map(String::as_str).collect(),
            None => vec![DEFAULT_RULES_WORD],
        }
    }

    /// Lets relative paths start at `folder`.
    pub(super) fn resolve(&mut self, folder: &Path) {
        for source in self.rules.iter_mut().flatten() {
            if source != DEFAULT_RULES_WORD && !source.is_empty() && !source.starts_with('/') {
                *source = folder.join(&*source).display().to_string();
            }
        }
        for receiver in self.receivers.iter_mut().flatten() {
            receiver.resolve(folder);
        }
    }
}

/// Lets a path that is there start at `folder`.
fn resolve(path: &mut Option<PathBuf>, folder: &Path) {
    if let Some(path) = path.as_mut().filter(|path| !path.as_os_str().is_empty()) {
        *path = folder.join(&*path);
    }
}
