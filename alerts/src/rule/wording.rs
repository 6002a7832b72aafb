//! Sentences with places for facts, checked when a rule is loaded.

use std::fmt;
use std::sync::Arc;

/// A sentence with places, compiled.
#[derive(Clone)]
pub struct Wording {
    text: Arc<str>,
}

impl fmt::Debug for Wording {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Wording({:?})", self.text)
    }
}
