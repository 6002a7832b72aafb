//! `alerts queue`: messages on their way, and what became of them.

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
    let text = if args.json {
        found.iter().map(json_line).collect()
    } else {
        table(&found)
    };
    crate::logging::print_result(text.as_bytes())?;
    Ok(())
}

fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn table(found: &[StoredDelivery]) -> String {
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
            Cow::Borrowed(&*one.delivery.last_reply),
        ]);
    }
    table.render()
}

fn json_line(one: &StoredDelivery) -> String {
    let object = json!({
        "id": &*one.message.id,
        "serial": one.message.serial,
        "receiver": &*one.message.receiver,
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
