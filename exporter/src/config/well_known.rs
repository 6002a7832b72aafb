//! What to do without a configuration: the vendors' own paths, the system's own folders.
//!
//! The environment and the file system are read once into [`Surroundings`], so that
//! the rest is a function of them and tests can bring their own.
//!
//! Known limit: two Publishers on one host, under two users, are taken for one.

mod places;

use std::env;
use std::path::{Path, PathBuf};

use ::tail::source::StartAt;
use globset::GlobBuilder;
use model::connector::{ConnectorKind, Tool};

pub(super) use self::places::System;
use super::tools::ToolsConfig;
use super::{ConnectorConfig, Logs};

/// The folder of the store for the system's own agent.
const SYSTEM_STATE: &str = "/var/lib/ztna-exporter";

/// The store's file name.
const STORE_FILE: &str = "state.db";

/// What the system tells about where we run.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    /// `/`, or a folder that stands for it in tests.
    pub(super) root: PathBuf,
    /// The system, which says where vendors put their files.
    pub(super) system: System,
    /// systemd's `STATE_DIRECTORY`, the first of its paths.
    pub(super) state_directory: Option<PathBuf>,
    /// The user's `XDG_STATE_HOME`.
    pub(super) state_home: Option<PathBuf>,
    /// The user's home.
    pub(super) home: Option<PathBuf>,
    /// Whether we are the system's administrator.
    pub(super) is_root: bool,
}

impl Surroundings {
    /// Reads the process's environment.
    pub(super) fn read() -> Self {
        let path = |name| {
            env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        // systemd separates several state directories by colons.
        let state_directory = env::var("STATE_DIRECTORY")
            .ok()
            .and_then(|list| list.split(':').next().map(PathBuf::from))
            .filter(|folder| folder.is_absolute());
        Self {
            root: PathBuf::from("/"),
            system: System::here(),
            state_directory,
            state_home: path("XDG_STATE_HOME"),
            home: path("HOME"),
            is_root: rustix::process::geteuid().is_root(),
        }
    }

    /// Where the store is if nobody says.
    pub(super) fn store_path(&self) -> PathBuf {
        if let Some(folder) = &self.state_directory {
            return folder.join(STORE_FILE);
        }
        let state_home = self
            .state_home
            .clone()
            .or_else(|| self.home.as_ref().map(|home| home.join(".local/state")));
        match state_home {
            Some(folder) if !self.is_root => folder.join("ztna-exporter").join(STORE_FILE),
            Some(_) | None => Path::new(SYSTEM_STATE).join(STORE_FILE),
        }
    }

    /// The connectors whose logs stand at their vendors' paths, at most one of each
    /// product; `None` if no log does.
    pub(super) fn find_connectors(&self) -> Option<Vec<ConnectorConfig>> {
        let found: Vec<_> = ConnectorKind::ALL
            .iter()
            .filter_map(|kind| self.find_connector(*kind))
            .collect();
        (!found.is_empty()).then_some(found)
    }

    fn find_connector(&self, kind: ConnectorKind) -> Option<ConnectorConfig> {
        if !self
            .log_places()
            .any(|(of, _, pattern)| of == kind && self.has_match(pattern))
        {
            return None;
        }
        let mut logs: Vec<(String, Vec<String>)> = Vec::new();
        for (_, name, pattern) in self.log_places().filter(|(of, ..)| *of == kind) {
            let pattern = self.absolute(pattern);
            match logs.iter_mut().find(|(known, _)| known == name) {
                Some((_, patterns)) => patterns.push(pattern),
                None => logs.push((name.to_owned(), vec![pattern])),
            }
        }
        Some(ConnectorConfig {
            name: places::name_of(kind).to_owned(),
            kind,
            logs: Logs::from_iter(logs),
            timezone: None,
            start_at: StartAt::Beginning,
            read_compressed: false,
            catalogue: Vec::new(),
            unknown_after: None,
            tools: ToolsConfig::default(),
            tools_in_use: Vec::new(),
        })
    }

    /// The program of a tool, if it stands at one of its well-known paths.
    pub(super) fn find_tool(&self, tool: Tool) -> Option<PathBuf> {
        self.tool_places(tool).find(|path| path.is_file())
    }

    /// Where the program of a tool should stand, if the system has it at all.
    pub(super) fn expect_tool(&self, tool: Tool) -> Option<PathBuf> {
        self.tool_places(tool).next()
    }

    /// The mend for a person without configuration and without logs.
    pub(super) fn wanted(&self) -> String {
        let tried: Vec<String> = self
            .log_places()
            .map(|(_, _, pattern)| format!("`{}`", self.absolute(pattern)))
            .collect();
        format!(
            "a configuration with `connectors`, or a log at {}; `ztna-exporter demo` works without",
            tried.join(", ")
        )
    }

    /// Product, log and pattern of the places of this system.
    fn log_places(&self) -> impl Iterator<Item = (ConnectorKind, &'static str, &'static str)> {
        let here = self.system;
        places::LOGS
            .iter()
            .filter(move |(_, system, ..)| *system == here)
            .map(|(kind, _, log, pattern)| (*kind, *log, *pattern))
    }

    fn tool_places(&self, tool: Tool) -> impl Iterator<Item = PathBuf> {
        places::TOOLS
            .iter()
            .filter(move |(of, system, _)| *of == tool && *system == self.system)
            .map(|(_, _, path)| self.root.join(path))
    }

    fn absolute(&self, pattern: &str) -> String {
        let root = globset::escape(&self.root.to_string_lossy());
        format!("{}/{pattern}", root.trim_end_matches('/'))
    }

    /// Whether any file matches. A folder that cannot be read matches nothing.
    fn has_match(&self, pattern: &str) -> bool {
        let mut found = vec![self.root.clone()];
        for part in pattern.split('/') {
            found = found
                .iter()
                .flat_map(|folder| matches_in(folder, part))
                .collect();
        }
        found.iter().any(|path| path.is_file())
    }
}

fn matches_in(folder: &Path, part: &str) -> Vec<PathBuf> {
    let Ok(glob) = GlobBuilder::new(part).literal_separator(true).build() else {
        return Vec::new();
    };
    let matcher = glob.compile_matcher();
    let Ok(entries) = folder.read_dir() else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| matcher.is_match(entry.file_name()))
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn surroundings(root: &Path) -> Surroundings {
        Surroundings {
            root: root.to_owned(),
            system: System::Linux,
            state_directory: None,
            state_home: None,
            home: Some(PathBuf::from("/home/ada")),
            is_root: false,
        }
    }

