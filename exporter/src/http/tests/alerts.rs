//! Alerts on the page and in the JSON: told in words, and text of others stays text.

use std::sync::Arc;

use model::alert::AlertPhase;
use model::snapshot::AlertsSnapshot;

use super::answers::keys;
use super::*;
use crate::metrics::sample::{self, at};

async fn page() -> String {
    let mut snapshot = sample::whole();
    // What is left counts from the server's own clock.
    let soon = Clock::start().now().timestamp() + Duration::from_secs(299);
    Arc::make_mut(&mut snapshot.alerts).rows[2].fires_at = Some(soon);
    let server = Server::start(snapshot).await;
    read_all(&server, &["pub-sjc-2", "pub-fra-1"]).await
}

#[tokio::test]
async fn what_fires_is_told_with_its_reason_its_hold_and_what_to_do() {
    let page = page().await;
    for text in [
        "TUNNEL_DOWN",
        "firing",
        "pending, fires in 4 min",
        "resolving",
        "nobody is told: silence <code>s-7</code>",
        "it has lasted for 5 min",
        "<strong>What to do:</strong> Look at the line",
        "The agent itself:</strong> mail config",
        "alerts fire</a> (1 held back)",
        "2 firing, 1 pending, 1 of them held back",
        "tried again after 2 attempts",
        "given up after 2 attempts",
        "451 try later",
        ">sent<",
        "Updates of eu-weekly",
        "not scheduled",
        "a new disk comes",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
}

#[tokio::test]
async fn text_of_alerts_stays_text() {
    let page = page().await;
    for text in ["<script>", "<b>", "<i>", "<x>", "\u{202e}"] {
        assert!(!page.contains(text), "{text:?}");
    }
}

#[tokio::test]
async fn where_there_is_nothing_to_do_and_no_runbook_no_empty_place_is_kept_for_it() {
    for (phase, action) in [(AlertPhase::Resolving, "look"), (AlertPhase::Firing, "")] {
        let mut snapshot = sample::whole();
        snapshot.connectors.clear();
        let alerts = Arc::make_mut(&mut snapshot.alerts);
        alerts.rules.clear();
        alerts.rows.truncate(1);
        alerts.rows[0].phase = phase;
        alerts.rows[0].action = action.to_owned();
        let server = Server::start(snapshot).await;
        let page = server.read(&["/", "/alerts"]).await;
        assert!(page.contains("TUNNEL_DOWN"));
        for place in ["class=\"advice\"", "<p class=\"foreign\">"] {
            assert!(!page.contains(place), "{place} in {page}");
        }
    }
}

#[tokio::test]
async fn where_nothing_ever_was_nothing_stands_above_the_connectors() {
    let mut snapshot = sample::whole();
    snapshot.alerts = Arc::new(AlertsSnapshot {
        rules: snapshot.alerts.rules.clone(),
        ..AlertsSnapshot::default()
    });
    let server = Server::start(snapshot).await;
    assert!(!server.get("/").await.contains("id=\"firing\""));
    let alerts = server.get("/alerts").await;
    assert!(alerts.contains("0 firing, 0 pending, 0 of them held back"));
    assert!(alerts.contains("None: nobody is told."));
}

#[tokio::test]
async fn the_list_above_the_connectors_leads_to_all_only_if_it_has_not_all() {
    for (told, words) in [
        (5, None),
        (
            7,
            Some("All 7 are on <a href=\"./alerts?state=firing\">Alerts</a>, and 2 held back."),
        ),
    ] {
        let mut snapshot = sample::whole();
        let rows = &mut Arc::make_mut(&mut snapshot.alerts).rows;
        rows.retain(|row| row.phase == AlertPhase::Firing);
        let held = rows.iter().find(|row| row.held_by.is_some()).cloned();
        rows.retain(|row| row.held_by.is_none());
        rows.resize(told, rows[0].clone());
        rows.resize(told + 2, held.unwrap());
        let server = Server::start(snapshot).await;
        let page = server.read(&["/"]).await;
        assert!(page.contains("(2 held back)"), "{page}");
        assert_eq!(page.contains("are on <a"), words.is_some(), "{page}");
        assert!(words.is_none_or(|words| page.contains(words)), "{page}");
    }
}

/// The states of such a connector are good, and say neither since when nor what to do.
#[tokio::test]
async fn whom_an_alert_alone_has_in_trouble_says_since_when_why_and_what_to_do_by_it() {
    let mut snapshot = sample::whole();
    snapshot.connectors = vec![sample::healthy("pub-sjc-2")];
    let rows = &mut Arc::make_mut(&mut snapshot.alerts).rows;
    rows.truncate(1);
    rows[0].since = at(1_234);
    rows[0].summary = "=1+1 \u{202e}<b>".to_owned();
    rows[0].action = "Look there.".to_owned();
    let mut silent = snapshot.clone();
    silent.connectors[0].is_silent = true;
    let mut troubled = snapshot.clone();
    troubled.connectors = vec![sample::troubled("pub-sjc-2")];
    let since = at(1_234).to_string();
    let well = "tunnel connected, but TUNNEL_DOWN fires";
    let unheard = "silent, so its states are unknown, and TUNNEL_DOWN fires";
    for (told, words) in [(snapshot, well), (silent, unheard)] {
        let server = Server::start(told).await;
        let data = server.read(&["/?format=json"]).await;
        let data: serde_json::Value = serde_json::from_str(&data).unwrap();
        let row = &data["rows"][0];
        assert_eq!(row["summary"], words);
        assert_eq!(row["since"], since.as_str());
        assert_eq!(row["event"], serde_json::Value::Null);
        assert_eq!(row["reason"], "=1+1 \u{202e}<b>");
        assert_eq!(row["advice"], serde_json::json!(["Look there."]));
        assert_eq!(row["alert"], "TUNNEL_DOWN");
        let csv = server.read(&["/?format=csv"]).await;
        for cell in [&since, "\"'=1+1 \\u{202e}<b>\"", "Look there."] {
            assert!(csv.contains(cell), "{cell} is missing in {csv}");
        }
        let page = server.read(&["/"]).await;
        let (_, list) = page.split_once("What is in trouble first").unwrap();
        let own = server.read(&["/connectors/pub-sjc-2"]).await;
        let (head, _) = own.split_once("class=\"aspects\"").unwrap();
        for shown in [list, head] {
            for part in [
                &format!("<time datetime=\"{since}\">"),
                "=1+1 \\u{202e}&#60;b&#62;",
                "<strong>What to do:</strong> Look there.",
            ] {
                assert!(shown.contains(part), "{part} is missing in {shown}");
            }
        }
    }
    // What is bad by itself says it.
    let server = Server::start(troubled).await;
    let csv = server.read(&["/?format=csv"]).await;
    assert!(csv.contains("\"tunnel.disconnected\"") && !csv.contains("Look there."));
}

#[tokio::test]
async fn every_name_of_alerts_is_documented() {
    let server = Server::start(sample::whole()).await;
    let answer = server.get("/api/v1/status").await;
    let report: serde_json::Value = serde_json::from_str(body_of(&answer)).unwrap();
    let document = include_str!("../../../../docs/api.md");
    let mut names = Vec::new();
    keys(&report["alerts"], &mut names);
    assert!(40 < names.len());
    for name in names {
        assert!(
            document.contains(&format!("`{name}`")),
            "{name} is not in docs/api.md"
        );
    }
}

#[tokio::test]
async fn the_json_of_alerts() {
    let server = Server::start(sample::whole()).await;
    let answer = server.get("/api/v1/status").await;
    let report: serde_json::Value = serde_json::from_str(body_of(&answer)).unwrap();
    let alerts = serde_json::to_string_pretty(&report["alerts"]).unwrap() + "\n";
    expect_test::expect_file!["golden/alerts.json"].assert_eq(&alerts);
}

#[tokio::test]
async fn one_list_is_shown_alone_when_it_is_asked_for() {
    let server = Server::start(sample::whole()).await;
    let all = server.read(&["/alerts"]).await;
    let alone = server.read(&["/alerts?list=history"]).await;
    for (section, stays) in [("messages", false), ("history", true), ("rules", false)] {
        let id = format!("id=\"{section}\"");
        assert!(all.contains(&id), "{section}");
        assert_eq!(alone.contains(&id), stays, "{section}");
    }
}

/// As of the configuration, where nobody has to say it.
#[tokio::test]
async fn a_silence_without_a_beginning_has_none_in_the_data() {
    let mut snapshot = sample::whole();
    let silences = &mut Arc::make_mut(&mut snapshot.alerts).silences;
    silences.truncate(1);
    silences[0].from = jiff::Timestamp::MIN;
    let server = Server::start(snapshot).await;
    for path in ["/alerts?list=silences&format=json", "/api/v1/status"] {
        let page = server.read(&[path]).await;
        assert!(
            page.contains("\"from\": null") && !page.contains("-00"),
            "{page}"
        );
    }
    let csv = server.read(&["/alerts?list=silences&format=csv"]).await;
    assert!(csv.contains(",,\""), "{csv}");
}

#[tokio::test]
async fn of_a_thousand_silences_a_hundred_stand_beside_the_alerts() {
    let mut snapshot = sample::whole();
    let silences = &mut Arc::make_mut(&mut snapshot.alerts).silences;
    let first = silences.first().unwrap().clone();
    silences.resize(1_000, first);
    // What was made last is shown, wherever the agent keeps it.
    silences[999].id = "s-newest".into();
    silences[999].from = at(699);
    let server = Server::start(snapshot).await;
    for (path, shown) in [("/alerts", 100), ("/alerts?list=silences", 1_000)] {
        let page = server.read(&[path]).await;
        assert_eq!(page.matches("data-label=\"Silence\"").count(), shown);
        assert!(page.contains("s-newest"), "{path}");
        assert_eq!(page.contains(">900 more silences</a>"), shown == 100);
    }
}
