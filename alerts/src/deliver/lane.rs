//! One receiver's lane: claims, sends, says what came of it, and waits.
//!
//! A lane is a task within a task: the inner one works, the outer one sees to it that a
//! panic costs one attempt and not the lane, and that the end comes in time. After a fault
//! of the receiver itself the lane rests for a while, so that a dead server costs one
//! attempt at a time and a wrong password does not lock the account.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::delivery::Channel;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::exec::ExecCarrier;
use super::mail::MailCarrier;
use super::syslog::SyslogCarrier;
use super::webhook::WebhookCarrier;
use super::{Desk, Outcome, TrapSender, words};
use crate::outbox::{Attempt, Claimed, Next};
use crate::receiver::{Identity, Receiver, Way};

/// How long what is just being sent may go on when the lane is to end.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// How often a lane that waits looks at the clock again: it may have been put back.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Rests after faults of the receiver, doubled each time.
const FIRST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Rests after faults that people have to repair, doubled each time. New settings begin
/// a new lane.
const FIRST_REST_FOR_PEOPLE: Duration = Duration::from_secs(30);
const LONGEST_REST_FOR_PEOPLE: Duration = Duration::from_secs(3600);

/// The way of one receiver.
enum Carrier {
    Mail(Box<MailCarrier>),
    Webhook(Box<WebhookCarrier>),
    Syslog(SyslogCarrier),
    Traps(Option<Arc<dyn TrapSender>>),
    Exec(ExecCarrier),
}

impl Carrier {
    fn new(receiver: &Receiver, identity: &Identity, traps: Option<Arc<dyn TrapSender>>) -> Self {
        match &receiver.way {
            Way::Email(way) => {
                let carrier = MailCarrier::new((**way).clone(), &identity.host);
                Self::Mail(Box::new(carrier))
            }
            Way::Webhook(way) => Self::Webhook(Box::new(WebhookCarrier::new(way))),
            Way::Alertmanager(way) => {
                Self::Webhook(Box::new(WebhookCarrier::alertmanager(&way.http)))
            }
            Way::Syslog(way) => Self::Syslog(SyslogCarrier::new(way.clone())),
            Way::Snmp => Self::Traps(traps),
            Way::Exec(way) => Self::Exec(ExecCarrier::new(way.clone())),
        }
    }

    async fn send(&mut self, claimed: &Claimed, desk: &dyn Desk) -> Outcome {
        let is_lost = claimed.message.body.is_empty();
        match self {
            Self::Mail(carrier) => carrier.send(claimed, desk.now()).await,
            Self::Traps(Some(traps)) => Outcome::of_message(traps.send(&claimed.message)),
            Self::Traps(None) => Outcome::of_receiver(Attempt::Misconfigured(
                "the SNMP agent is not configured".to_owned(),
            )),
            Self::Webhook(_) | Self::Syslog(_) | Self::Exec(_) if is_lost => {
                let words = "its text was lost with the store".to_owned();
                Outcome::of_message(Attempt::Dead(words))
            }
            Self::Webhook(carrier) => carrier.send(claimed, desk.now()).await,
            Self::Syslog(carrier) => carrier.send(claimed).await,
            Self::Exec(carrier) => carrier.send(claimed).await,
        }
    }

    /// There is nothing to send for the time being.
    async fn rest(&mut self) {
        if let Self::Mail(carrier) = self {
            carrier.rest().await;
        }
    }
}

/// What a lane has claimed and not settled.
type InHand = Arc<Mutex<Option<(Arc<str>, Arc<str>)>>>;

/// A lane that runs.
pub(super) struct Lane {
    /// With what settings.
    pub(super) receiver: Receiver,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What a lane works with.
#[derive(Clone)]
pub(super) struct Tools {
    pub(super) desk: Arc<dyn Desk>,
    pub(super) traps: Option<Arc<dyn TrapSender>>,
    pub(super) identity: Identity,
}

impl Lane {
    /// Begins to send.
    pub(super) fn begin(receiver: Receiver, tools: Tools) -> Self {
        let (stop, stopping) = watch::channel(false);
        tools.desk.begin(&receiver.name);
        let task = tokio::spawn(watch_over(receiver.clone(), tools, stopping));
        Self {
            receiver,
            stop,
            task,
        }
    }

