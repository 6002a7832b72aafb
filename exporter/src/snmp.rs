//! SNMP in the program: settings from the configuration, pictures, and what must survive.
//!
//! The protocol is `snmp-agent`'s. Here it gets its pictures from the writer's snapshots
//! ([`ground`]), its memory from the [`Keeper`] ([`memory`], [`outbox`]), its settings from
//! the configuration ([`settings`]), and its place in start, reload and end. A reload
//! changes users, communities, views and addresses while the rest is answered, and the
//! engine goes on; if SNMP is switched off and on again, that is another start of the engine.
//! What is counted goes on all the same, as old as sysUpTime says: the process is.
//! [`command`] has `ztna-exporter snmp`.
//!
//! Answering never waits for the store: what may wait a moment is written by a task of
//! its own, which also tries again what the store refused.

pub mod command;
pub mod ground;
pub mod key;
pub mod memory;
pub mod outbox;
pub mod settings;
pub mod traps;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use model::snapshot::Snapshot;
use snmp_agent::counters::Counters;
use snmp_agent::keep::{EngineRecord, Keep};
use snmp_agent::notify::{Notice, Outbox, Via};
use snmp_agent::run::{self, Bound, Foundation, Handle, StartError};
use snmp_agent::settings::Settings;
use snmp_agent::usm::Engine;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tracing::{info, warn};

use self::ground::{Pictures, Time};
use self::memory::{Durable, Memory};
use self::outbox::KeptOutbox;
use self::settings::Built;
use self::traps::TrapDoor;
use crate::agent::keeper::Keeper;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::snmp::SnmpConfig;
use crate::metrics::snmp::SnmpMetrics;

/// How often what the store refused is tried again.
const TRY_AGAIN_INTERVAL: Duration = Duration::from_secs(5);

/// SNMP as a part of the running agent.
pub struct SnmpSide {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    metrics: SnmpMetrics,
    memory: Arc<Memory>,
    outbox: Arc<KeptOutbox>,
    wake: Arc<Notify>,
    running: Option<Handle>,
    /// Writes what may wait a moment.
    writing: Option<JoinHandle<()>>,
    traps: Arc<TrapDoor>,
    /// As old as the process, whoever counts.
    counters: Arc<Counters>,
    /// Whether a configuration has been in force: a target that comes later is not told of
    /// a start that it may be hours late for.
    has_started: bool,
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
        let outbox = Arc::new(KeptOutbox::new(durable, found, metrics.clone()));
        let notices: Arc<dyn Outbox> = Arc::<KeptOutbox>::clone(&outbox);
        Self {
            snapshots,
            clock,
            metrics,
            memory: Arc::new(memory),
            outbox,
            traps: Arc::new(TrapDoor::new(notices)),
            wake,
            running: None,
            writing: None,
            counters: Arc::default(),
            has_started: false,
        }
    }

    /// The way for alerts to the targets.
    pub fn traps(&self) -> Arc<TrapDoor> {
        Arc::clone(&self.traps)
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
        let built = tokio::task::spawn_blocking(move || build(&snmp, &engine));
        let built = built
            .await
            .map_err(|_| "error: snmp's settings could not be made".to_owned())??;
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
    ///
    /// # Errors
    ///
    /// A complete text for people. [`SnmpSide::prepare`] tries all that can fail, so this
    /// is for what changed since.
    pub async fn commit(&mut self, prepared: PreparedSnmp) -> Result<(), String> {
        let is_first = !std::mem::replace(&mut self.has_started, true);
        if self.writing.is_none() {
            let writing = write(
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
            self.traps.set_bell(None);
            if let Some(running) = self.running.take() {
                running.stop().await;
                info!("snmp is served no more");
            }
            return Ok(());
        };
        for warning in &built.warnings {
            warn!(warning, "snmp");
        }
        self.metrics.users_left_out(built.left_out);
        let targets = built.settings.targets.iter();
        self.metrics.targets(targets.map(|target| {
            let is_inform = matches!(target.via, Via::Inform(..));
            (target.name.as_str(), is_inform)
        }));
        let has_targets = !built.settings.targets.is_empty();
        let outcome = self.put_in_force(built.settings, bound).await;
        outcome.map_err(|refused| format!("error: snmp: {:#}", anyhow::Error::from(refused)))?;
        if has_targets && is_first {
            // No room is counted, and there is nobody else to tell.
            let _has_room = self.outbox.put(Notice::Started);
        }
        let running = self.running.as_ref();
        self.traps
            .set_bell(running.filter(|_| has_targets).map(Handle::waker));
        if let Some(running) = running {
            running.wake();
        }
        Ok(())
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
            counters: Arc::clone(&self.counters),
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
        // What it is writing just now goes on, and is waited for below.
        writing.abort();
        let (memory, outbox) = (Arc::clone(&self.memory), Arc::clone(&self.outbox));
        let written = tokio::task::spawn_blocking(move || write_all(&memory, &outbox));
        if let Ok(Err(error)) = written.await {
            warn!(error, "what snmp knows was not stored at the end");
        }
    }
}

/// Reads the secrets, makes the keys, and tries whether an engine would take them.
fn build(snmp: &SnmpConfig, engine: &EngineRecord) -> Result<Built, String> {
    let built = settings::build(snmp, &engine.id)?;
    let refused = |error: anyhow::Error| format!("error: snmp: {error:#}");
    let settings = &built.settings;
    settings.check().map_err(|error| refused(error.into()))?;
    let tried = Engine::new(
        engine.id.clone(),
        engine.boots,
        Duration::ZERO,
        &settings.users,
    );
    tried.map_err(|error| refused(anyhow::Error::from(error).context("the users' keys")))?;
    Ok(built)
}

fn not_bound(refused: &StartError) -> String {
    let cause = std::error::Error::source(refused);
    let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
    format!(
        "error: snmp {refused}{cause}\nwant: a free address of this machine in `snmp.listen`; a \
         port below 1024 needs CAP_NET_BIND_SERVICE"
    )
}

fn write_all(memory: &Memory, outbox: &KeptOutbox) -> Result<(), String> {
    let notices = outbox.write();
    memory.write().and(notices)
}

/// Writes what somebody left to be written, for ever.
async fn write(memory: Arc<Memory>, outbox: Arc<KeptOutbox>, wake: Arc<Notify>) {
    let mut ticks = tokio::time::interval(TRY_AGAIN_INTERVAL);
    let mut is_refused = false;
    loop {
        tokio::select! {
            () = wake.notified() => {}
            _ = ticks.tick() => {}
        }
        let (memory, outbox) = (Arc::clone(&memory), Arc::clone(&outbox));
        let written = tokio::task::spawn_blocking(move || write_all(&memory, &outbox)).await;
        let Ok(Err(error)) = written else {
            is_refused = false;
            continue;
        };
        if !is_refused {
            warn!(
                error,
                "what snmp knows is not stored yet, it is tried again"
            );
            is_refused = true;
        }
    }
}
