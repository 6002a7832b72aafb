//! Writes `docs/metrics.md`: every family, its labels and their closed sets.
//!
//! The table follows from the model's signals and from the agent's own registry, so
//! the document cannot name what the page does not show; a test keeps the file
//! current.
