//! Rules on how often something happens: counts of events, or by how much a counter grows,
//! over the last so many minutes.
//!
//! The counts come from the picture, where every event stands, not from the events that are
//! handed over, which leave out the daily business. A window is a ring of coarse parts, so
//! memory is bounded however much happens; it may reach back longer than it should by one
//! part, a sixtieth. A count that is seen for the first time counts from then on, one that
//! fell began again from 0.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::desk::{Desk, Part, Turn};
use super::figures::lasting;
use super::ledger::Ledger;
use super::naming::{Labels, bounded, key_of};
use crate::facts::Facts;
use crate::level::Standing;
use crate::rule::{Counted, Rule, Trigger};

/// Parts of a window.
const PARTS: u64 = 60;

/// Most combinations of labels that are counted for one rule.
const WINDOWS_MAX: usize = 1_000;

/// What a rule on how often has to remember.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Rates {
    /// The last known count of each series that the rule is about.
    counts: Vec<Count>,
    windows: Vec<Window>,
    /// How far the walk over `counts` has come.
    #[serde(skip)]
    cursor: usize,
    /// Whether counts are only noted, since nobody knows when what they count happened.
    #[serde(skip)]
    is_blind: bool,
    #[serde(skip)]
    is_changed: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    /// The values of the labels that what is counted has.
    values: Box<[Arc<str>]>,
    last: u64,
    /// Which window it adds to.
    window: Option<usize>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    labels: Labels,
    key: Arc<str>,
    connector: Arc<str>,
    /// Numbers of parts since ever, with what they counted; the oldest first.
    parts: VecDeque<(u64, u64)>,
}

/// What a rule on how often is about.
struct Asked<'a> {
    of: &'a Counted,
    at_least: u64,
    within: Duration,
}

impl<'a> Asked<'a> {
    fn of(rule: &'a Rule) -> Option<Self> {
        match &rule.on {
            Trigger::Rate {
                of,
                at_least,
                within,
            } => Some(Self {
                of,
                at_least: *at_least,
                within: *within,
            }),
            Trigger::Event { .. }
            | Trigger::Sample { .. }
            | Trigger::Absence { .. }
            | Trigger::Update(_) => None,
        }
    }

    /// Hands over everything that is counted: the values of its labels, and how often it
    /// has happened since ever.
    fn counts(&self, facts: &dyn Facts, each: &mut dyn FnMut(&[&str], u64)) {
        match self.of {
            Counted::Events { kinds, reasons } => facts.event_counts(&mut |told| {
                let mut wanted = reasons.iter();
                let is_kind = kinds.iter().any(|kind| kind.name() == told.event);
                if is_kind && (reasons.is_empty() || wanted.any(|one| one.as_str() == told.reason))
                {
                    each(&[told.connector, told.event, told.reason], told.count);
                }
            }),
            Counted::Growth { signal, only } => {
                let labels = signal.row().labels;
                facts.readings(*signal, &mut |values, number| {
                    let is_one_of = |(name, wanted): &(Arc<str>, Vec<Arc<str>>)| {
                        let mut told = labels.iter().zip(values);
                        told.any(|(label, value)| {
                            **label == **name && wanted.iter().any(|one| **one == **value)
                        })
                    };
                    if only.iter().all(is_one_of) {
                        each(values, whole(number));
                    }
                });
            }
        }
    }

    /// How long a part of the window is.
    fn part(&self) -> u128 {
        (self.within.as_millis() / u128::from(PARTS)).max(1)
    }

    /// The number of the part that a moment falls into.
    fn number_at(&self, clock: Duration) -> u64 {
        u64::try_from(clock.as_millis() / self.part()).unwrap_or(u64::MAX)
    }
}

impl Desk {
    /// Nobody looked for so long: counts of longer ago than the window are not counted in.
    pub(super) fn look_back(&mut self, outage: Duration, is_first_start: bool) {
        let Some(asked) = Asked::of(&self.rule) else {
            return;
        };
        let is_blind = is_first_start || asked.within < outage;
        if let Part::Rates(rates) = &mut self.part {
            rates.is_blind = is_blind;
        }
    }

    /// Takes the row of its counts back. `false` if it is of no use any more.
    pub(super) fn restore_counts(&mut self, bytes: &[u8]) -> bool {
        let Ok(kept) = serde_json::from_slice::<Rates>(bytes) else {
            return false;
        };
        let names = self.rule.label_names();
        let is_ours = kept.windows.iter().all(|window| {
            let own: BTreeSet<&str> = window.labels.iter().map(|(name, _)| &**name).collect();
            own == names
        });
        match &mut self.part {
            Part::Rates(rates) if is_ours => {
                *rates = kept;
                true
            }
            Part::None | Part::Notices(_) | Part::Rates(_) | Part::Samples(_) => false,
        }
    }

    /// Takes the counts of this step in, and decides how the matters stand.
    pub(super) fn step_rates(&mut self, facts: &dyn Facts, turn: &mut Turn<'_>) {
        let rule = Arc::clone(&self.rule);
        let Some(asked) = Asked::of(&rule) else {
            return;
        };
        let Part::Rates(rates) = &mut self.part else {
            return;
        };
        rates.take_counts(&rule, &asked, facts, turn.now.clock);
        let now = asked.number_at(turn.now.clock);
        let mut turns = Vec::new();
        for window in &mut rates.windows {
            let sum = window.sum(now);
            let matter = self.matters.get(&window.key);
            let is_firing = matter.is_some_and(|one| one.standing == Standing::Firing);
            if is_firing != (asked.at_least <= sum) {
                turns.push((window.clone(), sum));
            }
        }
        for (window, sum) in turns {
            self.turn_rate(&window, sum, &asked, turn);
        }
    }

