//! Whether a condition gives a truth, as far as that can be seen before it is used.
//!
//! Only truths are told from the rest: the whole, and what stands at `!`, `&&`, `||` and
//! before `?`. What a name of a loop holds is not known and passes. Operands of other
//! operators are not looked at: `event.kind > 3` is still refused when it is evaluated.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};

use super::calls::{self, Gives};
use super::schema::{STATE_NAMES, StateType};

/// Refuses an expression that is not a truth, or asks for one where there is none.
pub(super) fn check(expression: &IdedExpr) -> Result<(), String> {
    want_truth(&expression.expr, "it")
}

fn want_truth(expression: &Expr, place: &str) -> Result<(), String> {
    if let Gives::Else(what) = gives(expression) {
        return Err(format!(
            "wants true or false, and {place} is {what}: compare it, as in \
             `state.tunnel == \"connected\"`"
        ));
    }
    match expression {
        Expr::Call(call) => inside(call),
        _ => Ok(()),
    }
}

/// Looks at the parts that must be truths themselves.
fn inside(call: &CallExpr) -> Result<(), String> {
    let places: [&str; 3] = match call.func_name.as_str() {
        operators::LOGICAL_AND => ["a side of `&&`"; 3],
        operators::LOGICAL_OR => ["a side of `||`"; 3],
        operators::LOGICAL_NOT => ["what follows `!`"; 3],
        operators::CONDITIONAL => [
            "what stands before `?`",
            "what follows `?`",
            "what follows `:`",
        ],
        _ => return Ok(()),
    };
    let mut parts = call.args.iter().zip(places);
    parts.try_for_each(|(part, place)| want_truth(&part.expr, place))
}

fn gives(expression: &Expr) -> Gives {
    match expression {
        Expr::Literal(literal) => of_literal(literal),
        Expr::Ident(_) | Expr::Unspecified => Gives::Unknown,
        // Only texts have names below names; `lint` has refused all others.
        Expr::Select(select) => match &select.operand.expr {
            Expr::Ident(of) if of == "state" => of_state(&select.field),
            _ => Gives::Else("a text"),
        },
        Expr::Call(call) => of_call(call),
        Expr::List(_) => Gives::Else("a list"),
        Expr::Map(_) | Expr::Struct(_) => Gives::Else("a table"),
        Expr::Comprehension(one) => of_loop(one),
    }
}

fn of_literal(literal: &LiteralValue) -> Gives {
    match literal {
        LiteralValue::Boolean(_) => Gives::Truth,
        LiteralValue::String(_) | LiteralValue::Bytes(_) => Gives::Else("a text"),
        LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_) => {
            Gives::Else("a number")
        }
        LiteralValue::Null => Gives::Else("nothing"),
    }
}

fn of_state(name: &str) -> Gives {
    match STATE_NAMES.iter().find(|one| one.name == name) {
        Some(known) if known.is == StateType::Truth => Gives::Truth,
        Some(_) => Gives::Else("a text"),
        None => Gives::Unknown,
    }
}

fn of_call(call: &CallExpr) -> Gives {
    match call.func_name.as_str() {
        // Only texts are looked into; `lint` has refused all else.
        operators::INDEX => Gives::Else("a text"),
        name => calls::gives(name).unwrap_or(Gives::Unknown),
    }
}

/// `all` and `exists` begin with a truth, `map` and `filter` with a list; `exists_one`
/// counts and compares at the end.
fn of_loop(one: &ComprehensionExpr) -> Gives {
    match &one.result.expr {
        Expr::Ident(_) => gives(&one.accu_init.expr),
        result => gives(result),
    }
}
