//! Checks of who is told of what: everything about alerts but the rules themselves.
//!
//! Secrets, certificates and templates are read here to see whether they are some, and
//! forgotten. Whether rules are right, and whom they name, is said with their own places
//! when they are loaded.

mod calendar;
mod receiver;
mod web_address;

use std::collections::HashMap;

use self::web_address::WebAddress;
use super::super::alerts::files::rule_files;
use super::super::alerts::{AlertsConfig, matcher};
use super::{Checker, Config, ConfigError, KeyPath, Part, shortened};

const SOURCES_MAX: usize = 64;
const RECEIVERS_MAX: usize = 64;
const RELEASES_MAX: usize = 64;
const MATCHERS_MAX: usize = 16;

/// Longest text for people, in bytes.
const WORDS_BYTES_MAX: usize = 256;

/// Longest name of the agent: the right side of a Message-ID is a host's name.
const AGENT_BYTES_MAX: usize = 128;

impl Checker<'_> {
    pub(super) fn alerts(&self, config: &Config) -> Result<(), ConfigError> {
        let alerts = &config.alerts;
        let section = KeyPath::default().key("alerts");
        self.rule_sources(&section.key("rules"), alerts)?;
        self.receivers(&section.key("receivers"), config)?;
        self.default_receivers(&section.key("default_receivers"), alerts)?;
        self.agent(&section, alerts)?;
        self.profiles(&section.key("profiles"), config)?;
        self.maintenance(&section.key("maintenance"), &alerts.maintenance)?;
        self.silences(&section.key("silences"), &alerts.silences)?;
        self.releases(&section.key("releases"), &alerts.releases)
    }

    fn rule_sources(&self, path: &KeyPath, alerts: &AlertsConfig) -> Result<(), ConfigError> {
        let Some(rules) = &alerts.rules else {
            return Ok(());
        };
        self.count(path, rules.len(), SOURCES_MAX, "sources")?;
        let mut seen = HashMap::new();
        for (index, source) in rules.iter().enumerate() {
            let item = path.index(index);
            if source.is_empty() {
                return Err(self.refuse(&item, "is empty"));
            }
            if let Some(first) = seen.insert(source, index) {
                let wrong = format!("`{source}` is also in `{}`", path.index(first));
                return Err(self.refuse(&item, &wrong));
            }
        }
        rule_files(&alerts.rule_sources())
            .map_err(|error| self.refuse(&path.index(error.index), &error.words))?;
        if alerts.receivers.is_none() {
            return Err(self
                .refuse_part(path, Part::Key, "are there, but nobody is told")
                .wanting(
                    "`alerts.receivers` beside it; or `receivers: []` if the page and the \
                     metrics are enough",
                ));
        }
        Ok(())
    }

    fn default_receivers(&self, path: &KeyPath, alerts: &AlertsConfig) -> Result<(), ConfigError> {
        let Some(names) = &alerts.default_receivers else {
            return Ok(());
        };
        self.no_more_than(path, names.len(), RECEIVERS_MAX)?;
        let mut seen = HashMap::new();
        for (index, name) in names.iter().enumerate() {
            let item = path.index(index);
            if !alerts.receivers().iter().any(|one| one.name == *name) {
                let wrong = format!("`{}` is none of `alerts.receivers`", shortened(name));
                return Err(self.refuse(&item, &wrong));
            }
            if seen.insert(name, index).is_some() {
                return Err(self.refuse(&item, &format!("`{name}` is there already")));
            }
        }
        Ok(())
    }

    fn agent(&self, section: &KeyPath, alerts: &AlertsConfig) -> Result<(), ConfigError> {
        if let Some(agent) = &alerts.agent {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
            let is_name = (1..=AGENT_BYTES_MAX).contains(&agent.len())
                && agent.bytes().all(is_plain)
                && agent
                    .split('.')
                    .all(|label| !label.is_empty() && !label.starts_with('-'));
            if !is_name {
                let wrong = format!("`{}` is no name", shortened(agent));
                return Err(self.refuse(&section.key("agent"), &wrong));
            }
        }
        if let Some(site) = &alerts.site {
            self.one_line(&section.key("site"), site)?;
        }
        Ok(())
    }

    fn releases(&self, path: &KeyPath, releases: &[String]) -> Result<(), ConfigError> {
        self.no_more_than(path, releases.len(), RELEASES_MAX)?;
        let mut seen = HashMap::new();
        for (index, release) in releases.iter().enumerate() {
            let item = path.index(index);
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
            let is_version = (1..=64).contains(&release.len())
                && release.bytes().any(|byte| byte.is_ascii_digit())
                && release.bytes().all(is_plain);
            if !is_version {
                let wrong = format!("`{}` is no release", shortened(release));
                return Err(self.refuse(&item, &wrong));
            }
            if seen.insert(release, index).is_some() {
                return Err(self.refuse(&item, &format!("`{release}` is there already")));
            }
        }
        Ok(())
    }

    /// A line for people: not empty, not long, without anything that moves a cursor or
    /// begins a header.
    fn one_line(&self, path: &KeyPath, text: &str) -> Result<(), ConfigError> {
        let wrong = if text.trim().is_empty() {
            "is empty".to_owned()
        } else if WORDS_BYTES_MAX < text.len() {
            format!("has {} bytes", text.len())
        } else if text.chars().any(model::untrusted::is_unprintable) {
            "has a control character".to_owned()
        } else {
            return Ok(());
        };
        Err(self
            .refuse(path, &wrong)
            .wanting("one line of 1 to 256 bytes without control characters"))
    }

    fn matchers(&self, path: &KeyPath, matchers: &[String]) -> Result<(), ConfigError> {
        self.no_more_than(path, matchers.len(), MATCHERS_MAX)?;
        for (index, text) in matchers.iter().enumerate() {
            if matcher(text).is_none() {
                let wrong = format!("`{}` is no matcher", shortened(text));
                return Err(self.refuse(&path.index(index), &wrong));
            }
        }
        Ok(())
    }

    pub(super) fn web_address(
        &self,
        path: &KeyPath,
        text: &str,
    ) -> Result<WebAddress, ConfigError> {
        WebAddress::parse(text).map_err(|why| {
            // It may have a user, and of a webhook it may be the secret itself.
            self.refuse(path, why).hiding_its_value()
        })
    }
}
