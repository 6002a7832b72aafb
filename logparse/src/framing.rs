//! Bytes to lines: line ends, NUL runs, lines that are too long, encodings.
//!
//! A `Framer` walks over one chunk and hands out what it finds; it never looks at
//! what a line says (`catalogue`) and keeps no bytes between chunks: an unfinished
//! line is left to be brought again. Every decision depends only on bytes that are
//! there in any cutting of the stream, so the cuts never show in the result.
//!
//! A line ends at `\n`, or where a run of [`NUL_RUN_MIN`] NULs begins: after a power
//! loss a torn line is followed by zeros and then by the next start's first line.
//! NULs at a line's front belong to no line. Lengths are raw bytes without `\n`.
//!
//! Known limit: fewer NULs than that inside a line are taken for text, since a client
//! can send some. After a loss of less than a sector, the next start's first line is
//! part of the torn one.

pub(crate) mod utf16;

use model::log::LINE_BYTES_MAX;

/// How the text of a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// UTF-8 or ASCII, with or without byte order mark.
    #[default]
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Encoding {
    /// Tells the encoding by the first bytes of a file (not of a chunk). Without a
    /// byte order mark it is UTF-8.
    pub fn sniff(start: &[u8]) -> Self {
        match start {
            [0xff, 0xfe, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] => Self::Utf16Be,
            _ => Self::Utf8,
        }
    }

    /// Length of the byte order mark that `start` begins with, in bytes; 0 if none.
    pub fn bom_len(self, start: &[u8]) -> usize {
        match self {
            Self::Utf8 if start.starts_with(&[0xef, 0xbb, 0xbf]) => 3,
            Self::Utf16Le if start.starts_with(&[0xff, 0xfe]) => 2,
            Self::Utf16Be if start.starts_with(&[0xfe, 0xff]) => 2,
            Self::Utf8 | Self::Utf16Le | Self::Utf16Be => 0,
        }
    }

    /// Bytes of one unit.
    const fn unit_bytes(self) -> usize {
        match self {
            Self::Utf8 => 1,
            Self::Utf16Le | Self::Utf16Be => 2,
        }
    }

    /// Bytes of a line end.
    const fn line_end(self) -> &'static [u8] {
        match self {
            Self::Utf8 => b"\n",
            Self::Utf16Le => b"\n\0",
            Self::Utf16Be => b"\0\n",
        }
    }
}

/// Fewest NUL characters in a row that end a line.
///
/// Source: the bytes of a disk's sector, the least that a file system leaves
/// unwritten; `st_blocks` in stat(2) counts in it. Fewer can be somebody's text, and
/// to end a line there would let him write the beginning of the next.
pub const NUL_RUN_MIN: usize = 512;

/// Something found in a chunk, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A line of at most [`LINE_BYTES_MAX`] raw bytes, without `\n`.
    Line {
        /// Where it begins in the chunk.
        at: usize,
        /// Its raw bytes.
        raw: &'a [u8],
    },
    /// A line that is too long begins here; some of its bytes are skipped.
    OversizeBegins {
        /// How many bytes.
        bytes: usize,
    },
    /// More bytes of such a line are skipped.
    OversizeGoesOn {
        /// How many bytes.
        bytes: usize,
    },
    /// NULs are skipped.
    Nuls {
        /// How many bytes.
        bytes: usize,
    },
}

/// Walks over a chunk.
#[derive(Debug, Clone)]
pub(crate) struct Framer<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
    is_final: bool,
    /// Everything before it is done.
    at: usize,
    mid_line: bool,
}

/// Where a line stops.
enum Stop {
    /// At `\n`.
    LineEnd(usize),
    /// At a run of NULs.
    NulRun(usize),
    /// Not in sight. Text goes as far as this; fewer NULs than a run may follow.
    Open(usize),
}

impl<'a> Framer<'a> {
    /// Starts at the front of `bytes`, inside a line to be skipped if `mid_line`.
    pub(crate) const fn new(
        bytes: &'a [u8],
        encoding: Encoding,
        mid_line: bool,
        is_final: bool,
    ) -> Self {
        Self {
            bytes,
            encoding,
            is_final,
            at: 0,
            mid_line,
        }
    }

    /// How many bytes are done.
    pub(crate) const fn consumed(&self) -> usize {
        self.at
    }

    /// Whether the next byte is inside a line to be skipped.
    pub(crate) const fn is_mid_line(&self) -> bool {
        self.mid_line
    }

