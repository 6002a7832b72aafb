//! Measures the agent against its targets, and Debian's `mtail` beside it.
//!
//! Same files, same minutes, same machine: what counts are the ratios. Throughput is
//! told per second of processor time, so a busy neighbour changes little. Every
//! number is thrown away unless the counts equal the truth. Markdown for
//! `docs/performance.md` goes to stdout, progress to stderr; a missed target is exit code 1.
//!
//! Known limit: the peer's program is ours (`fixtures/npa_publisher.mtail`); its
//! authors might write a faster one.

mod host;
mod hostile;
mod latency;
mod live;
mod measure;
mod report;
mod throughput;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use model::connector::ConnectorKind;
use ztna_exporter::corpus::{Corpus, CorpusShape, Truth};

use report::Report;

/// Measures the agent, and mtail beside it.
#[derive(Debug, Parser)]
struct Flags {
    /// Size of the corpus for throughput, in millions of bytes.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    mb: u64,

    /// How long each live and idle measurement takes, in seconds.
    #[arg(long, value_name = "N", default_value_t = 24)]
    seconds: u64,

    /// Lines a second in the live measurement.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    rate: u32,

    /// Runs of which the median is told.
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: usize,

    /// Lines written in the measurement of latency.
    #[arg(long, value_name = "N", default_value_t = 100)]
    samples: u64,

    /// Samples taken in the measurement of looking at the host.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    host_samples: u32,

    /// Spoiled datagrams in the measurement of what they leave in memory.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    datagrams: u32,

    /// Where the corpora are written; a temporary folder if not given.
    #[arg(long, value_name = "PATH")]
    folder: Option<PathBuf>,

    /// Only these parts: throughput, client, live, idle, latency, host, hostile. All if not given.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<String>,
}

impl Flags {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == part)
    }
}

/// A corpus on disk.
pub(crate) struct CorpusFile {
    kind: ConnectorKind,
    path: PathBuf,
    truth: Truth,
}

fn main() -> Result<ExitCode> {
    let flags = Flags::parse();
    let temporary = tempfile::tempdir().context("no temporary folder")?;
    let folder = flags
        .folder
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    let mut report = Report::default();
    if flags.wants("throughput") || flags.wants("client") {
        measure_parse(&flags, &folder, &mut report)?;
    }
    if flags.wants("live") {
        live::measure_busy(flags.rate, flags.seconds, &mut report)?;
    }
    if flags.wants("idle") {
        live::measure_idle(flags.seconds, &mut report)?;
    }
    if flags.wants("latency") {
        latency::measure(flags.samples, &mut report)?;
    }
    if flags.wants("host") {
        host::measure(flags.host_samples, &mut report)?;
    }
    if flags.wants("hostile") {
        hostile::measure(flags.datagrams, &mut report)?;
    }
    io::stdout()
        .write_all(report.markdown().as_bytes())
        .context("cannot print the report")?;
    Ok(ExitCode::from(u8::from(report.misses_a_target())))
}

/// Everything that is read once, and gone afterwards.
fn measure_parse(flags: &Flags, folder: &Path, report: &mut Report) -> Result<()> {
    let publisher = ConnectorKind::NetskopePublisher;
    let mut corpora = vec![write_corpus(folder, (publisher, 1), flags.mb)?];
    if flags.wants("throughput") {
        let second = write_corpus(folder, (publisher, 2), flags.mb)?;
        if let Some(first) = corpora.first() {
            throughput::measure(first, &second, flags.runs, report)?;
        }
        corpora.push(second);
    }
    if flags.wants("client") {
        // A Cato Client writes little; a Netskope Client a line for each connection.
        for (kind, share) in [
            (ConnectorKind::NetskopeClient, 0.5),
            (ConnectorKind::CatoClient, 0.25),
        ] {
            let client = write_corpus(folder, (kind, 3), flags.mb)?;
            if let Some(first) = corpora.first() {
                throughput::measure_client([first, &client], share, flags.runs, report)?;
            }
            corpora.push(client);
        }
    }
    for corpus in corpora {
        std::fs::remove_file(corpus.path).context("cannot remove a corpus")?;
    }
    Ok(())
}

/// Writes the log of that kind and seed.
fn write_corpus(
    folder: &Path,
    (kind, seed): (ConnectorKind, u64),
    megabytes: u64,
) -> Result<CorpusFile> {
    let path = folder.join(format!("corpus-{kind}-{seed}.log"));
    progress(&format!("writing {} MB to {}", megabytes, path.display()));
    let mut out = BufWriter::new(File::create(&path).context("cannot create a corpus")?);
    let shape = CorpusShape {
        kind,
        ..CorpusShape::default()
    };
    let mut corpus = Corpus::new(seed, shape);
    let truth = corpus.write_bytes(&mut out, megabytes.saturating_mul(1_000_000))?;
    out.flush().context("cannot write a corpus")?;
    Ok(CorpusFile { kind, path, truth })
}

/// Tells people what is going on.
pub(crate) fn progress(words: &str) {
    // Nobody who does not read it misses it.
    drop(writeln!(io::stderr(), "{words}"));
}
