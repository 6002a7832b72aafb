//! What messages look like, for every kind of notification and every channel.

mod channels;
mod hostile;
mod mails;
mod operators;
mod recipients;

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use model::alert::Severity;

use super::*;
use crate::incident::Message;
use crate::notification::{NotificationItem, START_FACT};
use crate::receiver::{
    AlertmanagerWay, ExecWay, MailAuth, MailTemplates, MailTls, SyslogTransport, SyslogWay,
    WebhookWay,
};
use crate::updates::{RunId, RunKind};

fn text(of: &str) -> Arc<str> {
    Arc::from(of)
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn identity() -> Identity {
    Identity {
        agent: text("web-1.example.com"),
        host: text("web-1"),
        site: Some(text("FRA")),
        external_url: Some(text("https://web-1.example.com:10942/")),
        config_file: Some(text("/etc/ztna-exporter/config.yaml")),
        listens_on: None,
    }
}

fn email(templates: MailTemplates) -> EmailWay {
    EmailWay {
        host: "mail.example.com".to_owned(),
        port: 587,
        tls: MailTls::StartTls,
        ca_pem: None,
        username: None,
        auth: MailAuth::None,
        hello: None,
        from: "ZTNA alerts <ztna@example.com>".to_owned(),
        sender: None,
        to: vec!["ops@example.com".to_owned(), "night@example.com".to_owned()],
        reply_to: Some("noc@example.com".to_owned()),
        timeout: Duration::from_secs(60),
        templates,
    }
}

fn web() -> WebhookWay {
    WebhookWay {
        url: "https://hooks.example.com/x".to_owned(),
        bearer: None,
        basic: None,
        signing_key: None,
        ca_pem: None,
        timeout: Duration::from_secs(10),
    }
}

fn receiver(name: &str, way: Way) -> Receiver {
    Receiver {
        name: text(name),
        way,
        send_resolved: true,
        least_severity: Severity::Info,
        hourly_limit: None,
    }
}

/// One of each channel.
fn everybody() -> Vec<Receiver> {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let templates = MailTemplates {
        time_zone: Some(zone),
        ..MailTemplates::default()
    };
    vec![
        receiver("ops", Way::Email(Box::new(email(templates)))),
        receiver("hook", Way::Webhook(web())),
        receiver(
            "am",
            Way::Alertmanager(AlertmanagerWay {
                http: web(),
                event_lasts: Duration::from_secs(3600),
            }),
        ),
        receiver(
            "siem",
            Way::Syslog(SyslogWay {
                address: "127.0.0.1:514".to_owned(),
                transport: SyslogTransport::Udp,
                facility: 16,
                ca_pem: None,
                timeout: Duration::from_secs(5),
            }),
        ),
        receiver("traps", Way::Snmp),
        receiver(
            "script",
            Way::Exec(ExecWay {
                program: PathBuf::from("/usr/local/bin/page"),
                arguments: Vec::new(),
                timeout: Duration::from_secs(5),
            }),
        ),
    ]
}

fn composer() -> Composer {
    let all = everybody();
    let names = all.iter().map(|one| Arc::clone(&one.name)).collect();
    Composer::new(identity(), all, names)
}

/// A tunnel that is down.
fn incident(message: Message) -> Notification {
    let over = message == Message::Resolved;
    Notification {
        id: text("0123456789abcdef"),
        thread: text("fedcba9876543210"),
        kind: NotificationKind::Incident(message),
        rule: text("tunnel-down"),
        alert: text("TUNNEL_DOWN"),
        key: text("tunnel-down{connector=\"pub-fra-1\"}"),
        index: 7,
        severity: Severity::Critical,
        receivers: Vec::new(),
        labels: vec![(text("connector"), text("pub-fra-1"))],
        at: at(if over {
            "2026-12-08T05:34:00Z"
        } else {
            "2026-12-08T05:02:00Z"
        }),
        dated: at(if over {
            "2026-12-08T05:34:00Z"
        } else {
            "2026-12-08T05:02:00Z"
        }),
        started_at: at("2026-12-08T05:00:00Z"),
        ended_at: over.then(|| at("2026-12-08T05:33:00Z")),
        summary: "pub-fra-1 has lost its tunnel".to_owned(),
        action: "Check that the host reaches the stitcher. If it does, read the last lines \
                 of agent.txt."
            .to_owned(),
        runbook: text("https://docs.example.com/runbooks/tunnel-down"),
        number: 1,
        facts: vec![
            (text("Last stitcher"), "fra1".to_owned()),
            (text("Clients that left"), "212".to_owned()),
        ],
        items: Vec::new(),
        log_lines: vec![
            "2026/12/08 05:00:00 UTC sslhelper.cpp:302:logSslError():0x0 SSL Error 5 \
             error:00000005:lib(0):func(0):DH lib"
                .to_owned(),
        ],
        faults: Vec::new(),
    }
}

/// Two members whose update failed.
fn failed() -> Notification {
    let member = |name: &str| NotificationItem {
        name: text(name),
        is_connector: true,
        facts: vec![
            (text("From"), "126.0.0.9150".to_owned()),
            (text("To"), "127.0.0.9201".to_owned()),
            (text("Reason"), "docker_pull".to_owned()),
        ],
    };
    Notification {
        kind: NotificationKind::Update(RunId {
            profile: text("EU weekly"),
            start: at("2026-12-08T05:00:00Z"),
            kind: RunKind::Scheduled,
        }),
        rule: text("update-failed"),
        alert: text("UPGRADE_FAILED"),
        key: text("update-failed{profile=\"EU weekly\",wave=\"2\",stitcher=\"fra1\"}"),
        index: 0,
        labels: vec![
            (text("profile"), text("EU weekly")),
            (text("stitcher"), text("fra1")),
            (text("wave"), text("2")),
        ],
        at: at("2026-12-08T05:20:00Z"),
        dated: at("2026-12-08T05:20:00Z"),
        started_at: at("2026-12-08T05:00:00Z"),
        summary: "2 Publishers on fra1 were not updated (profile EU weekly, wave 2)".to_owned(),
        action: "Check that the host reaches hub.docker.com.".to_owned(),
        runbook: text(""),
        facts: vec![(
            text("Log files"),
            "publisher_wizard.log; journalctl -u docker.service".to_owned(),
        )],
        items: vec![member("pub-fra-2"), member("pub-fra-3")],
        ..incident(Message::Firing)
    }
}

/// Something that happened.
fn notice() -> Notification {
    Notification {
        kind: NotificationKind::Notice,
        rule: text("registration-failed"),
        alert: text("REGISTRATION_FAILED"),
        key: text("registration-failed{connector=\"pub-fra-1\"}"),
        index: 0,
        severity: Severity::Warning,
        summary: "The registration of pub-fra-1 failed: discovery call".to_owned(),
        action: String::new(),
        facts: Vec::new(),
        log_lines: Vec::new(),
        faults: vec!["action of rule registration-failed: no such name `frob`".to_owned()],
        ..incident(Message::Firing)
    }
}

fn test() -> Notification {
    crate::engine::test_notification("web-1", "ops", at("2026-12-08T05:00:00Z"), 1)
}

/// One of every kind.
fn all_kinds() -> Vec<Notification> {
    let messages = [
        Message::Firing,
        Message::Flapping,
        Message::Reminder,
        Message::Escalation,
        Message::Resolved,
    ];
    let incidents = messages.into_iter().map(incident);
    incidents.chain([failed(), notice(), test()]).collect()
}

/// The message for a receiver.
fn message_for(receiver: &str, notification: &Notification) -> OutboxMessage {
    let composed = composer().compose(notification, at("2026-12-08T06:00:00Z"));
    let mut messages = composed.messages.into_iter().map(|(message, _)| message);
    messages.find(|one| &*one.receiver == receiver).unwrap()
}

/// A mail read by our own few lines: headers as they are, and both parts decoded.
struct Mail {
    headers: String,
    text: String,
    html: String,
}

fn read_mail(bytes: &[u8]) -> Mail {
    let whole = String::from_utf8(bytes.to_vec()).unwrap();
    let (headers, body) = whole.split_once("\r\n\r\n").unwrap();
    let (_, boundary) = headers.split_once("boundary=\"").unwrap();
    let (boundary, _) = boundary.split_once('"').unwrap();
    let mark = format!("--{boundary}");
    let parts: Vec<&str> = body.split(mark.as_str()).collect();
    assert_eq!((parts[0], parts[3]), ("", "--\r\n"));
    let decoded = |part: &str| {
        let (_, content) = part.split_once("\r\n\r\n").unwrap();
        unquoted(content)
    };
    Mail {
        headers: headers.replace("\r\n", "\n"),
        text: decoded(parts[1]),
        html: decoded(parts[2]),
    }
}

fn unquoted(text: &str) -> String {
    let whole = text.replace("=\r\n", "").replace("\r\n", "\n");
    let mut bytes = Vec::new();
    let mut rest = whole.as_bytes();
    while let [first, after @ ..] = rest {
        if let [b'=', high, low, more @ ..] = rest {
            let digits = String::from_utf8(vec![*high, *low]).unwrap();
            bytes.push(u8::from_str_radix(&digits, 16).unwrap());
            rest = more;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_mail_that_is_worded_again_later_is_the_same() {
    for one in [
        incident(Message::Firing),
        incident(Message::Resolved),
        notice(),
    ] {
        let mut later = one.clone();
        later.at = at("2026-12-08T09:00:00Z");
        let (first, again) = (message_for("ops", &one), message_for("ops", &later));
        assert_eq!(first.id, again.id);
        let [first, again] = [first, again].map(|mail| String::from_utf8(mail.body).unwrap());
        assert_eq!(first, again);
    }
}

#[test]
fn a_silence_of_an_update_fits_the_next_run_too() {
    let mut update = failed();
    for (name, value) in [("connector", "pub-fra-2"), ("run", "2026-12-08T05:00:00Z")] {
        update.labels.push((text(name), text(value)));
    }
    let mail = read_mail(&message_for("ops", &update).body).text;
    assert!(
        mail.contains("rule=update-failed connector=pub-fra-2\n"),
        "{mail}"
    );
    assert!(!mail.contains("run="), "{mail}");
}

#[test]
fn of_the_end_of_what_an_update_led_to_nothing_unknown_is_said_either() {
    let mut back = incident(Message::Resolved);
    for (name, value) in [("profile", "none"), ("run", "2026-12-08T05:00:00Z")] {
        back.labels.push((text(name), text(value)));
    }
    let mail = read_mail(&message_for("ops", &back).body).text;
    assert!(mail.contains("pub-fra-1"), "{mail}");
    assert!(!mail.contains("none"), "{mail}");
}

#[test]
fn of_an_update_that_nobody_announced_only_what_is_known_is_said() {
    let mut update = failed();
    update.kind = NotificationKind::Update(RunId {
        profile: text("none"),
        start: at("2026-12-08T05:00:00Z"),
        kind: RunKind::Manual,
    });
    update.labels = ["profile", "stitcher", "wave"]
        .map(|name| {
            (
                text(name),
                text(if name == "profile" { "none" } else { "unknown" }),
            )
        })
        .to_vec();
    update.dated = at("2026-12-08T05:17:00Z");
    let mail = read_mail(&message_for("ops", &update).body).text;
    let told = mail.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!told.contains("the run began"), "{told}");
    assert!(told.contains(", at 2026-12-08 06:17 CET"), "{told}");
    for unknown in [
        "Profile none",
        "Stitcher unknown",
        "Wave unknown",
        "Run Tue",
    ] {
        assert!(!told.contains(unknown), "{unknown}: {told}");
    }
    update
        .facts
        .push((text(START_FACT), "2026-12-08 05:00 UTC".to_owned()));
    let known = read_mail(&message_for("ops", &update).body).text;
    assert!(
        known
            .replace('\n', " ")
            .contains("the run began at 2026-12-08 06:00"),
        "{known}"
    );
}
