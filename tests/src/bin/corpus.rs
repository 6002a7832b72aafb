//! Writes a product's log of any size, at once or at a rate, and its truth beside.
//!
//! A thin door to `ztna_exporter::corpus`. `OUT` gets the lines, `OUT.truth.json`
//! what an exact reader counts in them.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use model::connector::ConnectorKind;
use ztna_exporter::clock::Clock;
use ztna_exporter::corpus::{Corpus, CorpusShape, Platform, Prefix};

/// Writes a realistic log and the exact truth about it.
#[derive(Debug, Parser)]
struct Flags {
    /// The log to write; its truth goes to the same name with `.truth.json`.
    out: PathBuf,

    /// How large, in millions of bytes.
    #[arg(long, value_name = "N", default_value_t = 200)]
    mb: u64,

    /// Equal seeds write equal files.
    #[arg(long, value_name = "N", default_value_t = 20_240_304)]
    seed: u64,

    /// Also write lines of 8 to 30 KB and bytes that are no UTF-8.
    #[arg(long)]
    noisy: bool,

    /// Whose log.
    #[arg(long, value_enum, default_value_t = KindChoice::NetskopePublisher)]
    kind: KindChoice,

    /// Where a client runs.
    #[arg(long, value_enum, default_value_t = PlatformChoice::Windows)]
    platform: PlatformChoice,

    /// What stands before the text of a Publisher's agent line.
    #[arg(long, value_enum, default_value_t = PrefixChoice::Npa)]
    prefix: PrefixChoice,

    /// Append so many records a second in real time, instead of `--mb` at once.
    #[arg(long, value_name = "RECORDS")]
    rate: Option<u32>,

    /// How long to write with `--rate`.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u64,
}

/// The flag's words for [`Prefix`].
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PrefixChoice {
    /// Host, time and level in brackets.
    Npa,
    /// Nothing.
    None,
}

/// The flag's words for [`ConnectorKind`].
#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindChoice {
    /// Netskope Private Access Publisher.
    NetskopePublisher,
    /// Netskope Client.
    NetskopeClient,
    /// Cato Client.
    CatoClient,
}

/// The flag's words for [`Platform`].
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PlatformChoice {
    /// Windows.
    Windows,
    /// macOS.
    Macos,
    /// Linux.
    Linux,
}

impl Flags {
    fn shape(&self) -> CorpusShape {
        CorpusShape {
            kind: match self.kind {
                KindChoice::NetskopePublisher => ConnectorKind::NetskopePublisher,
                KindChoice::NetskopeClient => ConnectorKind::NetskopeClient,
                KindChoice::CatoClient => ConnectorKind::CatoClient,
            },
            platform: match self.platform {
                PlatformChoice::Windows => Platform::Windows,
                PlatformChoice::Macos => Platform::MacOs,
                PlatformChoice::Linux => Platform::Linux,
            },
            prefix: match self.prefix {
                PrefixChoice::Npa => Prefix::HostAndTime,
                PrefixChoice::None => Prefix::None,
            },
            is_clean: !self.noisy,
            ..CorpusShape::default()
        }
    }
}

fn main() -> Result<()> {
    let flags = Flags::parse();
    let shape = flags.shape();
    let mut corpus = Corpus::new(flags.seed, shape);
    let truth = match flags.rate {
        None => {
            let mut out = File::create(&flags.out).context("cannot create the log")?;
            corpus.write_bytes(&mut out, flags.mb.saturating_mul(1_000_000))?
        }
        Some(rate) => {
            let out = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&flags.out);
            let mut out = out.context("cannot open the log")?;
            let duration = Duration::from_secs(flags.seconds);
            corpus.write_at_rate(&mut out, rate, duration, Clock::start())?
        }
    };
    let mut beside = flags.out.into_os_string();
    beside.push(".truth.json");
    let text = serde_json::to_string_pretty(&truth).context("the truth is no JSON")?;
    std::fs::write(beside, text + "\n").context("cannot write the truth")
}
