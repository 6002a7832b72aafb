//! What files tell beside their lines: dates that can be read both ways, and versions.
//!
//! A kill is a pipeline that is dropped between reading and committing.

use jiff::Timestamp;
use model::connector::{ConnectorKind, Fact};
use model::log::DateOrderTaken;
use model::snapshot::ConnectorSnapshot;
use store::Restored;

use super::desk::{Desk, NOTHING};
use super::*;
use crate::pipeline::ledger::ConnectorPlan;

/// A record of the service's log on Windows. With the tunnel's text it tells its time.
fn record(date: &str) -> String {
    format!(
        "{date} 11:00:29.125 [I] [VPNProc] [1634:2BE4] [f : 1] [:] [:] [ :] Successfully \
         connected to CATO VPN \"Frankfurt\" via DTLS mode\r\n"
    )
}

/// Files read day first and files read month first, without a reason.
fn guesses(client: &ConnectorSnapshot) -> [u64; 2] {
    let counts = &client.logs[0].ambiguous_dates;
    let of = |taken| counts.iter().find(|(one, _)| *one == taken).unwrap().1;
    [of(DateOrderTaken::DayFirst), of(DateOrderTaken::MonthFirst)]
}

/// When the tunnel's line told that it came up.
fn connected_at(client: &ConnectorSnapshot) -> Timestamp {
    let mut times = client.last_events.iter();
    let is_connected = |kind| kind == EventKind::TunnelConnected;
    times.find(|(kind, _)| is_connected(*kind)).unwrap().1
}

fn version(client: &ConnectorSnapshot) -> Option<&str> {
    let version = client.state.facts.get(Fact::Version);
    version.map(|version| version.expose())
}

#[test]
fn a_file_with_ambiguous_dates_is_counted_once() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    assert_eq!(guesses(&desk.turn(&mut pipeline)), [0, 0]);
    for _ in 0..3 {
        desk.write(&record("03/08/26"));
        assert_eq!(guesses(&desk.turn(&mut pipeline)), [1, 0]);
    }
    // What is read behind the file's known start counts no second time, either.
    desk.write(&record("04/08/26").repeat(30));
    assert_eq!(guesses(&desk.turn(&mut pipeline)), [1, 0]);
    pipeline = desk.restart(pipeline);
    desk.write(&record("05/08/26"));
    assert_eq!(guesses(&desk.turn(&mut pipeline)), [1, 0]);
    desk.write_to(
        "cato_dem_5.17.log",
        "[08/03/26 11:00:29.125] [Info] [P] [1] [2] [f:1] x\n",
    );
    assert_eq!(guesses(&desk.turn(&mut pipeline)), [1, 1]);
}

#[test]
fn a_kill_before_the_commit_counts_the_file_once() {
    let mut desk = Desk::new();
    desk.write(NOTHING);
    let mut pipeline = desk.start();
    desk.turn(&mut pipeline);
    desk.write(&record("03/08/26"));
    pipeline.read(desk.now());
    pipeline = desk.restart(pipeline);
    assert_eq!(guesses(&desk.turn(&mut pipeline)), [1, 0]);
    desk.write(&record("04/08/26"));
    pipeline.read(desk.now());
    pipeline = desk.restart(pipeline);
    assert_eq!(guesses(&desk.turn(&mut pipeline)), [1, 0]);
}

#[test]
fn a_date_that_comes_late_in_its_file_is_counted_once_over_restarts() {
    let mut desk = Desk::new();
    // Nothing of the start has a date with slashes.
    desk.write(&NOTHING.repeat(200));
    let mut pipeline = desk.start();
    assert_eq!(guesses(&desk.turn(&mut pipeline)), [0, 0]);
    for _ in 0..3 {
        desk.write(&record("03/08/26"));
        assert_eq!(guesses(&desk.turn(&mut pipeline)), [1, 0]);
        pipeline = desk.restart(pipeline);
    }
}

#[test]
fn a_store_that_is_replaced_gets_back_which_files_were_counted() {
    let mut desk = Desk::new();
    desk.write(&record("03/08/26"));
    let mut pipeline = desk.start();
    desk.turn(&mut pipeline);
    fs::remove_file(desk.path("state.db")).unwrap();
    assert!(matches!(pipeline.commit(desk.now()), Committed::Refused(_)));
    pipeline.reopen_store(desk.now()).unwrap();
    desk.turn(&mut pipeline);
    pipeline = desk.restart(pipeline);
    desk.write(&record("04/08/26"));
    assert_eq!(guesses(&desk.turn(&mut pipeline)), [1, 0]);
}

