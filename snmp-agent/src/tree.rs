//! Everything that can be asked, sorted: GET finds, GETNEXT goes on from there.
//!
//! A [`Tree`] is made of one sample of the host, one snapshot of the connectors and the
//! agent's own facts, and does not change afterwards; who has newer ones makes a new
//! tree. Each row carries its variable binding as it goes on the wire, so that an answer
//! is mostly copying. A few values are of the moment of asking (uptime, counters):
//! [`Live`].
//!
//! Which object has which value is not decided here but by the views below, one module
//! for each MIB. Who may see what is in [`crate::access`].

pub mod history;
mod host_resources;
pub mod indexes;
mod interfaces;
pub(crate) mod snmp;
mod system;
mod ucd;
mod ucd_disk;
pub mod ztna;

use std::time::Duration;

use jiff::Timestamp;
use model::host::HostSample;
use model::snapshot::Snapshot;

use self::history::History;
use self::indexes::Indexes;
use crate::alert::Alert;
use crate::ber;
use crate::counters::{Counter, Counters};
use crate::oid::{Oid, join};
use crate::value::{Value, low_word};

/// What the agent knows about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentFacts {
    /// sysContact: whom to call.
    pub contact: String,
    /// sysLocation: where the host stands.
    pub location: String,
    /// snmpEngineID. Empty without SNMPv3.
    pub engine_id: Vec<u8>,
    /// Largest message that is taken: snmpEngineMaxMessageSize.
    pub message_size_max: u32,
}

/// Everything that a tree is made of.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The host.
    pub host: &'a HostSample,
    /// The connectors.
    pub snapshot: &'a Snapshot,
    /// The agent.
    pub facts: &'a AgentFacts,
    /// What the host's counts were a minute ago.
    pub history: &'a History,
    /// The numbers of rows that must not change.
    pub indexes: &'a Indexes,
    /// What is firing.
    pub alerts: &'a [Alert],
    /// Now, for ages.
    pub now: Timestamp,
    /// The agent's uptime now.
    pub uptime: Duration,
    /// Where our own MIB hangs.
    pub base: &'a Oid,
}

/// A value of the moment of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Live {
    /// The agent's uptime.
    Uptime,
    /// The host's uptime: the agent's and this much more.
    HostUptime(Duration),
    /// snmpEngineBoots.
    EngineBoots,
    /// snmpEngineTime.
    EngineTime,
    /// A counter of the agent.
    Counter(Counter),
}

/// What the live values are made of.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The agent's uptime.
    pub uptime: Duration,
    /// How often the engine has been started.
    pub engine_boots: u32,
    /// Since the engine was started, in seconds.
    pub engine_time: u32,
    /// The agent's counters.
    pub counters: &'a Counters,
}

impl Live {
    /// The value now.
    pub fn value(self, moment: &Moment<'_>) -> Value {
        let seconds = |number| Value::Integer(i32::try_from(number).unwrap_or(i32::MAX));
        match self {
            Self::Uptime => Value::TimeTicks(hundredths(moment.uptime)),
            Self::HostUptime(earlier) => {
                Value::TimeTicks(hundredths(moment.uptime.saturating_add(earlier)))
            }
            Self::EngineBoots => seconds(moment.engine_boots),
            Self::EngineTime => seconds(moment.engine_time),
            Self::Counter(counter) => Value::Counter32(moment.counters.get(counter)),
        }
    }
}

/// Hundredths of a second, wrapping after 497 days as TimeTicks does.
pub fn hundredths(time: Duration) -> u32 {
    let all = time.as_millis() / 10;
    low_word(u64::try_from(all).unwrap_or(u64::MAX))
}

/// What a row holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// The value, and its variable binding on the wire.
    Fixed(Value, Box<[u8]>),
    /// A value of the moment.
    Live(Live),
}

/// One instance of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name.
    pub oid: Oid,
    /// What it holds.
    pub cell: Cell,
}

impl Row {
    /// The value now.
    pub fn value(&self, moment: &Moment<'_>) -> Value {
        match &self.cell {
            Cell::Fixed(value, _) => value.clone(),
            Cell::Live(live) => live.value(moment),
        }
    }

    /// Appends the variable binding.
    pub fn write(&self, out: &mut Vec<u8>, moment: &Moment<'_>) {
        match &self.cell {
            Cell::Fixed(_, binding) => out.extend_from_slice(binding),
            Cell::Live(live) => out.extend(binding(self.oid.numbers(), &live.value(moment))),
        }
    }

    /// Whether SNMPv1 has the row's type.
    pub const fn is_known_to_v1(&self) -> bool {
        !matches!(self.cell, Cell::Fixed(Value::Counter64(_), _))
    }
}

/// A name and its value as they go on the wire.
pub fn binding(name: &[u32], value: &Value) -> Vec<u8> {
    let mut content = Vec::with_capacity(32);
    ber::write_oid(&mut content, name);
    value.write(&mut content);
    let mut out = Vec::with_capacity(content.len().saturating_add(2));
    ber::write(&mut out, ber::SEQUENCE, &content);
    out
}

