//! Tells every target what waits in the outbox, each target in its own pace.
//!
//! A target gets one notice after another, in order; targets do not wait for each other,
//! so one that confirms nothing holds up nobody but itself. A notice is settled when all
//! targets are through with it. What a target that was taken out of the settings has not
//! been told it is told no more.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::task::{Id, JoinSet};
use tracing::{error, warn};

use super::{LOOK_INTERVAL, Shared};
use crate::counters::Counter;
use crate::message::{self, Pdu, TRAP};
use crate::notify::{Delivery, Outbox, Target, Via, Waiting, content, trap_pdu};
use crate::oid::Oid;
use crate::provider::{self, Content};
use crate::tree::hundredths;

/// Sends until the agent stops. What is not settled by then stays where it waits.
pub(super) async fn notify(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    let mut ticks = tokio::time::interval(LOOK_INTERVAL);
    let mut rounds = Rounds::default();
    let mut telling: JoinSet<Delivery> = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.wait_for(|is_stopping| *is_stopping) => return,
            () = shared.wake.notified() => {}
            // Something may have become due that nobody wakes us for.
            _ = ticks.tick() => {}
            Some(told) = telling.join_next_with_id() => {
                let (task, delivery) = match told {
                    Ok((task, delivery)) => (task, delivery),
                    Err(died) => {
                        error!(error = %died, "telling an snmp target died");
                        (died.id(), Delivery::Failed("telling it died".to_owned()))
                    }
                };
                rounds.told(task, delivery, shared.foundation.outbox.as_ref());
            }
        }
        rounds.take_in(&shared);
        rounds.go_on(&shared, &mut telling);
    }
}

/// What is on its way, and to whom.
#[derive(Default)]
struct Rounds {
    /// By the notice's number.
    open: BTreeMap<u32, Round>,
    /// By the target's name.
    lanes: BTreeMap<String, Lane>,
}

/// A notice that some targets are not through with.
struct Round {
    missing: usize,
    deliveries: Vec<(String, Delivery)>,
}

/// What a target has still to be told, and what it is being told.
#[derive(Default)]
struct Lane {
    queue: VecDeque<Arc<Waiting>>,
    busy: Option<(Id, u32)>,
}

impl Rounds {
    /// Hands what is due and new to every target's lane.
    fn take_in(&mut self, shared: &Shared) {
        let outbox = shared.foundation.outbox.as_ref();
        let rules = shared.rules();
        let targets = &rules.settings.targets;
        for waiting in outbox.due() {
            let number = waiting.number;
            if self.open.contains_key(&number) {
                continue;
            }
            if targets.is_empty() {
                outbox.settle(number, &[]);
                continue;
            }
            let round = Round {
                missing: targets.len(),
                deliveries: Vec::with_capacity(targets.len()),
            };
            self.open.insert(number, round);
            let waiting = Arc::new(waiting);
            for target in targets {
                let lane = self.lanes.entry(target.name.clone()).or_default();
                lane.queue.push_back(Arc::clone(&waiting));
            }
        }
    }

    /// Lets every target that is free have its next notice.
    fn go_on(&mut self, shared: &Arc<Shared>, telling: &mut JoinSet<Delivery>) {
        let rules = shared.rules();
        let mut dropped = Vec::new();
        for (name, lane) in &mut self.lanes {
            if lane.busy.is_some() {
                continue;
            }
            let mut targets = rules.settings.targets.iter();
            let Some(target) = targets.find(|target| target.name == *name) else {
                dropped.extend(lane.queue.drain(..).map(|waiting| waiting.number));
                continue;
            };
            if let Some(waiting) = lane.queue.pop_front() {
                let number = waiting.number;
                let base = rules.settings.base.clone();
                let errand = deliver(Arc::clone(shared), target.clone(), waiting, base);
                lane.busy = Some((telling.spawn(errand).id(), number));
            }
        }
        self.lanes
            .retain(|_, lane| lane.busy.is_some() || !lane.queue.is_empty());
        for number in dropped {
            self.through(number, None, shared.foundation.outbox.as_ref());
        }
    }

    /// A target was told, or given up.
    fn told(&mut self, task: Id, delivery: Delivery, outbox: &dyn Outbox) {
        let found = self.lanes.iter_mut().find_map(|(name, lane)| {
            let (_, number) = lane.busy.take_if(|(busy, _)| *busy == task)?;
            Some((name.clone(), number))
        });
        if let Some((name, number)) = found {
            self.through(number, Some((name, delivery)), outbox);
        }
    }

    /// One target less is missing.
    fn through(&mut self, number: u32, told: Option<(String, Delivery)>, outbox: &dyn Outbox) {
        let Some(round) = self.open.get_mut(&number) else {
            return;
        };
        round.deliveries.extend(told);
        round.missing = round.missing.saturating_sub(1);
        if round.missing == 0
            && let Some(done) = self.open.remove(&number)
        {
            outbox.settle(number, &done.deliveries);
        }
    }
}

/// Tells one target of one notice, and counts how it went.
async fn deliver(
    shared: Arc<Shared>,
    target: Target,
    waiting: Arc<Waiting>,
    base: Oid,
) -> Delivery {
    let uptime = shared.foundation.clock.now().uptime;
    let content = content(&waiting, &base, hundredths(uptime));
    shared.counters.count(Counter::Traps);
    let sign = |user: &str, id: i32, pdu: &Pdu| {
        let present = shared.rules();
        let engine = present.engine.as_ref();
        engine.and_then(|engine| engine.trap(user, id, pdu, uptime))
    };
    match tell(&target, &content, waiting.number, sign).await {
        Ok(()) if matches!(target.via, Via::Inform(..)) => {
            // What an inform takes its own client sends and counts not.
            Delivery::Confirmed
        }
        Ok(()) => {
            shared.counters.count(Counter::OutPackets);
            Delivery::Sent
        }
        Err(reason) => {
            shared.counters.count(Counter::NotificationsFailed);
            let target = target.name.as_str();
            let number = waiting.number;
            warn!(target, number, reason, "notification not delivered");
            Delivery::Failed(reason)
        }
    }
}

/// Tells one target. `sign` makes a message of version 3 for a user, if it can.
///
/// # Errors
///
/// Why it was not told, in words for people. A trap that went away is told, whether it
/// arrived or not.
pub async fn tell(
    target: &Target,
    content: &Content,
    number: u32,
    sign: impl Fn(&str, i32, &Pdu) -> Option<Vec<u8>>,
) -> Result<(), String> {
    // Any number will do for a trap; nobody answers it.
    let id = i32::try_from(number & 0x7fff_ffff).unwrap_or(1);
    let message = match &target.via {
        Via::Inform(sender, patience) => {
            let told = provider::inform(target.address, sender, content, *patience).await;
            return told.map_err(|error| error.to_string());
        }
        Via::Trap(community) => {
            let pdu = trap_pdu(content, id);
            Some(message::write_community(
                message::V2C,
                community.expose(),
                TRAP,
                &pdu,
            ))
        }
        Via::TrapAs(user) => sign(user, id, &trap_pdu(content, id)),
    };
    let message = message.ok_or_else(|| "there is no engine that could sign it".to_owned())?;
    let sent = send(target.address, &message).await;
    sent.map_err(|error| error.to_string())
}

async fn send(to: SocketAddr, message: &[u8]) -> std::io::Result<()> {
    let from = match to {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(from).await?;
    socket.send_to(message, to).await.map(|_| ())
}
