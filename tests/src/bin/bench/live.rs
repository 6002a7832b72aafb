//! What following logs costs: under load, and when nothing happens.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use harness::agent::Agent;
use harness::http;
use harness::log_file::{EVENT, LogFile};
use harness::scene::{Scene, Settings};
use harness::tools::Tool;
use harness::wait::{self, PATIENCE};
use ztna_exporter::clock::Clock;
use ztna_exporter::corpus::{Corpus, CorpusShape, Truth};

use crate::measure::{processor_time, resident_mib};
use crate::progress;
use crate::report::{Figure, Report, Target};
use crate::throughput::{peer_counts, program};

/// Files that an idle reader follows.
const IDLE_FILES: u64 = 20;

/// What a process used in a while.
struct Usage {
    /// Of one processor, in percent.
    processor_percent: f64,
    /// Resident memory at the end.
    resident_mib: f64,
}

/// Measures `work` by what process `id` uses meanwhile.
fn usage<T>(id: u32, work: impl FnOnce() -> Result<T>) -> Result<(Usage, T)> {
    let clock = Clock::start();
    let before = processor_time(id)?;
    let done = work()?;
    let used = processor_time(id)?.saturating_sub(before);
    let share = used.as_secs_f64() / clock.now().monotonic.as_secs_f64();
    let resident_mib = resident_mib(id)?;
    Ok((
        Usage {
            processor_percent: 100.0 * share,
            resident_mib,
        },
        done,
    ))
}

/// Both readers, one after the other, while a log grows at `rate` lines a second.
///
/// # Errors
///
/// If a count differs from the truth, or a program fails.
pub(crate) fn measure_busy(rate: u32, seconds: u64, report: &mut Report) -> Result<()> {
    let duration = Duration::from_secs(seconds);
    progress(&format!("agent at {rate} lines a second for {seconds} s"));
    let ours = busy_agent(rate, duration)?;
    progress(&format!("mtail at {rate} lines a second for {seconds} s"));
    let theirs = busy_peer(rate, duration)?;
    let what = format!("live, {rate} lines/s for {seconds} s");
    add(report, &what, [1.0, 30.0], &ours, &theirs);
    Ok(())
}

fn busy_agent(rate: u32, duration: Duration) -> Result<Usage> {
    let scene = scene(&["agent.txt"])?;
    let path = scene.log("agent.txt");
    File::create(&path)?;
    let agent = Agent::start(&scene)?;
    agent.wait_until_ready()?;
    let (usage, truth) = usage(agent.id(), || write(&path, rate, duration))?;
    agent.wait_for("every line to be counted", |page| {
        page.event_counts() == truth.counts
    })?;
    agent.terminate()?;
    Ok(usage)
}

fn busy_peer(rate: u32, duration: Duration) -> Result<Usage> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("agent.txt");
    File::create(&path)?;
    let peer = Peer::start(&path)?;
    let (usage, truth) = usage(peer.child.id(), || write(&path, rate, duration))?;
    peer.wait_for(&truth)?;
    Ok(usage)
}

/// Both readers, one after the other, on logs that do not grow.
///
/// # Errors
///
/// If a program fails.
pub(crate) fn measure_idle(seconds: u64, report: &mut Report) -> Result<()> {
    progress(&format!("agent idle for {seconds} s"));
    let scene = scene(&["*.txt"])?;
    for number in 0..IDLE_FILES {
        LogFile::open(scene.log(&format!("{number}.txt")))?.append(1_000)?;
    }
    let agent = Agent::start(&scene)?;
    agent.wait_for_events(EVENT, IDLE_FILES * 1_000)?;
    // Start-up is over when the first quiet second is.
    let pause = |length| {
        thread::sleep(Duration::from_secs(length));
        Ok(())
    };
    pause(2)?;
    let (ours, ()) = usage(agent.id(), || pause(seconds))?;
    agent.terminate()?;
    progress(&format!("mtail idle for {seconds} s"));
    let peer = Peer::start(&scene.logs().join("*.txt"))?;
    pause(2)?;
    let (theirs, ()) = usage(peer.child.id(), || pause(seconds))?;
    add(report, "idle, 20 files", [0.2, 25.0], &ours, &theirs);
    Ok(())
}

fn add(report: &mut Report, what: &str, targets: [f64; 2], ours: &Usage, theirs: &Usage) {
    let [percent_max, resident_max] = targets;
    let figure = |value, unit| Figure { value, unit };
    report.add(
        what,
        Target::AtMost(percent_max),
        figure(ours.processor_percent, " % of a core"),
        Some(theirs.processor_percent),
    );
    report.add(
        "its resident memory",
        Target::AtMost(resident_max),
        figure(ours.resident_mib, " MiB"),
        Some(theirs.resident_mib),
    );
}

/// A scene with the settings that a user has who sets nothing.
fn scene(globs: &[&'static str]) -> Result<Scene> {
    Scene::with(Settings {
        globs: globs.to_vec(),
        more: String::new(),
        ..Settings::default()
    })
}

fn write(path: &Path, rate: u32, duration: Duration) -> Result<Truth> {
    let mut file = fs::OpenOptions::new().append(true).open(path)?;
    let mut corpus = Corpus::new(3, CorpusShape::default());
    Ok(corpus.write_at_rate(&mut file, rate, duration, Clock::start())?)
}

/// A running mtail. Dropping it kills it.
struct Peer {
    child: Child,
    address: SocketAddr,
    _logs: tempfile::TempDir,
}

impl Peer {
    fn start(glob: &Path) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let logs = tempfile::tempdir()?;
        let mut command = Tool::Mtail.command()?;
        command
            .arg("--progs")
            .arg(program())
            .arg("--logs")
            .arg(PathBuf::from(glob));
        command.args([
            "--address",
            "127.0.0.1",
            "--port",
            &address.port().to_string(),
        ]);
        command.arg("--log_dir").arg(logs.path());
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        let peer = Self {
            child: child.context("cannot start mtail")?,
            address,
            _logs: logs,
        };
        wait::until(PATIENCE, "mtail to follow the log", || {
            let state = http::get(address, "/debug/vars").ok();
            Ok(state
                .filter(|state| !state.text().contains("\"log_count\": 0"))
                .map(drop))
        })?;
        Ok(peer)
    }

    fn wait_for(&self, truth: &Truth) -> Result<()> {
        let mut last = Default::default();
        let counted = wait::until(PATIENCE, "mtail to count every line", || {
            last = peer_counts(&http::get(self.address, "/metrics")?.text());
            Ok((last == truth.counts).then_some(()))
        });
        ensure!(
            counted.is_ok(),
            "mtail counted {last:?}, want {:?}",
            truth.counts
        );
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
