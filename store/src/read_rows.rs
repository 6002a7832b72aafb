//! Reads back what the committed turns left.
//!
//! Two kinds of surprise are told apart. A *word* that this version does not know
//! (a signal, an event, a state) was written by another version: its row is left
//! out. A *value* that cannot be (a label list that is no list, a negative count of
//! bytes) was written by nobody: the file is damaged.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use model::connector::{Aspect, ConnectorState, Evidence, Fact};
use model::event::{Event, EventKey, EventKind, Field, Reason};
use model::position::{
    FileId, FileIdentity, HEAD_BYTES_MAX, Head, MARKER_BYTES_MAX, MARKERS_MAX, Marker, Packing,
    Position,
};
use model::reading::SeriesKey;
use model::signal::{Signal, SignalKind};
use model::snapshot::RecentEvent;
use model::untrusted::Untrusted;
use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;

use crate::alert_rows::{
    queued_deliveries, queued_messages, read_alert_states, read_latest_history,
    read_recent_messages,
};
use crate::kept::read_kept;
use crate::schema::Trouble;
use crate::turn::{LastEvent, LastRead, LogName, NearMissSample, Restored, StoredPosition};
use crate::write_rows::packing_word;

/// Reads everything.
pub(crate) fn read_all(connection: &Connection) -> Result<Restored, Trouble> {
    let turns = read_meta(connection, "turn")?;
    Ok(Restored {
        counters: read_counters(connection)?,
        positions: read_positions(connection)?,
        states: read_states(connection)?,
        last_events: read_last_events(connection)?,
        recent_events: read_recent_events(connection)?,
        near_miss_samples: read_near_misses(connection)?,
        last_read: read_last_reads(connection)?,
        kept: read_kept(connection)?,
        alert_states: read_alert_states(connection)?,
        messages: queued_messages(connection)?,
        deliveries: queued_deliveries(connection)?,
        recent_messages: read_recent_messages(connection)?,
        history: read_latest_history(connection)?,
        last_message_serial: read_meta(connection, "message_serial")?,
        next_file_id: read_meta(connection, "next_file_id")?,
        has_history: 0 < turns,
    })
}

fn read_meta(connection: &Connection, key: &str) -> Result<u64, Trouble> {
    let value: i64 =
        connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
            row.get(0)
        })?;
    Ok(value.cast_unsigned())
}

