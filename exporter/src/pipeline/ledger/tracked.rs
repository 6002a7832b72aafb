//! A value that knows whether the store has it.

/// A value that knows whether the store has it.
#[derive(Debug, Clone)]
pub(in crate::pipeline) struct Tracked<T> {
    pub(in crate::pipeline) value: T,
    is_committed: bool,
}

/// Whether the store has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Committed,
    Uncommitted,
}

impl<T> Tracked<T> {
    pub(in crate::pipeline) const fn changed(value: T) -> Self {
        Self {
            value,
            is_committed: false,
        }
    }

    pub(super) const fn committed(value: T) -> Self {
        Self {
            value,
            is_committed: true,
        }
    }

    /// Gives the value out to be altered; it counts as changed from now on.
    pub(super) const fn alter(&mut self) -> &mut T {
        self.is_committed = false;
        &mut self.value
    }

    /// Marks the value as changed, after something else altered it.
    pub(super) fn mark(&mut self, mark: Mark) {
        self.is_committed = mark == Mark::Committed;
    }

    /// The value, if the store does not have it yet.
    pub(super) fn uncommitted(&self) -> Option<&T> {
        (!self.is_committed).then_some(&self.value)
    }
}
