//! What types cannot say: ranges, names that meet, paths that do not work.
//!
//! Checks run on the whole configuration in the order of the manual and stop at the
//! first mistake. They look at the file system, because a path that will not work
//! is a mistake of the file that names it; they change nothing there.
//!
//! Known limit: what can be written now may be full, gone or read-only when the
//! store is opened.

mod alerts;
mod host;
mod probes;
mod snmp;
mod tools;

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use rustix::fs::Access;

use super::catalogue::catalogue_files;
use super::document::{Document, Part};
use super::error::ConfigError;
use super::path::KeyPath;
use super::quantity::{HumanDuration, HumanSize};
use super::{Config, ConnectorConfig, TailConfig, reference};

/// Most items of each list: far above what one host has.
const LISTENERS_MAX: usize = 16;
const CONNECTORS_MAX: usize = 64;
const LOGS_MAX: usize = 16;
const PATTERNS_MAX: usize = 64;
const NAME_BYTES_MAX: usize = 64;

/// Longest name of a host (RFC 1035).
const HOST_NAME_BYTES_MAX: usize = 253;

/// Longest address of the page: links go on from it.
const EXTERNAL_URL_BYTES_MAX: usize = 500;

/// Checks everything but the listeners' reach, which a flag decides.
pub(super) fn check(config: &Config, document: Option<&Document>) -> Result<(), ConfigError> {
    let checker = Checker { document };
    checker.store(&config.store.path)?;
    checker.listeners(&config.web.listen)?;
    checker.host_names(&config.web.host_names)?;
    checker.external_url(config.web.external_url.as_deref())?;
    checker.tail(&config.tail)?;
    checker.connectors(&config.connectors)?;
    checker.host(&config.host)?;
    checker.probes(config)?;
    checker.snmp(&config.snmp)?;
    checker.alerts(config)?;
    checker.store_is_no_log(config)
}

/// A mistake at `path`, with what the manual wants there.
pub(super) fn refuse(document: Option<&Document>, path: &KeyPath, wrong: &str) -> ConfigError {
    Checker { document }.refuse(path, wrong)
}

/// Checks addresses that may have come from flags.
pub(super) fn check_listeners(
    config: &Config,
    document: Option<&Document>,
    is_public_allowed: bool,
) -> Result<(), ConfigError> {
    let checker = Checker { document };
    checker.listeners(&config.web.listen)?;
    if is_public_allowed {
        return Ok(());
    }
    for (index, text) in config.web.listen.iter().enumerate() {
        let is_local = text
            .parse::<SocketAddr>()
            .is_ok_and(|address| address.ip().to_canonical().is_loopback());
        if !is_local {
            let path = KeyPath::default().key("web").key("listen").index(index);
            return Err(checker
                .refuse(&path, &format!("`{text}` can be reached by other machines"))
                .wanting(
                    "an address of this machine only, like `127.0.0.1:10942`; or a file with TLS \
                     and users in --web.config.file; or say --web.insecure-public if everybody \
                     there may read this",
                ));
        }
    }
    Ok(())
}

/// Why a text is no name of a connector or a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameError;

impl fmt::Display for NameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("want 1 to 64 of `A-Z a-z 0-9 . _ -`")
    }
}

impl std::error::Error for NameError {}

/// Checks a name that becomes a label's value.
///
/// # Errors
///
/// If it is empty, longer than 64 bytes, holds anything but `A-Z a-z 0-9 . _ -`, or is `.` or
/// `..`: in an address these are no names but steps to another page.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_step = matches!(name, "." | "..");
    if (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain) && !is_step {
        return Ok(());
    }
    Err(NameError)
}

struct Checker<'a> {
    document: Option<&'a Document>,
}

