//! What an Alertmanager hears once a minute.

use model::alert::{AlertPhase, AlertRow};

use super::http_server::HttpServer;
use super::*;
use crate::compose::Composer;
use crate::deliver::refresh::Refresher;
use crate::receiver::{AlertmanagerWay, WebhookWay};
use crate::rule::RuleSet;

fn refresher(server: &HttpServer) -> Refresher {
    let http = WebhookWay {
        url: server.url("/"),
        bearer: None,
        basic: None,
        signing_key: None,
        ca_pem: None,
        timeout: PATIENCE,
    };
    let forward = Way::Alertmanager(AlertmanagerWay {
        http,
        event_lasts: Duration::from_secs(3600),
    });
    let receivers = vec![receiver("forward", forward), receiver("traps", Way::Snmp)];
    let identity = Identity {
        agent: Arc::from("web-1"),
        host: Arc::from("web-1"),
        site: None,
        external_url: None,
        config_file: None,
        listens_on: None,
    };
    let composer = Composer::new(identity, receivers, vec![Arc::from("forward")]);
    let mut all = Refresher::all(&composer, &Arc::new(RuleSet::default()));
    assert_eq!(all.len(), 1, "only an Alertmanager forgets");
    all.remove(0)
}

fn row() -> AlertRow {
    AlertRow {
        key: Arc::from("tunnel-down"),
        index: 1,
        rule: Arc::from("tunnel-down"),
        alert: Arc::from("TUNNEL_DOWN"),
        severity: Severity::Critical,
        phase: AlertPhase::Firing,
        labels: Vec::new(),
        since: Timestamp::UNIX_EPOCH,
        fires_at: None,
        held_by: None,
        is_told: true,
        reason: Arc::from("told"),
        summary: "The tunnel is down".to_owned(),
        action: String::new(),
    }
}

#[tokio::test]
async fn an_alertmanager_is_told_what_fires_and_until_when() {
    let server = HttpServer::start().await;
    server.answer("200 OK", &[], "");
    let refresher = refresher(&server);
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    assert_eq!(refresher.refresh(&[], now).await, Ok(()));
    assert_eq!(server.asked().len(), 0, "nothing fires, nothing is asked");
    assert_eq!(refresher.refresh(&[row()], now).await, Ok(()));
    let asked = server.asked();
    assert_eq!(asked[0].head[0], "POST /api/v2/alerts HTTP/1.1");
    let wanted = "\"endsAt\":\"2027-01-15T08:04:00.000000Z\"";
    assert!(asked[0].body.contains(wanted), "{}", asked[0].body);
}

#[tokio::test]
async fn a_refusal_is_told_and_the_next_time_is_another_try() {
    let server = HttpServer::start().await;
    server.answer("400 Bad Request", &[], "no");
    server.answer("503 Service Unavailable", &[], "later");
    server.answer("200 OK", &[], "");
    let refresher = refresher(&server);
    let now = Timestamp::UNIX_EPOCH;
    let mut came = Vec::new();
    for _ in 0..3 {
        came.push(refresher.refresh(&[row()], now).await);
    }
    let told = |words: &str| Err(words.to_owned());
    assert_eq!(came, [told("HTTP 400 no"), told("HTTP 503 later"), Ok(())]);
}
