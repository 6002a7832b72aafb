//! Draws the snapshot that every reader sees from the ledger and the followed files.
//!
//! Drawn right after a commit, when the ledger holds committed values only. While
//! the store does not commit, [`refresh`] renews just what no crash can take
//! back: which files there are, how far behind we are, and what the host is like.

use std::sync::Arc;

use jiff::Timestamp;
use model::connector::ConnectorKind;
use model::log::{GenerationCause, LineOutcome, LossCause};
use model::snapshot::{ConnectorSnapshot, LogSnapshot, NearMiss, Snapshot};
use tail::turn::SourceStatus;

use super::ledger::{ConnectorAccount, Ledger, LogAccount};
use super::redact::shown_path;

/// Draws everything. `status` gives the files of a connector's log, by indices.
pub fn draw(
    ledger: &Ledger,
    status: &dyn Fn(usize, usize) -> SourceStatus,
    is_caught_up: bool,
    now: Timestamp,
) -> Snapshot {
    let connectors = ledger
        .connectors
        .iter()
        .enumerate()
        .map(|(place, account)| ConnectorSnapshot {
            round_trips: ledger.round_trips.of(place),
            ..draw_connector(ledger, account, &|log| status(place, log))
        })
        .collect();
    Snapshot {
        taken_at: Some(now),
        is_caught_up,
        connectors,
        host: ledger.host.draw(),
        probes: ledger.probes.draw(&ledger.counters),
        recent_events: ledger.recent_events(),
        own_events: ledger.own_events(),
        alerts: Arc::default(),
    }
}

/// The last committed picture with the present state of the files and the host.
pub fn refresh(
    last: &Snapshot,
    ledger: &Ledger,
    status: &dyn Fn(usize, usize) -> SourceStatus,
    now: Timestamp,
) -> Snapshot {
    let mut fresh = last.clone();
    fresh.taken_at = Some(now);
    fresh.host = ledger.host.draw();
    for (place, connector) in fresh.connectors.iter_mut().enumerate() {
        for (log_place, log) in connector.logs.iter_mut().enumerate() {
            show_files(log, connector.kind, status(place, log_place));
        }
    }
    fresh
}

fn draw_connector(
    ledger: &Ledger,
    account: &ConnectorAccount,
    status: &dyn Fn(usize) -> SourceStatus,
) -> ConnectorSnapshot {
    let keys = account.plan.catalogue.pairs().iter().enumerate();
    ConnectorSnapshot {
        name: Arc::clone(&account.plan.name),
        kind: account.plan.kind,
        state: account.state.value.clone(),
        events: keys
            .map(|(step, key)| {
                (
                    key.clone(),
                    ledger.counters.value(account.events_at.plus(step)),
                )
            })
            .collect(),
        last_events: account
            .last_events
            .iter()
            .map(|(kind, last)| (*kind, last.at.value))
            .collect(),
        logs: account
            .logs
            .iter()
            .enumerate()
            .map(|(place, log)| draw_log(ledger, account, log, status(place)))
            .collect(),
        tools: account.tools.draw(&ledger.counters),
        tool_facts: account.tools.facts(),
        configured_at: account.tools.configured_at(),
        tunnel_reconnects: account.tools.reconnects(&ledger.counters),
        round_trips: Vec::new(),
        heard_at: account.silence.heard_at(),
        is_silent: account.silence.is_silent(),
    }
}

fn draw_log(
    ledger: &Ledger,
    account: &ConnectorAccount,
    log: &LogAccount,
    status: SourceStatus,
) -> LogSnapshot {
    let value =
        |first: super::counters::CounterIndex, step| ledger.counters.value(first.plus(step));
    let functions = account
        .plan
        .catalogue
        .functions()
        .iter()
        .zip(&log.samples)
        .enumerate();
    let mut drawn = LogSnapshot {
        name: Arc::clone(&log.name),
        lines: LineOutcome::ALL
            .iter()
            .enumerate()
            .map(|(step, outcome)| (*outcome, value(log.lines_at, step)))
            .collect(),
        bytes: value(log.bytes_at, 0),
        last_read_at: log.last_read.as_ref().map(|at| at.value),
        generations: GenerationCause::ALL
            .iter()
            .enumerate()
            .map(|(step, cause)| (*cause, value(log.generations_at, step)))
            .collect(),
        lost_bytes: LossCause::ALL
            .iter()
            .enumerate()
            .map(|(step, cause)| (*cause, value(log.lost_at, step)))
            .collect(),
        ambiguous_dates: log.draw_ambiguous_dates(&ledger.counters),
        near_misses: functions
            .map(|(step, (function, sample))| NearMiss {
                function: Arc::clone(function),
                count: value(log.near_misses_at, step),
                sample: sample.as_ref().map(|sample| sample.value.clone()),
            })
            .collect(),
        ..LogSnapshot::default()
    };
    show_files(&mut drawn, account.plan.kind, status);
    drawn
}

fn show_files(log: &mut LogSnapshot, kind: ConnectorKind, mut status: SourceStatus) {
    for file in &mut status.files {
        file.path = shown_path(kind, &file.path);
    }
    for file in &mut status.unreadable {
        file.path = shown_path(kind, &file.path);
    }
    log.lag_bytes = status.lag_bytes;
    log.files = status.files;
    log.unreadable = status.unreadable;
    log.files_over_limit = u64::try_from(status.files_over_limit).unwrap_or(u64::MAX);
}
