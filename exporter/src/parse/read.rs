//! Feeds a whole source to whoever wants its lines.

use indicatif::ProgressBar;
use logparse::date_order::{DateOrder, FileDates, Piece};
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Scanner, Sink, Tally};

use super::input::BytesSource;
use crate::pipeline::fold::Fold;

/// Bytes read at a time: fits the second-level cache of small machines, and holds
/// several lines of the greatest length.
const BUFFER_BYTES: usize = 256 * 1024;

/// What takes a whole source: its events, and what each chunk's lines came to.
pub trait SourceSink: Sink {
    /// A chunk of `bytes` was scanned.
    fn chunk(&mut self, tally: &Tally, bytes: u64);

    /// Whether nothing more is wanted, for example because nobody reads any more.
    fn has_enough(&self) -> bool {
        false
    }
}

impl SourceSink for Fold<'_> {
    fn chunk(&mut self, tally: &Tally, bytes: u64) {
        self.add_up(tally, bytes);
    }
}

/// One source on its way through a scanner.
pub struct Reader<'a> {
    /// Where the bytes come from.
    pub source: BytesSource,
    /// How the source writes dates that have only numbers, as far as its name and its
    /// start tell.
    pub date_order: DateOrder,
    /// What its lines told of that; `None` for a product whose dates tell by themselves.
    pub dates: Option<FileDates>,
    /// The file's name, if it has one.
    pub file_name: Option<&'a str>,
    /// Whether its records begin with their product's time.
    pub is_stamped: bool,
    /// Shows people how far it is.
    pub progress: &'a ProgressBar,
}

impl Reader<'_> {
    /// Feeds the whole source to `sink`, and returns how many bytes it had, unpacked.
    ///
    /// # Errors
    ///
    /// Whatever reading says.
    pub fn scan(
        &mut self,
        scanner: &mut Scanner,
        sink: &mut impl SourceSink,
    ) -> std::io::Result<u64> {
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut reach = Reach::default();
        loop {
            let free = buffer.get_mut(reach.filled..).unwrap_or_default();
            let read = self.source.read(free)?;
            reach.filled = reach.filled.saturating_add(read);
            let bytes = buffer.get(..reach.filled).unwrap_or_default();
            if reach.offset == 0 && reach.encoding.is_none() {
                reach.encoding = Some(Encoding::sniff(bytes));
            }
            let encoding = reach.encoding.unwrap_or_default();
            let piece = Piece {
                file_name: self.file_name,
                bytes,
                encoding,
                mid_line: reach.mid_line,
            };
            let date_order = match &mut self.dates {
                Some(dates) => dates.look(self.date_order, piece),
                None => self.date_order,
            };
            let chunk = Chunk {
                bytes,
                offset: reach.offset,
                encoding,
                mid_line: reach.mid_line,
                is_final: read == 0,
                date_order,
                is_stamped: self.is_stamped,
            };
            let scanned = scanner.scan(chunk, sink);
            let consumed = u64::try_from(scanned.consumed).unwrap_or(u64::MAX);
            sink.chunk(&scanned.tally, consumed);
            self.progress.inc(u64::try_from(read).unwrap_or(0));
            buffer.copy_within(scanned.consumed..reach.filled, 0);
            reach.filled = reach.filled.saturating_sub(scanned.consumed);
            reach.offset = reach.offset.saturating_add(consumed);
            reach.mid_line = scanned.mid_line;
            if read == 0 || sink.has_enough() {
                return Ok(reach.offset);
            }
        }
    }
}

/// How far a source has been read.
#[derive(Default)]
struct Reach {
    /// Bytes in the buffer that are not consumed.
    filled: usize,
    /// Where the buffer's first byte stands in the file.
    offset: u64,
    mid_line: bool,
    encoding: Option<Encoding>,
}
