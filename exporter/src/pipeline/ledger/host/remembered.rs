//! What is beyond a limit of the host, as one small value in the store.
//!
//! It is written when it is not what is kept already, so a host in order writes nothing, and
//! what a restart or a reload dropped is gone from the store with the next sample. A value
//! that cannot be read is none: the next samples find out again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::host::threshold::{HostResource, Standing, ThresholdState};
use serde::{Deserialize, Serialize};

use crate::pipeline::ledger::kept::Kept;

/// Where it stands among the kept values.
const KEY: &str = "host.limits";

/// Most of them that are remembered; a host with more full disks finds the rest anew.
const REMEMBERED_MAX: usize = 100;

/// One of them as it is stored.
#[derive(Serialize, Deserialize)]
struct Row {
    resource: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mountpoint: Option<Arc<str>>,
    is_breached: bool,
    /// On the clock of thresholds, which goes on over restarts.
    since_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    breached_at: Option<Timestamp>,
}

/// What an earlier run remembered.
pub(super) fn read(kept: &Kept) -> Vec<Standing> {
    let value = kept.get(KEY).unwrap_or_default();
    let rows: Vec<Row> = serde_json::from_slice(value).unwrap_or_default();
    rows.into_iter().filter_map(standing).collect()
}

fn standing(row: Row) -> Option<Standing> {
    let mut resources = HostResource::ALL.iter().copied();
    let resource = resources.find(|resource| resource.name() == row.resource)?;
    let since = Duration::from_millis(row.since_ms);
    let state = if row.is_breached {
        ThresholdState::Breached { since }
    } else {
        ThresholdState::Pending { since }
    };
    Some(Standing {
        resource,
        mountpoint: row.mountpoint,
        state,
        breached_at: row.breached_at,
    })
}

/// Remembers it with the next commit, if it is not what is remembered already.
pub(super) fn keep(standing: &[Standing], kept: &mut Kept) {
    let rows: Vec<Row> = standing
        .iter()
        .filter_map(row)
        .take(REMEMBERED_MAX)
        .collect();
    let value = (!rows.is_empty()).then(|| serde_json::to_vec(&rows).unwrap_or_default());
    if value.as_deref() == kept.get(KEY) {
        return;
    }
    if let Err(error) = kept.change(vec![(Arc::from(KEY), value)]) {
        tracing::warn!(%error, "a restart will forget which limits of the host are passed");
    }
}

fn row(standing: &Standing) -> Option<Row> {
    let (is_breached, since) = match standing.state {
        ThresholdState::Inactive => return None,
        ThresholdState::Pending { since } => (false, since),
        ThresholdState::Breached { since } => (true, since),
    };
    Some(Row {
        resource: standing.resource.name().to_owned(),
        mountpoint: standing.mountpoint.clone(),
        is_breached,
        since_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        breached_at: standing.breached_at,
    })
}
