//! The promises to the user, end to end: one program, one file for each promise.
//!
//! What starts and watches the agent is the crate `harness`. A promise that one
//! room can keep alone is tested in that room.

// `cfg(test)` is always so here; it is said for clippy, which else takes helpers
// beside the tests for production code.
#[cfg(test)]
mod alert_commands;
#[cfg(test)]
mod alerts;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod configs;
#[cfg(test)]
mod dashboards;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod exposition;
#[cfg(test)]
mod host;
#[cfg(test)]
mod http_abuse;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod licences;
#[cfg(test)]
mod loss;
#[cfg(test)]
mod page;
#[cfg(test)]
mod parse_kinds;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod snmp;
#[cfg(test)]
mod store_faults;
#[cfg(test)]
mod syscalls;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod timelines;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod web_config;
