//! What to do without a configuration: the vendors' own paths, the system's own folders.
//!
//! The environment and the file system are read once into [`Surroundings`], so that
//! the rest is a function of them and tests can bring their own.
//!
//! Known limit: two Publishers on one host, under two users, are taken for one.

use std::env;
use std::path::{Path, PathBuf};

use ::tail::source::StartAt;
use globset::GlobBuilder;
use jiff::tz::TimeZone;
use model::connector::ConnectorKind;

use super::{ConnectorConfig, Logs};

/// Where a Publisher writes: on its host below the home of the user that installed
/// it, in its container directly below `/home`. Folder patterns with the log's name.
/// Source: the vendor's provisioning script, which mounts `$HOME/logs` at `/home/logs`.
const PUBLISHER_LOGS: [(&str, &str); 4] = [
    ("agent", "home/*/logs/agent.txt*"),
    ("agent", "home/logs/agent.txt*"),
    ("wizard", "home/*/logs/publisher_wizard.log*"),
    ("wizard", "home/logs/publisher_wizard.log*"),
];

/// The folder of the store for the system's own agent.
const SYSTEM_STATE: &str = "/var/lib/ztna-exporter";

/// The store's file name.
const STORE_FILE: &str = "state.db";

/// What the system tells about where we run.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    /// `/`, or a folder that stands for it in tests.
    pub(super) root: PathBuf,
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

    /// The connectors whose logs stand at their vendors' paths; `None` if no log does.
    pub(super) fn find_connectors(&self) -> Option<Vec<ConnectorConfig>> {
        if !PUBLISHER_LOGS
            .iter()
            .any(|(_, pattern)| self.has_match(pattern))
        {
            return None;
        }
        let patterns = PUBLISHER_LOGS.map(|(log, pattern)| (log, self.absolute(pattern)));
        let logs = ["agent", "wizard"].map(|name| {
            let matching = patterns.iter().filter(|(log, _)| *log == name);
            (
                name.to_owned(),
                matching.map(|(_, pattern)| pattern.clone()).collect(),
            )
        });
        Some(vec![ConnectorConfig {
            name: "publisher".to_owned(),
            kind: ConnectorKind::NetskopePublisher,
            logs: Logs::from_iter(logs),
            timezone: TimeZone::UTC,
            start_at: StartAt::Beginning,
            read_compressed: false,
            catalogue: Vec::new(),
        }])
    }

    /// The mend for a person without configuration and without logs.
    pub(super) fn wanted(&self) -> String {
        let tried = PUBLISHER_LOGS.map(|(_, pattern)| format!("`{}`", self.absolute(pattern)));
        format!(
            "a configuration with `connectors`, or a log at {}; `ztna-exporter demo` works without",
            tried.join(", ")
        )
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
