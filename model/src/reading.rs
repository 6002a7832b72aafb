//! A number with its name and labels: one line of the exposition.

use std::sync::Arc;

use crate::signal::Signal;

/// Names one series: a signal and its label values in the signal's label order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// Which family.
    pub signal: Signal,
    /// Values for `signal.row().labels`, in that order.
    pub label_values: Vec<Arc<str>>,
}

/// One value of one series at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Which series.
    pub key: SeriesKey,
    /// Its value in the signal's unit.
    pub value: f64,
}
