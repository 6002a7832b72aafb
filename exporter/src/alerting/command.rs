//! `ztna-exporter alerts`: rules, tests, history, queue, silences.
//!
//! These commands stand beside a running agent. They read its configuration and look into
//! its store; what they want of it they leave in folders beside the store
//! ([`super::letterbox`]).

mod check;
mod export;
mod history;
mod queue;
mod runbook;
mod send_test;
mod silence;
mod table;
mod test;

use std::path::PathBuf;
use std::sync::Arc;

use alerts::rule::RuleSet;
use clap::{Args, Subcommand};

pub use self::export::ExportArgs;
pub use self::history::HistoryArgs;
pub use self::queue::QueueArgs;
pub use self::runbook::RunbookArgs;
pub use self::send_test::SendTestArgs;
pub use self::silence::SilenceCommand;
pub use self::test::TestArgs;
use super::settings::{self, AlertSettings};
use crate::cli::Failure;
use crate::config::{Colour, Config};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum AlertsCommand {
    /// Say whether the rules are right, and list them.
    Check(ConfigArgs),
    /// Run timelines: log lines, events and samples by a virtual clock, and the exact mails
    /// that are to come of them.
    Test(TestArgs),
    /// Write Prometheus rule files, with unit tests beside them, from the rules.
    ExportPrometheus(ExportArgs),
    /// List what was decided about alerts, and why. The latest comes last.
    History(HistoryArgs),
    /// List messages with what became of each delivery. The latest comes last.
    Queue(QueueArgs),
    /// Print what to do about an alert, or the list of all such pages.
    Runbook(RunbookArgs),
    /// Send a test message to a receiver, and say how it fared.
    SendTest(SendTestArgs),
    /// Hold alerts back for a while.
    Silence {
        /// What to do.
        #[command(subcommand)]
        command: SilenceCommand,
    },
}

/// Which configuration.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// The agent's configuration. Without it, what holds without one.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl ConfigArgs {
    fn load(&self) -> Result<Config, Failure> {
        let loaded = match &self.config {
            Some(file) => Config::load(file),
            None => Config::without_file(),
        };
        loaded.map_err(|error| Failure::Config(error.render(Colour::of_stderr())))
    }

    /// The rules alone. Without a configuration the default ones, whether or not there is
    /// anything on this host that they could be about.
    fn rules(&self) -> Result<Arc<RuleSet>, Failure> {
        if self.config.is_some() {
            return Ok(self.settings()?.1.plan.rules);
        }
        settings::default_rules()
            .map(Arc::new)
            .map_err(|error| Failure::refused(&error))
    }

    fn settings(&self) -> Result<(Config, AlertSettings), Failure> {
        let config = self.load()?;
        let settings = settings::build(&config).map_err(|error| Failure::refused(&error))?;
        Ok((config, settings))
    }
}

/// Runs one of them.
///
/// # Errors
///
/// What the user should know, with its exit code.
pub fn run(command: &AlertsCommand) -> Result<(), Failure> {
    match command {
        AlertsCommand::Check(args) => check::run(args),
        AlertsCommand::Test(args) => test::run(args),
        AlertsCommand::ExportPrometheus(args) => export::run(args),
        AlertsCommand::History(args) => history::run(args),
        AlertsCommand::Queue(args) => queue::run(args),
        AlertsCommand::Runbook(args) => runbook::run(args),
        AlertsCommand::SendTest(args) => send_test::run(args),
        AlertsCommand::Silence { command } => silence::run(command),
    }
}
