//! Writes into the log that events were seen by no rule: a line a minute at most, with how
//! many there were since the last.

use std::time::Duration;

/// Between two lines.
const SPAN: Duration = Duration::from_secs(60);

/// Says that events were skipped.
#[derive(Debug, Default)]
pub(super) struct SkippedLog {
    /// When the last line was written, on the steady clock.
    said_at: Option<Duration>,
    /// Skipped since then.
    unsaid: u64,
}

impl SkippedLog {
    /// Takes how many were skipped since the last call. To be called with none too, so that
    /// in the end all are said.
    pub(super) fn tell(&mut self, events: u64, now: Duration) {
        if let Some(events) = self.due(events, now) {
            tracing::warn!(events, "events were skipped: no rule saw them");
        }
    }

    /// How many are to be said now, if it is time.
    fn due(&mut self, events: u64, now: Duration) -> Option<u64> {
        self.unsaid = self.unsaid.saturating_add(events);
        let is_quiet = |at: Duration| now.saturating_sub(at) < SPAN;
        if self.unsaid == 0 || self.said_at.is_some_and(is_quiet) {
            return None;
        }
        self.said_at = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_line_a_minute_and_all_of_it_is_counted() {
        let mut log = SkippedLog::default();
        let lines: Vec<(u64, u64)> = (0..200)
            .filter_map(|second| {
                let events = if second < 100 { 5 } else { 0 };
                let said = log.due(events, Duration::from_secs(second))?;
                Some((second, said))
            })
            .collect();
        assert_eq!(lines, [(0, 5), (60, 300), (120, 195)]);
    }
}
