//! What was measured where a limit of the host is passed: a rule on limits sees only that
//! one is, people want the number, the limit, and who takes what there is. Of other numbers
//! that only say that something is so, what is known of why.

use std::sync::Arc;

use model::host::threshold::HostResource;
use model::signal::{HostSignal, Signal};

use super::figures::{beyond, figure};
use super::naming::Labels;
use super::world::World;
use crate::level::Side;
use crate::rule::View;

/// Most file systems that are named, those with the least; of the rest the number is told.
const FILESYSTEMS_MAX: usize = 5;

/// The facts of a limit with these labels, in the order of reading, or of another number why
/// it is bad; none that nobody tells of now.
pub(super) fn facts(signal: Signal, labels: &Labels, world: &World<'_>) -> Vec<(Arc<str>, String)> {
    if signal != Signal::Host(HostSignal::ThresholdBreached) {
        let why = world.why(signal, labels).into_iter();
        return why.map(|(name, value)| (Arc::from(name), value)).collect();
    }
    let resource = labels.iter().find(|(name, _)| &**name == "resource");
    let resource = resource.and_then(|(_, name)| HostResource::from_name(name));
    let measured = Measured { world };
    match resource {
        Some(HostResource::Cpu) => measured.processors(),
        Some(HostResource::Memory) => measured.memory(),
        Some(HostResource::Disk) => measured.filesystems(),
        Some(HostResource::UpdateSpace) => measured.update_space(),
        None => Vec::new(),
    }
}

struct Measured<'a> {
    world: &'a World<'a>,
}

impl Measured<'_> {
    fn processors(&self) -> Vec<(Arc<str>, String)> {
        let of_one = |of: &str| {
            let share = self.number(HostSignal::ProcessCpu, &[of])?;
            let share = figure(Signal::Host(HostSignal::ProcessCpu), View::Value, share);
            Some(format!("{share} of one processor"))
        };
        told([
            ("used", self.shown(HostSignal::CpuUsed, &[])),
            ("limit", self.limit(HostResource::Cpu, HostSignal::CpuUsed)),
            ("processors", self.shown(HostSignal::Processors, &[])),
            ("the connector takes", of_one("connector")),
            ("the busiest other takes", of_one("busiest")),
        ])
    }

    fn memory(&self) -> Vec<(Arc<str>, String)> {
        let of = |process: &str| self.shown(HostSignal::ProcessMemory, &[process]);
        told([
            ("used", self.shown(HostSignal::MemoryUsed, &[])),
            (
                "limit",
                self.limit(HostResource::Memory, HostSignal::MemoryUsed),
            ),
            ("memory", self.shown(HostSignal::MemorySize, &[])),
            ("the connector takes", of("connector")),
            ("the largest other takes", of("largest")),
        ])
    }

    fn filesystems(&self) -> Vec<(Arc<str>, String)> {
        let free = HostSignal::FilesystemAvailable;
        let mut found = told([("limit", self.limit(HostResource::Disk, free))]);
        // Which ones count is decided once, by whoever judges them: many others are small, in
        // memory, or written by nobody.
        let full = self.world.full_filesystems().into_iter();
        let mut low: Vec<(f64, Arc<str>)> = full
            .filter_map(|mountpoint| Some((self.number(free, &[&*mountpoint])?, mountpoint)))
            .collect();
        low.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (number, mountpoint) in low.iter().take(FILESYSTEMS_MAX) {
            let number = figure(Signal::Host(free), View::Value, *number);
            let size = self.shown(HostSignal::FilesystemSize, &[&**mountpoint]);
            let size = size.map_or_else(String::new, |size| format!(" of {size}"));
            found.push((
                Arc::from(format!("free on {mountpoint}")),
                format!("{number}{size}"),
            ));
        }
        let rest = low.len().saturating_sub(FILESYSTEMS_MAX);
        if 0 < rest {
            found.push((Arc::from("too full besides"), rest.to_string()));
        }
        found
    }

    fn update_space(&self) -> Vec<(Arc<str>, String)> {
        let free = HostSignal::UpdateSpace;
        told([
            ("free for an update", self.shown(free, &[])),
            ("limit", self.limit(HostResource::UpdateSpace, free)),
        ])
    }

    fn limit(&self, resource: HostResource, measured: HostSignal) -> Option<String> {
        let number = self.number(HostSignal::Threshold, &[resource.name()])?;
        let side = match resource {
            HostResource::Cpu | HostResource::Memory => Side::Above,
            HostResource::Disk | HostResource::UpdateSpace => Side::Below,
        };
        let limit = figure(Signal::Host(measured), View::Value, number);
        Some(beyond(side, &limit))
    }

    fn shown(&self, signal: HostSignal, labels: &[&str]) -> Option<String> {
        let number = self.number(signal, labels)?;
        Some(figure(Signal::Host(signal), View::Value, number))
    }

    fn number(&self, signal: HostSignal, labels: &[&str]) -> Option<f64> {
        let mut found = None;
        self.world
            .readings(Signal::Host(signal), &mut |values, number| {
                if values == labels {
                    found = Some(number);
                }
            });
        found.filter(|number| number.is_finite())
    }
}

/// Those that are known.
fn told<const COUNT: usize>(facts: [(&str, Option<String>); COUNT]) -> Vec<(Arc<str>, String)> {
    let known = facts.into_iter();
    let known = known.filter_map(|(name, value)| Some((Arc::from(name), value?)));
    known.collect()
}
