//! The server as its clients see it: real sockets on port 0, short limits, no sleeps.
//!
//! [`Server`] is what the tests below share; `hostile` holds the slow, silent, huge and
//! malformed requests, `crowd` more clients than there are places, `answers` what
//! well-behaved clients get, `endpoints` what they are told of endpoint clients, `host`
//! what of the host and active probes, `runbooks` what of what to do.

mod alerts;
mod answers;
mod crowd;
mod endpoints;
mod host;
mod hostile;
mod runbooks;
mod secured;
mod silenced;
mod stream;
mod views;

use std::net::SocketAddr;
use std::sync::Mutex;

use model::alert::Silence;
use prometheus_client::encoding::text::encode_registry;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::alerting::letterbox::sweep::Taken;
use crate::metrics::{Rejection, sample};

/// No test waits longer for anything; far above what a loaded machine needs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server of a test's own.
struct Server {
    address: SocketAddr,
    served: super::Server,
    registry: Arc<Registry>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    store_health: watch::Sender<Option<String>>,
    stop: watch::Sender<bool>,
    access: WebAccess,
    /// Those that were made.
    silences: Arc<Mutex<Vec<Silence>>>,
    /// While it is held, none that says so is made.
    turn: Arc<tokio::sync::Mutex<()>>,
    running: JoinHandle<()>,
}

/// Limits that bite at once.
fn short() -> HttpLimits {
    HttpLimits {
        head_timeout: Duration::from_millis(100),
        write_timeout: Duration::from_millis(100),
        ..HttpLimits::default()
    }
}

impl Server {
    async fn start(snapshot: Snapshot) -> Self {
        Self::with(snapshot, HttpLimits::default(), None).await
    }

    async fn with(
        snapshot: Snapshot,
        limits: HttpLimits,
        reload: Option<mpsc::Sender<ReloadRequest>>,
    ) -> Self {
        Self::build(snapshot, limits, reload, PATIENCE).await
    }

    /// Whoever asks for a silence waits so long.
    async fn build(
        snapshot: Snapshot,
        limits: HttpLimits,
        reload: Option<mpsc::Sender<ReloadRequest>>,
        patience: Duration,
    ) -> Self {
        let listener = listener();
        let address = listener.local_addr().unwrap();
        let mut registry = Registry::default();
        let metrics = AgentMetrics::register(&mut registry);
        let registry = Arc::new(registry);
        let (snapshots, snapshot_reader) = watch::channel(Arc::new(snapshot));
        let (store_health, store_reader) = watch::channel(None);
        let (stop, stop_reader) = watch::channel(false);
        let silences = Arc::new(Mutex::new(Vec::new()));
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        let writer = made_by_writer(Arc::clone(&silences), Arc::clone(&turn));
        let access = WebAccess::new(metrics.clone(), Clock::start(), false);
        let shared = Shared {
            snapshots: snapshot_reader,
            metrics,
            registry: Arc::clone(&registry),
            store_health: store_reader,
            reload,
            configuration: watch::channel(Arc::from([])).1,
            clock: Clock::start(),
            version: "1.2.3",
            host_names: watch::channel(Arc::from(["agent.example.com".to_owned()])).1,
            access: access.clone(),
            silences: writer.patient_for(patience),
        };
        let served = super::Server::new(shared, limits);
        let running = tokio::spawn(served.clone().serve(listener, stop_reader));
        Self {
            address,
            served,
            registry,
            snapshots,
            store_health,
            stop,
            access,
            silences,
            turn,
            running,
        }
    }

    /// Serves on one more address, until the server is dropped.
    fn open_another(&self) -> SocketAddr {
        let listener = listener();
        let address = listener.local_addr().unwrap();
        let served = self.served.clone();
        tokio::spawn(served.serve(listener, self.stop.subscribe()));
        address
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `request` and reads until the server closes.
    async fn raw(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        // The server may refuse and close before all is sent.
        drop(stream.write_all(request.as_ref()).await);
        read_to_close(stream).await
    }

    /// One polite request on a connection of its own.
    async fn ask(&self, method_and_path: &str, headers: &str) -> String {
        let request = format!(
            "{method_and_path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n"
        );
        self.raw(request).await
    }

    async fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path}"), "").await
    }

    /// The views of `paths` one after the other, as somebody reads who clicks through.
    async fn read(&self, paths: &[&str]) -> String {
        let mut pages = String::new();
        for path in paths {
            let answer = self.get(path).await;
            assert_eq!(status_of(&answer), "200", "{path}: {answer:.300}");
            pages.push_str(body_of(&answer));
        }
        pages
    }

    /// The value of one of the agent's own series.
    fn own(&self, series: &str) -> String {
        let mut page = String::new();
        encode_registry(&mut page, &self.registry).unwrap();
        let line = page.lines().find(|line| line.starts_with(series));
        line.and_then(|line| line.rsplit_once(' '))
            .unwrap()
            .1
            .to_owned()
    }

    fn rejected(&self, cause: Rejection) -> String {
        self.own(&format!(
            "ztna_http_rejected_total{{cause=\"{}\"}}",
            cause.name()
        ))
    }
}

/// Makes silences as the writer does; what becomes of one its reason says.
fn made_by_writer(
    made: Arc<Mutex<Vec<Silence>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
) -> SilenceInbox {
    SilenceInbox::new(move |silence| {
        let taken = match silence.why.as_str() {
            "no room" => return Taken::Refused("no more are kept".to_owned()),
            "no time" => return Taken::Later,
            "full disk" => Taken::Uncommitted,
            "long turn" => {
                drop(turn.blocking_lock());
                Taken::Durable(Vec::new())
            }
            _ => Taken::Durable(Vec::new()),
        };
        made.lock().unwrap().push(silence);
        taken
    })
}

/// A listener on a port of its own.
fn listener() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    // Small, so that a client who stops reading is felt with a page of a test's size.
    socket.set_send_buffer_size(16 * 1024).unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    // Room for a flood: the system makes whom it has no room for try again a second later.
    socket.listen(1024).unwrap()
}

/// Reads what comes until the server closes the connection, by a reset too.
async fn read_to_close(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is a close as well.
    drop(
        timeout(PATIENCE, stream.read_to_end(&mut bytes))
            .await
            .expect("the server closes"),
    );
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The view of a connector.
fn path_of(connector: &str) -> String {
    format!("/connectors/{}", query::encoded(connector))
}

/// Every view of what the connectors of this name are.
async fn read_all(server: &Server, connectors: &[&str]) -> String {
    let mut paths = vec!["/", "/events", "/alerts", "/host", "/logs", "/config"];
    let of_connectors: Vec<String> = connectors.iter().map(|name| path_of(name)).collect();
    paths.extend(of_connectors.iter().map(String::as_str));
    server.read(&paths).await
}

fn status_of(response: &str) -> &str {
    response.get(9..12).unwrap_or("nothing")
}

fn body_of(response: &str) -> &str {
    response.split_once("\r\n\r\n").unwrap().1
}
