//! Takes connections in, within the bounds of their number.
//!
//! The loop is our own, since the web framework's leaves slow clients connected for
//! ever. It never waits for a client: who is over a bound is told so and closed at
//! once. When the system has no descriptor left, it waits a little and tries again,
//! so that the rest of the agent gets the next one. What happens on a connection is
//! `connection`'s matter.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{error, warn};

use super::connection::serve_connection;
use super::routes::Front;
use super::{HttpLimits, stopped};
use crate::metrics::{AgentMetrics, Rejection};

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

/// Counts the open connections, over all listeners.
#[derive(Debug)]
pub(super) struct Gate {
    connections_max: usize,
    per_address_max: usize,
    metrics: AgentMetrics,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place; given back when dropped.
#[derive(Debug)]
struct Admission {
    gate: Arc<Gate>,
    address: IpAddr,
}

impl Gate {
    pub(super) fn new(limits: &HttpLimits, metrics: AgentMetrics) -> Self {
        Self {
            connections_max: limits.connections_max,
            per_address_max: limits.connections_per_address_max,
            metrics,
            open: Mutex::new(HashMap::new()),
        }
    }

    /// Takes a place for a client, or says which bound it is over.
    fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Admission, Rejection> {
        let address = counted_address(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if self.connections_max <= open.values().sum() {
            return Err(Rejection::Connections);
        }
        let from_address = open.entry(address).or_default();
        if self.per_address_max <= *from_address {
            return Err(Rejection::ConnectionsPerAddress);
        }
        *from_address = from_address.saturating_add(1);
        self.metrics.http_connected();
        Ok(Admission {
            gate: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self
            .gate
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.address) {
            Some(count) if 1 < *count => *count = count.saturating_sub(1),
            _ => drop(open.remove(&self.address)),
        }
        self.gate.metrics.http_disconnected();
    }
}

/// The address that a client is counted under. One IPv6 client has a whole /64.
fn counted_address(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        address @ IpAddr::V4(_) => address,
    }
}

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
                match gate.admit(peer.ip()) {
                    Ok(admission) => {
                        let served = serve_connection(
                            stream,
                            Arc::clone(&front),
                            limits.clone(),
                            stop.clone(),
                        );
                        connections.spawn(async move {
                            served.await;
                            drop(admission);
                        });
                    }
                    Err(cause) => refuse(stream, cause, &gate.metrics).await,
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

async fn refuse(mut stream: TcpStream, cause: Rejection, metrics: &AgentMetrics) {
    metrics.http_rejected(cause);
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
    use prometheus_client::registry::Registry;

    fn gate(connections_max: usize, connections_per_address_max: usize) -> Arc<Gate> {
        let metrics = AgentMetrics::register(&mut Registry::default());
        let limits = HttpLimits {
            connections_max,
            connections_per_address_max,
            ..HttpLimits::default()
        };
        Arc::new(Gate::new(&limits, metrics))
    }

    #[test]
    fn a_place_comes_back_when_its_connection_ends() {
        let gate = gate(2, 2);
        let client = IpAddr::from([192, 0, 2, 1]);
        let first = gate.admit(client).unwrap();
        let _second = gate.admit(client).unwrap();
        assert_eq!(gate.admit(client).unwrap_err(), Rejection::Connections);
        drop(first);
        assert!(gate.admit(client).is_ok());
    }

    #[test]
    fn one_address_leaves_room_for_others() {
        let gate = gate(3, 1);
        let _first = gate.admit(IpAddr::from([192, 0, 2, 1])).unwrap();
        assert_eq!(
            gate.admit("::ffff:192.0.2.1".parse().unwrap()).unwrap_err(),
            Rejection::ConnectionsPerAddress
        );
        assert!(gate.admit(IpAddr::from([192, 0, 2, 2])).is_ok());
    }

    #[test]
    fn an_ipv6_client_counts_by_its_network() {
        let gate = gate(9, 1);
        let _first = gate.admit("2001:db8::1".parse().unwrap()).unwrap();
        assert!(gate.admit("2001:db8::2".parse().unwrap()).is_err());
        assert!(gate.admit("2001:db8:0:1::1".parse().unwrap()).is_ok());
    }

    #[test]
    fn addresses_without_connections_are_forgotten() {
        let gate = gate(9, 9);
        for host in 0..200 {
            drop(gate.admit(IpAddr::from([192, 0, 2, host])));
        }
        assert!(gate.open.lock().unwrap().is_empty());
    }

    #[test]
    fn the_refusal_is_as_long_as_it_says() {
        let refusal = String::from_utf8(REFUSAL.to_vec()).unwrap();
        let (head, body) = refusal.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
    }
}
