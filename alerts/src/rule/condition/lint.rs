//! Which names a condition asks for, whether they exist, and how long it can take.
//!
//! Rules are stepped by the one task that also counts lines, so what a condition costs is
//! bounded before it is used: no loop stands in a loop, the steps of the others are
//! counted ([`super::cost`]), and patterns are small, since the crate compiles them each
//! time that they are asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use super::Subject;
use super::calls::{self, FUNCTIONS};
use super::cost::{self, check_pattern};
use super::schema::{EVENT_NAMES, FIELD_NAMES, STATE_NAMES, StateName};
use crate::rule::nearest::near;

/// The names that a condition asks for.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Of `event`, without `fields`.
    pub(super) event: BTreeSet<&'static str>,
    /// Of `event.fields`.
    pub(super) fields: BTreeSet<Arc<str>>,
    /// Of `state`.
    pub(super) state: Vec<&'static StateName>,
}

impl Names {
    /// Looks up every name of an expression.
    pub(super) fn of(expression: &IdedExpr, subject: Subject) -> Result<Self, String> {
        let mut walk = Walk {
            names: Self::default(),
            subject,
            bound: Vec::new(),
            patterns: 0,
        };
        walk.expression(&expression.expr)?;
        cost::check(&expression.expr)?;
        Ok(walk.names)
    }

    /// Whether it asks for an event.
    pub(super) fn has_event(&self) -> bool {
        !self.event.is_empty() || !self.fields.is_empty()
    }
}

struct Walk {
    names: Names,
    subject: Subject,
    /// Names that a macro such as `exists` binds.
    bound: Vec<String>,
    /// Patterns so far.
    patterns: usize,
}

