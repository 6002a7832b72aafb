//! What the agent knows, as SNMP: a tree of objects, who may ask for them, and how.
//!
//! [`tree`] makes objects of a sample of the host and a snapshot of the connectors.
//! [`ber`], [`message`], [`usm`], [`access`] and [`answer`] turn a datagram into an answer;
//! all of that is pure. [`front`] decides whose datagrams are read at all. [`run`] has the
//! sockets and the tasks, [`notify`] what is told without being asked.
//!
//! Nothing here reads the host or a clock, keeps state over restarts, or decides what is
//! worth an alert: those come in, and go out, through the traits of [`keep`] and
//! [`notify`].

pub mod access;
pub mod alert;
pub mod answer;
pub mod ber;
pub mod counters;
pub mod discovery;
pub mod front;
pub mod keep;
pub mod message;
pub mod mib;
pub mod notify;
pub mod oid;
pub mod oid_table;
pub mod provider;
pub mod run;
pub mod settings;
pub mod tree;
pub mod users;
pub mod usm;
pub mod value;
