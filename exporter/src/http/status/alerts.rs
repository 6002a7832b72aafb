//! The part of the report about alerts: how they stand, and what became of their messages.
//!
//! Sentences, labels and what receivers said may hold what a log or a server wrote, and are
//! [`Foreign`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use model::alert::{AlertPhase, AlertRow, HeldBy, HistoryRow, Severity};
use model::delivery::{Delivery, DeliveryState};
use model::snapshot::{AlertsSnapshot, MessageSnapshot, RuleSnapshot};
use serde::{Serialize, Serializer};

use super::{Counts, Foreign, as_object};

/// Alerts and their messages.
#[derive(Debug, Serialize)]
pub(in crate::http) struct AlertsReport<'a> {
    /// What is pending, firing or just over, the worst first.
    pub(in crate::http) alerts: Vec<AlertReport<'a>>,
    pub(in crate::http) outbox: OutboxReport,
    pub(in crate::http) messages: Vec<MessageReport<'a>>,
    pub(in crate::http) history: Vec<DecisionReport<'a>>,
    pub(in crate::http) silences: Vec<SilenceReport<'a>>,
    /// Attempts at delivery by result, by receiver.
    pub(in crate::http) receivers: Vec<ReceiverReport<'a>>,
    pub(in crate::http) updates: Vec<UpdateReport<'a>>,
    /// What is wrong with the agent itself.
    pub(in crate::http) faults: Vec<&'static str>,
    pub(in crate::http) events_skipped: u64,
    pub(in crate::http) rules: Vec<RuleReport<'a>>,
}

/// One alert.
#[derive(Debug, Serialize)]
pub(in crate::http) struct AlertReport<'a> {
    pub(in crate::http) key: Foreign<'a>,
    pub(in crate::http) index: u32,
    pub(in crate::http) rule: Foreign<'a>,
    pub(in crate::http) alert: Foreign<'a>,
    #[serde(serialize_with = "severity_name")]
    pub(in crate::http) severity: Severity,
    #[serde(serialize_with = "phase_name")]
    pub(in crate::http) phase: AlertPhase,
    pub(in crate::http) labels: BTreeMap<Foreign<'a>, Foreign<'a>>,
    pub(in crate::http) since: Timestamp,
    pub(in crate::http) fires_at: Option<Timestamp>,
    pub(in crate::http) held_by: Option<HoldReport<'a>>,
    pub(in crate::http) reason: Foreign<'a>,
    pub(in crate::http) summary: Foreign<'a>,
    pub(in crate::http) action: Foreign<'a>,
}

/// Why nobody is told for the time being.
#[derive(Debug, Serialize)]
pub(in crate::http) struct HoldReport<'a> {
    pub(in crate::http) kind: &'static str,
    pub(in crate::http) name: Foreign<'a>,
}

/// What waits to be delivered.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::http) struct OutboxReport {
    pub(in crate::http) queued: u64,
    pub(in crate::http) retrying: u64,
    pub(in crate::http) oldest_at: Option<Timestamp>,
}

/// A message with what became of it.
#[derive(Debug, Serialize)]
pub(in crate::http) struct MessageReport<'a> {
    pub(in crate::http) id: Foreign<'a>,
    pub(in crate::http) created_at: Timestamp,
    pub(in crate::http) receiver: Foreign<'a>,
    pub(in crate::http) channel: &'static str,
    pub(in crate::http) rule: Foreign<'a>,
    #[serde(serialize_with = "severity_name")]
    pub(in crate::http) severity: Severity,
    pub(in crate::http) subject: Foreign<'a>,
    pub(in crate::http) deliveries: Vec<DeliveryReport<'a>>,
}

