//! What the runs of active probes do: counts, news, and what outlives the process.

use std::sync::Arc;

use logparse::catalogue::Catalogue;
use model::connector::ConnectorKind;
use model::event::EventKind;
use model::probe::{ProbeFault, ProbeKind, ProbePlan, ProbeRun};
use model::snapshot::{ProbeSnapshot, RecentEvent};
use model::untrusted::Untrusted;
use store::Restored;

use super::*;
use crate::pipeline::ledger::{ConnectorPlan, Watched};

fn plan(name: &str, connector: Option<&str>) -> ProbePlan {
    ProbePlan {
        name: Arc::from(name),
        connector: connector.map(Arc::from),
        kind: ProbeKind::Tcp,
        target: Arc::from("192.0.2.1:443"),
    }
}

fn open(plans: &[ProbePlan], restored: Restored) -> Ledger {
    let watched = Watched {
        probes: plans.to_vec(),
        ..Watched::default()
    };
    Ledger::open(watched, restored)
}

fn after(seconds: u64) -> Moment {
    Moment {
        monotonic: Duration::from_secs(seconds),
        wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000 + seconds),
    }
}

fn run(probe: &str, outcome: Result<(), ProbeFault>) -> ProbeRun {
    ProbeRun {
        probe: Arc::from(probe),
        duration: Duration::from_millis(20),
        outcome,
        message: Untrusted::default(),
        phases: Vec::new(),
        addresses: None,
        tls: None,
    }
}

fn draw(ledger: &Ledger) -> Snapshot {
    let now = after(0).timestamp();
    picture::draw(ledger, &|_, _| SourceStatus::default(), true, now)
}

fn failures(probe: &ProbeSnapshot, wanted: ProbeFault) -> u64 {
    let mut found = probe.failures.iter();
    found.find(|(fault, _)| *fault == wanted).unwrap().1
}

/// Kinds and reasons, oldest first.
fn told(events: &[RecentEvent]) -> Vec<(EventKind, &str)> {
    let events = events.iter().rev();
    events
        .map(|event| (event.event.key.kind, event.event.key.reason.as_str()))
        .collect()
}

const REFUSED: (EventKind, &str) = (EventKind::ProbeFailed, "refused");
const RECOVERED: (EventKind, &str) = (EventKind::ProbeRecovered, "");

/// A folder with a store.
struct Shelf {
    folder: TempDir,
}

impl Shelf {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn open(&self) -> (Store, Restored) {
        let path = self.folder.path().join("state.db");
        let (store, restored, _) = Store::open(&path, after(0).timestamp()).unwrap();
        (store, restored)
    }
}

fn commit(store: &mut Store, ledger: &mut Ledger) {
    store.commit(&ledger.uncommitted()).unwrap();
    ledger.mark_committed();
}

#[test]
fn every_cause_that_the_kind_can_have_is_counted_from_0_on() {
    let ledger = open(&[plan("gate", None)], Restored::default());
    let drawn = draw(&ledger);
    let faults: Vec<ProbeFault> = drawn.probes[0].failures.iter().map(|(f, _)| *f).collect();
    assert_eq!(faults, ProbeKind::Tcp.faults());
    assert!(
        drawn.probes[0]
            .failures
            .iter()
            .all(|(_, count)| *count == 0)
    );
    assert_eq!((drawn.probes[0].runs, &drawn.probes[0].last), (0, &None));
}

#[test]
fn a_run_counts_for_its_probe_alone() {
    let plans = [plan("gate", None), plan("other", Some("pub-1"))];
    let mut ledger = open(&plans, Restored::default());
    ledger.take_probe_run(&run("gate", Err(ProbeFault::Refused)), after(1));
    ledger.take_probe_run(&run("gate", Ok(())), after(2));
    ledger.take_probe_run(&run("nobody", Ok(())), after(3));
    let probes = draw(&ledger).probes;
    assert_eq!((probes[0].runs, probes[1].runs), (2, 0));
    assert_eq!(failures(&probes[0], ProbeFault::Refused), 1);
    assert_eq!(failures(&probes[0], ProbeFault::System), 0);
    assert_eq!(probes[0].succeeded_at, Some(after(2).timestamp()));
    assert_eq!(probes[0].last.as_ref().unwrap().outcome, Ok(()));
    assert_eq!(probes[1].last, None);
}

#[test]
fn a_fault_that_the_kind_cannot_have_is_our_systems() {
    let mut ledger = open(&[plan("gate", None)], Restored::default());
    ledger.take_probe_run(&run("gate", Err(ProbeFault::Intercepted)), after(1));
    let probes = draw(&ledger).probes;
    assert_eq!(failures(&probes[0], ProbeFault::System), 1);
}