    /// Asks it to end; [`Self::ended`] waits for that.
    pub(super) fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits for its end, which comes within [`GRACE`] and a little.
    pub(super) async fn ended(self) {
        if let Err(error) = self.task.await {
            tracing::error!(receiver = %self.receiver.name, %error, "lane of deliveries died");
        }
    }
}

/// Keeps a lane at work until it is to stop.
async fn watch_over(receiver: Receiver, tools: Tools, mut stopping: watch::Receiver<bool>) {
    let mut rest = FIRST_REST;
    loop {
        let in_hand = InHand::default();
        let worker = Worker {
            receiver: receiver.name.clone(),
            channel: receiver.channel(),
            carrier: Carrier::new(&receiver, &tools.identity, tools.traps.clone()),
            desk: tools.desk.clone(),
            in_hand: in_hand.clone(),
            stopping: stopping.clone(),
        };
        let mut work = tokio::spawn(worker.work());
        let ended = tokio::select! {
            ended = &mut work => ended,
            () = stopped(&mut stopping) => match timeout(GRACE, &mut work).await {
                Ok(ended) => ended,
                Err(_) => {
                    work.abort();
                    work.await
                }
            },
        };
        let left = in_hand
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match (ended, left) {
            (Err(error), Some((message, recipient))) if error.is_panic() => {
                tracing::error!(receiver = %receiver.name, %message, "delivery panicked");
                let words = words("a fault of this program interrupted it");
                tools
                    .desk
                    .settle(&message, &recipient, &Attempt::Retry(words));
            }
            (_, Some((message, recipient))) => tools.desk.give_back(&message, &recipient),
            (_, None) => {}
        }
        if *stopping.borrow() || stopping.has_changed().is_err() {
            return;
        }
        tokio::select! {
            () = sleep(rest) => rest = rest.saturating_mul(2).min(LONGEST_REST),
            () = stopped(&mut stopping) => return,
        }
    }
}

/// Waits until the lane is to stop, or nobody is left who could say so.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    drop(stopping.wait_for(|is_stopping| *is_stopping).await);
}

/// The inner task.
struct Worker {
    receiver: Arc<str>,
    channel: Channel,
    carrier: Carrier,
    desk: Arc<dyn Desk>,
    in_hand: InHand,
    stopping: watch::Receiver<bool>,
}

/// What a worker does next.
enum Pause {
    /// Goes on at once.
    None,
    /// Waits for so long, whatever comes.
    Rest(Duration),
    /// Waits for so long at most, or until there is news.
    News(Duration),
}

impl Worker {
    async fn work(mut self) {
        let mut news = self.desk.news();
        let mut faults = 0_u32;
        while !*self.stopping.borrow() && self.stopping.has_changed().is_ok() {
            // Before the claim: what comes in during it is seen after it.
            news.mark_unchanged();
            let pause = self.step(&mut faults).await;
            let mut stopping = self.stopping.clone();
            match pause {
                Pause::None => {}
                Pause::Rest(rest) => tokio::select! {
                    () = sleep(rest) => {}
                    () = stopped(&mut stopping) => {}
                },
                Pause::News(most) => {
                    self.carrier.rest().await;
                    tokio::select! {
                        () = sleep(most) => {}
                        Ok(()) = news.changed() => {}
                        () = stopped(&mut stopping) => {}
                    }
                }
            }
        }
        self.carrier.rest().await;
    }

