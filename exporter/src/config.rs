//! The configuration: what a person wrote, checked whole before anything starts.
//!
//! Text becomes a tree that knows its places (`document`), the tree becomes these
//! types (`decode`), and what types cannot say is checked after that (`check`).
//! So every mistake, of whatever kind, is told with line, column, key and what is
//! wanted instead. The doc comments here and the table in [`mod@reference`] are the
//! manual; a test keeps `docs/configuration.md` the same as the table.
//!
//! Nothing is opened for use here: the store's folder is only looked at, and
//! catalogues are only found; `logparse` proves their rows.

pub mod alerts;
mod catalogue;
mod check;
mod decode;
mod document;
mod error;
mod host;
mod named;
mod path;
pub(crate) mod patience;
pub(crate) mod plain_file;
mod probes;
mod quantity;
pub mod reference;
pub mod secret;
mod shown;
mod silence;
pub mod snmp;
mod suggest;
mod tail;
mod timeline;
mod tools;
pub mod web_file;
mod well_known;
pub(crate) mod zone;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::tail::source::StartAt;
use jiff::tz::TimeZone;
use model::connector::ConnectorKind;
use serde::Deserialize;

pub use self::alerts::AlertsConfig;
pub use self::catalogue::{CatalogueFilesError, catalogue_files};
pub use self::check::{NameError, check_name};
use self::document::{Document, Part};
pub use self::error::{Colour, ConfigError};
pub use self::host::HostConfig;
use self::path::KeyPath;
pub use self::probes::{DnsProbe, ProbeConfig, ProxyProbe, Question, TcpProbe, TlsProbe};
pub use self::quantity::{HumanDuration, HumanSize};
pub use self::shown::{REDACTED, ShownRow};
pub use self::silence::UnknownAfter;
pub use self::snmp::SnmpConfig;
pub(crate) use self::suggest::similar;
pub use self::tail::TailConfig;
pub(crate) use self::timeline::TimelineDocument;
pub use self::tools::{ToolConfig, ToolUse, ToolsConfig, tools_of};
use self::well_known::Surroundings;

/// Longest configuration file, in bytes. A thousand connectors fit.
pub const CONFIG_BYTES_MAX: usize = 1024 * 1024;

/// How long reading and checking one may take, with all files that it names: far more
/// than a slow disk needs, and less than a supervisor's patience.
pub(crate) const LOAD_TIME_MAX: Duration = Duration::from_secs(10);

/// What is wrong if nobody says what to watch and nothing is found.
const NO_CONNECTORS: &str = "is missing, and no log stands at a vendor's well-known path";

/// Stands for the file's name if there is none.
const NO_FILE: &str = "command line";

/// Where we listen if nobody says otherwise: this machine only.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:10942";

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where what must survive is kept.
    #[serde(default)]
    pub store: StoreConfig,
    /// Where metrics and the page are served.
    #[serde(default)]
    pub web: WebConfig,
    /// How logs are followed.
    #[serde(default)]
    pub tail: TailConfig,
    /// What may be shown of people.
    #[serde(default)]
    pub privacy: PrivacyConfig,
    /// What is watched. Without the key: what is found at the vendors' well-known
    /// paths.
    #[serde(default)]
    pub connectors: Vec<ConnectorConfig>,
    /// What is watched of the host.
    #[serde(default)]
    pub host: HostConfig,
    /// What is asked actively on the path to the vendor.
    #[serde(default)]
    pub probes: Vec<ProbeConfig>,
    /// How SNMP is served.
    #[serde(default)]
    pub snmp: SnmpConfig,
    /// What is worth an alert, and who is told.
    #[serde(default)]
    pub alerts: AlertsConfig,
    /// The text that this came from, to point into it.
    #[serde(skip)]
    source: Option<Arc<Document>>,
    /// The file that it came from, by its whole path.
    #[serde(skip)]
    file: Option<PathBuf>,
    /// What the text says of `web.listen`, which flags may replace.
    #[serde(skip)]
    listen_of_text: Vec<String>,
    /// The same of `web.config_file`.
    #[serde(skip)]
    web_file_of_text: Option<PathBuf>,
}

