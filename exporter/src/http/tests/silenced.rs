//! Silences by HTTP: who may make them, and what another site's page cannot.

use std::collections::BTreeSet;

use super::*;
use crate::http::web_config::Visitor;

/// `alice:sesame`
const ALICE: &str = "authorization: Basic YWxpY2U6c2VzYW1l\r\n";

/// A server that knows alice, and the folder of its files.
async fn server() -> (Server, tempfile::TempDir) {
    let server = Server::start(sample::snapshot()).await;
    let folder = secured::with_users(&server);
    (server, folder)
}

async fn post(server: &Server, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: {length}\r\n{headers}\r\n{body}"
    );
    server.raw(request).await
}

const FORM: &str = "content-type: application/x-www-form-urlencoded; charset=utf-8\r\n";
const JSON: &str = "content-type: application/json\r\n";
const WISH: &str = r#"{"matchers": ["connector=pub-1", "rule=host-*"], "for": "2h", "why": "x"}"#;

#[tokio::test]
async fn a_program_makes_a_silence_under_the_name_that_it_signed_in_with() {
    let (server, _folder) = server().await;
    let headers = format!("{ALICE}{JSON}");
    let answer = post(&server, "/api/v1/silences", &headers, WISH).await;
    assert_eq!(status_of(&answer), "201", "{answer}");
    let made = server.silences.lock().unwrap().pop().unwrap();
    assert_eq!((&*made.who, &*made.why), ("alice", "x"));
    assert_eq!(made.matchers.len(), 2);
    assert_eq!(made.until.duration_since(made.from).as_hours(), 2);
    assert!(body_of(&answer).contains(&format!("\"id\":\"{}\"", made.id)));
}

#[tokio::test]
async fn a_form_of_the_page_makes_one_and_leads_back() {
    let (server, _folder) = server().await;
    let now = Clock::start().now().timestamp();
    let token = visitor(&server).form_token(now);
    let body = format!("matcher=connector%3Dpub-1%0D%0Arule%3D*&for=30m&why=a+b&token={token}");
    let origin = "origin: http://localhost\r\nsec-fetch-site: same-origin\r\n";
    let headers = format!("{ALICE}{FORM}{origin}");
    let answer = post(&server, "/api/v1/silences", &headers, &body).await;
    assert_eq!(status_of(&answer), "303", "{answer}");
    assert!(answer.contains("location: ../../alerts\r\n"));
    let made = server.silences.lock().unwrap().pop().unwrap();
    assert_eq!((made.matchers.len(), &*made.why), (2, "a b"));
}

#[tokio::test]
async fn a_silence_that_waits_for_the_end_of_a_turn_is_accepted_and_made_once() {
    let limits = HttpLimits::default();
    let server = Server::build(sample::snapshot(), limits, None, Duration::ZERO).await;
    let _folder = secured::with_users(&server);
    let turn = Arc::clone(&server.turn).lock_owned().await;
    let wish = WISH.replace("\"x\"", "\"long turn\"");
    let json_headers = format!("{ALICE}{JSON}");
    let mut ids = BTreeSet::new();
    for _ in 0..3 {
        let answer = post(&server, "/api/v1/silences", &json_headers, &wish).await;
        assert_eq!(status_of(&answer), "202", "{answer}");
        assert!(body_of(&answer).contains("does this when it is through"));
        let (_, id) = body_of(&answer).split_once("\"id\":\"").unwrap();
        ids.insert(id.split_once('"').unwrap().0.to_owned());
    }
    let token = visitor(&server).form_token(Clock::start().now().timestamp());
    let body = format!("matcher=connector%3Da&for=2h&why=long+turn&token={token}");
    let headers = format!("{ALICE}{FORM}");
    let page = post(&server, "/api/v1/silences", &headers, &body).await;
    assert_eq!(status_of(&page), "202", "{page}");
    assert!(page.contains("<h1>Accepted</h1>") && page.contains("href=\"../../alerts\""));
    assert!(page.contains("<p class=\"banner\">Not done yet: the agent is still busy"));
    assert!(server.silences.lock().unwrap().is_empty());
    drop(turn);
    while server.silences.lock().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    let made = server.silences.lock().unwrap().clone();
    assert_eq!((made.len(), ids.len()), (2, 1), "{made:?}");
    assert!(made.iter().any(|silence| ids.contains(&*silence.id)));
}

