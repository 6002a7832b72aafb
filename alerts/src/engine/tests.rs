//! Stories, minute by minute: what is said of what happens, and why.

mod bounds;
mod events;
mod holds;
mod lines;
mod notices;
mod reasons;
mod restart;
mod samples;

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::connector::ConnectorKind;
use model::event::{Event, EventKey, EventKind, Field, Reason};
use model::signal::Signal;
use model::untrusted::Untrusted;

use super::*;
use crate::facts::{ConnectorFacts, EventCount};
use crate::notification::Notification;
use crate::rule::load::{RuleFile, load};

/// The present as a table.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) series: BTreeMap<Signal, Vec<(Vec<String>, f64)>>,
    pub(super) counts: Vec<(String, EventKind, &'static str, u64)>,
    pub(super) connectors: Vec<String>,
    pub(super) is_behind: bool,
    pub(super) full: Vec<Arc<str>>,
}

impl Facts for Table {
    fn readings(&self, signal: Signal, each: &mut dyn FnMut(&[&str], f64)) {
        for (values, number) in self.series.get(&signal).into_iter().flatten() {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            each(&values, *number);
        }
    }

    fn is_caught_up(&self) -> bool {
        !self.is_behind
    }

    fn connectors(&self, each: &mut dyn FnMut(ConnectorFacts<'_>)) {
        for name in &self.connectors {
            each(ConnectorFacts {
                name,
                kind: ConnectorKind::NetskopePublisher,
                is_tunnel_up: true,
                stitcher: None,
                version: Some("130"),
                is_silent: false,
                heard_at: None,
            });
        }
    }

    fn event_counts(&self, each: &mut dyn FnMut(EventCount<'_>)) {
        for (connector, kind, reason, count) in &self.counts {
            each(EventCount {
                connector,
                event: kind.name(),
                reason,
                count: *count,
            });
        }
    }

    fn full_filesystems(&self) -> Vec<Arc<str>> {
        self.full.clone()
    }
}

impl Table {
    /// Sets a series of a signal that is named without its prefix.
    pub(super) fn set(&mut self, name: &str, values: &[&str], number: f64) {
        let signal = Signal::from_name(&format!("ztna_{name}")).unwrap();
        let series = self.series.entry(signal).or_default();
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        match series.iter_mut().find(|(known, _)| *known == values) {
            Some((_, known)) => *known = number,
            None => series.push((values, number)),
        }
    }

    pub(super) fn remove(&mut self, name: &str, values: &[&str]) {
        let signal = Signal::from_name(&format!("ztna_{name}")).unwrap();
        let series = self.series.entry(signal).or_default();
        series.retain(|(known, _)| known != values);
    }
}

/// A minute of every story.
pub(super) fn minute(minutes: i64) -> EngineTime {
    second(60 * minutes)
}

pub(super) fn second(seconds: i64) -> EngineTime {
    let wall = Timestamp::from_second(1_800_000_000 + seconds).unwrap();
    EngineTime {
        clock: Duration::from_secs(1_800_000_000 + u64::try_from(seconds).unwrap()),
        wall,
    }
}

pub(super) fn plan(rules: &str) -> EnginePlan {
    let file = RuleFile {
        name: "test.yaml".to_owned(),
        text: format!("version: 1\nrules:\n{rules}"),
    };
    EnginePlan {
        rules: Arc::new(load(&[file]).unwrap()),
        agent: Arc::from("agent-1"),
        ..EnginePlan::default()
    }
}

/// An event of `connector` that a line told at a second.
pub(super) fn event(connector: &str, kind: EventKind, reason: &str, at: i64) -> RecentEvent {
    RecentEvent {
        connector: Arc::from(connector),
        log: Arc::from("agent"),
        file: Arc::from("/logs/agent.txt"),
        offset: u64::try_from(at).unwrap(),
        read_at: second(at).wall,
        event: Event {
            key: EventKey {
                kind,
                reason: Reason::new(reason).unwrap_or_default(),
            },
            time: Some(second(at).wall),
            fields: vec![Field {
                name: Arc::from("stitcher"),
                value: Untrusted::new("fra1\u{1b}[31m"),
            }],
        },
        line: Some(Untrusted::new(&format!("{connector} {} {at}", kind.name()))),
    }
}

/// An engine with the present it looks at.
pub(super) struct Story {
    pub(super) engine: Engine,
    pub(super) facts: Table,
    pub(super) said: Vec<Notification>,
    pub(super) history: Vec<HistoryRow>,
}

impl Story {
    pub(super) fn of(rules: &str) -> Self {
        Self::planned(plan(rules))
    }

    pub(super) fn planned(plan: EnginePlan) -> Self {
        Self {
            engine: Engine::open(plan, &[], minute(0)),
            facts: Table {
                connectors: vec!["pub-1".to_owned(), "pub-2".to_owned()],
                ..Table::default()
            },
            said: Vec::new(),
            history: Vec::new(),
        }
    }

    pub(super) fn step(&mut self, now: EngineTime) {
        self.engine.step(&self.facts, now);
        let output = self.engine.take_output();
        self.said.extend(output.notifications);
        self.history.extend(output.history);
    }

    pub(super) fn happen(&mut self, event: &RecentEvent, now: EngineTime) {
        self.engine.take_event(event, now);
    }

    /// What was said since it was asked last: minute, word, key.
    pub(super) fn take_said(&mut self) -> Vec<(i64, &'static str, String)> {
        let said = std::mem::take(&mut self.said);
        said.iter()
            .map(|one| {
                let since = one.at.as_second() - 1_800_000_000;
                (since / 60, one.kind.word(), one.key.to_string())
            })
            .collect()
    }

    /// The decisions since they were asked last.
    pub(super) fn take_decisions(&mut self) -> Vec<String> {
        let history = std::mem::take(&mut self.history);
        let decision = |row: &HistoryRow| row.decision.to_string();
        history.iter().map(decision).collect()
    }

    /// Stores everything and begins anew with it.
    pub(super) fn restart(&mut self, plan: EnginePlan, now: EngineTime) {
        let rows = self.stored();
        self.engine = Engine::open(plan, &rows, now);
    }

    /// Everything that a store would have.
    pub(super) fn stored(&mut self) -> Vec<(Arc<str>, Vec<u8>)> {
        self.engine.mark_uncommitted();
        let rows = self.engine.uncommitted();
        self.engine.mark_committed();
        rows.into_iter()
            .filter_map(|(key, bytes)| Some((key, bytes?)))
            .collect()
    }
}

/// What was said, as `take_said` has it.
pub(super) fn said(expected: &[(i64, &'static str, &str)]) -> Vec<(i64, &'static str, String)> {
    let owned = |(at, word, key): &(i64, &'static str, &str)| (*at, *word, (*key).to_owned());
    expected.iter().map(owned).collect()
}
