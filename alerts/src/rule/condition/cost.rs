//! How long a condition can take at most, seen before it is used.
//!
//! An estimate from above, in steps: one for each part of the expression, and a loop's
//! body as often as there are parts in what it goes through, since a list cannot have more
//! elements than were written down. That loops do not stand in loops is [`super::lint`]'s
//! to refuse. Texts from a log are at most [`model::untrusted::UNTRUSTED_BYTES_MAX`] long,
//! so that no step is a long one.

use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue};
use regex::RegexBuilder;

/// Most steps of a condition. Ours have less than twenty; a test for one of fifty words
/// about a thousand.
const STEPS_MAX: usize = 2_000;

/// Most patterns of a condition.
const PATTERNS_MAX: usize = 4;

/// Largest compiled pattern, in bytes: it is compiled for each event. `\w+` has about
/// twenty thousand.
const PATTERN_COMPILED_BYTES_MAX: usize = 100_000;

/// Refuses an expression that could take too many steps.
pub(super) fn check(expression: &Expr) -> Result<(), String> {
    let steps = steps(expression);
    if steps <= STEPS_MAX {
        return Ok(());
    }
    Err(format!(
        "could take {steps} steps on each event, want at most {STEPS_MAX}: a loop goes through \
         too long a list"
    ))
}

/// The steps of an expression at most. The parser has bounded the depth.
fn steps(expression: &Expr) -> usize {
    let all = |parts: &mut dyn Iterator<Item = &Expr>| {
        parts.fold(1_usize, |sum, part| sum.saturating_add(steps(part)))
    };
    match expression {
        Expr::Literal(_) | Expr::Ident(_) | Expr::Struct(_) | Expr::Unspecified => 1,
        Expr::Select(select) => all(&mut [&select.operand.expr].into_iter()),
        Expr::Call(call) => {
            let target = call.target.iter().map(|one| &one.expr);
            all(&mut target.chain(call.args.iter().map(|one| &one.expr)))
        }
        Expr::List(list) => all(&mut list.elements.iter().map(|one| &one.expr)),
        Expr::Map(map) => all(&mut map.entries.iter().flat_map(|entry| match &entry.expr {
            EntryExpr::MapEntry(pair) => vec![&pair.key.expr, &pair.value.expr],
            EntryExpr::StructField(field) => vec![&field.value.expr],
        })),
        Expr::Comprehension(one) => {
            let range = steps(&one.iter_range.expr);
            let turn = all(&mut [&one.loop_cond.expr, &one.loop_step.expr].into_iter());
            let around = all(&mut [&one.accu_init.expr, &one.result.expr].into_iter());
            let turns = range.saturating_mul(turn);
            around.saturating_add(range).saturating_add(turns)
        }
    }
}

/// A pattern that is written out compiles now, not in the night of the first event.
pub(super) fn check_pattern(call: &CallExpr, number: usize) -> Result<(), String> {
    let Some(Expr::Literal(LiteralValue::String(pattern))) = call.args.last().map(|one| &one.expr)
    else {
        return Err("wants a pattern that is written out in `matches`".to_owned());
    };
    if PATTERNS_MAX < number {
        return Err(format!(
            "has more than {PATTERNS_MAX} patterns in `matches`: write them as `one|other`"
        ));
    }
    let mut builder = RegexBuilder::new(pattern.inner());
    match builder.size_limit(PATTERN_COMPILED_BYTES_MAX).build() {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => Err(format!(
            "has a pattern in `matches` that is too costly: `{}`, want fewer or smaller counts \
             in braces",
            pattern.inner()
        )),
        Err(_) => Err(format!(
            "has a pattern in `matches` that is none: `{}`",
            pattern.inner()
        )),
    }
}
