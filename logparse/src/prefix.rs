//! What may stand before a record: host, time, level, and the frames of those who
//! collect logs.
//!
//! [`strip`] takes known prefixes off a line's front, at most three, and keeps the
//! innermost time. It only ever looks at the front: what a message says later is
//! not its business, and whether the rest is a record is `catalogue::recognise`'s.
//! Docker's JSON lines are unpacked by [`docker`] first, since they need a buffer.
//! [`netskope_client`] and [`cato`] do the same for the records of endpoint clients,
//! which have one prefix of their product's own, an [`Opened`] one.
//!
//! No public source shows the Publisher's own prefix, so the list is open at its
//! end: [`open`] accepts an unknown one before an anchor by its looks.

pub(crate) mod cato;
pub(crate) mod cri;
pub(crate) mod docker;
pub(crate) mod netskope_client;
pub(crate) mod open;
mod styles;

use crate::timestamp::Stamp;

/// Most prefixes that are taken off, one within the other.
const PREFIXES_MAX: usize = 3;

/// Where a container's program wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a container runtime says about its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// Where the text comes from.
    pub(crate) stream: Stream,
    /// The record goes on in the next line of this stream.
    pub(crate) is_partial: bool,
}

/// A known prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `[host:YYYY-MM-DD hh:mm:ss.ffffff +hh:mm] [level] `
    BracketStamp,
    /// `[npa-pub-01] `, and kubectl's `[pod/name/container] `
    BracketWord,
    /// `Nov  2 10:00:00 host tag[pid]: `
    SyslogBsd,
    /// `<13>1 2024-05-02T02:10:00Z host app 1 - - `
    SyslogIetf,
    /// `2024-05-02T02:10:00Z `, with CRI's or a syslog file's words after it
    IsoStamp,
    /// `publisher-1  | `
    Compose,
    /// `INFO `
    Level,
    /// The one prefix of a client's record, by the name of its grammar.
    Client(&'static str),
}

impl Style {
    /// What people call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BracketStamp => "bracketed time",
            Self::BracketWord => "bracketed word",
            Self::SyslogBsd => "syslog (RFC 3164)",
            Self::SyslogIetf => "syslog (RFC 5424)",
            Self::IsoStamp => "RFC 3339 time",
            Self::Compose => "compose service",
            Self::Level => "level",
            Self::Client(name) => name,
        }
    }
}

/// A line without its prefixes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stripped<'a> {
    /// What was taken off, outermost first.
    pub(crate) styles: [Option<Style>; PREFIXES_MAX],
    /// The innermost time.
    pub(crate) stamp: Option<Stamp>,
    /// Whether that time is the wizard's, which opens a text record.
    pub(crate) is_wizard: bool,
    /// What is left.
    pub(crate) rest: &'a [u8],
}

/// A record of an endpoint client, without the prefix that its product writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened<'a> {
    /// What people call the prefix.
    pub(crate) style: &'static str,
    /// Its time.
    pub(crate) stamp: Option<Stamp>,
    /// Whether the product's own time stands in it, even one that nobody can read: not in
    /// a sample that was cut, nor in what a command printed.
    pub(crate) is_stamped: bool,
    /// Something else that it tells, for the rows that ask for it.
    pub(crate) context: Option<Context<'a>>,
    /// The record's text.
    pub(crate) rest: &'a [u8],
}

/// What a prefix tells besides the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Context<'a> {
    /// The name of the field.
    pub(crate) name: &'static str,
    /// What it says.
    pub(crate) value: &'a [u8],
}

