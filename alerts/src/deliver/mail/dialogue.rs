//! Speaks SMTP over one connection, with a time limit for every answer, and says in which
//! phase something went wrong.
//!
//! The words are `lettre`'s, the dialogue is ours: `lettre`'s own keeps what was said before
//! STARTTLS, reads a line without end, gives up at an unknown line of EHLO and hides the
//! phase and the code that decide whether a mail is tried again (reference: RFC 5321).

use std::fmt;
use std::io;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::commands::{Mail, Rcpt};
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::reply::{Incoming, Reply, ReplyError};

/// How far a delivery had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Connect,
    Tls,
    Greeting,
    Hello,
    StartTls,
    Token,
    SignIn,
    Sender,
    Recipient,
    Data,
    Body,
}

impl Phase {
    /// For people: what was being done.
    const fn words(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::Tls => "setting up TLS",
            Self::Greeting => "waiting for the greeting",
            Self::Hello => "saying EHLO",
            Self::StartTls => "asking for STARTTLS",
            Self::Token => "fetching a token",
            Self::SignIn => "signing in",
            Self::Sender => "naming the sender",
            Self::Recipient => "naming the recipient",
            Self::Data => "asking to send the mail",
            Self::Body => "sending the mail",
        }
    }
}

/// What went wrong.
#[derive(Debug)]
pub(super) enum Cause {
    /// The server said no.
    Refused(Reply),
    /// The server said something else than what follows here.
    Unexpected(Reply),
    /// No answer in time.
    TimedOut,
    /// The connection ended.
    Closed,
    /// The connection broke, or was not made.
    Io(io::Error),
    /// What came is not SMTP.
    Malformed(&'static str),
    /// It is not even tried: settings, or what the server offers, do not allow it.
    Settings(String),
}

/// Where and why it went wrong.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) phase: Phase,
    pub(super) cause: Cause,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let doing = self.phase.words();
        match &self.cause {
            Cause::Refused(reply) => write!(formatter, "{} (while {doing})", reply.words()),
            Cause::Unexpected(reply) => {
                write!(formatter, "unexpected: {} (while {doing})", reply.words())
            }
            Cause::TimedOut => write!(formatter, "no answer in time (while {doing})"),
            Cause::Closed => write!(
                formatter,
                "the server closed the connection (while {doing})"
            ),
            Cause::Io(error) => {
                write!(
                    formatter,
                    "{} (while {doing})",
                    super::words(&error.to_string())
                )
            }
            Cause::Malformed(what) => write!(formatter, "not SMTP: {what} (while {doing})"),
            Cause::Settings(words) => formatter.write_str(words),
        }
    }
}

/// A connection, protected or not.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What can be read and written.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for S {}

impl Stream {
    fn wire(&mut self) -> &mut dyn Wire {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream,
        }
    }
}

/// A dialogue that has begun.
#[derive(Debug)]
pub(super) struct Dialogue {
    stream: Stream,
    incoming: Incoming,
    limit: Duration,
    /// What the server said to EHLO, in capitals.
    offers: Vec<String>,
    /// Mails sent over it.
    pub(super) sent: u32,
}

/// After the whole mail a server may look at it for long; giving up too soon means that the
/// recipient gets it twice. So many times the limit. (RFC 5321 section 4.5.3.2.6: 10 min.)
const BODY_PATIENCE: u32 = 5;

/// Bytes written at a time, each under the time limit.
const CHUNK_BYTES: usize = 64 * 1024;

impl Dialogue {
    /// Over this connection; nothing is said yet.
    pub(super) const fn new(stream: Stream, limit: Duration) -> Self {
        Self {
            stream,
            incoming: Incoming::new(),
            limit,
            offers: Vec::new(),
            sent: 0,
        }
    }

