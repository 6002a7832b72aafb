//! IF-MIB: interfaces and ifXTable.
//!
//! Row numbers are the kernel's interface indexes. The 32-bit objects are the low words
//! of the 64-bit ones: 500 Mbit/s turn ifInOctets over in 69 seconds, so pollers should
//! ask ifHCInOctets.
//!
//! Sources: RFC 2863; net-snmp 5.9.3, agent/mibgroup/if-mib, compared object by object
//! with a walk of snmpd. ifLinkUpDownTrapEnable is left out, as snmpd does.

use model::host::Interface;

use super::{Builder, Inputs};
use crate::oid::{Oid, join};
use crate::value::Value;

/// 1.3.6.1.2.1.2
const INTERFACES: &[u32] = &[1, 3, 6, 1, 2, 1, 2];

/// ifEntry.
const IF_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1];

/// ifXEntry.
const IFX_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1];

/// ifTableLastChange.
const TABLE_LAST_CHANGE: &[u32] = &[1, 3, 6, 1, 2, 1, 31, 1, 5];

/// ARPHRD_LOOPBACK (if_arp.h).
const LOOPBACK: u32 = 772;

/// What snmpd says for the loopback, which has no speed of its own: 10 Mbit/s.
const LOOPBACK_SPEED: u64 = 10_000_000;

const UP: i32 = 1;
const DOWN: i32 = 2;

pub(super) fn add(builder: &mut Builder, inputs: &Inputs<'_>) {
    let interfaces = &inputs.host.interfaces;
    let count = u64::try_from(interfaces.len()).unwrap_or(u64::MAX);
    builder.scalar(join(INTERFACES, &[1]).numbers(), Value::latched(count));
    builder.scalar(TABLE_LAST_CHANGE, Value::TimeTicks(0));
    let plain: Vec<u32> = (1..=22).collect();
    let mut table = builder.table(IF_ENTRY, &plain);
    for interface in interfaces.iter().filter(|one| one.index != 0) {
        table.row(&[interface.index], plain_cells(interface));
        table.row(&[interface.index], plain_counters(interface));
    }
    let extended: Vec<u32> = (1..=19).filter(|column| *column != 14).collect();
    let mut extension = builder.table(IFX_ENTRY, &extended);
    for interface in interfaces.iter().filter(|one| one.index != 0) {
        extension.row(&[interface.index], extended_cells(interface));
        extension.row(&[interface.index], extended_counters(interface));
    }
}

/// ifType as net-snmp tells it by the kernel's type (IANAifType-MIB; if_arp.h).
fn interface_type(hardware_type: u32) -> i32 {
    match hardware_type {
        LOOPBACK => 24,
        // ARPHRD_ETHER
        1 => 6,
        // ARPHRD_PPP
        512 => 23,
        // ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_SIT, ARPHRD_IPGRE
        768 | 769 | 776 | 778 => 131,
        // ARPHRD_IEEE80211
        801..=803 => 71,
        _ => 1,
    }
}

fn speed(interface: &Interface) -> u64 {
    match interface.speed {
        Some(speed) => speed,
        None if interface.hardware_type == LOOPBACK => LOOPBACK_SPEED,
        None => 0,
    }
}

const fn status(is_up: bool) -> i32 {
    if is_up { UP } else { DOWN }
}

fn plain_cells(interface: &Interface) -> [(u32, Value); 11] {
    [
        (1, Value::latched(u64::from(interface.index))),
        (2, Value::text(&interface.name)),
        (3, Value::Integer(interface_type(interface.hardware_type))),
        (4, Value::latched(u64::from(interface.mtu))),
        // Above 4.29 Gbit/s the largest number, and ifHighSpeed tells (RFC 2863).
        (5, Value::gauge(speed(interface))),
        (6, Value::Octets(interface.address.as_slice().into())),
        (7, Value::Integer(status(interface.is_admin_up))),
        (8, Value::Integer(status(interface.is_up))),
        (9, Value::TimeTicks(0)),
        (21, Value::Gauge32(0)),
        (22, Value::ObjectId(Oid::new(&[0, 0]))),
    ]
}

/// Packets to one receiver: the kernel counts all of them and those to many.
fn unicast(interface: &Interface) -> u64 {
    let receive = &interface.receive;
    receive.packets.saturating_sub(receive.multicast)
}

fn plain_counters(interface: &Interface) -> [(u32, Value); 11] {
    let (receive, transmit) = (&interface.receive, &interface.transmit);
    [
        (10, Value::counter(receive.bytes)),
        (11, Value::counter(unicast(interface))),
        (12, Value::counter(receive.multicast)),
        (13, Value::counter(receive.drops)),
        (14, Value::counter(receive.errors)),
        (15, Value::Counter32(0)),
        (16, Value::counter(transmit.bytes)),
        (17, Value::counter(transmit.packets)),
        (18, Value::Counter32(0)),
        (19, Value::counter(transmit.drops)),
        (20, Value::counter(transmit.errors)),
    ]
}

fn extended_cells(interface: &Interface) -> [(u32, Value); 6] {
    let has_connector = interface.hardware_type != LOOPBACK;
    [
        (1, Value::text(&interface.name)),
        (15, Value::gauge(speed(interface) / 1_000_000)),
        (16, Value::truth(interface.is_promiscuous)),
        (17, Value::truth(has_connector)),
        (18, Value::text("")),
        (19, Value::TimeTicks(0)),
    ]
}

fn extended_counters(interface: &Interface) -> [(u32, Value); 12] {
    let (receive, transmit) = (&interface.receive, &interface.transmit);
    [
        (2, Value::counter(receive.multicast)),
        (3, Value::Counter32(0)),
        (4, Value::Counter32(0)),
        (5, Value::Counter32(0)),
        (6, Value::Counter64(receive.bytes)),
        (7, Value::Counter64(unicast(interface))),
        (8, Value::Counter64(receive.multicast)),
        (9, Value::Counter64(0)),
        (10, Value::Counter64(transmit.bytes)),
        (11, Value::Counter64(transmit.packets)),
        (12, Value::Counter64(0)),
        (13, Value::Counter64(0)),
    ]
}
