//! The parts of the report in words, as the views' templates ask for them.
//!
//! Here connectors and their tools; alerts, the host and the probes in files of their
//! names; titles, spans and sizes in `words`. What the report holds is `status`' matter,
//! and which of it stands where that of `views` and the templates, which escape it.

mod alerts;
mod host;
mod limit;
mod probe;
pub(super) mod words;

use jiff::Timestamp;
use model::connector::{Aspect, ConnectorKind, Fact, Mood};
use model::log::LineOutcome;

use super::status::{
    AspectReport, ClientReport, ConnectorHead, ConnectorReport, FileReport, Foreign, LogReport,
    ReceiverReport, RoundTripReport, ToolReport,
};

pub(super) use self::probe::{in_order, mood as mood_of_probes, summary as summary_of_probes};

/// Most files of one log on a page; the JSON has them all.
const FILES_MAX: usize = 20;

/// The word that the style sheet knows.
pub(super) const fn mood_word(mood: Mood) -> &'static str {
    match mood {
        Mood::Good => "good",
        Mood::Bad => "bad",
        Mood::Open => "open",
    }
}

impl LogReport<'_> {
    /// The counts worth a place: what was read, and what went wrong.
    pub(super) fn shown_lines(&self) -> impl Iterator<Item = &(&'static str, u64)> {
        let always = [LineOutcome::Recognised.name(), LineOutcome::Ignored.name()];
        self.lines
            .iter()
            .filter(move |(outcome, count)| 0 < *count || always.contains(outcome))
    }

    /// How often a file began anew, by cause.
    pub(super) fn beginnings(&self) -> String {
        counts_in_words(&self.generations, |count| words::grouped(*count))
    }

    /// Bytes that cannot be read any more, by cause.
    pub(super) fn lost(&self) -> String {
        counts_in_words(&self.lost_bytes, |bytes| words::human_bytes(*bytes))
    }

    pub(super) fn has_lost(&self) -> bool {
        self.lost_bytes.iter().any(|(_, bytes)| 0 < *bytes)
    }

    /// Lines of known functions that no row of the catalogue fits.
    pub(super) fn missed(&self) -> String {
        let counts = self.near_misses.iter().map(|miss| miss.count);
        match counts.fold(0_u64, u64::saturating_add) {
            0 => "none".to_owned(),
            1 => "1 line".to_owned(),
            count => format!("{} lines", words::grouped(count)),
        }
    }

    pub(super) fn shown_files(&self) -> &[FileReport<'_>] {
        self.files.get(..FILES_MAX).unwrap_or(&self.files)
    }
}

/// For example "rotated 3, truncated 1"; only what there is.
fn counts_in_words(counts: &[(&'static str, u64)], shown: impl Fn(&u64) -> String) -> String {
    let there = counts.iter().filter(|(_, count)| 0 < *count);
    let words = there.map(|(name, count)| format!("{} {}", name.replace('_', " "), shown(count)));
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        return "none".to_owned();
    }
    words.join(", ")
}

/// One fact, by whoever says it best.
pub(super) struct ShownFact<'a> {
    pub(super) title: &'static str,
    pub(super) text: Foreign<'a>,
    /// What the log says, where the tool says something else.
    pub(super) in_log: Option<Foreign<'a>>,
}

impl<'a> ConnectorHead<'a> {
    /// Its bad parts, or its most important one, and an alert that is all that is bad.
    pub(super) fn summary(&self) -> String {
        let alert = self.alert.as_ref().map(|alert| alert.alert.printable());
        if self.silent {
            let alert = alert.map(|alert| format!(", and {alert} fires"));
            let alert = alert.unwrap_or_default();
            return format!("silent, so its states are unknown{alert}");
        }
        let mut parts: Vec<String> = self.bad_aspects().map(in_words).collect();
        if parts.is_empty() {
            parts.extend(self.aspects.first().map(in_words));
        }
        let contrast = if self.degraded { "tunnel up, but " } else { "" };
        let alert = alert.map(|alert| format!(", but {alert} fires"));
        let alert = alert.unwrap_or_default();
        format!("{contrast}{}{alert}", parts.join(", "))
    }

