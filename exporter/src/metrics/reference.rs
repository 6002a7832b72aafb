//! Writes `docs/metrics.md`: every family, its labels and their closed sets.
//!
//! The tables follow from the model's signals and from a page of the agent's own
//! registry with everything on it, so the document cannot name what the page does not
//! show; a test keeps the file current. What the numbers are good for (alerts,
//! dashboards) is not told here.

use std::fmt;
use std::fmt::Write as _;

use alerts::notification::NotificationKind;
use alerts::outbox::RESULTS;
use jiff::Timestamp;
use model::alert::{AgentFault, Severity};
use model::connector::{
    Aspect, ConnectorKind, DegradedReason, Fact, IconState, ProbeFailure, Service, Tool, states_of,
};
use model::event::EventKind;
use model::histogram::{OTHER_POP, POPS_MAX};
use model::host::threshold::HostResource;
use model::host::{HOST_ROWS_MAX, HostCollector};
use model::log::{DateOrderTaken, GenerationCause, LineOutcome, LossCause};
use model::probe::{ProbeFault, ProbePhase};
use model::signal::{
    AlertSignal, HostSignal, ProbeSignal, SIGNALS, Signal, SignalKind, SignalRow, Unit,
};
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::registry::Registry;

use super::process::PROCESS_FAMILIES;
use super::{AgentMetrics, text};

const OPENING: &str = "\
<!-- Generated from the program's tables: UPDATE_EXPECT=1 cargo test -p ztna-exporter -->
# Metrics

Everything that `/metrics` shows. Names keep their meaning; a family is only ever added.
Counters of connectors and logs survive restarts of the agent and never step back; only
a damaged store, set aside, begins them again at 0 (`ztna_store_resets_total`). A gauge
that nobody has set yet is absent. Every value of a closed set is there from the start,
counters at 0, so that `increase()` sees the first event.

No label ever holds a user, a visited host, a file or a program. Some carry text that is
not from a closed set. The labels of `ztna_connector_info` say what the vendor's own tool
told about an endpoint client, and are left out where it told nothing; the version may
also be that of a Cato Client's file name, as far as it is digits and dots. Who is signed in
stands there as a keyed hash, unless `privacy.user_labels` allows the name. The label
`pop` is the vendor's name of a point of presence from a client's log, if it is a short
plain word. The labels `mountpoint` and `device` are names that the host's administrators
gave; where an endpoint client is watched, what people mount under their own names is
shown as `<redacted>`.

The number of series is bounded. A connector has one series for each value of each closed
set, one `ztna_connector_info`, and round trips of at most {pops_max} points of presence
and of `other`; a part that its product does not have is not there. A probe has one series
for each cause that its kind of probe can fail with, and a few more. The host has at most
{rows_max} file systems, interfaces and disks, each.

## Connectors and their logs

| name | type | unit | labels | meaning |
|---|---|---|---|---|
";

const PROBES_OPENING: &str = "
## Active probes and the vendors' tools

Runs and failures survive restarts of the agent. What a run measured is that of the last
one, and absent until the first after a start.

| name | type | unit | labels | meaning |
|---|---|---|---|---|
";

const ALERTS_OPENING: &str = "
## Alerts

Every rule, receiver and fault has its series from the start. What the rules are and how
messages travel is in [alerts.md](alerts.md).

| name | type | unit | labels | meaning |
|---|---|---|---|---|
";

const HOST_OPENING: &str = "
## The host

Families that node_exporter has too share its names after the prefix. Counters are the
kernel's own: they begin at 0 with the host, not with the agent. If no look at the host
came for three intervals, and for a minute at least, all of them are absent. What could not
be read is absent too. Interfaces `veth…` are left out: containers' ends have a new name at
each start, and would be a series each; the JSON and SNMP have them.

| name | type | unit | labels | meaning |
|---|---|---|---|---|
";

const AGENT_OPENING: &str = "
## The agent itself

Counted since the agent's start; nothing of it is kept over a restart.

