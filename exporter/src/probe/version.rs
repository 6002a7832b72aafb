//! Remembers which version a tool's program told, and says when to ask again.
//!
//! A version changes with the program, so it is asked for once, again when the file is
//! another one, and once an hour in any case: the program may be a script that starts
//! something else. Asking each time would start two programs where one is enough. A
//! command that told nothing is asked again sooner, and not each time either: it may
//! hang as long as it is let. What it prints is `cato_sdp`'s to read; a command that
//! fails says nothing about the client and is no failure of the tool's own.
//!
//! Known limit: a program that is replaced in place, with size and both times of change
//! as before, keeps its version for an hour.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use model::connector::Tool;
use model::untrusted::Untrusted;

use super::cato_sdp;
use super::runner::{Ending, Printed};

/// How long a version is believed while the program is the same.
const TOLD_FOR: Duration = Duration::from_secs(3600);

/// How long to wait after a command that told none.
const RETRY: Duration = Duration::from_secs(600);

/// What a tool is told to do to print its version; `None` for one that prints it along
/// with everything else.
pub const fn arguments(tool: Tool) -> Option<&'static [&'static str]> {
    match tool {
        Tool::CatoSdp => Some(&["version"]),
        Tool::Nsdiag | Tool::StAgentCli => None,
    }
}

/// The version that stands in what a tool printed, if it ended well.
pub fn read(tool: Tool, printed: &Printed) -> Option<Untrusted> {
    match (tool, printed.ending) {
        (Tool::CatoSdp, Ending::Well) => cato_sdp::read_version(&printed.text).map(Untrusted::new),
        (Tool::Nsdiag | Tool::StAgentCli, _) | (Tool::CatoSdp, Ending::Badly) => None,
    }
}

/// Tells whether a program is still the same file with the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramMark {
    file: (u64, u64),
    size: u64,
    /// When its content was changed, and when anything of it: seconds, nanoseconds.
    changed: [(i64, i64); 2],
}

impl ProgramMark {
    /// The mark of the file itself, whatever links lead to it.
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            changed: [
                (metadata.mtime(), metadata.mtime_nsec()),
                (metadata.ctime(), metadata.ctime_nsec()),
            ],
        }
    }
}

/// What one program told.
#[derive(Debug, Default)]
pub struct KnownVersion {
    asked: Option<Asked>,
}

#[derive(Debug)]
struct Asked {
    program: ProgramMark,
    /// On the monotonic clock.
    at: Duration,
    version: Option<Untrusted>,
}

/// What an answer is to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Told, or not told, as before.
    Same,
    /// Told for the first time, or again, or another one.
    Told,
    /// Not told, for the first time or after it had been.
    NotTold,
}

impl KnownVersion {
    /// Whether to ask this program at `now`.
    pub fn is_due(&self, program: ProgramMark, now: Duration) -> bool {
        let Some(asked) = self.asked.as_ref().filter(|asked| asked.program == program) else {
            return true;
        };
        let wait = if asked.version.is_some() {
            TOLD_FOR
        } else {
            RETRY
        };
        wait <= now.saturating_sub(asked.at)
    }

    /// Takes an answer of `program`. One that tells nothing leaves the version of the
    /// same program.
    pub fn take(&mut self, program: ProgramMark, now: Duration, told: Option<Untrusted>) -> News {
        let before = self.asked.take();
        let was_told = before.as_ref().map(|asked| asked.version.clone());
        let same_program = before.filter(|asked| asked.program == program);
        let is_told = told.is_some();
        let version = told.or_else(|| same_program.and_then(|asked| asked.version));
        let news = match (is_told, &was_told) {
            (false, Some(None)) => News::Same,
            (true, Some(known)) if *known == version => News::Same,
            (true, _) => News::Told,
            // Known and not confirmed: no news, unless the program is another one.
            (false, Some(Some(_))) if version.is_some() => News::Same,
            (false, _) => News::NotTold,
        };
        self.asked = Some(Asked {
            program,
            at: now,
            version,
        });
        news
    }

    /// What is known of this program.
    pub fn of(&self, program: ProgramMark) -> Option<&Untrusted> {
        let asked = self.asked.as_ref();
        asked
            .filter(|asked| asked.program == program)
            .and_then(|asked| asked.version.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: ProgramMark = ProgramMark {
        file: (1, 2),
        size: 3,
        changed: [(4, 5), (4, 5)],
    };

    const UPDATED: ProgramMark = ProgramMark {
        changed: [(9, 5), (9, 5)],
        ..PROGRAM
    };

    fn told(version: &str) -> Option<Untrusted> {
        Some(Untrusted::new(version))
    }

    const fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(60 * minutes)
    }

    #[test]
    fn a_version_is_asked_for_once_an_hour_and_for_each_program() {
        let mut known = KnownVersion::default();
        assert!(known.is_due(PROGRAM, minutes(0)));
        assert_eq!(known.take(PROGRAM, minutes(0), told("5.5")), News::Told);
        assert!(!known.is_due(PROGRAM, minutes(59)));
        assert!(known.is_due(PROGRAM, minutes(60)));
        assert!(known.is_due(UPDATED, minutes(1)));
        assert_eq!(known.of(PROGRAM), told("5.5").as_ref());
        assert_eq!(known.of(UPDATED), None);
        assert_eq!(known.take(PROGRAM, minutes(60), told("5.5")), News::Same);
        assert_eq!(known.take(UPDATED, minutes(61), told("5.6")), News::Told);
    }

    #[test]
    fn a_command_that_fails_is_asked_again_later_and_takes_nothing_back() {
        let mut known = KnownVersion::default();
        assert_eq!(known.take(PROGRAM, minutes(0), None), News::NotTold);
        assert!(!known.is_due(PROGRAM, minutes(9)));
        assert!(known.is_due(PROGRAM, minutes(10)));
        assert_eq!(known.take(PROGRAM, minutes(10), None), News::Same);
        assert_eq!(known.take(PROGRAM, minutes(20), told("5.5")), News::Told);
        assert_eq!(known.take(PROGRAM, minutes(80), None), News::Same);
        assert_eq!(known.of(PROGRAM), told("5.5").as_ref());
        assert_eq!(known.take(UPDATED, minutes(81), None), News::NotTold);
        assert_eq!(known.of(UPDATED), None);
    }
}
