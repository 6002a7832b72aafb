//! Folds all sources, as many at a time as there are cores.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use logparse::date_order::FileDates;
use logparse::file_name::named_start;
use model::position::FileId;

use super::job::{Job, Source, log_of};
use crate::pipeline::fold::{FileRef, Fold};
use crate::pipeline::ledger::{Ledger, LogPlace};

/// What all sources told together.
pub struct Told {
    /// The sum of what they told.
    pub ledger: Ledger,
    /// Bytes read of each product's sources, unpacked, as far as they could be read.
    pub bytes: Vec<u64>,
    /// The first source that could not.
    pub failed: Option<anyhow::Error>,
}

/// What one source told, and how many bytes it had.
type Folded = anyhow::Result<(Ledger, u64)>;

/// Reads everything.
///
/// # Errors
///
/// If a thread died. A source that breaks is in [`Told::failed`].
pub fn fold_all(job: &Job) -> anyhow::Result<Told> {
    let progress = progress_bar(&job.sources);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Folded>>> = Mutex::new(job.sources.iter().map(|_| None).collect());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores.min(job.sources.len()) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(source) = job.sources.get(place) else {
                        return;
                    };
                    let folded = fold_one(job, source, &progress);
                    let Ok(mut done) = done.lock() else { return };
                    if let Some(slot) = done.get_mut(place) {
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
    Ok(add_up(job, done))
}

fn add_up(job: &Job, done: Vec<Option<Folded>>) -> Told {
    let mut told = Told {
        ledger: job.ledger(),
        bytes: vec![0; job.products.len()],
        failed: None,
    };
    // The state at the end is that of the newest file, in whatever order they were
    // named: lines need not have a time of their own.
    let mut by_age: Vec<_> = job.sources.iter().zip(done).collect();
    by_age.sort_by_key(|(source, _)| source.input.age_key());
    for (source, folded) in by_age {
        match folded {
            Some(Ok((one, read))) => {
                told.ledger.absorb(&one);
                if let Some(bytes) = told.bytes.get_mut(source.product) {
                    *bytes = bytes.saturating_add(read);
                }
            }
            // The others are worth printing; the first trouble decides the exit code.
            Some(Err(error)) => told.failed = told.failed.or(Some(error)),
            None => {}
        }
    }
    told
}

fn fold_one(job: &Job, source: &Source, progress: &ProgressBar) -> Folded {
    let named = || format!("`{}` cannot be read", source.name());
    let product = job
        .products
        .get(source.product)
        .context("a source without a product")?;
    let mut ledger = job.ledger();
    let (log, _) = log_of(product.kind, &source.input.path);
    let place = LogPlace {
        connector: source.product,
        log,
    };
    let file = FileRef {
        id: FileId(u64::try_from(source.input.place).unwrap_or(u64::MAX)),
        path: &source.input.path,
    };
    let mut reader = source.reader(product.kind, progress).with_context(named)?;
    let mut fold = Fold::new(&mut ledger, place, file, job.now);
    let bytes = reader
        .scan(&mut product.scanner(), &mut fold)
        .with_context(named)?;
    if let Some(taken) = reader.dates.and_then(FileDates::guessed) {
        ledger.count_ambiguous_dates(place, taken);
    }
    let start = source.file_name().filter(|_| 0 < bytes);
    if let Some(start) = start.and_then(|name| named_start(product.kind, name)) {
        ledger.learn_version(place.connector, start.version);
    }
    Ok((ledger, bytes))
}

/// Shown to people who watch a terminal; hidden from everyone else.
fn progress_bar(sources: &[Source]) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(sources.iter().map(|source| source.input.size).sum());
    let style = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
