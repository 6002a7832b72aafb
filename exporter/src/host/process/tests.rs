//! A small host's processes, and what changes between two samples.

use super::*;
use crate::host::tests::fixture_settings;

const MIB: u64 = 1024 * 1024;

fn process(id: u32, name: &str, ticks: u64, mebibytes: u64) -> Process {
    Process {
        id,
        name: name.to_owned(),
        age: Duration::from_secs(10_000),
        ticks,
        resident_bytes: mebibytes * MIB,
    }
}

/// The host of the fixture: its folders of groups and open files have these numbers.
fn processes() -> Vec<Process> {
    vec![
        process(1, "systemd", 500, 12),
        process(2, "kthreadd", 1, 0),
        process(900, "npa_publisher", 75_000, 200),
        process(901, "npa_publisher_w", 150, 10),
        process(902, "named", 600, 50),
        process(910, "evil) name (x", 80_000, 300),
        process(911, "sshd", 15, 5),
    ]
}

fn judge(reader: &mut ProcessReader, processes: Vec<Process>, second: u64) -> Processes {
    let mut account = Reader::default();
    account.now = Duration::from_secs(second);
    let found = reader.judge(processes, &mut account);
    assert_eq!(account.settle().1, None);
    found
}

#[test]
fn the_container_is_the_connector_and_the_largest_other_is_named() {
    let found = judge(&mut ProcessReader::new(&fixture_settings()), processes(), 0);
    assert_eq!(found.count, 7);
    let connector = found.connector.unwrap();
    // The publisher, its wizard, and the name server that runs in the same container.
    assert_eq!(
        (connector.processes, &*connector.name),
        (3, "npa_publisher")
    );
    assert_eq!(connector.cpu_ticks, 75_000 + 150 + 600);
    assert_eq!(connector.resident_bytes, 260 * MIB);
    assert_eq!((connector.files_open, connector.cpu_share), (Some(5), None));
    let largest = found.largest.unwrap();
    assert_eq!(
        (&*largest.name, largest.files_open),
        ("evil) name (x", Some(3))
    );
    assert_eq!(found.busiest, None);
}

#[test]
fn time_is_shared_out_since_the_sample_before() {
    let mut reader = ProcessReader::new(&fixture_settings());
    judge(&mut reader, processes(), 100);
    // In ten seconds: the publisher takes five of them, sshd one. A new process takes two.
    let mut later = processes();
    later[2].ticks += 500;
    later[6].ticks += 100;
    later.push(Process {
        age: Duration::from_secs(3),
        ..process(77_777, "scan", 200, 5)
    });
    let found = judge(&mut reader, later, 110);
    assert_eq!(found.connector.unwrap().cpu_share, Some(0.5));
    let busiest = found.busiest.unwrap();
    assert_eq!((&*busiest.name, busiest.cpu_share), ("scan", Some(0.2)));
    assert_eq!(
        (found.largest.unwrap().cpu_share, found.count),
        (Some(0.0), 8)
    );
}

#[test]
fn a_number_that_is_used_again_is_another_process() {
    let mut settings = fixture_settings();
    settings.connector_processes = vec!["sshd".to_owned()];
    for (age, ticks, expected) in [
        // Too young to have been there: all its time was used since.
        (5, 40, 0.04),
        // As old as the sample before, within what whole seconds can tell: the same.
        (9, 40, 0.025),
        (10_000, 40, 0.025),
        // It cannot have used less than before.
        (10_000, 10, 0.01),
    ] {
        let mut reader = ProcessReader::new(&settings);
        judge(&mut reader, processes(), 0);
        let mut later = processes();
        later[6].age = Duration::from_secs(age);
        later[6].ticks = ticks;
        let found = judge(&mut reader, later, 10);
        let share = found.connector.unwrap().cpu_share;
        assert_eq!(share, Some(expected), "{age} {ticks}");
    }
}

#[test]
fn a_connector_that_does_not_run_is_none_at_all() {
    let mut settings = fixture_settings();
    settings.connector_processes = vec!["cato-clientd".to_owned()];
    let found = judge(&mut ProcessReader::new(&settings), processes(), 0);
    assert_eq!(found.connector.unwrap().processes, 0);
    settings.connector_processes.clear();
    let unnamed = judge(&mut ProcessReader::new(&settings), processes(), 0);
    assert_eq!(unnamed.connector, None);
}

#[test]
fn where_others_are_hidden_nothing_is_claimed() {
    let mut hidden = processes();
    hidden.retain(|process| !matches!(process.id, 1 | 900 | 901));
    let found = judge(&mut ProcessReader::new(&fixture_settings()), hidden, 0);
    assert_eq!(found.connector, None);
}

#[test]
fn a_host_without_processes_has_none() {
    let found = judge(&mut ProcessReader::new(&fixture_settings()), Vec::new(), 0);
    assert_eq!(found, Processes::default());
}

#[test]
fn our_own_process_is_seen_on_this_host() {
    let name = fs::read_to_string("/proc/self/comm").unwrap();
    let mut settings = HostSettings::of_kinds(&[]);
    settings.connector_processes = vec![name.trim().to_owned()];
    let mut reader = Reader::default();
    let found = ProcessReader::new(&settings).collect(&mut reader).unwrap();
    assert_eq!(reader.settle().1, None);
    let connector = found.connector.unwrap();
    assert!(connector.resident_bytes != 0 && connector.files_open.unwrap() != 0);
    assert!(found.largest.unwrap().resident_bytes != 0);
}