/// A delivery to one recipient.
#[derive(Debug, Serialize)]
pub(in crate::http) struct DeliveryReport<'a> {
    pub(in crate::http) recipient: Foreign<'a>,
    #[serde(serialize_with = "state_name")]
    pub(in crate::http) state: DeliveryState,
    pub(in crate::http) attempts: u32,
    /// `None` once it is settled.
    pub(in crate::http) next_at: Option<Timestamp>,
    pub(in crate::http) settled_at: Option<Timestamp>,
    pub(in crate::http) last_reply: Foreign<'a>,
}

/// A decision with its reason.
#[derive(Debug, Serialize)]
pub(in crate::http) struct DecisionReport<'a> {
    pub(in crate::http) serial: u64,
    pub(in crate::http) at: Timestamp,
    pub(in crate::http) rule: Foreign<'a>,
    pub(in crate::http) key: Foreign<'a>,
    pub(in crate::http) decision: Foreign<'a>,
    pub(in crate::http) reason: Foreign<'a>,
    pub(in crate::http) notification: Option<Foreign<'a>>,
}

/// What somebody does not want to hear of.
#[derive(Debug, Serialize)]
pub(in crate::http) struct SilenceReport<'a> {
    pub(in crate::http) id: Foreign<'a>,
    pub(in crate::http) matchers: BTreeMap<Foreign<'a>, Foreign<'a>>,
    pub(in crate::http) who: Foreign<'a>,
    pub(in crate::http) why: Foreign<'a>,
    /// `None` of one of the configuration that does not say it.
    pub(in crate::http) from: Option<Timestamp>,
    pub(in crate::http) until: Timestamp,
    /// It stands in the configuration, and is ended there.
    pub(in crate::http) configured: bool,
}

/// A receiver in force.
#[derive(Debug, Serialize)]
pub(in crate::http) struct ReceiverReport<'a> {
    pub(in crate::http) receiver: Foreign<'a>,
    #[serde(serialize_with = "as_object")]
    pub(in crate::http) attempts: Counts,
}

/// When a profile's next update begins.
#[derive(Debug, Serialize)]
pub(in crate::http) struct UpdateReport<'a> {
    pub(in crate::http) profile: Foreign<'a>,
    pub(in crate::http) starts_at: Option<Timestamp>,
}

/// A rule in force.
#[derive(Debug, Serialize)]
pub(in crate::http) struct RuleReport<'a> {
    pub(in crate::http) id: Foreign<'a>,
    pub(in crate::http) alert: Foreign<'a>,
    /// An address or a path; empty if the rule has none.
    pub(in crate::http) runbook: Foreign<'a>,
    #[serde(serialize_with = "severity_name")]
    pub(in crate::http) severity: Severity,
    #[serde(serialize_with = "as_object")]
    pub(in crate::http) notifications: Counts,
    pub(in crate::http) failures: u64,
    pub(in crate::http) last_failure: Option<Foreign<'a>>,
}

/// Reports how alerts stand.
pub(in crate::http) fn alerts_report(alerts: &AlertsSnapshot) -> AlertsReport<'_> {
    let there = alerts.faults.iter().filter(|(_, is_there)| *is_there);
    AlertsReport {
        alerts: alerts.rows.iter().map(alert_report).collect(),
        outbox: OutboxReport {
            queued: alerts.outbox.queued,
            retrying: alerts.outbox.retrying,
            oldest_at: alerts.outbox.oldest_at,
        },
        messages: alerts.messages.iter().map(message_report).collect(),
        history: alerts.history.iter().map(decision_report).collect(),
        silences: silence_reports(alerts),
        receivers: alerts
            .deliveries
            .iter()
            .map(|(receiver, attempts)| ReceiverReport {
                receiver: Foreign(receiver),
                attempts: attempts.clone(),
            })
            .collect(),
        updates: alerts
            .scheduled
            .iter()
            .map(|(profile, starts_at)| UpdateReport {
                profile: Foreign(profile),
                starts_at: *starts_at,
            })
            .collect(),
        faults: there.map(|(fault, _)| fault.name()).collect(),
        events_skipped: alerts.events_skipped,
        rules: alerts.rules.iter().map(rule_report).collect(),
    }
}

