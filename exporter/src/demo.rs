//! A minute in the life of three connectors, written into real log files.
//!
//! For newcomers who have none: a Publisher, a laptop with the Netskope Client and
//! one with the Cato Client. [`scenario`] says which line comes when and what it must
//! count as, [`writer`] does it to the files of a [`folder`], the vendors' tools are
//! stand-ins of [`tools`], the vendor's plane is a [`gateway`], mails go into a
//! [`mailbox`], [`narrate`] tells the story beside. The agent that reads all that is the
//! ordinary one; nothing here knows it.
//!
//! The idea: the scenario is pure and takes the time as an argument, so a test runs
//! an hour of it at once and compares its truth with what the agent recognises.

mod cato_client;
pub mod folder;
pub mod gateway;
pub mod logs;
pub mod mailbox;
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
use std::path::Path;
use std::time::Duration;

/// Prints that a mail came, below the chapters: `       mail: [ZTNA critical] …`.
///
/// # Errors
///
/// As of [`narrate`].
pub fn announce(subject: &str, file: &Path) -> io::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    writeln!(io::stdout().lock(), "       mail {name}: {subject}")
}

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
