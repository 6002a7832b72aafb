//! Rules within the writer's turn: what is decided is as durable as the lines that led to
//! it, not more and not less, and nothing of it is decided twice under two names.

use ::alerts::outbox::{Attempt, Claimed, Next};
use model::alert::{AgentFault, AlertPhase};
use model::delivery::DeliveryState;
use store::OutboxReader;

use super::*;

const RULES: &str = "version: 1
rules:
  - id: down
    alert: DOWN
    on: {event: tunnel.disconnected}
    by: [connector]
    resolve_on: {event: tunnel.connected}
    severity: critical
    summary: 'The tunnel of {{ connector }} is down'
    action: 'Look at it.'
  - id: not-up
    alert: NOT_UP
    on: {sample: tunnel_up, by: [connector]}
    below: 1
    for: 10s
    severity: warning
    summary: 'The tunnel of {{ connector }} is not up'
    action: 'Look at it.'
  - id: agent-fault
    alert: AGENT_FAULT
    on: {sample: agent_fault, by: [fault], only: {fault: [store, events_skipped]}}
    above: 0
    for: 2s
    severity: critical
    summary: 'Something is wrong with the agent: {{ fault }}'
    action: 'Look at it.'
";

/// An operator's row: no line of the vendor's that tells of an update's start is known.
const ROWS: &str = "version: 1
rows:
  - event: update.started
    record: text
    pattern: 'own update begins$'
    source: test
    examples:
      - line: 'own update begins'
";

/// A folder with a log, a store and rules, and somebody to tell.
pub(super) struct Watch {
    pub(super) world: World,
    receivers: &'static str,
}

const OPS: &str = "[{name: ops, syslog: {address: '127.0.0.1:9'}}]";
const OTHERS: &str = "[{name: others, syslog: {address: '127.0.0.1:9'}}]";

impl Watch {
    fn new() -> Self {
        Self::telling(OPS)
    }

    pub(super) fn telling(receivers: &'static str) -> Self {
        let world = World::new();
        fs::write(world.path("rules.yaml"), RULES).unwrap();
        fs::write(world.path("rows.yaml"), ROWS).unwrap();
        Self { world, receivers }
    }

    fn config(&self) -> Config {
        let text = format!(
            "{}  catalogue: [{}]\nalerts:\n  agent: pub-host\n  rules: [{}]\n  receivers: {}\n",
            self.world.text("agent", "beginning"),
            self.world.path("rows.yaml").display(),
            self.world.path("rules.yaml").display(),
            self.receivers,
        );
        Config::parse("test", &text).unwrap()
    }

    pub(super) fn start(&self) -> Pipeline {
        let config = self.config();
        let now = self.world.moment();
        let (store, restored, _) = Store::open(&config.store.path, now.timestamp()).unwrap();
        let plan = Plan::from_config(&config).unwrap();
        let books = plan.open(restored, now).unwrap();
        Pipeline::new(books, store, config.store.path)
    }

    /// A start whose logs are read: what comes from now on is told.
    pub(super) fn begin(&mut self) -> Pipeline {
        let mut pipeline = self.start();
        self.turn(&mut pipeline);
        pipeline
    }

    pub(super) fn turn(&mut self, pipeline: &mut Pipeline) {
        let committed = self.world.turn(pipeline);
        assert!(!matches!(committed, Committed::Refused(_)), "{committed:?}");
    }

    /// Writes a line with the present time.
    pub(super) fn line(&mut self, text: &str) {
        let at = self.world.moment().timestamp();
        let at = at.strftime("%Y-%m-%d %H:%M:%S");
        self.world
            .write(&format!("[pub:{at}.000000 +00:00] [info] {text}"));
    }

    pub(super) fn reader(&self) -> OutboxReader {
        OutboxReader::new(&self.world.path("state.db"))
    }

    /// The messages in the store with how their only delivery stands, oldest first.
    fn stored(&self) -> Vec<(String, DeliveryState)> {
        let stored = self.reader().deliveries(100).unwrap();
        let oldest_first = stored.into_iter().rev();
        oldest_first
            .map(|one| (one.message.id.to_string(), one.delivery.state))
            .collect()
    }

    fn decisions(&self) -> Vec<String> {
        let query = store::HistoryQuery {
            limit: 100,
            ..store::HistoryQuery::default()
        };
        let rows = self.reader().history(&query).unwrap().into_iter().rev();
        rows.map(|row| format!("{} {}", row.rule, row.decision))
            .collect()
    }
}

const MAIL: &str = "[{name: ops, email: {host: localhost, tls: none, from: a@example.com, to: \
                    [ops@example.com]}}]";

