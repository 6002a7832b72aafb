//! Batches of bytes in, events and counts out: the fast road through the crate.
//!
//! Works on whole buffers: counts line ends, checks UTF-8, searches for literals,
//! and finds a line's bounds only where a literal stands. Only bytes that need care
//! (NULs, lines that are too long, UTF-16, the rest without a line end) are framed
//! line by line. Both roads give the same result, which a property test holds.
//! What a line means is `catalogue`'s, which lines are one record is `split`'s, and
//! what follows from an event is the caller's.
//!
//! Known limit: a chunk must hold a whole line, so callers bring at least
//! [`CHUNK_BYTES_MIN`] bytes at once if the file has them. Records that a container
//! runtime cut in parts and that are longer than such a chunk are cut there, too.

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::event::{Event, EventKey, EventKind};
use model::log::{LINE_BYTES_MAX, LineOutcome};

use crate::catalogue::recognise::{Finding, Reading};
use crate::catalogue::{Catalogue, FunctionId, PairId};
use crate::date_order::DateOrder;
use crate::framing::{Encoding, Frame, Framer, utf16};
use crate::split;
use crate::timestamp::LocalTime;

/// Fewest bytes that a caller's buffer should hold: a line of the greatest length, as
/// many NULs before it, and two sectors more. Of so many some are always consumed.
pub const CHUNK_BYTES_MIN: usize = 2 * LINE_BYTES_MAX + 1024;

/// What the fast road takes at once: small enough that its passes over the same
/// bytes find them in the processor's second cache.
const BLOCK_BYTES: usize = 128 * 1024;

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
    /// How the file writes dates that have only numbers.
    pub date_order: DateOrder,
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
    const fn note(&mut self, outcome: LineOutcome) {
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
    catalogue: &'a Catalogue,
    local: &'a LocalTime,
    key: &'a EventKey,
    pair: PairId,
    line: Line<'a>,
    reading: Reading<'a>,
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
        let event = self.catalogue.event(&self.reading, self.local.zone());
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
    line: Line<'a>,
    message: &'a [u8],
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
struct Line<'a> {
    offset: u64,
    text: &'a [u8],
    at: usize,
}

/// Finds the events of one log after another. Keeps its buffers between chunks.
#[derive(Debug)]
pub struct Scanner {
    catalogue: Arc<Catalogue>,
    local: LocalTime,
    /// Docker's lines, unpacked.
    unpacked: String,
    /// UTF-16 lines, decoded.
    decoded: String,
}

impl Scanner {
    /// A scanner for logs of one connector. `zone` is that of time stamps without one.
    pub fn new(catalogue: Arc<Catalogue>, zone: TimeZone) -> Self {
        Self {
            catalogue,
            local: LocalTime::new(zone),
            unpacked: String::new(),
            decoded: String::new(),
        }
    }

    /// Takes in whole lines; a rest without line end is left unless the chunk is final.
    ///
    /// However a file is cut into chunks, the sums of the tallies and what the sink
    /// is given are the same. A line over [`LINE_BYTES_MAX`] is counted once, when
    /// that many bytes of it have been seen; it is consumed as far as it goes and
    /// `mid_line` tells the next chunk to skip to its end. NULs at the front of a
    /// line belong to no line; if more of them than a line may have come at the end
    /// of a chunk, they are consumed without waiting for a line end.
    ///
    /// A record in parts is left until it is whole, and so is what follows it.
    ///
    /// `consumed` may be 0 for less than [`CHUNK_BYTES_MIN`] bytes: bring the same bytes
    /// again with more after them.
    pub fn scan(&mut self, input: Chunk<'_>, sink: &mut impl Sink) -> Scanned {
        let bytes = input.bytes;
        if input.is_final || input.encoding != Encoding::Utf8 {
            return self.scan_settled(input, sink);
        }
        let settled = split::settled_len(bytes, input.mid_line);
        let scanned = self.scan_settled(
            Chunk {
                bytes: bytes.get(..settled).unwrap_or(bytes),
                ..input
            },
            sink,
        );
        if scanned.consumed == 0 && CHUNK_BYTES_MIN <= bytes.len() {
            // Nothing was told yet, and to wait for more would be to wait for ever.
            return self.scan_settled(input, sink);
        }
        scanned
    }

    /// Takes in whole lines, whatever records they are parts of.
    fn scan_settled(&mut self, input: Chunk<'_>, sink: &mut impl Sink) -> Scanned {
        let encoding = input.encoding;
        let mut framer = Framer::new(input.bytes, encoding, input.mid_line, input.is_final);
        let mut tally = Tally::default();
        loop {
            if encoding == Encoding::Utf8 && !framer.is_mid_line() {
                let block = plain_lines(framer.rest());
                if !block.is_empty() {
                    let start = framer.consumed();
                    self.scan_block(start..start + block.len(), &input, &mut tally, sink);
                    framer.advance(block.len());
                    continue;
                }
            }
            match framer.next() {
                Some(frame) => self.scan_frame(&frame, &input, &mut tally, sink),
                None => break,
            }
        }
        Scanned {
            consumed: framer.consumed(),
            mid_line: framer.is_mid_line(),
            tally,
        }
    }

