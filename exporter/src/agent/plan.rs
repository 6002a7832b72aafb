//! From a configuration to the books of the writer: everything that can be refused is built here.
//!
//! A plan holds no state. At start it is opened with what the store held, at a
//! reload with what was just committed, so both take the same way.

use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::tz::TimeZone;
use logparse::catalogue::{Catalogue, CatalogueFile};
use model::probe::ProbePlan;
use model::signal::Signal;
use store::{LogName, Restored};
use tail::config::TailLimits;
use tail::source::SourceConfig;
use tail::system_files::SystemFiles;
use tail::tailer::{Start, Tailer};

use super::keeper::KeptChanges;
use crate::alerting::book::{self, KeptAlerts, Opening};
use crate::alerting::settings::{self, AlertSettings};
use crate::clock::Moment;
use crate::config::{Config, ConfigError, ConnectorConfig, catalogue_files};
use crate::pipeline::Books;
use crate::pipeline::ledger::{ConnectorPlan, HostLimits, Ledger, LogPlace, Watched};
use crate::pipeline::sources::SourceTable;

/// Connectors with their catalogues loaded and proven, and what else is watched.
pub struct Plan {
    connectors: Vec<PlannedConnector>,
    probes: Vec<ProbePlan>,
    host: Option<HostLimits>,
    limits: TailLimits,
    alerts: AlertSettings,
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
    /// A catalogue that cannot be read or does not prove itself; rules, receivers and their
    /// files likewise.
    pub fn from_config(config: &Config) -> anyhow::Result<Self> {
        let mut catalogues = Catalogues::default();
        let connectors = config
            .connectors
            .iter()
            .enumerate()
            .map(|(index, connector)| {
                let catalogue = catalogues
                    .of(connector)
                    .map_err(|error| config.refuse_catalogue(index, &format!("{error:#}")))?;
                Ok(plan_connector(connector, catalogue))
            })
            .collect::<Result<_, ConfigError>>()?;
        let host = config.host_plan().map(|plan| HostLimits {
            interval: plan.interval,
            thresholds: plan.thresholds,
        });
        Ok(Self {
            connectors,
            probes: config.probe_plans(),
            host,
            limits: config.tail.limits(),
            alerts: settings::build(config)?,
        })
    }

    /// The settings of alerting.
    pub const fn alerts(&self) -> &AlertSettings {
        &self.alerts
    }

    /// Opens the books at `now` where `restored` closed them.
    ///
    /// # Errors
    ///
    /// A pattern that `tail` does not understand.
    pub fn open(self, mut restored: Restored, now: Moment) -> anyhow::Result<Books> {
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
                    name.clone(),
                    catalogue,
                    planned.zone.clone(),
                );
                source_configs.push(SourceConfig {
                    group: connector,
                    is_new: !is_known(&restored, &name),
                    ..source.clone()
                });
            }
        }
        let is_first = !restored.has_history;
        let alerts = open_alerts(self.alerts, &mut restored, now);
        sources.restore_dates(&restored.kept);
        let matchers = source_configs.iter().map(path_matcher).collect::<Vec<_>>();
        let stored = std::mem::take(&mut restored.positions);
        let positions = sources.place_positions(stored, |source, path| {
            matchers
                .get(source.0)
                .is_some_and(|globs| globs.is_match(path))
        });
        let start = Start {
            restored: positions,
            next_file_id: restored.next_file_id,
        };
        let tailer = Tailer::new(SystemFiles, source_configs, self.limits, start)?;
        let connectors = self.connectors.into_iter().map(|planned| planned.plan);
        let watched = Watched {
            connectors: connectors.collect(),
            probes: self.probes,
            host: self.host,
        };
        let mut ledger = Ledger::open(watched, restored);
        ledger.set_quiet_before(alerts.settings.plan.quiet_before);
        if is_first {
            ledger.keep(quiet_to_keep(&alerts))?;
        }
        Ok(Books {
            tailer,
            sources,
            ledger,
            alerts,
        })
    }
}

