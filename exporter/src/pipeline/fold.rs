//! Folds what a batch of lines says into the ledger.
//!
//! Called for every recognised line, so it allocates only for lines that change a
//! state or that people want to see; the others are one addition.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use logparse::catalogue::FunctionId;
use logparse::scan::{Hit, Miss, Sink, Tally};
use model::event::{Event, EventKind};
use model::log::{LineOutcome, LossCause};
use model::position::FileId;
use model::snapshot::RecentEvent;
use model::untrusted::Untrusted;

use super::ledger::{ConnectorAccount, Freshness, Ledger, LinePlace, LogPlace, Told, Tracked};
use super::redact::{may_keep_samples, redact_line, shown_field, shown_path};

/// How far another machine's clock may be ahead of ours.
const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_mins(1);

/// The file that lines come from.
#[derive(Debug, Clone, Copy)]
pub struct FileRef<'a> {
    /// Tells it from other files of this run.
    pub id: FileId,
    /// Its present name, for people.
    pub path: &'a Path,
}

/// Takes the lines of one batch of one log.
pub struct Fold<'a> {
    ledger: &'a mut Ledger,
    place: LogPlace,
    file: FileRef<'a>,
    now: Timestamp,
    /// The path as text, made at the first event that needs it.
    path_text: Option<Arc<str>>,
    /// Times of events that come by the thousand, to be noted with the batch.
    waiting: Vec<Waiting>,
}

/// When an event of daily business happened in the present batch.
struct Waiting {
    kind: EventKind,
    /// By its last line.
    last: Told,
    /// By the latest of its times, or by a line without one: it tells whether the batch
    /// is old news, as line after line would.
    newest: Told,
}

impl Waiting {
    /// Notes the time, unless the whole batch is old news.
    fn settle(self, account: &mut ConnectorAccount) {
        if account.note_time(self.kind, self.newest) == Freshness::News {
            account.note_time(self.kind, self.last);
        }
    }
}

/// Lets the time of an event wait for the end of the batch: nobody asks for it before.
fn wait(waiting: &mut Vec<Waiting>, kind: EventKind, told: Told) {
    let Some(known) = waiting.iter_mut().find(|one| one.kind == kind) else {
        waiting.push(Waiting {
            kind,
            last: told,
            newest: told,
        });
        return;
    };
    known.last = told;
    if !told.is_dated || (known.newest.is_dated && known.newest.at < told.at) {
        known.newest = told;
    }
}

impl<'a> Fold<'a> {
    /// Prepares to take lines that are read at `now` from `file`.
    pub const fn new(
        ledger: &'a mut Ledger,
        place: LogPlace,
        file: FileRef<'a>,
        now: Timestamp,
    ) -> Self {
        Self {
            ledger,
            place,
            file,
            now,
            path_text: None,
            waiting: Vec::new(),
        }
    }

    /// Adds up what became of a chunk's lines and bytes.
    pub fn add_up(&mut self, tally: &Tally, bytes: u64) {
        let Ledger {
            connectors,
            counters,
            ..
        } = &mut *self.ledger;
        let Some(account) = connectors.get_mut(self.place.connector) else {
            return;
        };
        let Some(log) = account.logs.get_mut(self.place.log) else {
            return;
        };
        for (place, outcome) in LineOutcome::ALL.iter().enumerate() {
            counters.add(log.lines_at.plus(place), lines_of(tally, *outcome));
        }
        counters.add(log.bytes_at, bytes);
        for (place, cause) in LossCause::ALL.iter().enumerate() {
            let lost = match cause {
                LossCause::Oversize => tally.oversize_bytes,
                LossCause::NulRun => tally.nul_bytes,
                // Told by `tail`, which sees files and not lines.
                LossCause::Truncated
                | LossCause::Removed
                | LossCause::TailLost
                | LossCause::Undecodable => 0,
            };
            counters.add(log.lost_at.plus(place), lost);
        }
        if tally.lines > 0 {
            account.hear_lines(self.place.log, self.now);
        }
        for waiting in self.waiting.drain(..) {
            waiting.settle(account);
        }
    }

