//! What vouches for the state of each part of a connector, and when nothing does any more.
//!
//! A log tells changes: a state that a log told holds as long as the log is alive, since
//! it would tell the next change. A tool tells moments: what only a tool told holds until
//! it has not been repeated for too long, however lively the logs are. So neither a tool
//! that hangs nor a log that cannot be read leaves an old state standing.
//!
//! Ages are taken at each look, with the time that the caller has; between looks it is
//! only noted that somebody spoke.

use std::collections::BTreeMap;
use std::time::Duration;

use model::connector::{Aspect, ConnectorState};

/// Who vouches for what.
#[derive(Debug, Clone, Default)]
pub(super) struct Support {
    aspects: BTreeMap<Aspect, Voucher>,
}

/// Who vouches for one aspect.
#[derive(Debug, Clone, Default)]
struct Voucher {
    /// A log told the present state, or confirmed it.
    is_from_log: bool,
    event: Age,
    tool: Age,
}

/// When somebody spoke last, on the monotonic clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Age {
    #[default]
    Never,
    /// After the last look.
    Fresh,
    Since(Duration),
}

/// What a look has to go by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Now, on the monotonic clock.
    pub(super) now: Duration,
    /// How long nothing vouches before a state lapses.
    pub(super) limit: Duration,
    /// Whether no line was read for that long.
    pub(super) is_log_silent: bool,
    /// Whether nothing at all was heard for that long, an earlier run included.
    pub(super) is_silent: bool,
}

impl Support {
    /// An event told an aspect's state, or confirmed it.
    pub(super) fn by_event(&mut self, aspect: Aspect) {
        let voucher = self.aspects.entry(aspect).or_default();
        voucher.is_from_log = true;
        voucher.event = Age::Fresh;
    }

    /// A tool told an aspect's state (`is_change`), or confirmed it.
    pub(super) fn by_tool(&mut self, aspect: Aspect, is_change: bool) {
        let voucher = self.aspects.entry(aspect).or_default();
        voucher.is_from_log = voucher.is_from_log && !is_change;
        voucher.tool = Age::Fresh;
    }

    /// The aspects of which nothing vouches for the present state any more.
    pub(super) fn lapsed(
        &mut self,
        aspects: &[Aspect],
        state: &ConnectorState,
        look: Look,
    ) -> Vec<Aspect> {
        let mut lapsed = Vec::new();
        for aspect in aspects {
            let voucher = self.aspects.entry(*aspect).or_insert_with(|| Voucher {
                // Of an earlier run. Whoever told it then has the whole limit to do so again.
                is_from_log: state.view(*aspect).event.is_some(),
                event: Age::Fresh,
                tool: Age::Fresh,
            });
            voucher.settle(look.now);
            if look.is_silent || !voucher.holds(state.needs_repetition(*aspect), look) {
                lapsed.push(*aspect);
            }
        }
        lapsed
    }
}

impl Voucher {
    fn settle(&mut self, now: Duration) {
        for age in [&mut self.event, &mut self.tool] {
            if *age == Age::Fresh {
                *age = Age::Since(now);
            }
        }
    }

    fn holds(&self, needs_repetition: bool, look: Look) -> bool {
        let is_recent = |age| match age {
            Age::Never => false,
            Age::Fresh => true,
            Age::Since(at) => look.now.saturating_sub(at) < look.limit,
        };
        let is_repeated = !needs_repetition || is_recent(self.event);
        (self.is_from_log && !look.is_log_silent && is_repeated) || is_recent(self.tool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    fn holds(support: &mut Support, second: u64, is_log_silent: bool) -> bool {
        let look = Look {
            now: Duration::from_secs(second),
            limit: LIMIT,
            is_log_silent,
            is_silent: false,
        };
        let state = ConnectorState::default();
        support.lapsed(&[Aspect::Tunnel], &state, look).is_empty()
    }

    #[test]
    fn what_a_log_told_holds_while_the_log_is_alive() {
        let mut support = Support::default();
        support.by_event(Aspect::Tunnel);
        assert!(holds(&mut support, 0, false));
        assert!(holds(&mut support, 10_000, false));
        assert!(!holds(&mut support, 10_001, true));
    }

    #[test]
    fn what_only_a_tool_told_holds_as_long_as_it_repeats_it() {
        let mut support = Support::default();
        support.by_tool(Aspect::Tunnel, true);
        assert!(holds(&mut support, 0, false));
        assert!(holds(&mut support, 59, false));
        support.by_tool(Aspect::Tunnel, false);
        assert!(holds(&mut support, 60, false));
        assert!(!holds(&mut support, 120, false));
    }

    #[test]
    fn a_log_and_a_tool_that_agree_vouch_for_each_other() {
        let mut support = Support::default();
        support.by_event(Aspect::Tunnel);
        support.by_tool(Aspect::Tunnel, false);
        assert!(holds(&mut support, 0, false));
        assert!(holds(&mut support, 59, true));
        assert!(holds(&mut support, 600, false));
        assert!(!holds(&mut support, 601, true));
    }

    #[test]
    fn a_tool_that_changes_a_state_takes_it_from_the_log() {
        let mut support = Support::default();
        support.by_event(Aspect::Tunnel);
        support.by_tool(Aspect::Tunnel, true);
        assert!(holds(&mut support, 0, false));
        assert!(!holds(&mut support, 60, false));
    }
}
