//! Words a notification for each receiver: bytes that can be sent as they are.
//!
//! Rendered once, when it is decided; what is stored is sent, byte for byte, however
//! often. Bytes follow from the notification, the receiver and who the agent is: composed
//! again after a crash they are the same. Everything in a notification may hold what a log
//! said: each text becomes one harmless, bounded line, and is then encoded for the place
//! that it goes to: header, text, HTML, JSON, structured data.
//!
//! Not here: who is told at all and when ([`crate::engine`]), how many are too many
//! ([`crate::outbox`]), and the way to the receiver ([`crate::deliver`]).

pub mod alertmanager;
mod digest;
mod email;
mod exec;
mod headers;
mod labels;
mod leads;
pub(crate) mod lost;
mod mime;
pub mod snmp;
mod style;
pub mod syslog;
mod templates;
#[cfg(test)]
mod tests;
mod text;
mod view;
mod webhook;
mod wording;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use model::alert::{AlertPhase, AlertRow};
use model::delivery::{Delivery, DeliveryState, OutboxMessage};
use serde::Serialize;

use self::email::Writer;
use self::templates::Templates;
use crate::fingerprint::fingerprint;
use crate::notification::{Notification, NotificationKind};
use crate::receiver::{EmailWay, Identity, Receiver, Way};
use crate::rule::RuleSet;

/// Words notifications.
#[derive(Debug, Clone)]
pub struct Composer {
    identity: Identity,
    receivers: Vec<Receiver>,
    defaults: Vec<Arc<str>>,
    /// Of each receiver that gets mail, by its name.
    templates: BTreeMap<Arc<str>, Templates>,
}

/// A notification as messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Composed {
    /// Each with the deliveries of it. Serials are given by the caller.
    pub messages: Vec<(OutboxMessage, Vec<Delivery>)>,
    /// Templates that could not be rendered, in words for people. The built-in text was
    /// used, and says so.
    pub faults: Vec<String>,
}

impl Composer {
    /// Words for these receivers; `defaults` hear what names no receiver.
    pub fn new(identity: Identity, receivers: Vec<Receiver>, defaults: Vec<Arc<str>>) -> Self {
        let templates = receivers
            .iter()
            .filter_map(|receiver| match &receiver.way {
                Way::Email(way) => {
                    Some((Arc::clone(&receiver.name), Templates::new(&way.templates)))
                }
                Way::Webhook(_)
                | Way::Alertmanager(_)
                | Way::Syslog(_)
                | Way::Snmp
                | Way::Exec(_) => None,
            })
            .collect();
        Self {
            identity,
            receivers,
            defaults,
            templates,
        }
    }

    /// The receivers.
    pub fn receivers(&self) -> &[Receiver] {
        &self.receivers
    }

