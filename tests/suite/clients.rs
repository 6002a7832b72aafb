//! Promise: an endpoint client's log says what its user feels, in words of one set.
//!
//! Lines are those that the vendors and their users publish, behind a time of our own.
//! Here is what each of them does to the numbers; that none is lost or counted twice
//! through rotation and `kill -9` is [`exact`]'s.

mod dates;
mod exact;

use harness::agent::Agent;
use harness::client::Client;
use harness::log_file::LogFile;
use harness::scene::Scene;

/// A Netskope Client's `nsdebuglog.log`: each record is a second after the one before.
pub(crate) struct DebugLog {
    pub(crate) file: LogFile,
    seconds: u32,
}

impl DebugLog {
    pub(crate) fn open(scene: &Scene) -> Self {
        Self {
            file: LogFile::open(scene.log("nsdebuglog.log")).unwrap(),
            seconds: 0,
        }
    }

    /// A record of the place in the source, the component and the text.
    pub(crate) fn record(&mut self, text: &str) -> String {
        self.seconds += 1;
        let (minutes, seconds) = (self.seconds / 60 % 60, self.seconds % 60);
        // A fast machine says more than an hour's worth.
        let hours = 7 + self.seconds / 3_600;
        format!(
            "2024/05/01 {hours:02}:{minutes:02}:{seconds:02}.981 stAgentSvc p6ff8 t50dc info {text}\n"
        )
    }

    pub(crate) fn say(&mut self, text: &str) {
        let record = self.record(text);
        self.file.raw(record.as_bytes()).unwrap();
    }
}

pub(crate) const CONNECTED: &str = "tunnel.cpp:988 nsTunnel DTLS Tunnel established to gateway: \
     gateway-ord2.goskope.com, pop: US-ORD2";

/// Older releases tell only this.
const CONNECTED_TO_GATEWAY: &str = "tunnel.cpp:1074 nsTunnel DTLS SSL connected to the gslbgw \
     server: gateway-ord2.goskope.com(203.0.113.35):443 successfully";

const ENDED: &str = "tunnel.cpp:292 nsTunnel DTLS disconnecting nsTunnel, context = \
     NSTUNNEL_DISCONNECTED_BYUSER";

pub(crate) const NOT_STEERED: &str = "tunnelMgr.cpp:1288 CTunnelMgr failed to start filter device";

const FLOW: &str = "tunnel.cpp:878 nsTunnel DTLS [sessId 1] Tunneling flow from addr: \
     10.0.2.140:60894, process: chrome.exe to host: udc.yahoo.com, addr: 98.136.103.27:443 to \
     nsProxy";

/// A Netskope Client that is watched and has said nothing yet.
fn netskope() -> (Scene, DebugLog, Agent) {
    let scene = Scene::new().unwrap();
    let laptop = Client::netskope("laptop").log("client", &scene.log("nsdebuglog*.log"));
    scene.watch(&[laptop]).unwrap();
    let log = DebugLog::open(&scene);
    let agent = Agent::start(&scene).unwrap();
    (scene, log, agent)
}

/// Says each line, and waits until the samples are shown that follow it.
fn tell(agent: &Agent, log: &mut DebugLog, story: &[(&str, &[&str])]) {
    for (text, shown) in story {
        log.say(text);
        agent.wait_until_shown(shown).unwrap();
    }
}

#[test]
fn before_its_first_line_a_client_is_unknown_and_not_down() {
    let (_scene, _log, agent) = netskope();
    agent
        .wait_until_shown(&[
            r#"ztna_tunnel_state{state="unknown"} 1"#,
            r#"ztna_client_status{status="unknown"} 1"#,
            r#"ztna_client_icon_state{state="unknown"} 1"#,
            r#"ztna_steering_state{state="unknown"} 1"#,
            r#"ztna_service_state{service="private_access",state="unknown"} 1"#,
            r"ztna_connector_silent 0",
        ])
        .unwrap();
}

