//! Measurements sorted into fixed buckets, with exact counts.
//!
//! Counts are whole numbers, so that they survive restarts and never step back; the
//! bounds are part of the published contract and do not change at run time.

/// Upper bounds of the buckets of a round trip, in milliseconds, each bound inclusive.
/// From a gateway in the same city to one that nobody wants to work through.
pub const RTT_BOUNDS_MS: &[u64] = &[5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1_000];

/// Most points of presence of one connector that have a series of their own; further
/// ones count as [`OTHER_POP`].
pub const POPS_MAX: usize = 24;

/// The label of the points of presence that have no series of their own.
pub const OTHER_POP: &str = "other";

/// A histogram over [`RTT_BOUNDS_MS`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RttHistogram {
    /// Measurements in each bucket, not cumulative, and last those above all bounds.
    // Invariant: as many as `steps()` if not empty.
    pub counts: Vec<u64>,
    /// Sum of all measurements, in milliseconds.
    pub sum_ms: u64,
}

impl RttHistogram {
    /// How many buckets there are, the one above all bounds included.
    pub const fn steps() -> usize {
        RTT_BOUNDS_MS.len().saturating_add(1)
    }

    /// The bucket that a measurement falls into.
    pub fn step_of(rtt_ms: u64) -> usize {
        RTT_BOUNDS_MS.partition_point(|bound| *bound < rtt_ms)
    }

    /// All measurements.
    pub fn count(&self) -> u64 {
        self.counts
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_own_bucket() {
        assert_eq!(RttHistogram::step_of(0), 0);
        assert_eq!(RttHistogram::step_of(5), 0);
        assert_eq!(RttHistogram::step_of(6), 1);
        assert_eq!(RttHistogram::step_of(1_000), RTT_BOUNDS_MS.len() - 1);
        assert_eq!(RttHistogram::step_of(u64::MAX), RttHistogram::steps() - 1);
    }
}
