//! Begins TLS on a connection, and tells who speaks plain HTTP that he should not.
//!
//! The first byte tells them apart: a handshake begins with 22, a request with a letter.
//! How many handshakes there are at a time is bounded by the connections themselves: one
//! that is not done gives its place to a newcomer.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::certificate;
use crate::metrics::{AgentMetrics, Rejection};

/// What who speaks plain HTTP is told, in the words of Go's server, which people know.
const PLAIN_HTTP: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 48\r\n\
    connection: close\r\n\r\n\
    Client sent an HTTP request to an HTTPS server.\n";

/// Most bytes of a request in clear that are read away, so that the answer arrives.
const DRAINED_BYTES_MAX: u64 = 64 * 1024;

/// How long that may take.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

/// A connection on which TLS is spoken.
pub(in crate::http) struct Secured {
    pub(in crate::http) stream: TlsStream<TcpStream>,
    /// Whom the client's certificate is for, if he showed one.
    pub(in crate::http) owner: Option<Arc<str>>,
}

/// Shakes hands within `limit`. `None` if it failed, which is counted unless the client
/// only left.
pub(in crate::http) async fn shake(
    stream: TcpStream,
    tls: &Arc<ServerConfig>,
    limit: Duration,
    metrics: &AgentMetrics,
) -> Option<Secured> {
    let Ok(begun) = timeout(limit, begin(stream, tls)).await else {
        metrics.http_rejected(Rejection::SlowHandshake);
        return None;
    };
    match begun {
        Begun::Secured(secured) => Some(*secured),
        Begun::Left => None,
        Begun::Failed => {
            metrics.http_rejected(Rejection::Handshake);
            None
        }
        Begun::Plain(plain) => {
            metrics.http_rejected(Rejection::PlainHttp);
            turn_away(plain).await;
            None
        }
    }
}

/// What became of a handshake.
enum Begun {
    Secured(Box<Secured>),
    Left,
    Failed,
    /// No handshake, but a request.
    Plain(TcpStream),
}

async fn begin(stream: TcpStream, tls: &Arc<ServerConfig>) -> Begun {
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(0) | Err(_) => return Begun::Left,
        Ok(_) => {}
    }
    if first.iter().all(u8::is_ascii_alphabetic) {
        return Begun::Plain(stream);
    }
    let accepted = TlsAcceptor::from(Arc::clone(tls)).accept(stream).await;
    let Ok(secured) = accepted else {
        return Begun::Failed;
    };
    let (_, session) = secured.get_ref();
    let shown = session.peer_certificates().and_then(|chain| chain.first());
    let owner = shown.map(|own| Arc::from(certificate::owner(own)));
    Begun::Secured(Box::new(Secured {
        stream: secured,
        owner,
    }))
}

async fn turn_away(mut stream: TcpStream) {
    let answered = async {
        stream.write_all(PLAIN_HTTP).await?;
        stream.shutdown().await?;
        // Closing with something unread would reset the connection, and the answer with it.
        let mut rest = stream.take(DRAINED_BYTES_MAX);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    drop(timeout(DRAIN_TIMEOUT, answered).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_as_long_as_it_says() {
        let text = String::from_utf8(PLAIN_HTTP.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
    }
}