    /// What is not done yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Steps over `bytes` that someone else framed: whole lines.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.bytes.len());
    }

    /// What comes next. `None` when the rest must be brought again with more bytes.
    pub(crate) fn next(&mut self) -> Option<Frame<'a>> {
        let rest = self.rest();
        if self.mid_line {
            return self.skip(rest);
        }
        let nuls = leading_nuls(rest, self.encoding);
        let text = rest.get(nuls..).unwrap_or_default();
        let stop = self.find_stop(text);
        let (raw_len, end_len) = match stop {
            Stop::LineEnd(len) => (len, self.encoding.unit_bytes()),
            Stop::NulRun(len) => (len, 0),
            Stop::Open(len) if len <= LINE_BYTES_MAX && !self.is_final => {
                // A sparse hole may be longer than any buffer: it does not wait.
                return (LINE_BYTES_MAX < nuls)
                    .then(|| self.skip_nuls(nuls))
                    .flatten();
            }
            Stop::Open(_) if self.is_final => (text.len(), 0),
            Stop::Open(len) => (len, 0),
        };
        if nuls != 0 {
            return self.skip_nuls(nuls);
        }
        if raw_len == 0 && end_len == 0 {
            return None;
        }
        self.take_line(rest, raw_len, end_len, matches!(stop, Stop::Open(_)))
    }

    fn take_line(
        &mut self,
        rest: &'a [u8],
        raw_len: usize,
        end_len: usize,
        is_open: bool,
    ) -> Option<Frame<'a>> {
        let at = self.at;
        self.advance(raw_len + end_len);
        if raw_len <= LINE_BYTES_MAX {
            let raw = rest.get(..raw_len)?;
            return Some(Frame::Line { at, raw });
        }
        // At the end of everything the line has ended too.
        self.mid_line = is_open && !self.is_final;
        Some(Frame::OversizeBegins { bytes: raw_len })
    }

    fn skip(&mut self, rest: &'a [u8]) -> Option<Frame<'a>> {
        let (bytes, end_len) = match self.find_stop(rest) {
            Stop::LineEnd(len) => (len, self.encoding.unit_bytes()),
            Stop::NulRun(len) => (len, 0),
            Stop::Open(_) if self.is_final => (rest.len(), 0),
            Stop::Open(0) => return None,
            Stop::Open(len) => {
                self.advance(len);
                return Some(Frame::OversizeGoesOn { bytes: len });
            }
        };
        if bytes == 0 && rest.is_empty() {
            return None;
        }
        self.advance(bytes + end_len);
        self.mid_line = false;
        Some(Frame::OversizeGoesOn { bytes })
    }

    fn skip_nuls(&mut self, bytes: usize) -> Option<Frame<'a>> {
        self.advance(bytes);
        Some(Frame::Nuls { bytes })
    }

    /// Length of the NULs that `text` ends with, in bytes, an odd last byte included.
    fn trailing_nuls(&self, text: &[u8]) -> usize {
        let odd = text.len() % self.encoding.unit_bytes();
        let units = text.get(..text.len() - odd).unwrap_or_default();
        let zeros = units.iter().rev().take_while(|byte| **byte == 0).count();
        odd + zeros - zeros % self.encoding.unit_bytes()
    }

    fn find_stop(&self, text: &[u8]) -> Stop {
        let line_end = match self.encoding {
            Encoding::Utf8 => memchr::memchr(b'\n', text),
            Encoding::Utf16Le | Encoding::Utf16Be => {
                utf16::find_unit(text, self.encoding.line_end())
            }
        };
        let before = text.get(..line_end.unwrap_or(text.len())).unwrap_or(text);
        match (find_nul_run(before, self.encoding), line_end) {
            (Some(run), _) => Stop::NulRun(run),
            (None, Some(end)) => Stop::LineEnd(end),
            (None, None) => Stop::Open(text.len() - self.trailing_nuls(text)),
        }
    }
}

/// Where the first run of NULs in `text` begins that is long enough to end a line.
fn find_nul_run(text: &[u8], encoding: Encoding) -> Option<usize> {
    let unit = encoding.unit_bytes();
    let wanted = NUL_RUN_MIN * unit;
    let mut from = 0;
    while let Some(place) = memchr::memchr(0, text.get(from..)?) {
        // The first unit that is wholly zero begins here or, in UTF-16, at the
        // next even place.
        let start = (from + place).next_multiple_of(unit);
        let run = leading_nuls(text.get(start..)?, encoding);
        if wanted <= run {
            return Some(start);
        }
        from = start + run.max(unit);
    }
    None
}

/// Length of the NULs that `text` begins with, in bytes.
fn leading_nuls(text: &[u8], encoding: Encoding) -> usize {
    let zeros = text.iter().take_while(|byte| **byte == 0).count();
    // In UTF-16BE the first zero of "\0a" is half of a letter.
    zeros - zeros % encoding.unit_bytes()
}

/// What stands after the last run of NULs that ends a line in `raw`, which holds no
/// `\n` and is UTF-8. `None` if there is no such run.
pub(crate) fn after_last_nul_run(raw: &[u8]) -> Option<&[u8]> {
    let mut after = None;
    while let Some(run) = find_nul_run(after.unwrap_or(raw), Encoding::Utf8) {
        after = Some(without_front_nuls(after.unwrap_or(raw).get(run..)?));
    }
    after
}

/// The text of a file that begins with `start`, as UTF-8 and without its byte order mark.
/// `decoded` is a buffer for UTF-16.
pub(crate) fn text_of_start<'a>(start: &'a [u8], decoded: &'a mut String) -> &'a [u8] {
    let encoding = Encoding::sniff(start);
    let text = start.get(encoding.bom_len(start)..).unwrap_or_default();
    match encoding {
        Encoding::Utf8 => text,
        Encoding::Utf16Le | Encoding::Utf16Be => {
            utf16::decode(text, encoding, decoded);
            decoded.as_bytes()
        }
    }
}

/// `line`, which is UTF-8, without the NULs at its front.
pub(crate) fn without_front_nuls(line: &[u8]) -> &[u8] {
    line.get(leading_nuls(line, Encoding::Utf8)..)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
