//! Signing in to mail servers by password and by token.

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;

use super::http_server::HttpServer;
use super::smtp_server::{Act, SmtpServer, certificate};
use super::*;
use crate::receiver::{Secret, TokenSource};

const MAIL: &[u8] = b"Message-ID: <m1@agent>\r\n\r\ntext\r\n";

/// The line that signs in so.
fn line(mechanism: Mechanism, secret: &str) -> String {
    let credentials = Credentials::new("agent@example.com".to_owned(), secret.to_owned());
    let auth = Auth::new(mechanism, credentials, None).unwrap();
    auth.to_string().trim_end().to_owned()
}

fn signing_in(server: &SmtpServer, auth: MailAuth) -> Receiver {
    let mut way = mail_way(server.port);
    way.username = Some("agent@example.com".to_owned());
    way.auth = auth;
    mail_receiver(way)
}

fn token_source(server: &HttpServer) -> TokenSource {
    TokenSource {
        token_url: server.url("/token"),
        client_id: "id".to_owned(),
        client_secret: Some(Secret::new("hush")),
        refresh_token: None,
        scope: None,
        ca_pem: None,
    }
}

fn grant(server: &HttpServer, token: &str, seconds: u32) {
    let body = format!("{{\"access_token\": \"{token}\", \"expires_in\": {seconds}}}");
    server.answer("200 OK", &[], &body);
}

async fn attempt(ops: Receiver) -> Attempt {
    let mut office = Office::open(vec![ops.clone()]).await;
    office.put(&ops, MAIL, &["ops@example.com"]);
    office.next().await.2
}

#[tokio::test]
async fn a_password_is_taken_by_plain_and_by_login() {
    let server = SmtpServer::start().await;
    server.offers(&["AUTH LOGIN PLAIN XOAUTH2"]);
    let login = "AUTH LOGIN YWdlbnRAZXhhbXBsZS5jb20= c2VjcmV0".to_owned();
    server.accepts(&[line(Mechanism::Plain, "secret"), login]);
    for (auth, wanted) in [
        (MailAuth::Plain(Secret::new("secret")), "sent"),
        (MailAuth::Login(Secret::new("secret")), "sent"),
        (MailAuth::Plain(Secret::new("wrong")), "misconfigured"),
        (MailAuth::Login(Secret::new("wrong")), "misconfigured"),
    ] {
        let words = words_of(wanted, &attempt(signing_in(&server, auth)).await);
        assert!(!words.contains("wrong"));
    }
}

#[tokio::test]
async fn a_server_that_cannot_sign_us_in_is_for_people() {
    let server = SmtpServer::start().await;
    server.offers(&["AUTH CRAM-MD5"]);
    let ops = signing_in(&server, MailAuth::Plain(Secret::new("secret")));
    let words = words_of("misconfigured", &attempt(ops).await);
    assert_eq!(words, "the server does not offer to sign in by PLAIN");
    assert!(!server.heard().iter().any(|heard| heard.starts_with("AUTH")));
    let busy = SmtpServer::start().await;
    busy.offers(&["AUTH PLAIN"])
        .at("AUTH", &[Act::Say("454 4.7.0 later")]);
    let ops = signing_in(&busy, MailAuth::Plain(Secret::new("secret")));
    words_of("retry", &attempt(ops).await);
}

#[tokio::test]
async fn a_password_is_not_sent_where_others_can_read_it() {
    let server = SmtpServer::start().await;
    server.offers(&["AUTH PLAIN"]);
    let mut ops = signing_in(&server, MailAuth::Plain(Secret::new("secret")));
    if let Way::Email(way) = &mut ops.way {
        way.tls = MailTls::Opportunistic;
    }
    let words = words_of("misconfigured", &attempt(ops).await);
    assert!(words.contains("the password is not sent"), "{words}");
    assert!(!server.heard().iter().any(|heard| heard.starts_with("AUTH")));
}

#[tokio::test]
async fn a_password_travels_protected() {
    let (pem, acceptor) = certificate("localhost");
    let server = SmtpServer::start().await;
    server.with_starttls(&acceptor).offers(&["AUTH PLAIN"]);
    let mut ops = signing_in(&server, MailAuth::Plain(Secret::new("secret")));
    if let Way::Email(way) = &mut ops.way {
        way.tls = MailTls::StartTls;
        way.ca_pem = Some(pem);
    }
    words_of("sent", &attempt(ops).await);
    let heard = server.heard();
    let auth: Vec<_> = heard
        .iter()
        .filter(|heard| heard.contains("AUTH"))
        .collect();
    assert_eq!(auth, [&format!("*{}", line(Mechanism::Plain, "secret"))]);
}

