//! What the agent counts about its own packets: the snmp group and its relatives.
//!
//! SNMPv2-MIB snmp (1.3.6.1.2.1.11), SNMP-MPD-MIB snmpMPDStats, SNMP-TARGET-MIB's counter
//! of unknown contexts, SNMP-USER-BASED-SM-MIB usmStats. What the agent cannot count is
//! left out: a 0 that never moves would be a lie.

use super::{Builder, Inputs, Live};
use crate::counters::Counter;
use crate::oid::join;
use crate::value::Value;

/// 1.3.6.1.2.1.11
const SNMP: &[u32] = &[1, 3, 6, 1, 2, 1, 11];

/// Tails below [`SNMP`] (RFC 3418, and RFC 1213 for those that it made obsolete and
/// that snmpd still serves).
const SNMP_GROUP: &[(u32, Counter)] = &[
    (1, Counter::InPackets),
    (2, Counter::OutPackets),
    (3, Counter::BadVersions),
    (4, Counter::BadCommunityNames),
    (5, Counter::BadCommunityUses),
    (6, Counter::ParseErrors),
    (13, Counter::RequestedVariables),
    (15, Counter::GetRequests),
    (16, Counter::GetNexts),
    (17, Counter::SetRequests),
    (20, Counter::TooBigs),
    (21, Counter::NoSuchNames),
    (28, Counter::Responses),
    (29, Counter::Traps),
    (31, Counter::SilentDrops),
];

/// Names of the other counters: RFC 3412, RFC 3413, RFC 3414.
const OTHERS: &[(&[u32], Counter)] = &[
    (&[11, 2, 1, 1], Counter::UnknownSecurityModels),
    (&[11, 2, 1, 2], Counter::InvalidMessages),
    (&[11, 2, 1, 3], Counter::UnknownPduHandlers),
    (&[12, 1, 5], Counter::UnknownContexts),
    (&[15, 1, 1, 1], Counter::UnsupportedSecurityLevels),
    (&[15, 1, 1, 2], Counter::NotInTimeWindows),
    (&[15, 1, 1, 3], Counter::UnknownUserNames),
    (&[15, 1, 1, 4], Counter::UnknownEngineIds),
    (&[15, 1, 1, 5], Counter::WrongDigests),
    (&[15, 1, 1, 6], Counter::DecryptionErrors),
];

/// snmpModules: 1.3.6.1.6.3
const MODULES: &[u32] = &[1, 3, 6, 1, 6, 3];

/// snmpEnableAuthenTraps' "disabled": a stranger with a wrong community must not make
/// us send packets.
const DISABLED: i32 = 2;

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    for (number, counter) in SNMP_GROUP {
        builder.live(join(SNMP, &[*number]).numbers(), Live::Counter(*counter));
    }
    builder.scalar(join(SNMP, &[30]).numbers(), Value::Integer(DISABLED));
    let has_engine = !inputs.facts.engine_id.is_empty();
    // Without SNMPv3 nothing of this can be counted.
    let others = OTHERS.iter().filter(|_| has_engine);
    for (tail, counter) in others {
        builder.live(join(MODULES, tail).numbers(), Live::Counter(*counter));
    }
}

/// The name of the counter that a Report tells (RFC 3412 7.1, RFC 3414 3.2), with its
/// instance.
pub(crate) fn report_name(counter: Counter) -> Option<Vec<u32>> {
    let (tail, _) = OTHERS.iter().find(|(_, one)| *one == counter)?;
    Some([MODULES, tail, &[0]].concat())
}
