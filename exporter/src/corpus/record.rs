//! One record of a client's log, ready to be written behind its time.

use super::stamp::Stamp;

/// A record, which may have several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// How its time is written.
    pub stamp: Stamp,
    /// Everything after the time but the last line end.
    pub text: String,
    /// The truth about its first line: `event` or `event|reason`; `None` if it counts
    /// as nothing. The other lines never count.
    pub meaning: Option<&'static str>,
}

impl Record {
    /// How many of its lines begin no record.
    pub fn continuations(&self) -> u64 {
        let further_lines = self.text.matches('\n').count();
        let cut_off = usize::from(self.stamp == Stamp::Nothing);
        u64::try_from(further_lines.saturating_add(cut_off)).unwrap_or(u64::MAX)
    }
}
