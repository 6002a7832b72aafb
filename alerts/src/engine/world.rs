//! What conditions may ask about connectors: their states as they are in this step.
//!
//! Read only when something is asked, since most steps ask nothing.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use model::signal::Signal;
use model::snapshot::RecentEvent;

use crate::facts::Facts;
use crate::rule::condition::{STATE_NAMES, Scope, StateValue};

/// The connectors that are watched.
pub(super) struct World<'a> {
    facts: Option<&'a dyn Facts>,
    known: OnceCell<BTreeMap<Arc<str>, Known>>,
}

/// A connector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Known {
    kind: &'static str,
    is_tunnel_up: bool,
    is_silent: bool,
    stitcher: Arc<str>,
    version: Arc<str>,
    /// Its states by the names of [`STATE_NAMES`].
    states: Vec<(&'static str, Arc<str>)>,
}

impl<'a> World<'a> {
    /// As the facts have it.
    pub(super) const fn of(facts: &'a dyn Facts) -> Self {
        Self {
            facts: Some(facts),
            known: OnceCell::new(),
        }
    }

    /// Nothing is known.
    pub(super) const fn unknown() -> Self {
        Self {
            facts: None,
            known: OnceCell::new(),
        }
    }

    /// The series of a signal as they are now, if anything is known.
    pub(super) fn readings(&self, signal: Signal, each: &mut dyn FnMut(&[&str], f64)) {
        if let Some(facts) = self.facts {
            facts.readings(signal, each);
        }
    }

    /// Why a series is bad now, see [`Facts::why`].
    pub(super) fn why(
        &self,
        signal: Signal,
        labels: &[(Arc<str>, Arc<str>)],
    ) -> Vec<(&'static str, String)> {
        let facts = self.facts;
        facts.map_or_else(Vec::new, |facts| facts.why(signal, labels))
    }

    /// The file systems that are too full now.
    pub(super) fn full_filesystems(&self) -> Vec<Arc<str>> {
        self.facts.map_or_else(Vec::new, Facts::full_filesystems)
    }

    /// What a condition about an event, or about a connector, is evaluated on.
    pub(super) fn ask<T>(
        &self,
        connector: &str,
        event: Option<&RecentEvent>,
        evaluate: impl FnOnce(&Scope<'_>) -> T,
    ) -> T {
        let known = self
            .known
            .get_or_init(|| self.facts.map(read).unwrap_or_default());
        let Some(known) = known.get(connector) else {
            return evaluate(&Scope { event, state: &[] });
        };
        let mut state: Vec<(&str, StateValue<'_>)> = vec![
            ("kind", StateValue::Word(known.kind)),
            ("stitcher", StateValue::Word(&known.stitcher)),
            ("version", StateValue::Word(&known.version)),
            ("is_tunnel_up", StateValue::Truth(known.is_tunnel_up)),
            ("is_silent", StateValue::Truth(known.is_silent)),
        ];
        let words = known.states.iter();
        state.extend(words.map(|(name, word)| (*name, StateValue::Word(word))));
        evaluate(&Scope {
            event,
            state: &state,
        })
    }
}

/// Everything that may be asked.
fn read(facts: &dyn Facts) -> BTreeMap<Arc<str>, Known> {
    let mut known = BTreeMap::new();
    facts.connectors(&mut |one| {
        let connector = Known {
            kind: one.kind.name(),
            is_tunnel_up: one.is_tunnel_up,
            is_silent: one.is_silent,
            stitcher: Arc::from(one.stitcher.unwrap_or_default()),
            version: Arc::from(one.version.unwrap_or_default()),
            states: Vec::new(),
        };
        known.insert(Arc::from(one.name), connector);
    });
    for wanted in STATE_NAMES {
        let Some(signal) = Signal::from_name(wanted.signal) else {
            continue;
        };
        facts.readings(signal, &mut |values, number| {
            // One of a state set holds, and its number is exactly 1.
            if number == 1.0
                && let Some((connector, word)) = held(signal, values, wanted.only)
                && let Some(known) = known.get_mut(connector)
            {
                known.states.push((wanted.name, Arc::from(word)));
            }
        });
    }
    known
}

/// The connector of a series of a state set, and the state that it is for, if it has the
/// other label that is wanted.
fn held<'a>(
    signal: Signal,
    values: &[&'a str],
    only: Option<(&str, &str)>,
) -> Option<(&'a str, &'a str)> {
    let labels = signal.row().labels;
    let value_of = |wanted: &str| {
        let place = labels.iter().position(|label| *label == wanted)?;
        values.get(place).copied()
    };
    if only.is_some_and(|(label, value)| value_of(label) != Some(value)) {
        return None;
    }
    // The state is the last label of every state set.
    Some((value_of("connector")?, values.last().copied()?))
}
