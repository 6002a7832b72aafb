//! What to read of a host, and where.
//!
//! Filled from the configuration, or by [`HostSettings::of_kinds`] with what fits the
//! connectors. Nothing is checked here against the host: what is missing shows in the
//! sample.

use std::path::PathBuf;
use std::time::Duration;

use model::connector::ConnectorKind;

/// Where the host's files begin. Other than the usual places in tests, and in a container
/// that sees its host's files below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// `/proc`.
    pub proc: PathBuf,
    /// `/sys`.
    pub sys: PathBuf,
    /// `/`: where mount points, `etc`, `run` and `var` are looked for.
    pub host: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self {
            proc: PathBuf::from("/proc"),
            sys: PathBuf::from("/sys"),
            host: PathBuf::from("/"),
        }
    }
}

/// What to read of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSettings {
    /// Where its files begin.
    pub roots: Roots,
    /// Time over which shares of processors are taken, about.
    pub window: Duration,
    /// How long a collector may take. A sample takes no longer than the slowest of them.
    pub time_limit: Duration,
    /// Short names of the connectors' processes; the kernel keeps 15 bytes of a name, and
    /// so many are compared.
    pub connector_processes: Vec<String>,
    /// Folders that an update of the connector writes to.
    pub update_folders: Vec<PathBuf>,
    /// File with a Publisher's own counts. `None` if there is none.
    pub publisher_counts: Option<PathBuf>,
    /// Types of file systems that are left out: those without storage behind them, and
    /// images that are full by design.
    pub ignored_types: Vec<String>,
    /// Mount points that are left out, with all below them: those that container engines
    /// make and unmake.
    pub ignored_mountpoints: Vec<String>,
}

/// Types without storage of their own, images, and layers over other file systems.
const IGNORED_TYPES: &[&str] = &[
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "erofs",
    "fusectl",
    "fuse.gvfsd-fuse",
    "fuse.lxcfs",
    "fuse.portal",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "overlay",
    "proc",
    "pstore",
    "ramfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "smackfs",
    "squashfs",
    "sysfs",
    "tracefs",
];

/// Where engines mount for their containers, and systemd for its services.
const IGNORED_MOUNTPOINTS: &[&str] = &[
    "/dev/pts",
    "/proc",
    "/run/containerd",
    "/run/credentials",
    "/run/docker",
    "/run/netns",
    "/sys",
    "/var/lib/containerd",
    "/var/lib/containers/storage",
    "/var/lib/docker",
    "/var/lib/kubelet/pods",
];

impl HostSettings {
    /// What fits a host with connectors of these kinds.
    pub fn of_kinds(kinds: &[ConnectorKind]) -> Self {
        let mut settings = Self {
            roots: Roots::default(),
            window: Duration::from_secs(60),
            time_limit: Duration::from_secs(5),
            connector_processes: Vec::new(),
            update_folders: Vec::new(),
            publisher_counts: None,
            ignored_types: owned(IGNORED_TYPES),
            ignored_mountpoints: owned(IGNORED_MOUNTPOINTS),
        };
        for kind in ConnectorKind::ALL
            .iter()
            .filter(|kind| kinds.contains(kind))
        {
            settings
                .connector_processes
                .extend(owned(process_names(*kind)));
            let folders = update_folders(*kind).iter().map(PathBuf::from);
            settings.update_folders.extend(folders);
        }
        settings.update_folders.sort();
        settings.update_folders.dedup();
        settings
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The programs that a connector is made of, by their short names.
///
/// Source: a Publisher's image starts `/home/npa_publisher` and, beside it,
/// `/home/npa_publisher_wizard -companion` (public bootstrap script of a chart for
/// Kubernetes, read 2026-05-22); its container's other processes are found through it.
/// Netskope Client on Linux: `stAgentSvc` is the service, `stAgentApp` and `stAgentUI`
/// watch and show it; `stAgentNE` is the macOS extension, which a log may name and a
/// Linux host never runs. Cato: `/usr/sbin/cato-clientd` of `cato-client.service`.
pub const fn process_names(kind: ConnectorKind) -> &'static [&'static str] {
    match kind {
        ConnectorKind::NetskopePublisher => &["npa_publisher", "npa_publisher_wizard"],
        ConnectorKind::NetskopeClient => &["stAgentSvc", "stAgentApp", "stAgentUI"],
        ConnectorKind::CatoClient => &["cato-clientd"],
    }
}

/// Where an update writes: a Publisher's to the system and to Docker's images, a client's
/// to the system.
///
/// Source: vendor help page "Manage a Publisher", read 2026-08-20: 300 MB for "system and
/// Publisher upgrades". Docker keeps its images in `/var/lib/docker` unless told otherwise.
pub const fn update_folders(kind: ConnectorKind) -> &'static [&'static str] {
    match kind {
        ConnectorKind::NetskopePublisher => &["/", "/var/lib/docker"],
        ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => &["/"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_brings_its_own_once() {
        let kinds = [
            ConnectorKind::CatoClient,
            ConnectorKind::NetskopePublisher,
            ConnectorKind::NetskopePublisher,
        ];
        let settings = HostSettings::of_kinds(&kinds);
        assert_eq!(
            settings.connector_processes,
            ["npa_publisher", "npa_publisher_wizard", "cato-clientd"]
        );
        assert_eq!(
            settings.update_folders,
            [PathBuf::from("/"), PathBuf::from("/var/lib/docker")]
        );
    }
}
