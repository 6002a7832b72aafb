//! Promise: a store that is damaged, full or read-only stops neither the agent nor
//! the truth.
//!
//! A full disk, and one that is read-only at the start, are a small file system of
//! the test's own; one that becomes read-only is made by strace, since the kernel
//! refuses to remount what is being written. Both take root. Without it the tests
//! fail, unless `ZTNA_ALLOW_SKIPS` is set: then they say that they were skipped.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use harness::agent::Agent;
use harness::log_file::{EVENT, LogFile};
use harness::page::Page;
use harness::receivers;
use harness::scene::Scene;
use harness::smtp::MailServer;
use harness::tools::Tool;
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn a_damaged_store_is_set_aside_and_counting_begins_anew() {
    for damage in [Damage::Zeroed, Damage::Foreign, Damage::CutShort] {
        let scene = Scene::new().unwrap();
        let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
        log.append(200).unwrap();
        let agent = Agent::start(&scene).unwrap();
        agent.wait_for_events(EVENT, 200).unwrap();
        agent.terminate().unwrap();
        damage.apply(&scene.store());
        let again = Agent::start(&scene).unwrap();
        again.wait_until_ready().unwrap();
        let page = again.wait_for_events(EVENT, 200).unwrap();
        assert_eq!(page.events(EVENT), 200, "{damage:?}");
        assert_eq!(page.count("ztna_store_resets_total", &[]), 1, "{damage:?}");
        let aside = fs::read_dir(scene.path("store")).unwrap().filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().contains(".corrupt-")
        });
        assert!(0 < aside.count(), "{damage:?}: nothing was set aside");
    }
}

#[derive(Debug, Clone, Copy)]
enum Damage {
    Zeroed,
    Foreign,
    CutShort,
}

impl Damage {
    fn apply(self, store: &Path) {
        let size = fs::metadata(store).unwrap().len();
        match self {
            Self::Zeroed => {
                let zeros = vec![0; usize::try_from(size).unwrap()];
                fs::write(store, zeros).unwrap();
            }
            Self::Foreign => fs::write(store, "this is no database\n".repeat(500)).unwrap(),
            Self::CutShort => {
                let file = fs::OpenOptions::new().write(true).open(store).unwrap();
                file.set_len(size / 2 + 100).unwrap();
            }
        }
    }
}

/// Passes over a test only if the person who runs it has agreed to that.
pub(crate) fn skip(why: &str) {
    let is_allowed = env::var_os("ZTNA_ALLOW_SKIPS").is_some();
    assert!(is_allowed, "{why}\nZTNA_ALLOW_SKIPS=1 passes over it");
    println!("skipped: {why}");
}

/// A small file system in memory, unmounted at the end.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// `None` where mounting is not allowed and skipping is.
    fn mount(folder: PathBuf) -> Option<Self> {
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(&folder);
        match harness::tools::succeed(&mut command) {
            Ok(_) => Some(Self { folder }),
            Err(error) => {
                skip(&format!(
                    "mounting a small file system takes root: {error:#}"
                ));
                None
            }
        }
    }

    /// Fills every byte.
    fn fill(&self) {
        // The write fails when the disk is full; that is the point.
        drop(fs::write(self.folder.join("filler"), vec![1; 2_000_000]));
    }

    fn empty(&self) {
        fs::remove_file(self.folder.join("filler")).unwrap();
    }

    fn remount(&self, options: &str) {
        let mut command = Command::new("mount");
        command
            .args(["-o", &format!("remount,{options}")])
            .arg(&self.folder);
        harness::tools::succeed(&mut command).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazy, since a killed agent may hold it for a moment.
        drop(Command::new("umount").arg("-l").arg(&self.folder).output());
    }
}

fn is_writable(page: &Page) -> bool {
    page.value("ztna_store_writable", &[]) == Some(1.0)
}

/// Counts, breaks the store, writes on, mends the store: all lines are counted once.
fn check_survival<T>(
    scene: &Scene,
    break_it: impl FnOnce(&Agent) -> Option<T>,
    mend_it: impl FnOnce(T),
) {
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    log.append(100).unwrap();
    let agent = Agent::start(scene).unwrap();
    agent.wait_for_events(EVENT, 100).unwrap();
    let Some(broken) = break_it(&agent) else {
        return;
    };
    log.append(3_000).unwrap();
    let page = agent
        .wait_for("the store to be seen broken", |page| !is_writable(page))
        .unwrap();
    assert!(page.events(EVENT) <= log.written());
    log.append(500).unwrap();
    let later = agent
        .wait_for("more turns to be refused", |seen| {
            5 <= seen.count("ztna_store_commit_failures_total", &[])
        })
        .unwrap();
    assert!(!is_writable(&later));
    assert_eq!(
        later.events(EVENT),
        page.events(EVENT),
        "scrapes go on, and show only what is committed"
    );
    assert_eq!(
        agent.get("/-/healthy").unwrap().status,
        200,
        "the agent lives on"
    );
    assert_eq!(
        agent.get("/-/ready").unwrap().status,
        503,
        "and says that it does not commit"
    );
    mend_it(broken);
    agent.wait_for("the store to be well", is_writable).unwrap();
    let mended = agent.wait_for_events(EVENT, log.written()).unwrap();
    assert_eq!(mended.events(EVENT), log.written());
    agent.wait_until_ready().unwrap();
    agent.kill().unwrap();
    let again = Agent::start(scene).unwrap();
    again.wait_until_ready().unwrap();
    assert_eq!(again.page().unwrap().events(EVENT), log.written());
    again.terminate().unwrap();
}