#[tokio::test]
async fn what_is_not_durable_is_not_called_so_and_what_was_not_done_neither() {
    let (server, _folder) = server().await;
    let headers = format!("{ALICE}{JSON}");
    for (why, status, words, made) in [
        ("full disk", "202", "lost if the agent ends", 1),
        ("no time", "503", "nothing was done", 0),
    ] {
        let wish = WISH.replace("\"x\"", &format!("\"{why}\""));
        let answer = post(&server, "/api/v1/silences", &headers, &wish).await;
        assert_eq!(status_of(&answer), status, "{answer}");
        assert!(body_of(&answer).contains(words), "{answer}");
        assert_eq!(server.silences.lock().unwrap().drain(..).count(), made);
    }
    // What is done is not said to wait.
    let token = visitor(&server).form_token(Clock::start().now().timestamp());
    let form = format!("matcher=connector%3Da&for=2h&why=full+disk&token={token}");
    let form_headers = format!("{ALICE}{FORM}");
    let page = post(&server, "/api/v1/silences", &form_headers, &form).await;
    assert!(page.contains("<p class=\"banner\">Done, but the store does not commit"));
}

/// The value of a field of the page's form.
fn token_of(page: &str) -> &str {
    let (_, after) = page.split_once("name=\"token\" value=\"").unwrap();
    after.split_once('"').unwrap().0
}

#[tokio::test]
async fn the_page_shows_the_form_to_who_is_known_and_takes_what_it_showed() {
    let (server, _folder) = server().await;
    let page = server.ask("GET /alerts", ALICE).await;
    let body = format!("matcher=rule%3D*&for=2h&why=x&token={}", token_of(&page));
    let headers = format!("{ALICE}{FORM}origin: http://localhost\r\n");
    let answer = post(&server, "/api/v1/silences", &headers, &body).await;
    assert_eq!(status_of(&answer), "303", "{answer}");
    // A form that is being filled in is not loaded away.
    assert!(!page.contains("http-equiv"));
    let open = Server::start(sample::snapshot()).await;
    let shown = open.get("/alerts").await;
    assert!(!shown.contains("method=\"post\"") && shown.contains("http-equiv"));
}

/// Alice, as the routes see her.
fn visitor(server: &Server) -> Visitor {
    server.access.visitor("alice")
}

