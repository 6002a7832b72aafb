//! What must outlive the process, and the clock: the two things that come from outside.
//!
//! An engine that forgets how often it was started accepts old messages again, so its
//! count is stored before it is used (RFC 3414 2.3). Row numbers are stored so that a
//! poller's disk 3 is the same disk tomorrow. Where and how is the caller's business.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::provider::{self, CryptoError};
use crate::tree::indexes::Indexes;

/// The enterprise in engine ids that we make: net-snmp's, as in our base, until there is
/// one of our own.
const ENTERPRISE: u32 = 8_072;

/// The form of the rest of an engine id: octets of our choice (RFC 3411 5).
const FORM_OCTETS: u8 = 5;

/// Random octets in an engine id.
const RANDOM_OCTETS: usize = 8;

/// What an engine of SNMPv3 must not forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineRecord {
    /// Its name, 5 to 32 octets.
    pub id: Vec<u8>,
    /// How often it was started.
    pub boots: u32,
}

impl EngineRecord {
    /// A new engine that was never started.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] without random numbers.
    pub fn invent() -> Result<Self, CryptoError> {
        let mut id = (0x8000_0000 | ENTERPRISE).to_be_bytes().to_vec();
        id.push(FORM_OCTETS);
        id.extend(provider::random_octets(RANDOM_OCTETS)?);
        Ok(Self { id, boots: 0 })
    }
}

/// Why something could not be stored or read, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeepError(pub String);

/// Stores what must outlive the process. Called at start and when a row is new: seldom.
pub trait Keep: Send + Sync {
    /// The engine's record. `None` before the first.
    ///
    /// # Errors
    ///
    /// [`KeepError`]: SNMPv3 is then refused.
    fn load_engine(&self) -> Result<Option<EngineRecord>, KeepError>;

    /// Stores the engine's record durably, before it returns.
    ///
    /// # Errors
    ///
    /// [`KeepError`]: SNMPv3 is then refused.
    fn save_engine(&self, record: &EngineRecord) -> Result<(), KeepError>;

    /// The numbers of rows. Empty before the first.
    ///
    /// # Errors
    ///
    /// [`KeepError`]: numbers then begin anew.
    fn load_indexes(&self) -> Result<Indexes, KeepError>;

    /// Stores the numbers of rows.
    ///
    /// # Errors
    ///
    /// [`KeepError`]: it is tried again when the next row is new.
    fn save_indexes(&self, indexes: &Indexes) -> Result<(), KeepError>;
}

/// Keeps in memory only: for tests, and for trying out.
#[derive(Debug, Default)]
pub struct KeepInMemory {
    engine: Mutex<Option<EngineRecord>>,
    indexes: Mutex<Indexes>,
}

impl Keep for KeepInMemory {
    fn load_engine(&self) -> Result<Option<EngineRecord>, KeepError> {
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(engine.clone())
    }

    fn save_engine(&self, record: &EngineRecord) -> Result<(), KeepError> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        *engine = Some(record.clone());
        Ok(())
    }

    fn load_indexes(&self) -> Result<Indexes, KeepError> {
        let indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(indexes.clone())
    }

    fn save_indexes(&self, indexes: &Indexes) -> Result<(), KeepError> {
        let mut kept = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone_from(indexes);
        Ok(())
    }
}

/// The present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since the program started; never goes back.
    pub uptime: Duration,
    /// The wall clock.
    pub wall: Timestamp,
}

/// Tells the time. Nothing in this crate reads a clock itself.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Now;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Now {
        (**self).now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_named_after_its_enterprise_and_chance() {
        let one = EngineRecord::invent().unwrap();
        let other = EngineRecord::invent().unwrap();
        assert_eq!(one.id.get(..5).unwrap(), [0x80, 0, 0x1f, 0x88, 5]);
        assert_eq!((one.id.len(), one.boots), (13, 0));
        assert_ne!(one.id, other.id);
    }
}