    /// The part that says most: the first bad one, or the most important. None where an
    /// alert says more than any part does.
    pub(super) fn main_aspect(&self) -> Option<&AspectReport<'a>> {
        if self.alert.is_some() {
            return None;
        }
        self.bad_aspects().next().or_else(|| self.aspects.first())
    }

    /// The event that made it stand like that, if one did.
    pub(super) fn event(&self) -> Option<&'static str> {
        self.main_aspect().and_then(|aspect| aspect.event)
    }

    /// Why it stands like that: a word, or what the alert says is wrong.
    pub(super) fn reason(&self) -> Option<Foreign<'_>> {
        let of_alert = self.alert.as_ref().map(|alert| alert.summary);
        of_alert.or_else(|| self.main_aspect().map(|aspect| Foreign::of(aspect.reason)))
    }

    /// Since when it stands like that.
    pub(super) fn since(&self) -> Option<Timestamp> {
        match &self.alert {
            Some(alert) => Some(alert.since),
            None if self.silent => self.heard_at,
            None => self.main_aspect().and_then(|aspect| aspect.since),
        }
    }

    /// What to do, each once: what the alert says first.
    pub(super) fn advice(&self) -> Vec<Foreign<'a>> {
        let of_alert = self.alert.iter().filter(|alert| alert.has_advice());
        let of_alert = of_alert.map(|alert| alert.action);
        let of_parts = self.advice_on_parts().into_iter().map(Foreign::of);
        of_alert.chain(of_parts).collect()
    }

    /// What to do about its parts, each once.
    pub(super) fn advice_on_parts(&self) -> Vec<&'static str> {
        let mut advice: Vec<&str> = Vec::new();
        for aspect in &self.aspects {
            let new = aspect.advice.filter(|one| !advice.contains(one));
            advice.extend(new);
        }
        advice
    }

    fn bad_aspects(&self) -> impl Iterator<Item = &AspectReport<'a>> {
        let aspects = self.aspects.iter();
        aspects.filter(|aspect| aspect.mood == Mood::Bad)
    }
}

impl<'a> ConnectorReport<'a> {
    pub(super) fn has_no_events(&self) -> bool {
        self.events.iter().all(|event| event.count == 0)
    }

    /// What to do about an aspect, unless one before it has said the same: one event may
    /// have made several parts bad.
    pub(super) fn advice_on(&self, aspect: &AspectReport<'_>) -> Option<&'static str> {
        let said = self
            .aspects
            .iter()
            .take_while(|other| other.aspect != aspect.aspect)
            .any(|other| other.advice == aspect.advice);
        aspect.advice.filter(|_| !said)
    }

    /// The client that an aspect is the status of.
    pub(super) fn client_of(&self, aspect: &AspectReport<'_>) -> Option<&ClientReport<'a>> {
        let is_status = aspect.aspect == Aspect::Client;
        self.client.as_ref().filter(|_| is_status)
    }

    /// What the vendor calls the moment at which the connector was heard last.
    pub(super) fn heard_title(&self) -> &'static str {
        match ConnectorKind::from_name(self.kind) {
            Some(ConnectorKind::CatoClient) => "Last available",
            None | Some(ConnectorKind::NetskopePublisher | ConnectorKind::NetskopeClient) => {
                "Last heard"
            }
        }
    }

    /// What is known: by the tools where they say it, since no log line can forge that.
    pub(super) fn known_facts(&self) -> Vec<ShownFact<'a>> {
        let shown = |(fact, in_log): &(Fact, Option<Foreign<'a>>)| {
            let told = self.told_by_tool(*fact);
            Some(ShownFact {
                title: words::fact_title(*fact),
                text: told.or(*in_log)?,
                in_log: in_log.filter(|in_log| told.is_some_and(|told| told != *in_log)),
            })
        };
        self.facts.iter().filter_map(shown).collect()
    }

    /// What could be known and is not.
    pub(super) fn unknown_facts(&self) -> Vec<&'static str> {
        let is_unknown = |(fact, in_log): &&(Fact, Option<Foreign<'_>>)| {
            in_log.is_none() && self.told_by_tool(*fact).is_none()
        };
        let unknown = self.facts.iter().filter(is_unknown);
        unknown.map(|(fact, _)| words::fact_title(*fact)).collect()
    }

    fn told_by_tool(&self, fact: Fact) -> Option<Foreign<'a>> {
        let told = self.client.iter().flat_map(|client| &client.tool_facts);
        let mut of_fact = told.filter(|(other, _)| *other == fact);
        of_fact.find_map(|(_, text)| *text)
    }
}

/// For example "steering failed".
fn in_words(aspect: &AspectReport<'_>) -> String {
    let title = words::aspect_title(aspect.aspect).to_lowercase();
    format!("{title} {}", aspect.state.replace('_', " "))
}

impl ToolReport {
    /// How it is called by hand.
    pub(super) fn call(&self) -> &str {
        words::tool_call(self.probe)
    }

    /// What the last run did.
    pub(super) fn last_run(&self) -> String {
        let took = self
            .duration_ms
            .map(|took_ms| format!(" after {} ms", words::grouped(took_ms)))
            .unwrap_or_default();
        match self.success {
            None => "not run yet".to_owned(),
            Some(true) => format!("answered{took}"),
            Some(false) => format!("failed{took}"),
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.success == Some(false)
    }

    /// The causes that ever were.
    pub(super) fn shown_failures(&self) -> impl Iterator<Item = &(&'static str, u64)> {
        self.failures.iter().filter(|(_, count)| 0 < *count)
    }
}

impl RoundTripReport<'_> {
    pub(super) fn share_over_100ms(&self) -> String {
        words::share(self.over_100ms, self.count)
    }
}

impl ReceiverReport<'_> {
    /// Attempts by result; only what there is.
    pub(super) fn results(&self) -> String {
        counts_in_words(&self.attempts, |count| words::grouped(*count))
    }
}
