//! Who is told, and by which way: what the configuration comes to.
//!
//! Secrets are values here, read from their files by whoever makes these, and shown to
//! nobody.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use model::alert::Severity;
use model::delivery::Channel;

/// A password, token or key. It has no `Display`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// A secret of this text.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text, for whoever has to send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Receiver {
    /// The configured name.
    pub name: Arc<str>,
    /// By which way.
    pub way: Way,
    /// Whether he hears that something is over.
    pub send_resolved: bool,
    /// The mildest severity that he hears of.
    pub least_severity: Severity,
    /// Most messages in an hour; what is above is told in a digest. `None` for no limit.
    pub hourly_limit: Option<u32>,
}

impl Receiver {
    /// The way's channel.
    pub const fn channel(&self) -> Channel {
        match &self.way {
            Way::Email(_) => Channel::Email,
            Way::Webhook(_) => Channel::Webhook,
            Way::Alertmanager(_) => Channel::Alertmanager,
            Way::Syslog(_) => Channel::Syslog,
            Way::Snmp => Channel::Snmp,
            Way::Exec(_) => Channel::Exec,
        }
    }
}

/// By which way somebody is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// Mail.
    Email(Box<EmailWay>),
    /// HTTP with Alertmanager's payload, version 4.
    Webhook(WebhookWay),
    /// `POST /api/v2/alerts` of an Alertmanager.
    Alertmanager(AlertmanagerWay),
    /// Syslog.
    Syslog(SyslogWay),
    /// To the targets of the SNMP agent.
    Snmp,
    /// A program.
    Exec(ExecWay),
}

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the first byte (port 465).
    Implicit,
    /// STARTTLS, and no mail without it.
    StartTls,
    /// STARTTLS if the server has it.
    Opportunistic,
    /// None at all.
    None,
}

/// How to sign in to a mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailAuth {
    /// Not at all.
    None,
    /// With a password, by PLAIN.
    Plain(Secret),
    /// With a password, by LOGIN.
    Login(Secret),
    /// With a token that a token server gives out and that runs out.
    XOAuth2(Box<TokenSource>),
}

/// Where tokens for XOAUTH2 come from: client credentials or a refresh token (RFC 6749).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSource {
    /// The token server's address.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Option<Secret>,
    /// The refresh token; without it, client credentials.
    pub refresh_token: Option<Secret>,
    /// What the token is for.
    pub scope: Option<String>,
    /// Certificates that the token server's may end in besides the public ones, in PEM.
    pub ca_pem: Option<Arc<[u8]>>,
}

/// Mail.
#[derive(Debug, Clone, PartialEq)]
pub struct EmailWay {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is protected.
    pub tls: MailTls,
    /// Certificates that the server's may end in, in PEM; without it the public ones.
    pub ca_pem: Option<Arc<[u8]>>,
    /// The name to sign in with.
    pub username: Option<String>,
    /// How to sign in.
    pub auth: MailAuth,
    /// The name said in EHLO; without it the host's own.
    pub hello: Option<String>,
    /// The address of `From:`, with a name or without: `ZTNA alerts <ztna@example.com>`.
    pub from: String,
    /// The envelope's sender, if it is another.
    pub sender: Option<String>,
    /// Recipients, one transaction each.
    pub to: Vec<String>,
    /// `Reply-To:`, if there is one.
    pub reply_to: Option<String>,
    /// The longest wait for any one reply.
    pub timeout: Duration,
    /// Templates of the operator's for the text and the HTML part, and where they stand.
    pub templates: MailTemplates,
}

/// How a receiver's mails look: templates of the operator's, and the reader's time zone.
///
/// Each template is its text and then the name to call it by in messages, the path of its
/// file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailTemplates {
    /// The text part.
    pub text: Option<(String, String)>,
    /// The HTML part.
    pub html: Option<(String, String)>,
    /// The subject after the bracket.
    pub subject: Option<(String, String)>,
    /// The zone that times are written in, with UTC beside it. `None`: UTC alone.
    pub time_zone: Option<TimeZone>,
}

/// HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookWay {
    /// Where to.
    pub url: String,
    /// `Authorization: Bearer`, if there is one.
    pub bearer: Option<Secret>,
    /// Name and password, if there are any.
    pub basic: Option<(String, Secret)>,
    /// Signs the body: `X-ZTNA-Signature: sha256=…` (HMAC).
    pub signing_key: Option<Secret>,
    /// Certificates that the server's may end in, in PEM.
    pub ca_pem: Option<Arc<[u8]>>,
    /// The longest wait for an answer.
    pub timeout: Duration,
}

/// An Alertmanager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertmanagerWay {
    /// Its base address, such as `http://127.0.0.1:9093`.
    pub http: WebhookWay,
    /// How long an event is an alert there.
    pub event_lasts: Duration,
}

/// How syslog travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyslogTransport {
    /// RFC 5426.
    Udp,
    /// RFC 6587, counted octets.
    Tcp,
    /// RFC 5425.
    Tls,
}

/// Syslog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogWay {
    /// Host and port.
    pub address: String,
    /// How.
    pub transport: SyslogTransport,
    /// The facility's number (RFC 5424 section 6.2.1).
    pub facility: u8,
    /// Certificates that the server's may end in, in PEM.
    pub ca_pem: Option<Arc<[u8]>>,
    /// The longest wait for the connection.
    pub timeout: Duration,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecWay {
    /// The program, by its whole path.
    pub program: PathBuf,
    /// Its arguments, as they are: nothing of an alert is put into them.
    pub arguments: Vec<String>,
    /// The longest it may run.
    pub timeout: Duration,
}

/// Where the agent is reached, for links in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The agent's own name: the right side of Message-IDs. Letters, digits, dots, hyphens.
    pub agent: Arc<str>,
    /// The host's name, for people.
    pub host: Arc<str>,
    /// The site, if somebody says.
    pub site: Option<Arc<str>>,
    /// The address under which its page is reached from outside, if somebody says.
    pub external_url: Option<Arc<str>>,
    /// The configuration that it runs with, by its whole path, for commands in messages.
    pub config_file: Option<Arc<str>>,
    /// Where the agent listens.
    pub listens_on: Option<SocketAddr>,
}
