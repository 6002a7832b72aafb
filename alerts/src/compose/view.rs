//! What a template sees of a notification: every text one harmless line, every list
//! bounded, and the layouts for 72 columns made already.
//!
//! The names here are what operators write in their templates; `templates/README.md` says
//! what each means, and a test holds both together.

use serde::Serialize;

use super::leads::{self, Runbook};
use super::style::Style;
use super::text::{Grid, Margin, WIDTH, facts, line, quoted, wrap};
use super::wording::{
    ACTION_CHARS_MAX, Clock, SUMMARY_CHARS_MAX, VALUE_CHARS_MAX, is_of_run, is_start_known, lasted,
    sentence, silence_command, state, subject,
};
use crate::incident::Message;
use crate::notification::{BATCH_FACT, Notification, NotificationItem, NotificationKind};
use crate::receiver::{Identity, Receiver};

/// Most lines of a log in a message.
const LOG_LINES_MAX: usize = 5;

/// Most facts, and most faults, in a message.
const FACTS_MAX: usize = 40;

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: String,
}

/// One of several that are told together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) facts: Vec<Fact>,
    /// Its values in the order of [`View::columns`], an empty one where it has none.
    pub(super) cells: Vec<String>,
}

/// Where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Link {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// Whether a browser follows it.
    pub(super) is_address: bool,
}

impl Link {
    fn to(name: &'static str, address: &str) -> Self {
        Self {
            name,
            value: address.to_owned(),
            is_address: true,
        }
    }
}

/// Parts laid out for a pager.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Layout {
    pub(super) sentence: String,
    pub(super) facts: String,
    pub(super) items: String,
    pub(super) action: String,
    pub(super) log_lines: String,
    pub(super) faults: String,
}

/// All that a template sees.
#[derive(Debug, Clone, Serialize)]
pub(super) struct View {
    pub(super) subject: String,
    pub(super) sentence: String,
    pub(super) status: &'static str,
    pub(super) state: String,
    pub(super) severity: &'static str,
    pub(super) is_over: bool,
    pub(super) is_silenceable: bool,
    pub(super) alert: String,
    pub(super) rule: String,
    pub(super) key: String,
    pub(super) number: u32,
    pub(super) receiver: String,
    pub(super) agent: String,
    pub(super) host: String,
    pub(super) site: String,
    pub(super) page_url: String,
    pub(super) connector_url: String,
    pub(super) summary: String,
    pub(super) action: String,
    pub(super) runbook: String,
    pub(super) runbook_command: String,
    pub(super) at: String,
    pub(super) started_at: String,
    pub(super) ended_at: String,
    pub(super) labels: Vec<Fact>,
    pub(super) facts: Vec<Fact>,
    pub(super) items_title: &'static str,
    pub(super) columns: Vec<String>,
    pub(super) items: Vec<Item>,
    pub(super) items_count: usize,
    pub(super) items_left_out: usize,
    pub(super) log_lines: Vec<String>,
    pub(super) faults: Vec<String>,
    pub(super) links: Vec<Link>,
    pub(super) commands: Vec<String>,
    pub(super) silence_command: String,
    pub(super) style: Style,
    pub(super) layout: Layout,
}

/// For whom a notification is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) receiver: &'a Receiver,
    pub(super) identity: &'a Identity,
    pub(super) clock: &'a Clock,
}

impl View {
    /// A notification as `reader` sees it, with `items_max` of its items at most and with
    /// `faults` besides its own.
    pub(super) fn of(
        notification: &Notification,
        reader: Reader<'_>,
        items_max: usize,
        faults: &[String],
    ) -> Self {
        let Reader {
            receiver,
            identity,
            clock,
        } = reader;
        let value = |text: &str| line(text, VALUE_CHARS_MAX);
        let second = |at| clock.second(at);
        let columns = columns(&notification.items);
        let items = notification.items.iter().take(items_max);
        let items: Vec<Item> = items.map(|one| item(one, &columns)).collect();
        let faults = notification.faults.iter().chain(faults).take(FACTS_MAX);
        let mut view = Self {
            subject: subject(notification, identity),
            sentence: sentence(notification, clock),
            status: notification.kind.word(),
            state: state(notification),
            severity: notification.severity.name(),
            is_over: notification.kind.is_end(),
            is_silenceable: is_silenceable(&notification.kind),
            alert: value(&notification.alert),
            rule: value(&notification.rule),
            key: value(&notification.key),
            number: notification.number,
            receiver: value(&receiver.name),
            agent: value(&identity.agent),
            host: value(&identity.host),
            site: value(identity.site.as_deref().unwrap_or_default()),
            page_url: leads::page(identity),
            connector_url: connector_url(notification, identity),
            summary: line(&notification.summary, SUMMARY_CHARS_MAX),
            action: line(&notification.action, ACTION_CHARS_MAX),
            runbook: String::new(),
            runbook_command: String::new(),
            at: second(notification.at),
            started_at: second(notification.started_at),
            ended_at: notification.ended_at.map(second).unwrap_or_default(),
            labels: pairs(
                notification
                    .labels
                    .iter()
                    .map(|(name, of)| (&**name, &**of)),
            ),
            facts: known(notification, reader),
            items_title: items_title(&notification.kind),
            columns,
            items_count: notification.items.len(),
            items_left_out: notification.items.len().saturating_sub(items.len()),
            items,
            log_lines: log_lines(&notification.log_lines),
            faults: faults.map(|one| line(one, SUMMARY_CHARS_MAX)).collect(),
            links: Vec::new(),
            commands: Vec::new(),
            silence_command: silence_command(notification, identity),
            style: Style::of(notification),
            layout: Layout::default(),
        };
        view.lead(notification, identity);
        view.layout = view.laid_out();
        view
    }

