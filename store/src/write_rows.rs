//! Writes a turn's values as rows, inside a transaction that the caller owns.
//!
//! Each value replaces the stored one, so a turn that is written twice changes
//! nothing the second time. How rows are read back is in `read_rows`; the two must
//! agree on every column, which the round trip test holds.

use model::connector::{Aspect, ConnectorState};
use model::event::EventKind;
use model::position::{Packing, Position};
use model::snapshot::{EVENT_NAMES_MAX, OWN_EVENTS_MAX, RECENT_EVENTS_MAX, RecentEvent};
use rusqlite::{Error, Transaction, params};

use crate::alert_rows::write_alerts;
use crate::kept::write_kept;
use crate::retention::keep_to_bounds;
use crate::turn::{PositionUpdate, StoredPosition, Turn};
use crate::writer::POSITIONS_MAX;

/// Writes everything the turn holds; returns how many rows were written or removed.
pub(crate) fn write_turn(transaction: &Transaction<'_>, turn: &Turn) -> Result<usize, Error> {
    let mut rows =
        transaction.execute("UPDATE meta SET value = value + 1 WHERE key = 'turn'", [])?;
    rows += transaction.execute(
        "UPDATE meta SET value = ?1 WHERE key = 'next_file_id' AND value < ?1",
        [to_column(turn.next_file_id)],
    )?;
    rows += write_counters(transaction, turn)?;
    rows += write_positions(transaction, turn)?;
    for (connector, state) in &turn.states {
        rows += write_state(transaction, connector, state)?;
    }
    rows += write_recent_events(transaction, &turn.recent_events)?;
    rows += write_last_times(transaction, turn)?;
    rows += write_kept(transaction, turn)?;
    rows += write_alerts(transaction, turn)?;
    rows += keep_to_bounds(transaction, turn)?;
    for miss in &turn.near_miss_samples {
        rows += transaction
            .prepare_cached("INSERT OR REPLACE INTO near_miss VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                miss.log.connector,
                miss.log.log,
                miss.function,
                miss.sample.expose()
            ])?;
    }
    Ok(rows)
}

/// SQLite's integers are signed; the bits are kept as they are.
pub(crate) const fn to_column(value: u64) -> i64 {
    value.cast_signed()
}

/// The word that stands for a packing in the file.
pub(crate) const fn packing_word(packing: Packing) -> &'static str {
    match packing {
        Packing::Plain => "plain",
        Packing::Gzip => "gzip",
    }
}

fn write_counters(transaction: &Transaction<'_>, turn: &Turn) -> Result<usize, Error> {
    let mut insert =
        transaction.prepare_cached("INSERT OR REPLACE INTO counter VALUES (?1, ?2, ?3)")?;
    let mut rows = 0;
    for (key, value) in &turn.counters {
        let labels: Vec<&str> = key.label_values.iter().map(|label| &**label).collect();
        let row = params![key.signal.row().name, json(&labels)?, to_column(*value)];
        rows += insert.execute(row)?;
    }
    Ok(rows)
}

fn write_positions(transaction: &Transaction<'_>, turn: &Turn) -> Result<usize, Error> {
    let mut rows = 0;
    for update in &turn.positions {
        rows += match update {
            PositionUpdate::Moved(stored) => write_position(transaction, stored)?,
            PositionUpdate::Forgotten(id) => transaction
                .prepare_cached("DELETE FROM position WHERE file = ?1")?
                .execute([to_column(id.0)])?,
        };
    }
    if turn.positions.is_empty() {
        return Ok(rows);
    }
    rows += transaction
        .prepare_cached(
            "DELETE FROM position WHERE file IN (
                 SELECT file FROM position ORDER BY turn DESC, file DESC LIMIT -1 OFFSET ?1)",
        )?
        .execute([bound(POSITIONS_MAX)])?;
    Ok(rows)
}

