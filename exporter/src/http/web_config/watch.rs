//! Sees whether the web configuration, or a file that it names, has changed.
//!
//! By what stands in the files, not by their times: a file may be written twice within a
//! tick of the clock, and a certificate is often a link that points elsewhere after a
//! renewal. Four small files are read in some fifty microseconds. A hash of them is kept.
//!
//! What is wrong is told once, until something else is.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::WebRules;
use crate::config::web_file::WebFile;
use crate::config::{LOAD_TIME_MAX, patience, plain_file};

/// How long a request waits for the disk before it is answered by the rules of before.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);

/// Longest file of certificates or keys, in bytes.
const MATERIAL_BYTES_MAX: u64 = 1024 * 1024;

/// Permissions of others to anything.
const MODE_OF_OTHERS: u32 = 0o007;

/// A web configuration that is looked at again and again.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    path: PathBuf,
    /// The text that was understood last, as a hash, and what it says.
    understood: Option<([u8; 32], Arc<WebFile>)>,
    /// All that was seen last, or what was wrong with it, as a hash.
    seen: [u8; 32],
}

/// What a look brings.
pub(super) enum News {
    /// Nothing that was not known.
    None,
    /// Rules that are right.
    Rules(Box<WebRules>),
    /// What is wrong, for people.
    Wrong(String),
}

/// Certificates and keys in PEM.
#[derive(Debug, Default)]
pub(super) struct Material {
    pub(super) certificates: Vec<u8>,
    pub(super) key: Key,
    pub(super) client_ca: Vec<u8>,
    /// Permissions of the files that hold secrets.
    modes: Vec<(PathBuf, u32)>,
}

/// A private key in PEM.
#[derive(Default)]
pub(super) struct Key(pub(super) Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("<redacted>")
    }
}

impl Watched {
    /// Reads it for the first time, within ten seconds.
    ///
    /// # Errors
    ///
    /// A complete text for people.
    pub(super) fn open(path: &Path) -> Result<(Self, WebRules), String> {
        let mut watched = Self {
            path: path.to_owned(),
            understood: None,
            seen: [0; 32],
        };
        let name = path.display().to_string();
        let looked = patience::within(LOAD_TIME_MAX, move || {
            let news = watched.look();
            (watched, news)
        });
        match looked {
            Ok((read, News::Rules(rules))) => Ok((read, *rules)),
            Ok((_, News::Wrong(words))) => Err(words),
            // Nothing was known before.
            Ok((_, News::None)) => Err(format!("error: {name}: could not be read")),
            Err(why) => Err(format!("error: {name}: {why}")),
        }
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at all of it again.
    pub(super) fn look(&mut self) -> News {
        let found = self.read();
        let (file, material) = match found {
            Ok(found) => found,
            Err(words) => return self.wrong(words),
        };
        let mut hash = Sha256::new();
        if let Some((text, _)) = &self.understood {
            hash.update(text);
        }
        for part in [&material.certificates, &material.key.0, &material.client_ca] {
            hash.update(Sha256::digest(part));
        }
        let seen = hash.finalize().into();
        if self.seen == seen {
            return News::None;
        }
        match WebRules::of(&file, &material) {
            Ok(rules) => {
                self.seen = seen;
                News::Rules(Box::new(rules))
            }
            Err(words) => self.wrong(format!("error: {}: {words}", self.path.display())),
        }
    }

    fn read(&mut self) -> Result<(Arc<WebFile>, Material), String> {
        let text = WebFile::read(&self.path).map_err(|error| format!("error: {error}"))?;
        let hash: [u8; 32] = Sha256::digest(&text).into();
        let file = match &self.understood {
            Some((known, file)) if *known == hash => Arc::clone(file),
            Some(_) | None => {
                let parsed = WebFile::parse(&self.path, &text);
                let file = Arc::new(parsed.map_err(|error| format!("error: {error}"))?);
                self.understood = Some((hash, Arc::clone(&file)));
                file
            }
        };
        let material = Material::read(&self.path, &file);
        let material =
            material.map_err(|words| format!("error: {}: {words}", self.path.display()))?;
        Ok((file, material))
    }

    fn wrong(&mut self, words: String) -> News {
        let seen = Sha256::digest(&words).into();
        if self.seen == seen {
            return News::None;
        }
        self.seen = seen;
        News::Wrong(words)
    }
}

impl Material {
    fn read(path: &Path, file: &WebFile) -> Result<Self, String> {
        let mut material = Self::default();
        let section = &file.tls_server_config;
        if section.key.is_some() || !file.basic_auth_users.is_empty() {
            let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.mode());
            material.modes.push((path.to_owned(), mode));
        }
        if !section.is_on() {
            return Ok(material);
        }
        let inline = |text: &Option<String>| text.clone().unwrap_or_default().into_bytes();
        material.certificates = match &section.cert_file {
            Some(named) => read(named, "cert_file")?.0,
            None => inline(&section.cert),
        };
        material.key = Key(match &section.key_file {
            Some(named) => {
                let (bytes, mode) = read(named, "key_file")?;
                material.modes.push((named.clone(), mode));
                bytes
            }
            None => section.key.as_ref().map_or("", |key| key.expose()).into(),
        });
        material.client_ca = match &section.client_ca_file {
            Some(named) => read(named, "client_ca_file")?.0,
            None => inline(&section.client_ca),
        };
        Ok(material)
    }

    /// What is wrong with the files' permissions, and the mend.
    pub(super) fn warnings(&self) -> Vec<String> {
        let open = self
            .modes
            .iter()
            .filter(|(_, mode)| mode & MODE_OF_OTHERS != 0);
        open.map(|(path, _)| {
            let shown = path.display();
            format!("others may read or change `{shown}`, and it holds secrets: chmod 640 {shown}")
        })
        .collect()
    }
}

fn read(path: &Path, key: &str) -> Result<(Vec<u8>, u32), String> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        format!("`tls_server_config.{key}`: `{shown}` cannot be read: {error}")
    };
    let (file, metadata) = plain_file::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let most = MATERIAL_BYTES_MAX.saturating_add(1);
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if MATERIAL_BYTES_MAX < u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        return Err(format!(
            "`tls_server_config.{key}`: `{shown}` is longer than 1MiB"
        ));
    }
    Ok((bytes, metadata.mode()))
}
