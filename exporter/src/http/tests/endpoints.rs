//! What the page and its JSON say of endpoint clients.
//!
//! Each test takes the sample's clients, changes what its sentence is about, and reads
//! the answer as a person would: for words, not for markup.

use jiff::Timestamp;
use model::alert::{AlertPhase, HeldBy};
use model::connector::{
    ClientStatus, ConnectorKind, ConnectorState, Fact, ProbeFailure, ToolReading, TunnelState,
};
use model::event::{Event, EventKind, Reason};
use model::snapshot::ConnectorSnapshot;
use model::untrusted::Untrusted;

use super::*;
use crate::metrics::sample::{at, key};

/// The list of connectors and the view of each, tags taken out and spaces folded.
async fn page_of(connectors: Vec<ConnectorSnapshot>) -> String {
    let mut snapshot = sample::snapshot();
    snapshot.connectors = connectors;
    snapshot.recent_events = Arc::from([]);
    let names = snapshot.connectors.iter();
    let mut paths: Vec<String> = names.map(|connector| path_of(&connector.name)).collect();
    paths.insert(0, "/".to_owned());
    let server = Server::start(snapshot).await;
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    text_of(&server.read(&paths).await)
}

pub(super) fn text_of(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<') {
        let after_tag = piece.split_once('>').map_or(piece, |(_, after)| after);
        text.push(' ');
        text.push_str(after_tag);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn json_of(connector: ConnectorSnapshot) -> serde_json::Value {
    let mut snapshot = sample::snapshot();
    snapshot.connectors = vec![connector];
    let server = Server::start(snapshot).await;
    let answer = server.get("/api/v1/status").await;
    let report: serde_json::Value = serde_json::from_str(body_of(&answer)).unwrap();
    report["connectors"][0].clone()
}

pub(super) fn check(page: &str, wanted: &[&str]) {
    for words in wanted {
        assert!(page.contains(words), "{words} is missing in\n{page}");
    }
}

/// A client of which this and nothing else has been heard.
fn client_told(kind: ConnectorKind, story: &[(EventKind, &str)]) -> ConnectorSnapshot {
    let mut state = ConnectorState::default();
    for (event, reason) in story {
        let told = Event {
            key: key(*event, reason),
            time: Some(at(60)),
            fields: Vec::new(),
        };
        state.apply(&told, at(60), kind);
    }
    ConnectorSnapshot {
        kind,
        state,
        ..sample::netskope_client("laptop")
    }
}

#[tokio::test]
async fn a_client_that_steers_nothing_is_degraded_in_plain_words() {
    let page = page_of(vec![
        sample::healthy("pub"),
        sample::netskope_client("laptop"),
    ])
    .await;
    check(
        &page,
        &[
            "laptop netskope-client tunnel up, but steering failed, configuration update failed",
            "Degraded: the tunnel is up, but nothing is steered into it. \
             The tunnel is up, but the client works with an old configuration.",
            "Client enabled icon in full colour",
            "Steering failed",
            "by steering.failed , reason filter_device",
            "system extension is allowed",
            "Configuration updated",
        ],
    );
}

#[tokio::test]
async fn a_client_that_is_off_shows_the_vendors_row_and_what_it_takes() {
    let story = [(EventKind::ClientDisabled, "gre")];
    let off = client_told(ConnectorKind::NetskopeClient, &story);
    let page = page_of(vec![off.clone()]).await;
    check(
        &page,
        &[
            "Client disabled icon grey",
            "the vendor's “Tunnel down due to GRE”, by the system",
            "this network sends its traffic through a GRE tunnel",
        ],
    );
    // The same event took the tunnel down: one advice is enough on each view.
    assert_eq!(page.matches("through a GRE tunnel").count(), 2);
    let report = json_of(off).await;
    assert_eq!(report["icon"], "disabled");
    assert_eq!(report["vendor_event"]["name"], "Tunnel down due to GRE");
    assert_eq!(report["vendor_event"]["actor"], "system");
}

#[tokio::test]
async fn a_reason_that_the_vendors_table_does_not_have_stands_on_none_of_its_rows() {
    let story = [(EventKind::ClientDisabled, "of_an_operator")];
    let report = json_of(client_told(ConnectorKind::NetskopeClient, &story)).await;
    assert_eq!(report["client"]["state"], "disabled");
    assert_eq!(report.get("vendor_event"), None);
}

#[tokio::test]
async fn a_tunnel_that_is_down_because_the_client_is_off_is_no_trouble_of_its_own() {
    let story = [(EventKind::ClientDisabled, "user")];
    let off = client_told(ConnectorKind::NetskopeClient, &story);
    let page = page_of(vec![sample::healthy("pub"), off]).await;
    check(
        &page,
        &["0 in trouble", "laptop netskope-client client disabled"],
    );
}

#[tokio::test]
async fn a_client_that_is_on_by_its_tool_and_has_no_tunnel_is_in_trouble() {
    let mut client = client_told(ConnectorKind::NetskopeClient, &[]);
    let reading = ToolReading {
        client: Some(ClientStatus::Disabled),
        tunnel: Some(TunnelState::Disconnected),
        reason: Reason::new("tunnel_down").unwrap(),
        ..ToolReading::default()
    };
    client.state.observe(&reading, at(300));
    let page = page_of(vec![sample::healthy("pub"), client]).await;
    check(&page, &["laptop netskope-client tunnel disconnected"]);
    assert_eq!(page.matches("Normal just after an installation").count(), 2);
}

#[tokio::test]
async fn a_client_that_blocks_all_traffic_is_in_trouble_with_its_tunnel() {
    let story = [(EventKind::ClientFailClosed, "")];
    let closed = client_told(ConnectorKind::NetskopeClient, &story);
    let page = page_of(vec![sample::healthy("pub"), closed]).await;
    let first = "laptop netskope-client client fail closed, tunnel disconnected";
    check(&page, &[first, "icon red"]);
}

#[tokio::test]
async fn a_state_that_only_a_tool_told_has_its_advice_too() {
    let mut client = client_told(ConnectorKind::NetskopeClient, &[]);
    let reading = ToolReading {
        client: Some(ClientStatus::DisabledError),
        tunnel: Some(TunnelState::Disconnected),
        ..ToolReading::default()
    };
    client.state.observe(&reading, at(300));
    let report = json_of(client.clone()).await;
    assert_eq!(report["client"]["event"], serde_json::Value::Null);
    assert_eq!(report["client"]["reason"], "tool");
    let page = page_of(vec![client]).await;
    check(
        &page,
        &[
            "Client disabled error icon grey, with an orange circle and an exclamation point",
            "reason tool What to do: The client switched itself off because of an error",
        ],
    );
}

#[tokio::test]
async fn silence_has_a_banner_and_its_states_are_unknown() {
    let mut client = sample::netskope_client("laptop");
    client.is_silent = true;
    // Far before the server's own clock, which is what "for" counts from.
    client.heard_at = Some(Timestamp::UNIX_EPOCH);
    for aspect in client.kind.aspects() {
        client.state.forget(*aspect, at(600));
    }
    let page = page_of(vec![sample::healthy("pub"), client.clone()]).await;
    check(
        &page,
        &[
            "laptop netskope-client silent, so its states are unknown",
            "Silent: nothing heard for ",
            " days, neither a log line nor an answer of a tool: its states are unknown.",
            "reason silence",
        ],
    );
    assert!(!page.contains("Degraded"), "{page}");
    client.heard_at = None;
    let unheard = page_of(vec![client.clone()]).await;
    check(&unheard, &["Silent: nothing was ever heard"]);
    assert_eq!(json_of(client).await["silent"], true);
}

#[tokio::test]
async fn a_tools_fact_wins_and_what_the_log_says_stands_beside_it() {
    let mut client = sample::netskope_client("laptop");
    let learn = |fact, text| (fact, Untrusted::new(text));
    client.state.facts = [
        learn(Fact::Gateway, "gateway-old.goskope.com"),
        learn(Fact::TunnelProtocol, "DTLS"),
    ]
    .into_iter()
    .collect();
    client.tool_facts = [
        learn(Fact::Gateway, "gateway-new.goskope.com"),
        learn(Fact::TunnelProtocol, "DTLS"),
        learn(Fact::Version, "117.1.0.1234"),
    ]
    .into_iter()
    .collect();
    let page = page_of(vec![client.clone()]).await;
    check(
        &page,
        &[
            "Version 117.1.0.1234 Gateway gateway-new.goskope.com by the tool; \
             the log says gateway-old.goskope.com Tunnel protocol DTLS Last heard",
            "Not told yet: Organisation, Gateway IP,",
        ],
    );
    let report = json_of(client).await;
    assert_eq!(report["facts"]["gateway"], "gateway-old.goskope.com");
    assert_eq!(report["tool_facts"]["gateway"], "gateway-new.goskope.com");
    assert_eq!(report["facts"]["version"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_failing_tool_says_why_and_what_to_do_until_it_answers() {
    let mut client = sample::netskope_client("laptop");
    let page = page_of(vec![client.clone()]).await;
    check(
        &page,
        &[
            "nsdiag -f answered after 412 ms",
            "stAgentCli show-status failed after 10 000 ms never 1 timeout 1",
            "What to do: Run the program by hand: if it hangs there too",
        ],
    );
    client.tools[1].is_success = Some(true);
    let healed = page_of(vec![client]).await;
    check(&healed, &["timeout 1"]);
    assert!(!healed.contains("if it hangs there too"), "{healed}");
}

#[tokio::test]
async fn every_failure_of_every_tool_has_its_advice() {
    for cause in ProbeFailure::ALL {
        let mut client = sample::cato_client("laptop");
        client.tools[0].is_success = Some(false);
        client.tools[0].failures = vec![(*cause, 1)];
        let report = json_of(client).await;
        let probe = &report["probes"][0];
        assert_eq!(probe["failures"][cause.name()], 1);
        let advice = probe["advice"].as_array().unwrap();
        assert_eq!(advice.len(), 1, "{cause}");
    }
}

#[tokio::test]
async fn round_trips_are_told_by_point_of_presence() {
    let page = page_of(vec![sample::netskope_client("laptop")]).await;
    check(&page, &["US-ORD2 4 16 ms 0 %", "other 2 637 ms 50 %"]);
}

#[tokio::test]
async fn a_cato_client_shows_its_services_and_when_it_was_available_last() {
    let page = page_of(vec![sample::cato_client("laptop")]).await;
    check(
        &page,
        &[
            "Private access connected warning",
            "let the user sign in again",
            "Internet security connected",
            "Last available",
            "Tunnel built anew 2 times",
            "POP Tokyo_DC2",
        ],
    );
    let report = json_of(sample::cato_client("laptop")).await;
    for absent in ["registration", "update", "client", "icon", "sessions"] {
        assert_eq!(report.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn an_event_that_no_state_remembers_keeps_its_advice_for_a_day() {
    let mut client = sample::netskope_client("laptop");
    client.events = vec![(key(EventKind::TlsError, "peer_certificate"), 3)];
    // Older than a day by the server's own clock.
    client.last_events = vec![(EventKind::TlsError, Timestamp::UNIX_EPOCH)];
    let advice = "likely to inspect TLS";
    assert!(!page_of(vec![client.clone()]).await.contains(advice));
    // A log whose clock is ahead: surely not older than a day.
    client.last_events = vec![(EventKind::TlsError, Timestamp::MAX)];
    check(&page_of(vec![client.clone()]).await, &[advice]);
    client.events[0].1 = 0;
    let report = json_of(client).await;
    assert_eq!(report["events"][0]["advice"], serde_json::Value::Null);
}

#[tokio::test]
async fn connectors_in_trouble_stand_first_and_else_in_their_order() {
    let names = ["a-good", "b-bad", "c-good", "d-bad"];
    let page = page_of(vec![
        sample::healthy(names[0]),
        sample::troubled(names[1]),
        sample::healthy(names[2]),
        sample::netskope_client(names[3]),
    ])
    .await;
    check(&page, &["2 in trouble, 3/4 tunnels up – Connectors"]);
    let (_, list) = page.split_once("What is in trouble first").unwrap();
    let (list, _) = list.split_once("Latest events").unwrap();
    let mut seen: Vec<(usize, &str)> = names
        .iter()
        .flat_map(|name| list.match_indices(name))
        .collect();
    seen.sort_unstable();
    let seen: Vec<&str> = seen.into_iter().map(|(_, name)| name).collect();
    assert_eq!(seen, ["b-bad", "d-bad", "a-good", "c-good"]);
}

/// As for a tunnel that its user closed: the state alone is no trouble, the mail says it is.
#[tokio::test]
async fn whom_an_alert_tells_of_is_in_trouble_until_it_is_held_or_over() {
    for (is_held, phase, words) in [
        (false, AlertPhase::Firing, "1 in trouble"),
        (true, AlertPhase::Firing, "0 in trouble"),
        (false, AlertPhase::Resolving, "0 in trouble"),
    ] {
        let mut snapshot = sample::whole();
        snapshot.connectors = vec![sample::healthy("a"), sample::healthy("pub-sjc-2")];
        snapshot.recent_events = Arc::from([]);
        let alerts = Arc::make_mut(&mut snapshot.alerts);
        alerts.rows.truncate(1);
        alerts.rows[0].phase = phase;
        alerts.rows[0].held_by = is_held.then(|| HeldBy::Silence("s-7".into()));
        let server = Server::start(snapshot).await;
        let page = server.read(&["/"]).await;
        check(&text_of(&page), &[words]);
        // Its row, its own page and the data say the same.
        let is_told = words == "1 in trouble";
        let rows = server.read(&["/?format=csv&connector=pub-sjc-2"]).await;
        assert_eq!(
            rows.contains(r#""pub-sjc-2","netskope-publisher","trouble""#),
            is_told
        );
        assert_eq!(page.contains("<tr class=\"row bad\">"), is_told);
        let own = server.read(&["/connectors/pub-sjc-2"]).await;
        for shown in [page, own] {
            assert_eq!(
                text_of(&shown).contains("onnected, but TUNNEL_DOWN fires"),
                is_told
            );
        }
        let view = server.read(&["/alerts"]).await;
        let is_over = phase == AlertPhase::Resolving;
        assert_eq!(view.contains("over, told when it stays quiet"), is_over);
        assert_ne!(view.contains("What to do:"), is_over);
        assert!(view.contains(r#"connectors/pub-sjc-2"><code>pub-sjc-2</code></a>"#));
    }
}
