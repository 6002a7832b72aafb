//! Finds matchers of silences and maintenance windows that no alert can have: a misspelt
//! rule, a label that no rule tells its alerts apart by, a connector that is not watched.
//!
//! Whoever silences by such a one thinks that it is silent and is woken all the same. A
//! label that no alert has, or two matchers in one, nobody means: who asks for a silence is
//! refused. A value may fit tomorrow, since a rule or a connector may come with the next
//! reload, and is a warning; so is all of it in the configuration.

use std::collections::BTreeSet;
use std::sync::Arc;

use alerts::engine::{EnginePlan, fits};
use alerts::rule::RuleSet;
use model::alert::Severity;
use model::snapshot::Snapshot;
use model::untrusted::printable;

use crate::config::{Config, similar};

/// Longest word for which the one that was meant is looked for, in bytes: names are no
/// longer, and the look takes the product of two lengths for each of them.
const GUESSED_BYTES_MAX: usize = 64;

/// Labels that every alert has.
const OF_ALL: [&str; 3] = ["alert", "rule", "severity"];

/// A label with the value that an alert must have, as in [`model::alert::Silence`].
pub type Matcher = (Arc<str>, Arc<str>);

/// Why a matcher fits no alert, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// Whatever happens, by the rules that are in force.
    Never(String),
    /// Unless a rule or a connector comes that has this name.
    Now(String),
}

impl Unfit {
    /// The sentence.
    pub fn words(&self) -> &str {
        match self {
            Self::Never(words) | Self::Now(words) => words,
        }
    }
}

/// What is worth a warning of the silences and windows that a configuration has.
pub fn in_plan(plan: &EnginePlan, config: &Config) -> Vec<String> {
    let known = Known::of_config(&plan.rules, config);
    let silences = plan.silences.iter();
    let silences = silences.map(|one| ("silences", &one.id, &one.matchers));
    let windows = plan.maintenance.iter();
    let windows = windows.map(|one| ("maintenance", &one.name, &one.matchers));
    let told = silences.chain(windows).flat_map(|(list, name, matchers)| {
        let unfit = known.unfit(matchers).into_iter();
        unfit.map(move |why| format!("`alerts.{list}` `{name}`: {}", why.words()))
    });
    told.collect()
}

/// What alerts there can be.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    rules: Vec<KnownRule<'a>>,
    connectors: Vec<&'a str>,
    /// Whether the word that was meant is looked for.
    is_guessing: bool,
}

