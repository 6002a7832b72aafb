//! `alerts test`: what happens by a virtual clock, and the exact messages that come of it.
//!
//! A file has connectors, the section `alerts` of a configuration, and timelines: log
//! lines, events and numbers, and every message that is to be decided, with its recipients,
//! subject, thread and parts of its text. A message more is as wrong as one that is
//! missing. It runs what the agent runs: see `stage`.

mod mail;
mod overlay;
mod played;
mod script;
mod stage;
mod verdict;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use model::connector::ConnectorKind;
use model::untrusted::printable;

use self::script::{Given, Script, Timeline};
use super::settings;
use crate::cli::in_lines;
use crate::config::alerts::files::text_of;
use crate::config::alerts::{
    AlertsConfig, EmailConfig, ProfileConfig, ReceiverConfig, WavesConfig,
};
use crate::config::{Colour, Config, TimelineDocument};

/// Who hears of everything if a file names nobody.
const USUAL_RECEIVER: &str = "ops";
const USUAL_RECIPIENT: &str = "ops@example.com";

/// How one timeline ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What it shows.
    pub name: String,
    /// How many messages were decided.
    pub messages: usize,
    /// What is wrong; empty if all is as expected.
    pub complaints: String,
    /// All messages in full.
    pub in_full: String,
    /// The rules that people were told of.
    pub told: Vec<String>,
}

/// Runs all timelines of a file.
///
/// # Errors
///
/// The file cannot be read, or is none: a complete text for people.
pub fn run(path: &Path) -> Result<Vec<Outcome>, String> {
    let name = printable(&path.display().to_string()).into_owned();
    let text = text_of(path).map_err(|words| format!("error: `{name}` {words}"))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    run_text(&name, &text, folder)
}

/// Runs all timelines of a text, which errors call `name`; relative paths in it start at
/// `folder`.
///
/// # Errors
///
/// As [`run`].
pub fn run_text(name: &str, text: &str, folder: &Path) -> Result<Vec<Outcome>, String> {
    let colour = Colour::of_stderr();
    let document = TimelineDocument::parse(name, text).map_err(|error| error.render(colour))?;
    let script: Script = document.decode().map_err(|error| error.render(colour))?;
    let mut outcomes = Vec::new();
    for timeline in &script.tests {
        let config = document
            .config(
                connectors(&script, timeline),
                alerts_of(&script.alerts, timeline.given.as_ref()),
                folder,
            )
            .map_err(|error| error.render(colour))?;
        let outcome = run_one(&config, timeline).map_err(|error| {
            let words = format!("{name}: `{}`: {error:#}", timeline.name);
            format!("error: {}", in_lines(&words))
        })?;
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn run_one(config: &Config, timeline: &Timeline) -> anyhow::Result<Outcome> {
    let settings = settings::build(config).context("its configuration")?;
    let played = stage::play(config, &settings, timeline, end_of(timeline)?)?;
    let messages = played.seen.iter();
    let mut told: Vec<String> = messages.map(|one| one.message.rule.to_string()).collect();
    told.sort();
    told.dedup();
    Ok(Outcome {
        name: timeline.name.clone(),
        messages: played.seen.len(),
        complaints: verdict::judge(&timeline.expect, &played),
        in_full: verdict::in_full(&played),
        told,
    })
}

/// When a timeline ends: where it says, else a little after all that it names.
fn end_of(timeline: &Timeline) -> anyhow::Result<Duration> {
    let expected = timeline.expect.mails.iter();
    let last_mail = expected
        .map(|one| one.at.0.saturating_add(one.within.0))
        .max();
    let last_news = timeline.when.iter().map(|one| one.t.0).max();
    let last = last_mail.max(last_news).unwrap_or_default();
    match timeline.until {
        None => Ok(last.saturating_add(timeline.step.0)),
        Some(until) if until.0 < last => Err(anyhow!(
            "`until` is {until}, and something is to happen after that"
        )),
        Some(until) => Ok(until.0),
    }
}

/// The connectors of the file, and the members of the profile.
fn connectors(script: &Script, timeline: &Timeline) -> Vec<(String, ConnectorKind)> {
    let mut all: Vec<_> = script
        .connectors
        .iter()
        .map(|(name, product)| (name.clone(), product.0))
        .collect();
    let members = timeline
        .given
        .iter()
        .flat_map(|given| given.members.values());
    for name in members.flatten() {
        if !all.iter().any(|(other, _)| other == name) {
            all.push((name.clone(), ConnectorKind::NetskopePublisher));
        }
    }
    all
}

/// The section of the file, with somebody to tell and the profile.
fn alerts_of(section: &AlertsConfig, given: Option<&Given>) -> AlertsConfig {
    let mut alerts = section.clone();
    if alerts.receivers.is_none() {
        let mail = EmailConfig::to(USUAL_RECIPIENT);
        alerts.receivers = Some(vec![ReceiverConfig::of_mail(USUAL_RECEIVER, mail)]);
    }
    if let Some(given) = given {
        let waves: Vec<Vec<String>> = given.members.values().cloned().collect();
        alerts.profiles.push(ProfileConfig {
            schedule: given.schedule.clone(),
            members: Some(waves.concat()),
            waves: WavesConfig::Lists(waves),
            ..ProfileConfig::new(&given.profile)
        });
    }
    alerts
}

#[cfg(test)]
mod tests;
