//! Alerts for tests, with everything set that they can have.
//!
//! One fires, one fires and is silenced, one is pending, one is over and not told yet;
//! their sentences hold what a hostile log could say.

use std::sync::Arc;

use alerts::notification::NotificationKind;
use alerts::outbox::RESULTS;
use model::alert::{AgentFault, AlertPhase, AlertRow, HeldBy, HistoryRow, Severity, Silence};
use model::delivery::{Channel, Delivery, DeliveryState, OutboxMessage};
use model::snapshot::{AlertsSnapshot, MessageSnapshot, OutboxSnapshot, RuleSnapshot};

use super::at;

/// All of it.
pub(super) fn alerts() -> AlertsSnapshot {
    AlertsSnapshot {
        rules: vec![
            rule("tunnel-down", "TUNNEL_DOWN", Severity::Critical),
            rule("host-disk", "HOST_DISK", Severity::Critical),
            rule("host-cpu", "HOST_CPU", Severity::Warning),
        ],
        rows: rows(),
        history: Arc::from(history()),
        messages: Arc::from(messages()),
        silences: vec![Silence {
            id: "s-7".into(),
            matchers: vec![("rule".into(), "host-disk".into())],
            who: "anna <b>".to_owned(),
            why: "a new disk comes\u{202e}".to_owned(),
            from: at(0),
            until: at(7200),
        }],
        configured_silences: Vec::new(),
        outbox: OutboxSnapshot {
            queued: 1,
            retrying: 2,
            oldest_at: Some(at(360)),
        },
        deliveries: vec![(
            "ops".into(),
            RESULTS
                .iter()
                .zip(3..)
                .map(|(word, n)| (*word, n))
                .collect(),
        )],
        events_skipped: 4,
        scheduled: vec![
            ("eu-weekly".into(), Some(at(86_400))),
            ("by-hand".into(), None),
        ],
        releases_behind: vec![("pub-sjc-2".into(), 3)],
        faults: AgentFault::ALL
            .iter()
            .map(|fault| (*fault, *fault == AgentFault::MailConfig))
            .collect(),
    }
}

fn rule(id: &str, alert: &str, severity: Severity) -> RuleSnapshot {
    let words = NotificationKind::WORDS.iter().zip(0..);
    RuleSnapshot {
        id: id.into(),
        alert: alert.into(),
        runbook: format!("docs/runbooks/{id}.md").into(),
        labels: ["connector", "probe", "reason", "resource"]
            .map(Into::into)
            .into(),
        severity,
        notifications: words.map(|(word, count)| (*word, count)).collect(),
        failures: 1,
        last_failure: Some("`event.x`: there is no such field".into()),
    }
}

fn rows() -> Vec<AlertRow> {
    let pending = AlertRow {
        fires_at: Some(at(840)),
        ..row(("host-cpu", 9), AlertPhase::Pending, &[])
    };
    let silenced = AlertRow {
        held_by: Some(HeldBy::Silence("s-7".into())),
        is_told: false,
        ..row(
            ("host-disk", 5),
            AlertPhase::Firing,
            &[("mountpoint", "/\u{202e}\"<x>")],
        )
    };
    vec![
        row(
            ("tunnel-down", 2),
            AlertPhase::Firing,
            &[("connector", "pub-sjc-2")],
        ),
        silenced,
        pending,
        row(
            ("tunnel-down", 3),
            AlertPhase::Resolving,
            &[("connector", "pub-fra-1")],
        ),
    ]
}

fn row((rule, index): (&str, u32), phase: AlertPhase, labels: &[(&str, &str)]) -> AlertRow {
    let severity = if rule == "host-cpu" {
        Severity::Warning
    } else {
        Severity::Critical
    };
    let labels = labels.iter();
    AlertRow {
        key: format!("{rule}#{index}").into(),
        index,
        rule: rule.into(),
        alert: rule.to_uppercase().replace('-', "_").into(),
        severity,
        phase,
        labels: labels
            .map(|(name, value)| (Arc::from(*name), Arc::from(*value)))
            .collect(),
        since: at(300),
        fires_at: None,
        held_by: None,
        is_told: true,
        reason: "it has lasted for 5 min".into(),
        summary: format!("{rule} <script>alert(1)</script>\u{202e}"),
        action: "Look at the line: `=cmd()` & co.".to_owned(),
    }
}

fn history() -> Vec<HistoryRow> {
    let decided = |serial, second, decision: &str, notification: Option<&str>| HistoryRow {
        serial,
        at: at(second),
        rule: "tunnel-down".into(),
        key: "tunnel-down#2".into(),
        decision: decision.into(),
        reason: "it has lasted for 5 min <i>".to_owned(),
        notification: notification.map(Arc::from),
    };
    vec![
        decided(12, 300, "firing", Some("0123456789abcdef")),
        decided(11, 240, "pending", None),
    ]
}

fn messages() -> Vec<MessageSnapshot> {
    let message = |serial, subject: &str| OutboxMessage {
        id: format!("tunnel_down.{serial}@pub").into(),
        serial,
        receiver: "ops".into(),
        channel: Channel::Email,
        thread: "0123456789abcdef".into(),
        rule: "tunnel-down".into(),
        key: "tunnel-down#2".into(),
        severity: Severity::Critical,
        subject: subject.to_owned(),
        created_at: at(300),
        body: Vec::new(),
    };
    let delivery = |serial: u64, state, reply: &str| Delivery {
        message: format!("tunnel_down.{serial}@pub").into(),
        recipient: "ops@example.com".into(),
        state,
        attempts: 2,
        next_at: at(660),
        last_reply: reply.to_owned(),
        settled_at: (state != DeliveryState::Queued).then(|| at(330)),
    };
    vec![
        MessageSnapshot {
            message: message(8, "[ZTNA critical] TUNNEL_DOWN: <b>\u{202e}"),
            deliveries: vec![
                delivery(8, DeliveryState::Queued, "451 try later <b>"),
                delivery(8, DeliveryState::Dead, "550 no such user"),
            ],
        },
        MessageSnapshot {
            message: message(7, "[ZTNA critical] HOST_DISK: / is nearly full"),
            deliveries: vec![delivery(7, DeliveryState::Sent, "250 ok")],
        },
    ]
}
