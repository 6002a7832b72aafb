//! What rules say of each other, looked at when all files are read.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Loaded, Mistake, RuleError};
use crate::rule::nearest::near;
use crate::rule::{Rule, Trigger};

/// Looks at the links of all rules.
pub(super) fn check(loaded: &[Loaded]) -> Result<(), RuleError> {
    let mut updates = Vec::new();
    for one in loaded.iter().filter(|one| one.is_on) {
        let Some(rule) = &one.rule else {
            continue;
        };
        for (number, inhibition) in rule.inhibited_by.iter().enumerate() {
            let mistake = |message: String| {
                one.refuse(&Mistake::new(
                    &format!("inhibited_by[{number}].rule"),
                    message,
                ))
            };
            let other = loaded.iter().find(|other| *other.id == *inhibition.rule);
            let Some(other) = other.and_then(|other| other.rule.as_ref()) else {
                let known = loaded.iter().map(|any| any.id.as_str());
                return Err(mistake(format!(
                    "is `{}`, which is no rule{}",
                    inhibition.rule,
                    near(&inhibition.rule, known)
                )));
            };
            let missing = |label: &&Arc<str>| !other.by.contains(label);
            if let Some(label) = inhibition.equal.iter().find(missing) {
                return Err(mistake(format!(
                    "is `{}`, whose alerts have no `{label}`",
                    inhibition.rule
                )));
            }
            if explains(loaded, &inhibition.rule, &rule.id) {
                return Err(mistake(format!(
                    "is `{}`, which this rule explains in turn: nobody would be told",
                    inhibition.rule
                )));
            }
        }
        if let Trigger::Update(alert) = &rule.on {
            if updates.contains(alert) {
                let message = format!("is a second rule for {}, want one", alert.name());
                return Err(one.refuse(&Mistake::new("on", message)));
            }
            updates.push(*alert);
        }
    }
    Ok(())
}

/// Whether alerts of `from` are explained by those of `to`, directly or by way of others.
fn explains(loaded: &[Loaded], from: &str, to: &str) -> bool {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut waiting = vec![from.to_owned()];
    while let Some(id) = waiting.pop() {
        if id == to {
            return true;
        }
        if !seen.insert(id.clone()) {
            continue;
        }
        let rules = loaded.iter().filter(|one| one.is_on && one.id == id);
        for rule in rules.filter_map(|one| one.rule.as_ref()) {
            waiting.extend(rule.inhibited_by.iter().map(|one| one.rule.to_string()));
        }
    }
    false
}

/// The rule without links to rules that are switched off.
pub(super) fn without_absent(rule: &Arc<Rule>, known: &[String]) -> Arc<Rule> {
    let is_known = |id: &str| known.iter().any(|one| one == id);
    if rule.inhibited_by.iter().all(|one| is_known(&one.rule)) {
        return Arc::clone(rule);
    }
    let mut changed = Rule::clone(rule);
    changed.inhibited_by.retain(|one| is_known(&one.rule));
    Arc::new(changed)
}
