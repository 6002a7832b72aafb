//! Promise: `kill -9` at any instant neither loses nor doubles a line.
//!
//! A writer appends and rotates without pause while the agent is killed again and
//! again, a random 40 to 120 ms after it listens. Every scrape in between is
//! compared with the one before: no counter may step back, not even over a crash,
//! since Prometheus would add the whole counter once more. `ZTNA_KILLS` sets the
//! number of kills (100 if not set).

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use harness::agent::Agent;
use harness::log_file::{EVENT, LogFile};
use harness::scene::{Scene, Settings};
use ztna_exporter::clock::Clock;
use ztna_exporter::corpus::chance::Chance;

/// Lines between two rotations.
const LINES_PER_FILE: u64 = 4_000;

/// Rotated files kept: far more than are written during one life of the agent.
const FILES_KEPT: u32 = 100;

struct Writing {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<LogFile>,
}

impl Writing {
    fn start(mut log: LogFile) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut until_rotation = LINES_PER_FILE;
            while !is_over.load(Ordering::Relaxed) {
                log.append(10).unwrap();
                until_rotation -= 10;
                if until_rotation == 0 {
                    log.rotate(FILES_KEPT).unwrap();
                    until_rotation = LINES_PER_FILE;
                }
                // The pace of a busy Publisher, not a wait for anything.
                thread::park_timeout(Duration::from_millis(2));
            }
            log
        });
        Self { stop, thread }
    }

    fn finish(self) -> LogFile {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// The highest value seen of each counter that survives a restart.
#[derive(Default)]
struct Highest {
    seen: BTreeMap<String, u64>,
    scrapes: u64,
}

impl Highest {
    fn check(&mut self, agent: &Agent, round: u64) {
        let counters = agent.page().unwrap().counters();
        // What the agent says about itself begins anew with each process.
        let survives = |key: &String| {
            let families = [
                "ztna_events_",
                "ztna_log_",
                "ztna_probe_",
                "ztna_alert_notifications_",
                "ztna_deliveries_",
            ];
            families.iter().any(|family| key.starts_with(family))
        };
        for (key, value) in counters.into_iter().filter(|(key, _)| survives(key)) {
            let highest = self.seen.entry(key.clone()).or_default();
            assert!(
                *highest <= value,
                "round {round}: {key} fell from {highest} to {value}"
            );
            *highest = value;
        }
        self.scrapes += 1;
    }
}

fn kills() -> u64 {
    let wanted = std::env::var("ZTNA_KILLS").ok();
    wanted.map_or(100, |number| {
        number.parse().expect("ZTNA_KILLS is a number")
    })
}

#[test]
fn every_line_is_counted_once_through_a_hundred_kills() {
    let clock = Clock::start();
    let scene = Scene::new().unwrap();
    let writing = Writing::start(LogFile::open(scene.log("agent.txt")).unwrap());
    let mut chance = Chance::new(1);
    let mut highest = Highest::default();
    for round in 0..kills() {
        let agent = Agent::start(&scene).unwrap();
        let life = Duration::from_millis(u64::from(chance.between(40, 120)));
        let end = clock.now().monotonic + life;
        while clock.now().monotonic < end {
            highest.check(&agent, round);
        }
        agent.kill().unwrap();
    }
    let log = writing.finish();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    agent.wait_for_events(EVENT, log.written()).unwrap();
    highest.check(&agent, kills());
    let counted = agent.page().unwrap().events(EVENT);
    println!(
        "{} kills, {} scrapes, {} lines written, {counted} counted",
        kills(),
        highest.scrapes,
        log.written()
    );
    assert_eq!(counted, log.written());
}

#[test]
fn no_scrape_shows_what_a_crash_could_take_back() {
    // Between two commits there is time to look, kill, and take the log away, so
    // that what was not committed is gone for good.
    let more = "tail: {poll_interval: 20ms, commit_interval: 3s}\n".to_owned();
    let scene = Scene::with(Settings {
        more,
        ..Settings::default()
    })
    .unwrap();
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    log.append(50).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_for_events(EVENT, 50).unwrap();
    log.append(100).unwrap();
    let mut highest = Highest::default();
    let clock = Clock::start();
    while clock.now().monotonic < Duration::from_millis(800) {
        highest.check(&agent, 0);
    }
    agent.kill().unwrap();
    fs::write(log.path(), "").unwrap();
    let again = Agent::start(&scene).unwrap();
    again.wait_until_ready().unwrap();
    highest.check(&again, 1);
}

#[test]
fn what_a_probe_counted_is_exact_through_kills() {
    // Nobody listens there any more: every run fails, at once, by the same cause.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let scene = Scene::new().unwrap();
    let config = format!(
        "{}probes: [{{name: gate, interval: 1s, timeout: 1s, tcp: {{address: \"{address}\"}}}}]\n",
        scene.usual_config()
    );
    scene.write_config(&config).unwrap();
    let mut highest = Highest::default();
    for round in 1..=8 {
        let agent = Agent::start(&scene).unwrap();
        // Before the first run of this life: what the killed one had shown is all there.
        highest.check(&agent, round);
        let page = agent
            .wait_for("one more run", |page| {
                round <= page.count("ztna_probe_runs_total", &[("probe", "gate")])
            })
            .unwrap();
        let refused = [("probe", "gate"), ("cause", "refused")];
        let runs = page.count("ztna_probe_runs_total", &[("probe", "gate")]);
        assert_eq!(page.count("ztna_probe_failures_total", &refused), runs);
        assert_eq!(page.count("ztna_probe_failures_total", &[]), runs);
        highest.check(&agent, round);
        agent.kill().unwrap();
    }
}
