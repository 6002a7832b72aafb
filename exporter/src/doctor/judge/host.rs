//! Judges the machine and what runs on it: system, clock, other software, containers.

use model::host::{HostCollector, HostSample, ProcessUse};

use super::super::facts::{Container, DockerFacts, Facts, HostFacts};
use super::super::verdict::{Finding, Verdict};
use super::super::words::{percent, size};

/// Share of the memory, or of all processors, from which on another program is worth a
/// word. The vendor names none; a quarter is what its own thresholds leave.
const OTHER_SHARE_MAX: f64 = 0.25;

/// What a Publisher's image is called: its local name, and its places in registries.
///
/// Source: the Publisher's provisioning script, and a public chart for Kubernetes.
const PUBLISHER_IMAGES: [&str; 3] = [
    "new_edge_access",
    "netskopeprivateaccess/publisher",
    "npa/publisher",
];

/// The host as it was seen, or what a check says without it.
pub(super) fn seen(facts: &Facts) -> Result<&HostFacts, Verdict> {
    facts.host.as_ref().map_err(|unseen| unseen.verdict())
}

/// What a check says whose number a collector could not read.
pub(super) fn unread(sample: &HostSample, collector: HostCollector) -> Verdict {
    let run = sample
        .collectors
        .iter()
        .find(|run| run.collector == collector);
    let problem = run.and_then(|run| run.error.as_deref());
    Verdict::unknown(problem.unwrap_or("the host does not tell"))
}

/// The vendor supports the system.
pub(in crate::doctor) fn os_supported(facts: &Facts) -> Verdict {
    if !facts.concerns_publisher() {
        return Verdict::skipped("no Publisher is watched");
    }
    let host = match seen(facts) {
        Ok(host) => host,
        Err(verdict) => return verdict,
    };
    let system = &host.sample.system;
    if system.os_id.is_empty() {
        return unread(&host.sample, HostCollector::System);
    }
    let name = format!("{} {}", system.os_id, system.os_version);
    let finding = match system.supports_publisher() {
        Some(true) => return Verdict::ok(name.trim_end()),
        Some(false) => Finding::failed(
            "/etc/os-release",
            format!("{name} is no longer supported for Publishers"),
            "Register a new Publisher on Ubuntu with a new token of this one, which then expires \
             here; or add new Publishers to the private apps and remove this one.",
        ),
        None => Finding::warning(
            "/etc/os-release",
            format!("{name} is not a system that the vendor names"),
            "Ask the vendor, or move the Publisher to Ubuntu.",
        ),
    };
    Verdict::of(vec![finding], name)
}

/// No update waits for a restart.
pub(in crate::doctor) fn reboot(facts: &Facts) -> Verdict {
    let host = match seen(facts) {
        Ok(host) => host,
        Err(verdict) => return verdict,
    };
    match host.sample.system.is_reboot_pending {
        Some(false) => Verdict::ok("none"),
        Some(true) => Verdict::of(
            vec![Finding::warning(
                "/run/reboot-required",
                "an update waits for a restart",
                "Restart the host in a maintenance window, while another Publisher serves.",
            )],
            "an update waits",
        ),
        None => Verdict::unknown("this system leaves no mark"),
    }
}

/// A time service keeps the clock.
pub(in crate::doctor) fn clock(facts: &Facts) -> Verdict {
    let host = match seen(facts) {
        Ok(host) => host,
        Err(verdict) => return verdict,
    };
    match host.sample.system.is_clock_synchronised {
        Some(true) => Verdict::ok("kept by a time service"),
        Some(false) => Verdict::of(
            vec![Finding::failed(
                "time service",
                "it runs, and has not set the clock since",
                "Look at `timedatectl timesync-status` or `chronyc tracking`: let NTP (UDP port \
                 123) through the firewall, or name a time server that can be reached.",
            )],
            "not synchronised",
        ),
        None => Verdict::unknown("neither systemd-timesyncd nor chronyd tells"),
    }
}

/// No other program eats what the connector needs.
pub(in crate::doctor) fn other_software(facts: &Facts) -> Verdict {
    let host = match seen(facts) {
        Ok(host) => host,
        Err(verdict) => return verdict,
    };
    let sample = &host.sample;
    let mut findings = Vec::new();
    findings.extend(large_process(sample));
    findings.extend(busy_process(sample));
    let text = match &sample.largest_process {
        Some(largest) => format!(
            "the largest is `{}` with {}",
            largest.name,
            size(largest.resident_bytes)
        ),
        None => return unread(sample, HostCollector::Process),
    };
    Verdict::of(findings, text)
}

const OTHER_ACTION: &str = "Find out whether this host needs it; if so, give the host more \
     resources, exclude the Publisher's processes and domains in security software, or move it.";

