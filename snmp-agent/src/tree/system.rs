//! SNMPv2-MIB system group, and snmpEngine of SNMP-FRAMEWORK-MIB.
//!
//! What pollers recognise a Linux host by stays what net-snmp's agent says: sysDescr is
//! `uname -a`, sysObjectID net-snmp's number for Linux (LibreNMS and Zabbix look for it).
//! sysUpTime is the agent's uptime, not the host's: a restart of ours tells pollers that
//! counters begin anew.
//!
//! sysServices is left out, as snmpd leaves it out unless configured.

use super::{Builder, Inputs, Live};
use crate::oid::{Oid, join};
use crate::value::Value;

/// 1.3.6.1.2.1.1
const SYSTEM: &[u32] = &[1, 3, 6, 1, 2, 1, 1];

/// netSnmpAgentOIDs.10: net-snmp on Linux (NET-SNMP-TC).
const LINUX: &[u32] = &[1, 3, 6, 1, 4, 1, 8072, 3, 2, 10];

/// snmpEngine, 1.3.6.1.6.3.10.2.1 (RFC 3411).
const ENGINE: &[u32] = &[1, 3, 6, 1, 6, 3, 10, 2, 1];

/// sysORTable's entry.
const MODULES: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 9, 1];

/// What the agent implements: sysORID and sysORDescr.
const IMPLEMENTED: &[(&[u32], &str)] = &[
    (
        &[1, 3, 6, 1, 6, 3, 1],
        "The MIB module for SNMPv2 entities.",
    ),
    (
        &[1, 3, 6, 1, 6, 3, 10, 3, 1, 1],
        "The SNMP management architecture.",
    ),
    (
        &[1, 3, 6, 1, 6, 3, 11, 3, 1, 1],
        "Message processing and dispatching.",
    ),
    (
        &[1, 3, 6, 1, 6, 3, 15, 2, 1, 1],
        "The user-based security model.",
    ),
    (&[1, 3, 6, 1, 2, 1, 31], "Interfaces, with 64-bit counters."),
    (
        &[1, 3, 6, 1, 2, 1, 25, 7, 1],
        "The host's storage and processors.",
    ),
    (
        &[1, 3, 6, 1, 4, 1, 2021],
        "The host as UCD-SNMP-MIB shows it.",
    ),
];

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    let host = &inputs.host.system;
    let mut scalar = |number, value| builder.scalar(join(SYSTEM, &[number]).numbers(), value);
    scalar(1, Value::text(&host.kernel));
    scalar(2, Value::ObjectId(Oid::new(LINUX)));
    scalar(4, Value::text(&inputs.facts.contact));
    scalar(5, Value::text(&host.hostname));
    scalar(6, Value::text(&inputs.facts.location));
    // Nothing is added to or taken from sysORTable while the agent runs.
    scalar(8, Value::TimeTicks(0));
    builder.live(join(SYSTEM, &[3]).numbers(), Live::Uptime);
    add_modules(builder, inputs);
    add_engine(builder, inputs);
}

fn add_modules(builder: &mut Builder, inputs: &Inputs<'_>) {
    let mut table = builder.table(MODULES, &[2, 3, 4]);
    let own = join(inputs.base.numbers(), &[1]);
    let rows = IMPLEMENTED
        .iter()
        .map(|(name, about)| (Oid::new(name), *about))
        .chain([(own, "Zero-trust connectors: ZTNA-EXPORTER-MIB.")]);
    for (index, (name, about)) in (1..).zip(rows) {
        table.row(
            &[index],
            [
                (2, Value::ObjectId(name)),
                (3, Value::text(about)),
                (4, Value::TimeTicks(0)),
            ],
        );
    }
}

/// Without SNMPv3 there is no engine to tell of.
fn add_engine(builder: &mut Builder, inputs: &Inputs<'_>) {
    let facts = inputs.facts;
    if facts.engine_id.is_empty() {
        return;
    }
    let name = |number| join(ENGINE, &[number]);
    let engine_id = Value::Octets(facts.engine_id.as_slice().into());
    builder.scalar(name(1).numbers(), engine_id);
    builder.live(name(2).numbers(), Live::EngineBoots);
    builder.live(name(3).numbers(), Live::EngineTime);
    let size = Value::latched(u64::from(facts.message_size_max));
    builder.scalar(name(4).numbers(), size);
}
