//! The checks, as rows: what is looked at, what the vendor's guide says of it, and who judges.
//!
//! The order is that of the report: the configuration first, since all else follows from
//! it, then the host from below, the way out, the connectors, and the agent itself. An
//! `id` is for programs and never changes its meaning.

use super::facts::Facts;
use super::judge::{agent, connector, host, limits, path};
use super::verdict::Verdict;

/// One check.
pub(super) struct Check {
    /// Its name for programs: dotted, lower case, stable.
    pub(super) id: &'static str,
    /// Its name for people.
    pub(super) title: &'static str,
    /// What should be so.
    pub(super) guide: &'static str,
    /// Who says that, and when it was read.
    pub(super) source: &'static str,
    /// Judges what was seen. Pure.
    pub(super) judge: fn(&Facts) -> Verdict,
}

/// The vendor's page that most of it comes from.
const MANAGE: &str = "vendor help page \"Manage a Publisher\", read 2026-08-20";

/// The vendor's page with the limits of one Publisher.
const FAQS: &str = "vendor help page \"Private Access FAQs\", read 2026-08-20";

/// The vendor's script that sets a Publisher up.
const PROVISIONING: &str = "the Publisher's public provisioning script, read 2026-08-20";

/// What this program needs.
const OURS: &str = "this program's manual, docs/doctor.md";

/// Every check, in the order of the report.
pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "config.valid",
        title: "Configuration",
        guide: "The agent starts only with a configuration that is right, and with a connector to watch.",
        source: OURS,
        judge: agent::config,
    },
    Check {
        id: "os.supported",
        title: "Operating system",
        guide: "A Publisher is supported on Ubuntu; support for CentOS ended with release 105, at the end of May 2023.",
        source: MANAGE,
        judge: host::os_supported,
    },
    Check {
        id: "os.reboot",
        title: "Pending restart",
        guide: "An update of the host that waits for a restart is not in force yet.",
        source: OURS,
        judge: host::reboot,
    },
    Check {
        id: "clock.synchronised",
        title: "Clock",
        guide: "Certificates are judged by the host's clock, so a time service should keep it.",
        source: OURS,
        judge: host::clock,
    },
    Check {
        id: "clock.files",
        title: "Times of log files",
        guide: "No log was written in the future, unless the clock was wrong then or is now.",
        source: OURS,
        judge: connector::files_of_future,
    },
    Check {
        id: "cpu.used",
        title: "Processors",
        guide: "CPU utilisation stays at or below 75 %.",
        source: MANAGE,
        judge: limits::cpu,
    },
    Check {
        id: "memory.used",
        title: "Memory",
        guide: "Memory utilisation stays at or below 90 %.",
        source: MANAGE,
        judge: limits::memory,
    },
    Check {
        id: "disk.free",
        title: "Disk space",
        guide: "At least 1 GB of disk space is left.",
        source: MANAGE,
        judge: limits::disk,
    },
    Check {
        id: "disk.update",
        title: "Space for updates",
        guide: "System and Publisher upgrades want 300 MB of free disk space, or they are not begun.",
        source: MANAGE,
        judge: limits::update_space,
    },
    Check {
        id: "kernel.limits",
        title: "Kernel's limits",
        guide: "A Publisher holds about 32 000 connections: files, tracked connections and ports must suffice.",
        source: FAQS,
        judge: limits::kernel,
    },
    Check {
        id: "software.other",
        title: "Other software",
        guide: "Additional software shares the Publisher's resources, and security software that watches every action may slow it down.",
        source: MANAGE,
        judge: host::other_software,
    },
    Check {
        id: "docker.engine",
        title: "Docker engine",
        guide: "The Publisher runs in a container, and its updates are images of the engine.",
        source: PROVISIONING,
        judge: host::docker,
    },
    Check {
        id: "publisher.running",
        title: "Publisher's container",
        guide: "One container of the Publisher's image runs, and the engine starts it again.",
        source: PROVISIONING,
        judge: host::publisher,
    },
    Check {
        id: "proxy.settings",
        title: "Explicit proxy",
        guide: "A proxy serves the updates of system and Docker only; settings of both agree, and local and vendor's names are excluded.",
        source: MANAGE,
        judge: path::proxy,
    },
    Check {
        id: "dns.names",
        title: "Names",
        guide: "The host resolves the names of the vendor's cloud.",
        source: MANAGE,
        judge: path::names,
    },
    Check {
        id: "path.tcp",
        title: "Ports",
        guide: "The firewall lets the host out to the ports that are used.",
        source: MANAGE,
        judge: path::ports,
    },
    Check {
        id: "path.tls",
        title: "TLS to the vendor",
        guide: "Management and data plane are reached by TLS that nobody on the path inspects.",
        source: MANAGE,
        judge: path::tls,
    },
    Check {
        id: "client.tools",
        title: "Clients' tools",
        guide: "The agent runs a client's own tool if only root and the agent's user can change it.",
        source: OURS,
        judge: connector::tools,
    },
    Check {
        id: "logs.found",
        title: "Logs are there",
        guide: "Each log of each connector has a file.",
        source: OURS,
        judge: connector::logs_found,
    },
    Check {
        id: "logs.readable",
        title: "Logs can be read",
        guide: "The agent's user may read each file, and look into each folder on the way.",
        source: OURS,
        judge: connector::logs_readable,
    },
    Check {
        id: "logs.current",
        title: "Logs are written",
        guide: "A connector that works writes its logs.",
        source: OURS,
        judge: connector::logs_current,
    },
    Check {
        id: "store.writable",
        title: "Store",
        guide: "The agent's user may write to the folder of the store.",
        source: OURS,
        judge: agent::store,
    },
    Check {
        id: "web.address",
        title: "Web address",
        guide: "The addresses to serve on are free, or the agent's own.",
        source: OURS,
        judge: agent::web,
    },
    Check {
        id: "snmp.reachable",
        title: "SNMP",
        guide: "Where SNMP is configured, it answers.",
        source: MANAGE,
        judge: agent::snmp,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_check_has_a_name_of_its_own_and_its_source() {
        let ids: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).collect();
        let titles: BTreeSet<&str> = CHECKS.iter().map(|check| check.title).collect();
        assert_eq!((ids.len(), titles.len()), (CHECKS.len(), CHECKS.len()));
        for check in CHECKS {
            let is_name = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase());
            assert!(check.id.split('.').all(is_name), "{}", check.id);
            assert!(check.guide.ends_with('.'), "{}", check.id);
            assert!(!check.source.is_empty(), "{}", check.id);
        }
    }

    #[test]
    fn each_check_stands_in_the_manual() {
        let manual = include_str!("../../../docs/doctor.md");
        for check in CHECKS {
            let row = format!("| `{}` |", check.id);
            assert!(manual.contains(&row), "docs/doctor.md has no {row}");
        }
    }
}