/// Runs `query` and makes something of each row; `None` leaves the row out.
pub(crate) fn rows<T>(
    connection: &Connection,
    query: &str,
    decode: impl Fn(&Row<'_>) -> Result<Option<T>, Trouble>,
) -> Result<Vec<T>, Trouble> {
    let mut statement = connection.prepare(query)?;
    let mut found = statement.query([])?;
    let mut values = Vec::new();
    while let Some(row) = found.next()? {
        values.extend(decode(row)?);
    }
    Ok(values)
}

fn read_counters(connection: &Connection) -> Result<Vec<(SeriesKey, u64)>, Trouble> {
    let mut counters = rows(
        connection,
        "SELECT signal, labels, value FROM counter",
        |row| {
            let name: String = row.get(0)?;
            let label_values: Vec<String> = json(row, 1)?;
            let Some(signal) = Signal::from_name(&name) else {
                return Ok(None);
            };
            // Another version of the signal had other labels.
            if label_values.len() != stored_labels(signal) {
                return Ok(None);
            }
            let label_values = label_values.into_iter().map(Arc::from).collect();
            Ok(Some((
                SeriesKey {
                    signal,
                    label_values,
                },
                unsigned(row, 2)?,
            )))
        },
    )?;
    counters.sort_unstable();
    Ok(counters)
}

/// How many labels a counter of the signal has: each bucket of a histogram is one, and
/// its last label names it.
fn stored_labels(signal: Signal) -> usize {
    let row = signal.row();
    let is_histogram = row.kind == SignalKind::Histogram;
    row.labels.len() + usize::from(is_histogram)
}

fn read_positions(connection: &Connection) -> Result<Vec<StoredPosition>, Trouble> {
    let mut positions = rows(
        connection,
        "SELECT file, connector, log, device, inode, birth_ns, head_bytes, head_hash,
                markers, offset, mid_line, packing, path FROM position",
        |row| {
            let position = Position {
                identity: FileIdentity {
                    device: unsigned(row, 3)?,
                    inode: unsigned(row, 4)?,
                    birth_ns: row.get(5)?,
                },
                head: Head {
                    bytes: row.get(6)?,
                    hash: unsigned(row, 7)?,
                },
                markers: read_markers(row, 8)?,
                offset: unsigned(row, 9)?,
                mid_line: row.get(10)?,
                packing: read_packing(&row.get::<_, String>(11)?)?,
                path: row.get(12)?,
            };
            check_position(&position)?;
            let log = LogName {
                connector: row.get(1)?,
                log: row.get(2)?,
            };
            Ok(Some(StoredPosition {
                id: FileId(unsigned(row, 0)?),
                log,
                position,
            }))
        },
    )?;
    positions.sort_unstable_by_key(|stored| stored.id);
    Ok(positions)
}

fn read_markers(row: &Row<'_>, column: usize) -> Result<Vec<Marker>, Trouble> {
    let markers: Vec<(u64, u32, u64)> = json(row, column)?;
    Ok(markers
        .into_iter()
        .map(|(offset, bytes, hash)| Marker {
            offset,
            bytes,
            hash,
        })
        .collect())
}

fn read_packing(word: &str) -> Result<Packing, Trouble> {
    [Packing::Plain, Packing::Gzip]
        .into_iter()
        .find(|packing| packing_word(*packing) == word)
        .ok_or_else(|| Trouble::Damage(format!("packing `{word}` of a position")))
}

/// Holds what [`Position`] promises; hashes that do not fit the file are `tail`'s
/// business, since there the file may be the one that changed.
fn check_position(position: &Position) -> Result<(), Trouble> {
    let exceeds = |bytes: u32, most: usize| usize::try_from(bytes).is_ok_and(|bytes| most < bytes);
    let offsets: Vec<u64> = position
        .markers
        .iter()
        .map(|marker| marker.offset)
        .collect();
    let is_sound = !exceeds(position.head.bytes, HEAD_BYTES_MAX)
        && position.markers.len() <= MARKERS_MAX
        && !position
            .markers
            .iter()
            .any(|marker| exceeds(marker.bytes, MARKER_BYTES_MAX))
        && offsets
            .first()
            .is_none_or(|newest| *newest <= position.offset)
        && offsets.is_sorted_by(|newer, older| older < newer);
    if is_sound {
        return Ok(());
    }
    Err(Trouble::Damage(format!(
        "the markers of the position in `{}`",
        position.path
    )))
}

fn read_states(connection: &Connection) -> Result<Vec<(Arc<str>, ConnectorState)>, Trouble> {
    let mut states: BTreeMap<Arc<str>, ConnectorState> = BTreeMap::new();
    let aspects = rows(
        connection,
        "SELECT connector, aspect, state, since, event, reason FROM connector_state",
        |row| {
            let event: Option<String> = row.get(4)?;
            let evidence = Evidence {
                since: row
                    .get::<_, Option<String>>(3)?
                    .map(|since| time(&since))
                    .transpose()?,
                event: event.as_deref().and_then(EventKind::from_name),
                reason: reason(&row.get::<_, String>(5)?)?,
            };
            let (aspect, state): (String, String) = (row.get(1)?, row.get(2)?);
            Ok(Some((row.get::<_, Arc<str>>(0)?, aspect, state, evidence)))
        },
    )?;
    for (connector, aspect, word, evidence) in aspects {
        let state = states.entry(connector).or_default();
        if let Some(aspect) = Aspect::from_name(&aspect) {
            state.restore(aspect, &word, evidence);
        }
    }
    read_facts(connection, &mut states)?;
    Ok(states.into_iter().collect())
}

fn read_facts(
    connection: &Connection,
    states: &mut BTreeMap<Arc<str>, ConnectorState>,
) -> Result<(), Trouble> {
    let facts = rows(
        connection,
        "SELECT connector, name, value FROM connector_fact",
        |row| {
            let (connector, name, value): (Arc<str>, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Some((connector, name, Untrusted::new(&value))))
        },
    )?;
    for (connector, name, value) in facts {
        if let Some(fact) = Fact::from_name(&name) {
            states
                .entry(connector)
                .or_default()
                .facts
                .learn(fact, value);
        }
    }
    Ok(())
}

fn read_last_events(connection: &Connection) -> Result<Vec<LastEvent>, Trouble> {
    let query = "SELECT connector, event, at FROM last_event ORDER BY connector, event";
    rows(connection, query, |row| {
        let at = time(&row.get::<_, String>(2)?)?;
        let kind = EventKind::from_name(&row.get::<_, String>(1)?);
        let connector: Arc<str> = row.get(0)?;
        Ok(kind.map(|kind| LastEvent {
            connector,
            kind,
            at,
        }))
    })
}

fn read_recent_events(connection: &Connection) -> Result<Vec<RecentEvent>, Trouble> {
    rows(
        connection,
        "SELECT connector, log, file, offset, read_at, event, reason, time, fields
         FROM recent_event ORDER BY serial DESC",
        |row| {
            let fields: Vec<(String, String)> = json(row, 8)?;
            let Some(kind) = EventKind::from_name(&row.get::<_, String>(5)?) else {
                return Ok(None);
            };
            let event = Event {
                key: EventKey {
                    kind,
                    reason: reason(&row.get::<_, String>(6)?)?,
                },
                time: row
                    .get::<_, Option<String>>(7)?
                    .map(|text| time(&text))
                    .transpose()?,
                fields: fields
                    .into_iter()
                    .map(|(name, value)| Field {
                        name: name.into(),
                        value: Untrusted::new(&value),
                    })
                    .collect(),
            };
            Ok(Some(RecentEvent {
                connector: row.get(0)?,
                log: row.get(1)?,
                file: row.get(2)?,
                offset: unsigned(row, 3)?,
                read_at: time(&row.get::<_, String>(4)?)?,
                event,
                line: None,
            }))
        },
    )
}

fn read_near_misses(connection: &Connection) -> Result<Vec<NearMissSample>, Trouble> {
    let query = "SELECT connector, log, function, sample FROM near_miss
                 ORDER BY connector, log, function";
    rows(connection, query, |row| {
        Ok(Some(NearMissSample {
            log: LogName {
                connector: row.get(0)?,
                log: row.get(1)?,
            },
            function: row.get(2)?,
            sample: Untrusted::new(&row.get::<_, String>(3)?),
        }))
    })
}

fn read_last_reads(connection: &Connection) -> Result<Vec<LastRead>, Trouble> {
    let query = "SELECT connector, log, at FROM last_read ORDER BY connector, log";
    rows(connection, query, |row| {
        let log = LogName {
            connector: row.get(0)?,
            log: row.get(1)?,
        };
        Ok(Some(LastRead {
            log,
            at: time(&row.get::<_, String>(2)?)?,
        }))
    })
}

/// The bits of a column as an unsigned number, see `write_rows::to_column`.
pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, Trouble> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, Trouble> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| Trouble::Damage(format!("a list: {error}")))
}

pub(crate) fn time(text: &str) -> Result<Timestamp, Trouble> {
    text.parse()
        .map_err(|error: jiff::Error| Trouble::Damage(format!("a time: {error}")))
}

fn reason(word: &str) -> Result<Reason, Trouble> {
    if word.is_empty() {
        return Ok(Reason::none());
    }
    Reason::new(word).ok_or_else(|| Trouble::Damage(format!("a reason: {word:?}")))
}
