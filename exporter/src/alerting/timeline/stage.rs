//! Plays a timeline: the real catalogue, ledger, rules and wording, by a virtual clock.
//!
//! What is left out of the running agent is the disk at both ends: lines come from the
//! timeline and not from files, and what would be committed is kept in memory. A restart
//! takes alerting's own state through the same bytes that the store would hold; what the
//! logs told stays, as if it had been committed a moment before.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use alerts::engine::Engine;
use alerts::outbox::{Attempt, Next};
use anyhow::{Context as _, anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use model::alert::Silence;
use model::delivery::{Channel, Delivery, DeliveryState, OutboxMessage};
use model::event::{Event, EventKey, EventKind, Field, Reason};
use model::position::FileId;
use model::snapshot::{RecentEvent, Snapshot};
use model::untrusted::Untrusted;
use store::{Restored, Turn};
use tail::turn::{Batch, SourceStatus};

use super::mail::Letter;
use super::overlay::{Numbers, Overlay, labels_of};
use super::played::{Played, Seen};
use super::script::{Given, Happening, Quiet, Timeline};
use crate::agent::plan::Plan;
use crate::alerting::book::{AlertBook, KeptAlerts, Opening};
use crate::alerting::facts::SnapshotFacts;
use crate::alerting::settings::AlertSettings;
use crate::clock::Moment;
use crate::config::Config;
use crate::config::alerts::matcher;
use crate::pipeline::ledger::Ledger;
use crate::pipeline::picture;
use crate::pipeline::sources::SourceTable;

/// The machine's age when a timeline begins.
const AGE_AT_START: Duration = Duration::from_secs(60);

/// Most steps of a timeline: a fortnight by five seconds.
const STEPS_MAX: u64 = 250_000;

/// Plays one timeline.
///
/// # Errors
///
/// What the timeline says and nobody can do, in words for its author.
pub(super) fn play(
    config: &Config,
    settings: &AlertSettings,
    timeline: &Timeline,
    ends_at: Duration,
) -> anyhow::Result<Played> {
    let mut stage = Stage::set(config, settings, timeline)?;
    if let Some(given) = &timeline.given {
        stage.connect(given)?;
    }
    let mut waiting: Vec<&Happening> = timeline.when.iter().collect();
    waiting.sort_by_key(|one| one.t.0);
    let mut waiting = waiting.into_iter().peekable();
    let step = timeline.step.0.max(Duration::from_millis(1));
    if u128::from(STEPS_MAX) < ends_at.as_millis() / step.as_millis().max(1) {
        bail!("it has more than {STEPS_MAX} steps: want a longer `step`");
    }
    loop {
        let mut news = Vec::new();
        while let Some(one) = waiting.next_if(|one| one.t.0 <= stage.elapsed) {
            stage
                .happen(one, &mut news)
                .with_context(|| format!("`when` at {}", one.t))?;
        }
        stage.step(&news);
        if ends_at <= stage.elapsed {
            break;
        }
        let by_step = stage.elapsed.saturating_add(step);
        let by_news = waiting.peek().map_or(by_step, |one| one.t.0);
        stage.elapsed = by_step.min(by_news.max(stage.elapsed)).min(ends_at);
    }
    Ok(stage.played)
}

struct Stage {
    began: Timestamp,
    elapsed: Duration,
    ledger: Ledger,
    sources: SourceTable,
    book: AlertBook,
    settings: AlertSettings,
    numbers: Numbers,
    /// What a store would hold of alerting.
    states: BTreeMap<Arc<str>, Vec<u8>>,
    messages: Vec<OutboxMessage>,
    /// By message and recipient.
    deliveries: BTreeMap<(Arc<str>, Arc<str>), Delivery>,
    /// Connectors with their logs, in the order of the ledger.
    connectors: Vec<(Arc<str>, Vec<String>)>,
    /// How much was written to each log.
    offsets: BTreeMap<(usize, usize), u64>,
    played: Played,
}

impl Stage {
    fn set(config: &Config, settings: &AlertSettings, timeline: &Timeline) -> anyhow::Result<Self> {
        let moment = moment(timeline.at, Duration::ZERO);
        let restored = Restored {
            has_history: true,
            ..Restored::default()
        };
        let mut books = Plan::from_config(config)?.open(restored, moment)?;
        let connectors = config.connectors.iter();
        let mut settings = settings.clone();
        settings.plan.quiet_before = Some(timeline.at);
        books.ledger.set_quiet_before(settings.plan.quiet_before);
        let opening = Opening {
            settings: settings.clone(),
            kept: KeptAlerts::default(),
            now: moment,
        };
        Ok(Self {
            began: timeline.at,
            elapsed: Duration::ZERO,
            ledger: books.ledger,
            sources: books.sources,
            book: AlertBook::open(opening),
            settings,
            numbers: Numbers::default(),
            states: BTreeMap::new(),
            messages: Vec::new(),
            deliveries: BTreeMap::new(),
            connectors: connectors
                .map(|one| (Arc::from(&*one.name), one.logs.keys().cloned().collect()))
                .collect(),
            offsets: BTreeMap::new(),
            played: Played::default(),
        })
    }

    fn moment(&self) -> Moment {
        moment(self.began, self.elapsed)
    }

    fn now(&self) -> Timestamp {
        self.moment().timestamp()
    }

    /// Connects the members of a profile to their stitchers, with the version they run.
    fn connect(&mut self, given: &Given) -> anyhow::Result<()> {
        for (place, (name, _)) in self.connectors.iter().enumerate() {
            let is_member = given.members.values().flatten().any(|one| *one == **name);
            if let Some(version) = given.version.as_ref().filter(|_| is_member) {
                self.ledger.learn_version(place, version);
            }
        }
        let mut news = Vec::new();
        for (stitcher, members) in &given.stitchers {
            let fields = [("stitcher".to_owned(), stitcher.clone())];
            for member in members {
                let key = EventKey {
                    kind: EventKind::TunnelConnected,
                    reason: Reason::none(),
                };
                let event = self.event(member, key, &fields, self.now())?;
                self.ledger.judge(event.clone());
                news.push(event);
            }
        }
        self.step(&news);
        Ok(())
    }

    fn happen(&mut self, one: &Happening, news: &mut Vec<RecentEvent>) -> anyhow::Result<()> {
        if let Some(down) = one.restart {
            return self.restart(down.0);
        }
        if let Some(silence) = &one.silence {
            return self.silence(silence);
        }
        if let Some(row) = one.sample {
            let labels = labels_of(row, &one.labels)?;
            let value = one
                .value
                .ok_or_else(|| anyhow!("a `sample` needs a `value`"))?;
            self.numbers.set(row, labels, value.0);
            return Ok(());
        }
        let whom = self.whom(one)?;
        if one.event.is_none() && one.lines.is_empty() {
            bail!("nothing happens: want `event`, `lines`, `sample`, `silence` or `restart`");
        }
        for connector in whom {
            for line in &one.lines {
                self.write(&connector, one.log.as_deref(), line)?;
            }
            let Some(kind) = one.event else {
                continue;
            };
            let reason = one.reason.clone().unwrap_or_else(Reason::none);
            let at = match one.happened {
                Some(after) => moment(self.began, after.0).timestamp(),
                None => self.now(),
            };
            let fields: Vec<_> = one.fields.clone().into_iter().collect();
            let key = EventKey { kind, reason };
            let event = self.event(&connector, key, &fields, at)?;
            for _ in 0..one.times {
                self.ledger.judge(event.clone());
                news.push(event.clone());
            }
        }
        Ok(())
    }

    fn whom(&self, one: &Happening) -> anyhow::Result<Vec<String>> {
        if !one.each.is_empty() {
            return Ok(one.each.clone());
        }
        if let Some(name) = &one.connector {
            return Ok(vec![name.clone()]);
        }
        match self.connectors.as_slice() {
            [(only, _)] => Ok(vec![only.to_string()]),
            _ => bail!("there are several connectors: want `connector` or `each`"),
        }
    }

    fn event(
        &self,
        connector: &str,
        key: EventKey,
        fields: &[(String, String)],
        at: Timestamp,
    ) -> anyhow::Result<RecentEvent> {
        let place = self.place_of(connector)?;
        let (name, logs) = self
            .connectors
            .get(place)
            .ok_or_else(|| anyhow!("there is no connector `{connector}`"))?;
        let said = fields.iter().map(|(what, value)| Field {
            name: Arc::from(&**what),
            value: Untrusted::new(value),
        });
        Ok(RecentEvent {
            connector: Arc::clone(name),
            log: Arc::from(logs.first().map_or("", String::as_str)),
            file: Arc::default(),
            offset: u64::try_from(self.elapsed.as_millis()).unwrap_or_default(),
            read_at: self.now(),
            event: Event {
                key,
                time: Some(at),
                fields: said.collect(),
            },
            line: None,
        })
    }

    fn place_of(&self, connector: &str) -> anyhow::Result<usize> {
        let found = self
            .connectors
            .iter()
            .position(|(name, _)| **name == *connector);
        found.ok_or_else(|| anyhow!("there is no connector `{connector}`"))
    }

    /// Has a line read, as if it had just been written to the log.
    fn write(&mut self, connector: &str, log: Option<&str>, line: &str) -> anyhow::Result<()> {
        let place = self.place_of(connector)?;
        let logs = self.connectors.get(place).map(|(_, logs)| logs.as_slice());
        let logs = logs.unwrap_or_default();
        let number = match log {
            None => Some(0),
            Some(name) => logs.iter().position(|one| one == name),
        };
        let number = number.ok_or_else(|| {
            anyhow!(
                "`{connector}` has no such log; there are: {}",
                logs.join(", ")
            )
        })?;
        let source = self
            .sources
            .source_of(place, number)
            .ok_or_else(|| anyhow!("`{connector}` has no log"))?;
        let text = format!("{line}\n");
        let offset = self.offsets.entry((place, number)).or_default();
        let batch = Batch {
            id: FileId(u64::try_from(source.0).unwrap_or_default()),
            source,
            path: Path::new("timeline"),
            start: b"",
            offset: *offset,
            mid_line: false,
            bytes: text.as_bytes(),
            is_final: false,
        };
        *offset = offset.saturating_add(u64::try_from(text.len()).unwrap_or_default());
        let now = moment(self.began, self.elapsed).timestamp();
        self.sources.take(&batch, &mut self.ledger, now);
        Ok(())
    }

    fn silence(&mut self, silence: &Quiet) -> anyhow::Result<()> {
        let mut matchers = Vec::new();
        for text in &silence.matchers {
            let (label, value) = matcher(text).ok_or_else(|| anyhow!("`{text}` is no matcher"))?;
            matchers.push((Arc::from(label), Arc::from(value)));
        }
        let from = self.now();
        let lasts = SignedDuration::try_from(silence.lasts.0)?;
        self.book.silence(Silence {
            id: Arc::from(&*silence.id),
            matchers,
            who: "the timeline".to_owned(),
            why: "it says so".to_owned(),
            from,
            until: from.checked_add(lasts)?,
        })?;
        Ok(())
    }

    /// Kills the agent, and starts it again after some time.
    fn restart(&mut self, down: Duration) -> anyhow::Result<()> {
        self.elapsed = self.elapsed.saturating_add(down);
        let states = self.states.iter();
        let states: Vec<_> = states
            .map(|(key, value)| (Arc::clone(key), value.clone()))
            .collect();
        if Engine::stored_clock(&states).is_none() && !states.is_empty() {
            bail!("what alerting remembers cannot be read back");
        }
        let last = self.messages.last().map_or(0, |message| message.serial);
        let mut restored = Restored {
            alert_states: states,
            messages: self.waiting_messages(),
            deliveries: self.waiting(),
            last_message_serial: last,
            has_history: true,
            ..Restored::default()
        };
        self.book = AlertBook::open(Opening {
            settings: self.settings.clone(),
            kept: KeptAlerts::take_from(&mut restored),
            now: self.moment(),
        });
        Ok(())
    }

    /// One turn of the writer.
    fn step(&mut self, told: &[RecentEvent]) {
        let now = self.moment();
        self.ledger.catch_up(now);
        let (mut events, skipped) = self.ledger.take_unseen();
        self.book.note_skipped(skipped, now);
        events.extend_from_slice(told);
        let mut picture = self.draw();
        picture.alerts = Arc::new(self.book.before_step(&picture, now));
        let facts = SnapshotFacts::new(&picture);
        let overlay = Overlay {
            below: &facts,
            above: &self.numbers,
        };
        let judgements = self.book.step_on(&events, &overlay, now);
        for judgement in judgements {
            self.ledger.judge(judgement);
        }
        self.commit();
    }

    fn draw(&self) -> Snapshot {
        let status = |_, _| SourceStatus::default();
        picture::draw(&self.ledger, &status, true, self.now())
    }

    /// Keeps what a store would hold, and looks at what was decided.
    fn commit(&mut self) {
        let mut turn = Turn::default();
        self.book.add_uncommitted(&mut turn);
        self.book.mark_committed(turn.clone());
        self.ledger.mark_committed();
        for (key, value) in turn.alert_states {
            match value {
                Some(value) => drop(self.states.insert(key, value)),
                None => drop(self.states.remove(&key)),
            }
        }
        let at = self.elapsed;
        let rows = turn.history.into_iter().map(|row| (at, row));
        self.played.history.extend(rows);
        for message in turn.messages {
            let own = turn
                .deliveries
                .iter()
                .filter(|one| one.message == message.id);
            let mut to: Vec<String> = own.map(|one| one.recipient.to_string()).collect();
            to.sort();
            let letter = match message.channel {
                Channel::Email => Letter::of_mail(&message.body),
                Channel::Webhook
                | Channel::Alertmanager
                | Channel::Syslog
                | Channel::Snmp
                | Channel::Exec => Letter::of_other(&message.body),
            };
            self.played.seen.push(Seen {
                at,
                message: message.clone(),
                to,
                letter,
            });
            self.messages.push(message);
        }
        for delivery in turn.deliveries {
            let key = (
                Arc::clone(&delivery.message),
                Arc::clone(&delivery.recipient),
            );
            self.deliveries.insert(key, delivery);
        }
        self.deliver();
        for rule in self.book.draw(&self.draw(), self.moment()).rules {
            if let Some(words) = rule.last_failure {
                let fault = format!("rule `{}`: {words}", rule.id);
                if !self.played.faults.contains(&fault) {
                    self.played.faults.push(fault);
                }
            }
        }
    }
}

impl Stage {
    /// Has every receiver take what waits for him, at once: a message that waits is an
    /// alert of its own.
    fn deliver(&self) {
        let tray = self.book.tray();
        let mut outbox = tray.lock();
        for receiver in &self.settings.receivers {
            while let Next::Now(claimed) = outbox.claim(&receiver.name, self.now()) {
                outbox.settle(
                    &claimed.message.id,
                    &claimed.delivery.recipient,
                    &Attempt::Sent("taken by the timeline".to_owned()),
                    self.now(),
                );
            }
        }
    }

    fn waiting_messages(&self) -> Vec<OutboxMessage> {
        let waiting = self.waiting();
        let messages = self.messages.iter();
        messages
            .filter(|message| waiting.iter().any(|one| one.message == message.id))
            .cloned()
            .collect()
    }

    /// The deliveries that a store would give back.
    fn waiting(&self) -> Vec<Delivery> {
        let is_queued = |one: &&Delivery| one.state == DeliveryState::Queued;
        self.deliveries
            .values()
            .filter(is_queued)
            .cloned()
            .collect()
    }
}

fn moment(began: Timestamp, elapsed: Duration) -> Moment {
    Moment {
        monotonic: AGE_AT_START.saturating_add(elapsed),
        wall: SystemTime::from(began)
            .checked_add(elapsed)
            .unwrap_or(SystemTime::UNIX_EPOCH),
    }
}