#[tokio::test]
async fn a_token_is_fetched_once_and_kept() {
    let tokens = HttpServer::start().await;
    grant(&tokens, "t1", 3600);
    let server = SmtpServer::start().await;
    server.offers(&["AUTH XOAUTH2"]);
    server.accepts(&[
        line(Mechanism::Xoauth2, "t1"),
        line(Mechanism::Xoauth2, "t2"),
    ]);
    server.at(
        "DOT",
        &[Act::SayAndClose("250 one"), Act::SayAndClose("250 two")],
    );
    let auth = MailAuth::XOAuth2(Box::new(token_source(&tokens)));
    let ops = signing_in(&server, auth);
    let mut office = Office::open(vec![ops.clone()]).await;
    office.put(&ops, MAIL, &["a@example.com", "b@example.com"]);
    for _ in 0..2 {
        words_of("sent", &office.next().await.2);
    }
    assert_eq!(tokens.asked().len(), 1);
    let asked = tokens.asked()[0].clone();
    assert_eq!(asked.head[0], "POST /token HTTP/1.1");
    assert_eq!(
        asked.body,
        "grant_type=client_credentials&client_id=id&client_secret=hush"
    );
    // In its last minute it is not used any more.
    grant(&tokens, "t2", 3600);
    office.pass(3541);
    office.put(&ops, MAIL, &["c@example.com"]);
    words_of("sent", &office.next().await.2);
    assert_eq!(tokens.asked().len(), 2);
    let last = line(Mechanism::Xoauth2, "t2");
    assert!(server.heard().contains(&last));
}

#[tokio::test]
async fn a_refused_token_is_fetched_again_once() {
    let tokens = HttpServer::start().await;
    grant(&tokens, "old", 3600);
    grant(&tokens, "new", 3600);
    let server = SmtpServer::start().await;
    server.offers(&["AUTH XOAUTH2"]);
    server.accepts(&[line(Mechanism::Xoauth2, "new")]);
    let auth = MailAuth::XOAuth2(Box::new(token_source(&tokens)));
    words_of("sent", &attempt(signing_in(&server, auth)).await);
    assert_eq!((tokens.asked().len(), server.connections()), (2, 2));

    let never = SmtpServer::start().await;
    never.offers(&["AUTH XOAUTH2"]).accepts(&[]);
    grant(&tokens, "one", 3600);
    grant(&tokens, "two", 3600);
    let auth = MailAuth::XOAuth2(Box::new(token_source(&tokens)));
    let words = words_of("misconfigured", &attempt(signing_in(&never, auth)).await);
    assert_eq!(words, "535 5.7.8 no (while signing in)");
    assert_eq!(never.connections(), 2, "once more, and not for ever");
}

#[tokio::test]
async fn a_refresh_token_is_used_and_replaced() {
    let tokens = HttpServer::start().await;
    let answer = r#"{"access_token": "t", "expires_in": "0", "refresh_token": "r2"}"#;
    tokens
        .answer("200 OK", &[], answer)
        .answer("200 OK", &[], answer);
    let server = SmtpServer::start().await;
    server.offers(&["AUTH=XOAUTH2"]);
    server.at("DOT", &[Act::SayAndClose("250 one")]);
    let mut source = token_source(&tokens);
    source.refresh_token = Some(Secret::new("r1"));
    source.client_secret = None;
    let ops = signing_in(&server, MailAuth::XOAuth2(Box::new(source)));
    let mut office = Office::open(vec![ops.clone()]).await;
    office.put(&ops, MAIL, &["a@example.com", "b@example.com"]);
    for _ in 0..2 {
        words_of("sent", &office.next().await.2);
    }
    let asked = tokens.asked();
    assert_eq!(
        asked[0].body,
        "grant_type=refresh_token&client_id=id&refresh_token=r1"
    );
    assert_eq!(
        asked[1].body,
        "grant_type=refresh_token&client_id=id&refresh_token=r2"
    );
}

#[tokio::test]
async fn a_token_server_that_fails_is_told_apart_from_one_that_refuses() {
    for (status, body, wanted) in [
        (
            "400 Bad Request",
            r#"{"error": "invalid_client"}"#,
            "misconfigured",
        ),
        ("401 Unauthorized", "", "misconfigured"),
        ("503 Service Unavailable", "", "retry"),
        ("429 Too Many Requests", "", "retry"),
        ("200 OK", "<html>sign in</html>", "misconfigured"),
        ("302 Found", "", "misconfigured"),
    ] {
        let tokens = HttpServer::start().await;
        tokens.answer(status, &[], body);
        let server = SmtpServer::start().await;
        server.offers(&["AUTH XOAUTH2"]);
        let auth = MailAuth::XOAuth2(Box::new(token_source(&tokens)));
        let words = words_of(wanted, &attempt(signing_in(&server, auth)).await);
        assert!(words.contains("the token server"), "{words}");
        assert!(!words.contains("hush"), "{words}");
    }
    let server = SmtpServer::start().await;
    server.offers(&["AUTH XOAUTH2"]);
    let mut source = token_source(&HttpServer::start().await);
    source.token_url = format!("http://127.0.0.1:{}/token", dead_port().await);
    let auth = MailAuth::XOAuth2(Box::new(source));
    let words = words_of("retry", &attempt(signing_in(&server, auth)).await);
    assert!(words.contains("refused"), "{words}");
}
