//! Writes into the log which deliveries were given up: a line each, and not too many.
//!
//! Whom a message was for stands in no log: of the receiver there is its configured name,
//! and of its words the code only.

use std::time::Duration;

use alerts::outbox::DeadDelivery;

/// Most lines in [`SPAN`]; what is more is counted in one.
const LINES_MAX: usize = 10;

/// How long [`LINES_MAX`] is counted over.
const SPAN: Duration = Duration::from_secs(60);

/// Says which deliveries were given up.
#[derive(Debug, Default)]
pub(super) struct DeadLog {
    /// When the first of the counted lines was written, on the steady clock.
    began: Option<Duration>,
    lines: usize,
    /// Given up without a line since then.
    unsaid: u64,
}

impl DeadLog {
    /// Takes what was given up since the last call, and how many more than listed. To be
    /// called with nothing too, so that in the end it is said how many had no line.
    pub(super) fn tell(&mut self, (dead, more): &(Vec<DeadDelivery>, u64), now: Duration) {
        let (before, said) = self.choose(dead, *more, now);
        if 0 < before {
            tracing::warn!(deliveries = before, "more deliveries were given up");
        }
        for one in said {
            tracing::warn!(
                receiver = %one.receiver,
                rule = %one.rule,
                message = %one.message,
                cause = %one.cause,
                "delivery was given up"
            );
        }
    }

    /// How many had no line until now, if that is to be said, and which have one.
    fn choose<'a>(
        &mut self,
        dead: &'a [DeadDelivery],
        more: u64,
        now: Duration,
    ) -> (u64, &'a [DeadDelivery]) {
        let is_over = |began: Duration| SPAN <= now.saturating_sub(began);
        let mut before = 0;
        if self.began.is_some_and(is_over) {
            before = self.unsaid;
            *self = Self::default();
        }
        let free = LINES_MAX.saturating_sub(self.lines);
        let (said, left) = dead.split_at(free.min(dead.len()));
        if !said.is_empty() {
            self.began.get_or_insert(now);
        }
        self.lines = self.lines.saturating_add(said.len());
        let left = u64::try_from(left.len()).unwrap_or(u64::MAX);
        self.unsaid = self.unsaid.saturating_add(left).saturating_add(more);
        (before, said)
    }
}

#[cfg(test)]
mod tests {
    use alerts::outbox::Cause;

    use super::*;

    #[test]
    fn many_dead_deliveries_have_few_lines_and_are_all_counted() {
        let one = DeadDelivery {
            message: "m".into(),
            receiver: "ops".into(),
            rule: "r".into(),
            cause: Cause::Refused(Some(550)),
        };
        let dead = vec![one; 8];
        let at = Duration::from_secs;
        let mut log = DeadLog::default();
        let mut told = |these: &[DeadDelivery], more, now| {
            let (before, said) = log.choose(these, more, now);
            (before, said.len())
        };
        assert_eq!(told(&[], 0, at(0)), (0, 0));
        assert_eq!(told(&dead, 0, at(5)), (0, 8));
        assert_eq!(told(&dead, 100, at(6)), (0, 2));
        assert_eq!(told(&dead, 0, at(64)), (0, 0));
        assert_eq!(told(&[], 0, at(65)), (6 + 100 + 8, 0));
        assert_eq!(told(&dead, 0, at(66)), (0, 8));
        assert_eq!(told(&[], 0, at(200)), (0, 0));
    }
}
