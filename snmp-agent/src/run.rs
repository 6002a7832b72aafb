//! The agent at work: sockets, the one tree that all answers come from, notifications.
//!
//! A task for each address reads datagrams in batches, passes them through the gate,
//! answers each at once from the present tree, and sends the answer from the address
//! that was asked. Answering takes microseconds and waits for nothing, so there is no
//! task, no queue and no lock across an await for a request; what the system would not
//! take is dropped, as UDP may.
//!
//! The tree is made anew when somebody asks, and there is another picture than the last
//! one's or it is [`TREE_LIFE`] old.
//! [`Handle`] is what the program holds.

mod handle;
mod notifier;
mod scenes;
mod sockets;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::host::HostSample;
use model::snapshot::Snapshot;
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

pub use self::handle::{Handle, Health, V3};
pub use self::notifier::tell;
use self::scenes::{SceneSet, Scenes};
use self::sockets::Socket;
use crate::alert::Alert;
use crate::answer::{self, Question, Version};
use crate::counters::{Counter, Counters};
use crate::front::{Front, LineLimit};
use crate::keep::{Clock, EngineRecord, Keep, Now};
use crate::message::{self, Envelope, PduKind, RESPONSE};
use crate::notify::Outbox;
use crate::provider::CryptoError;
use crate::settings::{Settings, SettingsError};
use crate::tree::Moment;
use crate::usm::{Engine, Stage};

/// How old a tree may be when somebody asks, if nothing but the time has changed.
pub const TREE_LIFE: Duration = Duration::from_secs(1);

/// How old a tree is at least when another is made, whatever has changed: a source that
/// never rests must not cost a processor.
pub const TREE_REST: Duration = Duration::from_millis(100);

/// How often source and outbox are looked at when nobody asks: a share of processor time
/// needs samples from before the question.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// What there is to show now.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The host.
    pub host: Arc<HostSample>,
    /// The connectors.
    pub snapshot: Arc<Snapshot>,
    /// What is firing.
    pub alerts: Arc<[Alert]>,
}

/// Where pictures come from.
pub trait Source: Send + Sync {
    /// The latest. Must not wait.
    fn latest(&self) -> Picture;
}

/// Everything that an agent stands on.
pub struct Foundation {
    /// Pictures.
    pub source: Arc<dyn Source>,
    /// What outlives the process.
    pub keep: Arc<dyn Keep>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Notices that wait.
    pub outbox: Arc<dyn Outbox>,
    /// What is counted, since the clock's beginning: an agent that is started again in the
    /// same program counts on.
    pub counters: Arc<Counters>,
}

impl std::fmt::Debug for Foundation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Foundation")
    }
}

/// Why an agent did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings cannot be.
    #[error("the settings cannot be")]
    Settings(#[source] SettingsError),
    /// Somebody else has the address, or it is not ours, or a port below 1024 needs
    /// rights.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        source: std::io::Error,
    },
    /// A key that the ciphers refuse.
    #[error("the users' keys cannot be used")]
    Keys(#[source] CryptoError),
}

/// An address that is ours and not answered at yet. Dropping it gives it back.
pub struct Bound {
    wanted: SocketAddr,
    socket: Socket,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Bound({})", self.socket.address())
    }
}

/// Takes all these addresses, or none. Nothing is answered there yet, so a caller can
/// find out whether new settings can be before it puts them in force.
///
/// Must be called inside a Tokio runtime.
///
/// # Errors
///
/// [`StartError::Listen`] for the first that cannot be had.
pub fn bind(addresses: &[SocketAddr]) -> Result<Vec<Bound>, StartError> {
    sockets::bind(addresses)
}

/// What changes when the configuration is read anew.
#[derive(Debug)]
struct Rules {
    settings: Settings,
    /// `None` without users, or if the engine's record could not be stored.
    engine: Option<Engine>,
}

