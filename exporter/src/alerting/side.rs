//! Delivery and the letterbox as a part of the running agent: start, reload, end. Also
//! whoever tells Alertmanagers once a minute what still fires.
//!
//! Messages come from the writer by the [`Tray`]; letters go to it by its inbox, and are
//! removed when the writer says that they are durable.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use alerts::compose::Composer;
use alerts::deliver::refresh::{self, Refresher};
use alerts::deliver::{Deliverer, TrapSender};
use model::snapshot::Snapshot;
use store::OutboxReader;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::desk::OutboxDesk;
use super::letterbox::sweep::{self, Letter, Sweeper, Taken};
use super::settings::AlertSettings;
use super::tray::Tray;
use crate::agent::writer::Input;
use crate::clock::Clock;

/// Between two looks into the letterbox.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// What alerting's side stands on.
pub struct AlertGround {
    /// The outbox.
    pub tray: Arc<Tray>,
    /// Where the store is.
    pub store_path: PathBuf,
    /// The writer's inbox.
    pub inbox: SyncSender<Input>,
    /// The committed picture.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// The time.
    pub clock: Clock,
    /// The way to SNMP's targets.
    pub traps: Arc<dyn TrapSender>,
}

/// Lanes of delivery, and whoever looks into the letterbox.
pub struct AlertSide {
    deliverer: Deliverer,
    store_path: PathBuf,
    inbox: SyncSender<Input>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
    sweeping: Option<JoinHandle<()>>,
    /// One for each Alertmanager.
    refreshing: Vec<JoinHandle<()>>,
}

impl AlertSide {
    /// Nothing is sent yet.
    pub fn new(ground: AlertGround) -> Self {
        let AlertGround {
            tray,
            store_path,
            inbox,
            snapshots,
            clock,
            traps,
        } = ground;
        let desk = OutboxDesk::new(tray, OutboxReader::new(&store_path), clock);
        Self {
            deliverer: Deliverer::new(Arc::new(desk), Some(traps)),
            store_path,
            inbox,
            snapshots,
            clock,
            sweeping: None,
            refreshing: Vec::new(),
        }
    }

    /// Puts receivers in force.
    pub async fn change(&mut self, settings: &AlertSettings) {
        let receivers = settings.receivers.clone();
        self.deliverer.change(&settings.identity, receivers).await;
        self.refresh(settings);
        if self.sweeping.is_none() {
            let (store_path, inbox) = (self.store_path.clone(), self.inbox.clone());
            self.sweeping = Some(tokio::spawn(look_again_and_again(store_path, inbox)));
        }
    }

    /// Tells each Alertmanager from now on what fires. Whoever did it before ends: its next
    /// time would have said the same.
    fn refresh(&mut self, settings: &AlertSettings) {
        for task in self.refreshing.drain(..) {
            task.abort();
        }
        let composer = Composer::new(
            settings.identity.clone(),
            settings.receivers.clone(),
            settings.default_receivers.clone(),
        );
        let all = Refresher::all(&composer, &settings.plan.rules);
        self.refreshing.extend(all.into_iter().map(|refresher| {
            let snapshots = self.snapshots.clone();
            tokio::spawn(say_again_and_again(refresher, snapshots, self.clock))
        }));
    }

    /// Ends all lanes; what is being sent has a moment to end well.
    pub async fn stop(&mut self) {
        if let Some(sweeping) = self.sweeping.take() {
            sweeping.abort();
        }
        for task in self.refreshing.drain(..) {
            task.abort();
        }
        self.deliverer.stop().await;
    }
}

/// Tells an Alertmanager what fires, for ever.
async fn say_again_and_again(
    refresher: Refresher,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    clock: Clock,
) {
    let mut ticks = tokio::time::interval(refresh::INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_heard = true;
    loop {
        ticks.tick().await;
        let alerts = Arc::clone(&snapshots.borrow().alerts);
        let now = clock.now().timestamp();
        match refresher.refresh(&alerts.rows, now).await {
            Ok(()) => is_heard = true,
            // Once, until it is heard again: the lane's own failures are counted.
            Err(words) if is_heard => {
                is_heard = false;
                let receiver = refresher.receiver();
                tracing::warn!(%receiver, words, "firing alerts could not be repeated");
            }
            Err(_) => {}
        }
    }
}

/// Looks into the letterbox, for ever.
async fn look_again_and_again(store_path: PathBuf, inbox: SyncSender<Input>) {
    let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let folder_path = store_path.clone();
    drop(tokio::task::spawn_blocking(move || sweep::prepare(&folder_path)).await);
    let mut sweeper = Sweeper::new(&store_path);
    loop {
        ticks.tick().await;
        let to_writer = inbox.clone();
        // The folder may lie on a disk that hangs: one thread at most waits for it.
        let looked = tokio::task::spawn_blocking(move || {
            sweeper.sweep(&mut |letter| take(letter, &to_writer));
            sweeper
        });
        let Ok(back) = looked.await else {
            return;
        };
        sweeper = back;
    }
}

/// Hands a letter to the writer, and waits until it says what became of it: for as long as a
/// turn lasts, or until the writer ends. Blocks.
///
/// What lies in the inbox will be done: who gave it up and tried again would have it twice.
pub fn take(letter: Letter, inbox: &SyncSender<Input>) -> Taken {
    let (answer, answered) = sync_channel(1);
    // A full inbox is the writer's business; the letter waits in its folder.
    if inbox.try_send(Input::Letter { letter, answer }).is_err() {
        return Taken::Later;
    }
    answered.recv().unwrap_or(Taken::Later)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn test_letter() -> Letter {
        Letter::Test {
            receiver: "ops".to_owned(),
        }
    }

    #[test]
    fn a_letter_is_given_up_by_nobody_while_the_writer_may_still_do_it() {
        let (inbox, received) = sync_channel(1);
        let waiting = thread::spawn(move || take(test_letter(), &inbox));
        let Input::Letter { letter, answer } = received.recv().unwrap() else {
            panic!("no letter");
        };
        assert_eq!(letter, test_letter());
        answer.send(Taken::Durable(Vec::new())).unwrap();
        assert_eq!(waiting.join().unwrap(), Taken::Durable(Vec::new()));
        // A writer that is gone, and one whose inbox is full, have done nothing.
        drop(received);
        let (full, _never_read) = sync_channel(0);
        assert_eq!(take(test_letter(), &full), Taken::Later);
    }
}