pub(super) fn down() -> String {
    UP.replace("NPACONNECTED", "NPADISCONNECTED")
}

pub(super) fn claim(pipeline: &Pipeline, now: Moment) -> Option<Box<Claimed>> {
    match pipeline.tray().lock().claim("ops", now.timestamp()) {
        Next::Now(claimed) => Some(claimed),
        Next::At(_) | Next::Empty => None,
    }
}

fn settle(pipeline: &Pipeline, claimed: &Claimed, now: Moment) {
    let came = Attempt::Sent("taken".to_owned());
    let (message, recipient) = (&claimed.message.id, &claimed.delivery.recipient);
    let tray = pipeline.tray();
    tray.lock()
        .settle(message, recipient, &came, now.timestamp());
    tray.tell_writer();
}

fn is_faulty(pipeline: &Pipeline, fault: AgentFault) -> bool {
    let snapshot = pipeline.snapshot();
    snapshot.alerts.faults.contains(&(fault, true))
}

fn phases(pipeline: &Pipeline) -> Vec<(String, AlertPhase)> {
    let snapshot = pipeline.snapshot();
    let rows = snapshot.alerts.rows.iter();
    rows.map(|row| (row.rule.to_string(), row.phase)).collect()
}

#[test]
fn a_line_and_the_message_that_it_leads_to_are_durable_together() {
    let mut watch = Watch::new();
    let mut pipeline = watch.begin();
    watch.line(UP);
    watch.turn(&mut pipeline);
    watch.line(&down());
    pipeline.read(watch.world.tick());
    assert!(watch.stored().is_empty());
    assert_eq!(claim(&pipeline, watch.world.moment()), None);
    watch.turn(&mut pipeline);
    let [(id, DeliveryState::Queued)] = &watch.stored()[..] else {
        panic!("{:?}", watch.stored());
    };
    assert!(watch.reader().body(id).unwrap().is_some());
    assert_eq!(count(&pipeline, EventKind::TunnelDisconnected), 1);
    assert!(phases(&pipeline).contains(&("down".to_owned(), AlertPhase::Firing)));
    let shown = pipeline.snapshot();
    assert_eq!(*shown.alerts.messages[0].message.id, **id);
    assert!(shown.alerts.history.iter().any(|row| &*row.rule == "down"));
}

#[test]
fn what_is_sent_is_committed_soon_and_stays_sent() {
    let mut watch = Watch::new();
    let mut pipeline = watch.begin();
    watch.line(&down());
    watch.turn(&mut pipeline);
    let claimed = claim(&pipeline, watch.world.moment()).unwrap();
    settle(&pipeline, &claimed, watch.world.moment());
    let committed = pipeline.commit_if_due(watch.world.tick(), Duration::from_secs(3600));
    assert!(matches!(committed, Committed::Written), "{committed:?}");
    assert!(
        watch
            .stored()
            .iter()
            .all(|(_, state)| *state == DeliveryState::Sent)
    );
    let shown = pipeline.snapshot();
    assert_eq!(shown.alerts.deliveries[0].1[0], ("sent", 1));
    drop(pipeline);
    let mut again = watch.start();
    watch.turn(&mut again);
    assert_eq!(claim(&again, watch.world.tick()), None);
    assert_eq!(again.snapshot().alerts.deliveries[0].1[0], ("sent", 1));
}

#[test]
fn a_crash_before_the_commit_decides_the_same_again_under_the_same_name() {
    let mut watch = Watch::new();
    let mut pipeline = watch.begin();
    watch.line(UP);
    watch.turn(&mut pipeline);
    pipeline.close();
    let before = fs::read(watch.world.path("state.db")).unwrap();
    watch.line(&down());
    let mut first = watch.start();
    watch.turn(&mut first);
    let told = watch.stored();
    assert_eq!(told.len(), 1);
    first.close();
    // As if it had been killed just before that commit.
    for name in ["state.db-wal", "state.db-shm"] {
        drop(fs::remove_file(watch.world.path(name)));
    }
    fs::write(watch.world.path("state.db"), before).unwrap();
    assert!(watch.stored().is_empty());
    let mut second = watch.start();
    watch.turn(&mut second);
    assert_eq!(watch.stored(), told);
}

#[test]
fn a_clock_runs_on_over_a_restart() {
    let mut watch = Watch::new();
    let mut pipeline = watch.begin();
    for _ in 0..2 {
        watch.turn(&mut pipeline);
    }
    assert!(phases(&pipeline).contains(&("not-up".to_owned(), AlertPhase::Pending)));
    drop(pipeline);
    let mut again = watch.start();
    let mut seconds = 0;
    while !phases(&again).contains(&("not-up".to_owned(), AlertPhase::Firing)) {
        watch.turn(&mut again);
        seconds += 2;
        assert!(seconds < 12, "its clock began anew");
    }
    assert!(4 <= seconds, "it fired after {seconds} seconds");
}

