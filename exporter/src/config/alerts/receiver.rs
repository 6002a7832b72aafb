//! Who can be told, and by which way, as it stands in the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use model::alert::Severity;
use serde::Deserialize;
use serde::de::{self, Deserializer};

use super::super::decode;
use super::super::quantity::HumanDuration;
use super::super::secret::SecretSource;
use super::mail::EmailConfig;
use super::resolve;

/// The names of syslog's facilities by their numbers (RFC 5424 section 6.2.1, and
/// `syslog(3)` for the names).
pub const FACILITIES: &[&str] = &[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "security", "console", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// Somebody who can be told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiverConfig {
    /// Label `receiver` of what is counted.
    pub name: String,
    /// By mail.
    #[serde(default, deserialize_with = "decode::present")]
    pub email: Option<Box<EmailConfig>>,
    /// By HTTP.
    #[serde(default, deserialize_with = "decode::present")]
    pub webhook: Option<Box<HttpConfig>>,
    /// By an Alertmanager.
    #[serde(default, deserialize_with = "decode::present")]
    pub alertmanager: Option<Box<AlertmanagerConfig>>,
    /// By syslog.
    #[serde(default, deserialize_with = "decode::present")]
    pub syslog: Option<SyslogConfig>,
    /// By the targets of SNMP.
    #[serde(default, deserialize_with = "decode::present")]
    pub snmp: Option<SnmpWayConfig>,
    /// By a program.
    #[serde(default, deserialize_with = "decode::present")]
    pub exec: Option<ExecConfig>,
    /// Whether he hears that something is over.
    #[serde(default = "yes")]
    pub send_resolved: bool,
    /// The mildest severity that he hears of.
    #[serde(default = "mildest", deserialize_with = "severity")]
    pub least_severity: Severity,
    /// Most messages in an hour, if somebody says.
    #[serde(default, deserialize_with = "decode::present")]
    pub hourly_limit: Option<u32>,
}

