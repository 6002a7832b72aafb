//! The demo's story as a pure function of time: actions, and the truth about them.
//!
//! The caller says how much of the story's time has passed and what the wall clock
//! shows; it gets the actions that are due and does them to files. Nothing here
//! reads a clock or a file. Time that jumps ahead gives all that was due, in order.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use model::connector::Tool;

use super::lines;
use super::logs::Log;
use super::publisher::stamp::Stamper;
use super::timetable::{CYCLE, Entry, Record, Timetable, What};
use super::tools::Answer;
use super::truth::ScenarioTruth;
use super::{cato_client, netskope_client, path, publisher};
use crate::corpus::chance::Chance;

/// Something to do to the log files or the tools, or to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Say this to whoever watches.
    Tell(&'static str),
    /// Append these bytes, one record with its line ends.
    Write {
        /// To which log.
        log: Log,
        /// The record.
        record: Vec<u8>,
    },
    /// Rename the log after its first rotation and create it anew.
    Rotate {
        /// Which log.
        log: Log,
    },
    /// Copy the log to its first rotation and truncate it, as `logrotate` does on
    /// request.
    CopyTruncate {
        /// Which log.
        log: Log,
    },
    /// Leave the log's file as it is and go on in this one.
    Begin {
        /// Which log.
        log: Log,
        /// The new file.
        file_name: String,
    },
    /// Let the stand-in of a tool answer so from now on.
    Answer {
        /// Which tool.
        tool: Tool,
        /// What it does.
        answer: Answer,
    },
    /// Let a firewall on the path to the vendor inspect TLS, or leave it alone.
    Path(Inspection),
    /// Let the Publisher's own counts say this.
    Count(String),
}

/// What a firewall on the path does to TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inspection {
    /// It shows a certificate of its own from now on.
    Begins,
    /// It lets the vendor's pass.
    Ends,
}

/// Where one connector's chances differ from another's, so that a change of one story
/// leaves the others' words as they are.
const NETSKOPE_CLIENT_SEED: u64 = 0x6e73;
const CATO_CLIENT_SEED: u64 = 0x6361;

/// Tells the story over and over.
#[derive(Debug, Clone)]
pub struct Scenario {
    publisher: Chance,
    netskope_client: Chance,
    cato_client: Chance,
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
        let mut scenario = Self {
            publisher: Chance::new(seed),
            netskope_client: Chance::new(seed ^ NETSKOPE_CLIENT_SEED),
            cato_client: Chance::new(seed ^ CATO_CLIENT_SEED),
            stamper: Stamper::default(),
            cycle_start: Duration::ZERO,
            entries: VecDeque::new(),
            truth: ScenarioTruth::default(),
        };
        scenario.begin_cycle();
        scenario
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
                    self.begin_cycle();
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

    fn begin_cycle(&mut self) {
        let mut table = Timetable::default();
        publisher::fill(&mut table, &mut self.publisher);
        netskope_client::fill(&mut table, &mut self.netskope_client);
        cato_client::fill(&mut table, &mut self.cato_client);
        path::fill(&mut table);
        self.entries = table.in_order().into();
    }

    fn action(&mut self, what: What, at: Timestamp) -> Action {
        match what {
            What::Tell(chapter) => Action::Tell(chapter),
            What::Write(record) => self.write(&record, at),
            What::Rotate(log) => {
                self.truth.note_new_file(log.connector());
                Action::Rotate { log }
            }
            What::CopyTruncate(log) => {
                self.truth.note_new_file(log.connector());
                Action::CopyTruncate { log }
            }
            What::Begin(log) => {
                self.truth.note_new_file(log.connector());
                let file_name = cato_client::file_name(at);
                Action::Begin { log, file_name }
            }
            What::Answer(tool, answer) => Action::Answer { tool, answer },
            What::Path(inspection) => Action::Path(inspection),
            What::Count(text) => Action::Count(text),
        }
    }

    fn write(&mut self, record: &Record, at: Timestamp) -> Action {
        let mut bytes = Vec::with_capacity(record.text.len().saturating_add(64));
        let stamped = match record.log {
            Log::PublisherAgent => self.stamper.stamp(lines::Writer::Agent, at, &mut bytes),
            Log::PublisherWizard => self.stamper.stamp(lines::Writer::Wizard, at, &mut bytes),
            Log::NetskopeDebug => netskope_client::stamp(at, &mut bytes),
            Log::NetskopePrivateAccess => netskope_client::stamp_private_access(at, &mut bytes),
            Log::CatoVpn => cato_client::stamp(at, &mut bytes),
        };
        // Memory takes everything, so this cannot fail; a line without a time would
        // still be a line.
        stamped.unwrap_or_default();
        bytes.extend_from_slice(record.text.as_bytes());
        bytes.push(b'\n');
        self.truth.note(record, &bytes);
        Action::Write {
            log: record.log,
            record: bytes,
        }
    }
}

#[cfg(test)]
mod tests;
