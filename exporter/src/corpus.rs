//! Writes realistic Publisher logs of any size, with the exact truth about them.
//!
//! For benches and end-to-end tests: one seed gives one file, and the [`Truth`]
//! says what an exact reader must count in it. Lines are drawn from pools that are
//! rendered once, so writing is far faster than reading. It does not recognise
//! anything; a wrong catalogue cannot make its counts agree.
//!
//! Known limit: a real Publisher's mix is not public. Eight lines in a hundred mean
//! something here, and half of those are proxied connections.

pub mod chance;
pub mod noise;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::clock::Clock;
use crate::demo::lines::{self, Line, Meaning, Writer};
use crate::demo::stamp::Stamper;
use chance::Chance;

/// What a corpus looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorpusShape {
    /// How many lines of a thousand mean nothing.
    pub noise_per_thousand: u32,
    /// What stands before an agent line's text.
    pub prefix: Prefix,
    /// Whether lines stay short and are all UTF-8.
    pub is_clean: bool,
}

impl Default for CorpusShape {
    fn default() -> Self {
        Self {
            noise_per_thousand: 920,
            prefix: Prefix::HostAndTime,
            is_clean: true,
        }
    }
}

/// What stands before an agent line's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// `[host:YYYY-MM-DD HH:MM:SS.ffffff +00:00] [level] `.
    HostAndTime,
    /// Nothing, as the vendor's page shows the lines.
    None,
}

/// What an exact reader must find.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Truth {
    /// Lines, all of them ended.
    pub lines: u64,
    /// Bytes, line ends included.
    pub bytes: u64,
    /// How often each `event` or `event|reason` happened. One that never did is not in it.
    pub counts: BTreeMap<String, u64>,
}

/// A seeded source of log lines.
#[derive(Debug, Clone)]
pub struct Corpus {
    chance: Chance,
    shape: CorpusShape,
    stamper: Stamper,
    /// Log time of the next line, in microseconds since the epoch.
    now_us: i64,
    noise: Vec<Pooled>,
    events: Vec<Pooled>,
    /// Truth and count of each pooled meaning.
    counts: Vec<(&'static str, u64)>,
    lines: u64,
    bytes: u64,
}

/// A line ready to be written behind its time.
#[derive(Debug, Clone)]
struct Pooled {
    writer: Writer,
    /// Level, text and line end.
    tail: Vec<u8>,
    /// Index in `counts`. `None` if the line means nothing.
    truth: Option<usize>,
}

/// Enough that no compression or cache makes the corpus easier than a real log.
const NOISE_POOL: usize = 40_000;
const EVENT_POOL: usize = 20_000;

/// 2024-03-04 09:15:22 UTC: a corpus is the same whenever it is written.
const FIRST_LINE_US: i64 = 1_709_543_722_000_000;

/// 2,500 lines a second of log time: a busy Publisher at debug level.
const LINE_INTERVAL_US: i64 = 400;

/// Written at once.
const BLOCK_BYTES: usize = 1 << 20;

/// How many lines of a million are 8 to 30 KB long, in a corpus that is not clean.
const LONG_PER_MILLION: u32 = 30;

/// How many lines of a million are no UTF-8, in a corpus that is not clean.
const NOT_UTF8_PER_MILLION: u32 = 50;

/// How patiently a live log is written: the longest pause between two blocks.
const PACE: Duration = Duration::from_millis(20);

impl Corpus {
    /// Renders the pools. Equal seeds and shapes give equal bytes.
    pub fn new(seed: u64, shape: CorpusShape) -> Self {
        let mut corpus = Self {
            chance: Chance::new(seed),
            shape,
            stamper: Stamper::default(),
            now_us: FIRST_LINE_US,
            noise: Vec::new(),
            events: Vec::new(),
            counts: Vec::new(),
            lines: 0,
            bytes: 0,
        };
        for _ in 0..NOISE_POOL {
            let line = noise::line(&mut corpus.chance);
            let pooled = corpus.pooled(&line);
            corpus.noise.push(pooled);
        }
        for _ in 0..EVENT_POOL {
            let line = event_line(&mut corpus.chance);
            let pooled = corpus.pooled(&line);
            corpus.events.push(pooled);
        }
        corpus
    }

