//! Sends mails by SMTP, one recipient a transaction, so that one bad address harms nobody
//! else.
//!
//! A connection is kept while there is more to send. No mail leaves in clear text where TLS
//! is wanted, and no password over a connection that others can read. What a fault means is
//! in [`classify`]; when it is tried again is the outbox's.

mod classify;
mod dialogue;
mod reply;
mod sign_in;
mod token;

use std::sync::Arc;

use jiff::Timestamp;
use lettre::Address;
use lettre::message::header::{Headers, To};
use lettre::message::{Mailbox, Mailboxes};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::timeout;

use self::classify::{classify, is_polite_no, is_stale};
use self::dialogue::{Cause, Dialogue, Fault, Phase, Stream};
use self::reply::Reply;
use self::token::{TokenFault, Tokens};
use super::tls::{self, Roots};
use super::{Outcome, connect, words};
use crate::compose::lost;
use crate::outbox::{Attempt, Claimed};
use crate::receiver::{EmailWay, MailAuth, MailTls};

/// Most mails over one connection: many servers end it after a hundred.
const MAILS_PER_CONNECTION: u32 = 100;

/// Sends one receiver's mails.
pub(super) struct MailCarrier {
    way: EmailWay,
    hello: String,
    tokens: Option<Tokens>,
    open: Option<Dialogue>,
}

/// What a mail needs besides its bytes.
struct Envelope {
    sender: Address,
    recipient: Address,
    mail: Vec<u8>,
}

impl MailCarrier {
    /// Nothing is connected yet.
    pub(super) fn new(way: EmailWay, host: &str) -> Self {
        let hello = way.hello.as_deref().unwrap_or(host);
        let hello = said_in_hello(hello).to_owned();
        let tokens = match &way.auth {
            MailAuth::XOAuth2(source) => Some(Tokens::new(source, way.timeout)),
            MailAuth::None | MailAuth::Plain(_) | MailAuth::Login(_) => None,
        };
        Self {
            way,
            hello,
            tokens,
            open: None,
        }
    }

    /// Sends one mail.
    pub(super) async fn send(&mut self, claimed: &Claimed, now: Timestamp) -> Outcome {
        let envelope = match self.envelope(claimed) {
            Ok(envelope) => envelope,
            Err(attempt) => return Outcome::of_message(attempt),
        };
        match self.transact(&envelope, now).await {
            Ok(reply) => Outcome::of_message(Attempt::Sent(reply.words())),
            Err(fault) => classify(&fault),
        }
    }

    /// Says good-bye: there is nothing to send for the time being.
    pub(super) async fn rest(&mut self) {
        if let Some(dialogue) = self.open.take() {
            dialogue.quit().await;
        }
    }

    fn envelope(&self, claimed: &Claimed) -> Result<Envelope, Attempt> {
        let address = &claimed.delivery.recipient;
        let to: Mailbox = address.parse().map_err(|error| {
            Attempt::Dead(words(&format!("`{address}` is no mail address: {error}")))
        })?;
        let from: Mailbox = self.way.from.parse().map_err(|error| {
            Attempt::Misconfigured(words(&format!("`from` is no mail address: {error}")))
        })?;
        let sender = match &self.way.sender {
            Some(sender) => sender.parse().map_err(|error| {
                Attempt::Misconfigured(words(&format!("`sender` is no mail address: {error}")))
            })?,
            None => from.email.clone(),
        };
        let recipient = to.email.clone();
        let mut headers = Headers::new();
        headers.set(To::from(Mailboxes::from(to)));
        let mut mail = headers.to_string().into_bytes();
        if claimed.message.body.is_empty() {
            mail.extend(lost::mail(&claimed.message, &self.way));
        } else {
            if !claimed.is_body_stored {
                mail.extend(b"X-ZTNA-Stored: no\r\n");
            }
            mail.extend(&claimed.message.body);
        }
        Ok(Envelope {
            sender,
            recipient,
            mail,
        })
    }

    async fn transact(&mut self, envelope: &Envelope, now: Timestamp) -> Result<Reply, Fault> {
        if let Some(dialogue) = self.open.take() {
            match self.transact_over(dialogue, envelope).await {
                // The server had enough of the old connection: that says nothing of the mail.
                Err(fault) if is_stale(&fault) => {}
                came => return came,
            }
        }
        let dialogue = self.begin(now).await?;
        self.transact_over(dialogue, envelope).await
    }

    /// Sends over a connection, and keeps it if it is still good.
    async fn transact_over(
        &mut self,
        mut dialogue: Dialogue,
        envelope: &Envelope,
    ) -> Result<Reply, Fault> {
        let sending = dialogue.send(&envelope.sender, &envelope.recipient, &envelope.mail);
        let came = sending.await;
        let is_good = match &came {
            Ok(_) => true,
            Err(fault) => is_polite_no(fault) && dialogue.reset().await.is_ok(),
        };
        if is_good && dialogue.sent < MAILS_PER_CONNECTION {
            self.open = Some(dialogue);
        } else if is_good {
            dialogue.quit().await;
        }
        came
    }

