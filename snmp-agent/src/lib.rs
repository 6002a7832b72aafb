//! What the agent knows, as SNMP: a tree of objects, and who may ask for them.
//!
//! [`tree`] makes objects of a sample of the host and a snapshot of the connectors; it is
//! pure. Nothing here reads the host, keeps state over restarts or decides what is worth
//! an alert: those come in, and go out through traits.

pub mod alert;
pub mod ber;
pub mod counters;
pub mod oid;
pub mod oid_table;
pub mod tree;
pub mod value;