#[test]
fn a_tunnel_that_steers_nothing_is_degraded_until_a_flow_goes_through() {
    let (_scene, mut log, agent) = netskope();
    tell(
        &agent,
        &mut log,
        &[
            (
                CONNECTED,
                &[
                    r"ztna_tunnel_up 1",
                    r#"ztna_client_status{status="enabled"} 1"#,
                    r#"ztna_client_icon_state{state="enabled"} 1"#,
                    r#"ztna_degraded{reason="steering_failed"} 0"#,
                ],
            ),
            (
                NOT_STEERED,
                &[
                    r"ztna_tunnel_up 1",
                    r#"ztna_steering_state{state="failed"} 1"#,
                    r#"ztna_degraded{reason="steering_failed"} 1"#,
                    r#"ztna_events_total{event="steering.failed",reason="filter_device"} 1"#,
                ],
            ),
            (
                FLOW,
                &[
                    r#"ztna_steering_state{state="active"} 1"#,
                    r#"ztna_steering_state{state="failed"} 0"#,
                    r#"ztna_degraded{reason="steering_failed"} 0"#,
                    r#"ztna_events_total{event="flow.tunneled"} 1"#,
                ],
            ),
            (
                "Config.cpp:311 config update failed, retry in 9 minutes",
                &[
                    r#"ztna_configuration_state{state="update_failed"} 1"#,
                    r#"ztna_degraded{reason="configuration_update_failed"} 1"#,
                ],
            ),
            (
                "Config.cpp:900 Successfully downloaded branding file by email id",
                &[
                    r#"ztna_configuration_state{state="current"} 1"#,
                    r#"ztna_degraded{reason="configuration_update_failed"} 0"#,
                ],
            ),
            (
                ENDED,
                &[
                    r#"ztna_steering_state{state="unknown"} 1"#,
                    r#"ztna_degraded{reason="steering_failed"} 0"#,
                ],
            ),
        ],
    );
}

