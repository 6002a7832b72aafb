//! The program's own log lines on stderr, and its results on stdout.
//!
//! Lines of the libraries that we are built on are left out: what is worth a line we say
//! ourselves, bounded, and they would write what a peer sent. [`LogLevel::Trace`] shows all.
//!
//! The formatter escapes control characters in values, so a hostile file name
//! cannot move the reader's cursor.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The crates whose lines are ours. A line's target begins with its crate's name.
const OUR_CRATES: [&str; 6] = [
    "ztna_exporter",
    "snmp_agent",
    "tail",
    "logparse",
    "store",
    "model",
];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The least severe line to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Someone must act.
    Error,
    /// We coped.
    Warn,
    /// What a person wants in a day's log.
    Info,
    /// For finding faults.
    Debug,
    /// The libraries' lines too. They may hold what peers sent, and have no bound.
    Trace,
}

impl LogLevel {
    const fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }

    fn shows(self, line: &Metadata<'_>) -> bool {
        *line.level() <= self.filter() && (self == Self::Trace || is_ours(line.target()))
    }
}

fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    OUR_CRATES.contains(&name)
}

/// Starts logging to stderr. A second call in one process changes nothing.
pub fn start(format: LogFormat, level: LogLevel) {
    let has_colours = io::stderr().is_terminal();
    let started = subscriber(format, level, has_colours, io::stderr).try_init();
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}

fn subscriber<W>(
    format: LogFormat,
    level: LogLevel,
    has_colours: bool,
    writer: W,
) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_target(level == LogLevel::Trace)
        .with_writer(writer);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(has_colours).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // Over all lines, so that what nobody wants costs nothing to make.
    let shown = FilterFn::new(move |line: &Metadata<'_>| level.shows(line))
        .with_max_level_hint(level.filter());
    tracing_subscriber::registry().with(lines).with(shown)
}

/// Writes a command's result to stdout.
///
/// # Errors
///
/// Whatever the system says of stdout; a closed pipe among it.
pub fn print_result(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Writes a message for the user to stderr, outside the log's form.
pub fn say_to_user(text: &str) {
    // Nobody is left to tell when stderr is closed.
    drop(writeln!(io::stderr().lock(), "{}", text.trim_end()));
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of some lines.
    fn written(format: LogFormat, level: LogLevel) -> String {
        let paper = Paper::default();
        let pen = paper.clone();
        let subscriber = subscriber(format, level, false, move || pen.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!("own error");
            tracing::error!(target: "snmp_agent::run::notifier", "own part's error");
            tracing::debug!("own detail");
            tracing::error!(target: "async_snmp::client", "foreign error");
            tracing::debug!(target: "rustls::client", "foreign detail");
            tracing::error!(target: "tailscale", "foreign name like ours");
        });
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn libraries_say_nothing_unless_somebody_asks_for_all() {
        for format in [LogFormat::Text, LogFormat::Json] {
            for (level, count) in [(LogLevel::Info, 2), (LogLevel::Debug, 3)] {
                let log = written(format, level);
                assert_eq!(log.lines().count(), count, "{log}");
                assert!(!log.contains("foreign"), "{log}");
            }
            let all = written(format, LogLevel::Trace);
            assert_eq!(all.lines().count(), 6, "{all}");
        }
    }

    #[test]
    fn a_line_has_the_form_that_was_asked_for() {
        let text = written(LogFormat::Text, LogLevel::Error);
        assert!(text.contains("ERROR own error"), "{text}");
        let json = written(LogFormat::Json, LogLevel::Error);
        assert!(
            json.contains(r#""level":"ERROR","message":"own error"}"#),
            "{json}"
        );
    }

    #[test]
    fn a_control_character_of_a_value_is_escaped() {
        let paper = Paper::default();
        let pen = paper.clone();
        let subscriber = subscriber(LogFormat::Text, LogLevel::Info, false, move || pen.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(file = "a\u{1b}[2J", "hostile");
        });
        let bytes = paper.0.lock().unwrap().clone();
        assert!(!bytes.contains(&0x1b));
    }
}
