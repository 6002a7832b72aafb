//! Any texts in a notification: each channel's message is one that its reader can read, and
//! nothing of a text takes effect in it. A mail has each header once, lines of seven bits
//! that end well, and in its HTML no tag but the template's.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use alerts::compose::Composer;
use alerts::incident::Message;
use alerts::notification::{Notification, NotificationItem, NotificationKind};
use alerts::receiver::{
    EmailWay, Identity, MailAuth, MailTemplates, MailTls, Receiver, Way, WebhookWay,
};
use alerts::updates::{RunId, RunKind};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use model::alert::Severity;

/// Every tag that our own template has.
const TAGS: &[&str] = &[
    "!DOCTYPE", "html", "head", "meta", "title", "body", "div", "p", "span", "h2", "table", "tr",
    "th", "td", "a", "ul", "li", "strong",
];

fuzz_target!(|input: (u8, Vec<String>)| {
    let (kind, texts) = input;
    let composed = composer().compose(&notification(kind, &texts), Timestamp::UNIX_EPOCH);
    assert_eq!(composed.messages.len(), 2);
    for (message, _) in &composed.messages {
        assert!(!has_control(&message.subject), "{:?}", message.subject);
        let body = std::str::from_utf8(&message.body).unwrap();
        if message.channel.name() == "email" {
            check_mail(body);
        } else {
            let _: serde_json::Value = serde_json::from_str(body).unwrap();
        }
    }
});

fn composer() -> Composer {
    let identity = Identity {
        agent: "web-1".into(),
        host: "web-1".into(),
        site: None,
        external_url: None,
        config_file: None,
        listens_on: None,
    };
    let email = EmailWay {
        host: "mail.example.com".to_owned(),
        port: 587,
        tls: MailTls::StartTls,
        ca_pem: None,
        username: None,
        auth: MailAuth::None,
        hello: None,
        from: "ztna@example.com".to_owned(),
        sender: None,
        to: vec!["ops@example.com".to_owned()],
        reply_to: None,
        timeout: Duration::from_secs(60),
        templates: MailTemplates::default(),
    };
    let webhook = WebhookWay {
        url: "https://hooks.example.com/x".to_owned(),
        bearer: None,
        basic: None,
        signing_key: None,
        ca_pem: None,
        timeout: Duration::from_secs(10),
    };
    let ways = [
        ("ops", Way::Email(Box::new(email))),
        ("hook", Way::Webhook(webhook)),
    ];
    let receivers = ways.map(|(name, way)| Receiver {
        name: name.into(),
        way,
        send_resolved: true,
        least_severity: Severity::Info,
        hourly_limit: None,
    });
    let names = receivers.iter().map(|one| Arc::clone(&one.name)).collect();
    Composer::new(identity, receivers.to_vec(), names)
}

fn notification(kind: u8, texts: &[String]) -> Notification {
    let text = |at: usize| texts.get(at).cloned().unwrap_or_default();
    let word = |at: usize| -> Arc<str> { text(at).into() };
    let rest: Vec<String> = texts.iter().skip(8).cloned().collect();
    let pairs: Vec<(Arc<str>, String)> = rest
        .chunks(2)
        .map(|pair| (pair[0].as_str().into(), pair.concat()))
        .collect();
    Notification {
        id: "0123456789abcdef".into(),
        thread: "fedcba9876543210".into(),
        kind: match kind % 4 {
            0 => NotificationKind::Incident(Message::Firing),
            1 => NotificationKind::Incident(Message::Resolved),
            2 => NotificationKind::Notice,
            _ => NotificationKind::Update(RunId {
                profile: word(7),
                start: Timestamp::UNIX_EPOCH,
                kind: RunKind::Scheduled,
            }),
        },
        rule: word(0),
        alert: word(1),
        key: word(2),
        index: 1,
        severity: Severity::Critical,
        receivers: Vec::new(),
        labels: vec![("connector".into(), word(3)), (word(3), word(4))],
        at: Timestamp::UNIX_EPOCH,
        dated: Timestamp::UNIX_EPOCH,
        started_at: Timestamp::UNIX_EPOCH,
        ended_at: None,
        summary: text(4),
        action: text(5),
        runbook: word(6),
        number: u32::from(kind),
        facts: pairs.clone(),
        items: vec![NotificationItem {
            name: word(7),
            is_connector: kind.is_multiple_of(2),
            facts: pairs,
        }],
        log_lines: rest.clone(),
        faults: rest,
    }
}

fn check_mail(mail: &str) {
    assert!(mail.is_ascii());
    for line in mail.split("\r\n") {
        assert!(line.len() <= 998, "{line:?}");
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
    let (headers, body) = mail.split_once("\r\n\r\n").unwrap();
    let mut names: Vec<&str> = Vec::new();
    for line in headers.split("\r\n") {
        assert!(!line.chars().any(|one| one.is_ascii_control()), "{line:?}");
        if !line.starts_with(' ') {
            names.push(line.split_once(": ").unwrap().0);
        }
    }
    let ours = |name: &str| {
        name.starts_with("X-ZTNA-")
            || [
                "From",
                "Subject",
                "Date",
                "Message-ID",
                "In-Reply-To",
                "References",
                "Auto-Submitted",
                "X-Auto-Response-Suppress",
                "List-Id",
                "MIME-Version",
                "Content-Type",
            ]
            .contains(&name)
    };
    assert!(names.iter().all(|name| ours(name)), "{names:?}");
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "a header comes twice");
    let boundary = headers.split("boundary=\"").nth(1).unwrap();
    let boundary = boundary.split('"').next().unwrap();
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    let [_, text, html, end] = parts.as_slice() else {
        panic!("{} parts", parts.len());
    };
    assert_eq!(end.trim(), "--");
    for part in [text, html] {
        let (head, content) = part.trim_start().split_once("\r\n\r\n").unwrap();
        assert!(head.contains("quoted-printable"), "{head}");
        let content = decoded(content);
        assert!(!content.lines().any(has_control), "{content:?}");
        if head.contains("text/html") {
            check_html(&content);
        }
    }
}

fn decoded(content: &str) -> String {
    let content = content.replace("=\r\n", "").replace("\r\n", "\n");
    let mut bytes = Vec::new();
    let mut rest = content.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'=' {
            let (code, after) = after.split_at(2);
            let code = std::str::from_utf8(code).unwrap();
            bytes.push(u8::from_str_radix(code, 16).unwrap());
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn check_html(html: &str) {
    for piece in html.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').unwrap();
        let name = tag.trim_start_matches('/');
        let name = name.split(' ').next().unwrap();
        assert!(TAGS.contains(&name), "<{tag}>");
        // Between quotes stands what the template or an encoder wrote.
        for (place, outside) in tag.split('"').enumerate() {
            assert!(place % 2 == 1 || !outside.contains(" on"), "<{tag}>");
        }
    }
    for link in html.split("href=\"").skip(1) {
        let is_web = link.starts_with("https://") || link.starts_with("http://");
        assert!(is_web, "{}", link.split('"').next().unwrap());
    }
}

fn has_control(text: &str) -> bool {
    text.chars().any(model::untrusted::is_unprintable)
}