fn large_process(sample: &HostSample) -> Option<Finding> {
    let largest = sample.largest_process.as_ref()?;
    let memory = sample.memory.as_ref()?;
    let share = crate::host::ratio(largest.resident_bytes, memory.total)?;
    (OTHER_SHARE_MAX < share).then(|| {
        let held = size(largest.resident_bytes);
        let problem = format!("holds {held}, {} of the memory", percent(share));
        Finding::warning(named(largest), problem, OTHER_ACTION)
    })
}

fn busy_process(sample: &HostSample) -> Option<Finding> {
    let busiest = sample.busiest_process.as_ref()?;
    let processors = u32::try_from(sample.processors.len()).ok()?;
    let share = busiest.cpu_share? / f64::from(processors);
    (OTHER_SHARE_MAX < share && processors != 0).then(|| {
        let problem = format!("takes {} of all processors now", percent(share));
        Finding::warning(named(busiest), problem, OTHER_ACTION)
    })
}

fn named(process: &ProcessUse) -> String {
    format!("process `{}`", process.name)
}

/// Whether processes of the connector run, told without the engine.
fn has_processes(facts: &Facts) -> Option<bool> {
    let host = facts.host.as_ref().ok()?;
    let connector = host.sample.connector_process.as_ref()?;
    Some(connector.processes != 0)
}

/// The engine is there.
pub(in crate::doctor) fn docker(facts: &Facts) -> Verdict {
    if !facts.concerns_publisher() {
        return Verdict::skipped("no Publisher is watched");
    }
    let docker = match &facts.docker {
        Ok(docker) => docker,
        Err(unseen) => return unseen.verdict(),
    };
    match docker {
        DockerFacts::Answers(_) => Verdict::ok("answers"),
        DockerFacts::Denied(socket) => Verdict::unknown(format!(
            "`{}` may not be used by user {}: run this as root",
            socket.display(),
            facts.user
        )),
        DockerFacts::Silent { socket, problem } => Verdict::of(
            vec![Finding::failed(
                socket.display().to_string(),
                problem,
                "Look at `systemctl status docker` and `journalctl -u docker.service`; restart \
                 the engine.",
            )],
            "does not answer",
        ),
        // In Kubernetes and under other engines there is none, and the Publisher runs.
        DockerFacts::NoSocket if has_processes(facts) == Some(true) => {
            Verdict::skipped("there is none, and the Publisher runs without")
        }
        DockerFacts::NoSocket => Verdict::of(
            vec![Finding::failed(
                "/run/docker.sock",
                "is not there: Docker is not installed or does not run",
                "Start it (`systemctl start docker`), or set the Publisher up again.",
            )],
            "not there",
        ),
    }
}

/// The Publisher's container runs.
pub(in crate::doctor) fn publisher(facts: &Facts) -> Verdict {
    if !facts.concerns_publisher() {
        return Verdict::skipped("no Publisher is watched");
    }
    match (&facts.docker, has_processes(facts)) {
        (Ok(DockerFacts::Answers(containers)), _) => publisher_container(containers),
        (Err(_) | Ok(_), Some(true)) => Verdict::ok("its processes run"),
        (Ok(DockerFacts::NoSocket | DockerFacts::Silent { .. }), _) => {
            Verdict::skipped("without an engine there is none")
        }
        (Ok(DockerFacts::Denied(_)), Some(false)) => Verdict::of(
            vec![Finding::failed(
                "process `npa_publisher`",
                "does not run",
                START_ACTION,
            )],
            "no process of it runs",
        ),
        (Ok(DockerFacts::Denied(_)), None) => {
            Verdict::unknown("neither the engine nor the processes tell: run this as root")
        }
        (Err(unseen), _) => unseen.verdict(),
    }
}

const START_ACTION: &str = "Start it with `docker start`, and look at logs/publisher_wizard.log \
     and `journalctl -u docker.service` for why it ended.";

fn publisher_container(containers: &[Container]) -> Verdict {
    let is_publisher = |container: &&Container| {
        let image = &container.image;
        PUBLISHER_IMAGES.iter().any(|name| image.contains(name))
    };
    let ours: Vec<&Container> = containers.iter().filter(is_publisher).collect();
    let running = ours.iter().filter(|container| container.state == "running");
    let running: Vec<&&Container> = running.collect();
    let finding = match (running.as_slice(), ours.as_slice()) {
        ([one], _) => return Verdict::ok(format!("`{}`: {}", one.image, one.status)),
        ([one, ..], _) => Finding::warning(
            format!("image `{}`", one.image),
            format!("{} containers of it run", running.len()),
            "Stop all but the newest: two would use one registration.",
        ),
        ([], [stopped, ..]) => Finding::failed(
            format!("image `{}`", stopped.image),
            format!("its container is {}: {}", stopped.state, stopped.status),
            START_ACTION,
        ),
        ([], []) => Finding::failed(
            "containers",
            "there is none of a Publisher's image (new_edge_access)",
            "Set the Publisher up again, or remove it from the configuration.",
        ),
    };
    Verdict::of(vec![finding], "not one container that runs")
}
