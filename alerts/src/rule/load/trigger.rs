//! What sets a rule off: which of the five it is, and whether it makes sense.

use std::sync::Arc;
use std::time::Duration;

use model::event::{EventKind, Reason};
use model::signal::{Signal, SignalKind, SignalRow, Unit};

use super::Mistake;
use super::check::EVENT_LABELS;
use super::raw::{RawBatch, RawRule, RawTrigger};
use super::scalar::{Amount, Words, share, size, span};
use crate::level::{Level, Side};
use crate::rule::nearest::near;
use crate::rule::{Counted, Only, Trigger, View};
use crate::updates::UpdateAlert;

/// The longest time over which events are counted.
const RATE_WITHIN_MAX: Duration = Duration::from_secs(7 * 86_400);

/// Most events that a rule counts.
const RATE_MAX: u64 = 1_000_000;

/// How far ahead the vendor tells of an update.
const LEAD: Duration = Duration::from_secs(24 * 3_600);

/// Which of the five it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Event,
    Rate,
    /// How often, of a counter.
    Growth,
    Sample,
    Absence,
    Update(UpdateAlert),
}

/// Which of the five a rule is, by its keys.
pub(super) fn form(raw: &RawRule) -> Result<Form, Mistake> {
    let wanted = "want one of `event`, `sample`, `absence` and `schedule`";
    let on = raw
        .on
        .as_ref()
        .ok_or_else(|| Mistake::new("", format!("has no `on`, {wanted} in it")))?;
    let form = match (&on.event, &on.sample, &on.absence, &on.schedule) {
        (Some(kinds), None, None, None) => event_form(raw, on, kinds)?,
        (None, Some(_), None, None) if on.at_least.is_some() || on.within.is_some() => Form::Growth,
        (None, Some(_), None, None) => Form::Sample,
        (None, None, Some(_), None) => Form::Absence,
        (None, None, None, Some(word)) if word == "update_profile" => {
            Form::Update(UpdateAlert::WillStart)
        }
        (None, None, None, Some(word)) => {
            let message = format!("is `{word}`, want update_profile");
            return Err(Mistake::new("on.schedule", message));
        }
        _ => return Err(Mistake::new("on", format!("is not clear, {wanted}"))),
    };
    refuse_foreign_keys(on, form)?;
    Ok(form)
}

fn event_form(raw: &RawRule, on: &RawTrigger, words: &Words) -> Result<Form, Mistake> {
    if on.at_least.is_some() || on.within.is_some() {
        return Ok(Form::Rate);
    }
    let kinds = kinds("on.event", words)?;
    let mut alerts = kinds.iter().map(|kind| update_alert(*kind));
    // Told one by one, an update is an event as any other; told together, the vendor says how.
    match (raw.batch.is_some(), alerts.next().flatten(), kinds.len()) {
        (true, Some(alert), 1) => Ok(Form::Update(alert)),
        (true, _, _) if alerts.any(|one| one.is_some()) => Err(Mistake::new(
            "on.event",
            "has several events of updates, want one of them in a rule with `batch`",
        )),
        _ => Ok(Form::Event),
    }
}

const fn update_alert(kind: EventKind) -> Option<UpdateAlert> {
    match kind {
        EventKind::UpdateStarted => Some(UpdateAlert::Started),
        EventKind::UpdateSucceeded => Some(UpdateAlert::Succeeded),
        EventKind::UpdateFailed => Some(UpdateAlert::Failed),
        EventKind::UpdateSkipped => Some(UpdateAlert::Skipped),
        EventKind::UpdateReconnectFailed => Some(UpdateAlert::ConnectionFailed),
        _ => None,
    }
}

fn refuse_foreign_keys(on: &RawTrigger, form: Form) -> Result<(), Mistake> {
    let is_event = matches!(form, Form::Event | Form::Rate);
    let keys: [(&str, bool, bool); 6] = [
        ("on.reason", on.reason.is_some(), is_event),
        ("on.by", on.by.is_some(), !matches!(form, Form::Update(_))),
        (
            "on.only",
            on.only.is_some(),
            matches!(form, Form::Sample | Form::Growth),
        ),
        ("on.as", on.view.is_some(), form == Form::Sample),
        (
            "on.within",
            on.within.is_some(),
            matches!(form, Form::Rate | Form::Growth),
        ),
        (
            "on.lead",
            on.lead.is_some(),
            form == Form::Update(UpdateAlert::WillStart),
        ),
    ];
    for (key, is_there, is_meant) in keys {
        if is_there && !is_meant {
            return Err(Mistake::new(key, "means nothing in a rule of this kind"));
        }
    }
    Ok(())
}

