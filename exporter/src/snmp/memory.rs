//! What SNMP must not forget: the engine with the count of its starts, and the numbers
//! of rows.
//!
//! The engine's record is durable before it is used. Numbers of rows are handed over and
//! become durable a moment later, so that no poller waits for a disk; a crash in that
//! moment may number a mount anew that was seen for the first time in it.
//!
//! A name keeps its number for ever, whether it is ever seen again or not; there are at
//! most 4096 in a set, and names beyond have no row. A name of more than a kibibyte has its
//! number until the process ends.
//!
//! Both are JSON with a version. Numbers of rows go in pieces, in the order in which they
//! were given, so that one more changes the last piece only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use snmp_agent::keep::{EngineRecord, Keep, KeepError};
use snmp_agent::tree::indexes::{IndexSet, Indexes};
use snmp_agent::users::Secret;
use tokio::sync::Notify;
use tracing::warn;

use super::key::hex;
use crate::agent::keeper::{Keeper, KeptChanges};
use crate::metrics::snmp::SnmpMetrics;

/// Where the engine's record stands.
pub const ENGINE_KEY: &str = "snmp.engine";

/// Where pieces of numbers stand: this, the name of the set, and a number.
const INDEXES_KEY: &str = "snmp.indexes.";

/// A piece is closed when it is this long: well below what the store keeps under a key.
const PIECE_BYTES: usize = 32 * 1024;

/// Longest name that a number is kept for, in bytes.
const NAME_BYTES_MAX: usize = 1024;

/// Most pieces of a set: the store has room for other things too.
const PIECES_MAX: usize = 32;

/// Makes small values durable. May block for seconds.
pub trait Durable: Send + Sync {
    /// Returns when the changes are durable.
    ///
    /// # Errors
    ///
    /// Why they are not, in words for people.
    fn keep(&self, changes: KeptChanges) -> Result<(), String>;
}

impl Durable for Keeper {
    fn keep(&self, changes: KeptChanges) -> Result<(), String> {
        Self::keep(self, changes)
    }
}

/// Does something that blocks, without holding up the tasks of this thread.
pub fn blocking<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        Ok(_) | Err(_) => work(),
    }
}

/// The memory.
pub struct Memory {
    durable: Arc<dyn Durable>,
    state: Mutex<State>,
    /// Somebody wants something written.
    wake: Arc<Notify>,
    metrics: SnmpMetrics,
    /// Held while the engine's record is being kept.
    engine_keeping: Mutex<()>,
    /// Held while numbers are being kept, so that an older copy does not come later.
    indexes_keeping: Mutex<()>,
}

#[derive(Default)]
struct State {
    engine: Option<EngineRecord>,
    indexes: Indexes,
    /// Pieces as they are durable.
    written: BTreeMap<Arc<str>, Vec<u8>>,
    is_written: bool,
    /// People know that not all names can be kept.
    is_told_of_left_out: bool,
    /// The engine's record is in the store.
    is_engine_kept: bool,
}

/// The engine's record as it is kept.
#[derive(Serialize, Deserialize)]
struct KeptEngine {
    version: u32,
    id: String,
    boots: u32,
}

/// A piece of numbers as it is kept: number and name.
#[derive(Serialize, Deserialize)]
struct KeptPiece {
    version: u32,
    rows: Vec<(u32, String)>,
}

const VERSION: u32 = 1;

/// Reads an engine's record as the store has it. `None` if it is none.
pub fn parse_engine(value: &[u8]) -> Option<EngineRecord> {
    let kept: KeptEngine = serde_json::from_slice(value).ok()?;
    let id = Secret::from_hex(&kept.id)?.expose().to_vec();
    let is_name = (5..=32).contains(&id.len());
    (kept.version == VERSION && is_name).then_some(EngineRecord {
        id,
        boots: kept.boots,
    })
}

/// Writes an engine's record as the store has it.
///
/// # Errors
///
/// None in fact; the format could refuse other types.
pub fn write_engine(record: &EngineRecord) -> Result<Vec<u8>, KeepError> {
    let kept = KeptEngine {
        version: VERSION,
        id: hex(&record.id),
        boots: record.boots,
    };
    serde_json::to_vec(&kept).map_err(|error| KeepError(error.to_string()))
}

