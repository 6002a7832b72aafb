//! Says it: each rule on its kind words what is to be told, and names it.
//!
//! A sentence of a rule that cannot be rendered, or a condition that cannot be evaluated,
//! never keeps anything from being told: built-in words take its place, and the fault is
//! said. Names are made of what is said, so that they are the same if it is said again.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::alert::{HistoryRow, Severity};
use model::snapshot::RecentEvent;

use super::super::lines::{Lines, UpdateSpan};
use super::super::naming::key_of;
use super::{Decided, EngineTime, Look, UpdateDesk, words};
use crate::fingerprint::fingerprint;
use crate::notification::{Notification, NotificationItem, NotificationKind};
use crate::rule::wording::{Told as Fact, WordingScope};
use crate::rule::{CONNECTOR, Rule, SeverityOf, catalogue};
use crate::updates::{RunId, RunKind, UpdateAlert};

/// What is to be said, before a rule words it.
pub(super) struct Saying {
    pub(super) kind: NotificationKind,
    pub(super) alert: UpdateAlert,
    pub(super) run: RunId,
    /// What its members have in common: labels, sorted by name.
    pub(super) labels: Vec<(Arc<str>, Arc<str>)>,
    /// What tells it apart from all else that is said of the same.
    pub(super) what: String,
    pub(super) number: u32,
    pub(super) members: Vec<Member>,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) lead: Option<SignedDuration>,
    /// Stands before the rule's sentence.
    pub(super) opening: Opening,
    pub(super) ended_at: Option<Timestamp>,
    /// Why it is said now, for the history.
    pub(super) why: String,
}

/// Who is told about.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) item: NotificationItem,
    pub(super) reason: Option<Arc<str>>,
    pub(super) version: Option<Arc<str>>,
    /// What conditions of rules ask about.
    pub(super) event: Option<RecentEvent>,
    /// When lines of its log may tell of it, if it has begun.
    pub(super) span: Option<UpdateSpan>,
}

/// What comes before a rule's own sentence.
pub(super) enum Opening {
    Nothing,
    Before(&'static str),
}

impl UpdateDesk {
    /// Says it by every rule on its kind; without one it is a line of history.
    pub(super) fn say(&mut self, saying: &Saying, look: &Look<'_>) {
        let rules = self.rules_on(saying.alert);
        if rules.is_empty() {
            let reason = format!("not told: no rule is on {}", saying.alert.name());
            let key = key_of("update", &saying.labels);
            self.note(look.now, ("", &key), Decided::Update, reason);
        }
        for rule in rules {
            self.say_by(&rule, saying, look);
        }
    }

    fn say_by(&mut self, rule: &Arc<Rule>, saying: &Saying, look: &Look<'_>) {
        let now = look.now;
        let key = key_of(&rule.id, &saying.labels);
        let mut faults = Vec::new();
        let mut members = saying.members.clone();
        members.retain(|member| wants(rule, member, look, &mut faults));
        if members.is_empty() {
            let reason = "not told: the rule's condition leaves everybody out".to_owned();
            self.note(now, (&rule.id, &key), Decided::Update, reason);
            return;
        }
        let is_over = saying.ended_at.is_some();
        if is_over && !rule.send_resolved {
            let reason = format!("not told, as the rule wants it: {}", saying.why);
            self.note(now, (&rule.id, &key), Decided::Resolved, reason);
            return;
        }
        let mut notification = self.worded((rule, saying), &members, faults, now);
        notification.log_lines = quoted(saying.alert, &members, look.lines);
        let decided = if is_over {
            Decided::Resolved
        } else {
            Decided::Update
        };
        // Who ended in two ways has two rows.
        let who = distinct(members.iter().map(|one| Arc::clone(&one.item.name)));
        let reason = format!("{}: {}", words::names(&who), saying.why);
        self.note(now, (&rule.id, &notification.key), decided, reason);
        if let Some(last) = self.output.history.last_mut() {
            last.notification = Some(Arc::clone(&notification.id));
        }
        self.output.notifications.push(notification);
    }

