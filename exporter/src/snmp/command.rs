//! `ztna-exporter snmp`: the module for pollers.

use crate::cli::Failure;

/// Prints the module.
///
/// # Errors
///
/// If nobody takes it.
pub fn mib() -> Result<(), Failure> {
    crate::logging::print_result(snmp_agent::mib::TEXT.as_bytes())?;
    Ok(())
}