/// Where what must survive is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// The one file. Its folder is made if it is missing; journals and, after
    /// damage, copies stand beside it.
    pub path: PathBuf,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            path: Surroundings::read().store_path(),
        }
    }
}

/// Where metrics and the page are served.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebConfig {
    /// Addresses with ports. Port 0 takes a free one.
    pub listen: Vec<String>,
    /// The web configuration of Prometheus' exporters: TLS, passwords, headers.
    pub config_file: Option<PathBuf>,
    /// Names beside `localhost` that browsers on this machine use for the page.
    pub host_names: Vec<String>,
    /// The address under which people reach the page, for links in messages.
    #[serde(deserialize_with = "decode::present")]
    pub external_url: Option<String>,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            listen: vec![DEFAULT_LISTEN.to_owned()],
            config_file: None,
            host_names: Vec::new(),
            external_url: None,
        }
    }
}

/// What may be shown of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacyConfig {
    /// Whether the name of who is signed in to a client is shown as it is. If not, a
    /// keyed hash stands for it.
    pub user_labels: bool,
}

/// One watched connector.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorConfig {
    /// The label `connector` of everything it tells. Renaming it starts new series.
    pub name: String,
    /// Which product it is.
    #[serde(deserialize_with = "decode::kind")]
    pub kind: ConnectorKind,
    /// Its logs, in the order of the file.
    pub logs: Logs,
    /// The zone of time stamps that name none. Once the configuration is checked it is
    /// the host's for a client if nobody said; see [`Self::zone`].
    #[serde(default, deserialize_with = "decode::timezone")]
    pub timezone: Option<TimeZone>,
    /// Where to begin with files that exist when the agent starts for the first time.
    #[serde(default = "from_beginning", deserialize_with = "decode::start_at")]
    pub start_at: StartAt,
    /// Whether rotated `.gz` files are read too, once.
    #[serde(default)]
    pub read_compressed: bool,
    /// Files, or folders of files, with catalogue rows of the operator's own.
    #[serde(default)]
    pub catalogue: Vec<PathBuf>,
    /// How long it may be silent, if somebody says; see [`Self::silence_max`].
    #[serde(default, deserialize_with = "decode::present")]
    pub unknown_after: Option<UnknownAfter>,
    /// How its vendor's tools are asked.
    #[serde(default)]
    pub tools: ToolsConfig,
    /// The tools to ask, found when the configuration was loaded.
    #[serde(skip)]
    pub tools_in_use: Vec<ToolUse>,
}

impl ConnectorConfig {
    /// The zone of time stamps that name none. A Publisher writes in UTC as far as we
    /// know, a client in the zone of its host.
    pub fn zone(&self) -> TimeZone {
        self.timezone.clone().unwrap_or(TimeZone::UTC)
    }

    /// Whether the zone is that of this host, which has to be found.
    const fn needs_zone_of_host(&self) -> bool {
        match self.kind {
            ConnectorKind::NetskopePublisher => false,
            ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => self.timezone.is_none(),
        }
    }

    /// How long it may be silent before its states are unknown; `None` for ever.
    pub fn silence_max(&self) -> Option<Duration> {
        self.unknown_after
            .unwrap_or(UnknownAfter::of_kind(self.kind))
            .silence()
    }
}

/// History is wanted: a first start shows what the present logs tell.
const fn from_beginning() -> StartAt {
    StartAt::Beginning
}

/// A connector's logs: names with their file patterns, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logs(Vec<(String, Vec<String>)>);