#[test]
fn a_tunnel_goes_down_by_a_wish_or_by_an_error() {
    let (_scene, mut log, agent) = netskope();
    tell(
        &agent,
        &mut log,
        &[
            (CONNECTED_TO_GATEWAY, &["ztna_tunnel_up 1"]),
            (
                ENDED,
                &[
                    "ztna_tunnel_up 0",
                    r#"ztna_tunnel_state{state="disconnected"} 1"#,
                    r#"ztna_client_status{status="disabled"} 1"#,
                    r#"ztna_client_icon_state{state="disabled"} 1"#,
                ],
            ),
            (CONNECTED, &[r#"ztna_client_status{status="enabled"} 1"#]),
            (
                "neClientTransportHandler.cpp:69 keepAlive fails with 15 tries",
                &[
                    "ztna_tunnel_up 1",
                    r#"ztna_events_total{event="tunnel.keepalive_failed"} 1"#,
                ],
            ),
            (
                "tunnel.cpp:447 nsTunnel TLS received nsssl_closed, tunnel destroyed",
                &[
                    "ztna_tunnel_up 0",
                    r#"ztna_client_status{status="disabled_error"} 1"#,
                    r#"ztna_client_icon_state{state="disabled_error"} 1"#,
                ],
            ),
            (
                "tunnel.cpp:900 nsTunnel DTLS Connecting to gateway-iad2.goskope.com",
                &[
                    "ztna_tunnel_up 0",
                    r#"ztna_tunnel_state{state="connecting"} 1"#,
                ],
            ),
            (
                "nsssl.cpp:77 nsssl DTLS failed to connect to gateway-mia2.goskope.com:443, \
                 err: 10065",
                &[
                    r#"ztna_tunnel_state{state="disconnected"} 1"#,
                    r#"ztna_events_total{event="tunnel.connect_failed",reason="unreachable"} 1"#,
                ],
            ),
        ],
    );
}

#[test]
fn private_access_follows_its_own_transitions() {
    let (_scene, mut log, agent) = netskope();
    tell(
        &agent,
        &mut log,
        &[
            (CONNECTED, &["ztna_tunnel_up 1"]),
            (
                "npaTunnelMgr.cpp:597 CNpaTunnelMgr Set NPA (current) status from \
                 [NPA_IS_STOPPED] to [NPA_IS_STARTING]",
                &[r#"ztna_service_state{service="private_access",state="disconnected"} 1"#],
            ),
            (
                "npaTunnelMgr.cpp:597 CNpaTunnelMgr Set NPA (current) status from \
                 [NPA_IS_STARTING] to [NPA_IS_STARTED]",
                &[r#"ztna_service_state{service="private_access",state="connected"} 1"#],
            ),
            (
                "NSCom2.cpp:1851 NSCOM2 message NPA_REQUEST_AUTHENTICATION sent from server to \
                 \"ALL\" client with count 1",
                &[
                    r#"ztna_service_state{service="private_access",state="connected_warning"} 1"#,
                    r#"ztna_degraded{reason="service_impaired"} 1"#,
                ],
            ),
            (
                "npaTunnelMgr.cpp:580 CNpaTunnelMgr Set NPA (Shutdown by GW) status from 0 to 1",
                &[
                    r#"ztna_service_state{service="private_access",state="error"} 1"#,
                    r#"ztna_events_total{event="service.state",reason="gateway_shutdown"} 1"#,
                    "ztna_tunnel_up 1",
                ],
            ),
            // That it stops meanwhile is part of the trouble.
            (
                "npaTunnelMgr.cpp:597 CNpaTunnelMgr Set NPA (current) status from \
                 [NPA_IS_STARTED] to [NPA_IS_STOPPED]",
                &[
                    r#"ztna_events_total{event="service.state",reason="disconnected"} 1"#,
                    r#"ztna_service_state{service="private_access",state="error"} 1"#,
                ],
            ),
            (
                "npaTunnelMgr.cpp:597 CNpaTunnelMgr Set NPA (current) status from \
                 [NPA_IS_STARTING] to [NPA_IS_STARTED]",
                &[
                    r#"ztna_service_state{service="private_access",state="connected"} 1"#,
                    r#"ztna_degraded{reason="service_impaired"} 0"#,
                ],
            ),
        ],
    );
}

#[test]
fn round_trips_are_a_histogram_by_point_of_presence() {
    let scene = Scene::new().unwrap();
    let laptop = Client::netskope("laptop")
        .log("client", &scene.log("nsdebuglog*.log"))
        .log("npa", &scene.log("npadebuglog*.log"));
    scene.watch(&[laptop]).unwrap();
    let mut log = DebugLog::open(&scene);
    for (pop, rtt_ms) in [
        ("US-STL1", 23),
        ("US-STL1", 30),
        ("US-STL1", 31),
        ("DE-FRA1", 1_001),
    ] {
        log.say(&format!(
            "gslb.cpp:120 post client rtt pop:{pop} ip:203.0.113.36 rtt:{rtt_ms}"
        ));
    }
    let mut npa = LogFile::open(scene.log("npadebuglog.log")).unwrap();
    npa.raw(
        b"[laptop:2024-05-01 07:50:34.981002 +02:00] [info] GW FQDN = gateway-stl1.goskope.com, \
          IP = 203.0.113.36, POP = US-STL1, RTT = 4 ms\n",
    )
    .unwrap();
    let agent = Agent::start(&scene).unwrap();
    let page = agent
        .wait_until_shown(&[
            r#"ztna_gateway_rtt_seconds_count{pop="US-STL1"} 4"#,
            r#"ztna_gateway_rtt_seconds_count{pop="DE-FRA1"} 1"#,
        ])
        .unwrap();
    for line in [
        r#"ztna_gateway_rtt_seconds_bucket{pop="US-STL1",le="0.005"} 1"#,
        r#"ztna_gateway_rtt_seconds_bucket{pop="US-STL1",le="0.02"} 1"#,
        r#"ztna_gateway_rtt_seconds_bucket{pop="US-STL1",le="0.03"} 3"#,
        r#"ztna_gateway_rtt_seconds_bucket{pop="US-STL1",le="0.05"} 4"#,
        r#"ztna_gateway_rtt_seconds_sum{pop="US-STL1"} 0.088"#,
        r#"ztna_gateway_rtt_seconds_bucket{pop="DE-FRA1",le="1.0"} 0"#,
        r#"ztna_gateway_rtt_seconds_bucket{pop="DE-FRA1",le="+Inf"} 1"#,
        r#"ztna_events_total{event="gateway.measured"} 5"#,
    ] {
        assert!(page.shows(line), "{line}");
    }
}

#[test]
fn lines_that_begin_no_record_are_counted_as_what_they_are() {
    let (_scene, mut log, agent) = netskope();
    log.say("deviceId.cpp:10 deviceId device info summary (len: 212): {");
    // Two of them have the words of an event: it is still somebody's JSON.
    let rest = "  \"os\": \"Windows 11\",\n\
                \x20 \"note\": \"failed to start filter device\",\n\
                \n\
                failed to start filter device\n\
                }\n";
    log.file.raw(rest.as_bytes()).unwrap();
    log.file
        .raw(
            b"4/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info tunnelMgr.cpp:1288 CTunnelMgr \
               failed to start filter device\n",
        )
        .unwrap();
    log.say(CONNECTED);
    let page = agent
        .wait_until_shown(&[
            r#"ztna_log_lines_total{outcome="continuation"} 6"#,
            r#"ztna_log_lines_total{outcome="recognised"} 1"#,
            r#"ztna_log_lines_total{outcome="ignored"} 1"#,
        ])
        .unwrap();
    assert_eq!(page.events("steering.failed"), 0);
    assert_eq!(page.count("ztna_log_near_miss_total", &[]), 0);
    assert!(page.shows(r#"ztna_steering_state{state="unknown"} 1"#));
}

#[test]
fn one_tunnel_of_a_cato_client_carries_both_services() {
    let scene = Scene::new().unwrap();
    let laptop = Client::cato("laptop").log("client", &scene.log("cato-client.log"));
    scene.watch(&[laptop]).unwrap();
    let mut log = LogFile::open(scene.log("cato-client.log")).unwrap();
    let agent = Agent::start(&scene).unwrap();
    let story: &[(&str, &[&str])] = &[
        (
            "Successfully connected to CATO VPN \"Frankfurt\" via DTLS mode",
            &[
                "ztna_tunnel_up 1",
                r#"ztna_service_state{service="private_access",state="connected"} 1"#,
                r#"ztna_service_state{service="internet_security",state="connected"} 1"#,
            ],
        ),
        (
            "USER_NOT_ALLOWED - Only 'TVs and Limited Input devices' can use OAuth 2.0",
            &[
                r#"ztna_service_state{service="private_access",state="error"} 1"#,
                r#"ztna_service_state{service="internet_security",state="error"} 1"#,
                r#"ztna_events_total{event="authentication.failed"} 1"#,
            ],
        ),
        (
            "New client version is available",
            &[r#"ztna_events_total{event="update.available"} 1"#],
        ),
    ];
    for (minute, (text, shown)) in (10..).zip(story) {
        let line =
            format!("2025-08-04 11:{minute}:00 [I][client  ][onState:12][:][:][_:] {text}\n");
        log.raw(line.as_bytes()).unwrap();
        agent.wait_until_shown(shown).unwrap();
    }
    let facts = agent.get("/api/v1/status").unwrap().text();
    assert!(facts.contains("Frankfurt"), "the POP is shown: {facts}");
}
