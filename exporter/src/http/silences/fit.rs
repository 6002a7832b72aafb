//! Whether any alert can fit a silence that is asked for, by what is in force.
//!
//! The same as `alerts silence add` says ([`crate::alerting::idle`]): what fits never is
//! refused, what fits nothing now is kept with a warning.

use model::alert::Silence;
use model::snapshot::Snapshot;

use crate::alerting::idle::{Known, Unfit};

/// The warnings with which a silence is kept.
///
/// # Errors
///
/// Why it is none, in words for people.
pub(super) fn warnings(silence: &Silence, snapshot: &Snapshot) -> Result<Vec<String>, String> {
    let unfit = Known::of_snapshot(snapshot).unfit(&silence.matchers);
    let warnings = unfit.into_iter().map(|one| match one {
        Unfit::Never(words) => Err(words),
        Unfit::Now(words) => Ok(words),
    });
    warnings.collect()
}
