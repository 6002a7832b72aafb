//! Looks whether the clients' tools are there and may be run. Runs none.

use std::path::PathBuf;

use model::connector::Tool;

use super::super::facts::ToolFacts;
use crate::config::Config;
use crate::probe::trust::{self, Distrust};

/// A tool to look at.
pub(in crate::doctor) struct ToolPlan {
    connector: String,
    tool: Tool,
    path: PathBuf,
}

impl ToolPlan {
    /// Every tool that the agent would ask.
    pub(in crate::doctor) fn all(config: &Config) -> Vec<Self> {
        let connectors = config.connectors.iter();
        connectors
            .flat_map(|connector| {
                connector.tools_in_use.iter().map(|used| Self {
                    connector: connector.name.clone(),
                    tool: used.tool,
                    path: used.path.clone(),
                })
            })
            .collect()
    }
}

/// Walks the way to each tool, for the user with the number `user`.
pub(in crate::doctor) fn look(plan: &[ToolPlan], user: u32) -> Vec<ToolFacts> {
    plan.iter()
        .map(|one| ToolFacts {
            connector: one.connector.clone(),
            tool: one.tool,
            path: one.path.clone(),
            problem: trust::check(&one.path, user).err().map(|why| words(&why)),
        })
        .collect()
}

fn words(distrust: &Distrust) -> String {
    match distrust {
        Distrust::Unreachable(error) => format!("cannot be reached: {error}"),
        Distrust::Unsafe { place, flaw } => format!("`{}`: {flaw}", place.display()),
    }
}
