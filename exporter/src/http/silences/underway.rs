//! Silences on their way to the writer.
//!
//! The writer takes one in between two turns, and a turn may last longer than anybody waits
//! for an answer. What it was handed is done all the same, so nobody is told otherwise: who
//! asked hears after a while that it is underway, and who asks again meanwhile joins it
//! instead of making another, and hears what the first one hears. The log says in any case
//! what became of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::alert::Silence;
use tokio::sync::watch;
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
    #[cfg(test)]
    pub(in crate::http) fn patient_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

impl fmt::Debug for SilenceInbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SilenceInbox")
    }
}

/// What is known of a silence when who asked for it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is in force, and survives.
    Durable,
    /// It is in force, and is lost if the agent ends before the store commits again.
    Uncommitted,
    /// It is done when the writer has time.
    Underway,
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
    underway: Arc<Mutex<Vec<OnWay>>>,
}

/// A silence on its way.
#[derive(Debug, Clone)]
struct OnWay {
    silence: Arc<Silence>,
    /// What becomes of it, for all who ask for it.
    outcome: watch::Receiver<Option<Outcome>>,
}

/// What comes of a silence before it is handed over.
enum Begun {
    Alone(Place),
    Joined(OnWay),
    Full,
}

/// A silence's place on the way, until it is dropped.
struct Place {
    underway: Arc<Mutex<Vec<OnWay>>>,
    silence: Arc<Silence>,
    outcome: watch::Sender<Option<Outcome>>,
}

impl Way {
    pub(super) fn new(inbox: SilenceInbox) -> Self {
        Self {
            inbox,
            underway: Arc::default(),
        }
    }

    /// Gives a silence that `who` asked for to the writer, and says what is known of it when
    /// there is an answer, or patience ends: of the one that was handed over first, if it was
    /// asked for again.
    pub(super) async fn hand_over(&self, silence: Silence, who: String) -> (Arc<Silence>, Outcome) {
        let silence = Arc::new(silence);
        let OnWay {
            silence: first,
            mut outcome,
        } = match self.begin(&silence) {
            Begun::Alone(place) => self.send(place, who),
            Begun::Joined(first) => first,
            Begun::Full => return (silence, Outcome::Full),
        };
        let known = match timeout(self.inbox.patience, outcome.wait_for(Option::is_some)).await {
            Ok(Ok(known)) => known.clone().unwrap_or(Outcome::NotTaken),
            Ok(Err(_)) => Outcome::NotTaken,
            Err(_) => Outcome::Underway,
        };
        if known == Outcome::Underway && Arc::ptr_eq(&first, &silence) {
            info!(id = %silence.id, "silence by HTTP waits until the writer has time");
        }
        (first, known)
    }

    fn send(&self, place: Place, who: String) -> OnWay {
        let sent = OnWay {
            silence: Arc::clone(&place.silence),
            outcome: place.outcome.subscribe(),
        };
        let inbox = self.inbox.clone();
        tokio::task::spawn_blocking(move || {
            let taken = (inbox.take)(Silence::clone(&place.silence));
            tell(&taken, &place.silence, &who);
            place.outcome.send_replace(Some(taken.into()));
        });
        sent
    }

    fn begin(&self, silence: &Arc<Silence>) -> Begun {
        let mut underway = lock(&self.underway);
        let mut others = underway.iter();
        if let Some(first) = others.find(|other| is_same(&other.silence, silence)) {
            return Begun::Joined(first.clone());
        }
        if UNDERWAY_MAX <= underway.len() {
            return Begun::Full;
        }
        let (told, outcome) = watch::channel(None);
        underway.push(OnWay {
            silence: Arc::clone(silence),
            outcome,
        });
        Begun::Alone(Place {
            underway: Arc::clone(&self.underway),
            silence: Arc::clone(silence),
            outcome: told,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.underway).retain(|other| !Arc::ptr_eq(&other.silence, &self.silence));
    }
}

impl From<Taken> for Outcome {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Durable(_) => Self::Durable,
            Taken::Uncommitted => Self::Uncommitted,
            Taken::Refused(words) => Self::Refused(words),
            Taken::Later => Self::NotTaken,
        }
    }
}

fn lock(underway: &Mutex<Vec<OnWay>>) -> MutexGuard<'_, Vec<OnWay>> {
    underway.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether both are one wish. Two ends are one if they end the same; a new silence has an id
