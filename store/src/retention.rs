//! Keeps the history of alerts and the messages that are settled within bounds.
//!
//! What is older than 90 days goes, and beyond a number of rows or of bytes the oldest go
//! first. A message that waits for somebody stays, however old it is: the outbox bounds
//! how many of those there are.
//!
//! Only a turn that adds rows drops others, so a store does not grow while it is looked at
//! less often. The moment it counts from is the latest that the turn itself names: a wall
//! clock that is put forward for a while costs at most what [`OLD_ROWS_PER_TURN`] allows
//! each turn.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Error, Transaction, params};

use crate::turn::Turn;

/// How long decisions and settled messages are kept.
pub const ALERT_ROWS_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Most decisions, and most messages.
pub const ALERT_ROWS_MAX: usize = 100_000;

/// Most bytes of all messages' bodies.
pub const BODY_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Most rows of a table that one turn drops for their age.
const OLD_ROWS_PER_TURN: usize = 256;

/// How much may stay. Tests pass less.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    rows: i64,
    bytes: i64,
}

/// Drops what is too old or too much, if the turn adds anything; returns how many rows.
pub(crate) fn keep_to_bounds(transaction: &Transaction<'_>, turn: &Turn) -> Result<usize, Error> {
    let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    let bounds = Bounds {
        rows: number(ALERT_ROWS_MAX),
        bytes: number(BODY_BYTES_MAX),
    };
    keep_to(transaction, turn, bounds)
}

fn keep_to(transaction: &Transaction<'_>, turn: &Turn, bounds: Bounds) -> Result<usize, Error> {
    let kept_from = kept_from(turn);
    let mut rows = 0;
    if !turn.history.is_empty() {
        rows += drop_old_history(transaction, kept_from)?;
        rows += transaction
            .prepare_cached(
                "DELETE FROM history WHERE serial <= (SELECT max(serial) - ?1 FROM history)",
            )?
            .execute([bounds.rows])?;
    }
    if !turn.messages.is_empty() {
        rows += drop_old_messages(transaction, kept_from)?;
        rows += drop_surplus_messages(transaction, bounds)?;
    }
    Ok(rows)
}

/// From when on rows are kept, by the latest moment that the turn names.
fn kept_from(turn: &Turn) -> Option<Timestamp> {
    let decided = turn.history.iter().map(|row| row.at);
    let rendered = turn.messages.iter().map(|message| message.created_at);
    let latest = decided.chain(rendered).max()?;
    let kept = SignedDuration::try_from(ALERT_ROWS_KEPT).ok()?;
    latest.checked_sub(kept).ok()
}

fn is_before(text: &str, moment: Timestamp) -> bool {
    text.parse().is_ok_and(|at: Timestamp| at < moment)
}

fn drop_old_history(
    transaction: &Transaction<'_>,
    kept_from: Option<Timestamp>,
) -> Result<usize, Error> {
    let Some(kept_from) = kept_from else {
        return Ok(0);
    };
    let query = format!("SELECT serial, at FROM history ORDER BY serial LIMIT {OLD_ROWS_PER_TURN}");
    let oldest: Vec<(i64, String)> = transaction
        .prepare_cached(&query)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut rows = 0;
    for (serial, _) in oldest.iter().filter(|(_, at)| is_before(at, kept_from)) {
        rows += transaction
            .prepare_cached("DELETE FROM history WHERE serial = ?1")?
            .execute([serial])?;
    }
    Ok(rows)
}

fn drop_old_messages(
    transaction: &Transaction<'_>,
    kept_from: Option<Timestamp>,
) -> Result<usize, Error> {
    let Some(kept_from) = kept_from else {
        return Ok(0);
    };
    let mut rows = 0;
    for settled in oldest_settled(transaction, OLD_ROWS_PER_TURN)? {
        if is_before(&settled.created_at, kept_from) {
            rows += drop_message(transaction, &settled.id)?;
        }
    }
    Ok(rows)
}

fn drop_surplus_messages(transaction: &Transaction<'_>, bounds: Bounds) -> Result<usize, Error> {
    let (mut count, mut bytes): (i64, i64) = transaction
        .prepare_cached("SELECT count(*), coalesce(sum(bytes), 0) FROM message")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut rows = 0;
    while bounds.rows < count || bounds.bytes < bytes {
        let settled = oldest_settled(transaction, OLD_ROWS_PER_TURN)?;
        if settled.is_empty() {
            break;
        }
        for message in settled {
            if count <= bounds.rows && bytes <= bounds.bytes {
                break;
            }
            rows += drop_message(transaction, &message.id)?;
            count = count.saturating_sub(1);
            bytes = bytes.saturating_sub(message.bytes);
        }
    }
    Ok(rows)
}

/// A message that waits for nobody.
struct Settled {
    id: String,
    created_at: String,
    bytes: i64,
}

fn oldest_settled(transaction: &Transaction<'_>, limit: usize) -> Result<Vec<Settled>, Error> {
    let query = format!(
        "SELECT id, created_at, bytes FROM message WHERE NOT EXISTS (
             SELECT 1 FROM delivery WHERE message = message.id AND state = 'queued')
         ORDER BY serial LIMIT {limit}"
    );
    transaction
        .prepare_cached(&query)?
        .query_map([], |row| {
            Ok(Settled {
                id: row.get(0)?,
                created_at: row.get(1)?,
                bytes: row.get(2)?,
            })
        })?
        .collect()
}

