//! The status page: one report as HTML.
//!
//! Rendered here, so that it works without scripts and with the strictest content
//! policy. The template escapes every text as HTML; text of foreign authorship is
//! first made printable, since escaping does not stop marks that turn the reading
//! direction. What the report holds is `status`' matter, how words and numbers look is
//! `words`', how alerts, the host and the probes are told stands in files of their names.

mod alerts;
mod host;
mod probe;
mod words;

use askama::Template;
use jiff::Timestamp;
use model::connector::{Aspect, ConnectorKind, Fact, Mood};
use model::log::LineOutcome;

use super::status::{
    AlertsReport, AspectReport, ClientReport, ConnectorReport, Foreign, LogReport, ProbeReport,
    RecentReport, RoundTripReport, StatusReport, ToolReport, icon_meaning,
};

/// Most of the latest events on the page; the JSON has them all.
const LATEST_MAX: usize = 40;

/// How long an event that no state remembers keeps its advice on the page, in seconds.
const ADVICE_SECONDS: i64 = 24 * 3_600;

/// Writes the page. `now` is what "5 min ago" counts from.
pub(super) fn html(report: &StatusReport<'_>, now: Timestamp) -> Result<String, askama::Error> {
    StatusPage { report, now }.render()
}

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage<'a> {
    report: &'a StatusReport<'a>,
    now: Timestamp,
}

impl StatusPage<'_> {
    fn latest(&self) -> &[RecentReport<'_>] {
        self.report
            .recent_events
            .get(..LATEST_MAX)
            .unwrap_or(&self.report.recent_events)
    }

    fn ago(&self, at: &Timestamp) -> String {
        words::ago(*at, self.now)
    }

    fn absolute(&self, at: &Timestamp) -> String {
        at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    fn short(&self, at: &Timestamp) -> String {
        at.strftime("%m-%d %H:%M:%S").to_string()
    }

    fn bytes(&self, bytes: &u64) -> String {
        words::human_bytes(*bytes)
    }

    fn grouped(&self, count: &u64) -> String {
        words::grouped(*count)
    }

    /// How long ago, for a sentence with "for".
    fn span_since(&self, at: &Timestamp) -> String {
        let seconds = self.now.as_second().saturating_sub(at.as_second());
        words::span(seconds.max(0))
    }

    /// Whether an event's advice still belongs on the page.
    fn is_fresh(&self, last_at: &Option<Timestamp>) -> bool {
        let age = |at: &Timestamp| self.now.as_second().saturating_sub(at.as_second());
        last_at.as_ref().is_some_and(|at| age(at) < ADVICE_SECONDS)
    }

    /// The tone of the number of tunnels up.
    fn tunnels_tone(&self) -> &'static str {
        let connectors = &self.report.connectors;
        let is_down = |connector: &ConnectorReport<'_>| {
            let of_tunnel = |aspect: &&AspectReport<'_>| aspect.aspect == Aspect::Tunnel;
            let tunnel = connector.aspects.iter().find(of_tunnel);
            tunnel.is_some_and(|aspect| aspect.mood == Mood::Bad)
        };
        mood_word(if connectors.iter().any(is_down) {
            Mood::Bad
        } else if connectors.is_empty() || self.report.tunnels_up() < connectors.len() {
            Mood::Open
        } else {
            Mood::Good
        })
    }

    /// Everything that has a section in a few words, what is in trouble first.
    fn overview(&self) -> Vec<OverviewLine> {
        let connectors = self.report.connectors.iter().zip(1..);
        let of_alerts = self.alerts().map(|alerts| OverviewLine {
            section: "alerts".to_owned(),
            name: "Alerts".to_owned(),
            mood: alerts.mood(),
            summary: alerts.summary(),
        });
        let mut lines: Vec<OverviewLine> = connectors
            .map(|(connector, place): (_, usize)| OverviewLine {
                section: format!("connector-{place}"),
                name: connector.name.printable().into_owned(),
                mood: connector.mood(),
                summary: connector.summary(),
            })
            .collect();
        lines.extend(of_alerts);
        lines.extend(self.report.host.as_ref().map(|host| OverviewLine {
            section: "host".to_owned(),
            name: "Host".to_owned(),
            mood: host.mood(),
            summary: host.summary(),
        }));
        let probes = &self.report.probes;
        lines.extend((!probes.is_empty()).then(|| OverviewLine {
            section: "probes".to_owned(),
            name: "Probes".to_owned(),
            mood: probe::mood(probes),
            summary: probe::summary(probes),
        }));
        lines.sort_by_key(|line| match line.mood {
            Mood::Bad => 0,
            Mood::Open => 1,
            Mood::Good => 2,
        });
        lines
    }

    /// Alerts, if there is anything to show of them.
    fn alerts(&self) -> Option<&AlertsReport<'_>> {
        Some(&self.report.alerts).filter(|alerts| !alerts.is_empty())
    }

    fn probes_in_order(&self) -> Vec<&ProbeReport<'_>> {
        probe::in_order(&self.report.probes)
    }

    fn mood_word(&self, mood: &Mood) -> &'static str {
        mood_word(*mood)
    }

    fn aspect_title(&self, aspect: &Aspect) -> &'static str {
        words::aspect_title(*aspect)
    }

    fn icon_meaning(&self, icon: &str) -> &'static str {
        icon_meaning(icon)
    }

    /// A label's value as people read it.
    fn words(&self, label_value: &str) -> String {
        label_value.replace('_', " ")
    }

    /// With a capital at its head; the rest stays, since names have their own.
    fn sentence(&self, text: &str) -> String {
        let mut letters = text.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase());
        head.into_iter().chain(letters).collect()
    }

    fn plural<'w>(&self, count: usize, one: &'w str, many: &'w str) -> &'w str {
        if count == 1 { one } else { many }
    }

    fn plural_of<'w>(&self, count: &u64, one: &'w str, many: &'w str) -> &'w str {
        if *count == 1 { one } else { many }
    }
}

