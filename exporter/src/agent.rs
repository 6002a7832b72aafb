//! The running agent: builds its parts, keeps them going, and ends them in order.
//!
//! Two worlds: the writer's thread ([`writer`]), which owns files and store, and a
//! small Tokio runtime for HTTP, signals and the vendors' tools. They share a snapshot and a few
//! numbers, no locks. If the writer dies the agent ends with an error: what was
//! committed is safe, and whoever supervises us starts us again.

pub mod keeper;
mod loader;
pub mod plan;
pub mod sides;
pub mod writer;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow};
use model::snapshot::Snapshot;
use prometheus_client::registry::Registry;
use store::Store;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, info, warn};

use self::keeper::Keeper;
use self::loader::Loader;
use self::plan::Plan;
use self::sides::{Ground, Sides, Wanted};
use self::writer::{Input, Outlet, Pace};
use crate::alerting;
use crate::alerting::letterbox::sweep::Letter;
use crate::alerting::tray::Tray;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::{Colour, Config, ShownRow};
use crate::http::silences::SilenceInbox;
use crate::http::web_config::{self, WebAccess};
use crate::http::{HttpLimits, ReloadRequest, Server, Shared};
use crate::metrics::{AgentMetrics, VERSION};
use crate::pipeline::Pipeline;
use crate::probe;

/// How long an orderly end may take before we go anyway.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

/// How long the parts beside the writer may take to make a reload ready: they read files.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the configuration, at start and again at each reload. The error is a
/// complete text for people; colour only at start, where a person looks on.
pub type LoadConfig = Arc<dyn Fn(Colour) -> Result<Config, String> + Send + Sync>;

/// What to do once the agent serves: with the addresses of HTTP, and those of SNMP.
pub type OnListening = Box<dyn FnOnce(&[SocketAddr], &[SocketAddr]) + Send>;

/// How to run, beside what the configuration says.
pub struct RunOptions {
    /// Where the configuration comes from.
    pub load: LoadConfig,
    /// Whether `POST /-/reload` works.
    pub lifecycle: bool,
    /// Whether addresses that other machines can reach may be served without TLS and
    /// authentication.
    pub insecure_public: bool,
    /// The agent ends when this does; for ever pending if only signals end it.
    pub until: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Called once with the addresses served.
    pub on_listening: OnListening,
}

/// Runs the agent until SIGTERM, SIGINT or the end of `until`.
///
/// # Errors
///
/// [`Failure::Config`] if the configuration, the store or an address cannot be
/// used; [`Failure::Running`] if a part died.
pub fn run(options: RunOptions, clock: Clock) -> Result<(), Failure> {
    let colour = Colour::of_stderr();
    let config = (options.load)(colour).map_err(Failure::Config)?;
    let web = web_config::prepare(&config, options.insecure_public);
    let web = web.map_err(|error| Failure::Config(error.render(colour)))?;
    let plan = Plan::from_config(&config).map_err(|error| Failure::refused(&error))?;
    let wanted = Wanted {
        tools: probe::jobs_of(&config),
        alerts: plan.alerts().clone(),
    };
    for warning in &wanted.alerts.warnings {
        warn!(warning, "alerts");
    }
    let mut registry = Registry::default();
    let metrics = AgentMetrics::register(&mut registry);
    let pipeline = open_pipeline(&config, plan, &metrics, clock)?;
    metrics.reload(true, clock.now().timestamp());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the runtime did not start")?;
    let access = WebAccess::new(metrics.clone(), clock, options.insecure_public);
    access.change(web);
    let agent = Agent::start(
        &config,
        pipeline,
        Parts {
            metrics,
            registry,
            clock,
            access,
        },
    )?;
    let ended = runtime.block_on(agent.serve(config, options, wanted));
    // Dropping the runtime would wait for a writer that hangs in a dead disk.
    runtime.shutdown_background();
    ended
}

/// What the parts share.
struct Parts {
    metrics: AgentMetrics,
    registry: Registry,
    clock: Clock,
    access: WebAccess,
}

/// The running parts.
struct Agent {
    inbox: SyncSender<Input>,
    writer: JoinHandle<()>,
    /// Becomes an error when the writer is gone.
    writer_alive: watch::Receiver<Arc<Snapshot>>,
    shared: Shared,
    keeper: Keeper,
    tray: Arc<Tray>,
    store_path: PathBuf,
    /// For people to look at.
    configuration: watch::Sender<Arc<[ShownRow]>>,
    host_names: watch::Sender<Arc<[String]>>,
}