    /// The notification's own facts alone, for readers that have the others as fields.
    pub(super) fn own_facts(notification: &Notification) -> Vec<Fact> {
        let facts = notification.facts.iter();
        pairs(facts.map(|(name, value)| (&**name, value.as_str())))
    }

    /// Says where to go on.
    fn lead(&mut self, notification: &Notification, identity: &Identity) {
        match Runbook::of(&notification.runbook, identity) {
            Runbook::Address(address) => {
                self.links.push(Link::to("Runbook", &address));
                self.runbook = address;
            }
            Runbook::Word(word) => {
                self.links.push(Link {
                    is_address: false,
                    ..Link::to("Runbook", &word)
                });
                self.runbook = word;
            }
            Runbook::Command(command) => {
                self.commands.push(command.clone());
                self.runbook_command = command;
            }
            Runbook::None => {}
        }
        if !self.connector_url.is_empty() {
            self.links.push(Link::to("Connector", &self.connector_url));
        }
        if !self.page_url.is_empty() {
            self.links.push(Link::to("Agent", &self.page_url));
        }
        let rule = has_rule(&notification.kind).then_some(&*notification.rule);
        self.commands.push(leads::history_command(rule, identity));
    }

    fn laid_out(&self) -> Layout {
        let wrapped = |text: &str, first, rest| wrap(text, WIDTH, Margin { first, rest });
        let known = self.facts.iter();
        let known: Vec<(&str, &str)> = known
            .map(|fact| (fact.name.as_str(), fact.value.as_str()))
            .collect();
        let name = std::iter::once(self.items_title.to_owned());
        let grid = Grid {
            titles: name.chain(self.columns.iter().cloned()).collect(),
            rows: self.items.iter().map(row).collect(),
        };
        let faults = self.faults.iter().map(|one| wrapped(one, "  - ", "    "));
        let log_lines = self.log_lines.iter().map(|one| quoted(one));
        Layout {
            sentence: wrapped(&self.sentence, "", ""),
            facts: facts(&known, "  "),
            items: grid.written(),
            action: wrapped(&self.action, "  ", "  "),
            log_lines: log_lines.collect::<Vec<_>>().join("\n"),
            faults: faults.collect::<Vec<_>>().join("\n"),
        }
    }
}

/// The page of the connector that it is about, or empty.
fn connector_url(notification: &Notification, identity: &Identity) -> String {
    let mut labels = notification.labels.iter();
    let connector = labels.find(|(name, _)| &**name == "connector");
    connector
        .and_then(|(_, name)| leads::connector(name, identity))
        .unwrap_or_default()
}

fn row(item: &Item) -> Vec<String> {
    let name = std::iter::once(item.name.clone());
    name.chain(item.cells.iter().cloned()).collect()
}

/// A test and a digest are no matter of a rule.
const fn has_rule(kind: &NotificationKind) -> bool {
    match kind {
        NotificationKind::Incident(_) | NotificationKind::Notice | NotificationKind::Update(_) => {
            true
        }
        NotificationKind::Test | NotificationKind::Digest => false,
    }
}

const fn is_silenceable(kind: &NotificationKind) -> bool {
    has_rule(kind) && !matches!(kind, NotificationKind::Incident(Message::Resolved))
}

