//! Checks of how a connector's tools are asked, and of how long it may be silent.
//!
//! A program is what we run with our own rights, so its path must be one that cannot
//! mean anything else, and a file that not everybody may change.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use model::connector::ConnectorKind;

use super::super::silence::UnknownAfter;
use super::super::tools::{ToolConfig, tools_of};
use super::{Checker, ConfigError, ConnectorConfig, KeyPath, Part};

/// Write permission for everybody.
const WRITABLE_BY_ALL: u32 = 0o002;

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
        // A program that does not exist yet may be installed later; its runs tell.
        let Ok(metadata) = program.metadata() else {
            return Ok(());
        };
        if metadata.is_dir() {
            return Err(self.refuse(path, &format!("`{shown}` is a folder")));
        }
        if metadata.permissions().mode() & WRITABLE_BY_ALL != 0 {
            let wrong = format!("`{shown}` can be changed by everybody");
            return Err(self
                .refuse(path, &wrong)
                .wanting("a program that only its owner may change: `chmod o-w` it"));
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