    fn turn_rate(&mut self, window: &Window, sum: u64, asked: &Asked<'_>, turn: &mut Turn<'_>) {
        let at = turn.now.wall;
        let why = format!("{sum} within {}", lasting(asked.within));
        let told = format!("{why}, {} are too many", asked.at_least);
        if sum < asked.at_least {
            if let Some(matter) = self.matters.get_mut(&window.key) {
                matter.turn_to(Standing::Inactive, format!("only {why}"), at);
            }
            return;
        }
        let rule = Arc::clone(&self.rule);
        let answer = self.ask(rule.when.as_ref(), &window.connector, None, turn);
        if answer == Ok(false) {
            return;
        }
        if self.open(&window.key, &window.labels, turn).is_none() {
            return;
        }
        self.word(&window.key, None, turn);
        if let Some(matter) = self.matters.get_mut(&window.key) {
            matter.connector = Arc::clone(&window.connector);
            matter.words.facts = vec![(Arc::from("count"), why)];
            matter.words.faults.extend(answer.err());
            matter.turn_to(Standing::Firing, told, at);
        }
    }
}

impl Rates {
    fn take_counts(&mut self, rule: &Rule, asked: &Asked<'_>, facts: &dyn Facts, clock: Duration) {
        self.cursor = 0;
        let number = asked.number_at(clock);
        let labels = asked.of.labels();
        asked.counts(facts, &mut |values, count| {
            self.take((rule, labels), values, count, number);
        });
        self.is_blind = self.is_blind && !facts.is_caught_up();
    }

    fn take(&mut self, about: (&Rule, &[&str]), values: &[&str], told: u64, number: u64) {
        let place = self.place_of(values);
        let Some(place) = place else {
            let window = self.window_of(about, values);
            self.counts.push(Count {
                values: values.iter().map(|value| Arc::from(*value)).collect(),
                last: told,
                window,
            });
            self.is_changed = true;
            return;
        };
        let Some(count) = self.counts.get_mut(place) else {
            return;
        };
        if count.last == told {
            return;
        }
        // A count that fell began again: all of it is new.
        let more = told.checked_sub(count.last).unwrap_or(told);
        count.last = told;
        self.is_changed = true;
        let window = count.window.and_then(|at| self.windows.get_mut(at));
        if let Some(window) = window.filter(|_| !self.is_blind) {
            window.add(number, more);
        }
    }

    /// Where a series stands: most often right after the one before.
    fn place_of(&mut self, values: &[&str]) -> Option<usize> {
        let is_it = |count: &Count| {
            let own = count.values.iter().map(|value| &**value);
            own.eq(values.iter().copied())
        };
        let place = if self.counts.get(self.cursor).is_some_and(is_it) {
            self.cursor
        } else {
            self.counts.iter().position(is_it)?
        };
        self.cursor = place.saturating_add(1);
        Some(place)
    }

    fn window_of(
        &mut self,
        (rule, labels_told): (&Rule, &[&str]),
        values: &[&str],
    ) -> Option<usize> {
        let value = |name: &str| {
            let mut told = labels_told.iter().zip(values);
            let found = told.find(|(label, _)| **label == name);
            found.map_or("", |(_, value)| *value)
        };
        let mut labels: Labels = rule
            .by
            .iter()
            .map(|name| (Arc::clone(name), Arc::from(&*bounded(value(name)))))
            .collect();
        labels.sort_unstable();
        let key = key_of(&rule.id, &labels);
        let known = self.windows.iter().position(|one| one.key == key);
        if known.is_some() || WINDOWS_MAX <= self.windows.len() {
            return known;
        }
        self.windows.push(Window {
            labels,
            key,
            connector: Arc::from(value("connector")),
            parts: VecDeque::new(),
        });
        self.windows.len().checked_sub(1)
    }

    /// Puts its row if it changed.
    pub(super) fn store(&mut self, rule: &str, ledger: &mut Ledger) {
        if std::mem::take(&mut self.is_changed) {
            ledger.put_value(&counts_key(rule), self);
        }
    }
}

impl Window {
    fn add(&mut self, number: u64, more: u64) {
        match self.parts.back_mut() {
            Some((last, count)) if *last == number => *count = count.saturating_add(more),
            Some(_) | None => self.parts.push_back((number, more)),
        }
    }

    /// What happened within the window; forgets what is older.
    fn sum(&mut self, now: u64) -> u64 {
        while self
            .parts
            .front()
            .is_some_and(|(number, _)| number.saturating_add(PARTS) < now)
        {
            self.parts.pop_front();
        }
        let counts = self.parts.iter().map(|(_, count)| *count);
        counts.fold(0, u64::saturating_add)
    }
}

/// A counter's number: whole, and not below 0.
fn whole(number: f64) -> u64 {
    format!("{:.0}", number.max(0.0))
        .parse()
        .unwrap_or(u64::MAX)
}

/// The key of the row of a rule's counts.
pub(super) fn counts_key(rule: &str) -> String {
    format!("counts/{rule}")
}
