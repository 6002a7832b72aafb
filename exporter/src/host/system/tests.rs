//! A prepared host, one that keeps no clock, and one of another kind.

use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use super::*;
use crate::host::tests::{copy_of_fixture, fixture_settings};

fn system(roots: &Roots) -> (System, Option<String>) {
    let mut reader = Reader::default();
    let found = SystemReader::new(roots).collect(&mut reader).unwrap();
    (found, reader.settle().1)
}

#[test]
fn a_publishers_host_tells_who_it_is() {
    let (system, problems) = system(&fixture_settings().roots);
    assert_eq!(problems, None);
    assert_eq!((&*system.os_id, &*system.os_version), ("ubuntu", "22.04"));
    assert_eq!(system.uptime, Some(Duration::from_millis(350_735_470)));
    assert_eq!(system.is_clock_synchronised, Some(true));
    assert_eq!(system.is_reboot_pending, Some(true));
    assert_eq!(system.users, None);
    assert_eq!(system.supports_publisher(), Some(true));
    let words: Vec<&str> = system.kernel.split(' ').collect();
    assert_eq!((words[0], words[1]), ("Linux", &*system.hostname));
}

#[test]
fn marks_that_are_missing_say_no_or_nothing() {
    let folder = copy_of_fixture();
    let mut roots = fixture_settings().roots;
    roots.host = folder.path().join("tree");
    let run = roots.host.join("run");
    fs::remove_file(run.join("reboot-required")).unwrap();
    fs::remove_file(run.join("systemd/timesync/synchronized")).unwrap();
    let (quiet, _) = system(&roots);
    assert_eq!(quiet.is_clock_synchronised, Some(false));
    assert_eq!(quiet.is_reboot_pending, Some(false));

    fs::remove_dir(run.join("systemd/timesync")).unwrap();
    fs::write(roots.host.join("etc/os-release"), "ID=fedora\n").unwrap();
    let (unknown, _) = system(&roots);
    assert_eq!(unknown.is_clock_synchronised, None);
    assert_eq!(unknown.is_reboot_pending, None);
}

#[test]
fn chronyd_is_asked_only_where_it_runs() {
    let folder = copy_of_fixture();
    let mut roots = fixture_settings().roots;
    roots.host = folder.path().join("tree");
    let run = roots.host.join("run");
    fs::remove_dir_all(run.join("systemd")).unwrap();
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    server.set_nonblocking(true).unwrap();
    let reads = SystemReader {
        roots,
        chrony: server.local_addr().unwrap(),
    };
    let mut reader = Reader::default();
    assert_eq!(reads.is_clock_synchronised(&mut reader), None);
    assert!(server.recv(&mut [0; 200]).is_err());
    fs::create_dir(run.join("chrony")).unwrap();
    // It is asked and gives no answer.
    assert_eq!(reads.is_clock_synchronised(&mut reader), None);
    assert_eq!(server.recv(&mut [0; 200]).unwrap(), 104);
}

#[test]
fn a_release_is_found_at_its_second_place() {
    let folder = copy_of_fixture();
    let mut roots = fixture_settings().roots;
    roots.host = folder.path().join("tree");
    fs::remove_file(roots.host.join("etc/os-release")).unwrap();
    let (none, problems) = system(&roots);
    assert_eq!(&*none.os_id, "");
    assert!(
        problems
            .unwrap()
            .contains("usr/lib/os-release` was not read")
    );
    fs::create_dir_all(roots.host.join("usr/lib")).unwrap();
    fs::write(
        roots.host.join("usr/lib/os-release"),
        "ID=centos\nVERSION_ID=7\n",
    )
    .unwrap();
    let (second, later_problems) = system(&roots);
    assert_eq!((&*second.os_id, later_problems), ("centos", None));
    assert_eq!(second.supports_publisher(), Some(false));
}

#[test]
fn those_who_are_gone_are_not_logged_in() {
    let folder = copy_of_fixture();
    let mut roots = fixture_settings().roots;
    roots.host = folder.path().join("tree");
    // Room for either size of an entry: only the first one is whole and a login.
    let mut bytes = vec![0_u8; 400];
    bytes[0..2].copy_from_slice(&7_u16.to_ne_bytes());
    for (process, expected) in [(911_u32, Some(1)), (912, Some(0))] {
        bytes[4..8].copy_from_slice(&process.to_ne_bytes());
        fs::write(roots.host.join("run/utmp"), &bytes).unwrap();
        assert_eq!(system(&roots).0.users, expected);
    }
}
