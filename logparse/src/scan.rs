//! Batches of bytes in, events out.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::event::{Event, EventKey, EventKind};

use crate::catalogue::{Catalogue, FunctionId, PairId};
use crate::framing::Encoding;

/// A piece of a file.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Where the first of them stands in the file.
    pub offset: u64,
    /// How the file is encoded.
    pub encoding: Encoding,
    /// The bytes begin inside a line that is too long: skip to its end.
    pub mid_line: bool,
    /// Nothing will follow: a rest without line end is a line.
    pub is_final: bool,
}

/// What became of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// How many bytes are done. The caller brings the others again, with more after them.
    pub consumed: usize,
    /// Whether the next chunk begins inside a line that is too long.
    pub mid_line: bool,
    /// What was in the consumed bytes.
    pub tally: Tally,
}

/// Counts of lines by outcome, and of bytes that were skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All lines: the sum of the next four.
    pub lines: u64,
    /// Lines of which a row made an event.
    pub recognised: u64,
    /// Lines that no row wants, near misses among them.
    pub ignored: u64,
    /// Lines over [`model::log::LINE_BYTES_MAX`].
    pub oversize: u64,
    /// Lines that are not valid text and that no row wants.
    pub invalid_utf8: u64,
    /// Bytes of oversize lines, without their line ends.
    pub oversize_bytes: u64,
    /// Bytes of skipped runs of NUL.
    pub nul_bytes: u64,
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
    line: &'a [u8],
    key: &'a EventKey,
    offset: u64,
}

impl Hit<'_> {
    /// Which `(event, reason)` it is.
    pub fn pair(&self) -> PairId {
        PairId(0)
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
        self.offset
    }

    /// The whole line without its end; as UTF-8 if the file is UTF-16.
    pub fn line(&self) -> &[u8] {
        self.line
    }

    /// When it happened, by the line's own words.
    pub fn time(&self) -> Option<Timestamp> {
        None
    }

    /// The event with its fields. Allocates: ask only for events that someone keeps.
    pub fn event(&self) -> Event {
        Event {
            key: self.key.clone(),
            time: self.time(),
            fields: Vec::new(),
        }
    }
}

/// A line whose function is known and whose text is not.
#[derive(Debug)]
pub struct Miss<'a> {
    line: &'a [u8],
    offset: u64,
}

impl Miss<'_> {
    /// Where the line begins in the file, in bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The whole line without its end; as UTF-8 if the file is UTF-16.
    pub fn line(&self) -> &[u8] {
        self.line
    }
}

/// Finds the events of one log after another. Keeps its buffers between chunks.
#[derive(Debug)]
pub struct Scanner {
    catalogue: Arc<Catalogue>,
    zone: TimeZone,
}

impl Scanner {
    /// A scanner for logs of one connector. `zone` is that of time stamps without one.
    pub fn new(catalogue: Arc<Catalogue>, zone: TimeZone) -> Self {
        Self { catalogue, zone }
    }

    /// Takes in whole lines; a rest without line end is left unless the chunk is final.
    pub fn scan(&mut self, input: Chunk<'_>, sink: &mut impl Sink) -> Scanned {
        let _ = (&self.catalogue, &self.zone, sink);
        Scanned {
            consumed: input.bytes.len(),
            mid_line: false,
            tally: Tally::default(),
        }
    }
}