    async fn step(&mut self, faults: &mut u32) -> Pause {
        let claimed = match self.claim().await {
            Ok(Next::Now(claimed)) => claimed,
            Ok(Next::At(at)) => {
                let wait = at.duration_since(self.desk.now());
                let wait = Duration::try_from(wait).unwrap_or_default();
                // Never none at all: a clock that goes back and forth must not spin us.
                return Pause::News(wait.clamp(Duration::from_millis(10), LOOK_AGAIN));
            }
            Ok(Next::Empty) => return Pause::News(LOOK_AGAIN),
            Err(error) => {
                tracing::warn!(receiver = %self.receiver, error, "message cannot be read");
                *faults = faults.saturating_add(1);
                return Pause::Rest(doubled(FIRST_REST, LONGEST_REST, *faults));
            }
        };
        let (message, recipient) = (
            claimed.message.id.clone(),
            claimed.delivery.recipient.clone(),
        );
        let worded_for = claimed.message.channel;
        let outcome = if worded_for == self.channel {
            self.carrier.send(&claimed, &*self.desk).await
        } else {
            let (was, is) = (worded_for.name(), self.channel.name());
            let words = format!("it was worded for {was}, and its receiver is {is} now");
            Outcome::of_message(Attempt::Misconfigured(words))
        };
        self.desk.settle(&message, &recipient, &outcome.attempt);
        self.let_go();
        self.tell(&message, &outcome.attempt);
        if !outcome.is_of_receiver {
            *faults = 0;
            return Pause::None;
        }
        *faults = faults.saturating_add(1);
        let is_for_people = matches!(outcome.attempt, Attempt::Misconfigured(_));
        Pause::Rest(if is_for_people {
            doubled(FIRST_REST_FOR_PEOPLE, LONGEST_REST_FOR_PEOPLE, *faults)
        } else {
            doubled(FIRST_REST, LONGEST_REST, *faults)
        })
    }

    /// Claims on a thread that may wait: a body comes from a disk, and a disk that hangs
    /// must hang this lane only.
    async fn claim(&self) -> Result<Next, String> {
        let (desk, receiver) = (self.desk.clone(), self.receiver.clone());
        let in_hand = self.in_hand.clone();
        let (answer, answered) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let next = desk.claim(&receiver);
            if let Ok(Next::Now(claimed)) = &next {
                let (id, recipient) = (&claimed.message.id, &claimed.delivery.recipient);
                let mut held = in_hand.lock().unwrap_or_else(PoisonError::into_inner);
                *held = Some((id.clone(), recipient.clone()));
            }
            // A lane that was ended meanwhile wants it no more. Whoever ended it may have
            // found it in its hand and given it back: then another lane may have it by now.
            if let Err(Ok(Next::Now(_))) = answer.send(next) {
                give_back_left(&*desk, &in_hand);
            }
        });
        answered
            .await
            .unwrap_or_else(|_| Err("the desk panicked".to_owned()))
    }

    fn let_go(&self) {
        *self.in_hand.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Recipients are people: their addresses are not logged, and neither are the
    /// receiver's words, which may repeat them.
    fn tell(&self, message: &str, came: &Attempt) {
        let receiver = &self.receiver;
        match came {
            Attempt::Sent(_) => tracing::info!(%receiver, message, "message delivered"),
            Attempt::Retry(_) | Attempt::RetryAfter(..) => {
                tracing::warn!(%receiver, message, "message not delivered, tried again later");
            }
            Attempt::Misconfigured(_) => {
                tracing::error!(%receiver, message, "message not delivered, settings are wrong");
            }
            // Whoever takes it from the outbox says so, and that others are given up.
            Attempt::Dead(_) => {}
        }
    }
}

/// Gives back what is still in a lane's hand.
fn give_back_left(desk: &dyn Desk, in_hand: &InHand) {
    let left = in_hand
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some((message, recipient)) = left {
        desk.give_back(&message, &recipient);
    }
}

/// A rest after so many faults in a row.
fn doubled(first: Duration, longest: Duration, faults: u32) -> Duration {
    let times = 2_u32.saturating_pow(faults.saturating_sub(1));
    first.saturating_mul(times).min(longest)
}
