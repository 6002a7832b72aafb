//! The manual's rows of the section `snmp`: who may poll, and who is told.

use super::{Row, Shape, row};

pub(super) const ROWS: &[Row] = &[
    row("snmp", Shape::Section, "", "", "How SNMP is served."),
    row(
        "snmp.listen",
        Shape::List("a list of 0 to 16 addresses, like `[\"127.0.0.1:10161\"]`"),
        "none: SNMP is not served",
        "[\"127.0.0.1:10161\"]",
        "Where to answer pollers.",
    ),
];