/// Reports one alert.
pub(in crate::http) fn alert_report(row: &AlertRow) -> AlertReport<'_> {
    AlertReport {
        key: Foreign(&row.key),
        index: row.index,
        rule: Foreign(&row.rule),
        alert: Foreign(&row.alert),
        severity: row.severity,
        phase: row.phase,
        labels: named(&row.labels),
        since: row.since,
        fires_at: row.fires_at,
        held_by: row.held_by.as_ref().map(hold_report),
        reason: Foreign(&row.reason),
        summary: Foreign(&row.summary),
        action: Foreign(&row.action),
    }
}

fn hold_report(hold: &HeldBy) -> HoldReport<'_> {
    let (kind, name) = match hold {
        HeldBy::Silence(id) => ("silence", id),
        HeldBy::Maintenance(name) => ("maintenance", name),
        HeldBy::Inhibition(key) => ("inhibition", key),
    };
    HoldReport {
        kind,
        name: Foreign(name),
    }
}

fn message_report(shown: &MessageSnapshot) -> MessageReport<'_> {
    let message = &shown.message;
    MessageReport {
        id: Foreign(&message.id),
        created_at: message.created_at,
        receiver: Foreign(&message.receiver),
        channel: message.channel.name(),
        rule: Foreign(&message.rule),
        severity: message.severity,
        subject: Foreign(&message.subject),
        deliveries: shown.deliveries.iter().map(delivery_report).collect(),
    }
}

fn delivery_report(delivery: &Delivery) -> DeliveryReport<'_> {
    let is_queued = delivery.state == DeliveryState::Queued;
    DeliveryReport {
        recipient: Foreign(&delivery.recipient),
        state: delivery.state,
        attempts: delivery.attempts,
        next_at: is_queued.then_some(delivery.next_at),
        settled_at: delivery.settled_at,
        last_reply: Foreign(&delivery.last_reply),
    }
}

fn decision_report(row: &HistoryRow) -> DecisionReport<'_> {
    DecisionReport {
        serial: row.serial,
        at: row.at,
        rule: Foreign(&row.rule),
        key: Foreign(&row.key),
        decision: Foreign(&row.decision),
        reason: Foreign(&row.reason),
        notification: row.notification.as_deref().map(Foreign),
    }
}

fn silence_reports(alerts: &AlertsSnapshot) -> Vec<SilenceReport<'_>> {
    let configured = alerts.configured_silences.iter();
    let configured: BTreeSet<&str> = configured.map(|id| &**id).collect();
    let silences = alerts.silences.iter();
    let reports = silences.map(|silence| SilenceReport {
        id: Foreign(&silence.id),
        matchers: named(&silence.matchers),
        who: Foreign(&silence.who),
        why: Foreign(&silence.why),
        from: (silence.from != Timestamp::MIN).then_some(silence.from),
        until: silence.until,
        configured: configured.contains(&*silence.id),
    });
    reports.collect()
}

fn rule_report(rule: &RuleSnapshot) -> RuleReport<'_> {
    RuleReport {
        id: Foreign(&rule.id),
        alert: Foreign(&rule.alert),
        runbook: Foreign(&rule.runbook),
        severity: rule.severity,
        notifications: rule.notifications.clone(),
        failures: rule.failures,
        last_failure: rule.last_failure.as_deref().map(Foreign),
    }
}

fn named(labels: &[(Arc<str>, Arc<str>)]) -> BTreeMap<Foreign<'_>, Foreign<'_>> {
    labels
        .iter()
        .map(|(name, value)| (Foreign(name), Foreign(value)))
        .collect()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields over by reference"
)]
fn severity_name<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity.name())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields over by reference"
)]
fn phase_name<S: Serializer>(phase: &AlertPhase, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(phase.name())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields over by reference"
)]
fn state_name<S: Serializer>(state: &DeliveryState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.name())
}
