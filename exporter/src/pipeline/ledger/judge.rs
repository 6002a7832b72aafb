//! Judgements of the rules' own, which no line said: an update that nobody ended is over.
//!
//! To everybody else they are events like others. The rules, which made them, do not see
//! them again.

use jiff::Timestamp;
use model::event::Event;
use model::snapshot::RecentEvent;

use super::account::ConnectorAccount;
use super::{Ledger, find_connector};
use crate::pipeline::counters::CounterTable;

impl Ledger {
    /// Takes in a judgement. One about a connector that is not configured any more is
    /// shown, and changes nothing.
    pub(crate) fn judge(&mut self, judgement: RecentEvent) {
        let at = judgement.event.time.unwrap_or(judgement.read_at);
        if let Some(account) = find_connector(&mut self.connectors, &judgement.connector) {
            count(account, &judgement.event, &mut self.counters);
            account.believe(&judgement.event, at);
        }
        self.recent.add(judgement);
    }
}

/// Only what the catalogue can tell has a series.
fn count(account: &ConnectorAccount, event: &Event, counters: &mut CounterTable) {
    let mut pairs = account.plan.catalogue.pairs().iter();
    if let Some(step) = pairs.position(|key| *key == event.key) {
        counters.add(account.events_at.plus(step), 1);
    }
}

impl ConnectorAccount {
    /// Folds in an event that is true as of `at`, whatever lines said.
    fn believe(&mut self, event: &Event, at: Timestamp) {
        self.note_judgement(event.key.kind, at);
        for effect in self.state.value.effects(event, self.plan.kind) {
            self.change_by_judgement(effect.aspect(), at);
            self.state.alter().change(effect, event, at);
        }
    }
}