/// What a GET finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found<'a> {
    /// The instance.
    Row(&'a Row),
    /// No object of ours has this name (RFC 3416 4.2.1).
    NoSuchObject,
    /// The object is ours, and has no such instance.
    NoSuchInstance,
}

/// All rows in their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree {
    // Invariant: sorted by name, no name twice.
    rows: Vec<Row>,
    // Invariant: sorted, none twice; the names of objects, without their instances.
    objects: Vec<Oid>,
}

impl Tree {
    /// Makes the tree of everything that is known.
    pub fn build(inputs: &Inputs<'_>) -> Self {
        let mut builder = Builder::default();
        system::add(&mut builder, inputs);
        interfaces::add(&mut builder, inputs);
        snmp::add(&mut builder, inputs);
        host_resources::add(&mut builder, inputs);
        ucd::add(&mut builder, inputs);
        ucd_disk::add(&mut builder, inputs);
        ztna::add(&mut builder, inputs);
        builder.finish()
    }

    /// The instance of exactly this name.
    pub fn get(&self, name: &[u32]) -> Found<'_> {
        let found = self
            .rows
            .binary_search_by(|row| row.oid.numbers().cmp(name));
        if let Some(row) = found.ok().and_then(|place| self.rows.get(place)) {
            return Found::Row(row);
        }
        // No object of ours lies below another, so the last one that is not behind the
        // name is the only one that can hold it.
        let behind = self
            .objects
            .partition_point(|object| object.numbers() <= name);
        let object = behind
            .checked_sub(1)
            .and_then(|last| self.objects.get(last));
        match object {
            Some(object) if name.starts_with(object.numbers()) => Found::NoSuchInstance,
            Some(_) | None => Found::NoSuchObject,
        }
    }

    /// The place of the first row behind a name, whether or not the name is a row.
    pub fn place_after(&self, name: &[u32]) -> usize {
        self.rows.partition_point(|row| row.oid.numbers() <= name)
    }

    /// The row at a place, counted from 0 in the order of names.
    pub fn row(&self, place: usize) -> Option<&Row> {
        self.rows.get(place)
    }

    /// The row behind a name.
    pub fn next(&self, name: &[u32]) -> Option<&Row> {
        self.row(self.place_after(name))
    }

    /// All rows in order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The names of all objects that are served, without their instances.
    pub fn objects(&self) -> &[Oid] {
        &self.objects
    }
}

/// Collects rows in any order.
#[derive(Debug, Default)]
pub struct Builder {
    rows: Vec<Row>,
    objects: Vec<Oid>,
}

impl Builder {
    /// A scalar: the object, and its one instance `.0`.
    pub fn scalar(&mut self, object: &[u32], value: Value) {
        self.objects.push(Oid::new(object));
        self.fixed(join(object, &[0]), value);
    }

    /// A scalar whose value may not be known: then only the object is.
    pub fn scalar_if_known(&mut self, object: &[u32], value: Option<Value>) {
        self.objects.push(Oid::new(object));
        if let Some(value) = value {
            self.fixed(join(object, &[0]), value);
        }
    }

    /// A scalar of the moment.
    pub fn live(&mut self, object: &[u32], live: Live) {
        self.objects.push(Oid::new(object));
        self.rows.push(Row {
            oid: join(object, &[0]),
            cell: Cell::Live(live),
        });
    }

    /// A table by the name of its entry, with all its columns, whether or not it has rows.
    pub fn table(&mut self, entry: &[u32], columns: &[u32]) -> TableBuilder<'_> {
        let objects = columns.iter().map(|column| join(entry, &[*column]));
        self.objects.extend(objects);
        TableBuilder {
            builder: self,
            entry: entry.to_vec(),
        }
    }

    fn fixed(&mut self, oid: Oid, value: Value) {
        let binding = binding(oid.numbers(), &value).into();
        self.rows.push(Row {
            oid,
            cell: Cell::Fixed(value, binding),
        });
    }

    /// Sorts. Of two rows with one name the first stays: a host that has two interfaces
    /// of one index must not make a walk go in circles.
    pub fn finish(mut self) -> Tree {
        self.rows.sort_by(|one, other| one.oid.cmp(&other.oid));
        self.rows.dedup_by(|later, first| later.oid == first.oid);
        self.objects.sort();
        self.objects.dedup();
        Tree {
            rows: self.rows,
            objects: self.objects,
        }
    }
}

/// Adds the rows of one table.
#[derive(Debug)]
pub struct TableBuilder<'a> {
    builder: &'a mut Builder,
    entry: Vec<u32>,
}

impl TableBuilder<'_> {
    /// One cell.
    pub fn cell(&mut self, column: u32, index: &[u32], value: Value) {
        let oid = join(&self.entry, &[&[column], index].concat());
        self.builder.fixed(oid, value);
    }

    /// One cell that may not be known: then there is no such instance.
    pub fn cell_if_known(&mut self, column: u32, index: &[u32], value: Option<Value>) {
        if let Some(value) = value {
            self.cell(column, index, value);
        }
    }

    /// The cells of a row, column by column.
    pub fn row(&mut self, index: &[u32], cells: impl IntoIterator<Item = (u32, Value)>) {
        for (column, value) in cells {
            self.cell(column, index, value);
        }
    }
}

#[cfg(test)]
mod tests;