impl Agent {
    fn start(config: &Config, pipeline: Pipeline, parts: Parts) -> Result<Self, Failure> {
        let (snapshot_sender, snapshots) = watch::channel(pipeline.snapshot());
        let (health_sender, store_health) = watch::channel(None);
        let (configuration, _) = watch::channel(config.shown().into());
        let (host_names, known_names) = watch::channel(config.host_names());
        let (inbox, received) = std::sync::mpsc::sync_channel(16);
        let outlet = Outlet {
            snapshots: snapshot_sender,
            store_health: health_sender,
            metrics: parts.metrics.clone(),
        };
        let pace = Pace::of(config);
        let clock = parts.clock;
        let keeper = Keeper::new(inbox.clone(), Arc::new(pipeline.kept()));
        let tray = pipeline.tray();
        let to_writer = inbox.clone();
        let writer = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || writer::run(pipeline, &received, &outlet, pace, clock))
            .context("the writer's thread did not start")?;
        let shared = Shared {
            snapshots: snapshots.clone(),
            metrics: parts.metrics,
            registry: Arc::new(parts.registry),
            store_health,
            reload: None,
            configuration: configuration.subscribe(),
            clock,
            version: VERSION,
            host_names: known_names,
            access: parts.access,
            silences: SilenceInbox::new(move |silence| {
                alerting::side::take(Letter::Silence(silence), &to_writer)
            }),
        };
        let store_path = config.store.path.clone();
        Ok(Self {
            inbox,
            writer,
            writer_alive: snapshots,
            shared,
            keeper,
            tray,
            store_path,
            configuration,
            host_names,
        })
    }

    fn ground(&self) -> Ground {
        Ground {
            inbox: self.inbox.clone(),
            snapshots: self.writer_alive.clone(),
            keeper: self.keeper.clone(),
            clock: self.shared.clock,
            metrics: self.shared.metrics.clone(),
            tray: Arc::clone(&self.tray),
            store_path: self.store_path.clone(),
        }
    }

    async fn serve(
        mut self,
        config: Config,
        options: RunOptions,
        wanted: Wanted,
    ) -> Result<(), Failure> {
        let (reload_sender, mut reloads) = mpsc::channel::<ReloadRequest>(4);
        self.shared.reload = options.lifecycle.then_some(reload_sender.clone());
        let mut stop_signals = StopSignals::listen()?;
        let mut hangups = signal(SignalKind::hangup())?;
        let mut doors = Doors::of(Server::new(self.shared.clone(), HttpLimits::default()));
        doors
            .change(&config.web.listen)
            .await
            .map_err(Failure::Config)?;
        let addresses: Vec<SocketAddr> = doors.addresses();
        for address in &addresses {
            info!(%address, "listening");
        }
        let RunOptions {
            load,
            mut until,
            on_listening,
            insecure_public,
            ..
        } = options;
        let mut sides = Sides::new(self.ground());
        let prepared = sides
            .prepare(&config, wanted)
            .await
            .map_err(Failure::Config)?;
        let committed = sides.commit(&config, prepared).await;
        committed.map_err(Failure::Config)?;
        on_listening(&addresses, &sides.snmp_addresses());
        let loader = Loader::new(load, insecure_public);
        let ended = loop {
            let answer = tokio::select! {
                () = &mut until => break Ok(()),
                name = stop_signals.received() => {
                    info!(signal = name, "stopping");
                    break Ok(());
                }
                () = gone(self.writer_alive.clone()) => {
                    break Err(Failure::Running(anyhow!("the writer died; see the log above")));
                }
                _ = hangups.recv() => None,
                Some(answer) = reloads.recv() => Some(answer),
            };
            let outcome = tokio::select! {
                outcome = self.reload(&loader, &mut doors, &mut sides) => outcome,
                () = gone(self.writer_alive.clone()) => {
                    break Err(Failure::Running(anyhow!("the writer died during a reload")));
                }
                name = stop_signals.received() => {
                    info!(signal = name, "stopping during a reload");
                    break Ok(());
                }
            };
            if let Some(answer) = answer {
                // Whoever asked may have hung up.
                drop(answer.send(outcome));
            }
        };
        self.stop(doors, sides).await;
        ended
    }

    /// Loads the configuration anew; whatever is wrong with it, the old one stays.
    async fn reload(
        &self,
        loader: &Loader,
        doors: &mut Doors,
        sides: &mut Sides,
    ) -> Result<(), String> {
        let outcome = self.try_reload(loader, doors, sides).await;
        let now = self.shared.clock.now().timestamp();
        self.shared.metrics.reload(outcome.is_ok(), now);
        match &outcome {
            Ok(()) => info!("configuration reloaded"),
            Err(error) => {
                error!(%error, "configuration refused, the old one stays in force");
                // A full inbox has more to say than this.
                drop(self.inbox.try_send(Input::ReloadRefused));
            }
        }
        outcome
    }

    async fn try_reload(
        &self,
        loader: &Loader,
        doors: &mut Doors,
        sides: &mut Sides,
    ) -> Result<(), String> {
        let (config, plan, tools, web) = loader.load().await?;
        let wanted = Wanted {
            tools,
            alerts: plan.alerts().clone(),
        };
        if config.store.path != self.store_path {
            return Err("`store.path` cannot change while running: restart the agent".to_owned());
        }
        let prepared = doors.prepare(&config.web.listen).await?;
        let preparing = sides.prepare(&config, wanted);
        let prepared_sides = tokio::time::timeout(PREPARE_TIMEOUT, preparing)
            .await
            .map_err(|_| "the SNMP agent's files could not be read in time".to_owned())??;
        let (answer, answered) = oneshot::channel();
        self.inbox
            .try_send(Input::Reload {
                plan: Box::new(plan),
                pace: Pace::of(&config),
                answer,
            })
            .map_err(|_| "the writer is busy: try again".to_owned())?;
        answered.await.map_err(|_| "the writer died".to_owned())??;
        // Before addresses that may need its protection are served.
        self.shared.access.change(web);
        self.host_names.send_replace(config.host_names());
        doors.commit(prepared);
        self.configuration.send_replace(config.shown().into());
        sides.commit(&config, prepared_sides).await
    }

    async fn stop(self, doors: Doors, mut sides: Sides) {
        let ended = async {
            sides.stop().await;
            let writer = self.writer;
            let inbox = self.inbox;
            let joined = tokio::task::spawn_blocking(move || {
                // Blocks while the writer has a full inbox; it empties it.
                drop(inbox.send(Input::Stop));
                writer.join().is_ok()
            });
            doors.close().await;
            joined.await.unwrap_or(false)
        };
        match tokio::time::timeout(STOP_TIMEOUT, ended).await {
            Ok(true) => info!("stopped"),
            Ok(false) => error!("the writer did not end well"),
            Err(_) => warn!("not everything ended in time; what was committed is safe"),
        }
    }
}