    /// Whole lines of UTF-8, none too long, without NUL: the fast road.
    fn scan_block(
        &mut self,
        place_of_block: Range<usize>,
        input: &Chunk<'_>,
        tally: &mut Tally,
        sink: &mut impl Sink,
    ) {
        if self.catalogue.reads_every_line() {
            return self.scan_each_line(place_of_block, input, tally, sink);
        }
        let block_at = place_of_block.start;
        let block = input.bytes.get(place_of_block).unwrap_or_default();
        let lines = count(memchr::memchr_iter(b'\n', block).count());
        let mut invalid = InvalidLines::new(block);
        let mut recognised = 0;
        let mut from = 0;
        while let Some(place) = self.catalogue.prefilter().find(block, from) {
            let before = block.get(from..place).unwrap_or_default();
            // A literal may hold no line end, so the last one before it bounds the line.
            let start = memchr::memrchr(b'\n', before).map_or(from, |end| from + end + 1);
            let after = block.get(place..).unwrap_or_default();
            let end = memchr::memchr(b'\n', after).map_or(block.len(), |len| place + len);
            let offset = place_in_file(input.offset, block_at + start);
            let line = Line {
                offset,
                text: line_text(block.get(start..end).unwrap_or_default(), offset),
                at: block_at + start,
            };
            if self.look_at(line, input, sink) == Look::Event {
                recognised += 1;
                invalid.forgive(start);
            }
            from = end + 1;
        }
        let invalid_utf8 = invalid.count();
        tally.lines += lines;
        tally.recognised += recognised;
        tally.invalid_utf8 += invalid_utf8;
        tally.ignored += lines - recognised - invalid_utf8;
    }

    /// The fast road of products of which most lines are events.
    fn scan_each_line(
        &mut self,
        place_of_block: Range<usize>,
        input: &Chunk<'_>,
        tally: &mut Tally,
        sink: &mut impl Sink,
    ) {
        let block_at = place_of_block.start;
        let block = input.bytes.get(place_of_block).unwrap_or_default();
        let invalid = InvalidLines::new(block);
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', block) {
            let offset = place_in_file(input.offset, block_at + start);
            let line = Line {
                offset,
                text: line_text(block.get(start..end).unwrap_or_default(), offset),
                at: block_at + start,
            };
            let look = self.look_at(line, input, sink);
            tally.note(look.outcome(invalid.holds(start)));
            start = end + 1;
        }
    }

    /// One thing that needed care.
    fn scan_frame(
        &mut self,
        frame: &Frame<'_>,
        input: &Chunk<'_>,
        tally: &mut Tally,
        sink: &mut impl Sink,
    ) {
        match *frame {
            Frame::Line { at, raw } => tally.note(self.scan_line(raw, at, input, sink)),
            Frame::OversizeBegins { bytes } => {
                tally.lines += 1;
                tally.oversize += 1;
                tally.oversize_bytes += count(bytes);
            }
            Frame::OversizeGoesOn { bytes } => tally.oversize_bytes += count(bytes),
            Frame::Nuls { bytes } => tally.nul_bytes += count(bytes),
        }
    }

    fn scan_line(
        &mut self,
        raw: &[u8],
        at: usize,
        input: &Chunk<'_>,
        sink: &mut impl Sink,
    ) -> LineOutcome {
        let offset = place_in_file(input.offset, at);
        if input.encoding == Encoding::Utf8 {
            let text = line_text(raw, offset);
            let look = self.judge(Line { offset, text, at }, input, sink);
            return look.outcome(simdutf8::basic::from_utf8(text).is_err());
        }
        let mut decoded = std::mem::take(&mut self.decoded);
        let is_valid = utf16::decode(raw, input.encoding, &mut decoded);
        let text = line_text(decoded.as_bytes(), offset);
        let look = self.judge(Line { offset, text, at }, input, sink);
        self.decoded = decoded;
        look.outcome(!is_valid)
    }

    /// What a line is, by the search, if there is one, and then by a look.
    fn judge(&mut self, line: Line<'_>, input: &Chunk<'_>, sink: &mut impl Sink) -> Look {
        let catalogue = &self.catalogue;
        let is_candidate =
            catalogue.reads_every_line() || catalogue.prefilter().find(line.text, 0).is_some();
        if is_candidate {
            self.look_at(line, input, sink)
        } else {
            Look::Nothing
        }
    }

    /// Reads a line and tells the sink what it is.
    fn look_at(&mut self, line: Line<'_>, input: &Chunk<'_>, sink: &mut impl Sink) -> Look {
        let Self {
            catalogue,
            local,
            unpacked,
            ..
        } = self;
        let reading = catalogue.read(line.text, input.date_order, unpacked);
        match reading.finding {
            Finding::Row(..) | Finding::NearMiss(_) if is_later_part(&line, input) => {
                if catalogue.reads_every_line() {
                    Look::NoRecord
                } else {
                    Look::Nothing
                }
            }
            Finding::Row(_, pair) => {
                let Some(key) = catalogue.pairs().get(pair.0) else {
                    return Look::Nothing;
                };
                sink.event(&Hit {
                    catalogue,
                    local,
                    key,
                    pair,
                    line,
                    reading,
                });
                Look::Event
            }
            Finding::NearMiss(function) => {
                let message = reading.message;
                sink.near_miss(function, &Miss { line, message });
                Look::Nothing
            }
            Finding::NoRecord => Look::NoRecord,
            Finding::Known(_)
            | Finding::UnknownFunction
            | Finding::ForeignAnchor
            | Finding::NoRow => Look::Nothing,
        }
    }
}