/// By which way: the one of a receiver's six parts that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayConfig<'a> {
    /// Mail.
    Email(&'a EmailConfig),
    /// HTTP.
    Webhook(&'a HttpConfig),
    /// An Alertmanager.
    Alertmanager(&'a AlertmanagerConfig),
    /// Syslog.
    Syslog(&'a SyslogConfig),
    /// SNMP's targets.
    Snmp,
    /// A program.
    Exec(&'a ExecConfig),
}

/// Mails in an hour if nobody says: more than a person reads.
const USUAL_HOURLY_LIMIT: u32 = 100;

impl ReceiverConfig {
    /// A receiver of this name who is told everything by mail.
    pub(crate) fn of_mail(name: &str, email: EmailConfig) -> Self {
        Self {
            name: name.to_owned(),
            email: Some(Box::new(email)),
            webhook: None,
            alertmanager: None,
            syslog: None,
            snmp: None,
            exec: None,
            send_resolved: true,
            least_severity: mildest(),
            hourly_limit: None,
        }
    }

    /// The first of its parts. A checked configuration has just one.
    pub fn way(&self) -> Option<WayConfig<'_>> {
        let email = self.email.as_deref().map(WayConfig::Email);
        let snmp = self.snmp.as_ref().map(|_| WayConfig::Snmp);
        email
            .or_else(|| self.webhook.as_deref().map(WayConfig::Webhook))
            .or_else(|| self.alertmanager.as_deref().map(WayConfig::Alertmanager))
            .or_else(|| self.syslog.as_ref().map(WayConfig::Syslog))
            .or(snmp)
            .or_else(|| self.exec.as_ref().map(WayConfig::Exec))
    }

    /// Its parts by their keys, and whether each is there.
    pub(in super::super) const fn parts(&self) -> [(&'static str, bool); 6] {
        [
            ("email", self.email.is_some()),
            ("webhook", self.webhook.is_some()),
            ("alertmanager", self.alertmanager.is_some()),
            ("syslog", self.syslog.is_some()),
            ("snmp", self.snmp.is_some()),
            ("exec", self.exec.is_some()),
        ]
    }

    /// Most messages in an hour. Mails have a limit if nobody says one: people read them.
    pub const fn limit(&self) -> Option<u32> {
        match (self.hourly_limit, &self.email) {
            (Some(limit), _) => Some(limit),
            (None, Some(_)) => Some(USUAL_HOURLY_LIMIT),
            (None, None) => None,
        }
    }

    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Some(email) = &mut self.email {
            email.resolve(folder);
        }
        if let Some(webhook) = &mut self.webhook {
            webhook.resolve(folder);
        }
        if let Some(alertmanager) = &mut self.alertmanager {
            alertmanager.resolve(folder);
        }
        if let Some(syslog) = &mut self.syslog {
            resolve(&mut syslog.ca_file, folder);
        }
    }
}

/// HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Where to.
    #[serde(default, deserialize_with = "decode::present")]
    pub url: Option<String>,
    /// The file that has the address, if the address is a secret.
    #[serde(default, deserialize_with = "decode::present")]
    pub url_file: Option<PathBuf>,
    /// The systemd credential that has it.
    #[serde(default, deserialize_with = "decode::present")]
    pub url_credential: Option<String>,
    /// The file that has the bearer token.
    #[serde(default, deserialize_with = "decode::present")]
    pub bearer_file: Option<PathBuf>,
    /// The systemd credential that has it.
    #[serde(default, deserialize_with = "decode::present")]
    pub bearer_credential: Option<String>,
    /// The name to sign in with.
    #[serde(default, deserialize_with = "decode::present")]
    pub username: Option<String>,
    /// The file that has the password.
    #[serde(default, deserialize_with = "decode::present")]
    pub password_file: Option<PathBuf>,
    /// The systemd credential that has it.
    #[serde(default, deserialize_with = "decode::present")]
    pub password_credential: Option<String>,
    /// The file that has the key which signs bodies.
    #[serde(default, deserialize_with = "decode::present")]
    pub signing_key_file: Option<PathBuf>,
    /// The systemd credential that has it.
    #[serde(default, deserialize_with = "decode::present")]
    pub signing_key_credential: Option<String>,
    /// Certificates that the server's may end in.
    #[serde(default, deserialize_with = "decode::present")]
    pub ca_file: Option<PathBuf>,
    /// The longest wait for an answer.
    #[serde(default = "http_timeout")]
    pub timeout: HumanDuration,
}

impl HttpConfig {
    /// Where the address stands, if it is a secret.
    pub fn secret_url(&self) -> Option<SecretSource> {
        SecretSource::of(self.url_file.as_ref(), self.url_credential.as_ref())
    }

    /// Where the bearer token stands.
    pub fn bearer(&self) -> Option<SecretSource> {
        SecretSource::of(self.bearer_file.as_ref(), self.bearer_credential.as_ref())
    }

    /// Where the password stands.
    pub fn password(&self) -> Option<SecretSource> {
        SecretSource::of(
            self.password_file.as_ref(),
            self.password_credential.as_ref(),
        )
    }

    /// Where the signing key stands.
    pub fn signing_key(&self) -> Option<SecretSource> {
        SecretSource::of(
            self.signing_key_file.as_ref(),
            self.signing_key_credential.as_ref(),
        )
    }

    fn resolve(&mut self, folder: &Path) {
        for file in [
            &mut self.url_file,
            &mut self.bearer_file,
            &mut self.password_file,
            &mut self.signing_key_file,
            &mut self.ca_file,
        ] {
            resolve(file, folder);
        }
    }
}

/// An Alertmanager.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertmanagerConfig {
    /// Its base address.
    pub url: String,
    /// The file that has the bearer token.
    #[serde(default, deserialize_with = "decode::present")]
    pub bearer_file: Option<PathBuf>,
    /// The systemd credential that has it.
    #[serde(default, deserialize_with = "decode::present")]
    pub bearer_credential: Option<String>,
    /// The name to sign in with.
    #[serde(default, deserialize_with = "decode::present")]
    pub username: Option<String>,
    /// The file that has the password.
    #[serde(default, deserialize_with = "decode::present")]
    pub password_file: Option<PathBuf>,
    /// The systemd credential that has it.
    #[serde(default, deserialize_with = "decode::present")]
    pub password_credential: Option<String>,
    /// Certificates that the server's may end in.
    #[serde(default, deserialize_with = "decode::present")]
    pub ca_file: Option<PathBuf>,
    /// The longest wait for an answer.
    #[serde(default = "http_timeout")]
    pub timeout: HumanDuration,
    /// How long an event is an alert there.
    #[serde(default = "usual_event_lasts")]
    pub event_lasts: HumanDuration,
}

impl AlertmanagerConfig {
    /// How it is reached, as of any address.
    pub fn http(&self) -> HttpConfig {
        HttpConfig {
            url: Some(self.url.clone()),
            url_file: None,
            url_credential: None,
            bearer_file: self.bearer_file.clone(),
            bearer_credential: self.bearer_credential.clone(),
            username: self.username.clone(),
            password_file: self.password_file.clone(),
            password_credential: self.password_credential.clone(),
            signing_key_file: None,
            signing_key_credential: None,
            ca_file: self.ca_file.clone(),
            timeout: self.timeout,
        }
    }

    fn resolve(&mut self, folder: &Path) {
        for file in [
            &mut self.bearer_file,
            &mut self.password_file,
            &mut self.ca_file,
        ] {
            resolve(file, folder);
        }
    }
}

/// How syslog travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransportWord {
    /// UDP.
    #[default]
    Udp,
    /// TCP.
    Tcp,
    /// TLS.
    Tls,
}

