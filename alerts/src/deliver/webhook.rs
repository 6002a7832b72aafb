//! Posts JSON to a webhook, or to an Alertmanager.
//!
//! Every attempt at a message has the same bytes and the same `Idempotency-Key`, so that a
//! receiver that heard it twice can tell. With a key configured the bytes are signed:
//! `X-ZTNA-Signature: sha256=` and the HMAC in hexadecimal digits.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::{Client, Url};
use sha2::Sha256;

use super::Outcome;
use super::http::{self, Answer, HttpFault};
use super::tls::Roots;
use crate::outbox::{Attempt, Claimed};
use crate::receiver::{Secret, WebhookWay};

/// Statuses that are about our settings: who we are, at the server or a proxy before it.
const SETTINGS_STATUSES: [u16; 2] = [401, 407];

/// Where an Alertmanager takes alerts, below its base address.
const ALERTMANAGER_PATH: [&str; 3] = ["api", "v2", "alerts"];

/// Sends one receiver's messages by HTTP.
pub(super) struct WebhookCarrier {
    way: WebhookWay,
    door: Result<(Client, Url), String>,
}

impl WebhookCarrier {
    /// To a webhook's address.
    pub(super) fn new(way: &WebhookWay) -> Self {
        Self::to(way, http::url(&way.url))
    }

    /// To the interface of an Alertmanager.
    pub(super) fn alertmanager(way: &WebhookWay) -> Self {
        let url = http::url(&way.url).map(|mut url| {
            if let Ok(mut path) = url.path_segments_mut() {
                path.pop_if_empty().extend(ALERTMANAGER_PATH);
            }
            url
        });
        Self::to(way, url)
    }

    fn to(way: &WebhookWay, url: Result<Url, HttpFault>) -> Self {
        let door = url.and_then(|url| {
            let ca = way.ca_pem.as_deref();
            let client = http::client(&url, ca, Roots::Instead, way.timeout)?;
            Ok((client, url))
        });
        Self {
            way: way.clone(),
            door: door.map_err(|fault| fault.words),
        }
    }

    /// Sends one message.
    pub(super) async fn send(&mut self, claimed: &Claimed, now: Timestamp) -> Outcome {
        let message = &claimed.message;
        self.post(message.body.clone(), &message.id, now).await
    }

    /// Posts these bytes under this key.
    pub(super) async fn post(&self, body: Vec<u8>, key: &str, now: Timestamp) -> Outcome {
        let (client, url) = match &self.door {
            Ok(door) => door,
            Err(words) => {
                return Outcome::of_receiver(Attempt::Misconfigured(words.clone()));
            }
        };
        let mut request = client
            .post(url.clone())
            .header("content-type", "application/json")
            .header("idempotency-key", key);
        if let Some(bearer) = &self.way.bearer {
            request = request.bearer_auth(bearer.expose());
        }
        if let Some((name, password)) = &self.way.basic {
            request = request.basic_auth(name, Some(password.expose()));
        }
        if let Some(secret) = &self.way.signing_key {
            request = request.header("x-ztna-signature", signature(secret, &body));
        }
        match http::exchange(request.body(body)).await {
            Ok(answer) => of_answer(&answer, now),
            Err(fault) if fault.is_for_people => {
                Outcome::of_receiver(Attempt::Misconfigured(fault.words))
            }
            Err(fault) => Outcome::of_receiver(Attempt::Retry(fault.words)),
        }
    }
}

/// What an answer means for the message.
fn of_answer(answer: &Answer, now: Timestamp) -> Outcome {
    let words = answer.words();
    let is_moved = answer.status / 100 == 3;
    if answer.is_success() {
        return Outcome::of_message(Attempt::Sent(words));
    }
    if is_moved || SETTINGS_STATUSES.contains(&answer.status) {
        return Outcome::of_receiver(Attempt::Misconfigured(words));
    }
    if answer.is_refusal() {
        return Outcome::of_message(Attempt::Dead(words));
    }
    let asked = answer.retry_after.as_deref();
    match asked.and_then(|text| asked_wait(text, now)) {
        Some(wait) => Outcome::of_receiver(Attempt::RetryAfter(wait, words)),
        None => Outcome::of_receiver(Attempt::Retry(words)),
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110 section 10.2.3).
fn asked_wait(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

fn signature(key: &Secret, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()) else {
        // HMAC takes a key of any length.
        return String::new();
    };
    mac.update(body);
    let digits = mac.finalize().into_bytes();
    let digits = digits.iter().map(|byte| format!("{byte:02x}"));
    format!("sha256={}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_that_everybody_computes() {
        // RFC 4231, test case 2.
        let key = Secret::new("Jefe");
        assert_eq!(
            signature(&key, b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_as_a_date() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        for (text, wanted) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let wait = asked_wait(text, now).map(|wait| wait.as_secs());
            assert_eq!(wait, wanted, "{text:?}");
        }
    }
}
