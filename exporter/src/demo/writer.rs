//! Does the scenario's actions in real time, on a thread of its own.
//!
//! What comes when is the scenario's business, what an action does to files the
//! folder's. At a higher speed only the story is faster: whoever asks the tools asks
//! as often as before, and misses the answers in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::folder::{DemoFolder, FolderError};
use super::scenario::{Action, Scenario};
use super::truth::ScenarioTruth;
use crate::clock::Clock;

/// The demo's seed: every newcomer sees the same story.
const SEED: u64 = 20_240_304;

/// Longest pause between two looks at the story.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Why the demo's story ended.
#[derive(Debug, thiserror::Error)]
pub enum WriterError {
    /// Its files could not be written.
    #[error("the demo's files cannot be written")]
    Folder(#[from] FolderError),
    /// The thread could not be started, or ended without a result.
    #[error("the demo's writer ended early")]
    Ended,
}

/// Writes the demo's logs until it is stopped.
#[derive(Debug)]
pub struct DemoWriter {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<ScenarioTruth, WriterError>>,
}

impl DemoWriter {
    /// Starts to play in `folder`, `speed` times as fast as life (0 counts as 1).
    /// `tell` gets each chapter with the real time since the start, on the writer's
    /// thread; see [`super::narrate`].
    ///
    /// # Errors
    ///
    /// [`WriterError::Ended`] if the system gives no thread.
    pub fn start(
        folder: DemoFolder,
        speed: u32,
        clock: Clock,
        tell: impl FnMut(Duration, &'static str) + Send + 'static,
    ) -> Result<Self, WriterError> {
        let stop = Arc::new(AtomicBool::new(false));
        let story = Story {
            folder,
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
    folder: DemoFolder,
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
                self.folder.perform(&action)?;
            }
            let pause = scenario.next_due().saturating_sub(elapsed) / self.speed;
            thread::park_timeout(pause.min(PAUSE_MAX));
        }
        Ok(scenario.truth().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::connector::ConnectorKind;
    use std::sync::mpsc;

    #[test]
    fn a_stopped_writer_tells_the_truth() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, chapters) = mpsc::channel();
        let files = DemoFolder::open(folder.path()).unwrap();
        let writer = DemoWriter::start(files, 1_000, Clock::start(), move |_, chapter| {
            // The test may have heard enough.
            sender.send(chapter).unwrap_or_default();
        });
        let heard = chapters
            .iter()
            .find(|chapter| chapter.contains("the tunnel is back: ztna_tunnel_up"));
        assert!(heard.is_some());
        let truth = writer.unwrap().stop().unwrap();
        let publisher = truth.of(ConnectorKind::NetskopePublisher);
        assert!(publisher.counts.get("tunnel.connected") >= Some(&2));
    }
}
