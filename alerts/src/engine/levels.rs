//! Rules on numbers: what becomes of a group of series that is not well.
//!
//! What connectors' logs tell waits until they are read to their end, since states of
//! yesterday are no reason to wake anybody. The host and the agent itself do not wait.
//! After a restart a matter goes on where it stood; one that was pending when nobody looked
//! for more than an hour begins anew.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::signal::Signal;

use super::desk::{Desk, Part, Turn};
use super::figures::{figure, is_state, lasting, limit};
use super::journal::Decided;
use super::matter::Matter;
use super::samples::{SERIES_MAX, Turned};
use crate::level::{LOOKBACK, Level, Standing};
use crate::rule::{Trigger, View};

/// How long nobody may have looked before a matter that was pending begins anew. What
/// Prometheus tolerates by default (`--rules.alert.for-outage-tolerance`).
pub const OUTAGE_MAX: Duration = Duration::from_secs(3_600);

/// A rule on numbers, taken apart.
#[derive(Clone, Copy)]
struct Asked<'a> {
    signal: Signal,
    view: View,
    level: &'a Level,
}

impl Asked<'_> {
    fn of(on: &Trigger) -> Option<Asked<'_>> {
        match on {
            Trigger::Sample {
                signal,
                view,
                level,
                ..
            } => Some(Asked {
                signal: *signal,
                view: *view,
                level,
            }),
            Trigger::Event { .. }
            | Trigger::Rate { .. }
            | Trigger::Absence { .. }
            | Trigger::Update(_) => None,
        }
    }

    /// Whether it is told by the logs of connectors.
    const fn is_of_logs(&self) -> bool {
        !matches!(
            self.signal,
            Signal::Host(_) | Signal::Probe(_) | Signal::Alert(_)
        )
    }

    fn figure(&self, number: f64) -> String {
        figure(self.signal, self.view, number)
    }

    fn limit(&self) -> String {
        limit(self.signal, self.view, self.level)
    }

    /// Why it stands so, in a sentence.
    fn why(&self, standing: Standing, turned: &Turned) -> String {
        let number = turned.state.last().map_or(f64::NAN, |(_, number)| number);
        let number = self.figure(number);
        let limit = self.limit();
        let time = lasting(self.level.lasting);
        let is_gone = turned.sample.is_none();
        if is_state(self.signal) && !(standing == Standing::Inactive && is_gone) {
            return match standing {
                Standing::Pending => format!("it is so, not for {time} yet"),
                Standing::Firing if self.level.lasting.is_zero() => "it is so".to_owned(),
                Standing::Firing => format!("it is so, for {time} now"),
                Standing::Inactive => "it is no longer so".to_owned(),
            };
        }
        match standing {
            Standing::Pending => format!("{number} is {limit}, not for {time} yet"),
            Standing::Firing if self.level.lasting.is_zero() => format!("{number} is {limit}"),
            Standing::Firing => format!("{number} is {limit}, for {time} now"),
            Standing::Inactive if is_gone => {
                format!("there is no number any more, for {}", lasting(LOOKBACK))
            }
            Standing::Inactive => format!("{number} is good again (bad is {limit})"),
        }
    }
}

impl Desk {
    /// Takes back a matter's number. `false` if the matter is none of this rule.
    pub(super) fn restore_sample(&mut self, matter: &Matter) -> bool {
        let Part::Samples(samples) = &mut self.part else {
            return matter.level.is_none();
        };
        let state = matter.level.unwrap_or_default();
        if !samples.restore(&self.rule, &matter.labels, state) {
            return false;
        }
        self.is_restored = true;
        true
    }

    /// The signal that the rule looks at, if it looks at one.
    pub(super) fn signal(&self) -> Option<Signal> {
        match &self.rule.on {
            Trigger::Sample { signal, .. } => Some(*signal),
            Trigger::Event { .. }
            | Trigger::Rate { .. }
            | Trigger::Absence { .. }
            | Trigger::Update(_) => None,
        }
    }

