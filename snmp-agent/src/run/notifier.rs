//! Tells every target what waits in the outbox, one notice after another.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::UdpSocket;
use tracing::warn;

use super::{LOOK_INTERVAL, Shared};
use crate::counters::Counter;
use crate::message::{self, Pdu, TRAP};
use crate::notify::{Delivery, Target, Via, Waiting, content, trap_pdu};
use crate::provider::{self, Content};
use crate::tree::hundredths;

/// Sends until the agent stops.
pub(super) async fn notify(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    let mut ticks = tokio::time::interval(LOOK_INTERVAL);
    loop {
        tokio::select! {
            _ = stop.wait_for(|is_stopping| *is_stopping) => return,
            () = shared.wake.notified() => {}
            // Something may have become due that nobody wakes us for.
            _ = ticks.tick() => {}
        }
        while let Some(waiting) = shared.foundation.outbox.first() {
            // Stopping leaves the notice where it waits.
            tokio::select! {
                _ = stop.wait_for(|is_stopping| *is_stopping) => return,
                () = tell_all(&shared, &waiting) => {}
            }
        }
    }
}

async fn tell_all(shared: &Arc<Shared>, waiting: &Waiting) {
    let rules = shared.rules();
    let mut deliveries = Vec::with_capacity(rules.settings.targets.len());
    for target in &rules.settings.targets {
        let uptime = shared.foundation.clock.now().uptime;
        let content = content(waiting, &rules.settings.base, hundredths(uptime));
        shared.counters.count(Counter::Traps);
        let sign = |user: &str, id: i32, pdu: &Pdu| {
            let present = shared.rules();
            let engine = present.engine.as_ref();
            engine.and_then(|engine| engine.trap(user, id, pdu, uptime))
        };
        let delivery = match tell(target, &content, waiting.number, sign).await {
            Ok(()) => {
                // What an inform takes its own client sends and counts not.
                if !matches!(target.via, Via::Inform(..)) {
                    shared.counters.count(Counter::OutPackets);
                }
                Delivery::Delivered
            }
            Err(reason) => {
                shared.counters.count(Counter::NotificationsFailed);
                let target = target.name.as_str();
                warn!(
                    target,
                    number = waiting.number,
                    reason,
                    "notification not delivered"
                );
                Delivery::Failed(reason)
            }
        };
        deliveries.push((target.name.clone(), delivery));
    }
    shared.foundation.outbox.settle(waiting.number, &deliveries);
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
