//! What the program holds of a running agent.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tracing::{info, warn};

use super::{Bound, Rules, Shared, StartError, lock, sockets};
use crate::counters::Counters;
use crate::front::Front;
use crate::notify::Notice;
use crate::settings::Settings;

/// Whether SNMPv3 is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum V3 {
    /// There are no users.
    Off,
    /// It is.
    Serving,
    /// It would be, but the engine's start could not be stored, for this reason.
    Refused(String),
}

/// How the agent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether SNMPv3 is served.
    pub v3: V3,
}

/// A running agent. Dropping it ends it at once; [`Handle::stop`] waits.
pub struct Handle {
    shared: Arc<Shared>,
    listeners: Vec<Listener>,
    tasks: JoinSet<()>,
}

/// An address that is answered at.
struct Listener {
    /// As the settings have it: the port may be 0.
    wanted: SocketAddr,
    address: SocketAddr,
    task: AbortHandle,
}

impl Handle {
    pub(super) const fn new(shared: Arc<Shared>, tasks: JoinSet<()>) -> Self {
        Self {
            shared,
            listeners: Vec::new(),
            tasks,
        }
    }

    /// Where it listens, in the order in which they came, with the ports that it got.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|one| one.address).collect()
    }

    /// The addresses of the settings that are not listened at yet.
    pub fn missing(&self, settings: &Settings) -> Vec<SocketAddr> {
        let is_there = |wanted: &SocketAddr| self.listeners.iter().any(|one| one.wanted == *wanted);
        let wanted = settings.listen.iter().copied();
        wanted.filter(|address| !is_there(address)).collect()
    }

    /// Answers at these addresses too.
    pub fn listen(&mut self, bound: Vec<Bound>) {
        for Bound { wanted, socket } in bound {
            let address = socket.address();
            info!(%address, "snmp agent listens");
            let serving = sockets::serve(Arc::clone(&self.shared), socket);
            self.listeners.push(Listener {
                wanted,
                address,
                task: self.tasks.spawn(serving),
            });
        }
    }

    /// Answers no more where the settings in force do not say so. An answer that is being
    /// made is still sent.
    pub fn leave_unwanted(&mut self) {
        let rules = self.shared.rules();
        self.listeners.retain(|listener| {
            let is_wanted = rules.settings.listen.contains(&listener.wanted);
            if !is_wanted {
                info!(address = %listener.address, "snmp agent listens no more");
                listener.task.abort();
            }
            is_wanted
        });
    }

    /// What it has counted.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.shared.counters)
    }

    /// How it is now.
    pub fn health(&self) -> Health {
        self.shared.health.borrow().clone()
    }

    /// How it is, whenever that changes.
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.shared.health.subscribe()
    }

    /// The engine's name. `None` without SNMPv3.
    pub fn engine_id(&self) -> Option<Vec<u8>> {
        let rules = self.shared.rules();
        rules.engine.as_ref().map(|engine| engine.id().to_vec())
    }

    /// Puts a notice into the outbox. `false` if there is no room.
    pub fn notify(&self, notice: Notice) -> bool {
        let has_room = self.shared.foundation.outbox.put(notice);
        self.wake();
        has_room
    }

    /// Says that there may be something in the outbox.
    pub fn wake(&self) {
        self.shared.wake.notify_one();
    }

    /// Does what [`Self::wake`] does, for whoever outlives a borrow of this. After the end
    /// of the agent it does nothing.
    pub fn waker(&self) -> Arc<dyn Fn() + Send + Sync> {
        let shared = Arc::downgrade(&self.shared);
        Arc::new(move || {
            if let Some(shared) = shared.upgrade() {
                shared.wake.notify_one();
            }
        })
    }

    /// Takes over new settings: users, communities, views, gate and targets. The engine's
    /// clock goes on; if there was none, it is started. Addresses are not looked at, see
    /// [`Handle::listen`] and [`Handle::leave_unwanted`].
    ///
    /// # Errors
    ///
    /// [`StartError`] if the settings cannot be; then the old ones stay.
    pub fn reload(&self, settings: Settings) -> Result<(), StartError> {
        settings.check().map_err(StartError::Settings)?;
        let has_users = settings.needs_engine();
        let is_engine_there = {
            let mut rules = lock(&self.shared.rules);
            let engine = match &rules.engine {
                None => None,
                Some(engine) => {
                    let renewed = engine.with_users(&settings.users);
                    Some(renewed.map_err(StartError::Keys)?)
                }
            };
            if rules.settings.front != settings.front {
                *lock(&self.shared.front) = Front::new(settings.front.clone());
            }
            let is_there = engine.is_some();
            *rules = Arc::new(Rules { settings, engine });
            is_there
        };
        if has_users && !is_engine_there {
            self.shared.raise_engine();
        } else {
            let v3 = if has_users { V3::Serving } else { V3::Off };
            self.shared.health.send_replace(Health { v3 });
        }
        Ok(())
    }

    /// Stops listening and waits until every task has ended.
    pub async fn stop(mut self) {
        self.shared.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            // A listener that was told to leave has been aborted.
            if let Err(error) = ended
                && !error.is_cancelled()
            {
                warn!(%error, "a task of the snmp agent died");
            }
        }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Handle")
            .field("addresses", &self.addresses())
            .finish_non_exhaustive()
    }
}
