//! Mail servers that refuse, hang, close, lie and talk nonsense.

use super::smtp_server::{Act, SmtpServer, certificate};
use super::*;

const MAIL: &[u8] = b"Message-ID: <m1@agent>\r\nSubject: s\r\n\r\ntext\r\n";

/// What comes of a mail at a server that does this, with these settings.
async fn attempt(server: &SmtpServer, change: impl FnOnce(&mut EmailWay)) -> Attempt {
    let mut way = mail_way(server.port);
    change(&mut way);
    let ops = mail_receiver(way);
    let mut office = Office::open(vec![ops.clone()]).await;
    office.put(&ops, MAIL, &["ops@example.com"]);
    office.next().await.2
}

async fn check(step: &str, says: &'static str, wanted: &str) {
    let server = SmtpServer::start().await;
    server.at(step, &[Act::Say(says)]);
    let came = attempt(&server, |_| {}).await;
    let words = words_of(wanted, &came);
    assert!(words.contains(says), "{step} {says}: {words}");
}

#[tokio::test]
async fn nobody_listens() {
    let port = dead_port().await;
    let ops = mail_receiver(mail_way(port));
    let mut office = Office::open(vec![ops.clone()]).await;
    office.put(&ops, MAIL, &["ops@example.com"]);
    let words = words_of("retry", &office.next().await.2);
    assert!(
        words.contains("refused (os error 111) (while connecting)"),
        "{words}"
    );
}

