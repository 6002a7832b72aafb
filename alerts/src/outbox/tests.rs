//! Stories of single deliveries.

use jiff::SignedDuration;
use model::alert::Severity;
use model::delivery::Channel;

use super::schedule::{ASKED_WAIT_MAX, GIVE_UP_AGE, LAST_WAIT, WAITS_SECONDS, later};
use super::*;

pub(super) const START: Timestamp = Timestamp::UNIX_EPOCH;

pub(super) fn after_seconds(seconds: i64) -> Timestamp {
    later(START, SignedDuration::from_secs(seconds))
}

pub(super) fn message(serial: u64, severity: Severity, thread: &str) -> OutboxMessage {
    OutboxMessage {
        id: format!("m{serial}@agent").into(),
        serial,
        receiver: "ops".into(),
        channel: Channel::Email,
        thread: thread.into(),
        rule: "host-cpu".into(),
        key: "host-cpu".into(),
        severity,
        subject: format!("subject {serial}"),
        created_at: START,
        body: format!("body {serial}").into_bytes(),
    }
}

pub(super) fn delivery(message: &OutboxMessage, recipient: &str) -> Delivery {
    Delivery {
        message: message.id.clone(),
        recipient: recipient.into(),
        state: DeliveryState::Queued,
        attempts: 0,
        next_at: message.created_at,
        last_reply: String::new(),
        settled_at: None,
    }
}

pub(super) fn put(outbox: &mut Outbox, serial: u64, severity: Severity, thread: &str, to: &[&str]) {
    let message = message(serial, severity, thread);
    let deliveries = to.iter().map(|one| delivery(&message, one)).collect();
    outbox.put(message, deliveries);
}

pub(super) fn commit(outbox: &mut Outbox) -> Vec<Delivery> {
    let (_, deliveries) = outbox.uncommitted();
    outbox.mark_committed();
    deliveries
}

fn taken(outbox: &mut Outbox, now: Timestamp) -> Option<(u64, String)> {
    match outbox.claim("ops", now) {
        Next::Now(claimed) => Some((
            claimed.message.serial,
            claimed.delivery.recipient.to_string(),
        )),
        Next::At(_) | Next::Empty => None,
    }
}

fn all_taken(outbox: &mut Outbox, now: Timestamp) -> Vec<(u64, String)> {
    std::iter::from_fn(|| taken(outbox, now)).collect()
}

pub(super) fn serials(outbox: &mut Outbox, now: Timestamp) -> Vec<u64> {
    let taken = all_taken(outbox, now);
    taken.into_iter().map(|(serial, _)| serial).collect()
}

fn settle(outbox: &mut Outbox, serial: u64, came: &Attempt, now: Timestamp) {
    outbox.settle(&format!("m{serial}@agent"), "a@example.com", came, now);
}

fn refused() -> Attempt {
    Attempt::Retry("connection refused".to_owned())
}

fn sent() -> Attempt {
    Attempt::Sent("250 ok".to_owned())
}

/// An outbox with one committed message to one recipient.
fn one() -> Outbox {
    let mut outbox = Outbox::default();
    put(&mut outbox, 1, Severity::Warning, "t", &["a@example.com"]);
    commit(&mut outbox);
    outbox
}

#[test]
fn a_message_leaves_after_its_commit_only() {
    let mut outbox = Outbox::default();
    put(&mut outbox, 1, Severity::Critical, "t", &["a@example.com"]);
    assert_eq!(outbox.claim("ops", START), Next::Empty);
    outbox.uncommitted();
    assert_eq!(outbox.claim("ops", START), Next::Empty, "not marked yet");
    outbox.mark_committed();
    let Next::Now(claimed) = outbox.claim("ops", START) else {
        panic!("it is committed");
    };
    assert!(claimed.is_body_stored);
    assert_eq!(claimed.message.body, b"", "the store has it");
    assert_eq!(outbox.claim("ops", START), Next::Empty, "it is taken");
    assert_eq!(outbox.claim("others", START), Next::Empty);
}

