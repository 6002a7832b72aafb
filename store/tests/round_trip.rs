//! The law of the store: what a start finds is the fold of the committed turns.
//!
//! The fold is written here a second time, over plain maps, and compared with what
//! random turns leave after any number of restarts. Damage is tested in `damage`.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use model::connector::{Aspect, ConnectorState, Evidence, Fact, states_of};
use model::event::{Event, EventKey, EventKind, Field, Reason};
use model::position::{FileId, FileIdentity, Head, Marker, Packing, Position};
use model::reading::SeriesKey;
use model::signal::{Signal, SignalKind};
use model::snapshot::{EVENT_NAMES_MAX, OWN_EVENTS_MAX, RECENT_EVENTS_MAX, RecentEvent};
use model::untrusted::Untrusted;
use proptest::prelude::*;
use store::{
    LastEvent, LastRead, LogName, NearMissSample, Opened, PositionUpdate, Restored, Store,
    StoredPosition, Turn,
};

/// What the turns so far should have left.
#[derive(Default)]
struct Fold {
    counters: BTreeMap<SeriesKey, u64>,
    positions: BTreeMap<FileId, StoredPosition>,
    states: BTreeMap<Arc<str>, ConnectorState>,
    last_events: BTreeMap<(Arc<str>, &'static str), LastEvent>,
    recent_events: Vec<RecentEvent>,
    near_misses: BTreeMap<(LogName, Arc<str>), Untrusted>,
    last_read: BTreeMap<LogName, Timestamp>,
    kept: BTreeMap<Arc<str>, Vec<u8>>,
    next_file_id: u64,
    turns: usize,
}

/// Of each connector the newest, then the ones before these, and its last ones; `events` are
/// newest first.
fn fair_shares(events: &[RecentEvent]) -> Vec<RecentEvent> {
    let mut places: Vec<(usize, usize, &RecentEvent)> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let newer = events.iter().take(index);
        let own = newer.filter(|one| one.connector == event.connector);
        places.push((own.count(), index, event));
    }
    places.sort_unstable_by_key(|(newer, index, _)| (*newer, *index));
    let mut rank = 0..;
    places.retain(|(newer, _, _)| {
        let rank = rank.next().unwrap();
        rank < RECENT_EVENTS_MAX
            || (*newer < OWN_EVENTS_MAX && rank < OWN_EVENTS_MAX * EVENT_NAMES_MAX)
    });
    places.sort_unstable_by_key(|(_, index, _)| *index);
    let kept = places.into_iter().map(|(_, _, event)| event.clone());
    kept.collect()
}

impl Fold {
    fn take(&mut self, turn: &Turn) {
        self.counters.extend(turn.counters.iter().cloned());
        for update in &turn.positions {
            match update {
                PositionUpdate::Moved(stored) => {
                    self.positions.insert(stored.id, stored.clone());
                }
                PositionUpdate::Forgotten(id) => {
                    self.positions.remove(id);
                }
            }
        }
        self.states.extend(turn.states.iter().cloned());
        for last in &turn.last_events {
            self.last_events
                .insert((last.connector.clone(), last.kind.name()), last.clone());
        }
        for event in &turn.recent_events {
            let place = |e: &RecentEvent| {
                (
                    e.connector.clone(),
                    e.log.clone(),
                    e.file.clone(),
                    e.offset,
                    e.read_at,
                )
            };
            let is_same = |known: &RecentEvent| place(known) == place(event);
            if !self.recent_events.iter().any(is_same) {
                self.recent_events.insert(0, event.clone());
            }
        }
        self.recent_events = fair_shares(&self.recent_events);
        for miss in &turn.near_miss_samples {
            self.near_misses.insert(
                (miss.log.clone(), miss.function.clone()),
                miss.sample.clone(),
            );
        }
        for last in &turn.last_read {
            self.last_read.insert(last.log.clone(), last.at);
        }
        for (key, value) in &turn.kept {
            match value {
                Some(value) => drop(self.kept.insert(key.clone(), value.clone())),
                None => drop(self.kept.remove(key)),
            }
        }
        self.next_file_id = self.next_file_id.max(turn.next_file_id);
        self.turns += 1;
    }

