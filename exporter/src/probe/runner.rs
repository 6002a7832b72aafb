//! Runs one program once: bounded in time and bytes, never through a shell, leaving nobody behind.
//!
//! The program gets no input, no environment but a language and a home, and a process
//! group of its own. However it ends, the group is killed as a whole: a tool may have
//! started others that hold its output open. The group is killed before its leader is
//! reaped, so its number cannot belong to anybody else yet. A tool that has ended has
//! said what it has to say: who still holds its output is waited for only a moment.
//!
//! What the text means is not known here, and when to run is `schedule`'s.
//!
//! Known limits: a child that made a session or a group of its own survives; vendors
//! start their services so. A program on a disk that does not answer hangs before there
//! is anything to kill; its series then stand still. If the agent itself is killed, a
//! tool that runs then ends by itself or with its service's control group.

use std::env;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use model::connector::ProbeFailure;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal as signals};
use tokio::time::{sleep, timeout};

/// Most bytes read of what a program prints. The longest known answer has one.
pub const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// How long somebody else may hold the output of a program that has ended: what it wrote
/// is in the pipe by then, and only has to be read.
const PIPE_GRACE: Duration = Duration::from_millis(200);

/// How long a killed program may take to be gone until somebody else waits for it: one
/// that hangs in the kernel dies when the kernel lets it.
const REAP_TIMEOUT: Duration = Duration::from_secs(1);

/// How often, and how far apart, a program is tried that is being written just now.
const BUSY_TRIES: u32 = 10;
const BUSY_WAIT: Duration = Duration::from_millis(50);

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The program, an absolute path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: &'static [&'static str],
    /// How long it may take.
    pub timeout: Duration,
}

/// What a program printed before it ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// What it wrote to its output, and after that to its error output. Bytes that are
    /// no UTF-8 are replaced.
    pub text: String,
    /// How it ended.
    pub ending: Ending,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With status 0.
    Well,
    /// With another status.
    Badly,
}

/// Runs a program to its end. Dropping the future kills it.
///
/// # Errors
///
/// Why there is no text; [`ProbeFailure::ExitStatus`] only if a signal ended it.
pub async fn run(order: &Order) -> Result<Printed, ProbeFailure> {
    // Listened to before there is a child whose end could be missed.
    let ends = signals(SignalKind::child()).map_err(|error| failure_of(&error))?;
    let mut running = start(order).await.map_err(|error| failure_of(&error))?;
    let outcome = read_to_the_end(&mut running, ends, order.timeout).await;
    running.group.kill();
    // Reaped here if it goes at once, else by the runtime.
    let reaped = timeout(REAP_TIMEOUT, running.child.wait()).await;
    let text = outcome?;
    let Ok(Ok(status)) = reaped else {
        return Err(ProbeFailure::System);
    };
    match status.code() {
        Some(0) => Ok(Printed {
            text,
            ending: Ending::Well,
        }),
        Some(_) => Ok(Printed {
            text,
            ending: Ending::Badly,
        }),
        None => Err(ProbeFailure::ExitStatus),
    }
}

/// Starts the program on a thread that may wait: reading a program from a slow disk is
/// part of starting it.
async fn start(order: &Order) -> io::Result<Running> {
    for _ in 1..BUSY_TRIES {
        match start_once(order).await {
            // An update writes the program anew at this moment.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                sleep(BUSY_WAIT).await;
            }
            started => return started,
        }
    }
    start_once(order).await
}

async fn start_once(order: &Order) -> io::Result<Running> {
    let mut command = Command::new(&order.program);
    command
        .args(order.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Secrets may stand in our environment. Texts are known in English only.
        .env_clear()
        .env("LC_ALL", "C")
        .env("LANG", "C")
        .envs(env::var_os("HOME").map(|home| ("HOME", home)))
        .current_dir("/")
        .process_group(0)
        .kill_on_drop(true);
    // Made a group before it leaves the thread: if nobody waits for it any more, the
    // whole group must go.
    tokio::task::spawn_blocking(move || command.spawn().map(Running::of))
        .await
        .map_err(io::Error::other)?
}

/// What a failure to reach or start a program is called.
pub(super) fn failure_of(error: &io::Error) -> ProbeFailure {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ProbeFailure::NotFound,
        io::ErrorKind::PermissionDenied => ProbeFailure::Denied,
        _ => ProbeFailure::System,
    }
}

