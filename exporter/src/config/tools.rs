//! The section `tools` of a connector: which of its vendor's tools to ask, and how patiently.
//!
//! A tool that nobody names is asked if it stands at one of its well-known paths when
//! the configuration is loaded; one that is named is asked even if it is missing, so
//! that its absence shows. Nothing is run here: `probe` does that.
//!
//! Known limits: a tool that is installed later is found at the next reload; one that
//! is named on a system where its vendor has no place for it is asked only if its
//! `path` is given.

use std::path::PathBuf;
use std::time::Duration;

use model::connector::{ConnectorKind, Tool};
use serde::Deserialize;

use super::ConnectorConfig;
use super::decode;
use super::quantity::HumanDuration;
use super::well_known::Surroundings;

/// How the tools of a connector are asked, those that somebody named.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ToolsConfig {
    /// Netskope's `nsdiag -f`.
    #[serde(deserialize_with = "decode::present")]
    pub nsdiag: Option<ToolConfig>,
    /// Netskope's `stAgentCli show-status`, on Linux.
    #[serde(deserialize_with = "decode::present")]
    pub stagentcli: Option<ToolConfig>,
    /// Cato's `cato-sdp status`, on Linux.
    #[serde(rename = "cato-sdp", deserialize_with = "decode::present")]
    pub cato_sdp: Option<ToolConfig>,
}

impl ToolsConfig {
    /// What is said of a tool, if it is named.
    pub const fn get(&self, tool: Tool) -> Option<&ToolConfig> {
        match tool {
            Tool::Nsdiag => self.nsdiag.as_ref(),
            Tool::StAgentCli => self.stagentcli.as_ref(),
            Tool::CatoSdp => self.cato_sdp.as_ref(),
        }
    }

    /// The tools that are named, in the order of [`Tool::ALL`].
    pub fn named(&self) -> impl Iterator<Item = (Tool, &ToolConfig)> {
        Tool::ALL
            .iter()
            .filter_map(|tool| Some((*tool, self.get(*tool)?)))
    }
}

/// How one tool is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ToolConfig {
    /// The program. Without it: the well-known path at which it stands.
    pub path: Option<PathBuf>,
    /// From one run to the next, about.
    pub interval: HumanDuration,
    /// How long a run may take before it is killed.
    pub timeout: HumanDuration,
    /// Whether it is asked at all.
    pub enabled: bool,
}

impl Default for ToolConfig {
    fn default() -> Self {
        Self {
            path: None,
            // The vendors' tools are made for people: they wake services and read disks.
            interval: HumanDuration(Duration::from_secs(5 * 60)),
            timeout: HumanDuration(Duration::from_secs(10)),
            enabled: true,
        }
    }
}

/// A tool that is asked, with all that is needed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolUse {
    /// Which.
    pub tool: Tool,
    /// The program, an absolute path. It may not exist.
    pub path: PathBuf,
    /// From one run to the next, about.
    pub interval: Duration,
    /// How long a run may take before it is killed.
    pub timeout: Duration,
}

/// The tools that a product comes with.
pub const fn tools_of(kind: ConnectorKind) -> &'static [Tool] {
    match kind {
        ConnectorKind::NetskopePublisher => &[],
        ConnectorKind::NetskopeClient => &[Tool::Nsdiag, Tool::StAgentCli],
        ConnectorKind::CatoClient => &[Tool::CatoSdp],
    }
}

/// The tools to ask of a connector on this host.
pub(super) fn in_use(connector: &ConnectorConfig, host: &Surroundings) -> Vec<ToolUse> {
    let wanted = tools_of(connector.kind).iter().filter_map(|tool| {
        let named = connector.tools.get(*tool);
        let said = named.cloned().unwrap_or_default();
        let path = match (said.path, named) {
            (Some(path), _) => Some(path),
            // Named, so wanted: where it should be, it is missed.
            (None, Some(_)) => host.find_tool(*tool).or_else(|| host.expect_tool(*tool)),
            (None, None) => host.find_tool(*tool),
        };
        // Who named no tool shall not have to know how often it is asked.
        let interval_max = match (named, connector.silence_max()) {
            (None, Some(silence)) => silence / 2,
            (Some(_), _) | (None, None) => Duration::MAX,
        };
        said.enabled.then_some(ToolUse {
            tool: *tool,
            path: path?,
            interval: said.interval.0.min(interval_max),
            timeout: said.timeout.0,
        })
    });
    wanted.collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::well_known::System;
    use super::*;

    const CONFIG: &str = "store: {path: s}\nconnectors:\n- name: a\n  kind: netskope-client\n  logs: {client: [/x]}\n";

    fn host(root: &Path) -> Surroundings {
        Surroundings {
            root: root.to_owned(),
            system: System::Linux,
            state_directory: None,
            state_home: None,
            home: None,
            is_root: false,
        }
    }

    /// The programs asked on a host with these files, with what `tools` says.
    fn programs(files: &[&str], tools: &str) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let config = super::super::Config::parse("test", &format!("{CONFIG}{tools}")).unwrap();
        in_use(&config.connectors[0], &host(root.path()))
            .iter()
            .map(|used| {
                let path = used.path.strip_prefix(root.path()).unwrap_or(&used.path);
                format!("{} {}", used.tool, path.display())
            })
            .collect()
    }

    const INSTALLED: [&str; 2] = [
        "opt/Netskope/STAgent/nsdiag",
        "opt/netskope/stagent/stAgentCli",
    ];

    #[test]
    fn a_tool_is_asked_where_it_stands() {
        assert_eq!(programs(&[], ""), [""; 0]);
        assert_eq!(
            programs(&INSTALLED, ""),
            [
                "nsdiag opt/Netskope/STAgent/nsdiag",
                "stagentcli opt/netskope/stagent/stAgentCli"
            ]
        );
    }

    #[test]
    fn a_tool_that_is_named_is_asked_even_if_it_is_missing() {
        assert_eq!(
            programs(&[], "  tools: {nsdiag: {interval: 1m}}\n"),
            ["nsdiag opt/netskope/stagent/nsdiag"]
        );
        assert_eq!(
            programs(
                &INSTALLED[1..],
                "  tools: {nsdiag: {path: /nowhere/nsdiag}}\n"
            ),
            [
                "nsdiag /nowhere/nsdiag",
                "stagentcli opt/netskope/stagent/stAgentCli"
            ]
        );
    }

    #[test]
    fn a_tool_that_nobody_named_is_asked_twice_in_the_longest_silence() {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join(INSTALLED[0]);
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::write(program, "").unwrap();
        for (more, seconds) in [
            ("", 300),
            ("  unknown_after: never\n", 300),
            ("  unknown_after: 10m\n", 300),
            ("  unknown_after: 4m\n", 120),
            (
                "  unknown_after: 4m\n  tools: {nsdiag: {interval: 2m}}\n",
                120,
            ),
        ] {
            let config = super::super::Config::parse("test", &format!("{CONFIG}{more}")).unwrap();
            let used = in_use(&config.connectors[0], &host(root.path()));
            assert_eq!(used[0].interval, Duration::from_secs(seconds), "{more}");
        }
    }

    #[test]
    fn a_tool_that_is_switched_off_is_not_asked() {
        let tools = "  tools: {nsdiag: {enabled: false}, stagentcli: {enabled: false}}\n";
        assert_eq!(programs(&INSTALLED, tools), [""; 0]);
    }
}
