//! Asks many questions of which any may hang, with one thread for as long as all answer.
//!
//! Helpers take questions from one queue. When no answer comes for a while, another
//! helper is started for the rest, up to a bound. A question whose helper has not come
//! back is not asked again until it has, so it never holds more than one thread.
//!
//! What a question is, and what it means that it hangs, is the caller's: `filesystem` asks
//! for the space of mounts here.

use std::collections::{BTreeSet, VecDeque};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::worker::STACK_BYTES;
use crate::clock::Clock;

/// Time without an answer after which another helper is started. Long for a local disk,
/// short against the time limit of a collector.
const PATIENCE: Duration = Duration::from_millis(200);

/// Answers one question.
type Answering<Q, A> = Arc<dyn Fn(&Q) -> A + Send + Sync>;

/// Helpers that answer one kind of question.
pub(super) struct Crew<Q, A> {
    clock: Clock,
    answering: Answering<Q, A>,
    /// Questions that a helper is busy with, from this round and earlier ones.
    busy: Arc<Mutex<BTreeSet<Q>>>,
}

/// What came of a round of questions.
pub(super) struct Round<Q, A> {
    /// Answers, in the order in which they came.
    pub(super) answers: Vec<(Q, A)>,
    /// Asked now or earlier, and the helper has not come back.
    pub(super) hung: Vec<Q>,
    /// Not asked, since as many helpers as there may be hang.
    pub(super) skipped: Vec<Q>,
}

