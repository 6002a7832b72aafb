//! From what is written to a rule, key by key.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use model::alert::Severity;

use super::Mistake;
use super::raw::{RawEscalation, RawInhibition, RawResolve, RawRule};
use super::scalar::{Span, Words};
use super::trigger::{self, Form};
use crate::batch::Patience;
use crate::incident::Cadence;
use crate::rule::condition::{Condition, Subject};
use crate::rule::nearest::near;
use crate::rule::runbook::Runbook;
use crate::rule::wording::{Told, UPDATE_FACTS, Vocabulary, Wording};
use crate::rule::{BatchBy, Inhibition, ResolveOn, Rule, SeverityOf, Trigger};

/// Longest id and longest name of an alert, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The shortest time between two reminders: a shorter one is a flood.
const REPEAT_MIN: Duration = Duration::from_secs(60);

/// The labels that alerts of events can be told apart by.
pub(super) const EVENT_LABELS: &[&str] = &["connector", "event", "reason", "log"];

/// Makes a rule of what is written.
pub(super) fn rule(raw: RawRule, place: Arc<str>) -> Result<Rule, Mistake> {
    id(&raw.id)?;
    let form = trigger::form(&raw)?;
    refuse_foreign_keys(&raw, form)?;
    let by = trigger::by(&raw, form)?;
    let on = trigger::trigger(&raw, form)?;
    let vocabulary = vocabulary(&on, &by);
    Ok(Rule {
        alert: alert(raw.alert.as_deref())?,
        when: when(raw.when.as_deref(), form)?,
        severity: severity(raw.severity.as_deref(), &vocabulary)?,
        resolve_on: raw.resolve_on.map(resolve_on).transpose()?,
        dedup: raw.dedup.unwrap_or_default().0,
        batch: batch(&raw.batch, &by, form)?,
        cadence: cadence(raw.repeat, raw.escalate.as_ref())?,
        receivers: names("receivers", raw.receivers)?,
        escalate_to: names("escalate.to", raw.escalate.map(|one| one.to))?,
        inhibited_by: inhibited_by(raw.inhibited_by, &by, &raw.id)?,
        is_explained_by_update: raw.explained_by_update.unwrap_or(false),
        send_resolved: raw.send_resolved.unwrap_or(true),
        summary: sentence("summary", raw.summary.as_deref(), &vocabulary)?,
        action: sentence("action", raw.action.as_deref(), &vocabulary)?,
        runbook: runbook(raw.runbook.as_deref())?,
        id: Arc::from(raw.id),
        by,
        on,
        place,
    })
}

/// Whether an id is one.
pub(super) fn id(text: &str) -> Result<(), Mistake> {
    let is_plain = |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || one == b'-';
    let is_id = text.bytes().all(is_plain) && !text.starts_with('-') && !text.ends_with('-');
    if is_id && !text.is_empty() && text.len() <= NAME_BYTES_MAX {
        return Ok(());
    }
    Err(Mistake::new(
        "id",
        "is no id, want 1 to 64 of a-z, 0-9 and hyphens, such as tunnel-down",
    ))
}

fn alert(text: Option<&str>) -> Result<Arc<str>, Mistake> {
    let wanted = "want 1 to 64 of A-Z, 0-9 and underscores, such as TUNNEL_DOWN";
    let text = text.ok_or_else(|| Mistake::new("", format!("has no `alert`, {wanted}")))?;
    let is_plain = |one: u8| one.is_ascii_uppercase() || one.is_ascii_digit() || one == b'_';
    if text.is_empty() || NAME_BYTES_MAX < text.len() || !text.bytes().all(is_plain) {
        return Err(Mistake::new(
            "alert",
            format!("is no type of alert, {wanted}"),
        ));
    }
    Ok(Arc::from(text))
}

