//! Writes realistic logs of each product of any size, with the exact truth about them.
//!
//! For benches and end-to-end tests: one seed gives one file, and the [`Truth`]
//! says what an exact reader must count in it. Lines are drawn from pools that are
//! rendered once, so writing is far faster than reading. It does not recognise
//! anything; a wrong catalogue cannot make its counts agree.
//!
//! Known limit: a real connector's mix is not public. Of a Publisher eight lines in a
//! hundred mean something here, and half of those are proxied connections; of a
//! Netskope Client seven in ten are about a connection led into the tunnel.

pub mod cato_client;
pub mod chance;
pub mod names;
pub mod netskope_client;
pub mod noise;
#[cfg(test)]
mod recognition;
pub mod record;
pub mod stamp;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;
use model::connector::ConnectorKind;
use serde::Serialize;

use self::cato_client::CatoClient;
use self::chance::Chance;
use self::names::Names;
use self::netskope_client::NetskopeClient;
use self::record::Record;
use self::stamp::{Stamp, Stamper};
use crate::clock::Clock;
use crate::demo::lines::{self, Line, Meaning, Writer};

/// What a corpus looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorpusShape {
    /// Whose log it is.
    pub kind: ConnectorKind,
    /// How many lines of a thousand mean nothing, in a Publisher's log.
    pub noise_per_thousand: u32,
    /// What stands before the text of a Publisher's agent line.
    pub prefix: Prefix,
    /// Where an endpoint client runs.
    pub platform: Platform,
    /// Whether lines stay short and are all UTF-8.
    pub is_clean: bool,
}

impl Default for CorpusShape {
    fn default() -> Self {
        Self {
            kind: ConnectorKind::NetskopePublisher,
            noise_per_thousand: 920,
            prefix: Prefix::HostAndTime,
            platform: Platform::Windows,
            is_clean: true,
        }
    }
}

/// Where an endpoint client runs, which decides how it writes its prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Milliseconds and hexadecimal numbers; days before months in a Cato Client's log.
    Windows,
    /// Microseconds and decimal numbers in a Netskope Client's log; a colon before the
    /// milliseconds in a Cato Client's.
    MacOs,
    /// As on Windows for a Netskope Client; whole seconds in a Cato Client's log.
    Linux,
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
    /// Lines of an endpoint client that begin no record.
    pub continuations: u64,
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
    /// A Publisher's lines that mean nothing.
    noise: Vec<Pooled>,
    /// A Publisher's lines that mean something, or all records of a client.
    events: Vec<Pooled>,
    /// Truth and count of each pooled meaning.
    counts: Vec<(&'static str, u64)>,
    /// Everybody in a client's log.
    names: Names,
    lines: u64,
    continuations: u64,
    bytes: u64,
}

/// A record ready to be written behind its time.
#[derive(Debug, Clone)]
struct Pooled {
    stamp: Stamp,
    /// Level, text and line end.
    tail: Vec<u8>,
    /// Index in `counts`. `None` if the record means nothing.
    truth: Option<usize>,
    /// How many of its lines begin no record.
    continuations: u64,
}

/// Enough that no compression or cache makes the corpus easier than a real log.
const NOISE_POOL: usize = 40_000;
const EVENT_POOL: usize = 20_000;
const RECORD_POOL: usize = 40_000;

/// 2024-03-04 09:15:22 UTC: a corpus is the same whenever it is written.
const FIRST_LINE_US: i64 = 1_709_543_722_000_000;

/// 2,500 lines a second of log time: a busy Publisher at debug level.
const LINE_INTERVAL_US: i64 = 400;

