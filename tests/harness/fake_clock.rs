//! A wall clock that a test moves, for one program: Debian's libfaketime.
//!
//! The library stands between the program and the system and shifts what it is told of the
//! wall clock; the clock that waits are measured by is left alone. It looks once a second
//! whether the shift has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// What a test says of the time, for as long as it lives.
#[derive(Debug)]
pub struct FakeClock {
    folder: TempDir,
    library: PathBuf,
}

impl FakeClock {
    /// One that is right.
    ///
    /// # Errors
    ///
    /// If the library is not installed.
    pub fn new() -> Result<Self> {
        let clock = Self {
            folder: TempDir::new()?,
            library: library()?,
        };
        clock.set_ahead(0)?;
        Ok(clock)
    }

    /// Has a program look at it.
    pub fn show_to(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", self.file())
            .env("FAKETIME_CACHE_DURATION", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }

    /// Puts it so many seconds before the true time, or behind.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_ahead(&self, seconds: i64) -> Result<()> {
        let draft = self.folder.path().join("draft");
        fs::write(&draft, format!("{seconds:+}\n"))?;
        fs::rename(draft, self.file()).context("cannot move the clock")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ahead")
    }
}

/// Where Debian has it: in the folder of this machine's kind of libraries.
fn library() -> Result<PathBuf> {
    let kinds = fs::read_dir("/usr/lib")?
        .flatten()
        .map(|entry| entry.path());
    let of = |kind: PathBuf| kind.join(Path::new("faketime/libfaketimeMT.so.1"));
    kinds
        .map(of)
        .find(|candidate| candidate.is_file())
        .context("`libfaketime` is missing: apt-get install faketime")
}
