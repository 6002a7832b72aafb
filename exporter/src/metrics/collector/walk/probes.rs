//! Which lines an active probe gives to each family of the model's table.
//!
//! One arm a signal, as for connectors. A phase that the last run did not come to gives
//! no line, and neither does a chain that nobody has shown.

use model::probe::{ProbeFault, TlsFacts};
use model::signal::ProbeSignal;
use model::snapshot::ProbeSnapshot;

use super::{Lines, Value};

/// Adds a probe's lines of one family.
pub(in crate::metrics) fn of_probe<'a>(
    signal: ProbeSignal,
    probe: &'a ProbeSnapshot,
    lines: &mut Lines<'a>,
) {
    let last = probe.last.as_deref();
    let tls = last.and_then(|run| run.tls.as_ref());
    match signal {
        ProbeSignal::Success => {
            if let Some(run) = last {
                lines.truth(&[], run.outcome.is_ok());
            }
        }
        ProbeSignal::Duration => {
            if let Some(run) = last {
                lines.push(&[], Value::Number(run.duration.as_secs_f64()));
            }
        }
        ProbeSignal::LastSuccess => lines.moment(&[], probe.succeeded_at),
        ProbeSignal::Runs => lines.count(&[], probe.runs),
        ProbeSignal::Failures => lines.counts(&probe.failures, ProbeFault::name),
        ProbeSignal::PhaseDuration => {
            for (phase, duration) in last.into_iter().flat_map(|run| &run.phases) {
                lines.push(&[phase.name()], Value::Number(duration.as_secs_f64()));
            }
        }
        ProbeSignal::CertificateExpiry => {
            lines.moment(&[], tls.and_then(|tls| tls.expires_at));
        }
        ProbeSignal::TlsIntercepted => {
            if let Some(is_intercepted) = tls.and_then(|tls| tls.is_intercepted) {
                lines.truth(&[], is_intercepted);
            }
        }
        ProbeSignal::TlsInfo => {
            if let Some((version, cipher)) = tls.and_then(agreement) {
                lines.count(&[version, cipher], 1);
            }
        }
        ProbeSignal::DnsAddresses => {
            if let Some(addresses) = last.and_then(|run| run.addresses) {
                lines.count(&[], super::length(addresses));
            }
        }
    }
}

fn agreement(tls: &TlsFacts) -> Option<(&'static str, &'static str)> {
    tls.version.zip(tls.cipher)
}
