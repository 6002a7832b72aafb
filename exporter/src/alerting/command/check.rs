//! `alerts check`: the rules in force, as a table.

use std::borrow::Cow;

use alerts::rule::{Counted, Rule, SeverityOf, Trigger, View};

use super::ConfigArgs;
use super::table::Table;
use crate::cli::{Failure, in_lines};

/// Loads everything that alerting works with, and lists the rules.
///
/// # Errors
///
/// [`Failure::Config`] with place and mend.
pub(super) fn run(args: &ConfigArgs) -> Result<(), Failure> {
    let (_, settings) = args.settings()?;
    for warning in &settings.warnings {
        crate::logging::say_to_user(&format!("warning: {}", in_lines(warning)));
    }
    let mut table = Table::new(&["RULE", "ALERT", "SEVERITY", "ON", "TELLS", "STANDS AT"]);
    for rule in &settings.plan.rules.rules {
        let tells = if rule.receivers.is_empty() {
            &settings.default_receivers
        } else {
            &rule.receivers
        };
        table.add(&[
            Cow::Borrowed(&*rule.id),
            Cow::Borrowed(&*rule.alert),
            severity(rule),
            Cow::Owned(trigger(&rule.on)),
            Cow::Owned(if tells.is_empty() {
                "nobody".to_owned()
            } else {
                tells.join(", ")
            }),
            Cow::Borrowed(&*rule.place),
        ]);
    }
    crate::logging::print_result(table.render().as_bytes())?;
    Ok(())
}

const fn severity(rule: &Rule) -> Cow<'static, str> {
    match &rule.severity {
        SeverityOf::Is(severity) => Cow::Borrowed(severity.name()),
        SeverityOf::Told(_) => Cow::Borrowed("as told"),
    }
}

fn trigger(on: &Trigger) -> String {
    let list = |kinds: &[model::event::EventKind]| {
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        names.join(" or ")
    };
    match on {
        Trigger::Event { kinds, reasons } if reasons.is_empty() => list(kinds),
        Trigger::Event { kinds, reasons } => {
            let words: Vec<_> = reasons.iter().map(|reason| reason.as_str()).collect();
            format!("{} ({})", list(kinds), words.join(", "))
        }
        Trigger::Rate {
            of,
            at_least,
            within,
        } => {
            let what = match of {
                Counted::Events { kinds, .. } => list(kinds),
                Counted::Growth { signal, .. } => signal.row().name.to_owned(),
            };
            format!("{at_least} {what} in {within:?}")
        }
        Trigger::Sample { signal, view, .. } => {
            let name = signal.row().name;
            match view {
                View::Value => name.to_owned(),
                View::SecondsSince => format!("time since {name}"),
                View::SecondsUntil => format!("time until {name}"),
            }
        }
        Trigger::Absence {
            after,
            until,
            within,
        } => format!("{} without {} in {within:?}", list(after), list(until)),
        Trigger::Update(alert) => format!("updates ({})", alert.name()),
    }
}