fn open_alerts(mut settings: AlertSettings, restored: &mut Restored, now: Moment) -> Opening {
    settings.plan.quiet_before = book::quiet_before(restored, now);
    Opening {
        settings,
        kept: KeptAlerts::take_from(restored),
        now,
    }
}

/// What the first start has to remember of itself.
fn quiet_to_keep(alerts: &Opening) -> KeptChanges {
    let before = alerts.settings.plan.quiet_before;
    let text = before.map(|at| at.to_string().into_bytes());
    text.map(|text| (Arc::from(book::QUIET_KEY), Some(text)))
        .into_iter()
        .collect()
}

/// Whether the store has ever held anything of a log.
fn is_known(restored: &Restored, name: &LogName) -> bool {
    let labels = [&name.connector, &name.log];
    restored
        .counters
        .iter()
        .any(|(key, _)| key.signal == Signal::LogBytes && key.label_values.iter().eq(labels))
}

/// What a source's patterns match. A pattern that does not compile matches nothing
/// here; `tail` refuses it by name.
fn path_matcher(source: &SourceConfig) -> GlobSet {
    let mut globs = GlobSetBuilder::new();
    for pattern in &source.patterns {
        if let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() {
            globs.add(glob);
        }
    }
    globs.build().unwrap_or_default()
}

/// The catalogues of one plan. Connectors of equal kind and rows share one: its compiled
/// patterns take megabytes, and proving them takes the time that a start takes.
#[derive(Default)]
struct Catalogues(Vec<(Vec<CatalogueFile>, Arc<Catalogue>)>);

impl Catalogues {
    fn of(&mut self, config: &ConnectorConfig) -> anyhow::Result<Arc<Catalogue>> {
        let files = catalogue_files(&config.catalogue)?;
        let mut loaded = self.0.iter();
        let is_same = |(of, catalogue): &&(Vec<CatalogueFile>, Arc<Catalogue>)| {
            catalogue.kind() == config.kind && *of == files
        };
        if let Some((_, catalogue)) = loaded.find(is_same) {
            return Ok(Arc::clone(catalogue));
        }
        let catalogue = Arc::new(Catalogue::load(config.kind, &files)?);
        self.0.push((files, Arc::clone(&catalogue)));
        Ok(catalogue)
    }
}

fn plan_connector(config: &ConnectorConfig, catalogue: Arc<Catalogue>) -> PlannedConnector {
    PlannedConnector {
        plan: ConnectorPlan {
            name: Arc::from(config.name.as_str()),
            kind: config.kind,
            catalogue,
            logs: config
                .logs
                .keys()
                .map(|name| Arc::from(name.as_str()))
                .collect(),
            tools: config.tools_in_use.iter().map(|used| used.tool).collect(),
            unknown_after: config.silence_max(),
        },
        zone: config.zone(),
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN_ROWS: &str = "version: 1
rows:
  - event: update.started
    record: text
    pattern: 'Update begins'
    source: seen on our hosts
    examples:
      - line: Update begins
";

    #[test]
    fn connectors_share_a_catalogue_unless_kind_or_rows_differ() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own.yaml");
        std::fs::write(&own, OWN_ROWS).unwrap();
        let own = own.display();
        let text = format!(
            "connectors:
  - {{name: a, kind: netskope-publisher, logs: {{agent: [/a]}}}}
  - {{name: b, kind: netskope-publisher, logs: {{agent: [/b]}}}}
  - {{name: c, kind: netskope-publisher, logs: {{agent: [/c]}}, catalogue: [{own}]}}
  - {{name: d, kind: cato-client, logs: {{vpn: [/d]}}}}
"
        );
        let config = Config::parse("test.yaml", &text).unwrap();
        let plan = Plan::from_config(&config).unwrap();
        let connectors = plan.connectors.iter();
        let catalogues: Vec<_> = connectors.map(|one| &one.plan.catalogue).collect();
        let [a, b, own_rows, other_kind] = catalogues[..] else {
            panic!("four connectors");
        };
        assert!(Arc::ptr_eq(a, b));
        assert!(!Arc::ptr_eq(a, own_rows));
        assert!(!Arc::ptr_eq(a, other_kind));
    }
}
