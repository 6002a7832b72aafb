//! Which lines of a buffer the fast road may take, and which of them are not text.
//!
//! Looks at whole buffers, never at single lines unless it must; what the lines mean is
//! for `scan` and its catalogue.

use model::log::LINE_BYTES_MAX;

use super::BLOCK_BYTES;

/// The lines of a block that are not UTF-8 and not recognised either.
pub(super) struct InvalidLines {
    /// Starts of invalid lines, ascending.
    starts: Vec<usize>,
    forgiven: usize,
}

impl InvalidLines {
    pub(super) fn new(block: &[u8]) -> Self {
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
    pub(super) fn forgive(&mut self, start: usize) {
        if self.holds(start) {
            self.forgiven += 1;
        }
    }

    /// Whether the line at `start` is one of them.
    pub(super) fn holds(&self, start: usize) -> bool {
        self.starts.binary_search(&start).is_ok()
    }

    pub(super) fn count(&self) -> usize {
        self.starts.len() - self.forgiven
    }
}

/// The lines at the front of `rest` that the fast road may take: whole, none too
/// long, no NUL among them, at most [`BLOCK_BYTES`].
pub(super) fn plain_lines(rest: &[u8]) -> &[u8] {
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