/// The word that the style sheet knows.
const fn mood_word(mood: Mood) -> &'static str {
    match mood {
        Mood::Good => "good",
        Mood::Bad => "bad",
        Mood::Open => "open",
    }
}

impl LogReport<'_> {
    /// The counts worth a place: what was read, and what went wrong.
    fn shown_lines(&self) -> impl Iterator<Item = &(&'static str, u64)> {
        let always = [LineOutcome::Recognised.name(), LineOutcome::Ignored.name()];
        self.lines
            .iter()
            .filter(move |(outcome, count)| 0 < *count || always.contains(outcome))
    }
}

/// A line of the overview.
struct OverviewLine {
    /// The id of its section.
    section: String,
    /// Printable.
    name: String,
    mood: Mood,
    summary: String,
}

/// One fact, by whoever says it best.
struct ShownFact<'a> {
    title: &'static str,
    text: Foreign<'a>,
    /// What the log says, where the tool says something else.
    in_log: Option<Foreign<'a>>,
}

impl<'a> ConnectorReport<'a> {
    fn has_no_events(&self) -> bool {
        self.events.iter().all(|event| event.count == 0)
    }

    /// Bad if any part is; else as good as its most important part.
    fn mood(&self) -> Mood {
        let is_bad = |aspect: &AspectReport<'_>| aspect.mood == Mood::Bad;
        if self.is_degraded() || self.aspects.iter().any(is_bad) {
            return Mood::Bad;
        }
        // Silence has made all parts unknown, so it needs no case of its own.
        self.aspects
            .first()
            .map_or(Mood::Open, |aspect| aspect.mood)
    }

    fn is_degraded(&self) -> bool {
        let client = self.client.as_ref();
        client.is_some_and(|client| !client.degraded.is_empty())
    }

    /// Its bad parts, or its most important one.
    fn summary(&self) -> String {
        if self.silent {
            return "silent, so its states are unknown".to_owned();
        }
        let is_bad = |aspect: &&AspectReport<'_>| aspect.mood == Mood::Bad;
        let mut parts: Vec<String> = self.aspects.iter().filter(is_bad).map(in_words).collect();
        if parts.is_empty() {
            parts.extend(self.aspects.first().map(in_words));
        }
        let contrast = if self.is_degraded() {
            "tunnel up, but "
        } else {
            ""
        };
        format!("{contrast}{}", parts.join(", "))
    }

    /// What to do about an aspect, unless one before it has said the same: one event may
    /// have made several parts bad.
    fn advice_on(&self, aspect: &AspectReport<'_>) -> Option<&'static str> {
        let said = self
            .aspects
            .iter()
            .take_while(|other| other.aspect != aspect.aspect)
            .any(|other| other.advice == aspect.advice);
        aspect.advice.filter(|_| !said)
    }

    /// The client that an aspect is the status of.
    fn client_of(&self, aspect: &AspectReport<'_>) -> Option<&ClientReport<'a>> {
        let is_status = aspect.aspect == Aspect::Client;
        self.client.as_ref().filter(|_| is_status)
    }

    /// What the vendor calls the moment at which the connector was heard last.
    fn heard_title(&self) -> &'static str {
        match ConnectorKind::from_name(self.kind) {
            Some(ConnectorKind::CatoClient) => "Last available",
            None | Some(ConnectorKind::NetskopePublisher | ConnectorKind::NetskopeClient) => {
                "Last heard"
            }
        }
    }

    /// What is known: by the tools where they say it, since no log line can forge that.
    fn known_facts(&self) -> Vec<ShownFact<'a>> {
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
    fn unknown_facts(&self) -> Vec<&'static str> {
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
    fn call(&self) -> &str {
        words::tool_call(self.probe)
    }

    /// What the last run did.
    fn last_run(&self) -> String {
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

    fn has_failed(&self) -> bool {
        self.success == Some(false)
    }

    /// The causes that ever were.
    fn shown_failures(&self) -> impl Iterator<Item = &(&'static str, u64)> {
        self.failures.iter().filter(|(_, count)| 0 < *count)
    }
}

impl RoundTripReport<'_> {
    fn share_over_100ms(&self) -> String {
        words::share(self.over_100ms, self.count)
    }
}
