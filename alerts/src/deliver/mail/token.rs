//! Fetches the tokens that XOAUTH2 signs in with, and keeps one until it runs out
//! (RFC 6749 sections 4.4 and 6).
//!
//! A refresh token that the server replaces is kept in memory only: a server that takes
//! back the old one at once needs a new one configured after a restart.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::deliver::http::{self, HttpFault};
use crate::deliver::tls::Roots;
use crate::deliver::words;
use crate::outbox::schedule::later;
use crate::receiver::{Secret, TokenSource};

/// A token is not used in its last seconds: it could run out on its way.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// How long a token lasts whose server does not say. RFC 6749 section 5.1 leaves it open.
const UNSAID_LIFE_SECONDS: i64 = 300;

/// Why there is no token.
#[derive(Debug)]
pub(super) struct TokenFault {
    /// In words for people, without any secret.
    pub(super) words: String,
    /// Whether people have to repair it.
    pub(super) is_for_people: bool,
}

/// The tokens of one receiver.
pub(super) struct Tokens {
    source: TokenSource,
    limit: Duration,
    /// A token, and until when it is good.
    current: Option<(Secret, Timestamp)>,
}

/// What a token server answers. Its other keys are not ours.
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: Option<Seconds>,
    refresh_token: Option<String>,
}

/// Some servers write numbers as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(i64),
    Text(String),
}

impl Tokens {
    /// None is fetched yet.
    pub(super) fn new(source: &TokenSource, limit: Duration) -> Self {
        Self {
            source: source.clone(),
            limit,
            current: None,
        }
    }

    /// Whether one is kept, good or not.
    pub(super) const fn has_token(&self) -> bool {
        self.current.is_some()
    }

    /// The one that is kept was refused.
    pub(super) fn forget(&mut self) {
        self.current = None;
    }

    /// A token that is good now.
    pub(super) async fn token(&mut self, now: Timestamp) -> Result<Secret, TokenFault> {
        if let Some((token, until)) = &self.current
            && now < *until
        {
            return Ok(token.clone());
        }
        let answer = self.fetch().await?;
        let seconds = match &answer.expires_in {
            Some(Seconds::Number(seconds)) => *seconds,
            Some(Seconds::Text(text)) => text.parse().unwrap_or(UNSAID_LIFE_SECONDS),
            None => UNSAID_LIFE_SECONDS,
        };
        if let Some(refresh) = &answer.refresh_token
            && self.source.refresh_token.is_some()
        {
            self.source.refresh_token = Some(Secret::new(refresh));
        }
        let token = Secret::new(&answer.access_token);
        let life = SignedDuration::from_secs(seconds.clamp(0, 366 * 86_400));
        self.current = Some((token.clone(), later(now, life.saturating_sub(MARGIN))));
        Ok(token)
    }

    async fn fetch(&self) -> Result<Answer, TokenFault> {
        let url = http::url(&self.source.token_url).map_err(for_people)?;
        let ca = self.source.ca_pem.as_deref();
        let client = http::client(&url, ca, Roots::Besides, self.limit).map_err(for_people)?;
        let request = client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(self.form());
        let answer = http::exchange(request).await.map_err(|fault| TokenFault {
            words: format!("the token server: {}", fault.words),
            is_for_people: fault.is_for_people,
        })?;
        if !answer.is_success() {
            // Its words, not the request's: no secret is in them.
            return Err(TokenFault {
                words: format!("the token server: {}", answer.words()),
                is_for_people: answer.is_refusal(),
            });
        }
        serde_json::from_slice(&answer.body).map_err(|error| {
            let what = words(&format!("the token server's answer is none: {error}"));
            for_people(HttpFault {
                words: what,
                is_for_people: true,
            })
        })
    }

    fn form(&self) -> String {
        let source = &self.source;
        let grant = match &source.refresh_token {
            Some(_) => "refresh_token",
            None => "client_credentials",
        };
        let secret = |secret: &Option<Secret>| secret.as_ref().map(|one| one.expose().to_owned());
        let pairs = [
            ("grant_type", Some(grant.to_owned())),
            ("client_id", Some(source.client_id.clone())),
            ("client_secret", secret(&source.client_secret)),
            ("refresh_token", secret(&source.refresh_token)),
            ("scope", source.scope.clone()),
        ];
        let pairs = pairs.into_iter().filter_map(|(name, value)| {
            value.map(|value| format!("{name}={}", percent_encoded(&value)))
        });
        pairs.collect::<Vec<_>>().join("&")
    }
}

fn for_people(fault: HttpFault) -> TokenFault {
    TokenFault {
        words: fault.words,
        is_for_people: true,
    }
}

/// A value in a form: all but letters, digits and a few signs in hexadecimal.
fn percent_encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forms_values_are_encoded() {
        let source = TokenSource {
            token_url: "https://login.example.com/token".to_owned(),
            client_id: "id&x=1".to_owned(),
            client_secret: Some(Secret::new("p+ü %")),
            refresh_token: None,
            scope: Some("https://outlook.office365.com/.default".to_owned()),
            ca_pem: None,
        };
        let tokens = Tokens::new(&source, Duration::from_secs(1));
        assert_eq!(
            tokens.form(),
            "grant_type=client_credentials&client_id=id%26x%3D1&client_secret=p%2B%C3%BC%20%25\
             &scope=https%3A%2F%2Foutlook.office365.com%2F.default"
        );
    }
}
