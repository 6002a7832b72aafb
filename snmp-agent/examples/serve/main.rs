//! Serves this host for people who try the agent out, and for measuring it.
//!
//! Usage: `serve ADDRESS`, for example `serve 127.0.0.1:1161`. The users and communities
//! are those of the tests (`tests/suite/harness.rs`). Ends with Ctrl-C. Started as `snmpd`,
//! it takes snmpd's arguments and configuration instead, as far as `stand_in` reads them:
//! so net-snmp's own test scripts ask us (`tests/fulltests`).

mod stand_in;

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use model::snapshot::Snapshot;
use snmp_agent::access::{View, Visibility};
use snmp_agent::keep::{Clock, Now};
use snmp_agent::notify::OutboxInMemory;
use snmp_agent::oid::Oid;
use snmp_agent::run::{Foundation, Picture, Source, start};
use snmp_agent::settings::{Community, Settings};
use snmp_agent::users::Secret;

use self::stand_in::StandIn;

#[path = "../../tests/suite/harness.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "made for the tests, which use the rest and may stop at the first surprise"
)]
mod harness;
#[path = "../../tests/suite/proc.rs"]
mod proc;
#[path = "../../tests/suite/subtrees.rs"]
mod subtrees;

/// How often the host is sampled, in milliseconds; the clock moves in tenths of that.
const SAMPLE_MILLISECONDS: u64 = 5_000;

/// A clock that a task moves.
#[derive(Default)]
struct TickingClock {
    milliseconds: AtomicU64,
    started_second: AtomicU64,
}

impl Clock for TickingClock {
    fn now(&self) -> Now {
        let uptime = Duration::from_millis(self.milliseconds.load(Ordering::Relaxed));
        let started = i64::try_from(self.started_second.load(Ordering::Relaxed)).unwrap_or(0);
        let wall = Timestamp::from_second(started).unwrap_or_default();
        Now {
            uptime,
            wall: wall.checked_add(uptime).unwrap_or(wall),
        }
    }
}

struct Latest(Mutex<Picture>);

impl Source for Latest {
    fn latest(&self) -> Picture {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn picture() -> Picture {
    Picture {
        host: Arc::new(proc::sample()),
        snapshot: Arc::new(Snapshot::default()),
        alerts: Arc::from([]),
    }
}

#[expect(clippy::print_stdout, reason = "who starts it wants the port")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let stand_in = stand_in(&arguments)?;
    let address = arguments.get(1).map_or("127.0.0.1:1161", String::as_str);
    let settings = match &stand_in {
        Some(one) => one.settings.clone(),
        None => usual_settings(address),
    };
    let clock = Arc::new(TickingClock::default());
    clock.started_second.store(wall_second(), Ordering::Relaxed);
    let latest = Arc::new(Latest(Mutex::new(picture())));
    let foundation = Foundation {
        source: latest.clone(),
        keep: harness::kept_engine(),
        clock: clock.clone(),
        outbox: Arc::new(OutboxInMemory::default()),
        counters: Arc::default(),
    };
    let handle = start(settings, foundation).await;
    let handle = handle.map_err(io::Error::other)?;
    println!("listening on {:?}", handle.addresses());
    if let Some(one) = &stand_in {
        one.announce()?;
    }
    tokio::spawn(tick(clock, latest));
    // Without a signal handler only a kill ends it, which is well too.
    let _ = tokio::signal::ctrl_c().await;
    handle.stop().await;
    Ok(())
}

/// Those of the tests, and the community `both`, who sees what snmpd serves too.
fn usual_settings(address: &str) -> Settings {
    let mut settings = harness::settings(&[address]);
    let subtrees = subtrees::BOTH.iter().filter_map(|root| Oid::parse(root));
    let view = View::new(subtrees.map(|root| (root, Visibility::Shown)).collect());
    settings.views.insert(Arc::from("both"), view);
    settings.communities.push(Community {
        name: Secret::new("both"),
        view: Arc::from("both"),
    });
    settings
}

/// What to do in the place of snmpd, if it was started by that name.
fn stand_in(arguments: &[String]) -> io::Result<Option<StandIn>> {
    let program = arguments.first().map(Path::new);
    if program.and_then(Path::file_name) != Some("snmpd".as_ref()) {
        return Ok(None);
    }
    let words = arguments.get(1..).unwrap_or_default();
    StandIn::read(words, &harness::ENGINE).map(Some)
}

/// The wall clock in seconds, as `date` tells it.
fn wall_second() -> u64 {
    let output = Command::new("date").arg("+%s").output();
    output.map_or(0, |output| {
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse()
            .unwrap_or(0)
    })
}

async fn tick(clock: Arc<TickingClock>, latest: Arc<Latest>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let first = ticks.tick().await;
    let mut sampled = 0;
    loop {
        let elapsed = ticks.tick().await.duration_since(first).as_millis();
        let milliseconds = u64::try_from(elapsed).unwrap_or(0);
        clock.milliseconds.store(milliseconds, Ordering::Relaxed);
        if milliseconds / SAMPLE_MILLISECONDS != sampled {
            sampled = milliseconds / SAMPLE_MILLISECONDS;
            *latest.0.lock().unwrap_or_else(PoisonError::into_inner) = picture();
        }
    }
}
