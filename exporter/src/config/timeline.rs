//! Reads a file of timelines as a configuration is read, with every mistake at its place.
//!
//! Only the section `alerts` in it is a configuration's; connectors are named with their
//! products, and have the logs that the product has.

use std::path::Path;

use model::connector::ConnectorKind;
use serde::de::DeserializeOwned;

use super::alerts::AlertsConfig;
use super::document::Document;
use super::error::ConfigError;
use super::{
    Config, ConnectorConfig, HostConfig, Logs, PrivacyConfig, SnmpConfig, StoreConfig, TailConfig,
    ToolsConfig, WebConfig, check, from_beginning,
};

/// The file as a tree.
pub(crate) struct TimelineDocument {
    document: Document,
}

impl TimelineDocument {
    /// Reads the text, which errors call `name`.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let document = Document::parse(name, text)?;
        Ok(Self { document })
    }

    /// What the file says, in these types.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        self.document.decode_as()
    }

    /// The configuration of an agent that watches these connectors.
    pub(crate) fn config(
        &self,
        connectors: Vec<(String, ConnectorKind)>,
        alerts: AlertsConfig,
        folder: &Path,
    ) -> Result<Config, ConfigError> {
        let connectors = connectors.into_iter();
        let mut config = Config {
            store: StoreConfig {
                // Never opened; but where it stands must be right.
                path: std::env::temp_dir().join("timeline.db"),
            },
            web: WebConfig::default(),
            tail: TailConfig::default(),
            privacy: PrivacyConfig::default(),
            connectors: connectors.map(|(name, kind)| watched(name, kind)).collect(),
            host: HostConfig::default(),
            probes: Vec::new(),
            snmp: SnmpConfig::default(),
            alerts,
            source: None,
            file: None,
            listen_of_text: Vec::new(),
            web_file_of_text: None,
        };
        config.alerts.resolve(folder);
        check::check(&config, Some(&self.document))?;
        Ok(config)
    }
}

/// The logs of a product, by the names that are usual.
const fn logs_of(kind: ConnectorKind) -> &'static [&'static str] {
    match kind {
        ConnectorKind::NetskopePublisher => &["agent", "wizard"],
        ConnectorKind::NetskopeClient => &["client", "npa"],
        ConnectorKind::CatoClient => &["client"],
    }
}

fn watched(name: String, kind: ConnectorKind) -> ConnectorConfig {
    let logs: Logs = logs_of(kind)
        .iter()
        .map(|log| {
            let pattern = format!("/timeline/{}/{log}", globset::escape(&name));
            ((*log).to_owned(), vec![pattern])
        })
        .collect();
    ConnectorConfig {
        name,
        kind,
        logs,
        timezone: Some(jiff::tz::TimeZone::UTC),
        start_at: from_beginning(),
        read_compressed: false,
        catalogue: Vec::new(),
        unknown_after: None,
        tools: ToolsConfig::default(),
        tools_in_use: Vec::new(),
    }
}
