//! Does the scenario's actions to real files, in real time, on a thread of its own.
//!
//! It writes and rotates as a Publisher and `logrotate` would, and knows nothing of
//! who reads. Writing and truncating happen on one thread, so `copytruncate` loses
//! nothing here, which cannot be said of it elsewhere.
//!
//! Known limit: three rotated files are kept of each log; a reader that is more than
//! three minutes behind misses what the fourth held.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::lines::Writer;
use super::scenario::{Action, Scenario, ScenarioTruth};
use crate::clock::Clock;

/// Rotated files kept of each log.
const ROTATED_MAX: u32 = 3;

/// The demo's seed: every newcomer sees the same story.
const SEED: u64 = 20_240_304;

/// Longest pause between two looks at the story.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Why the demo's logs could not be written. The demo ends then.
#[derive(Debug, thiserror::Error)]
pub enum WriterError {
    /// A log could not be created in the folder.
    #[error("cannot open the demo's log `{path}`")]
    Open {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line could not be appended.
    #[error("cannot write the demo's log `{path}`")]
    Write {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A log could not be rotated.
    #[error("cannot rotate the demo's log `{path}`")]
    Rotate {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The thread could not be started, or ended without a result.
    #[error("the demo's writer ended early")]
    Ended,
}

impl Writer {
    /// The log's file name, as on a Publisher.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Agent => "agent.txt",
            Self::Wizard => "publisher_wizard.log",
        }
    }
}

/// A folder with a Publisher's two logs.
#[derive(Debug)]
pub struct LogFolder {
    agent: Log,
    wizard: Log,
}

impl LogFolder {
    /// Creates both logs in `folder`, or goes on behind what they hold.
    ///
    /// # Errors
    ///
    /// [`WriterError::Open`].
    pub fn open(folder: &Path) -> Result<Self, WriterError> {
        Ok(Self {
            agent: Log::open(folder.join(Writer::Agent.file_name()))?,
            wizard: Log::open(folder.join(Writer::Wizard.file_name()))?,
        })
    }

    /// Does `action`. Saying something is left to the caller.
    ///
    /// # Errors
    ///
    /// [`WriterError`]; the logs are then as far as the action got.
    pub fn perform(&mut self, action: &Action) -> Result<(), WriterError> {
        match action {
            Action::Tell(_) => Ok(()),
            Action::Write { log, line } => self.log(*log).append(line),
            Action::Rotate { log } => self.log(*log).rotate(),
            Action::CopyTruncate { log } => self.log(*log).copy_and_truncate(),
        }
    }

    const fn log(&mut self, log: Writer) -> &mut Log {
        match log {
            Writer::Agent => &mut self.agent,
            Writer::Wizard => &mut self.wizard,
        }
    }
}

/// Writes the demo's logs until it is stopped.
#[derive(Debug)]
pub struct DemoWriter {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<ScenarioTruth, WriterError>>,
}

impl DemoWriter {
    /// Starts to write into `folder`, `speed` times as fast as life (0 counts as 1).
    /// `tell` gets each chapter with the real time since the start, on the writer's
    /// thread; see [`super::narrate`].
    ///
    /// # Errors
    ///
    /// [`WriterError::Open`] if the folder takes no files, [`WriterError::Ended`] if
    /// the system gives no thread.
    pub fn start(
        folder: &Path,
        speed: u32,
        clock: Clock,
        tell: impl FnMut(Duration, &'static str) + Send + 'static,
    ) -> Result<Self, WriterError> {
        let logs = LogFolder::open(folder)?;
        let stop = Arc::new(AtomicBool::new(false));
        let story = Story {
            logs,
            speed: speed.max(1),
            clock,
            stop: Arc::clone(&stop),
        };
        let thread = thread::Builder::new()
            .name("demo-writer".to_owned())
            .spawn(move || story.tell(tell))
            .map_err(|_| WriterError::Ended)?;
        Ok(Self { stop, thread })
    }

    /// Whether the writer goes on. It ends early only if the folder is gone or full;
    /// [`Self::stop`] then says why.
    pub fn is_running(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Stops at once, and returns the truth about all that was written.
    ///
    /// # Errors
    ///
    /// Why it had ended before, if it had.
    pub fn stop(self) -> Result<ScenarioTruth, WriterError> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        self.thread.join().unwrap_or(Err(WriterError::Ended))
    }
}

/// What the writer's thread owns.
struct Story {
    logs: LogFolder,
    speed: u32,
    clock: Clock,
    stop: Arc<AtomicBool>,
}

impl Story {
    fn tell(
        mut self,
        mut tell: impl FnMut(Duration, &'static str),
    ) -> Result<ScenarioTruth, WriterError> {
        let mut scenario = Scenario::new(SEED);
        let start = self.clock.now().monotonic;
        while !self.stop.load(Ordering::Relaxed) {
            let now = self.clock.now();
            let real = now.monotonic.saturating_sub(start);
            let elapsed = real.saturating_mul(self.speed);
            for action in scenario.step(elapsed, now.timestamp()) {
                if let Action::Tell(chapter) = action {
                    tell(real, chapter);
                }
                self.logs.perform(&action)?;
            }
            let pause = scenario.next_due().saturating_sub(elapsed) / self.speed;
            thread::park_timeout(pause.min(PAUSE_MAX));
        }
        Ok(scenario.truth().clone())
    }
}

/// One log file, open for appending.
#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    fn open(path: PathBuf) -> Result<Self, WriterError> {
        match OpenOptions::new().create(true).append(true).open(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(WriterError::Open { path, source }),
        }
    }

