//! A folder of its own for one test: logs, a configuration, a store.
//!
//! Everything is gone when the scene is dropped. The configuration is the one that
//! a careful user would write; what a test changes, it says.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::client::Client;

/// The connector's name in every scene.
pub const CONNECTOR: &str = "pub-fra-1";

/// What differs from scene to scene.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Globs of the log `agent`, relative to the folder of logs.
    pub globs: Vec<&'static str>,
    /// `beginning` or `end`.
    pub start_at: &'static str,
    /// Further lines of the configuration, at its top level.
    pub more: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            globs: vec!["agent.txt*"],
            start_at: "beginning",
            more: QUICK.to_owned(),
        }
    }
}

/// Short beats and graces: a test waits for them, a Publisher does not mind the usual ones.
const QUICK: &str = "tail: {poll_interval: 20ms, scan_interval: 200ms, commit_interval: 100ms, \
     rotate_grace: 1s, deleted_grace: 1s}\n";

/// The folder.
#[derive(Debug)]
pub struct Scene {
    folder: TempDir,
    settings: Settings,
}

impl Scene {
    /// A scene with the default settings.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn new() -> Result<Self> {
        Self::with(Settings::default())
    }

    /// A scene whose agent follows only these globs.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn following(globs: &[&'static str]) -> Result<Self> {
        Self::with(Settings {
            globs: globs.to_vec(),
            ..Settings::default()
        })
    }

    /// A scene with these settings.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn with(settings: Settings) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("ztna-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir();
        let scene = Self {
            folder: folder.context("no temporary folder")?,
            settings,
        };
        fs::create_dir(scene.logs())?;
        fs::create_dir(scene.path("store"))?;
        scene.write_config(&scene.usual_config())?;
        Ok(scene)
    }

    /// A path in the scene's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of logs.
    pub fn logs(&self) -> PathBuf {
        self.path("logs")
    }

    /// A log's path.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs().join(name)
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.path("config.yaml")
    }

    /// The store's file.
    pub fn store(&self) -> PathBuf {
        self.path("store").join("state.db")
    }

    /// Replaces the configuration file, as an operator's editor does.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn write_config(&self, text: &str) -> Result<()> {
        let draft = self.path("config.yaml.draft");
        fs::write(&draft, text)?;
        fs::rename(draft, self.config()).context("cannot write the configuration")
    }

    /// The configuration that the settings give.
    pub fn usual_config(&self) -> String {
        let globs: Vec<String> = self
            .settings
            .globs
            .iter()
            .map(|glob| quoted(&self.log(glob)))
            .collect();
        self.config_of(&format!(
            "\x20 - name: {CONNECTOR}\n\
             \x20   kind: netskope-publisher\n\
             \x20   logs:\n\
             \x20     agent: [{globs}]\n\
             \x20   timezone: UTC\n\
             \x20   start_at: {start_at}\n\
             \x20   read_compressed: true\n",
            globs = globs.join(", "),
            start_at = self.settings.start_at,
        ))
    }

    /// A configuration with these connectors, the items of their list in YAML.
    pub fn config_of(&self, connectors: &str) -> String {
        format!(
            "store: {{path: {store}}}\n\
             web: {{listen: [\"127.0.0.1:0\"]}}\n\
             connectors:\n\
             {connectors}\
             {more}",
            store = quoted(&self.store()),
            more = self.settings.more,
        )
    }

    /// Writes a configuration that watches these clients and nothing else.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn watch(&self, clients: &[Client]) -> Result<()> {
        let items: Vec<String> = clients.iter().map(Client::to_yaml).collect();
        self.write_config(&self.config_of(&items.concat()))
    }
}

/// A path as a YAML string.
pub(crate) fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}
