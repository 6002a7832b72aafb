//! Takes samples of the host: asks every collector at once, and waits for none too long.
//!
//! Each collector has a thread of its own; a sample takes as long as the slowest of them,
//! and never longer than the time limit. What a collector that hangs would have said is
//! absent, and its run says that it hangs; so no number is an old one, but for ports in use:
//! counting those may be dear, and a count stands for up to five minutes (`ports`).
//!
//! When to take a sample is the caller's: `sample` blocks, so not on a thread that serves.

use std::time::Duration;

use model::host::{DiskIo, Filesystem, Interface, Kernel};
use model::host::{HostSample, Memory, PublisherCounts, System};

use super::cpu::{Cpu, CpuWindow, Stat};
use super::disk_io::Disks;
use super::filesystem::Filesystems;
use super::kernel::KernelCounts;
use super::load::Load;
use super::memory::MemoryReader;
use super::network::Network;
use super::process::{ProcessReader, Processes};
use super::publisher::PublisherReader;
use super::reader::Cost;
use super::settings::HostSettings;
use super::system::SystemReader;
use super::worker::{Outcome, Worker};
use crate::clock::{Clock, Moment};

/// Takes samples of one host.
pub struct Sampler {
    time_limit: Duration,
    clock: Clock,
    window: CpuWindow,
    cost: Cost,
    cpu: Worker<Stat>,
    load: Worker<[f64; 3]>,
    memory: Worker<Memory>,
    filesystem: Worker<Vec<Filesystem>>,
    network: Worker<Vec<Interface>>,
    disk_io: Worker<Vec<DiskIo>>,
    kernel: Worker<Kernel>,
    process: Worker<Processes>,
    system: Worker<System>,
    /// Only if a file was named.
    publisher: Option<Worker<PublisherCounts>>,
}

impl Sampler {
    /// Starts the collectors' threads; nothing is read yet. `clock` times the collectors.
    pub fn new(settings: &HostSettings, clock: Clock) -> Self {
        let roots = &settings.roots;
        let publisher = settings.publisher_counts.clone();
        Self {
            time_limit: settings.time_limit,
            clock,
            window: CpuWindow::new(settings.window),
            cost: Cost::default(),
            cpu: Worker::start(Cpu::new(roots), clock),
            load: Worker::start(Load, clock),
            memory: Worker::start(MemoryReader::new(roots), clock),
            filesystem: Worker::start(Filesystems::new(settings, clock), clock),
            network: Worker::start(Network::new(roots), clock),
            disk_io: Worker::start(Disks::new(roots), clock),
            kernel: Worker::start(KernelCounts::new(roots, clock), clock),
            process: Worker::start(ProcessReader::new(settings), clock),
            system: Worker::start(SystemReader::new(roots), clock),
            publisher: publisher.map(|file| Worker::start(PublisherReader::new(file), clock)),
        }
    }

    /// Takes a sample of `now`. Blocks until every collector has answered, or for the time
    /// limit.
    pub fn sample(&mut self, now: Moment) -> HostSample {
        self.ask(now.monotonic);
        let mut desk = Desk {
            deadline: self.clock.now().monotonic.saturating_add(self.time_limit),
            time_limit: self.time_limit,
            clock: self.clock,
            cost: Cost::default(),
            sample: HostSample {
                taken_at: Some(now.timestamp()),
                ..HostSample::default()
            },
        };
        let stat = desk.take(&mut self.cpu);
        desk.sample.load = desk.take(&mut self.load);
        desk.sample.memory = desk.take(&mut self.memory);
        desk.sample.filesystems = desk.take(&mut self.filesystem).unwrap_or_default();
        desk.sample.interfaces = desk.take(&mut self.network).unwrap_or_default();
        desk.sample.disks = desk.take(&mut self.disk_io).unwrap_or_default();
        desk.sample.kernel = desk.take(&mut self.kernel).unwrap_or_default();
        let processes = desk.take(&mut self.process);
        desk.sample.system = desk.take(&mut self.system).unwrap_or_default();
        if let Some(publisher) = &mut self.publisher {
            desk.sample.publisher = desk.take(publisher);
        }
        self.cost = desk.cost;
        let mut sample = desk.sample;
        if let Some(stat) = stat {
            self.add_processors(&mut sample, stat, now.monotonic);
        }
        if let Some(processes) = processes {
            sample.kernel.processes = Some(processes.count);
            sample.connector_process = processes.connector;
            sample.largest_process = processes.largest;
            sample.busiest_process = processes.busiest;
        }
        sample
    }

    /// What the last sample cost, without the collectors that gave none.
    pub const fn cost(&self) -> Cost {
        self.cost
    }

    fn ask(&mut self, now: Duration) {
        self.cpu.ask(now);
        self.load.ask(now);
        self.memory.ask(now);
        self.filesystem.ask(now);
        self.network.ask(now);
        self.disk_io.ask(now);
        self.kernel.ask(now);
        self.process.ask(now);
        self.system.ask(now);
        if let Some(publisher) = &mut self.publisher {
            publisher.ask(now);
        }
    }

    fn add_processors(&mut self, sample: &mut HostSample, stat: Stat, now: Duration) {
        let shares = self.window.shares(&stat, now);
        sample.cpu = Some(stat.all);
        sample.cpu_shares = shares.all;
        sample.processor_shares = shares.each;
        let processors = stat.processors.into_iter();
        sample.processors = processors.map(|(_, times)| times).collect();
        sample.kernel.interrupts = stat.interrupts;
        sample.kernel.context_switches = stat.context_switches;
    }
}

/// Where a sample's parts come together.
struct Desk {
    deadline: Duration,
    time_limit: Duration,
    clock: Clock,
    cost: Cost,
    sample: HostSample,
}

impl Desk {
    /// Takes one collector's answer, and notes how it fared.
    fn take<T: Send + 'static>(&mut self, worker: &mut Worker<T>) -> Option<T> {
        let left = self.deadline.saturating_sub(self.clock.now().monotonic);
        let Outcome { run, found, cost } = worker.answer(left, self.time_limit);
        self.sample.collectors.push(run);
        self.cost = self.cost.plus(cost);
        found
    }
}
