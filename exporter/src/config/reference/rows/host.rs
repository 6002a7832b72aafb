//! The manual's rows of the section `host`: what to watch of the host.

use super::{HOUR, Row, SECOND, Shape, row};

pub(super) const ROWS: &[Row] = &[
    row(
        "host",
        Shape::Section,
        "",
        "",
        "What is watched of the host.",
    ),
    row(
        "host.interval",
        Shape::Duration(SECOND, HOUR),
        "15s",
        "1m",
        "How often the host is looked at.",
    ),
];
