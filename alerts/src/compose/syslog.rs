//! Words a notification as one syslog message (RFC 5424), without its framing.
//!
//! What programs sort by is structured data, what people read is the message: both are one
//! line of harmless text, and together they are never longer than what every receiver
//! should take. The identifier of the structured data carries the enterprise number that
//! RFC 5612 keeps for examples: we hold none, and nobody else's can be meant by it.

use jiff::tz::TimeZone;
use model::alert::Severity;

use super::labels::{Matter, page_of};
use super::leads::Runbook;
use super::text::{cut_bytes, line};
use super::wording::{Clock, sentence};
use crate::notification::Notification;
use crate::receiver::{Identity, SyslogWay};

/// Longest message, in bytes: what receivers should take (RFC 5424 section 6.1).
pub const MESSAGE_BYTES_MAX: usize = 2048;

/// Longest value of a parameter that is no address, in characters.
const VALUE_CHARS_MAX: usize = 200;

/// Most of it for structured data.
const DATA_BYTES_MAX: usize = 1200;

/// The structured data's identifier.
const DATA_ID: &str = "ztna@32473";

/// The bytes of a notification's message.
pub(super) fn write(notification: &Notification, way: &SyslogWay, identity: &Identity) -> Vec<u8> {
    let priority = u16::from(way.facility.min(23)) * 8 + u16::from(severity(notification));
    let at = notification.at.to_zoned(TimeZone::UTC);
    let head = format!(
        "<{priority}>1 {} {} ztna-exporter - {} {} ",
        at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"),
        word(&identity.host, 255),
        word(&notification.alert, 32),
        data(notification, identity),
    );
    let text = sentence(notification, &Clock::default());
    let names: Vec<String> = notification
        .items
        .iter()
        .take(50)
        .map(|item| line(&item.name, 100))
        .collect();
    let text = if names.is_empty() {
        text
    } else {
        format!("{text} ({})", names.join(", "))
    };
    let mut bytes = head.into_bytes();
    // Says that what follows is UTF-8 (section 6.4).
    bytes.extend_from_slice(b"\xef\xbb\xbf");
    let room = MESSAGE_BYTES_MAX.saturating_sub(bytes.len());
    bytes.extend_from_slice(cut_bytes(&text, room).as_bytes());
    bytes
}

/// The number in section 6.2.1.
const fn severity(notification: &Notification) -> u8 {
    if notification.kind.is_end() {
        return 5;
    }
    match notification.severity {
        Severity::Critical => 2,
        Severity::Warning => 4,
        Severity::Info => 6,
    }
}

/// A field of the head: what is not plain there becomes `_`, nothing becomes `-`.
fn word(text: &str, chars_max: usize) -> String {
    let out: String = text
        .chars()
        .take(chars_max)
        .map(|one| if one.is_ascii_graphic() { one } else { '_' })
        .collect();
    if out.is_empty() { "-".to_owned() } else { out }
}

/// The structured data. What has no room is left out as a whole.
fn data(notification: &Notification, identity: &Identity) -> String {
    let ours = [
        ("id", &*notification.id),
        ("status", notification.kind.word()),
        ("severity", notification.severity.name()),
        ("rule", &*notification.rule),
        ("agent", &*identity.agent),
    ];
    let leads = leads(notification, identity);
    // Ours come first, and a name may stand there once only.
    let is_free = |name: &str| {
        let mut taken = ours.iter().map(|(of_ours, _)| *of_ours);
        taken.all(|one| one != name) && leads.iter().all(|(of_ours, _)| *of_ours != name)
    };
    let labels = notification.labels.iter();
    let labels = labels.map(|(name, value)| (&**name, &**value));
    let labels = labels.filter(|(name, _)| is_free(name));
    let words = ours.into_iter().chain(labels);
    let words = words.map(|(name, value)| (name, line(value, VALUE_CHARS_MAX)));
    let mut out = format!("[{DATA_ID}");
    // Half an address leads elsewhere.
    for (name, value) in words.chain(leads.iter().cloned()) {
        let parameter = format!(" {}=\"{}\"", parameter_name(name), escaped(&value));
        if out.len().saturating_add(parameter.len()) < DATA_BYTES_MAX {
            out.push_str(&parameter);
        }
    }
    out.push(']');
    out
}

/// Addresses to go on at, by the names of their parameters.
fn leads(notification: &Notification, identity: &Identity) -> Vec<(&'static str, String)> {
    let runbook = match Runbook::of(&notification.runbook, identity) {
        Runbook::Address(address) => address,
        Runbook::Command(_) | Runbook::Word(_) | Runbook::None => String::new(),
    };
    let page = page_of(&Matter::of(notification).labels(identity), identity);
    let mut leads = vec![("url", page), ("runbook_url", runbook)];
    leads.retain(|(_, address)| !address.is_empty());
    leads
}

/// A name as section 6.3.2 wants it.
fn parameter_name(name: &str) -> String {
    word(name, 32).replace(['=', ']', '"'], "_")
}

/// A value as section 6.3.3 wants it.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for one in value.chars() {
        if matches!(one, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(one);
    }
    out
}
