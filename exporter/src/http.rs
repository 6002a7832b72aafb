//! Serves `/metrics`, the health routes, the views of the page and their data.
//!
//! Reads the last committed snapshot and nothing else; it holds up no turn, and no
//! turn holds it up. [`Server`] runs its own accept loop, since slow, silent and huge
//! requests must be dropped while scrapes go on: every wait has a deadline and every
//! size a bound in [`HttpLimits`]. What the numbers are is [`crate::metrics`]' matter,
//! and which addresses may be listened on is the configuration's. TLS and passwords come
//! before all of it, see [`web_config`].

mod accept;
mod advice;
mod connection;
mod export;
mod exposition;
mod gate;
mod guard;
mod health;
mod markdown;
mod negotiate;
mod page;
mod patient_stream;
mod query;
mod routes;
pub mod silences;
mod status;
mod stream;
#[cfg(test)]
mod tests;
mod trend;
mod unanswered;
mod views;
pub mod web_config;

use std::sync::Arc;
use std::time::Duration;

use model::snapshot::Snapshot;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

use gate::Gate;
use routes::Front;
use silences::SilenceInbox;
use web_config::WebAccess;

use crate::clock::Clock;
use crate::config::ShownRow;
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
    /// The configuration in force, without anything that could be secret.
    pub configuration: watch::Receiver<Arc<[ShownRow]>>,
    /// For the page's "5 minutes ago" and the cache's second.
    pub clock: Clock,
    /// The version shown.
    pub version: &'static str,
    /// Names beside `localhost` that browsers on this machine may use for the page,
    /// without port, in lower case. Only asked when the request came in on loopback.
    pub host_names: watch::Receiver<Arc<[String]>>,
    /// Who may ask, and under which certificate. A request of somebody who is known has a
    /// [`Visitor`](web_config::Visitor) among its extensions.
    pub access: WebAccess,
    /// Takes silences that people make by HTTP.
    pub silences: SilenceInbox,
}

/// Bounds of the HTTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpLimits {
    /// Most connections open at once, over all addresses listened on. One more takes
    /// the place of one that waits; if all are busy, it is answered 503 and closed.
    pub connections_max: usize,
    /// Most of them from one address.
    pub connections_per_address_max: usize,
    /// Largest request head, in bytes; a larger one is answered 431. At least 8192.
    pub head_bytes_max: usize,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
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
            handshake_timeout: Duration::from_secs(5),
            // Not a whole number of common scrape intervals: a scrape each 10 seconds
            // keeps its connection, one each 15 finds it closed well before.
            head_timeout: Duration::from_secs(12),
            write_timeout: Duration::from_secs(10),
            connection_age_max: Duration::from_secs(65),
            stop_timeout: Duration::from_secs(5),
        }
    }
}

/// The server, apart from the addresses that it listens on: all of them share one
/// bound on connections and one encoded page. Copies share everything.
#[derive(Debug, Clone)]
pub struct Server {
    front: Arc<Front>,
    gate: Arc<Gate>,
    limits: HttpLimits,
}

impl Server {
    /// A server that answers from `shared`, with no connection open. To be called within a
    /// runtime: a task looks at each snapshot until there are no more.
    pub fn new(shared: Shared, limits: HttpLimits) -> Self {
        Self {
            gate: Arc::new(Gate::new(&limits, shared.metrics.clone())),
            front: Arc::new(Front::new(shared)),
            limits,
        }
    }

    /// Serves `listener` until `stop` becomes true or its sender is gone, and returns
    /// when its last connection is closed, at most [`HttpLimits::stop_timeout`] later.
    pub async fn serve(self, listener: TcpListener, stop: watch::Receiver<bool>) {
        let Self {
            front,
            gate,
            limits,
        } = self;
        accept::serve_listener(listener, front, gate, limits, stop).await;
    }
}

/// Waits until `stop` becomes true. A sender that is gone means the same: nobody
/// wants us any more.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stopping| *stopping).await);
}
