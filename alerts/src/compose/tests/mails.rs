//! Golden mails: headers and text as a reader gets them.

use expect_test::{Expect, expect};

use super::*;

fn check(notification: &Notification, wanted: &Expect) {
    let message = message_for("ops", notification);
    let mail = read_mail(&message.body);
    // What is pasted into a shell or searched for in a log is one line in the mail.
    let breaks = [" rule=", " --for", " --rule", " SSL Error"];
    let text = breaks.iter().fold(mail.text, |text, one| {
        text.replace(one, &format!("\n    {}", one.trim_start()))
    });
    wanted.assert_eq(&format!("{}\n\n{text}", mail.headers));
}

#[test]
fn a_firing_incident_says_what_where_since_when_and_what_to_do() {
    check(
        &incident(Message::Firing),
        &expect![[r#"
            From: ZTNA alerts
             <ztna@example.com>
            Reply-To: noc@example.com
            Subject: [ZTNA critical] TUNNEL_DOWN: pub-fra-1 has lost its tunnel
            Date: Tue, 08 Dec 2026 05:02:00 +0000
            Message-ID: <tunnel_down.0123456789abcdef.43aae575@web-1.example.com>
            In-Reply-To: <alert.fedcba9876543210@web-1.example.com>
            References: <alert.fedcba9876543210@web-1.example.com>
            Auto-Submitted: auto-generated
            X-Auto-Response-Suppress: All
            List-Id: ZTNA alerts <alerts.web-1.example.com.ztna.local>
            X-ZTNA-Alert: TUNNEL_DOWN
            X-ZTNA-Severity: critical
            X-ZTNA-Status: firing
            X-ZTNA-Rule: tunnel-down
            MIME-Version: 1.0
            Content-Type: multipart/alternative; boundary="=_0123456789abcdef"

            pub-fra-1 has lost its tunnel, since 2026-12-08 06:00 CET (05:00 UTC):
            Check that the host reaches the stitcher.

            WHAT TO DO

              Check that the host reaches the stitcher. If it does, read the last
              lines of agent.txt.

            WHAT IS KNOWN

              State              firing, critical
              Since              Tue 2026-12-08 06:00:00 CET (05:00 UTC)
              Host               web-1 (site FRA)
              Connector          pub-fra-1
              Last stitcher      fra1
              Clients that left  212

            THE LAST LINES OF THE LOG

              > 2026/12/08 05:00:00 UTC sslhelper.cpp:302:logSslError():0x0
                SSL Error 5 error:00000005:lib(0):func(0):DH lib

            WHERE TO LOOK

              Runbook: https://docs.example.com/runbooks/tunnel-down
              Connector: https://web-1.example.com:10942/connectors/pub-fra-1
              Agent: https://web-1.example.com:10942/
              On web-1:
                ztna-exporter alerts history --config /etc/ztna-exporter/config.yaml
                --rule tunnel-down

            WHY YOU GET THIS

              Rule tunnel-down told receiver ops.
              To hear nothing of it for two hours, on web-1:
                ztna-exporter alerts silence add --config /etc/ztna-exporter/config.yaml
                --for 2h --who 'NAME' --why 'WHY'
                rule=tunnel-down connector=pub-fra-1
        "#]],
    );
}

#[test]
fn the_end_has_the_same_words_after_the_bracket_and_the_same_thread() {
    check(
        &incident(Message::Resolved),
        &expect![[r#"
            From: ZTNA alerts
             <ztna@example.com>
            Reply-To: noc@example.com
            Subject: [ZTNA resolved] TUNNEL_DOWN: pub-fra-1 has lost its tunnel
            Date: Tue, 08 Dec 2026 05:34:00 +0000
            Message-ID: <tunnel_down.0123456789abcdef.43aae575@web-1.example.com>
            In-Reply-To: <alert.fedcba9876543210@web-1.example.com>
            References: <alert.fedcba9876543210@web-1.example.com>
            Auto-Submitted: auto-generated
            X-Auto-Response-Suppress: All
            List-Id: ZTNA alerts <alerts.web-1.example.com.ztna.local>
            X-ZTNA-Alert: TUNNEL_DOWN
            X-ZTNA-Severity: critical
            X-ZTNA-Status: resolved
            X-ZTNA-Rule: tunnel-down
            MIME-Version: 1.0
            Content-Type: multipart/alternative; boundary="=_0123456789abcdef"

            Over: the alert "pub-fra-1 has lost its tunnel" lasted from 2026-12-08
            06:00 CET (05:00 UTC) to 2026-12-08 06:33 CET (05:33 UTC) (33 min).

            WHAT IS KNOWN

              State              over (it was critical)
              Began              Tue 2026-12-08 06:00:00 CET (05:00 UTC)
              Over               Tue 2026-12-08 06:33:00 CET (05:33 UTC)
              Lasted             33 min
              Host               web-1 (site FRA)
              Connector          pub-fra-1
              Last stitcher      fra1
              Clients that left  212

            THE LAST LINES OF THE LOG

              > 2026/12/08 05:00:00 UTC sslhelper.cpp:302:logSslError():0x0
                SSL Error 5 error:00000005:lib(0):func(0):DH lib

            WHERE TO LOOK

              Runbook: https://docs.example.com/runbooks/tunnel-down
              Connector: https://web-1.example.com:10942/connectors/pub-fra-1
              Agent: https://web-1.example.com:10942/
              On web-1:
                ztna-exporter alerts history --config /etc/ztna-exporter/config.yaml
                --rule tunnel-down

            WHY YOU GET THIS

              Rule tunnel-down told receiver ops.
        "#]],
    );
}

#[test]
fn a_failed_update_lists_its_members() {
    check(
        &failed(),
        &expect![[r#"
            From: ZTNA alerts
             <ztna@example.com>
            Reply-To: noc@example.com
            Subject: [ZTNA critical] UPGRADE_FAILED: 2 Publishers on fra1 were not
             updated (profile EU weekly, wave 2)
            Date: Tue, 08 Dec 2026 05:20:00 +0000
            Message-ID: <upgrade_failed.0123456789abcdef.43aae575@web-1.example.com>
            In-Reply-To: <run.fedcba9876543210@web-1.example.com>
            References: <run.fedcba9876543210@web-1.example.com>
            Auto-Submitted: auto-generated
            X-Auto-Response-Suppress: All
            List-Id: ZTNA alerts <alerts.web-1.example.com.ztna.local>
            X-ZTNA-Alert: UPGRADE_FAILED
            X-ZTNA-Severity: critical
            X-ZTNA-Status: update
            X-ZTNA-Rule: update-failed
            X-ZTNA-Run: EU weekly 2026-12-08T05:00:00Z
            MIME-Version: 1.0
            Content-Type: multipart/alternative; boundary="=_0123456789abcdef"

            2 Publishers on fra1 were not updated (profile EU weekly, wave 2); the
            run began at 2026-12-08 06:00 CET (05:00 UTC): Check that the host
            reaches hub.docker.com.

            PUBLISHERS (2)

              Publisher  From          To            Reason
              pub-fra-2  126.0.0.9150  127.0.0.9201  docker_pull
              pub-fra-3  126.0.0.9150  127.0.0.9201  docker_pull

            WHAT TO DO

              Check that the host reaches hub.docker.com.

            WHAT IS KNOWN

              State       critical
              Run         Tue 2026-12-08 06:00:00 CET (05:00 UTC)
              Told        Tue 2026-12-08 06:20:00 CET (05:20 UTC)
              Host        web-1 (site FRA)
              Profile     EU weekly
              Stitcher    fra1
              Wave        2
              Log files   publisher_wizard.log; journalctl -u docker.service

            THE LAST LINES OF THE LOG

              > 2026/12/08 05:00:00 UTC sslhelper.cpp:302:logSslError():0x0
                SSL Error 5 error:00000005:lib(0):func(0):DH lib

            WHERE TO LOOK

              Agent: https://web-1.example.com:10942/
              On web-1:
                ztna-exporter alerts history --config /etc/ztna-exporter/config.yaml
                --rule update-failed

            WHY YOU GET THIS

              Rule update-failed told receiver ops.
              To hear nothing of it for two hours, on web-1:
                ztna-exporter alerts silence add --config /etc/ztna-exporter/config.yaml
                --for 2h --who 'NAME' --why 'WHY'
                rule=update-failed 'profile=EU weekly'
        "#]],
    );
}

#[test]
fn a_notice_says_what_went_wrong_with_its_wording() {
    check(
        &notice(),
        &expect![[r#"
            From: ZTNA alerts
             <ztna@example.com>
            Reply-To: noc@example.com
            Subject: [ZTNA warning] REGISTRATION_FAILED: The registration of pub-fra-1
             failed: discovery call
            Date: Tue, 08 Dec 2026 05:02:00 +0000
            Message-ID: <registration_failed.0123456789abcdef.43aae575@web-1.example.com>
            In-Reply-To: <alert.fedcba9876543210@web-1.example.com>
            References: <alert.fedcba9876543210@web-1.example.com>
            Auto-Submitted: auto-generated
            X-Auto-Response-Suppress: All
            List-Id: ZTNA alerts <alerts.web-1.example.com.ztna.local>
            X-ZTNA-Alert: REGISTRATION_FAILED
            X-ZTNA-Severity: warning
            X-ZTNA-Status: notice
            X-ZTNA-Rule: registration-failed
            MIME-Version: 1.0
            Content-Type: multipart/alternative; boundary="=_0123456789abcdef"

            The registration of pub-fra-1 failed: discovery call, at 2026-12-08
            06:00 CET (05:00 UTC).

            WHAT IS KNOWN

              State       warning
              When        Tue 2026-12-08 06:00:00 CET (05:00 UTC)
              Host        web-1 (site FRA)
              Connector   pub-fra-1

            WHERE TO LOOK

              Runbook: https://docs.example.com/runbooks/tunnel-down
              Connector: https://web-1.example.com:10942/connectors/pub-fra-1
              Agent: https://web-1.example.com:10942/
              On web-1:
                ztna-exporter alerts history --config /etc/ztna-exporter/config.yaml
                --rule registration-failed

            WHAT WENT WRONG WITH THIS MAIL

              - action of rule registration-failed: no such name `frob`

            WHY YOU GET THIS

              Rule registration-failed told receiver ops.
              To hear nothing of it for two hours, on web-1:
                ztna-exporter alerts silence add --config /etc/ztna-exporter/config.yaml
                --for 2h --who 'NAME' --why 'WHY'
                rule=registration-failed connector=pub-fra-1
        "#]],
    );
}

#[test]
fn a_test_says_that_nothing_is_wrong() {
    check(
        &test(),
        &expect![[r#"
            From: ZTNA alerts
             <ztna@example.com>
            Reply-To: noc@example.com
            Subject: [ZTNA test] TEST: This is a test: nothing is wrong
            Date: Tue, 08 Dec 2026 05:00:00 +0000
            Message-ID: <test.ce351642998e708d.43aae575@web-1.example.com>
            In-Reply-To: <alert.ce351642998e708d@web-1.example.com>
            References: <alert.ce351642998e708d@web-1.example.com>
            Auto-Submitted: auto-generated
            X-Auto-Response-Suppress: All
            List-Id: ZTNA alerts <alerts.web-1.example.com.ztna.local>
            X-ZTNA-Alert: TEST
            X-ZTNA-Severity: info
            X-ZTNA-Status: test
            X-ZTNA-Rule: test
            MIME-Version: 1.0
            Content-Type: multipart/alternative; boundary="=_ce351642998e708d"

            This is a test: nothing is wrong.

            WHAT TO DO

              Nothing: whoever asked for it wants to know that messages arrive

            WHAT IS KNOWN

              State       a test
              Told        Tue 2026-12-08 06:00:00 CET (05:00 UTC)
              Host        web-1 (site FRA)

            WHERE TO LOOK

              Agent: https://web-1.example.com:10942/
              On web-1:
                ztna-exporter alerts history --config /etc/ztna-exporter/config.yaml

            WHY YOU GET THIS

              Rule test told receiver ops.
        "#]],
    );
}

#[test]
fn a_digest_counts_and_lists_what_it_stands_for() {
    let messages: Vec<OutboxMessage> = [incident(Message::Firing), notice(), failed()]
        .iter()
        .map(|one| message_for("ops", one))
        .collect();
    let digest = composer().digest("ops", &messages, at("2026-12-08T07:00:00Z"));
    let [(message, deliveries)] = digest.messages.as_slice() else {
        panic!("{digest:?}");
    };
    assert_eq!(deliveries.len(), 2);
    let mail = read_mail(&message.body);
    expect![[r#"
        [ZTNA digest] DIGEST: 3 messages since 2026-12-08 06:00 UTC in one
        3 messages since 2026-12-08 06:00 UTC in one: Look at the list: there
        were more than this receiver takes in an hour, or than wait at a time.

        MESSAGES (3)

          [ZTNA critical] TUNNEL_DOWN: pub-fra-1 has lost its tunnel
            Decided     2026-12-08 06:00 UTC
          [ZTNA warning] REGISTRATION_FAILED: The registration of pub-fra-1
            failed: discovery call
            Decided     2026-12-08 06:00 UTC
          [ZTNA critical] UPGRADE_FAILED: 2 Publishers on fra1 were not updated
            (profile EU weekly, wave 2)
            Decided     2026-12-08 06:00 UTC

        WHAT TO DO

          Look at the list: there were more than this receiver takes in an hour,
          or than wait at a time. Each stands in the history

        WHAT IS KNOWN

          State                put together, critical at worst
          Told                 Tue 2026-12-08 08:00:00 CET (07:00 UTC)
          Host                 web-1 (site FRA)
          registration-failed  1
          tunnel-down          1
          update-failed        1

        WHERE TO LOOK

          Agent: https://web-1.example.com:10942/
          On web-1:
            ztna-exporter alerts history --config /etc/ztna-exporter/config.yaml

        WHY YOU GET THIS

          Rule digest told receiver ops.
    "#]]
    .assert_eq(&format!("{}\n{}", message.subject, mail.text));
    assert!(
        composer()
            .digest("ops", &[], message.created_at)
            .messages
            .is_empty()
    );
    assert!(
        composer()
            .digest("gone", &messages, message.created_at)
            .messages
            .is_empty()
    );
}

#[test]
fn html_says_the_same_and_fetches_nothing() {
    for notification in all_kinds() {
        let mail = read_mail(&message_for("ops", &notification).body);
        let html = mail.html;
        assert!(
            html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"),
            "{html}"
        );
        for word in ["<img", "<script", "<style", "<link", "src=", "url("] {
            assert!(!html.contains(word), "{word} in {html}");
        }
        let facts = notification.facts.iter().map(|(_, value)| value.as_str());
        let names = notification.items.iter().map(|item| &*item.name);
        for told in facts.chain(names).chain([notification.summary.as_str()]) {
            assert!(
                html.contains(&told.replace('/', "&#x2f;")),
                "{told} in {html}"
            );
            let whole = mail.text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(whole.contains(told), "{told} in {whole}");
        }
    }
}

#[test]
fn lines_of_the_text_are_short_enough_for_a_pager() {
    for notification in all_kinds() {
        let mail = read_mail(&message_for("ops", &notification).body);
        for one in mail.text.lines() {
            // What is pasted into a shell or searched for in a log stays whole.
            let may_be_long =
                one.starts_with("    ztna-exporter alerts ") || one.starts_with("  > ");
            assert!(may_be_long || one.chars().count() <= 72, "{one}");
        }
    }
}

#[test]
fn a_mail_of_thousands_of_members_says_how_many_it_leaves_out() {
    let mut notification = failed();
    let item = notification.items.pop().unwrap();
    let long = NotificationItem {
        name: text(&"long-name-".repeat(25)),
        is_connector: true,
        facts: vec![(text("Reason"), "words ".repeat(50))],
    };
    for (members, wanted) in [
        (vec![item; 5000], "and 4900 more"),
        (vec![long; 5000], "and 4950 more"),
    ] {
        notification.items = members;
        let message = message_for("ops", &notification);
        let mail = read_mail(&message.body);
        assert!(mail.text.contains(wanted), "{}", mail.text);
        assert!(mail.html.contains(wanted));
        assert!(mail.html.len() < 100_000);
    }
}
