//! A small host in a folder, and the whole sampler on it and on this one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::connector::ConnectorKind;
use model::host::{HostCollector, System};
use tempfile::TempDir;

use super::*;
use crate::clock::Clock;

/// Long enough for a loaded machine; nothing waits so long unless it hangs.
const PATIENT: Duration = Duration::from_secs(20);

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/host")
}

pub(super) fn fixture_roots() -> Roots {
    Roots {
        proc: fixture().join("proc"),
        sys: fixture().join("sys"),
        host: fixture().join("tree"),
    }
}

pub(super) fn fixture_settings() -> HostSettings {
    HostSettings {
        roots: fixture_roots(),
        time_limit: PATIENT,
        publisher_counts: Some(fixture().join("tree/publisher_metrics")),
        ..HostSettings::of_kinds(&[ConnectorKind::NetskopePublisher])
    }
}

/// The fixture in a folder of its own, to be changed.
pub(super) fn copy_of_fixture() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture(), folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_whole_host_is_one_sample() {
    let clock = Clock::start();
    let mut sampler = Sampler::new(&fixture_settings(), clock);
    let now = clock.now();
    let sample = sampler.sample(now);
    let ran: Vec<HostCollector> = sample.collectors.iter().map(|run| run.collector).collect();
    assert_eq!(ran, HostCollector::ALL);
    let problems: Vec<String> = sample
        .collectors
        .iter()
        .filter_map(|run| run.error.clone())
        // The fixture's mounts do not exist here.
        .filter(|problem| !problem.contains("does not tell its space"))
        .collect();
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(sample.taken_at, Some(now.timestamp()));
    assert_eq!((sample.cpu.unwrap().guest, sample.processors.len()), (3, 2));
    assert_eq!(sample.cpu_shares, None);
    assert_eq!(sample.memory.unwrap().swap_total, 2_097_148 * 1024);
    assert_eq!(sample.interfaces[1].speed, Some(10_000_000_000));
    assert!(sample.interfaces[1].is_promiscuous && sample.interfaces[1].is_up);
    assert_eq!(sample.interfaces[1].address, [2, 0, 0x5e, 0x10, 0, 1]);
    assert_eq!((&*sample.disks[0].name, sample.disks.len()), ("vda", 1));
    assert_eq!(sample.kernel.context_switches, Some(88_203_458));
    // Processes are this host's, wherever the rest is read: none of them is a Publisher.
    assert!(sample.kernel.processes.unwrap() != 0);
    assert_eq!(sample.connector_process.unwrap().processes, 0);
    assert_eq!(sample.publisher.unwrap().tcp_connections, Some(4_100));
    assert_eq!(&*sample.system.os_id, "ubuntu");
    let roots: Vec<&str> = sample
        .filesystems
        .iter()
        .map(|one| &*one.mountpoint)
        .collect();
    assert!(roots.contains(&"/"), "{roots:?}");
}

#[test]
fn this_host_is_read_without_a_problem_and_has_shares_the_second_time() {
    let clock = Clock::start();
    let settings = HostSettings {
        time_limit: PATIENT,
        window: Duration::ZERO,
        ..HostSettings::of_kinds(&[ConnectorKind::NetskopePublisher])
    };
    let mut sampler = Sampler::new(&settings, clock);
    let mut sample = sampler.sample(clock.now());
    // A tick is a hundredth of a second: until one has passed there is no share.
    while sample.cpu_shares.is_none() {
        sample = sampler.sample(clock.now());
    }
    for run in &sample.collectors {
        assert!(run.is_success, "{run:?}");
    }
    let shares = sample.cpu_shares.unwrap();
    let sum = shares.user + shares.system + shares.idle + shares.iowait + shares.steal;
    assert!((sum - 1.0).abs() < 1e-9, "{shares:?}");
    assert!(
        sample
            .filesystems
            .iter()
            .any(|one| &*one.mountpoint == "/" && one.holds_update)
    );
    assert!(sampler.cost().questions < 5_000, "{:?}", sampler.cost());
}

/// A pipe that nobody writes to hangs whoever opens it, as a dead server does.
#[test]
fn a_collector_that_hangs_leaves_the_others_alone_until_it_comes_back() {
    let folder = copy_of_fixture();
    let mut settings = fixture_settings();
    settings.roots.proc = folder.path().join("proc");
    settings.time_limit = Duration::from_secs(2);
    let pipe = settings.roots.proc.join("uptime");
    fs::remove_file(&pipe).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let clock = Clock::start();
    let mut sampler = Sampler::new(&settings, clock);
    for _ in 0..3 {
        let sample = sampler.sample(clock.now());
        let hung = sample.collectors.iter().filter(|run| run.hung_threads != 0);
        let hung: Vec<HostCollector> = hung.map(|run| run.collector).collect();
        assert_eq!(hung, [HostCollector::System]);
        assert_eq!(sample.system, System::default());
        assert!(sample.memory.is_some() && sample.publisher.is_some());
    }
    // Whoever writes lets the reader go; it reads a file from now on.
    fs::write(&pipe, "1.00 0.00\n").unwrap();
    fs::rename(&pipe, folder.path().join("old")).unwrap();
    fs::write(&pipe, "2.00 0.00\n").unwrap();
    let uptime = loop {
        if let Some(uptime) = sampler.sample(clock.now()).system.uptime {
            break uptime;
        }
    };
    assert_eq!(uptime, Duration::from_secs(2));
}

#[test]
fn an_empty_host_is_all_problems_and_no_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let roots = Roots {
        proc: folder.path().to_path_buf(),
        sys: folder.path().to_path_buf(),
        host: folder.path().to_path_buf(),
    };
    let clock = Clock::start();
    let settings = HostSettings {
        roots,
        ..fixture_settings()
    };
    let sample = Sampler::new(&settings, clock).sample(clock.now());
    let fine = sample.collectors.iter().filter(|run| run.is_success);
    let fine: Vec<HostCollector> = fine.map(|run| run.collector).collect();
    // Loads are no file, and processes are this host's.
    assert_eq!(
        fine,
        [
            HostCollector::Load,
            HostCollector::Process,
            HostCollector::Publisher
        ]
    );
    assert_eq!((sample.cpu, sample.memory), (None, None));
    assert_eq!(sample.kernel.files_open, None);
    assert!(sample.filesystems.is_empty() && sample.interfaces.is_empty());
}
