//! What all views share: navigation, how the agent stands, filters, words for templates.

use std::borrow::Borrow;

use jiff::Timestamp;
use model::alert::{AlertPhase, AlertRow};
use model::connector::{Aspect, Mood};
use model::standing::Alerted;
use model::untrusted::printable;

use super::Seen;
use crate::http::health;
use crate::http::page::{mood_word, words};
use crate::http::query::{Parameter, Query, View};
use crate::http::status::{AlertReport, Foreign, icon_meaning};
use crate::runbooks::{self, Place};

/// How long an event that no state remembers keeps its advice on the page, in seconds.
const ADVICE_SECONDS: i64 = 24 * 3_600;

/// Most reasons for not being ready at the foot of a page; `/-/ready` has all.
const PROBLEMS_MAX: usize = 5;

/// Most connectors that a list to choose from may have; of more, the name is typed.
const CHOICES_MAX: usize = 100;

/// The views in the navigation.
const VIEWS: &[(View, &str)] = &[
    (View::Connectors, "Connectors"),
    (View::Events, "Events"),
    (View::Alerts, "Alerts"),
    (View::Host, "Host"),
    (View::Logs, "Logs"),
    (View::Runbooks, "Runbooks"),
    (View::Configuration, "Configuration"),
];

/// What stands around each view.
pub(super) struct Frame<'a> {
    pub(super) seen: Seen<'a>,
    pub(super) view: View,
    pub(super) query: Query,
    pub(super) standing: Standing,
    /// Judges connectors.
    pub(super) alerted: Alerted<'a>,
    /// Why the agent is not ready.
    pub(super) problems: Vec<String>,
}

/// How everything stands, in numbers.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) connectors: usize,
    pub(super) in_trouble: usize,
    pub(super) tunnels_up: usize,
    /// As metrics and the JSON count them: those held back too.
    pub(super) firing: usize,
    /// Of those that fire, not held back.
    pub(super) told: usize,
    pub(super) pending: usize,
    /// Firing or pending, and nobody is told.
    pub(super) held: usize,
}

/// A view in the navigation.
pub(super) struct Link {
    pub(super) address: String,
    pub(super) title: &'static str,
    /// In the words of `aria-current`: the page that is shown, or that this page is one of.
    pub(super) current: Option<&'static str>,
}

/// A field of the form of filters.
pub(super) struct FieldShown {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) value: String,
    /// Empty for a field to type in.
    pub(super) choices: Vec<Choice>,
}

/// What can be chosen.
pub(super) struct Choice {
    pub(super) word: String,
    pub(super) is_chosen: bool,
}