impl<Q, A> Crew<Q, A>
where
    Q: Clone + Ord + Send + 'static,
    A: Send + 'static,
{
    pub(super) fn new(clock: Clock, answering: impl Fn(&Q) -> A + Send + Sync + 'static) -> Self {
        Self {
            clock,
            answering: Arc::new(answering),
            busy: Arc::default(),
        }
    }

    /// Helpers that hang now.
    pub(super) fn busy_helpers(&self) -> usize {
        lock(&self.busy).len()
    }

    /// Asks, and waits until all have answered or `limit` is over. At most `helpers_max`
    /// helpers live at a time, those that hang from earlier rounds included.
    pub(super) fn ask(
        &self,
        questions: Vec<Q>,
        limit: Duration,
        helpers_max: usize,
    ) -> Round<Q, A> {
        let (hung, fresh): (Vec<Q>, Vec<Q>) = {
            let busy = lock(&self.busy);
            questions
                .into_iter()
                .partition(|question| busy.contains(question))
        };
        let mut round = Round {
            answers: Vec::with_capacity(fresh.len()),
            hung,
            skipped: Vec::new(),
        };
        if fresh.is_empty() {
            return round;
        }
        let expected = fresh.len();
        let (given, answers) = sync_channel(expected);
        let queue = Arc::new(Mutex::new(VecDeque::from(fresh.clone())));
        let deadline = self.clock.now().monotonic.saturating_add(limit);
        self.start_helper(&queue, &given, helpers_max);
        while round.answers.len() < expected {
            let left = deadline.saturating_sub(self.clock.now().monotonic);
            if left.is_zero() {
                break;
            }
            match answers.recv_timeout(left.min(PATIENCE)) {
                Ok(answer) => round.answers.push(answer),
                Err(RecvTimeoutError::Timeout) => self.start_helper(&queue, &given, helpers_max),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // In the helpers' order of locks; with both held nothing is between two places.
        let busy = lock(&self.busy);
        round.skipped = lock(&queue).drain(..).collect();
        drop(busy);
        // What was answered between the deadline and here is not lost.
        round.answers.extend(answers.try_iter());
        round.hung.extend(fresh.into_iter().filter(|question| {
            let is_answered = round
                .answers
                .iter()
                .any(|(answered, _)| answered == question);
            !is_answered && !round.skipped.contains(question)
        }));
        round
    }

    /// Starts one more helper, if there is work and room for one. Without one the questions
    /// are skipped, as they are if no thread can be had.
    fn start_helper(
        &self,
        queue: &Arc<Mutex<VecDeque<Q>>>,
        given: &SyncSender<(Q, A)>,
        helpers_max: usize,
    ) {
        if helpers_max <= self.busy_helpers() || lock(queue).is_empty() {
            return;
        }
        let (queue, given) = (Arc::clone(queue), given.clone());
        let (busy, answering) = (Arc::clone(&self.busy), Arc::clone(&self.answering));
        let _ = thread::Builder::new()
            .name("host-helper".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || help(&queue, &busy, &answering, &given));
    }
}

/// A helper's life: it ends when the queue is empty.
fn help<Q: Clone + Ord, A>(
    queue: &Mutex<VecDeque<Q>>,
    busy: &Mutex<BTreeSet<Q>>,
    answering: &Answering<Q, A>,
    given: &SyncSender<(Q, A)>,
) {
    loop {
        let question = {
            let mut busy_now = lock(busy);
            let Some(question) = lock(queue).pop_front() else {
                return;
            };
            busy_now.insert(question.clone());
            question
        };
        let answer = answering(&question);
        lock(busy).remove(&question);
        // Nobody waits for a round that is over. There is room for every answer.
        if given.send((question, answer)).is_err() {
            return;
        }
    }
}

/// A helper that panicked leaves nothing half done behind: each change is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Condvar;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const LIMIT: Duration = Duration::from_secs(2);
    /// Long enough for a loaded machine to answer.
    const PATIENT: Duration = Duration::from_secs(20);

    /// Odd questions hang until they are let go.
    #[derive(Default)]
    struct Swamp {
        is_open: Mutex<bool>,
        opened: Condvar,
        asked: AtomicUsize,
    }

    impl Swamp {
        fn answer(&self, question: u32) -> u32 {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if question % 2 == 1 {
                let is_open = self.is_open.lock().unwrap();
                drop(
                    self.opened
                        .wait_while(is_open, |is_open| !*is_open)
                        .unwrap(),
                );
            }
            question * 10
        }

        fn open(&self) {
            *self.is_open.lock().unwrap() = true;
            self.opened.notify_all();
        }
    }

    fn crew(swamp: &Arc<Swamp>) -> Crew<u32, u32> {
        let swamp = Arc::clone(swamp);
        Crew::new(Clock::start(), move |question| swamp.answer(*question))
    }

    fn answered(round: &Round<u32, u32>) -> Vec<u32> {
        let mut questions: Vec<u32> = round
            .answers
            .iter()
            .map(|(question, _)| *question)
            .collect();
        questions.sort_unstable();
        questions
    }

    #[test]
    fn those_that_hang_keep_no_others_from_answering() {
        let swamp = Arc::new(Swamp::default());
        let crew = crew(&swamp);
        let round = crew.ask(vec![1, 2, 3, 4], LIMIT, 8);
        assert_eq!(answered(&round), [2, 4]);
        assert_eq!((round.hung, crew.busy_helpers()), (vec![1, 3], 2));

        // They are not asked again, and nobody waits for them.
        let before = swamp.asked.load(Ordering::SeqCst);
        let again = crew.ask(vec![1, 2, 3, 4], PATIENT, 8);
        assert_eq!(answered(&again), [2, 4]);
        assert_eq!(swamp.asked.load(Ordering::SeqCst), before + 2);
        assert_eq!(again.hung, [1, 3]);

        swamp.open();
        let healed = loop {
            let later = crew.ask(vec![1, 2, 3, 4], PATIENT, 8);
            if later.hung.is_empty() {
                break later;
            }
        };
        assert_eq!(answered(&healed), [1, 2, 3, 4]);
    }

    #[test]
    fn helpers_are_bounded_and_what_they_leave_is_said() {
        let swamp = Arc::new(Swamp::default());
        let crew = crew(&swamp);
        let round = crew.ask(vec![1, 3, 5, 6], LIMIT, 2);
        assert_eq!((round.hung, round.skipped), (vec![1, 3], vec![5, 6]));
        // Others may be asked if they are allowed a helper more.
        assert_eq!(answered(&crew.ask(vec![6], PATIENT, 3)), [6]);
        assert_eq!(crew.ask(vec![6], LIMIT, 2).skipped, [6]);
        swamp.open();
    }

    #[test]
    fn all_good_ones_are_answered_by_one_helper() {
        let swamp = Arc::new(Swamp::default());
        let crew = crew(&swamp);
        let round = crew.ask((0..100).map(|number| number * 2).collect(), PATIENT, 1);
        assert_eq!(round.answers.len(), 100);
        assert_eq!(round.answers.first(), Some(&(0, 0)));
    }
}
