//! `alerts test`: runs timelines, and says what is not as expected.

use std::path::PathBuf;

use clap::Args;
use model::untrusted::printable;

use crate::alerting::timeline;
use crate::cli::{EXIT_FAILED, Failure};

/// Flags of `alerts test`.
#[derive(Debug, Clone, Args)]
pub struct TestArgs {
    /// Print every message in full.
    #[arg(long)]
    pub show: bool,

    /// Files of timelines.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Runs them all.
///
/// # Errors
///
/// A file that is none (78), or 1 if anything is not as expected.
pub(super) fn run(args: &TestArgs) -> Result<(), Failure> {
    let mut has_failed = false;
    for file in &args.files {
        let outcomes = timeline::run(file).map_err(Failure::Config)?;
        let mut text = String::new();
        for outcome in &outcomes {
            let is_right = outcome.complaints.is_empty();
            has_failed |= !is_right;
            let word = if is_right { "ok  " } else { "FAIL" };
            let name = printable(&outcome.name);
            text.push_str(&format!("{word} {name} ({} messages)\n", outcome.messages));
            text.push_str(&outcome.complaints);
            if args.show {
                text.push_str(&outcome.in_full);
            }
        }
        crate::logging::print_result(text.as_bytes())?;
    }
    if has_failed {
        return Err(Failure::Reported(EXIT_FAILED));
    }
    Ok(())
}