| name | type | unit | labels | meaning |
|---|---|---|---|---|
";

const EVENTS_OPENING: &str = "
## Events

Values of the label `event`. The label `reason` tells causes apart where the catalogue
of the connector's log lines does, and is empty elsewhere; a cause without a word of its
own is `other`.

| event | meaning |
|---|---|
";

/// The whole document.
///
/// # Errors
///
/// Writing to a `String` does not fail; the error is there because the encoder's
/// interface has it.
pub fn markdown() -> Result<String, fmt::Error> {
    let mut document = OPENING
        .replace("{pops_max}", &POPS_MAX.to_string())
        .replace("{rows_max}", &HOST_ROWS_MAX.to_string());
    let mut section = Section::Connectors;
    for row in SIGNALS {
        let of_row = Section::of(row.signal);
        if section != of_row {
            document.push_str(of_row.opening());
            section = of_row;
        }
        let labels: Vec<String> = row
            .labels
            .iter()
            .map(|label| format!("`{label}`: {}", values(row, label)))
            .collect();
        let (name, kind, unit) = (row.name, kind_name(row.kind), unit_name(row.unit.suffix()));
        write_row(
            &mut document,
            &[name, kind, unit, &labels.join("<br>"), row.help],
        )?;
    }
    document.push_str(AGENT_OPENING);
    for family in agent_families()? {
        let labels = family.labels_with_values();
        let unit = unit_name(unit_of(&family.name));
        write_row(
            &mut document,
            &[&family.name, &family.kind, unit, &labels, &family.help],
        )?;
    }
    for family in PROCESS_FAMILIES {
        let kind = if family.is_counter {
            "counter"
        } else {
            "gauge"
        };
        write_row(
            &mut document,
            &[
                family.name,
                kind,
                unit_name(unit_of(family.name)),
                "",
                family.help,
            ],
        )?;
    }
    document.push_str(EVENTS_OPENING);
    for event in EventKind::ALL {
        writeln!(document, "| `{}` | {} |", event.name(), event.meaning())?;
    }
    Ok(document)
}

/// A part of the table of signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Connectors,
    Probes,
    Host,
    Alerts,
}

impl Section {
    const fn of(signal: Signal) -> Self {
        match signal {
            Signal::Probe(_) => Self::Probes,
            Signal::Host(_) => Self::Host,
            Signal::Alert(_) => Self::Alerts,
            _ => Self::Connectors,
        }
    }

    const fn opening(self) -> &'static str {
        match self {
            // Follows the opening of the document.
            Self::Connectors => "",
            Self::Probes => PROBES_OPENING,
            Self::Host => HOST_OPENING,
            Self::Alerts => ALERTS_OPENING,
        }
    }
}

fn write_row(document: &mut String, cells: &[&str; 5]) -> Result<(), fmt::Error> {
    let [name, kind, unit, labels, help] = cells;
    writeln!(
        document,
        "| `{name}` | {kind} | {unit} | {labels} | {help}. |"
    )
}

const fn kind_name(kind: SignalKind) -> &'static str {
    match kind {
        SignalKind::Counter => "counter",
        SignalKind::Gauge => "gauge",
        SignalKind::StateSet => "gauge, one of a set is 1",
        SignalKind::Info => "info, always 1",
        SignalKind::Histogram => "histogram",
    }
}

const fn unit_name(suffix: &'static str) -> &'static str {
    if suffix.is_empty() { "–" } else { suffix }
}

/// The unit that ends a name.
fn unit_of(name: &str) -> &'static str {
    let stem = name.strip_suffix("_total").unwrap_or(name);
    [Unit::Bytes.suffix(), Unit::Seconds.suffix()]
        .into_iter()
        .find(|unit| stem.ends_with(unit))
        .unwrap_or("")
}

