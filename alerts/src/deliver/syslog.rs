//! Sends syslog messages over UDP (RFC 5426), TCP with counted octets (RFC 6587) and TLS
//! (RFC 5425).
//!
//! Syslog has no answer, so "sent" means that this host's network took it. Before a kept
//! connection is used, and for a moment after, it is looked whether the other side has
//! closed it or refuses: then the message is sent again over a new one.
//!
//! Known loss: a server that vanishes without a word (its power goes) swallows what is sent
//! until TCP notices, minutes later; over UDP every lost datagram is lost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout;

use super::tls::{self, Roots};
use super::{Outcome, connect, words};
use crate::outbox::{Attempt, Claimed};
use crate::receiver::{SyslogTransport, SyslogWay};

/// How long it is looked whether the other side refuses what it was just sent.
const LOOK_AFTER: Duration = Duration::from_millis(20);

/// A connection that is kept.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Wire for S {}

/// What was seen of a connection.
enum Seen {
    Open,
    /// Closed in good order.
    Ended,
    Broken(io::Error),
}

impl Seen {
    const fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }
}

/// Sends one receiver's messages by syslog.
pub(super) struct SyslogCarrier {
    way: SyslogWay,
    open: Option<Box<dyn Wire>>,
}

impl SyslogCarrier {
    /// Nothing is connected yet.
    pub(super) const fn new(way: SyslogWay) -> Self {
        Self { way, open: None }
    }

    /// Sends one message.
    pub(super) async fn send(&mut self, claimed: &Claimed) -> Outcome {
        let message = &claimed.message.body;
        let Some((host, port)) = split(&self.way.address) else {
            let words = format!("`{}` is no host with a port", self.way.address);
            return Outcome::of_receiver(Attempt::Misconfigured(words));
        };
        let sent = match self.way.transport {
            SyslogTransport::Udp => self.send_datagram(&host, port, message).await,
            SyslogTransport::Tcp | SyslogTransport::Tls => {
                self.send_stream(&host, port, message).await
            }
        };
        match sent {
            Ok(()) => Outcome::of_message(Attempt::Sent("handed to the network".to_owned())),
            Err(error) if tls::is_for_people(&error) => {
                Outcome::of_receiver(Attempt::Misconfigured(words(&error.to_string())))
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                Outcome::of_receiver(Attempt::Misconfigured(words(&error.to_string())))
            }
            Err(error) => Outcome::of_receiver(Attempt::Retry(words(&error.to_string()))),
        }
    }

    async fn send_datagram(&self, host: &str, port: u16, message: &[u8]) -> io::Result<()> {
        let limit = self.way.timeout;
        let mut addresses = in_time(limit, lookup_host((host, port))).await?;
        let Some(address) = addresses.next() else {
            return Err(io::Error::other("the name has no address"));
        };
        let any = if address.is_ipv4() {
            "0.0.0.0:0"
        } else {
            "[::]:0"
        };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(address).await?;
        in_time(limit, socket.send(message)).await?;
        // Where nobody listens, the other host says so.
        let mut nothing = [0_u8; 1];
        match timeout(LOOK_AFTER, socket.recv(&mut nothing)).await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }

    async fn send_stream(&mut self, host: &str, port: u16, message: &[u8]) -> io::Result<()> {
        let limit = self.way.timeout;
        let mut frame = format!("{} ", message.len()).into_bytes();
        frame.extend(message);
        if let Some(mut wire) = self.open.take()
            && look(&mut wire, Duration::ZERO).await.is_open()
            && write(&mut wire, &frame, limit).await.is_ok()
            && look(&mut wire, LOOK_AFTER).await.is_open()
        {
            self.open = Some(wire);
            return Ok(());
        }
        let mut wire = self.connect(host, port).await?;
        write(&mut wire, &frame, limit).await?;
        match look(&mut wire, LOOK_AFTER).await {
            Seen::Open => self.open = Some(wire),
            // One message a connection is a server's good right: it read and closed.
            Seen::Ended => {}
            Seen::Broken(error) => return Err(error),
        }
        Ok(())
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Box<dyn Wire>> {
        let limit = self.way.timeout;
        let stream = connect::connect(host, port, limit).await?;
        if self.way.transport != SyslogTransport::Tls {
            return Ok(Box::new(stream));
        }
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
        let config = tls::client_config(self.way.ca_pem.as_deref(), Roots::Instead);
        let config = Arc::new(config.map_err(invalid)?);
        let name = tls::server_name(host).map_err(invalid)?;
        let stream = in_time(limit, tls::protect(&config, &name, stream)).await?;
        Ok(Box::new(stream))
    }
}

/// Whether the other side still listens, as far as it said by now.
async fn look(wire: &mut Box<dyn Wire>, patience: Duration) -> Seen {
    let mut said = [0_u8; 256];
    match timeout(patience, wire.read(&mut said)).await {
        Ok(Ok(0)) => Seen::Ended,
        // Closed without TLS's own good-bye, as many do.
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Seen::Ended,
        Ok(Err(error)) => Seen::Broken(error),
        // Some servers talk; nobody asked them.
        Ok(Ok(_)) | Err(_) => Seen::Open,
    }
}

async fn write(wire: &mut Box<dyn Wire>, frame: &[u8], limit: Duration) -> io::Result<()> {
    in_time(limit, wire.write_all(frame)).await?;
    in_time(limit, wire.flush()).await
}

async fn in_time<T>(limit: Duration, doing: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match timeout(limit, doing).await {
        Ok(done) => done,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")),
    }
}

/// A host and its port; an IPv6 address stands in brackets.
fn split(address: &str) -> Option<(String, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    (!host.is_empty()).then_some(())?;
    Some((host.to_owned(), port.parse().ok()?))
}
