//! `alerts queue`: messages on their way, and what became of them.
//!
//! What waits for a receiver that the configuration does not have says so: nobody will send
//! it until the name is back.

use std::borrow::Cow;

use clap::Args;
use jiff::Timestamp;
use model::delivery::DeliveryState;
use serde_json::json;
use store::{OutboxReader, StoredDelivery};

use super::ConfigArgs;
use super::table::Table;
use crate::cli::Failure;

/// Flags of `alerts queue`.
#[derive(Debug, Clone, Args)]
pub struct QueueArgs {
    /// Which agent.
    #[command(flatten)]
    pub config: ConfigArgs,

    /// List those too that are done: sent, given up, or told in a digest.
    #[arg(long)]
    pub all: bool,

    /// Most deliveries to list, the latest.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,

    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Most deliveries that are looked through for those that wait.
const LOOK_MAX: usize = 100_000;

/// Why a delivery waits that no lane takes.
const NOT_CONFIGURED: &str = "no receiver of this name is configured";

/// Lists deliveries.
///
/// # Errors
///
/// That there is no store, or it cannot be read.
pub(super) fn run(args: &QueueArgs) -> Result<(), Failure> {
    let config = args.config.load()?;
    let limit = if args.all { args.limit } else { LOOK_MAX };
    let mut found = OutboxReader::new(&config.store.path).deliveries(limit)?;
    found.retain(|one| args.all || one.delivery.state == DeliveryState::Queued);
    found.truncate(args.limit);
    found.reverse();
    let receivers = config.alerts.receivers.iter().flatten();
    let names: Vec<&str> = receivers.map(|one| one.name.as_str()).collect();
    let text = if args.json {
        found.iter().map(|one| json_line(one, &names)).collect()
    } else {
        table(&found, &names)
    };
    crate::logging::print_result(text.as_bytes())?;
    Ok(())
}

fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Whether it waits for nobody.
fn is_orphaned(one: &StoredDelivery, receivers: &[&str]) -> bool {
    let is_waiting = one.delivery.state == DeliveryState::Queued;
    is_waiting && !receivers.contains(&&*one.message.receiver)
}

/// Why it waits, or what the receiver said last.
fn reply<'a>(one: &'a StoredDelivery, receivers: &[&str]) -> Cow<'a, str> {
    let last = &*one.delivery.last_reply;
    match (is_orphaned(one, receivers), last.is_empty()) {
        (false, _) => Cow::Borrowed(last),
        (true, true) => Cow::Borrowed(NOT_CONFIGURED),
        (true, false) => Cow::Owned(format!("{NOT_CONFIGURED}; before: {last}")),
    }
}

fn table(found: &[StoredDelivery], receivers: &[&str]) -> String {
    let mut table = Table::new(&[
        "DECIDED",
        "STATE",
        "TRIES",
        "NEXT",
        "RECEIVER",
        "TO",
        "SUBJECT",
        "LAST REPLY",
    ]);
    for one in found {
        let next = match one.delivery.state {
            DeliveryState::Queued => shown(one.delivery.next_at),
            DeliveryState::Sent | DeliveryState::Dead | DeliveryState::Digested => String::new(),
        };
        table.add(&[
            Cow::Owned(shown(one.message.created_at)),
            Cow::Borrowed(one.delivery.state.name()),
            Cow::Owned(one.delivery.attempts.to_string()),
            Cow::Owned(next),
            Cow::Borrowed(&*one.message.receiver),
            Cow::Borrowed(&*one.delivery.recipient),
            Cow::Borrowed(&*one.message.subject),
            reply(one, receivers),
        ]);
    }
    table.render()
}

fn json_line(one: &StoredDelivery, receivers: &[&str]) -> String {
    let object = json!({
        "id": &*one.message.id,
        "serial": one.message.serial,
        "receiver": &*one.message.receiver,
        "waits_for_nobody": is_orphaned(one, receivers),
        "channel": one.message.channel.name(),
        "recipient": &*one.delivery.recipient,
        "rule": &*one.message.rule,
        "key": &*one.message.key,
        "severity": one.message.severity.name(),
        "subject": one.message.subject,
        "decided_at": one.message.created_at.to_string(),
        "state": one.delivery.state.name(),
        "attempts": one.delivery.attempts,
        "next_at": one.delivery.next_at.to_string(),
        "last_reply": one.delivery.last_reply,
        "settled_at": one.delivery.settled_at.map(|at| at.to_string()),
    });
    format!("{object}\n")
}

#[cfg(test)]
mod tests {
    use model::alert::Severity;
    use model::delivery::{Channel, Delivery, OutboxMessage};

    use super::*;

    fn stored(state: DeliveryState, last_reply: &str) -> StoredDelivery {
        let at = Timestamp::UNIX_EPOCH;
        StoredDelivery {
            message: OutboxMessage {
                id: "m".into(),
                serial: 1,
                receiver: "ops".into(),
                channel: Channel::Email,
                thread: "t".into(),
                rule: "r".into(),
                key: "k".into(),
                severity: Severity::Warning,
                subject: "subject".to_owned(),
                created_at: at,
                body: Vec::new(),
            },
            delivery: Delivery {
                message: "m".into(),
                recipient: "a@example.com".into(),
                state,
                attempts: 0,
                next_at: at,
                last_reply: last_reply.to_owned(),
                settled_at: None,
            },
        }
    }

    #[test]
    fn what_waits_for_a_receiver_that_is_gone_says_so() {
        for (state, receiver, last, wanted) in [
            (DeliveryState::Queued, "ops", "451 later", "451 later"),
            (DeliveryState::Queued, "hook", "", NOT_CONFIGURED),
            (
                DeliveryState::Queued,
                "hook",
                "451 later",
                "no receiver of this name is configured; before: 451 later",
            ),
            (DeliveryState::Sent, "hook", "250 ok", "250 ok"),
        ] {
            let one = stored(state, last);
            assert_eq!(reply(&one, &[receiver]), wanted);
            let is_orphaned = wanted.starts_with(NOT_CONFIGURED);
            let json = json_line(&one, &[receiver]);
            let said = format!("\"waits_for_nobody\":{is_orphaned}");
            assert!(json.contains(&said), "{json}");
        }
    }
}
