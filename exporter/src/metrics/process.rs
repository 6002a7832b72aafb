//! The agent's own process, under the names that all Prometheus clients use.
//!
//! Read from `/proc/self` at each rendering; a few small files, no lock. What cannot
//! be read is absent, since 0 would be a claim. Numbers of the host, and of other
//! processes, are not here.
//!
//! Known limit: CPU time is counted in the kernel's hundredths of a second.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Unit;

/// Clock ticks a second in `/proc`: `USER_HZ`, 100 on every architecture that Rust's
/// Linux targets have but Alpha; see `proc(5)` and `sysconf(3)`.
const TICKS_PER_SECOND: f64 = 100.0;

/// Reads the process's numbers below a root, which is `/proc` but in tests.
#[derive(Debug)]
pub struct ProcessCollector {
    proc_root: PathBuf,
}

/// One family without labels.
pub struct ProcessFamily {
    /// The name as the page shows it.
    pub name: &'static str,
    /// Whether it only grows.
    pub is_counter: bool,
    /// The unit, which ends the name.
    pub unit: Option<Unit>,
    /// One sentence, without full stop.
    pub help: &'static str,
    read: fn(&ProcessCollector) -> Option<f64>,
}

/// The families, in the order of the page.
pub const PROCESS_FAMILIES: &[ProcessFamily] = &[
    ProcessFamily {
        name: "process_cpu_seconds_total",
        is_counter: true,
        unit: Some(Unit::Seconds),
        help: "Processor time the agent has used, in user and system mode",
        read: ProcessCollector::cpu_seconds,
    },
    ProcessFamily {
        name: "process_resident_memory_bytes",
        is_counter: false,
        unit: Some(Unit::Bytes),
        help: "Memory of the agent that is in RAM",
        read: |process| process.status_bytes("VmRSS:"),
    },
    ProcessFamily {
        name: "process_virtual_memory_bytes",
        is_counter: false,
        unit: Some(Unit::Bytes),
        help: "Address space of the agent",
        read: |process| process.status_bytes("VmSize:"),
    },
    ProcessFamily {
        name: "process_open_fds",
        is_counter: false,
        unit: None,
        help: "File descriptors the agent holds",
        read: ProcessCollector::open_descriptors,
    },
    ProcessFamily {
        name: "process_max_fds",
        is_counter: false,
        unit: None,
        help: "File descriptors the agent may hold",
        read: ProcessCollector::descriptors_max,
    },
    ProcessFamily {
        name: "process_start_time_seconds",
        is_counter: false,
        unit: Some(Unit::Seconds),
        help: "When the agent was started, in seconds since the epoch",
        read: ProcessCollector::start_time_seconds,
    },
];

impl ProcessCollector {
    /// The process this code runs in.
    pub fn of_this_process() -> Self {
        Self {
            proc_root: PathBuf::from("/proc"),
        }
    }

    fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.proc_root.join(file)).ok()
    }

    /// Field `number` of `/proc/self/stat`, as `proc(5)` counts them: from 1.
    fn stat_field(&self, number: usize) -> Option<f64> {
        let stat = self.read("self/stat")?;
        // The second field is the program's name in parentheses and may hold both
        // spaces and parentheses, so the third begins after the last one.
        let (_, after_name) = stat.rsplit_once(") ")?;
        after_name
            .split_ascii_whitespace()
            .nth(number.checked_sub(3)?)?
            .parse()
            .ok()
    }

    fn cpu_seconds(&self) -> Option<f64> {
        Some((self.stat_field(14)? + self.stat_field(15)?) / TICKS_PER_SECOND)
    }

    /// Start of the process: the boot's time plus the ticks from there.
    fn start_time_seconds(&self) -> Option<f64> {
        let stat = self.read("stat")?;
        let boot: f64 = stat
            .lines()
            .find_map(|line| line.strip_prefix("btime "))?
            .parse()
            .ok()?;
        Some(boot + self.stat_field(22)? / TICKS_PER_SECOND)
    }

    /// A line of `/proc/self/status` in kB, which there means 1024 bytes.
    fn status_bytes(&self, key: &str) -> Option<f64> {
        let status = self.read("self/status")?;
        let kibibytes: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix(key))?
            .trim()
            .strip_suffix(" kB")?
            .parse()
            .ok()?;
        Some(kibibytes * 1024.0)
    }

    fn open_descriptors(&self) -> Option<f64> {
        let entries = fs::read_dir(self.proc_root.join("self/fd")).ok()?.count();
        // The listing itself holds one.
        u32::try_from(entries.saturating_sub(1)).ok().map(f64::from)
    }

    fn descriptors_max(&self) -> Option<f64> {
        let limits = self.read("self/limits")?;
        let rest = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max open files"))?;
        // "unlimited" is no number: then there is nothing to compare with.
        rest.split_ascii_whitespace().next()?.parse().ok()
    }
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for family in PROCESS_FAMILIES {
            let Some(value) = (family.read)(self) else {
                continue;
            };
            let ending = family
                .unit
                .as_ref()
                .map(|unit| format!("_{}", unit.as_str()));
            let name = family.name.strip_suffix("_total").unwrap_or(family.name);
            let stem = name
                .strip_suffix(ending.as_deref().unwrap_or(""))
                .unwrap_or(name);
            let kind = if family.is_counter {
                MetricType::Counter
            } else {
                MetricType::Gauge
            };
            let help = format!("{}.", family.help);
            let line = encoder.encode_descriptor(stem, &help, family.unit.as_ref(), kind)?;
            write_value(line, family, value)?;
        }
        Ok(())
    }
}

fn write_value(
    mut line: MetricEncoder<'_>,
    family: &ProcessFamily,
    value: f64,
) -> Result<(), fmt::Error> {
    if family.is_counter {
        let no_exemplar: Option<&Exemplar<[(&str, &str); 0], f64>> = None;
        line.encode_counter(&value, no_exemplar)
    } else {
        line.encode_gauge(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use prometheus_client::encoding::text::encode_registry;
    use prometheus_client::registry::Registry;

    fn page(proc_root: PathBuf) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(ProcessCollector { proc_root }));
        let mut page = String::new();
        encode_registry(&mut page, &registry).unwrap();
        page.lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| format!("{line}\n"))
            .collect()
    }

    #[test]
    fn a_program_name_with_parentheses_does_not_shift_the_fields() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("self/fd")).unwrap();
        for (file, content) in [
            ("self/fd/0", ""),
            ("self/fd/1", ""),
            ("self/fd/2", ""),
            ("stat", "cpu 1 2 3\nbtime 1700000000\nprocesses 5\n"),
            (
                "self/stat",
                "7 (a b) c) S 1 1 1 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 9 0 1050 9 9 9\n",
            ),
            (
                "self/status",
                "Name:\ta\nVmSize:\t    2048 kB\nVmRSS:\t     512 kB\n",
            ),
            (
                "self/limits",
                "Limit  Soft  Hard  Units\nMax open files   1024  4096  files\n",
            ),
        ] {
            fs::write(root.path().join(file), content).unwrap();
        }
        expect![[r#"
            process_cpu_seconds_total 3.0
            process_resident_memory_bytes 524288.0
            process_virtual_memory_bytes 2097152.0
            process_open_fds 2.0
            process_max_fds 1024.0
            process_start_time_seconds 1700000010.5
        "#]]
        .assert_eq(&page(root.path().to_path_buf()));
    }

    #[test]
    fn what_cannot_be_read_is_absent() {
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(page(empty.path().to_path_buf()), "");
    }

    #[test]
    fn this_process_has_every_number() {
        assert_eq!(
            page(PathBuf::from("/proc")).lines().count(),
            PROCESS_FAMILIES.len()
        );
    }
}
