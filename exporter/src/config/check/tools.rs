//! Checks of how a connector's tools are asked, and of how long it may be silent.
//!
//! A program is what we run with our own rights, so its path must be one that cannot
//! mean anything else. What stands there is not looked at: it may come, go and change
//! while the agent runs, so `probe` looks before each run, and a bad tool never stops
//! an agent that has logs to read.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use model::connector::ConnectorKind;

use super::super::quantity::HumanDuration;
use super::super::silence::UnknownAfter;
use super::super::tools::{ToolConfig, tools_of};
use super::{Checker, ConfigError, ConnectorConfig, KeyPath, Part};

impl Checker<'_> {
    pub(super) fn tools(
        &self,
        path: &KeyPath,
        connector: &ConnectorConfig,
    ) -> Result<(), ConfigError> {
        for (tool, config) in connector.tools.named() {
            let item = path.key(tool.name());
            if !tools_of(connector.kind).contains(&tool) {
                let wrong = format!("is no tool of a `{}`", connector.kind);
                return Err(self
                    .refuse_part(&item, Part::Key, &wrong)
                    .wanting(&tools_wanted(connector.kind)));
            }
            self.tool(&item, config)?;
        }
        Ok(())
    }

    fn tool(&self, item: &KeyPath, config: &ToolConfig) -> Result<(), ConfigError> {
        if let Some(program) = &config.path {
            self.program(&item.key("path"), program)?;
        }
        self.duration(&item.key("interval"), config.interval)?;
        let timeout = item.key("timeout");
        self.duration(&timeout, config.timeout)?;
        if config.interval < config.timeout {
            let wrong = format!(
                "is `{}`, longer than the interval `{}`",
                config.timeout, config.interval
            );
            return Err(self
                .refuse(&timeout, &wrong)
                .wanting("a time limit that ends before the next run"));
        }
        Ok(())
    }

    fn program(&self, path: &KeyPath, program: &Path) -> Result<(), ConfigError> {
        let shown = program.display();
        if program.as_os_str().is_empty() {
            return Err(self.refuse(path, "is empty"));
        }
        if !program.is_absolute() {
            return Err(self.refuse(path, &format!("`{shown}` does not begin with `/`")));
        }
        if program.as_os_str().as_bytes().contains(&0) {
            return Err(self.refuse(path, "holds a NUL byte"));
        }
        Ok(())
    }

    pub(super) fn unknown_after(
        &self,
        path: &KeyPath,
        unknown_after: Option<UnknownAfter>,
    ) -> Result<(), ConfigError> {
        match unknown_after {
            Some(UnknownAfter::Silence(silence)) => self.duration(path, silence),
            Some(UnknownAfter::Never) | None => Ok(()),
        }
    }

    /// One lost answer must not make states unknown: silence is at least two intervals.
    pub(super) fn tools_are_asked_in_time(
        &self,
        path: &KeyPath,
        connector: &ConnectorConfig,
    ) -> Result<(), ConfigError> {
        let Some(silence) = connector.silence_max() else {
            return Ok(());
        };
        let asked = connector.tools.named().filter(|(_, config)| config.enabled);
        for (tool, config) in asked {
            if config.interval.0.saturating_mul(2) <= silence {
                continue;
            }
            let silence = HumanDuration(silence);
            let (key, wrong) = if connector.unknown_after.is_some() {
                let wrong = format!(
                    "is `{silence}`, shorter than twice the interval `{}` of `{tool}`",
                    config.interval
                );
                (path.key("unknown_after"), wrong)
            } else {
                let wrong = format!(
                    "is `{}`, more than half of `unknown_after`, which is `{silence}`",
                    config.interval
                );
                (path.key("tools").key(tool.name()).key("interval"), wrong)
            };
            return Err(self
                .refuse(&key, &wrong)
                .wanting("an `unknown_after` of at least twice each tool's interval, or `never`"));
        }
        Ok(())
    }
}

fn tools_wanted(kind: ConnectorKind) -> String {
    let names: Vec<String> = tools_of(kind)
        .iter()
        .map(|tool| format!("`{tool}`"))
        .collect();
    if names.is_empty() {
        return "no `tools`: this product has none that can be asked".to_owned();
    }
    names.join(" or ")
}
