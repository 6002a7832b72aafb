//! The file of `--web.config.file`: certificates, passwords and headers of the HTTP server.
//!
//! Its format is that of Prometheus' exporters, so that one file serves all of them. Here
//! are its keys, their values and what types cannot say; nothing is opened but the file
//! itself. Certificates and keys are read, and used, by [`crate::http`]. What the file
//! asks of TLS that we do not speak is refused, never left out: it would be another
//! server than the one that was asked for.
//!
//! An error names file, line, column and key, and shows no line: there are secrets in it.

mod words;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

pub use self::words::{Cipher, ClientAuth, Curve, TlsVersion, Users};

use super::document::{Document, Part};
use super::error::ConfigError;
use super::path::KeyPath;

/// What a file that is none should have been.
const WANTED: &str = "keys like `tls_server_config:` and `basic_auth_users:`, see \
                      docs/web-config.md";

/// The whole file. A key without a value is as good as none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebFile {
    /// TLS; off unless it names a certificate.
    #[serde(deserialize_with = "words::nullable")]
    pub tls_server_config: TlsSection,
    /// HTTP itself.
    #[serde(deserialize_with = "words::nullable")]
    pub http_server_config: HttpSection,
    /// Who may ask, with the bcrypt hashes of their passwords; anybody if there is none.
    #[serde(deserialize_with = "words::nullable")]
    pub basic_auth_users: Users,
    /// How often all clients together may ask.
    #[serde(deserialize_with = "words::nullable")]
    pub rate_limit: RateSection,
}

/// TLS as the file wants it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSection {
    /// The server's chain in PEM, if it stands in the file itself.
    #[serde(deserialize_with = "words::given")]
    pub cert: Option<String>,
    /// Its key, likewise.
    #[serde(deserialize_with = "words::given")]
    pub key: Option<Hidden>,
    /// Who signs clients' certificates, likewise.
    #[serde(deserialize_with = "words::given")]
    pub client_ca: Option<String>,
    /// The file with the chain; it goes before `cert`.
    #[serde(deserialize_with = "words::given")]
    pub cert_file: Option<PathBuf>,
    /// The file with the key; it goes before `key`.
    #[serde(deserialize_with = "words::given")]
    pub key_file: Option<PathBuf>,
    /// The file with those who sign clients' certificates; it goes before `client_ca`.
    #[serde(deserialize_with = "words::given")]
    pub client_ca_file: Option<PathBuf>,
    /// What is asked of clients.
    #[serde(deserialize_with = "words::given")]
    pub client_auth_type: Option<ClientAuth>,
    /// Names of which a client's certificate must have one.
    #[serde(deserialize_with = "words::nullable")]
    pub client_allowed_sans: Option<Vec<String>>,
    /// The oldest version.
    #[serde(deserialize_with = "words::given")]
    pub min_version: Option<TlsVersion>,
    /// The newest version.
    #[serde(deserialize_with = "words::given")]
    pub max_version: Option<TlsVersion>,
    /// Suites of TLS 1.2 in the server's order; all that are sound if there is none.
    #[serde(deserialize_with = "words::nullable")]
    pub cipher_suites: Vec<Cipher>,
    /// Curves in the server's order; all that are sound if there is none.
    #[serde(deserialize_with = "words::nullable")]
    pub curve_preferences: Vec<Curve>,
    /// Whether the server's order of suites counts, and not the client's.
    #[serde(deserialize_with = "words::truth")]
    pub prefer_server_cipher_suites: bool,
}

impl Default for TlsSection {
    fn default() -> Self {
        Self {
            cert: None,
            key: None,
            client_ca: None,
            cert_file: None,
            key_file: None,
            client_ca_file: None,
            client_auth_type: None,
            client_allowed_sans: None,
            min_version: None,
            max_version: None,
            cipher_suites: Vec::new(),
            curve_preferences: Vec::new(),
            prefer_server_cipher_suites: true,
        }
    }
}

/// HTTP as the file wants it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSection {
    /// Taken and without effect: there is HTTP/1.1 only.
    #[serde(deserialize_with = "words::truth")]
    pub http2: bool,
    /// Header fields of every response, in the file's order.
    #[serde(deserialize_with = "words::headers")]
    pub headers: Vec<(String, String)>,
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            http2: true,
            headers: Vec::new(),
        }
    }
}

/// A bound on requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateSection {
    /// One request in so much time; no bound if zero.
    #[serde(deserialize_with = "words::go_duration")]
    pub interval: Duration,
    /// How many may come at once.
    #[serde(deserialize_with = "words::nullable")]
    pub burst: u32,
}

/// A text that nobody may see.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// The text, for who needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("<redacted>")
    }
}

