//! The program on the connector's host: the only crate that knows all rooms.
//!
//! A library so that the end-to-end tests can reach the demo's scenario and the
//! log generator; the binary is a thin `main` over [`cli`].

pub mod agent;
pub mod alerting;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod corpus;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod host;
pub mod http;
pub mod logging;
pub mod metrics;
pub mod parse;
pub mod pipeline;
pub mod probe;
pub mod runbooks;
pub mod snmp;
