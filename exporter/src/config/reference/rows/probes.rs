//! The manual's rows of the section `probes`: what to ask actively.

use super::{Row, Shape, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "probes",
        Shape::List("a list of probes"),
        "none",
        "",
        "What is asked actively on the path to the vendor.",
    ),
    row(
        "probes[].name",
        Shape::Text("1 to 64 of `A-Z a-z 0-9 . _ -`"),
        "required",
        "management-plane",
        "The label `probe` of everything it tells.",
    ),
];
