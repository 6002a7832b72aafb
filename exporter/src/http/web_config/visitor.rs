//! Who asks, once it is known, and the token of a form that he was shown.
//!
//! A browser sends a name and password along with whatever another site's page makes it
//! send. So a form that changes something carries a token that only our page can hold: the
//! time of its making and a keyed hash of it with the visitor's name. The key is made anew
//! with each start; nothing is remembered.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

/// How long a form may lie open.
const TOKEN_AGE_MAX: SignedDuration = SignedDuration::from_hours(12);

/// Who asks. A request that passed authentication has one among its extensions.
#[derive(Debug, Clone)]
pub struct Visitor {
    name: Arc<str>,
    key: Key,
}

/// A secret of this process.
#[derive(Clone)]
pub(super) struct Key(Arc<[u8; 32]>);

impl Visitor {
    pub(super) fn new(name: &str, key: Key) -> Self {
        Self {
            name: Arc::from(name),
            key,
        }
    }

    /// The user's name, or whom the client's certificate is for. Any text without control
    /// characters.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of the field `token` in a form that is shown at `now`.
    pub fn form_token(&self, now: Timestamp) -> String {
        let seconds = now.as_second();
        let mut token = format!("{seconds}.");
        for byte in self.mac(seconds).finalize().into_bytes() {
            token.push_str(&format!("{byte:02x}"));
        }
        token
    }

    /// Whether a form with this token was shown to this visitor, not too long ago.
    pub(in crate::http) fn was_shown(&self, token: &str, now: Timestamp) -> bool {
        let Some((seconds, code)) = token.split_once('.') else {
            return false;
        };
        let Ok(made) = seconds.parse::<i64>() else {
            return false;
        };
        let is_fresh = Timestamp::from_second(made).is_ok_and(|made| {
            let age = now.duration_since(made);
            // A clock that was set back must not close every form that is open.
            -TOKEN_AGE_MAX <= age && age <= TOKEN_AGE_MAX
        });
        let digits = code.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        });
        let hash: Option<Vec<u8>> = digits.collect();
        // Compared in constant time.
        is_fresh && hash.is_some_and(|hash| self.mac(made).verify_slice(&hash).is_ok())
    }

    fn mac(&self, seconds: i64) -> Hmac<Sha256> {
        let mut mac = self.key.mac();
        mac.update(b"form");
        mac.update(&seconds.to_be_bytes());
        mac.update(self.name.as_bytes());
        mac
    }
}

impl Key {
    /// A fresh one.
    pub(super) fn new() -> Self {
        let mut key = [0; 32];
        let random = rustls::crypto::ring::default_provider().secure_random;
        if random.fill(&mut key).is_err() {
            // Not seen since Linux 3.17; then the process knows nothing that is secret, and
            // tokens are only as good as the check of where a form comes from.
            tracing::error!("the system gave no random numbers");
        }
        Self(Arc::new(key))
    }

    /// A keyed hash of what is to come.
    pub(super) fn mac(&self) -> Hmac<Sha256> {
        match Hmac::<Sha256>::new_from_slice(self.0.as_slice()) {
            Ok(mac) => mac,
            // It takes keys of any length.
            Err(_) => Hmac::new(&Default::default()),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_visitor_for_half_a_day() {
        let key = Key::new();
        let alice = Visitor::new("alice", key.clone());
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let token = alice.form_token(now);
        let hour = SignedDuration::from_hours(1);
        assert!(alice.was_shown(&token, now) && alice.was_shown(&token, now + hour * 12));
        assert!(!alice.was_shown(&token, now + hour * 13));
        assert!(!Visitor::new("bob", key).was_shown(&token, now));
        // Another process.
        assert!(!Visitor::new("alice", Key::new()).was_shown(&token, now));
        let (_, code) = token.split_once('.').unwrap();
        let later = format!("{}.{code}", now.as_second() + 60);
        let short = token.trim_end_matches(char::is_alphanumeric);
        for forged in ["", ".", "1.", short, &later, "9999999999999999.00", "x.é"] {
            assert!(!alice.was_shown(forged, now), "{forged}");
        }
    }
}
