//! Queries as Prometheus' own grammar has them: read, and walked through.
//!
//! Grafana puts text in place of its variables before Prometheus sees a query. Here durations
//! have stand-ins that can be told from each other; a variable inside a matcher is a pattern
//! like any other and stays.

use std::time::Duration;

use promql_parser::parser::{Expr, VectorSelector, parse};

use super::{Page, filled};

/// Stand-ins for durations, each told from the others.
const DURATIONS: &[(&str, &str)] = &[
    ("$__rate_interval", "1001s"),
    ("$__interval", "1002s"),
    ("$__range", "1003s"),
];

/// What `$__rate_interval` stands for here.
pub(super) const RATE_INTERVAL: Duration = Duration::from_secs(1001);

/// What the parser makes of a query with Grafana's variables.
pub(super) fn read(text: &str) -> Result<Expr, String> {
    parse(&filled(text, DURATIONS))
}

/// Calls `judge` with each expression of each query that can be read, and those around it,
/// the outermost first.
pub(super) fn walk_queries(
    page: &Page,
    judge: impl Fn(&Expr, &[&Expr]) -> Option<String>,
) -> Vec<String> {
    let mut findings = Vec::new();
    for query in page.queries() {
        let Ok(expression) = read(&query.text) else {
            continue;
        };
        let mut found = Vec::new();
        walk(&expression, &mut Vec::new(), &mut |one, around| {
            found.extend(judge(one, around));
        });
        findings.extend(
            found
                .iter()
                .map(|words| format!("{}: {words}", query.name())),
        );
    }
    findings
}

/// Calls `see` with an expression and each part of it.
pub(super) fn walk<'a>(
    expression: &'a Expr,
    around: &mut Vec<&'a Expr>,
    see: &mut impl FnMut(&'a Expr, &[&'a Expr]),
) {
    see(expression, around);
    around.push(expression);
    for part in parts(expression) {
        walk(part, around, see);
    }
    around.pop();
}

fn parts(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::Aggregate(one) => one
            .param
            .iter()
            .chain([&one.expr])
            .map(AsRef::as_ref)
            .collect(),
        Expr::Unary(one) => vec![&one.expr],
        Expr::Binary(one) => vec![&one.lhs, &one.rhs],
        Expr::Paren(one) => vec![&one.expr],
        Expr::Subquery(one) => vec![&one.expr],
        Expr::Call(one) => one.args.args.iter().map(AsRef::as_ref).collect(),
        Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Extension(_) => Vec::new(),
    }
}

pub(super) fn selector(expression: &Expr) -> Option<&VectorSelector> {
    match expression {
        Expr::VectorSelector(selector) => Some(selector),
        Expr::MatrixSelector(matrix) => Some(&matrix.vs),
        _ => None,
    }
}

/// The function that an expression stands in, by name.
pub(super) fn function<'a>(around: &[&'a Expr]) -> &'a str {
    match around.last() {
        Some(Expr::Call(call)) => call.func.name,
        _ => "",
    }
}
