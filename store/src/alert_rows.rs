//! The rows of alerting: what it remembers, its messages, their deliveries, its history.
//!
//! Written with the turn that decided them, read whole at a start (bodies excepted) and in
//! parts by [`crate::OutboxReader`]. As everywhere, a word of another version leaves its
//! row out, and a value that nobody wrote is damage. What is dropped when there is too
//! much is in `retention`.
//!
//! A body lies on pages of its own, of which SQLite checks nothing: a hash stands beside
//! it, and whoever reads the body compares.

use std::sync::Arc;

use model::alert::{HistoryRow, Severity};
use model::delivery::{Channel, Delivery, DeliveryState, OutboxMessage};
use model::snapshot::{MessageSnapshot, RECENT_HISTORY_MAX, RECENT_MESSAGES_MAX};
use rusqlite::{Connection, Error, Row, Transaction, params};

use crate::kept::{KeptValue, hash};
use crate::outbox::{ALERT_STATES_MAX, StoredDelivery};
use crate::read_rows::{rows, time, unsigned};
use crate::schema::Trouble;
use crate::turn::Turn;
use crate::write_rows::to_column;

/// The columns of a message that [`message_of`] wants, in its order.
const MESSAGE_COLUMNS: &str = "message.id, message.serial, message.receiver, message.channel,
     message.thread, message.rule, message.key, message.severity, message.subject,
     message.created_at";

/// The columns of a delivery that [`delivery_of`] wants, in its order.
const DELIVERY_COLUMNS: &str = "delivery.message, delivery.recipient, delivery.state,
     delivery.attempts, delivery.next_at, delivery.last_reply, delivery.settled_at";

/// Writes what the turn says of alerts; returns how many rows were written or removed.
pub(crate) fn write_alerts(transaction: &Transaction<'_>, turn: &Turn) -> Result<usize, Error> {
    let mut rows = write_alert_states(transaction, turn)?;
    for message in &turn.messages {
        rows += write_message(transaction, message)?;
    }
    for delivery in &turn.deliveries {
        rows += write_delivery(transaction, delivery)?;
    }
    for decision in &turn.history {
        rows += transaction
            .prepare_cached("INSERT OR REPLACE INTO history VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![
                to_column(decision.serial),
                decision.at.to_string(),
                decision.rule,
                decision.key,
                decision.decision,
                decision.reason,
                decision.notification,
            ])?;
    }
    Ok(rows)
}

fn write_alert_states(transaction: &Transaction<'_>, turn: &Turn) -> Result<usize, Error> {
    let mut rows = 0;
    for (key, value) in &turn.alert_states {
        rows += match value {
            Some(value) => transaction
                .prepare_cached("INSERT OR REPLACE INTO alert_state VALUES (?1, ?2, ?3)")?
                .execute(params![key, value, hash(key, value).cast_signed()])?,
            None => transaction
                .prepare_cached("DELETE FROM alert_state WHERE key = ?1")?
                .execute(params![key])?,
        };
    }
    Ok(rows)
}

fn write_message(transaction: &Transaction<'_>, message: &OutboxMessage) -> Result<usize, Error> {
    let bytes = u64::try_from(message.body.len()).unwrap_or(u64::MAX);
    let rows = transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO message
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            message.id,
            to_column(message.serial),
            message.receiver,
            message.channel.name(),
            message.thread,
            message.rule,
            message.key,
            message.severity.name(),
            message.subject,
            message.created_at.to_string(),
            to_column(bytes),
            hash(&message.id, &message.body).cast_signed(),
            message.body,
        ])?;
    let counted = transaction
        .prepare_cached("UPDATE meta SET value = ?1 WHERE key = 'message_serial' AND value < ?1")?
        .execute([to_column(message.serial)])?;
    Ok(rows + counted)
}

fn write_delivery(transaction: &Transaction<'_>, delivery: &Delivery) -> Result<usize, Error> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO delivery VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            delivery.message,
            delivery.recipient,
            delivery.state.name(),
            delivery.attempts,
            delivery.next_at.to_string(),
            delivery.last_reply,
            delivery.settled_at.map(|at| at.to_string()),
        ])
}

/// Reads what alerting remembers, sorted by key.
pub(crate) fn read_alert_states(connection: &Connection) -> Result<Vec<KeptValue>, Trouble> {
    let query =
        format!("SELECT key, value, hash FROM alert_state ORDER BY key LIMIT {ALERT_STATES_MAX}");
    rows(connection, &query, |row| {
        let (key, value): (Arc<str>, Vec<u8>) = (row.get(0)?, row.get(1)?);
        if unsigned(row, 2)? == hash(&key, &value) {
            return Ok(Some((key, value)));
        }
        Err(Trouble::Damage(format!(
            "what alerting remembers as {key:?}"
        )))
    })
}

/// Reads the messages that wait for somebody, by serial, without their bodies.
pub(crate) fn queued_messages(connection: &Connection) -> Result<Vec<OutboxMessage>, Trouble> {
    let query = format!(
        "SELECT {MESSAGE_COLUMNS} FROM message
         WHERE id IN (SELECT message FROM delivery WHERE state = 'queued')
         ORDER BY message.serial, message.id"
    );
    rows(connection, &query, message_of)
}

