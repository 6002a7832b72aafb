//! Re-encodes an OpenMetrics page as Prometheus' older text format 0.0.4.
//!
//! The encoder library writes OpenMetrics only; clients that do not ask for it get
//! this. It works line by line on our own page, whose form the golden tests hold: it
//! is no parser for other programs' pages. Samples keep their lines; only the
//! comments differ.
//!
//! Known limit: exemplars would pass through; we write none.

/// Re-encodes `openmetrics`, a whole page with its end mark, as text 0.0.4.
///
/// A counter's comments get the sample's name (with `_total`), an info becomes a gauge
/// named `_info`, `unknown` becomes `untyped`; units, creation times and the end mark
/// go.
pub fn to_text_004(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len());
    // A family's help comes before its type, but its name here depends on the type.
    let mut help = ("", "");
    let mut created = String::new();
    for line in openmetrics.lines() {
        if let Some(comment) = line.strip_prefix("# HELP ") {
            help = comment.split_once(' ').unwrap_or((comment, ""));
        } else if let Some(comment) = line.strip_prefix("# TYPE ") {
            let (family, kind) = comment.split_once(' ').unwrap_or((comment, ""));
            let (ending, kind) = in_text_004(kind);
            let (_, sentence) = help;
            for part in [
                "# HELP ",
                family,
                ending,
                " ",
                sentence,
                "\n# TYPE ",
                family,
                ending,
                " ",
                kind,
            ] {
                text.push_str(part);
            }
            text.push('\n');
            created = format!("{family}_created");
        } else if !line.starts_with("# ") && !is_sample_of(line, &created) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The ending of a family's name, and its type's word, in the older format.
fn in_text_004(kind: &str) -> (&'static str, &str) {
    match kind {
        "counter" => ("_total", "counter"),
        "info" => ("_info", "gauge"),
        "unknown" => ("", "untyped"),
        same => ("", same),
    }
}

fn is_sample_of(line: &str, name: &str) -> bool {
    !name.is_empty()
        && line
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with([' ', '{']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(openmetrics: &str, expected: &Expect) {
        expected.assert_eq(&to_text_004(openmetrics));
    }

    #[test]
    fn a_counter_is_named_as_its_sample() {
        check(
            "# HELP a_bytes Read.\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\n\
             a_bytes_total{b=\"c\"} 5\na_bytes_created 17.5\n# EOF\n",
            &expect![[r#"
                # HELP a_bytes_total Read.
                # TYPE a_bytes_total counter
                a_bytes_total{b="c"} 5
            "#]],
        );
    }

    #[test]
    fn an_info_is_a_gauge_and_unknown_is_untyped() {
        check(
            "# HELP a Who.\n# TYPE a info\na_info{v=\"1\"} 1\n\
             # HELP b What.\n# TYPE b unknown\nb 2\n# EOF\n",
            &expect![[r#"
                # HELP a_info Who.
                # TYPE a_info gauge
                a_info{v="1"} 1
                # HELP b What.
                # TYPE b untyped
                b 2
            "#]],
        );
    }

    #[test]
    fn a_family_that_only_begins_like_another_keeps_its_samples() {
        check(
            "# HELP a A.\n# TYPE a gauge\na 1\n# HELP a_createdness B.\n\
             # TYPE a_createdness gauge\na_createdness 2\n# EOF\n",
            &expect![[r#"
                # HELP a A.
                # TYPE a gauge
                a 1
                # HELP a_createdness B.
                # TYPE a_createdness gauge
                a_createdness 2
            "#]],
        );
    }
}
