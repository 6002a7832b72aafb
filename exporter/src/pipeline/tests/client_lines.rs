//! What a client's lines do to its state, its round trips and its privacy.

use std::sync::Arc;

use jiff::tz::TimeZone;
use logparse::catalogue::Catalogue;
use logparse::date_order::DateOrder;
use logparse::framing::Encoding;
use logparse::scan::{Chunk, Scanner};
use model::connector::{
    ConnectorKind, ConnectorState, Fact, ServiceState, SteeringState, Tool, TunnelState,
};
use model::snapshot::ConnectorSnapshot;
use model::untrusted::Untrusted;

use super::desk::{DOWN, Desk, NOTHING, UP, at, days_before};
use super::*;
use crate::pipeline::fold::{FileRef, Fold};
use crate::pipeline::ledger::{ConnectorPlan, LogPlace};

/// A ledger of one Netskope Client, by the rows that come with the program.
pub(super) fn netskope_ledger() -> Ledger {
    let catalogue = Catalogue::built_in(ConnectorKind::NetskopeClient).unwrap();
    let plan = ConnectorPlan {
        name: Arc::from("laptop"),
        kind: ConnectorKind::NetskopeClient,
        catalogue: Arc::new(catalogue),
        logs: vec![Arc::from("client")],
        tools: vec![Tool::StAgentCli, Tool::Nsdiag],
        unknown_after: None,
    };
    Ledger::open(vec![plan], store::Restored::default())
}

/// The one connector of a ledger.
pub(super) fn draw(ledger: &Ledger) -> ConnectorSnapshot {
    let now = Desk::new().now().timestamp();
    let drawn = picture::draw(ledger, &|_, _| SourceStatus::default(), true, now);
    drawn.connectors[0].clone()
}

/// Reads lines as those of a Netskope Client.
fn read_netskope(text: &str) -> ConnectorSnapshot {
    let mut ledger = netskope_ledger();
    let place = LogPlace {
        connector: 0,
        log: 0,
    };
    let file = FileRef {
        id: FileId(0),
        path: std::path::Path::new("nsdebuglog.log"),
    };
    let catalogue = Arc::clone(&ledger.connectors[0].plan.catalogue);
    let mut fold = Fold::new(&mut ledger, place, file, Desk::new().now().timestamp());
    let chunk = Chunk {
        bytes: text.as_bytes(),
        offset: 0,
        encoding: Encoding::Utf8,
        mid_line: false,
        is_final: true,
        date_order: DateOrder::default(),
        is_stamped: false,
    };
    Scanner::new(catalogue, TimeZone::UTC).scan(chunk, &mut fold);
    draw(&ledger)
}

#[test]
fn each_way_in_which_a_netskope_client_tells_a_round_trip_is_measured() {
    let catalogue = Catalogue::built_in(ConnectorKind::NetskopeClient).unwrap();
    let measuring = catalogue.rows().iter();
    let lines: Vec<&str> = measuring
        .filter(|row| row.event == Some(EventKind::GatewayMeasured))
        .flat_map(|row| row.examples.iter().map(|example| &*example.line))
        .collect();
    assert!(!lines.is_empty());
    let client = read_netskope(&lines.join("\n"));
    let counts = client.round_trips.iter().map(|(_, shown)| shown.count());
    assert_eq!(counts.sum::<u64>(), u64::try_from(lines.len()).unwrap());
    let others = client.round_trips.iter().find(|(pop, _)| &**pop == "other");
    assert_eq!(others, None, "each names its point of presence");
}

#[test]
fn a_flow_is_counted_and_leaves_no_trace_of_who_went_where() {
    let client = read_netskope(
        "2024/04/28 11:02:28.408 stAgentSvc p17fc tb44 info bypassAppMgr.cpp:669 BypassAppMgr \
         Bypassing connection by tunneling from process: chrome.exe, host: udc.yahoo.com\n\
         2026/03/19 14:55:23.385 stAgentSvc p1e64 t3054 info tunnel.cpp:1150 nsTunnel TLS \
         [sessId 1] Tunneling flow from addr: 192.168.13.134:63893, process: curl.exe to host: \
         www.example.org, addr: 198.51.100.10:443 to nsProxy\n",
    );
    let count = |kind| -> u64 {
        let events = client.events.iter();
        events
            .filter(|(key, _)| key.kind == kind)
            .map(|(_, count)| count)
            .sum()
    };
    assert_eq!(count(EventKind::FlowTunneled), 1);
    assert_eq!(count(EventKind::FlowBypassed), 1);
    assert_eq!(client.state.steering.state, SteeringState::Active);
    let shown = format!("{client:?}");
    for secret in [
        "chrome",
        "yahoo",
        "192.168",
        "curl",
        "example.org",
        "198.51",
    ] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

fn state_after(files: &[(&str, String)]) -> ConnectorState {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    let mut state = ConnectorState::default();
    for (name, text) in files {
        desk.write_to(name, text);
        state = desk.turn(&mut pipeline).state;
    }
    state
}

#[test]
fn round_trips_are_counted_once_through_a_kill_and_come_back() {
    let measured = |pop: &str, rtt_ms: &str| {
        format!(
            "2026-11-18 11:00:00 [I][client  ][measureGateway:1][:][:][_:] \
             own pop {pop} rtt {rtt_ms}\n"
        )
    };
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(&measured("FRA-1", "12"));
    desk.write(&measured("bob@example.com", "7"));
    desk.write(&measured("FRA-1", "soon"));
    desk.turn(&mut pipeline);
    desk.write(&measured("MIA-2", "20"));
    pipeline.read(desk.now());
    let mut restarted = desk.restart(pipeline);
    desk.write(&measured("FRA-1", "13"));
    let client = desk.turn(&mut restarted);
    let shown: Vec<(&str, u64, u64)> = client
        .round_trips
        .iter()
        .map(|(pop, round_trips)| (&**pop, round_trips.count(), round_trips.sum_ms))
        .collect();
    assert_eq!(shown, [("FRA-1", 2, 25), ("MIA-2", 1, 20), ("other", 1, 7)]);
    let mut again = desk.restart(restarted);
    assert_eq!(desk.turn(&mut again).round_trips, client.round_trips);
}

#[test]
fn no_line_of_a_client_is_kept_as_a_sample_and_none_tells_who_is_signed_in() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(
        "2026-11-18 11:00:00 [I][client  ][measureGateway:1][:][:][_:] \
         bob went to secret with vim\n",
    );
    desk.write(&at("11:00:01", "own place A of bob\n"));
    let client = desk.turn(&mut pipeline);
    assert_eq!(client.logs[0].near_misses, []);
    assert_eq!(client.state.facts.get(Fact::User), None);
    assert!(client.state.facts.get(Fact::Pop).is_some());
    let shown = format!("{:?}", pipeline.snapshot());
    assert!(
        !shown.contains("bob") && !shown.contains("secret"),
        "{shown}"
    );
    pipeline.close();
    let stored = fs::read(desk.path("state.db")).unwrap();
    assert!(!stored.windows(3).any(|bytes| bytes == b"bob"));
}