/// Takes the known prefixes off the front of `line`.
pub(crate) fn strip(line: &[u8]) -> Stripped<'_> {
    let mut stripped = Stripped {
        styles: [None; PREFIXES_MAX],
        stamp: None,
        is_wizard: false,
        rest: line,
    };
    for slot in &mut stripped.styles {
        let Some(found) = styles::at_start(stripped.rest) else {
            break;
        };
        *slot = Some(found.style);
        stripped.stamp = found.stamp.or(stripped.stamp);
        stripped.rest = found.rest;
    }
    // The wizard's own stamp is part of its record, so it is not one of the three.
    if let Some((stamp, rest)) = Stamp::read_wizard(stripped.rest)
        && let Some(text) = styles::after_space(rest)
    {
        stripped.stamp = Some(stamp);
        stripped.is_wizard = true;
        stripped.rest = text;
    }
    stripped
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use jiff::tz::TimeZone;

    use super::*;

    fn check(line: &str, expected: &Expect) {
        let stripped = strip(line.as_bytes());
        let names: Vec<_> = stripped
            .styles
            .iter()
            .flatten()
            .map(|style| style.name())
            .collect();
        let time = stripped.stamp.and_then(|stamp| stamp.time(&TimeZone::UTC));
        let time = time.map_or("-".to_owned(), |time| time.to_string());
        let rest = String::from_utf8_lossy(stripped.rest);
        let wizard = if stripped.is_wizard { " wizard" } else { "" };
        expected.assert_eq(&format!("{} | {time}{wizard} | {rest}", names.join(", ")));
    }

    #[test]
    fn a_bare_line_has_no_prefix() {
        check(
            "Publisher registered",
            &expect![" | - | Publisher registered"],
        );
        check("", &expect![" | - | "]);
    }

    #[test]
    fn the_wizards_stamp_is_read_after_other_prefixes() {
        check(
            "2021/07/27 20:00:41 UTC text",
            &expect![" | 2021-07-27T20:00:41Z wizard | text"],
        );
        check(
            "<13>Nov  2 10:00:00 host wizard[7]: 2021/07/27 20:00:41 UTC text",
            &expect!["syslog (RFC 3164) | 2021-07-27T20:00:41Z wizard | text"],
        );
        check(
            "2021/07/27 20:00:41 UTC",
            &expect![" | 2021-07-27T20:00:41Z wizard | "],
        );
        check(
            "2021/07/27 20:00:41 UTCtext",
            &expect![" | - | 2021/07/27 20:00:41 UTCtext"],
        );
    }

    #[test]
    fn brackets_hold_a_time_or_a_word() {
        check(
            "[pub-1:2024-03-04 08:42:02.0004 +01:00] [info] text",
            &expect!["bracketed time | 2024-03-04T07:42:02.0004Z | text"],
        );
        check(
            "[fe80::1:2024-03-04 08:42:02 +00:00] text",
            &expect!["bracketed time | 2024-03-04T08:42:02Z | text"],
        );
        check(
            "[2024-03-04T08:42:02Z] [text] text",
            &expect!["bracketed time, bracketed word | 2024-03-04T08:42:02Z | text"],
        );
        check("[npa-pub-01] text", &expect!["bracketed word | - | text"]);
        check(
            "[pod/publisher-0/publisher] text",
            &expect!["bracketed word | - | text"],
        );
        check("[two words] text", &expect![" | - | [two words] text"]);
        check("[] text", &expect![" | - | [] text"]);
        check("[unclosed text", &expect![" | - | [unclosed text"]);
    }

    #[test]
    fn syslog_in_both_forms_and_as_a_file() {
        check(
            "Nov  2 10:00:00 host npa[12]: text",
            &expect!["syslog (RFC 3164) | - | text"],
        );
        check(
            "<13>Nov 12 10:00:00 host npa: text",
            &expect!["syslog (RFC 3164) | - | text"],
        );
        check(
            "Nov  2 10:00:00 host text without tag",
            &expect![" | - | Nov  2 10:00:00 host text without tag"],
        );
        check(
            "<165>1 2024-05-02T02:10:00.123Z host app 7 - - text",
            &expect!["syslog (RFC 5424) | 2024-05-02T02:10:00.123Z | text"],
        );
        check(
            "<165>1 2024-05-02T02:10:00Z h a - - [x@1 k=\"a\\\"]b\"][y] \u{feff}text",
            &expect!["syslog (RFC 5424) | 2024-05-02T02:10:00Z | text"],
        );
        check(
            "<165>1 - h a - - [x text",
            &expect![" | - | <165>1 - h a - - [x text"],
        );
        check(
            "2024-05-02T02:10:00.1+02:00 host npa[12]: text",
            &expect!["RFC 3339 time | 2024-05-02T00:10:00.1Z | text"],
        );
        check(
            "2024-05-02T02:10:00Z User-Agent: npa[12]: text",
            &expect!["RFC 3339 time | 2024-05-02T02:10:00Z | User-Agent: npa[12]: text"],
        );
        check(
            "Nov  2 10:00:00 User-Agent: npa: text",
            &expect![" | - | Nov  2 10:00:00 User-Agent: npa: text"],
        );
        check(
            "2024-05-02T02:10:00Z Get x509: text",
            &expect!["RFC 3339 time | 2024-05-02T02:10:00Z | Get x509: text"],
        );
    }

    #[test]
    fn collectors_write_times_services_and_levels() {
        check(
            "2024-05-02T02:10:00.123456789Z stdout F text",
            &expect!["RFC 3339 time | 2024-05-02T02:10:00.123456789Z | text"],
        );
        check(
            "2024-05-02 02:10:00 text",
            &expect!["RFC 3339 time | 2024-05-02T02:10:00Z | text"],
        );
        check(
            "publisher-1  | text",
            &expect!["compose service | - | text"],
        );
        check("WARNING: text", &expect!["level | - | text"]);
        check(
            "2024-05-02T02:10:00Z [pub-1] INFO text",
            &expect!["RFC 3339 time, bracketed word, level | 2024-05-02T02:10:00Z | text"],
        );
    }

    #[test]
    fn no_more_than_three_are_taken_off() {
        check(
            "[a] [b] [c] [d] text",
            &expect!["bracketed word, bracketed word, bracketed word | - | [d] text"],
        );
    }
}