/// What all tasks share.
struct Shared {
    foundation: Foundation,
    counters: Arc<Counters>,
    rules: Mutex<Arc<Rules>>,
    front: Mutex<Front>,
    scenes: Mutex<Scenes>,
    health: watch::Sender<Health>,
    /// Somebody put a notice into the outbox.
    wake: Notify,
    stop: watch::Sender<bool>,
    malformed: Mutex<LineLimit>,
    refused: Mutex<LineLimit>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts an agent. It runs until its handle is told to stop.
///
/// Must be called inside a Tokio runtime.
///
/// # Errors
///
/// [`StartError`]; then nothing runs. An engine whose record cannot be stored is no
/// error: SNMPv3 is refused, the communities are served, and [`Handle::health`] says so.
pub async fn start(settings: Settings, foundation: Foundation) -> Result<Handle, StartError> {
    settings.check().map_err(StartError::Settings)?;
    let bound = bind(&settings.listen)?;
    start_bound(settings, bound, foundation).await
}

/// Starts an agent at addresses that are its own already.
///
/// Must be called inside a Tokio runtime.
///
/// # Errors
///
/// As [`start`].
pub async fn start_bound(
    settings: Settings,
    bound: Vec<Bound>,
    foundation: Foundation,
) -> Result<Handle, StartError> {
    settings.check().map_err(StartError::Settings)?;
    let now = foundation.clock.now();
    let (engine, v3) = start_engine(&settings, &foundation, now)?;
    let indexes = foundation.keep.load_indexes().unwrap_or_else(|error| {
        warn!(%error, "numbers of rows could not be read and begin anew");
        Default::default()
    });
    let counters = Arc::clone(&foundation.counters);
    let shared = Arc::new(Shared {
        front: Mutex::new(Front::new(settings.front.clone())),
        rules: Mutex::new(Arc::new(Rules { settings, engine })),
        scenes: Mutex::new(Scenes::new(indexes)),
        health: watch::Sender::new(Health { v3 }),
        wake: Notify::new(),
        stop: watch::Sender::new(false),
        malformed: Mutex::default(),
        refused: Mutex::default(),
        counters,
        foundation,
    });
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(look(Arc::clone(&shared)));
    tasks.spawn(notifier::notify(Arc::clone(&shared)));
    let mut handle = Handle::new(shared, tasks);
    handle.listen(bound);
    Ok(handle)
}

/// Loads the engine, counts this start, and stores that before anything is signed.
fn start_engine(
    settings: &Settings,
    foundation: &Foundation,
    now: Now,
) -> Result<(Option<Engine>, V3), StartError> {
    if !settings.needs_engine() {
        return Ok((None, V3::Off));
    }
    let started = count_start(foundation.keep.as_ref());
    let record = match started {
        Ok(record) => record,
        Err(error) => {
            warn!(%error, "the engine's start could not be stored, snmp version 3 is refused");
            return Ok((None, V3::Refused(error)));
        }
    };
    let EngineRecord { id, boots } = record;
    let engine = Engine::new(id, boots, now.uptime, &settings.users).map_err(StartError::Keys)?;
    Ok((Some(engine), V3::Serving))
}

/// The record with one start more, stored. Ready-made text if it could not be.
fn count_start(keep: &dyn Keep) -> Result<EngineRecord, String> {
    let known = keep.load_engine().map_err(|error| error.to_string())?;
    let mut record = match known {
        Some(record) => record,
        None => EngineRecord::invent().map_err(|error| error.to_string())?,
    };
    record.boots = record.boots.saturating_add(1).min(i32::MAX.unsigned_abs());
    keep.save_engine(&record)
        .map_err(|error| error.to_string())?;
    Ok(record)
}

/// Keeps the window of samples going when nobody asks, and tries again to start an
/// engine whose start could not be stored.
async fn look(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    let mut ticks = tokio::time::interval(LOOK_INTERVAL);
    loop {
        tokio::select! {
            _ = stop.wait_for(|is_stopping| *is_stopping) => return,
            _ = ticks.tick() => {}
        }
        let picture = shared.foundation.source.latest();
        let now = shared.foundation.clock.now();
        lock(&shared.scenes).observe(&picture, now);
        shared.raise_engine();
    }
}

impl Shared {
    /// Starts the engine if there should be one and is not. A refusal is told once, in
    /// the health.
    fn raise_engine(&self) {
        let rules = self.rules();
        if rules.engine.is_some() || !rules.settings.needs_engine() {
            return;
        }
        let v3 = match count_start(self.foundation.keep.as_ref()) {
            Err(error) => V3::Refused(error),
            Ok(record) => {
                // Other settings may be in force by now.
                let mut held = lock(&self.rules);
                if held.engine.is_some() {
                    return;
                }
                let settings = held.settings.clone();
                let uptime = self.foundation.clock.now().uptime;
                match Engine::new(record.id, record.boots, uptime, &settings.users) {
                    Err(error) => V3::Refused(error.to_string()),
                    Ok(engine) => {
                        let engine = Some(engine);
                        *held = Arc::new(Rules { settings, engine });
                        V3::Serving
                    }
                }
            }
        };
        let is_served = v3 == V3::Serving;
        let has_changed = self.health.send_if_modified(|health| {
            let is_new = health.v3 != v3;
            health.v3 = v3;
            is_new
        });
        match (is_served, has_changed) {
            (true, _) => info!("snmp version 3 is served"),
            (false, true) => warn!("snmp version 3 is refused: the engine's start is not stored"),
            (false, false) => {}
        }
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&lock(&self.rules))
    }

