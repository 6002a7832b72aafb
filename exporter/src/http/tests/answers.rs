//! What well-behaved clients get.

use std::io::Read as _;

use flate2::read::GzDecoder;
use model::connector::{ConnectorKind, Facts};
use model::event::{EventKind, Field};
use model::untrusted::Untrusted;

use super::*;

/// Markup, quotes, a template's braces, and a mark that turns the reading direction.
pub(super) const HOSTILE: &str =
    "</code><script>alert(1)</script>\"'><img src=x onerror=y>{{7*7}}&amp;\u{202e}";

#[tokio::test]
async fn the_page_of_metrics_comes_as_it_is_asked_for() {
    let server = Server::start(sample::snapshot()).await;
    let text = server.get("/metrics").await;
    assert!(text.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert!(text.contains("vary: Accept, Accept-Encoding\r\n"));
    assert!(text.contains("# TYPE ztna_events_total counter\n"));
    assert!(!text.contains("# EOF"));
    let accept = "accept: application/openmetrics-text;version=1.0.0\r\n";
    let openmetrics = server.ask("GET /metrics", accept).await;
    let content_type = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(openmetrics.contains(content_type), "{openmetrics:.300}");
    assert!(openmetrics.contains("# TYPE ztna_events counter\n"));
    assert!(openmetrics.ends_with("# EOF\n"));
}

#[tokio::test]
async fn a_packed_page_unpacks_to_the_plain_one() {
    let server = Server::start(sample::snapshot()).await;
    let mut stream = server.connect().await;
    let request =
        "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept-encoding: gzip\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let body = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    let head = String::from_utf8_lossy(&bytes[..body]);
    assert!(head.contains("content-encoding: gzip\r\n"), "{head}");
    let mut page = String::new();
    GzDecoder::new(&bytes[body..])
        .read_to_string(&mut page)
        .unwrap();
    assert!(page.contains("ztna_tunnel_up{connector=\"pub-fra-1\"} 1\n"));
    assert!(page.ends_with('\n'));
}

#[tokio::test]
async fn a_new_snapshot_is_seen_at_once() {
    let mut snapshot = sample::snapshot();
    let server = Server::start(snapshot.clone()).await;
    let up = "ztna_tunnel_up{connector=\"pub-fra-1\"}";
    assert!(server.get("/metrics").await.contains(&format!("{up} 1\n")));
    snapshot.connectors.truncate(1);
    snapshot.connectors[0] = sample::troubled("pub-fra-1");
    server.snapshots.send(Arc::new(snapshot)).unwrap();
    assert!(server.get("/metrics").await.contains(&format!("{up} 0\n")));
}

#[tokio::test]
async fn scrapes_of_one_snapshot_and_second_share_one_encoding() {
    let server = Server::start(sample::snapshot()).await;
    for _ in 0..50 {
        server.get("/metrics").await;
    }
    let rendered: u32 = server
        .own("ztna_scrape_duration_seconds_count")
        .parse()
        .unwrap();
    // One a second; the bound leaves room for a machine that is asleep half the time.
    assert!(rendered <= 25, "{rendered} of 50");
}

#[tokio::test]
async fn head_gets_the_head_alone() {
    let server = Server::start(sample::snapshot()).await;
    for path in ["/", "/metrics", "/api/v1/status", "/-/healthy"] {
        let answer = server.ask(&format!("HEAD {path}"), "").await;
        assert_eq!(
            (status_of(&answer), body_of(&answer)),
            ("200", ""),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_answer_wears_the_security_headers() {
    let server = Server::start(sample::snapshot()).await;
    for path in [
        "/",
        "/metrics",
        "/api/v1/status",
        "/static/style.css",
        "/static/page.js",
        "/nowhere",
        "/-/reload",
    ] {
        let answer = server.get(path).await;
        for header in [
            "content-security-policy: default-src 'none'; style-src 'self'; img-src 'self'; \
             script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'\r\n",
            "x-content-type-options: nosniff\r\n",
            "referrer-policy: same-origin\r\n",
            "cache-control: no-store\r\n",
        ] {
            assert!(
                answer.contains(header),
                "{path} lacks {header}\n{answer:.600}"
            );
        }
        assert!(answer.contains("content-type: "), "{path}");
    }
}

#[tokio::test]
async fn other_methods_are_answered_405_with_the_right_ones() {
    let server = Server::start(sample::snapshot()).await;
    for (request, allow) in [
        ("POST /metrics", "GET,HEAD"),
        ("DELETE /", "GET,HEAD"),
        ("TRACE /-/healthy", "GET,HEAD"),
        ("GET /-/reload", "POST,PUT"),
        ("GET /api/v1/silences", "POST"),
    ] {
        let answer = server.ask(request, "").await;
        assert_eq!(status_of(&answer), "405", "{request}");
        assert!(answer.contains("does not take that method"), "{answer}");
        let allowed = answer
            .lines()
            .find_map(|line| line.strip_prefix("allow: "))
            .unwrap();
        let mut methods: Vec<&str> = allowed.split(',').map(str::trim).collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allow, "{request}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_repeated() {
    let server = Server::start(sample::snapshot()).await;
    for path in ["/%3Cmarquee%3E", "/connectors/%3Cmarquee%3E"] {
        let answer = server.get(path).await;
        assert_eq!(status_of(&answer), "404", "{path}");
        assert!(!answer.contains("marquee"), "{path}");
    }
    // No text at all is nobody's name either, and told as a page where one is wanted.
    for (path, words) in [
        ("/connectors/%ff", "No connector has this name."),
        ("/runbooks/%ff", "No runbook and no rule"),
    ] {
        let answer = server
            .ask(&format!("GET {path}"), "accept: text/html\r\n")
            .await;
        assert_eq!(status_of(&answer), "404", "{path}");
        assert!(
            answer.contains(words) && answer.contains("<h1>"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_foreign_host_sees_metrics_but_no_page() {
    let server = Server::start(sample::snapshot()).await;
    let ask = async |host: &str, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        status_of(&server.raw(request).await).to_owned()
    };
    assert_eq!(ask("evil.example", "/").await, "421");
    assert_eq!(ask("evil.example", "/api/v1/status").await, "421");
    assert_eq!(ask("evil.example", "/metrics").await, "200");
    assert_eq!(ask("agent.example.com:10942", "/").await, "200");
    assert_eq!(server.rejected(Rejection::ForeignHost), "2");
}

#[tokio::test]
async fn readiness_follows_the_snapshot_and_the_store() {
    let mut snapshot = sample::snapshot();
    snapshot.connectors.truncate(1);
    let server = Server::start(snapshot).await;
    assert_eq!(status_of(&server.get("/-/ready").await), "200");
    assert_eq!(status_of(&server.get("/ready/tunnel").await), "200");
    server
        .store_health
        .send(Some("no room on the disk".to_owned()))
        .unwrap();
    let answer = server.get("/-/ready").await;
    assert_eq!(status_of(&answer), "503");
    assert_eq!(
        body_of(&answer),
        "the store does not commit: no room on the disk\n"
    );
    server
        .snapshots
        .send(Arc::new(Snapshot::default()))
        .unwrap();
    assert_eq!(status_of(&server.get("/ready/tunnel").await), "503");
    assert_eq!(status_of(&server.get("/-/healthy").await), "200");
}

#[tokio::test]
async fn a_reload_needs_the_flag() {
    let server = Server::start(sample::snapshot()).await;
    let answer = server.ask("POST /-/reload", "content-length: 0\r\n").await;
    assert_eq!(status_of(&answer), "403");
    assert!(answer.contains("--web.enable-lifecycle"));
}

#[tokio::test]
async fn a_reload_tells_its_outcome() {
    let (requests, mut inbox) = mpsc::channel::<ReloadRequest>(1);
    let server = Server::with(sample::snapshot(), HttpLimits::default(), Some(requests)).await;
    let application = tokio::spawn(async move {
        for outcome in [Ok(()), Err("line 3: unknown key `x`".to_owned())] {
            inbox.recv().await.unwrap().send(outcome).unwrap();
        }
    });
    assert_eq!(status_of(&server.ask("POST /-/reload", "").await), "200");
    let refused = server.ask("PUT /-/reload", "").await;
    assert_eq!(status_of(&refused), "500");
    assert!(refused.contains("line 3: unknown key `x`"));
    application.await.unwrap();
    assert_eq!(status_of(&server.ask("POST /-/reload", "").await), "503");
    let cross = server
        .ask("POST /-/reload", "sec-fetch-site: cross-site\r\n")
        .await;
    assert_eq!(status_of(&cross), "403");
}

/// A snapshot with hostile text wherever text from outside can stand.
fn hostile_snapshot() -> Snapshot {
    let mut snapshot = sample::snapshot();
    let text = || Some(Untrusted::new(HOSTILE));
    for connector in &mut snapshot.connectors {
        connector.name = Arc::from(HOSTILE);
        connector.state.facts = hostile_facts(connector.kind, "");
        connector.tool_facts = hostile_facts(connector.kind, "told by a tool ");
        for (pop, _) in &mut connector.round_trips {
            *pop = Arc::from(HOSTILE);
        }
        for log in &mut connector.logs {
            log.name = Arc::from(HOSTILE);
            log.files
                .iter_mut()
                .for_each(|file| file.path = HOSTILE.to_owned());
            for file in &mut log.unreadable {
                file.path = HOSTILE.to_owned();
                file.error = HOSTILE.to_owned();
            }
            for near_miss in &mut log.near_misses {
                near_miss.function = Arc::from(HOSTILE);
                near_miss.sample = text();
            }
        }
    }
    let mut event = sample::recent(HOSTILE, EventKind::TunnelConnected, "", 5);
    event.log = Arc::from(HOSTILE);
    event.file = Arc::from(HOSTILE);
    event.event.fields = vec![Field {
        name: Arc::from(HOSTILE),
        value: Untrusted::new(HOSTILE),
    }];
    snapshot.recent_events = Arc::from([event]);
    snapshot
}

/// All that a connector can be known by, with `prefix` before the hostile text.
fn hostile_facts(kind: ConnectorKind, prefix: &str) -> Facts {
    let text = Untrusted::new(&format!("{prefix}{HOSTILE}"));
    let facts = kind.facts().iter();
    facts.map(|fact| (*fact, text.clone())).collect()
}

#[tokio::test]
async fn hostile_text_stays_text_on_the_page() {
    let server = Server::start(hostile_snapshot()).await;
    server.store_health.send(Some(HOSTILE.to_owned())).unwrap();
    let page = read_all(&server, &[HOSTILE]).await;
    assert!(
        20 < page.matches("alert(1)").count(),
        "each of the places is on the page"
    );
    for raw in ["<script>", "<img", "onerror=y>", "\"'>"] {
        assert!(!page.contains(raw), "{raw}");
    }
}

#[tokio::test]
async fn a_mark_that_turns_text_around_is_spelled_out() {
    let server = Server::start(hostile_snapshot()).await;
    let page = read_all(&server, &[HOSTILE]).await;
    let raw = page.lines().filter(|line| line.contains('\u{202e}'));
    assert_eq!(raw.collect::<Vec<_>>(), Vec::<&str>::new());
    assert!(page.contains("\\u{202e}"));
}

#[tokio::test]
async fn the_json_holds_hostile_text_as_it_came() {
    let server = Server::start(hostile_snapshot()).await;
    let answer = server.get("/api/v1/status").await;
    let report: serde_json::Value = serde_json::from_str(body_of(&answer)).unwrap();
    assert_eq!(report["connectors"][0]["facts"]["tenant"], HOSTILE);
    assert_eq!(report["recent_events"][0]["fields"][HOSTILE], HOSTILE);
    let client = &report["connectors"][2];
    assert_eq!(client["round_trips"][0]["pop"], HOSTILE);
    let told = client["tool_facts"]["gateway"].as_str().unwrap();
    assert!(told.ends_with(HOSTILE), "{told}");
}

#[tokio::test]
async fn the_whole_json() {
    let server = Server::start(sample::snapshot()).await;
    let answer = server.get("/api/v1/status").await;
    assert!(answer.contains("content-type: application/json\r\n"));
    expect_test::expect_file!["golden/status.json"].assert_eq(body_of(&answer));
}

#[tokio::test]
async fn the_page_tells_what_is_wrong_and_what_to_do() {
    let mut snapshot = sample::snapshot();
    snapshot.is_caught_up = false;
    let server = Server::start(snapshot).await;
    let home = server.get("/").await;
    assert!(home.contains("content-type: text/html; charset=utf-8\r\n"));
    let page = read_all(&server, &["pub-fra-1", "pub-sjc-2"]).await;
    for text in [
        "pub-fra-1",
        "docker_pull",
        "hub.docker.com",
        "Permission denied",
        "Tunnel is now open",
        "still being read",
        "1.2.3",
        "/home/ubuntu/logs/agent.txt:4711",
        "href=\"./metrics\"",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
}

/// Every key of an object, and of the objects in it, but for those that are data.
pub(super) fn keys(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, inner) in object {
                found.push(key.clone());
                let counts = [
                    "lines",
                    "generations",
                    "lost_bytes",
                    "failures",
                    "phases_ms",
                    "labels",
                    "matchers",
                    "attempts",
                    "notifications",
                ];
                if key != "fields" && !counts.contains(&key.as_str()) {
                    keys(inner, found);
                }
            }
        }
        serde_json::Value::Array(elements) => elements.iter().for_each(|one| keys(one, found)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

#[tokio::test]
async fn every_name_of_the_json_is_documented() {
    let server = Server::start(sample::snapshot()).await;
    let answer = server.get("/api/v1/status").await;
    let document = include_str!("../../../../docs/api.md");
    let mut names = Vec::new();
    keys(&serde_json::from_str(body_of(&answer)).unwrap(), &mut names);
    assert!(40 < names.len());
    for name in names {
        assert!(
            document.contains(&format!("`{name}`")),
            "{name} is not in docs/api.md"
        );
    }
}