    /// Writes whole lines until at least `bytes` are written, and returns the truth
    /// about everything this corpus has written.
    ///
    /// # Errors
    ///
    /// What `out` answers; the truth is then lost.
    pub fn write_bytes(&mut self, out: &mut impl Write, bytes: u64) -> io::Result<Truth> {
        let end = self.bytes.saturating_add(bytes);
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        while self.bytes < end {
            block.clear();
            while block.len() < BLOCK_BYTES && self.bytes < end {
                self.append_line(&mut block)?;
            }
            out.write_all(&block)?;
        }
        Ok(self.truth())
    }

    /// Appends exactly `lines` lines to `out`.
    ///
    /// # Errors
    ///
    /// None: memory takes everything. The result is that of [`Write`].
    pub fn append_lines(&mut self, out: &mut Vec<u8>, lines: u64) -> io::Result<()> {
        for _ in 0..lines {
            self.append_line(out)?;
        }
        Ok(())
    }

    /// Writes `lines_per_second` for `duration` in real time, each line with the
    /// time of its block, and returns the truth about everything written.
    ///
    /// # Errors
    ///
    /// What `out` answers; the truth is then lost.
    pub fn write_at_rate(
        &mut self,
        out: &mut impl Write,
        lines_per_second: u32,
        duration: Duration,
        clock: Clock,
    ) -> io::Result<Truth> {
        let start = clock.now().monotonic;
        let mut block = Vec::new();
        let mut written: u64 = 0;
        loop {
            let now = clock.now();
            let elapsed = now.monotonic.saturating_sub(start).min(duration);
            // What should have been written by now: a late wake-up catches up.
            let due = u64::try_from(elapsed.as_micros() * u128::from(lines_per_second) / 1_000_000)
                .unwrap_or(u64::MAX);
            self.now_us = now.timestamp().as_microsecond();
            block.clear();
            self.append_lines(&mut block, due.saturating_sub(written))?;
            out.write_all(&block)?;
            written = due;
            if elapsed == duration {
                return Ok(self.truth());
            }
            std::thread::sleep(PACE);
        }
    }

    /// The truth about everything written so far.
    pub fn truth(&self) -> Truth {
        let counted = self.counts.iter().filter(|(_, count)| *count > 0);
        Truth {
            lines: self.lines,
            bytes: self.bytes,
            counts: counted
                .map(|(key, count)| ((*key).to_owned(), *count))
                .collect(),
        }
    }

    fn append_line(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let before = out.len();
        if !self.shape.is_clean && self.append_odd_line(out)? {
            self.advance(out.len() - before);
            return Ok(());
        }
        let is_noise = self.chance.below(1_000) < self.shape.noise_per_thousand;
        let pool = if is_noise { &self.noise } else { &self.events };
        let Some(line) = self.chance.item(pool) else {
            return Ok(());
        };
        let bare = self.shape.prefix == Prefix::None && line.writer == Writer::Agent;
        if !bare {
            let at = Timestamp::from_microsecond(self.now_us).unwrap_or(Timestamp::UNIX_EPOCH);
            self.stamper.stamp(line.writer, at, out)?;
        }
        out.extend_from_slice(&line.tail);
        if let Some((_, count)) = line.truth.and_then(|truth| self.counts.get_mut(truth)) {
            *count += 1;
        }
        self.advance(out.len() - before);
        Ok(())
    }

