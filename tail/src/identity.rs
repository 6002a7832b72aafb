//! Decides whether a file is still the one we know, from its bytes.
//!
//! A [`Position`] carries evidence: the hash of the file's head and hashes of the
//! bytes before a few places, dense near our offset and sparse further back.
//! [`examine`] compares it with the file as it is and returns a [`Verdict`] with
//! its reason; what to do about it is `tailer`'s task.
//!
//! Known limit: evidence is bytes. A file that is replaced by one with the same
//! head and the same bytes at the same places is the same file to us.

use std::io;

use model::position::{
    FileIdentity, HEAD_BYTES_MAX, Head, MARKER_BYTES_MAX, MARKERS_MAX, Marker, Packing, Position,
};
use xxhash_rust::xxh3::xxh3_64;

use crate::file_system::OpenFile;

/// What the bytes say about a known file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing before our place has changed.
    Same,
    /// As long as our place or longer, but with other bytes before it.
    Rewritten,
    /// The end is gone and what is left is as we knew it: a power loss.
    TailLost,
    /// Shorter than our place, and not what we knew.
    Truncated,
}

/// What was found in the file, one answer per piece of evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// Whether the head is the same; `None` if the file is too short to tell.
    pub(crate) is_head_equal: Option<bool>,
    /// For each marker, newest first, the same.
    pub(crate) are_markers_equal: Vec<Option<bool>>,
}

/// A position at the start of a file that nothing is known of.
pub(crate) fn new_position(identity: FileIdentity, packing: Packing, path: String) -> Position {
    Position {
        identity,
        head: Head::default(),
        markers: Vec::new(),
        offset: 0,
        mid_line: false,
        packing,
        path,
    }
}

/// Reads the evidence and judges it.
///
/// # Errors
///
/// What the system says; nothing is known then.
pub(crate) fn examine(file: &impl OpenFile, position: &Position, size: u64) -> io::Result<Verdict> {
    Ok(judge(position, size, &gather(file, position, size)?))
}

/// Decides what became of a file of `size` bytes, given the evidence in it.
pub(crate) fn judge(position: &Position, size: u64, evidence: &Evidence) -> Verdict {
    let is_head_other = evidence.is_head_equal == Some(false);
    let mut fitting = evidence.are_markers_equal.iter().flatten().peekable();
    let has_marker = fitting.peek().is_some();
    let are_markers_equal = fitting.all(|is_equal| *is_equal);
    if size < position.offset {
        // Both must speak for it. After a truncation a file that begins as it always
        // does has an equal head; and lines without time stamps end alike, so a
        // marker alone is not enough where the head is too long to compare.
        if has_marker && are_markers_equal && evidence.is_head_equal == Some(true) {
            return Verdict::TailLost;
        }
        return Verdict::Truncated;
    }
    if is_head_other || !are_markers_equal {
        return Verdict::Rewritten;
    }
    if evidence.is_head_equal.is_none() && !has_marker && 0 < position.head.bytes {
        return Verdict::Truncated;
    }
    Verdict::Same
}

fn gather(file: &impl OpenFile, position: &Position, size: u64) -> io::Result<Evidence> {
    let head = position.head;
    let is_head_equal = if u64::from(head.bytes) <= size {
        Some(is_equal_at(file, 0, head.bytes, head.hash)?)
    } else {
        None
    };
    let mut are_markers_equal = Vec::with_capacity(position.markers.len());
    for marker in &position.markers {
        if marker.offset <= size {
            are_markers_equal.push(Some(is_marker_equal(file, *marker)?));
            // When nothing was cut, the newest marker vouches for the older ones.
            if position.offset <= size {
                break;
            }
        } else {
            are_markers_equal.push(None);
        }
    }
    Ok(Evidence {
        is_head_equal,
        are_markers_equal,
    })
}

/// Whether the file still has the marker's bytes before the marker's place.
///
/// # Errors
///
/// What the system says.
pub(crate) fn is_marker_equal(file: &impl OpenFile, marker: Marker) -> io::Result<bool> {
    let start = marker.offset.saturating_sub(u64::from(marker.bytes));
    is_equal_at(file, start, marker.bytes, marker.hash)
}