#[test]
fn where_nothing_is_decided_nothing_is_written() {
    let mut watch = Watch::new();
    let mut pipeline = watch.begin();
    watch.line(UP);
    for _ in 0..3 {
        watch.turn(&mut pipeline);
    }
    for _ in 0..20 {
        let committed = watch.world.turn(&mut pipeline);
        assert!(matches!(committed, Committed::Nothing), "{committed:?}");
    }
}

#[test]
fn while_the_store_refuses_the_critical_leaves_at_once_and_is_written_later() {
    let mut watch = Watch::new();
    watch.receivers = MAIL;
    let mut pipeline = watch.begin();
    watch.line(UP);
    watch.turn(&mut pipeline);
    fs::rename(watch.world.path("state.db"), watch.world.path("away")).unwrap();
    watch.line(UP);
    let mut left = None;
    for _ in 0..6 {
        watch.world.turn(&mut pipeline);
        left = left.or_else(|| claim(&pipeline, watch.world.moment()));
    }
    let left = left.unwrap();
    assert!(!left.is_body_stored);
    let body = String::from_utf8_lossy(&left.message.body).into_owned();
    let text = body.replace("=\r\n", "").replace("\r\n", " ");
    assert!(text.contains("before it was stored"), "{body}");
    assert!(is_faulty(&pipeline, AgentFault::Store));
    settle(&pipeline, &left, watch.world.moment());
    fs::rename(watch.world.path("away"), watch.world.path("state.db")).unwrap();
    watch.turn(&mut pipeline);
    let stored = watch.stored();
    let sent: Vec<_> = stored
        .iter()
        .filter(|(_, state)| *state == DeliveryState::Sent)
        .collect();
    assert_eq!(sent, [&(left.message.id.to_string(), DeliveryState::Sent)]);
    assert!(!is_faulty(&pipeline, AgentFault::Store));
    drop(pipeline);
    let mut again = watch.start();
    watch.turn(&mut again);
    while let Some(claimed) = claim(&again, watch.world.tick()) {
        assert_ne!(claimed.message.id, left.message.id, "sent twice");
    }
}

#[test]
fn a_store_that_is_replaced_gets_what_waits_and_what_was_decided() {
    let mut watch = Watch::new();
    let mut pipeline = watch.begin();
    watch.line(&down());
    watch.turn(&mut pipeline);
    let waiting = watch.stored();
    assert_eq!(waiting.len(), 1);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        drop(fs::remove_file(watch.world.path(name)));
    }
    watch.world.turn(&mut pipeline);
    pipeline.reopen_store(watch.world.tick()).unwrap();
    watch.turn(&mut pipeline);
    assert!(watch.stored().contains(&waiting[0]), "{:?}", watch.stored());
    assert!(watch.decisions().contains(&"down firing".to_owned()));
    drop(pipeline);
    let mut again = watch.start();
    watch.turn(&mut again);
    assert!(phases(&again).contains(&("down".to_owned(), AlertPhase::Firing)));
}

#[test]
fn what_happened_before_the_first_start_is_told_to_nobody() {
    let mut watch = Watch::new();
    watch.line(&down());
    watch.world.tick();
    let mut pipeline = watch.begin();
    watch.turn(&mut pipeline);
    assert_eq!(count(&pipeline, EventKind::TunnelDisconnected), 1);
    assert!(watch.stored().is_empty());
    // Not after a kill either, while the old lines are still read.
    let mut killed = Watch::new();
    killed.line(&down());
    killed.world.tick();
    let mut first = killed.start();
    first.commit(killed.world.tick());
    drop(first);
    let mut again = killed.start();
    killed.turn(&mut again);
    assert_eq!(count(&again, EventKind::TunnelDisconnected), 1);
    assert!(killed.stored().is_empty());
}

#[test]
fn more_than_rules_look_at_is_counted_and_a_fault() {
    let mut watch = Watch::new();
    let mut pipeline = watch.begin();
    let line = "sslhelper.cpp:302:logSslError():0x0 SSL Error 5 number\n";
    let flood: String = (0..300)
        .map(|number| line.replace("number", &number.to_string()))
        .collect();
    watch.world.write(&flood);
    watch.turn(&mut pipeline);
    assert_eq!(pipeline.snapshot().alerts.events_skipped, 300 - 256);
    watch.turn(&mut pipeline);
    assert!(is_faulty(&pipeline, AgentFault::EventsSkipped));
    drop(pipeline);
    let again = watch.begin();
    assert_eq!(again.snapshot().alerts.events_skipped, 300 - 256);
}