    /// Begins a look at every series of the rule, unless it waits for the logs.
    pub(super) fn begin_samples(&mut self, is_caught_up: bool, turn: &Turn<'_>) {
        let of_logs = Asked::of(&self.rule.on).is_some_and(|asked| asked.is_of_logs());
        let Part::Samples(samples) = &mut self.part else {
            return;
        };
        let waits = of_logs && !is_caught_up;
        if waits {
            return;
        }
        if std::mem::take(&mut self.is_restored) {
            let matters = &self.matters;
            samples.bridge(|key| matters.get(key)?.number, turn.now.clock);
        }
        samples.begin(seconds(turn.now.wall));
    }

    /// The number of a series at this look.
    pub(super) fn take_sample(&mut self, values: &[&str], number: f64) {
        if let Part::Samples(samples) = &mut self.part {
            samples.take(values, number);
        }
    }

    /// Decides, at the end of a look, how the matters stand.
    pub(super) fn step_samples(&mut self, turn: &mut Turn<'_>) {
        let rule = Arc::clone(&self.rule);
        let clock = turn.now.clock;
        let (Part::Samples(samples), Some(asked)) = (&mut self.part, Asked::of(&rule.on)) else {
            return;
        };
        if !samples.end() {
            return;
        }
        let beyond = samples.beyond();
        for turned in samples.step(asked.level, clock) {
            self.turn_group(&turned, asked, turn);
        }
        if let Part::Samples(stepped) = &mut self.part {
            stepped.sweep(clock);
        }
        if 0 < beyond {
            self.fail(format!("it has more than {SERIES_MAX} series"), turn);
        }
    }

    fn turn_group(&mut self, turned: &Turned, asked: Asked<'_>, turn: &mut Turn<'_>) {
        let rule = Arc::clone(&self.rule);
        let Part::Samples(samples) = &mut self.part else {
            return;
        };
        let (key, labels) = samples.name_of(&rule, turned.place);
        let standing = turned.state.standing();
        let before = self.matters.get(&key).map(|matter| matter.standing);
        let before = before.unwrap_or_default();
        if before == standing {
            if let Some(matter) = self.matters.get_mut(&key) {
                let known = matter.level.and_then(|state| state.good_since());
                matter.is_changed |= known != turned.state.good_since();
                matter.level = Some(turned.state);
            }
            return;
        }
        if before == Standing::Inactive {
            if self.open(&key, &labels, turn).is_none() {
                return;
            }
            self.word(&key, None, turn);
        }
        let why = asked.why(standing, turned);
        let at = turn.now.wall;
        let Some(matter) = self.matters.get_mut(&key) else {
            return;
        };
        matter.level = Some(turned.state);
        let number = turned.state.last().map(|(_, number)| number);
        matter.number = number.filter(|number| number.is_finite());
        matter.turn_to(standing, why.clone(), at);
        let about = (&rule.id, &key);
        match (before, standing) {
            (_, Standing::Pending) => turn.journal.note(about, Decided::Pending, why, at),
            (Standing::Pending, Standing::Inactive) => {
                turn.journal.note(about, Decided::Passed, why, at);
            }
            _ => {}
        }
    }

    /// Nobody looked for so long: what was pending begins anew.
    pub(super) fn begin_anew(&mut self, outage: Duration, turn: &mut Turn<'_>) {
        let Part::Samples(samples) = &mut self.part else {
            return;
        };
        for matter in self.matters.values_mut() {
            if matter.standing != Standing::Pending {
                continue;
            }
            let why = format!("nobody looked for {}: it begins anew", lasting(outage));
            samples.restore(&self.rule, &matter.labels, Default::default());
            matter.level = None;
            matter.number = None;
            matter.turn_to(Standing::Inactive, why.clone(), turn.now.wall);
            let about = (&self.rule.id, &matter.key);
            turn.journal
                .note(about, Decided::Passed, why, turn.now.wall);
        }
    }
}

/// Seconds since the epoch.
fn seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}
