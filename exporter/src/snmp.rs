//! SNMP in the program: settings from the configuration, pictures, and what must survive.
//!
//! The protocol is `snmp-agent`'s. Here it gets its pictures from the writer's snapshots
//! ([`ground`]), its memory from the [`Keeper`] ([`memory`], [`outbox`]), its settings from
//! the configuration ([`settings`]), and its place in start, reload and end. A reload
//! changes users, communities, views and addresses while the rest is answered; the engine
//! is started anew only with the process. [`command`] has `ztna-exporter snmp`.
//!
//! Answering never waits for the store: what may wait a moment is written by a task of
//! its own, which also tries again what the store refused.

pub mod command;
pub mod ground;
pub mod key;
pub mod memory;
pub mod outbox;
pub mod settings;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use model::snapshot::Snapshot;
use snmp_agent::keep::Keep;
use snmp_agent::notify::{Notice, Outbox};
use snmp_agent::run::{self, Bound, Foundation, Handle, StartError};
use snmp_agent::settings::Settings;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use self::ground::{Pictures, Time};
use self::memory::{Durable, Memory};
use self::outbox::KeptOutbox;
use self::settings::Built;
use crate::agent::keeper::Keeper;
use crate::clock::Clock;
use crate::config::Config;
use crate::metrics::snmp::SnmpMetrics;

/// How often what the store refused is tried again.
const TRY_AGAIN_INTERVAL: Duration = Duration::from_secs(5);

/// SNMP as a part of the running agent.
pub struct SnmpSide {
    durable: Arc<dyn Durable>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    metrics: SnmpMetrics,
    memory: Arc<Memory>,
    outbox: Arc<KeptOutbox>,
    wake: Arc<Notify>,
    running: Option<Handle>,
    /// Writes what may wait a moment.
    writing: Option<JoinHandle<()>>,
    /// Whether the targets know of this start.
    is_start_told: bool,
}

/// Settings that are ready to be put in force.
#[derive(Debug, Default)]
pub struct PreparedSnmp {
    /// `None`: SNMP is not wanted.
    wanted: Option<Wanted>,
}

#[derive(Debug)]
struct Wanted {
    built: Built,
    /// Addresses that are not served yet.
    bound: Vec<Bound>,
}

