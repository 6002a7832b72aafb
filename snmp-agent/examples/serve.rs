//! Serves this host for people who try the agent out, and for measuring it.
//!
//! Usage: `serve ADDRESS`, for example `serve 127.0.0.1:1161`. The users and communities
//! are those of the tests (`tests/suite/harness.rs`). Ends with Ctrl-C.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use model::snapshot::Snapshot;
use snmp_agent::keep::{Clock, Now};
use snmp_agent::notify::OutboxInMemory;
use snmp_agent::run::{Foundation, Picture, Source, StartError, start};

#[path = "../tests/suite/harness.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "made for the tests, which use the rest and may stop at the first surprise"
)]
mod harness;
#[path = "../tests/suite/proc.rs"]
mod proc;

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
async fn main() -> Result<(), StartError> {
    let address = std::env::args().nth(1);
    let address = address.unwrap_or("127.0.0.1:1161".to_owned());
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
    let handle = start(harness::settings(&[&address]), foundation).await?;
    println!("listening on {:?}", handle.addresses());
    tokio::spawn(tick(clock, latest));
    // Without a signal handler only a kill ends it, which is well too.
    let _ = tokio::signal::ctrl_c().await;
    handle.stop().await;
    Ok(())
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
