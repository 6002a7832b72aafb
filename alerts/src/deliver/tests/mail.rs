//! Mails that arrive, by every kind of protection, and many over few connections.

use super::smtp_server::{Act, SmtpServer, certificate};
use super::*;

const MAIL: &[u8] = b"Message-ID: <m1@agent>\r\nSubject: =?utf-8?q?hi?=\r\n\r\n.dot\r\nend\r\n";

#[tokio::test]
async fn a_mail_arrives_byte_for_byte_with_its_recipient_in_front() {
    let server = SmtpServer::start().await;
    server.offers(&["SIZE 1000000", "8BITMIME"]);
    let ops = mail_receiver(mail_way(server.port));
    let mut office = Office::open(vec![ops.clone()]).await;
    office.put(&ops, MAIL, &["Jörg <ops@example.com>"]);
    let (_, _, came) = office.next().await;
    assert_eq!(words_of("sent", &came), "250 queued as 7");
    let arrived = server.arrived();
    let to = "To: =?utf-8?b?SsO2cmc=?= <ops@example.com>\r\n";
    let wanted = format!("{to}{}", std::str::from_utf8(MAIL).unwrap());
    assert_eq!(arrived[0].text, wanted);
    assert_eq!(
        (&*arrived[0].from, &*arrived[0].to),
        ("ztna@example.com", "ops@example.com")
    );
    let heard = server.heard();
    assert_eq!(heard[0], "EHLO pub-host.example.com");
    assert_eq!(
        heard[1],
        format!("MAIL FROM:<ztna@example.com> SIZE={}", wanted.len())
    );
    office.deliverer.stop().await;
    assert_eq!(server.heard().last().unwrap(), "QUIT");
}

#[tokio::test]
async fn the_envelope_may_have_another_sender() {
    let server = SmtpServer::start().await;
    let mut way = mail_way(server.port);
    way.sender = Some("bounces@example.com".to_owned());
    way.hello = Some("[127.0.0.1]".to_owned());
    let ops = mail_receiver(way);
    let mut office = Office::open(vec![ops.clone()]).await;
    office.put(&ops, MAIL, &["ops@example.com"]);
    words_of("sent", &office.next().await.2);
    assert_eq!(server.arrived()[0].from, "bounces@example.com");
    assert_eq!(server.heard()[0], "EHLO [127.0.0.1]");
}

#[tokio::test]
async fn text_beyond_ascii_arrives_whole() {
    let body = "Message-ID: <m1@agent>\r\n\r\nStörung in Zürich: 東京 🚨\r\n";
    for offers in [&["8BITMIME"][..], &[]] {
        let server = SmtpServer::start().await;
        server.offers(offers);
        let ops = mail_receiver(mail_way(server.port));
        let mut office = Office::open(vec![ops.clone()]).await;
        office.put(&ops, body.as_bytes(), &["ops@example.com"]);
        words_of("sent", &office.next().await.2);
        assert!(server.arrived()[0].text.ends_with(body));
        let from = server.heard()[1].clone();
        assert_eq!(from.contains("BODY=8BITMIME"), !offers.is_empty(), "{from}");
    }
}

#[tokio::test]
async fn protection_is_used_as_configured() {
    let (pem, acceptor) = certificate("localhost");
    for (tls, is_implicit) in [
        (MailTls::Implicit, true),
        (MailTls::StartTls, false),
        (MailTls::Opportunistic, false),
    ] {
        let server = SmtpServer::start().await;
        if is_implicit {
            server.with_implicit_tls(&acceptor);
        } else {
            server.with_starttls(&acceptor);
        }
        let mut way = mail_way(server.port);
        way.tls = tls;
        way.ca_pem = Some(pem.clone());
        let ops = mail_receiver(way);
        let mut office = Office::open(vec![ops.clone()]).await;
        office.put(&ops, MAIL, &["ops@example.com"]);
        words_of("sent", &office.next().await.2);
        assert!(server.arrived()[0].is_protected, "{tls:?}");
    }
}

#[tokio::test]
async fn protection_that_is_not_wanted_or_not_there_is_done_without() {
    let (_, acceptor) = certificate("localhost");
    for tls in [MailTls::None, MailTls::Opportunistic] {
        let server = SmtpServer::start().await;
        if tls == MailTls::None {
            server.with_starttls(&acceptor);
        }
        let mut way = mail_way(server.port);
        way.tls = tls;
        let ops = mail_receiver(way);
        let mut office = Office::open(vec![ops.clone()]).await;
        office.put(&ops, MAIL, &["ops@example.com"]);
        words_of("sent", &office.next().await.2);
        assert!(!server.arrived()[0].is_protected);
    }
}

#[tokio::test]
async fn many_mails_share_few_connections() {
    let server = SmtpServer::start().await;
    let ops = mail_receiver(mail_way(server.port));
    let mut office = Office::open(Vec::new()).await;
    for _ in 0..250 {
        office.put(&ops, MAIL, &["ops@example.com"]);
    }
    office.deliverer.change(&identity(), vec![ops]).await;
    for _ in 0..250 {
        words_of("sent", &office.next().await.2);
    }
    assert_eq!(server.arrived().len(), 250);
    assert_eq!(server.connections(), 3, "at most 100 over each");
}

#[tokio::test]
async fn a_server_that_takes_one_mail_a_connection_gets_them_all() {
    for end in [
        Act::SayAndClose("250 queued"),
        Act::Say("250 queued, and the next one is too many"),
    ] {
        let server = SmtpServer::start().await;
        server.at("DOT", &[end; 5]);
        if matches!(end, Act::Say(_)) {
            let good = Act::Say("250 ok");
            let enough = Act::SayAndClose("421 too many");
            server.at(
                "MAIL",
                &[good, enough, good, enough, good, enough, good, enough, good],
            );
        }
        let ops = mail_receiver(mail_way(server.port));
        let mut office = Office::open(Vec::new()).await;
        for _ in 0..5 {
            office.put(&ops, MAIL, &["ops@example.com"]);
        }
        office.deliverer.change(&identity(), vec![ops]).await;
        for _ in 0..5 {
            words_of("sent", &office.next().await.2);
        }
        assert_eq!(server.arrived().len(), 5);
        assert_eq!(server.connections(), 5);
    }
}

#[tokio::test]
async fn a_mail_whose_text_was_lost_still_says_what_it_was_about() {
    let server = SmtpServer::start().await;
    let ops = mail_receiver(mail_way(server.port));
    let mut office = Office::open(vec![ops.clone()]).await;
    let id = office.put(&ops, b"", &["ops@example.com"]);
    words_of("sent", &office.next().await.2);
    let text = server.arrived()[0].text.clone();
    assert!(text.starts_with("To: ops@example.com\r\n"), "{text}");
    assert!(!text.contains("\r\nTo:"), "{text}");
    assert!(text.contains(&format!("Message-ID: <{id}>\r\n")), "{text}");
    let first = "\r\n\r\n[ZTNA critical] TUNNEL_DOWN: pub-1";
    assert!(text.contains(first), "{text}");
    assert!(text.contains("was lost with the file"), "{text}");
    for header in [
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "List-Id: ZTNA alerts <alerts.",
        "In-Reply-To: <alert.",
        "References: <alert.",
        "X-ZTNA-Alert: ",
        "X-ZTNA-Severity: critical",
        "X-ZTNA-Rule: tunnel-down",
    ] {
        assert!(text.contains(&format!("\r\n{header}")), "{header}: {text}");
    }
}
