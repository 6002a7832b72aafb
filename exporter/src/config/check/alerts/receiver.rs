//! Checks of those who are told, and by which way.

use std::collections::HashMap;
use std::path::Path;

use rustix::fs::Access;

use super::super::super::alerts::files::text_of;
use super::super::super::alerts::{
    AlertmanagerConfig, EmailConfig, ExecConfig, FACILITIES, HttpConfig, MailTlsWord, OAuthConfig,
    SyslogConfig, TransportWord, WayConfig,
};
use super::super::super::secret::SecretSource;
use super::super::{Checker, Config, ConfigError, KeyPath, Part, shortened};
use super::RECEIVERS_MAX;
use super::web_address::{WebAddress, is_this_machine};
use crate::alerting::address::mailbox;
use crate::probe::active::address::Host;

const RECIPIENTS_MAX: usize = 64;
const ARGUMENTS_MAX: usize = 64;

/// What each receiver has.
const WAYS: &str = "one of `email`, `webhook`, `alertmanager`, `syslog`, `snmp` and `exec`";

impl Checker<'_> {
    pub(super) fn receivers(&self, path: &KeyPath, config: &Config) -> Result<(), ConfigError> {
        let receivers = config.alerts.receivers();
        self.no_more_than(path, receivers.len(), RECEIVERS_MAX)?;
        let mut names = HashMap::new();
        for (index, receiver) in receivers.iter().enumerate() {
            let item = path.index(index);
            let name = receiver.name.as_str();
            self.name(&item.key("name"), Part::Value, name)?;
            if let Some(first) = names.insert(name, index) {
                let wrong = format!("`{name}` is also the name of `{}`", path.index(first));
                return Err(self.refuse(&item.key("name"), &wrong));
            }
            let mut parts = receiver
                .parts()
                .into_iter()
                .filter(|(_, is_there)| *is_there);
            parts.next();
            if let Some((second, _)) = parts.next() {
                return Err(self
                    .refuse_part(&item.key(second), Part::Key, "is a second way")
                    .wanting(&format!("{WAYS}; make it a receiver of its own")));
            }
            let Some(way) = receiver.way() else {
                return Err(self
                    .refuse(&item, "has no way to be told")
                    .wanting(&format!("{WAYS} in it")));
            };
            self.way(&item, way, config)?;
            if let Some(limit) = receiver.hourly_limit {
                self.bounded(&item.key("hourly_limit"), u64::from(limit), &limit)?;
            }
        }
        Ok(())
    }

    fn way(&self, item: &KeyPath, way: WayConfig<'_>, config: &Config) -> Result<(), ConfigError> {
        match way {
            WayConfig::Email(email) => self.email(&item.key("email"), email),
            WayConfig::Webhook(http) => self.http(&item.key("webhook"), http),
            WayConfig::Alertmanager(one) => self.alertmanager(&item.key("alertmanager"), one),
            WayConfig::Syslog(syslog) => self.syslog(&item.key("syslog"), syslog),
            WayConfig::Exec(exec) => self.exec(&item.key("exec"), exec, config),
            WayConfig::Snmp if config.snmp.targets.is_empty() => Err(self
                .refuse_part(
                    &item.key("snmp"),
                    Part::Key,
                    "tells the targets, and there is none",
                )
                .wanting("`snmp.targets`")),
            WayConfig::Snmp => Ok(()),
        }
    }

    fn email(&self, path: &KeyPath, email: &EmailConfig) -> Result<(), ConfigError> {
        let host = self.server_name(&path.key("host"), &email.host)?;
        if email.port == Some(0) {
            return Err(self.refuse(&path.key("port"), "is 0"));
        }
        if let Some(file) = &email.ca_file {
            self.ca_file(&path.key("ca_file"), file)?;
            if email.tls == MailTlsWord::None {
                return Err(self
                    .refuse(&path.key("ca_file"), "is of no use with `tls: none`")
                    .wanting("`tls: starttls` or `tls: implicit`, or no `ca_file`"));
            }
        }
        self.mail_sign_in(path, email, &host)?;
        if let Some(hello) = &email.hello {
            self.server_name(&path.key("hello"), hello)?;
        }
        self.mailbox(&path.key("from"), &email.from)?;
        if let Some(sender) = &email.sender {
            self.bare_address(&path.key("sender"), sender)?;
        }
        if let Some(reply_to) = &email.reply_to {
            self.mailbox(&path.key("reply_to"), reply_to)?;
        }
        self.recipients(&path.key("to"), &email.to)?;
        self.duration(&path.key("timeout"), email.timeout)?;
        let templates = path.key("templates");
        for (key, file) in [
            ("text_file", &email.templates.text_file),
            ("html_file", &email.templates.html_file),
            ("subject_file", &email.templates.subject_file),
        ] {
            if let Some(file) = file {
                self.text_file(&templates.key(key), file)?;
            }
        }
        Ok(())
    }

    fn recipients(&self, path: &KeyPath, to: &[String]) -> Result<(), ConfigError> {
        self.count(path, to.len(), RECIPIENTS_MAX, "recipients")?;
        let mut seen = HashMap::new();
        for (index, address) in to.iter().enumerate() {
            let item = path.index(index);
            self.bare_address(&item, address)?;
            if let Some(first) = seen.insert(address.to_ascii_lowercase(), index) {
                let wrong = format!("`{address}` is also in `{}`", path.index(first));
                return Err(self.refuse(&item, &wrong));
            }
        }
        Ok(())
    }

    fn mail_sign_in(
        &self,
        path: &KeyPath,
        email: &EmailConfig,
        host: &Host,
    ) -> Result<(), ConfigError> {
        let has_password = email.password_file.is_some() || email.password_credential.is_some();
        self.secret_of(path, "password", has_password, email.password())?;
        if let Some(username) = &email.username {
            self.one_line(&path.key("username"), username)?;
        }
        let Some(oauth) = &email.oauth else {
            match (&email.username, has_password) {
                (Some(_), true) => {}
                (None, false) => return Ok(()),
                (Some(_), false) => {
                    return Err(self
                        .refuse(&path.key("username"), "has no password")
                        .wanting("`password_file`, `password_credential` or `oauth` beside it"));
                }
                (None, true) => {
                    return Err(self
                        .refuse(path, "has a password and no `username`")
                        .wanting("`username`"));
                }
            }
            return self.no_secret_in_clear(path, email, host);
        };
        if has_password {
            return Err(self
                .refuse_part(&path.key("oauth"), Part::Key, "stands beside a password")
                .wanting("one of the two"));
        }
        if email.username.is_none() {
            return Err(self
                .refuse(&path.key("oauth"), "needs a `username` beside it")
                .wanting("`username`: the mailbox that the token opens"));
        }
        self.oauth(&path.key("oauth"), oauth)?;
        self.no_secret_in_clear(path, email, host)
    }

    fn no_secret_in_clear(
        &self,
        path: &KeyPath,
        email: &EmailConfig,
        host: &Host,
    ) -> Result<(), ConfigError> {
        let is_sealed = matches!(email.tls, MailTlsWord::Implicit | MailTlsWord::StartTls);
        if is_sealed || is_this_machine(host) {
            return Ok(());
        }
        Err(self
            .refuse(&path.key("tls"), "lets the password be read on the way")
            .wanting("`starttls` or `implicit`, or no password"))
    }

    fn oauth(&self, path: &KeyPath, oauth: &OAuthConfig) -> Result<(), ConfigError> {
        let url = self.web_address(&path.key("token_url"), &oauth.token_url)?;
        if url.is_in_clear() {
            return Err(self
                .refuse(&path.key("token_url"), "lets the secret be read on the way")
                .wanting("an address that begins with https://"));
        }
        self.one_line(&path.key("client_id"), &oauth.client_id)?;
        if let Some(scope) = &oauth.scope {
            self.one_line(&path.key("scope"), scope)?;
        }
        let has_secret =
            oauth.client_secret_file.is_some() || oauth.client_secret_credential.is_some();
        self.secret_of(path, "client_secret", has_secret, oauth.client_secret())?;
        let has_refresh =
            oauth.refresh_token_file.is_some() || oauth.refresh_token_credential.is_some();
        self.secret_of(path, "refresh_token", has_refresh, oauth.refresh_token())?;
        if !has_secret && !has_refresh {
            return Err(self
                .refuse(path, "has neither a client's secret nor a refresh token")
                .wanting("`client_secret_file` or `refresh_token_file`, or both"));
        }
        match &oauth.ca_file {
            Some(file) => self.ca_file(&path.key("ca_file"), file),
            None => Ok(()),
        }
    }

    fn http(&self, path: &KeyPath, http: &HttpConfig) -> Result<(), ConfigError> {
        let has_secret_url = http.url_file.is_some() || http.url_credential.is_some();
        let address = match (&http.url, has_secret_url) {
            (Some(url), false) => self.web_address(&path.key("url"), url)?,
            (None, true) => self.hidden_address(path, http)?,
            (Some(_), true) | (None, false) => {
                return Err(self
                    .refuse(path, "has no address, or more than one")
                    .wanting("one of `url`, `url_file` and `url_credential`"));
            }
        };
        self.http_sign_in(path, http, &address)?;
        if let Some(file) = &http.ca_file {
            self.ca_file(&path.key("ca_file"), file)?;
        }
        self.duration(&path.key("timeout"), http.timeout)
    }

    fn hidden_address(&self, path: &KeyPath, http: &HttpConfig) -> Result<WebAddress, ConfigError> {
        let text = self.secret_of(path, "url", true, http.secret_url())?;
        WebAddress::parse(&text.unwrap_or_default()).map_err(|why| {
            let wrong = format!("holds an address that {why}");
            match http.secret_url() {
                Some(SecretSource::File(_)) => self.refuse(&path.key("url_file"), &wrong),
                Some(SecretSource::Credential(_)) | None => {
                    self.refuse(&path.key("url_credential"), &wrong)
                }
            }
        })
    }

    fn http_sign_in(
        &self,
        path: &KeyPath,
        http: &HttpConfig,
        address: &WebAddress,
    ) -> Result<(), ConfigError> {
        let has_bearer = http.bearer_file.is_some() || http.bearer_credential.is_some();
        let has_password = http.password_file.is_some() || http.password_credential.is_some();
        let has_key = http.signing_key_file.is_some() || http.signing_key_credential.is_some();
        self.secret_of(path, "bearer", has_bearer, http.bearer())?;
        self.secret_of(path, "password", has_password, http.password())?;
        self.secret_of(path, "signing_key", has_key, http.signing_key())?;
        if let Some(username) = &http.username {
            self.one_line(&path.key("username"), username)?;
        }
        if http.username.is_some() != has_password {
            return Err(self
                .refuse(path, "has half of a sign-in")
                .wanting("both `username` and `password_file`, or none"));
        }
        if has_bearer && has_password {
            return Err(self
                .refuse(path, "signs in in two ways")
                .wanting("a bearer token, or a name with a password"));
        }
        if (has_bearer || has_password) && address.is_in_clear() {
            return Err(self
                .refuse(path, "lets what it signs in with be read on the way")
                .wanting("an address that begins with https://"));
        }
        Ok(())
    }

    fn alertmanager(&self, path: &KeyPath, one: &AlertmanagerConfig) -> Result<(), ConfigError> {
        self.http(path, &one.http())?;
        self.duration(&path.key("event_lasts"), one.event_lasts)
    }

    fn syslog(&self, path: &KeyPath, syslog: &SyslogConfig) -> Result<(), ConfigError> {
        self.probe_address(&path.key("address"), &syslog.address)?;
        if !FACILITIES.contains(&syslog.facility.as_str()) {
            let wrong = format!("is `{}`", shortened(&syslog.facility));
            return Err(self.refuse(&path.key("facility"), &wrong));
        }
        if let Some(file) = &syslog.ca_file {
            self.ca_file(&path.key("ca_file"), file)?;
            if syslog.transport != TransportWord::Tls {
                return Err(self
                    .refuse(&path.key("ca_file"), "is of use with `transport: tls` only")
                    .wanting("`transport: tls`, or no `ca_file`"));
            }
        }
        self.duration(&path.key("timeout"), syslog.timeout)
    }

    fn exec(&self, path: &KeyPath, exec: &ExecConfig, config: &Config) -> Result<(), ConfigError> {
        if !config.alerts.allow_exec {
            return Err(self
                .refuse(
                    path,
                    "starts a program, and `alerts.allow_exec` does not allow it",
                )
                .wanting("`allow_exec: true` in `alerts`, if that is meant"));
        }
        let program = path.key("program");
        let shown = exec.program.display();
        if !exec.program.is_absolute() {
            return Err(self.refuse(&program, &format!("`{shown}` is no whole path")));
        }
        if !exec.program.is_file() {
            return Err(self.refuse(&program, &format!("`{shown}` is no file")));
        }
        rustix::fs::access(&exec.program, Access::EXEC_OK).map_err(|error| {
            self.refuse(&program, &format!("`{shown}` cannot be started: {error}"))
        })?;
        let arguments = path.key("arguments");
        self.no_more_than(&arguments, exec.arguments.len(), ARGUMENTS_MAX)?;
        for (index, argument) in exec.arguments.iter().enumerate() {
            if argument.contains('\0') {
                return Err(self.refuse(&arguments.index(index), "holds a NUL byte"));
            }
        }
        self.duration(&path.key("timeout"), exec.timeout)
    }

    /// A name of a host, or an address, without a port.
    fn server_name(&self, path: &KeyPath, text: &str) -> Result<Host, ConfigError> {
        Host::parse(text).ok_or_else(|| {
            let shown = shortened(text);
            let wrong = match text.rsplit_once(':') {
                Some((host, port))
                    if Host::parse(host).is_some() && port.parse::<u16>().is_ok() =>
                {
                    format!("`{shown}` has a port, which is a key of its own")
                }
                _ => format!("`{shown}` is no host's name"),
            };
            self.refuse(path, &wrong)
        })
    }

    fn mailbox(&self, path: &KeyPath, text: &str) -> Result<(), ConfigError> {
        mailbox(text).map(drop).map_err(|why| {
            let short = shortened(text);
            let shown = model::untrusted::printable(&short);
            self.refuse(path, &format!("`{shown}` is no mail address: {why}"))
        })
    }

    fn bare_address(&self, path: &KeyPath, text: &str) -> Result<(), ConfigError> {
        self.mailbox(path, text)?;
        if text.contains('<') {
            return Err(self.refuse(path, &format!("`{}` has a name", shortened(text))));
        }
        Ok(())
    }

    fn text_file(&self, path: &KeyPath, file: &Path) -> Result<(), ConfigError> {
        text_of(file)
            .map(drop)
            .map_err(|words| self.refuse(path, &format!("`{}` {words}", file.display())))
    }

    /// A secret that has one place, is there, and is text.
    fn secret_of(
        &self,
        path: &KeyPath,
        stem: &str,
        is_named: bool,
        source: Option<SecretSource>,
    ) -> Result<Option<String>, ConfigError> {
        let Some(source) = source else {
            if !is_named {
                return Ok(None);
            }
            return Err(self
                .refuse(path, &format!("has two places for its {stem}"))
                .wanting(&format!("one of `{stem}_file` and `{stem}_credential`")));
        };
        let secret = self.secret(path, stem, &source)?;
        let text = std::str::from_utf8(secret.expose()).ok();
        let text = text.filter(|text| !text.chars().any(char::is_control));
        let end = match source {
            SecretSource::File(_) => "file",
            SecretSource::Credential(_) => "credential",
        };
        text.map(|text| Some(text.to_owned())).ok_or_else(|| {
            self.refuse(
                &path.key(&format!("{stem}_{end}")),
                "holds something that is no line of text",
            )
        })
    }
}
