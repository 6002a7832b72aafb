//! Writes a line with its time as the Publisher's programs do.
//!
//! The text of one second's time is kept, since a corpus has thousands of lines in
//! each. What a line says is not known here but in [`super::lines`].

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::lines::Writer;

/// The host's name in every agent line's prefix.
pub const HOST: &str = "npa-pub-01";

/// Writes times; keeps the text of the last second.
#[derive(Debug, Clone, Default)]
pub struct Stamper {
    /// Whose text is kept. `None` before the first line.
    second: Option<i64>,
    agent: String,
    wizard: String,
}

impl Stamper {
    /// Appends the beginning of a line written at `at`. An agent line goes on with
    /// the level in brackets, a wizard line with its text.
    ///
    /// # Errors
    ///
    /// What `out` answers; a `Vec` never fails.
    pub fn stamp(&mut self, writer: Writer, at: Timestamp, out: &mut impl Write) -> io::Result<()> {
        self.renew(at);
        match writer {
            Writer::Agent => {
                out.write_all(self.agent.as_bytes())?;
                // Before 1970 the part below a second is negative.
                let microsecond = at.subsec_microsecond().unsigned_abs();
                write!(out, "{microsecond:06} +00:00] ")
            }
            Writer::Wizard => out.write_all(self.wizard.as_bytes()),
        }
    }

    fn renew(&mut self, at: Timestamp) {
        if self.second == Some(at.as_second()) {
            return;
        }
        let utc = at.to_zoned(TimeZone::UTC);
        self.second = Some(at.as_second());
        self.agent = format!("[{HOST}:{}.", utc.strftime("%Y-%m-%d %H:%M:%S"));
        self.wizard = format!("{} UTC ", utc.strftime("%Y/%m/%d %H:%M:%S"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(writer: Writer, at: &str, expected: &str) {
        let mut out = Vec::new();
        Stamper::default()
            .stamp(writer, at.parse().unwrap(), &mut out)
            .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn each_program_writes_time_in_its_own_way() {
        let at = "2024-05-02T02:10:00.000123Z";
        check(
            Writer::Agent,
            at,
            "[npa-pub-01:2024-05-02 02:10:00.000123 +00:00] ",
        );
        check(Writer::Wizard, at, "2024/05/02 02:10:00 UTC ");
    }
}
