//! The parts of the tree that snmpd and our agent both serve: what is compared of them.

/// Subtrees that are compared, in the order of a walk.
pub(crate) const BOTH: &[&str] = &[
    "1.3.6.1.2.1.1",
    "1.3.6.1.2.1.2",
    "1.3.6.1.2.1.25.1",
    "1.3.6.1.2.1.25.2",
    "1.3.6.1.2.1.25.3.3",
    "1.3.6.1.2.1.31.1",
    "1.3.6.1.4.1.2021.4",
    "1.3.6.1.4.1.2021.9",
    "1.3.6.1.4.1.2021.10",
    "1.3.6.1.4.1.2021.11",
    "1.3.6.1.4.1.2021.13.15",
];
