//! `alerts send-test`: a marked test through the running agent's own outbox, or, if no
//! agent runs, straight to the receiver.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use alerts::compose::Composer;
use alerts::deliver::{Deliverer, Desk};
use alerts::engine::test_notification;
use alerts::outbox::{Attempt, Claimed, Next};
use alerts::receiver::{Receiver, Way};
use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use model::delivery::{Delivery, DeliveryState, OutboxMessage};
use store::{OutboxReader, StoredDelivery};
use tokio::sync::watch;

use super::ConfigArgs;
use crate::alerting::letterbox::{Answer, leave_test, read_answer, take_back};
use crate::alerting::settings::AlertSettings;
use crate::cli::{EXIT_FAILED, Failure};
use crate::clock::Clock;
use crate::config::{Config, HumanDuration};

/// How long the agent is waited for. It looks every second.
const AGENT_TIMEOUT: Duration = Duration::from_secs(8);

/// Between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// How many of the latest deliveries are looked through.
const LOOK_MAX: usize = 1_000;

/// Flags of `alerts send-test`.
#[derive(Debug, Clone, Args)]
pub struct SendTestArgs {
    /// Which agent.
    #[command(flatten)]
    pub config: ConfigArgs,

    /// How long the message's end is waited for.
    #[arg(long, value_name = "DURATION", default_value = "90s")]
    pub timeout: String,

    /// A name of `alerts.receivers`.
    pub receiver: String,
}

/// Sends the test.
///
/// # Errors
///
/// What the user should know, with its exit code; 1 if somebody was not told.
pub(super) fn run(args: &SendTestArgs) -> Result<(), Failure> {
    let timeout = HumanDuration::parse(&args.timeout).ok_or_else(|| {
        Failure::Usage(format!(
            "`{}` is no duration; want one like `90s`",
            args.timeout
        ))
    })?;
    let (config, settings) = args.config.settings()?;
    let found = settings
        .receivers
        .iter()
        .find(|one| *one.name == *args.receiver);
    let receiver = found.cloned().ok_or_else(|| {
        let names: Vec<_> = settings.receivers.iter().map(|one| &*one.name).collect();
        let known = if names.is_empty() {
            "there is none".to_owned()
        } else {
            format!("there are: {}", names.join(", "))
        };
        Failure::Usage(format!(
            "`{}` is none of `alerts.receivers`; {known}",
            args.receiver
        ))
    })?;
    let clock = Clock::start();
    let deliveries = match ask(&config, &receiver.name, timeout.0, clock)? {
        Asked::Answered(answer) => through_agent(&config.store.path, &answer, timeout.0, clock)?,
        Asked::Claimed => {
            crate::logging::say_to_user(
                "error: the agent has the request and has not answered: the test leaves when it \
                 is through with its logs; `alerts queue` shows it then",
            );
            return Err(Failure::Reported(EXIT_FAILED));
        }
        Asked::Nobody => {
            crate::logging::say_to_user(
                "warning: no agent took it in: sent from here, and not by its outbox",
            );
            straight(&settings, &receiver, timeout.0, clock)?
        }
    };
    report(&deliveries)
}

/// What became of a request to the agent.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Answered(Answer),
    /// It has the request and says nothing in time: it does it all the same, and nobody else
    /// may.
    Claimed,
    /// No agent has it, and none will.
    Nobody,
}

/// Asks the running agent.
fn ask(config: &Config, receiver: &str, timeout: Duration, clock: Clock) -> Result<Asked, Failure> {
    let store = &config.store.path;
    if !store.is_file() {
        return Ok(Asked::Nobody);
    }
    let now = clock.now().timestamp();
    let name = format!("test-{}-{}", now.as_millisecond(), std::process::id());
    let Ok(request) = leave_test(store, &name, receiver) else {
        return Ok(Asked::Nobody);
    };
    let mut is_told = false;
    loop {
        let waited = clock.now().monotonic;
        let heard = listen(&request, waited, timeout).context("the agent cannot be asked")?;
        if let Some(asked) = heard {
            return Ok(asked);
        }
        if AGENT_TIMEOUT < waited && !std::mem::replace(&mut is_told, true) {
            crate::logging::say_to_user(
                "the agent has the request and is busy with its logs; waiting for it",
            );
        }
        thread::sleep(LOOK_INTERVAL);
    }
}

