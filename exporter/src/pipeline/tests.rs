//! The writer's turns on real files and a real store, without threads or waiting.

mod alerts;
mod client_lines;
mod desk;
mod files;
mod host;
mod last_times;
mod probes;
mod quoted;
mod silence;
mod tools;
mod vouching;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use model::event::EventKind;
use model::log::LineOutcome;
use tempfile::TempDir;

use super::*;
use crate::agent::plan::Plan;
use crate::config::Config;

const APP: &str =
    "tcpproxyhandler.cpp:35:TcpProxyHandler():0x2504cf0 Creating tcp connection to 10.1.2.3:443\n";
const UP: &str = "eventlog.cpp:115:logPublisherTunnelEvent():0x0 {\"eventId\": \"NPACONNECTED\", \
                  \"publisherId\": \"130dbd9d40e4ad35\", \"stitcherIp\": \"203.0.113.7\", \
                  \"tenant\": \"example.goskope.com\"}\n";

/// Connections to different ports: two logs of one text would be one log, copied.
fn connections(ports: std::ops::Range<u32>) -> String {
    ports
        .map(|port| APP.replace(":443", &format!(":{port}")))
        .collect()
}

/// A folder with a log and a store.
struct World {
    folder: TempDir,
    seconds: u64,
}

impl World {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            seconds: 0,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, text: &str) {
        let path = self.path("agent.txt");
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        log.write_all(text.as_bytes()).unwrap();
    }

    /// A later moment: a second has passed.
    fn tick(&mut self) -> Moment {
        self.seconds += 1;
        self.moment()
    }

    fn moment(&self) -> Moment {
        Moment {
            monotonic: Duration::from_secs(self.seconds),
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000 + self.seconds),
        }
    }

    fn start(&self) -> Pipeline {
        self.start_with("agent", "beginning")
    }

    fn text(&self, log: &str, start_at: &str) -> String {
        format!(
            "store: {{path: {}}}\nconnectors:\n- name: pub\n  kind: netskope-publisher\n  \
             logs: {{{log}: [{}]}}\n  start_at: {start_at}\n",
            self.path("state.db").display(),
            self.path("agent.txt*").display(),
        )
    }

    fn start_with(&self, log: &str, start_at: &str) -> Pipeline {
        let config = Config::parse("test", &self.text(log, start_at)).unwrap();
        let now = jiff::Timestamp::UNIX_EPOCH;
        let (store, restored, _) = Store::open(&config.store.path, now).unwrap();
        let plan = Plan::from_config(&config).unwrap();
        let books = plan.open(restored, self.moment()).unwrap();
        Pipeline::new(books, store, config.store.path)
    }

    fn turn(&mut self, pipeline: &mut Pipeline) -> Committed {
        pipeline.read(self.tick());
        pipeline.commit(self.tick())
    }
}

fn count(pipeline: &Pipeline, kind: EventKind) -> u64 {
    let snapshot = pipeline.snapshot();
    let events = &snapshot.connectors[0].events;
    events
        .iter()
        .filter(|(key, _)| key.kind == kind)
        .map(|(_, count)| count)
        .sum()
}

fn lines(pipeline: &Pipeline, wanted: LineOutcome) -> u64 {
    let snapshot = pipeline.snapshot();
    let lines = &snapshot.connectors[0].logs[0].lines;
    lines
        .iter()
        .find(|(outcome, _)| *outcome == wanted)
        .unwrap()
        .1
}

#[test]
fn what_is_read_is_shown_only_after_the_commit() {
    let mut world = World::new();
    let mut pipeline = world.start();
    world.turn(&mut pipeline);
    world.write(APP);
    pipeline.read(world.tick());
    assert_eq!(count(&pipeline, EventKind::AppConnectionOpened), 0);
    pipeline.commit(world.tick());
    assert_eq!(count(&pipeline, EventKind::AppConnectionOpened), 1);
}

#[test]
fn a_crash_between_reading_and_committing_counts_each_line_once() {
    let mut world = World::new();
    let mut pipeline = world.start();
    world.write(&APP.repeat(3));
    world.turn(&mut pipeline);
    world.write(&APP.repeat(4));
    pipeline.read(world.tick());
    // Dropped as a kill would: without a commit.
    drop(pipeline);
    let mut restarted = world.start();
    world.turn(&mut restarted);
    assert_eq!(count(&restarted, EventKind::AppConnectionOpened), 7);
    assert_eq!(lines(&restarted, LineOutcome::Recognised), 7);
}