    fn worded(
        &self,
        (rule, saying): (&Rule, &Saying),
        members: &[Member],
        mut faults: Vec<String>,
        now: EngineTime,
    ) -> Notification {
        let key = key_of(&rule.id, &saying.labels);
        let names = distinct(members.iter().map(|one| Arc::clone(&one.item.name)));
        let reasons = distinct(members.iter().filter_map(|one| one.reason.clone()));
        let spoken = Spoken {
            desk: self,
            rule,
            saying,
            names: &names,
            reasons: &reasons,
            members,
        };
        let summary = spoken.summary(&mut faults);
        let (severity, action) = spoken.severity_and_action(&mut faults);
        let mut facts = saying.facts.clone();
        facts.extend(where_to_look(&reasons, &action));
        let mut labels = saying.labels.clone();
        if let [only] = names.as_slice() {
            labels.push((Arc::from(CONNECTOR), Arc::clone(only)));
            labels.sort();
        }
        let start = saying.run.start.to_string();
        let number = saying.number.to_string();
        let mut parts = vec![&*self.plan.agent, &key, &start, &saying.what, &number];
        parts.extend(names.iter().map(|name| &**name));
        let id = fingerprint(&parts);
        Notification {
            id,
            thread: self.thread_of(&saying.run),
            kind: saying.kind.clone(),
            rule: Arc::clone(&rule.id),
            alert: Arc::clone(&rule.alert),
            key,
            index: 0,
            severity,
            receivers: rule.receivers.clone(),
            labels,
            at: now.wall,
            dated: saying.ended_at.unwrap_or_else(|| dated(members, now.wall)),
            started_at: saying.run.start,
            ended_at: saying.ended_at,
            summary,
            action,
            runbook: Arc::clone(&rule.runbook),
            number: saying.number,
            facts: facts
                .into_iter()
                .map(|(name, value)| (Arc::from(name), value))
                .collect(),
            items: members.iter().map(|one| one.item.clone()).collect(),
            log_lines: Vec::new(),
            faults,
        }
    }

    /// All mails of a run are one thread; a scheduled start that is moved within its day
    /// stays in it.
    fn thread_of(&self, run: &RunId) -> Arc<str> {
        let start = match run.kind {
            RunKind::Scheduled => run.start.strftime("%Y-%m-%d").to_string(),
            RunKind::Manual => run.start.to_string(),
        };
        fingerprint(&[&self.plan.agent, "run", &run.profile, &start])
    }

    pub(super) fn note(
        &mut self,
        now: EngineTime,
        (rule, key): (&str, &Arc<str>),
        decided: Decided,
        reason: String,
    ) {
        self.output.history.push(HistoryRow {
            serial: 0,
            at: now.wall,
            rule: Arc::from(rule),
            key: Arc::clone(key),
            decision: Arc::from(decided.word()),
            reason,
            notification: None,
        });
    }
}

/// When the last of it happened; `now` if nobody said.
fn dated(members: &[Member], now: Timestamp) -> Timestamp {
    let events = members.iter().filter_map(|member| member.event.as_ref());
    let last = events.filter_map(|event| event.event.time).max();
    last.unwrap_or(now).min(now)
}

/// The lines of the log that told of what went wrong.
fn quoted(alert: UpdateAlert, members: &[Member], lines: &Lines) -> Vec<String> {
    match alert {
        UpdateAlert::Failed | UpdateAlert::ConnectionFailed => {
            let spans = members.iter().filter_map(|member| member.span.clone());
            lines.of_updates(&spans.collect::<Vec<_>>())
        }
        UpdateAlert::WillStart
        | UpdateAlert::Started
        | UpdateAlert::Succeeded
        | UpdateAlert::Skipped => Vec::new(),
    }
}

/// A rule that speaks.
struct Spoken<'a> {
    desk: &'a UpdateDesk,
    rule: &'a Rule,
    saying: &'a Saying,
    names: &'a [Arc<str>],
    reasons: &'a [Arc<str>],
    members: &'a [Member],
}