#[derive(Debug, Clone)]
struct KnownRule<'a> {
    id: &'a str,
    alert: &'a str,
    labels: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    /// By these rules and the connectors of a configuration.
    pub fn of_config(rules: &'a RuleSet, config: &'a Config) -> Self {
        Self {
            rules: of_rules(rules),
            connectors: config.connectors.iter().map(|one| &*one.name).collect(),
            is_guessing: true,
        }
    }

    /// By what is in force.
    pub fn of_snapshot(snapshot: &'a Snapshot) -> Self {
        let rules = snapshot.alerts.rules.iter().map(|rule| KnownRule {
            id: &rule.id,
            alert: &rule.alert,
            labels: rule.labels.iter().map(|label| &**label).collect(),
        });
        Self {
            rules: rules.collect(),
            connectors: snapshot.connectors.iter().map(|one| &*one.name).collect(),
            is_guessing: true,
        }
    }

    /// Says no word that was meant: for who is told of many again and again.
    #[must_use]
    pub fn without_guesses(self) -> Self {
        Self {
            is_guessing: false,
            ..self
        }
    }

    /// Why no alert has all of these labels: a sentence for each matcher that fits none.
    pub fn unfit(&self, matchers: &[Matcher]) -> Vec<Unfit> {
        let told = matchers.iter().filter_map(|matcher| {
            let (label, value) = matcher;
            let shown = format!("{label}={value}");
            let shown = printable(&shown);
            if self.is_several(value) {
                let words = format!("`{shown}` is more than one matcher: give each by itself");
                return Some(Unfit::Never(words));
            }
            self.unknown_label(label, matchers)
                .or_else(|| self.unknown_value(label, value))
                .map(|why| why.of(&shown))
        });
        told.collect()
    }

    /// Whether a further matcher stands in a value: behind a blank, a label that there is.
    fn is_several(&self, value: &str) -> bool {
        let further = value.split_whitespace().skip(1);
        further
            .filter_map(|word| word.split_once('='))
            .any(|(label, _)| {
                OF_ALL.contains(&label) || self.rules.iter().any(|rule| rule.labels.contains(label))
            })
    }

    fn unknown_label(&self, label: &str, matchers: &[Matcher]) -> Option<Unfit> {
        if OF_ALL.contains(&label) {
            return None;
        }
        let named: Vec<&KnownRule<'_>> = self
            .rules
            .iter()
            .filter(|rule| rule.is_named(matchers))
            .collect();
        if named.iter().any(|rule| rule.labels.contains(label)) {
            return None;
        }
        // What they name may be unknown, which is told by itself.
        let meant = if named.is_empty() {
            self.rules.iter().collect()
        } else {
            named.clone()
        };
        let of_rules = meant.iter().flat_map(|rule| rule.labels.iter().copied());
        let labels: BTreeSet<&str> = OF_ALL.into_iter().chain(of_rules).collect();
        if labels.contains(label) {
            return None;
        }
        let there_are: Vec<&str> = labels.iter().copied().collect();
        let why = format!(
            "no such alert has this label{}; there are {}",
            self.near(label, labels),
            there_are.join(", ")
        );
        Some(if named.is_empty() {
            Unfit::Now(why)
        } else {
            Unfit::Never(why)
        })
    }

    fn unknown_value(&self, label: &str, value: &str) -> Option<Unfit> {
        let rules = self.rules.iter();
        let why = match label {
            "rule" => self.unknown(value, rules.map(|rule| rule.id), "no rule is called so"),
            "alert" => {
                let alerts = rules.map(|rule| rule.alert);
                self.unknown(value, alerts, "no rule has this type of alert")
            }
            "severity" => {
                let severities = Severity::ALL.iter().map(|one| one.name());
                let why = self.unknown(value, severities, "it is no severity");
                return why.map(Unfit::Never);
            }
            "connector" => {
                let connectors = self.connectors.iter().copied();
                self.unknown(value, connectors, "no connector is called so")
            }
            _ => None,
        };
        why.map(Unfit::Now)
    }

    /// `why` with the word that was probably meant, unless one of `known` fits.
    fn unknown<'b>(
        &self,
        wanted: &str,
        known: impl Iterator<Item = &'b str> + Clone,
        why: &str,
    ) -> Option<String> {
        let is_known = known.clone().any(|one| fits(wanted, one));
        (!is_known).then(|| format!("{why}{}", self.near(wanted.trim_end_matches('*'), known)))
    }

    fn near<'b>(&self, wrong: &str, known: impl IntoIterator<Item = &'b str>) -> String {
        if !self.is_guessing || GUESSED_BYTES_MAX < wrong.len() {
            return String::new();
        }
        let meant = similar(wrong, known);
        meant.map_or_else(String::new, |word| format!(" (did you mean `{word}`?)"))
    }
}

impl Unfit {
    fn of(self, matcher: &str) -> Self {
        let told = |why: String| format!("`{matcher}` fits no alert: {why}");
        match self {
            Self::Never(why) => Self::Never(told(why)),
            Self::Now(why) => Self::Now(told(why)),
        }
    }
}

impl KnownRule<'_> {
    /// Whether matchers name this rule, or none.
    fn is_named(&self, matchers: &[Matcher]) -> bool {
        matchers.iter().all(|(label, value)| match &**label {
            "rule" => fits(value, self.id),
            "alert" => fits(value, self.alert),
            _ => true,
        })
    }
}

