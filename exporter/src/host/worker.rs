//! One thread for one collector, which may hang there as long as the kernel likes.
//!
//! The sampler asks, waits for a while, and goes on without an answer. While a thread has
//! not come back its collector is not asked again, so it never has more than this one
//! thread; an answer that comes too late is dropped, and the next sample asks again.
//!
//! Known limit: a thread that hangs in the kernel cannot be ended. It goes when the kernel
//! lets it, or with the process.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use model::host::{CollectorRun, HostCollector};

use super::reader::{Cost, Reader};
use crate::clock::Clock;

/// Stack of a thread: the deepest is a JSON file's, which is bounded to 128 levels.
pub(super) const STACK_BYTES: usize = 256 * 1024;

/// Reads one part of a host.
pub(super) trait Collector: Send + 'static {
    /// Which part.
    const KIND: HostCollector;
    /// What it finds.
    type Found: Send + 'static;

    /// Reads what can be read; notes what cannot. `None` if nothing could be read.
    fn collect(&mut self, reader: &mut Reader) -> Option<Self::Found>;
}

/// A collector on its thread.
pub(super) struct Worker<T> {
    kind: HostCollector,
    /// `None` if no thread could be had.
    thread: Option<Thread<T>>,
    asked: Option<Asked>,
}

struct Thread<T> {
    // Both hold one at most: there is never more than one question under way.
    orders: SyncSender<Duration>,
    answers: Receiver<Answer<T>>,
}

struct Answer<T> {
    found: Option<T>,
    problems: Option<String>,
    cost: Cost,
    hung_threads: u64,
    took: Duration,
}

/// When a worker was asked what it has not answered yet.
#[derive(Clone, Copy)]
struct Asked {
    at: Duration,
    /// The sample that it would have been asked for last.
    latest: Duration,
    is_new: bool,
}

/// What came of a question.
pub(super) struct Outcome<T> {
    pub(super) run: CollectorRun,
    pub(super) found: Option<T>,
    pub(super) cost: Cost,
}

impl<T: Send + 'static> Worker<T> {
    /// Gives a collector its thread. It reads nothing until it is asked.
    pub(super) fn start<C: Collector<Found = T>>(collector: C, clock: Clock) -> Self {
        let (orders, taken_orders) = sync_channel(1);
        let (given_answers, answers) = sync_channel(1);
        let spawned = thread::Builder::new()
            .name(format!("host-{}", C::KIND))
            .stack_size(STACK_BYTES)
            .spawn(move || serve(collector, clock, &taken_orders, &given_answers));
        Self {
            kind: C::KIND,
            thread: spawned.ok().map(|_| Thread { orders, answers }),
            asked: None,
        }
    }

    /// Asks for a sample of `now`, unless the last question is still under way.
    pub(super) fn ask(&mut self, now: Duration) {
        let Some(thread) = &self.thread else {
            return;
        };
        if let Some(asked) = &mut self.asked {
            match thread.answers.try_recv() {
                // Came back too late: what it found is old.
                Ok(_) | Err(TryRecvError::Disconnected) => self.asked = None,
                Err(TryRecvError::Empty) => {
                    asked.is_new = false;
                    asked.latest = now;
                    return;
                }
            }
        }
        if thread.orders.try_send(now).is_ok() {
            self.asked = Some(Asked {
                at: now,
                latest: now,
                is_new: true,
            });
        }
    }

    /// Waits for the answer until `left` is over, and no time at all for one that hangs
    /// from an earlier sample.
    pub(super) fn answer(&mut self, left: Duration, limit: Duration) -> Outcome<T> {
        let Some(thread) = &self.thread else {
            return self.failed(Duration::ZERO, 0, "no thread could be started".to_owned());
        };
        let Some(asked) = self.asked else {
            return self.failed(Duration::ZERO, 0, "its thread has ended".to_owned());
        };
        if !asked.is_new {
            return self.hung(asked, limit);
        }
        match thread.answers.recv_timeout(left) {
            Ok(answer) => {
                self.asked = None;
                self.answered(answer)
            }
            Err(RecvTimeoutError::Timeout) => self.hung(asked, limit),
            Err(RecvTimeoutError::Disconnected) => {
                self.asked = None;
                self.failed(Duration::ZERO, 0, "its thread has ended".to_owned())
            }
        }
    }

    fn answered(&self, answer: Answer<T>) -> Outcome<T> {
        Outcome {
            run: CollectorRun {
                collector: self.kind,
                is_success: answer.problems.is_none(),
                duration: answer.took,
                error: answer.problems,
                hung_threads: answer.hung_threads,
            },
            found: answer.found,
            cost: answer.cost,
        }
    }

    fn hung(&self, asked: Asked, limit: Duration) -> Outcome<T> {
        let waited = asked.latest.saturating_sub(asked.at).max(limit);
        let words = format!("no answer for {} s", waited.as_secs());
        self.failed(limit, 1, words)
    }

    const fn failed(&self, duration: Duration, hung_threads: u64, words: String) -> Outcome<T> {
        Outcome {
            run: CollectorRun {
                collector: self.kind,
                is_success: false,
                duration,
                error: Some(words),
                hung_threads,
            },
            found: None,
            cost: Cost {
                questions: 0,
                bytes: 0,
            },
        }
    }
}