/// of its own whenever it is asked for.
fn is_same(first: &Silence, second: &Silence) -> bool {
    let lasts = |silence: &Silence| silence.until.duration_since(silence.from);
    if is_end(first) || is_end(second) {
        return first.id == second.id && is_end(first) && is_end(second);
    }
    lasts(first) == lasts(second)
        && (&first.matchers, &first.who, &first.why) == (&second.matchers, &second.who, &second.why)
}

/// Whether it ends the one with its id: it is over when it begins.
fn is_end(silence: &Silence) -> bool {
    silence.from == silence.until
}

fn tell(taken: &Taken, silence: &Silence, who: &str) {
    let (id, until) = (&silence.id, &silence.until);
    let done = if is_end(silence) { "ended" } else { "set" };
    match taken {
        Taken::Durable(_) => info!(%id, who, %until, "silence {done} by HTTP"),
        Taken::Uncommitted => {
            warn!(%id, who, %until, "silence {done} by HTTP, and not stored yet");
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
    fn held_writer(patience: Duration) -> (Way, Sender<Taken>, Receiver<Arc<str>>) {
        let (turn_ends, turns) = channel();
        let (asked, handed_over) = channel();
        let turns = Mutex::new(turns);
        let inbox = SilenceInbox::new(move |silence| {
            asked.send(silence.id).unwrap();
            let turns = turns.lock().unwrap();
            turns.recv().unwrap()
        });
        (
            Way::new(inbox.patient_for(patience)),
            turn_ends,
            handed_over,
        )
    }

    #[tokio::test]
    async fn who_asks_again_while_a_turn_lasts_makes_no_second_silence() {
        let (way, turn_ends, handed_over) = held_writer(Duration::ZERO);
        let who = || "alice".to_owned();
        for id in ["first", "again", "and-again"] {
            let (first, outcome) = way.hand_over(silence(id, "a"), who()).await;
            assert_eq!((&*first.id, outcome), ("first", Outcome::Underway));
        }
        // Ends of the same silence are one as well, and others are others.
        for (wish, is_new) in [
            (end("old"), true),
            (end("old"), false),
            (silence("other", "b"), true),
            (end("first"), true),
        ] {
            let count = lock(&way.underway).len();
            let (first, outcome) = way.hand_over(wish.clone(), who()).await;
            assert_eq!((&*first, outcome), (&wish, Outcome::Underway));
            assert_eq!(lock(&way.underway).len() == count + 1, is_new);
        }
        let (_, outcome) = way.hand_over(silence("fifth", "c"), who()).await;
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

    #[tokio::test]
    async fn who_asks_twice_hears_twice_what_became_of_the_first() {
        let why = || "no more are kept".to_owned();
        for (taken, outcome) in [
            (Taken::Durable(Vec::new()), Outcome::Durable),
            (Taken::Uncommitted, Outcome::Uncommitted),
            (Taken::Refused(why()), Outcome::Refused(why())),
            (Taken::Later, Outcome::NotTaken),
        ] {
            let (way, turn_ends, handed_over) = held_writer(Duration::from_secs(30));
            let ask = |id| way.hand_over(silence(id, "a"), "alice".to_owned());
            let end_of_turn = async { turn_ends.send(taken).unwrap() };
            let (first, again, ()) = tokio::join!(ask("first"), ask("again"), end_of_turn);
            assert_eq!((&*first.0.id, &first.1), ("first", &outcome));
            assert_eq!(again, first);
            assert_eq!(handed_over.iter().take(1).count(), 1);
            assert!(handed_over.try_recv().is_err());
        }
    }

    #[tokio::test]
    async fn who_asks_twice_of_a_writer_that_is_gone_is_not_told_that_it_will_be_done() {
        let (way, turn_ends, _handed_over) = held_writer(Duration::from_secs(30));
        let ask = |id| way.hand_over(silence(id, "a"), "alice".to_owned());
        let writer_ends = async { drop(turn_ends) };
        let (first, again, ()) = tokio::join!(ask("first"), ask("again"), writer_ends);
        assert_eq!((first.1, again.1), (Outcome::NotTaken, Outcome::NotTaken));
    }

    #[test]
    fn the_log_tells_an_end_from_a_beginning() {
        let written = |silence: &Silence| {
            let (log, pen) = std::io::pipe().unwrap();
            let subscriber =
                tracing_subscriber::fmt().with_writer(move || pen.try_clone().unwrap());
            tracing::subscriber::with_default(subscriber.finish(), || {
                tell(&Taken::Durable(Vec::new()), silence, "alice");
            });
            std::io::read_to_string(log).unwrap()
        };
        assert!(written(&silence("s", "a")).contains("silence set by HTTP"));
        assert!(written(&end("s")).contains("silence ended by HTTP"));
    }
}
