//! What an alert is to SNMP: a row of a table, and the content of a notification.
//!
//! Who decides that something is worth an alert is not known here; it hands over rows.

use jiff::Timestamp;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Somebody should look.
    Warning,
    /// Somebody should act.
    Critical,
}

impl Severity {
    /// The number in the MIB.
    pub const fn number(self) -> i32 {
        match self {
            Self::Info => 1,
            Self::Warning => 2,
            Self::Critical => 3,
        }
    }
}

/// One alert, firing or just resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its number, from 1 on, the same as long as it fires.
    pub index: u32,
    /// The rule that made it.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// The connector that it is about; empty if it is about the host.
    pub connector: String,
    /// Since when it has been firing.
    pub since: Timestamp,
    /// What is wrong, in one sentence.
    pub summary: String,
    /// What to do about it.
    pub action: String,
}