/// The values that a label of a signal can have, for people.
fn values(row: &SignalRow, label: &str) -> String {
    match label {
        "connector" if matches!(row.signal, Signal::Probe(_)) => {
            "the configured name; absent if the probe belongs to none".to_owned()
        }
        "version" | "cipher" if row.signal == Signal::Probe(ProbeSignal::TlsInfo) => {
            "as agreed".to_owned()
        }
        "os" | "version" | "kernel" if matches!(row.signal, Signal::Host(_)) => {
            "as the system tells".to_owned()
        }
        "connector" | "log" => "the configured name".to_owned(),
        "kind" => words(ConnectorKind::ALL, ConnectorKind::name),
        "event" => "see [events](#events)".to_owned(),
        "reason" if row.signal == Signal::Degraded => {
            words(DegradedReason::ALL, DegradedReason::name)
        }
        "reason" => "a word of the catalogue, or empty".to_owned(),
        "aspect" => words(Aspect::ALL, Aspect::name),
        "outcome" => words(LineOutcome::ALL, LineOutcome::name),
        "order" => words(DateOrderTaken::ALL, DateOrderTaken::name),
        "function" => "a function that the catalogue knows".to_owned(),
        "service" => words(Service::ALL, Service::name),
        "probe" => format!(
            "the configured name, or a tool: {}",
            words(Tool::ALL, Tool::name)
        ),
        "phase" => words(ProbePhase::ALL, ProbePhase::name),
        "mode" => modes(row.signal),
        "mountpoint" => "where it is mounted".to_owned(),
        "device" => "the interface's or disk's name".to_owned(),
        "protocol" => "`tcp` `udp`".to_owned(),
        "process" => "`connector` `largest` `busiest`".to_owned(),
        "resource" => words(HostResource::ALL, HostResource::name),
        "collector" => words(HostCollector::ALL, HostCollector::name),
        "state" | "status" => state_words(row.signal).unwrap_or_else(|| label.to_owned()),
        "cause" => cause_words(row.signal).unwrap_or_else(|| label.to_owned()),
        "rule" => "the rule's id".to_owned(),
        "severity" => words(Severity::ALL, Severity::name),
        "message" => words(NotificationKind::WORDS, |word| word),
        "receiver" => "the receiver's configured name".to_owned(),
        "result" => words(RESULTS, |word| word),
        "profile" => "the update profile's configured name".to_owned(),
        "fault" => words(AgentFault::ALL, AgentFault::name),
        "pop" if row.signal == Signal::GatewayRtt => {
            format!("a point of presence, or `{OTHER_POP}`")
        }
        fact if Fact::from_name(fact).is_some() => "as told, or absent".to_owned(),
        unknown => unknown.to_owned(),
    }
}

/// The states of a state set. `None` for what is none.
fn state_words(signal: Signal) -> Option<String> {
    let aspect = match signal {
        Signal::ClientIcon => return Some(words(IconState::ALL, IconState::name)),
        Signal::TunnelState => Aspect::Tunnel,
        Signal::RegistrationState => Aspect::Registration,
        Signal::UpdateState => Aspect::Update,
        Signal::ClientStatus => Aspect::Client,
        Signal::SteeringState => Aspect::Steering,
        Signal::ConfigurationState => Aspect::Configuration,
        // Both services have the same states.
        Signal::ServiceState => Service::PrivateAccess.aspect(),
        Signal::Alert(AlertSignal::OutboxMessages) => {
            return Some("`queued` `retrying`".to_owned());
        }
        _ => return None,
    };
    Some(words(&states_of(aspect), |state| state))
}

/// The causes that a counter tells apart. `None` for one that tells none apart.
fn cause_words(signal: Signal) -> Option<String> {
    match signal {
        Signal::LogLost => Some(words(LossCause::ALL, LossCause::name)),
        Signal::LogGenerations => Some(words(GenerationCause::ALL, GenerationCause::name)),
        Signal::Probe(ProbeSignal::Failures) => Some(format!(
            "of a tool {}; of a probe, as far as its kind can fail so, {}",
            words(ProbeFailure::ALL, ProbeFailure::name),
            words(ProbeFault::ALL, ProbeFault::name)
        )),
        _ => None,
    }
}