/// Refuses keys that mean nothing for this kind of rule: they would be read as if they did.
fn refuse_foreign_keys(raw: &RawRule, form: Form) -> Result<(), Mistake> {
    let is_sample = form == Form::Sample;
    let is_event = matches!(form, Form::Event | Form::Absence);
    let is_update = matches!(form, Form::Update(_));
    let keys: [(&str, bool, bool, &str); 12] = [
        ("above", raw.above.is_some(), is_sample, "samples"),
        ("below", raw.below.is_some(), is_sample, "samples"),
        ("clear", raw.clear.is_some(), is_sample, "samples"),
        ("for", raw.lasting.is_some(), is_sample, "samples"),
        (
            "keep_firing_for",
            raw.keep_firing_for.is_some(),
            is_sample,
            "samples",
        ),
        (
            "resolve_on",
            raw.resolve_on.is_some(),
            is_event,
            "events and absences",
        ),
        ("dedup", raw.dedup.is_some(), form == Form::Event, "events"),
        (
            "when",
            raw.when.is_some(),
            is_event,
            "events and absences; a limit is a key",
        ),
        (
            "batch",
            raw.batch.is_some(),
            form == Form::Event || is_update,
            "events",
        ),
        (
            "by",
            raw.by.is_some(),
            !is_update,
            "all but updates: theirs is `batch.by`",
        ),
        (
            "explained_by_update",
            raw.explained_by_update.is_some(),
            !is_update,
            "all but updates",
        ),
        (
            "inhibited_by",
            raw.inhibited_by.is_some(),
            !is_update,
            "all but updates",
        ),
    ];
    for (key, is_there, is_meant, of) in keys {
        if is_there && !is_meant {
            let message = format!("means nothing here: it is for rules on {of}");
            return Err(Mistake::new(key, message));
        }
    }
    if raw.dedup.is_some() && raw.resolve_on.is_some() {
        let message = "means nothing beside `resolve_on`: what lasts is told once anyhow";
        return Err(Mistake::new("dedup", message));
    }
    if raw.batch.is_some() && raw.resolve_on.is_some() {
        let message = "means nothing beside `resolve_on`: only notices are put together";
        return Err(Mistake::new("batch", message));
    }
    Ok(())
}

fn when(text: Option<&str>, form: Form) -> Result<Option<Condition>, Mistake> {
    let subject = if form == Form::Absence {
        Subject::State
    } else {
        Subject::Event
    };
    text.map(|text| Condition::compile(text, subject))
        .transpose()
        .map_err(|wrong| Mistake::new("when", wrong))
}

fn severity(text: Option<&str>, vocabulary: &Vocabulary) -> Result<SeverityOf, Mistake> {
    let wanted = "want info, warning or critical";
    let text = text.ok_or_else(|| Mistake::new("", format!("has no `severity`, {wanted}")))?;
    if text.contains("{{") || text.contains("{%") {
        let wording = Wording::compile(text, vocabulary);
        return wording
            .map(SeverityOf::Told)
            .map_err(|wrong| Mistake::new("severity", wrong));
    }
    let words = Severity::ALL.iter().map(|one| one.name());
    Severity::from_name(text)
        .map(SeverityOf::Is)
        .ok_or_else(|| {
            let message = format!("is `{text}`{}, {wanted}", near(text, words));
            Mistake::new("severity", message)
        })
}

fn resolve_on(raw: RawResolve) -> Result<ResolveOn, Mistake> {
    let kinds = trigger::kinds("resolve_on.event", &raw.event)?;
    trigger::refuse_daily_business("resolve_on.event", &kinds)?;
    // A reason is a condition on one, said in fewer words.
    let reasons = trigger::reasons("resolve_on.reason", raw.reason.as_ref())?;
    let quoted: Vec<String> = reasons.iter().map(|one| format!("\"{one}\"")).collect();
    let of_reasons = format!("event.reason in [{}]", quoted.join(", "));
    let text = match (raw.when, quoted.is_empty()) {
        (when, true) => when,
        (None, false) => Some(of_reasons),
        (Some(when), false) => {
            // Compiled alone first: a mistake in it is told as it is written.
            compiled("resolve_on.when", &when)?;
            Some(format!("({of_reasons}) && ({when})"))
        }
    };
    Ok(ResolveOn {
        kinds,
        when: text
            .map(|text| compiled("resolve_on.when", &text))
            .transpose()?,
    })
}

fn compiled(key: &str, text: &str) -> Result<Condition, Mistake> {
    Condition::compile(text, Subject::Event).map_err(|wrong| Mistake::new(key, wrong))
}

fn batch(
    raw: &Option<super::raw::RawBatch>,
    by: &[Arc<str>],
    form: Form,
) -> Result<Option<BatchBy>, Mistake> {
    let Some(raw) = raw else {
        return Ok(None);
    };
    if let Form::Update(alert) = form {
        trigger::check_update_batch(raw, alert)?;
        return Ok(None);
    }
    let mut labels = Vec::new();
    for label in &raw.by.0 {
        if !by.iter().any(|one| **one == **label) {
            let message = format!("has `{label}`, which is not in the rule's `by`");
            return Err(Mistake::new("batch.by", message));
        }
        labels.push(Arc::from(label.as_str()));
    }
    let quiet = raw.wait.unwrap_or(Span(Duration::from_secs(120))).0;
    let longest = raw.max_wait.map_or(quiet.saturating_mul(5), |span| span.0);
    if longest < quiet {
        let message = "is shorter than `wait`, want at least as long";
        return Err(Mistake::new("batch.max_wait", message));
    }
    let signed = |span| SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    Ok(Some(BatchBy {
        by: labels,
        wait: Patience {
            quiet: signed(quiet),
            longest: signed(longest),
            deadline: None,
        },
    }))
}

