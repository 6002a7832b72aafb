//! The few sentences that are the same on every channel: subject, first sentence, state,
//! times, and the command that silences.
//!
//! What is said of the matter itself comes with the notification.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::leads::config_flag;
use super::text::{cut, first_sentence, line, with_stop, without_stop};
use crate::incident::Message;
use crate::notification::{Notification, NotificationKind, START_FACT};
use crate::receiver::Identity;
use crate::updates::RunKind;

/// Longest subject, its bracket included, in characters: what lists of mails show.
const SUBJECT_CHARS_MAX: usize = 120;

/// Longest summary, in characters.
pub(super) const SUMMARY_CHARS_MAX: usize = 400;

/// Longest action, in characters.
pub(super) const ACTION_CHARS_MAX: usize = 2000;

/// Longest name or value of a fact or a label, in characters.
pub(super) const VALUE_CHARS_MAX: usize = 300;

/// What an action begins with that is none.
const NOTHING: &str = "Nothing";

/// What stands in brackets before a subject. Mails of one matter differ in it only, so that
/// readers thread them.
fn bracket(notification: &Notification) -> String {
    let severity = notification.severity.name();
    match &notification.kind {
        NotificationKind::Incident(Message::Firing)
        | NotificationKind::Notice
        | NotificationKind::Update(_) => format!("[ZTNA {severity}]"),
        NotificationKind::Incident(Message::Flapping | Message::Reminder | Message::Escalation) => {
            format!("[ZTNA {severity} {}]", notification.kind.word())
        }
        NotificationKind::Incident(Message::Resolved) => "[ZTNA resolved]".to_owned(),
        NotificationKind::Test => "[ZTNA test]".to_owned(),
        NotificationKind::Digest => "[ZTNA digest]".to_owned(),
    }
}

/// The subject with its own words after the bracket.
pub(super) fn subject(notification: &Notification, identity: &Identity) -> String {
    let summary = line(&notification.summary, SUMMARY_CHARS_MAX);
    subject_with(notification, without_stop(&summary), identity)
}

/// The subject with these words after the bracket, the type of alert, and the host where
/// no connector says what it is about.
pub(super) fn subject_with(
    notification: &Notification,
    words: &str,
    identity: &Identity,
) -> String {
    let alert = line(&notification.alert, 64);
    let place = if is_of_host(notification) {
        format!(" on {}", line(&identity.host, 64))
    } else {
        String::new()
    };
    let head = format!("{} {alert}{place}: ", bracket(notification));
    let tail = if 1 < notification.number {
        format!(" ({})", notification.number)
    } else {
        String::new()
    };
    let used = head.chars().count().saturating_add(tail.chars().count());
    let room = SUBJECT_CHARS_MAX.saturating_sub(used);
    format!("{head}{}{tail}", cut(&line(words, SUMMARY_CHARS_MAX), room))
}

/// Whether only the host tells it from the same of another host.
fn is_of_host(notification: &Notification) -> bool {
    match &notification.kind {
        NotificationKind::Incident(_) | NotificationKind::Notice => {
            !has_label(notification, "connector")
        }
        NotificationKind::Update(_) | NotificationKind::Test | NotificationKind::Digest => false,
    }
}

/// What, since when, what to do: one sentence, since a phone shows no more.
pub(super) fn sentence(notification: &Notification, clock: &Clock) -> String {
    let summary = line(&notification.summary, SUMMARY_CHARS_MAX);
    let what = without_stop(&summary);
    let since = clock.minute(notification.started_at);
    let action = line(&notification.action, ACTION_CHARS_MAX);
    let told = match &notification.kind {
        NotificationKind::Incident(Message::Firing | Message::Escalation) => {
            format!("{what}, since {since}")
        }
        NotificationKind::Incident(Message::Flapping) => {
            format!("{what}, again and again since {since}")
        }
        NotificationKind::Incident(Message::Reminder) => {
            format!("{what}, still, since {since}")
        }
        NotificationKind::Incident(Message::Resolved) => return over(notification, what, clock),
        NotificationKind::Notice => format!("{what}, at {since}"),
        NotificationKind::Update(_) if notification.at < notification.started_at => {
            format!("{what}; it begins at {since}")
        }
        NotificationKind::Update(_) if is_start_known(notification) => {
            format!("{what}; the run began at {since}")
        }
        NotificationKind::Update(_) => {
            format!("{what}, at {}", clock.minute(notification.dated))
        }
        // What is to be done is nothing, in the same words as everywhere.
        NotificationKind::Test => return format!("{what}."),
        NotificationKind::Digest => what.to_owned(),
    };
    // That nothing is to be done is told below.
    if action.is_empty() || is_nothing(&action) {
        format!("{told}.")
    } else {
        format!("{told}: {}", with_stop(first_sentence(&action)))
    }
}

/// Whether nothing is to be done: the first word says so, and the sentence, or this part of
/// it, is over. "Nothing but a restart helps" is no such thing.
fn is_nothing(action: &str) -> bool {
    let rest = action.strip_prefix(NOTHING);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ',', ':', ';']))
}

/// Whether a schedule or a line of the log told when the run of an update began. Else its
/// start is the moment of the first that was heard of it.
pub(super) fn is_start_known(notification: &Notification) -> bool {
    let is_scheduled = match &notification.kind {
        NotificationKind::Update(run) => run.kind == RunKind::Scheduled,
        NotificationKind::Incident(_)
        | NotificationKind::Notice
        | NotificationKind::Test
        | NotificationKind::Digest => true,
    };
    is_scheduled
        || notification
            .facts
            .iter()
            .any(|(name, _)| &**name == START_FACT)
}