    fn restored(&self) -> Restored {
        Restored {
            counters: self.counters.clone().into_iter().collect(),
            positions: self.positions.values().cloned().collect(),
            states: self.states.clone().into_iter().collect(),
            last_events: self.last_events.values().cloned().collect(),
            recent_events: self.recent_events.clone(),
            near_miss_samples: self
                .near_misses
                .iter()
                .map(|((log, function), sample)| NearMissSample {
                    log: log.clone(),
                    function: function.clone(),
                    sample: sample.clone(),
                })
                .collect(),
            last_read: self
                .last_read
                .iter()
                .map(|(log, at)| LastRead {
                    log: log.clone(),
                    at: *at,
                })
                .collect(),
            kept: self.kept.clone().into_iter().collect(),
            next_file_id: self.next_file_id,
            has_history: 0 < self.turns,
            ..Restored::default()
        }
    }
}

/// Few names, so that values meet; some of them hostile.
fn name() -> impl Strategy<Value = Arc<str>> {
    let names = vec!["pub-fra-1", "agent", "a\"b\\c", "é\u{0}\n'", ""];
    prop::sample::select(names).prop_map(Arc::from)
}

fn log() -> impl Strategy<Value = LogName> {
    (name(), name()).prop_map(|(connector, log)| LogName { connector, log })
}

fn time() -> impl Strategy<Value = Timestamp> {
    let seconds = Timestamp::MIN.as_second()..Timestamp::MAX.as_second();
    (seconds, 0..1_000_000_000_i32)
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap())
}

fn text() -> impl Strategy<Value = Untrusted> {
    ".{0,12}".prop_map(|text| Untrusted::new(&text))
}

fn kind() -> impl Strategy<Value = EventKind> {
    prop::sample::select(EventKind::ALL)
}

fn reason() -> impl Strategy<Value = Reason> {
    prop::sample::select(vec!["", "other", "docker_pull"])
        .prop_map(|word| Reason::new(word).unwrap_or_default())
}

fn counter() -> impl Strategy<Value = (SeriesKey, u64)> {
    let signals = [
        Signal::Events,
        Signal::LogBytes,
        Signal::LogLines,
        Signal::GatewayRtt,
    ];
    let signal = prop::sample::select(signals.to_vec());
    (signal, prop::collection::vec(name(), 3), any::<u64>()).prop_map(
        |(signal, mut names, value)| {
            // Each bucket of a histogram is a counter, whose last label names it.
            let is_histogram = signal.row().kind == SignalKind::Histogram;
            names.truncate(signal.row().labels.len() + usize::from(is_histogram));
            (
                SeriesKey {
                    signal,
                    label_values: names,
                },
                value,
            )
        },
    )
}

fn position() -> impl Strategy<Value = StoredPosition> {
    let identity =
        (any::<u64>(), any::<u64>(), any::<Option<i64>>()).prop_map(|(device, inode, birth_ns)| {
            FileIdentity {
                device,
                inode,
                birth_ns,
            }
        });
    let head = (0..=1024_u32, any::<u64>()).prop_map(|(bytes, hash)| Head { bytes, hash });
    let markers = prop::collection::btree_map(any::<u64>(), (0..=256_u32, any::<u64>()), 0..=8);
    let packings = prop::sample::select(vec![Packing::Plain, Packing::Gzip]);
    let rest = (any::<bool>(), packings, ".{0,20}");
    (0..6_u64, log(), identity, head, markers, rest).prop_map(
        |(id, log, identity, head, markers, (mid_line, packing, path))| {
            let markers: Vec<Marker> = markers
                .into_iter()
                .rev()
                .map(|(offset, (bytes, hash))| Marker {
                    offset,
                    bytes,
                    hash,
                })
                .collect();
            let offset = markers.first().map_or(7, |newest| newest.offset);
            let position = Position {
                identity,
                head,
                markers,
                offset,
                mid_line,
                packing,
                path,
            };
            StoredPosition {
                id: FileId(id),
                log,
                position,
            }
        },
    )
}