fn write_position(transaction: &Transaction<'_>, stored: &StoredPosition) -> Result<usize, Error> {
    let Position {
        identity,
        head,
        markers,
        offset,
        mid_line,
        packing,
        path,
    } = &stored.position;
    let marker_rows: Vec<(u64, u32, u64)> = markers
        .iter()
        .map(|marker| (marker.offset, marker.bytes, marker.hash))
        .collect();
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO position
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, value
             FROM meta WHERE key = 'turn'",
        )?
        .execute(params![
            to_column(stored.id.0),
            stored.log.connector,
            stored.log.log,
            to_column(identity.device),
            to_column(identity.inode),
            identity.birth_ns,
            head.bytes,
            to_column(head.hash),
            json(&marker_rows)?,
            to_column(*offset),
            mid_line,
            packing_word(*packing),
            path,
        ])
}

fn write_state(
    transaction: &Transaction<'_>,
    connector: &str,
    state: &ConnectorState,
) -> Result<usize, Error> {
    let mut rows = 0;
    for aspect in Aspect::ALL {
        let view = state.view(*aspect);
        rows += transaction
            .prepare_cached("INSERT OR REPLACE INTO connector_state VALUES (?1,?2,?3,?4,?5,?6)")?
            .execute(params![
                connector,
                aspect.name(),
                view.state,
                view.since.map(|since| since.to_string()),
                view.event.map(EventKind::name),
                view.reason.as_str(),
            ])?;
    }
    rows += transaction
        .prepare_cached("DELETE FROM connector_fact WHERE connector = ?1")?
        .execute(params![connector])?;
    for (fact, text) in state.facts.iter() {
        rows += transaction
            .prepare_cached("INSERT OR REPLACE INTO connector_fact VALUES (?1, ?2, ?3)")?
            .execute(params![connector, fact.name(), text.expose()])?;
    }
    Ok(rows)
}

fn write_recent_events(
    transaction: &Transaction<'_>,
    events: &[RecentEvent],
) -> Result<usize, Error> {
    let mut rows = 0;
    for recent in events {
        let fields: Vec<(&str, &str)> = recent
            .event
            .fields
            .iter()
            .map(|field| (&*field.name, field.value.expose()))
            .collect();
        rows += transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO recent_event
                 (connector, log, file, offset, read_at, event, reason, time, fields)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                recent.connector,
                recent.log,
                recent.file,
                to_column(recent.offset),
                recent.read_at.to_string(),
                recent.event.key.kind.name(),
                recent.event.key.reason.as_str(),
                recent.event.time.map(|time| time.to_string()),
                json(&fields)?,
            ])?;
    }
    if events.is_empty() {
        return Ok(rows);
    }
    rows += transaction
        .prepare_cached(
            "DELETE FROM recent_event WHERE serial IN (
                 SELECT serial FROM (
                     SELECT serial, place, row_number() OVER (
                         ORDER BY place, serial DESC) AS rank
                     FROM (
                         SELECT serial, row_number() OVER (
                             PARTITION BY connector ORDER BY serial DESC) AS place
                         FROM recent_event))
                 WHERE ?1 < rank AND (?2 < place OR ?3 < rank))",
        )?
        .execute([
            bound(RECENT_EVENTS_MAX),
            bound(OWN_EVENTS_MAX),
            bound(OWN_EVENTS_MAX.saturating_mul(EVENT_NAMES_MAX)),
        ])?;
    Ok(rows)
}

fn write_last_times(transaction: &Transaction<'_>, turn: &Turn) -> Result<usize, Error> {
    let mut rows = 0;
    for last in &turn.last_events {
        rows += transaction
            .prepare_cached("INSERT OR REPLACE INTO last_event VALUES (?1, ?2, ?3)")?
            .execute(params![
                last.connector,
                last.kind.name(),
                last.at.to_string()
            ])?;
    }
    for last in &turn.last_read {
        rows += transaction
            .prepare_cached("INSERT OR REPLACE INTO last_read VALUES (?1, ?2, ?3)")?
            .execute(params![
                last.log.connector,
                last.log.log,
                last.at.to_string()
            ])?;
    }
    Ok(rows)
}

fn bound(rows_max: usize) -> i64 {
    i64::try_from(rows_max).unwrap_or(i64::MAX)
}

/// Lists of plain values as text that a person can read with the `sqlite3` shell.
fn json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(Box::new(error)))
}