#[test]
fn while_the_store_refuses_critical_messages_leave_from_memory() {
    let mut outbox = Outbox::default();
    put(&mut outbox, 1, Severity::Warning, "t", &["a@example.com"]);
    put(&mut outbox, 2, Severity::Critical, "u", &["a@example.com"]);
    outbox.set_store_refuses(true);
    put(&mut outbox, 3, Severity::Critical, "v", &["a@example.com"]);
    let Next::Now(claimed) = outbox.claim("ops", START) else {
        panic!("a critical one may leave");
    };
    assert!(!claimed.is_body_stored);
    assert_eq!(claimed.message.body, b"body 2");
    settle(&mut outbox, 2, &sent(), START);
    outbox.set_store_refuses(false);
    assert_eq!(
        serials(&mut outbox, START),
        [0_u64; 0],
        "3 waits for the store again"
    );
    let (messages, deliveries) = outbox.uncommitted();
    assert_eq!(messages.len(), 3, "that it was sent is stored later");
    let sent_ones = deliveries
        .iter()
        .filter(|row| row.state == DeliveryState::Sent);
    assert_eq!(sent_ones.count(), 1);
    outbox.mark_committed();
    assert_eq!(serials(&mut outbox, START), [3, 1]);
}

#[test]
fn it_is_tried_again_soon_at_first_and_hourly_later() {
    let mut outbox = one();
    let mut now = START;
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert_eq!(serials(&mut outbox, now), [1]);
        settle(&mut outbox, 1, &refused(), now);
        let Next::At(at) = outbox.claim("ops", now) else {
            panic!("it waits");
        };
        waits.push(at.duration_since(now).as_secs());
        now = at;
    }
    let wanted = WAITS_SECONDS.into_iter().chain([3600, 3600]);
    for (wait, about) in waits.iter().zip(wanted) {
        let allowed = about * 9 / 10..=about * 11 / 10;
        assert!(allowed.contains(wait), "{wait} s, wanted about {about} s");
    }
    assert_eq!(waits.len(), 8);
    let exact = WAITS_SECONDS
        .iter()
        .zip(&waits)
        .filter(|(one, two)| one == two);
    assert!(exact.count() < 6, "without jitter all come at once");
}

#[test]
fn it_is_given_up_after_five_days_of_trying() {
    let mut outbox = one();
    let mut now = START;
    let mut attempts = 0;
    loop {
        match outbox.claim("ops", now) {
            Next::Now(_) => {
                attempts += 1;
                settle(&mut outbox, 1, &refused(), now);
            }
            Next::At(at) => now = at,
            Next::Empty => break,
        }
        assert!(attempts < 1000, "it must end");
    }
    let age = now.duration_since(START);
    assert!(
        (GIVE_UP_AGE..GIVE_UP_AGE + LAST_WAIT * 2).contains(&age),
        "{age:?}"
    );
    assert!((115..135).contains(&attempts), "{attempts}");
    let rows = commit(&mut outbox);
    assert_eq!(rows[0].state, DeliveryState::Dead);
    assert_eq!(
        rows[0].last_reply,
        "given up after five days; last: connection refused"
    );
}

#[test]
fn a_host_that_slept_for_a_month_gives_nothing_up_for_it() {
    let mut outbox = one();
    let awake = after_seconds(30 * 86_400);
    assert_eq!(serials(&mut outbox, awake), [1]);
    settle(&mut outbox, 1, &refused(), awake);
    assert!(matches!(outbox.claim("ops", awake), Next::At(_)));
}

#[test]
fn wrong_settings_are_tried_hourly() {
    let mut outbox = one();
    assert_eq!(serials(&mut outbox, START), [1]);
    let came = Attempt::Misconfigured("535 no".to_owned());
    settle(&mut outbox, 1, &came, START);
    let Next::At(at) = outbox.claim("ops", START) else {
        panic!("kept");
    };
    assert!((3240..=3960).contains(&at.duration_since(START).as_secs()));
    let counted = ("ops".into(), "misconfigured", 1);
    assert_eq!(outbox.take_results(), [counted]);
    assert_eq!(outbox.take_results(), []);
}

#[test]
fn a_wait_that_was_asked_for_is_kept_within_reason() {
    for (asked, least, most) in [
        (120, 120, 120),
        (1, 27, 33),
        (u64::MAX, ASKED_WAIT_MAX.as_secs(), ASKED_WAIT_MAX.as_secs()),
    ] {
        let mut outbox = one();
        assert_eq!(serials(&mut outbox, START), [1]);
        let asked = std::time::Duration::from_secs(asked);
        let came = Attempt::RetryAfter(asked, "429 slow down".to_owned());
        settle(&mut outbox, 1, &came, START);
        let Next::At(at) = outbox.claim("ops", START) else {
            panic!("it waits");
        };
        let wait = at.duration_since(START).as_secs();
        assert!((least..=most).contains(&wait), "{wait} s for {asked:?}");
    }
}

