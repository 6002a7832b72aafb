//! The command `demo`: the demo's writer and the whole agent in one process.
//!
//! What the demo writes is in [`crate::demo`]; the agent that reads it is the
//! ordinary one, with a configuration as a person would write it.
//!
//! Known limit: a demo that is killed, or stopped in its first moments, leaves its
//! temporary folder behind.

mod settings;

use std::fs::Permissions;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use snmp_agent::oid::Oid;
use snmp_agent::tree::ztna::DEFAULT_BASE;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{debug, warn};

use self::settings::Places;
use crate::agent::{self, OnListening, RunOptions};
use crate::cli::{DemoArgs, Failure};
use crate::clock::Clock;
use crate::config::{Colour, Config};
use crate::demo;
use crate::demo::folder::DemoFolder;
use crate::demo::gateway::Gateway;
use crate::demo::mailbox::Mailbox;
use crate::demo::writer::{DemoWriter, WriterError};
use crate::logging::print_result;

/// What `--listen` takes: the demo is for whoever sits at this machine.
const LISTEN_WANTED: &str = "want an address of this machine only, like 127.0.0.1:10942";

/// What `--snmp-listen` takes.
const SNMP_LISTEN_WANTED: &str = "want an address of this machine only, like 127.0.0.1:10161";

/// Where the objects are that the vendor's guide names: memory, disks and processors
/// (UCD-SNMP-MIB), and interfaces (IF-MIB).
const VENDOR_LIST: [&str; 2] = ["1.3.6.1.4.1.2021", "1.3.6.1.2.1.2.2"];

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
    let snmp_wanted = loopback(&args.snmp_listen).ok_or_else(|| {
        let address = &args.snmp_listen;
        Failure::Usage(format!("--snmp-listen `{address}`: {SNMP_LISTEN_WANTED}"))
    })?;
    let gateway = Gateway::start(folder.path()).context("the demo has nobody to probe")?;
    let announce = |subject: &str, file: &Path| {
        if let Err(error) = demo::announce(subject, file) {
            debug!(%error, "mail not announced");
        }
    };
    let mailbox = Mailbox::start(folder.path(), announce).context("the demo gets no mail")?;
    // Nobody reads them: the socket is there for as long as traps are sent, so that no port
    // refuses them, and its buffer takes what fits.
    let traps = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("the demo gets no traps")?;
    let clock = Clock::start();
    let config = settings::write(&Places {
        folder: folder.path(),
        listen: &args.listen,
        snmp: settings::snmp_address(snmp_wanted),
        gateway: gateway.address(),
        mailbox: mailbox.address(),
        traps: traps.local_addr().context("the demo gets no traps")?,
        now: clock.now().timestamp(),
    });
    let config = config.context("the demo's folder cannot be filled")?;
    load(&config)
        .map_err(|_| Failure::Usage(format!("--listen `{}`: {LISTEN_WANTED}", args.listen)))?;
    let story = Story {
        told: Told {
            place: folder.path().to_owned(),
            snmp_wanted,
        },
        speed: args.speed,
        clock,
        writer: Arc::default(),
    };
    let options = RunOptions {
        load: Arc::new(move |_| load(&config)),
        lifecycle: false,
        insecure_public: false,
        until: Box::pin(end_of(story.clone(), args.seconds.map(Duration::from_secs))),
        on_listening: story.clone().begin(files),
    };
    let ended = agent::run(options, clock);
    gateway.stop();
    mailbox.stop();
    drop(traps);
    story.stop()?;
    ended
}

