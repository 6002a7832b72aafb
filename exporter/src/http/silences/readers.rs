//! Whose bodies are being read.
//!
//! A body may take seconds to arrive, and as long its connection counts as busy. So nobody
//! has more than a few on their way: who is known and slow does not shut the others out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many of one visitor may arrive at once.
const EACH_MAX: usize = 4;

/// How many bodies of each visitor arrive. Visitors are few: the web configuration names them.
#[derive(Debug, Default)]
pub(super) struct Readers(Mutex<BTreeMap<String, usize>>);

/// A body that arrives, until it is dropped.
#[derive(Debug)]
pub(super) struct Reading {
    readers: Arc<Readers>,
    who: String,
}

impl Readers {
    /// Begins to read one of `who`. `None` if too many of theirs arrive already.
    pub(super) fn begin(self: &Arc<Self>, who: &str) -> Option<Reading> {
        let mut counts = self.counts();
        let own = counts.entry(who.to_owned()).or_default();
        if EACH_MAX <= *own {
            return None;
        }
        *own = own.saturating_add(1);
        Some(Reading {
            readers: Arc::clone(self),
            who: who.to_owned(),
        })
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut counts = self.readers.counts();
        if let Some(own) = counts.get_mut(&self.who) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                counts.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_slow_has_a_few_bodies_on_their_way_and_takes_none_of_the_others() {
        let readers = Arc::new(Readers::default());
        let mut slow: Vec<_> = (0..EACH_MAX).map(|_| readers.begin("alice")).collect();
        assert!(slow.iter().all(Option::is_some));
        assert!(readers.begin("alice").is_none());
        assert!(readers.begin("bob").is_some());
        slow.pop();
        assert!(readers.begin("alice").is_some());
        slow.clear();
        assert!(readers.counts().is_empty());
    }
}
