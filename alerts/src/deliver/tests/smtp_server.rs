//! A mail server that does what a test says at each step.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the server does at one step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    /// Says this; CR LF follows.
    Say(&'static str),
    /// Says nothing more, and keeps the connection.
    Hang,
    /// Closes the connection without a word.
    Close,
    /// Says so much without a line's end.
    Flood(usize),
    /// Says this and closes.
    SayAndClose(&'static str),
}

/// A mail that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) text: String,
    pub(super) is_protected: bool,
    /// Which connection it came over, from 1 on.
    pub(super) connection: usize,
}

/// What the server does, and what it saw.
#[derive(Default)]
struct State {
    acts: HashMap<String, VecDeque<Act>>,
    offers: Vec<&'static str>,
    acceptor: Option<TlsAcceptor>,
    is_implicit: bool,
    /// Lines of AUTH that are taken; `None`: all.
    accepted: Option<Vec<String>>,
    arrived: Vec<Arrived>,
    heard: Vec<String>,
    connections: usize,
}

/// The server.
#[derive(Clone)]
pub(super) struct SmtpServer {
    state: Arc<Mutex<State>>,
    pub(super) port: u16,
}

/// An authority with a server certificate for this name.
pub(super) fn certificate(name: &str) -> (Arc<[u8]>, TlsAcceptor) {
    let key = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let pem: Arc<[u8]> = Arc::from(key.cert.pem().into_bytes());
    let private = PrivatePkcs8KeyDer::from(key.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], PrivateKeyDer::Pkcs8(private))
        .unwrap();
    (pem, TlsAcceptor::from(Arc::new(config)))
}

impl SmtpServer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::default(),
        };
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().serve(stream));
            }
        });
        server
    }

    /// What happens the next times at a step: `GREETING`, `EHLO`, `STARTTLS`, `TLS`,
    /// `AUTH`, `MAIL`, `RCPT name@…`, `DATA`, `DOT`, `RSET`. After that all is well.
    pub(super) fn at(&self, step: &str, acts: &[Act]) -> &Self {
        let mut state = self.state.lock().unwrap();
        let queue = state.acts.entry(step.to_owned()).or_default();
        queue.extend(acts);
        drop(state);
        self
    }

    pub(super) fn offers(&self, offers: &[&'static str]) -> &Self {
        self.state.lock().unwrap().offers = offers.to_vec();
        self
    }

    /// STARTTLS is offered, with this certificate.
    pub(super) fn with_starttls(&self, acceptor: &TlsAcceptor) -> &Self {
        self.state.lock().unwrap().acceptor = Some(acceptor.clone());
        self
    }

    /// TLS from the first byte, with this certificate.
    pub(super) fn with_implicit_tls(&self, acceptor: &TlsAcceptor) -> &Self {
        self.with_starttls(acceptor);
        self.state.lock().unwrap().is_implicit = true;
        self
    }

    /// Only these lines of AUTH are taken.
    pub(super) fn accepts(&self, lines: &[String]) -> &Self {
        self.state.lock().unwrap().accepted = Some(lines.to_vec());
        self
    }

    pub(super) fn arrived(&self) -> Vec<Arrived> {
        self.state.lock().unwrap().arrived.clone()
    }

    /// Every line that was said to it, mails left out; `*` stands before one that was
    /// protected.
    pub(super) fn heard(&self) -> Vec<String> {
        self.state.lock().unwrap().heard.clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    fn act(&self, step: &str, usual: Act) -> Act {
        let mut state = self.state.lock().unwrap();
        let queue = state.acts.get_mut(step);
        queue.and_then(VecDeque::pop_front).unwrap_or(usual)
    }

    async fn serve(self, stream: TcpStream) {
        let (connection, acceptor, is_implicit) = {
            let mut state = self.state.lock().unwrap();
            state.connections += 1;
            (state.connections, state.acceptor.clone(), state.is_implicit)
        };
        let mut session = Session {
            server: self.clone(),
            connection,
            is_protected: is_implicit,
        };
        if let (Some(acceptor), true) = (&acceptor, is_implicit) {
            if let Some(stream) = self.protect(acceptor, stream).await {
                session.talk(BufReader::new(stream)).await;
            }
            return;
        }
        let bare = session.talk(BufReader::new(stream)).await;
        if let (Some(bare), Some(acceptor)) = (bare, acceptor)
            && let Some(stream) = self.protect(&acceptor, bare.into_inner()).await
        {
            session.is_protected = true;
            session.talk(BufReader::new(stream)).await;
        }
    }

    async fn protect(
        &self,
        acceptor: &TlsAcceptor,
        stream: TcpStream,
    ) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
        if matches!(self.act("TLS", Act::Say("")), Act::Hang) {
            std::future::pending::<()>().await;
        }
        acceptor.accept(stream).await.ok()
    }
}

/// One connection.
struct Session {
    server: SmtpServer,
    connection: usize,
    is_protected: bool,
}

