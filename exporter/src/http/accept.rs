//! Takes connections in, within the bounds of their number.
//!
//! The loop is our own, since the web framework's leaves slow clients connected for
//! ever. It never waits for a client: whom `gate` refuses is told so and closed at
//! once. When the system has no descriptor left, it waits a little and tries again,
//! so that the rest of the agent gets the next one. What happens on a connection is
//! `connection`'s matter.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{error, warn};

use super::connection::serve_connection;
use super::gate::Gate;
use super::routes::Front;
use super::{HttpLimits, stopped};

/// How long the loop rests when the system refuses to hand over a connection.
const BACK_OFF: Duration = Duration::from_millis(200);

/// How long a refusal may take. A fresh connection takes these bytes at once.
const REFUSAL_TIMEOUT: Duration = Duration::from_millis(100);

/// What a client over the bounds is told.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 32\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    Too many connections; try again\n";

/// Serves one listener until `stop` becomes true and its connections have ended, at
/// most `limits.stop_timeout` later.
pub(super) async fn serve_listener(
    listener: TcpListener,
    front: Arc<Front>,
    gate: Arc<Gate>,
    limits: HttpLimits,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let address = listener.local_addr().map(|address| address.ip());
    let _public = address
        .ok()
        .and_then(|address| front.access().listens_on(address));
    let mut was_refused = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(ended) = connections.join_next() => {
                report_death(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                was_refused = false;
                match gate.admit(peer.ip()).await {
                    Ok(place) => {
                        connections.spawn(serve_connection(
                            (stream, peer.ip()),
                            place,
                            Arc::clone(&front),
                            limits.clone(),
                            stop.clone(),
                        ));
                    }
                    Err(_counted) => refuse(stream).await,
                }
            }
            Err(failure) => {
                rest(&failure, was_refused).await;
                was_refused = true;
            }
        }
    }
    drop(listener);
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            report_death(ended);
        }
    };
    // What outlasts the deadline ends when the set is dropped.
    drop(timeout(limits.stop_timeout, all_ended).await);
}

fn report_death(ended: Result<(), JoinError>) {
    if let Err(failure) = ended {
        error!(error = format!("{failure:#}"), "HTTP connection died");
    }
}

async fn refuse(mut stream: TcpStream) {
    // A client that does not take it has lost nothing but an explanation.
    drop(timeout(REFUSAL_TIMEOUT, stream.write_all(REFUSAL)).await);
}

async fn rest(failure: &io::Error, was_refused: bool) {
    // The client went away while it waited; the next one is ready.
    if matches!(
        failure.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    ) {
        return;
    }
    // Once a row: this repeats many times a second while descriptors are short.
    if !was_refused {
        warn!(
            error = format!("{failure:#}"),
            "HTTP connection not accepted"
        );
    }
    sleep(BACK_OFF).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_is_as_long_as_it_says() {
        let refusal = String::from_utf8(REFUSAL.to_vec()).unwrap();
        let (head, body) = refusal.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
    }
}
