//! Dates that can be read both ways: counted once a file, and read right once it is known.

use std::fs;

use harness::agent::Agent;
use harness::client::Client;
use harness::log_file::LogFile;
use harness::scene::Scene;

/// A record of the service's log, or of any other that begins with such a date.
fn record(date: &str) -> String {
    format!(
        "{date} 11:00:29.125 [I] [VPNProc] [1634:2BE4] [f : 1] [:] [:] [ :] Successfully \
         connected to CATO VPN \"Frankfurt\" via DTLS mode\r\n"
    )
}

const DAY_FIRST: &str = r#"ztna_log_ambiguous_date_files_total{log="client",order="day_first"}"#;

/// What the page shows of both orders.
fn counts(day_first: u64, month_first: u64) -> [String; 2] {
    let other = DAY_FIRST.replace("day_first", "month_first");
    [
        format!("{DAY_FIRST} {day_first}"),
        format!("{other} {month_first}"),
    ]
}

/// The time of day of all records, on the third of February, in seconds since 1970.
const THIRD_OF_FEBRUARY: u64 = 1_738_580_429;

const DAY_SECONDS: u64 = 24 * 3600;

/// What the page shows of so many tunnels that came up, the last of them then.
fn connected(times: u64, at_seconds: u64) -> [String; 2] {
    [
        format!(r#"ztna_events_total{{event="tunnel.connected"}} {times}"#),
        format!(
            r#"ztna_event_last_timestamp_seconds{{event="tunnel.connected"}} {at_seconds}.125"#
        ),
    ]
}

fn wait(agent: &Agent, samples: &[String]) {
    let samples: Vec<&str> = samples.iter().map(String::as_str).collect();
    agent.wait_until_shown(&samples).unwrap();
}

#[test]
fn a_file_that_leaves_day_and_month_open_is_counted_once_over_kills() {
    let scene = Scene::new().unwrap();
    let laptop = Client::cato("laptop").log("client", &scene.log("*.log"));
    scene.watch(&[laptop]).unwrap();
    let mut log = LogFile::open(scene.log("service.log")).unwrap();
    let mut agent = Agent::start(&scene).unwrap();
    wait(&agent, &counts(0, 0));
    for day in 3..9 {
        log.raw(record(&format!("{day:02}/02/25")).as_bytes())
            .unwrap();
        let at_seconds = THIRD_OF_FEBRUARY + (day - 3) * DAY_SECONDS;
        let shown = [counts(1, 0), connected(day - 2, at_seconds)].concat();
        wait(&agent, &shown);
        agent.kill().unwrap();
        agent = Agent::start(&scene).unwrap();
        wait(&agent, &shown);
    }
    // Experience monitoring has the other order by default.
    let other = "[02/03/25 11:00:29.125] [Info] [Probe] [1] [2] [f:1] x\n";
    fs::write(scene.log("cato_dem_5.17.log"), other).unwrap();
    wait(&agent, &counts(1, 1));
    // Its name tells.
    let named = scene.log("cato_vpn_6.13.0.0_20250203110029.log");
    fs::write(named, record("02/03/25")).unwrap();
    let told = connected(7, 0);
    wait(
        &agent,
        &[counts(1, 1).to_vec(), told[..1].to_vec()].concat(),
    );
}

#[test]
fn a_later_line_that_decides_otherwise_is_followed_over_a_kill() {
    let scene = Scene::new().unwrap();
    let laptop = Client::cato("laptop").log("client", &scene.log("*.log"));
    scene.watch(&[laptop]).unwrap();
    let mut log = LogFile::open(scene.log("service.log")).unwrap();
    let agent = Agent::start(&scene).unwrap();
    // More than the start of the file that each batch looks at again.
    log.raw(record("02/01/25").repeat(10).as_bytes()).unwrap();
    let first = connected(10, THIRD_OF_FEBRUARY - 32 * DAY_SECONDS);
    wait(&agent, &[counts(1, 0), first].concat());
    log.raw(record("02/13/25").as_bytes()).unwrap();
    let decided = connected(11, THIRD_OF_FEBRUARY + 10 * DAY_SECONDS);
    wait(&agent, &[counts(1, 0), decided].concat());
    agent.kill().unwrap();
    log.raw(record("03/04/25").as_bytes()).unwrap();
    let again = Agent::start(&scene).unwrap();
    let after = connected(12, THIRD_OF_FEBRUARY + 29 * DAY_SECONDS);
    wait(&again, &[counts(1, 0), after].concat());
}