    /// The present tree through all views.
    fn scene_set(&self, rules: &Arc<Rules>, now: Now) -> Arc<SceneSet> {
        let mut scenes = lock(&self.scenes);
        scenes.present(rules, &self.foundation, now)
    }

    /// Answers a datagram. `None`: silence.
    fn answer(&self, datagram: &[u8], source: SocketAddr, now: Now) -> Option<Vec<u8>> {
        self.counters.count(Counter::InPackets);
        let rules = self.rules();
        let answered = Envelope::open(datagram)
            .and_then(|envelope| self.answer_envelope(&envelope, &rules, now));
        match answered {
            Ok(reply) => reply,
            Err(error) => {
                self.counters.count(Counter::ParseErrors);
                self.log(&self.malformed, now, |suppressed| {
                    warn!(%source, %error, suppressed, "malformed snmp message ignored");
                });
                None
            }
        }
    }

    fn answer_envelope(
        &self,
        envelope: &Envelope<'_>,
        rules: &Arc<Rules>,
        now: Now,
    ) -> Result<Option<Vec<u8>>, crate::ber::BerError> {
        match (envelope.version, &rules.engine) {
            (message::V1, _) => self.answer_community(envelope, Version::V1, rules, now),
            (message::V2C, _) => self.answer_community(envelope, Version::V2, rules, now),
            (message::V3, Some(engine)) => {
                let set = self.scene_set(rules, now);
                let time = engine.time(now.uptime);
                let moment = self.moment(now, (time.boots, time.seconds));
                engine.handle(
                    envelope,
                    &Stage {
                        scenes: &set.scenes,
                        moment: &moment,
                        size_max: rules.settings.answer_bytes_max,
                    },
                )
            }
            _ => {
                self.counters.count(Counter::BadVersions);
                Ok(None)
            }
        }
    }

    fn answer_community(
        &self,
        envelope: &Envelope<'_>,
        version: Version,
        rules: &Arc<Rules>,
        now: Now,
    ) -> Result<Option<Vec<u8>>, crate::ber::BerError> {
        let (name, request) = envelope.community()?;
        let communities = &rules.settings.communities;
        let Some(community) = communities
            .iter()
            .find(|one| is_same(one.name.expose(), name))
        else {
            self.counters.count(Counter::BadCommunityNames);
            return Ok(None);
        };
        if request.kind == PduKind::Set {
            self.counters.count(Counter::BadCommunityUses);
        }
        let set = self.scene_set(rules, now);
        let Some(scene) = set.scenes.get(&community.view) else {
            return Ok(None);
        };
        let time = rules.engine.as_ref().map(|engine| engine.time(now.uptime));
        let moment = self.moment(now, time.map_or((0, 0), |time| (time.boots, time.seconds)));
        let size_max = rules.settings.answer_bytes_max;
        let answered = answer::answer(&Question {
            request: &request,
            version,
            scene,
            moment: &moment,
            room: size_max.saturating_sub(message::community_overhead(name)),
        });
        let Some(pdu) = answered else {
            return Ok(None);
        };
        let reply = message::write_community(envelope.version, name, RESPONSE, &pdu);
        if reply.len() > size_max {
            self.counters.count(Counter::SilentDrops);
            return Ok(None);
        }
        self.counters.count(Counter::Responses);
        Ok(Some(reply))
    }

    fn moment(&self, now: Now, (engine_boots, engine_time): (u32, u32)) -> Moment<'_> {
        Moment {
            uptime: now.uptime,
            engine_boots,
            engine_time,
            counters: &self.counters,
        }
    }

    /// Writes a line unless there were too many alike.
    fn log(&self, limit: &Mutex<LineLimit>, now: Now, write: impl FnOnce(u32)) {
        match lock(limit).line(now.uptime) {
            crate::front::Line::Write { suppressed } => write(suppressed),
            crate::front::Line::Suppress => self.counters.count(Counter::SuppressedLogLines),
        }
    }
}

/// Compares without telling by the time it takes where the first difference is.
fn is_same(own: &[u8], other: &[u8]) -> bool {
    let differences = own
        .iter()
        .zip(other)
        .fold(0_u8, |all, (one, two)| all | (one ^ two));
    own.len() == other.len() && differences == 0
}
