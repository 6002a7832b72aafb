//! Promise: `/metrics` tells of the host what its kernel tells, and when it is in a bad way.
//!
//! The built agent looks at this machine. What changes from moment to moment is read
//! before and after the agent read it, and its number has to lie between the two, as far
//! as other programs let them be compared at all.

use std::fs;
use std::process::Command;
use std::slice;

use harness::agent::Agent;
use harness::page::Page;
use harness::scene::Scene;
use serde_json::Value;

/// What other programs may take or give back of a disk or of memory while we look.
const DRIFT_BYTES: f64 = 256.0 * 1024.0 * 1024.0;

fn scene(host: &str) -> Scene {
    let scene = Scene::new().unwrap();
    configure(&scene, host);
    scene
}

fn configure(scene: &Scene, host: &str) {
    let config = format!("{}host: {{interval: 1s{host}}}\n", scene.usual_config());
    scene.write_config(&config).unwrap();
}

/// A page with a look at the host on it.
fn looked_at(agent: &Agent) -> Page {
    let has_all = |page: &Page| {
        let shares = page.value("ztna_host_cpu_used_ratio", &[]).is_some();
        shares && page.value("ztna_host_memory_size_bytes", &[]).is_some()
    };
    agent.wait_for("a look at the host", has_all).unwrap()
}

fn number(page: &Page, name: &str) -> f64 {
    let value = page.value(name, &[]);
    value.unwrap_or_else(|| panic!("{name} is not shown once"))
}

/// A line of `/proc/meminfo`, in bytes.
fn memory(name: &str) -> f64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024.0
}

/// Seconds in each mode, in the order of `/proc/stat`.
fn processor_seconds() -> Vec<f64> {
    let text = fs::read_to_string("/proc/stat").unwrap();
    let line = text.lines().next().unwrap();
    let ticks = line.split_whitespace().skip(1).take(8);
    ticks
        .map(|number| number.parse::<f64>().unwrap() / 100.0)
        .collect()
}

/// Bytes received by each interface.
fn received() -> Vec<(String, f64)> {
    let text = fs::read_to_string("/proc/net/dev").unwrap();
    let lines = text.lines().skip(2);
    lines
        .map(|line| {
            let (name, counts) = line.split_once(':').unwrap();
            let bytes = counts.split_whitespace().next().unwrap();
            (name.trim().to_owned(), bytes.parse().unwrap())
        })
        .collect()
}

#[test]
fn what_is_told_of_memory_and_processors_is_what_the_kernel_tells() {
    let scene = scene("");
    let agent = Agent::start(&scene).unwrap();
    let before = processor_seconds();
    let (available, received_before) = (memory("MemAvailable:"), received());
    let first = number(&looked_at(&agent), "ztna_host_sampled_timestamp_seconds");
    // A look that began after what we read.
    let page = agent
        .wait_for("another look", |page| {
            let at = page.value("ztna_host_sampled_timestamp_seconds", &[]);
            at.is_some_and(|at| first < at)
        })
        .unwrap();
    let after = processor_seconds();
    let modes = [
        "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
    ];
    for (place, mode) in modes.iter().enumerate() {
        let told = page.value("ztna_host_cpu_seconds_total", &[("mode", mode)]);
        let told = told.unwrap_or_else(|| panic!("{mode}"));
        // Idle and waiting times step back now and then: proc_stat(5).
        let is_between = before[place] - 1.0 <= told && told <= after[place] + 1.0;
        assert!(is_between, "{mode}: {told}");
    }
    for (signal, name) in [
        ("ztna_host_memory_size_bytes", "MemTotal:"),
        ("ztna_host_swap_size_bytes", "SwapTotal:"),
    ] {
        assert_eq!(number(&page, signal), memory(name), "{signal}");
    }
    let told = number(&page, "ztna_host_memory_available_bytes");
    let room = DRIFT_BYTES + (available - memory("MemAvailable:")).abs();
    assert!((told - available).abs() < room, "{told} of {available}");
    let ratio = number(&page, "ztna_host_memory_used_ratio");
    let expected = 1.0 - told / memory("MemTotal:");
    assert!((ratio - expected).abs() < 1e-9, "{ratio} for {expected}");
    let received_after = received();
    for ((device, least), (_, most)) in received_before.iter().zip(&received_after) {
        if device.starts_with("veth") {
            continue;
        }
        let labels = [("device", device.as_str())];
        let bytes = page.value("ztna_host_network_receive_bytes_total", &labels);
        let bytes = bytes.unwrap_or_else(|| panic!("{device}"));
        assert!(*least <= bytes && bytes <= *most, "{device}: {bytes}");
    }
    let online = Command::new("nproc").arg("--all").output().unwrap();
    let online: f64 = String::from_utf8_lossy(&online.stdout)
        .trim()
        .parse()
        .unwrap();
    assert_eq!(number(&page, "ztna_host_processors"), online);
}

