//! Waits for a condition, and gives up at a deadline with words that help.
//!
//! A poll with a short pause: what is waited for happens in another process, which
//! cannot wake us. The pause is no guess about how long something takes.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use ztna_exporter::clock::Clock;

/// How long anything may take on a busy machine of two cores.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until `look` finds something, and returns it.
///
/// # Errors
///
/// After `limit`, naming `what` was waited for; and at once what `look` answers.
pub fn until<T>(
    limit: Duration,
    what: &str,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let clock = Clock::start();
    loop {
        if let Some(found) = look().with_context(|| format!("while waiting for {what}"))? {
            return Ok(found);
        }
        if limit < clock.now().monotonic {
            bail!("waited {limit:?} in vain for {what}");
        }
        std::thread::park_timeout(PAUSE);
    }
}