/// Reads what the program prints until it has ended, and not much longer. The program
/// is not reaped then.
async fn read_to_the_end(
    running: &mut Running,
    ends: Signals,
    limit: Duration,
) -> Result<String, ProbeFailure> {
    let child = &mut running.child;
    let streams = (child.stdout.take(), child.stderr.take());
    let ((Some(stdout), Some(stderr)), Some(leader)) = (streams, running.group.leader) else {
        return Err(ProbeFailure::System);
    };
    let (mut bytes, mut errors) = (Vec::new(), Vec::new());
    {
        let mut reading = pin!(async {
            let both =
                tokio::try_join!(read_all(stdout, &mut bytes), read_all(stderr, &mut errors));
            both.map(drop)
        });
        let ended = end_of(leader, ends);
        let first = timeout(limit, async {
            let mut ended = pin!(ended);
            tokio::select! {
                read = &mut reading => {
                    read?;
                    ended.await.map(|()| Pipes::AtTheirEnd)
                }
                end = &mut ended => end.map(|()| Pipes::Open),
            }
        });
        let pipes = first.await.map_err(|_| ProbeFailure::Timeout)??;
        if pipes == Pipes::Open
            && let Ok(read) = timeout(PIPE_GRACE, reading).await
        {
            read?;
        }
    }
    if OUTPUT_BYTES_MAX < bytes.len().saturating_add(errors.len()) {
        return Err(ProbeFailure::OutputTooLong);
    }
    bytes.push(b'\n');
    bytes.extend(errors);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How far the output of a program was read when it had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pipes {
    AtTheirEnd,
    /// There may be more to read, or somebody else holds them.
    Open,
}

/// Waits until a child has ended, and leaves it to be reaped.
async fn end_of(leader: Pid, mut ends: Signals) -> Result<(), ProbeFailure> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::Pid(leader), options) {
            Ok(Some(_)) => return Ok(()),
            Ok(None) | Err(Errno::INTR) => {}
            Err(_) => return Err(ProbeFailure::System),
        }
        // Some child has ended, perhaps this one.
        ends.recv().await.ok_or(ProbeFailure::System)?;
    }
}

/// Reads to the end, or some bytes too many. What was read stands in `bytes`, also if
/// nobody waits for the rest.
async fn read_all(
    mut stream: impl AsyncRead + Unpin,
    bytes: &mut Vec<u8>,
) -> Result<(), ProbeFailure> {
    loop {
        let read = stream.read_buf(bytes).await;
        if read.map_err(|_| ProbeFailure::System)? == 0 {
            return Ok(());
        }
        if OUTPUT_BYTES_MAX < bytes.len() {
            return Err(ProbeFailure::OutputTooLong);
        }
    }
}

/// A started program. Dropping it kills the group, and only then lets go of the leader.
struct Running {
    // Invariant: stands before `child`, so that it is dropped first.
    group: Group,
    child: Child,
}

impl Running {
    fn of(child: Child) -> Self {
        let raw = child.id().and_then(|id| i32::try_from(id).ok());
        let leader = raw.and_then(Pid::from_raw);
        Self {
            group: Group { leader },
            child,
        }
    }
}

/// A process group that is killed when this is dropped.
// Invariant: the leader is not reaped while this holds its number.
struct Group {
    leader: Option<Pid>,
}

impl Group {
    fn kill(&mut self) {
        if let Some(leader) = self.leader.take() {
            // Gone already is as good.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
pub(super) mod tests;