#[test]
fn a_confirmation_is_later_than_what_an_old_log_tells() {
    let state = state_after(&[
        ("one.log", at("09:00:00", UP)),
        ("two.log", at("11:00:00", UP)),
        ("old.log", days_before("10:00:00", DOWN)),
    ]);
    assert!(state.is_tunnel_up(), "it was seen up at eleven");
    assert_eq!(state.internet_security.state, ServiceState::Connected);
}

#[test]
fn a_clock_or_a_zone_that_is_set_back_hides_no_change() {
    // A new file after a rotation, in the second pass of an hour, in another zone.
    for late in ["10:59:59", "10:00:00", "00:00:00"] {
        let state = state_after(&[("one.log", at("11:00:00", UP)), ("two.log", at(late, DOWN))]);
        assert!(!state.is_tunnel_up(), "{late}");
    }
}

#[test]
fn a_clock_that_is_set_back_over_a_restart_hides_no_change() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(&at("11:00:00", UP));
    assert!(desk.turn(&mut pipeline).state.is_tunnel_up());
    let mut restarted = desk.restart(pipeline);
    desk.write(&at("10:30:00", DOWN));
    assert!(!desk.turn(&mut restarted).state.is_tunnel_up());
}

#[test]
fn a_date_of_the_future_pins_no_state() {
    let state = state_after(&[
        (
            "one.log",
            "2030-01-01 00:00:00 [I][client  ][f:1][:][:][_:] ".to_owned() + DOWN,
        ),
        ("two.log", at("10:00:00", UP)),
    ]);
    assert!(state.is_tunnel_up());
}

#[test]
fn each_part_of_the_state_is_judged_by_what_is_known_of_it() {
    // The refusal tells of both services and not of the tunnel.
    let refused = "USER_NOT_ALLOWED - Only 'TVs and Limited Input devices' can use OAuth 2.0\n";
    let state = state_after(&[
        ("one.log", at("11:00:00", refused)),
        ("old.log", days_before("10:00:00", UP)),
    ]);
    assert!(state.is_tunnel_up(), "nothing else told of the tunnel");
    assert_eq!(state.internet_security.state, ServiceState::Error);
    assert_eq!(state.private_access.state, ServiceState::Error);
    assert!(state.facts.get(Fact::Pop).is_some(), "and who it is");
}

#[test]
fn an_old_log_does_not_say_who_the_client_is_now() {
    let state = state_after(&[
        ("one.log", at("11:00:00", "own place new of bob\n")),
        ("old.log", days_before("10:00:00", "own place old of bob\n")),
    ]);
    assert_eq!(state.facts.get(Fact::Pop), Some(&Untrusted::new("new")));
}

#[test]
fn a_file_whose_dates_are_month_first_is_read_in_that_order() {
    let month_first = "08/03/26 11:00:29.125 [I] [VPNProc] [1634:2BE4] [connect : 12] [:] \
                       [p:chicatod12a] [ :] ";
    for name in [
        "cato_vpn_6.13.0.0_20260803110029.log",
        "cato_vpn_6.13.0.0.log",
    ] {
        let state = state_after(&[(name, format!("{month_first}{UP}"))]);
        let day = if name.contains("0803") {
            "2026-08-03"
        } else {
            "2026-03-08"
        };
        let since = state.tunnel.since.unwrap().to_string();
        assert!(since.starts_with(day), "{name}: {since}");
    }
}

#[test]
fn a_text_without_a_stamp_counts_only_in_a_file_without_any() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    desk.write(&at("11:00:00", NOTHING));
    desk.turn(&mut pipeline);
    // By now the batch begins behind the stamp.
    desk.write(UP);
    let tunnel = desk.turn(&mut pipeline).state.tunnel;
    assert_eq!(tunnel.state, TunnelState::Unknown);
    desk.write_to("sample.log", UP);
    let alone = desk.turn(&mut pipeline).state.tunnel;
    assert_eq!(alone.state, TunnelState::Connected);
}
