//! Promise: a real Prometheus gives the right answers from our counters.
//!
//! Above all for rare events: the first failure ever must show in `increase()`, and
//! a restarted agent must not look like a counter reset.

use harness::agent::Agent;
use harness::client::Client;
use harness::log_file::{EVENT, LogFile};
use harness::prometheus::Prometheus;
use harness::scene::Scene;

use crate::clients::DebugLog;

const FAILURE: &str = "2024/05/02 02:10:00 UTC Registration failed because a discovery call \
    didn't succeed. Please generate a new token and try again.\n";

const FAILURES: &str = r#"ztna_events_total{event="registration.failed",reason="discovery_call"}"#;

#[test]
fn the_first_failure_ever_shows_in_increase() {
    let scene = Scene::new().unwrap();
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let prometheus = Prometheus::start(agent.address().unwrap()).unwrap();
    // It stands at 0 before anything happened: this is what makes the first one count.
    prometheus.wait_for(FAILURES, |value| value == 0.0).unwrap();
    log.raw(FAILURE.as_bytes()).unwrap();
    let increase = format!("increase({FAILURES}[5m])");
    prometheus.wait_for(&increase, |value| 0.0 < value).unwrap();
    assert_eq!(prometheus.query(FAILURES).unwrap(), Some(1.0));
}

#[test]
fn a_restarted_agent_looks_like_no_reset() {
    let scene = Scene::new().unwrap();
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    log.append(1_000).unwrap();
    let mut agent = Agent::start(&scene).unwrap();
    let prometheus = Prometheus::start(agent.address().unwrap()).unwrap();
    let counted = format!("ztna_events_total{{event={EVENT:?}}}");
    prometheus
        .wait_for(&counted, |value| value == 1_000.0)
        .unwrap();
    for (stop, expected) in [(Stop::Kill, 1_100.0), (Stop::Gentle, 1_200.0)] {
        match stop {
            Stop::Kill => agent.kill().unwrap(),
            Stop::Gentle => drop(agent.terminate().unwrap()),
        }
        log.append(100).unwrap();
        agent = Agent::start(&scene).unwrap();
        prometheus.retarget(agent.address().unwrap()).unwrap();
        prometheus
            .wait_for(&counted, |value| value == expected)
            .unwrap();
    }
    for family in [
        "ztna_events_total",
        "ztna_log_lines_total",
        "ztna_log_bytes_total",
    ] {
        let resets = format!("sum(resets({family}[10m]))");
        assert_eq!(prometheus.query(&resets).unwrap(), Some(0.0), "{family}");
    }
    assert_eq!(prometheus.query("up").unwrap(), Some(1.0));
}

#[test]
fn a_histogram_of_round_trips_answers_with_its_quantiles() {
    let scene = Scene::new().unwrap();
    let laptop = Client::netskope("laptop").log("client", &scene.log("nsdebuglog*.log"));
    scene.watch(&[laptop]).unwrap();
    let mut log = DebugLog::open(&scene);
    // Nine of ten between 10 and 20 ms, the tenth between 200 and 300 ms.
    for number in 0..100 {
        let rtt_ms = if number % 10 == 0 { 220 } else { 15 };
        log.say(&format!(
            "gslb.cpp:120 post client rtt pop:DE-FRA1 ip:203.0.113.36 rtt:{rtt_ms}"
        ));
    }
    let agent = Agent::start(&scene).unwrap();
    let prometheus = Prometheus::start(agent.address().unwrap()).unwrap();
    let quantile = |share: &str| {
        format!("histogram_quantile({share}, sum by (le) (ztna_gateway_rtt_seconds_bucket))")
    };
    let between = |from: f64, to: f64| move |seconds: f64| from < seconds && seconds <= to;
    prometheus
        .wait_for(&quantile("0.5"), between(0.01, 0.02))
        .unwrap();
    prometheus
        .wait_for(&quantile("0.95"), between(0.2, 0.3))
        .unwrap();
    let mean = "ztna_gateway_rtt_seconds_sum / ztna_gateway_rtt_seconds_count";
    let mean = prometheus.wait_for(mean, between(0.0, 1.0)).unwrap();
    assert!((mean - 0.0355).abs() < 1e-9, "{mean}");
}

/// How an agent ends.
enum Stop {
    Kill,
    Gentle,
}