/// What a look at a line found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// An event.
    Event,
    /// Nothing that anybody wants.
    Nothing,
    /// No record begins in it.
    NoRecord,
}

impl Look {
    /// What became of the line, which may not be valid text.
    const fn outcome(self, is_invalid: bool) -> LineOutcome {
        match (self, is_invalid) {
            (Self::Event, _) => LineOutcome::Recognised,
            (Self::Nothing | Self::NoRecord, true) => LineOutcome::InvalidUtf8,
            (Self::NoRecord, false) => LineOutcome::Continuation,
            (Self::Nothing, false) => LineOutcome::Ignored,
        }
    }
}

/// Whether the line only goes on with a record that began before it.
fn is_later_part(line: &Line<'_>, input: &Chunk<'_>) -> bool {
    let before = input.bytes.get(..line.at).unwrap_or_default();
    // Container runtimes write UTF-8 whatever their containers do.
    input.encoding == Encoding::Utf8 && split::is_continuation(line.text, before, input.mid_line)
}

/// The lines of a block that are not UTF-8 and not recognised either.
struct InvalidLines {
    /// Starts of invalid lines, ascending.
    starts: Vec<usize>,
    forgiven: usize,
}

impl InvalidLines {
    fn new(block: &[u8]) -> Self {
        let mut starts = Vec::new();
        // Nearly every block is valid, and to check it whole is fastest.
        if simdutf8::basic::from_utf8(block).is_err() {
            let mut from = 0;
            while let Some(rest) = block.get(from..)
                && let Err(error) = simdutf8::compat::from_utf8(rest)
            {
                let place = from + error.valid_up_to();
                let before = block.get(from..place).unwrap_or_default();
                starts.push(memchr::memrchr(b'\n', before).map_or(from, |end| from + end + 1));
                let after = block.get(place..).unwrap_or_default();
                from = memchr::memchr(b'\n', after).map_or(block.len(), |len| place + len + 1);
            }
        }
        Self {
            starts,
            forgiven: 0,
        }
    }

    /// The line at `start` is recognised, whatever its bytes.
    fn forgive(&mut self, start: usize) {
        if self.holds(start) {
            self.forgiven += 1;
        }
    }

    /// Whether the line at `start` is one of them.
    fn holds(&self, start: usize) -> bool {
        self.starts.binary_search(&start).is_ok()
    }

    fn count(&self) -> u64 {
        count(self.starts.len() - self.forgiven)
    }
}

/// The lines at the front of `rest` that the fast road may take: whole, none too
/// long, no NUL among them, at most [`BLOCK_BYTES`].
fn plain_lines(rest: &[u8]) -> &[u8] {
    let window = rest.get(..BLOCK_BYTES).unwrap_or(rest);
    let without_nul = window.get(..memchr::memchr(0, window).unwrap_or(window.len()));
    let window = without_nul.unwrap_or(window);
    let end = memchr::memrchr(b'\n', window).map_or(0, |place| place + 1);
    let lines = window.get(..end).unwrap_or_default();
    // From each line's start, look back from the farthest place where it may end:
    // no need to see each line.
    let mut start = 0;
    while LINE_BYTES_MAX < lines.len() - start {
        let reach = lines
            .get(start..=start + LINE_BYTES_MAX)
            .unwrap_or_default();
        match memchr::memrchr(b'\n', reach) {
            Some(place) => start += place + 1,
            None => return lines.get(..start).unwrap_or_default(),
        }
    }
    lines
}

/// A line without its carriage return and, at the start of the file, without its
/// byte order mark.
fn line_text(raw: &[u8], offset: u64) -> &[u8] {
    let text = raw.strip_suffix(b"\r").unwrap_or(raw);
    if offset != 0 {
        return text;
    }
    // UTF-16 is decoded by now, so its mark looks the same.
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

fn place_in_file(offset: u64, at: usize) -> u64 {
    offset.saturating_add(count(at))
}

/// No machine has a `usize` wider than 64 bits.
fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