/// The trigger itself.
pub(super) fn trigger(raw: &RawRule, form: Form) -> Result<Trigger, Mistake> {
    let missing = || Mistake::new("on", "is empty");
    let on = raw.on.as_ref().ok_or_else(missing)?;
    match form {
        Form::Event => {
            let kinds = kinds("on.event", on.event.as_ref().ok_or_else(missing)?)?;
            refuse_daily_business("on.event", &kinds)?;
            let reasons = reasons("on.reason", on.reason.as_ref())?;
            Ok(Trigger::Event { kinds, reasons })
        }
        Form::Rate => {
            let kinds = kinds("on.event", on.event.as_ref().ok_or_else(missing)?)?;
            let reasons = reasons("on.reason", on.reason.as_ref())?;
            rate(on, Counted::Events { kinds, reasons })
        }
        Form::Growth => {
            let row = signal(on)?;
            if row.kind != SignalKind::Counter {
                let message = "is no counter: `at_least` and `within` ask by how much one grows";
                return Err(Mistake::new("on.sample", message));
            }
            let signal = row.signal;
            let only = only(on, row)?;
            rate(on, Counted::Growth { signal, only })
        }
        Form::Sample => sample(raw, on),
        Form::Absence => {
            let absence = on.absence.as_ref().ok_or_else(missing)?;
            let after = kinds("on.absence.after", &absence.after)?;
            refuse_daily_business("on.absence.after", &after)?;
            let until = kinds("on.absence.until", &absence.until)?;
            refuse_daily_business("on.absence.until", &until)?;
            if absence.within.0.is_zero() {
                return Err(Mistake::new("on.absence.within", "is 0, want a time"));
            }
            Ok(Trigger::Absence {
                after,
                until,
                within: absence.within.0,
            })
        }
        Form::Update(alert) => {
            if on.lead.is_some_and(|lead| lead.0 != LEAD) {
                let message = "is fixed: the vendor tells 24h ahead, and so do we";
                return Err(Mistake::new("on.lead", message));
            }
            Ok(Trigger::Update(alert))
        }
    }
}

fn rate(on: &RawTrigger, of: Counted) -> Result<Trigger, Mistake> {
    let missing = |key: &str| Mistake::new("on", format!("has no `{key}`"));
    let at_least = on.at_least.ok_or_else(|| missing("at_least"))?;
    let within = on.within.ok_or_else(|| missing("within"))?.0;
    if at_least == 0 || RATE_MAX < at_least {
        let message = format!("is {at_least}, want 1 to {RATE_MAX}");
        return Err(Mistake::new("on.at_least", message));
    }
    if within.is_zero() || RATE_WITHIN_MAX < within {
        return Err(Mistake::new("on.within", "is out of bounds, want 1s to 7d"));
    }
    Ok(Trigger::Rate {
        of,
        at_least,
        within,
    })
}

fn sample(raw: &RawRule, on: &RawTrigger) -> Result<Trigger, Mistake> {
    let row = signal(on)?;
    let view = view(on.view.as_deref(), row)?;
    let (side, key, limit) = match (&raw.above, &raw.below) {
        (Some(limit), None) => (Side::Above, "above", limit),
        (None, Some(limit)) => (Side::Below, "below", limit),
        (Some(_), Some(_)) => {
            return Err(Mistake::new(
                "below",
                "stands beside `above`, want one of them",
            ));
        }
        (None, None) => return Err(Mistake::new("", "has no limit, want `above` or `below`")),
    };
    let limit = number(key, limit, row, view)?;
    let clear = raw
        .clear
        .as_ref()
        .map(|clear| number("clear", clear, row, view))
        .transpose()?;
    let is_on_good_side = clear.is_none_or(|clear| match side {
        Side::Above => clear <= limit,
        Side::Below => limit <= clear,
    });
    if !is_on_good_side {
        let message = format!(
            "is on the bad side of `{key}`, want at {} {limit}",
            match side {
                Side::Above => "most",
                Side::Below => "least",
            }
        );
        return Err(Mistake::new("clear", message));
    }
    Ok(Trigger::Sample {
        signal: row.signal,
        view,
        only: only(on, row)?,
        level: Level {
            side,
            limit,
            clear,
            lasting: raw.lasting.unwrap_or_default().0,
            keep_firing: raw.keep_firing_for.unwrap_or_default().0,
        },
    })
}

