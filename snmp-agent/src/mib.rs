//! The text of ZTNA-EXPORTER-MIB, for pollers that want names instead of numbers.
//!
//! The tests of [`crate::tree::ztna`] hold it against what is served.

/// The text as `snmp mib` prints it, with the default base.
pub const TEXT: &str = include_str!("../mib/ZTNA-EXPORTER-MIB.txt");

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// The modules of the IETF may not be given away with us, so the check needs a folder
    /// of them, named without endings: `ZTNA_SMI_PATH`.
    #[test]
    fn the_strictest_linter_finds_nothing() {
        let Ok(path) = std::env::var("ZTNA_SMI_PATH") else {
            println!("ZTNA_SMI_PATH is not set, this check is left out");
            return;
        };
        let text = concat!(env!("CARGO_MANIFEST_DIR"), "/mib/ZTNA-EXPORTER-MIB.txt");
        let output = Command::new("smilint")
            .args(["-l", "6", text])
            .env("SMIPATH", path)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    }

    #[test]
    fn four_lines_are_all_that_a_number_of_our_own_would_change() {
        let lines = TEXT.lines().filter(|line| line.ends_with("-- BASE"));
        assert_eq!(lines.count(), 4);
    }
}