/// What became of a request after so long; `None` while it is waited for. One that no agent
/// has claimed by then is taken back.
fn listen(request: &Path, waited: Duration, timeout: Duration) -> io::Result<Option<Asked>> {
    if let Some(answer) = read_answer(request)? {
        return Ok(Some(Asked::Answered(answer)));
    }
    if waited <= AGENT_TIMEOUT {
        return Ok(None);
    }
    if take_back(request)? {
        return Ok(Some(Asked::Nobody));
    }
    let longest = timeout.max(AGENT_TIMEOUT.saturating_mul(2));
    Ok((longest < waited).then_some(Asked::Claimed))
}

/// Waits for the end of what the agent sends.
fn through_agent(
    store: &Path,
    answer: &Answer,
    timeout: Duration,
    clock: Clock,
) -> Result<Vec<Delivery>, Failure> {
    if let Some(error) = &answer.error {
        return Err(Failure::Usage(format!("the agent refused it: {error}")));
    }
    let wanted: BTreeSet<&str> = answer.messages.iter().map(String::as_str).collect();
    let reader = OutboxReader::new(store);
    loop {
        let mut found: Vec<StoredDelivery> = reader.deliveries(LOOK_MAX)?;
        found.retain(|one| wanted.contains(&*one.message.id));
        let is_tried = |one: &StoredDelivery| {
            one.delivery.state != DeliveryState::Queued || 0 < one.delivery.attempts
        };
        let is_over = !found.is_empty() && found.iter().all(is_tried);
        if is_over || timeout < clock.now().monotonic {
            return Ok(found.into_iter().map(|one| one.delivery).collect());
        }
        thread::sleep(LOOK_INTERVAL);
    }
}