/// The row of the signal that a rule asks for.
fn signal(on: &RawTrigger) -> Result<&'static SignalRow, Mistake> {
    let name = on.sample.as_deref().unwrap_or_default();
    let wrong = |message: String| Mistake::new("on.sample", message);
    if name.starts_with("ztna_") {
        let message = "begins with `ztna_`, want the name without it".to_owned();
        return Err(wrong(message));
    }
    let Some(signal) = Signal::from_name(&format!("ztna_{name}")) else {
        let known = model::signal::SIGNALS.iter();
        let known = known.filter_map(|row| row.name.strip_prefix("ztna_"));
        return Err(wrong(format!(
            "is `{name}`, which is no metric{}; all are in docs/metrics.md",
            near(name, known)
        )));
    };
    let row = signal.row();
    match row.kind {
        SignalKind::Gauge | SignalKind::Counter | SignalKind::StateSet => Ok(row),
        SignalKind::Info => Err(wrong(format!(
            "is `{name}`, which is always 1: its labels say something, and not its value"
        ))),
        SignalKind::Histogram => Err(wrong(format!(
            "is `{name}`, which has no single value: it is a histogram"
        ))),
    }
}

fn view(word: Option<&str>, row: &SignalRow) -> Result<View, Mistake> {
    let is_moment = row.name.ends_with("_timestamp_seconds") || row.name.ends_with("_time_seconds");
    let wrong = |message: String| Err(Mistake::new("on.as", message));
    let view = match word.unwrap_or("value") {
        "value" => View::Value,
        "seconds_since" => View::SecondsSince,
        "seconds_until" => View::SecondsUntil,
        other => {
            return wrong(format!(
                "is `{other}`, want value, seconds_since or seconds_until"
            ));
        }
    };
    if view != View::Value && !is_moment {
        return wrong("wants a metric that is a moment: `…_timestamp_seconds`".to_owned());
    }
    if view == View::Value && is_moment {
        return wrong(
            "is missing: a moment wants `as: seconds_since` or `seconds_until`".to_owned(),
        );
    }
    Ok(view)
}

fn number(key: &str, amount: &Amount, row: &SignalRow, view: View) -> Result<f64, Mistake> {
    let text = match amount {
        Amount::Number(number) => return Ok(*number),
        Amount::Text(text) => text,
    };
    let is_share = row.name.ends_with("_ratio");
    let (read, wanted) = if view != View::Value || row.unit == Unit::Seconds {
        let seconds = span(text).map(|span| span.as_secs_f64());
        (seconds, "seconds, or a time like 14d")
    } else if row.unit == Unit::Bytes {
        (size(text), "bytes, or a size like 1GB")
    } else if is_share {
        (share(text), "a share like 0.75 or 75%")
    } else {
        (None, "a number")
    };
    read.ok_or_else(|| Mistake::new(key, format!("is `{text}`, want {wanted}")))
}

fn only(on: &RawTrigger, row: &SignalRow) -> Result<Only, Mistake> {
    let mut only = Vec::new();
    for (label, values) in on.only.iter().flatten() {
        known_label(&format!("on.only.{label}"), label, row.labels)?;
        if values.0.is_empty() {
            return Err(Mistake::new(&format!("on.only.{label}"), "has no value"));
        }
        let values = values.0.iter().map(|value| Arc::from(value.as_str()));
        only.push((Arc::from(label.as_str()), values.collect()));
    }
    Ok(only)
}

