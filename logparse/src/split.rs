//! Records that a container runtime wrote in several lines.
//!
//! Docker and Kubernetes cut long records, so who writes a long URL decides where a
//! line begins. A line that goes on with the record of the last line of its stream
//! is therefore never an event. That is found by looking back in the same chunk, and
//! nothing is remembered between chunks: [`settled_len`] leaves the beginning of an
//! unfinished record where it is, so that the next chunk begins with it. How a line
//! tells its part is `prefix`'s; what is done with the rest of a chunk is `scan`'s.
//!
//! A line in no runtime's form, or a hole of NULs, ends all records before it: the
//! runtime was started anew. Of a line over the bound only the end is looked at,
//! since its front may be gone; that end stays in sight as records' beginnings do.
//!
//! Known limits: records in parts that fill a whole chunk are cut where the chunk
//! ends, and records that a rotation cuts where the file ends. In Docker's form, a
//! program that ends within a line takes the first line of its next start with it.
//! Kubernetes' lines over the bound tell nothing at their end, so they end records;
//! its runtimes write such lines only if told to.

use model::log::LINE_BYTES_MAX;

use crate::framing::{after_last_nul_run, without_front_nuls};
use crate::prefix::{Part, Stream, cri, docker};

/// How far a line's record is searched for, in lines. The other stream may write
/// between two parts, but parts are written at once, so it writes little.
const LINES_BACK_MAX: usize = 64;

/// How much of the end of a line over the bound stays in sight, in bytes: what Docker
/// writes after the text takes about 70, and labels make it longer.
const END_BYTES: usize = 512;

/// Whether `line`, which stands after `before`, goes on with a record that a line
/// before it has begun. `mid_line`: `before` begins inside of a line.
pub(crate) fn is_continuation(line: &[u8], before: &[u8], mid_line: bool) -> bool {
    let Some(part) = whole_part(line) else {
        return false;
    };
    let mut above = Above::new(before, mid_line);
    for _ in 0..LINES_BACK_MAX {
        match above.next().and_then(|earlier| earlier.part) {
            None => return false,
            Some(earlier) if earlier.stream == part.stream => return earlier.is_partial,
            Some(_) => {}
        }
    }
    false
}

/// How many bytes of a chunk that is not the last may be scanned: up to where no
/// record is unfinished, so that [`is_continuation`] answers the same in the next chunk.
pub(crate) fn settled_len(bytes: &[u8], mid_line: bool) -> usize {
    let whole = memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1);
    let is_in_long_line = mid_line && whole == 0 || LINE_BYTES_MAX < bytes.len() - whole;
    let mut settled = if is_in_long_line {
        bytes.len().saturating_sub(END_BYTES)
    } else {
        bytes.len()
    };
    let mut above = Above::new(bytes.get(..whole).unwrap_or_default(), mid_line);
    let mut answered: [Option<Stream>; 2] = [None; 2];
    let mut lines_left = LINES_BACK_MAX;
    while 0 < lines_left && answered.contains(&None) {
        let Some((line, part)) = above.next().and_then(|line| Some((line, line.part?))) else {
            break;
        };
        lines_left -= 1;
        if answered.contains(&Some(part.stream)) {
            continue;
        }
        if part.is_partial {
            // No place between here and the old one will do: begin again from here.
            settled = line.keep_from;
            lines_left = LINES_BACK_MAX;
            // The kept end of a long line answers for its stream; a whole line that
            // is kept may be a continuation itself.
            answered = [line.is_long.then_some(part.stream), None];
        } else {
            let slot = answered.iter_mut().find(|slot| slot.is_none());
            slot.into_iter().for_each(|slot| *slot = Some(part.stream));
        }
    }
    settled
}

/// A line, looked back at.
#[derive(Clone, Copy)]
struct LineAbove {
    /// What a runtime says about it; nothing if none wrote it.
    part: Option<Part>,
    /// It is over the bound, or its front is gone.
    is_long: bool,
    /// Where the bytes begin that tell its part.
    keep_from: usize,
}

/// Walks back over lines.
struct Above<'a> {
    bytes: &'a [u8],
    mid_line: bool,
}

impl<'a> Above<'a> {
    const fn new(bytes: &'a [u8], mid_line: bool) -> Self {
        Self { bytes, mid_line }
    }

    fn next(&mut self) -> Option<LineAbove> {
        if self.bytes.is_empty() {
            return None;
        }
        // Without a line end NULs are at the end: the line after them began there.
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(self.bytes);
        let start = memchr::memrchr(b'\n', text).map_or(0, |end| end + 1);
        let raw = text.get(start..).unwrap_or_default();
        self.bytes = self.bytes.get(..start).unwrap_or_default();
        let after_hole = after_last_nul_run(raw);
        let is_rest = start == 0 && self.mid_line && after_hole.is_none();
        let line = match after_hole {
            Some(line) => line,
            // Its NULs stand inside of the line.
            None if is_rest => raw,
            None => without_front_nuls(raw),
        };
        let is_long = is_rest || LINE_BYTES_MAX < line.len();
        let end = line
            .get(line.len().saturating_sub(END_BYTES)..)
            .unwrap_or_default();
        Some(LineAbove {
            part: if is_long {
                docker::part_by_end(end)
            } else {
                whole_part(line)
            },
            is_long,
            keep_from: if is_long {
                text.len() - end.len()
            } else {
                start
            },
        })
    }
}

fn whole_part(line: &[u8]) -> Option<Part> {
    docker::part(line).or_else(|| cri::part(line))
}