/// What a processor does: the kernel's eight, or what they come to.
fn modes(signal: Signal) -> String {
    if signal == Signal::Host(HostSignal::CpuSeconds) {
        "`user` `nice` `system` `idle` `iowait` `irq` `softirq` `steal`".to_owned()
    } else {
        "`user` `system` `idle` `iowait` `steal`".to_owned()
    }
}

fn words<S: Copy>(all: &[S], name: fn(S) -> &'static str) -> String {
    all.iter()
        .map(|value| format!("`{}`", name(*value)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A family as the page shows it.
#[derive(Debug, Default)]
struct ShownFamily {
    name: String,
    help: String,
    kind: String,
    /// Label names and values of all its samples, in their order, each once.
    labels: Vec<(String, String)>,
}

impl ShownFamily {
    fn labels_with_values(&self) -> String {
        let mut cell = String::new();
        let mut last_name = "";
        for (name, value) in &self.labels {
            // What stands for all values stands once.
            let in_words = match name.as_str() {
                // It changes with each release; a table of it would be old at once.
                "version" => Some("its number"),
                "target" => Some("the configured name"),
                _ => None,
            };
            if name == last_name {
                if in_words.is_some() {
                    continue;
                }
                cell.push(' ');
            } else {
                if !cell.is_empty() {
                    cell.push_str("<br>");
                }
                cell.push_str(&format!("`{name}`: "));
            }
            cell.push_str(&in_words.map_or_else(|| format!("`{value}`"), str::to_owned));
            last_name = name;
        }
        cell
    }
}

/// Reads the agent's families off a page on which each of them has a line.
fn agent_families() -> Result<Vec<ShownFamily>, fmt::Error> {
    let mut registry = Registry::default();
    let metrics = AgentMetrics::register(&mut registry);
    metrics.store_writable(true);
    metrics.watch_active(true);
    metrics.web_config(true);
    metrics.web_certificate(Some(Timestamp::UNIX_EPOCH));
    metrics.reload(true, Timestamp::UNIX_EPOCH);
    metrics.snmp.show_all();
    let mut openmetrics = String::new();
    encode_registry(&mut openmetrics, &registry)?;
    let mut families: Vec<ShownFamily> = Vec::new();
    for line in text::to_text_004(&openmetrics).lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|l| l.split_once(' ')) {
            let help = help.trim_end_matches('.').to_owned();
            families.push(ShownFamily {
                name: name.to_owned(),
                help,
                ..ShownFamily::default()
            });
        } else if let Some(family) = families.last_mut() {
            match line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' ')) {
                Some((_, kind)) => family.kind = kind.to_owned(),
                None => learn_labels(family, line),
            }
        }
    }
    families.retain(|family| !family.name.starts_with("process_"));
    families.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(families)
}

/// Our own label values hold neither commas nor quotes, so splitting is enough.
fn learn_labels(family: &mut ShownFamily, sample: &str) {
    let Some((_, rest)) = sample.split_once('{') else {
        return;
    };
    let Some((labels, _)) = rest.split_once('}') else {
        return;
    };
    for (name, value) in labels.split(',').filter_map(|label| label.split_once('=')) {
        let label = (name.to_owned(), value.trim_matches('"').to_owned());
        if !family.labels.contains(&label) {
            family.labels.push(label);
        }
    }
    // Families keep their children in no order of their own. Bounds of buckets come
    // in rising order, which is not that of their text.
    if family.kind != "histogram" {
        family.labels.sort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect_file;

    #[test]
    fn the_document_is_current() {
        expect_file!["../../../docs/metrics.md"].assert_eq(&markdown().unwrap());
    }

    #[test]
    fn every_signal_has_words_for_each_of_its_labels() {
        for row in SIGNALS {
            for label in row.labels {
                assert_ne!(values(row, label), *label, "{}", row.name);
            }
        }
    }
}
