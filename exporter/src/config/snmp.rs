//! The section `snmp`: who may poll, and who is told.

use serde::Deserialize;

/// How SNMP is served.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnmpConfig {
    /// Addresses with ports. Empty: SNMP is not served.
    pub listen: Vec<String>,
}