#[tokio::test]
async fn another_sites_page_makes_none() {
    let (server, _folder) = server().await;
    let now = Clock::start().now().timestamp();
    let token = visitor(&server).form_token(now);
    let form = |shown: &str| format!("matcher=a%3Db&for=30m&why=x&token={shown}");
    let bobs = server.access.visitor("bob").form_token(now);
    for (headers, body, status) in [
        (
            format!("{FORM}origin: https://evil.example\r\n"),
            form(&token),
            "403",
        ),
        (format!("{FORM}origin: null\r\n"), form(&token), "403"),
        (
            format!("{FORM}sec-fetch-site: cross-site\r\n"),
            form(&token),
            "403",
        ),
        (
            format!("{FORM}sec-fetch-site: none\r\n"),
            form(&token),
            "403",
        ),
        (
            format!("{JSON}origin: https://evil.example\r\n"),
            WISH.to_owned(),
            "403",
        ),
        (
            format!("{FORM}origin: http://localhost\r\norigin: http://evil.example\r\n"),
            form(&token),
            "403",
        ),
        (FORM.to_owned(), form(""), "403"),
        (FORM.to_owned(), form(&bobs), "403"),
        (FORM.to_owned(), format!("{}&token=x", form(&token)), "403"),
        (
            "content-type: text/plain\r\n".to_owned(),
            WISH.to_owned(),
            "415",
        ),
        (String::new(), WISH.to_owned(), "415"),
    ] {
        let headers = format!("{ALICE}{headers}");
        let answer = post(&server, "/api/v1/silences", &headers, &body).await;
        assert_eq!(status_of(&answer), status, "{headers}{body}{answer}");
    }
    assert!(server.silences.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_form_that_is_refused_is_answered_for_people_and_leads_back() {
    let (server, _folder) = server().await;
    let token = visitor(&server).form_token(Clock::start().now().timestamp());
    let hostile = format!("matcher=%3Cb%3E&for=%3Cb%3E&why=x&token={token}");
    for (path, body, root) in [
        ("/api/v1/silences", "token=of-old", "../../"),
        ("/api/v1/silences", &*hostile, "../../"),
        ("/api/v1/silences/x/end", "token=of-old", "../../../../"),
    ] {
        let answer = post(&server, path, &format!("{ALICE}{FORM}"), body).await;
        let is_page = answer.contains("content-type: text/html; charset=utf-8\r\n");
        let way = format!("href=\"{root}alerts\"");
        assert!(is_page && answer.contains(&way), "{answer}");
        assert!(answer.contains("The agent refuses:") && !answer.contains("<b>"));
    }
    assert!(server.silences.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_form_that_is_refused_comes_again_with_what_was_typed_and_the_reason_beside_it() {
    let (server, _folder) = server().await;
    let token = visitor(&server).form_token(Clock::start().now().timestamp());
    let headers = format!("{ALICE}{FORM}");
    let matchers = "matcher=connector%3Da%0D%0Arule%3D%22%3E%3Cb%3E";
    for (rest, wrong, words) in [
        ("&for=2+weeks&why=x", "for", "`2 weeks` is no duration"),
        ("&for=900d&why=x", "for", "it is longer than a year"),
        ("%0D%0Ax&for=2h&why=x", "matcher", "`x` is no matcher"),
        ("&for=2h&why=+", "why", "why wants one line"),
        ("&for=2h&why=no+room", "none", "no more are kept"),
    ] {
        let body = format!("{matchers}{rest}&token={token}");
        let page = post(&server, "/api/v1/silences", &headers, &body).await;
        assert!(
            page.contains(&format!("refuses:</strong> {words}")),
            "{page}"
        );
        assert!(
            page.contains("connector=a\r\nrule=&#34;&#62;&#60;b&#62;") && !page.contains("<b>")
        );
        let typed = rest
            .split("for=")
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap();
        let typed = format!("name=\"for\" value=\"{}\"", typed.replace('+', " "));
        assert!(page.contains(&typed), "{page}");
        for name in ["matcher", "for", "why"] {
            let (_, field) = page.split_once(&format!("name=\"{name}\"")).unwrap();
            let (field, _) = field.split_once("</label>").unwrap();
            let is_told = field.contains("class=\"wrong\"") && field.contains(words);
            assert_eq!(is_told, name == wrong, "{field}");
            assert_eq!(field.contains("aria-invalid"), name == wrong, "{field}");
        }
        // Mended, it is taken.
        let right = format!("matcher=a%3Db&for=2h&why=x&token={}", token_of(&page));
        let mended = post(&server, "/api/v1/silences", &headers, &right).await;
        assert_eq!(status_of(&mended), "303", "{mended}");
    }
    // A browser that counts letters would cut it off, or pass it, without a word.
    let long = "\u{e9}".repeat(129);
    let body = format!("matcher=a%3Db&for=2h&why={long}&token={token}");
    let page = post(&server, "/api/v1/silences", &headers, &body).await;
    let (_, field) = page.split_once("name=\"why\"").unwrap();
    let (field, _) = field.split_once("</label>").unwrap();
    let is_whole = field.contains(&format!("value=\"{long}\""));
    assert!(
        is_whole && field.contains("256 bytes") && !field.contains("maxlength"),
        "{field}"
    );
    // What ends one has nothing to be typed.
    let end = post(&server, "/api/v1/silences/x/end", &headers, "token=of-old").await;
    assert!(!end.contains("<form"), "{end}");
}

#[tokio::test]
async fn without_authentication_there_is_no_way_to_make_one_and_it_is_said_which_there_is() {
    let server = Server::start(sample::snapshot()).await;
    let answer = post(&server, "/api/v1/silences", JSON, WISH).await;
    assert_eq!(status_of(&answer), "403");
    assert!(body_of(&answer).contains("--web.config.file"), "{answer}");
    let get = server.get("/api/v1/silences").await;
    assert_eq!(status_of(&get), "405");
    let other = post(&server, "/api/v1/silencesx", JSON, WISH).await;
    assert_eq!(status_of(&other), "404");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_the_reason() {
    let (server, _folder) = server().await;
    let headers = format!("{ALICE}{JSON}");
    let long = format!(
        r#"{{"matchers": ["a=b"], "for": "1h", "why": "{}"}}"#,
        "x".repeat(300)
    );
    let huge = "x".repeat(20_000);
    for (body, status, words) in [
        ("{", "400", "EOF"),
        (
            r#"{"matchers": [], "for": "1h", "why": "x"}"#,
            "400",
            "1 to 16 labels",
        ),
        (
            r#"{"matchers": ["A=b"], "for": "1h", "why": "x"}"#,
            "400",
            "no matcher",
        ),
        (
            r#"{"matchers": ["a=b"], "for": "0s", "why": "x"}"#,
            "400",
            "no duration",
        ),
        (
            r#"{"matchers": ["a=b"], "for": "400d", "why": "x"}"#,
            "400",
            "longer than a year",
        ),
        (
            r#"{"matchers": ["a=b"], "for": "1h", "why": ""}"#,
            "400",
            "why wants one line",
        ),
        (
            r#"{"matchers": ["a=b"], "for": "1h", "why": "x", "who": "y"}"#,
            "400",
            "unknown field",
        ),
        (&long, "400", "why wants one line"),
        (&huge, "413", "16384"),
        (
            r#"{"matchers": ["a=b"], "for": "1h", "why": "no room"}"#,
            "409",
            "no more are kept",
        ),
    ] {
        let answer = post(&server, "/api/v1/silences", &headers, body).await;
        assert_eq!(status_of(&answer), status, "{body:.80}{answer}");
        assert!(body_of(&answer).contains(words), "{body:.80}{answer}");
    }
    assert!(server.silences.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_fits_no_alert_is_refused_if_it_never_can_and_told_wherever_it_is_shown() {
    let server = Server::start(sample::whole()).await;
    let _folder = secured::with_users(&server);
    let headers = format!("{ALICE}{JSON}");
    let asked = async |matcher: &str| {
        let body = format!(r#"{{"matchers": ["{matcher}"], "for": "1h", "why": "x"}}"#);
        post(&server, "/api/v1/silences", &headers, &body).await
    };
    for (matcher, words) in [
        ("nolabel=x", "has this label; there are alert, connector"),
        ("severity=fatal", "it is no severity"),
        ("connector=pub-1 rule=x", "is more than one matcher"),
    ] {
        let answer = asked(matcher).await;
        assert_eq!(status_of(&answer), "400", "{matcher}: {answer}");
        assert!(body_of(&answer).contains(words), "{matcher}: {answer}");
    }
    assert!(server.silences.lock().unwrap().is_empty());
    let why = "`connector=pub-fra1` fits no alert: no connector is called so (did you mean \
               `pub-fra-1`?)";
    let answer = asked("connector=pub-fra1").await;
    assert_eq!(status_of(&answer), "201", "{answer}");
    let told: serde_json::Value = serde_json::from_str(body_of(&answer)).unwrap();
    assert_eq!(told["warnings"], serde_json::json!([why]));
    let fitting = asked("connector=pub-fra-1").await;
    assert!(!fitting.contains("warnings"), "{fitting}");
    let made = server.silences.lock().unwrap().clone();
    server.snapshots.send_modify(|snapshot| {
        Arc::make_mut(&mut Arc::make_mut(snapshot).alerts).silences = made;
    });
    let page = server
        .raw(format!(
            "GET /alerts HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{ALICE}\r\n"
        ))
        .await;
    assert_eq!(page.matches("fits no alert").count(), 1, "{page}");
}

#[tokio::test]
async fn a_silence_of_the_configuration_is_ended_there_and_nowhere_else() {
    let mut snapshot = sample::whole();
    let alerts = Arc::make_mut(&mut snapshot.alerts);
    let mut made = alerts.silences[0].clone();
    made.id = Arc::from("made");
    alerts.silences.push(made);
    alerts.configured_silences = vec![Arc::from("s-7"), Arc::from("over")];
    let server = Server::start(snapshot).await;
    let _folder = secured::with_users(&server);
    let headers = format!("{ALICE}{JSON}");
    let refused = post(&server, "/api/v1/silences/s-7/end", &headers, "").await;
    assert_eq!(status_of(&refused), "409", "{refused}");
    let words = "`s-7` stands in the configuration, in `alerts.silences`: take it out there";
    assert!(body_of(&refused).contains(words), "{refused}");
    assert!(server.silences.lock().unwrap().is_empty());
    let page = server.ask("GET /alerts", ALICE).await;
    assert!(page.contains("silences/made/end") && !page.contains("silences/s-7/end"));
    let csv = server
        .ask("GET /alerts?list=silences&format=csv", ALICE)
        .await;
    let (_, rows) = csv.split_once("configured\r\n").unwrap();
    let mut last = rows.lines().map(|row| row.rsplit_once(',').unwrap().1);
    assert_eq!(
        [last.next(), last.next()],
        [Some("true"), Some("false")],
        "{csv}"
    );
}

#[tokio::test]
async fn a_silence_is_ended_by_its_id() {
    let (server, _folder) = server().await;
    let id: Arc<str> = Arc::from("night-1");
    let now = Clock::start().now().timestamp();
    server.snapshots.send_modify(|snapshot| {
        let silences = &mut Arc::make_mut(&mut Arc::make_mut(snapshot).alerts).silences;
        silences.push(Silence {
            id: Arc::clone(&id),
            matchers: vec![(Arc::from("rule"), Arc::from("*"))],
            who: "bob".to_owned(),
            why: "night".to_owned(),
            from: now,
            until: now + jiff::SignedDuration::from_hours(1),
        });
    });
    let headers = format!("{ALICE}{JSON}");
    let answer = post(&server, &format!("/api/v1/silences/{id}/end"), &headers, "").await;
    assert_eq!(status_of(&answer), "200", "{answer}");
    let ended = server.silences.lock().unwrap().pop().unwrap();
    assert_eq!(ended.id, id);
    assert!(ended.until <= Clock::start().now().timestamp());
    assert!(now <= ended.from, "{ended:?}");
    for unknown in ["none", "%ff"] {
        let path = format!("/api/v1/silences/{unknown}/end");
        let none = post(&server, &path, &headers, "").await;
        assert_eq!(status_of(&none), "404", "{none}");
        assert!(body_of(&none).starts_with("{\"error\""), "{none}");
    }
    let put = "PUT /api/v1/silences HTTP/1.1\r\nhost: localhost\r\n\
               connection: close\r\ncontent-length: 2\r\n";
    let put = server.raw(format!("{put}{ALICE}\r\n{{}}")).await;
    assert_eq!(status_of(&put), "405", "{put}");
}
