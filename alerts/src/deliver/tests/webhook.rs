//! Webhooks and Alertmanagers: what is asked of them, and what an answer means.

use super::http_server::HttpServer;
use super::*;
use crate::receiver::{AlertmanagerWay, Secret, WebhookWay};

const BODY: &[u8] = br#"{"version": "4", "status": "firing"}"#;

fn way(url: String) -> WebhookWay {
    WebhookWay {
        url,
        bearer: None,
        basic: None,
        signing_key: None,
        ca_pem: None,
        timeout: PATIENCE,
    }
}

async fn attempt(way: WebhookWay) -> Attempt {
    let hook = receiver("hook", Way::Webhook(way));
    let mut office = Office::open(vec![hook.clone()]).await;
    office.put(&hook, BODY, &[""]);
    office.next().await.2
}

#[tokio::test]
async fn a_message_is_posted_with_its_key_and_signature() {
    let server = HttpServer::start().await;
    server.answer("503 Service Unavailable", &[], "busy");
    server.answer("204 No Content", &[], "");
    let mut signed = way(server.url("/hook?x=1"));
    signed.signing_key = Some(Secret::new("key"));
    signed.bearer = Some(Secret::new("token"));
    let hook = receiver("hook", Way::Webhook(signed));
    let mut office = Office::open(vec![hook.clone()]).await;
    let id = office.put(&hook, BODY, &[""]);
    assert_eq!(words_of("retry", &office.next().await.2), "HTTP 503 busy");
    office.pass(40);
    assert_eq!(words_of("sent", &office.next().await.2), "HTTP 204");
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    for one in &asked {
        assert_eq!(one.head[0], "POST /hook?x=1 HTTP/1.1");
        assert_eq!(one.body.as_bytes(), BODY);
        assert_eq!(one.header("idempotency-key"), Some(&*id));
        assert_eq!(one.header("content-type"), Some("application/json"));
        assert_eq!(one.header("authorization"), Some("Bearer token"));
        // From OpenSSL: openssl dgst -sha256 -hmac key
        assert_eq!(
            one.header("x-ztna-signature"),
            Some("sha256=8b152cb2388f75a5a5587fdd25e2c9c6c7008e5e5cdc8aed36252fe8d2ccd5f9")
        );
    }
}

#[tokio::test]
async fn a_status_says_whether_it_helps_to_try_again() {
    for (status, wanted) in [
        ("200 OK", "sent"),
        ("202 Accepted", "sent"),
        ("400 Bad Request", "dead"),
        ("404 Not Found", "dead"),
        ("413 Payload Too Large", "dead"),
        ("401 Unauthorized", "misconfigured"),
        ("407 Proxy Authentication Required", "misconfigured"),
        ("302 Found", "misconfigured"),
        ("408 Request Timeout", "retry"),
        ("429 Too Many Requests", "retry"),
        ("500 Internal Server Error", "retry"),
        ("502 Bad Gateway", "retry"),
    ] {
        let server = HttpServer::start().await;
        let elsewhere = HttpServer::start().await;
        let location = format!("location: {}", elsewhere.url("/"));
        server.answer(status, &[&location], "");
        words_of(wanted, &attempt(way(server.url("/"))).await);
        assert_eq!(elsewhere.asked().len(), 0, "no redirect is followed");
    }
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_passed_on() {
    for (header, wanted) in [
        ("retry-after: 120", 120),
        ("retry-after: Thu, 01 Jan 1970 00:05:00 GMT", 300),
    ] {
        let server = HttpServer::start().await;
        server.answer("429 Too Many Requests", &[header], "slow down");
        let came = attempt(way(server.url("/"))).await;
        let words = "HTTP 429 slow down".to_owned();
        assert_eq!(
            came,
            Attempt::RetryAfter(Duration::from_secs(wanted), words)
        );
    }
}

#[tokio::test]
async fn a_server_that_is_silent_gone_or_strange_is_tried_again() {
    let silent = HttpServer::start().await;
    let mut short = way(silent.url("/"));
    short.timeout = SHORT;
    let words = words_of("retry", &attempt(short).await);
    assert!(words.starts_with("no answer in time"), "{words}");
    let gone = format!("http://127.0.0.1:{}/secret-path", dead_port().await);
    let words = words_of("retry", &attempt(way(gone)).await);
    assert!(words.contains("refused"), "{words}");
    assert!(!words.contains("secret-path"), "{words}");
    let strange = HttpServer::start().await;
    strange.answer("200 OK\r\nnonsense", &[], "");
    words_of("retry", &attempt(way(strange.url("/"))).await);
    words_of(
        "misconfigured",
        &attempt(way("no address".to_owned())).await,
    );
}

#[tokio::test]
async fn a_long_and_hostile_answer_is_cut() {
    let server = HttpServer::start().await;
    let body = format!("\u{1b}[31m\r\n{}", "x".repeat(300_000));
    server.answer("400 Bad Request", &[], &body);
    let words = words_of("dead", &attempt(way(server.url("/"))).await);
    assert!(words.starts_with("HTTP 400  [31m  xxx"), "{words}");
    assert!(words.chars().count() < 200);
}

#[tokio::test]
async fn a_name_and_password_are_sent_if_configured() {
    let server = HttpServer::start().await;
    server.answer("200 OK", &[], "");
    let mut basic = way(server.url("/"));
    basic.basic = Some(("user".to_owned(), Secret::new("pass")));
    words_of("sent", &attempt(basic).await);
    let asked = server.asked();
    assert_eq!(asked[0].header("authorization"), Some("Basic dXNlcjpwYXNz"));
}

#[tokio::test]
async fn an_alertmanager_hears_it_below_its_own_address() {
    for base in ["", "/", "/prefix", "/prefix/"] {
        let server = HttpServer::start().await;
        server.answer("200 OK", &[], "");
        let forward = Way::Alertmanager(AlertmanagerWay {
            http: way(server.url(base)),
            event_lasts: Duration::from_secs(3600),
        });
        let forward = receiver("forward", forward);
        let mut office = Office::open(vec![forward.clone()]).await;
        office.put(&forward, b"[]", &[""]);
        words_of("sent", &office.next().await.2);
        let prefix = base.trim_end_matches('/');
        let wanted = format!("POST {prefix}/api/v2/alerts HTTP/1.1");
        assert_eq!(server.asked()[0].head[0], wanted);
    }
}
