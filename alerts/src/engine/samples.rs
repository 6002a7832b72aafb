//! The series of one rule on numbers, with how each stands to its limit.
//!
//! Most series are well and stay well, and cost a comparison each: they are expected in the
//! order of the last look, and nothing is written down for them. Series that a rule does not
//! tell apart are one group, and the worst of them counts. A series that is gone is a
//! missing sample. What becomes of a group that is not well is [`super::levels`]'.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use super::naming::{Labels, bounded, key_of};
use crate::level::{LOOKBACK, Level, LevelState, Side, Standing};
use crate::rule::{Rule, Trigger, View};

/// Most series that one rule looks at.
pub const SERIES_MAX: usize = 20_000;

/// What a rule on numbers has to remember.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples {
    /// In the order of the facts.
    series: Vec<Series>,
    /// One for each combination of the labels that the rule tells apart.
    groups: Vec<Group>,
    /// Where series and groups stand, by the hash of their values.
    series_at: HashMap<u64, usize>,
    groups_at: HashMap<u64, usize>,
    /// Places of the rule's labels among the signal's.
    by: Vec<usize>,
    /// Places of labels, with the values of which a series must have one.
    only: Vec<(usize, Vec<Arc<str>>)>,
    /// How a number is looked at; `None` of a rule that looks at none.
    view: Option<View>,
    /// Whether less is worse.
    is_below: bool,
    /// The moment of this look, in seconds since the epoch.
    seconds: f64,
    /// Whether a look has begun.
    is_looking: bool,
    cursor: usize,
    /// Counts looks, to tell series that are gone.
    look: u64,
    swept_at: (Duration, u64),
    /// Series of this look for which there was no room.
    beyond: u64,
}

/// A group that is not well, or was not before this look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turned {
    /// Its place among the groups.
    pub(super) place: usize,
    /// How it stands now.
    pub(super) state: LevelState,
    /// Its number at this look, if it has one.
    pub(super) sample: Option<f64>,
}

#[derive(Debug, Clone)]
struct Series {
    values: Box<[Box<str>]>,
    /// `None` if the rule is not about it.
    group: Option<usize>,
    seen: u64,
}

#[derive(Debug, Clone)]
struct Group {
    values: Box<[Box<str>]>,
    state: LevelState,
    /// The worst of this look.
    sample: Option<f64>,
    /// The name of its matter, once it had one.
    key: Option<Arc<str>>,
}

impl Series {
    fn is(&self, values: &[&str]) -> bool {
        self.values.len() == values.len()
            && self
                .values
                .iter()
                .zip(values)
                .all(|(own, told)| **own == **told)
    }
}

impl Samples {
    /// Nothing is known yet.
    pub(super) fn of(rule: &Rule) -> Self {
        let Trigger::Sample {
            signal,
            view,
            only,
            level,
        } = &rule.on
        else {
            return Self::default();
        };
        let labels = signal.row().labels;
        let place = |name: &Arc<str>| labels.iter().position(|label| *label == &**name);
        Self {
            by: rule.by.iter().filter_map(place).collect(),
            only: only
                .iter()
                .filter_map(|(name, wanted)| Some((place(name)?, wanted.clone())))
                .collect(),
            view: Some(*view),
            is_below: level.side == Side::Below,
            ..Self::default()
        }
    }

    /// Begins a look at all series, so many seconds after the epoch.
    pub(super) const fn begin(&mut self, seconds: f64) {
        self.look = self.look.saturating_add(1);
        self.seconds = seconds;
        self.is_looking = true;
        self.cursor = 0;
        self.beyond = 0;
    }

    /// Ends a look. `false` if none has begun.
    pub(super) const fn end(&mut self) -> bool {
        std::mem::replace(&mut self.is_looking, false)
    }

    /// The number of a series at this look.
    pub(super) fn take(&mut self, values: &[&str], number: f64) {
        if !self.is_looking {
            return;
        }
        let Some(place) = self.place_of(values) else {
            self.beyond = self.beyond.saturating_add(1);
            return;
        };
        self.cursor = place.saturating_add(1);
        let Some(series) = self.series.get_mut(place) else {
            return;
        };
        series.seen = self.look;
        let Some(group) = series.group.and_then(|at| self.groups.get_mut(at)) else {
            return;
        };
        let seen = match self.view {
            Some(View::SecondsSince) => self.seconds - number,
            Some(View::SecondsUntil) => number - self.seconds,
            Some(View::Value) | None => number,
        };
        group.sample = Some(match group.sample {
            None => seen,
            Some(other) if self.is_below => other.min(seen),
            Some(other) => other.max(seen),
        });
    }

    /// Steps every group at the end of a look. Those that are well are left out.
    pub(super) fn step(&mut self, level: &Level, clock: Duration) -> Vec<Turned> {
        let mut turned = Vec::new();
        for (place, group) in self.groups.iter_mut().enumerate() {
            let sample = group.sample.take();
            let before = group.state.standing();
            group.state = level.step(group.state, sample, clock);
            if before != Standing::Inactive || group.state.standing() != Standing::Inactive {
                turned.push(Turned {
                    place,
                    state: group.state,
                    sample,
                });
            }
        }
        turned
    }

    /// Series of this look for which there was no room.
    pub(super) const fn beyond(&self) -> u64 {
        self.beyond
    }

