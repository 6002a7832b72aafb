//! A silence as somebody asks for it, on the command line or by HTTP, and what it becomes.

use std::fmt;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use model::alert::Silence;
use model::untrusted::is_unprintable;

use crate::config::HumanDuration;
use crate::config::alerts::matcher;

/// Longest text for people, in bytes.
const WORDS_BYTES_MAX: usize = 256;

/// How many ids this process has made. Two silences of one moment are two.
static IDS_MADE: AtomicU64 = AtomicU64::new(0);

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceWish {
    /// Each `label=value`.
    pub matchers: Vec<String>,
    /// For how long, like `2h`.
    pub lasts: String,
    /// Who wants it.
    pub who: String,
    /// Why.
    pub why: String,
    /// Its id; if not given one is made of the time, the process and a number.
    pub id: Option<String>,
}

/// Which part of a wish makes no sense, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WishError {
    /// A matcher; the words name what was said.
    Matcher(String),
    /// For how long; the words name what was said.
    Lasts(String),
    /// Who wants it is no line of text.
    Who,
    /// Why is no line of text.
    Why,
}

/// What is wrong with a text for people.
struct NoLine;

impl fmt::Display for NoLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "wants one line of 1 to {WORDS_BYTES_MAX} bytes without control characters"
        )
    }
}

impl WishError {
    /// The words for whoever asked; `prefix` stands before the names of parts, like `--`.
    pub fn words(&self, prefix: &str) -> String {
        match self {
            Self::Matcher(words) | Self::Lasts(words) => words.clone(),
            Self::Who => format!("{prefix}who {NoLine}"),
            Self::Why => format!("{prefix}why {NoLine}"),
        }
    }
}

/// Said to who would end a silence that the configuration names: ended elsewhere, that file
/// would say that it is in force, and it is not.
pub fn stands_in_configuration(id: &str) -> String {
    format!("`{id}` stands in the configuration, in `alerts.silences`: take it out there")
}

impl SilenceWish {
    /// The silence that it becomes at `now`.
    ///
    /// # Errors
    ///
    /// The first part that makes no sense.
    pub fn granted(&self, now: Timestamp) -> Result<Silence, WishError> {
        let lasts = HumanDuration::parse(&self.lasts)
            .filter(|lasts| !lasts.0.is_zero())
            .and_then(|lasts| SignedDuration::try_from(lasts.0).ok())
            .and_then(|lasts| now.checked_add(lasts).ok());
        let until = lasts.ok_or_else(|| {
            WishError::Lasts(format!(
                "`{}` is no duration; want one like `30m`, `2h` or `7d`",
                self.lasts
            ))
        })?;
        let mut matchers = Vec::new();
        for text in &self.matchers {
            let (label, value) = matcher(text).ok_or_else(|| {
                WishError::Matcher(format!(
                    "`{text}` is no matcher; want `label=value`, like `connector=pub-1`"
                ))
            })?;
            let is_there = |(other, _): &(Arc<str>, Arc<str>)| **other == *label;
            if matchers.iter().any(is_there) {
                let words = format!("`{label}` stands there twice");
                return Err(WishError::Matcher(words));
            }
            matchers.push((Arc::from(label), Arc::from(value)));
        }
        let is_line = |text: &str| {
            !text.trim().is_empty()
                && text.len() <= WORDS_BYTES_MAX
                && !text.chars().any(is_unprintable)
        };
        for (text, wrong) in [(&self.who, WishError::Who), (&self.why, WishError::Why)] {
            if !is_line(text) {
                return Err(wrong);
            }
        }
        let id = self.id.clone().unwrap_or_else(|| new_id(now));
        Ok(Silence {
            id: Arc::from(id),
            matchers,
            who: self.who.clone(),
            why: self.why.clone(),
            from: now,
            until,
        })
    }
}

/// An id that neither this process nor another one on this host gives again.
fn new_id(now: Timestamp) -> String {
    let number = IDS_MADE.fetch_add(1, Ordering::Relaxed);
    let moment = now.strftime("s%Y%m%dT%H%M%S%3f");
    format!("{moment}-{}-{number}", process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerting::letterbox::check_silence;

    #[test]
    fn two_silences_of_one_moment_are_two() {
        let wish = SilenceWish {
            matchers: vec!["rule=tunnel-down".to_owned()],
            lasts: "2h".to_owned(),
            who: "ops".to_owned(),
            why: "a move".to_owned(),
            id: None,
        };
        let [first, second] = [(), ()].map(|()| wish.granted(Timestamp::UNIX_EPOCH).unwrap());
        assert_ne!(first.id, second.id);
        assert_eq!(check_silence(&first), Ok(()));
    }
}
