//! One matter of a rule: what is remembered of it from step to step and over restarts.
//!
//! A matter is a rule with one combination of the labels that it tells its alerts apart by.
//! It is bad or good ([`Matter::turn_to`], by the rule's trigger), and people are told or
//! not ([`super::telling`]). An *episode* lasts from when it begins, while people think that
//! all is well, until they hear that it is over; it has one name, one sentence and one
//! thread.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::alert::{HeldBy, Severity};
use serde::{Deserialize, Serialize};

use super::naming::Labels;
use crate::incident::{Hold, Incident};
use crate::level::{LevelState, Standing};

/// A matter.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Matter {
    /// Its name, see [`super::naming::key_of`].
    pub(super) key: Arc<str>,
    /// What it is about.
    pub(super) labels: Labels,
    /// The connector that it is about, also if no label says so. Empty for the host.
    pub(super) connector: Arc<str>,
    /// Its number for SNMP.
    pub(super) index: u32,
    /// How bad it is.
    #[serde(with = "severity_word")]
    pub(super) severity: Severity,
    /// How it stands.
    pub(super) standing: Standing,
    /// Since when it has stood so.
    pub(super) since: Timestamp,
    /// Since when it has been bad; stays when it is good again.
    pub(super) began_at: Timestamp,
    /// Why it stands so, in a sentence.
    pub(super) why: String,
    /// What people know.
    pub(super) incident: Incident,
    /// Names the episode: the root of ids and threads.
    pub(super) episode: Arc<str>,
    /// Notifications of this episode.
    pub(super) said: u32,
    /// What the next episode is known by, if an event began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<Arc<str>>,
    /// What it says.
    pub(super) words: Words,
    /// Why people are not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) held: Option<Held>,
    /// Why it was told, or not, when it was decided last.
    pub(super) reason: Arc<str>,
    /// How its number stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) level: Option<LevelState>,
    /// Its number when that changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<f64>,
    /// What did not follow yet, if something is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) awaited: Option<Awaited>,
    /// Whom people's messages went to, while they think that it lasts: should the rule be
    /// gone by then, they still hear that it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) told: Option<ToldTo>,
    /// Events like the one that began it, since then.
    pub(super) more: u64,
    /// Whether its row is to be put anew.
    #[serde(skip)]
    pub(super) is_changed: bool,
}

/// Whom messages of a matter went to, and under which type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToldTo {
    /// The type of alert.
    pub(super) alert: Arc<str>,
    /// The receivers; none for the default ones.
    pub(super) receivers: Vec<Arc<str>>,
    /// The second receivers, if they were told.
    pub(super) escalated: Vec<Arc<str>>,
    /// Whether they hear of the end.
    pub(super) sends_resolved: bool,
}

/// Something that should follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Awaited {
    /// Until when, on the engine's clock.
    pub(super) until: Duration,
    /// Since when it has been waited for.
    pub(super) since: Timestamp,
}

/// What a matter says, worded when its episode began.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// What is wrong.
    pub(super) summary: String,
    /// What to do.
    pub(super) action: String,
    /// Facts of the event that began it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) facts: Vec<(Arc<str>, String)>,
    /// What went wrong in wording it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) faults: Vec<String>,
}

/// Why people are not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// By what kind of thing.
    pub(super) by: Holder,
    /// Its name: of a silence its id, of an alert its key.
    pub(super) name: Arc<str>,
    /// The whole sentence.
    pub(super) reason: String,
}

/// By what kind of thing something is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Holder {
    /// A silence.
    Silence,
    /// A maintenance window.
    Maintenance,
    /// An update that runs.
    Update,
    /// Another alert.
    Alert,
}

impl Held {
    /// As incidents know it.
    pub(super) const fn hold(&self) -> Hold {
        match self.by {
            Holder::Silence => Hold::Silence,
            Holder::Maintenance | Holder::Update => Hold::Maintenance,
            Holder::Alert => Hold::Inhibition,
        }
    }

    /// As readers know it.
    pub(super) fn public(&self) -> HeldBy {
        let name = Arc::clone(&self.name);
        match self.by {
            Holder::Silence => HeldBy::Silence(name),
            Holder::Maintenance | Holder::Update => HeldBy::Maintenance(name),
            Holder::Alert => HeldBy::Inhibition(name),
        }
    }

    /// Whether the same thing holds.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.by == other.by && self.name == other.name
    }
}

impl Matter {
    /// A matter of which nothing is known yet: all is well.
    pub(super) fn new(key: Arc<str>, labels: Labels, index: u32, at: Timestamp) -> Self {
        let connector = labels.iter().find(|(name, _)| &**name == "connector");
        Self {
            connector: connector.map_or_else(Arc::default, |(_, value)| Arc::clone(value)),
            key,
            labels,
            index,
            severity: Severity::Critical,
            standing: Standing::Inactive,
            since: at,
            began_at: at,
            why: String::new(),
            incident: Incident::default(),
            episode: Arc::default(),
            said: 0,
            cause: None,
            words: Words::default(),
            held: None,
            reason: Arc::default(),
            level: None,
            number: None,
            awaited: None,
            told: None,
            more: 0,
            is_changed: true,
        }
    }

    /// Stands so from `at` on, and why.
    pub(super) fn turn_to(&mut self, standing: Standing, why: String, at: Timestamp) {
        if self.standing == Standing::Inactive && standing != Standing::Inactive {
            self.began_at = at;
        }
        self.standing = standing;
        self.since = at;
        self.why = why;
        self.more = 0;
        self.is_changed = true;
    }

    /// Whether readers are to see it: it is bad, or people still think so.
    pub(super) fn is_shown(&self) -> bool {
        self.standing != Standing::Inactive || self.incident.is_told()
    }

    /// Whether its sentence may be changed: nobody has read it.
    pub(super) fn is_between_episodes(&self) -> bool {
        self.incident.since().is_none() && !self.incident.is_told()
    }

    /// Whether nothing is worth remembering any more.
    pub(super) fn is_forgettable(&self, clock: Duration) -> bool {
        self.standing == Standing::Inactive
            && self.awaited.is_none()
            && self.incident.is_forgettable(clock)
    }
}

/// A severity by its word.
pub(super) mod severity_word {
    use model::alert::Severity;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands a reference over"
    )]
    pub(in crate::engine) fn serialize<S: Serializer>(
        from: &Severity,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(from.name())
    }

    pub(in crate::engine) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Severity, D::Error> {
        let word = String::deserialize(from)?;
        Severity::from_name(&word).ok_or_else(|| serde::de::Error::custom("unknown severity"))
    }
}
