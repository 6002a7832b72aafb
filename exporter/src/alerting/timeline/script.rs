//! What stands in a file of timelines, in the words of its author.
//!
//! Read as the configuration is: a misspelt key is told with its place. What is played is
//! in [`super::stage`], what is expected is judged in [`super::verdict`].

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use model::connector::ConnectorKind;
use model::event::{EventKind, Reason};
use model::signal::{SIGNALS, SignalRow};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::config::HumanDuration;
use crate::config::alerts::{AlertsConfig, ScheduleConfig};

/// The prefix that rules leave out of a signal's name.
const PREFIX: &str = "ztna_";

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    /// The connectors by name, with their products.
    #[serde(default)]
    pub connectors: BTreeMap<String, Product>,
    /// The section `alerts` of the configuration.
    #[serde(default)]
    pub alerts: AlertsConfig,
    /// The timelines.
    pub tests: Vec<Timeline>,
}

/// One timeline.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timeline {
    /// What it shows, in a sentence.
    pub name: String,
    /// When it begins.
    #[serde(deserialize_with = "parsed")]
    pub at: Timestamp,
    /// Between two steps of the rules.
    #[serde(default = "usual_step")]
    pub step: HumanDuration,
    /// When it ends; without the key a little after what is expected last.
    #[serde(default)]
    pub until: Option<HumanDuration>,
    /// A profile with members in waves.
    #[serde(default)]
    pub given: Option<Given>,
    /// What happens.
    #[serde(default)]
    pub when: Vec<Happening>,
    /// What is to come of it, and nothing else.
    pub expect: Expect,
}

/// A profile, and where its members are connected when the timeline begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    /// The profile's name.
    pub profile: String,
    /// The members by wave, from 1 on.
    pub members: BTreeMap<String, Vec<String>>,
    /// Which members are connected to which stitcher.
    #[serde(default)]
    pub stitchers: BTreeMap<String, Vec<String>>,
    /// When its updates begin, unless by hand.
    #[serde(default)]
    pub schedule: Option<ScheduleConfig>,
    /// The version that they run.
    #[serde(default)]
    pub version: Option<String>,
}

/// Something that happens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Happening {
    /// How long after the beginning.
    pub t: HumanDuration,
    /// To this connector; without it to the only one.
    #[serde(default)]
    pub connector: Option<String>,
    /// To each of these.
    #[serde(default)]
    pub each: Vec<String>,
    /// An event, as if a line had told it.
    #[serde(default, deserialize_with = "event")]
    pub event: Option<EventKind>,
    /// How often, all at once.
    #[serde(default = "once")]
    pub times: u32,
    /// Its reason.
    #[serde(default, deserialize_with = "reason")]
    pub reason: Option<Reason>,
    /// When it happened, if that is not when it is heard.
    #[serde(default)]
    pub happened: Option<HumanDuration>,
    /// What else it tells.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Lines that are written to a log.
    #[serde(default)]
    pub lines: Vec<String>,
    /// The log; without it the product's first.
    #[serde(default)]
    pub log: Option<String>,
    /// A number that changes, by its name without `ztna_`.
    #[serde(default, deserialize_with = "sample")]
    pub sample: Option<&'static SignalRow>,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What it is from now on; `none` if it is gone.
    #[serde(default)]
    pub value: Option<Value>,
    /// A silence that somebody adds.
    #[serde(default)]
    pub silence: Option<Quiet>,
    /// The agent is killed, and back after so long.
    #[serde(default)]
    pub restart: Option<HumanDuration>,
}

/// A silence from then on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quiet {
    /// Its id.
    pub id: String,
    /// `label=value`.
    pub matchers: Vec<String>,
    /// For how long; `0s` ends it.
    #[serde(rename = "for")]
    pub lasts: HumanDuration,
}

/// What is to come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    /// Every message, in any order.
    pub mails: Vec<Expected>,
    /// Decisions that the history has to have: each a part of `decision key: reason`.
    #[serde(default)]
    pub history: Vec<String>,
}

/// A message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    /// When it is decided, at the earliest.
    pub at: HumanDuration,
    /// How much later at the latest.
    #[serde(default = "usual_tolerance")]
    pub within: HumanDuration,
    /// The type of alert.
    #[serde(default)]
    pub alert: Option<String>,
    /// What it says of it: `firing`, `resolved`, `notice`, …
    #[serde(default)]
    pub status: Option<String>,
    /// How bad it is.
    #[serde(default)]
    pub severity: Option<String>,
    /// The receiver's name.
    #[serde(default)]
    pub receiver: Option<String>,
    /// The recipients.
    #[serde(default)]
    pub to: Option<Vec<String>>,
    /// A part of the subject.
    #[serde(default)]
    pub subject: Option<String>,
    /// Messages with the same word here are in one thread, others are not.
    #[serde(default)]
    pub thread: Option<String>,
    /// The wave that it is about.
    #[serde(default)]
    pub wave: Option<String>,
    /// The stitcher that it is about.
    #[serde(default)]
    pub stitcher: Option<String>,
    /// The members that it lists, all of them.
    #[serde(default)]
    pub items: Option<Vec<String>>,
    /// Its number, if it follows up on others.
    #[serde(default)]
    pub number: Option<u32>,
    /// Parts of the text.
    #[serde(default)]
    pub body: Vec<String>,
    /// What the text must not have.
    #[serde(default)]
    pub not_body: Vec<String>,
}

/// A product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Product(pub ConnectorKind);

/// A number, or none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Value(pub Option<f64>);

/// As often as a page is scraped; the agent itself steps at each commit, once a second.
const fn usual_step() -> HumanDuration {
    HumanDuration(Duration::from_secs(5))
}

const fn once() -> u32 {
    1
}

const fn usual_tolerance() -> HumanDuration {
    HumanDuration(Duration::from_secs(10))
}

/// Reads a text that `find` understands.
fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    what: &str,
    find: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    find(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no {what}")))
}

fn parsed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    read(deserializer, "instant", |text| text.parse().ok())
}

fn event<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<EventKind>, D::Error> {
    read(deserializer, "event", EventKind::from_name).map(Some)
}

fn reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Reason>, D::Error> {
    read(deserializer, "reason", Reason::new).map(Some)
}

fn sample<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'static SignalRow>, D::Error> {
    let find = |text: &str| {
        SIGNALS
            .iter()
            .find(|row| row.name.strip_prefix(PREFIX) == Some(text) || row.name == text)
    };
    read(deserializer, "signal", find).map(Some)
}

impl<'de> Deserialize<'de> for Product {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, "kind of connector", ConnectorKind::from_name).map(Self)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Value;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number, or `none`")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
                if text == "none" {
                    return Ok(Value(None));
                }
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                number
                    .map(|number| Value(Some(number)))
                    .ok_or_else(|| E::custom(format!("`{text}` is no number")))
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}