    /// The name and the labels of a group's matter.
    pub(super) fn name_of(&mut self, rule: &Rule, place: usize) -> (Arc<str>, Labels) {
        let Some(group) = self.groups.get_mut(place) else {
            return (Arc::default(), Labels::new());
        };
        let values = group.values.iter().map(|value| Arc::from(&**value));
        let mut labels: Labels = rule.by.iter().cloned().zip(values).collect();
        labels.sort_unstable();
        let key = group.key.get_or_insert_with(|| key_of(&rule.id, &labels));
        (Arc::clone(key), labels)
    }

    /// Puts a group into the state that was kept. `false` if the labels are not the rule's.
    pub(super) fn restore(&mut self, rule: &Rule, labels: &Labels, state: LevelState) -> bool {
        let mut values = Vec::new();
        for name in &rule.by {
            let Some((_, value)) = labels.iter().find(|(known, _)| known == name) else {
                return false;
            };
            values.push(Box::from(&**value));
        }
        if values.len() != labels.len() {
            return false;
        }
        let place = self.group_at(values.into_boxed_slice());
        if let Some(group) = self.groups.get_mut(place) {
            group.state = state;
            group.key = Some(key_of(&rule.id, labels));
        }
        true
    }

    /// Counts what was restored as seen now: over the time in which nobody looked.
    pub(super) fn bridge(&mut self, number_of: impl Fn(&str) -> Option<f64>, clock: Duration) {
        for group in &mut self.groups {
            let number = group.key.as_ref().and_then(|key| number_of(key));
            if let Some(number) = number {
                group.state.bridge(number, clock);
            }
        }
    }

    fn place_of(&mut self, values: &[&str]) -> Option<usize> {
        if self
            .series
            .get(self.cursor)
            .is_some_and(|one| one.is(values))
        {
            return Some(self.cursor);
        }
        let hash = hash_of(values.iter().copied());
        let known = self.series_at.get(&hash).copied();
        let is_it = |at: &usize| self.series.get(*at).is_some_and(|one| one.is(values));
        if let Some(place) = known.filter(is_it) {
            return Some(place);
        }
        // Two series of one hash: the second is looked for the slow way.
        if known.is_some()
            && let Some(place) = self.series.iter().position(|one| one.is(values))
        {
            return Some(place);
        }
        if SERIES_MAX <= self.series.len() {
            return None;
        }
        let is_wanted = self.only.iter().all(|(at, wanted)| {
            let value = values.get(*at).copied().unwrap_or_default();
            wanted.iter().any(|one| **one == *value)
        });
        let group = is_wanted.then(|| self.group_of(values));
        let place = self.series.len();
        self.series.push(Series {
            values: values.iter().map(|value| Box::from(*value)).collect(),
            group,
            seen: self.look,
        });
        self.series_at.entry(hash).or_insert(place);
        Some(place)
    }

    fn group_of(&mut self, values: &[&str]) -> usize {
        let own: Box<[Box<str>]> = self
            .by
            .iter()
            .map(|at| Box::from(&*bounded(values.get(*at).copied().unwrap_or_default())))
            .collect();
        self.group_at(own)
    }

    fn group_at(&mut self, values: Box<[Box<str>]>) -> usize {
        let hash = hash_of(values.iter().map(|value| &**value));
        let known = self.groups_at.get(&hash).copied();
        let is_it = |at: &usize| self.groups.get(*at).is_some_and(|one| one.values == values);
        if let Some(place) = known.filter(is_it) {
            return place;
        }
        if known.is_some()
            && let Some(place) = self.groups.iter().position(|one| one.values == values)
        {
            return place;
        }
        let place = self.groups.len();
        self.groups.push(Group {
            values,
            state: LevelState::default(),
            sample: None,
            key: None,
        });
        self.groups_at.entry(hash).or_insert(place);
        place
    }

    /// Forgets series that were not seen since the last sweep and are well.
    pub(super) fn sweep(&mut self, clock: Duration) {
        let (swept, look) = self.swept_at;
        if clock.saturating_sub(swept) < LOOKBACK {
            return;
        }
        self.swept_at = (clock, self.look);
        let is_gone = |one: &Series| one.seen <= look;
        if !self.series.iter().any(is_gone) {
            return;
        }
        self.series.retain(|one| !is_gone(one));
        let moved = self.sweep_groups();
        self.series_at.clear();
        for (place, one) in self.series.iter_mut().enumerate() {
            one.group = one.group.and_then(|at| moved.get(at).copied().flatten());
            let hash = hash_of(one.values.iter().map(|value| &**value));
            self.series_at.entry(hash).or_insert(place);
        }
    }

    /// Drops the groups that no series is in and that are well. Returns where each went.
    fn sweep_groups(&mut self) -> Vec<Option<usize>> {
        let groups = std::mem::take(&mut self.groups);
        let mut is_used: Vec<bool> = vec![false; groups.len()];
        for at in self.series.iter().filter_map(|one| one.group) {
            if let Some(slot) = is_used.get_mut(at) {
                *slot = true;
            }
        }
        self.groups_at.clear();
        let mut moved = Vec::with_capacity(groups.len());
        for (group, has_series) in groups.into_iter().zip(is_used) {
            if !has_series && group.state.standing() == Standing::Inactive {
                moved.push(None);
                continue;
            }
            let hash = hash_of(group.values.iter().map(|value| &**value));
            let place = self.groups.len();
            self.groups_at.entry(hash).or_insert(place);
            moved.push(Some(place));
            self.groups.push(group);
        }
        moved
    }
}

fn hash_of<'a>(values: impl Iterator<Item = &'a str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for value in values {
        value.hash(&mut hasher);
    }
    hasher.finish()
}
