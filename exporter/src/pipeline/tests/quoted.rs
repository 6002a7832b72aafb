//! Lines that mails quote, from the log into the message.

use super::alerts::{Watch, claim, down};
use super::desk::{Desk, UP as UP_OF_CLIENT, at};
use super::*;

const HOOK: &str = "[{name: ops, webhook: {url: 'http://127.0.0.1:9/'}}]";

/// What the message that waits says of the log.
fn quoted(watch: &Watch, pipeline: &Pipeline) -> Vec<String> {
    let claimed = claim(pipeline, watch.world.moment()).unwrap();
    let body = watch.reader().body(&claimed.message.id).unwrap().unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let lines = &body["alerts"][0]["annotations"]["host_log_lines"];
    lines
        .as_str()
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_message_quotes_the_lines_without_names_and_nobody_else_has_them() {
    let mut watch = Watch::telling(HOOK);
    let mut pipeline = watch.begin();
    watch.line(UP);
    watch.turn(&mut pipeline);
    watch.line(&down().replace('}', ", \"user\": \"bob\"}"));
    watch.turn(&mut pipeline);
    let lines = quoted(&watch, &pipeline);
    let [up, down] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    for (line, event) in [(up, "NPACONNECTED"), (down, "NPADISCONNECTED")] {
        assert!(line.starts_with("[pub:2026-"), "{line}");
        assert!(line.contains("logPublisherTunnelEvent"), "{line}");
        assert!(line.contains(&format!("\"{event}\"")), "{line}");
        assert!(!line.contains("bob"), "{line}");
    }
    let snapshot = pipeline.snapshot();
    assert_eq!(snapshot.recent_events.len(), 2);
    assert!(snapshot.recent_events.iter().all(|one| one.line.is_none()));
}

#[test]
fn a_crash_before_the_commit_makes_the_same_message_with_the_same_lines() {
    let mut watch = Watch::telling(HOOK);
    let mut pipeline = watch.begin();
    for _ in 0..3 {
        watch.line(UP);
    }
    watch.turn(&mut pipeline);
    pipeline.close();
    let before = fs::read(watch.world.path("state.db")).unwrap();
    watch.line(&down());
    let mut first = watch.start();
    watch.turn(&mut first);
    let lines = quoted(&watch, &first);
    assert_eq!(lines.len(), 4, "{lines:?}");
    first.close();
    for name in ["state.db-wal", "state.db-shm"] {
        drop(fs::remove_file(watch.world.path(name)));
    }
    fs::write(watch.world.path("state.db"), before).unwrap();
    let mut second = watch.start();
    watch.turn(&mut second);
    assert_eq!(quoted(&watch, &second), lines);
}

#[test]
fn no_line_of_a_client_goes_to_the_rules() {
    let desk = Desk::new();
    desk.write(&at("11:00:00", UP_OF_CLIENT));
    let mut pipeline = desk.start();
    pipeline.read(desk.now());
    let (events, _) = pipeline.books.ledger.take_unseen();
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(events.iter().all(|one| one.line.is_none()));
}