/// Ends with the story, or when whoever looks on goes away: a demo has no configuration to
/// read anew, so a closed terminal means what Ctrl-C means, and so does Ctrl-\.
async fn end_of(story: Story, length: Option<Duration>) {
    let gone = async {
        let signals = (signal(SignalKind::hangup()), signal(SignalKind::quit()));
        if let (Ok(mut hangup), Ok(mut quit)) = signals {
            tokio::select! {
                _ = hangup.recv() => {}
                _ = quit.recv() => {}
            }
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = story.end(length) => {}
        () = gone => {}
    }
}

/// An address that nobody beyond this machine can reach.
fn loopback(text: &str) -> Option<SocketAddr> {
    let address: SocketAddr = text.parse().ok()?;
    Some(address).filter(|address| address.ip().to_canonical().is_loopback())
}

fn load(config: &str) -> Result<Config, String> {
    let config = Config::parse("demo", config).map_err(|error| error.render(Colour::Never))?;
    config
        .check_listeners(false)
        .map_err(|error| error.render(Colour::Never))?;
    Ok(config)
}

/// What the greeting says beside the addresses.
#[derive(Clone)]
struct Told {
    /// The temporary folder.
    place: PathBuf,
    /// Where SNMP was meant to be.
    snmp_wanted: SocketAddr,
}

/// The writer, shared between whoever starts, watches and stops it.
#[derive(Clone)]
struct Story {
    told: Told,
    speed: u32,
    clock: Clock,
    /// `None` before the agent serves.
    writer: Arc<Mutex<Option<Result<DemoWriter, WriterError>>>>,
}

impl Story {
    /// Greets once the agent serves, and only then begins to write: so the reader
    /// knows where to look before the first thing happens.
    fn begin(self, files: DemoFolder) -> OnListening {
        Box::new(move |addresses, snmp| {
            if let Some(address) = addresses.first() {
                greet(*address, snmp.first(), &self.told);
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

/// Says where everything is, with commands that can be pasted.
fn greet(http: SocketAddr, snmp: Option<&SocketAddr>, told: &Told) {
    let mut text = format!(
        "A Netskope Publisher and two laptops, one with the Netskope Client and one with the\n\
         Cato Client, live in {place};\n\
         the agent reads their logs, asks the clients' tools every {interval} s, looks at this\n\
         host and at a server that stands for the vendor's, and serves:\n\n  \
         http://{http}/         the page\n  \
         http://{http}/metrics  for Prometheus: watch ztna_events_total and ztna_tunnel_up\n\n",
        place = told.place.display(),
        interval = settings::TOOL_INTERVAL.as_secs(),
    );
    if let Some(address) = snmp {
        text.push_str(&snmp_commands(*address, told.snmp_wanted));
    }
    text.push_str(&format!(
        "What its rules find it sends as mail to a mailbox of the demo's own; each mail is a\n\
         file in {mails}. An SNMP trap goes with it, to\n\
         a receiver that throws it away.\n\n",
        mails = told.place.join("mails").display(),
    ));
    text.push_str("Their story, as it happens (Ctrl-C ends it and removes everything):\n\n");
    if let Err(error) = print_result(text.as_bytes()) {
        warn!(%error, "greeting not printed");
    }
}

/// The way to the same facts by SNMP.
fn snmp_commands(address: SocketAddr, wanted: SocketAddr) -> String {
    let moved = if address == wanted || wanted.port() == 0 {
        String::new()
    } else {
        format!(" (somebody else has {wanted})")
    };
    let agent = match address {
        SocketAddr::V4(_) => address.to_string(),
        SocketAddr::V6(_) => format!("udp6:{address}"),
    };
    let own = Oid::new(DEFAULT_BASE);
    let version_2 = format!("snmpwalk -v2c -c {} {agent}", settings::COMMUNITY);
    let version_3 = format!(
        "snmpwalk -v3 -l authPriv -u {user} -a SHA -A {auth} -x AES -X {privacy} {agent}",
        user = settings::USER,
        auth = settings::AUTH_PASSPHRASE,
        privacy = settings::PRIV_PASSPHRASE,
    );
    let [host, interfaces] = VENDOR_LIST;
    format!(
        "and by SNMP on {address}{moved}, the connectors first, then the vendor's list:\n\n  \
         {version_2} {own}\n  \
         {version_2} {host}\n  \
         {version_2} {interfaces}\n  \
         {version_3} {own}\n  \
         {version_3} {host}\n\n",
    )
}