#[tokio::test]
async fn a_no_for_now_is_tried_again_and_a_no_to_us_is_for_people() {
    for step in [
        "GREETING",
        "EHLO",
        "MAIL",
        "RCPT ops@example.com",
        "DATA",
        "DOT",
    ] {
        check(step, "451 4.7.1 later", "retry").await;
        check(step, "421 4.3.2 going down", "retry").await;
    }
    for step in ["GREETING", "EHLO", "MAIL"] {
        check(step, "554 5.7.1 not you", "misconfigured").await;
    }
    check(
        "RCPT ops@example.com",
        "530 5.7.0 sign in first",
        "misconfigured",
    )
    .await;
    for step in ["RCPT ops@example.com", "DATA", "DOT"] {
        check(step, "550 5.1.1 nobody here", "dead").await;
        check(step, "552 5.3.4 too big", "dead").await;
    }
    check("MAIL", "552 5.3.4 too big", "dead").await;
    for step in ["MAIL", "RCPT ops@example.com", "DATA"] {
        check(step, "334 what", "retry").await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_costs_its_time_limit() {
    let steps = [
        ("GREETING", "waiting for the greeting"),
        ("EHLO", "saying EHLO"),
        ("MAIL", "naming the sender"),
        ("RCPT ops@example.com", "naming the recipient"),
        ("DATA", "asking to send the mail"),
        ("DOT", "sending the mail"),
    ];
    for (step, doing) in steps {
        let server = SmtpServer::start().await;
        server.at(step, &[Act::Hang]);
        let came = attempt(&server, |way| way.timeout = SHORT).await;
        let words = words_of("retry", &came);
        assert_eq!(words, format!("no answer in time (while {doing})"));
    }
    let (pem, acceptor) = certificate("localhost");
    for (step, doing) in [
        ("STARTTLS", "asking for STARTTLS"),
        ("TLS", "setting up TLS"),
        ("AUTH", "signing in"),
    ] {
        let server = SmtpServer::start().await;
        server.with_starttls(&acceptor).offers(&["AUTH PLAIN"]);
        server.at(step, &[Act::Hang]);
        let came = attempt(&server, |way| {
            way.timeout = SHORT;
            way.tls = MailTls::StartTls;
            way.ca_pem = Some(pem.clone());
            way.auth = MailAuth::Plain(crate::receiver::Secret::new("p"));
        });
        let words = words_of("retry", &came.await);
        assert_eq!(words, format!("no answer in time (while {doing})"));
    }
}

#[tokio::test]
async fn a_server_that_closes_or_never_ends_its_line_is_tried_again() {
    let steps = [
        "GREETING",
        "EHLO",
        "MAIL",
        "RCPT ops@example.com",
        "DATA",
        "DOT",
    ];
    for step in steps {
        for (act, wanted) in [
            (Act::Close, "closed the connection"),
            (Act::Flood(64 << 20), "a line without end"),
        ] {
            let server = SmtpServer::start().await;
            server.at(step, &[act]);
            let words = words_of("retry", &attempt(&server, |_| {}).await);
            let is_reset = words.contains("reset by peer") || words.contains("Broken pipe");
            assert!(words.contains(wanted) || is_reset, "{step}: {words}");
        }
    }
}

#[tokio::test]
async fn greylisting_and_a_lost_answer_get_the_same_bytes_again() {
    let first = [
        ("RCPT ops@example.com", Act::Say("450 4.2.0 greylisted")),
        ("DOT", Act::Close),
        ("DOT", Act::Say("451 try again")),
    ];
    for (step, act) in first {
        let server = SmtpServer::start().await;
        server.at(step, &[act]);
        let ops = mail_receiver(mail_way(server.port));
        let mut office = Office::open(vec![ops.clone()]).await;
        office.put(&ops, MAIL, &["ops@example.com"]);
        words_of("retry", &office.next().await.2);
        office.pass(40);
        words_of("sent", &office.next().await.2);
        let arrived = server.arrived();
        assert_eq!(arrived.len(), if step == "DOT" { 2 } else { 1 });
        assert!(arrived.windows(2).all(|two| two[0].text == two[1].text));
    }
}

#[tokio::test]
async fn one_bad_address_of_three_harms_nobody_else() {
    let server = SmtpServer::start().await;
    server.at("RCPT b@example.com", &[Act::Say("550 5.1.1 unknown")]);
    server.at("RCPT c@example.com", &[Act::Say("451 4.2.1 later")]);
    let ops = mail_receiver(mail_way(server.port));
    let mut office = Office::open(vec![ops.clone()]).await;
    let to = [
        "a@example.com",
        "b@example.com",
        "c@example.com",
        "d@example.com",
        "not one",
    ];
    office.put(&ops, MAIL, &to);
    let came = office.next_by_recipient(5).await;
    for ((recipient, came), wanted) in came.iter().zip(["sent", "dead", "retry", "sent", "dead"]) {
        words_of(wanted, came);
        assert!(to.contains(&recipient.as_str()));
    }
    let arrived = server.arrived();
    let reached: Vec<&str> = arrived.iter().map(|mail| &*mail.to).collect();
    assert_eq!(reached, ["a@example.com", "d@example.com"]);
    assert!(
        !arrived[1].text.contains("a@example.com"),
        "nobody sees the others"
    );
    assert_eq!(
        server.connections(),
        1,
        "a polite no does not end the connection"
    );
}

#[tokio::test]
async fn nothing_is_sent_in_clear_text_where_protection_is_wanted() {
    let server = SmtpServer::start().await;
    server.offers(&["AUTH PLAIN"]);
    let came = attempt(&server, |way| {
        way.tls = MailTls::StartTls;
        way.auth = MailAuth::Plain(crate::receiver::Secret::new("p"));
    });
    let words = words_of("misconfigured", &came.await);
    assert_eq!(
        words,
        "the server does not offer STARTTLS, so nothing is sent"
    );
    assert_eq!(server.heard(), ["EHLO pub-host.example.com"]);

    let (_, acceptor) = certificate("localhost");
    let refusing = SmtpServer::start().await;
    refusing.with_starttls(&acceptor);
    refusing.at("STARTTLS", &[Act::Say("454 4.7.0 not now")]);
    let came = attempt(&refusing, |way| way.tls = MailTls::Opportunistic).await;
    words_of("retry", &came);
    assert_eq!(refusing.arrived(), []);
}

#[tokio::test]
async fn a_bad_certificate_is_for_people() {
    let (other_pem, _) = certificate("localhost");
    let (pem, acceptor) = certificate("other.example.com");
    let wrong: [Option<Arc<[u8]>>; 4] = [
        Some(pem),
        Some(other_pem),
        None,
        Some(Arc::from(&b"no PEM"[..])),
    ];
    for tls in [MailTls::Implicit, MailTls::StartTls, MailTls::Opportunistic] {
        for ca_pem in wrong.clone() {
            let server = SmtpServer::start().await;
            if tls == MailTls::Implicit {
                server.with_implicit_tls(&acceptor);
            } else {
                server.with_starttls(&acceptor);
            }
            let came = attempt(&server, |way| {
                way.tls = tls;
                way.ca_pem = ca_pem;
            });
            let words = words_of("misconfigured", &came.await);
            assert!(words.contains("certificate"), "{words}");
            assert_eq!(server.arrived(), []);
        }
    }
    let plain = SmtpServer::start().await;
    let came = attempt(&plain, |way| way.tls = MailTls::Implicit).await;
    words_of("misconfigured", &came);
}

#[tokio::test]
async fn what_was_said_before_protection_counts_for_nothing() {
    let (pem, acceptor) = certificate("localhost");
    let server = SmtpServer::start().await;
    server.with_starttls(&acceptor);
    // Somebody on the way adds an answer to what comes next.
    server.at(
        "STARTTLS",
        &[Act::Say("220 go\r\n250-x\r\n250-SIZE\r\n250 AUTH PLAIN")],
    );
    let came = attempt(&server, |way| {
        way.tls = MailTls::StartTls;
        way.ca_pem = Some(pem);
    });
    // It disturbs the handshake where it came in one piece with the answer, and is lost
    // where it did not: never is it taken for the server's word.
    let came = came.await;
    let is_sent = matches!(came, Attempt::Sent(_));
    let is_plain = server.arrived().iter().any(|mail| !mail.is_protected);
    assert!(!is_plain);
    assert!(
        server.heard().iter().all(|line| !line.contains("SIZE=")),
        "{came:?}"
    );
    assert_eq!(is_sent, server.arrived().len() == 1);
}

#[tokio::test]
async fn a_hostile_answer_is_shown_harmless() {
    let server = SmtpServer::start().await;
    let hostile = "550-\u{1b}[2J\u{7}bell\r\n550 \u{202e}turned <script>\u{0}";
    server.at("RCPT ops@example.com", &[Act::Say(hostile)]);
    let words = words_of("dead", &attempt(&server, |_| {}).await);
    assert_eq!(
        words,
        "550  [2J bell  turned <script> (while naming the recipient)"
    );
    let blank = SmtpServer::start().await;
    blank.offers(&["   ", "", "\u{1}", "SIZE abc"]);
    words_of("sent", &attempt(&blank, |_| {}).await);
}

#[tokio::test]
async fn an_address_beyond_ascii_wants_a_server_that_takes_it() {
    for (offers, wanted) in [(&["SMTPUTF8"][..], "sent"), (&[], "dead")] {
        let server = SmtpServer::start().await;
        server.offers(offers);
        let ops = mail_receiver(mail_way(server.port));
        let mut office = Office::open(vec![ops.clone()]).await;
        office.put(&ops, MAIL, &["jörg@example.com"]);
        words_of(wanted, &office.next().await.2);
    }
}
