//! A disk, a tailer on it, and a store that commits lines and positions together.
//!
//! Lines are framed in the simplest way; what counts is the exact list of lines
//! that were ever committed.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use model::log::{GenerationCause, LINE_BYTES_MAX, LossCause};
use model::position::{FileId, Position, PositionChange, SourceId};

use super::memory::MemoryFiles;
use crate::config::TailLimits;
use crate::file_system::FileSystem;
use crate::source::{SourceConfig, StartAt};
use crate::tailer::{Start, Tailer};
use crate::turn::{Batch, Now, PollReport, SourceStatus, Taken};

/// Everything a test needs.
pub(super) struct World<F: FileSystem + Clone = MemoryFiles> {
    pub(super) disk: F,
    pub(super) source: SourceConfig,
    /// The sources after the first.
    pub(super) others: Vec<SourceConfig>,
    pub(super) limits: TailLimits,
    tailer: Option<Tailer<F>>,
    now: Duration,
    positions: BTreeMap<FileId, (SourceId, Position)>,
    next_file_id: u64,
    /// Committed lines, in the order they came.
    pub(super) lines: Vec<String>,
    pub(super) generations: Vec<GenerationCause>,
    pub(super) lost: Vec<(LossCause, u64)>,
    pub(super) last_report: PollReport,
}

impl World {
    /// An empty disk in memory and the pattern `/log/a.log*` or another one.
    pub(super) fn following(pattern: &str) -> Self {
        Self::on(MemoryFiles::default(), pattern)
    }
}

impl<F: FileSystem + Clone> World<F> {
    pub(super) fn on(disk: F, pattern: &str) -> Self {
        Self {
            disk,
            source: SourceConfig {
                group: 0,
                patterns: vec![pattern.to_owned()],
                is_new: true,
                start_at: StartAt::Beginning,
                read_compressed: true,
            },
            others: Vec::new(),
            limits: TailLimits::default(),
            tailer: None,
            now: Duration::from_secs(1_000),
            positions: BTreeMap::new(),
            next_file_id: 1,
            lines: Vec::new(),
            generations: Vec::new(),
            lost: Vec::new(),
            last_report: PollReport::default(),
        }
    }

    /// Lets time pass, then polls until nothing is left, and commits.
    pub(super) fn poll_after(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        for _ in 0..1_000 {
            self.poll_once();
            if !self.last_report.has_more {
                return;
            }
        }
        panic!("a turn without end");
    }

    /// Polls after a scan interval.
    pub(super) fn poll(&mut self) {
        self.poll_after(1);
    }

    /// One poll, committed.
    pub(super) fn poll_once(&mut self) {
        let (lines, report) = self.poll_uncommitted();
        self.lines.extend(lines);
        for change in &report.changes {
            match change {
                PositionChange::Moved {
                    id,
                    source,
                    position,
                } => {
                    check_position(position);
                    self.positions.insert(*id, (*source, position.clone()));
                    self.next_file_id = self.next_file_id.max(id.0 + 1);
                }
                PositionChange::Forgotten { id } => {
                    self.positions.remove(id);
                }
            }
        }
        self.source.is_new = false;
        for other in &mut self.others {
            other.is_new = false;
        }
        self.generations
            .extend(report.generations.iter().map(|(_, cause)| *cause));
        self.lost
            .extend(report.lost.iter().map(|(_, cause, bytes)| (*cause, *bytes)));
        self.last_report = report;
    }

    /// Lets a scan interval pass while the store refuses commits.
    pub(super) fn watch_after(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        let now = Now {
            monotonic: self.now,
            wall: SystemTime::UNIX_EPOCH,
        };
        self.tailer().watch_only(now);
    }

    /// Builds the tailer anew from what was committed, and hands the handles over.
    pub(super) fn reload(&mut self) {
        let old = self.tailer.take();
        let next = self.tailer();
        if let Some(old) = old {
            next.take_over(old);
        }
    }

    /// Adds a source of the same group, or of another one.
    pub(super) fn add_source(&mut self, group: usize, pattern: &str) {
        self.others.push(SourceConfig {
            group,
            patterns: vec![pattern.to_owned()],
            ..self.source.clone()
        });
    }

    /// Polls and does not commit; the caller crashes next.
    pub(super) fn poll_uncommitted(&mut self) -> (Vec<String>, PollReport) {
        let mut lines = Vec::new();
        let now = Now {
            monotonic: self.now,
            // The disk in memory counts its times from the epoch, in microseconds.
            wall: SystemTime::UNIX_EPOCH,
        };
        let tailer = self.tailer();
        let report = tailer.poll(now, &mut |batch| frame(&batch, &mut lines));
        (lines, report)
    }

    /// The same after a while.
    pub(super) fn poll_uncommitted_after(&mut self, seconds: u64) -> (Vec<String>, PollReport) {
        self.now += Duration::from_secs(seconds);
        self.poll_uncommitted()
    }

    /// Stops the tailer without a word, as `kill -9` does.
    pub(super) fn crash(&mut self) {
        self.tailer = None;
    }

    pub(super) fn status(&mut self) -> SourceStatus {
        self.status_of(0)
    }

    pub(super) fn status_of(&mut self, source: usize) -> SourceStatus {
        self.tailer().source_status(SourceId(source))
    }

    pub(super) fn tailer(&mut self) -> &mut Tailer<F> {
        let start = Start {
            restored: self
                .positions
                .iter()
                .map(|(id, (source, position))| (*id, *source, position.clone()))
                .collect(),
            next_file_id: self.next_file_id,
        };
        self.tailer.get_or_insert_with(|| {
            let mut sources = vec![self.source.clone()];
            sources.extend(self.others.iter().cloned());
            Tailer::new(self.disk.clone(), sources, self.limits.clone(), start).unwrap()
        })
    }

    pub(super) fn positions(&self) -> Vec<Position> {
        self.positions
            .values()
            .map(|(_, position)| position.clone())
            .collect()
    }

    pub(super) fn lost_bytes(&self) -> u64 {
        self.lost.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Asserts the committed lines, in order.
    pub(super) fn expect(&self, lines: &[&str]) {
        assert_eq!(self.lines, lines);
    }
}

/// Takes the whole lines of a batch.
pub(super) fn frame(batch: &Batch<'_>, lines: &mut Vec<String>) -> Taken {
    let mut rest = batch.bytes;
    let mut is_skipping = batch.mid_line;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
        if !std::mem::take(&mut is_skipping) {
            lines.push(text(&rest[..at]));
        }
        rest = &rest[at + 1..];
    }
    let lines_bytes = batch.bytes.len() - rest.len();
    if batch.is_final && !rest.is_empty() && !is_skipping {
        lines.push(text(rest));
    }
    let takes_rest = is_skipping || batch.is_final || LINE_BYTES_MAX < rest.len();
    Taken {
        consumed: if takes_rest {
            batch.bytes.len()
        } else {
            lines_bytes
        },
        mid_line: is_skipping || LINE_BYTES_MAX < rest.len(),
        line_end: 0 < lines_bytes && (rest.is_empty() || !takes_rest),
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_matches('\0').to_owned()
}

fn check_position(position: &Position) {
    let offsets: Vec<u64> = position
        .markers
        .iter()
        .map(|marker| marker.offset)
        .collect();
    assert!(offsets.len() <= model::position::MARKERS_MAX, "{offsets:?}");
    assert!(
        offsets.is_sorted_by(|newer, older| newer > older),
        "{offsets:?}"
    );
    assert!(
        offsets.iter().all(|offset| *offset <= position.offset),
        "{position:?}"
    );
}