fn is_equal_at(file: &impl OpenFile, offset: u64, length: u32, hash: u64) -> io::Result<bool> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length == 0 {
        return Ok(true);
    }
    // A store that was tampered with must not make us allocate.
    let mut buffer = vec![0; length.min(HEAD_BYTES_MAX)];
    let count = file.read_at(offset, &mut buffer)?;
    Ok(count == length
        && buffer
            .get(..count)
            .is_some_and(|bytes| xxh3_64(bytes) == hash))
}

/// The head of a file that begins with `bytes`.
pub(crate) fn head_of(bytes: &[u8]) -> Head {
    let covered = bytes.get(..HEAD_BYTES_MAX).unwrap_or(bytes);
    Head {
        bytes: u32::try_from(covered.len()).unwrap_or(u32::MAX),
        hash: xxh3_64(covered),
    }
}

/// Whether a file that begins with `bytes` can be the one with this head. A file
/// without a head equals nothing.
pub(crate) fn is_head_equal(head: Head, bytes: &[u8]) -> bool {
    let length = usize::try_from(head.bytes).unwrap_or(usize::MAX);
    0 < length
        && bytes
            .get(..length)
            .is_some_and(|first| xxh3_64(first) == head.hash)
}

/// The marker for `offset`, given bytes that end there.
pub(crate) fn marker_at(offset: u64, before: &[u8]) -> Marker {
    let start = before.len().saturating_sub(MARKER_BYTES_MAX);
    let covered = before.get(start..).unwrap_or(before);
    Marker {
        offset,
        bytes: u32::try_from(covered.len()).unwrap_or(u32::MAX),
        hash: xxh3_64(covered),
    }
}

/// Takes over markers for bytes that were used up to a line end. `bytes` are some
/// bytes known before (`lead_bytes` of them) and the used ones; they begin at `offset`.
pub(crate) fn add_markers(markers: &mut Vec<Marker>, offset: u64, bytes: &[u8], lead_bytes: usize) {
    // Places within the bytes, so that a power loss inside them is told from a
    // truncation: at an eighth, a quarter, half, and towards the end.
    let eighth = bytes.len().saturating_sub(lead_bytes) / 8;
    for eighths in [1, 2, 4, 6, 7] {
        let length = lead_bytes.saturating_add(eighth.saturating_mul(eighths));
        let first = bytes.get(..length).unwrap_or(bytes);
        let line_end = first.iter().rposition(|byte| *byte == b'\n');
        // A UTF-16 line end is two bytes long and this lands between them; a marker
        // is evidence only, nothing is ever resumed at it.
        if let Some(lines) = line_end.and_then(|at| bytes.get(..=at))
            && lead_bytes < lines.len()
        {
            push_marker(markers, marker_at(place(offset, lines), lines));
        }
    }
    if lead_bytes < bytes.len() {
        push_marker(markers, marker_at(place(offset, bytes), bytes));
    }
    thin(markers);
}

fn place(offset: u64, bytes: &[u8]) -> u64 {
    offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
}

fn push_marker(markers: &mut Vec<Marker>, marker: Marker) {
    if markers
        .first()
        .is_none_or(|newest| newest.offset < marker.offset)
    {
        markers.insert(0, marker);
    }
}

/// Drops markers until few enough are left, each time the one whose neighbours are
/// closest in terms of their distance from the newest: what stays is dense near our
/// place and reaches back far, about exponentially.
fn thin(markers: &mut Vec<Marker>) {
    let newest = markers.first().map_or(0, |marker| marker.offset);
    let distance = |marker: &Marker| newest.saturating_sub(marker.offset).max(1);
    while MARKERS_MAX < markers.len() {
        let spread = |triple: &[Marker]| match triple {
            [nearer, _, further] => distance(further) / distance(nearer),
            _ => u64::MAX,
        };
        let closest = markers
            .windows(3)
            .enumerate()
            .min_by_key(|(_, triple)| spread(triple))
            .map_or(0, |(index, _)| index);
        markers.remove(closest.saturating_add(1));
    }
}

#[cfg(test)]
mod tests;