impl WebFile {
    /// The file's text.
    ///
    /// # Errors
    ///
    /// It cannot be read, is no text, or is longer than 1 MiB.
    pub fn read(path: &Path) -> Result<String, ConfigError> {
        super::read_text(path, &path.display().to_string())
    }

    /// What the text of the file `path` says. Relative paths in it start at its folder.
    ///
    /// # Errors
    ///
    /// The first mistake, with its place.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        if is_blank(text) {
            return Ok(Self::default());
        }
        let document = Document::parse_wanting(&path.display().to_string(), text, WANTED)?;
        let mut file: Self = document.decode_as()?;
        file.check(&document)?;
        if let Some(folder) = path.parent() {
            file.tls_server_config.resolve(folder);
        }
        Ok(file)
    }

    fn check(&self, document: &Document) -> Result<(), ConfigError> {
        self.tls_server_config.check(document)?;
        let RateSection { interval, burst } = self.rate_limit;
        if !interval.is_zero() && burst == 0 {
            let path = KeyPath::default().key("rate_limit").key("burst");
            let wrong = "is 0 with an interval: no request would ever be answered";
            return Err(document.refuse(&path, Part::Value, wrong).wanting(
                "as many requests as may come at once, like 20; or no `rate_limit` at all",
            ));
        }
        Ok(())
    }
}

impl TlsSection {
    /// Whether TLS is on.
    pub const fn is_on(&self) -> bool {
        self.cert.is_some()
            || self.cert_file.is_some()
            || self.key.is_some()
            || self.key_file.is_some()
            || self.client_ca.is_some()
            || self.client_ca_file.is_some()
            || self.client_auth_type.is_some()
    }

    /// What is asked of clients.
    pub fn client_auth(&self) -> ClientAuth {
        self.client_auth_type.unwrap_or_default()
    }

    /// The oldest and the newest version.
    pub fn versions(&self) -> (TlsVersion, TlsVersion) {
        (
            self.min_version.unwrap_or(TlsVersion::V12),
            self.max_version.unwrap_or(TlsVersion::V13),
        )
    }

    /// Whether there is something that signs clients' certificates.
    pub const fn has_client_ca(&self) -> bool {
        self.client_ca.is_some() || self.client_ca_file.is_some()
    }

    fn check(&self, document: &Document) -> Result<(), ConfigError> {
        let refuse = |key: &str, wrong: &str, want: &str| {
            let path = KeyPath::default().key("tls_server_config").key(key);
            Err(document.refuse(&path, Part::Value, wrong).wanting(want))
        };
        let (oldest, newest) = self.versions();
        if newest < oldest {
            let want = "a version not older than `min_version`";
            return refuse("max_version", "is older than `min_version`", want);
        }
        let has_suites = self.cipher_suites.is_empty()
            || self.cipher_suites.iter().any(|suite| suite.is_of_tls12());
        if newest == TlsVersion::V12 && !has_suites {
            let wrong = "holds suites of TLS 1.3 only, and `max_version` allows none of it";
            return refuse("cipher_suites", wrong, "a suite of TLS 1.2, or no list");
        }
        if !self.is_on() {
            return Ok(());
        }
        if self.cert.is_none() && self.cert_file.is_none() {
            let want = "the server's certificate in `cert_file` or `cert`";
            return refuse("cert_file", "is missing", want);
        }
        if self.key.is_none() && self.key_file.is_none() {
            let want = "the certificate's key in `key_file` or `key`";
            return refuse("key_file", "is missing", want);
        }
        let asked = self.client_auth();
        if self.has_client_ca() && asked == ClientAuth::None {
            let wrong = "asks clients for nothing, and `client_ca_file` says who signs for them";
            return refuse("client_auth_type", wrong, "`RequireAndVerifyClientCert`");
        }
        if asked == ClientAuth::RequireAndVerify && !self.has_client_ca() {
            let wrong = "is missing: nobody says who signs clients' certificates";
            return refuse("client_ca_file", wrong, "a file of certificates in PEM");
        }
        if self.client_allowed_sans.is_some() && asked == ClientAuth::None {
            let wrong = "has no effect: clients are asked for no certificate";
            let want = "`client_auth_type: RequireAndVerifyClientCert` beside it";
            return refuse("client_allowed_sans", wrong, want);
        }
        Ok(())
    }

    fn resolve(&mut self, folder: &Path) {
        let files = [
            &mut self.cert_file,
            &mut self.key_file,
            &mut self.client_ca_file,
        ];
        for file in files.into_iter().flatten() {
            *file = folder.join(&*file);
        }
    }
}

/// Whether there is nothing but comments. Such a file switches everything off.
fn is_blank(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---" || line == "..."
    })
}

#[cfg(test)]
mod tests;
