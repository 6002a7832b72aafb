//! The section `host`: what to watch of the host, and from where on it is in a bad way.
//!
//! A limit is a number or a size, or a group of `value`, `clear` and `for`. What is not
//! said is the vendor's limit and our hysteresis (`model::host::threshold`); so is what
//! fits the connectors, if nobody names processes and folders.

mod limit;

use std::path::{Path, PathBuf};
use std::time::Duration;

use model::host::threshold::{HostResource, Threshold};
use serde::Deserialize;

pub(super) use self::limit::can_clear;
use self::limit::threshold;
use self::limit::{LimitConfig, Ratio};
use super::Config;
use super::decode;
use super::quantity::{HumanDuration, HumanSize};
use crate::host::watch::HostPlan;
use crate::host::{HostSettings, Roots};

/// How long a collector may take if nobody says: as long as a disk that wakes up needs.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// What is watched of the host.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostConfig {
    /// Whether anything is.
    pub enabled: bool,
    /// From one look to the next.
    pub interval: HumanDuration,
    /// Time over which shares of processors are taken, about.
    pub window: HumanDuration,
    /// How long one collector may take, if somebody says; see [`Self::time_limit`].
    #[serde(deserialize_with = "decode::present")]
    pub time_limit: Option<HumanDuration>,
    /// From where on it is in a bad way.
    pub thresholds: ThresholdsConfig,
    /// Folders that an update of a connector writes to, if somebody says.
    #[serde(deserialize_with = "decode::present")]
    pub update_folders: Option<Vec<PathBuf>>,
    /// Short names of the connectors' processes, if somebody says.
    #[serde(deserialize_with = "decode::present")]
    pub connector_processes: Option<Vec<String>>,
    /// File with a Publisher's own counts.
    #[serde(deserialize_with = "decode::present")]
    pub publisher_metrics_file: Option<PathBuf>,
    /// Types of file systems that are left out, if somebody says.
    #[serde(deserialize_with = "decode::present")]
    pub ignored_types: Option<Vec<String>>,
    /// Mount points that are left out with all below them, if somebody says.
    #[serde(deserialize_with = "decode::present")]
    pub ignored_mountpoints: Option<Vec<String>>,
    /// Where the host's files are seen.
    pub root: PathBuf,
}

/// From where on the host is in a bad way.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ThresholdsConfig {
    /// Used share of processors.
    pub cpu_used_ratio: LimitConfig<Ratio>,
    /// Used share of memory.
    pub memory_used_ratio: LimitConfig<Ratio>,
    /// Free bytes of each file system with data.
    pub disk_free: LimitConfig<HumanSize>,
    /// Free bytes where an update is written.
    pub update_space: LimitConfig<HumanSize>,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: HumanDuration(Duration::from_secs(15)),
            window: HumanDuration(Duration::from_secs(60)),
            time_limit: None,
            thresholds: ThresholdsConfig::default(),
            update_folders: None,
            connector_processes: None,
            publisher_metrics_file: None,
            ignored_types: None,
            ignored_mountpoints: None,
            root: PathBuf::from("/"),
        }
    }
}

impl HostConfig {
    /// How long one collector may take: `TIME_LIMIT` or the interval if nobody says,
    /// whichever is shorter.
    pub fn time_limit(&self) -> Duration {
        self.time_limit
            .map_or_else(|| TIME_LIMIT.min(self.interval.0), |limit| limit.0)
    }

    /// Lets a relative path start at `folder`.
    pub(super) fn resolve(&mut self, folder: &Path) {
        let file = self.publisher_metrics_file.as_mut();
        if let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) {
            *file = folder.join(&*file);
        }
    }
}