/// Sends without an agent.
fn straight(
    settings: &AlertSettings,
    receiver: &Receiver,
    timeout: Duration,
    clock: Clock,
) -> Result<Vec<Delivery>, Failure> {
    if receiver.way == Way::Snmp {
        return Err(Failure::Usage(
            "SNMP's targets are told by a running agent; without one, `ztna-exporter snmp \
             send-test` tells them"
                .to_owned(),
        ));
    }
    let composer = Composer::new(
        settings.identity.clone(),
        vec![receiver.clone()],
        vec![Arc::clone(&receiver.name)],
    );
    let now = clock.now().timestamp();
    let serial = u64::try_from(now.as_microsecond()).unwrap_or_default();
    let test = test_notification(&settings.identity.agent, &receiver.name, now, serial);
    let desk = Arc::new(OneDesk {
        work: Mutex::new(Work::default()),
        news: watch::channel(0).0,
        clock,
    });
    for (message, deliveries) in composer.compose(&test, now).messages {
        desk.add(&message, deliveries);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime did not start")?;
    runtime.block_on(async {
        let shared: Arc<dyn Desk> = Arc::<OneDesk>::clone(&desk);
        let mut deliverer = Deliverer::new(shared, None);
        let mut settled = desk.news.subscribe();
        deliverer
            .change(&settings.identity, vec![receiver.clone()])
            .await;
        let wait = async {
            while !desk.is_done() {
                if settled.changed().await.is_err() {
                    break;
                }
            }
        };
        // What is not settled by then is told as such.
        drop(tokio::time::timeout(timeout, wait).await);
        deliverer.stop().await;
    });
    Ok(desk.take_deliveries())
}

/// Says how each recipient fared.
fn report(deliveries: &[Delivery]) -> Result<(), Failure> {
    let mut text = String::new();
    let mut has_failed = deliveries.is_empty();
    if deliveries.is_empty() {
        text.push_str("nothing was sent\n");
    }
    for delivery in deliveries {
        let fared = match delivery.state {
            DeliveryState::Sent => "sent",
            DeliveryState::Dead => "given up",
            DeliveryState::Digested => "told in a digest",
            DeliveryState::Queued if delivery.attempts == 0 => "not tried yet",
            DeliveryState::Queued => "not sent yet, and tried again",
        };
        has_failed |= delivery.state != DeliveryState::Sent;
        let whom = if delivery.recipient.is_empty() {
            "the receiver"
        } else {
            &delivery.recipient
        };
        let line = format!("{whom}: {fared}: {}", delivery.last_reply);
        text.push_str(model::untrusted::printable(line.trim_end_matches(": ")).as_ref());
        text.push('\n');
    }
    crate::logging::print_result(text.as_bytes())?;
    if has_failed {
        return Err(Failure::Reported(EXIT_FAILED));
    }
    Ok(())
}

/// A desk with one test on it, tried once.
struct OneDesk {
    work: Mutex<Work>,
    news: watch::Sender<u64>,
    clock: Clock,
}

#[derive(Default)]
struct Work {
    waiting: Vec<Claimed>,
    done: Vec<Delivery>,
    wanted: usize,
}

impl OneDesk {
    fn add(&self, message: &OutboxMessage, deliveries: Vec<Delivery>) {
        let mut work = self.lock();
        work.wanted = work.wanted.saturating_add(deliveries.len());
        let claims = deliveries.into_iter().map(|delivery| Claimed {
            message: message.clone(),
            delivery,
            is_body_stored: false,
        });
        work.waiting.extend(claims);
    }

    fn is_done(&self) -> bool {
        let work = self.lock();
        work.wanted <= work.done.len()
    }

    fn take_deliveries(&self) -> Vec<Delivery> {
        let mut work = self.lock();
        let mut all = std::mem::take(&mut work.done);
        all.extend(work.waiting.drain(..).map(|claimed| claimed.delivery));
        all
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk for OneDesk {
    fn begin(&self, _receiver: &str) {}

    fn claim(&self, _receiver: &str) -> Result<Next, String> {
        let claimed = self.lock().waiting.pop();
        Ok(claimed.map_or(Next::Empty, |claimed| Next::Now(Box::new(claimed))))
    }

    fn settle(&self, message: &str, recipient: &str, came: &Attempt) {
        let (state, words) = match came {
            Attempt::Sent(words) => (DeliveryState::Sent, words),
            Attempt::Dead(words) => (DeliveryState::Dead, words),
            Attempt::Retry(words)
            | Attempt::RetryAfter(_, words)
            | Attempt::Misconfigured(words) => (DeliveryState::Queued, words),
        };
        let now = self.now();
        self.lock().done.push(Delivery {
            message: Arc::from(message),
            recipient: Arc::from(recipient),
            state,
            attempts: 1,
            next_at: now,
            last_reply: words.clone(),
            settled_at: Some(now),
        });
        self.news
            .send_modify(|number| *number = number.wrapping_add(1));
    }

    fn give_back(&self, message: &str, recipient: &str) {
        let words = "was not tried, since the time is up".to_owned();
        self.settle(message, recipient, &Attempt::Retry(words));
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    fn now(&self) -> Timestamp {
        self.clock.now().timestamp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerting::letterbox::sweep::{Sweeper, Taken, prepare};

    #[test]
    fn what_the_agent_has_nobody_else_sends_and_what_nobody_has_it_will_not_send() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("state.db");
        prepare(&store);
        let (timeout, short) = (Duration::from_secs(90), Duration::from_secs(1));
        let late = AGENT_TIMEOUT + LOOK_INTERVAL;
        let request = leave_test(&store, "a", "ops").unwrap();
        let heard = |after, patience| listen(&request, after, patience).unwrap();
        let mut times = 0;
        Sweeper::new(&store).sweep(&mut |_| {
            times += 1;
            for waited in [short, late, timeout] {
                assert_eq!(heard(waited, timeout), None);
            }
            assert_eq!(heard(late, short), None);
            assert_eq!(heard(timeout + short, timeout), Some(Asked::Claimed));
            Taken::Durable(vec!["m".to_owned()])
        });
        assert_eq!(times, 1);
        let Some(Asked::Answered(answer)) = heard(late, timeout) else {
            panic!("no answer");
        };
        assert_eq!(answer.messages, ["m"]);
        // The writer had no time, or there is no agent: it is taken back, and sent from here.
        let second = leave_test(&store, "b", "ops").unwrap();
        let mut sweeper = Sweeper::new(&store);
        sweeper.sweep(&mut |_| Taken::Later);
        assert_eq!(listen(&second, short, timeout).unwrap(), None);
        assert_eq!(listen(&second, late, timeout).unwrap(), Some(Asked::Nobody));
        sweeper.sweep(&mut |letter| panic!("{letter:?}"));
    }
}