const fn items_title(kind: &NotificationKind) -> &'static str {
    match kind {
        NotificationKind::Update(_) => "Publisher",
        NotificationKind::Digest => "Message",
        NotificationKind::Incident(_) | NotificationKind::Notice | NotificationKind::Test => {
            "Event"
        }
    }
}

fn pairs<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Fact> {
    let facts = all.take(FACTS_MAX).map(|(name, value)| Fact {
        name: line(name, 60),
        value: line(value, VALUE_CHARS_MAX),
    });
    facts.collect()
}

/// Columns of items: the names of their facts, in the order in which they come.
fn columns(items: &[NotificationItem]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for (name, _) in items.iter().flat_map(|item| &item.facts) {
        let name = line(name, 60);
        if columns.len() < FACTS_MAX && !columns.contains(&name) {
            columns.push(name);
        }
    }
    columns
}

fn item(item: &NotificationItem, columns: &[String]) -> Item {
    let facts = item.facts.iter();
    let facts = pairs(facts.map(|(name, value)| (&**name, value.as_str())));
    let cell = |column: &String| {
        let fact = facts.iter().find(|fact| fact.name == *column);
        fact.map(|fact| fact.value.clone()).unwrap_or_default()
    };
    Item {
        name: line(&item.name, VALUE_CHARS_MAX),
        cells: columns.iter().map(cell).collect(),
        facts,
    }
}

fn log_lines(all: &[String]) -> Vec<String> {
    let skipped = all.len().saturating_sub(LOG_LINES_MAX);
    let last = all.iter().skip(skipped);
    last.map(|one| line(one, 512)).collect()
}

/// What stands in labels of an update for a part that nobody knows.
const NOT_KNOWN: &[&str] = &["unknown", "none"];

/// What is known, in the order of reading: state, times, place, labels, facts.
fn known(notification: &Notification, reader: Reader<'_>) -> Vec<Fact> {
    let identity = reader.identity;
    let mut known: Vec<Fact> = Vec::new();
    let mut add = |name: &str, value: &str| {
        let is_told = known
            .iter()
            .any(|fact| fact.name.eq_ignore_ascii_case(name));
        if !is_told && !value.is_empty() && known.len() < FACTS_MAX {
            known.push(Fact {
                name: line(name, 60),
                value: line(value, VALUE_CHARS_MAX),
            });
        }
    };
    add("State", &state(notification));
    for (name, value) in times(notification, reader.clock) {
        add(name, &value);
    }
    match &identity.site {
        Some(site) => add("Host", &format!("{} (site {site})", identity.host)),
        None => add("Host", &identity.host),
    }
    let facts = notification.facts.iter();
    let is_of_run = is_of_run(notification);
    let has_batch = facts.clone().any(|(name, _)| &**name == BATCH_FACT);
    for (name, value) in &notification.labels {
        // The agent says who it is by its host, and people call a wave a batch.
        let is_elsewhere = &**name == "agent" || (&**name == "wave" && has_batch);
        // Labels tell messages apart also by what is not known; people learn nothing by it.
        let is_known = !is_of_run || !NOT_KNOWN.contains(&&**value);
        if !is_elsewhere && is_known {
            add(&title(name), value);
        }
    }
    for (name, value) in facts {
        add(name, value);
    }
    known
}

fn times(notification: &Notification, clock: &Clock) -> Vec<(&'static str, String)> {
    let began = clock.second(notification.started_at);
    let told = clock.second(notification.at);
    match &notification.kind {
        NotificationKind::Incident(Message::Firing) => vec![("Since", began)],
        NotificationKind::Notice => vec![("When", began)],
        NotificationKind::Incident(Message::Flapping | Message::Reminder | Message::Escalation) => {
            let so_far = lasted(notification.started_at, notification.at);
            vec![("Since", began), ("So far", so_far)]
        }
        NotificationKind::Incident(Message::Resolved) => {
            let end = notification.ended_at.unwrap_or(notification.at);
            let whole = lasted(notification.started_at, end);
            vec![
                ("Began", began),
                ("Over", clock.second(end)),
                ("Lasted", whole),
            ]
        }
        NotificationKind::Update(_) if is_start_known(notification) => {
            vec![("Run", began), ("Told", told)]
        }
        NotificationKind::Update(_) => {
            vec![("When", clock.second(notification.dated)), ("Told", told)]
        }
        NotificationKind::Test | NotificationKind::Digest => vec![("Told", told)],
    }
}

/// A label's name as a heading: `mountpoint` becomes `Mountpoint`.
fn title(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut characters = spaced.chars();
    match characters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + characters.as_str(),
        None => spaced,
    }
}