#[test]
fn a_later_line_that_decides_otherwise_is_followed_and_takes_no_count_back() {
    let mut desk = Desk::new();
    let mut pipeline = desk.start();
    // More than the start of the file that each batch looks at again.
    desk.write(&record("03/08/26").repeat(10));
    let first = desk.turn(&mut pipeline);
    let august = "2026-08-03T11:00:29.125Z".parse().unwrap();
    assert_eq!((guesses(&first), connected_at(&first)), ([1, 0], august));
    desk.write(&record("08/13/26"));
    let decided = desk.turn(&mut pipeline);
    let day = "2026-08-13T11:00:29.125Z".parse().unwrap();
    assert_eq!((guesses(&decided), connected_at(&decided)), ([1, 0], day));
    // Known from here on, also after a restart.
    pipeline = desk.restart(pipeline);
    desk.write(&record("09/10/26"));
    let later = desk.turn(&mut pipeline);
    let september = "2026-09-10T11:00:29.125Z".parse().unwrap();
    assert_eq!((guesses(&later), connected_at(&later)), ([1, 0], september));
}

#[test]
fn a_file_that_tells_is_not_counted() {
    let mut desk = Desk::new();
    desk.write_to("cato_vpn_6.13.0.0_20260803110029.log", &record("03/08/26"));
    desk.write_to("number.log", &(record("03/08/26") + &record("20/08/26")));
    desk.write_to(
        "iso.log",
        "2026-08-03 11:00:29 [I][client][f:1][:][:][_:] x\n",
    );
    desk.write_to("same.log", &record("08/08/26"));
    desk.write_to("container.log", "see 03/08/26 11:00:29.125 [I] x\n");
    let mut pipeline = desk.start();
    assert_eq!(guesses(&desk.turn(&mut pipeline)), [0, 0]);
}

#[test]
fn a_file_whose_content_began_anew_is_looked_at_anew() {
    let mut desk = Desk::new();
    desk.write(&record("03/08/26").repeat(3));
    let mut pipeline = desk.start();
    desk.turn(&mut pipeline);
    fs::write(desk.path("client.log"), record("05/08/26")).unwrap();
    assert_eq!(guesses(&desk.turn(&mut pipeline)), [2, 0]);
}

#[test]
fn a_product_whose_dates_tell_has_no_count_of_them() {
    for kind in ConnectorKind::ALL {
        let plan = ConnectorPlan {
            name: "one".into(),
            kind: *kind,
            catalogue: logparse::catalogue::Catalogue::built_in(*kind)
                .unwrap()
                .into(),
            logs: vec!["log".into()],
            tools: Vec::new(),
            unknown_after: None,
        };
        let ledger = Ledger::open(vec![plan], Restored::default());
        let status = |_, _| SourceStatus::default();
        let drawn = picture::draw(&ledger, &status, true, Timestamp::UNIX_EPOCH);
        let orders = drawn.connectors[0].logs[0].ambiguous_dates.len();
        let expected = if *kind == ConnectorKind::CatoClient {
            2
        } else {
            0
        };
        assert_eq!(orders, expected, "{kind}");
    }
}

#[test]
fn the_newest_file_that_gives_lines_tells_the_version() {
    let mut desk = Desk::new();
    let old = "cato_vpn_6.12.0.0_20260703110029.log";
    let new = "cato_vpn_6.13.0.0_20260803110029.log";
    let newest = "cato_vpn_6.11.0.0_20260903110029.log";
    let mut pipeline = desk.start();
    assert_eq!(version(&desk.turn(&mut pipeline)), None);
    desk.write_to(new, NOTHING);
    desk.write_to(newest, "");
    assert_eq!(version(&desk.turn(&mut pipeline)), Some("6.13.0.0"));
    desk.write_to(old, NOTHING);
    desk.write("a log of another name\n");
    assert_eq!(version(&desk.turn(&mut pipeline)), Some("6.13.0.0"));
    // The same after a restart, in which the newer file has nothing to say.
    pipeline = desk.restart(pipeline);
    desk.write_to(old, "one more line\n");
    assert_eq!(version(&desk.turn(&mut pipeline)), Some("6.13.0.0"));
    // The version went back: what was started last counts.
    desk.write_to(newest, NOTHING);
    assert_eq!(version(&desk.turn(&mut pipeline)), Some("6.11.0.0"));
}
