//! The part of the report about active probes.
//!
//! What each asks, how its last run ended and what to do about it. What a server or its
//! certificate says is [`Foreign`]; causes and phases are words of closed sets. The
//! vendor's own tools are not here but beside their clients.

use jiff::Timestamp;
use model::event::EventKind;
use model::probe::{ProbeFault, ProbeKind, ProbeRun, TlsFacts};
use model::snapshot::{ProbeSnapshot, RecentEvent};
use serde::{Serialize, Serializer};

use super::{Counts, Foreign, as_object, milliseconds};
use crate::http::advice;

/// One active probe.
#[derive(Debug, Serialize)]
pub(in crate::http) struct ProbeReport<'a> {
    pub(in crate::http) name: Foreign<'a>,
    pub(in crate::http) connector: Option<Foreign<'a>>,
    #[serde(serialize_with = "kind_name")]
    pub(in crate::http) kind: ProbeKind,
    pub(in crate::http) target: Foreign<'a>,
    /// Whether the last run succeeded; `None` before the first.
    pub(in crate::http) success: Option<bool>,
    /// Since when it ends like that, if that is still remembered.
    pub(in crate::http) since: Option<Timestamp>,
    #[serde(serialize_with = "fault_name")]
    pub(in crate::http) cause: Option<ProbeFault>,
    /// The cause in words.
    pub(in crate::http) meaning: Option<&'static str>,
    /// What the run found, in a sentence.
    pub(in crate::http) message: Option<Foreign<'a>>,
    /// What to do, if the last run failed.
    pub(in crate::http) advice: Option<&'static str>,
    pub(in crate::http) ran_at: Option<Timestamp>,
    pub(in crate::http) last_success_at: Option<Timestamp>,
    pub(in crate::http) duration_ms: Option<u64>,
    /// In milliseconds, by phase, of those that the run came to.
    #[serde(serialize_with = "as_object")]
    pub(in crate::http) phases_ms: Counts,
    pub(in crate::http) addresses: Option<usize>,
    pub(in crate::http) tls: Option<TlsReport<'a>>,
    pub(in crate::http) runs: u64,
    #[serde(serialize_with = "as_object")]
    pub(in crate::http) failures: Counts,
}

/// What a TLS handshake told.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct TlsReport<'a> {
    pub(in crate::http) version: Option<&'static str>,
    pub(in crate::http) cipher: Option<&'static str>,
    pub(in crate::http) chain_length: usize,
    pub(in crate::http) expires_at: Option<Timestamp>,
    pub(in crate::http) subject: Option<Foreign<'a>>,
    pub(in crate::http) root: Option<Foreign<'a>>,
    pub(in crate::http) intercepted: Option<bool>,
}

/// Reports a probe; `news` are the latest events, newest first.
pub(super) fn probe_report<'a>(probe: &'a ProbeSnapshot, news: &[&RecentEvent]) -> ProbeReport<'a> {
    let run = probe.last.as_deref();
    let cause = run.and_then(|run| run.outcome.err());
    let failures = probe.failures.iter();
    ProbeReport {
        name: Foreign(&probe.plan.name),
        connector: probe.plan.connector.as_deref().map(Foreign),
        kind: probe.plan.kind,
        target: Foreign(&probe.plan.target),
        success: run.map(|run| run.outcome.is_ok()),
        since: run.and_then(|run| changed_at(run, news)),
        cause,
        meaning: cause.map(advice::meaning_of_fault),
        message: run
            .map(|run| Foreign::from(&run.message))
            .filter(|message| !message.is_empty()),
        advice: cause.map(advice::of_fault),
        ran_at: probe.ran_at,
        last_success_at: probe.succeeded_at,
        duration_ms: run.map(|run| milliseconds(run.duration)),
        phases_ms: run.map(phases).unwrap_or_default(),
        addresses: run.and_then(|run| run.addresses),
        tls: run.and_then(|run| run.tls.as_ref()).map(tls_report),
        runs: probe.runs,
        failures: failures
            .map(|(fault, count)| (fault.name(), *count))
            .collect(),
    }
}

/// When the probe's outcome changed to that of its last run, if the event is still among
/// the latest. A cause that changed is news as well.
fn changed_at(run: &ProbeRun, news: &[&RecentEvent]) -> Option<Timestamp> {
    let is_of_probe = |event: &&&RecentEvent| {
        let name = event.log.strip_prefix("probe:");
        name == Some(&*run.probe) && event.file.is_empty()
    };
    let latest = news.iter().find(is_of_probe)?;
    let key = &latest.event.key;
    let tells_of_run = match run.outcome {
        Ok(()) => key.kind == EventKind::ProbeRecovered,
        Err(fault) => key.kind == EventKind::ProbeFailed && key.reason.as_str() == fault.name(),
    };
    tells_of_run.then(|| latest.event.time.unwrap_or(latest.read_at))
}

fn phases(run: &ProbeRun) -> Counts {
    let phases = run.phases.iter();
    phases
        .map(|(phase, took)| (phase.name(), milliseconds(*took)))
        .collect()
}

fn tls_report(tls: &TlsFacts) -> TlsReport<'_> {
    TlsReport {
        version: tls.version,
        cipher: tls.cipher,
        chain_length: tls.chain_length,
        expires_at: tls.expires_at,
        subject: tls.subject.as_ref().map(Foreign::from),
        root: tls.root.as_ref().map(Foreign::from),
        intercepted: tls.is_intercepted,
    }
}

fn kind_name<S: Serializer>(kind: &ProbeKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

fn fault_name<S: Serializer>(fault: &Option<ProbeFault>, serializer: S) -> Result<S::Ok, S::Error> {
    fault.map(ProbeFault::name).serialize(serializer)
}
