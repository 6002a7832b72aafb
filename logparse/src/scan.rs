//! Batches of bytes in, events and counts out: the fast road through the crate.
//!
//! Works on whole buffers: counts line ends, checks UTF-8, searches for literals,
//! and finds a line's bounds only where a literal stands; each line's bounds only for
//! products of which most lines are events. Only bytes that need care
//! (NULs, lines that are too long, UTF-16, the rest without a line end) are framed
//! line by line. Both roads give the same result, which a property test holds.
//! What a line means is `catalogue`'s, which lines are one record is `split`'s, and
//! what follows from an event is the caller's.
//!
//! Known limit: a chunk must hold a whole line, so callers bring at least
//! [`CHUNK_BYTES_MIN`] bytes at once if the file has them. Records that a container
//! runtime cut in parts and that are longer than such a chunk are cut there, too.

mod blocks;
mod told;

use std::ops::Range;
use std::sync::Arc;

use jiff::tz::TimeZone;
use model::log::{LINE_BYTES_MAX, LineOutcome};

pub use self::told::{Hit, Miss, Sink, Tally};

use self::blocks::{InvalidLines, plain_lines};
use self::told::{Line, Look};
use crate::catalogue::Catalogue;
use crate::catalogue::recognise::Finding;
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
    /// Whether the file's records begin with its product's time, by
    /// [`is_stamped`](crate::stamped::is_stamped): then a client's line that does not is
    /// never an event.
    pub is_stamped: bool,
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
        let invalid_utf8 = count(invalid.count());
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
        if input.is_stamped && reading.is_bare {
            // It goes on with a record: what a program's name or a device's answer says
            // behind a line end would else be an event.
            return Look::NoRecord;
        }
        match reading.finding {
            // A client's records are no runtime's unless they came in its JSON.
            Finding::Row(..) | Finding::NearMiss(_)
                if (reading.is_docker || !catalogue.reads_every_line())
                    && is_later_part(&line, input) =>
            {
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
                    reading: &reading,
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

/// Whether the line only goes on with a record that began before it.
fn is_later_part(line: &Line<'_>, input: &Chunk<'_>) -> bool {
    let before = input.bytes.get(..line.at).unwrap_or_default();
    // Container runtimes write UTF-8 whatever their containers do.
    input.encoding == Encoding::Utf8 && split::is_continuation(line.text, before, input.mid_line)
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