fn of_rules(rules: &RuleSet) -> Vec<KnownRule<'_>> {
    let rules = rules.rules.iter().map(|rule| KnownRule {
        id: &rule.id,
        alert: &rule.alert,
        labels: rule.label_names(),
    });
    rules.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerting::settings::default_rules;

    fn unfit(matchers: &[&str]) -> Vec<Unfit> {
        let rules = default_rules().unwrap();
        let known = Known {
            rules: of_rules(&rules),
            connectors: vec!["pub-fra-1", "pub-sjc-2"],
            is_guessing: true,
        };
        let pairs: Vec<Matcher> = matchers
            .iter()
            .map(|text| text.split_once('=').unwrap())
            .map(|(label, value)| (Arc::from(label), Arc::from(value)))
            .collect();
        known.unfit(&pairs)
    }

    #[test]
    fn what_some_alert_can_have_is_no_warning() {
        for matchers in [
            &["rule=*"][..],
            &["rule=host-*", "severity=warning"],
            &["alert=TUNNEL_DOWN", "connector=pub-fra-1"],
            &[
                "rule=update-failed",
                "connector=pub-*",
                "profile=eu west = 2",
            ],
            &["rule=tls-errors", "reason=reset"],
            &["connector=pub-sjc-2"],
        ] {
            assert_eq!(unfit(matchers), [], "{matchers:?}");
        }
    }

    #[test]
    fn a_name_that_nothing_has_may_come_and_is_told_with_the_one_that_was_meant() {
        for (matchers, wrong, why) in [
            (
                &["rule=tunnel-dwon"][..],
                "rule=tunnel-dwon",
                "no rule is called so (did you mean `tunnel-down`?)",
            ),
            (
                &["alert=NONE_SUCH*"],
                "alert=NONE_SUCH*",
                "no rule has this type of alert",
            ),
            (
                &["connector=pub-fra1"],
                "connector=pub-fra1",
                "no connector is called so (did you mean `pub-fra-1`?)",
            ),
        ] {
            let words = format!("`{wrong}` fits no alert: {why}");
            assert_eq!(unfit(matchers), [Unfit::Now(words)]);
        }
        // Longer than any name is: what was meant is not looked for.
        let long = "pub-fra-1".repeat(8);
        let near_long = format!("{long}0");
        let words = format!("`connector={long}` fits no alert: no connector is called so");
        let rules = default_rules().unwrap();
        let known = Known {
            rules: of_rules(&rules),
            connectors: vec![&near_long, "pub-fra-1"],
            is_guessing: true,
        };
        let matcher: Matcher = (Arc::from("connector"), Arc::from(&*long));
        assert_eq!(known.unfit(&[matcher]), [Unfit::Now(words)]);
        // Nor where many are told of again and again.
        let typed: Matcher = (Arc::from("connector"), Arc::from("pub-fra1"));
        let unfit_of = |all: &Known<'_>| all.unfit(std::slice::from_ref(&typed));
        let guessed = unfit_of(&known).remove(0).words().to_owned();
        let plain = unfit_of(&known.without_guesses()).remove(0);
        assert_eq!(
            guessed,
            format!("{} (did you mean `pub-fra-1`?)", plain.words())
        );
        // Of a rule to come nobody knows which labels it has.
        let unknown = unfit(&["rule=to-come", "color=red"]);
        assert!(
            unknown.iter().all(|one| matches!(one, Unfit::Now(_))),
            "{unknown:?}"
        );
        assert_eq!(unknown.len(), 2);
    }

    #[test]
    fn a_label_that_no_alert_has_fits_never_and_those_that_there_are_are_named() {
        for (matchers, wrong, why) in [
            (
                &["rule=tunnel-down", "conector=pub-fra-1"][..],
                "conector=pub-fra-1",
                "(did you mean `connector`?); there are alert, connector, rule, severity",
            ),
            (
                &["rule=host-cpu", "connector=pub-fra-1"],
                "connector=pub-fra-1",
                "; there are alert, resource, rule, severity",
            ),
            (
                &["rule=update-skipped", "wave=1"],
                "wave=1",
                "; there are alert, connector, profile, rule, run, severity",
            ),
        ] {
            let head = format!("`{wrong}` fits no alert: no such alert has this label");
            let unfit = unfit(matchers);
            let [Unfit::Never(words)] = &*unfit else {
                panic!("{unfit:?}");
            };
            assert!(words.starts_with(&head) && words.ends_with(why), "{words}");
        }
        let no_severity = "`severity=fatal` fits no alert: it is no severity".to_owned();
        assert_eq!(unfit(&["severity=fatal"]), [Unfit::Never(no_severity)]);
        let unfit = unfit(&["nolabel=x"]);
        let [Unfit::Never(words)] = &*unfit else {
            panic!("{unfit:?}");
        };
        assert!(words.contains("; there are alert, connector, "), "{words}");
    }

    #[test]
    fn two_matchers_in_one_are_no_value() {
        for matcher in [
            "connector=pub-fra-1 rule=tls-errors",
            "rule=*\tconnector=pub-*",
        ] {
            let unfit = unfit(&[matcher]);
            let [Unfit::Never(words)] = &*unfit else {
                panic!("{unfit:?}");
            };
            assert!(words.ends_with("is more than one matcher: give each by itself"));
        }
    }
}
