//! ZTNA-EXPORTER-MIB: the connectors, their states, events, logs and tools, active
//! probes, alerts, and what a host has that no other MIB knows.
//!
//! The text is `mib/ZTNA-EXPORTER-MIB.txt`; a test holds text and tree together, object
//! by object. A part that a product does not have is no instance: "unknown" would be a
//! question that nobody can answer. So is a date that is not known.
//!
//! Names are bounded and cleaned: a log line may hold anything, a poller's screen may not.

mod connectors;
mod host;
mod host_tables;
mod logs;
mod probes;

use jiff::Timestamp;
use model::connector::Mood;

use super::{Builder, Inputs};
use crate::alert::Alert;
use crate::oid::{Oid, join};
use crate::value::Value;

/// Where the MIB hangs until there is an enterprise number of our own: below net-snmp's
/// arc for experiments.
pub const DEFAULT_BASE: &[u32] = &[1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 10942];

/// Below the base: `ztnaObjects`.
const OBJECTS: &[u32] = &[1, 1];

/// Below the base: `ztnaNotifications`.
const NOTIFICATIONS: &[u32] = &[1, 0];

/// Numbers below [`OBJECTS`].
const ALERT_COUNT: u32 = 2;
const ALERT_SEQUENCE: u32 = 3;
const ALERT_TABLE: u32 = 4;

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    connectors::add(builder, inputs);
    logs::add(builder, inputs);
    host::add(builder, inputs);
    host_tables::add(builder, inputs);
    probes::add(builder, inputs);
    add_alerts(builder, inputs);
}

/// The name of an object of ours.
pub fn object(base: &Oid, tail: &[u32]) -> Oid {
    join(base.numbers(), &[OBJECTS, tail].concat())
}

/// The name of a notification of ours.
pub fn notification(base: &Oid, number: u32) -> Oid {
    join(base.numbers(), &[NOTIFICATIONS, &[number]].concat())
}

/// The entry of a table of ours.
fn entry(inputs: &Inputs<'_>, table: u32) -> Oid {
    object(inputs.base, &[table, 1])
}

/// Text as a poller may show it: without control characters.
pub fn shown(text: &str) -> Value {
    Value::text(&model::untrusted::printable(text))
}

/// ZtnaState: how good a state is, whatever it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Common {
    Ok,
    Disabled,
    Unknown,
    Warning,
    Error,
}

impl Common {
    const fn value(self) -> Value {
        Value::Integer(match self {
            Self::Unknown => 1,
            Self::Ok => 2,
            Self::Warning => 3,
            Self::Error => 4,
            Self::Disabled => 5,
        })
    }

    /// What a state's word and mood come to. Words that are neither good nor bad are on
    /// their way (warning), wished by somebody (disabled), or not known.
    fn of(word: &str, mood: Mood) -> Self {
        match (mood, word) {
            (Mood::Good, _) => Self::Ok,
            (Mood::Bad, "connected_warning") => Self::Warning,
            (Mood::Bad, _) => Self::Error,
            (Mood::Open, "unknown") => Self::Unknown,
            (Mood::Open, "disabled" | "uninstalled") => Self::Disabled,
            (Mood::Open, _) => Self::Warning,
        }
    }
}

/// The columns of an alert, also the content of a notification.
pub fn alert_cells(alert: &Alert) -> [(u32, Value); 6] {
    [
        (2, shown(&alert.rule)),
        (3, Value::Integer(alert.severity.number())),
        (4, shown(&alert.connector)),
        (5, Value::date(alert.since)),
        (6, shown(&alert.summary)),
        (7, shown(&alert.action)),
    ]
}

/// The name of an alert's column.
pub fn alert_object(base: &Oid, column: u32, index: u32) -> Oid {
    object(base, &[ALERT_TABLE, 1, column, index])
}

/// The name of the number in every notification.
pub fn sequence_object(base: &Oid) -> Oid {
    object(base, &[ALERT_SEQUENCE, 0])
}

fn add_alerts(builder: &mut Builder, inputs: &Inputs<'_>) {
    let count = u64::try_from(inputs.alerts.len()).unwrap_or(u64::MAX);
    let name = object(inputs.base, &[ALERT_COUNT]);
    builder.scalar(name.numbers(), Value::gauge(count));
    let entry = entry(inputs, ALERT_TABLE);
    let mut table = builder.table(entry.numbers(), &[2, 3, 4, 5, 6, 7]);
    for alert in inputs.alerts {
        table.row(&[alert.index], alert_cells(alert));
    }
}

/// Whole seconds from `then` to `now`, 0 if it lies ahead.
fn age_seconds(then: Timestamp, now: Timestamp) -> u64 {
    let seconds = now.as_second().saturating_sub(then.as_second());
    u64::try_from(seconds).unwrap_or(0)
}

#[cfg(test)]
mod tests;
