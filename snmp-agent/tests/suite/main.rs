//! Promises of the agent, held with net-snmp's own tools and with datagrams of our making.

#![cfg(test)]

mod conformance;
mod datagram;
mod freshness;
mod harness;
mod mutated;
mod notifications;
mod pollers;
mod proc;
mod running;
mod snmpd;
mod spoil;
mod subtrees;
mod tools;
mod v3;
