//! `parse`: reads log files once and prints what they tell.
//!
//! The same scanner, fold and exposition as the running agent's, so a file gives
//! the same numbers here and there. Files are read side by side, one thread a core;
//! memory does not grow with them.

pub mod input;
pub mod json_lines;
pub mod summary;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use logparse::catalogue::{Catalogue, CatalogueFile};
use logparse::date_order::DateOrder;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Scanner, Sink, Tally};
use model::connector::ConnectorKind;
use model::position::FileId;
use prometheus_client::registry::Registry;
use store::Restored;

use self::input::{BytesSource, Input};
use crate::cli::{Failure, KindChoice, ParseArgs, ParseOutput};
use crate::clock::Clock;
use crate::config::catalogue_files;
use crate::logging::print_result;
use crate::metrics;
use crate::pipeline::fold::{FileRef, Fold};
use crate::pipeline::ledger::{ConnectorPlan, Ledger, LogPlace};
use crate::pipeline::picture;

/// Bytes read at a time: fits the second-level cache of small machines, and holds
/// several lines of the greatest length.
const BUFFER_BYTES: usize = 256 * 1024;

/// The logs a file may be taken for, by its name; the label `log`.
const LOG_NAMES: [&str; 3] = ["agent", "wizard", "other"];

/// Reads the files and prints.
///
/// # Errors
///
/// [`Failure::Usage`] for files, zones or catalogues that cannot be used;
/// [`Failure::Running`] if a file breaks while it is read or stdout does.
pub fn run(args: &ParseArgs) -> Result<(), Failure> {
    let zone = TimeZone::get(&args.timezone).map_err(|error| {
        Failure::Usage(format!(
            "--timezone `{}`: {error}; want an IANA name such as Europe/Berlin or UTC",
            args.timezone
        ))
    })?;
    let kind = kind_of(args.kind);
    let job = Job {
        kind,
        connector: Arc::from(connector_name(args, kind)?),
        catalogue: Arc::new(load_catalogue(kind, &args.catalogue)?),
        zone,
        now: Clock::start().now().timestamp(),
    };
    let inputs =
        input::expand(&args.files).map_err(|error| Failure::Usage(format!("{error:#}")))?;
    match args.output {
        ParseOutput::Events => json_lines::print(&job, &inputs)?,
        ParseOutput::Metrics => {
            let told = fold_all(&job, &inputs)?;
            print_result(exposition(&told.ledger, job.now)?.as_bytes())?;
            told.failed.map_or(Ok(()), Err)?;
        }
        ParseOutput::Summary => {
            let Told {
                ledger,
                bytes,
                failed,
            } = fold_all(&job, &inputs)?;
            let snapshot = picture::draw(&ledger, &|_, _| Default::default(), true, job.now);
            print_result(summary::render(&snapshot, inputs.len(), bytes).as_bytes())?;
            failed.map_or(Ok(()), Err)?;
        }
    }
    Ok(())
}

/// What all threads share.
pub struct Job {
    kind: ConnectorKind,
    connector: Arc<str>,
    catalogue: Arc<Catalogue>,
    zone: TimeZone,
    now: Timestamp,
}

impl Job {
    /// A scanner for one file.
    pub fn scanner(&self) -> Scanner {
        Scanner::new(Arc::clone(&self.catalogue), self.zone.clone())
    }

    /// The connector's name in the output.
    pub fn connector(&self) -> &str {
        &self.connector
    }

    fn ledger(&self) -> Ledger {
        let plan = ConnectorPlan {
            name: Arc::clone(&self.connector),
            kind: self.kind,
            catalogue: Arc::clone(&self.catalogue),
            logs: LOG_NAMES.iter().map(|name| Arc::from(*name)).collect(),
            tools: Vec::new(),
            unknown_after: None,
        };
        Ledger::open(vec![plan], Restored::default())
    }
}

/// The product that a choice means. `auto` has one candidate as long as one
/// product's logs are known.
pub const fn kind_of(choice: KindChoice) -> ConnectorKind {
    match choice {
        KindChoice::Auto | KindChoice::NetskopePublisher => ConnectorKind::NetskopePublisher,
        KindChoice::NetskopeClient => ConnectorKind::NetskopeClient,
        KindChoice::CatoClient => ConnectorKind::CatoClient,
    }
}

/// The built-in rows and those of the given files and folders.
///
/// # Errors
///
/// A file that cannot be read, or rows that do not prove themselves.
pub fn load_catalogue(
    kind: ConnectorKind,
    paths: &[std::path::PathBuf],
) -> Result<Catalogue, Failure> {
    let files: Vec<CatalogueFile> =
        catalogue_files(paths).map_err(|error| Failure::Usage(format!("{error:#}")))?;
    Catalogue::load(kind, &files)
        .map_err(|error| Failure::Usage(format!("{:#}", anyhow::Error::from(error))))
}

/// Which of the log names a file's name suggests: its place among them, and the name.
pub fn log_of(path: &Path) -> (usize, &'static str) {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase());
    let name = name.as_deref().unwrap_or_default();
    let wanted = if name.starts_with("agent") {
        "agent"
    } else if name.contains("wizard") {
        "wizard"
    } else {
        "other"
    };
    LOG_NAMES
        .iter()
        .enumerate()
        .find(|(_, known)| **known == wanted)
        .map_or((0, wanted), |(place, known)| (place, *known))
}

/// What takes a whole source: its events, and what each chunk's lines came to.
pub trait SourceSink: Sink {
    /// A chunk of `bytes` was scanned.
    fn chunk(&mut self, tally: &Tally, bytes: u64);

