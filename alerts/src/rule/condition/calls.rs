//! The operators and functions that a condition may use, and what each of them gives.
//!
//! [`super::lint`] refuses all others, brackets aside; what a condition must give is
//! [`super::truth`]'s.

use cel::common::ast::operators;

/// What comes of an expression, as far as can be told before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// True or false.
    Truth,
    /// Something else, in words for people.
    Else(&'static str),
    /// That depends.
    Unknown,
}

/// An operator or a function.
pub(super) struct Call {
    /// Its name, as the parser has it.
    pub(super) name: &'static str,
    /// What comes of it.
    pub(super) gives: Gives,
}

/// Functions of the language that a condition may call, besides its operators.
pub(super) const FUNCTIONS: &[Call] = &[
    truth("contains"),
    truth("startsWith"),
    truth("endsWith"),
    truth("matches"),
    other("size", "a number"),
    other("int", "a number"),
    other("double", "a number"),
    other("string", "a text"),
];

/// The operators that a condition may use. Brackets are [`super::lint`]'s.
const OPERATORS: &[Call] = &[
    // Its branches are looked at one by one.
    Call {
        name: operators::CONDITIONAL,
        gives: Gives::Unknown,
    },
    truth(operators::LOGICAL_AND),
    truth(operators::LOGICAL_OR),
    truth(operators::LOGICAL_NOT),
    truth(operators::NOT_STRICTLY_FALSE),
    truth(operators::EQUALS),
    truth(operators::NOT_EQUALS),
    truth(operators::GREATER_EQUALS),
    truth(operators::LESS_EQUALS),
    truth(operators::GREATER),
    truth(operators::LESS),
    truth(operators::IN),
    // Of numbers, texts or lists.
    other(operators::ADD, "a sum"),
    other(operators::SUBSTRACT, "a number"),
    other(operators::MULTIPLY, "a number"),
    other(operators::DIVIDE, "a number"),
    other(operators::MODULO, "a number"),
    other(operators::NEGATE, "a number"),
];

const fn truth(name: &'static str) -> Call {
    Call {
        name,
        gives: Gives::Truth,
    }
}

const fn other(name: &'static str, what: &'static str) -> Call {
    Call {
        name,
        gives: Gives::Else(what),
    }
}

/// What an operator or a function gives; `None` of one that no condition may use.
pub(super) fn gives(name: &str) -> Option<Gives> {
    let mut all = OPERATORS.iter().chain(FUNCTIONS);
    all.find(|call| call.name == name).map(|call| call.gives)
}