#[test]
fn only_a_change_of_the_outcome_is_news() {
    let mut ledger = open(&[plan("gate", Some("pub-1"))], Restored::default());
    let outcomes = [
        Ok(()),
        Err(ProbeFault::Refused),
        Err(ProbeFault::Refused),
        Err(ProbeFault::ConnectTimeout),
        Ok(()),
        Ok(()),
    ];
    for (second, outcome) in (0..).zip(outcomes) {
        ledger.take_probe_run(&run("gate", outcome), after(second));
    }
    let events = draw(&ledger).recent_events;
    let expected = [
        REFUSED,
        (EventKind::ProbeFailed, "connect_timeout"),
        RECOVERED,
    ];
    assert_eq!(told(&events), expected);
    let first = events.last().unwrap();
    assert_eq!((&*first.connector, &*first.log), ("pub-1", "probe:gate"));
    assert_eq!(first.read_at, after(1).timestamp());
}

#[test]
fn counts_and_the_last_success_outlive_the_process_and_a_restart_is_no_news() {
    let shelf = Shelf::new();
    let plans = [plan("gate", None), plan("gate-2", Some("pub-1"))];
    let (mut store, restored) = shelf.open();
    let mut ledger = open(&plans, restored);
    ledger.take_probe_run(&run("gate", Ok(())), after(1));
    ledger.take_probe_run(&run("gate-2", Ok(())), after(1));
    ledger.take_probe_run(&run("gate", Err(ProbeFault::Refused)), after(2));
    commit(&mut store, &mut ledger);
    drop((store, ledger));

    let (_again, found) = shelf.open();
    let mut later = open(&plans, found);
    let probes = draw(&later).probes;
    assert_eq!((probes[0].runs, probes[1].runs), (2, 1));
    assert_eq!(failures(&probes[0], ProbeFault::Refused), 1);
    assert_eq!(probes[0].succeeded_at, Some(after(1).timestamp()));
    assert_eq!((&probes[0].last, probes[0].ran_at), (&None, None));
    later.take_probe_run(&run("gate", Err(ProbeFault::Refused)), after(3));
    later.take_probe_run(&run("gate-2", Ok(())), after(3));
    assert_eq!(told(&draw(&later).recent_events), [REFUSED]);
    later.take_probe_run(&run("gate", Ok(())), after(4));
    assert_eq!(told(&draw(&later).recent_events), [REFUSED, RECOVERED]);
}

#[test]
fn a_reload_keeps_what_is_known_of_the_same_probe_and_drops_it_of_a_changed_one() {
    let changed = |target: &str| ProbePlan {
        target: Arc::from(target),
        ..plan("moved", None)
    };
    let before = [plan("gate", None), changed("192.0.2.2:443")];
    let mut old = open(&before, Restored::default());
    for name in ["gate", "moved"] {
        old.take_probe_run(&run(name, Err(ProbeFault::Refused)), after(1));
    }
    let mut new = open(
        &[plan("gate", None), changed("192.0.2.3:443")],
        Restored::default(),
    );
    new.carry_over(old);
    let probes = draw(&new).probes;
    assert!(probes[0].last.is_some());
    assert_eq!(probes[1].last, None);
    for name in ["gate", "moved"] {
        new.take_probe_run(&run(name, Err(ProbeFault::Refused)), after(2));
    }
    // That of the moved one.
    assert_eq!(told(&draw(&new).recent_events), [REFUSED]);
}

#[test]
fn a_probe_that_succeeds_makes_its_connector_not_heard() {
    let watched = || Watched {
        connectors: vec![ConnectorPlan {
            name: Arc::from("laptop"),
            kind: ConnectorKind::CatoClient,
            catalogue: Arc::new(Catalogue::built_in(ConnectorKind::CatoClient).unwrap()),
            logs: Vec::new(),
            tools: Vec::new(),
            unknown_after: None,
        }],
        probes: vec![plan("gate", Some("laptop"))],
        host: None,
    };
    let shelf = Shelf::new();
    let (mut store, restored) = shelf.open();
    let mut ledger = Ledger::open(watched(), restored);
    ledger.take_probe_run(&run("gate", Ok(())), after(1));
    commit(&mut store, &mut ledger);
    assert_eq!(draw(&ledger).connectors[0].heard_at, None);
    drop(store);
    let (_again, found) = shelf.open();
    assert_eq!(&*found.last_read[0].log.log, "probe:gate");
    let drawn = draw(&Ledger::open(watched(), found));
    assert_eq!(drawn.connectors[0].heard_at, None);
    assert_eq!(drawn.probes[0].succeeded_at, Some(after(1).timestamp()));
}
