//! Checks of update profiles, maintenance windows and silences.

use std::collections::HashMap;

use model::connector::ConnectorKind;

use super::super::super::alerts::{
    MaintenanceConfig, ProfileConfig, ScheduleConfig, SilenceConfig, WavesConfig,
};
use super::super::{Checker, Config, ConfigError, KeyPath, Part, shortened};

const PROFILES_MAX: usize = 64;
const WAVES_MAX: usize = 64;
const WINDOWS_MAX: usize = 64;
const SILENCES_MAX: usize = 64;

const WANTED_MEMBER: &str = "a name of `members`; without `members`, of any Publisher";

impl Checker<'_> {
    pub(super) fn profiles(&self, path: &KeyPath, config: &Config) -> Result<(), ConfigError> {
        let profiles = &config.alerts.profiles;
        self.no_more_than(path, profiles.len(), PROFILES_MAX)?;
        let mut names = HashMap::new();
        let mut members = HashMap::new();
        for (index, profile) in profiles.iter().enumerate() {
            let item = path.index(index);
            self.name(&item.key("name"), Part::Value, &profile.name)?;
            if let Some(first) = names.insert(&profile.name, index) {
                let wrong = format!(
                    "`{}` is also the name of `{}`",
                    profile.name,
                    path.index(first)
                );
                return Err(self.refuse(&item.key("name"), &wrong));
            }
            if let Some(schedule) = &profile.schedule {
                self.schedule(&item.key("schedule"), schedule)?;
            }
            let own = self.members(&item.key("members"), profile, config)?;
            for name in &own {
                if let Some(first) = members.insert((*name).to_owned(), index) {
                    let wrong = format!("has `{name}`, and so has `{}`", path.index(first));
                    let key = match profile.members {
                        Some(_) => item.key("members"),
                        None => item,
                    };
                    return Err(self
                        .refuse(&key, &wrong)
                        .wanting("`members`, each Publisher in one profile only"));
                }
            }
            self.waves(&item.key("waves"), &profile.waves, &own)?;
        }
        Ok(())
    }

    fn members<'c>(
        &self,
        path: &KeyPath,
        profile: &'c ProfileConfig,
        config: &'c Config,
    ) -> Result<Vec<&'c str>, ConfigError> {
        let publishers = config
            .connectors
            .iter()
            .filter(|one| one.kind == ConnectorKind::NetskopePublisher)
            .map(|one| one.name.as_str());
        let Some(names) = &profile.members else {
            return Ok(publishers.collect());
        };
        for (index, name) in names.iter().enumerate() {
            if !publishers.clone().any(|one| one == name) {
                let wrong = format!("`{}` is no Publisher of `connectors`", shortened(name));
                return Err(self.refuse(&path.index(index), &wrong));
            }
            if names.iter().take(index).any(|earlier| earlier == name) {
                let wrong = format!("`{name}` is there already");
                return Err(self.refuse(&path.index(index), &wrong));
            }
        }
        Ok(names.iter().map(String::as_str).collect())
    }

    fn waves(
        &self,
        path: &KeyPath,
        waves: &WavesConfig,
        members: &[&str],
    ) -> Result<(), ConfigError> {
        let WavesConfig::Lists(lists) = waves else {
            return Ok(());
        };
        self.count(path, lists.len(), WAVES_MAX, "waves")?;
        let mut seen = HashMap::new();
        for (wave, names) in lists.iter().enumerate() {
            for (index, name) in names.iter().enumerate() {
                let item = path.index(wave).index(index);
                if !members.contains(&name.as_str()) {
                    let wrong = format!("`{}` is no member of the profile", shortened(name));
                    return Err(self.refuse(&item, &wrong).wanting(WANTED_MEMBER));
                }
                if let Some(first) = seen.insert(name, item.clone()) {
                    let wrong = format!("`{name}` is also in `{first}`");
                    return Err(self
                        .refuse(&item, &wrong)
                        .wanting("each member in one wave"));
                }
            }
        }
        Ok(())
    }

    fn schedule(&self, path: &KeyPath, schedule: &ScheduleConfig) -> Result<(), ConfigError> {
        let wrong = match (schedule.weekly, schedule.monthly) {
            (Some(_), None) | (None, Some(_)) => return Ok(()),
            (Some(_), Some(_)) => "says both `weekly` and `monthly`",
            (None, None) => "says no day",
        };
        Err(self
            .refuse(path, wrong)
            .wanting("`weekly: tuesday`, or `monthly: {week: 2nd, day: tuesday}`"))
    }

    pub(super) fn maintenance(
        &self,
        path: &KeyPath,
        windows: &[MaintenanceConfig],
    ) -> Result<(), ConfigError> {
        self.no_more_than(path, windows.len(), WINDOWS_MAX)?;
        let mut names = HashMap::new();
        for (index, window) in windows.iter().enumerate() {
            let item = path.index(index);
            self.name(&item.key("name"), Part::Value, &window.name)?;
            if let Some(first) = names.insert(&window.name, index) {
                let wrong = format!(
                    "`{}` is also the name of `{}`",
                    window.name,
                    path.index(first)
                );
                return Err(self.refuse(&item.key("name"), &wrong));
            }
            match (window.at, &window.schedule) {
                (Some(_), None) => {}
                (None, Some(schedule)) => self.schedule(&item.key("schedule"), schedule)?,
                (Some(_), Some(_)) | (None, None) => {
                    return Err(self
                        .refuse(&item, "begins never, or in two ways")
                        .wanting("one of `at` and `schedule`"));
                }
            }
            self.duration(&item.key("lasts"), window.lasts)?;
            self.matchers(&item.key("matchers"), &window.matchers)?;
        }
        Ok(())
    }

    pub(super) fn silences(
        &self,
        path: &KeyPath,
        silences: &[SilenceConfig],
    ) -> Result<(), ConfigError> {
        self.no_more_than(path, silences.len(), SILENCES_MAX)?;
        let mut ids = HashMap::new();
        for (index, silence) in silences.iter().enumerate() {
            let item = path.index(index);
            self.name(&item.key("id"), Part::Value, &silence.id)?;
            if let Some(first) = ids.insert(&silence.id, index) {
                let wrong = format!("`{}` is also the id of `{}`", silence.id, path.index(first));
                return Err(self.refuse(&item.key("id"), &wrong));
            }
            if silence.matchers.is_empty() {
                return Err(self.refuse(&item.key("matchers"), "is empty").wanting(
                    "at least one matcher, like `connector=pub-1`; \
                     `rule=*` silences everything",
                ));
            }
            self.matchers(&item.key("matchers"), &silence.matchers)?;
            self.one_line(&item.key("who"), &silence.who)?;
            self.one_line(&item.key("why"), &silence.why)?;
            if silence.from.is_some_and(|from| silence.until <= from) {
                return Err(self
                    .refuse(&item.key("until"), "is not later than `from`")
                    .wanting("an instant after `from`"));
            }
        }
        Ok(())
    }
}