#[test]
fn state_and_facts_come_back_after_a_restart() {
    let mut world = World::new();
    let mut pipeline = world.start();
    world.write(UP);
    world.turn(&mut pipeline);
    let before = pipeline.snapshot();
    pipeline.close();
    let mut restarted = world.start();
    world.turn(&mut restarted);
    let after = restarted.snapshot();
    assert!(after.connectors[0].state.is_tunnel_up());
    assert_eq!(after.connectors[0].state, before.connectors[0].state);
    assert_eq!(
        after.connectors[0].last_events,
        before.connectors[0].last_events
    );
    assert_eq!(after.recent_events, before.recent_events);
    assert_eq!(after.own_events, before.own_events);
    assert_eq!(after.own_events.len(), 1);
}

#[test]
fn a_removed_store_is_written_anew_from_memory() {
    let mut world = World::new();
    let mut pipeline = world.start();
    world.write(&APP.repeat(5));
    world.turn(&mut pipeline);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        drop(fs::remove_file(world.path(name)));
    }
    world.write(&APP.repeat(2));
    let refused = world.turn(&mut pipeline);
    assert!(matches!(refused, Committed::Refused(_)), "{refused:?}");
    assert_eq!(
        count(&pipeline, EventKind::AppConnectionOpened),
        5,
        "not committed, not shown"
    );
    pipeline.reopen_store(world.tick()).unwrap();
    pipeline.commit(world.tick());
    assert_eq!(count(&pipeline, EventKind::AppConnectionOpened), 7);
    drop(pipeline);
    let mut restarted = world.start();
    world.turn(&mut restarted);
    assert_eq!(count(&restarted, EventKind::AppConnectionOpened), 7);
}

#[test]
fn nothing_is_read_while_the_store_refuses() {
    let mut world = World::new();
    let mut pipeline = world.start();
    world.turn(&mut pipeline);
    fs::remove_file(world.path("state.db")).unwrap();
    world.write(APP);
    world.turn(&mut pipeline);
    world.write(&APP.repeat(9));
    assert!(!pipeline.read(world.tick()));
    pipeline.commit(world.tick());
    let snapshot = pipeline.snapshot();
    let expected = u64::try_from(APP.len() * 9).unwrap();
    assert_eq!(
        snapshot.connectors[0].logs[0].lag_bytes, expected,
        "it waits in the log"
    );
}

#[test]
fn every_series_exists_before_its_first_event() {
    let mut world = World::new();
    let mut pipeline = world.start();
    world.turn(&mut pipeline);
    let snapshot = pipeline.snapshot();
    let events = &snapshot.connectors[0].events;
    assert!(
        events
            .iter()
            .any(|(key, _)| key.kind == EventKind::RegistrationFailed)
    );
    assert!(events.iter().all(|(_, count)| *count == 0));
}

#[test]
fn a_line_from_the_future_does_not_hide_silence() {
    let mut world = World::new();
    let mut pipeline = world.start();
    world.write(&format!(
        "[npa-pub-01:2999-01-01 00:00:00.000000 +00:00] [info] {APP}"
    ));
    world.turn(&mut pipeline);
    let snapshot = pipeline.snapshot();
    let (_, at) = snapshot.connectors[0].last_events[0];
    assert!(at <= snapshot.taken_at.unwrap());
}

#[test]
fn an_old_log_that_turns_up_late_does_not_undo_what_is_known() {
    let mut world = World::new();
    let mut pipeline = world.start();
    let dated =
        |day: &str, text: &str| format!("[pub:2026-{day} 00:00:00.000000 +00:00] [info] {text}");
    world.write(&dated("11-02", UP));
    world.turn(&mut pipeline);
    let down = UP.replace("NPACONNECTED", "NPADISCONNECTED");
    fs::write(world.path("agent.txt.old"), dated("01-02", &down)).unwrap();
    world.turn(&mut pipeline);
    let snapshot = pipeline.snapshot();
    assert!(snapshot.connectors[0].state.is_tunnel_up());
    assert_eq!(
        count(&pipeline, EventKind::TunnelDisconnected),
        1,
        "it happened, and counts"
    );
    // In the file that spoke last, order is stronger than a clock that was set back.
    world.write(&dated("11-01", &down));
    world.turn(&mut pipeline);
    assert!(!pipeline.snapshot().connectors[0].state.is_tunnel_up());
}

