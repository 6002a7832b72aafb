//! What a scan tells: events, near misses, and counts of lines.
//!
//! Only shapes and what can be asked of them; how a line comes to be one of these is
//! `scan`'s.

use jiff::Timestamp;
use model::event::{Event, EventKey, EventKind};
use model::log::LineOutcome;

use crate::catalogue::recognise::Reading;
use crate::catalogue::{Catalogue, FunctionId, PairId};
use crate::timestamp::LocalTime;

/// Counts of lines by outcome, and of bytes that were skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All lines: the sum of the next five.
    pub lines: u64,
    /// Lines of which a row made an event.
    pub recognised: u64,
    /// Lines that no row wants, near misses among them.
    pub ignored: u64,
    /// Lines over [`model::log::LINE_BYTES_MAX`].
    pub oversize: u64,
    /// Lines that are not valid text and that no row wants.
    pub invalid_utf8: u64,
    /// Lines that begin no record, of products whose records all begin in a known way.
    pub continuation: u64,
    /// Bytes of oversize lines, without their line ends.
    pub oversize_bytes: u64,
    /// Bytes of skipped runs of NUL.
    pub nul_bytes: u64,
}

impl Tally {
    /// Counts one line whose length is within the bound.
    pub(super) const fn note(&mut self, outcome: LineOutcome) {
        self.lines += 1;
        match outcome {
            LineOutcome::Recognised => self.recognised += 1,
            LineOutcome::Ignored => self.ignored += 1,
            LineOutcome::Oversize => self.oversize += 1,
            LineOutcome::InvalidUtf8 => self.invalid_utf8 += 1,
            LineOutcome::Continuation => self.continuation += 1,
        }
    }
}

/// Takes what a scan finds, in the order of the file.
pub trait Sink {
    /// A line was an event.
    fn event(&mut self, hit: &Hit<'_>);

    /// A line is a record of a known function, and no row knows its text.
    fn near_miss(&mut self, function: FunctionId, miss: &Miss<'_>) {
        let _ = (function, miss);
    }
}

/// A line that is an event.
#[derive(Debug)]
pub struct Hit<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) local: &'a LocalTime,
    pub(super) key: &'a EventKey,
    pub(super) pair: PairId,
    pub(super) line: Line<'a>,
    pub(super) reading: &'a Reading<'a>,
}

impl Hit<'_> {
    /// Which `(event, reason)` it is.
    pub fn pair(&self) -> PairId {
        self.pair
    }

    /// The event and its reason.
    pub fn key(&self) -> &EventKey {
        self.key
    }

    /// The event without its reason.
    pub fn kind(&self) -> EventKind {
        self.key.kind
    }

    /// Where the line begins in the file, in bytes.
    pub fn offset(&self) -> u64 {
        self.line.offset
    }

    /// The whole line without its end; as UTF-8 if the file is UTF-16.
    pub fn line(&self) -> &[u8] {
        self.line.text
    }

    /// When it happened, by the line's own words. Does not allocate.
    pub fn time(&self) -> Option<Timestamp> {
        self.reading.stamp.and_then(|stamp| self.local.time(&stamp))
    }

    /// The event with its fields. Allocates: ask only for events that someone keeps.
    pub fn event(&self) -> Event {
        let event = self.catalogue.event(self.reading, self.local.zone());
        event.unwrap_or_else(|| Event {
            key: self.key.clone(),
            time: self.time(),
            fields: Vec::new(),
        })
    }
}

/// A line whose function is known and whose text is not.
#[derive(Debug)]
pub struct Miss<'a> {
    pub(super) line: Line<'a>,
    pub(super) message: &'a [u8],
}

impl Miss<'_> {
    /// Where the line begins in the file, in bytes.
    pub fn offset(&self) -> u64 {
        self.line.offset
    }

    /// The whole line without its end; as UTF-8 if the file is UTF-16.
    pub fn line(&self) -> &[u8] {
        self.line.text
    }

    /// The text after the anchor, which fits no row.
    pub fn message(&self) -> &[u8] {
        self.message
    }
}

/// A line's text, and where it begins in the file and in the chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) offset: u64,
    pub(super) text: &'a [u8],
    pub(super) at: usize,
}

/// What a look at a line found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// An event.
    Event,
    /// Nothing that anybody wants.
    Nothing,
    /// No record begins in it.
    NoRecord,
}

impl Look {
    /// What became of the line, which may not be valid text.
    pub(super) const fn outcome(self, is_invalid: bool) -> LineOutcome {
        match (self, is_invalid) {
            (Self::Event, _) => LineOutcome::Recognised,
            (Self::Nothing | Self::NoRecord, true) => LineOutcome::InvalidUtf8,
            (Self::NoRecord, false) => LineOutcome::Continuation,
            (Self::Nothing, false) => LineOutcome::Ignored,
        }
    }
}
