//! Silences on their way to the writer.
//!
//! The writer takes one in between two turns, and a turn may last longer than anybody waits
//! for an answer. What it was handed is done all the same, so nobody is told otherwise: who
//! asked hears after a while that it is underway, and who asks again meanwhile joins it
//! instead of making another. The log says in any case what became of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::alert::Silence;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::alerting::letterbox::sweep::Taken;

/// How many may be on their way at once.
const UNDERWAY_MAX: usize = 4;

/// How long who asks waits for an answer. A turn is short of it, unless there is much to read.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes a silence, and says what became of it. Copies share everything.
#[derive(Clone)]
pub struct SilenceInbox {
    take: Arc<dyn Fn(Silence) -> Taken + Send + Sync>,
    patience: Duration,
}

impl SilenceInbox {
    /// `take` may block for as long as the writer is busy.
    pub fn new(take: impl Fn(Silence) -> Taken + Send + Sync + 'static) -> Self {
        Self {
            take: Arc::new(take),
            patience: PATIENCE,
        }
    }

    /// Lets who asks wait so long for an answer instead of five seconds.
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

impl fmt::Debug for SilenceInbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SilenceInbox")
    }
}

/// What is known of a silence when who asked for it is answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is in force, and survives.
    Durable,
    /// It is in force, and is lost if the agent ends before the store commits again.
    Uncommitted,
    /// It is done when the writer has time. The one that was handed over first, if it was
    /// asked for again.
    Underway(Box<Silence>),
    /// There is no place for it, for this reason.
    Refused(String),
    /// Nothing was done: as many as may be are underway.
    Full,
    /// Nothing was done: the writer's inbox is full, or the agent ends.
    NotTaken,
}

/// The way to the writer, and who is on it. Copies share everything.
#[derive(Debug, Clone)]
pub(super) struct Way {
    inbox: SilenceInbox,
    underway: Arc<Mutex<Vec<Silence>>>,
}

/// What comes of a silence before it is handed over.
enum Begun {
    Alone(Place),
    Joined(Box<Silence>),
    Full,
}

/// A silence's place on the way, until it is dropped.
struct Place {
    underway: Arc<Mutex<Vec<Silence>>>,
    id: Arc<str>,
}

impl Way {
    pub(super) fn new(inbox: SilenceInbox) -> Self {
        Self {
            inbox,
            underway: Arc::default(),
        }
    }

    /// Gives a silence that `who` asked for to the writer, and says what is known of it when
    /// there is an answer, or patience ends.
    pub(super) async fn hand_over(&self, silence: Silence, who: String) -> Outcome {
        let place = match self.begin(&silence) {
            Begun::Alone(place) => place,
            Begun::Joined(first) => return Outcome::Underway(first),
            Begun::Full => return Outcome::Full,
        };
        let (inbox, own) = (self.inbox.clone(), silence.clone());
        let taken = tokio::task::spawn_blocking(move || {
            let taken = (inbox.take)(own.clone());
            tell(&taken, &own, &who);
            drop(place);
            taken
        });
        match timeout(self.inbox.patience, taken).await {
            Ok(Ok(Taken::Durable(_))) => Outcome::Durable,
            Ok(Ok(Taken::Uncommitted)) => Outcome::Uncommitted,
            Ok(Ok(Taken::Refused(words))) => Outcome::Refused(words),
            Ok(Ok(Taken::Later) | Err(_)) => Outcome::NotTaken,
            Err(_) => {
                info!(id = %silence.id, "silence by HTTP waits until the writer has time");
                Outcome::Underway(Box::new(silence))
            }
        }
    }