fn update() -> impl Strategy<Value = PositionUpdate> {
    prop_oneof![
        3 => position().prop_map(PositionUpdate::Moved),
        1 => (0..6_u64).prop_map(|id| PositionUpdate::Forgotten(FileId(id))),
    ]
}

fn evidence() -> impl Strategy<Value = Evidence> {
    (prop::option::of(time()), prop::option::of(kind()), reason()).prop_map(
        |(since, event, reason)| Evidence {
            since,
            event,
            reason,
        },
    )
}

fn state() -> impl Strategy<Value = ConnectorState> {
    let told = prop::sample::select(Aspect::ALL.to_vec()).prop_flat_map(|aspect| {
        let word = prop::sample::select(states_of(aspect));
        (Just(aspect), word, evidence())
    });
    let fact = (prop::sample::select(Fact::ALL.to_vec()), text());
    (
        prop::collection::vec(told, 0..8),
        prop::collection::vec(fact, 0..4),
    )
        .prop_map(|(aspects, facts)| {
            let mut state = ConnectorState::default();
            for (aspect, word, evidence) in aspects {
                state.restore(aspect, word, evidence);
            }
            state.facts = facts.into_iter().collect();
            state
        })
}

fn recent() -> impl Strategy<Value = RecentEvent> {
    let field = (name(), text()).prop_map(|(name, value)| Field { name, value });
    let event = (
        kind(),
        reason(),
        prop::option::of(time()),
        prop::collection::vec(field, 0..3),
    )
        .prop_map(|(kind, reason, time, fields)| Event {
            key: EventKey { kind, reason },
            time,
            fields,
        });
    (log(), name(), 0..3_u64, time(), event).prop_map(|(log, file, offset, read_at, event)| {
        RecentEvent {
            connector: log.connector,
            log: log.log,
            file,
            offset,
            read_at,
            event,
            line: None,
        }
    })
}

fn kept() -> impl Strategy<Value = (Arc<str>, Option<Vec<u8>>)> {
    let keys = prop::sample::select(vec!["snmp.engine", "snmp.notice.0000000007", "a"]);
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    (keys.prop_map(Arc::from), prop::option::of(bytes))
}

fn turn() -> impl Strategy<Value = Turn> {
    let last_event = (name(), kind(), time()).prop_map(|(connector, kind, at)| LastEvent {
        connector,
        kind,
        at,
    });
    let miss = (log(), name(), text()).prop_map(|(log, function, sample)| NearMissSample {
        log,
        function,
        sample,
    });
    let last_read = (log(), time()).prop_map(|(log, at)| LastRead { log, at });
    (
        prop::collection::vec(counter(), 0..6),
        prop::collection::vec(update(), 0..6),
        prop::collection::vec((name(), state()), 0..3),
        prop::collection::vec(last_event, 0..4),
        prop::collection::vec(recent(), 0..90),
        prop::collection::vec(miss, 0..3),
        (
            prop::collection::vec(last_read, 0..3),
            prop::collection::vec(kept(), 0..4),
        ),
        0..1000_u64,
    )
        .prop_map(
            |(
                counters,
                positions,
                states,
                last_events,
                recent_events,
                misses,
                (last_read, kept),
                next,
            )| {
                Turn {
                    counters,
                    positions,
                    states,
                    last_events,
                    recent_events,
                    near_miss_samples: misses,
                    last_read,
                    kept,
                    next_file_id: next,
                    ..Turn::default()
                }
            },
        )
}

