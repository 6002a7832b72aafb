//! The worked examples and tables as people get them: which mails, about whom, in which
//! words, in which thread.

mod clocks;
mod restart;
mod stories;
mod tables;
mod whole;

use std::time::Duration;

use jiff::civil::{Weekday, time};
use jiff::{SignedDuration, Timestamp};
use model::alert::Severity;
use model::event::{Field, Reason};
use model::signal::Signal;
use model::untrusted::Untrusted;

use super::*;
use crate::facts::EventCount;
use crate::incident::Cadence as Again;
use crate::notification::Notification;
use crate::profile::{Profile, Release, WaveOrder};
use crate::rule::wording::{UPDATE_FACTS, Vocabulary, Wording};
use crate::rule::{RuleSet, SeverityOf};
use crate::schedule::{Cadence, Schedule};

/// The run's hour as it is in New York: Tuesday 2026-12-08 00:00, which is 05:00 UTC.
const ZONE: &str = "US/Eastern";

fn start() -> Timestamp {
    "2026-12-08T05:00:00Z".parse().unwrap()
}

fn second(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

/// The present at that second of the story, on clocks that agree.
fn now(seconds: i64) -> EngineTime {
    let wall = second(seconds);
    EngineTime {
        clock: Duration::try_from(wall.as_duration()).unwrap(),
        wall,
    }
}

/// A weekly profile of so many members, `p1` and on.
fn weekly(members: usize) -> Profile {
    Profile {
        name: Arc::from("eu-weekly"),
        release: Release::Latest { behind: 1 },
        schedule: Some(Schedule {
            cadence: Cadence::Weekly(Weekday::Tuesday),
            time: time(0, 0, 0, 0),
            zone: TimeZone::get(ZONE).unwrap(),
        }),
        is_enabled: true,
        members: (1..=members)
            .map(|one| Arc::from(format!("p{one}")))
            .collect(),
        order: WaveOrder::default(),
    }
}

/// A rule on a kind, with sentences as the rules have them that come with the program.
fn rule(alert: UpdateAlert) -> Rule {
    let vocabulary = Vocabulary {
        facts: UPDATE_FACTS,
        has_failure: true,
        has_event: true,
        ..Vocabulary::default()
    };
    let words = |text: &str| Wording::compile(text, &vocabulary).unwrap();
    let (severity, summary, action) = match alert {
        UpdateAlert::WillStart => (
            "info",
            "Updates of {{ members | length }} Publishers start in {{ lead | duration }}",
            "Nothing",
        ),
        UpdateAlert::Started => (
            "info",
            "{{ members | length }} Publishers on {{ stitcher }} started",
            "Nothing",
        ),
        UpdateAlert::Succeeded => (
            "info",
            "Batch {{ wave }}: {{ members | length }} Publishers updated",
            "Nothing",
        ),
        UpdateAlert::Failed => (
            "{{ failure.severity }}",
            "{{ members | length }} Publishers on {{ stitcher }} failed: \
             {{ reasons | join(', ') }}",
            "{{ failure.action }}",
        ),
        UpdateAlert::ConnectionFailed => (
            "critical",
            "{{ members | length }} Publishers of {{ profile }} did not come back",
            "{{ failure.action }}",
        ),
        UpdateAlert::Skipped => (
            "info",
            "{{ members | length }} Publishers skipped",
            "Nothing",
        ),
    };
    Rule {
        id: Arc::from(alert.name().to_lowercase().replace('_', "-")),
        alert: Arc::from(alert.name()),
        on: Trigger::Update(alert),
        when: None,
        severity: match Severity::from_name(severity) {
            Some(known) => SeverityOf::Is(known),
            None => SeverityOf::Told(words(severity)),
        },
        by: Vec::new(),
        resolve_on: None,
        dedup: Duration::ZERO,
        batch: None,
        cadence: Again {
            repeat: None,
            escalate: None,
        },
        receivers: vec![Arc::from("ops")],
        escalate_to: Vec::new(),
        inhibited_by: Vec::new(),
        is_explained_by_update: false,
        send_resolved: true,
        summary: words(summary),
        action: words(action),
        runbook: Arc::default(),
        place: Arc::from("test:1"),
    }
}

fn plan(profile: Profile) -> EnginePlan {
    let rules = UpdateAlert::ALL.iter().map(|alert| Arc::new(rule(*alert)));
    EnginePlan {
        rules: Arc::new(RuleSet {
            rules: rules.collect(),
        }),
        profiles: vec![profile],
        agent: Arc::from("host-1"),
        releases: ["129.0.1", "128.0.3", "127.0.2"].map(Arc::from).to_vec(),
        ..EnginePlan::default()
    }
}

/// A Publisher in the picture.
#[derive(Debug, Clone, Default)]
struct Shown {
    name: String,
    is_client: bool,
    is_tunnel_up: bool,
    stitcher: Option<String>,
    version: Option<String>,
    is_silent: bool,
    heard_at: Option<Timestamp>,
}

/// The picture.
#[derive(Debug, Clone, Default)]
struct Picture {
    publishers: Vec<Shown>,
    is_behind: bool,
}

impl Facts for Picture {
    fn readings(&self, signal: Signal, each: &mut dyn FnMut(&[&str], f64)) {
        let name = model::signal::SIGNALS
            .iter()
            .find(|row| row.signal == signal)
            .map(|row| row.name);
        match name {
            Some("ztna_host_update_space_bytes") => each(&[], 2.5e8),
            Some("ztna_host_update_space_sufficient") => each(&[], 0.0),
            _ => {}
        }
    }

    fn is_caught_up(&self) -> bool {
        !self.is_behind
    }

    fn connectors(&self, each: &mut dyn FnMut(ConnectorFacts<'_>)) {
        for one in &self.publishers {
            each(ConnectorFacts {
                name: &one.name,
                kind: if one.is_client {
                    ConnectorKind::NetskopeClient
                } else {
                    ConnectorKind::NetskopePublisher
                },
                is_tunnel_up: one.is_tunnel_up,
                stitcher: one.stitcher.as_deref(),
                version: one.version.as_deref(),
                is_silent: one.is_silent,
                heard_at: one.heard_at,
            });
        }
    }

    fn event_counts(&self, _: &mut dyn FnMut(EventCount<'_>)) {}
}

/// A line of a log.
fn event(connector: &str, kind: EventKind, reason: &str, at: Timestamp) -> RecentEvent {
    RecentEvent {
        connector: Arc::from(connector),
        log: Arc::from("wizard"),
        file: Arc::from("publisher_wizard.log"),
        offset: 7,
        read_at: at,
        event: Event {
            key: EventKey {
                kind,
                reason: Reason::new(reason).unwrap_or_default(),
            },
            time: Some(at),
            fields: Vec::new(),
        },
        line: None,
    }
}

/// A story told to the desk, step by step.
struct Story {
    desk: UpdateDesk,
    picture: Picture,
    mails: Vec<(i64, Notification)>,
    history: Vec<(i64, String, String)>,
    events: Vec<RecentEvent>,
    store: BTreeMap<Arc<str>, Vec<u8>>,
    /// Seconds from the scheduled start.
    clock: i64,
    /// Seconds from one step to the next.
    pace: i64,
}

impl Story {
    /// Begins ten minutes before the start; each member is connected where it is told.
    fn of(plan: &EnginePlan, stitchers: &[(&str, &[&str])]) -> Self {
        let mut story = Self {
            desk: UpdateDesk::open(plan, &[]),
            picture: Picture::default(),
            mails: Vec::new(),
            history: Vec::new(),
            events: Vec::new(),
            store: BTreeMap::new(),
            clock: -600,
            pace: 30,
        };
        for (stitcher, members) in stitchers {
            for member in *members {
                story.connect(-600, &[member], stitcher);
            }
        }
        story
    }

    /// Lets time pass, step by step.
    fn until(&mut self, minutes: i64) -> &mut Self {
        while self.clock < minutes * 60 {
            self.clock = (self.clock + self.pace).min(minutes * 60);
            self.step();
        }
        self
    }

    fn step(&mut self) {
        self.step_at(now(self.clock));
    }

    fn step_at(&mut self, now: EngineTime) {
        let look = Look {
            facts: &self.picture,
            world: &World::of(&self.picture),
            lines: &Lines::default(),
            now,
        };
        self.desk.step(&look);
        self.collect();
    }

    fn take(&mut self, line: &RecentEvent, now: EngineTime) {
        let look = Look {
            facts: &self.picture,
            world: &World::of(&self.picture),
            lines: &Lines::default(),
            now,
        };
        self.desk.take_event(line, &look);
        self.collect();
    }

    /// What a turn does: the store has everything now.
    fn commit(&mut self) {
        for (name, value) in self.desk.uncommitted() {
            match value {
                Some(value) => self.store.insert(name, value),
                None => self.store.remove(&name),
            };
        }
        self.desk.mark_committed();
        assert_eq!(self.desk.uncommitted(), []);
    }

    /// Kills it; another one begins with what the store has.
    fn restart(&mut self, plan: &EnginePlan) {
        let stored: Vec<(Arc<str>, Vec<u8>)> = self.store.clone().into_iter().collect();
        self.desk = UpdateDesk::open(plan, &stored);
    }

    fn collect(&mut self) {
        let output = self.desk.take_output();
        let minute = self.clock / 60;
        let mails = output.notifications.into_iter();
        let mails = mails.inspect(|mail| {
            let alert = UpdateAlert::ALL
                .iter()
                .find(|one| *one.name() == *mail.alert);
            let rule = rule(*alert.unwrap());
            let known = rule.label_names();
            let all = || mail.labels.iter().map(|(name, _)| &**name);
            assert!(all().all(|name| known.contains(name)), "{:?}", mail.labels);
        });
        self.mails.extend(mails.map(|mail| (minute, mail)));
        let rows = output.history.into_iter();
        let told = rows.map(|row| (minute, row.decision.to_string(), row.reason));
        self.history.extend(told);
        self.events.extend(output.events);
    }

    fn say(&mut self, seconds: i64, members: &[&str], kind: EventKind, reason: &str) -> &mut Self {
        self.until(seconds.div_euclid(60));
        self.clock = self.clock.max(seconds);
        for member in members {
            let line = event(member, kind, reason, second(seconds));
            self.take(&line, now(seconds));
        }
        self
    }

    fn start(&mut self, minute: i64, members: &[&str]) -> &mut Self {
        self.say(minute * 60, members, EventKind::UpdateStarted, "")
    }

    fn succeed(&mut self, minute: i64, members: &[&str]) -> &mut Self {
        self.say(minute * 60, members, EventKind::UpdateSucceeded, "")
    }

    fn fail(&mut self, minute: i64, members: &[&str], reason: &str) -> &mut Self {
        self.say(minute * 60, members, EventKind::UpdateFailed, reason)
    }

    fn fall(&mut self, minute: i64, members: &[&str]) -> &mut Self {
        self.say(minute * 60, members, EventKind::TunnelDisconnected, "")
    }

    fn connect(&mut self, seconds: i64, members: &[&str], stitcher: &str) -> &mut Self {
        self.until(seconds.div_euclid(60));
        for member in members {
            let mut line = event(member, EventKind::TunnelConnected, "", second(seconds));
            line.event.fields.push(Field {
                name: Arc::from("stitcher"),
                value: Untrusted::new(stitcher),
            });
            self.take(&line, now(seconds));
        }
        self
    }

    /// What is shown of a Publisher from now on.
    fn show(&mut self, shown: Shown) -> &mut Self {
        self.picture.publishers.retain(|one| one.name != shown.name);
        self.picture.publishers.push(shown);
        self
    }

    /// The mails of a kind: minute, number, sentence and who.
    fn mails(&self, alert: UpdateAlert) -> Vec<String> {
        let of_kind = self
            .mails
            .iter()
            .filter(|(_, mail)| *mail.alert == *alert.name());
        of_kind.map(|(minute, mail)| line(*minute, mail)).collect()
    }

    fn mail(&self, alert: UpdateAlert) -> &Notification {
        let mut of_kind = self.mails.iter().map(|(_, mail)| mail);
        of_kind.find(|mail| *mail.alert == *alert.name()).unwrap()
    }
}

/// A mail in a line.
fn line(minute: i64, mail: &Notification) -> String {
    let number = if mail.number > 1 {
        format!(" ({})", mail.number)
    } else {
        String::new()
    };
    let names: Vec<&str> = mail.items.iter().map(|item| &*item.name).collect();
    format!(
        "{minute} {}{number} {}: {}",
        mail.severity.name(),
        mail.summary,
        names.join(" ")
    )
}

/// A fact of a mail.
fn fact<'a>(mail: &'a Notification, name: &str) -> Option<&'a str> {
    let found = mail.facts.iter().find(|(known, _)| **known == *name);
    found.map(|(_, value)| value.as_str())
}

/// A cell of a mail's table.
fn cell<'a>(mail: &'a Notification, member: &str, column: &str) -> Option<&'a str> {
    let item = mail.items.iter().find(|item| *item.name == *member)?;
    let found = item.facts.iter().find(|(known, _)| **known == *column);
    found.map(|(_, value)| value.as_str())
}
