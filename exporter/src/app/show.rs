//! The command `demo`: the demo's writer and the whole agent in one process.
//!
//! What the demo writes is in [`crate::demo`]; the agent that reads it is the
//! ordinary one. Known limit: a killed demo leaves its temporary folder behind.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use tracing::{debug, warn};

use crate::agent::{self, OnListening, RunOptions};
use crate::cli::{DemoArgs, Failure};
use crate::clock::Clock;
use crate::config::{Colour, Config};
use crate::demo;
use crate::demo::writer::{DemoWriter, WriterError};
use crate::logging::print_result;

/// What `--listen` takes: the demo is for whoever sits at this machine.
const LISTEN_WANTED: &str = "want an address of this machine only, like 127.0.0.1:10942";

/// How often to look whether the story still goes on.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Shows a live connector in a temporary folder, and the whole agent on it.
///
/// # Errors
///
/// See [`agent::run`]; and if the temporary folder cannot be made or written.
pub fn demo(args: &DemoArgs) -> Result<(), Failure> {
    let folder = tempfile::Builder::new()
        .prefix("ztna-demo-")
        .tempdir()
        .context("no temporary folder for the demo's logs")?;
    let config = demo_config(folder.path(), &args.listen);
    load(&config)
        .map_err(|_| Failure::Usage(format!("--listen `{}`: {LISTEN_WANTED}", args.listen)))?;
    let clock = Clock::start();
    let story = Story {
        logs: folder.path().to_owned(),
        speed: args.speed,
        clock,
        writer: Arc::default(),
    };
    let options = RunOptions {
        load: Arc::new(move |_| load(&config)),
        lifecycle: false,
        until: Box::pin(story.clone().end(args.seconds.map(Duration::from_secs))),
        on_listening: story.clone().begin(),
    };
    let ended = agent::run(options, clock);
    story.stop()?;
    ended
}

fn load(config: &str) -> Result<Config, String> {
    let config = Config::parse("demo", config).map_err(|error| error.render(Colour::Never))?;
    config
        .check_listeners(false)
        .map_err(|error| error.render(Colour::Never))?;
    Ok(config)
}

/// The writer, shared between whoever starts, watches and stops it.
#[derive(Clone)]
struct Story {
    logs: PathBuf,
    speed: u32,
    clock: Clock,
    /// `None` before the agent serves.
    writer: Arc<Mutex<Option<Result<DemoWriter, WriterError>>>>,
}

impl Story {
    /// Greets once the agent serves, and only then begins to write: so the reader
    /// knows where to look before the first thing happens.
    fn begin(self) -> OnListening {
        Box::new(move |addresses| {
            if let Some(address) = addresses.first() {
                greet(*address, &self.logs);
            }
            let tell = |elapsed, chapter| {
                if let Err(error) = demo::narrate(elapsed, chapter) {
                    debug!(%error, "chapter not printed");
                }
            };
            let started = DemoWriter::start(&self.logs, self.speed, self.clock, tell);
            if let Ok(mut writer) = self.writer.lock() {
                *writer = Some(started);
            }
        })
    }

    /// Ends after `seconds`, or when the writer can write no more.
    async fn end(self, seconds: Option<Duration>) {
        let began = self.clock.now().monotonic;
        while self.goes_on() {
            let elapsed = self.clock.now().monotonic.saturating_sub(began);
            if seconds.is_some_and(|limit| limit <= elapsed) {
                return;
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    fn goes_on(&self) -> bool {
        match self.writer.lock().as_deref() {
            Ok(Some(Ok(writer))) => writer.is_running(),
            Ok(None) => true,
            Ok(Some(Err(_))) | Err(_) => false,
        }
    }

    fn stop(&self) -> anyhow::Result<()> {
        let started = self.writer.lock().ok().and_then(|mut writer| writer.take());
        if let Some(started) = started {
            started
                .and_then(DemoWriter::stop)
                .context("the demo's logs cannot be written")?;
        }
        Ok(())
    }
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
