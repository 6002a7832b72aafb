//! The commands that run the agent: `run`, `demo` and `check-config`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use tracing::{debug, error, warn};

use crate::agent::plan::Plan;
use crate::agent::{self, OnListening, RunOptions};
use crate::cli::{DemoArgs, Failure, RunArgs};
use crate::clock::Clock;
use crate::config::{Colour, Config};
use crate::demo;
use crate::demo::writer::DemoWriter;
use crate::logging::print_result;

/// Follows the connectors' logs until told to stop.
///
/// # Errors
///
/// See [`agent::run`].
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let load_args = args.clone();
    let options = RunOptions {
        load: Box::new(move || load(&load_args)),
        lifecycle: args.enable_lifecycle,
        stop_after: None,
        on_listening: Box::new(|_| {}),
    };
    agent::run(options, Clock::start())
}

/// Shows a live connector in a temporary folder, and the whole agent on it.
///
/// # Errors
///
/// See [`agent::run`]; and if the temporary folder cannot be made.
pub fn demo(args: &DemoArgs) -> Result<(), Failure> {
    let folder = tempfile::Builder::new()
        .prefix("ztna-demo-")
        .tempdir()
        .context("no temporary folder for the demo's logs")?;
    let config = demo_config(folder.path(), &args.listen);
    let clock = Clock::start();
    let story = Arc::new(Mutex::new(None));
    let options = RunOptions {
        load: Box::new(move || {
            Config::parse("demo", &config).map_err(|error| error.render(Colour::Never))
        }),
        lifecycle: false,
        stop_after: args.seconds.map(Duration::from_secs),
        on_listening: begin_story(folder.path(), args.speed, clock, Arc::clone(&story)),
    };
    let ended = agent::run(options, clock);
    let writer = story.lock().ok().and_then(|mut story| story.take());
    if let Some(Err(error)) = writer.map(DemoWriter::stop) {
        return Err(anyhow::Error::from(error)
            .context("the demo's logs cannot be written")
            .into());
    }
    ended
}

/// Greets once the agent serves, and only then begins to write: so the reader knows
/// where to look before the first thing happens.
fn begin_story(
    folder: &Path,
    speed: u32,
    clock: Clock,
    story: Arc<Mutex<Option<DemoWriter>>>,
) -> OnListening {
    let logs = folder.to_owned();
    Box::new(move |addresses| {
        if let Some(address) = addresses.first() {
            greet(*address, &logs);
        }
        let tell = |elapsed, chapter| {
            if let Err(error) = demo::narrate(elapsed, chapter) {
                debug!(%error, "chapter not printed");
            }
        };
        match (DemoWriter::start(&logs, speed, clock, tell), story.lock()) {
            (Ok(writer), Ok(mut story)) => *story = Some(writer),
            (Err(error), _) => error!(%error, "demo's logs not written"),
            (Ok(_), Err(_)) => {}
        }
    })
}

fn greet(address: SocketAddr, logs: &Path) {
    let text = format!(
        "A Netskope Publisher lives in {logs}; the agent reads its logs and serves:\n\n  \
         http://{address}/         the status page\n  \
         http://{address}/metrics  for Prometheus: watch ztna_events_total and ztna_tunnel_up\n\n\
         Its story, as it happens (Ctrl-C ends it and removes everything):\n\n",
        logs = logs.display(),
    );
    if let Err(error) = print_result(text.as_bytes()) {
        warn!(%error, "greeting not printed");
    }
}

fn demo_config(folder: &Path, listen: &str) -> String {
    // Debug formatting quotes a path as YAML's double-quoted strings do.
    let path = |name: &str| format!("{:?}", folder.join(name).display().to_string());
    format!(
        "store: {{path: {store}}}\n\
         web: {{listen: [{listen:?}]}}\n\
         tail: {{rotate_grace: 5s}}\n\
         connectors:\n\
         - name: demo-publisher\n  \
           kind: netskope-publisher\n  \
           logs:\n    \
             agent: [{agent}]\n    \
             wizard: [{wizard}]\n",
        store = path("state.db"),
        agent = path("agent.txt*"),
        wizard = path("publisher_wizard.log*"),
    )
}

/// Says whether a configuration file is right.
///
/// # Errors
///
/// [`Failure::Config`] with place and mend.
pub fn check_config(file: &Path) -> Result<(), Failure> {
    let args = RunArgs {
        config: Some(PathBuf::from(file)),
        listen: Vec::new(),
        insecure_public: false,
        enable_lifecycle: false,
    };
    let config = load(&args).map_err(Failure::Config)?;
    Plan::from_config(&config).map_err(|error| Failure::Config(format!("error: {error:#}")))?;
    let text = format!(
        "{}: right, {} connectors\n",
        file.display(),
        config.connectors.len()
    );
    print_result(text.as_bytes())?;
    Ok(())
}

/// The configuration that the flags name, with what the flags override.
fn load(args: &RunArgs) -> Result<Config, String> {
    let colour = Colour::of_stderr();
    let mut config = match &args.config {
        Some(file) => Config::load(file).map_err(|error| error.render(colour))?,
        None => Config::without_file().map_err(|error| error.render(colour))?,
    };
    if !args.listen.is_empty() {
        config.web.listen.clone_from(&args.listen);
    }
    config
        .check_listeners(args.insecure_public)
        .map_err(|error| error.render(colour))?;
    Ok(config)
}
