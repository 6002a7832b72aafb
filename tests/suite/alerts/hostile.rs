//! Promise: whatever a log says, it is text in a mail and nothing else: no header, no
//! element, no command, no second mail; and what is harmless arrives as it was written.
//!
//! Two thirds of a rule's sentence come from the log here, and the log's lines are quoted.

use std::collections::BTreeSet;
use std::fs;

use harness::agent::Agent;
use harness::receivers::{AGENT, Speaker};
use harness::scene::{Scene, Settings};
use harness::smtp::{Mail, MailServer};
use model::untrusted::is_unprintable;

/// What the log says stands in the subject, in both parts and in the headers of its thread.
const RULES: &str = r#"version: 1
rules:
  - id: hostile
    alert: HOSTILE
    on: {event: registration.failed, by: [connector]}
    severity: critical
    summary: "Publisher {{ event.fields.cause }}"
    action: "Look: {{ event.fields.cause }}"
  - id: hostile-tunnel
    alert: HOSTILE
    on: {event: tunnel.disconnected}
    severity: critical
    summary: "Publisher {{ event.fields.stitcher }}"
    action: "Look: {{ event.fields.tenant }}"
"#;

/// What a sentence may bring; a full stop would end it.
const SENTENCES: [&[u8]; 12] = [
    b"is alone",
    b"<script>alert(1)</script><img src=x onerror=alert(1)>\"'><b style=x>",
    b"</pre></td></table><style>*{display:none}</style>",
    b"\rBcc: thief@example@com\rX-Bad: yes",
    b"\x0b\x0c\x1b[31mred\x07\x00\x08\x7f\xc2\x85\xe2\x80\xa8X-Bad: yes",
    b"\xe2\x80\xae4pm evil\xe2\x80\xac \xe2\x81\xa6\xef\xbb\xbf\xe2\x80\x8b",
    b"=cmd|' /C calc'!A0",
    b"=?utf-8?q?=0D=0ABcc:_thief@example=2Ecom?=",
    b"{{ 7777 * 7777 }}{% for x in range(9) %}{{ x }}{% endfor %}",
    b"\xff\xfe\xc0\x80\xed\xa0\x80",
    b"&lt;i&gt; &amp; &#60;b&#62; javascript:alert(1)",
    b"\"ops\" <thief@example>, thief@example; \\\\",
];

const HARMLESS: &str = "T\u{fc}nel d\u{fc}\u{15f}t\u{fc} \u{2013} \u{30c8}\u{30f3}\u{30cd}\u{30eb}";

fn scene(server: &MailServer) -> Scene {
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let mut settings = Settings::default();
    settings.more.push_str(&format!(
        "alerts: {{agent: {AGENT}, rules: [rules.yaml], receivers: [{receiver}]}}\n"
    ));
    let scene = Scene::with(settings).unwrap();
    fs::write(scene.path("rules.yaml"), RULES).unwrap();
    scene
}

/// Nothing but what stands in a mail about something harmless.
fn check(mail: &Mail, harmless: &Mail) {
    let subject = mail.header("Subject");
    assert_eq!(mail.defects(), [""; 0], "{subject:?}");
    assert_eq!(mail.recipients, ["ops@example.com"], "{subject:?}");
    assert_eq!(mail.header_names(), harmless.header_names(), "{subject:?}");
    assert!(
        subject.starts_with("[ZTNA critical] HOSTILE: Publisher"),
        "{subject:?}"
    );
    let allowed: BTreeSet<&str> = harmless.html_tags().into_iter().collect();
    for tag in mail.html_tags() {
        assert!(allowed.contains(tag), "{tag} in {subject:?}");
    }
    for part in [subject, mail.text(), mail.html_text()] {
        let is_bad = |one: char| one != '\n' && is_unprintable(one);
        assert!(!part.contains(is_bad), "{part:?}");
        assert!(!part.contains("60481729"), "it was rendered: {part:?}");
    }
    // Lines as a mail has them, and none that a server might take for its end.
    for line in mail.bytes.split_inclusive(|byte| *byte == b'\n') {
        let inside = line.strip_suffix(b"\r\n").unwrap();
        assert!(!inside.contains(&b'\r') && inside.len() <= 998);
        assert_ne!(inside, b".");
    }
    let end = mail.bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let headers = &mail.bytes[..end.unwrap()];
    assert!(headers.is_ascii(), "{subject:?}");
}

#[test]
fn what_a_log_says_is_only_ever_text() {
    let server = MailServer::start().unwrap();
    let scene = scene(&server);
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    let long = [
        b"<b>&\r=?x ".repeat(100),
        "\u{202e}\u{30c8}".repeat(2_000).into(),
    ]
    .concat();
    let mut told = 0;
    for said in SENTENCES.iter().copied().chain([long.as_slice()]) {
        let sentence = [b"Registration failed because ", said, b"."].concat();
        speaker.wizard_bytes(&sentence).unwrap();
        told += 1;
        server.wait_for(told).unwrap();
    }
    let address = "203.0.113.7\r\nX-Bad: yes\r\n.\r\nMAIL FROM:<thief@example.com>\u{2028}<b>";
    speaker.lose_tunnel(address).unwrap();
    told += 1;
    let mails = server.wait_for(told).unwrap();
    assert_eq!(mails.len(), told);
    for mail in &mails {
        check(mail, &mails[0]);
    }
    agent.terminate().unwrap();
}

#[test]
fn what_is_written_in_any_script_arrives_as_it_is() {
    let server = MailServer::start().unwrap();
    let scene = scene(&server);
    let mut speaker = Speaker::new(&scene).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    speaker
        .wizard(&format!("Registration failed because {HARMLESS}."))
        .unwrap();
    let mails = server.wait_for(1).unwrap();
    let mail = &mails[0];
    assert_eq!(mail.defects(), [""; 0]);
    assert_eq!(
        mail.header("Subject"),
        format!("[ZTNA critical] HOSTILE: Publisher {HARMLESS}")
    );
    for part in [mail.text(), mail.html_text()] {
        assert!(part.contains(&format!("Look: {HARMLESS}")), "{part}");
    }
    agent.terminate().unwrap();
}
