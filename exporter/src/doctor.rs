//! `doctor`: checks a host against the vendor's guide, once, and says what to do.
//!
//! Three steps that do not know each other: `plan` says what to look at, `gather` looks,
//! `judge` says what is wrong. What is checked and what the vendor's guide says of it are
//! rows (`guide`). It runs as anybody, changes nothing, ends within half a minute, and
//! says what it could not see.
//!
//! Known limit: one look. What comes and goes is the running agent's to see.

mod facts;
mod gather;
mod guide;
mod json;
mod judge;
mod plan;
mod report;
mod text;
mod verdict;
mod words;

use self::gather::path::is_tenant;
use self::plan::Plan;
use self::report::Report;
use self::verdict::Outcome;
use crate::cli::{DoctorArgs, DoctorOutput, Failure};
use crate::clock::Clock;
use crate::config::Colour;
use crate::logging::print_result;

/// What `--tenant` takes.
const TENANT_WANTED: &str = "want the address that the Publisher's wizard shows when it \
     registers, like ns-1234.us-sjc1.npa.goskope.com";

/// Checks the host and prints the findings.
///
/// # Errors
///
/// [`Failure::Reported`] if something must be mended: 78 if it is the configuration that
/// was named, else 1. Warnings are no failure.
pub fn run(args: &DoctorArgs) -> Result<(), Failure> {
    if let Some(tenant) = args.tenant.as_ref().filter(|tenant| !is_tenant(tenant)) {
        return Err(Failure::Usage(format!(
            "--tenant `{tenant}`: {TENANT_WANTED}"
        )));
    }
    // The clock starts before the configuration is read: that may take its time, too.
    let clock = Clock::start();
    let begun = clock.now();
    let facts = gather::gather(Plan::of(args), begun, clock);
    let report = Report::of(&facts);
    let printed = match args.output {
        DoctorOutput::Text => text::render(&report, Colour::of_stdout()),
        DoctorOutput::Json => json::render(&report)?,
    };
    print_result(printed.as_bytes())?;
    if report.is_config_refused {
        return Err(Failure::Reported(crate::cli::EXIT_CONFIG));
    }
    match report.outcome() {
        Outcome::Failed => Err(Failure::Reported(crate::cli::EXIT_FAILED)),
        Outcome::Ok | Outcome::Skipped | Outcome::Unknown | Outcome::Warning => Ok(()),
    }
}