/// The addresses served, each with its own accept loop.
struct Doors {
    server: Server,
    open: BTreeMap<String, Door>,
}

struct Door {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

/// New addresses, bound and waiting to be served, and the whole wanted list.
struct PreparedDoors {
    wanted: Vec<String>,
    bound: Vec<(String, SocketAddr, TcpListener)>,
}

impl Doors {
    /// No address yet; all that come share `server`.
    const fn of(server: Server) -> Self {
        Self {
            server,
            open: BTreeMap::new(),
        }
    }

    async fn change(&mut self, wanted: &[String]) -> Result<(), String> {
        let prepared = self.prepare(wanted).await?;
        self.commit(prepared);
        Ok(())
    }

    /// Binds what is not served yet. Nothing changes if one address fails.
    async fn prepare(&self, wanted: &[String]) -> Result<PreparedDoors, String> {
        let mut bound = Vec::new();
        for text in wanted.iter().filter(|text| !self.open.contains_key(*text)) {
            let listener = TcpListener::bind(text).await.map_err(|error| {
                format!("error: cannot listen on `{text}`: {error}\nwant: a free address of this machine in `web.listen`, --web.listen-address or the demo's --listen (to go from one address to all of the same port, restart)")
            })?;
            let address = listener
                .local_addr()
                .map_err(|error| format!("error: `{text}` has no address: {error}"))?;
            bound.push((text.clone(), address, listener));
        }
        Ok(PreparedDoors {
            wanted: wanted.to_vec(),
            bound,
        })
    }

    /// Serves what was prepared and closes what is no longer wanted.
    fn commit(&mut self, prepared: PreparedDoors) {
        for (text, address, listener) in prepared.bound {
            let (stop, stopped) = watch::channel(false);
            let task = tokio::spawn(self.server.clone().serve(listener, stopped));
            self.open.insert(
                text,
                Door {
                    address,
                    stop,
                    task,
                },
            );
        }
        self.open.retain(|text, door| {
            let is_wanted = prepared.wanted.contains(text);
            if !is_wanted {
                door.stop.send_replace(true);
            }
            is_wanted
        });
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.open.values().map(|door| door.address).collect()
    }

    async fn close(self) {
        for door in self.open.values() {
            door.stop.send_replace(true);
        }
        for door in self.open.into_values() {
            if let Err(died) = door.task.await {
                error!(error = %died, "an HTTP server had died");
            }
        }
    }
}

/// The signals that end us.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn received(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Waits until the writer, which holds the sender, is gone.
async fn gone(mut alive: watch::Receiver<Arc<Snapshot>>) {
    while alive.changed().await.is_ok() {}
}

fn open_pipeline(
    config: &Config,
    plan: Plan,
    metrics: &AgentMetrics,
    clock: Clock,
) -> Result<Pipeline, Failure> {
    let now = clock.now();
    let (store, restored, opened) = Store::open(&config.store.path, now.timestamp())
        .map_err(|error| Failure::refused(&error.into()))?;
    writer::report_opened(&opened, metrics);
    metrics.store_writable(true);
    let books = plan
        .open(restored, now)
        .map_err(|error| Failure::refused(&error))?;
    let mut pipeline = Pipeline::new(books, store, config.store.path.clone());
    // Readers see the last run's values from the first moment on.
    pipeline.show(clock.now());
    Ok(pipeline)
}
