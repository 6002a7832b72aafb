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

use jiff::tz::TimeZone;
use model::connector::ConnectorKind;
use model::event::Event;

use super::{Catalogue, FunctionId, PairId, RowId};
use crate::date_order::DateOrder;
use crate::prefix::open::is_open_prefix;
use crate::prefix::{self, Opened, Stripped, Style, cato, docker, netskope_client};
use crate::record::{Anchor, anchor_at_start, first_anchor};
use crate::timestamp::Stamp;

/// What is known about a line after looking at all of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// Whether Docker's JSON was around it.
    pub(crate) is_docker: bool,
    /// What stood before the record.
    pub(crate) stripped: Stripped<'a>,
    /// The innermost time.
    pub(crate) stamp: Option<Stamp>,
    /// The anchor that opened the record; else it is a text record.
    pub(crate) anchor: Option<Anchor<'a>>,
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
        let opened = match self.kind {
            ConnectorKind::NetskopePublisher => return self.read_publisher(text, docker_stamp),
            ConnectorKind::NetskopeClient => netskope_client::strip(text),
            ConnectorKind::CatoClient => cato::strip(text, order),
        };
        self.read_client(text, opened, docker_stamp)
    }

    /// A client's line: a record after its product's prefix, or a text without any.
    fn read_client<'a>(
        &self,
        text: &'a [u8],
        opened: Option<Opened<'a>>,
        docker_stamp: Option<Option<Stamp>>,
    ) -> Reading<'a> {
        let rest = opened.map_or(text, |opened| opened.rest);
        let none = if opened.is_some() {
            Finding::NoRow
        } else {
            Finding::NoRecord
        };
        let stamp = opened.and_then(|opened| opened.stamp);
        Reading {
            is_docker: docker_stamp.is_some(),
            stripped: Stripped {
                styles: [opened.map(|opened| Style::Client(opened.style)), None, None],
                stamp,
                is_wizard: false,
                rest,
            },
            stamp: stamp.or(docker_stamp.flatten()),
            anchor: None,
            message: rest,
            finding: self.text_finding(rest).unwrap_or(none),
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
            stripped,
            stamp: stripped.stamp.or(docker_stamp.flatten()),
            anchor,
            message: anchor.map_or(stripped.rest, |anchor| anchor.message),
            finding,
        }
    }

    /// The event of a line that a row knows.
    pub(crate) fn event(&self, reading: &Reading<'_>, zone: &TimeZone) -> Option<Event> {
        let Finding::Row(row, pair) = reading.finding else {
            return None;
        };
        Some(Event {
            key: self.pairs.get(pair.0)?.clone(),
            time: reading.stamp.and_then(|stamp| stamp.time(zone)),
            fields: self.matchers.get(row.0)?.fields(reading.message),
        })
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
        self.text_set.matches(text).into_iter().find_map(|place| {
            let row = *self.text_rows.get(place)?;
            let pair = self.matchers.get(row.0)?.pair(text)?;
            Some(Finding::Row(row, pair))
        })
    }

    fn function_finding(&self, anchor: &Anchor<'_>) -> Finding {
        let known = (self.by_function.get(anchor.function).into_iter().flatten())
            .find(|function| function.file == anchor.file);
        let Some(function) = known else {
            return Finding::UnknownFunction;
        };
        let fitting = function.rows.iter().find_map(|row| {
            let pair = self.matchers.get(row.0)?.pair(anchor.message)?;
            Some(Finding::Row(*row, pair))
        });
        fitting.unwrap_or(Finding::NearMiss(function.id))
    }
}