fn open(path: &Path) -> (Store, Restored, Opened) {
    Store::open(path, Timestamp::UNIX_EPOCH).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Restarts, repeated commits and the order of a turn's lists do not matter.
    #[test]
    fn a_start_finds_the_fold_of_all_turns(
        turns in prop::collection::vec((turn(), any::<bool>(), any::<bool>()), 0..7),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let mut fold = Fold::default();
        let (mut store, _, _) = open(&path);
        for (turn, is_repeated, is_restarted) in &turns {
            store.commit(turn).unwrap();
            if *is_repeated {
                store.commit(turn).unwrap();
            }
            fold.take(turn);
            if *is_restarted {
                drop(store);
                store = open(&path).0;
            }
        }
        store.close();
        let (_, restored, opened) = open(&path);
        prop_assert_eq!(opened, Opened::Resumed);
        prop_assert_eq!(restored, fold.restored());
    }
}

#[test]
fn a_fresh_store_has_no_history_and_one_turn_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut store, nothing, fresh) = open(&path);
    assert_eq!((nothing, fresh), (Restored::default(), Opened::Fresh));
    store.commit(&Turn::default()).unwrap();
    drop(store);
    let (_, restored, opened) = open(&path);
    assert!(restored.has_history);
    assert_eq!(opened, Opened::Resumed);
}

#[test]
fn the_places_that_moved_least_recently_are_dropped_beyond_the_bound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut store, _, _) = open(&path);
    let moved = |id: u64| {
        PositionUpdate::Moved(StoredPosition {
            id: FileId(id),
            log: LogName {
                connector: "c".into(),
                log: "l".into(),
            },
            position: Position {
                identity: FileIdentity {
                    device: 1,
                    inode: id,
                    birth_ns: None,
                },
                head: Head::default(),
                markers: Vec::new(),
                offset: 0,
                mid_line: false,
                packing: Packing::Plain,
                path: String::new(),
            },
        })
    };
    let most = u64::try_from(store::POSITIONS_MAX).unwrap();
    let turn = |ids: &mut dyn Iterator<Item = u64>| Turn {
        positions: ids.map(moved).collect(),
        ..Turn::default()
    };
    store.commit(&turn(&mut (0..most))).unwrap();
    store.commit(&turn(&mut [0, 1].into_iter())).unwrap();
    store
        .commit(&turn(&mut [most, most + 1].into_iter()))
        .unwrap();
    drop(store);
    let kept: HashMap<FileId, StoredPosition> = open(&path)
        .1
        .positions
        .into_iter()
        .map(|stored| (stored.id, stored))
        .collect();
    assert_eq!(kept.len(), store::POSITIONS_MAX);
    for (id, is_kept) in [
        (0, true),
        (1, true),
        (2, false),
        (3, false),
        (4, true),
        (most + 1, true),
    ] {
        assert_eq!(kept.contains_key(&FileId(id)), is_kept, "{id}");
    }
}

#[test]
fn of_each_of_many_connectors_the_last_events_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (mut store, _, _) = open(&path);
    let key = EventKey {
        kind: EventKind::TlsError,
        reason: Reason::none(),
    };
    let told = |offset: u64| RecentEvent {
        connector: format!("c{}", offset % 80 % (offset / 80 + 1)).into(),
        log: "l".into(),
        file: "f".into(),
        offset,
        read_at: Timestamp::UNIX_EPOCH,
        event: Event {
            key: key.clone(),
            time: None,
            fields: Vec::new(),
        },
        line: None,
    };
    let turn = Turn {
        recent_events: (0..6_400).map(told).collect(),
        ..Turn::default()
    };
    store.commit(&turn).unwrap();
    drop(store);
    let kept = open(&path).1.recent_events;
    assert_eq!(kept.len(), OWN_EVENTS_MAX * EVENT_NAMES_MAX);
    let all: Vec<_> = turn.recent_events.into_iter().rev().collect();
    assert_eq!(kept, fair_shares(&all));
}