    fn append(&mut self, line: &[u8]) -> Result<(), WriterError> {
        let written = self.file.write_all(line);
        written.map_err(|source| WriterError::Write {
            path: self.path.clone(),
            source,
        })
    }

    fn rotate(&mut self) -> Result<(), WriterError> {
        self.shift()
            .and_then(|first| fs::rename(&self.path, first))
            .map_err(self.failed())?;
        *self = Self::open(self.path.clone())?;
        Ok(())
    }

    fn copy_and_truncate(&mut self) -> Result<(), WriterError> {
        self.shift()
            .and_then(|first| fs::copy(&self.path, first))
            .and_then(|_| self.file.set_len(0))
            .map_err(self.failed())
    }

    /// Makes room for a new `.1`, and returns its path. The oldest file goes.
    fn shift(&self) -> io::Result<PathBuf> {
        for number in (1..ROTATED_MAX).rev() {
            match fs::rename(self.rotated(number), self.rotated(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(self.rotated(1))
    }

    fn rotated(&self, number: u32) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(format!(".{number}"));
        path.into()
    }

    fn failed(&self) -> impl FnOnce(io::Error) -> WriterError + use<> {
        let path = self.path.clone();
        move |source| WriterError::Rotate { path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use std::sync::mpsc;

    #[test]
    fn every_line_of_the_story_is_in_exactly_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut logs = LogFolder::open(folder.path()).unwrap();
        let mut scenario = Scenario::new(1);
        for action in scenario.step(Duration::from_secs(110), Timestamp::UNIX_EPOCH) {
            logs.perform(&action).unwrap();
        }
        let files = fs::read_dir(folder.path()).unwrap();
        let contents: Vec<Vec<u8>> = files
            .map(|file| fs::read(file.unwrap().path()).unwrap())
            .collect();
        // Two logs, of which the agent's was renamed twice and the wizard's cut once.
        assert_eq!(contents.len(), 2 + 2 + 1);
        let bytes: usize = contents.iter().map(Vec::len).sum();
        assert_eq!(scenario.truth().truth.bytes, u64::try_from(bytes).unwrap());
    }

    #[test]
    fn a_stopped_writer_tells_the_truth() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, chapters) = mpsc::channel();
        let writer = DemoWriter::start(folder.path(), 1_000, Clock::start(), move |_, chapter| {
            // The test may have heard enough.
            sender.send(chapter).unwrap_or_default();
        });
        let heard = chapters
            .iter()
            .find(|chapter| chapter.contains("tunnel is back"));
        assert!(heard.is_some());
        let truth = writer.unwrap().stop().unwrap();
        assert!(truth.truth.counts.get("tunnel.connected") >= Some(&2));
    }

    #[test]
    fn a_folder_that_is_gone_is_named() {
        let error = LogFolder::open(Path::new("/nonexistent/folder")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot open the demo's log `/nonexistent/folder/agent.txt`"
        );
    }
}
