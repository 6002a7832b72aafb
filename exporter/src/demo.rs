//! A minute in the life of three connectors, written into real log files.
//!
//! For newcomers who have none: a Publisher, a laptop with the Netskope Client and
//! one with the Cato Client. [`scenario`] says which line comes when and what it must
//! count as, [`writer`] does it to the files of a [`folder`], the vendors' tools are
//! stand-ins of [`tools`], the vendor's plane is a [`gateway`], [`narrate`] tells the
//! story beside. The agent that reads all that is the ordinary one; nothing here knows it.
//!
//! The idea: the scenario is pure and takes the time as an argument, so a test runs
//! an hour of it at once and compares its truth with what the agent recognises.

mod cato_client;
pub mod folder;
pub mod gateway;
pub mod logs;
mod netskope_client;
mod path;
mod publisher;
#[cfg(test)]
mod recognition;
pub mod scenario;
mod timetable;
pub mod tools;
pub mod truth;
pub mod writer;

// The corpus writes the same lines of the same Publisher.
pub use self::publisher::{lines, stamp};

use std::io::{self, Write};
use std::time::Duration;

/// Prints one chapter of the story to stdout: `00:15  Publisher: the tunnel breaks …`.
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