#[test]
fn while_the_store_refuses_nothing_mild_holds_a_critical_message_of_its_thread_up() {
    let mut outbox = Outbox::default();
    outbox.set_store_refuses(true);
    put(&mut outbox, 1, Severity::Warning, "t", &["a@example.com"]);
    put(&mut outbox, 2, Severity::Info, "u", &["a@example.com"]);
    assert_eq!(serials(&mut outbox, START), [0_u64; 0], "mild ones wait");
    put(&mut outbox, 3, Severity::Critical, "t", &["a@example.com"]);
    assert_eq!(serials(&mut outbox, START), [1], "and now it must not");
    settle(&mut outbox, 1, &sent(), START);
    assert_eq!(serials(&mut outbox, START), [3]);
    settle(&mut outbox, 3, &sent(), START);
    put(&mut outbox, 4, Severity::Warning, "t", &["a@example.com"]);
    assert_eq!(
        serials(&mut outbox, START),
        [0_u64; 0],
        "nothing urgent is left"
    );
}

#[test]
fn a_thread_reaches_each_recipient_in_its_order() {
    let mut outbox = Outbox::default();
    let both = ["a@example.com", "b@example.com"];
    put(&mut outbox, 1, Severity::Info, "run", &both);
    put(&mut outbox, 2, Severity::Critical, "run", &both);
    put(&mut outbox, 3, Severity::Info, "other", &["a@example.com"]);
    commit(&mut outbox);
    let first = all_taken(&mut outbox, START);
    let (to_a, to_b) = ("a@example.com".to_owned(), "b@example.com".to_owned());
    assert_eq!(first, [(1, to_a.clone()), (1, to_b), (3, to_a)]);
    outbox.settle("m1@agent", "b@example.com", &sent(), START);
    assert_eq!(
        taken(&mut outbox, START),
        Some((2, "b@example.com".to_owned()))
    );
    settle(&mut outbox, 1, &refused(), START);
    assert_eq!(taken(&mut outbox, START), None, "2 waits behind 1 for a");
    let later = after_seconds(40);
    assert_eq!(serials(&mut outbox, later), [1]);
    settle(&mut outbox, 1, &Attempt::Dead("550 no".to_owned()), later);
    assert_eq!(
        serials(&mut outbox, later),
        [2],
        "a dead one holds nobody up"
    );
}

#[test]
fn what_is_settled_during_a_commit_is_given_again() {
    let mut outbox = one();
    assert_eq!(serials(&mut outbox, START), [1]);
    settle(&mut outbox, 1, &refused(), START);
    let (_, rows) = outbox.uncommitted();
    assert_eq!(rows[0].attempts, 1);
    let later = after_seconds(60);
    assert_eq!(serials(&mut outbox, later), [1]);
    settle(&mut outbox, 1, &sent(), later);
    outbox.mark_committed();
    let again = commit(&mut outbox);
    assert_eq!(
        (again[0].attempts, again[0].state),
        (2, DeliveryState::Sent)
    );
    assert_eq!(commit(&mut outbox), [], "and leaves memory then");
    assert!(outbox.entries.is_empty());
}

#[test]
fn a_delivery_is_settled_once() {
    let mut outbox = one();
    settle(&mut outbox, 1, &sent(), START);
    assert_eq!(outbox.take_results(), [], "nobody had claimed it");
    assert_eq!(serials(&mut outbox, START), [1]);
    settle(&mut outbox, 1, &sent(), START);
    settle(&mut outbox, 1, &refused(), START);
    outbox.give_back("m1@agent", "a@example.com");
    assert_eq!(serials(&mut outbox, START), [0_u64; 0]);
    assert_eq!(outbox.take_results(), [("ops".into(), "sent", 1)]);
}

#[test]
fn what_a_dead_lane_had_is_given_back_untried() {
    let mut outbox = one();
    assert_eq!(serials(&mut outbox, START), [1]);
    outbox.give_back("m1@agent", "a@example.com");
    let Next::Now(claimed) = outbox.claim("ops", START) else {
        panic!("it is there again");
    };
    assert_eq!(claimed.delivery.attempts, 0);
}

