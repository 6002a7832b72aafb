//! Rules: what is worth an alert, in the types that the engine steps.
//!
//! A rule has one of five triggers, thresholds are fields, and a condition only filters.
//! The YAML that people write and every mistake in it is [`load`]'s; conditions are
//! [`condition`]'s, sentences with places [`wording`]'s; how a rule goes on from one
//! moment to the next is [`crate::engine`]'s.

pub mod catalogue;
pub mod condition;
pub mod load;
mod nearest;
pub mod runbook;
pub mod wording;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::alert::Severity;
use model::event::{EventKind, Reason};
use model::signal::Signal;

use self::condition::Condition;
use self::wording::Wording;
use crate::batch::Patience;
use crate::incident::Cadence;
use crate::level::Level;
use crate::updates::UpdateAlert;

/// The label that says which connector an alert is about.
pub(crate) const CONNECTOR: &str = "connector";

/// Rules in force, in the order of their files. Ids are unlike each other.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    /// The rules.
    pub rules: Vec<Arc<Rule>>,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id: lower-case words with hyphens.
    pub id: Arc<str>,
    /// The type of alert, in capitals: `TUNNEL_DOWN`.
    pub alert: Arc<str>,
    /// What sets it off.
    pub on: Trigger,
    /// What must hold besides. Never of a sample rule.
    pub when: Option<Condition>,
    /// How bad it is.
    pub severity: SeverityOf,
    /// The labels that tell its alerts apart; one alert for each combination of values.
    /// For a sample rule labels of the signal, for an event rule of `connector`, `event`,
    /// `reason`, `log`. Empty: one alert for all.
    pub by: Vec<Arc<str>>,
    /// Event rules: what ends the alert. Without it the alert is a notice: told, and over.
    pub resolve_on: Option<ResolveOn>,
    /// Event rules without an end: at most one notice for each combination of `by` within
    /// this time. The others are counted and named in the next one.
    pub dedup: Duration,
    /// Batching of notices beyond what the vendor documents for updates.
    pub batch: Option<BatchBy>,
    /// When people hear of it again.
    pub cadence: Cadence,
    /// Who is told; empty: the default receivers.
    pub receivers: Vec<Arc<str>>,
    /// Who is told besides if it lasts; see [`Cadence::escalate`].
    pub escalate_to: Vec<Arc<str>>,
    /// Rules whose alerts explain this one, with the labels that must agree.
    pub inhibited_by: Vec<Inhibition>,
    /// Whether an update that runs on the connector explains it.
    pub is_explained_by_update: bool,
    /// Whether it says when it is over.
    pub send_resolved: bool,
    /// What is wrong, in one sentence.
    pub summary: Wording,
    /// What to do.
    pub action: Wording,
    /// Where to read more: a page's address, or empty.
    pub runbook: Arc<str>,
    /// The file and line it stands at, for people: `default.yaml:12`.
    pub place: Arc<str>,
}

/// What sets a rule off.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// Something happened.
    Event {
        /// One of these.
        kinds: Vec<EventKind>,
        /// For one of these reasons; empty: any.
        reasons: Vec<Reason>,
    },
    /// Something happened often.
    Rate {
        /// What is counted.
        of: Counted,
        /// So often at least,
        at_least: u64,
        /// within this time.
        within: Duration,
    },
    /// A number is beyond a limit.
    Sample {
        /// Which.
        signal: Signal,
        /// How it is looked at.
        view: View,
        /// Only series with these values: label and the values of which it has one.
        only: Only,
        /// The limit, and how long.
        level: Level,
    },
    /// Something did not follow in time.
    Absence {
        /// After one of these
        after: Vec<EventKind>,
        /// none of these came
        until: Vec<EventKind>,
        /// within this time, for the same connector.
        within: Duration,
    },
    /// The vendor's five, and "skipped": told by [`crate::updates`].
    Update(UpdateAlert),
}

/// What a rule counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Counted {
    /// Events.
    Events {
        /// One of these.
        kinds: Vec<EventKind>,
        /// For one of these reasons; empty: any.
        reasons: Vec<Reason>,
    },
    /// By how much a counter grows.
    Growth {
        /// Which.
        signal: Signal,
        /// Only series with these values.
        only: Only,
    },
}

impl Counted {
    /// The labels that what is counted has.
    pub fn labels(&self) -> &'static [&'static str] {
        match self {
            Self::Events { .. } => &["connector", "event", "reason"],
            Self::Growth { signal, .. } => signal.row().labels,
        }
    }
}

/// Labels with the values of which a series has one.
pub type Only = Vec<(Arc<str>, Vec<Arc<str>>)>;

/// How a number is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// As it is.
    Value,
    /// A moment: seconds that have passed since.
    SecondsSince,
    /// A moment: seconds until then.
    SecondsUntil,
}

/// How bad an alert is.
#[derive(Debug, Clone)]
pub enum SeverityOf {
    /// Always so.
    Is(Severity),
    /// As the words say. What renders to none of the three is critical, and a fault of the
    /// rule.
    Told(Wording),
}

/// What ends an alert of an event rule.
#[derive(Debug, Clone)]
pub struct ResolveOn {
    /// One of these, of the same connector.
    pub kinds: Vec<EventKind>,
    /// If this holds.
    pub when: Option<Condition>,
}

/// How notices of a rule are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchBy {
    /// The labels that the notices of a batch have in common.
    pub by: Vec<Arc<str>>,
    /// How long it waits.
    pub wait: Patience,
}

/// Another rule's alert that explains one: whether it fires or is pending still, since the
/// effect is often seen before its cause is certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inhibition {
    /// The other rule's id.
    pub rule: Arc<str>,
    /// Labels that must have the same value in both; empty: any alert of the rule.
    pub equal: Vec<Arc<str>>,
}

impl Rule {
    /// The labels that its alerts can have.
    pub fn label_names(&self) -> BTreeSet<&str> {
        let mut names: BTreeSet<&str> = self.by.iter().map(|name| &**name).collect();
        match &self.on {
            Trigger::Update(alert) => {
                names.extend(alert.labels());
                // A mail about one Publisher names it.
                names.insert(CONNECTOR);
            }
            // What does not follow is awaited of each connector, also if no label says so.
            Trigger::Absence { .. } if names.is_empty() => {
                names.insert(CONNECTOR);
            }
            Trigger::Absence { .. }
            | Trigger::Event { .. }
            | Trigger::Rate { .. }
            | Trigger::Sample { .. } => {}
        }
        names
    }
}

impl RuleSet {
    /// The rule with this id.
    pub fn find(&self, id: &str) -> Option<&Arc<Rule>> {
        self.rules.iter().find(|rule| &*rule.id == id)
    }

    /// The names of receivers that rules ask for, each with the first rule that does: for
    /// whoever knows which there are.
    pub fn receiver_names(&self) -> BTreeMap<Arc<str>, Arc<Rule>> {
        let mut names = BTreeMap::new();
        for rule in &self.rules {
            for name in rule.receivers.iter().chain(&rule.escalate_to) {
                names
                    .entry(Arc::clone(name))
                    .or_insert_with(|| Arc::clone(rule));
            }
        }
        names
    }
}