/// The labels that the rule's alerts are told apart by.
pub(super) fn by(raw: &RawRule, form: Form) -> Result<Vec<Arc<str>>, Mistake> {
    let inner = raw.on.as_ref().and_then(|on| on.by.as_ref());
    let (key, words) = match (inner, &raw.by) {
        (Some(_), Some(_)) => return Err(Mistake::new("by", "stands in `on` as well")),
        (Some(words), None) => ("on.by", Some(words)),
        (None, words) => ("by", words.as_ref()),
    };
    let (known, usual): (&[&str], &[&str]) = match form {
        Form::Sample | Form::Growth => {
            let row = signal(raw.on.as_ref().unwrap_or(&RawTrigger::default()))?;
            (row.labels, row.labels)
        }
        Form::Event | Form::Rate => (EVENT_LABELS, &["connector"]),
        Form::Absence => (&["connector"], &["connector"]),
        Form::Update(_) => return Ok(Vec::new()),
    };
    let Some(words) = words else {
        return Ok(usual.iter().map(|label| Arc::from(*label)).collect());
    };
    let mut labels: Vec<Arc<str>> = Vec::new();
    for label in &words.0 {
        // Counted events have no log.
        let is_uncounted = form == Form::Rate && label == "log";
        if is_uncounted {
            return Err(Mistake::new(
                key,
                "has `log`, which counted events do not have",
            ));
        }
        known_label(key, label, known)?;
        if labels.iter().any(|one| **one == **label) {
            return Err(Mistake::new(key, format!("has `{label}` twice")));
        }
        labels.push(Arc::from(label.as_str()));
    }
    Ok(labels)
}

fn known_label(key: &str, label: &str, known: &[&str]) -> Result<(), Mistake> {
    if known.contains(&label) {
        return Ok(());
    }
    let there = if known.is_empty() {
        "it has no labels".to_owned()
    } else {
        format!("there are {}", known.join(", "))
    };
    Err(Mistake::new(
        key,
        format!(
            "has the label `{label}`, which there is not{}; {there}",
            near(label, known.iter().copied())
        ),
    ))
}

/// The events of a list of names.
pub(super) fn kinds(key: &str, words: &Words) -> Result<Vec<EventKind>, Mistake> {
    let mut kinds = Vec::new();
    for word in &words.0 {
        let Some(kind) = EventKind::from_name(word) else {
            let known = EventKind::ALL.iter().map(|kind| kind.name());
            let message = format!("has `{word}`, which is no event{}", near(word, known));
            return Err(Mistake::new(key, message));
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() {
        return Err(Mistake::new(key, "is empty, want an event"));
    }
    Ok(kinds)
}

/// The reasons of a list of words.
pub(super) fn reasons(key: &str, words: Option<&Words>) -> Result<Vec<Reason>, Mistake> {
    let mut reasons = Vec::new();
    for word in words.iter().flat_map(|words| &words.0) {
        let reason = Reason::new(word).ok_or_else(|| {
            let message = format!("has `{word}`, want a word of a-z, 0-9 and underscores");
            Mistake::new(key, message)
        })?;
        reasons.push(reason);
    }
    if words.is_some() && reasons.is_empty() {
        return Err(Mistake::new(
            key,
            "is empty, want a reason, or leave it out",
        ));
    }
    Ok(reasons)
}

/// Events of daily business are counted and not looked at one by one: a rule on them would
/// never be stepped.
pub(super) fn refuse_daily_business(key: &str, kinds: &[EventKind]) -> Result<(), Mistake> {
    let daily = kinds.iter().find(|kind| kind.is_daily_business());
    daily.map_or(Ok(()), |kind| {
        Err(Mistake::new(
            key,
            format!(
                "has {}, which is daily business and only counted, want a rule with \
                 `at_least` and `within`",
                kind.name()
            ),
        ))
    })
}

/// Holds the keys of a mail about updates to the vendor's.
pub(super) fn check_update_batch(raw: &RawBatch, alert: UpdateAlert) -> Result<(), Mistake> {
    let wanted = alert.labels();
    let mut given: Vec<&str> = raw.by.0.iter().map(String::as_str).collect();
    given.sort_unstable();
    let mut sorted = wanted.to_vec();
    sorted.sort_unstable();
    if given != sorted {
        let message = format!(
            "is not how the vendor groups {}, want [{}]",
            alert.name(),
            wanted.join(", ")
        );
        return Err(Mistake::new("batch.by", message));
    }
    if raw.wait.is_some() || raw.max_wait.is_some() {
        let message = "has times, which are fixed for updates: see docs/alert-rules.md";
        return Err(Mistake::new("batch", message));
    }
    Ok(())
}