impl Memory {
    /// Remembers what the start found. What cannot be read begins anew, with a warning:
    /// another engine's name, and so no old message that could be taken for a new one.
    pub fn new(
        durable: Arc<dyn Durable>,
        found: &BTreeMap<Arc<str>, Vec<u8>>,
        wake: Arc<Notify>,
        metrics: SnmpMetrics,
    ) -> Self {
        let engine = found.get(ENGINE_KEY).and_then(|value| {
            let record = parse_engine(value);
            if record.is_none() {
                warn!("the snmp engine's record could not be read, another engine is made");
            }
            record
        });
        let written: BTreeMap<Arc<str>, Vec<u8>> = found
            .iter()
            .filter(|(key, _)| key.starts_with(INDEXES_KEY))
            .map(|(key, value)| (Arc::clone(key), value.clone()))
            .collect();
        let indexes = read_pieces(&written);
        metrics.indexes(&indexes);
        let state = Mutex::new(State {
            is_engine_kept: engine.is_some(),
            engine,
            indexes,
            written,
            is_written: true,
            is_told_of_left_out: false,
        });
        Self {
            durable,
            state,
            wake,
            metrics,
            engine_keeping: Mutex::default(),
            indexes_keeping: Mutex::default(),
        }
    }

    /// The engine's record; makes one up if there is none. It is kept soon, and in any case
    /// before it is used.
    ///
    /// # Errors
    ///
    /// Without random numbers.
    pub fn engine(&self) -> Result<EngineRecord, KeepError> {
        let mut state = self.lock();
        if let Some(record) = &state.engine {
            return Ok(record.clone());
        }
        let record = EngineRecord::invent().map_err(|error| KeepError(error.to_string()))?;
        Ok(state.engine.insert(record).clone())
    }

    /// Keeps the engine's name, if it is not kept yet: `snmp user` makes keys for it before
    /// there is anybody to serve. Blocks.
    ///
    /// # Errors
    ///
    /// If the store does not commit; then there is no name to make keys for yet.
    pub fn name_engine(&self) -> Result<(), KeepError> {
        blocking(|| {
            let _alone = self.engine_keeping.lock();
            let record = self.engine()?;
            if self.lock().is_engine_kept {
                return Ok(());
            }
            self.keep_engine(&record)
        })
    }

    /// The caller sees to it that no other record is being kept: an older one must not
    /// come later, or the count of starts would go back.
    fn keep_engine(&self, record: &EngineRecord) -> Result<(), KeepError> {
        let value = write_engine(record)?;
        let changes = vec![(Arc::from(ENGINE_KEY), Some(value))];
        self.durable.keep(changes).map_err(KeepError)?;
        let mut state = self.lock();
        state.engine = Some(record.clone());
        state.is_engine_kept = true;
        Ok(())
    }

    /// Writes the numbers that are not durable yet. Blocks.
    ///
    /// # Errors
    ///
    /// Why they are not durable, in words for people. They stay to be written.
    pub fn write(&self) -> Result<(), String> {
        blocking(|| {
            let _alone = self.indexes_keeping.lock();
            let Some(changes) = self.unwritten() else {
                return Ok(());
            };
            self.durable.keep(changes.clone())?;
            self.wrote(changes);
            Ok(())
        })
    }

    /// What is to be written, if anything may be.
    fn unwritten(&self) -> Option<KeptChanges> {
        let mut state = self.lock();
        if state.is_written {
            return None;
        }
        let Pieces { pieces, left_out } = write_pieces(&state.indexes);
        if 0 < left_out && !state.is_told_of_left_out {
            state.is_told_of_left_out = true;
            warn!(
                names = left_out,
                longest = NAME_BYTES_MAX,
                "some names are too long or too many to keep their snmp row numbers over a restart"
            );
        }
        let is_new = |(key, value): &(&Arc<str>, &Vec<u8>)| state.written.get(*key) != Some(*value);
        let new = pieces.iter().filter(is_new);
        let changes = new.map(|(key, value)| (Arc::clone(key), Some(value.clone())));
        let gone = state
            .written
            .keys()
            .filter(|key| !pieces.contains_key(*key));
        let removals = gone.map(|key| (Arc::clone(key), None));
        Some(changes.chain(removals).collect())
    }