#[test]
fn what_people_see_of_an_event_names_nobody() {
    let mut world = World::new();
    let mut pipeline = world.start();
    world.write(
        "2024/05/02 02:10:00 UTC Get \"https://bob.example.com/x\": x509: certificate is valid for \
         atlas.example.com, not bob.example.com\n",
    );
    world.turn(&mut pipeline);
    let snapshot = pipeline.snapshot();
    let shown = format!("{:?}", snapshot.recent_events);
    assert!(
        !shown.contains("bob") && !shown.contains("atlas"),
        "{shown}"
    );
}

#[test]
fn a_log_that_is_renamed_in_the_configuration_is_not_counted_again() {
    let mut world = World::new();
    let mut pipeline = world.start();
    world.write(&APP.repeat(3));
    world.turn(&mut pipeline);
    pipeline.close();
    let mut renamed = world.start_with("main", "beginning");
    world.write(APP);
    world.turn(&mut renamed);
    assert_eq!(count(&renamed, EventKind::AppConnectionOpened), 4);
}

#[test]
fn start_at_end_passes_over_what_is_there_and_counts_what_comes() {
    let mut world = World::new();
    world.write(&APP.repeat(3));
    let mut pipeline = world.start_with("agent", "end");
    world.turn(&mut pipeline);
    world.write(APP);
    world.turn(&mut pipeline);
    assert_eq!(count(&pipeline, EventKind::AppConnectionOpened), 1);
}

#[test]
fn a_log_that_is_removed_while_the_store_refuses_is_read_afterwards() {
    let mut world = World::new();
    let mut pipeline = world.start();
    world.write(&connections(0..1));
    world.turn(&mut pipeline);
    fs::remove_file(world.path("state.db")).unwrap();
    world.write(&connections(1..3));
    world.turn(&mut pipeline);
    world.write(&connections(3..7));
    pipeline.read(world.tick());
    fs::remove_file(world.path("agent.txt")).unwrap();
    world.write(&connections(7..15));
    pipeline.read(world.tick());
    pipeline.reopen_store(world.tick()).unwrap();
    pipeline.commit(world.tick());
    for _ in 0..3 {
        world.turn(&mut pipeline);
    }
    assert_eq!(count(&pipeline, EventKind::AppConnectionOpened), 15);
}

#[test]
fn a_removed_log_is_followed_through_a_reload() {
    let mut world = World::new();
    let mut pipeline = world.start();
    let path = world.path("agent.txt");
    let mut held = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .unwrap();
    held.write_all(APP.as_bytes()).unwrap();
    world.turn(&mut pipeline);
    fs::remove_file(&path).unwrap();
    world.turn(&mut pipeline);
    let restored = pipeline.settle(world.tick()).unwrap();
    let config = Config::parse("test", &world.text("agent", "beginning")).unwrap();
    let plan = Plan::from_config(&config).unwrap();
    pipeline.swap(plan.open(restored, world.moment()).unwrap());
    held.write_all(APP.repeat(2).as_bytes()).unwrap();
    world.turn(&mut pipeline);
    assert_eq!(count(&pipeline, EventKind::AppConnectionOpened), 3);
}

#[test]
fn the_first_line_after_a_silence_is_shown_at_once() {
    let mut world = World::new();
    let mut pipeline = world.start();
    let interval = Duration::from_secs(3);
    for _ in 0..10 {
        let now = world.tick();
        pipeline.read(now);
        pipeline.commit_if_due(now, interval);
    }
    world.write(APP);
    let now = world.tick();
    pipeline.read(now);
    assert!(matches!(
        pipeline.commit_if_due(now, interval),
        Committed::Written
    ));
    world.write(APP);
    let soon = world.tick();
    pipeline.read(soon);
    assert!(matches!(
        pipeline.commit_if_due(soon, interval),
        Committed::NotDue
    ));
}
