//! `ztna-exporter snmp`: the module for pollers, users, and a test of those who are told.
//!
//! These commands stand beside a running agent. They read its configuration and look into
//! its store, and change neither.

mod send_test;
mod user;

use std::path::Path;

use clap::Subcommand;

pub use self::send_test::SendTestArgs;
pub use self::user::UserArgs;
use super::memory::{ENGINE_KEY, parse_engine};
use crate::cli::Failure;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum SnmpCommand {
    /// Print ZTNA-EXPORTER-MIB, the module that names our own objects.
    Mib,
    /// Make a user of SNMPv3: keys for this agent in two files, and the lines of the
    /// configuration that name them.
    ///
    /// The passphrases are the first and the second line of standard input, or of a file,
    /// and are not kept; one line serves for both. The keys fit one agent only.
    User(UserArgs),
    /// Send the test notification to the configured targets, and say how each fared.
    SendTest(SendTestArgs),
}

/// Runs one of them.
///
/// # Errors
///
/// What the user should know, with its exit code.
pub fn run(command: &SnmpCommand) -> Result<(), Failure> {
    match command {
        SnmpCommand::Mib => {
            crate::logging::print_result(snmp_agent::mib::TEXT.as_bytes())?;
            Ok(())
        }
        SnmpCommand::User(args) => user::run(args),
        SnmpCommand::SendTest(args) => send_test::run(args),
    }
}

/// The name of the engine of the agent that owns this store. `None` if there is no store,
/// or none in it.
fn engine_in(store: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match store::look_up(store, ENGINE_KEY) {
        Ok(value) => Ok(value
            .and_then(|value| parse_engine(&value))
            .map(|one| one.id)),
        Err(store::LookUpError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
