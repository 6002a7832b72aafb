//! Promise: a store that is damaged, full or read-only stops neither the agent nor
//! the truth.
//!
//! Full and read-only are done to a small file system of the test's own, which
//! takes root; without it, or where mounting is forbidden, the test says that it
//! was skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::agent::Agent;
use harness::log_file::{EVENT, LogFile};
use harness::page::Page;
use harness::scene::Scene;

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

/// A small file system in memory, unmounted at the end.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// `None` where mounting is not allowed.
    fn mount(folder: PathBuf) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(&folder)
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        println!("skipped: mounting a small file system takes root");
        None
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
fn check_survival(break_it: impl Fn(&SmallDisk), mend_it: impl Fn(&SmallDisk)) {
    let scene = Scene::new().unwrap();
    let Some(disk) = SmallDisk::mount(scene.path("store")) else {
        return;
    };
    let mut log = LogFile::open(scene.log("agent.txt")).unwrap();
    log.append(100).unwrap();
    let agent = Agent::start(&scene).unwrap();
    agent.wait_for_events(EVENT, 100).unwrap();
    break_it(&disk);
    log.append(3_000).unwrap();
    let page = agent
        .wait_for("the store to be seen broken", |page| !is_writable(page))
        .unwrap();
    assert!(page.events(EVENT) <= log.written());
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
    mend_it(&disk);
    agent.wait_for("the store to be well", is_writable).unwrap();
    agent.wait_for_events(EVENT, log.written()).unwrap();
    agent.kill().unwrap();
    let again = Agent::start(&scene).unwrap();
    again.wait_until_ready().unwrap();
    assert_eq!(again.page().unwrap().events(EVENT), log.written());
    again.terminate().unwrap();
}

#[test]
fn a_full_disk_is_survived_and_left_behind() {
    check_survival(SmallDisk::fill, SmallDisk::empty);
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
