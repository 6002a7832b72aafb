//! The commands that run the agent: `run`, `demo` and `check-config`.

mod show;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::agent::plan::Plan;
use crate::agent::{self, RunOptions};
use crate::cli::{Failure, RunArgs, in_lines};
use crate::clock::Clock;
use crate::config::{Colour, Config};
use crate::http::web_config;
use crate::logging::{print_result, say_to_user};

pub use self::show::demo;

/// Follows the connectors' logs until told to stop.
///
/// # Errors
///
/// See [`agent::run`].
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let load_args = args.clone();
    let options = RunOptions {
        load: Arc::new(move |colour| load(&load_args, colour)),
        lifecycle: args.enable_lifecycle,
        insecure_public: args.insecure_public,
        until: Box::pin(std::future::pending()),
        on_listening: Box::new(|_, _| {}),
    };
    agent::run(options, Clock::start())
}

/// Says whether a configuration file is right.
///
/// # Errors
///
/// [`Failure::Config`] with place and mend.
pub fn check_config(file: &Path, web_config: Option<&Path>) -> Result<(), Failure> {
    let args = RunArgs {
        config: Some(PathBuf::from(file)),
        web_config: web_config.map(Path::to_owned),
        listen: Vec::new(),
        insecure_public: false,
        enable_lifecycle: false,
    };
    let colour = Colour::of_stderr();
    let config = load(&args, colour).map_err(Failure::Config)?;
    let web = web_config::prepare(&config, false);
    let web = web.map_err(|error| Failure::Config(error.render(colour)))?;
    let plan = Plan::from_config(&config).map_err(|error| Failure::refused(&error))?;
    let alerts = plan.alerts();
    for warning in alerts.warnings.iter().chain(web.warnings()) {
        say_to_user(&format!("warning: {}", in_lines(warning)));
    }
    let text = format!(
        "{}: right, {} connectors, {} rules, {} receivers\n",
        file.display(),
        config.connectors.len(),
        alerts.plan.rules.rules.len(),
        alerts.receivers.len()
    );
    print_result(text.as_bytes())?;
    if let Some(web_file) = &config.web.config_file {
        let verdict = format!("{}: right, {}\n", web_file.display(), web.words());
        print_result(verdict.as_bytes())?;
    }
    Ok(())
}

/// The configuration that the flags name, with what the flags override.
fn load(args: &RunArgs, colour: Colour) -> Result<Config, String> {
    let mut config = match &args.config {
        Some(file) => Config::load(file).map_err(|error| error.render(colour))?,
        None => Config::without_file().map_err(|error| error.render(colour))?,
    };
    if !args.listen.is_empty() {
        config.web.listen.clone_from(&args.listen);
    }
    if args.web_config.is_some() {
        config.web.config_file.clone_from(&args.web_config);
    }
    Ok(config)
}
