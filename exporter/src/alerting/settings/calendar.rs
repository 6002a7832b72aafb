//! What runs by the calendar, in the engine's types.

use std::sync::Arc;

use alerts::engine::{Beginning, MaintenanceWindow};
use alerts::profile::{Profile, WaveOrder};
use alerts::schedule::{Cadence, Schedule};
use jiff::Timestamp;
use model::alert::Silence;
use model::connector::ConnectorKind;

use crate::config::Config;
use crate::config::alerts::{AlertsConfig, ScheduleConfig, WavesConfig, matcher};

/// The profiles. Without members of its own a profile has all Publishers of the agent.
pub(super) fn profiles(config: &Config) -> Vec<Profile> {
    let publishers: Vec<Arc<str>> = config
        .connectors
        .iter()
        .filter(|one| one.kind == ConnectorKind::NetskopePublisher)
        .map(|one| Arc::from(&*one.name))
        .collect();
    let profiles = config.alerts.profiles.iter();
    profiles
        .map(|profile| Profile {
            name: Arc::from(&*profile.name),
            release: profile.release.clone(),
            schedule: profile.schedule.as_ref().and_then(schedule),
            is_enabled: profile.enabled,
            members: match &profile.members {
                Some(names) => names.iter().map(|name| Arc::from(&**name)).collect(),
                None => publishers.clone(),
            },
            order: order(&profile.waves),
        })
        .collect()
}

fn order(waves: &WavesConfig) -> WaveOrder {
    match waves {
        WavesConfig::Canary => WaveOrder::CanaryThenHalves,
        WavesConfig::Single => WaveOrder::Single,
        WavesConfig::Lists(lists) => {
            let wave = |names: &Vec<String>| names.iter().map(|name| Arc::from(&**name)).collect();
            WaveOrder::Explicit(lists.iter().map(wave).collect())
        }
    }
}

fn schedule(config: &ScheduleConfig) -> Option<Schedule> {
    let weekly = config.weekly.map(Cadence::Weekly);
    let monthly = config
        .monthly
        .map(|one| Cadence::Monthly(one.week, one.day));
    Some(Schedule {
        cadence: weekly.or(monthly)?,
        time: config.time,
        zone: config.zone.clone(),
    })
}

/// The maintenance windows.
pub(super) fn maintenance(config: &AlertsConfig) -> Vec<MaintenanceWindow> {
    let windows = config.maintenance.iter();
    windows
        .filter_map(|window| {
            let once = window.at.map(Beginning::At);
            let again = window.schedule.as_ref().and_then(schedule);
            Some(MaintenanceWindow {
                name: Arc::from(&*window.name),
                begins: once.or_else(|| again.map(Beginning::By))?,
                lasts: window.lasts.0,
                matchers: matchers(&window.matchers),
            })
        })
        .collect()
}

/// The silences that stand in the configuration.
pub(super) fn silences(config: &AlertsConfig) -> Vec<Silence> {
    let silences = config.silences.iter();
    silences
        .map(|silence| Silence {
            id: Arc::from(&*silence.id),
            matchers: matchers(&silence.matchers),
            who: silence.who.clone(),
            why: silence.why.clone(),
            from: silence.from.unwrap_or(Timestamp::MIN),
            until: silence.until,
        })
        .collect()
}

fn matchers(texts: &[String]) -> Vec<(Arc<str>, Arc<str>)> {
    let pairs = texts.iter().filter_map(|text| matcher(text));
    pairs
        .map(|(label, value)| (Arc::from(label), Arc::from(value)))
        .collect()
}
