//! What to look at: the command line and the configuration, turned into errands.
//!
//! A configuration that is refused stops no check that can do without it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use model::connector::ConnectorKind;
use model::host::threshold::{DEFAULT_THRESHOLDS, Threshold};

use super::facts::{ConfigFacts, Seen, Unseen};
use super::gather::logs::LogPlan;
use super::gather::path::{Target, proxy_exclusions};
use super::gather::snmp::SnmpPlan;
use super::gather::tools::ToolPlan;
use crate::cli::DoctorArgs;
use crate::config::{Config, ConfigError};
use crate::host::{HostSettings, Roots};

/// Whether the network may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Names and ports outside are asked.
    Online,
    /// Nobody outside this host is asked.
    Offline,
}

/// What to read of the host, and how to judge it.
#[derive(Debug, Clone)]
pub(super) struct HostErrand {
    pub(super) settings: HostSettings,
    /// Whether the processes that we see are this host's, and not those of a machine that
    /// only keeps its files.
    pub(super) has_processes: bool,
    pub(super) thresholds: Vec<Threshold>,
}

/// Everything to look at.
pub(super) struct Plan {
    pub(super) reach: Reach,
    /// `/`, or a folder that stands for it.
    pub(super) root: PathBuf,
    /// Our own number.
    pub(super) user: u32,
    pub(super) config: ConfigFacts,
    pub(super) kinds: Vec<ConnectorKind>,
    pub(super) host: HostErrand,
    pub(super) targets: Vec<Target>,
    /// Names that must not go through the proxy, if the configuration says.
    pub(super) proxy_excluded: Option<Vec<String>>,
    pub(super) tools: Vec<ToolPlan>,
    pub(super) logs: Vec<LogPlan>,
    pub(super) store: Seen<PathBuf>,
    pub(super) web: Seen<Vec<String>>,
    pub(super) snmp: Seen<SnmpPlan>,
}

/// How long a collector of the host may take: a dead mount must not use up the run.
const COLLECTOR_TIME_LIMIT: Duration = Duration::from_secs(5);

impl Plan {
    /// Reads the configuration, or looks for connectors at the vendors' paths.
    pub(super) fn of(args: &DoctorArgs) -> Self {
        let root = args.root.clone().unwrap_or_else(|| PathBuf::from("/"));
        let loaded = match &args.config {
            Some(file) => Config::load(file),
            None => Config::without_file_below(&root),
        };
        let config_facts = config_facts(args.config.as_deref(), &loaded);
        let config = loaded.ok();
        let kinds: Vec<ConnectorKind> = config
            .iter()
            .flat_map(|config| &config.connectors)
            .map(|connector| connector.kind)
            .collect();
        Self {
            reach: if args.offline {
                Reach::Offline
            } else {
                Reach::Online
            },
            user: rustix::process::geteuid().as_raw(),
            host: host_errand(config.as_ref(), &kinds, args.root.as_deref()),
            targets: Target::all(config.as_ref(), args.tenant.as_deref()),
            proxy_excluded: config.as_ref().and_then(proxy_exclusions),
            tools: config.as_ref().map(ToolPlan::all).unwrap_or_default(),
            logs: config.as_ref().map(LogPlan::all).unwrap_or_default(),
            store: with(config.as_ref(), |config| Ok(config.store.path.clone())),
            web: with(config.as_ref(), |config| Ok(config.web.listen.clone())),
            snmp: with(config.as_ref(), SnmpPlan::of),
            config: config_facts,
            kinds,
            root,
        }
    }
}

/// What the configuration says, if there is one.
fn with<T>(config: Option<&Config>, read: impl FnOnce(&Config) -> Seen<T>) -> Seen<T> {
    match config {
        Some(config) => read(config),
        None => Err(Unseen::NotWanted("without a configuration".to_owned())),
    }
}

fn config_facts(file: Option<&Path>, loaded: &Result<Config, ConfigError>) -> ConfigFacts {
    match (file, loaded) {
        (Some(file), Ok(config)) => ConfigFacts::File {
            path: file.display().to_string(),
            connectors: config.connectors.len(),
        },
        (None, Ok(config)) => ConfigFacts::Found {
            connectors: config.connectors.len(),
        },
        (None, Err(error)) => ConfigFacts::Nothing {
            place: error.key().to_owned(),
            message: error.message(),
        },
        (Some(_), Err(error)) => ConfigFacts::Refused {
            place: place_of(error),
            message: error.message(),
        },
    }
}

/// File, line, column and key of a mistake.
fn place_of(error: &ConfigError) -> String {
    let mut place = error.file().to_owned();
    if let (Some(line), Some(column)) = (error.line(), error.column()) {
        place.push_str(&format!(":{line}:{column}"));
    }
    if !error.key().is_empty() {
        place.push_str(&format!(" `{}`", error.key()));
    }
    place
}

fn host_errand(
    config: Option<&Config>,
    kinds: &[ConnectorKind],
    root: Option<&Path>,
) -> HostErrand {
    let planned = config.and_then(Config::host_plan);
    // Switched off for the agent, or without a configuration: what fits the products.
    let (mut settings, thresholds) = match planned {
        Some(plan) => (plan.settings, plan.thresholds),
        None => (
            HostSettings::of_kinds(if kinds.is_empty() {
                &[ConnectorKind::NetskopePublisher]
            } else {
                kinds
            }),
            DEFAULT_THRESHOLDS.to_vec(),
        ),
    };
    if let Some(root) = root {
        settings.roots = Roots {
            proc: root.join("proc"),
            sys: root.join("sys"),
            host: root.to_owned(),
        };
    }
    settings.window = Duration::ZERO;
    settings.time_limit = settings.time_limit.min(COLLECTOR_TIME_LIMIT);
    HostErrand {
        has_processes: root.is_none(),
        settings,
        thresholds,
    }
}
