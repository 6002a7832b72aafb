//! The command `demo`: the demo's writer and the whole agent in one process.
//!
//! What the demo writes is in [`crate::demo`]; the agent that reads it is the
//! ordinary one, with a configuration as a person would write it.
//!
//! Known limit: a killed demo leaves its temporary folder behind.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use model::connector::{ConnectorKind, Tool};
use tracing::{debug, warn};

use crate::agent::{self, OnListening, RunOptions};
use crate::cli::{DemoArgs, Failure};
use crate::clock::Clock;
use crate::config::{Colour, Config};
use crate::demo;
use crate::demo::folder::{DemoFolder, connector_folder};
use crate::demo::logs::Log;
use crate::demo::tools::StandIn;
use crate::demo::writer::{DemoWriter, WriterError};
use crate::logging::print_result;

/// What `--listen` takes: the demo is for whoever sits at this machine.
const LISTEN_WANTED: &str = "want an address of this machine only, like 127.0.0.1:10942";

/// How often to look whether the story still goes on.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Shows live connectors in a temporary folder, and the whole agent on them.
///
/// # Errors
///
/// See [`agent::run`]; and if the temporary folder cannot be made or written.
pub fn demo(args: &DemoArgs) -> Result<(), Failure> {
    let folder = tempfile::Builder::new()
        .prefix("ztna-demo-")
        // Its stand-ins for tools are run only where nobody else may write.
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
        .context("no temporary folder for the demo's logs")?;
    let files = DemoFolder::open(folder.path()).context("the demo's folder cannot be filled")?;
    let config = demo_config(folder.path(), &args.listen);
    load(&config)
        .map_err(|_| Failure::Usage(format!("--listen `{}`: {LISTEN_WANTED}", args.listen)))?;
    let clock = Clock::start();
    let story = Story {
        place: folder.path().to_owned(),
        speed: args.speed,
        clock,
        writer: Arc::default(),
    };
    let options = RunOptions {
        load: Arc::new(move |_| load(&config)),
        lifecycle: false,
        until: Box::pin(story.clone().end(args.seconds.map(Duration::from_secs))),
        on_listening: story.clone().begin(files),
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
    /// The temporary folder.
    place: PathBuf,
    speed: u32,
    clock: Clock,
    /// `None` before the agent serves.
    writer: Arc<Mutex<Option<Result<DemoWriter, WriterError>>>>,
}

impl Story {
    /// Greets once the agent serves, and only then begins to write: so the reader
    /// knows where to look before the first thing happens.
    fn begin(self, files: DemoFolder) -> OnListening {
        Box::new(move |addresses, _| {
            if let Some(address) = addresses.first() {
                greet(*address, &self.place);
            }
            let tell = |elapsed, chapter| {
                if let Err(error) = demo::narrate(elapsed, chapter) {
                    debug!(%error, "chapter not printed");
                }
            };
            let started = DemoWriter::start(files, self.speed, self.clock, tell);
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
                .context("the demo's story ended early")?;
        }
        Ok(())
    }
}

fn greet(address: SocketAddr, place: &Path) {
    let text = format!(
        "A Netskope Publisher and two laptops, one with the Netskope Client and one with the\n\
         Cato Client, live in {place};\n\
         the agent reads their logs, asks the clients' tools every {interval} s, and serves:\n\n  \
         http://{address}/         the status page\n  \
         http://{address}/metrics  for Prometheus: watch ztna_events_total and ztna_tunnel_up\n\n\
         Their story, as it happens (Ctrl-C ends it and removes everything):\n\n",
        place = place.display(),
        interval = TOOL_INTERVAL.as_secs(),
    );
    if let Err(error) = print_result(text.as_bytes()) {
        warn!(%error, "greeting not printed");
    }
}

/// How often a tool is asked: as often as the configuration allows.
const TOOL_INTERVAL: Duration = Duration::from_secs(10);

/// After how long a tool that says nothing is given up.
const TOOL_TIMEOUT: Duration = Duration::from_secs(2);

fn demo_config(place: &Path, listen: &str) -> String {
    let mut config = format!(
        "store: {{path: {store}}}\n\
         web: {{listen: [{listen:?}]}}\n\
         tail: {{rotate_grace: 5s}}\n\
         connectors:\n",
        store = quoted(&place.join("state.db")),
    );
    for kind in ConnectorKind::ALL {
        config.push_str(&connector_config(place, *kind));
    }
    config
}

fn connector_config(place: &Path, kind: ConnectorKind) -> String {
    // The demo's programs write in UTC wherever they are.
    let mut config = format!("- name: demo-{kind}\n  kind: {kind}\n  timezone: UTC\n  logs:\n");
    for log in Log::ALL.iter().filter(|log| log.connector() == kind) {
        let pattern = connector_folder(place, kind).join(log.pattern());
        config.push_str(&format!("    {}: [{}]\n", log.name(), quoted(&pattern)));
    }
    match kind {
        ConnectorKind::NetskopePublisher => {}
        // A tool without a stand-in might be this machine's own: it is left alone.
        ConnectorKind::NetskopeClient => {
            config.push_str("  tools:\n    stagentcli: {enabled: false}\n");
            config.push_str(&tool_config(place, Tool::Nsdiag, kind));
        }
        ConnectorKind::CatoClient => {
            config.push_str("  tools:\n");
            config.push_str(&tool_config(place, Tool::CatoSdp, kind));
        }
    }
    config
}

fn tool_config(place: &Path, tool: Tool, kind: ConnectorKind) -> String {
    format!(
        "    {tool}: {{path: {path}, interval: {interval}s, timeout: {timeout}s}}\n",
        path = quoted(StandIn::place(&connector_folder(place, kind), tool).program()),
        interval = TOOL_INTERVAL.as_secs(),
        timeout = TOOL_TIMEOUT.as_secs(),
    )
}

/// Debug formatting quotes a path as YAML's double-quoted strings do.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}