fn cadence(repeat: Option<Span>, escalate: Option<&RawEscalation>) -> Result<Cadence, Mistake> {
    if repeat.is_some_and(|span| span.0 < REPEAT_MIN) {
        let message = "is shorter than a minute: that is a flood, want at least 1m";
        return Err(Mistake::new("repeat", message));
    }
    if escalate.is_some_and(|one| one.to.0.is_empty()) {
        return Err(Mistake::new("escalate.to", "is empty, want receivers"));
    }
    Ok(Cadence {
        repeat: repeat.map(|span| span.0),
        escalate: escalate.map(|one| one.after.0),
    })
}

/// Names of receivers: whether they exist is known to the caller only.
fn names(key: &str, words: Option<Words>) -> Result<Vec<Arc<str>>, Mistake> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for word in words.unwrap_or_default().0 {
        if word.is_empty() || NAME_BYTES_MAX < word.len() {
            let message = "has an empty name or one of more than 64 bytes";
            return Err(Mistake::new(key, message));
        }
        if names.iter().any(|one| **one == *word) {
            return Err(Mistake::new(
                key,
                format!("has `{word}` twice, want it once"),
            ));
        }
        names.push(Arc::from(word));
    }
    Ok(names)
}

fn inhibited_by(
    raw: Option<Vec<RawInhibition>>,
    by: &[Arc<str>],
    own_id: &str,
) -> Result<Vec<Inhibition>, Mistake> {
    let mut inhibitions = Vec::new();
    for (number, one) in raw.unwrap_or_default().into_iter().enumerate() {
        let key = |name: &str| format!("inhibited_by[{number}].{name}");
        if one.rule == own_id {
            return Err(Mistake::new(&key("rule"), "is the rule itself"));
        }
        let mut equal = Vec::new();
        for label in one.equal.unwrap_or_default().0 {
            if !by.iter().any(|own| **own == *label) {
                let message = format!("has `{label}`, which is not in the rule's `by`");
                return Err(Mistake::new(&key("equal"), message));
            }
            equal.push(Arc::from(label));
        }
        inhibitions.push(Inhibition {
            rule: Arc::from(one.rule),
            equal,
        });
    }
    Ok(inhibitions)
}

fn sentence(key: &str, text: Option<&str>, vocabulary: &Vocabulary) -> Result<Wording, Mistake> {
    let text = text.map(str::trim).unwrap_or_default();
    if text.is_empty() {
        let message = format!("has no `{key}`, want a sentence for people");
        return Err(Mistake::new("", message));
    }
    Wording::compile(text, vocabulary).map_err(|wrong| Mistake::new(key, wrong))
}

fn runbook(text: Option<&str>) -> Result<Arc<str>, Mistake> {
    let text = text.unwrap_or_default();
    let read = Runbook::checked(text);
    read.map_err(|wrong| Mistake::new("runbook", wrong))?;
    Ok(Arc::from(text))
}

/// What the sentences of a rule can ask for.
fn vocabulary(on: &Trigger, by: &[Arc<str>]) -> Vocabulary {
    let mut words = Vocabulary {
        labels: by.to_vec(),
        ..Vocabulary::default()
    };
    match on {
        Trigger::Event { .. } => {
            words.has_event = true;
            words.has_failure = true;
        }
        Trigger::Rate {
            at_least, within, ..
        } => {
            let count = u32::try_from(*at_least).unwrap_or(u32::MAX);
            words
                .fixed
                .push(("at_least", Told::Number(f64::from(count))));
            words
                .fixed
                .push(("within", Told::Number(within.as_secs_f64())));
        }
        Trigger::Sample { level, .. } => {
            words.fixed.push(("limit", Told::Number(level.limit)));
            let lasting = level.lasting.as_secs_f64();
            words.fixed.push(("lasting", Told::Number(lasting)));
        }
        Trigger::Absence { within, .. } => {
            words
                .fixed
                .push(("within", Told::Number(within.as_secs_f64())));
        }
        Trigger::Update(_) => {
            words.labels.clear();
            words.facts = UPDATE_FACTS;
            words.has_failure = true;
        }
    }
    words
}