    /// Who the agent is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What is wrong with the receivers' templates and addresses, in words for people, with
    /// file and line. Empty if nothing is. A template that compiles may still fail when it
    /// is rendered, so each is tried on a test.
    pub fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for receiver in &self.receivers {
            let Way::Email(way) = &receiver.way else {
                continue;
            };
            let broken = self.templates.get(&receiver.name).map(Templates::faults);
            faults.extend(broken.unwrap_or_default());
            let addresses = [Some(&way.from), way.sender.as_ref(), way.reply_to.as_ref()];
            let addresses = addresses.into_iter().flatten().chain(&way.to);
            faults.extend(addresses.filter_map(|one| headers::mailbox(one).err()));
            let test = crate::engine::test_notification(
                &self.identity.agent,
                &receiver.name,
                Timestamp::UNIX_EPOCH,
                1,
            );
            faults.extend(self.mail(receiver, way, &test, "test@check").faults);
        }
        faults.sort();
        faults.dedup();
        faults
    }

    /// Words a notification for everybody who is to hear of it: those that it names, else
    /// the default ones; not those who want worse things only, nor, of an end, those who do
    /// not want ends. A test is for whoever it names.
    pub fn compose(&self, notification: &Notification, now: Timestamp) -> Composed {
        let mut composed = Composed::default();
        let mut named: Vec<&Arc<str>> = notification.receivers.iter().collect();
        let is_known = |name: &&Arc<str>| self.receivers.iter().any(|one| one.name == **name);
        for gone in named.iter().filter(|name| !is_known(name)) {
            let rule = &notification.rule;
            let fault = format!("rule {rule} names receiver {gone}, which is not configured");
            composed.faults.push(text::line(&fault, 300));
        }
        // Better told to the wrong people than to nobody.
        named.retain(is_known);
        if named.is_empty() {
            named.extend(&self.defaults);
        }
        for receiver in &self.receivers {
            let is_named = named.contains(&&receiver.name);
            if is_named && wants(receiver, notification) {
                self.compose_for(receiver, notification, now, &mut composed);
            }
        }
        composed
    }

    /// Words one message that stands for several of one receiver that were too many. Empty
    /// if there is no such receiver, or no message.
    pub fn digest(&self, receiver: &str, messages: &[OutboxMessage], now: Timestamp) -> Composed {
        let mut composed = Composed::default();
        let to = self.receivers.iter().find(|one| &*one.name == receiver);
        if let (Some(to), Some(one)) = (to, digest::notification(receiver, messages, now)) {
            self.compose_for(to, &one, now, &mut composed);
        }
        composed
    }

    /// What keeps the firing alerts of one Alertmanager alive: bodies of requests to be sent
    /// once a minute, beside the outbox; see [`alertmanager`]. Empty if nothing fires there.
    pub fn refresh(
        &self,
        receiver: &Receiver,
        rows: &[AlertRow],
        rules: &RuleSet,
        now: Timestamp,
    ) -> Vec<Vec<u8>> {
        let hears = |row: &&AlertRow| {
            row.phase == AlertPhase::Firing
                && row.is_told
                && receiver.least_severity <= row.severity
                && self.is_told_by(receiver, rules, &row.rule)
        };
        let own: Vec<&AlertRow> = rows.iter().filter(hears).collect();
        let runbook_of = |row: &AlertRow| {
            let rule = rules.find(&row.rule);
            let said = rule.map(|rule| &*rule.runbook).unwrap_or_default();
            leads::Runbook::of(said, &self.identity)
        };
        alertmanager::refresh(&own, &self.identity, runbook_of, now)
    }

    fn is_told_by(&self, receiver: &Receiver, rules: &RuleSet, rule: &str) -> bool {
        let named = rules.find(rule).map(|rule| rule.receivers.as_slice());
        let named = named.unwrap_or_default();
        let all = if named.is_empty() {
            self.defaults.as_slice()
        } else {
            named
        };
        all.contains(&receiver.name)
    }

    fn compose_for(
        &self,
        receiver: &Receiver,
        notification: &Notification,
        now: Timestamp,
        composed: &mut Composed,
    ) {
        let id: Arc<str> = Arc::from(self.message_id(receiver, notification));
        let identity = &self.identity;
        let mut subject = wording::subject(notification, identity);
        let body = match &receiver.way {
            Way::Email(way) => {
                let mail = self.mail(receiver, way, notification, &id);
                composed.faults.extend(mail.faults);
                subject = mail.subject;
                mail.bytes
            }
            Way::Webhook(_) => webhook::write(notification, receiver, identity),
            Way::Alertmanager(way) => alertmanager::write(notification, way, identity),
            Way::Syslog(way) => syslog::write(notification, way, identity),
            Way::Snmp => snmp::write(notification),
            Way::Exec(_) => exec::write(notification, receiver, identity, &id),
        };
        let deliveries = recipients(receiver).into_iter().map(|recipient| Delivery {
            message: Arc::clone(&id),
            recipient,
            state: DeliveryState::Queued,
            attempts: 0,
            next_at: now,
            last_reply: String::new(),
            settled_at: None,
        });
        let deliveries = deliveries.collect();
        let message = OutboxMessage {
            id,
            serial: 0,
            receiver: Arc::clone(&receiver.name),
            channel: receiver.channel(),
            thread: Arc::clone(&notification.thread),
            rule: Arc::clone(&notification.rule),
            key: Arc::clone(&notification.key),
            severity: notification.severity,
            subject,
            created_at: now,
            body,
        };
        composed.messages.push((message, deliveries));
    }

    fn mail(
        &self,
        receiver: &Receiver,
        way: &EmailWay,
        notification: &Notification,
        id: &str,
    ) -> email::Mail {
        let own;
        let templates = match self.templates.get(&receiver.name) {
            Some(templates) => templates,
            // Never: each receiver of mails has them since `new`.
            None => {
                own = Templates::new(&way.templates);
                &own
            }
        };
        let writer = Writer {
            receiver,
            way,
            identity: &self.identity,
            templates,
        };
        writer.write(notification, id)
    }

    /// `upgrade_failed.0123456789abcdef.89abcdef@agent`: the type of alert, the
    /// notification's id, and what stands for the receiver, since what two receivers get
    /// may differ.
    fn message_id(&self, receiver: &Receiver, notification: &Notification) -> String {
        let alert = atom(&notification.alert);
        let id = atom(&notification.id);
        let of_receiver: String = fingerprint(&["receiver", &receiver.name])
            .chars()
            .take(8)
            .collect();
        format!(
            "{alert}.{id}.{of_receiver}@{}",
            domain(&self.identity.agent)
        )
    }
}

/// The notification that a message says: the middle of its id. `None` of an id that is none
/// of ours.
pub fn notification_of(message_id: &str) -> Option<&str> {
    let (left, _) = message_id.rsplit_once('@')?;
    let (left, _) = left.rsplit_once('.')?;
    let (_, id) = left.rsplit_once('.')?;
    Some(id)
}

fn wants(receiver: &Receiver, notification: &Notification) -> bool {
    let is_test = notification.kind == NotificationKind::Test;
    let is_bad_enough = receiver.least_severity <= notification.severity;
    let is_welcome = receiver.send_resolved || !notification.kind.is_end();
    is_test || (is_bad_enough && is_welcome)
}

/// Those who get a message of their own: mail addresses, each once; else one without a name.
fn recipients(receiver: &Receiver) -> Vec<Arc<str>> {
    let Way::Email(way) = &receiver.way else {
        return vec![Arc::default()];
    };
    let mut all: Vec<Arc<str>> = Vec::new();
    for address in &way.to {
        if all.iter().all(|one| **one != **address) {
            all.push(Arc::from(address.as_str()));
        }
    }
    all
}

/// A part of an id: lower-case letters, digits, `_` and `-`, at least one.
fn atom(text: &str) -> String {
    let out: String = text
        .chars()
        .take(64)
        .map(|one| match one.to_ascii_lowercase() {
            plain @ ('a'..='z' | '0'..='9' | '_') => plain,
            _ => '-',
        })
        .collect();
    if out.is_empty() { "-".to_owned() } else { out }
}

/// The right side of ids: parts between dots.
fn domain(agent: &str) -> String {
    let parts: Vec<String> = agent
        .split('.')
        .filter(|part| !part.is_empty())
        .take(8)
        .map(atom)
        .collect();
    if parts.is_empty() {
        "ztna-exporter".to_owned()
    } else {
        parts.join(".")
    }
}

/// What is written here are texts, numbers and lists of them: it cannot fail.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