#[test]
fn what_is_told_of_file_systems_is_what_statvfs_tells() {
    // Nothing left out: in a container the root is a layer over others.
    let scene = scene(", ignored_types: [proc, sysfs, cgroup2, cgroup, devpts, mqueue]");
    let agent = Agent::start(&scene).unwrap();
    let page = looked_at(&agent);
    let sizes: Vec<_> = page
        .select("ztna_host_filesystem_size_bytes", &[])
        .collect();
    let mut compared = 0;
    for size in sizes {
        let mountpoint = size.labels["mountpoint"].as_str();
        // Files are mounted too in a container, and not told as file systems.
        let Ok(present) = rustix::fs::statvfs(mountpoint) else {
            continue;
        };
        let labels = [("mountpoint", mountpoint)];
        let told = |name: &str| page.value(name, &labels).unwrap();
        let bytes = |blocks: u64| number_of(blocks * present.f_frsize);
        assert_eq!(
            told("ztna_host_filesystem_size_bytes"),
            bytes(present.f_blocks),
            "{mountpoint}"
        );
        for (name, blocks) in [
            ("ztna_host_filesystem_free_bytes", present.f_bfree),
            ("ztna_host_filesystem_avail_bytes", present.f_bavail),
        ] {
            let drift = (told(name) - bytes(blocks)).abs();
            assert!(
                drift < DRIFT_BYTES,
                "{mountpoint}: {name} is off by {drift}"
            );
        }
        if present.f_files != 0 {
            assert_eq!(
                told("ztna_host_filesystem_files"),
                number_of(present.f_files),
                "{mountpoint}"
            );
        }
        compared += 1;
    }
    assert!(0 < compared, "no file system at all");
}

/// As a page writes it.
fn number_of(count: u64) -> f64 {
    count.to_string().parse().unwrap()
}

/// What the latest events say of thresholds, newest first: event and reason.
fn told_of_thresholds(agent: &Agent) -> Vec<(String, String)> {
    let status: Value = serde_json::from_str(&agent.get("/api/v1/status").unwrap().text()).unwrap();
    let events = status["recent_events"].as_array().unwrap();
    let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    events
        .iter()
        .map(|event| (text(event, "event"), text(event, "reason")))
        .filter(|(event, _)| event.starts_with("host."))
        .collect()
}

#[test]
fn a_threshold_that_is_passed_is_shown_and_told_and_so_is_its_end() {
    // Some memory is always used.
    let low = ", thresholds: {memory_used_ratio: {value: 0.000001, clear: 0.0000005, for: 0s}}";
    let high = ", thresholds: {memory_used_ratio: {value: 1, clear: 1, for: 0s}}";
    let scene = scene(low);
    let agent = Agent::start(&scene).unwrap();
    agent
        .wait_until_shown(&[
            r#"ztna_host_threshold{resource="memory"} 0.000001"#,
            r#"ztna_host_threshold_breached{resource="memory"} 1"#,
        ])
        .unwrap();
    let breached = ("host.threshold_breached".to_owned(), "memory".to_owned());
    assert_eq!(told_of_thresholds(&agent), slice::from_ref(&breached));
    configure(&scene, high);
    agent.reload().unwrap();
    agent
        .wait_until_shown(&[r#"ztna_host_threshold_breached{resource="memory"} 0"#])
        .unwrap();
    let cleared = ("host.threshold_cleared".to_owned(), "memory".to_owned());
    let both = [cleared, breached];
    assert_eq!(told_of_thresholds(&agent), both);
    // Both outlive the process, and a host that is well is no news.
    agent.kill().unwrap();
    let again = Agent::start(&scene).unwrap();
    again
        .wait_until_shown(&[r#"ztna_host_threshold_breached{resource="memory"} 0"#])
        .unwrap();
    assert_eq!(told_of_thresholds(&again), both);
}

#[test]
fn a_part_that_cannot_be_read_silences_no_other() {
    let scene = Scene::new().unwrap();
    // Nobody ever writes to it: whoever opens it the simple way waits for ever.
    let path = scene.path("counts");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    configure(
        &scene,
        &format!(", time_limit: 200ms, publisher_metrics_file: {path:?}"),
    );
    let agent = Agent::start(&scene).unwrap();
    let page = agent
        .wait_until_shown(&[
            r#"ztna_host_collector_success{collector="publisher"} 0"#,
            r#"ztna_host_collector_success{collector="memory"} 1"#,
            r#"ztna_host_collector_success{collector="network"} 1"#,
        ])
        .unwrap();
    assert!(page.value("ztna_publisher_tcp_connections", &[]).is_none());
    let first = number(&page, "ztna_host_sampled_timestamp_seconds");
    agent
        .wait_for("the next look", |next| {
            let at = next.value("ztna_host_sampled_timestamp_seconds", &[]);
            at.is_some_and(|at| first < at)
        })
        .unwrap();
}

#[test]
fn a_host_that_nobody_wants_watched_is_not_shown() {
    let scene = scene("");
    let agent = Agent::start(&scene).unwrap();
    looked_at(&agent);
    let config = format!("{}host: {{enabled: false}}\n", scene.usual_config());
    scene.write_config(&config).unwrap();
    agent.reload().unwrap();
    agent
        .wait_for("a page without a host", |page| {
            page.samples
                .iter()
                .all(|sample| !sample.name.starts_with("ztna_host_"))
        })
        .unwrap();
}
