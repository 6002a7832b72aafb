//! ztnaConnTable, ztnaStateTable and ztnaEventTable: what connectors are and do.

use model::alert::Severity;
use model::connector::{
    Aspect, ConnectorKind, DegradedReason, Fact, IconState, Mood, ProbeFailure, Tool,
};
use model::snapshot::{ConnectorSnapshot, ToolSnapshot};
use model::standing::{Alerted, mood_of_aspect};

use super::super::indexes::pair;
use super::super::{Builder, Inputs};
use super::{Common, age_seconds, entry, object, shown};
use crate::oid_table::{aspect_number, event_number};
use crate::value::Value;

/// Numbers below `ztnaObjects`.
const CONNECTORS: u32 = 1;
const STATES: u32 = 5;
const EVENTS: u32 = 6;
const TOOLS: u32 = 8;
const POPS: u32 = 9;
const AGENT: u32 = 11;

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    add_agent(builder, inputs);
    let connectors: Vec<(u32, &ConnectorSnapshot)> = inputs
        .snapshot
        .connectors
        .iter()
        .filter_map(|one| Some((inputs.indexes.connectors.get(&one.name)?, one)))
        .collect();
    add_connectors(builder, inputs, &connectors);
    add_states(builder, inputs, &connectors);
    add_events(builder, inputs, &connectors);
    add_tools(builder, inputs, &connectors);
    add_pops(builder, inputs, &connectors);
}

fn add_agent(builder: &mut Builder, inputs: &Inputs<'_>) {
    let name = |number| object(inputs.base, &[AGENT, number]);
    let snapshot = inputs.snapshot;
    let is_caught_up = Value::truth(snapshot.is_caught_up);
    builder.scalar(name(1).numbers(), is_caught_up);
    builder.scalar_if_known(name(2).numbers(), snapshot.taken_at.map(Value::date));
    let count = u64::try_from(snapshot.connectors.len()).unwrap_or(u64::MAX);
    builder.scalar(name(3).numbers(), Value::gauge(count));
}

const fn kind_number(kind: ConnectorKind) -> i32 {
    match kind {
        ConnectorKind::NetskopePublisher => 2,
        ConnectorKind::NetskopeClient => 3,
        ConnectorKind::CatoClient => 4,
    }
}

const fn icon_number(icon: IconState) -> i32 {
    match icon {
        IconState::Unknown => 1,
        IconState::Enabled => 2,
        IconState::Disabled => 3,
        IconState::DisabledError => 4,
        IconState::FailClosed => 5,
        IconState::Absent => 6,
    }
}

/// The column of ztnaConnTable that shows an aspect.
const fn aspect_column(aspect: Aspect) -> u32 {
    match aspect {
        Aspect::Registration => 5,
        Aspect::Tunnel => 6,
        Aspect::Update => 10,
        Aspect::Client => 11,
        Aspect::Steering => 12,
        Aspect::Configuration => 13,
        Aspect::PrivateAccess => 14,
        Aspect::InternetSecurity => 15,
    }
}

fn common(connector: &ConnectorSnapshot, aspect: Aspect) -> Common {
    let (kind, state) = (connector.kind, &connector.state);
    let view = state.view(aspect);
    match (view.mood, mood_of_aspect(kind, state, aspect)) {
        // Only what belongs to something that is off as it should be is judged milder.
        (Mood::Bad, Mood::Open) => Common::Disabled,
        (_, mood) => Common::of(view.state, mood),
    }
}

/// As a whole. Good or not is what every face says; here is only how bad.
fn whole(connector: &ConnectorSnapshot, alerted: &Alerted<'_>) -> Common {
    let mut parts = connector.kind.aspects().iter();
    match alerted.mood_of(connector) {
        Mood::Good => Common::Ok,
        Mood::Open => parts
            .next()
            .map_or(Common::Unknown, |main| common(connector, *main)),
        Mood::Bad => {
            let alert = alerted.worst(&connector.name);
            let is_critical = alert.is_some_and(|row| row.severity == Severity::Critical);
            let is_error = |part: &Aspect| common(connector, *part) == Common::Error;
            if is_critical || parts.any(is_error) {
                Common::Error
            } else {
                Common::Warning
            }
        }
    }
}

/// What the tool said, or else what the logs said.
fn fact(connector: &ConnectorSnapshot, fact: Fact) -> Option<Value> {
    let told = connector.tool_facts.get(fact);
    let text = told.or_else(|| connector.state.facts.get(fact))?;
    Some(shown(text.expose()))
}

/// BITS: the first bit is the highest of the first octet (RFC 2578 7.1.4).
fn degraded(connector: &ConnectorSnapshot) -> Value {
    let bits = connector
        .state
        .degraded()
        .into_iter()
        .map(|reason| match reason {
            DegradedReason::SteeringFailed => 0x80_u8,
            DegradedReason::ConfigurationUpdateFailed => 0x40,
            DegradedReason::ServiceImpaired => 0x20,
        });
    Value::Octets([bits.fold(0, |all, bit| all | bit)].into())
}