    fn begin(&self, silence: &Silence) -> Begun {
        let mut underway = lock(&self.underway);
        if let Some(first) = underway.iter().find(|other| is_same(other, silence)) {
            return Begun::Joined(Box::new(first.clone()));
        }
        if UNDERWAY_MAX <= underway.len() {
            return Begun::Full;
        }
        underway.push(silence.clone());
        Begun::Alone(Place {
            underway: Arc::clone(&self.underway),
            id: Arc::clone(&silence.id),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.underway).retain(|other| other.id != self.id);
    }
}

fn lock(underway: &Mutex<Vec<Silence>>) -> MutexGuard<'_, Vec<Silence>> {
    underway.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether both are one wish. Two ends are one if they end the same; a new silence has an id
/// of its own whenever it is asked for.
fn is_same(first: &Silence, second: &Silence) -> bool {
    let lasts = |silence: &Silence| silence.until.duration_since(silence.from);
    let is_end = |silence: &Silence| lasts(silence).is_zero();
    if is_end(first) || is_end(second) {
        return first.id == second.id && is_end(first) && is_end(second);
    }
    lasts(first) == lasts(second)
        && (&first.matchers, &first.who, &first.why) == (&second.matchers, &second.who, &second.why)
}

fn tell(taken: &Taken, silence: &Silence, who: &str) {
    let (id, until) = (&silence.id, &silence.until);
    match taken {
        Taken::Durable(_) => info!(%id, who, %until, "silence set by HTTP"),
        Taken::Uncommitted => {
            warn!(%id, who, %until, "silence set by HTTP, and not stored yet");
        }
        Taken::Refused(why) => info!(%id, who, why, "silence by HTTP refused"),
        Taken::Later => info!(%id, who, "silence by HTTP not taken: the writer has no time"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use jiff::{SignedDuration, Timestamp};

    use super::*;

    fn silence(id: &str, rule: &str) -> Silence {
        Silence {
            id: Arc::from(id),
            matchers: vec![(Arc::from("rule"), Arc::from(rule))],
            who: "alice".to_owned(),
            why: "x".to_owned(),
            from: Timestamp::UNIX_EPOCH,
            until: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(2),
        }
    }

    fn end(id: &str) -> Silence {
        let ended = silence(id, "a");
        Silence {
            until: ended.from,
            ..ended
        }
    }

    /// A writer that takes nothing until it is said what becomes of it, and tells of each.
    fn held_writer() -> (Way, Sender<Taken>, Receiver<Arc<str>>) {
        let (turn_ends, turns) = channel();
        let (asked, handed_over) = channel();
        let turns = Mutex::new(turns);
        let inbox = SilenceInbox::new(move |silence| {
            asked.send(silence.id).unwrap();
            let turns = turns.lock().unwrap();
            turns.recv().unwrap()
        });
        (
            Way::new(inbox.patient_for(Duration::ZERO)),
            turn_ends,
            handed_over,
        )
    }

    #[tokio::test]
    async fn who_asks_again_while_a_turn_lasts_makes_no_second_silence() {
        let (way, turn_ends, handed_over) = held_writer();
        let who = || "alice".to_owned();
        for id in ["first", "again", "and-again"] {
            let outcome = way.hand_over(silence(id, "a"), who()).await;
            assert_eq!(outcome, Outcome::Underway(Box::new(silence("first", "a"))));
        }
        // Ends of the same silence are one as well, and others are others.
        for (wish, is_new) in [
            (end("old"), true),
            (end("old"), false),
            (silence("other", "b"), true),
            (end("first"), true),
        ] {
            let count = lock(&way.underway).len();
            let outcome = way.hand_over(wish.clone(), who()).await;
            assert_eq!(outcome, Outcome::Underway(Box::new(wish)));
            assert_eq!(lock(&way.underway).len() == count + 1, is_new);
        }
        let outcome = way.hand_over(silence("fifth", "c"), who()).await;
        assert_eq!(outcome, Outcome::Full);
        // The turn is through: each is handed over once, and its place is free.
        drop(
            (0..4)
                .map(|_| turn_ends.send(Taken::Durable(Vec::new())))
                .collect::<Vec<_>>(),
        );
        let mut ids: Vec<_> = (0..4).map(|_| handed_over.recv().unwrap()).collect();
        ids.sort_unstable();
        let expected = ["first", "first", "old", "other"];
        assert!(ids.iter().map(|id| &**id).eq(expected), "{ids:?}");
        while !lock(&way.underway).is_empty() {
            tokio::task::yield_now().await;
        }
    }
}
