//! From the section `alerts` to rules, receivers and plans, with every file read.
//!
//! The configuration has been checked, so what fails here is the rules' own, or changed
//! since: a file that is gone. Files may lie on a mount whose server is gone, so all is
//! read within a time limit.

mod calendar;
mod ways;

use std::net::SocketAddr;
use std::sync::Arc;

use alerts::compose::Composer;
use alerts::engine::EnginePlan;
use alerts::receiver::{Identity, Receiver};
use alerts::rule::runbook::Runbook;
use alerts::rule::{Rule, RuleSet, load};
use anyhow::{anyhow, bail};

use super::idle;
use crate::config::alerts::files::rule_files;
use crate::config::alerts::{AlertsConfig, DEFAULT_RULES_WORD};
use crate::config::patience::within;
use crate::config::{Config, LOAD_TIME_MAX};
use crate::runbooks;

/// Whose name stands where the host has none that can be one.
const NAMELESS: &str = "ztna-exporter";

/// Longest name of the agent.
const AGENT_BYTES_MAX: usize = 128;

/// All that alerting works with.
#[derive(Debug, Clone)]
pub struct AlertSettings {
    /// Rules, profiles, silences, maintenance.
    pub plan: EnginePlan,
    /// Who can be told.
    pub receivers: Vec<Receiver>,
    /// Who is told of what names no receiver.
    pub default_receivers: Vec<Arc<str>>,
    /// Who we are.
    pub identity: Identity,
    /// What is worth a warning at start, in words for people: no receiver at all.
    pub warnings: Vec<String>,
}

/// Builds what the configuration says, and reads the files that it names.
///
/// # Errors
///
/// A complete text for people, with the place and the mend.
pub fn build(config: &Config) -> anyhow::Result<AlertSettings> {
    let config = config.clone();
    within(LOAD_TIME_MAX, move || build_now(&config))
        .unwrap_or_else(|why| Err(anyhow!("what `alerts` names {why}: is a mount dead?")))
}

fn build_now(config: &Config) -> anyhow::Result<AlertSettings> {
    let alerts = &config.alerts;
    let mut warnings = Vec::new();
    let refused = |error: anyhow::Error| config.refuse_rules(&format!("{error:#}"));
    let rules = load_rules(alerts, &mut warnings).map_err(refused)?;
    let receivers = ways::receivers(alerts, &mut warnings)?;
    let default_receivers = default_receivers(alerts);
    everybody_exists(&rules, alerts).map_err(refused)?;
    somebody_is_told(&rules, alerts, &default_receivers).map_err(refused)?;
    if alerts.receivers().is_empty() {
        warnings.push(
            "nobody is told of alerts: `alerts.receivers` names nobody; they stand on the page \
             and in the metrics only"
                .to_owned(),
        );
    }
    let host = host_name();
    let agent = alerts.agent.clone().unwrap_or_else(|| sanitised(&host));
    let agent: Arc<str> = Arc::from(agent);
    let listens_on = config.web.listen.first();
    let identity = Identity {
        agent: Arc::clone(&agent),
        host: Arc::from(host),
        site: alerts.site.as_deref().map(Arc::from),
        external_url: config.web.external_url.as_deref().map(Arc::from),
        config_file: config.file().and_then(|file| file.to_str()).map(Arc::from),
        listens_on: listens_on.and_then(|text| text.parse::<SocketAddr>().ok()),
    };
    // Not refused: the mail is sent with the built-in words, and says why.
    let composer = Composer::new(identity.clone(), receivers.clone(), Vec::new());
    warnings.extend(composer.check());
    let plan = EnginePlan {
        rules: Arc::new(rules),
        profiles: calendar::profiles(config),
        maintenance: calendar::maintenance(alerts),
        silences: calendar::silences(alerts),
        releases: alerts
            .releases
            .iter()
            .map(|one| Arc::from(&**one))
            .collect(),
        agent,
        quiet_before: None,
    };
    warnings.extend(idle::in_plan(&plan, config));
    warnings.extend(plan.rules.rules.iter().filter_map(|rule| lost_page(rule)));
    Ok(AlertSettings {
        plan,
        receivers,
        default_receivers,
        identity,
        warnings,
    })
}

