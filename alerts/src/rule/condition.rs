//! Conditions of rules: CEL over the event and what is known of its connector.
//!
//! The one file that names the crate. It has no type checker, so names are looked up in our
//! own schema when a rule is loaded, and what cannot be evaluated later is a fault of the
//! rule, never "no".

use std::fmt;
use std::sync::Arc;

/// A condition, compiled and checked.
#[derive(Clone)]
pub struct Condition {
    text: Arc<str>,
}

impl fmt::Debug for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Condition({:?})", self.text)
    }
}
