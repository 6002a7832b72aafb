//! Stand-ins for the vendors' tools: programs that print what the story wants said.
//!
//! Each is a small shell script beside a file that holds its answer. The story
//! replaces that file whole, so whoever asks meanwhile gets the old answer or the new
//! one, never half of each. Asked for its version, a tool answers from its own text. The
//! agent runs them as it would run the vendor's.
//!
//! Known limit: where the temporary folder forbids programs they cannot run; the
//! agent then says so (`denied`), and the logs tell their part of the story alone.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use model::connector::Tool;

/// What a tool does when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It prints this and ends well.
    Text(String),
    /// It says nothing and does not end.
    Hang,
}

/// What the client's tool says of its version.
const VERSION: &str = "Cato Client version 5.5.0.2120";

/// An answer that is an order to the script.
const HANG: &str = "(hang)";

/// Longer than any time limit, and short enough to leave nothing behind for long
/// should its agent be killed.
const HANG_SECONDS: u32 = 30;

/// A stand-in in its folder.
#[derive(Debug, Clone)]
pub struct StandIn {
    program: PathBuf,
    answer: PathBuf,
    /// Where the next answer is written before it takes the old one's place.
    next_answer: PathBuf,
}

impl StandIn {
    /// Where the stand-in for `tool` is, or will be, in `folder`.
    pub fn place(folder: &Path, tool: Tool) -> Self {
        let program = folder.join(tool.name());
        Self {
            answer: program.with_extension("answer"),
            next_answer: program.with_extension("answer.next"),
            program,
        }
    }

    /// Writes the program and its first answer.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn install(&self, first: &Answer) -> io::Result<()> {
        self.give(first)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o755)
            .open(&self.program)?;
        file.write_all(self.script().as_bytes())?;
        // The creation's mode is cut by the umask.
        file.set_permissions(Permissions::from_mode(0o755))
    }

    /// Lets it answer so from now on.
    ///
    /// # Errors
    ///
    /// What the system says; the old answer stands then.
    pub fn give(&self, answer: &Answer) -> io::Result<()> {
        let text = match answer {
            Answer::Text(text) => text.as_str(),
            Answer::Hang => HANG,
        };
        // Not synced: a demo that the machine's end takes away is not missed.
        fs::write(&self.next_answer, text)?;
        fs::rename(&self.next_answer, &self.answer)
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    fn script(&self) -> String {
        // Single quotes hold everything but themselves.
        let answer = self.answer.display().to_string().replace('\'', r"'\''");
        format!(
            "#!/bin/sh\n\
             # Stands in for the vendor's tool in a demo; the demo writes its answers.\n\
             PATH=/usr/bin:/bin\n\
             case \"$1\" in version) echo '{VERSION}'; exit ;; esac\n\
             answer=$(cat '{answer}') || exit 3\n\
             case \"$answer\" in\n\
             '{HANG}') exec sleep {HANG_SECONDS} ;;\n\
             *) printf '%s\\n' \"$answer\" ;;\n\
             esac\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Output};

    /// Not run by itself: a program that was just written may still be open in a child
    /// that another test forks at this moment, and the system then calls it busy.
    fn ask(stand_in: &StandIn) -> Output {
        let mut shell = Command::new("/bin/sh");
        shell.arg(stand_in.program()).output().unwrap()
    }

    #[test]
    fn a_stand_in_says_what_it_was_told_last() {
        let folder = tempfile::Builder::new().prefix("it's").tempdir().unwrap();
        let stand_in = StandIn::place(folder.path(), Tool::CatoSdp);
        stand_in.install(&Answer::Text("first".to_owned())).unwrap();
        assert_eq!(ask(&stand_in).stdout, b"first\n");
        let text = "  pop name    = \"Frankfurt\"\n  tun device  = tun0";
        stand_in.give(&Answer::Text(text.to_owned())).unwrap();
        let answer = ask(&stand_in);
        assert!(answer.status.success());
        assert_eq!(answer.stdout, format!("{text}\n").into_bytes());
    }

    #[test]
    fn a_stand_in_tells_its_version_whatever_else_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let stand_in = StandIn::place(folder.path(), Tool::CatoSdp);
        stand_in.install(&Answer::Hang).unwrap();
        let mut shell = Command::new("/bin/sh");
        let answer = shell.arg(stand_in.program()).arg("version").output();
        assert_eq!(answer.unwrap().stdout, format!("{VERSION}\n").into_bytes());
    }

    #[test]
    fn a_stand_in_is_a_program() {
        let folder = tempfile::tempdir().unwrap();
        let stand_in = StandIn::place(folder.path(), Tool::Nsdiag);
        stand_in.install(&Answer::Hang).unwrap();
        let mode = fs::metadata(stand_in.program())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
    }

    /// What a process does is only to be seen in Linux' `/proc`.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_stand_in_that_hangs_sleeps() {
        let folder = tempfile::tempdir().unwrap();
        let stand_in = StandIn::place(folder.path(), Tool::Nsdiag);
        stand_in.install(&Answer::Hang).unwrap();
        let mut shell = Command::new("/bin/sh");
        let mut asked = shell.arg(stand_in.program()).spawn().unwrap();
        let name = format!("/proc/{}/comm", asked.id());
        while fs::read_to_string(&name).unwrap() != "sleep\n" {
            assert_eq!(asked.try_wait().unwrap(), None);
        }
        asked.kill().unwrap();
        asked.wait().unwrap();
    }
}