/// 10 records a second: a Netskope Client in trouble, which retries its connections.
/// Source: a public NixOS module for the client counts 296 in 30 s.
const RECORD_INTERVAL_US: i64 = 100_000;

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
            names: Names::default(),
            lines: 0,
            continuations: 0,
            bytes: 0,
        };
        match shape.kind {
            ConnectorKind::NetskopePublisher => corpus.fill_publisher(),
            ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => corpus.fill_client(),
        }
        corpus
    }

    fn fill_publisher(&mut self) {
        for _ in 0..NOISE_POOL {
            let line = noise::line(&mut self.chance);
            let pooled = self.pooled_line(&line);
            self.noise.push(pooled);
        }
        for _ in 0..EVENT_POOL {
            let line = event_line(&mut self.chance);
            let pooled = self.pooled_line(&line);
            self.events.push(pooled);
        }
    }

    fn fill_client(&mut self) {
        let names = Names::invent(&mut self.chance);
        for _ in 0..RECORD_POOL {
            let record = match self.shape.kind {
                ConnectorKind::CatoClient => {
                    CatoClient::new(&names, self.shape.platform).record(&mut self.chance)
                }
                ConnectorKind::NetskopeClient | ConnectorKind::NetskopePublisher => {
                    NetskopeClient::new(&names, self.shape.platform).record(&mut self.chance)
                }
            };
            let pooled = self.pooled_record(record);
            self.events.push(pooled);
        }
        self.names = names;
    }

    /// Every person, host, program, device and private address that its lines may hold:
    /// none of them may leave the host. Empty for a Publisher.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.all()
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

    /// Appends exactly `lines` lines to `out`; of a client, so many records, some of
    /// which have several lines.
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
            continuations: self.continuations,
            bytes: self.bytes,
            counts: counted
                .map(|(key, count)| ((*key).to_owned(), *count))
                .collect(),
        }
    }

    fn append_line(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let before = out.len();
        if !self.shape.is_clean && self.append_odd_line(out)? {
            self.advance(out.get(before..).unwrap_or_default());
            return Ok(());
        }
        let is_noise =
            !self.noise.is_empty() && self.chance.below(1_000) < self.shape.noise_per_thousand;
        let pool = if is_noise { &self.noise } else { &self.events };
        let Some(record) = self.chance.item(pool) else {
            return Ok(());
        };
        let at = Timestamp::from_microsecond(self.now_us).unwrap_or(Timestamp::UNIX_EPOCH);
        self.stamper.stamp(record.stamp, at, out)?;
        out.extend_from_slice(&record.tail);
        if let Some((_, count)) = record.truth.and_then(|truth| self.counts.get_mut(truth)) {
            *count += 1;
        }
        self.continuations += record.continuations;
        self.advance(out.get(before..).unwrap_or_default());
        Ok(())
    }

    /// Sometimes appends a line that is very long or no UTF-8, and says so.
    fn append_odd_line(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let drawn = self.chance.below(1_000_000);
        if LONG_PER_MILLION + NOT_UTF8_PER_MILLION <= drawn {
            return Ok(false);
        }
        let (stamp, opening): (Stamp, &[u8]) = match self.shape.kind {
            ConnectorKind::NetskopePublisher => (Stamp::Nothing, b"[npa-pub-01] "),
            ConnectorKind::NetskopeClient => (
                Stamp::Milliseconds,
                b" stAgentSvc p6ff8 t50dc info nsUtils.cpp:7 nsUtils ",
            ),
            ConnectorKind::CatoClient => (
                Stamp::DayFirst,
                b" [D] [Routing   ] [1474:2788] [getRoutingTable:82] [:] [:] [ :] ",
            ),
        };
        let at = Timestamp::from_microsecond(self.now_us).unwrap_or(Timestamp::UNIX_EPOCH);
        self.stamper.stamp(stamp, at, out)?;
        out.extend_from_slice(opening);
        if drawn < LONG_PER_MILLION {
            out.extend_from_slice(noise::long_line(&mut self.chance).text.as_bytes());
        } else {
            out.extend_from_slice(noise::NOT_UTF8);
        }
        out.push(b'\n');
        Ok(true)
    }

    /// `written` has been written.
    fn advance(&mut self, written: &[u8]) {
        let interval = match self.shape.kind {
            ConnectorKind::NetskopePublisher => LINE_INTERVAL_US,
            ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => RECORD_INTERVAL_US,
        };
        let line_ends = written.iter().filter(|byte| **byte == b'\n').count();
        let count = |number| u64::try_from(number).unwrap_or(u64::MAX);
        self.now_us = self.now_us.saturating_add(interval);
        self.lines = self.lines.saturating_add(count(line_ends));
        self.bytes = self.bytes.saturating_add(count(written.len()));
    }

    fn pooled_line(&mut self, line: &Line) -> Pooled {
        let is_stamped = line.writer == Writer::Wizard || self.shape.prefix == Prefix::HostAndTime;
        let tail = if is_stamped && line.writer == Writer::Agent {
            format!("[{}] {}\n", line.level, line.text)
        } else {
            format!("{}\n", line.text)
        };
        let truth = match line.meaning {
            Meaning::Event(key) => Some(self.count_index(key)),
            Meaning::Nothing | Meaning::NearMiss(_) => None,
        };
        Pooled {
            stamp: if is_stamped {
                Stamp::Publisher(line.writer)
            } else {
                Stamp::Nothing
            },
            tail: tail.into_bytes(),
            truth,
            continuations: 0,
        }
    }

    fn pooled_record(&mut self, record: Record) -> Pooled {
        Pooled {
            stamp: record.stamp,
            truth: record.meaning.map(|key| self.count_index(key)),
            continuations: record.continuations(),
            tail: (record.text + "\n").into_bytes(),
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
