//! A Publisher's life in a minute, written into real log files.
//!
//! For newcomers who have no Publisher: [`scenario`] says which line comes when and
//! what it must count as, [`writer`] does it to files, [`narrate`] tells the story
//! beside. The agent that reads the files is the ordinary one; nothing here knows it.
//!
//! The idea: the scenario is pure and takes the time as an argument, so a test runs
//! an hour of it at once and compares its truth with what the agent recognises.

pub mod lines;
#[cfg(test)]
mod recognition;
pub mod scenario;
pub mod stamp;
mod timetable;
pub mod writer;

use std::io::{self, Write};
use std::time::Duration;

/// Prints one chapter of the story to stdout: `00:15  the tunnel breaks …`.
///
/// # Errors
///
/// What stdout answers, for example that nobody reads it any more.
pub fn narrate(elapsed: Duration, chapter: &str) -> io::Result<()> {
    let seconds = elapsed.as_secs();
    writeln!(
        io::stdout().lock(),
        "{:02}:{:02}  {chapter}",
        seconds / 60,
        seconds % 60
    )
}
