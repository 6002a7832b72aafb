//! What to do about a host that is at its limits, or that cannot be looked at.
//!
//! Rows of data: one sentence a resource, one a collector. The limits and what may stand
//! beside a Publisher follow the vendor's help page "Manage a Publisher", read 2026-08-20;
//! the collectors' rows follow from what each reads. When a row is shown is the report's
//! matter.

use model::host::threshold::HostResource;
use model::host::{CollectorRun, HostCollector};

/// What to do about a resource beyond its limit.
pub(in crate::http) const fn of_threshold(resource: HostResource) -> &'static str {
    match resource {
        HostResource::Cpu => {
            "See which process takes the time (below, or top): nothing else should run beside \
             the connector. If it is the connector itself, add processors or a second \
             Publisher for the same applications."
        }
        HostResource::Memory => {
            "See which process holds the memory (below, or top): nothing else should run \
             beside the connector. If it is the connector itself, add memory or a second \
             Publisher for the same applications."
        }
        HostResource::Disk => {
            "Find what fills it (du -xh --max-depth=2 on the file system), then remove old \
             logs, packages (apt-get clean) and unused container images (docker image prune), \
             or enlarge it."
        }
        HostResource::UpdateSpace => {
            "Free at least 300 MB before the next update: the vendor checks that first and \
             gives the update up. Old container images (docker image prune) and packages \
             (apt-get clean) are the usual cause."
        }
    }
}

/// Something about a host that is no resource's limit and still wants somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Finding {
    /// No time service keeps the clock.
    ClockNotSynchronised,
    /// An update of the system waits for a restart.
    RebootPending,
    /// The vendor supports no Publisher on this system, and one is watched here.
    SystemNotSupported,
    /// There is less room for an update than the vendor asks for.
    UpdateSpaceTooSmall,
}

impl Finding {
    /// Its word in the JSON.
    pub(in crate::http) const fn name(self) -> &'static str {
        match self {
            Self::ClockNotSynchronised => "clock_not_synchronised",
            Self::RebootPending => "reboot_pending",
            Self::SystemNotSupported => "system_not_supported",
            Self::UpdateSpaceTooSmall => "update_space_too_small",
        }
    }

    /// What it is, in words.
    pub(in crate::http) const fn meaning(self) -> &'static str {
        match self {
            Self::ClockNotSynchronised => "no time service keeps the clock",
            Self::RebootPending => "an update of the system waits for a restart",
            Self::SystemNotSupported => "the vendor supports no Publisher on this system",
            Self::UpdateSpaceTooSmall => "an update of the connector would not find enough space",
        }
    }

    /// What to do about it.
    pub(in crate::http) const fn advice(self) -> &'static str {
        match self {
            Self::ClockNotSynchronised => {
                "Start a time service (timedatectl set-ntp true) and let it reach its servers on \
                 port 123: with a wrong clock certificates are refused."
            }
            Self::RebootPending => "Restart the host in a quiet hour, one Publisher at a time.",
            Self::SystemNotSupported => {
                "Move the Publisher to Ubuntu: support for CentOS ended with release 105."
            }
            Self::UpdateSpaceTooSmall => of_threshold(HostResource::UpdateSpace),
        }
    }
}

/// What to do about a part of the host that could not be read.
pub(in crate::http) const fn of_collector(run: &CollectorRun) -> &'static str {
    match (run.collector, run.hung_threads) {
        (HostCollector::Filesystem, 1..) => {
            "A mount does not answer: see mount for a network server that is gone, bring it \
             back or unmount it (umount -l). The other file systems are still watched."
        }
        (_, 1..) => {
            "The kernel does not answer: see dmesg for a failing disk or driver. The rest of \
             the host is still watched."
        }
        (HostCollector::Filesystem, 0) => {
            "Let the agent's user look at the mount points named, or leave them out."
        }
        (HostCollector::Process, 0) => {
            "Let the agent see other processes: is /proc mounted with hidepid, or does the \
             service have ProtectProc?"
        }
        (HostCollector::Publisher, 0) => {
            "Say where the Publisher's own counts are (host.publisher_metrics_file), and let the \
             agent's user read the file."
        }
        (HostCollector::System, 0) => {
            "Let the agent's user read /etc/os-release and /run, and see whether a time \
             service runs (timedatectl)."
        }
        (
            HostCollector::Cpu
            | HostCollector::Load
            | HostCollector::Memory
            | HostCollector::Network
            | HostCollector::DiskIo
            | HostCollector::Kernel,
            0,
        ) => {
            "See whether the agent's user may read /proc and /sys: a container or a service's \
             protection may hide them."
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;

    fn failed(collector: HostCollector, hung_threads: u64) -> CollectorRun {
        CollectorRun {
            collector,
            is_success: false,
            duration: Duration::from_secs(2),
            error: None,
            hung_threads,
        }
    }

    #[test]
    fn each_resource_has_a_sentence_of_its_own() {
        let said: BTreeSet<_> = HostResource::ALL
            .iter()
            .map(|resource| of_threshold(*resource))
            .collect();
        assert_eq!(said.len(), HostResource::ALL.len());
        assert!(said.iter().all(|sentence| sentence.ends_with('.')));
    }

    #[test]
    fn each_collector_has_a_word_and_another_if_it_hangs() {
        for collector in HostCollector::ALL {
            let (refused, hung) = (failed(*collector, 0), failed(*collector, 1));
            assert_ne!(of_collector(&refused), of_collector(&hung), "{collector}");
            assert!(!of_collector(&hung).contains("  "), "{collector}");
        }
    }
}
