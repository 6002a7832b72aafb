//! `snmp send-test`: sends the test notification and says how each target fared.
//!
//! The running agent is not asked to: its queue stays as it is. A trap of SNMPv3 is signed
//! with the engine's clock, so that the agent has to be found at one of its addresses;
//! everything else works without it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use snmp_agent::discovery::{self, Discovered};
use snmp_agent::message::Pdu;
use snmp_agent::notify::{self, Notice, Target, Via, Waiting};
use snmp_agent::run;
use snmp_agent::settings::Settings;
use snmp_agent::usm::Engine;

use super::super::settings;
use crate::cli::{EXIT_FAILED, Failure, in_lines};
use crate::clock::Clock;
use crate::config::{Colour, Config};

/// How long the agent is waited for, at each of its addresses. It answers in less than a
/// hundredth of that.
const AGENT_TIMEOUT: Duration = Duration::from_secs(1);

/// Flags of `snmp send-test`.
#[derive(Debug, Clone, Args)]
pub struct SendTestArgs {
    /// The agent's configuration.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,

    /// Names of `snmp.targets`; without any, all are told.
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
}

/// Tells the targets.
///
/// # Errors
///
/// What the user should know, with its exit code; 1 if a target was not told.
pub(super) fn run(args: &SendTestArgs) -> Result<(), Failure> {
    let config = Config::load(&args.config)
        .map_err(|error| Failure::Config(error.render(Colour::of_stderr())))?;
    let engine = super::engine_in(&config.store.path)?.unwrap_or_default();
    let built = settings::build(&config.snmp, &engine).map_err(Failure::Config)?;
    for warning in &built.warnings {
        crate::logging::say_to_user(&format!("warning: {}", in_lines(warning)));
    }
    let targets = chosen(&built.settings, &args.targets)?;
    let clock = Clock::start();
    let signer = if targets.iter().any(|one| matches!(one.via, Via::TrapAs(_))) {
        Signer::find(&built.settings, clock)
    } else {
        Err("nobody has to sign".to_owned())
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime did not start")?;
    let mut has_failed = false;
    let mut report = String::new();
    for target in targets {
        let told = runtime.block_on(tell(target, &built.settings, &signer, clock));
        has_failed |= told.is_err();
        let (Ok(words) | Err(words)) = told;
        report.push_str(&format!("{} {}: {words}\n", target.name, target.address));
    }
    crate::logging::print_result(report.as_bytes())?;
    if has_failed {
        return Err(Failure::Reported(EXIT_FAILED));
    }
    Ok(())
}

fn chosen<'a>(settings: &'a Settings, names: &[String]) -> Result<Vec<&'a Target>, Failure> {
    if settings.targets.is_empty() {
        return Err(Failure::Usage(
            "the configuration has no `snmp.targets`".to_owned(),
        ));
    }
    if names.is_empty() {
        return Ok(settings.targets.iter().collect());
    }
    let found = names.iter().map(|name| {
        let target = settings.targets.iter().find(|one| one.name == *name);
        target.ok_or_else(|| Failure::Usage(format!("`{name}` is none of `snmp.targets`")))
    });
    found.collect()
}

async fn tell(
    target: &Target,
    settings: &Settings,
    signer: &Result<Signer, String>,
    clock: Clock,
) -> Result<String, String> {
    if let (Via::TrapAs(_), Err(reason)) = (&target.via, signer) {
        return Err(format!("not sent: {reason}"));
    }
    let uptime = match signer {
        Ok(signer) => signer.uptime(clock),
        Err(_) => Duration::ZERO,
    };
    let hundredths = u32::try_from(uptime.as_millis() / 10).unwrap_or(u32::MAX);
    // 0 is no notice's number: the agent's own go on without a gap.
    let waiting = Waiting {
        number: 0,
        notice: Notice::Test,
    };
    let content = notify::content(&waiting, &settings.base, hundredths);
    let sign = |user: &str, id: i32, pdu: &Pdu| {
        let signer = signer.as_ref().ok()?;
        signer.engine.trap(user, id, pdu, uptime)
    };
    run::tell(target, &content, 1, sign)
        .await
        .map_err(|reason| format!("failed: {reason}"))?;
    Ok(match target.via {
        Via::Inform(..) => "confirmed".to_owned(),
        Via::Trap(_) | Via::TrapAs(_) => "sent; nobody confirms a trap".to_owned(),
    })
}

/// The running agent's engine, as far as a signature needs it.
struct Signer {
    engine: Engine,
    /// The agent's age when it was found, less ours.
    ahead: Duration,
}

impl Signer {
    fn find(settings: &Settings, clock: Clock) -> Result<Self, String> {
        let found = settings
            .listen
            .iter()
            .find_map(|address| ask(*address).ok()?);
        let found = found.ok_or(
            "the agent, which signs SNMPv3 traps, was not found at an address of `snmp.listen`",
        )?;
        let ahead = Duration::from_secs(u64::from(found.seconds));
        let now = clock.now().monotonic;
        let engine = Engine::new(
            found.engine_id,
            found.boots,
            Duration::ZERO,
            &settings.users,
        );
        Ok(Self {
            engine: engine.map_err(|error| error.to_string())?,
            ahead: ahead.saturating_sub(now),
        })
    }

    fn uptime(&self, clock: Clock) -> Duration {
        self.ahead.saturating_add(clock.now().monotonic)
    }
}

/// Asks who is there. An agent that listens everywhere is asked on this machine.
fn ask(address: SocketAddr) -> std::io::Result<Option<Discovered>> {
    let (ip, local): (IpAddr, IpAddr) = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => {
            (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.into())
        }
        IpAddr::V6(ip) if ip.is_unspecified() => {
            (Ipv6Addr::LOCALHOST.into(), Ipv6Addr::UNSPECIFIED.into())
        }
        IpAddr::V4(ip) => (ip.into(), Ipv4Addr::UNSPECIFIED.into()),
        IpAddr::V6(ip) => (ip.into(), Ipv6Addr::UNSPECIFIED.into()),
    };
    let socket = UdpSocket::bind((local, 0))?;
    socket.set_read_timeout(Some(AGENT_TIMEOUT))?;
    socket.connect((ip, address.port()))?;
    socket.send(&discovery::question(1))?;
    let mut answer = [0; 2_048];
    let size = socket.recv(&mut answer)?;
    Ok(discovery::read(answer.get(..size).unwrap_or_default(), 1))
}
