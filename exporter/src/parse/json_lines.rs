//! `parse --output events`: one JSON object a line for every event.
//!
//! Fields that may name a person, a client or a place in a private network are
//! replaced: a file of events is sent around more lightly than a log.

use std::io::{self, BufWriter, Write};

use anyhow::Context;
use indicatif::ProgressBar;
use logparse::scan::{Hit, Sink, Tally};
use serde::Serialize;
use serde_json::{Map, Value};

use super::input::Input;
use super::{Job, SourceSink, log_of, scan_source};
use crate::pipeline::redact::shown_field;

/// One line of the output. The names are a promise to whoever reads them by program.
#[derive(Serialize)]
struct EventLine<'a> {
    /// RFC 3339, `null` if the line has no time.
    time: Option<String>,
    connector: &'a str,
    log: &'a str,
    file: &'a str,
    /// Where the line begins in the file, in (unpacked) bytes.
    offset: u64,
    event: &'a str,
    reason: &'a str,
    fields: Map<String, Value>,
}

/// Reads the inputs in their order and prints their events.
///
/// # Errors
///
/// A file that cannot be read, or a closed stdout.
pub fn print(job: &Job, inputs: &[Input]) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for input in inputs {
        let named = || format!("`{}` cannot be read", input.path.display());
        let file = input.path.display().to_string();
        let (_, log) = log_of(&input.path);
        let mut source = input.open().with_context(named)?;
        let mut lines = EventLines {
            connector: job.connector(),
            log,
            file: &file,
            out: &mut out,
            failed: None,
        };
        scan_source(
            &mut source,
            &mut job.scanner(),
            &mut lines,
            &ProgressBar::hidden(),
        )
        .with_context(named)?;
        if let Some(error) = lines.failed {
            return Err(error.into());
        }
    }
    out.flush()?;
    Ok(())
}

struct EventLines<'a, W> {
    connector: &'a str,
    log: &'a str,
    file: &'a str,
    out: &'a mut W,
    /// The first failure; after it nothing more is written.
    failed: Option<io::Error>,
}

impl<W: Write> Sink for EventLines<'_, W> {
    fn event(&mut self, hit: &Hit<'_>) {
        if self.failed.is_some() {
            return;
        }
        let event = hit.event();
        let shown = |field: &model::event::Field| {
            (
                field.name.to_string(),
                Value::String(shown_field(&field.name, &field.value)),
            )
        };
        let line = EventLine {
            time: event.time.map(|time| time.to_string()),
            connector: self.connector,
            log: self.log,
            file: self.file,
            offset: hit.offset(),
            event: event.key.kind.name(),
            reason: event.key.reason.as_str(),
            fields: event.fields.iter().map(shown).collect(),
        };
        let written = serde_json::to_writer(&mut self.out, &line)
            .map_err(io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"));
        self.failed = written.err();
    }
}

impl<W: Write> SourceSink for EventLines<'_, W> {
    fn chunk(&mut self, _: &Tally, _: u64) {}

    fn has_enough(&self) -> bool {
        self.failed.is_some()
    }
}
