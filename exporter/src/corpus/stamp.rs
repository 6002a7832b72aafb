//! Writes a line's time as each program of each product does.
//!
//! The text of one second is kept, since a corpus has many lines in each. Clients
//! write no zone: their times here are UTC.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::demo::lines::Writer;
use crate::demo::stamp::Stamper as PublisherStamper;

/// What stands at the front of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// Nothing: the line goes on with a record, or is cut off from one.
    Nothing,
    /// A Publisher's prefix.
    Publisher(Writer),
    /// `YYYY/MM/DD hh:mm:ss.mmm`: `nsdebuglog.log` on Windows.
    Milliseconds,
    /// `YYYY/MM/DD hh:mm:ss.ffffff`: `nsdebuglog.log` on macOS.
    Microseconds,
    /// `[host:YYYY-MM-DD hh:mm:ss.ffffff +00:00]`: `npadebuglog.log`.
    PrivateAccess,
    /// `DD/MM/YY hh:mm:ss.mmm`: `cato_vpn_*.log` on Windows.
    DayFirst,
    /// `YYYY-MM-DD hh:mm:ss`: `cato-client.log` on Linux.
    WholeSeconds,
    /// `YYYY-MM-DD hh:mm:ss:mmm`, with a colon: a Cato Client's log on macOS.
    ColonMilliseconds,
}

/// The host in the prefix of `npadebuglog.log`. No public source says what it is.
const PRIVATE_ACCESS_HOST: &str = "npa-client";

/// Writes times; keeps the texts of the last second.
#[derive(Debug, Clone, Default)]
pub struct Stamper {
    publisher: PublisherStamper,
    texts: Texts,
}

/// One second as text.
#[derive(Debug, Clone, Default)]
struct Texts {
    /// Which. `None` before the first line.
    second: Option<i64>,
    slashes: String,
    dashes: String,
    day_first: String,
}

impl Stamper {
    /// Appends the beginning of a line written at `at`.
    ///
    /// # Errors
    ///
    /// What `out` answers; a `Vec` never fails.
    pub fn stamp(&mut self, stamp: Stamp, at: Timestamp, out: &mut impl Write) -> io::Result<()> {
        // Before 1970 the part below a second is negative.
        let micros = at.subsec_microsecond().unsigned_abs();
        let millis = micros / 1_000;
        match stamp {
            Stamp::Nothing => Ok(()),
            Stamp::Publisher(writer) => self.publisher.stamp(writer, at, out),
            Stamp::Milliseconds => write!(out, "{}.{millis:03}", self.texts.of(at).slashes),
            Stamp::Microseconds => write!(out, "{}.{micros:06}", self.texts.of(at).slashes),
            Stamp::PrivateAccess => {
                let dashes = &self.texts.of(at).dashes;
                write!(out, "[{PRIVATE_ACCESS_HOST}:{dashes}.{micros:06} +00:00]")
            }
            Stamp::DayFirst => write!(out, "{}.{millis:03}", self.texts.of(at).day_first),
            Stamp::WholeSeconds => out.write_all(self.texts.of(at).dashes.as_bytes()),
            Stamp::ColonMilliseconds => write!(out, "{}:{millis:03}", self.texts.of(at).dashes),
        }
    }
}

impl Texts {
    fn of(&mut self, at: Timestamp) -> &Self {
        if self.second != Some(at.as_second()) {
            let utc = at.to_zoned(TimeZone::UTC);
            self.second = Some(at.as_second());
            self.slashes = utc.strftime("%Y/%m/%d %H:%M:%S").to_string();
            self.dashes = utc.strftime("%Y-%m-%d %H:%M:%S").to_string();
            self.day_first = utc.strftime("%d/%m/%y %H:%M:%S").to_string();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_writes_time_in_its_own_way() {
        let at = "2026-01-20T16:30:14.825007Z".parse().unwrap();
        let mut stamper = Stamper::default();
        for (stamp, expected) in [
            (Stamp::Nothing, ""),
            (Stamp::Publisher(Writer::Wizard), "2026/01/20 16:30:14 UTC "),
            (Stamp::Milliseconds, "2026/01/20 16:30:14.825"),
            (Stamp::Microseconds, "2026/01/20 16:30:14.825007"),
            (
                Stamp::PrivateAccess,
                "[npa-client:2026-01-20 16:30:14.825007 +00:00]",
            ),
            (Stamp::DayFirst, "20/01/26 16:30:14.825"),
            (Stamp::WholeSeconds, "2026-01-20 16:30:14"),
            (Stamp::ColonMilliseconds, "2026-01-20 16:30:14:825"),
        ] {
            let mut out = Vec::new();
            stamper.stamp(stamp, at, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
