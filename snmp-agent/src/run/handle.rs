//! What the program holds of a running agent.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::warn;

use super::{Rules, Shared, StartError, lock};
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
    addresses: Vec<SocketAddr>,
    tasks: JoinSet<()>,
}

impl Handle {
    pub(super) const fn new(
        shared: Arc<Shared>,
        addresses: Vec<SocketAddr>,
        tasks: JoinSet<()>,
    ) -> Self {
        Self {
            shared,
            addresses,
            tasks,
        }
    }

    /// Where it listens, in the order of the settings, with the ports that it got.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
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

    /// Takes over new settings: users, communities, views, gate and targets. The engine's
    /// clock goes on. Addresses stay as they are: who wants others starts anew. So does
    /// who had no users before.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the settings cannot be; then the old ones stay.
    pub fn reload(&self, settings: Settings) -> Result<(), StartError> {
        settings.check().map_err(StartError::Settings)?;
        let old = self.shared.rules();
        let engine = match &old.engine {
            None => None,
            Some(engine) => {
                let renewed = engine.with_users(&settings.users);
                Some(renewed.map_err(StartError::Keys)?)
            }
        };
        if old.settings.front != settings.front {
            *lock(&self.shared.front) = Front::new(settings.front.clone());
        }
        *lock(&self.shared.rules) = Arc::new(Rules { settings, engine });
        Ok(())
    }

    /// Stops listening and waits until every task has ended.
    pub async fn stop(mut self) {
        self.shared.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                warn!(%error, "a task of the snmp agent died");
            }
        }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Handle")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}