impl<'a> Frame<'a> {
    /// What goes into forms that change something, if whoever asks may.
    pub(super) const fn form_token(&self) -> Option<&'a str> {
        self.seen.form_token
    }

    /// Whether a browser without scripts loads the page again by itself. Not where somebody
    /// may be filling in a form.
    pub(super) fn reloads_itself(&self) -> bool {
        self.view != View::Alerts || self.form_token().is_none()
    }

    pub(super) fn new(seen: Seen<'a>, view: View, query: Query) -> Self {
        let alerted = Alerted::of(seen.snapshot);
        Self {
            seen,
            view,
            query,
            standing: standing(&seen, &alerted),
            alerted,
            problems: health::reasons_not_ready(seen.snapshot, seen.store_problem),
        }
    }

    /// The way from this page to where all of them are, so that they work behind a proxy that
    /// puts something before their paths.
    pub(super) const fn root(&self) -> &'static str {
        match self.view {
            View::Connector | View::Runbooks | View::Runbook => "../",
            View::Connectors
            | View::Events
            | View::Alerts
            | View::Host
            | View::Logs
            | View::Configuration => "./",
        }
    }

    /// The address of a view, seen from this page; of one connector the part before its name.
    fn address(&self, view: View) -> String {
        let path = view.path();
        format!("{}{}", self.root(), path.strip_prefix('/').unwrap_or(path))
    }

    pub(super) fn version(&self) -> &'static str {
        self.seen.version
    }

    pub(super) fn taken_at(&self) -> Option<Timestamp> {
        self.seen.snapshot.taken_at
    }

    pub(super) fn is_caught_up(&self) -> bool {
        self.seen.snapshot.is_caught_up
    }

    pub(super) fn store_problem(&self) -> Option<Foreign<'a>> {
        self.seen.store_problem.map(Foreign::of)
    }

    /// What is wrong with the agent itself, in words.
    pub(super) fn faults(&self) -> String {
        let faults = self.seen.snapshot.alerts.faults.iter();
        let there = faults.filter(|(_, is_there)| *is_there);
        let words = there.map(|(fault, _)| fault.name().replace('_', " "));
        words.collect::<Vec<_>>().join(", ")
    }

    /// For the tab: trouble is seen there first.
    pub(super) fn title(&self) -> String {
        let Standing {
            connectors,
            in_trouble,
            tunnels_up,
            ..
        } = self.standing;
        let trouble = match in_trouble {
            0 => String::new(),
            count => format!("{count} in trouble, "),
        };
        format!("{trouble}{tunnels_up}/{connectors} tunnels up")
    }

    pub(super) fn links(&self) -> Vec<Link> {
        let links = VIEWS.iter().map(|(view, title)| Link {
            address: self.address(*view),
            title,
            current: if *view == self.view {
                Some("page")
            } else {
                (view.of_one() == Some(self.view)).then_some("true")
            },
        });
        links.collect()
    }

    pub(super) fn shown_problems(&self) -> &[String] {
        self.problems.get(..PROBLEMS_MAX).unwrap_or(&self.problems)
    }

    /// The fields of the form, with what is asked now.
    pub(super) fn fields(&self) -> Vec<FieldShown> {
        let fields = [
            (Parameter::Text, "Text"),
            (Parameter::State, "State"),
            (Parameter::Severity, "Severity"),
            (Parameter::Event, "Event"),
            (Parameter::Kind, "Product"),
            (Parameter::Connector, "Connector"),
        ];
        let fields = fields
            .into_iter()
            .filter(|(parameter, _)| self.view.takes(*parameter));
        fields
            .map(|(parameter, label)| FieldShown {
                name: parameter.name(),
                label,
                value: printable(self.query.get(parameter).unwrap_or_default()).into_owned(),
                choices: self.choices(parameter),
            })
            .collect()
    }

    fn choices(&self, parameter: Parameter) -> Vec<Choice> {
        let chosen = self.query.get(parameter);
        let choice = |word: &str| Choice {
            word: word.to_owned(),
            is_chosen: chosen == Some(word),
        };
        if parameter == Parameter::Connector {
            let connectors = &self.seen.snapshot.connectors;
            if CHOICES_MAX < connectors.len() {
                return Vec::new();
            }
            // A name that is shown otherwise than it is cannot be chosen by what is shown.
            let names = connectors.iter().map(|connector| &*connector.name);
            let plain = names.filter(|name| printable(name) == *name);
            return plain.map(choice).collect();
        }
        let words = self.view.words(parameter).unwrap_or_default();
        words.into_iter().map(choice).collect()
    }

    /// The same rows in another form.
    pub(super) fn form_link(&self, form: &str) -> String {
        self.query.with(Parameter::Format, form)
    }

    pub(super) fn page_link(&self, page: &usize) -> String {
        self.query.with(Parameter::Page, &page.to_string())
    }

    /// One list of a view with several, whole.
    pub(super) fn list_page(&self, list: &str) -> String {
        self.query.with(Parameter::List, list)
    }

    pub(super) fn list_link(&self, list: &str, form: &str) -> String {
        let list = self.query.with(Parameter::List, list);
        format!("{list}&{}={form}", Parameter::Format.name())
    }

    /// The address of a connector's own view.
    pub(super) fn connector_link(&self, name: &Foreign<'_>) -> String {
        let name = crate::http::query::encoded(name.expose());
        format!("{}{name}", self.address(View::Connector))
    }

    /// The same, unless no connector is configured under the name any more.
    pub(super) fn link_if_configured(&self, name: &Foreign<'_>) -> Option<String> {
        let connector = super::find(self.seen.snapshot, name.expose());
        connector.map(|_| self.connector_link(name))
    }

    /// The events of a connector.
    pub(super) fn events_link(&self, name: &Foreign<'_>) -> String {
        let name = crate::http::query::encoded(name.expose());
        format!(
            "{}?{}={name}",
            self.address(View::Events),
            Parameter::Connector.name()
        )
    }

    /// Where the runbook of a rule in force is.
    pub(super) fn place_of(&self, rule: &str) -> Place<'a> {
        let mut rules = self.seen.snapshot.alerts.rules.iter();
        let rule = rules.find(|one| &*one.id == rule);
        rule.map_or(Place::Nowhere, |rule| runbooks::place(&rule.runbook))
    }

    /// The address of a rule's runbook, if it has one that can be followed.
    pub(super) fn runbook_link(&self, rule: &Foreign<'_>) -> Option<String> {
        match self.place_of(rule.expose()) {
            Place::Ours(runbook) => {
                Some(format!("{}{}", self.address(View::Runbook), runbook.name))
            }
            Place::Web(address) => Some(address.to_owned()),
            Place::Word(_) | Place::Nowhere => None,
        }
    }

    /// Whether there is anything to say or to read about what to do.
    pub(super) fn advises(&self, alert: &AlertReport<'_>) -> bool {
        alert.has_advice() || self.runbook_link(&alert.rule).is_some()
    }

    pub(super) fn ago(&self, at: &Timestamp) -> String {
        words::ago(*at, self.seen.now)
    }

    pub(super) const fn now(&self) -> &Timestamp {
        &self.seen.now
    }

    pub(super) fn absolute(&self, at: &Timestamp) -> String {
        at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    pub(super) fn short(&self, at: &Timestamp) -> String {
        at.strftime("%m-%d %H:%M:%S").to_string()
    }

    pub(super) fn bytes(&self, bytes: &u64) -> String {
        words::human_bytes(*bytes)
    }

    pub(super) fn grouped(&self, count: &u64) -> String {
        words::grouped(*count)
    }

    /// How long ago, for a sentence with "for". A clock that was set back cannot tell.
    pub(super) fn span_since(&self, at: &Timestamp) -> String {
        let seconds = self.seen.now.as_second().saturating_sub(at.as_second());
        match seconds {
            ..-1 => "an unknown time".to_owned(),
            _ => words::span(seconds.max(0)),
        }
    }

    /// Whether an event's advice still belongs on the page.
    pub(super) fn is_fresh(&self, last_at: &Option<Timestamp>) -> bool {
        let now = self.seen.now.as_second();
        let age = |at: &Timestamp| now.saturating_sub(at.as_second());
        last_at.as_ref().is_some_and(|at| age(at) < ADVICE_SECONDS)
    }

    pub(super) fn mood_word(&self, mood: &Mood) -> &'static str {
        mood_word(*mood)
    }

    pub(super) fn aspect_title(&self, aspect: &Aspect) -> &'static str {
        words::aspect_title(*aspect)
    }

    pub(super) fn icon_meaning(&self, icon: &str) -> &'static str {
        icon_meaning(icon)
    }

    /// A label's value as people read it.
    pub(super) fn words(&self, label_value: &str) -> String {
        label_value.replace('_', " ")
    }

    /// With a capital at its head; the rest stays, since names have their own.
    pub(super) fn sentence(&self, text: impl AsRef<str>) -> String {
        let mut letters = text.as_ref().chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase());
        head.into_iter().chain(letters).collect()
    }

    /// Templates hand over fields by reference and lengths by value.
    pub(super) fn plural<'w>(
        &self,
        count: impl Borrow<usize>,
        one: &'w str,
        many: &'w str,
    ) -> &'w str {
        if *count.borrow() == 1 { one } else { many }
    }

    pub(super) fn plural_of<'w>(&self, count: &u64, one: &'w str, many: &'w str) -> &'w str {
        if *count == 1 { one } else { many }
    }
}

fn standing(seen: &Seen<'_>, alerted: &Alerted<'_>) -> Standing {
    let connectors = &seen.snapshot.connectors;
    let count = |is: &dyn Fn(&&model::snapshot::ConnectorSnapshot) -> bool| {
        connectors.iter().filter(is).count()
    };
    let alerts = &seen.snapshot.alerts.rows;
    let fires = |row: &&AlertRow| row.phase == AlertPhase::Firing;
    let waits = |row: &&AlertRow| row.phase == AlertPhase::Pending;
    let is_held = |row: &&AlertRow| row.held_by.is_some();
    Standing {
        connectors: connectors.len(),
        in_trouble: count(&|connector| alerted.mood_of(connector) == Mood::Bad),
        tunnels_up: count(&|connector| connector.state.is_tunnel_up()),
        firing: alerts.iter().filter(fires).count(),
        told: alerts
            .iter()
            .filter(|row| fires(row) && !is_held(row))
            .count(),
        pending: alerts.iter().filter(waits).count(),
        held: alerts
            .iter()
            .filter(|row| is_held(row) && (fires(row) || waits(row)))
            .count(),
    }
}
