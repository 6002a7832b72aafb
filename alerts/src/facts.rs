//! What rules may ask about the present: numbers by their names, and who is watched.
//!
//! The door through which the engine sees the committed picture. The program answers from
//! its snapshot, a test from a table.

use std::sync::Arc;

use jiff::Timestamp;
use model::connector::ConnectorKind;
use model::signal::Signal;

/// The present.
pub trait Facts {
    /// Hands each series of a signal to `each`: its label values in the order of the
    /// signal's row, and its value. Nothing for a signal that nobody tells of now.
    fn readings(&self, signal: Signal, each: &mut dyn FnMut(&[&str], f64));

    /// Whether all that the logs held at the start has been read. Until then the states of
    /// connectors are old, and rules on numbers wait.
    fn is_caught_up(&self) -> bool;

    /// The connectors that are watched, with what an update run wants to know of each.
    fn connectors(&self, each: &mut dyn FnMut(ConnectorFacts<'_>));

    /// The events counted of a connector since ever, by event and reason, for rules on
    /// how often something happens.
    fn event_counts(&self, each: &mut dyn FnMut(EventCount<'_>));

    /// What people should know of why a series with these labels is bad now, beside its
    /// number: names and values, in the order of reading. Empty if no more is known.
    fn why(
        &self,
        _signal: Signal,
        _labels: &[(Arc<str>, Arc<str>)],
    ) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The file systems that are too full by the limits of the host, by mount point.
    fn full_filesystems(&self) -> Vec<Arc<str>> {
        Vec::new()
    }
}

/// A connector, as far as update runs and mails want to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectorFacts<'a> {
    /// Its configured name.
    pub name: &'a str,
    /// The product.
    pub kind: ConnectorKind,
    /// Whether the tunnel is confirmed up.
    pub is_tunnel_up: bool,
    /// The stitcher or gateway, if it is known.
    pub stitcher: Option<&'a str>,
    /// Its version, if it is known.
    pub version: Option<&'a str>,
    /// Whether nothing has been heard of it for too long.
    pub is_silent: bool,
    /// When it was heard last.
    pub heard_at: Option<Timestamp>,
}

/// How often something has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCount<'a> {
    /// The connector's name.
    pub connector: &'a str,
    /// The event's dotted name.
    pub event: &'a str,
    /// The reason, or empty.
    pub reason: &'a str,
    /// How often since ever.
    pub count: u64,
}
