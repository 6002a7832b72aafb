//! Counters and histograms of clients stay exact through rotation, new names and kills.
//!
//! The two vendors put their old logs away in opposite ways: one renames the full file
//! and begins the same name anew, the other begins a new name with each start.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use harness::agent::Agent;
use harness::client::Client;
use harness::log_file::LogFile;
use harness::page::Page;
use harness::scene::Scene;
use ztna_exporter::clock::Clock;
use ztna_exporter::corpus::chance::Chance;

use super::{DebugLog, FLOW};

/// How often the agent is killed.
const KILLS: u32 = 12;

/// Where round trips go, and how long each takes there. The times lie in different
/// buckets, so that one in the wrong place shows.
const POPS: [(&str, u64); 3] = [("US-STL1", 4), ("DE-FRA1", 60), ("JP-TYO1", 1_200)];

/// A Netskope Client's logs with old ones beside, as its folder has them.
fn netskope_scene() -> Scene {
    let scene = Scene::new().unwrap();
    let laptop = Client::netskope("laptop").log("client", &scene.log("nsdebuglog*.log"));
    scene.watch(&[laptop]).unwrap();
    scene
}

/// Puts the log away as the vendor does: `nsdebuglog.1.log`, one back for those before.
fn rotate(scene: &Scene, log: &mut LogFile, kept: u32) {
    let name = |number: u32| scene.log(&format!("nsdebuglog.{number}.log"));
    for number in (1..kept).rev() {
        if name(number).exists() {
            fs::rename(name(number), name(number + 1)).unwrap();
        }
    }
    fs::rename(log.path(), name(1)).unwrap();
    log.reopen().unwrap();
}

#[test]
fn a_netskope_log_that_becomes_number_one_is_counted_once() {
    let scene = netskope_scene();
    let mut log = DebugLog::open(&scene);
    let agent = Agent::start(&scene).unwrap();
    let mut written = 0;
    for round in 0..8 {
        for _ in 0..200 {
            log.say(FLOW);
        }
        written += 200;
        if round % 3 == 0 {
            agent.wait_for_events("flow.tunneled", written).unwrap();
        }
        rotate(&scene, &mut log.file, 20);
    }
    log.say(FLOW);
    written += 1;
    agent.wait_for_events("flow.tunneled", written).unwrap();
    agent.terminate().unwrap();
    // What happens while nobody looks counts, too.
    log.say(FLOW);
    rotate(&scene, &mut log.file, 20);
    log.say(FLOW);
    let again = Agent::start(&scene).unwrap();
    again.wait_until_ready().unwrap();
    let page = again.wait_for_events("flow.tunneled", written + 2).unwrap();
    assert_eq!(page.events("flow.tunneled"), written + 2);
    assert!(page.shows(&format!(
        r#"ztna_log_lines_total{{outcome="recognised"}} {}"#,
        written + 2
    )));
    assert_eq!(page.count("ztna_log_lost_bytes_total", &[]), 0);
}

/// Line `number` of a file that a Cato Client began on that day of January.
fn cato_line(day: u32, number: u32) -> String {
    let text = match number % 4 {
        0 => "Successfully connected to CATO VPN \"Austin\" via DTLS mode",
        1 => "Failed to DNS",
        2 => "getRoutingTable",
        _ => "USER_NOT_ALLOWED - Only 'TVs and Limited Input devices' can use OAuth 2.0",
    };
    format!(
        "{day:02}/01/26 18:{:02}:{:02}.013 [I] [VPNProc   ] [1474:2788] \
         [onStateChange                  : 2101] [:] [p:auscatod1a] [ :] {text}\n",
        number / 60,
        number % 60
    )
}

