//! Runbooks: each alert leads to its own, by its rule's name too, and to nowhere else.

use super::answers::HOSTILE;
use super::endpoints::{check, text_of};
use super::*;

/// The sample with the runbook of the rule whose alert fires.
fn with_runbook(runbook: &str) -> Snapshot {
    let mut snapshot = sample::whole();
    let alerts = Arc::make_mut(&mut snapshot.alerts);
    alerts.rules[0].runbook = runbook.into();
    assert!(alerts.rows.iter().any(|row| row.rule == alerts.rules[0].id));
    snapshot
}

#[tokio::test]
async fn an_alert_leads_to_its_runbook_which_says_how_it_stands() {
    let server = Server::start(sample::whole()).await;
    for (path, root) in [
        ("/", "./"),
        ("/alerts", "./"),
        ("/connectors/pub-fra-1", "../"),
    ] {
        let page = server.read(&[path]).await;
        let link = format!("<a href=\"{root}runbooks/tunnel-down\">");
        assert!(page.contains(&link), "{path}: {page}");
    }
    let page = server.read(&["/runbooks/tunnel-down"]).await;
    check(
        &text_of(&page),
        &[
            "The tunnel is down",
            "At present",
            "TUNNEL_DOWN",
            "Check by hand",
        ],
    );
    assert!(!text_of(&page).contains("HOST_CPU"), "another rule's");
    assert!(page.contains("<a href=\"host-clock\">"), "beside it");
}

#[tokio::test]
async fn the_list_has_every_runbook() {
    let server = Server::start(sample::snapshot()).await;
    let page = server.read(&["/runbooks/"]).await;
    for runbook in crate::runbooks::RUNBOOKS {
        let link = format!("<a href=\"{}\">", runbook.name);
        assert!(page.contains(&link), "{link}");
        let own = server.get(&format!("/runbooks/{}", runbook.name)).await;
        assert_eq!(status_of(&own), "200", "{}", runbook.name);
    }
    let bare = server.get("/runbooks").await;
    assert!(bare.contains("location: runbooks/\r\n"), "{bare}");
}

#[tokio::test]
async fn a_rule_finds_the_page_that_it_shares_with_another() {
    let mut snapshot = with_runbook("docs/runbooks/certificate-expiring.md");
    let alerts = Arc::make_mut(&mut snapshot.alerts);
    alerts.rules[0].id = "certificate-expires-soon".into();
    let server = Server::start(snapshot).await;
    let page = server.read(&["/runbooks/certificate-expires-soon"]).await;
    check(&text_of(&page), &["A certificate"]);
}

#[tokio::test]
async fn a_name_without_a_runbook_is_answered_404_with_one_that_is_near() {
    let server = Server::start(with_runbook("wiki/tunnel.md")).await;
    for (path, words) in [
        ("/runbooks/tunel-dwn", "Did you mean /runbooks/tunnel-down?"),
        ("/runbooks/xyzzy", "has this name. All of them: /runbooks/"),
        ("/runbooks/%3Cscript%3E", "has this name."),
        ("/runbooks/..%2F..%2Fetc%2Fpasswd", "has this name."),
        ("/runbooks/README", "has this name."),
    ] {
        let answer = server.get(path).await;
        assert_eq!(status_of(&answer), "404", "{path}");
        assert!(body_of(&answer).contains(words), "{path}: {answer}");
        for asked in ["xyzzy", "script", "passwd"] {
            assert!(!body_of(&answer).contains(asked), "{path}: {answer}");
        }
    }
}

#[tokio::test]
async fn an_address_of_the_operators_is_followed_only_if_it_is_one_of_the_web() {
    for (runbook, link) in [
        (
            "https://wiki.example/t?a=1&b=2",
            Some("https://wiki.example/t?a=1&#38;b=2"),
        ),
        ("javascript:alert(1)", None),
        ("//evil.example/x", None),
        ("", None),
    ] {
        let server = Server::start(with_runbook(runbook)).await;
        let page = server.read(&["/alerts"]).await;
        match link {
            Some(link) => assert!(page.contains(&format!("href=\"{link}\"")), "{page}"),
            None => assert!(
                !page.contains("javascript:") && !page.contains("evil"),
                "{page}"
            ),
        }
    }
    let server = Server::start(with_runbook(&format!("https://{HOSTILE}"))).await;
    let page = server.read(&["/", "/alerts"]).await;
    assert!(!page.contains("<script>"), "{page}");
}