    /// Whether it is protected.
    pub(super) const fn is_protected(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Whether the other side is this host.
    pub(super) fn is_loopback(&self) -> bool {
        let peer = match &self.stream {
            Stream::Plain(stream) => stream.peer_addr(),
            Stream::Tls(stream) => stream.get_ref().0.peer_addr(),
        };
        peer.is_ok_and(|peer| peer.ip().to_canonical().is_loopback())
    }

    /// Waits for the greeting, and says EHLO.
    pub(super) async fn greet(&mut self, hello: &str) -> Result<(), Fault> {
        let greeting = self.reply(Phase::Greeting, self.limit).await?;
        positive(Phase::Greeting, greeting)?;
        self.hello(hello).await
    }

    /// Says EHLO, and learns what the server offers.
    pub(super) async fn hello(&mut self, hello: &str) -> Result<(), Fault> {
        let reply = self.ask(Phase::Hello, &format!("EHLO {hello}\r\n")).await?;
        let reply = positive(Phase::Hello, reply)?;
        let lines = reply.lines.iter().skip(1);
        self.offers = lines.map(|line| line.trim().to_ascii_uppercase()).collect();
        Ok(())
    }

    /// The words behind a keyword that the server offered.
    pub(super) fn offered(&self, keyword: &str) -> Option<&str> {
        self.offers.iter().find_map(|line| {
            let rest = line.strip_prefix(keyword)?;
            let is_whole = rest.is_empty() || rest.starts_with([' ', '=']);
            is_whole.then(|| rest.trim_start_matches([' ', '=']))
        })
    }

    /// Asks for protection, and takes the bare connection out of the dialogue for it.
    pub(super) async fn start_tls(mut self) -> Result<TcpStream, Fault> {
        let reply = self.ask(Phase::StartTls, "STARTTLS\r\n").await?;
        positive(Phase::StartTls, reply)?;
        // What came behind the answer ends here with the dialogue: anybody on the way may
        // have said it (RFC 3207 section 4.2).
        match self.stream {
            Stream::Plain(stream) => Ok(stream),
            Stream::Tls(_) => Err(Fault {
                phase: Phase::StartTls,
                cause: Cause::Settings("the connection is protected already".to_owned()),
            }),
        }
    }

    /// Says a command and waits for its answer.
    pub(super) async fn ask(&mut self, phase: Phase, command: &str) -> Result<Reply, Fault> {
        self.write(phase, command.as_bytes()).await?;
        self.reply(phase, self.limit).await
    }

    /// Sends one mail to one recipient.
    pub(super) async fn send(
        &mut self,
        sender: &Address,
        recipient: &Address,
        mail: &[u8],
    ) -> Result<Reply, Fault> {
        let parameters = self.parameters(sender, recipient, mail)?;
        let from = Mail::new(Some(sender.clone()), parameters).to_string();
        let about_sender = self.ask(Phase::Sender, &from).await?;
        positive(Phase::Sender, about_sender)?;
        let to = Rcpt::new(recipient.clone(), Vec::new()).to_string();
        let about_recipient = self.ask(Phase::Recipient, &to).await?;
        positive(Phase::Recipient, about_recipient)?;
        let about_data = self.ask(Phase::Data, "DATA\r\n").await?;
        if about_data.code != 354 {
            return Err(no(Phase::Data, about_data));
        }
        for chunk in encoded(mail).chunks(CHUNK_BYTES) {
            self.write(Phase::Body, chunk).await?;
        }
        let limit = self.limit.saturating_mul(BODY_PATIENCE);
        let reply = self.reply(Phase::Body, limit).await?;
        self.sent = self.sent.saturating_add(1);
        positive(Phase::Body, reply)
    }

    fn parameters(
        &self,
        sender: &Address,
        recipient: &Address,
        mail: &[u8],
    ) -> Result<Vec<MailParameter>, Fault> {
        let mut parameters = Vec::new();
        if self.offered("SIZE").is_some() {
            parameters.push(MailParameter::Size(mail.len()));
        }
        if !mail.is_ascii() && self.offered("8BITMIME").is_some() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let addresses: [&str; 2] = [sender.as_ref(), recipient.as_ref()];
        if !addresses.iter().all(|address| address.is_ascii()) {
            if self.offered("SMTPUTF8").is_none() {
                return Err(Fault {
                    phase: Phase::Recipient,
                    cause: Cause::Settings(
                        "the server takes addresses in ASCII letters only".to_owned(),
                    ),
                });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        Ok(parameters)
    }

    /// Makes ready for the next mail after one that was refused.
    pub(super) async fn reset(&mut self) -> Result<(), Fault> {
        let reply = self.ask(Phase::Sender, "RSET\r\n").await?;
        positive(Phase::Sender, reply).map(|_| ())
    }

    /// Says good-bye, and does not wait for long.
    pub(super) async fn quit(mut self) {
        self.limit = self.limit.min(Duration::from_secs(1));
        // The mails are sent: whether the server hears it changes nothing.
        drop(self.ask(Phase::Sender, "QUIT\r\n").await);
    }

    async fn write(&mut self, phase: Phase, bytes: &[u8]) -> Result<(), Fault> {
        let wire = self.stream.wire();
        let written = timeout(self.limit, async {
            wire.write_all(bytes).await?;
            wire.flush().await
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            // A server that refuses and closes at once has often said why.
            Ok(Err(error)) => match self.reply(phase, self.limit).await {
                Ok(reply) if !reply.is_positive() => Err(no(phase, reply)),
                Ok(_) | Err(_) => Err(Fault {
                    phase,
                    cause: Cause::Io(error),
                }),
            },
            Err(_) => Err(Fault {
                phase,
                cause: Cause::TimedOut,
            }),
        }
    }

    async fn reply(&mut self, phase: Phase, limit: Duration) -> Result<Reply, Fault> {
        let mut wire = self.stream.wire();
        let cause = match timeout(limit, self.incoming.reply(&mut wire)).await {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(ReplyError::Io(error))) => Cause::Io(error),
            Ok(Err(ReplyError::Closed)) => Cause::Closed,
            Ok(Err(ReplyError::Malformed(what))) => Cause::Malformed(what),
            Err(_) => Cause::TimedOut,
        };
        Err(Fault { phase, cause })
    }
}

/// The reply, if it is a yes.
pub(super) fn positive(phase: Phase, reply: Reply) -> Result<Reply, Fault> {
    if reply.is_positive() {
        return Ok(reply);
    }
    Err(no(phase, reply))
}

/// What a reply means that is not the one wanted.
pub(super) const fn no(phase: Phase, reply: Reply) -> Fault {
    let cause = if 400 <= reply.code {
        Cause::Refused(reply)
    } else {
        Cause::Unexpected(reply)
    };
    Fault { phase, cause }
}

/// A mail as it travels: every line ends with CR LF, a dot at a line's beginning is doubled,
/// and a dot alone ends it. A lone CR or LF inside must not get through: some servers take
/// it for a line's end, and a smuggled mail begins behind it.
fn encoded(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + mail.len() / 32 + 8);
    let mut is_line_start = true;
    let mut bytes = mail.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if byte == b'\r' && bytes.peek() == Some(&b'\n') {
                    bytes.next();
                }
                out.extend(b"\r\n");
                is_line_start = true;
            }
            byte => {
                if is_line_start && byte == b'.' {
                    out.push(b'.');
                }
                out.push(byte);
                is_line_start = false;
            }
        }
    }
    if !is_line_start {
        out.extend(b"\r\n");
    }
    out.extend(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_mail_can_end_itself() {
        for (mail, wanted) in [
            (&b"a\r\nb\r\n"[..], &b"a\r\nb\r\n.\r\n"[..]),
            (b"a", b"a\r\n.\r\n"),
            (b".\r\n..x", b"..\r\n...x\r\n.\r\n"),
            (b"a\n.\nMAIL", b"a\r\n..\r\nMAIL\r\n.\r\n"),
            (b"a\r.\rb", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\n\r\nb", b"a\r\n\r\nb\r\n.\r\n"),
            (b"", b".\r\n"),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&encoded(mail)),
                String::from_utf8_lossy(wanted),
            );
        }
    }

    proptest! {
        #[test]
        fn the_end_of_a_mail_comes_once_and_at_its_end(
            mail in "[a.\r\n]{0,60}",
        ) {
            let sent = encoded(mail.as_bytes());
            let text = format!("\r\n{}", String::from_utf8(sent).unwrap());
            prop_assert_eq!(text.matches("\r\n.\r\n").count(), 1);
            prop_assert!(text.ends_with("\r\n.\r\n"));
            let bare = text.replace("\r\n", "");
            prop_assert!(!bare.contains(['\r', '\n']));
        }
    }
}