fn load_rules(config: &AlertsConfig, warnings: &mut Vec<String>) -> anyhow::Result<RuleSet> {
    let files = rule_files(&config.rule_sources())
        .map_err(|error| anyhow!("`alerts.rules[{}]` {}", error.index, error.words))?;
    let rules = load::load(&files).map_err(|error| anyhow!("{error}"))?;
    let empty = load::empty_files(&files);
    warnings.extend(empty.map(|name| format!("{name}: there is no rule in it")));
    Ok(rules)
}

/// The rules that hold if nobody says others.
///
/// # Errors
///
/// Never, unless the program was built wrongly.
pub fn default_rules() -> anyhow::Result<RuleSet> {
    load_rules(&AlertsConfig::default(), &mut Vec::new())
}

fn default_receivers(config: &AlertsConfig) -> Vec<Arc<str>> {
    match &config.default_receivers {
        Some(names) => names.iter().map(|name| Arc::from(&**name)).collect(),
        None => {
            let all = config.receivers().iter();
            all.map(|one| Arc::from(&*one.name)).collect()
        }
    }
}

/// Everybody whom a rule names.
fn named(rule: &Rule) -> impl Iterator<Item = &Arc<str>> {
    rule.receivers.iter().chain(&rule.escalate_to)
}

fn everybody_exists(rules: &RuleSet, config: &AlertsConfig) -> anyhow::Result<()> {
    for rule in &rules.rules {
        for name in named(rule) {
            if config.receivers().iter().any(|one| one.name == **name) {
                continue;
            }
            let known: Vec<_> = config
                .receivers()
                .iter()
                .map(|one| format!("`{}`", one.name))
                .collect();
            let known = match known.as_slice() {
                [] => "`alerts.receivers`, which has nobody yet".to_owned(),
                [_, ..] => format!("one of {}", known.join(", ")),
            };
            bail!(
                "{}: the rule `{}` tells `{name}`, who is no receiver; want {known}",
                rule.place,
                rule.id
            );
        }
    }
    Ok(())
}

/// That a rule names a page of ours that there is not. No mistake: pages come and go with
/// versions, and an agent must start all the same.
fn lost_page(rule: &Rule) -> Option<String> {
    let Runbook::Page(name) = Runbook::read(&rule.runbook) else {
        return None;
    };
    if runbooks::find(name).is_some() {
        return None;
    }
    let meant = runbooks::similar(name, []);
    let meant = meant.map_or_else(String::new, |page| {
        format!(" (did you mean `docs/runbooks/{page}.md`?)")
    });
    Some(format!(
        "{}: the rule `{}` leads to `{}`, and there is no such page{meant}",
        rule.place, rule.id, rule.runbook
    ))
}

/// Rules of the operator's own that reach nobody are a mistake.
fn somebody_is_told(
    rules: &RuleSet,
    config: &AlertsConfig,
    defaults: &[Arc<str>],
) -> anyhow::Result<()> {
    let nobody_is_wanted = config.receivers().is_empty();
    if nobody_is_wanted || !defaults.is_empty() {
        return Ok(());
    }
    let untold = rules.rules.iter().find(|rule| rule.receivers.is_empty());
    match untold {
        Some(rule) => bail!(
            "{}: the rule `{}` tells nobody; want `receivers` in it, or a name in \
             `alerts.default_receivers`",
            rule.place,
            rule.id
        ),
        None => Ok(()),
    }
}

/// Whether the section says nothing that is not said without it.
pub fn is_silent(config: &AlertsConfig) -> bool {
    config.receivers().is_empty() && config.rule_sources() == [DEFAULT_RULES_WORD]
}

/// The host's name, for people.
fn host_name() -> String {
    let name = rustix::system::uname();
    model::untrusted::printable(&name.nodename().to_string_lossy()).into_owned()
}

/// A host's name as the right side of a Message-ID: other characters become hyphens.
fn sanitised(host: &str) -> String {
    let plain: String = host
        .chars()
        .map(|c| match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '.' | '-' => c,
            _ => '-',
        })
        .take(AGENT_BYTES_MAX)
        .collect();
    let labels: Vec<&str> = plain
        .split('.')
        .map(|label| label.trim_matches('-'))
        .filter(|label| !label.is_empty())
        .collect();
    if labels.is_empty() {
        return NAMELESS.to_owned();
    }
    labels.join(".")
}

#[cfg(test)]
mod tests;
