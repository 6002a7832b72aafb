//! Silences that somebody made while the agent runs, beside those of the configuration.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use model::alert::Silence;
use serde::{Deserialize, Serialize};

use super::ledger::Ledger;

/// Most silences that are kept. Beyond it new ones are refused: nobody's makes room for
/// another's.
pub const SILENCES_MAX: usize = 1_000;

/// How their rows' keys begin.
pub(super) const PREFIX: &str = "silence/";

/// Silences by their ids.
#[derive(Debug, Clone, Default)]
pub(super) struct Silences {
    made: BTreeMap<Arc<str>, Silence>,
}

/// There are as many silences as are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SilencesFull;

impl fmt::Display for SilencesFull {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "there are {SILENCES_MAX} silences already, and no more are kept: end one of them"
        )
    }
}

impl Error for SilencesFull {}

/// A silence as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    id: Arc<str>,
    matchers: Vec<(Arc<str>, Arc<str>)>,
    who: String,
    why: String,
    from: Timestamp,
    until: Timestamp,
}

impl Silences {
    /// Adds, replaces or ends one. The last two are always possible.
    pub(super) fn put(
        &mut self,
        silence: Silence,
        now: Timestamp,
        ledger: &mut Ledger,
    ) -> Result<(), SilencesFull> {
        let is_new = now < silence.until && !self.made.contains_key(&silence.id);
        if is_new {
            // One that ended a configured one takes no place.
            let standing = self.made.values().filter(|one| now < one.until);
            if SILENCES_MAX <= standing.count() {
                return Err(SilencesFull);
            }
        }
        let kept = Kept {
            id: Arc::clone(&silence.id),
            matchers: silence.matchers.clone(),
            who: silence.who.clone(),
            why: silence.why.clone(),
            from: silence.from,
            until: silence.until,
        };
        ledger.put_value(&format!("{PREFIX}{}", silence.id), &kept);
        self.made.insert(Arc::clone(&silence.id), silence);
        Ok(())
    }

    /// Takes a row back. `false` if it cannot be read.
    pub(super) fn restore(&mut self, bytes: &[u8]) -> bool {
        let kept = serde_json::from_slice::<Kept>(bytes);
        kept.is_ok_and(|kept| {
            let silence = Silence {
                id: Arc::clone(&kept.id),
                matchers: kept.matchers,
                who: kept.who,
                why: kept.why,
                from: kept.from,
                until: kept.until,
            };
            self.made.insert(kept.id, silence);
            true
        })
    }

    /// Forgets those that are over. One that ended a configured one before its time stays
    /// until then.
    pub(super) fn forget(&mut self, configured: &[Silence], now: Timestamp, ledger: &mut Ledger) {
        self.made.retain(|id, silence| {
            let stands = |one: &Silence| one.id == *id && now < one.until;
            let is_kept = now < silence.until || configured.iter().any(stands);
            if !is_kept {
                ledger.remove(&format!("{PREFIX}{id}"));
            }
            is_kept
        });
    }

    /// Those that were made, and those of the configuration of which none was made with the
    /// same id.
    pub(super) fn all<'a>(
        &'a self,
        configured: &'a [Silence],
    ) -> impl Iterator<Item = &'a Silence> {
        let standing = configured.iter();
        let made = &self.made;
        made.values()
            .chain(standing.filter(move |one| !made.contains_key(&one.id)))
    }
}