    /// Keeps an event for people, without what may name a person or a place.
    fn remember(&mut self, mut event: Event, hit: &Hit<'_>) {
        let Some(account) = self.ledger.connectors.get(self.place.connector) else {
            return;
        };
        let Some(log) = account.logs.get(self.place.log) else {
            return;
        };
        let kind = account.plan.kind;
        // As it came: of a flood most are never looked at again.
        let line = may_keep_samples(kind).then(|| Untrusted::from_bytes(hit.line()));
        for field in &mut event.fields {
            field.value = Untrusted::new(&shown_field(&field.name, &field.value));
        }
        let path = self.file.path;
        let file = self
            .path_text
            .get_or_insert_with(|| Arc::from(shown_path(kind, &path.to_string_lossy())));
        let recent = RecentEvent {
            connector: Arc::clone(&account.plan.name),
            log: Arc::clone(&log.name),
            file: Arc::clone(file),
            offset: hit.offset(),
            read_at: self.now,
            event,
            line,
        };
        self.ledger.remember(recent);
    }
}

impl Sink for Fold<'_> {
    fn event(&mut self, hit: &Hit<'_>) {
        let Ledger {
            connectors,
            counters,
            round_trips,
            ..
        } = &mut *self.ledger;
        let Some(account) = connectors.get_mut(self.place.connector) else {
            return;
        };
        counters.add(account.events_at.plus(hit.pair().0), 1);
        // A line from the future would hide the silence that follows it and outlive what
        // is written after it; one from before computers kept logs has no time at all.
        let latest = self.now.saturating_add(CLOCK_SKEW_MAX).unwrap_or(self.now);
        let dated = hit
            .time()
            .filter(|time| Timestamp::UNIX_EPOCH <= *time && *time <= latest);
        let at = dated.map_or(self.now, |time| time.min(self.now));
        let kind = hit.kind();
        let told = Told {
            at,
            is_dated: dated.is_some(),
            place: LinePlace {
                log: self.place.log,
                file: self.file.id,
            },
        };
        let is_news = account.state.value.is_news(kind);
        let is_measurement = kind == EventKind::GatewayMeasured;
        if !is_news && !is_measurement && kind.is_daily_business() {
            wait(&mut self.waiting, kind, told);
            return;
        }
        if let Some(place) = self.waiting.iter().position(|one| one.kind == kind) {
            self.waiting.swap_remove(place).settle(account);
        }
        let freshness = account.note_time(kind, told);
        let event = hit.event();
        if is_measurement && let Some(rtt_ms) = event.field("rtt_ms") {
            let pop = event.field("pop").map_or("", Untrusted::expose);
            round_trips.measure(self.place.connector, pop, rtt_ms.expose());
        }
        if is_news {
            account.apply(&event, told, freshness);
        }
        if !kind.is_daily_business() {
            self.remember(event, hit);
        }
    }

    fn near_miss(&mut self, function: FunctionId, miss: &Miss<'_>) {
        let Ledger {
            connectors,
            counters,
            ..
        } = &mut *self.ledger;
        let Some(account) = connectors.get_mut(self.place.connector) else {
            return;
        };
        let kind = account.plan.kind;
        let Some(log) = account.logs.get_mut(self.place.log) else {
            return;
        };
        counters.add(log.near_misses_at.plus(function.0), 1);
        if !may_keep_samples(kind) {
            return;
        }
        if let Some(slot) = log.samples.get_mut(function.0) {
            *slot = Some(Tracked::changed(redact_line(miss.line())));
        }
    }
}

const fn lines_of(tally: &Tally, outcome: LineOutcome) -> u64 {
    match outcome {
        LineOutcome::Recognised => tally.recognised,
        LineOutcome::Ignored => tally.ignored,
        LineOutcome::Oversize => tally.oversize,
        LineOutcome::InvalidUtf8 => tally.invalid_utf8,
        LineOutcome::Continuation => tally.continuation,
    }
}
