//! The demo's story as a pure function of time: actions, and the truth about them.
//!
//! The caller says how much of the story's time has passed and what the wall clock
//! shows; it gets the actions that are due and does them to files. Nothing here
//! reads a clock or a file. Time that jumps ahead gives all that was due, in order.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use super::lines::{Line, Meaning, Writer};
use super::stamp::Stamper;
use super::timetable::{self, CYCLE, Entry, What};
use crate::corpus::Truth;
use crate::corpus::chance::Chance;

/// Something to do to the log files, or to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Say this to whoever watches.
    Tell(&'static str),
    /// Append these bytes, one line with its end.
    Write {
        /// To which log.
        log: Writer,
        /// The line.
        line: Vec<u8>,
    },
    /// Rename the log to `.1` and create it anew.
    Rotate {
        /// Which log.
        log: Writer,
    },
    /// Copy the log to `.1` and truncate it, as `logrotate` does on request.
    CopyTruncate {
        /// Which log.
        log: Writer,
    },
}

/// What an exact reader must count in all that a scenario has written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScenarioTruth {
    /// Lines, bytes and events.
    pub truth: Truth,
    /// Lines of known functions in unknown words, by function.
    pub near_misses: BTreeMap<&'static str, u64>,
    /// How often a log was rotated, in either way.
    pub rotations: u64,
}

/// Tells the story over and over.
#[derive(Debug, Clone)]
pub struct Scenario {
    chance: Chance,
    stamper: Stamper,
    /// When the running cycle began, in the story's time.
    cycle_start: Duration,
    /// What is left of the running cycle.
    entries: VecDeque<Entry>,
    truth: ScenarioTruth,
}

impl Scenario {
    /// Begins the story. Equal seeds tell it in equal words.
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let entries = timetable::cycle(&mut chance).into();
        Self {
            chance,
            stamper: Stamper::default(),
            cycle_start: Duration::ZERO,
            entries,
            truth: ScenarioTruth::default(),
        }
    }

    /// Everything that is due when `elapsed` of the story's time has passed and has
    /// not been given out yet. Lines carry the time `at`.
    pub fn step(&mut self, elapsed: Duration, at: Timestamp) -> Vec<Action> {
        let mut actions = Vec::new();
        while self.next_due() <= elapsed {
            match self.entries.pop_front() {
                Some(entry) => actions.push(self.action(entry.what, at)),
                None => {
                    self.cycle_start = self.cycle_start.saturating_add(CYCLE);
                    self.entries = timetable::cycle(&mut self.chance).into();
                }
            }
        }
        actions
    }

    /// When the next action is due, in the story's time.
    pub fn next_due(&self) -> Duration {
        let in_cycle = self
            .entries
            .front()
            .map_or(CYCLE, |entry| Duration::from_millis(u64::from(entry.at_ms)));
        self.cycle_start.saturating_add(in_cycle)
    }

    /// The truth about everything given out so far.
    pub const fn truth(&self) -> &ScenarioTruth {
        &self.truth
    }

    fn action(&mut self, what: What, at: Timestamp) -> Action {
        match what {
            What::Tell(chapter) => Action::Tell(chapter),
            What::Write(line) => self.write(&line, at),
            What::Rotate(log) => {
                self.truth.rotations += 1;
                Action::Rotate { log }
            }
            What::CopyTruncate(log) => {
                self.truth.rotations += 1;
                Action::CopyTruncate { log }
            }
        }
    }

    fn write(&mut self, line: &Line, at: Timestamp) -> Action {
        let mut bytes = Vec::with_capacity(line.text.len() + 64);
        // Memory takes everything, so this cannot fail; a line without a time would
        // still be a line.
        self.stamper
            .stamp(line.writer, at, &mut bytes)
            .unwrap_or_default();
        if line.writer == Writer::Agent {
            bytes.extend_from_slice(format!("[{}] ", line.level).as_bytes());
        }
        bytes.extend_from_slice(line.text.as_bytes());
        bytes.push(b'\n');
        self.count(line.meaning, bytes.len());
        Action::Write {
            log: line.writer,
            line: bytes,
        }
    }

    fn count(&mut self, meaning: Meaning, bytes: usize) {
        let truth = &mut self.truth.truth;
        truth.lines += 1;
        truth.bytes = truth
            .bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        match meaning {
            Meaning::Nothing => {}
            Meaning::Event(key) => *truth.counts.entry(key.to_owned()).or_default() += 1,
            Meaning::NearMiss(function) => {
                *self.truth.near_misses.entry(function).or_default() += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(steps: &[u64]) -> (Vec<Action>, ScenarioTruth) {
        let mut scenario = Scenario::new(3);
        let at = Timestamp::from_second(1_714_615_800).unwrap();
        let actions = steps
            .iter()
            .flat_map(|second| scenario.step(Duration::from_secs(*second), at))
            .collect();
        (actions, scenario.truth().clone())
    }

    /// The second at which a line that contains `words` comes for the `nth` time.
    fn second_of(words: &str, nth: usize) -> u64 {
        let mut scenario = Scenario::new(3);
        let seconds = (0..60).flat_map(|second| {
            let actions = scenario.step(Duration::from_secs(second), Timestamp::UNIX_EPOCH);
            actions
                .into_iter()
                .map(move |action| (second, action))
                .collect::<Vec<_>>()
        });
        let mut hits = seconds.filter(|(_, action)| match action {
            Action::Write { line, .. } => String::from_utf8_lossy(line).contains(words),
            Action::Tell(_) | Action::Rotate { .. } | Action::CopyTruncate { .. } => false,
        });
        hits.nth(nth - 1).unwrap().0
    }

    #[test]
    fn the_pace_does_not_change_the_story() {
        let by_second: Vec<u64> = (0..=180).collect();
        assert_eq!(play(&by_second), play(&[180]));
    }

    #[test]
    fn a_newcomer_sees_the_tunnel_fall_within_20_seconds_and_rise_5_later() {
        let down = second_of("NPADISCONNECTED", 1);
        let up_again = second_of("\"NPACONNECTED", 2);
        assert!(second_of("\"NPACONNECTED", 1) < down && down < 20, "{down}");
        assert!((4..=6).contains(&(up_again - down)), "{up_again}");
    }

    #[test]
    fn each_minute_has_a_failed_registration_an_update_and_both_kinds_of_rotation() {
        let (actions, truth) = play(&[59]);
        for (key, count) in [
            ("registration.failed|discovery_call", 1),
            ("registration.succeeded", 1),
            ("update.failed|docker_pull", 1),
            ("update.skipped|same_version", 1),
            ("tunnel.unknown_event", 1),
            ("tunnel.connected", 2),
            ("tunnel.disconnected", 2),
            ("config.pulled", 1),
        ] {
            assert_eq!(truth.truth.counts.get(key), Some(&count), "{key}");
        }
        assert_eq!(truth.near_misses.values().sum::<u64>(), 1);
        assert_eq!(truth.rotations, 2);
        assert!(actions.contains(&Action::Rotate { log: Writer::Agent }));
        assert!(actions.contains(&Action::CopyTruncate {
            log: Writer::Wizard
        }));
    }
}
