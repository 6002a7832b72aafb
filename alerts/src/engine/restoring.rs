//! Puts a plan in force, with what rows of an earlier engine say.
//!
//! A row belongs to the rule that its key names. What the rule would not take up, since it
//! tells its alerts apart by other labels now or is gone, is over: whoever was told hears
//! so. A row that cannot be read is dropped, as one of another version would be.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::book::BOOK_KEY;
use super::desk::{Desk, Part, Turn, tally_key};
use super::levels::OUTAGE_MAX;
use super::lines;
use super::matter::Matter;
use super::rates::counts_key;
use super::silences;
use super::telling::say_farewell;
use super::world::World;
use super::{Engine, EnginePlan, EngineTime};
use crate::rule::Trigger;

/// How the keys of update runs begin: they are not ours.
const UPDATES: &str = "update/";

impl Engine {
    /// Makes a desk for each rule of a plan and gives it its rows.
    pub(super) fn put_in_force(
        &mut self,
        plan: EnginePlan,
        rows: &[(Arc<str>, Vec<u8>)],
        now: EngineTime,
    ) {
        self.queue.set_quiet_before(plan.quiet_before);
        self.plan = plan;
        self.is_replanned = true;
        let rules = &self.plan.rules.rules;
        self.desks = rules.iter().cloned().map(Desk::new).collect();
        self.explaining = rules
            .iter()
            .flat_map(|rule| rule.inhibited_by.iter())
            .map(|inhibition| Arc::clone(&inhibition.rule))
            .collect();
        self.sampled.clear();
        for (place, desk) in self.desks.iter().enumerate() {
            if let Some(signal) = desk.signal() {
                self.sampled.entry(signal).or_default().push(place);
            }
        }
        for (key, bytes) in rows {
            if !self.restore(key, bytes, now) {
                self.ledger.remove(key);
            }
        }
        self.look_back(now);
    }

    /// Takes a row back. `false` if it is to be dropped.
    fn restore(&mut self, key: &str, bytes: &[u8], now: EngineTime) -> bool {
        if key == BOOK_KEY || key.starts_with(UPDATES) {
            return true;
        }
        if key.starts_with(silences::PREFIX) {
            return self.silences.restore(bytes);
        }
        if key.starts_with(lines::PREFIX) {
            return self.lines.restore(bytes);
        }
        let mut parts = key.splitn(3, '/');
        let (kind, id) = (parts.next().unwrap_or_default(), parts.next());
        let id = id.unwrap_or_default();
        let place = self.desks.iter().position(|desk| *desk.rule.id == *id);
        if kind == "rule" {
            return self.restore_matter(id, place, bytes, now);
        }
        let Some(desk) = place.and_then(|at| self.desks.get_mut(at)) else {
            return false;
        };
        if key == tally_key(id) {
            let tally = serde_json::from_slice(bytes);
            return tally.is_ok_and(|tally| {
                desk.tally = tally;
                true
            });
        }
        if key == counts_key(id) {
            return desk.restore_counts(bytes);
        }
        desk.restore_notice(key, bytes)
    }

    fn restore_matter(
        &mut self,
        rule: &str,
        place: Option<usize>,
        bytes: &[u8],
        now: EngineTime,
    ) -> bool {
        let Ok(mut matter) = serde_json::from_slice::<Matter>(bytes) else {
            return false;
        };
        matter.is_changed = false;
        let desk = place.and_then(|at| self.desks.get_mut(at));
        if let Some(desk) = desk
            && desk.is_for(&matter)
            && desk.restore_sample(&matter)
        {
            desk.matters.insert(Arc::clone(&matter.key), matter);
            return true;
        }
        let world = World::unknown();
        let mut turn = Turn {
            now,
            agent: &self.plan.agent,
            quiet_before: self.plan.quiet_before,
            world: &world,
            lines: &self.lines,
            book: &mut self.book,
            journal: &mut self.journal,
        };
        say_farewell(rule, matter, &mut turn);
        false
    }

    /// What a time in which nobody looked means.
    fn look_back(&mut self, now: EngineTime) {
        let outage = if self.is_caught_up {
            Duration::ZERO
        } else {
            self.outage
        };
        let world = World::unknown();
        let mut turn = Turn {
            now,
            agent: &self.plan.agent,
            quiet_before: self.plan.quiet_before,
            world: &world,
            lines: &self.lines,
            book: &mut self.book,
            journal: &mut self.journal,
        };
        let is_first_start = self.plan.quiet_before.is_some() && !self.is_caught_up;
        for desk in &mut self.desks {
            desk.look_back(outage, is_first_start);
            if OUTAGE_MAX < outage {
                desk.begin_anew(outage, &mut turn);
            }
        }
    }
}

impl Desk {
    /// Whether a matter that was kept is one of the rule as it is now.
    fn is_for(&self, matter: &Matter) -> bool {
        if matches!(self.part, Part::Notices(_)) || matches!(self.rule.on, Trigger::Update(_)) {
            return false;
        }
        let names: BTreeSet<&str> = matter.labels.iter().map(|(name, _)| &**name).collect();
        names == self.rule.label_names()
    }
}