/// The thread's life: it ends when the worker is dropped.
fn serve<C: Collector>(
    mut collector: C,
    clock: Clock,
    orders: &Receiver<Duration>,
    answers: &SyncSender<Answer<C::Found>>,
) {
    let mut reader = Reader::default();
    while let Ok(now) = orders.recv() {
        let began = clock.now().monotonic;
        reader.now = now;
        reader.hung_threads = 0;
        let found = collector.collect(&mut reader);
        let took = clock.now().monotonic.saturating_sub(began);
        let (cost, problems) = reader.settle();
        let answer = Answer {
            found,
            problems,
            cost,
            hung_threads: reader.hung_threads,
            took,
        };
        if answers.send(answer).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::Sender;

    const SECOND: Duration = Duration::from_secs(1);
    /// Long enough for a loaded machine to answer.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// Answers when the test lets it.
    struct Gated {
        gate: Receiver<u64>,
        began: Sender<()>,
    }

    impl Collector for Gated {
        const KIND: HostCollector = HostCollector::Publisher;
        type Found = u64;

        fn collect(&mut self, _: &mut Reader) -> Option<u64> {
            self.began.send(()).unwrap();
            self.gate.recv().ok()
        }
    }

    fn gated() -> (Worker<u64>, Sender<u64>, Receiver<()>) {
        let (open, gate) = std::sync::mpsc::channel();
        let (began, begun) = std::sync::mpsc::channel();
        let worker = Worker::start(Gated { gate, began }, Clock::start());
        (worker, open, begun)
    }

    #[test]
    fn one_that_hangs_is_not_asked_again_until_it_comes_back() {
        let (mut worker, open, begun) = gated();
        worker.ask(Duration::ZERO);
        begun.recv().unwrap();
        let hung = worker.answer(Duration::ZERO, SECOND);
        assert_eq!((hung.found, hung.run.hung_threads), (None, 1));
        assert_eq!(hung.run.duration, SECOND);

        // Asked for two more samples, and not begun once.
        worker.ask(SECOND);
        worker.ask(SECOND * 2);
        let still = worker.answer(PATIENCE, SECOND);
        assert_eq!(still.run.error.unwrap(), "no answer for 2 s");
        assert!(begun.try_recv().is_err());

        // It comes back: the late answer is dropped, the next one taken.
        open.send(1).unwrap();
        open.send(2).unwrap();
        let found = loop {
            worker.ask(SECOND * 3);
            if let Some(found) = worker.answer(PATIENCE, SECOND).found {
                break found;
            }
        };
        assert_eq!(found, 2);
        assert_eq!(begun.iter().take(1).count(), 1);
        assert!(begun.try_recv().is_err());
    }

    #[test]
    fn one_whose_thread_has_ended_says_so() {
        let (mut worker, open, begun) = gated();
        drop(begun);
        drop(open);
        worker.ask(Duration::ZERO);
        let outcome = worker.answer(PATIENCE, SECOND);
        assert_eq!(outcome.run.error.unwrap(), "its thread has ended");
        worker.ask(SECOND);
        assert_eq!(worker.answer(PATIENCE, SECOND).run.hung_threads, 0);
    }
}