#[test]
fn a_full_disk_is_survived_and_left_behind() {
    let scene = Scene::new().unwrap();
    let Some(disk) = SmallDisk::mount(scene.path("store")) else {
        return;
    };
    let fill = |_: &Agent| {
        disk.fill();
        Some(())
    };
    check_survival(&scene, fill, |()| disk.empty());
}

#[test]
fn the_mail_about_a_full_disk_leaves_in_spite_of_it_and_only_once() {
    let server = MailServer::start().unwrap();
    let receiver = server.receiver("ops", &["ops@example.com"], ", tls: none");
    let scene = receivers::scene(&[receiver], "").unwrap();
    let Some(disk) = SmallDisk::mount(scene.path("store")) else {
        return;
    };
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_until_ready().unwrap();
    disk.fill();
    log.append(3_000).unwrap();
    let mails = server.wait_for(1).unwrap();
    let told = &mails[0];
    assert!(!is_writable(&agent.page().unwrap()), "the store had room");
    let subject = told.header("Subject");
    assert!(subject.contains("AGENT_FAULT"), "{subject}");
    let text = told.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("left before it was stored"), "{text}");
    disk.empty();
    agent.wait_for("the store to be well", is_writable).unwrap();
    // That it is over is told too, and stored before that.
    server.wait_for(2).unwrap();
    let sent = [("receiver", "ops"), ("result", "sent")];
    agent
        .wait_for("both to be committed", |page| {
            2 <= page.count("ztna_deliveries_total", &sent)
        })
        .unwrap();
    agent.kill().unwrap();
    let again = Agent::start(&scene).unwrap();
    again.wait_until_ready().unwrap();
    let page = again.wait_for_events(EVENT, log.written()).unwrap();
    assert_eq!(page.count("ztna_deliveries_total", &sent), 2);
    again.terminate().unwrap();
    let ids = server.ids().unwrap();
    let unlike: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), unlike.len()), (2, 2), "{ids:?}");
}

/// Answers each write of an agent to its store as a read-only file system does,
/// until dropped.
struct ReadOnly {
    strace: Child,
    /// Kept open: its farewell must not break a pipe.
    _stderr: BufReader<ChildStderr>,
}

impl ReadOnly {
    /// `None` where tracing is not allowed and skipping is.
    fn impose(agent: &Agent, store: &Path) -> Option<Self> {
        const CALLS: &str = "pwrite64,ftruncate";
        let journal = store.with_extension("db-wal");
        let mut strace = Tool::Strace
            .command()
            .unwrap()
            .args(["-f", "-o", "/dev/null", "-p", &agent.id().to_string()])
            .args(["-e", &format!("trace={CALLS}")])
            .args(["-e", &format!("inject={CALLS}:error=EROFS")])
            .arg("-P")
            .arg(store)
            .arg("-P")
            .arg(journal)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(strace.stderr.take().unwrap());
        let mut said = String::new();
        while stderr.read_line(&mut said).unwrap() != 0 {
            if said.contains(" attached") {
                return Some(Self {
                    strace,
                    _stderr: stderr,
                });
            }
        }
        drop(strace.wait());
        skip(&format!("tracing another process takes root: {said}"));
        None
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        // Asked, it lets go of the agent; killed, it might take it along.
        let id = i32::try_from(self.strace.id()).ok().and_then(Pid::from_raw);
        kill_process(id.unwrap(), Signal::TERM).unwrap();
        self.strace.wait().unwrap();
    }
}

#[test]
fn a_disk_that_becomes_read_only_is_survived_and_left_behind() {
    let scene = Scene::new().unwrap();
    let impose = |agent: &Agent| ReadOnly::impose(agent, &scene.store());
    check_survival(&scene, impose, drop);
}

#[test]
fn a_read_only_disk_is_refused_at_the_start_with_its_path() {
    let scene = Scene::new().unwrap();
    let Some(disk) = SmallDisk::mount(scene.path("store")) else {
        return;
    };
    disk.remount("ro");
    let output = Agent::command(&scene).unwrap().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains(&scene.path("store").display().to_string()),
        "{said}"
    );
}

#[test]
fn a_second_agent_on_one_store_is_refused() {
    let scene = Scene::new().unwrap();
    let agent = Agent::start(&scene).unwrap();
    let output = Agent::command(&scene).unwrap().output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("state.db"), "{said}");
    assert_eq!(agent.get("/-/healthy").unwrap().status, 200);
}