fn over(notification: &Notification, what: &str, clock: &Clock) -> String {
    let since = clock.minute(notification.started_at);
    let ended_at = notification.ended_at.unwrap_or(notification.at);
    let until = clock.minute(ended_at);
    let lasted = lasted(notification.started_at, ended_at);
    // What it says was so: a sentence of its own would still claim it.
    format!("Over: the alert \"{what}\" lasted from {since} to {until} ({lasted}).")
}

/// How it stands, for the list of facts.
pub(super) fn state(notification: &Notification) -> String {
    let severity = notification.severity.name();
    match &notification.kind {
        NotificationKind::Incident(Message::Firing) => format!("firing, {severity}"),
        NotificationKind::Incident(Message::Flapping) => {
            format!("comes and goes, {severity}; nothing more is said until it is quiet")
        }
        NotificationKind::Incident(Message::Reminder) => format!("still firing, {severity}"),
        NotificationKind::Incident(Message::Escalation) => {
            format!("still firing, {severity}; told to you too since it lasts")
        }
        NotificationKind::Incident(Message::Resolved) => format!("over (it was {severity})"),
        NotificationKind::Notice | NotificationKind::Update(_) => severity.to_owned(),
        NotificationKind::Test => "a test".to_owned(),
        NotificationKind::Digest => format!("put together, {severity} at worst"),
    }
}

/// Times as a reader wants them.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    /// The reader's zone, if it is known.
    pub(super) zone: Option<TimeZone>,
}

impl Clock {
    /// A time to the minute: `2026-12-08 06:00 CET (05:00 UTC)`.
    pub(super) fn minute(&self, at: Timestamp) -> String {
        self.written(at, "%Y-%m-%d %H:%M")
    }

    /// A time to the second, with its day.
    pub(super) fn second(&self, at: Timestamp) -> String {
        self.written(at, "%a %Y-%m-%d %H:%M:%S")
    }

    fn written(&self, at: Timestamp, form: &str) -> String {
        let utc = at.to_zoned(TimeZone::UTC);
        let Some(zone) = &self.zone else {
            return format!("{} UTC", utc.strftime(form));
        };
        let here = at.to_zoned(zone.clone());
        let is_same_day = here.date() == utc.date();
        let short = if is_same_day {
            "%H:%M"
        } else {
            "%Y-%m-%d %H:%M"
        };
        let name = here.strftime("%Z");
        format!(
            "{} {name} ({} UTC)",
            here.strftime(form),
            utc.strftime(short)
        )
    }
}

/// How long something lasted, in the two largest units that say something.
pub(super) fn lasted(from: Timestamp, until: Timestamp) -> String {
    let seconds = until.duration_since(from).as_secs().max(0);
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    if 0 < days {
        format!("{days} d {hours} h")
    } else if 0 < hours {
        format!("{hours} h {minutes} min")
    } else if 0 < minutes {
        format!("{minutes} min")
    } else {
        format!("{rest} s")
    }
}

/// The command that silences this matter for two hours.
///
/// It is going to be pasted into a shell, and values may come from a log: what is not
/// plain ends the value, and a star stands for the rest, as it does in a silence. Of an
/// update it names what the next one has in common with this: a run never comes again.
pub(super) fn silence_command(notification: &Notification, identity: &Identity) -> String {
    let config = config_flag(identity);
    let mut command =
        format!("ztna-exporter alerts silence add{config} --for 2h --who 'NAME' --why 'WHY'");
    let rule = ("rule", &*notification.rule);
    let labels = lasting_labels(notification);
    let pairs = std::iter::once(rule).chain(labels.map(|(name, value)| (&**name, &**value)));
    for (name, value) in pairs {
        if !name.chars().all(is_plain) {
            continue;
        }
        let is_fit = |one: &char| is_plain(*one) || *one == ' ';
        let fit: String = value.chars().take(100).take_while(is_fit).collect();
        let rest = if fit.len() == value.len() { "" } else { "*" };
        if rest.is_empty() && !fit.contains(' ') {
            command.push_str(&format!(" {name}={fit}"));
        } else {
            command.push_str(&format!(" '{name}={fit}{rest}'"));
        }
    }
    command
}

/// The labels that another message about the same would have too.
fn lasting_labels(notification: &Notification) -> impl Iterator<Item = &(Arc<str>, Arc<str>)> {
    let is_of_run = is_of_run(notification);
    let whose = if has_label(notification, "connector") {
        "connector"
    } else {
        "profile"
    };
    let labels = notification.labels.iter();
    labels.filter(move |(name, _)| !is_of_run || &**name == whose)
}

/// Whether it is about a run of updates, or of its end.
pub(super) fn is_of_run(notification: &Notification) -> bool {
    matches!(notification.kind, NotificationKind::Update(_)) || has_label(notification, "run")
}

fn has_label(notification: &Notification, wanted: &str) -> bool {
    let mut labels = notification.labels.iter();
    labels.any(|(name, _)| &**name == wanted)
}

/// A character that no shell looks at twice.
pub(super) const fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-' | ':' | '@' | '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_to_be_done_only_where_the_sentence_ends_with_it() {
        for action in [
            "Nothing",
            "Nothing.",
            "Nothing, if it is meant to be",
            "Nothing: wait",
        ] {
            assert!(is_nothing(action), "{action}");
        }
        for action in ["Nothing but a restart helps", "Restart it", "Nothings"] {
            assert!(!is_nothing(action), "{action}");
        }
    }
}