    /// A new connection, protected and signed in as configured. A token that is refused is
    /// fetched again once: servers do not say clearly that one has run out.
    async fn begin(&mut self, now: Timestamp) -> Result<Dialogue, Fault> {
        match self.begin_once(now).await {
            Err(fault) if fault.phase == Phase::SignIn && self.has_old_token() => {
                if let Some(tokens) = &mut self.tokens {
                    tokens.forget();
                }
                self.begin_once(now).await
            }
            came => came,
        }
    }

    fn has_old_token(&self) -> bool {
        self.tokens.as_ref().is_some_and(Tokens::has_token)
    }

    async fn begin_once(&mut self, now: Timestamp) -> Result<Dialogue, Fault> {
        let mut dialogue = self.protected().await?;
        if self.way.auth != MailAuth::None {
            let user = self.way.username.clone().unwrap_or_default();
            self.check_is_private(&dialogue)?;
            match (&self.way.auth, &mut self.tokens) {
                (MailAuth::Plain(password), _) => {
                    sign_in::plain(&mut dialogue, &user, password).await?;
                }
                (MailAuth::Login(password), _) => {
                    sign_in::login(&mut dialogue, &user, password).await?;
                }
                (MailAuth::XOAuth2(_), Some(tokens)) => {
                    let token = tokens.token(now).await.map_err(token_fault)?;
                    sign_in::xoauth2(&mut dialogue, &user, &token).await?;
                }
                (MailAuth::XOAuth2(_), None) | (MailAuth::None, _) => {}
            }
        }
        Ok(dialogue)
    }

    /// A password is sent only where nobody can read along.
    fn check_is_private(&self, dialogue: &Dialogue) -> Result<(), Fault> {
        let is_own_host = self.way.tls == MailTls::None && dialogue.is_loopback();
        if dialogue.is_protected() || is_own_host {
            return Ok(());
        }
        Err(settings(
            Phase::SignIn,
            "the connection is not protected, so the password is not sent",
        ))
    }

    /// A new connection with the protection that is configured, and EHLO said.
    async fn protected(&self) -> Result<Dialogue, Fault> {
        let limit = self.way.timeout;
        let connected = connect::connect(&self.way.host, self.way.port, limit).await;
        let stream = connected.map_err(|error| Fault {
            phase: Phase::Connect,
            cause: Cause::Io(error),
        })?;
        if self.way.tls == MailTls::Implicit {
            let mut dialogue = self.protect(stream).await?;
            dialogue.greet(&self.hello).await?;
            return Ok(dialogue);
        }
        let mut dialogue = Dialogue::new(Stream::Plain(stream), limit);
        dialogue.greet(&self.hello).await?;
        let is_offered = dialogue.offered("STARTTLS").is_some();
        match self.way.tls {
            MailTls::StartTls if !is_offered => Err(settings(
                Phase::StartTls,
                "the server does not offer STARTTLS, so nothing is sent",
            )),
            MailTls::Opportunistic if !is_offered => Ok(dialogue),
            MailTls::StartTls | MailTls::Opportunistic => {
                let bare = dialogue.start_tls().await?;
                let mut protected = self.protect(bare).await?;
                protected.hello(&self.hello).await?;
                Ok(protected)
            }
            MailTls::None | MailTls::Implicit => Ok(dialogue),
        }
    }

    async fn protect(&self, stream: tokio::net::TcpStream) -> Result<Dialogue, Fault> {
        let (config, name) = self.trust()?;
        let protecting = tls::protect(&config, &name, stream);
        let cause = match timeout(self.way.timeout, protecting).await {
            Ok(Ok(protected)) => {
                let protected = Stream::Tls(Box::new(protected));
                return Ok(Dialogue::new(protected, self.way.timeout));
            }
            Ok(Err(error)) => Cause::Io(error),
            Err(_) => Cause::TimedOut,
        };
        Err(Fault {
            phase: Phase::Tls,
            cause,
        })
    }

    fn trust(&self) -> Result<(Arc<ClientConfig>, ServerName<'static>), Fault> {
        let trusted = tls::client_config(self.way.ca_pem.as_deref(), Roots::Instead)
            .and_then(|config| Ok((Arc::new(config), tls::server_name(&self.way.host)?)));
        trusted.map_err(|error| settings(Phase::Tls, &error.to_string()))
    }
}

/// A name as EHLO takes it; `localhost` for one that it does not take.
fn said_in_hello(name: &str) -> &str {
    let is_address = name.starts_with('[') && name.ends_with(']');
    let inner = name.trim_start_matches('[').trim_end_matches(']');
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    let is_fit_address = |byte: u8| is_fit(byte) || byte == b':';
    let is_taken = match is_address {
        true => inner.bytes().all(is_fit_address),
        false => name.bytes().all(is_fit),
    };
    if is_taken && !inner.is_empty() && name.len() <= 255 {
        name
    } else {
        "localhost"
    }
}

fn settings(phase: Phase, words: &str) -> Fault {
    Fault {
        phase,
        cause: Cause::Settings(words.to_owned()),
    }
}

fn token_fault(fault: TokenFault) -> Fault {
    if fault.is_for_people {
        return settings(Phase::Token, &fault.words);
    }
    Fault {
        phase: Phase::Token,
        cause: Cause::Io(std::io::Error::other(fault.words)),
    }
}
