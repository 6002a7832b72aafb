//! Where the vendors' products keep their logs and tools, by product and system.
//!
//! Paths without their leading slash, so that tests can put another root before them.
//! Several lines of one log are the places of several versions.
//!
//! Sources: the Publisher's provisioning script, which mounts `$HOME/logs` at
//! `/home/logs`; Netskope's documentation of troubleshooting the client, and public
//! tools that read its Linux paths, which tell of `log` and of `logs`; Cato's "Getting
//! Started with the Linux Client" and the folders of its macOS application.

use model::connector::{ConnectorKind, Tool};

use ConnectorKind::{CatoClient, NetskopeClient, NetskopePublisher};
use System::{Linux, MacOs};

/// A system that a product runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum System {
    Linux,
    MacOs,
}

impl System {
    /// The one that we run on. Whatever is not macOS has its files where Linux has them.
    pub(in crate::config) const fn here() -> Self {
        if cfg!(target_os = "macos") {
            MacOs
        } else {
            Linux
        }
    }
}

/// Product, system, name of the log, pattern of its files.
pub(super) const LOGS: &[(ConnectorKind, System, &str, &str)] = &[
    (NetskopePublisher, Linux, "agent", "home/*/logs/agent.txt*"),
    (NetskopePublisher, Linux, "agent", "home/logs/agent.txt*"),
    (
        NetskopePublisher,
        Linux,
        "wizard",
        "home/*/logs/publisher_wizard.log*",
    ),
    (
        NetskopePublisher,
        Linux,
        "wizard",
        "home/logs/publisher_wizard.log*",
    ),
    (
        NetskopeClient,
        Linux,
        "client",
        "opt/netskope/stagent/log/nsdebuglog*.log",
    ),
    (
        NetskopeClient,
        Linux,
        "client",
        "opt/netskope/stagent/logs/nsdebuglog*.log",
    ),
    (
        NetskopeClient,
        Linux,
        "npa",
        "opt/netskope/stagent/log/npadebuglog*.log",
    ),
    (
        NetskopeClient,
        Linux,
        "npa",
        "opt/netskope/stagent/logs/npadebuglog*.log",
    ),
    (
        NetskopeClient,
        MacOs,
        "client",
        "Library/Logs/Netskope/nsdebuglog*.log",
    ),
    (
        NetskopeClient,
        MacOs,
        "npa",
        "Library/Logs/Netskope/npadebuglog*.log",
    ),
    (CatoClient, Linux, "client", "var/log/cato-client.log*"),
    (
        CatoClient,
        MacOs,
        "client",
        "Users/*/Library/Group Containers/CKGSB8CH43.group/AppLogs/*.log",
    ),
    (
        CatoClient,
        MacOs,
        "client",
        // The home of the system's administrator.
        "private/var/*/Library/Group Containers/CKGSB8CH43.group/AppExtensionLogs/*.log",
    ),
];

/// Tool, system, program.
pub(super) const TOOLS: &[(Tool, System, &str)] = &[
    (Tool::Nsdiag, Linux, "opt/netskope/stagent/nsdiag"),
    (Tool::Nsdiag, Linux, "opt/Netskope/STAgent/nsdiag"),
    (
        Tool::Nsdiag,
        MacOs,
        "Library/Application Support/Netskope/STAgent/nsdiag",
    ),
    (Tool::StAgentCli, Linux, "opt/netskope/stagent/stAgentCli"),
    (Tool::StAgentCli, Linux, "opt/Netskope/STAgent/stAgentCli"),
    (Tool::CatoSdp, Linux, "usr/bin/cato-sdp"),
    (Tool::CatoSdp, Linux, "usr/sbin/cato-sdp"),
    (Tool::CatoSdp, Linux, "usr/local/bin/cato-sdp"),
];

/// The name of a connector that was found and not configured.
pub(super) const fn name_of(kind: ConnectorKind) -> &'static str {
    match kind {
        NetskopePublisher => "publisher",
        NetskopeClient => "netskope-client",
        CatoClient => "cato-client",
    }
}
