//! Starts the built agent as a user would, and looks at it from outside.
//!
//! For the suite and the benches. A [`scene::Scene`] is a folder with logs and a
//! configuration, an [`agent::Agent`] is the running program, a [`page::Page`] is
//! what it serves. Everything waits for a condition with a deadline ([`wait`]); no
//! one sleeps a guessed time. What a promise is stands in the suite, not here.
//!
//! Known limit: the program is looked for beside the running test, so it must have
//! been built with the same profile before.

pub mod agent;
pub mod alertmanager;
pub mod client;
pub mod fake_clock;
pub mod http;
pub mod log_file;
pub mod page;
pub mod postfix;
pub mod prometheus;
pub mod receivers;
pub mod scene;
pub mod smtp;
pub mod snmp;
pub mod stand_in;
pub mod tls;
pub mod tools;
pub mod wait;