#[test]
fn more_history_than_rules_look_at_is_no_fault_at_a_first_start() {
    let mut watch = Watch::new();
    for _ in 0..300 {
        watch.line(&down());
    }
    watch.world.tick();
    let mut pipeline = watch.begin();
    assert_eq!(count(&pipeline, EventKind::TunnelDisconnected), 300);
    assert_eq!(pipeline.snapshot().alerts.events_skipped, 0);
    assert!(!is_faulty(&pipeline, AgentFault::EventsSkipped));
    // What happens from now on is missed as ever.
    watch.world.tick();
    for _ in 0..300 {
        watch.line(&down());
    }
    watch.turn(&mut pipeline);
    assert_eq!(pipeline.snapshot().alerts.events_skipped, 300 - 256);
}

#[test]
fn an_update_that_nobody_ends_is_judged_and_the_judgement_is_an_event() {
    let mut watch = Watch::new();
    let rule = "  - id: update-reconnect-failed
    alert: CONNECTION_FAILED
    on: {event: update.reconnect_failed}
    severity: critical
    batch: {by: [profile, run]}
    summary: 'Not back: {{ members | join(\", \") }}'
    action: 'Look at it.'
";
    fs::write(watch.world.path("rules.yaml"), format!("{RULES}{rule}")).unwrap();
    let mut pipeline = watch.begin();
    watch.line(UP);
    watch.turn(&mut pipeline);
    watch.line("own update begins\n");
    watch.turn(&mut pipeline);
    watch.line(&down());
    for _ in 0..150 {
        watch.world.seconds += 60;
        watch.turn(&mut pipeline);
    }
    assert_eq!(count(&pipeline, EventKind::UpdateReconnectFailed), 1);
    let shown = pipeline.snapshot();
    let judged = shown
        .recent_events
        .iter()
        .filter(|event| event.event.key.kind == EventKind::UpdateReconnectFailed);
    assert_eq!(judged.count(), 1);
    let last = &shown.connectors[0].last_events;
    assert!(
        last.iter()
            .any(|(kind, _)| *kind == EventKind::UpdateReconnectFailed)
    );
    assert!(
        watch
            .decisions()
            .iter()
            .any(|one| one.starts_with("update-reconnect-failed"))
    );
}

#[test]
fn a_reload_keeps_what_fires_and_ends_what_has_no_rule_any_more() {
    let mut watch = Watch::new();
    let mut pipeline = watch.begin();
    watch.line(&down());
    watch.turn(&mut pipeline);
    let tray = pipeline.tray();
    let mut reload = |rules: &str, desk: &mut Watch| {
        fs::write(desk.world.path("rules.yaml"), rules).unwrap();
        let restored = pipeline.settle(desk.world.tick()).unwrap();
        let plan = Plan::from_config(&desk.config()).unwrap();
        pipeline.swap(plan.open(restored, desk.world.moment()).unwrap());
        desk.turn(&mut pipeline);
        phases(&pipeline)
    };
    let same = reload(RULES, &mut watch);
    assert!(
        same.contains(&("down".to_owned(), AlertPhase::Firing)),
        "{same:?}"
    );
    assert_eq!(watch.stored().len(), 1, "told again after a reload");
    let without = RULES.replace("id: down", "id: other");
    let gone = reload(&without, &mut watch);
    assert!(
        !gone.contains(&("down".to_owned(), AlertPhase::Firing)),
        "{gone:?}"
    );
    assert!(
        Arc::ptr_eq(&tray, &pipeline.tray()),
        "lanes hold the old outbox"
    );
}

#[test]
fn what_waits_for_a_receiver_that_is_gone_waits_until_it_is_back() {
    let mut watch = Watch::new();
    let mut pipeline = watch.begin();
    watch.line(&down());
    watch.turn(&mut pipeline);
    for (receivers, is_claimed) in [(OTHERS, false), (OPS, true)] {
        watch.receivers = receivers;
        let restored = pipeline.settle(watch.world.tick()).unwrap();
        let plan = Plan::from_config(&watch.config()).unwrap();
        pipeline.swap(plan.open(restored, watch.world.moment()).unwrap());
        watch.turn(&mut pipeline);
        assert_eq!(watch.stored()[0].1, DeliveryState::Queued);
        let claimed = claim(&pipeline, watch.world.moment());
        assert_eq!(claimed.is_some(), is_claimed);
    }
}
