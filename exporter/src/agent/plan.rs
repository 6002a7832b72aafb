//! From a configuration to the books of the writer: everything that can be refused is built here.
//!
//! A plan holds no state. At start it is opened with what the store held, at a
//! reload with what was just committed, so both take the same way.

use std::sync::Arc;

use anyhow::Context;
use jiff::tz::TimeZone;
use logparse::catalogue::Catalogue;
use store::{LogName, Restored};
use tail::config::TailLimits;
use tail::source::SourceConfig;
use tail::system_files::SystemFiles;
use tail::tailer::{Start, Tailer};

use crate::config::{Config, ConnectorConfig, catalogue_files};
use crate::pipeline::Books;
use crate::pipeline::ledger::{ConnectorPlan, Ledger, LogPlace};
use crate::pipeline::sources::SourceTable;

/// Connectors with their catalogues loaded and proven.
pub struct Plan {
    connectors: Vec<PlannedConnector>,
    limits: TailLimits,
}

struct PlannedConnector {
    plan: ConnectorPlan,
    zone: TimeZone,
    /// In the order of `plan.logs`.
    sources: Vec<SourceConfig>,
}

impl Plan {
    /// Loads what the configuration names.
    ///
    /// # Errors
    ///
    /// A catalogue that cannot be read or does not prove itself.
    pub fn from_config(config: &Config) -> anyhow::Result<Self> {
        let connectors = config
            .connectors
            .iter()
            .map(plan_connector)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            connectors,
            limits: config.tail.limits(),
        })
    }

    /// Opens the books where `restored` closed them.
    ///
    /// # Errors
    ///
    /// A pattern that `tail` does not understand.
    pub fn open(self, mut restored: Restored) -> anyhow::Result<Books> {
        let mut sources = SourceTable::default();
        let mut source_configs = Vec::new();
        for (connector, planned) in self.connectors.iter().enumerate() {
            let logs = planned.plan.logs.iter().zip(&planned.sources).enumerate();
            for (log, (name, source)) in logs {
                let name = LogName {
                    connector: Arc::clone(&planned.plan.name),
                    log: Arc::clone(name),
                };
                let catalogue = Arc::clone(&planned.plan.catalogue);
                sources.add(
                    LogPlace { connector, log },
                    name,
                    catalogue,
                    planned.zone.clone(),
                );
                source_configs.push(SourceConfig {
                    group: connector,
                    is_new: !restored.has_history,
                    ..source.clone()
                });
            }
        }
        let positions = sources.place_positions(std::mem::take(&mut restored.positions));
        let start = Start {
            restored: positions,
            next_file_id: restored.next_file_id,
        };
        let tailer = Tailer::new(SystemFiles, source_configs, self.limits, start)?;
        let plans = self
            .connectors
            .into_iter()
            .map(|planned| planned.plan)
            .collect();
        Ok(Books {
            tailer,
            sources,
            ledger: Ledger::open(plans, restored),
        })
    }
}

fn load_catalogue(config: &ConnectorConfig) -> anyhow::Result<Catalogue> {
    let files = catalogue_files(&config.catalogue)?;
    Ok(Catalogue::load(config.kind, &files)?)
}

fn plan_connector(config: &ConnectorConfig) -> anyhow::Result<PlannedConnector> {
    let catalogue = load_catalogue(config)
        .with_context(|| format!("connector `{}`: its catalogue cannot be used", config.name))?;
    Ok(PlannedConnector {
        plan: ConnectorPlan {
            name: Arc::from(config.name.as_str()),
            kind: config.kind,
            catalogue: Arc::new(catalogue),
            logs: config
                .logs
                .keys()
                .map(|name| Arc::from(name.as_str()))
                .collect(),
        },
        zone: config.timezone.clone(),
        sources: config
            .logs
            .values()
            .map(|patterns| SourceConfig {
                // Both are set when the plan is opened.
                group: 0,
                is_new: false,
                patterns: patterns.clone(),
                start_at: config.start_at,
                read_compressed: config.read_compressed,
            })
            .collect(),
    })
}