    /// Sometimes appends a line that is very long or no UTF-8, and says so.
    fn append_odd_line(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        match self.chance.below(1_000_000) {
            0..LONG_PER_MILLION => {
                writeln!(
                    out,
                    "[npa-pub-01] {}",
                    noise::long_line(&mut self.chance).text
                )?;
                Ok(true)
            }
            drawn if drawn < LONG_PER_MILLION + NOT_UTF8_PER_MILLION => {
                out.extend_from_slice(b"[npa-pub-01] ");
                out.extend_from_slice(noise::NOT_UTF8);
                out.push(b'\n');
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.now_us = self.now_us.saturating_add(LINE_INTERVAL_US);
        self.lines += 1;
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    fn pooled(&mut self, line: &Line) -> Pooled {
        let has_level = line.writer == Writer::Agent && self.shape.prefix == Prefix::HostAndTime;
        let tail = if has_level {
            format!("[{}] {}\n", line.level, line.text)
        } else {
            format!("{}\n", line.text)
        };
        let truth = match line.meaning {
            Meaning::Event(key) => Some(self.count_index(key)),
            Meaning::Nothing | Meaning::NearMiss(_) => None,
        };
        Pooled {
            writer: line.writer,
            tail: tail.into_bytes(),
            truth,
        }
    }

    fn count_index(&mut self, key: &'static str) -> usize {
        let known = self.counts.iter().position(|(known, _)| *known == key);
        known.unwrap_or_else(|| {
            self.counts.push((key, 0));
            self.counts.len() - 1
        })
    }
}

/// Draws a line that means something, in the proportions of a busy Publisher.
fn event_line(chance: &mut Chance) -> Line {
    match chance.below(8_000) {
        0..4_000 => lines::app_connection(chance),
        4_000..5_000 => lines::protocols(chance),
        5_000..6_200 => lines::certificate(chance),
        6_200..6_600 => lines::tls_error(chance),
        6_600..7_200 => lines::client_connected(chance),
        7_200..7_600 => lines::client_left(chance),
        7_600..7_700 => lines::tunnel_up(&lines::outer_address(chance)),
        7_700..7_800 => lines::tunnel_down(&lines::outer_address(chance)),
        7_800..7_880 => {
            let number = chance.between(1, 6);
            lines::registration_attempt(number)
        }
        7_880..7_930 => lines::registered(),
        7_930..7_960 => lines::any_refusal(chance),
        _ => lines::any_update(chance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shape: CorpusShape, bytes: u64) -> (Vec<u8>, Truth) {
        let mut out = Vec::new();
        let truth = Corpus::new(7, shape).write_bytes(&mut out, bytes).unwrap();
        assert_eq!(truth.bytes, u64::try_from(out.len()).unwrap());
        let line_ends = out.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(truth.lines, u64::try_from(line_ends).unwrap());
        (out, truth)
    }

    #[test]
    fn one_seed_writes_one_file() {
        let shape = CorpusShape::default();
        assert_eq!(check(shape, 300_000), check(shape, 300_000));
    }

    #[test]
    fn the_truth_is_what_the_lines_say() {
        let (out, truth) = check(CorpusShape::default(), 20_000_000);
        let text = String::from_utf8(out).unwrap();
        for (key, words) in [
            ("app.connection_opened", "Creating tcp connection to"),
            ("tls.error|ssl", "SSL Error 1 "),
            ("tunnel.disconnected", "\"NPADISCONNECTED\""),
            ("update.failed|generic", "Publisher auto-update failed.\n"),
            ("registration.failed|token_expired", "the token has expired"),
        ] {
            let found = u64::try_from(text.matches(words).count()).unwrap();
            assert!(found > 0, "{key} never happens");
            assert_eq!(truth.counts.get(key), Some(&found), "{key}");
        }
    }

    #[test]
    fn all_but_eight_lines_in_a_hundred_are_noise() {
        let (_, truth) = check(CorpusShape::default(), 2_000_000);
        let events: u64 = truth.counts.values().sum();
        let per_thousand = events * 1_000 / truth.lines;
        assert!((70..90).contains(&per_thousand), "{per_thousand} of 1,000");
    }

    #[test]
    fn a_corpus_that_is_not_clean_has_long_lines_and_bad_bytes() {
        let (out, _) = check(
            CorpusShape {
                is_clean: false,
                ..CorpusShape::default()
            },
            20_000_000,
        );
        assert!(
            out.split(|byte| *byte == b'\n')
                .any(|line| line.len() > 8_000)
        );
        assert!(std::str::from_utf8(&out).is_err());
    }

    #[test]
    fn without_prefix_agent_lines_begin_with_their_file() {
        let (out, _) = check(
            CorpusShape {
                prefix: Prefix::None,
                ..CorpusShape::default()
            },
            100_000,
        );
        let text = String::from_utf8(out).unwrap();
        let mut agent_lines = text.lines().filter(|line| line.contains(".cpp:"));
        assert!(agent_lines.all(|line| !line.starts_with('[')));
    }
}