impl Spoken<'_> {
    fn summary(&self, faults: &mut Vec<String>) -> String {
        let own = self.render(
            self.reasons.first().map(|reason| &**reason),
            |rule, scope| rule.summary.render(scope),
        );
        let sentence = own.unwrap_or_else(|error| {
            faults.push(format!("the rule's sentence cannot be rendered: {error}"));
            words::summary(self.saying.alert, self.names, &self.saying.run.profile)
        });
        match &self.saying.opening {
            Opening::Before(word) => format!("{word}{sentence}"),
            Opening::Nothing => sentence,
        }
    }

    /// The worst of all reasons, and what to do about each.
    fn severity_and_action(&self, faults: &mut Vec<String>) -> (Severity, String) {
        let reasons: Vec<Option<&str>> = if self.reasons.is_empty() {
            vec![None]
        } else {
            self.reasons.iter().map(|reason| Some(&**reason)).collect()
        };
        let mut severity = Severity::Info;
        let mut actions: Vec<String> = Vec::new();
        for reason in reasons {
            severity = severity.max(self.severity(reason, faults));
            let action = self
                .render(reason, |rule, scope| rule.action.render(scope))
                .unwrap_or_else(|error| {
                    faults.push(format!("the rule's action cannot be rendered: {error}"));
                    reason.map_or_else(String::new, |one| catalogue::row_of(one).action.clone())
                });
            if !actions.contains(&action) {
                actions.push(action);
            }
        }
        if self.saying.ended_at.is_some() {
            return (severity, "Nothing: it is connected again.".to_owned());
        }
        (severity, actions.join(" "))
    }

    fn severity(&self, reason: Option<&str>, faults: &mut Vec<String>) -> Severity {
        match &self.rule.severity {
            SeverityOf::Is(severity) => *severity,
            SeverityOf::Told(_) => {
                let told = self.render(reason, |rule, scope| match &rule.severity {
                    SeverityOf::Told(wording) => wording.render(scope),
                    SeverityOf::Is(severity) => Ok(severity.name().to_owned()),
                });
                let found = told.map(|word| (Severity::from_name(&word), word));
                match found {
                    Ok((Some(severity), _)) => severity,
                    Ok((None, word)) => {
                        faults.push(format!("`{word}` is no severity: taken as critical"));
                        Severity::Critical
                    }
                    Err(error) => {
                        faults.push(format!("the rule's severity cannot be told: {error}"));
                        Severity::Critical
                    }
                }
            }
        }
    }

    fn render(
        &self,
        reason: Option<&str>,
        render: impl Fn(&Rule, &WordingScope<'_>) -> Result<String, String>,
    ) -> Result<String, String> {
        let saying = self.saying;
        let profile = self.desk.profile_of(&saying.run);
        let zone = self.desk.zone_of(&saying.run);
        let zone_name = zone.and_then(|zone| zone.iana_name()).unwrap_or("UTC");
        let release = profile.map(|one| one.release.name());
        let versions = distinct(self.members.iter().filter_map(|one| one.version.clone()));
        let version = versions.join(", ");
        let label = |wanted: &str| {
            let mut labels = saying.labels.iter();
            let found = labels.find(|(name, _)| &**name == wanted);
            found.map(|(_, value)| Fact::Text(value))
        };
        let lead = saying.lead.map(|lead| Fact::Number(lead.as_secs_f64()));
        let known = [
            ("profile", Some(Fact::Text(&saying.run.profile))),
            ("zone", Some(Fact::Text(zone_name))),
            ("start", Some(Fact::Moment(saying.run.start))),
            ("release", release.as_deref().map(Fact::Text)),
            ("wave", label("wave")),
            ("stitcher", label("stitcher")),
            ("members", Some(Fact::List(self.names))),
            ("reasons", Some(Fact::List(self.reasons))),
            (
                "version",
                (!version.is_empty()).then_some(Fact::Text(&version)),
            ),
            ("lead", lead),
        ];
        let facts: Vec<(&str, Fact<'_>)> = known
            .into_iter()
            .filter_map(|(name, fact)| Some((name, fact?)))
            .collect();
        let of_reason = |member: &&Member| reason.is_none() || member.reason.as_deref() == reason;
        let event = self.members.iter().find(of_reason);
        let scope = WordingScope {
            labels: &saying.labels,
            event: event.and_then(|member| member.event.as_ref()),
            reason,
            facts: &facts,
        };
        render(self.rule, &scope)
    }
}

/// Whether a rule's condition lets a member be told. What cannot be evaluated is told.
fn wants(rule: &Rule, member: &Member, look: &Look<'_>, faults: &mut Vec<String>) -> bool {
    let Some(when) = &rule.when else {
        return true;
    };
    let name = &member.item.name;
    let event = member.event.as_ref();
    let asked = look.world.ask(name, event, |scope| when.evaluate(scope));
    asked.unwrap_or_else(|error| {
        let fault = format!("the rule's condition cannot be evaluated: {error}");
        if !faults.contains(&fault) {
            faults.push(fault);
        }
        true
    })
}

/// What each reason means, and where the catalogue says to look, unless the action names it
/// already.
fn where_to_look(reasons: &[Arc<str>], action: &str) -> Vec<(&'static str, String)> {
    let rows: Vec<_> = reasons
        .iter()
        .filter_map(|reason| catalogue::find(reason))
        .collect();
    // The vendor's actions name files without the folder of whoever installed it.
    let is_news = |text: &&String| !action.contains(text.trim_start_matches("~/"));
    let is_only = reasons.len() == 1;
    let meanings = rows.iter().map(|row| {
        let text = row.text.as_str();
        let told = if is_only {
            text.to_owned()
        } else {
            format!("{}: {text}", row.reason)
        };
        Arc::from(told)
    });
    let meanings = distinct(meanings);
    let files = rows.iter().flat_map(|row| row.look_at.iter());
    let signs = rows.iter().flat_map(|row| row.look_for.iter());
    let files = distinct(files.filter(is_news).map(|one| Arc::from(one.as_str())));
    let signs = distinct(signs.filter(is_news).map(|one| Arc::from(one.as_str())));
    [
        ("What it means", meanings),
        ("Where to look", files),
        ("What to look for", signs),
    ]
    .into_iter()
    .filter(|(_, texts)| !texts.is_empty())
    .map(|(name, texts)| (name, texts.join("; ")))
    .collect()
}

fn distinct(texts: impl Iterator<Item = Arc<str>>) -> Vec<Arc<str>> {
    let mut known: Vec<Arc<str>> = Vec::new();
    for text in texts {
        if !known.contains(&text) {
            known.push(text);
        }
    }
    known
}