impl Walk {
    // The parser has bounded the depth.
    fn expression(&mut self, expression: &Expr) -> Result<(), String> {
        match expression {
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.ident(name),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.all(&list.elements),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(pair) => {
                    self.expression(&pair.key.expr)?;
                    self.expression(&pair.value.expr)
                }
                EntryExpr::StructField(_) => Err("makes a structure, want a comparison".to_owned()),
            }),
            Expr::Comprehension(one) => {
                if !self.bound.is_empty() {
                    return Err(
                        "has a loop (all, exists, map, filter) in a loop: write them side by side"
                            .to_owned(),
                    );
                }
                self.expression(&one.iter_range.expr)?;
                self.bound.push(one.iter_var.clone());
                self.bound.extend(one.iter_var2.clone());
                self.bound.push(one.accu_var.clone());
                for part in [&one.accu_init, &one.loop_cond, &one.loop_step, &one.result] {
                    self.expression(&part.expr)?;
                }
                self.bound.clear();
                Ok(())
            }
            Expr::Struct(_) => Err("makes a structure, want a comparison".to_owned()),
            Expr::Unspecified => Err("is empty".to_owned()),
        }
    }

    fn all(&mut self, expressions: &[IdedExpr]) -> Result<(), String> {
        expressions
            .iter()
            .try_for_each(|one| self.expression(&one.expr))
    }

    fn ident(&self, name: &str) -> Result<(), String> {
        if self.bound.iter().any(|bound| bound == name) {
            return Ok(());
        }
        Err(match name {
            "event" | "state" => format!("uses `{name}` alone, want one of its names"),
            _ => format!(
                "knows no `{name}`{}; there is `event` and `state`",
                near(name, ["event", "state"])
            ),
        })
    }

    fn select(&mut self, select: &SelectExpr) -> Result<(), String> {
        let field = select.field.as_str();
        if select.test {
            return Err(
                "uses `has`, but every name always has a value: compare it with \"\"".to_owned(),
            );
        }
        match root_of(&select.operand.expr) {
            Some(Root::Event) if field == "fields" => {
                Err("uses `event.fields` alone, want one of its names".to_owned())
            }
            Some(Root::Event) => self.event_name(field),
            Some(Root::State) => self.state_name(field),
            Some(Root::Fields) => {
                if !FIELD_NAMES.contains(&field) {
                    return Err(format!(
                        "knows no field `{field}` of an event{}; a field of your own \
                         catalogue is asked for as `event.fields[\"{field}\"]`",
                        near(field, FIELD_NAMES.iter().copied())
                    ));
                }
                self.field(field)
            }
            None if matches!(select.operand.expr, Expr::Ident(_)) => {
                self.expression(&select.operand.expr)?;
                Err(format!("asks for `.{field}` of a text or number"))
            }
            None => Err(format!(
                "asks for `.{field}` of something that has no names"
            )),
        }
    }

    fn event_name(&mut self, name: &str) -> Result<(), String> {
        self.want_event()?;
        let Some(known) = EVENT_NAMES.iter().find(|one| **one == name) else {
            let all = EVENT_NAMES.join(", ");
            return Err(format!(
                "knows no `event.{name}`{}; there are {all} and fields",
                near(name, EVENT_NAMES.iter().copied())
            ));
        };
        self.names.event.insert(known);
        Ok(())
    }

    fn state_name(&mut self, name: &str) -> Result<(), String> {
        let Some(known) = STATE_NAMES.iter().find(|one| one.name == name) else {
            let all: Vec<&str> = STATE_NAMES.iter().map(|one| one.name).collect();
            return Err(format!(
                "knows no `state.{name}`{}; there are {}",
                near(name, all.iter().copied()),
                all.join(", ")
            ));
        };
        if !self.names.state.contains(&known) {
            self.names.state.push(known);
        }
        Ok(())
    }

    fn field(&mut self, name: &str) -> Result<(), String> {
        self.want_event()?;
        self.names.fields.insert(Arc::from(name));
        Ok(())
    }

    fn want_event(&self) -> Result<(), String> {
        match self.subject {
            Subject::Event => Ok(()),
            Subject::State => {
                Err("asks for `event`, but here there is none: only `state`".to_owned())
            }
        }
    }

    fn call(&mut self, call: &CallExpr) -> Result<(), String> {
        let name = call.func_name.as_str();
        if name == operators::INDEX {
            return self.index(call);
        }
        if calls::gives(name).is_none() {
            let all: Vec<&str> = FUNCTIONS.iter().map(|one| one.name).collect();
            return Err(format!(
                "knows no function `{name}`{}; there are {}",
                near(name, all.iter().copied()),
                all.join(", ")
            ));
        }
        if name == "matches" {
            if !self.bound.is_empty() {
                return Err("has a pattern in a loop: write it as `one|other`".to_owned());
            }
            self.patterns = self.patterns.saturating_add(1);
            check_pattern(call, self.patterns)?;
        }
        if let Some(target) = &call.target {
            self.expression(&target.expr)?;
        }
        self.all(&call.args)
    }

    /// `event.fields["name"]`; nothing else is looked into that way.
    fn index(&mut self, call: &CallExpr) -> Result<(), String> {
        let [of, at] = call.args.as_slice() else {
            return Err("looks into something in an unknown way".to_owned());
        };
        let (Some(Root::Fields), Expr::Literal(LiteralValue::String(name))) =
            (root_of(&of.expr), &at.expr)
        else {
            return Err("uses brackets, which are for `event.fields[\"name\"]` only".to_owned());
        };
        let name = name.inner().to_owned();
        self.field(&name)
    }
}

/// What a name is asked of.
enum Root {
    Event,
    State,
    Fields,
}

fn root_of(expression: &Expr) -> Option<Root> {
    match expression {
        Expr::Ident(name) if name == "event" => Some(Root::Event),
        Expr::Ident(name) if name == "state" => Some(Root::State),
        Expr::Select(select) if select.field == "fields" && !select.test => {
            matches!(root_of(&select.operand.expr), Some(Root::Event)).then_some(Root::Fields)
        }
        _ => None,
    }
}