impl Session {
    /// Talks until the end; gives the stream back for STARTTLS.
    async fn talk<S>(&mut self, mut stream: BufReader<S>) -> Option<BufReader<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let is_second = self.is_protected && !self.server.state.lock().unwrap().is_implicit;
        if !is_second {
            self.answer(&mut stream, "GREETING", "220 test").await?;
        }
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let line = self.hear(&mut stream).await?;
            let verb = line.split(' ').next().unwrap().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.hello(&mut stream).await?,
                "STARTTLS" => {
                    self.answer(&mut stream, "STARTTLS", "220 go ahead").await?;
                    return Some(stream);
                }
                "AUTH" => self.auth(&mut stream, &line).await?,
                "MAIL" => {
                    from = inside(&line);
                    self.answer(&mut stream, "MAIL", "250 sender ok").await?;
                }
                "RCPT" => {
                    to = inside(&line);
                    let step = format!("RCPT {to}");
                    self.answer(&mut stream, &step, "250 recipient ok").await?;
                }
                "DATA" => {
                    let act = self.server.act("DATA", Act::Say("354 go ahead"));
                    self.perform(&mut stream, act).await?;
                    if !matches!(act, Act::Say(text) if text.starts_with("354")) {
                        continue;
                    }
                    let text = mail(&mut stream).await?;
                    self.server.state.lock().unwrap().arrived.push(Arrived {
                        from: from.clone(),
                        to: to.clone(),
                        text,
                        is_protected: self.is_protected,
                        connection: self.connection,
                    });
                    self.answer(&mut stream, "DOT", "250 queued as 7").await?;
                }
                "QUIT" => {
                    self.answer(&mut stream, "QUIT", "221 bye").await?;
                    return None;
                }
                _ => self.answer(&mut stream, &verb, "250 ok").await?,
            }
        }
    }

    async fn hear<S: AsyncRead + Unpin>(&self, stream: &mut BufReader<S>) -> Option<String> {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        let mark = if self.is_protected { "*" } else { "" };
        let heard = format!("{mark}{line}");
        self.server.state.lock().unwrap().heard.push(heard);
        Some(line)
    }

    async fn hello<S: AsyncWrite + Unpin>(&self, stream: &mut S) -> Option<()> {
        let (offers, has_tls) = {
            let state = self.server.state.lock().unwrap();
            (state.offers.clone(), state.acceptor.is_some())
        };
        let act = self.server.act("EHLO", Act::Say(""));
        if !matches!(act, Act::Say("")) {
            return self.perform(stream, act).await;
        }
        let mut lines = vec!["test greets you"];
        lines.extend(offers);
        if has_tls && !self.is_protected {
            lines.push("STARTTLS");
        }
        let (last, others) = lines.split_last().unwrap();
        for line in others {
            say(stream, &format!("250-{line}")).await?;
        }
        say(stream, &format!("250 {last}")).await
    }

    async fn auth<S>(&self, stream: &mut BufReader<S>, line: &str) -> Option<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut said = line.to_owned();
        if line == "AUTH LOGIN" {
            for prompt in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                say(stream, prompt).await?;
                let answer = self.hear(stream).await?;
                said = format!("{said} {answer}");
            }
        }
        let accepted = self.server.state.lock().unwrap().accepted.clone();
        if accepted.is_none_or(|lines| lines.contains(&said)) {
            return self.answer(stream, "AUTH", "235 welcome").await;
        }
        if line.starts_with("AUTH XOAUTH2") {
            // The challenge that says why, in the encoding of RFC 4648.
            say(stream, "334 eyJzdGF0dXMiOiI0MDEifQ==").await?;
            assert_eq!(self.hear(stream).await?, "", "an empty answer is wanted");
        }
        self.answer(stream, "AUTH", "535 5.7.8 no").await
    }

    async fn answer<S: AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        step: &str,
        usual: &'static str,
    ) -> Option<()> {
        let act = self.server.act(step, Act::Say(usual));
        self.perform(stream, act).await
    }

    async fn perform<S: AsyncWrite + Unpin>(&self, stream: &mut S, act: Act) -> Option<()> {
        match act {
            Act::Say(text) => say(stream, text).await,
            Act::Hang => std::future::pending().await,
            Act::Close => None,
            Act::SayAndClose(text) => {
                say(stream, text).await;
                None
            }
            Act::Flood(bytes) => {
                let chunk = vec![b'2'; 64 * 1024];
                for _ in 0..bytes / chunk.len() {
                    stream.write_all(&chunk).await.ok()?;
                }
                None
            }
        }
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, text: &str) -> Option<()> {
    let line = format!("{text}\r\n");
    stream.write_all(line.as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

/// Reads a mail up to its dot, as it was before it travelled.
async fn mail<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// What stands between angle brackets.
fn inside(line: &str) -> String {
    let rest = line.split_once('<').unwrap().1;
    rest.split_once('>').unwrap().0.to_owned()
}