impl Logs {
    /// The names, which are the values of the label `log`.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(name, _)| name)
    }

    /// The patterns of each log.
    pub fn values(&self) -> impl Iterator<Item = &Vec<String>> {
        self.0.iter().map(|(_, patterns)| patterns)
    }

    /// Names with their patterns.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Vec<String>)> {
        self.0.iter().map(|(name, patterns)| (name, patterns))
    }

    /// How many logs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Vec<String>)> for Logs {
    fn from_iter<I: IntoIterator<Item = (String, Vec<String>)>>(logs: I) -> Self {
        Self(logs.into_iter().collect())
    }
}

impl Config {
    /// Reads and checks a file, in ten seconds at most. Relative paths in it start at its
    /// own folder.
    ///
    /// # Errors
    ///
    /// The first mistake, with its place; or that the file cannot be read, or not in time.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let path = path.to_owned();
        load_in_time(&name, move |shown| {
            let mut config = Self::build(shown, &read_text(&path, shown)?, path.parent())?;
            config.file = std::path::absolute(&path).ok();
            Ok(config)
        })
    }

    /// Checks `text`, which errors call `name`. Relative paths in it start at the
    /// working directory.
    ///
    /// # Errors
    ///
    /// The first mistake, with its place.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        Self::build(name, text, None)
    }

    /// What to do without a file: watch what stands at the vendors' well-known paths.
    ///
    /// # Errors
    ///
    /// If nothing stands there, with the paths that were tried; or if looking there takes
    /// longer than ten seconds.
    pub fn without_file() -> Result<Self, ConfigError> {
        load_in_time(NO_FILE, |_| Self::without_file_in(&Surroundings::read()))
    }

    /// The same on a host whose files lie below a folder.
    ///
    /// # Errors
    ///
    /// As [`Self::without_file`].
    pub fn without_file_below(root: &Path) -> Result<Self, ConfigError> {
        let root = root.to_owned();
        load_in_time(NO_FILE, move |_| {
            Self::without_file_in(&Surroundings {
                root,
                ..Surroundings::read()
            })
        })
    }

    fn without_file_in(surroundings: &Surroundings) -> Result<Self, ConfigError> {
        let mut config = Self {
            store: StoreConfig {
                path: surroundings.store_path(),
            },
            web: WebConfig::default(),
            tail: TailConfig::default(),
            privacy: PrivacyConfig::default(),
            connectors: surroundings.find_connectors().ok_or_else(|| {
                ConfigError::without_place(NO_FILE, "--config", NO_CONNECTORS)
                    .wanting(&surroundings.wanted())
            })?,
            host: HostConfig::default(),
            probes: Vec::new(),
            snmp: SnmpConfig::default(),
            alerts: AlertsConfig::default(),
            source: None,
            file: None,
            listen_of_text: Vec::new(),
            web_file_of_text: None,
        };
        config.find_zones(None)?;
        check::check(&config, None)?;
        config.find_tools(surroundings);
        Ok(config)
    }

    /// The file that it came from, by its whole path; `None` without one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The names of [`WebConfig::host_names`], to be compared with.
    pub fn host_names(&self) -> Arc<[String]> {
        let names = self.web.host_names.iter();
        names.map(|name| name.to_ascii_lowercase()).collect()
    }

    /// Refuses addresses that are none, and those that other machines can reach
    /// unless `is_public_allowed`. To be called after flags replaced `web.listen`.
    ///
    /// # Errors
    ///
    /// The first such address, with its place if the file named it.
    pub fn check_listeners(&self, is_public_allowed: bool) -> Result<(), ConfigError> {
        let blamed = self
            .source
            .as_deref()
            .filter(|_| self.web.listen == self.listen_of_text);
        check::check_listeners(self, blamed, is_public_allowed)
    }

    fn build(name: &str, text: &str, folder: Option<&Path>) -> Result<Self, ConfigError> {
        let document = Arc::new(Document::parse(name, text)?);
        let mut config: Self = document.decode()?;
        let surroundings = Surroundings::read();
        if !document.has_key("connectors") {
            config.connectors = surroundings.find_connectors().ok_or_else(|| {
                let path = KeyPath::default().key("connectors");
                document
                    .refuse(&path, Part::Key, NO_CONNECTORS)
                    .wanting(&surroundings.wanted())
            })?;
        }
        config.resolve(folder);
        config.find_zones(Some(&document))?;
        check::check(&config, Some(&document))?;
        config.find_tools(&surroundings);
        config.listen_of_text.clone_from(&config.web.listen);
        config.web_file_of_text.clone_from(&config.web.config_file);
        config.source = Some(document);
        Ok(config)
    }

    /// Gives the zone of this host to those that need it.
    fn find_zones(&mut self, document: Option<&Document>) -> Result<(), ConfigError> {
        let path = KeyPath::default().key("connectors");
        for (index, connector) in self.connectors.iter_mut().enumerate() {
            if connector.needs_zone_of_host() {
                let zone = zone::of_this_host();
                connector.timezone = Some(zone.map_err(|reason| {
                    let path = path.index(index).key("timezone");
                    check::refuse(document, &path, &reason.to_string()).wanting(zone::WANTED)
                })?);
            }
        }
        Ok(())
    }

    fn find_tools(&mut self, host: &Surroundings) {
        for connector in &mut self.connectors {
            connector.tools_in_use = tools::in_use(connector, host);
        }
    }

    /// Lets relative paths start at `folder`.
    fn resolve(&mut self, folder: Option<&Path>) {
        let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) else {
            return;
        };
        if !self.store.path.as_os_str().is_empty() {
            self.store.path = folder.join(&self.store.path);
        }
        self.web.config_file = self.web.config_file.take().map(|file| folder.join(file));
        self.snmp.resolve(folder);
        self.host.resolve(folder);
        self.alerts.resolve(folder);
        for tls in self
            .probes
            .iter_mut()
            .filter_map(|probe| probe.tls.as_mut())
        {
            tls.ca_file = tls.ca_file.take().map(|file| folder.join(file));
        }
        for connector in &mut self.connectors {
            for path in &mut connector.catalogue {
                *path = folder.join(&*path);
            }
            let patterns = connector
                .logs
                .0
                .iter_mut()
                .flat_map(|(_, patterns)| patterns);
            for pattern in patterns.filter(|pattern| !pattern.is_empty()) {
                if !pattern.starts_with('/') {
                    let start = globset::escape(&folder.to_string_lossy());
                    *pattern = format!("{start}/{pattern}");
                }
            }
        }
    }
}