#[test]
fn a_clock_that_is_put_back_holds_nothing_up() {
    let mut outbox = one();
    let noon = after_seconds(43_200);
    assert_eq!(serials(&mut outbox, noon), [1]);
    settle(&mut outbox, 1, &refused(), noon);
    let back = after_seconds(3_600);
    let Next::At(at) = outbox.claim("ops", back) else {
        panic!("it waits");
    };
    assert!(at.duration_since(back).as_secs() <= 33, "{at}");
    // Neither does a message of the future that a restart finds.
    let mut of_future = message(7, Severity::Info, "t");
    of_future.created_at = noon;
    let row = delivery(&of_future, "a@example.com");
    let mut restarted = Outbox::open(vec![of_future], vec![row]);
    assert_eq!(serials(&mut restarted, back), [7]);
}

#[test]
fn new_settings_try_at_once_what_waits() {
    let mut outbox = one();
    assert_eq!(serials(&mut outbox, START), [1]);
    let came = Attempt::Misconfigured("535 no".to_owned());
    settle(&mut outbox, 1, &came, START);
    outbox.hasten("ops", after_seconds(5));
    assert_eq!(serials(&mut outbox, after_seconds(5)), [1]);
}

#[test]
fn a_reply_is_kept_as_one_bounded_line() {
    let mut outbox = one();
    assert_eq!(serials(&mut outbox, START), [1]);
    let reply = format!("451 \u{1b}[31mred\r\nnext \u{202e}{}", "x".repeat(1000));
    settle(&mut outbox, 1, &Attempt::Retry(reply), START);
    let kept = commit(&mut outbox)[0].last_reply.clone();
    assert_eq!(kept.chars().count(), REPLY_CHARS_MAX);
    assert!(kept.starts_with("451  [31mred  next  xxx"), "{kept}");
}

#[test]
fn the_worst_goes_first() {
    let mut outbox = Outbox::default();
    for (serial, severity) in [
        (1, Severity::Info),
        (2, Severity::Warning),
        (3, Severity::Critical),
        (4, Severity::Warning),
    ] {
        let thread = format!("t{serial}");
        put(&mut outbox, serial, severity, &thread, &["a@example.com"]);
    }
    commit(&mut outbox);
    assert_eq!(serials(&mut outbox, START), [3, 2, 4, 1]);
}

#[test]
fn a_store_that_had_to_be_given_up_is_told_everything_again() {
    let mut outbox = one();
    outbox.mark_uncommitted();
    let (messages, rows) = outbox.uncommitted();
    assert_eq!((messages.len(), rows.len()), (1, 1));
    assert_eq!(outbox.claim("ops", START), Next::Empty);
    outbox.mark_committed();
    assert_eq!(serials(&mut outbox, START), [1], "it is still to be sent");
}

#[test]
fn numbers_say_what_waits() {
    let mut outbox = one();
    put(
        &mut outbox,
        2,
        Severity::Info,
        "u",
        &["a@example.com", "b@example.com"],
    );
    commit(&mut outbox);
    assert_eq!(taken(&mut outbox, START).map(|(serial, _)| serial), Some(1));
    settle(&mut outbox, 1, &refused(), START);
    let snapshot = outbox.snapshot();
    assert_eq!((snapshot.queued, snapshot.retrying), (2, 1));
    assert_eq!(snapshot.oldest_at, Some(START));
}

#[test]
fn the_refusal_of_a_message_that_tells_of_refusals_is_no_news() {
    for (rule, is_news) in [("tunnel-down", true), (AGENT_FAULT_RULE, false)] {
        let mut outbox = Outbox::default();
        let mut one = message(1, Severity::Critical, "t");
        one.rule = rule.into();
        let deliveries = vec![delivery(&one, "a@example.com")];
        outbox.put(one, deliveries);
        commit(&mut outbox);
        assert!(taken(&mut outbox, START).is_some());
        let no = Attempt::Dead("550 no such user".to_owned());
        outbox.settle("m1@agent", "a@example.com", &no, START);
        assert_eq!(outbox.take_refusal(), is_news, "{rule}");
        assert!(!outbox.take_refusal());
    }
}
