//! Judges the host's numbers against the vendor's thresholds and the kernel's limits.
//!
//! The thresholds are those that the agent watches, with their durations left out: one
//! look says how it is now. So processors, whose load comes and goes, are a warning.

use model::host::threshold::{HostResource, Observation, Threshold};
use model::host::{HostCollector, HostSample, Kernel};

use super::super::facts::{Facts, HostFacts};
use super::super::verdict::{Finding, Verdict};
use super::super::words::{percent, size, span};
use super::host::{seen, unread};

/// Share of a limit of the kernel from which on it should be looked at, and from which
/// on it hurts.
const KERNEL_WARNING: f64 = 0.80;
const KERNEL_FAILED: f64 = 0.95;

const PORTS_ACTION: &str = "Widen `net.ipv4.ip_local_port_range`, or spread the private apps over \
     more Publishers.";

/// Processors are not at their limit.
pub(in crate::doctor) fn cpu(facts: &Facts) -> Verdict {
    judge(facts, HostResource::Cpu, |host, row, seen| {
        let window = span(host.window);
        let used = format!("{} used over {window}", percent(seen.value));
        if !row.is_beyond(seen.value) {
            return Ok(used);
        }
        Err(Finding::warning(
            "processors",
            format!("{used}, and the limit is {}", percent(row.value)),
            "Look with `top` who it is. If it lasts, give the host more processors, or the \
             private apps more Publishers.",
        ))
    })
}

/// Memory is not at its limit.
pub(in crate::doctor) fn memory(facts: &Facts) -> Verdict {
    judge(facts, HostResource::Memory, |_, row, seen| {
        let used = format!("{} used", percent(seen.value));
        if !row.is_beyond(seen.value) {
            return Ok(used);
        }
        Err(Finding::failed(
            "memory",
            format!("{used}, and the limit is {}", percent(row.value)),
            "Look with `top` (key M) who it is; give the host more memory or remove what does \
             not belong here.",
        ))
    })
}

/// Disks have room.
pub(in crate::doctor) fn disk(facts: &Facts) -> Verdict {
    judge(facts, HostResource::Disk, |_, row, seen| {
        space(
            row,
            seen,
            "Free space: remove old logs, log bundles and `docker image prune`d images; or make \
             the disk larger.",
        )
    })
}

/// An update has room.
pub(in crate::doctor) fn update_space(facts: &Facts) -> Verdict {
    judge(facts, HostResource::UpdateSpace, |_, row, seen| {
        space(
            row,
            seen,
            "Free space before the next update, which else fails with \"Not enough disk space\": \
             see logs/publisher_wizard.log and /var/log/apt.",
        )
    })
}

fn space(row: &Threshold, seen: &Observation, action: &str) -> Result<String, Finding> {
    let place = seen.mountpoint.as_deref().unwrap_or("/");
    let bytes = whole(seen.value);
    if !row.is_beyond(seen.value) {
        return Ok(format!("{place} {}", size(bytes)));
    }
    let (free, wanted) = (size(bytes), size(whole(row.value)));
    let problem = format!("{free} free, and at least {wanted} should be");
    Err(Finding::failed(place, problem, action))
}

/// A number of bytes that came as a fraction. Never negative, and never too large.
#[expect(
    clippy::as_conversions,
    reason = "a conversion to an integer saturates, which is what is wanted"
)]
const fn whole(value: f64) -> u64 {
    value as u64
}

/// Judges each number that a threshold watches.
fn judge(
    facts: &Facts,
    resource: HostResource,
    each: impl Fn(&HostFacts, &Threshold, &Observation) -> Result<String, Finding>,
) -> Verdict {
    let host = match seen(facts) {
        Ok(host) => host,
        Err(verdict) => return verdict,
    };
    let Some(row) = host.thresholds.iter().find(|row| row.resource == resource) else {
        return Verdict::skipped("its threshold is switched off");
    };
    let observations = row.observe(&host.sample);
    if observations.is_empty() {
        return nothing_seen(&host.sample, resource);
    }
    let mut fine = Vec::new();
    let mut findings = Vec::new();
    for observation in &observations {
        match each(host, row, observation) {
            Ok(words) => fine.push(words),
            Err(finding) => findings.push(finding),
        }
    }
    let text = if findings.is_empty() {
        fine.join(", ")
    } else {
        format!(
            "{} of {} beyond its limit",
            findings.len(),
            observations.len()
        )
    };
    Verdict::of(findings, text)
}

fn nothing_seen(sample: &HostSample, resource: HostResource) -> Verdict {
    let collector = match resource {
        HostResource::Cpu => HostCollector::Cpu,
        HostResource::Memory => HostCollector::Memory,
        HostResource::Disk | HostResource::UpdateSpace => HostCollector::Filesystem,
    };
    let has_read = |kind| {
        let mut runs = sample.collectors.iter();
        runs.any(|run| run.collector == kind && run.is_success)
    };
    if collector == HostCollector::Filesystem && has_read(collector) {
        return Verdict::skipped("no file system here is large enough to have so much free");
    }
    unread(sample, collector)
}

/// The kernel's limits are far.
pub(in crate::doctor) fn kernel(facts: &Facts) -> Verdict {
    let host = match seen(facts) {
        Ok(host) => host,
        Err(verdict) => return verdict,
    };
    let limits = KernelLimit::of(&host.sample.kernel);
    if limits.is_empty() {
        return unread(&host.sample, HostCollector::Kernel);
    }
    let findings: Vec<Finding> = limits.iter().filter_map(KernelLimit::finding).collect();
    let words: Vec<String> = limits.iter().map(KernelLimit::words).collect();
    Verdict::of(findings, words.join(", "))
}

/// How much of something that the kernel limits is used.
struct KernelLimit {
    what: &'static str,
    share: f64,
    action: &'static str,
}

impl KernelLimit {
    fn of(kernel: &Kernel) -> Vec<Self> {
        let rows = [
            (
                "open files",
                kernel.files_open,
                kernel.files_max,
                "Raise `fs.file-max`, and find who opens so many.",
            ),
            (
                "tracked connections",
                kernel.conntrack,
                kernel.conntrack_max,
                "Raise `net.netfilter.nf_conntrack_max`: new connections are dropped at the limit.",
            ),
            (
                "local TCP ports",
                kernel.tcp_ports_used,
                kernel.ports,
                PORTS_ACTION,
            ),
            (
                "local UDP ports",
                kernel.udp_ports_used,
                kernel.ports,
                PORTS_ACTION,
            ),
        ];
        let known = rows.into_iter().filter_map(|(what, used, most, action)| {
            let share = crate::host::ratio(used?, most?)?;
            Some(Self {
                what,
                share,
                action,
            })
        });
        known.collect()
    }

    fn words(&self) -> String {
        format!("{} {}", self.what, percent(self.share))
    }

    fn finding(&self) -> Option<Finding> {
        let problem = format!("{} of the limit are in use", percent(self.share));
        if KERNEL_FAILED <= self.share {
            Some(Finding::failed(self.what, problem, self.action))
        } else if KERNEL_WARNING <= self.share {
            Some(Finding::warning(self.what, problem, self.action))
        } else {
            None
        }
    }
}
