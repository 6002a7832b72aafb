//! `parse --output events`: one JSON object a line for every event.
//!
//! Fields that may name a person, a client or a place in a private network are
//! replaced: a file of events is sent around more lightly than a log.

use std::io::{self, BufWriter, Write};

use anyhow::Context;
use indicatif::ProgressBar;
use logparse::scan::{Hit, Sink, Tally};
use model::untrusted::is_unprintable;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Map, Value};

use super::job::{Job, log_of};
use super::read::SourceSink;
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

/// Reads the sources in their order and prints their events.
///
/// # Errors
///
/// A file that cannot be read, or a closed stdout.
pub fn print(job: &Job) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for source in &job.sources {
        let named = || format!("`{}` cannot be read", source.name());
        let Some(product) = job.products.get(source.product) else {
            continue;
        };
        let file = source.name();
        let (_, log) = log_of(product.kind, &source.input.path);
        let progress = ProgressBar::hidden();
        let mut reader = source.reader(product.kind, &progress).with_context(named)?;
        let mut lines = EventLines {
            connector: &product.connector,
            log,
            file: &file,
            out: &mut out,
            failed: None,
        };
        reader
            .scan(&mut product.scanner(), &mut lines)
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
        let mut json = Serializer::with_formatter(&mut self.out, Printable);
        let written = line
            .serialize(&mut json)
            .map_err(io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"));
        self.failed = written.err();
    }
}

/// JSON that a terminal can show: what moves a cursor or turns the direction of
/// reading is escaped, beyond what JSON itself asks for.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut encoded = [0; 2];
        for character in fragment.chars() {
            if is_unprintable(character) {
                for unit in character.encode_utf16(&mut encoded) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                write!(writer, "{character}")?;
            }
        }
        Ok(())
    }
}

impl<W: Write> SourceSink for EventLines<'_, W> {
    fn chunk(&mut self, _: &Tally, _: u64) {}

    fn has_enough(&self) -> bool {
        self.failed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let mut out = Vec::new();
        let mut json = Serializer::with_formatter(&mut out, Printable);
        "a\u{9b}b\u{202e}c\"é".serialize(&mut json).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\"a\\u009bb\\u202ec\\\"é\""
        );
    }
}
