//! What a command or a process cost: processor time, real time, memory.
//!
//! A finished command is measured by `/usr/bin/time`, a running process by what the
//! kernel says under `/proc`.

use std::ffi::OsString;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use harness::tools::Tool;
use tempfile::NamedTempFile;

/// What one run of a command cost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cost {
    /// User and system time, in seconds.
    pub(crate) processor_seconds: f64,
    /// Real time, in seconds.
    pub(crate) real_seconds: f64,
    /// Peak of resident memory, in MiB.
    pub(crate) peak_mib: f64,
    /// What it wrote to stdout.
    pub(crate) stdout: String,
}

/// Runs a command to its end.
///
/// # Errors
///
/// If it does not answer 0, or `time` is not installed.
pub(crate) fn run(command: &Command) -> Result<Cost> {
    let figures = NamedTempFile::new().context("no temporary file")?;
    let mut timed = Tool::Time.command()?;
    let mut arguments: Vec<OsString> = vec![
        "-f".into(),
        "%U %S %e %M".into(),
        "-o".into(),
        figures.path().into(),
    ];
    arguments.push(command.get_program().to_owned());
    arguments.extend(command.get_args().map(ToOwned::to_owned));
    let output = timed.args(arguments).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot start {command:?}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{complaint}",
        output.status
    );
    let text = fs::read_to_string(figures.path())?;
    let numbers: Vec<f64> = text
        .split_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect();
    let [user, system, real, peak_kib] = numbers.as_slice() else {
        return Err(anyhow!("`time` said {text:?}"));
    };
    Ok(Cost {
        processor_seconds: user + system,
        real_seconds: *real,
        peak_mib: peak_kib / 1024.0,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
    })
}

/// The run whose processor time is in the middle, with the shortest real time of
/// all: a busy neighbour only ever adds to that.
///
/// # Errors
///
/// If there are no runs.
pub(crate) fn median(mut runs: Vec<Cost>) -> Result<Cost> {
    runs.sort_by(|one, other| one.processor_seconds.total_cmp(&other.processor_seconds));
    let shortest = runs.iter().map(|run| run.real_seconds).reduce(f64::min);
    let middle = runs.len() / 2;
    let mut median = runs.into_iter().nth(middle).context("no runs")?;
    median.real_seconds = shortest.unwrap_or(median.real_seconds);
    Ok(median)
}

/// Processor time that the living threads of a process have used.
///
/// # Errors
///
/// If the process is gone.
pub(crate) fn processor_time(id: u32) -> Result<Duration> {
    let mut total: u64 = 0;
    for thread in fs::read_dir(format!("/proc/{id}/task")).context("the process is gone")? {
        // A thread may end between the listing and the look.
        let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        let nanoseconds = text
            .split_whitespace()
            .next()
            .and_then(|word| word.parse::<u64>().ok());
        total = total.saturating_add(nanoseconds.unwrap_or_default());
    }
    Ok(Duration::from_nanos(total))
}

/// Resident memory now, in MiB.
///
/// # Errors
///
/// If the process is gone.
pub(crate) fn resident_mib(id: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).context("the process is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kib.context("no VmRSS in /proc/…/status")? / 1024.0)
}