fn add_connectors(
    builder: &mut Builder,
    inputs: &Inputs<'_>,
    connectors: &[(u32, &ConnectorSnapshot)],
) {
    let columns: Vec<u32> = (2..=24).collect();
    let alerted = Alerted::of(inputs.snapshot);
    let mut table = builder.table(entry(inputs, CONNECTORS).numbers(), &columns);
    for (index, connector) in connectors {
        let index = &[*index];
        let kind = connector.kind;
        for aspect in kind.aspects() {
            let state = common(connector, *aspect).value();
            table.cell(aspect_column(*aspect), index, state);
        }
        let heard_at = connector.heard_at;
        let silence = heard_at.map(|at| Value::gauge(age_seconds(at, inputs.now)));
        let icon = connector.state.client.state.icon();
        let icon = kind
            .has(Aspect::Client)
            .then(|| Value::Integer(icon_number(icon)));
        let has_tunnel = kind.has(Aspect::Tunnel);
        let is_up = has_tunnel.then(|| Value::truth(connector.state.is_tunnel_up()));
        for (column, value) in [
            (2, Some(shown(&connector.name))),
            (3, Some(Value::Integer(kind_number(kind)))),
            (4, fact(connector, Fact::Version)),
            (7, is_up),
            (8, connector.state.since(Aspect::Tunnel).map(Value::date)),
            (9, Some(Value::Counter64(connector.tunnel_reconnects))),
            (16, icon),
            (17, Some(degraded(connector))),
            (18, heard_at.map(Value::date)),
            (19, silence),
            (20, Some(Value::truth(connector.is_silent))),
            (21, connector.configured_at.map(Value::date)),
            (22, fact(connector, Fact::Gateway)),
            (23, fact(connector, Fact::Pop)),
            (24, Some(whole(connector, &alerted).value())),
        ] {
            table.cell_if_known(column, index, value);
        }
    }
}

fn add_states(
    builder: &mut Builder,
    inputs: &Inputs<'_>,
    connectors: &[(u32, &ConnectorSnapshot)],
) {
    let mut table = builder.table(entry(inputs, STATES).numbers(), &[2, 3, 4, 5, 6, 7]);
    for (connector_index, connector) in connectors {
        for aspect in connector.kind.aspects() {
            let view = connector.state.view(*aspect);
            let index = &[*connector_index, aspect_number(*aspect)];
            let event = view.event.map_or("", |event| event.name());
            let state = common(connector, *aspect).value();
            table.cell(2, index, Value::text(aspect.name()));
            table.cell(3, index, Value::text(view.state));
            table.cell(4, index, state);
            table.cell_if_known(5, index, view.since.map(Value::date));
            table.cell(6, index, Value::text(view.reason.as_str()));
            table.cell(7, index, Value::text(event));
        }
    }
}

/// A text as part of a row's index: its length, then its octets (RFC 2578 7.7).
fn text_index(text: &str) -> Vec<u32> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let octets = text.bytes().map(u32::from);
    std::iter::once(length).chain(octets).collect()
}

fn add_events(
    builder: &mut Builder,
    inputs: &Inputs<'_>,
    connectors: &[(u32, &ConnectorSnapshot)],
) {
    let mut table = builder.table(entry(inputs, EVENTS).numbers(), &[3, 4, 5, 6]);
    for (connector_index, connector) in connectors {
        for (key, count) in &connector.events {
            let reason = key.reason.as_str();
            let mut index = vec![*connector_index, event_number(key.kind)];
            index.extend(text_index(reason));
            let last = connector
                .last_events
                .iter()
                .find(|(kind, _)| *kind == key.kind);
            table.cell(3, &index, Value::text(key.kind.name()));
            table.cell(4, &index, Value::text(reason));
            table.cell(5, &index, Value::Counter64(*count));
            table.cell_if_known(6, &index, last.map(|(_, at)| Value::date(*at)));
        }
    }
}

const fn tool_number(tool: Tool) -> u32 {
    match tool {
        Tool::Nsdiag => 1,
        Tool::StAgentCli => 2,
        Tool::CatoSdp => 3,
    }
}

const fn failure_column(failure: ProbeFailure) -> u32 {
    match failure {
        ProbeFailure::NotFound => 7,
        ProbeFailure::Denied => 8,
        ProbeFailure::Timeout => 9,
        ProbeFailure::ExitStatus => 10,
        ProbeFailure::OutputTooLong => 11,
        ProbeFailure::Unintelligible => 12,
        ProbeFailure::System => 13,
        ProbeFailure::Unsafe => 14,
    }
}

fn add_tools(builder: &mut Builder, inputs: &Inputs<'_>, connectors: &[(u32, &ConnectorSnapshot)]) {
    let columns: Vec<u32> = (2..=14).collect();
    let mut table = builder.table(entry(inputs, TOOLS).numbers(), &columns);
    for (connector_index, connector) in connectors {
        for tool in &connector.tools {
            let index = &[*connector_index, tool_number(tool.tool)];
            for (column, value) in tool_cells(tool) {
                table.cell_if_known(column, index, value);
            }
            for (failure, count) in &tool.failures {
                table.cell(failure_column(*failure), index, Value::Counter64(*count));
            }
        }
    }
}

fn tool_cells(tool: &ToolSnapshot) -> [(u32, Option<Value>); 5] {
    let duration = tool.duration.map(|time| {
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Value::gauge(milliseconds)
    });
    [
        (2, Some(Value::text(tool.tool.name()))),
        (3, tool.is_success.map(Value::truth)),
        (4, duration),
        (5, tool.succeeded_at.map(Value::date)),
        (6, Some(Value::Counter64(tool.runs))),
    ]
}

fn add_pops(builder: &mut Builder, inputs: &Inputs<'_>, connectors: &[(u32, &ConnectorSnapshot)]) {
    let mut table = builder.table(entry(inputs, POPS).numbers(), &[2, 3, 4]);
    for (connector_index, connector) in connectors {
        for (pop, round_trips) in &connector.round_trips {
            let Some(number) = inputs.indexes.pops.get(&pair(&connector.name, pop)) else {
                continue;
            };
            let index = &[*connector_index, number];
            table.cell(2, index, shown(pop));
            table.cell(3, index, Value::Counter64(round_trips.count()));
            table.cell(4, index, Value::Counter64(round_trips.sum_ms));
        }
    }
}