/// Reads the deliveries that wait, by the serial of their message.
pub(crate) fn queued_deliveries(connection: &Connection) -> Result<Vec<Delivery>, Trouble> {
    let query = format!(
        "SELECT {DELIVERY_COLUMNS}, message.channel, message.severity
         FROM delivery JOIN message ON message.id = delivery.message
         WHERE delivery.state = 'queued'
         ORDER BY message.serial, message.id, delivery.recipient"
    );
    rows(connection, &query, |row| {
        // Without its message nobody could send it.
        let is_known = Channel::from_name(&row.get::<_, String>(7)?).is_some()
            && Severity::from_name(&row.get::<_, String>(8)?).is_some();
        Ok(delivery_of(row, 0)?.filter(|_| is_known))
    })
}

/// Reads the latest messages with what became of them, newest first.
pub(crate) fn read_recent_messages(
    connection: &Connection,
) -> Result<Vec<MessageSnapshot>, Trouble> {
    let query = format!(
        "SELECT {MESSAGE_COLUMNS} FROM message
         ORDER BY serial DESC, id LIMIT {RECENT_MESSAGES_MAX}"
    );
    let messages = rows(connection, &query, message_of)?;
    let mut found = Vec::with_capacity(messages.len());
    let of_one =
        format!("SELECT {DELIVERY_COLUMNS} FROM delivery WHERE message = ?1 ORDER BY recipient");
    let mut statement = connection.prepare(&of_one)?;
    for message in messages {
        let mut deliveries = Vec::new();
        let mut of_message = statement.query(params![message.id])?;
        while let Some(row) = of_message.next()? {
            deliveries.extend(delivery_of(row, 0)?);
        }
        found.push(MessageSnapshot {
            message,
            deliveries,
        });
    }
    Ok(found)
}

/// Reads the latest decisions, newest first.
pub(crate) fn read_latest_history(connection: &Connection) -> Result<Vec<HistoryRow>, Trouble> {
    let query = format!(
        "SELECT serial, at, rule, key, decision, reason, notification FROM history
         ORDER BY serial DESC LIMIT {RECENT_HISTORY_MAX}"
    );
    rows(connection, &query, |row| decision_of(row).map(Some))
}

/// Hands each decision to `each`, newest first, until it has seen enough.
pub(crate) fn look_through_history(
    connection: &Connection,
    each: &mut dyn FnMut(HistoryRow) -> Look,
) -> Result<(), Trouble> {
    let mut statement = connection.prepare(
        "SELECT serial, at, rule, key, decision, reason, notification FROM history
         ORDER BY serial DESC",
    )?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        if each(decision_of(row)?) == Look::Enough {
            break;
        }
    }
    Ok(())
}

/// Whether somebody wants to see more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Yes.
    On,
    /// No.
    Enough,
}

/// Reads deliveries with their messages, the newest message first.
pub(crate) fn read_deliveries(
    connection: &Connection,
    limit: usize,
) -> Result<Vec<StoredDelivery>, Trouble> {
    let query = format!(
        "SELECT {MESSAGE_COLUMNS}, {DELIVERY_COLUMNS}
         FROM message JOIN delivery ON delivery.message = message.id
         ORDER BY message.serial DESC, message.id, delivery.recipient LIMIT {limit}"
    );
    rows(connection, &query, |row| {
        let (message, delivery) = (message_of(row)?, delivery_of(row, 10)?);
        Ok(message
            .zip(delivery)
            .map(|(message, delivery)| StoredDelivery { message, delivery }))
    })
}

fn message_of(row: &Row<'_>) -> Result<Option<OutboxMessage>, Trouble> {
    let channel = Channel::from_name(&row.get::<_, String>(3)?);
    let severity = Severity::from_name(&row.get::<_, String>(7)?);
    let Some((channel, severity)) = channel.zip(severity) else {
        return Ok(None);
    };
    Ok(Some(OutboxMessage {
        id: row.get(0)?,
        serial: unsigned(row, 1)?,
        receiver: row.get(2)?,
        channel,
        thread: row.get(4)?,
        rule: row.get(5)?,
        key: row.get(6)?,
        severity,
        subject: row.get(8)?,
        created_at: time(&row.get::<_, String>(9)?)?,
        body: Vec::new(),
    }))
}

fn delivery_of(row: &Row<'_>, first: usize) -> Result<Option<Delivery>, Trouble> {
    let Some(state) = DeliveryState::from_name(&row.get::<_, String>(first + 2)?) else {
        return Ok(None);
    };
    let settled_at: Option<String> = row.get(first + 6)?;
    Ok(Some(Delivery {
        message: row.get(first)?,
        recipient: row.get(first + 1)?,
        state,
        attempts: row.get(first + 3)?,
        next_at: time(&row.get::<_, String>(first + 4)?)?,
        last_reply: row.get(first + 5)?,
        settled_at: settled_at.map(|text| time(&text)).transpose()?,
    }))
}

fn decision_of(row: &Row<'_>) -> Result<HistoryRow, Trouble> {
    Ok(HistoryRow {
        serial: unsigned(row, 0)?,
        at: time(&row.get::<_, String>(1)?)?,
        rule: row.get(2)?,
        key: row.get(3)?,
        decision: row.get(4)?,
        reason: row.get(5)?,
        notification: row.get(6)?,
    })
}