    #[test]
    fn a_publishers_logs_are_found_below_any_home() {
        let root = tempfile::tempdir().unwrap();
        let logs = root.path().join("home/ubuntu/logs");
        fs::create_dir_all(&logs).unwrap();
        assert_eq!(surroundings(root.path()).find_connectors(), None);
        fs::write(logs.join("agent.txt"), "").unwrap();
        let found = surroundings(root.path()).find_connectors().unwrap();
        assert_eq!(found.len(), 1);
        let names: Vec<&String> = found[0].logs.keys().collect();
        assert_eq!(names, ["agent", "wizard"]);
        let first = found[0].logs.values().next().unwrap();
        assert_eq!(
            first[0],
            format!("{}/home/*/logs/agent.txt*", root.path().display())
        );
    }

    fn put(root: &Path, path: &str) {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }

    fn kinds(surroundings: &Surroundings) -> Vec<ConnectorKind> {
        let found = surroundings.find_connectors().unwrap_or_default();
        found.iter().map(|connector| connector.kind).collect()
    }

    #[test]
    fn clients_are_found_in_each_folder_that_their_versions_use_and_beside_each_other() {
        let root = tempfile::tempdir().unwrap();
        let host = surroundings(root.path());
        put(root.path(), "opt/netskope/stagent/logs/npadebuglog.log");
        assert_eq!(kinds(&host), [ConnectorKind::NetskopeClient]);
        put(root.path(), "var/log/cato-client.log");
        put(root.path(), "home/logs/agent.txt");
        assert_eq!(kinds(&host), ConnectorKind::ALL);
        let connectors = host.find_connectors().unwrap();
        let names: Vec<&str> = connectors.iter().map(|found| &*found.name).collect();
        assert_eq!(names, ["publisher", "netskope-client", "cato-client"]);
        let client: Vec<_> = connectors[1].logs.iter().collect();
        let shown = root.path().display();
        let folders = ["log", "logs"]
            .map(|folder| format!("{shown}/opt/netskope/stagent/{folder}/nsdebuglog*.log"));
        assert_eq!(client[0], (&"client".to_owned(), &folders.to_vec()));
        assert_eq!(client[1].0, "npa");
    }

    #[test]
    fn a_macs_clients_are_found_on_a_mac_only() {
        let root = tempfile::tempdir().unwrap();
        let linux = surroundings(root.path());
        let mac = Surroundings {
            system: System::MacOs,
            ..linux.clone()
        };
        put(root.path(), "Library/Logs/Netskope/nsdebuglog.1.log");
        let app_log = "Users/ada/Library/Group Containers/CKGSB8CH43.group/AppLogs/app 1.log";
        put(root.path(), app_log);
        let tool = "Library/Application Support/Netskope/STAgent/nsdiag";
        put(root.path(), tool);
        assert_eq!(kinds(&linux), []);
        assert_eq!(
            kinds(&mac),
            [ConnectorKind::NetskopeClient, ConnectorKind::CatoClient]
        );
        assert_eq!(mac.find_tool(Tool::Nsdiag), Some(root.path().join(tool)));
        assert_eq!(linux.find_tool(Tool::Nsdiag), None);
        assert_eq!(mac.expect_tool(Tool::CatoSdp), None);
    }

    #[test]
    fn the_store_stands_where_the_system_wants_it() {
        let user = surroundings(Path::new("/"));
        let path = |surroundings: Surroundings| surroundings.store_path().display().to_string();
        assert_eq!(
            path(user.clone()),
            "/home/ada/.local/state/ztna-exporter/state.db"
        );
        let state_home = Some(PathBuf::from("/home/ada/state"));
        let with_state_home = Surroundings {
            state_home,
            ..user.clone()
        };
        assert_eq!(
            path(with_state_home),
            "/home/ada/state/ztna-exporter/state.db"
        );
        let root = Surroundings {
            is_root: true,
            ..user.clone()
        };
        assert_eq!(path(root), "/var/lib/ztna-exporter/state.db");
        let state_directory = Some(PathBuf::from("/var/lib/other"));
        let service = Surroundings {
            state_directory,
            ..user
        };
        assert_eq!(path(service), "/var/lib/other/state.db");
    }
}
