//! Finds matchers of silences and maintenance windows that no alert can have: a misspelt
//! rule, a label that no rule tells its alerts apart by, a connector that is not watched.
//!
//! Whoever silences by such a one thinks that it is silent and is woken all the same. It is
//! a warning and no refusal: the rule may come with the next reload.

use std::collections::BTreeSet;
use std::sync::Arc;

use alerts::engine::{EnginePlan, fits};
use alerts::rule::{Rule, RuleSet};
use model::alert::Severity;
use model::untrusted::printable;

use crate::config::{Config, similar};

/// A label with the value that an alert must have, as in [`model::alert::Silence`].
pub type Matcher = (Arc<str>, Arc<str>);

/// What is worth a warning of the silences and windows that a configuration has.
pub fn in_plan(plan: &EnginePlan, config: &Config) -> Vec<String> {
    let silences = plan.silences.iter();
    let silences = silences.map(|one| ("silences", &one.id, &one.matchers));
    let windows = plan.maintenance.iter();
    let windows = windows.map(|one| ("maintenance", &one.name, &one.matchers));
    let told = silences.chain(windows).flat_map(|(list, name, matchers)| {
        let idle = in_matchers(matchers, &plan.rules, config).into_iter();
        idle.map(move |words| format!("`alerts.{list}` `{name}`: {words}"))
    });
    told.collect()
}

/// Why no alert has all of these labels, a sentence for each matcher that fits none.
pub fn in_matchers(matchers: &[Matcher], rules: &RuleSet, config: &Config) -> Vec<String> {
    let connectors: Vec<&str> = config.connectors.iter().map(|one| &*one.name).collect();
    let known = Known {
        rules,
        connectors: &connectors,
    };
    known.idle(matchers)
}

/// What alerts there can be.
#[derive(Debug, Clone, Copy)]
struct Known<'a> {
    rules: &'a RuleSet,
    connectors: &'a [&'a str],
}

impl Known<'_> {
    fn idle(&self, matchers: &[Matcher]) -> Vec<String> {
        let rules: Vec<&Rule> = self.rules.rules.iter().map(|rule| &**rule).collect();
        let named = chosen(&rules, matchers);
        let told = matchers.iter().filter_map(|(label, value)| {
            let why = match &**label {
                "rule" => unknown(
                    value,
                    rules.iter().map(|rule| &*rule.id),
                    "no rule is called so",
                ),
                "alert" => unknown(
                    value,
                    rules.iter().map(|rule| &*rule.alert),
                    "no rule has this type of alert",
                ),
                "severity" => unknown(
                    value,
                    Severity::ALL.iter().map(|one| one.name()),
                    "it is no severity",
                ),
                _ if !named
                    .iter()
                    .any(|rule| rule.label_names().contains(&**label)) =>
                {
                    let labels: BTreeSet<&str> =
                        named.iter().flat_map(|rule| rule.label_names()).collect();
                    Some(format!(
                        "no such alert has this label{}",
                        near(label, labels)
                    ))
                }
                "connector" => {
                    let connectors = self.connectors.iter().copied();
                    unknown(value, connectors, "no connector is called so")
                }
                _ => None,
            };
            let matcher = format!("{label}={value}");
            why.map(|why| format!("`{}` fits no alert: {why}", printable(&matcher)))
        });
        told.collect()
    }
}

/// The rules that matchers name; all of them if what they name is unknown, which is told by
/// itself.
fn chosen<'a>(rules: &[&'a Rule], matchers: &[Matcher]) -> Vec<&'a Rule> {
    let is_named = |rule: &&&Rule| {
        matchers.iter().all(|(label, value)| match &**label {
            "rule" => fits(value, &rule.id),
            "alert" => fits(value, &rule.alert),
            _ => true,
        })
    };
    let named: Vec<&Rule> = rules.iter().filter(is_named).copied().collect();
    if named.is_empty() {
        return rules.to_vec();
    }
    named
}

/// `why` with the word that was probably meant, unless one of `known` fits.
fn unknown<'a>(
    wanted: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    why: &str,
) -> Option<String> {
    let is_known = known.clone().any(|one| fits(wanted, one));
    (!is_known).then(|| format!("{why}{}", near(wanted.trim_end_matches('*'), known)))
}

fn near<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let meant = similar(wrong, known);
    meant.map_or_else(String::new, |word| format!(" (did you mean `{word}`?)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerting::settings::default_rules;

    fn idle(matchers: &str) -> Vec<String> {
        let rules = default_rules().unwrap();
        let known = Known {
            rules: &rules,
            connectors: &["pub-fra-1", "pub-sjc-2"],
        };
        let pairs: Vec<Matcher> = matchers
            .split(' ')
            .map(|text| text.split_once('=').unwrap())
            .map(|(label, value)| (Arc::from(label), Arc::from(value)))
            .collect();
        known.idle(&pairs)
    }

    #[test]
    fn what_some_alert_can_have_is_no_warning() {
        for matchers in [
            "rule=*",
            "rule=host-* severity=warning",
            "alert=TUNNEL_DOWN connector=pub-fra-1",
            "rule=update-failed connector=pub-* profile=eu",
            "rule=tls-errors reason=reset",
            "connector=pub-sjc-2",
        ] {
            assert_eq!(idle(matchers), [""; 0], "{matchers}");
        }
    }

    #[test]
    fn what_no_alert_can_have_is_named_with_the_word_that_was_meant() {
        for (matchers, wrong, why) in [
            (
                "rule=tunnel-dwon",
                "rule=tunnel-dwon",
                "no rule is called so (did you mean `tunnel-down`?)",
            ),
            (
                "alert=NONE_SUCH*",
                "alert=NONE_SUCH*",
                "no rule has this type of alert",
            ),
            ("severity=fatal", "severity=fatal", "it is no severity"),
            (
                "rule=tunnel-down conector=pub-fra-1",
                "conector=pub-fra-1",
                "no such alert has this label (did you mean `connector`?)",
            ),
            (
                "rule=host-cpu connector=pub-fra-1",
                "connector=pub-fra-1",
                "no such alert has this label",
            ),
            (
                "rule=update-skipped wave=1",
                "wave=1",
                "no such alert has this label",
            ),
            (
                "connector=pub-fra1",
                "connector=pub-fra1",
                "no connector is called so (did you mean `pub-fra-1`?)",
            ),
        ] {
            let wanted = format!("`{wrong}` fits no alert: {why}");
            assert_eq!(idle(matchers), [wanted]);
        }
    }
}
