//! What happens in the demo's minute, and when: the form of it.
//!
//! Pure data. Each connector fills a table of its own with [`Timetable`], in any
//! order; who plays them is [`super::scenario`].

use std::time::Duration;

use model::connector::Tool;

use super::lines::{Line, Meaning, Writer};
use super::logs::Log;
use super::scenario::Inspection;
use super::tools::Answer;

/// How long the story takes before it begins again.
pub(super) const CYCLE: Duration = Duration::from_secs(60);

/// One entry: when in the cycle, and what.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Since the cycle's start, in milliseconds.
    pub(super) at_ms: u32,
    /// What is due then.
    pub(super) what: What,
}

/// What can be due.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// Tell the newcomer.
    Tell(&'static str),
    /// Write a record.
    Write(Record),
    /// Rename the log and create it anew.
    Rotate(Log),
    /// Copy the log and truncate it.
    CopyTruncate(Log),
    /// The program starts, and begins a file whose name tells when.
    Begin(Log),
    /// From now on the vendor's tool answers so.
    Answer(Tool, Answer),
    /// Somebody begins to inspect TLS on the path, or ends it.
    Path(Inspection),
    /// The Publisher's own counts are these from now on.
    Count(String),
}

/// A record without its time and last line end.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// Where it goes.
    pub(super) log: Log,
    /// What follows its time. Lines after the first begin no record.
    pub(super) text: String,
    /// The truth about it.
    pub(super) meaning: Meaning,
}

impl From<Line> for Record {
    fn from(line: Line) -> Self {
        let text = match line.writer {
            Writer::Agent => format!("[{}] {}", line.level, line.text),
            Writer::Wizard => line.text,
        };
        Self {
            log: line.writer.into(),
            text,
            meaning: line.meaning,
        }
    }
}

/// Collects entries in any order.
#[derive(Debug, Default)]
pub(super) struct Timetable {
    entries: Vec<Entry>,
}

impl Timetable {
    /// A chapter for who watches.
    pub(super) fn tell(&mut self, at_ms: u32, chapter: &'static str) {
        self.add(at_ms, What::Tell(chapter));
    }

    /// A record for a log.
    pub(super) fn write(&mut self, at_ms: u32, record: impl Into<Record>) {
        self.add(at_ms, What::Write(record.into()));
    }

    /// A tool's answer from then on.
    pub(super) fn answer(&mut self, at_ms: u32, tool: Tool, answer: Answer) {
        self.add(at_ms, What::Answer(tool, answer));
    }

    /// Anything.
    pub(super) fn add(&mut self, at_ms: u32, what: What) {
        self.entries.push(Entry { at_ms, what });
    }

    /// The entries in the order of time. Those of one moment keep the order in which
    /// they were added, so a chapter comes before its lines.
    pub(super) fn in_order(mut self) -> Vec<Entry> {
        self.entries.sort_by_key(|entry| entry.at_ms);
        self.entries
    }
}