#[test]
fn each_start_of_a_cato_client_begins_a_file_that_is_counted_once() {
    let scene = Scene::new().unwrap();
    let laptop = Client::cato("laptop").log("client", &scene.log("cato_vpn_*.log"));
    scene.watch(&[laptop]).unwrap();
    let name = |day: u32| scene.log(&format!("cato_vpn_6.13.0.0_202601{day:02}180000.log"));
    let mut first = LogFile::open(name(1)).unwrap();
    first.raw(cato_line(1, 0).as_bytes()).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_for_events("tunnel.connected", 1).unwrap();
    for day in 2..10 {
        let mut file = LogFile::open(name(day)).unwrap();
        let lines: String = (0..400).map(|number| cato_line(day, number)).collect();
        file.raw(lines.as_bytes()).unwrap();
        // The client that ends says a last word into its old file.
        first
            .raw(cato_line(1, u32::from(day > 5)).as_bytes())
            .unwrap();
    }
    let expected = BTreeMap::from(
        [
            ("tunnel.connected", 805),
            ("dns.failed", 804),
            ("authentication.failed", 800),
        ]
        .map(|(event, count)| (event.to_owned(), count)),
    );
    let all = |page: &Page| page.event_counts() == expected;
    let page = agent.wait_for("every file's lines", all).unwrap();
    assert!(page.shows(r#"ztna_log_lines_total{outcome="ignored"} 800"#));
    assert!(page.shows(r"ztna_log_files 9"));
    // What the first file said last is old news.
    let refused = r#"ztna_service_state{service="internet_security",state="error"} 1"#;
    assert!(page.shows(refused));
    // 2026-01-09 18:06:39.013 UTC: the day comes first, as the files' names tell.
    let newest =
        r#"ztna_event_last_timestamp_seconds{event="authentication.failed"} 1767981999.013"#;
    assert!(page.shows(newest));
    agent.terminate().unwrap();
    let again = Agent::start(&scene).unwrap();
    again.wait_until_ready().unwrap();
    assert_eq!(again.page().unwrap().event_counts(), expected);
}

/// Writes without pause until it is told to stop, and then says how often per POP.
struct Writing {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Writing {
    fn start(scene: Arc<Scene>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut log = DebugLog::open(&scene);
            let mut rounds = 0;
            while !is_over.load(Ordering::Relaxed) {
                for (pop, rtt_ms) in POPS {
                    log.say(&format!(
                        "gslb.cpp:120 post client rtt pop:{pop} ip:203.0.113.36 rtt:{rtt_ms}"
                    ));
                    log.say(FLOW);
                }
                rounds += 1;
                if rounds % 150 == 0 {
                    rotate(&scene, &mut log.file, 50);
                }
                // The pace of a busy client, not a wait for anything.
                thread::park_timeout(Duration::from_millis(2));
            }
            rounds
        });
        Self { stop, thread }
    }

    fn finish(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// All buckets, counts and sums of the histogram, and the counters that survive.
fn numbers(page: &Page) -> BTreeMap<String, f64> {
    let of_client = |name: &str| {
        name.starts_with("ztna_gateway_rtt_seconds")
            || name.starts_with("ztna_events_total")
            || name.starts_with("ztna_log_lines_total")
    };
    let samples = page.samples.iter().filter(|sample| of_client(&sample.name));
    samples
        .map(|sample| {
            let key = format!("{}{:?}", sample.name, sample.labels);
            (key, sample.value.parse().unwrap())
        })
        .collect()
}

#[test]
fn a_histogram_is_exact_through_kills_and_never_steps_back() {
    let clock = Clock::start();
    let scene = Arc::new(netskope_scene());
    let writing = Writing::start(Arc::clone(&scene));
    let mut chance = Chance::new(5);
    let mut highest = BTreeMap::new();
    for round in 0..KILLS {
        let agent = Agent::start(&scene).unwrap();
        let life = Duration::from_millis(u64::from(chance.between(60, 200)));
        let end = clock.now().monotonic + life;
        while clock.now().monotonic < end {
            for (key, value) in numbers(&agent.page().unwrap()) {
                let before = highest.insert(key.clone(), value).unwrap_or(0.0);
                assert!(
                    before <= value,
                    "{round}: {key} fell from {before} to {value}"
                );
            }
        }
        agent.kill().unwrap();
    }
    let rounds = writing.finish();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    let page = agent.wait_for_events("flow.tunneled", 3 * rounds).unwrap();
    assert_eq!(page.events("flow.tunneled"), 3 * rounds);
    assert_eq!(page.events("gateway.measured"), 3 * rounds);
    let family = "ztna_gateway_rtt_seconds";
    for (pop, rtt_ms) in POPS {
        let count = format!("{family}_count{{pop={pop:?}}} {rounds}");
        assert!(page.shows(&count), "{count}");
        let sum_ms = rounds * rtt_ms;
        let seconds = format!("{}.{:03}", sum_ms / 1_000, sum_ms % 1_000);
        let sum = format!("{family}_sum{{pop={pop:?}}} {seconds}");
        assert!(page.shows(&sum), "{sum}");
    }
    for (pop, le, count) in [
        ("US-STL1", "0.005", rounds),
        ("DE-FRA1", "0.05", 0),
        ("DE-FRA1", "0.075", rounds),
        ("JP-TYO1", "1.0", 0),
        ("JP-TYO1", "+Inf", rounds),
    ] {
        let bucket = format!("{family}_bucket{{pop={pop:?},le={le:?}}} {count}");
        assert!(page.shows(&bucket), "{bucket}");
    }
    println!("{KILLS} kills, {rounds} rounds of {} lines", 2 * POPS.len());
}
