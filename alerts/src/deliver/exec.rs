//! Starts a program for each message and writes the message's JSON to its input.
//!
//! No shell, no words of an alert among the arguments, hardly any environment. The program
//! is the head of its own process group, which is ended whole at the time limit. Exit code
//! 0 means sent, 75 (`EX_TEMPFAIL` of `sysexits.h`) later, any other never.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use super::{Outcome, words};
use crate::outbox::{Attempt, Claimed};
use crate::receiver::ExecWay;

/// "Try again later".
const TEMPORARY: i32 = 75;

/// Most bytes of the program's complaints that are read.
const COMPLAINT_BYTES_MAX: u64 = 4096;

/// How long a complaint is waited for after the program's end: what it has left behind may
/// hold the pipe open.
const COMPLAINT_PATIENCE: Duration = Duration::from_millis(200);

/// Starts one receiver's program.
pub(super) struct ExecCarrier {
    way: ExecWay,
}

/// Ends a process group unless it is told that there is none left.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended by itself meanwhile.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl ExecCarrier {
    /// Nothing is started yet.
    pub(super) const fn new(way: ExecWay) -> Self {
        Self { way }
    }

    /// Starts the program for one message, and waits for its end.
    pub(super) async fn send(&self, claimed: &Claimed) -> Outcome {
        if !self.way.program.is_absolute() {
            let words = format!("`{}` is no whole path", self.way.program.display());
            return Outcome::of_receiver(Attempt::Misconfigured(words));
        }
        let mut child = match self.start() {
            Ok(child) => child,
            Err(error) => return not_started(&error),
        };
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        let mut group = Group(pid.and_then(Pid::from_raw));
        let running = run(&mut child, &claimed.message.body);
        match timeout(self.way.timeout, running).await {
            Ok(Ok((status, complaint))) => {
                group.0 = None;
                Outcome::of_message(of_status(status, &complaint))
            }
            Ok(Err(error)) => Outcome::of_receiver(Attempt::Retry(words(&error.to_string()))),
            Err(_) => {
                drop(group);
                // The zombie is taken in; it ends at once.
                drop(child.wait().await);
                let words = format!("not done after {:?}, so it was ended", self.way.timeout);
                Outcome::of_message(Attempt::Retry(words))
            }
        }
    }

    fn start(&self) -> io::Result<Child> {
        Command::new(&self.way.program)
            .args(&self.way.arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }
}

/// Writes the message, and waits for the end.
async fn run(child: &mut Child, message: &[u8]) -> io::Result<(ExitStatus, String)> {
    let input = child.stdin.take();
    let write = async {
        if let Some(mut input) = input {
            // A program need not read what it is told.
            drop(input.write_all(message).await);
        }
        std::future::pending::<()>().await;
    };
    let mut errors = child.stderr.take();
    let mut complaint = Vec::new();
    let ended = async {
        let status = tokio::select! {
            status = child.wait() => Some(status),
            () = read(&mut errors, &mut complaint) => None,
        };
        match status {
            Some(status) => {
                let rest = read(&mut errors, &mut complaint);
                drop(timeout(COMPLAINT_PATIENCE, rest).await);
                status
            }
            None => child.wait().await,
        }
    };
    let status = tokio::select! {
        status = ended => status?,
        () = write => return Err(io::Error::other("it did not end")),
    };
    Ok((status, String::from_utf8_lossy(&complaint).into_owned()))
}

/// Reads complaints until there are no more, or too many: then it reads on and keeps
/// nothing, so that the program does not wait for a reader.
async fn read(errors: &mut Option<ChildStderr>, complaint: &mut Vec<u8>) {
    let Some(errors) = errors else {
        return;
    };
    let mut chunk = [0_u8; 1024];
    while let Ok(length @ 1..) = errors.read(&mut chunk).await {
        let kept = u64::try_from(complaint.len()).unwrap_or(u64::MAX);
        if kept < COMPLAINT_BYTES_MAX {
            complaint.extend(chunk.get(..length).unwrap_or_default());
        }
    }
}

fn of_status(status: ExitStatus, complaint: &str) -> Attempt {
    let words = match status.code() {
        Some(0) => return Attempt::Sent("exit code 0".to_owned()),
        Some(code) => words(&format!("exit code {code}: {}", complaint.trim())),
        // Somebody ended it: that says nothing of the message.
        None => return Attempt::Retry(words(&format!("{status}"))),
    };
    if status.code() == Some(TEMPORARY) {
        Attempt::Retry(words)
    } else {
        Attempt::Dead(words)
    }
}

fn not_started(error: &io::Error) -> Outcome {
    let words = words(&format!("the program does not start: {error}"));
    let is_for_people = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory
    );
    Outcome::of_receiver(if is_for_people {
        Attempt::Misconfigured(words)
    } else {
        Attempt::Retry(words)
    })
}
