//! A log as a connector would write it, one numbered event a line.
//!
//! Each line means `app.connection_opened` and differs from every other, so the
//! number of lines written is the number that an exact reader shows. The handle
//! stays open, as a real writer's does, until [`LogFile::reopen`].

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The event that each line means.
pub const EVENT: &str = "app.connection_opened";

/// A line without its end. `serial` makes it unlike any other.
pub fn line(serial: u64) -> String {
    format!(
        "tcpproxyhandler.cpp:35:TcpProxyHandler():0x{serial:x} \
         Creating tcp connection to 198.51.100.7:443"
    )
}

/// A line that is another event: written last, it shows that all before was read.
pub const SENTINEL: &str = "neconfig.cpp:121:setClientId():0x0 Set clientId l0ThzLYeZnqA\n";

/// The event of [`SENTINEL`].
pub const SENTINEL_EVENT: &str = "client.connected";

/// An open log and the number of lines written to it, under whatever name.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    written: u64,
}

impl LogFile {
    /// Opens or creates the log at `path`.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        Ok(Self {
            file: append_to(&path)?,
            path,
            written: 0,
        })
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lines written so far: what must be counted.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Says that `lines` lines were written by other means.
    pub const fn add_written(&mut self, lines: u64) {
        self.written += lines;
    }

    /// Appends `count` lines in one write.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn append(&mut self, count: u64) -> Result<()> {
        let text = self.lines(count);
        self.raw(text.as_bytes())
    }

    /// The next `count` lines, which the caller writes in its own way.
    pub fn lines(&mut self, count: u64) -> String {
        let mut text = String::new();
        for _ in 0..count {
            text.push_str(&line(self.written));
            text.push('\n');
            self.written += 1;
        }
        text
    }

    /// Appends bytes that are no numbered line.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .with_context(|| format!("cannot write {:?}", self.path))
    }

    /// Renames the file to `path.suffix`; the handle goes with it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn rename(&self, suffix: &str) -> Result<PathBuf> {
        let rotated = self.with_suffix(suffix);
        fs::rename(&self.path, &rotated).context("cannot rename the log")?;
        Ok(rotated)
    }

    /// Moves `.1` to `.2` and so on up to `count` files, then the log to `.1`, and
    /// creates it anew: what `logrotate` does.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn rotate(&mut self, count: u32) -> Result<()> {
        for number in (1..count).rev() {
            let from = self.with_suffix(&number.to_string());
            if from.exists() {
                fs::rename(from, self.with_suffix(&(number + 1).to_string()))?;
            }
        }
        self.rename("1")?;
        self.reopen()
    }

    /// Copies the log to `path.suffix` and truncates it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn copy_and_truncate(&self, suffix: &str) -> Result<()> {
        fs::copy(&self.path, self.with_suffix(suffix)).context("cannot copy the log")?;
        self.truncate()
    }

    /// Cuts the file to nothing.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn truncate(&self) -> Result<()> {
        self.file.set_len(0).context("cannot truncate the log")
    }

    /// Opens the path anew, creating it if need be.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn reopen(&mut self) -> Result<()> {
        self.file = append_to(&self.path)?;
        Ok(())
    }

    fn with_suffix(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".");
        path.push(suffix);
        path.into()
    }
}

fn append_to(path: &Path) -> Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.with_context(|| format!("cannot open {}", path.display()))
}
