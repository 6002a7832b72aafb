//! Templates and addresses of the operator's, good ones and broken ones.

use super::*;

fn with(templates: MailTemplates) -> Composer {
    let way = email(templates);
    let ops = receiver("ops", Way::Email(Box::new(way)));
    Composer::new(identity(), vec![ops], vec![text("ops")])
}

fn template(source: &str) -> Option<(String, String)> {
    Some((source.to_owned(), "/etc/ztna/mine".to_owned()))
}

/// Subject, text and HTML of a failed update, and the faults.
fn written(templates: MailTemplates) -> (String, Mail, Vec<String>) {
    let composed = with(templates).compose(&failed(), at("2026-12-08T06:00:00Z"));
    let (message, _) = &composed.messages[0];
    (
        message.subject.clone(),
        read_mail(&message.body),
        composed.faults,
    )
}

#[test]
fn an_operators_templates_are_used_and_escaped() {
    let (subject, mail, faults) = written(MailTemplates {
        text: template("{{ alert }} for {{ receiver }}\n"),
        html: template("<p>{{ \"<b>\" }}{{ summary }}</p>"),
        subject: template("{{ items_count }} in\n{{ site }}"),
        time_zone: None,
    });
    assert_eq!(faults, [""; 0]);
    assert_eq!(subject, "[ZTNA critical] UPGRADE_FAILED: 2 in FRA");
    assert_eq!(mail.text, "UPGRADE_FAILED for ops\n");
    assert!(
        mail.html.starts_with("<p>&lt;b&gt;2 Publishers"),
        "{}",
        mail.html
    );
}

#[test]
fn an_operators_template_may_change_a_block_of_ours() {
    let (_, mail, faults) = written(MailTemplates {
        text: template("{% extends \"mail.txt\" %}{% block why %}\nCall 112.\n{% endblock %}"),
        html: template(
            "{% extends \"mail.html\" %}{% block why %}{{ super() }}<p>Call 112.</p>{% endblock %}",
        ),
        ..MailTemplates::default()
    });
    assert_eq!(faults, [""; 0]);
    assert!(
        mail.text.starts_with("2 Publishers on fra1"),
        "{}",
        mail.text
    );
    assert!(mail.text.ends_with("Call 112.\n"), "{}", mail.text);
    assert!(mail.html.contains("Why you get this") && mail.html.contains("<p>Call 112.</p>"));
}

#[test]
fn a_broken_template_is_told_and_the_mail_is_sent_all_the_same() {
    for (source, wanted) in [
        (
            "one\n{% if %}",
            "template /etc/ztna/mine line 2: syntax error (unexpected end of block)",
        ),
        (
            "{{ frob }}",
            "template /etc/ztna/mine line 1: undefined value",
        ),
        (
            "{{ items[7].name }}",
            "template /etc/ztna/mine line 1: undefined value",
        ),
        (
            "{% include \"/etc/passwd\" %}",
            "template /etc/ztna/mine line 1: has the tag `include`",
        ),
        (
            &format!(
                "{}{}",
                "{% for a in [1,2,3,4,5,6,7,8,9] %}".repeat(9),
                "{% endfor %}".repeat(9)
            ),
            "template /etc/ztna/mine line 1: engine ran out of fuel",
        ),
        (
            &format!(
                "{}{{{{ sentence }}}}{}",
                "{% for a in [1,2,3,4,5,6,7,8,9] %}".repeat(4),
                "{% endfor %}".repeat(4)
            ),
            "template /etc/ztna/mine",
        ),
        (
            "one\n{% set a = subject %}{% set a = a ~ a %}",
            "template /etc/ztna/mine line 2: has the tag `set`; there are if, for, extends, block",
        ),
        (
            "{{ subject * 1000000000 }}",
            "template /etc/ztna/mine line 1: makes a longer text or number with `*`",
        ),
    ] {
        for templates in each_part(source) {
            let told = with(templates.clone()).check();
            assert!(
                told.iter().any(|one| one.starts_with(wanted)),
                "{source}: {told:?}"
            );
            let (subject, mail, faults) = written(templates);
            assert!(
                faults.len() == 1 && faults[0].starts_with(wanted),
                "{source}: {faults:?}"
            );
            assert!(subject.contains("2 Publishers on fra1"));
            for part in [&mail.text, &mail.html] {
                let part = part.to_lowercase();
                assert!(part.contains("what went wrong with this mail"), "{part}");
                assert!(part.contains("pub-fra-2"));
            }
        }
    }
}

