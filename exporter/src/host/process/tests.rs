//! A small host's processes, and what changes between two samples.

use super::*;
use crate::host::tests::{copy_of_fixture, fixture_settings};

fn sample(processes: &mut ProcessReader, second: u64) -> (Processes, Option<String>) {
    let mut reader = Reader::default();
    reader.now = Duration::from_secs(second);
    let found = processes.collect(&mut reader).unwrap();
    (found, reader.settle().1)
}

fn page() -> u64 {
    u64::try_from(rustix::param::page_size()).unwrap()
}

#[test]
fn the_container_is_the_connector_and_the_largest_other_is_named() {
    let (found, problems) = sample(&mut ProcessReader::new(&fixture_settings()), 0);
    assert_eq!(problems, None);
    assert_eq!(found.count, 7);
    let connector = found.connector.unwrap();
    // The publisher, its wizard, and the name server that runs in the same container.
    assert_eq!(
        (connector.processes, &*connector.name),
        (3, "npa_publisher")
    );
    assert_eq!(connector.cpu_ticks, 75_000 + 150 + 600);
    assert_eq!(connector.resident_bytes, (51_200 + 2_560 + 12_800) * page());
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
    let folder = copy_of_fixture();
    let mut settings = fixture_settings();
    settings.roots.proc = folder.path().join("proc");
    let mut processes = ProcessReader::new(&settings);
    sample(&mut processes, 100);
    // In ten seconds: the publisher takes five of them, sshd one. A new process takes two.
    let change = |id: &str, before: &str, after: &str| {
        let path = folder.path().join("proc").join(id).join("stat");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen(before, after, 1)).unwrap();
    };
    change("900", " 50000 25000 ", " 50400 25100 ");
    change("911", " 10 5 ", " 60 55 ");
    let newcomer = folder.path().join("proc/77777");
    fs::create_dir(&newcomer).unwrap();
    let text = fs::read_to_string(folder.path().join("proc/911/stat")).unwrap();
    let text = text.replace("sshd", "scan").replace(" 60 55 ", " 150 50 ");
    fs::write(newcomer.join("stat"), text).unwrap();

    let (found, _) = sample(&mut processes, 110);
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
    let folder = copy_of_fixture();
    let mut settings = fixture_settings();
    settings.roots.proc = folder.path().join("proc");
    settings.connector_processes = vec!["sshd".to_owned()];
    let mut processes = ProcessReader::new(&settings);
    sample(&mut processes, 0);
    let path = folder.path().join("proc/911/stat");
    let text = fs::read_to_string(&path).unwrap();
    // Started later, with less time used: all of it since.
    fs::write(
        &path,
        text.replace(" 10 5 ", " 4 6 ").replace(" 1500 ", " 9500 "),
    )
    .unwrap();
    let (found, _) = sample(&mut processes, 1);
    assert_eq!(found.connector.unwrap().cpu_share, Some(0.1));
}

#[test]
fn a_connector_that_does_not_run_is_none_at_all() {
    let mut settings = fixture_settings();
    settings.connector_processes = vec!["cato-clientd".to_owned()];
    let (found, _) = sample(&mut ProcessReader::new(&settings), 0);
    assert_eq!(found.connector.unwrap().processes, 0);
    settings.connector_processes.clear();
    let (unnamed, _) = sample(&mut ProcessReader::new(&settings), 0);
    assert_eq!(unnamed.connector, None);
}

#[test]
fn where_others_are_hidden_nothing_is_claimed() {
    let folder = copy_of_fixture();
    let mut settings = fixture_settings();
    settings.roots.proc = folder.path().join("proc");
    for id in ["1", "900", "901"] {
        fs::remove_dir_all(folder.path().join("proc").join(id)).unwrap();
    }
    let (found, _) = sample(&mut ProcessReader::new(&settings), 0);
    assert_eq!(found.connector, None);
}

#[test]
fn a_process_that_is_not_understood_is_told_and_the_others_are_read() {
    let folder = copy_of_fixture();
    let mut settings = fixture_settings();
    settings.roots.proc = folder.path().join("proc");
    fs::write(folder.path().join("proc/911/stat"), "no process").unwrap();
    // Ended between the listing and the reading.
    fs::remove_file(folder.path().join("proc/2/stat")).unwrap();
    let (found, problems) = sample(&mut ProcessReader::new(&settings), 0);
    assert_eq!(found.count, 5);
    assert!(
        problems
            .unwrap()
            .ends_with("proc/911/stat` is not understood: line 1 is not a process")
    );
}

#[test]
fn our_own_process_is_seen_on_this_host() {
    let name = fs::read_to_string("/proc/self/comm").unwrap();
    let mut settings = HostSettings::of_kinds(&[]);
    settings.connector_processes = vec![name.trim().to_owned()];
    let (found, _) = sample(&mut ProcessReader::new(&settings), 0);
    let connector = found.connector.unwrap();
    assert!(connector.resident_bytes != 0 && connector.files_open.unwrap() != 0);
}
