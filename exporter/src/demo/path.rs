//! What happens on the demo's way to the vendor.
//!
//! For two thirds of the minute the vendor's own chain is shown; then a firewall learns to
//! inspect TLS, until its administrator excludes the vendor. What stands for the vendor
//! is [`super::gateway`].

use super::scenario::Inspection;
use super::timetable::{Timetable, What};

/// Adds one cycle.
pub(super) fn fill(table: &mut Timetable) {
    table.tell(
        22_000,
        "Path: a firewall begins to inspect TLS: watch ztna_probe_tls_intercepted rise to 1",
    );
    table.add(22_000, What::Path(Inspection::Begins));
    table.tell(
        42_000,
        "Path: the vendor is excluded from inspection: ztna_probe_success is 1 again",
    );
    table.add(42_000, What::Path(Inspection::Ends));
}
