//! A script that stands in for a vendor's tool, and behaves as badly as a test wants.
//!
//! It is run as the agent runs the vendor's: without a shell of ours, an environment
//! or input. Everything that it starts can write its process id into a file, so that a
//! test can see whether anybody was left behind.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The program, the text that it prints, and the ids of all that it ever was.
#[derive(Debug, Clone)]
pub struct StandIn {
    program: PathBuf,
}

impl StandIn {
    /// A stand-in of this name in `folder` that runs these lines of a shell.
    ///
    /// There, `$answer` is the file of [`Self::say`], and `$ids` the one to which each
    /// process adds its id; the script itself has done so.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn running(folder: &Path, name: &str, lines: &str) -> Result<Self> {
        // The agent runs no program that others could change, whatever our umask.
        let mut ours_alone = DirBuilder::new();
        ours_alone.recursive(true).mode(0o700).create(folder)?;
        let stand_in = Self {
            program: folder.join(name),
        };
        let script = format!(
            "#!/bin/sh\n\
             PATH=/usr/bin:/bin\n\
             answer='{answer}'\n\
             ids='{ids}'\n\
             echo $$ >>\"$ids\"\n\
             {lines}\n",
            answer = stand_in.answer().display(),
            ids = stand_in.ids_file().display(),
        );
        let draft = stand_in.program.with_extension("draft");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o755)
            .open(&draft)?;
        file.write_all(script.as_bytes())?;
        file.set_permissions(Permissions::from_mode(0o755))?;
        drop(file);
        fs::rename(&draft, &stand_in.program).context("cannot install a stand-in")?;
        Ok(stand_in)
    }

    /// A stand-in that prints `text` and ends well.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn printing(folder: &Path, name: &str, text: &str) -> Result<Self> {
        let stand_in = Self::running(folder, name, "exec cat \"$answer\"")?;
        stand_in.say(text)?;
        Ok(stand_in)
    }

    /// Replaces what it prints.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn say(&self, text: &str) -> Result<()> {
        let draft = self.program.with_extension("answer.draft");
        fs::write(&draft, text)?;
        fs::rename(draft, self.answer()).context("cannot change a stand-in's answer")
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The processes that it ever was or started and that are still there.
    pub fn living(&self) -> Vec<String> {
        let ids = fs::read_to_string(self.ids_file()).unwrap_or_default();
        ids.lines()
            .filter(|id| Path::new("/proc").join(id).exists())
            .map(ToOwned::to_owned)
            .collect()
    }

    /// How many processes it ever was or started.
    pub fn started(&self) -> usize {
        let ids = fs::read_to_string(self.ids_file()).unwrap_or_default();
        ids.lines().count()
    }

    fn answer(&self) -> PathBuf {
        self.program.with_extension("answer")
    }

    fn ids_file(&self) -> PathBuf {
        self.program.with_extension("ids")
    }
}