    /// Whether nothing more is wanted, for example because nobody reads any more.
    fn has_enough(&self) -> bool {
        false
    }
}

impl SourceSink for Fold<'_> {
    fn chunk(&mut self, tally: &Tally, bytes: u64) {
        self.add_up(tally, bytes);
    }
}

/// Feeds a whole source to `sink`, and returns how many bytes it had, unpacked.
///
/// # Errors
///
/// Whatever reading says.
pub fn scan_source(
    source: &mut BytesSource,
    scanner: &mut Scanner,
    sink: &mut impl SourceSink,
    progress: &ProgressBar,
) -> std::io::Result<u64> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut reach = Reach::default();
    loop {
        let free = buffer.get_mut(reach.filled..).unwrap_or_default();
        let read = source.read(free)?;
        reach.filled = reach.filled.saturating_add(read);
        let bytes = buffer.get(..reach.filled).unwrap_or_default();
        if reach.offset == 0 && reach.encoding.is_none() {
            reach.encoding = Some(Encoding::sniff(bytes));
        }
        let chunk = Chunk {
            bytes,
            offset: reach.offset,
            encoding: reach.encoding.unwrap_or_default(),
            mid_line: reach.mid_line,
            is_final: read == 0,
            date_order: DateOrder::default(),
        };
        let scanned = scanner.scan(chunk, sink);
        let consumed = u64::try_from(scanned.consumed).unwrap_or(u64::MAX);
        sink.chunk(&scanned.tally, consumed);
        progress.inc(u64::try_from(read).unwrap_or(0));
        buffer.copy_within(scanned.consumed..reach.filled, 0);
        reach.filled = reach.filled.saturating_sub(scanned.consumed);
        reach.offset = reach.offset.saturating_add(consumed);
        reach.mid_line = scanned.mid_line;
        if read == 0 || sink.has_enough() {
            return Ok(reach.offset);
        }
    }
}

/// How far a source has been read.
#[derive(Default)]
struct Reach {
    /// Bytes in the buffer that are not consumed.
    filled: usize,
    /// Where the buffer's first byte stands in the file.
    offset: u64,
    mid_line: bool,
    encoding: Option<Encoding>,
}

/// Folds all inputs, as many at a time as there are cores.
fn fold_all(job: &Job, inputs: &[Input]) -> Result<Told, Failure> {
    let progress = progress_bar(inputs);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Folded>>> = Mutex::new(inputs.iter().map(|_| None).collect());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores.min(inputs.len()) {
            scope.spawn(|| {
                while let Some(input) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let folded = fold_one(job, input, &progress);
                    let Ok(mut done) = done.lock() else { return };
                    if let Some(slot) = done.get_mut(input.place) {
                        *slot = Some(folded);
                    }
                }
            });
        }
    });
    progress.finish_and_clear();
    let done = done
        .into_inner()
        .map_err(|_| anyhow!("a reading thread died"))?;
    let mut ledger = job.ledger();
    let mut bytes: u64 = 0;
    // The state at the end is that of the newest file, in whatever order they were
    // named: lines need not have a time of their own.
    let mut by_age: Vec<_> = inputs.iter().zip(done).collect();
    by_age.sort_by_key(|(input, _)| input.age_key());
    let mut failed = None;
    for folded in by_age.into_iter().filter_map(|(_, folded)| folded) {
        match folded {
            Ok((one, read)) => {
                ledger.absorb(&one);
                bytes = bytes.saturating_add(read);
            }
            // The others are worth printing; the first trouble decides the exit code.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Ok(Told {
        ledger,
        bytes,
        failed,
    })
}

/// What all inputs told together.
struct Told {
    ledger: Ledger,
    /// Bytes read, unpacked, of the inputs that could be read.
    bytes: u64,
    /// The first input that could not.
    failed: Option<anyhow::Error>,
}

/// What one input told, and how many bytes it had.
type Folded = anyhow::Result<(Ledger, u64)>;

fn fold_one(job: &Job, input: &Input, progress: &ProgressBar) -> Folded {
    let named = || format!("`{}` cannot be read", input.path.display());
    let mut ledger = job.ledger();
    let (log, _) = log_of(&input.path);
    let mut source = input.open().with_context(named)?;
    let place = LogPlace { connector: 0, log };
    let file = FileRef {
        id: FileId(u64::try_from(input.place).unwrap_or(u64::MAX)),
        path: &input.path,
    };
    let mut fold = Fold::new(&mut ledger, place, file, job.now);
    let bytes =
        scan_source(&mut source, &mut job.scanner(), &mut fold, progress).with_context(named)?;
    Ok((ledger, bytes))
}

fn exposition(ledger: &Ledger, now: Timestamp) -> anyhow::Result<String> {
    let snapshot = picture::draw(ledger, &|_, _| Default::default(), true, now);
    let page = metrics::render(&Arc::new(snapshot), &Registry::default())?;
    Ok(metrics::text::to_text_004(&page))
}

fn connector_name(args: &ParseArgs, kind: ConnectorKind) -> Result<String, Failure> {
    let name = args
        .connector
        .clone()
        .unwrap_or_else(|| kind.name().to_owned());
    crate::config::check_name(&name)
        .map_err(|want| Failure::Usage(format!("--connector `{name}`: {want}")))?;
    Ok(name)
}

/// Shown to people who watch a terminal; hidden from everyone else.
fn progress_bar(inputs: &[Input]) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(inputs.iter().map(|input| input.size).sum());
    let style = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
