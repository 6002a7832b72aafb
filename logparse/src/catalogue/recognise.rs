//! Finds a line's one record, and the row that fits it.
//!
//! Names, URLs and headers that users choose stand inside messages. If any row
//! could match there, users could write events; so a line has one record, decided
//! by what stands at its front, and only that record's message is looked at:
//!
//! 1. the wizard's time stamp opens a text record, whatever follows;
//! 2. an anchor at the front, after known prefixes, opens its function's record;
//! 3. a text row that fits at the front wins over anchors further right;
//! 4. else the first anchor opens the record, if what precedes it looks like a
//!    prefix that we do not know (`prefix::open`).
//!
//! Known limit: who can make a component write a whole line of his own can write an
//! event. Rotation and permissions of the log are the only guard against that.
//!
//! All this holds for Publishers; the lines of endpoint clients are read by `client`.

use std::sync::Arc;

use jiff::tz::TimeZone;
use model::event::{Event, Field};
use model::untrusted::Untrusted;

use super::row::Meaning;
use super::{Catalogue, FunctionId, PairId, RowId};
use crate::date_order::DateOrder;
use crate::prefix::open::is_open_prefix;
use crate::prefix::{self, Context, Stripped, docker};
use crate::record::{Anchor, anchor_at_start, first_anchor};
use crate::timestamp::Stamp;

/// What is known about a line after looking at all of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// Whether Docker's JSON was around it.
    pub(crate) is_docker: bool,
    /// Whether it is a client's line without the time that the client writes first.
    pub(crate) is_bare: bool,
    /// What stood before the record.
    pub(crate) stripped: Stripped<'a>,
    /// The innermost time.
    pub(crate) stamp: Option<Stamp>,
    /// The anchor that opened the record; else it is a text record.
    pub(crate) anchor: Option<Anchor<'a>>,
    /// The name of the client's component whose text it is.
    pub(crate) component: Option<&'a [u8]>,
    /// What the prefix tells besides the time.
    pub(crate) context: Option<Context<'a>>,
    /// The record's text.
    pub(crate) message: &'a [u8],
    /// What it is.
    pub(crate) finding: Finding,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// This row knows it.
    Row(RowId, PairId),
    /// This row knows it, and it counts as nothing.
    Known(RowId),
    /// Rows know the function, none the message.
    NearMiss(FunctionId),
    /// No row knows the function.
    UnknownFunction,
    /// There is an anchor, where none may open a record.
    ForeignAnchor,
    /// No text row fits, and there is no anchor.
    NoRow,
    /// No record of a client begins here.
    NoRecord,
}

impl Catalogue {
    /// Reads one line without its line end. `unpacked` is a buffer for Docker's JSON.
    pub(crate) fn read<'a>(
        &self,
        line: &'a [u8],
        order: DateOrder,
        unpacked: &'a mut String,
    ) -> Reading<'a> {
        let docker_stamp = docker::unpack(line, unpacked);
        let text = match docker_stamp {
            Some(_) => unpacked.as_bytes(),
            None => line,
        };
        if self.reads_every_line() {
            self.read_client(text, order, docker_stamp)
        } else {
            self.read_publisher(text, docker_stamp)
        }
    }

    /// Reads one line for people: one that makes no event may still be known.
    pub(crate) fn read_for_people<'a>(
        &self,
        line: &'a [u8],
        unpacked: &'a mut String,
    ) -> Reading<'a> {
        let reading = self.read(line, DateOrder::default(), unpacked);
        match reading.finding {
            Finding::NoRow | Finding::NoRecord if self.reads_every_line() => {
                self.silent_client(reading)
            }
            Finding::NoRow => {
                let mut candidates = self.silent.of(reading.message);
                let known = candidates.find_map(|one| self.row_finding(one.row, reading.message));
                Reading {
                    finding: known.unwrap_or(Finding::NoRow),
                    ..reading
                }
            }
            Finding::Row(..)
            | Finding::Known(_)
            | Finding::NearMiss(_)
            | Finding::UnknownFunction
            | Finding::ForeignAnchor
            | Finding::NoRecord => reading,
        }
    }

    fn read_publisher<'a>(
        &self,
        text: &'a [u8],
        docker_stamp: Option<Option<Stamp>>,
    ) -> Reading<'a> {
        let stripped = prefix::strip(text);
        let (anchor, finding) = self.find(text, &stripped);
        Reading {
            is_docker: docker_stamp.is_some(),
            is_bare: false,
            stripped,
            stamp: stripped.stamp.or(docker_stamp.flatten()),
            anchor,
            component: None,
            context: None,
            message: anchor.map_or(stripped.rest, |anchor| anchor.message),
            finding,
        }
    }

    /// The event of a line that a row knows.
    pub(crate) fn event(&self, reading: &Reading<'_>, zone: &TimeZone) -> Option<Event> {
        let Finding::Row(row, pair) = reading.finding else {
            return None;
        };
        let mut fields = self.matchers.get(row.0)?.fields(reading.message);
        let asked = &self.rows.get(row.0)?.context;
        fields.extend(reading.context.and_then(|context| {
            let name = asked.iter().find(|name| ***name == *context.name)?;
            Some(Field {
                name: Arc::clone(name),
                value: Untrusted::from_bytes(context.value),
            })
        }));
        Some(Event {
            key: self.pairs.get(pair.0)?.clone(),
            time: reading.stamp.and_then(|stamp| stamp.time(zone)),
            fields,
        })
    }

    /// What `text` is, if the row fits it.
    pub(super) fn row_finding(&self, row: RowId, text: &[u8]) -> Option<Finding> {
        match self.matchers.get(row.0)?.meaning(text)? {
            Meaning::Event(pair) => Some(Finding::Row(row, pair)),
            Meaning::Nothing => Some(Finding::Known(row)),
        }
    }

    fn find<'a>(&self, text: &[u8], stripped: &Stripped<'a>) -> (Option<Anchor<'a>>, Finding) {
        let rest = stripped.rest;
        if stripped.is_wizard {
            return (None, self.text_finding(rest).unwrap_or(Finding::NoRow));
        }
        if let Some(anchor) = anchor_at_start(rest) {
            return (Some(anchor), self.function_finding(&anchor));
        }
        if let Some(finding) = self.text_finding(rest) {
            return (None, finding);
        }
        let Some((before, anchor)) = first_anchor(rest) else {
            return (None, Finding::NoRow);
        };
        let stripped_bytes = text.len() - rest.len();
        if !is_open_prefix(before, stripped_bytes + before.len()) {
            return (None, Finding::ForeignAnchor);
        }
        (Some(anchor), self.function_finding(&anchor))
    }

    fn text_finding(&self, text: &[u8]) -> Option<Finding> {
        self.text_set
            .matches(text)
            .into_iter()
            .find_map(|place| self.row_finding(*self.text_rows.get(place)?, text))
    }

    fn function_finding(&self, anchor: &Anchor<'_>) -> Finding {
        let known = (self.by_function.get(anchor.function).into_iter().flatten())
            .find(|function| function.file == anchor.file);
        let Some(function) = known else {
            return Finding::UnknownFunction;
        };
        let mut rows = function.rows.iter();
        let fitting = rows.find_map(|row| self.row_finding(*row, anchor.message));
        fitting.unwrap_or(Finding::NearMiss(function.id))
    }
}