/// The template as the text, as the HTML and as the subject.
fn each_part(source: &str) -> [MailTemplates; 3] {
    let none = MailTemplates::default;
    [
        MailTemplates {
            text: template(source),
            ..none()
        },
        MailTemplates {
            html: template(source),
            ..none()
        },
        MailTemplates {
            subject: template(source),
            ..none()
        },
    ]
}

#[test]
fn our_own_templates_always_render() {
    for notification in all_kinds() {
        let composed = composer().compose(&notification, at("2026-12-08T06:00:00Z"));
        assert_eq!(composed.faults, [""; 0]);
        let mut bare = notification;
        for text in [&mut bare.summary, &mut bare.action] {
            text.clear();
        }
        bare.labels.clear();
        bare.facts.clear();
        bare.log_lines.clear();
        bare.items.clear();
        bare.faults.clear();
        let message = message_for("ops", &bare);
        let mail = read_mail(&message.body);
        assert!(mail.text.contains("WHAT IS KNOWN"), "{}", mail.text);
        assert!(mail.html.contains("What is known"), "{}", mail.html);
    }
    assert_eq!(composer().check(), [""; 0]);
}

#[test]
fn an_address_that_is_none_is_told_and_the_mail_is_sent_all_the_same() {
    let mut way = email(MailTemplates::default());
    way.from = "nobody\r\nBcc: x".to_owned();
    way.reply_to = Some("bähr@example.com".to_owned());
    let ops = receiver("ops", Way::Email(Box::new(way)));
    let composer = Composer::new(identity(), vec![ops], vec![text("ops")]);
    let faults = composer.check();
    assert_eq!(
        faults,
        [
            "mail address `bähr@example.com`: not all of it is ASCII",
            "mail address `nobody Bcc: x`: Invalid input",
        ]
    );
    let composed = composer.compose(&failed(), at("2026-12-08T06:00:00Z"));
    let mail = read_mail(&composed.messages[0].0.body);
    let from = "From: ZTNA alerts\n <ztna-exporter@web-1.example.com>\nSubject:";
    assert!(mail.headers.starts_with(from), "{}", mail.headers);
    assert_eq!(composed.faults.len(), 2);
}

#[test]
fn ours_keep_to_what_operators_may_use_however_large_a_message_is() {
    for source in [
        include_str!("../../../templates/mail.txt"),
        include_str!("../../../templates/mail.html"),
        include_str!("../../../templates/subject.txt"),
    ] {
        let kept = crate::template_language::check(source, crate::template_language::TEMPLATE);
        assert_eq!(kept, Ok(()));
    }
    // As much as there can be without being too long.
    let mut large = failed();
    let member = large.items[0].clone();
    let facts = (0..40).map(|one| (text(&format!("f{one}")), "x".to_owned()));
    let member = NotificationItem {
        facts: facts.collect(),
        ..member
    };
    large.items = vec![member; 25];
    let composed = composer().compose(&large, at("2026-12-08T06:00:00Z"));
    assert_eq!(composed.faults, [""; 0]);
    let mail = read_mail(&message_for("ops", &large).body);
    assert_eq!(mail.html.matches("f39").count(), 10, "and the rest counted");
}

#[test]
fn every_name_that_a_template_may_use_is_explained() {
    let pages = include_str!("../../../templates/README.md");
    let reader_clock = wording::Clock::default();
    let ops = receiver("ops", Way::Snmp);
    let identity = identity();
    let reader = view::Reader {
        receiver: &ops,
        identity: &identity,
        clock: &reader_clock,
    };
    let view = view::View::of(&failed(), reader, 10, &[]);
    let serde_json::Value::Object(names) = serde_json::to_value(&view).unwrap() else {
        panic!("no object");
    };
    for name in names.keys() {
        assert!(pages.contains(&format!("| `{name}` |")), "{name}");
    }
    let explained = pages.lines().filter(|one| one.starts_with("| `")).count();
    assert_eq!(explained, names.len());
}
