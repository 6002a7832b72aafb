//! Who is told, with secrets, certificates and templates read from their files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alerts::receiver::{
    AlertmanagerWay, EmailWay, ExecWay, MailAuth, MailTemplates, MailTls, Receiver, Secret,
    SyslogTransport, SyslogWay, TokenSource, Way, WebhookWay,
};
use anyhow::{Context as _, anyhow};

use crate::config::alerts::files::text_of;
use crate::config::alerts::{
    AlertsConfig, EmailConfig, ExecConfig, FACILITIES, HttpConfig, MailAuthWord, MailTlsWord,
    OAuthConfig, ReceiverConfig, SyslogConfig, TransportWord, WayConfig,
};
use crate::config::secret::SecretSource;

/// The receivers. Files that others may read are told in `warnings`.
///
/// # Errors
///
/// The first file that cannot be used, with the receiver's name.
pub(super) fn receivers(
    config: &AlertsConfig,
    warnings: &mut Vec<String>,
) -> anyhow::Result<Vec<Receiver>> {
    let mut reader = Reader { warnings };
    let receivers = config.receivers().iter();
    receivers
        .map(|one| {
            reader
                .receiver(one)
                .with_context(|| format!("the receiver `{}` of `alerts.receivers`", one.name))
        })
        .collect()
}

struct Reader<'a> {
    warnings: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn receiver(&mut self, config: &ReceiverConfig) -> anyhow::Result<Receiver> {
        let way = config
            .way()
            .ok_or_else(|| anyhow!("has no way to be told"))?;
        let way = match way {
            WayConfig::Email(email) => Way::Email(Box::new(self.email(email)?)),
            WayConfig::Webhook(http) => Way::Webhook(self.http(http)?),
            WayConfig::Alertmanager(one) => Way::Alertmanager(AlertmanagerWay {
                http: self.http(&one.http())?,
                event_lasts: one.event_lasts.0,
            }),
            WayConfig::Syslog(syslog) => Way::Syslog(syslog_way(syslog)?),
            WayConfig::Snmp => Way::Snmp,
            WayConfig::Exec(exec) => Way::Exec(exec_way(exec)),
        };
        Ok(Receiver {
            name: Arc::from(&*config.name),
            way,
            send_resolved: config.send_resolved,
            least_severity: config.least_severity,
            hourly_limit: config.limit(),
        })
    }

    fn email(&mut self, config: &EmailConfig) -> anyhow::Result<EmailWay> {
        let auth = match (&config.oauth, self.secret(config.password())?) {
            (Some(oauth), _) => MailAuth::XOAuth2(Box::new(self.tokens(oauth)?)),
            (None, None) => MailAuth::None,
            (None, Some(password)) => match config.auth {
                MailAuthWord::Plain => MailAuth::Plain(password),
                MailAuthWord::Login => MailAuth::Login(password),
            },
        };
        let templates = &config.templates;
        Ok(EmailWay {
            host: config.host.clone(),
            port: config.port(),
            tls: match config.tls {
                MailTlsWord::Implicit => MailTls::Implicit,
                MailTlsWord::StartTls => MailTls::StartTls,
                MailTlsWord::Opportunistic => MailTls::Opportunistic,
                MailTlsWord::None => MailTls::None,
            },
            ca_pem: pem(config.ca_file.as_deref())?,
            username: config.username.clone(),
            auth,
            hello: config.hello.clone(),
            from: config.from.clone(),
            sender: config.sender.clone(),
            to: config.to.clone(),
            reply_to: config.reply_to.clone(),
            timeout: config.timeout.0,
            templates: MailTemplates {
                text: template(templates.text_file.as_ref())?,
                html: template(templates.html_file.as_ref())?,
                subject: template(templates.subject_file.as_ref())?,
                time_zone: config.time_zone.clone(),
            },
        })
    }

    fn tokens(&mut self, config: &OAuthConfig) -> anyhow::Result<TokenSource> {
        Ok(TokenSource {
            token_url: config.token_url.clone(),
            client_id: config.client_id.clone(),
            client_secret: self.secret(config.client_secret())?,
            refresh_token: self.secret(config.refresh_token())?,
            scope: config.scope.clone(),
            ca_pem: pem(config.ca_file.as_deref())?,
        })
    }

    fn http(&mut self, config: &HttpConfig) -> anyhow::Result<WebhookWay> {
        let url = match &config.url {
            Some(url) => url.clone(),
            None => {
                let secret = self.secret(config.secret_url())?;
                secret
                    .ok_or_else(|| anyhow!("has no address"))?
                    .expose()
                    .to_owned()
            }
        };
        let password = self.secret(config.password())?;
        Ok(WebhookWay {
            url,
            bearer: self.secret(config.bearer())?,
            basic: config.username.clone().zip(password),
            signing_key: self.secret(config.signing_key())?,
            ca_pem: pem(config.ca_file.as_deref())?,
            timeout: config.timeout.0,
        })
    }

    fn secret(&mut self, source: Option<SecretSource>) -> anyhow::Result<Option<Secret>> {
        let Some(source) = source else {
            return Ok(None);
        };
        // Its file is not named: where a path should stand there may be the secret itself.
        let found = source
            .read()
            .map_err(|error| anyhow!("the file of a secret {}", error.unnamed()))?;
        // Several may name one file.
        let warning = found
            .warning
            .filter(|warning| !self.warnings.contains(warning));
        self.warnings.extend(warning);
        let text = std::str::from_utf8(found.secret.expose())
            .map_err(|_| anyhow!("a secret is no text in UTF-8"))?;
        Ok(Some(Secret::new(text)))
    }
}

fn syslog_way(config: &SyslogConfig) -> anyhow::Result<SyslogWay> {
    let number = FACILITIES.iter().position(|name| *name == config.facility);
    Ok(SyslogWay {
        address: config.address.clone(),
        transport: match config.transport {
            TransportWord::Udp => SyslogTransport::Udp,
            TransportWord::Tcp => SyslogTransport::Tcp,
            TransportWord::Tls => SyslogTransport::Tls,
        },
        facility: number
            .and_then(|number| u8::try_from(number).ok())
            .ok_or_else(|| anyhow!("there is no facility `{}`", config.facility))?,
        ca_pem: pem(config.ca_file.as_deref())?,
        timeout: config.timeout.0,
    })
}

fn exec_way(config: &ExecConfig) -> ExecWay {
    ExecWay {
        program: config.program.clone(),
        arguments: config.arguments.clone(),
        timeout: config.timeout.0,
    }
}

fn pem(file: Option<&Path>) -> anyhow::Result<Option<Arc<[u8]>>> {
    let text = file.map(text).transpose()?;
    Ok(text.map(|text| Arc::from(text.into_bytes())))
}

fn template(file: Option<&PathBuf>) -> anyhow::Result<Option<(String, String)>> {
    let Some(path) = file else {
        return Ok(None);
    };
    Ok(Some((text(path)?, path.display().to_string())))
}

fn text(path: &Path) -> anyhow::Result<String> {
    text_of(path).map_err(|words| anyhow!("`{}` {words}", path.display()))
}