/// Syslog.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyslogConfig {
    /// Host and port.
    pub address: String,
    /// How.
    #[serde(default, deserialize_with = "transport_word")]
    pub transport: TransportWord,
    /// The facility's name.
    #[serde(default = "usual_facility")]
    pub facility: String,
    /// Certificates that the server's may end in.
    #[serde(default, deserialize_with = "decode::present")]
    pub ca_file: Option<PathBuf>,
    /// The longest wait for the connection.
    #[serde(default = "syslog_timeout")]
    pub timeout: HumanDuration,
}

/// SNMP's targets: all that there is to say stands in the section `snmp`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnmpWayConfig {}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecConfig {
    /// Its whole path.
    pub program: PathBuf,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// The longest it may run.
    #[serde(default = "exec_timeout")]
    pub timeout: HumanDuration,
}

const fn yes() -> bool {
    true
}

const fn mildest() -> Severity {
    Severity::Info
}

/// Longer than any program that only takes a note of it needs.
const fn http_timeout() -> HumanDuration {
    HumanDuration(Duration::from_secs(20))
}

const fn syslog_timeout() -> HumanDuration {
    HumanDuration(Duration::from_secs(10))
}

const fn exec_timeout() -> HumanDuration {
    HumanDuration(Duration::from_secs(30))
}

/// Long enough to be grouped and sent there, short enough that nobody takes it for a state.
const fn usual_event_lasts() -> HumanDuration {
    HumanDuration(Duration::from_secs(3_600))
}

fn usual_facility() -> String {
    "daemon".to_owned()
}

/// Reads a word that a type knows.
pub(super) fn word<'de, D, T>(
    deserializer: D,
    find: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    let word = String::deserialize(deserializer)?;
    find(&word).ok_or_else(|| de::Error::custom(format!("is `{word}`")))
}

fn severity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
    word(deserializer, Severity::from_name)
}

fn transport_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TransportWord, D::Error> {
    word(deserializer, |word| match word {
        "udp" => Some(TransportWord::Udp),
        "tcp" => Some(TransportWord::Tcp),
        "tls" => Some(TransportWord::Tls),
        _ => None,
    })
}