impl ThresholdsConfig {
    /// The limits with their keys, in the order of the manual.
    pub fn rows(&self) -> [(&'static str, Threshold); 4] {
        [
            (
                "cpu_used_ratio",
                threshold(HostResource::Cpu, self.cpu_used_ratio),
            ),
            (
                "memory_used_ratio",
                threshold(HostResource::Memory, self.memory_used_ratio),
            ),
            ("disk_free", threshold(HostResource::Disk, self.disk_free)),
            (
                "update_space",
                threshold(HostResource::UpdateSpace, self.update_space),
            ),
        ]
    }
}

impl Config {
    /// What to watch of the host; `None` if nothing.
    pub fn host_plan(&self) -> Option<HostPlan> {
        let host = &self.host;
        if !host.enabled {
            return None;
        }
        let kinds: Vec<_> = self.connectors.iter().map(|one| one.kind).collect();
        let fitting = HostSettings::of_kinds(&kinds);
        let settings = HostSettings {
            roots: Roots {
                host: host.root.clone(),
                ..Roots::default()
            },
            window: host.window.0,
            time_limit: host.time_limit(),
            connector_processes: said(&host.connector_processes, fitting.connector_processes),
            update_folders: said(&host.update_folders, fitting.update_folders),
            publisher_counts: host.publisher_metrics_file.clone(),
            ignored_types: said(&host.ignored_types, fitting.ignored_types),
            ignored_mountpoints: said(&host.ignored_mountpoints, fitting.ignored_mountpoints),
        };
        Some(HostPlan {
            settings,
            interval: host.interval.0,
            thresholds: host.thresholds.rows().map(|(_, row)| row).to_vec(),
        })
    }
}

/// What somebody said, or else what fits.
fn said<T: Clone>(said: &Option<Vec<T>>, fitting: Vec<T>) -> Vec<T> {
    said.clone().unwrap_or(fitting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::host::threshold::DEFAULT_THRESHOLDS;

    fn plan(section: &str) -> Option<HostPlan> {
        let text = format!(
            "store: {{path: state.db}}\nhost: {section}\nconnectors:\n\
             - {{name: a, kind: netskope-publisher, logs: {{agent: [/x]}}}}\n"
        );
        match Config::parse("test", &text) {
            Ok(config) => config.host_plan(),
            Err(error) => panic!("{}", error.render(crate::config::Colour::Never)),
        }
    }

    fn limits(section: &str) -> Vec<(f64, f64, u64)> {
        let rows = plan(section).unwrap().thresholds;
        rows.iter()
            .map(|row| (row.value, row.clear, row.lasting.as_secs()))
            .collect()
    }

    #[test]
    fn without_a_word_it_is_the_vendors_limits_and_what_fits_the_connectors() {
        let plan = plan("{}").unwrap();
        assert_eq!(plan.thresholds, DEFAULT_THRESHOLDS);
        let fitting = HostSettings::of_kinds(&[model::connector::ConnectorKind::NetskopePublisher]);
        assert_eq!(plan.settings, fitting);
        assert_eq!(plan.interval, Duration::from_secs(15));
    }

    #[test]
    fn a_host_that_is_not_watched_has_no_plan() {
        assert_eq!(plan("{enabled: false}"), None);
    }

    #[test]
    fn a_limit_in_short_brings_its_hysteresis() {
        let limits = limits(
            "{thresholds: {cpu_used_ratio: 0.5, memory_used_ratio: 1, disk_free: 2GB, \
             update_space: 1GiB}}",
        );
        let gib = 1_073_741_824.0;
        assert_eq!(
            limits,
            [
                (0.5, 0.45, 300),
                (1.0, 0.95, 300),
                (2e9, 2.2e9, 60),
                (gib, gib * 1.1, 0)
            ]
        );
    }

    #[test]
    fn a_limit_at_length_says_what_it_says_and_the_rest_is_the_default() {
        let limits = limits(
            "{thresholds: {cpu_used_ratio: {value: 0.8, clear: 0.8, for: 1m}, \
             memory_used_ratio: {for: 0s}, disk_free: {clear: 3GB}, \
             update_space: {value: 0B}}}",
        );
        assert_eq!(
            limits,
            [
                (0.8, 0.8, 60),
                (0.9, 0.85, 0),
                (1e9, 3e9, 60),
                (0.0, 0.0, 0)
            ]
        );
    }

    #[test]
    fn everything_else_is_taken_over() {
        let plan = plan(
            "{interval: 2s, window: 30s, update_folders: [/data], connector_processes: [npa], \
             publisher_metrics_file: /m, ignored_types: [], ignored_mountpoints: [/mnt], \
             root: /usr}",
        )
        .unwrap();
        let settings = plan.settings;
        assert_eq!(settings.roots.host, PathBuf::from("/usr"));
        assert_eq!(settings.roots.proc, PathBuf::from("/proc"));
        assert_eq!(settings.window, Duration::from_secs(30));
        // The default would end after the next look.
        assert_eq!(settings.time_limit, Duration::from_secs(2));
        assert_eq!(settings.update_folders, [PathBuf::from("/data")]);
        assert_eq!(settings.connector_processes, ["npa"]);
        assert_eq!(settings.publisher_counts, Some(PathBuf::from("/m")));
        assert_eq!(settings.ignored_types, Vec::<String>::new());
        assert_eq!(settings.ignored_mountpoints, ["/mnt"]);
    }
}