fn drop_message(transaction: &Transaction<'_>, id: &str) -> Result<usize, Error> {
    let deliveries = transaction
        .prepare_cached("DELETE FROM delivery WHERE message = ?1")?
        .execute(params![id])?;
    let message = transaction
        .prepare_cached("DELETE FROM message WHERE id = ?1")?
        .execute(params![id])?;
    Ok(deliveries + message)
}

#[cfg(test)]
mod tests {
    use model::alert::{HistoryRow, Severity};
    use model::delivery::{Channel, Delivery, DeliveryState, OutboxMessage};
    use rusqlite::Connection;

    use super::*;
    use crate::alert_rows::write_alerts;
    use crate::schema::migrate;

    const WIDE: Bounds = Bounds {
        rows: 1000,
        bytes: 1000,
    };

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + number * 86_400).unwrap()
    }

    fn decision(serial: u64, at: Timestamp) -> HistoryRow {
        HistoryRow {
            serial,
            at,
            rule: "r".into(),
            key: "r".into(),
            decision: "firing".into(),
            reason: String::new(),
            notification: None,
        }
    }

    /// A message of 10 bytes, and how its delivery stands.
    fn message(serial: u64, at: Timestamp, state: DeliveryState) -> (OutboxMessage, Delivery) {
        let id = format!("m{serial}");
        let delivery = Delivery {
            message: id.as_str().into(),
            recipient: "ops@example.com".into(),
            state,
            attempts: 1,
            next_at: at,
            last_reply: String::new(),
            settled_at: None,
        };
        let message = OutboxMessage {
            id: id.into(),
            serial,
            receiver: "ops".into(),
            channel: Channel::Email,
            thread: "t".into(),
            rule: "r".into(),
            key: "r".into(),
            severity: Severity::Info,
            subject: String::new(),
            created_at: at,
            body: vec![b'x'; 10],
        };
        (message, delivery)
    }

    fn turn(messages: Vec<(OutboxMessage, Delivery)>, history: Vec<HistoryRow>) -> Turn {
        let (messages, deliveries) = messages.into_iter().unzip();
        Turn {
            messages,
            deliveries,
            history,
            ..Turn::default()
        }
    }

    /// What is left after each turn was written and kept to the bounds: the serials of
    /// messages and of decisions.
    fn left(turns: &[Turn], bounds: Bounds) -> (Vec<i64>, Vec<i64>) {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, 0).unwrap();
        let transaction = connection.transaction().unwrap();
        for turn in turns {
            write_alerts(&transaction, turn).unwrap();
            keep_to(&transaction, turn, bounds).unwrap();
        }
        let serials = |table: &str| {
            let query = format!("SELECT serial FROM {table} ORDER BY serial");
            let mut statement = transaction.prepare(&query).unwrap();
            let found = statement.query_map([], |row| row.get(0)).unwrap();
            found.collect::<Result<Vec<i64>, _>>().unwrap()
        };
        let orphans = transaction.query_row(
            "SELECT count(*) FROM delivery WHERE message NOT IN (SELECT id FROM message)",
            [],
            |row| row.get::<_, i64>(0),
        );
        assert_eq!(orphans.unwrap(), 0);
        (serials("message"), serials("history"))
    }

    #[test]
    fn what_is_older_than_ninety_days_goes_unless_it_waits() {
        let old = turn(
            vec![
                message(1, day(0), DeliveryState::Sent),
                message(2, day(0), DeliveryState::Queued),
                message(3, day(20), DeliveryState::Dead),
            ],
            vec![decision(1, day(0)), decision(2, day(20))],
        );
        let new = turn(
            vec![message(4, day(91), DeliveryState::Queued)],
            vec![decision(3, day(91))],
        );
        let both = left(&[old.clone(), new], WIDE);
        assert_eq!(both, (vec![2, 3, 4], vec![2, 3]));
        // A turn that adds nothing drops nothing.
        assert_eq!(
            left(&[old, Turn::default()], WIDE),
            (vec![1, 2, 3], vec![1, 2])
        );
    }

    #[test]
    fn beyond_the_rows_the_oldest_settled_go_first() {
        let bounds = Bounds { rows: 2, ..WIDE };
        let first = turn(
            vec![
                message(1, day(0), DeliveryState::Queued),
                message(2, day(0), DeliveryState::Digested),
                message(3, day(0), DeliveryState::Sent),
            ],
            vec![
                decision(1, day(0)),
                decision(2, day(0)),
                decision(3, day(0)),
            ],
        );
        assert_eq!(left(&[first], bounds), (vec![1, 3], vec![2, 3]));
    }

    #[test]
    fn beyond_the_bytes_the_oldest_settled_go_first_and_what_waits_stays() {
        let bounds = Bounds { bytes: 25, ..WIDE };
        let story = |states: &[DeliveryState]| {
            let messages = (1..).zip(states);
            turn(
                messages
                    .map(|(serial, state)| message(serial, day(0), *state))
                    .collect(),
                Vec::new(),
            )
        };
        use DeliveryState::{Queued, Sent};
        let some_settled = story(&[Sent, Queued, Sent, Sent]);
        assert_eq!(left(&[some_settled], bounds).0, [2, 4]);
        let all_wait = story(&[Queued, Queued, Queued, Queued]);
        assert_eq!(left(&[all_wait], bounds).0, [1, 2, 3, 4]);
    }
}
