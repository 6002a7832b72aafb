//! When a delivery is tried again, and when it is given up.
//!
//! As mail servers do: soon at first, then hourly, for five days. The jitter comes from the
//! delivery itself, so that a delivery decided twice has the same times.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::delivery::{Delivery, DeliveryState};
use model::untrusted::is_unprintable;

use super::{Attempt, REPLY_CHARS_MAX};

/// Waits after the first attempts, in seconds; then it is [`LAST_WAIT`].
pub const WAITS_SECONDS: [i64; 6] = [30, 60, 120, 300, 600, 1800];

/// The wait after all further attempts, and after one that showed wrong settings.
pub const LAST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// The longest time that a receiver may ask us to wait.
pub const ASKED_WAIT_MAX: SignedDuration = SignedDuration::from_hours(6);

/// How old a message becomes before it is given up. RFC 5321 section 4.5.4.1 wants four to
/// five days at least.
pub const GIVE_UP_AGE: SignedDuration = SignedDuration::from_hours(5 * 24);

/// How often it is tried at least before that: a clock that jumped ahead, or a host that
/// was switched off, must not give up what was hardly tried.
pub const ATTEMPTS_MIN: u32 = 100;

/// A wait is up to so many hundredths shorter or longer than the table says.
const JITTER_PERCENT: i64 = 10;

/// How long a delivery waits that was tried so often.
pub fn wait(delivery: &Delivery) -> SignedDuration {
    let Some(failures) = delivery.attempts.checked_sub(1) else {
        return SignedDuration::ZERO;
    };
    let row = usize::try_from(failures).unwrap_or(usize::MAX);
    let seconds = WAITS_SECONDS.get(row).copied();
    jittered(
        seconds.map_or(LAST_WAIT, SignedDuration::from_secs),
        delivery,
    )
}

/// A wait, a little shorter or longer.
fn jittered(wait: SignedDuration, delivery: &Delivery) -> SignedDuration {
    let span = 2 * JITTER_PERCENT + 1;
    let percent = i64::try_from(hash(delivery) % 1_000_003).unwrap_or(0) % span - JITTER_PERCENT;
    let milliseconds = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 200);
    SignedDuration::from_millis(milliseconds / 100 * (100 + percent))
}

/// FNV-1a over the delivery's names and attempts: any spread does.
fn hash(delivery: &Delivery) -> u64 {
    let attempts = delivery.attempts.to_le_bytes();
    let parts = [
        delivery.message.as_bytes(),
        delivery.recipient.as_bytes(),
        &attempts,
    ];
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().copied().flatten() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// A moment so much later, or the last there is.
pub fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Writes what came of an attempt into a delivery. Says the result's word, and how long it
/// waits if it is to be tried again.
pub(super) fn after(
    delivery: &mut Delivery,
    created_at: Timestamp,
    came: &Attempt,
    now: Timestamp,
) -> (&'static str, Option<SignedDuration>) {
    delivery.attempts = delivery.attempts.saturating_add(1);
    let (result, words, asked) = match came {
        Attempt::Sent(words) => ("sent", words, None),
        Attempt::Dead(words) => ("dead", words, None),
        Attempt::Retry(words) => ("retried", words, Some(wait(delivery))),
        Attempt::RetryAfter(asked, words) => ("retried", words, Some(asked_wait(*asked, delivery))),
        Attempt::Misconfigured(words) => {
            let hour = jittered(LAST_WAIT, delivery);
            ("misconfigured", words, Some(hour))
        }
    };
    delivery.last_reply = one_line(words);
    let Some(wait) = asked else {
        let is_sent = matches!(came, Attempt::Sent(_));
        delivery.state = if is_sent {
            DeliveryState::Sent
        } else {
            DeliveryState::Dead
        };
        delivery.settled_at = Some(now);
        return (result, None);
    };
    let is_old = GIVE_UP_AGE <= now.duration_since(created_at);
    if is_old && ATTEMPTS_MIN <= delivery.attempts {
        delivery.state = DeliveryState::Dead;
        delivery.settled_at = Some(now);
        delivery.last_reply = one_line(&format!("given up after five days; last: {words}"));
        return ("dead", None);
    }
    delivery.next_at = later(now, wait);
    (result, Some(wait))
}

/// No sooner than asked for, unless that is unreasonable; and no sooner than by ourselves.
fn asked_wait(asked: Duration, delivery: &Delivery) -> SignedDuration {
    let asked = SignedDuration::try_from(asked).unwrap_or(ASKED_WAIT_MAX);
    asked.min(ASKED_WAIT_MAX).max(wait(delivery))
}

/// One line of bounded length without control characters.
pub fn one_line(words: &str) -> String {
    let printable = words.chars().map(|character| {
        if is_unprintable(character) {
            ' '
        } else {
            character
        }
    });
    let line: String = printable.take(REPLY_CHARS_MAX).collect();
    line.trim().to_owned()
}