impl Checker<'_> {
    /// A mistake at `path`, with what the manual wants there.
    fn refuse(&self, path: &KeyPath, wrong: &str) -> ConfigError {
        self.refuse_part(path, Part::Value, wrong)
    }

    fn refuse_part(&self, path: &KeyPath, part: Part, wrong: &str) -> ConfigError {
        let error = match self.document {
            Some(document) => document.refuse(path, part, wrong),
            None => {
                let full_key = path.to_string();
                // Without a text only flags can be wrong, and only one flag is checked.
                let is_flag = full_key.starts_with("web.listen");
                let key = if is_flag {
                    "--web.listen-address"
                } else {
                    full_key.as_str()
                };
                ConfigError::without_place("command line", key, wrong)
            }
        };
        error.wanting(&reference::wanted(path))
    }

    /// Following the store's own files would feed them with what they say.
    fn store_is_no_log(&self, config: &Config) -> Result<(), ConfigError> {
        let file = config.store.path.display();
        let own = ["", "-wal", "-shm", ".lock"].map(|end| format!("{file}{end}"));
        let patterns = config
            .connectors
            .iter()
            .flat_map(|connector| connector.logs.values().flatten());
        for pattern in patterns {
            let glob = GlobBuilder::new(pattern).literal_separator(true).build();
            let matcher = glob.map(|glob| glob.compile_matcher());
            if matcher.is_ok_and(|matcher| own.iter().any(|path| matcher.is_match(path))) {
                let path = KeyPath::default().key("store").key("path");
                let wrong = format!("is matched by the log pattern `{pattern}`");
                return Err(self
                    .refuse(&path, &wrong)
                    .wanting("a folder in which no log pattern finds files"));
            }
        }
        Ok(())
    }

    fn store(&self, file: &Path) -> Result<(), ConfigError> {
        let path = KeyPath::default().key("store").key("path");
        let shown = file.display();
        if file.as_os_str().is_empty() {
            return Err(self.refuse(&path, "is empty"));
        }
        if file.is_dir() || file.file_name().is_none() {
            return Err(self
                .refuse(&path, &format!("`{shown}` is a folder"))
                .wanting(&format!(
                    "a file in it, like `{}`",
                    file.join("state.db").display()
                )));
        }
        let Err(trouble) = check_writable(file) else {
            return Ok(());
        };
        Err(self
            .refuse(&path, &format!("cannot be used: {trouble}"))
            .wanting(
                "a folder that this user may write to: create it, or choose another `store.path`",
            ))
    }

    fn listeners(&self, listen: &[String]) -> Result<(), ConfigError> {
        let path = KeyPath::default().key("web").key("listen");
        self.count(&path, listen.len(), LISTENERS_MAX, "addresses")?;
        let mut seen = HashMap::new();
        for (index, text) in listen.iter().enumerate() {
            let item = path.index(index);
            let Ok(address) = text.parse::<SocketAddr>() else {
                return Err(self.refuse(&item, &not_an_address(text)));
            };
            if let Some(first) = seen.insert(address, index).filter(|_| address.port() != 0) {
                let wrong = format!("`{text}` is also in `{}`", path.index(first));
                return Err(self.refuse(&item, &wrong).wanting("each address once"));
            }
        }
        Ok(())
    }

    fn external_url(&self, url: Option<&str>) -> Result<(), ConfigError> {
        let Some(url) = url else {
            return Ok(());
        };
        let path = KeyPath::default().key("web").key("external_url");
        self.web_address(&path, url)?;
        if url.contains('?') {
            return Err(self.refuse(&path, "has a part behind `?`, which links cannot keep"));
        }
        if EXTERNAL_URL_BYTES_MAX < url.len() {
            return Err(self.refuse(&path, &format!("has {} bytes", url.len())));
        }
        Ok(())
    }

    fn host_names(&self, names: &[String]) -> Result<(), ConfigError> {
        let path = KeyPath::default().key("web").key("host_names");
        if !names.is_empty() {
            self.count(&path, names.len(), LISTENERS_MAX, "names")?;
        }
        for (index, name) in names.iter().enumerate() {
            let is_plain =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
            let is_name = (1..=HOST_NAME_BYTES_MAX).contains(&name.len())
                && name.bytes().all(is_plain)
                && name.parse::<std::net::IpAddr>().is_err();
            if !is_name {
                let wrong = format!("`{name}` is no name of a host");
                return Err(self.refuse(&path.index(index), &wrong));
            }
        }
        Ok(())
    }

    fn tail(&self, tail: &TailConfig) -> Result<(), ConfigError> {
        let section = KeyPath::default().key("tail");
        for (key, duration) in [
            ("poll_interval", tail.poll_interval),
            ("scan_interval", tail.scan_interval),
            ("commit_interval", tail.commit_interval),
            ("rotate_grace", tail.rotate_grace),
            ("deleted_grace", tail.deleted_grace),
            ("forget_after", tail.forget_after),
        ] {
            self.duration(&section.key(key), duration)?;
        }
        for (key, count) in [
            ("files_max", tail.files_max),
            ("open_files_max", tail.open_files_max),
        ] {
            self.bounded(&section.key(key), u64::from(count), &count)?;
        }
        let HumanSize(turn_bytes_max) = tail.turn_bytes_max;
        let path = section.key("turn_bytes_max");
        self.bounded(&path, turn_bytes_max, &tail.turn_bytes_max)
    }

    fn duration(&self, path: &KeyPath, duration: HumanDuration) -> Result<(), ConfigError> {
        let milliseconds = u64::try_from(duration.0.as_millis()).unwrap_or(u64::MAX);
        self.bounded(path, milliseconds, &duration)
    }

    fn bounded(
        &self,
        path: &KeyPath,
        number: u64,
        shown: &dyn fmt::Display,
    ) -> Result<(), ConfigError> {
        if reference::find_at(path).is_none_or(|row| row.shape.holds(number)) {
            return Ok(());
        }
        Err(self.refuse(path, &format!("is `{shown}`")))
    }

    fn connectors(&self, connectors: &[ConnectorConfig]) -> Result<(), ConfigError> {
        let path = KeyPath::default().key("connectors");
        self.count(&path, connectors.len(), CONNECTORS_MAX, "connectors")?;
        let mut names = HashMap::new();
        let mut patterns = HashMap::new();
        for (index, connector) in connectors.iter().enumerate() {
            let item = path.index(index);
            let name = connector.name.as_str();
            self.name(&item.key("name"), Part::Value, name)?;
            if let Some(first) = names.insert(name, index) {
                let wrong = format!("`{name}` is also the name of `{}`", path.index(first));
                return Err(self.refuse(&item.key("name"), &wrong));
            }
            self.logs(&item.key("logs"), connector, &mut patterns)?;
            self.catalogues(&item.key("catalogue"), &connector.catalogue)?;
            self.unknown_after(&item.key("unknown_after"), connector.unknown_after)?;
            self.tools(&item.key("tools"), connector)?;
            self.tools_are_asked_in_time(&item, connector)?;
        }
        Ok(())
    }

    fn logs<'c>(
        &self,
        path: &KeyPath,
        connector: &'c ConnectorConfig,
        seen: &mut HashMap<&'c str, KeyPath>,
    ) -> Result<(), ConfigError> {
        self.count(path, connector.logs.len(), LOGS_MAX, "logs")?;
        for (name, patterns) in connector.logs.iter() {
            let log = path.key(name);
            self.name(&log, Part::Key, name)?;
            self.count(&log, patterns.len(), PATTERNS_MAX, "patterns")?;
            for (index, pattern) in patterns.iter().enumerate() {
                let item = log.index(index);
                self.pattern(&item, pattern)?;
                // Read twice it would be counted twice.
                if let Some(first) = seen.insert(pattern, item.clone()) {
                    let wrong = format!("`{pattern}` is also in `{first}`");
                    return Err(self.refuse(&item, &wrong));
                }
            }
        }
        Ok(())
    }

    fn name(&self, path: &KeyPath, part: Part, name: &str) -> Result<(), ConfigError> {
        check_name(name).map_err(|_| {
            let wrong = if name.is_empty() {
                "is empty".to_owned()
            } else {
                format!("`{}` is no name", shortened(name))
            };
            let error = self.refuse_part(path, part, &wrong);
            match part {
                Part::Value => error,
                Part::Key => error.wanting("a name of 1 to 64 of `A-Z a-z 0-9 . _ -`"),
            }
        })
    }

    fn pattern(&self, path: &KeyPath, pattern: &str) -> Result<(), ConfigError> {
        if pattern.trim().is_empty() {
            return Err(self.refuse(path, "is empty"));
        }
        if pattern.contains('\0') {
            return Err(self.refuse(path, "holds a NUL byte"));
        }
        if pattern.ends_with('/') {
            return Err(self
                .refuse(path, &format!("`{pattern}` is a folder"))
                .wanting(&format!("a pattern of files, like `{pattern}agent.txt*`")));
        }
        // Each part alone, as `tail` reads them: a bracket does not reach over a slash.
        for part in pattern.split('/') {
            if let Err(error) = GlobBuilder::new(part).literal_separator(true).build() {
                let wrong = format!("`{pattern}` is no file pattern: {}", error.kind());
                return Err(self.refuse(path, &wrong));
            }
        }
        Ok(())
    }

    fn catalogues(&self, path: &KeyPath, catalogues: &[PathBuf]) -> Result<(), ConfigError> {
        for (index, catalogue) in catalogues.iter().enumerate() {
            let item = path.index(index);
            catalogue_files(std::slice::from_ref(catalogue)).map_err(|error| {
                let cause = std::error::Error::source(&error)
                    .map(|cause| format!(": {cause}"))
                    .unwrap_or_default();
                self.refuse(&item, &format!("cannot be used: {error}{cause}"))
            })?;
        }
        Ok(())
    }

    fn count(
        &self,
        path: &KeyPath,
        found: usize,
        most: usize,
        what: &str,
    ) -> Result<(), ConfigError> {
        match found {
            0 => Err(self.refuse(path, "is empty")),
            _ if most < found => Err(self.refuse(path, &format!("has {found} {what}"))),
            _ => Ok(()),
        }
    }
}

fn not_an_address(text: &str) -> String {
    let port = text
        .strip_prefix(':')
        .or_else(|| text.strip_prefix("localhost:"));
    match port {
        Some(port) => format!("`{text}` is no address; did you mean `127.0.0.1:{port}`?"),
        None if text.parse::<std::net::IpAddr>().is_ok() => format!("`{text}` has no port"),
        None => format!("`{}` is no address", shortened(text)),
    }
}

/// A long text must not push the mend off the screen.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(NAME_BYTES_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Looks whether a file could be made or written at `file`, without doing it.
fn check_writable(file: &Path) -> Result<(), String> {
    let mut folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut nearest = folder.unwrap_or(Path::new("."));
    while !nearest.exists() {
        folder = folder.and_then(Path::parent);
        nearest = folder
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
    }
    let shown = nearest.display();
    if !nearest.is_dir() {
        return Err(format!("`{shown}` is not a folder"));
    }
    rustix::fs::access(nearest, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| format!("the folder `{shown}` cannot be written to: {error}"))?;
    if file.exists() {
        rustix::fs::access(file, Access::READ_OK | Access::WRITE_OK)
            .map_err(|error| format!("`{}` cannot be written to: {error}", file.display()))?;
    }
    Ok(())
}