/// Loads on a thread that may hang: the files may lie on a mount whose server is gone.
fn load_in_time(
    name: &str,
    load: impl FnOnce(&str) -> Result<Config, ConfigError> + Send + 'static,
) -> Result<Config, ConfigError> {
    let owned = name.to_owned();
    patience::within(LOAD_TIME_MAX, move || load(&owned)).unwrap_or_else(|why| {
        Err(ConfigError::without_place(name, "", &why.to_string())
            .wanting("it, and all files that it names, on disks that answer"))
    })
}

fn read_text(path: &Path, name: &str) -> Result<String, ConfigError> {
    let unreadable = |error: std::io::Error| {
        ConfigError::without_place(name, "", &format!("cannot be read: {error}"))
            .wanting("the path of a configuration file that this user may read")
    };
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too long from one that fits.
    let most = u64::try_from(CONFIG_BYTES_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    plain_file::open(path)
        .and_then(|(file, _)| file.take(most).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if CONFIG_BYTES_MAX < bytes.len() {
        return Err(ConfigError::without_place(name, "", "is longer than 1MiB")
            .wanting("a configuration file; is this perhaps a log?"));
    }
    String::from_utf8(bytes).map_err(|error| document::not_utf8(name, &error))
}

#[cfg(test)]
mod tests;
