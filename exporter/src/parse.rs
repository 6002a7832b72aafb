//! `parse`: reads log files once and prints what they tell.
//!
//! The same scanner, fold and exposition as the running agent's, so a file gives
//! the same numbers here and there. Whose log each file is stands in [`job`]; files are
//! read side by side, one thread a core ([`mod@fold_all`]), and memory does not grow with
//! them.

pub mod fold_all;
pub mod input;
pub mod job;
pub mod json_lines;
pub mod read;
pub mod summary;

use std::sync::Arc;

use jiff::Timestamp;
use prometheus_client::registry::Registry;

use self::fold_all::{Told, fold_all};
use self::job::Job;
use self::summary::Amount;
use crate::cli::{Failure, ParseArgs, ParseOutput};
use crate::clock::Clock;
use crate::logging::print_result;
use crate::metrics;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::picture;

/// Reads the files and prints.
///
/// # Errors
///
/// [`Failure::Usage`] for files, zones or catalogues that cannot be used;
/// [`Failure::Running`] if a file breaks while it is read, if none is a log that we
/// know, or if stdout breaks.
pub fn run(args: &ParseArgs) -> Result<(), Failure> {
    let inputs =
        input::expand(&args.files).map_err(|error| Failure::Usage(format!("{error:#}")))?;
    let job = Job::plan(args, inputs, Clock::start().now().timestamp())?;
    let failed = match args.output {
        ParseOutput::Events => {
            json_lines::print(&job)?;
            None
        }
        ParseOutput::Metrics => {
            let Told { ledger, failed, .. } = fold_all(&job)?;
            print_result(exposition(&ledger, job.now)?.as_bytes())?;
            failed
        }
        ParseOutput::Summary => {
            let told = fold_all(&job)?;
            print_result(summary_of(&job, &told).as_bytes())?;
            told.failed
        }
    };
    match job.failed.or(failed) {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

fn exposition(ledger: &Ledger, now: Timestamp) -> anyhow::Result<String> {
    let snapshot = picture::draw(ledger, &|_, _| Default::default(), true, now);
    let page = metrics::render(&Arc::new(snapshot), &Registry::default())?;
    Ok(metrics::text::to_text_004(&page))
}

fn summary_of(job: &Job, told: &Told) -> String {
    let snapshot = picture::draw(&told.ledger, &|_, _| Default::default(), true, job.now);
    let amounts = told.bytes.iter().enumerate().map(|(place, bytes)| Amount {
        files: job.files_of(place),
        bytes: *bytes,
    });
    let texts: Vec<String> = (snapshot.connectors.iter().zip(amounts))
        .map(|(connector, amount)| summary::render(connector, amount))
        .collect();
    texts.join("\n")
}