impl SnmpSide {
    /// Nothing is served yet.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the keeper is this side's own; what it found is read here"
    )]
    pub fn new(
        keeper: Keeper,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        clock: Clock,
        metrics: SnmpMetrics,
    ) -> Self {
        let wake = Arc::new(Notify::new());
        let durable: Arc<dyn Durable> = Arc::new(keeper.clone());
        let found = keeper.found();
        let memory = Memory::new(
            Arc::clone(&durable),
            found,
            Arc::clone(&wake),
            metrics.clone(),
        );
        let outbox = KeptOutbox::new(Arc::clone(&durable), found, metrics.clone());
        Self {
            durable,
            snapshots,
            clock,
            metrics,
            memory: Arc::new(memory),
            outbox: Arc::new(outbox),
            wake,
            running: None,
            writing: None,
            is_start_told: false,
        }
    }

    /// Makes ready what the configuration asks for. Nothing changes if that fails.
    ///
    /// # Errors
    ///
    /// A complete text for people.
    pub async fn prepare(&self, config: &Config) -> Result<PreparedSnmp, String> {
        if !config.snmp.is_wanted() {
            return Ok(PreparedSnmp::default());
        }
        let engine = self
            .memory
            .engine()
            .map_err(|error| format!("error: {error}"))?;
        let snmp = config.snmp.clone();
        // Files are read and keys are made: not on a thread that answers.
        let built = tokio::task::spawn_blocking(move || settings::build(&snmp, &engine.id));
        let built = built
            .await
            .map_err(|_| "error: snmp's settings could not be made".to_owned())??;
        built
            .settings
            .check()
            .map_err(|refused| format!("error: {:#}", anyhow::Error::from(refused)))?;
        let missing = match &self.running {
            Some(running) => running.missing(&built.settings),
            None => built.settings.listen.clone(),
        };
        let bound = run::bind(&missing).map_err(|refused| not_bound(&refused))?;
        Ok(PreparedSnmp {
            wanted: Some(Wanted { built, bound }),
        })
    }

    /// Puts in force what was prepared.
    pub async fn commit(&mut self, prepared: PreparedSnmp) {
        if self.writing.is_none() {
            let writing = write(
                Arc::clone(&self.durable),
                Arc::clone(&self.memory),
                Arc::clone(&self.outbox),
                Arc::clone(&self.wake),
            );
            self.writing = Some(tokio::spawn(writing));
        }
        let needs_engine = prepared
            .wanted
            .as_ref()
            .is_some_and(|wanted| wanted.built.settings.needs_engine());
        if !needs_engine {
            let memory = Arc::clone(&self.memory);
            // Not waited for: until it is kept, `snmp user` says that there is no name.
            drop(tokio::task::spawn_blocking(move || memory.name_engine()));
        }
        let Some(Wanted { built, bound }) = prepared.wanted else {
            self.metrics.gone();
            if let Some(running) = self.running.take() {
                running.stop().await;
                info!("snmp is served no more");
            }
            return;
        };
        for warning in &built.warnings {
            warn!(warning, "snmp");
        }
        self.metrics.users_left_out(built.left_out);
        let targets = built.settings.targets.iter();
        self.metrics
            .targets(targets.map(|target| target.name.as_str()));
        let has_targets = !built.settings.targets.is_empty();
        if let Err(refused) = self.put_in_force(built.settings, bound).await {
            let error = format!("{:#}", anyhow::Error::from(refused));
            error!(error, "snmp settings not put in force");
        }
        if has_targets && !self.is_start_told {
            self.is_start_told = self.outbox.put(Notice::Started);
        }
        if let Some(running) = &self.running {
            running.wake();
        }
    }

    async fn put_in_force(
        &mut self,
        settings: Settings,
        bound: Vec<Bound>,
    ) -> Result<(), StartError> {
        if let Some(running) = &mut self.running {
            // Starting the engine waits for the store.
            memory::blocking(|| running.reload(settings))?;
            running.listen(bound);
            running.leave_unwanted();
            return Ok(());
        }
        let keep: Arc<dyn Keep> = Arc::<Memory>::clone(&self.memory);
        let outbox: Arc<dyn Outbox> = Arc::<KeptOutbox>::clone(&self.outbox);
        let foundation = Foundation {
            source: Arc::new(Pictures::new(self.snapshots.clone())),
            keep,
            clock: Arc::new(Time(self.clock)),
            outbox,
        };
        let running = run::start_bound(settings, bound, foundation).await?;
        self.metrics
            .served(running.counters(), running.watch_health());
        self.running = Some(running);
        Ok(())
    }

    /// Where it listens now.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.running
            .as_ref()
            .map(Handle::addresses)
            .unwrap_or_default()
    }

    /// Stops serving.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        let Some(writing) = self.writing.take() else {
            return;
        };
        writing.abort();
        if let Some(changes) = unwritten(&self.memory, &self.outbox) {
            let durable = Arc::clone(&self.durable);
            let written = tokio::task::spawn_blocking(move || durable.keep(changes));
            if let Ok(Err(error)) = written.await {
                warn!(error, "what snmp knows was not stored at the end");
            }
        }
    }
}

fn not_bound(refused: &StartError) -> String {
    let cause = std::error::Error::source(refused);
    let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
    format!(
        "error: snmp {refused}{cause}\nwant: a free address of this machine in `snmp.listen`; a \
         port below 1024 needs CAP_NET_BIND_SERVICE"
    )
}

fn unwritten(memory: &Memory, outbox: &KeptOutbox) -> Option<crate::agent::keeper::KeptChanges> {
    let mut changes = memory.unwritten().unwrap_or_default();
    changes.extend(outbox.unwritten().unwrap_or_default());
    (!changes.is_empty()).then_some(changes)
}

/// Writes what somebody left to be written, for ever.
async fn write(
    durable: Arc<dyn Durable>,
    memory: Arc<Memory>,
    outbox: Arc<KeptOutbox>,
    wake: Arc<Notify>,
) {
    let mut ticks = tokio::time::interval(TRY_AGAIN_INTERVAL);
    let mut is_refused = false;
    loop {
        tokio::select! {
            () = wake.notified() => {}
            _ = ticks.tick() => {}
        }
        let Some(changes) = unwritten(&memory, &outbox) else {
            continue;
        };
        let durable = Arc::clone(&durable);
        let asked = changes.clone();
        let kept = tokio::task::spawn_blocking(move || durable.keep(asked)).await;
        match kept {
            Ok(Ok(())) => {
                outbox.wrote(&changes);
                memory.wrote(changes);
                is_refused = false;
            }
            Ok(Err(error)) if !is_refused => {
                warn!(
                    error,
                    "what snmp knows is not stored yet, it is tried again"
                );
                is_refused = true;
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }
}
