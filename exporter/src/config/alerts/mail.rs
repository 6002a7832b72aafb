//! Mail, as it stands in the file: the server, how to sign in, and who writes to whom.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::Deserializer;

use super::super::decode;
use super::super::quantity::HumanDuration;
use super::super::secret::SecretSource;
use super::receiver::word;
use super::resolve;

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MailTlsWord {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS, and no mail without it.
    #[default]
    StartTls,
    /// STARTTLS if the server has it.
    Opportunistic,
    /// None.
    None,
}

impl MailTlsWord {
    /// The port that servers listen on for it (RFC 8314, RFC 5321).
    const fn port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::StartTls => 587,
            Self::Opportunistic | Self::None => 25,
        }
    }
}

/// How to show the password to a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MailAuthWord {
    /// In one line.
    #[default]
    Plain,
    /// In two.
    Login,
}

/// Mail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailConfig {
    /// The server's name or address.
    pub host: String,
    /// Its port, if it is another than usual.
    #[serde(default, deserialize_with = "decode::present")]
    pub port: Option<u16>,
    /// How it is protected.
    #[serde(default, deserialize_with = "tls_word")]
    pub tls: MailTlsWord,
    /// Certificates that the server's may end in.
    #[serde(default, deserialize_with = "decode::present")]
    pub ca_file: Option<PathBuf>,
    /// The name to sign in with.
    #[serde(default, deserialize_with = "decode::present")]
    pub username: Option<String>,
    /// The file that has the password.
    #[serde(default, deserialize_with = "decode::present")]
    pub password_file: Option<PathBuf>,
    /// The systemd credential that has it.
    #[serde(default, deserialize_with = "decode::present")]
    pub password_credential: Option<String>,
    /// How to show it.
    #[serde(default, deserialize_with = "auth_word")]
    pub auth: MailAuthWord,
    /// Where tokens come from, instead of a password.
    #[serde(default, deserialize_with = "decode::present")]
    pub oauth: Option<OAuthConfig>,
    /// The name to say in EHLO.
    #[serde(default, deserialize_with = "decode::present")]
    pub hello: Option<String>,
    /// Whom mails come from.
    pub from: String,
    /// Whom refused mails go back to.
    #[serde(default, deserialize_with = "decode::present")]
    pub sender: Option<String>,
    /// Who gets them.
    pub to: Vec<String>,
    /// Whom answers go to.
    #[serde(default, deserialize_with = "decode::present")]
    pub reply_to: Option<String>,
    /// The zone that its times are written in, beside UTC.
    #[serde(default, deserialize_with = "decode::timezone")]
    pub time_zone: Option<TimeZone>,
    /// The longest wait for a reply.
    #[serde(default = "mail_timeout")]
    pub timeout: HumanDuration,
    /// Templates of the operator's.
    #[serde(default)]
    pub templates: TemplatesConfig,
}

impl EmailConfig {
    /// Mail to one address by this machine's own server.
    pub(crate) fn to(recipient: &str) -> Self {
        Self {
            host: "localhost".to_owned(),
            port: None,
            tls: MailTlsWord::None,
            ca_file: None,
            username: None,
            password_file: None,
            password_credential: None,
            auth: MailAuthWord::default(),
            oauth: None,
            hello: None,
            from: "ztna@example.com".to_owned(),
            sender: None,
            to: vec![recipient.to_owned()],
            reply_to: None,
            time_zone: None,
            timeout: mail_timeout(),
            templates: TemplatesConfig::default(),
        }
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(self.tls.port())
    }

    /// Where the password stands.
    pub fn password(&self) -> Option<SecretSource> {
        SecretSource::of(
            self.password_file.as_ref(),
            self.password_credential.as_ref(),
        )
    }

    pub(super) fn resolve(&mut self, folder: &Path) {
        resolve(&mut self.ca_file, folder);
        resolve(&mut self.password_file, folder);
        let TemplatesConfig {
            text_file,
            html_file,
            subject_file,
        } = &mut self.templates;
        for file in [text_file, html_file, subject_file] {
            resolve(file, folder);
        }
        if let Some(oauth) = &mut self.oauth {
            for file in [
                &mut oauth.client_secret_file,
                &mut oauth.refresh_token_file,
                &mut oauth.ca_file,
            ] {
                resolve(file, folder);
            }
        }
    }
}

/// Where tokens come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthConfig {
    /// The token server.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// The file that has the client's secret.
    #[serde(default, deserialize_with = "decode::present")]
    pub client_secret_file: Option<PathBuf>,
    /// The systemd credential that has it.
    #[serde(default, deserialize_with = "decode::present")]
    pub client_secret_credential: Option<String>,
    /// The file that has the refresh token.
    #[serde(default, deserialize_with = "decode::present")]
    pub refresh_token_file: Option<PathBuf>,
    /// The systemd credential that has it.
    #[serde(default, deserialize_with = "decode::present")]
    pub refresh_token_credential: Option<String>,
    /// What the token is for.
    #[serde(default, deserialize_with = "decode::present")]
    pub scope: Option<String>,
    /// Certificates that the token server's may end in.
    #[serde(default, deserialize_with = "decode::present")]
    pub ca_file: Option<PathBuf>,
}

impl OAuthConfig {
    /// Where the client's secret stands.
    pub fn client_secret(&self) -> Option<SecretSource> {
        SecretSource::of(
            self.client_secret_file.as_ref(),
            self.client_secret_credential.as_ref(),
        )
    }

    /// Where the refresh token stands.
    pub fn refresh_token(&self) -> Option<SecretSource> {
        SecretSource::of(
            self.refresh_token_file.as_ref(),
            self.refresh_token_credential.as_ref(),
        )
    }
}

/// Templates of the operator's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TemplatesConfig {
    /// The text part.
    #[serde(deserialize_with = "decode::present")]
    pub text_file: Option<PathBuf>,
    /// The HTML part.
    #[serde(deserialize_with = "decode::present")]
    pub html_file: Option<PathBuf>,
    /// The subject after the bracket.
    #[serde(deserialize_with = "decode::present")]
    pub subject_file: Option<PathBuf>,
}

/// As long as mail servers that look at each mail need (RFC 5321 section 4.5.3.2 asks for
/// more, and nobody waits that long).
const fn mail_timeout() -> HumanDuration {
    HumanDuration(Duration::from_secs(60))
}

fn tls_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MailTlsWord, D::Error> {
    word(deserializer, |word| match word {
        "implicit" => Some(MailTlsWord::Implicit),
        "starttls" => Some(MailTlsWord::StartTls),
        "opportunistic" => Some(MailTlsWord::Opportunistic),
        "none" => Some(MailTlsWord::None),
        _ => None,
    })
}

fn auth_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MailAuthWord, D::Error> {
    word(deserializer, |word| match word {
        "plain" => Some(MailAuthWord::Plain),
        "login" => Some(MailAuthWord::Login),
        _ => None,
    })
}
