//! The text of ZTNA-EXPORTER-MIB, for pollers that want names instead of numbers.
//!
//! The tests of [`crate::tree::ztna`] hold it against what is served; a row of the
//! checklist (`tests/suite/conformance/clients.rs`) has it read by the strictest linter.

/// The text as `snmp mib` prints it, with the default base.
pub const TEXT: &str = include_str!("../mib/ZTNA-EXPORTER-MIB.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_lines_are_all_that_a_number_of_our_own_would_change() {
        let lines = TEXT.lines().filter(|line| line.ends_with("-- BASE"));
        assert_eq!(lines.count(), 4);
    }
}
