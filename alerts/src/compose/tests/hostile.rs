//! Foreign text in every field, on every channel: nothing of it takes effect.

use proptest::prelude::*;

use super::*;

/// Texts that would take effect somewhere.
const HOSTILE: &[&str] = &[
    "a\r\nBcc: victim@example.com\r\n\r\nbody",
    "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m",
    "\u{202e}gnp.exe\u{2066}\u{200f}\u{61c}",
    "<script>alert(1)</script><img src=x onerror=y>",
    "\" onmouseover=\"x' style='y",
    "=cmd|' /C calc'!A0",
    "=?utf-8?Q?=0D=0AX-Injected:_1?=",
    "{{ 7 * 7 }}{% for x in range(9) %}x{% endfor %}",
    "$(reboot) `reboot` ; reboot & 'reboot'",
    "]\" inject=\"1\\",
    "\0\u{feff}\u{fffd}\u{2028}\u{2029}",
    ".\r\n.\r\nQUIT\r\n",
    "From someone",
    "javascript:alert(1)",
    "--=_0123456789abcdef--",
];

fn poisoned(poison: &str) -> Vec<Notification> {
    let mut all = all_kinds();
    for one in &mut all {
        one.summary = poison.to_owned();
        one.action = poison.to_owned();
        one.runbook = text(poison);
        one.alert = text(poison);
        one.rule = text(poison);
        one.key = text(poison);
        one.labels.push((text("version"), text(poison)));
        one.labels.push((text(poison), text("value")));
        one.facts = vec![
            (text("Version"), poison.to_owned()),
            (text(poison), poison.to_owned()),
        ];
        one.log_lines = vec![poison.to_owned(); 9];
        one.faults = vec![poison.to_owned()];
        one.items = vec![NotificationItem {
            name: text(poison),
            is_connector: true,
            facts: vec![(text(poison), poison.to_owned())],
        }];
        if let NotificationKind::Update(run) = &mut one.kind {
            run.profile = text(poison);
        }
    }
    all
}

/// What must hold of any message.
fn assert_harmless(message: &OutboxMessage) {
    let body = std::str::from_utf8(&message.body).unwrap();
    assert!(!has_control(&message.subject), "{:?}", message.subject);
    match message.channel.name() {
        "email" => assert_mail(body),
        "syslog" => {
            let without_mark = body.replacen('\u{feff}', "", 1);
            assert!(!has_control(&without_mark), "{body:?}");
            assert!(body.len() <= 2048);
        }
        _ => {
            let json: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_json(&json);
        }
    }
}

fn has_control(text: &str) -> bool {
    text.chars().any(model::untrusted::is_unprintable)
}

fn assert_json(json: &serde_json::Value) {
    match json {
        serde_json::Value::String(text) => {
            assert!(!text.split('\n').any(has_control), "{text:?}");
        }
        serde_json::Value::Array(all) => all.iter().for_each(assert_json),
        serde_json::Value::Object(all) => all.values().for_each(assert_json),
        _ => {}
    }
}

fn assert_mail(body: &str) {
    assert!(body.is_ascii());
    assert!(
        body.split("\r\n")
            .all(|one| one.len() <= 998 && !one.contains(['\r', '\n']))
    );
    let mail = read_mail(body.as_bytes());
    let names: Vec<&str> = mail
        .headers
        .lines()
        .filter(|one| !one.starts_with(' '))
        .map(|one| one.split_once(':').unwrap().0)
        .collect();
    let wanted = [
        "From",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "List-Id",
        "X-ZTNA-Alert",
        "X-ZTNA-Severity",
        "X-ZTNA-Status",
        "X-ZTNA-Rule",
        "X-ZTNA-Run",
        "MIME-Version",
        "Content-Type",
    ];
    let without_run = wanted.iter().filter(|name| **name != "X-ZTNA-Run");
    assert!(names == wanted || names.iter().eq(without_run), "{names:?}");
    for part in [&mail.text, &mail.html] {
        assert!(!part.lines().any(has_control), "{part:?}");
    }
    // Only our own tags, and links to the web only.
    for piece in mail.html.split('<').skip(1) {
        let tag: String = piece
            .chars()
            .take_while(|one| one.is_ascii_alphanumeric() || matches!(one, '/' | '!'))
            .collect();
        let ours = [
            "!DOCTYPE", "html", "/html", "head", "/head", "meta", "title", "/title", "body",
            "/body", "div", "/div", "p", "/p", "span", "/span", "h2", "/h2", "table", "/table",
            "tr", "/tr", "th", "/th", "td", "/td", "a", "/a", "ul", "/ul", "li", "/li", "strong",
            "/strong",
        ];
        assert!(ours.contains(&tag.as_str()), "<{piece}");
        assert!(
            !piece.split('>').next().unwrap().contains("onmouseover=\""),
            "<{piece}"
        );
    }
    assert!(!mail.html.contains("href=\"javascript"), "{}", mail.html);
}

#[test]
fn nothing_of_a_hostile_text_takes_effect() {
    for poison in HOSTILE {
        for notification in poisoned(poison) {
            let mut composed = composer().compose(&notification, at("2026-12-08T06:00:00Z"));
            let digest = composer().digest(
                "ops",
                &composed
                    .messages
                    .iter()
                    .map(|(one, _)| one.clone())
                    .collect::<Vec<_>>(),
                at("2026-12-08T07:00:00Z"),
            );
            composed.messages.extend(digest.messages);
            assert!(1 < composed.messages.len());
            for (message, _) in &composed.messages {
                assert_harmless(message);
            }
        }
    }
}

#[test]
fn a_command_to_paste_runs_nothing_of_a_label() {
    let mut notification = incident(Message::Firing);
    notification.labels = vec![
        (text("connector"), text("pub-1")),
        (text("stitcher"), text("fra1'; reboot #")),
        (text("profile"), text("EU weekly")),
        (text("version"), text("$(reboot)")),
        (text("$(x)"), text("y")),
    ];
    let mail = read_mail(&message_for("ops", &notification).body);
    assert!(
        mail.text.contains(
            "  ztna-exporter alerts silence add --config /etc/ztna-exporter/config.yaml \
             --for 2h --who 'NAME' --why 'WHY' rule=tunnel-down connector=pub-1 \
             'stitcher=fra1*' 'profile=EU weekly' 'version=*'\n"
        ),
        "{}",
        mail.text
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever stands in a log: every message is fit to be sent and read.
    #[test]
    fn any_text_gives_harmless_messages(poison in "\\PC{0,80}|[\\x00-\\x7fé\u{202e}]{0,80}") {
        for notification in poisoned(&poison) {
            let composed = composer().compose(&notification, at("2026-12-08T06:00:00Z"));
            for (message, _) in &composed.messages {
                assert_harmless(message);
            }
        }
    }
}
