//! ztnaProbeTable and ztnaProbeFaultTable: the active probes and how they fared.
//!
//! Words of causes and names of probes are those of the metrics' labels. Before the first
//! run a probe has its row with what is known of it; what a run would tell is no instance.
//!
//! Known limit: a probe without a number (see [`Indexes`]) has no row.
//!
//! [`Indexes`]: super::super::indexes::Indexes

use std::time::Duration;

use jiff::Timestamp;
use model::probe::{ProbeFault, ProbeKind, ProbePhase, ProbeRun, TlsFacts};
use model::snapshot::ProbeSnapshot;

use super::super::{Builder, Inputs};
use super::{entry, shown};
use crate::value::Value;

/// Numbers below `ztnaObjects`.
const PROBES: u32 = 13;
const FAULTS: u32 = 14;

/// The last column of a probe.
const HANDSHAKE: u32 = 22;

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    let probes: Vec<(u32, &ProbeSnapshot)> = inputs
        .snapshot
        .probes
        .iter()
        .filter_map(|one| Some((inputs.indexes.probes.get(&one.plan.name)?, one)))
        .collect();
    let columns: Vec<u32> = (2..=HANDSHAKE).collect();
    let mut table = builder.table(entry(inputs, PROBES).numbers(), &columns);
    for (index, probe) in &probes {
        table.row(&[*index], known(probe));
        let run = probe.last.as_deref();
        let told = dates(probe)
            .into_iter()
            .chain(run.into_iter().flat_map(told));
        for (column, value) in told {
            table.cell_if_known(column, &[*index], value);
        }
    }
    let mut faults = builder.table(entry(inputs, FAULTS).numbers(), &[2, 3]);
    for (index, probe) in &probes {
        for (fault, count) in &probe.failures {
            let index = &[*index, fault_number(*fault)];
            faults.cell(2, index, Value::text(fault.name()));
            faults.cell(3, index, Value::Counter64(*count));
        }
    }
}

const fn kind_number(kind: ProbeKind) -> i32 {
    match kind {
        ProbeKind::Tls => 1,
        ProbeKind::Tcp => 2,
        ProbeKind::Dns => 3,
        ProbeKind::Proxy => 4,
    }
}

/// The number of a cause in row indexes, the same in every version.
const fn fault_number(fault: ProbeFault) -> u32 {
    match fault {
        ProbeFault::NameNotFound => 1,
        ProbeFault::ResolveTimeout => 2,
        ProbeFault::ResolveFailed => 3,
        ProbeFault::UnexpectedAddress => 4,
        ProbeFault::Refused => 5,
        ProbeFault::Unreachable => 6,
        ProbeFault::ConnectTimeout => 7,
        ProbeFault::ProxyRefused => 8,
        ProbeFault::ProxyInconsistent => 9,
        ProbeFault::Reset => 10,
        ProbeFault::HandshakeTimeout => 11,
        ProbeFault::NotTls => 12,
        ProbeFault::NoCommonVersion => 13,
        ProbeFault::HandshakeFailed => 14,
        ProbeFault::Intercepted => 15,
        ProbeFault::SelfSigned => 16,
        ProbeFault::UnknownRoot => 17,
        ProbeFault::CertificateExpired => 18,
        ProbeFault::CertificateNotYetValid => 19,
        ProbeFault::WrongName => 20,
        ProbeFault::BadCertificate => 21,
        ProbeFault::System => 22,
    }
}

const fn phase_column(phase: ProbePhase) -> u32 {
    match phase {
        ProbePhase::Resolve => 19,
        ProbePhase::Connect => 20,
        ProbePhase::Proxy => 21,
        ProbePhase::Handshake => HANDSHAKE,
    }
}

/// What is so before any run.
fn known(probe: &ProbeSnapshot) -> [(u32, Value); 6] {
    let plan = &probe.plan;
    let failures = probe.failures.iter().map(|(_, count)| *count);
    [
        (2, shown(&plan.name)),
        (3, Value::Integer(kind_number(plan.kind))),
        (4, shown(&plan.target)),
        (5, shown(plan.connector.as_deref().unwrap_or(""))),
        (10, Value::Counter64(probe.runs)),
        (11, Value::Counter64(failures.fold(0, u64::saturating_add))),
    ]
}

type Cells = Vec<(u32, Option<Value>)>;

fn dates(probe: &ProbeSnapshot) -> Cells {
    let date = |at: Option<Timestamp>| at.map(Value::date);
    vec![(8, date(probe.ran_at)), (9, date(probe.succeeded_at))]
}

/// What a run tells.
fn told(run: &ProbeRun) -> Cells {
    let cause = run.outcome.err().map_or("", ProbeFault::name);
    let addresses = run
        .addresses
        .map(|count| u64::try_from(count).unwrap_or(u64::MAX));
    let mut cells = vec![
        (6, Some(Value::truth(run.outcome.is_ok()))),
        (7, Some(milliseconds(run.duration))),
        (12, Some(Value::text(cause))),
        (13, Some(shown(run.message.expose()))),
        (18, addresses.map(Value::gauge)),
    ];
    let phases = run.phases.iter();
    cells.extend(phases.map(|(phase, time)| (phase_column(*phase), Some(milliseconds(*time)))));
    cells.extend(run.tls.iter().flat_map(told_by_tls));
    cells
}

fn told_by_tls(tls: &TlsFacts) -> [(u32, Option<Value>); 4] {
    [
        (14, tls.expires_at.map(Value::date)),
        (15, tls.is_intercepted.map(Value::truth)),
        (16, tls.version.map(Value::text)),
        (17, tls.cipher.map(Value::text)),
    ]
}

fn milliseconds(time: Duration) -> Value {
    Value::gauge(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