    /// These changes are durable.
    fn wrote(&self, changes: KeptChanges) {
        let mut state = self.lock();
        for (key, value) in changes {
            match value {
                Some(value) => drop(state.written.insert(key, value)),
                None => drop(state.written.remove(&key)),
            }
        }
        state.is_written = write_pieces(&state.indexes).pieces == state.written;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keep for Memory {
    fn load_engine(&self) -> Result<Option<EngineRecord>, KeepError> {
        self.engine().map(Some)
    }

    fn save_engine(&self, record: &EngineRecord) -> Result<(), KeepError> {
        blocking(|| {
            let _alone = self.engine_keeping.lock();
            self.keep_engine(record)
        })?;
        self.metrics.boots(record.boots);
        Ok(())
    }

    fn load_indexes(&self) -> Result<Indexes, KeepError> {
        Ok(self.lock().indexes.clone())
    }

    fn save_indexes(&self, indexes: &Indexes) -> Result<(), KeepError> {
        let mut state = self.lock();
        state.indexes.clone_from(indexes);
        state.is_written = false;
        drop(state);
        self.metrics.indexes(indexes);
        self.wake.notify_one();
        Ok(())
    }
}

/// Pieces by key, and how many names are in none.
struct Pieces {
    pieces: BTreeMap<Arc<str>, Vec<u8>>,
    left_out: usize,
}

fn write_pieces(indexes: &Indexes) -> Pieces {
    let mut pieces = BTreeMap::new();
    let mut left_out: usize = 0;
    for (set, names) in indexes.sets() {
        let fits = |(name, _): &(&str, u32)| name.len() <= NAME_BYTES_MAX;
        let mut rows: Vec<(&str, u32)> = names.iter().filter(fits).collect();
        left_out = left_out.saturating_add(names.len().saturating_sub(rows.len()));
        rows.sort_unstable_by_key(|(_, index)| *index);
        let mut rest = rows.as_slice();
        for number in 0..PIECES_MAX {
            let (piece, behind) = rest.split_at(piece_length(rest));
            if piece.is_empty() {
                break;
            }
            rest = behind;
            let kept_rows = piece
                .iter()
                .map(|(name, index)| (*index, (*name).to_owned()));
            let kept = KeptPiece {
                version: VERSION,
                rows: kept_rows.collect(),
            };
            if let Ok(value) = serde_json::to_vec(&kept) {
                let key = format!("{INDEXES_KEY}{set}.{number:03}");
                pieces.insert(Arc::from(key), value);
            }
        }
        left_out = left_out.saturating_add(rest.len());
    }
    Pieces { pieces, left_out }
}

/// How many of the rows make up one piece.
fn piece_length(rows: &[(&str, u32)]) -> usize {
    let mut size: usize = 0;
    let is_beyond = |(name, _): &(&str, u32)| {
        // A control character takes six bytes in JSON; quotes and the number take some too.
        size = size.saturating_add(name.escape_default().count().saturating_add(20));
        PIECE_BYTES < size
    };
    rows.iter().position(is_beyond).unwrap_or(rows.len())
}

fn read_pieces(pieces: &BTreeMap<Arc<str>, Vec<u8>>) -> Indexes {
    let mut by_set: BTreeMap<&str, Vec<(String, u32)>> = BTreeMap::new();
    for (key, value) in pieces {
        let place = key.strip_prefix(INDEXES_KEY).unwrap_or_default();
        let set = place.split('.').next().unwrap_or_default();
        match serde_json::from_slice::<KeptPiece>(value) {
            Ok(piece) if piece.version == VERSION => {
                let rows = piece.rows.into_iter().map(|(index, name)| (name, index));
                by_set.entry(set).or_default().extend(rows);
            }
            Ok(_) | Err(_) => {
                warn!(%key, "kept numbers of snmp rows could not be read, those begin anew");
            }
        }
    }
    let mut take = |set: &str| IndexSet::from_iter(by_set.remove(set).unwrap_or_default());
    Indexes {
        mounts: take("mounts"),
        disks: take("disks"),
        connectors: take("connectors"),
        logs: take("logs"),
        pops: take("pops"),
        probes: take("probes"),
    }
}

#[cfg(test)]
pub(super) mod tests;
