//! The law of the tailer: each line that could be read is counted exactly once.
//!
//! Random histories of a log (writes, rotations, copies, truncations, packing,
//! deletions, lost permissions, crashes, reloads, a store that refuses) are played on
//! a disk in memory. Each line carries a serial; the model knows which lines nobody
//! could have read.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::world::World;

const LIVE: &str = "/log/a.log";

/// One step of a history.
#[derive(Debug, Clone)]
enum Action {
    WriteLines { count: u8, padding: u16 },
    WriteHalf,
    Rotate,
    CopyTruncate,
    Truncate,
    TruncateAndRegrow { count: u8 },
    Delete { oldest_first: bool },
    ReuseInode,
    PackOldest,
    Lock,
    Unlock,
    Poll { seconds: u8 },
    PollUncommittedAndCrash,
    Crash,
    Reload,
    Watch { seconds: u8 },
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (1..6_u8, 0..400_u16)
            .prop_map(|(count, padding)| Action::WriteLines { count, padding }),
        2 => Just(Action::WriteHalf),
        3 => Just(Action::Rotate),
        2 => Just(Action::CopyTruncate),
        1 => Just(Action::Truncate),
        1 => (1..30_u8).prop_map(|count| Action::TruncateAndRegrow { count }),
        1 => any::<bool>().prop_map(|oldest_first| Action::Delete { oldest_first }),
        1 => Just(Action::ReuseInode),
        2 => Just(Action::PackOldest),
        1 => Just(Action::Lock),
        1 => Just(Action::Unlock),
        8 => (1..4_u8).prop_map(|seconds| Action::Poll { seconds }),
        1 => Just(Action::PollUncommittedAndCrash),
        2 => Just(Action::Crash),
        2 => Just(Action::Reload),
        4 => (1..40_u8).prop_map(|seconds| Action::Watch { seconds }),
    ]
}

/// What the model knows of one file.
#[derive(Debug, Clone, Default)]
struct ModelFile {
    serials: Vec<u32>,
    /// Its last line has no end yet.
    is_half: bool,
    /// A committed poll has seen bytes of it.
    is_known: bool,
    /// The running tailer can hold it open.
    is_held_open: bool,
    is_locked: bool,
    /// It was truncated, and no committed poll has seen that yet.
    is_freshly_cut: bool,
}

struct Model {
    world: World,
    matches_rotated: bool,
    has_few_handles: bool,
    files: BTreeMap<String, ModelFile>,
    /// Deleted files that the running tailer may still read.
    deleted: Vec<ModelFile>,
    next_serial: u32,
    next_suffix: u32,
    /// Lines that nobody needs to have read.
    excused: Vec<u32>,
}

impl Model {
    fn new(matches_rotated: bool, has_few_handles: bool) -> Self {
        let mut world = World::following(if matches_rotated { "/log/a.log*" } else { LIVE });
        if has_few_handles {
            world.limits.open_files_max = 0;
        }
        Self {
            world,
            matches_rotated,
            has_few_handles,
            files: BTreeMap::new(),
            deleted: Vec::new(),
            next_serial: 1,
            next_suffix: 1,
            excused: Vec::new(),
        }
    }

    fn play(&mut self, action: &Action) {
        match action {
            Action::WriteLines { count, padding } => {
                for _ in 0..*count {
                    self.write_line(usize::from(*padding));
                }
            }
            Action::WriteHalf => self.write_half(),
            Action::Rotate => self.rotate(),
            Action::CopyTruncate => self.copy_truncate(),
            Action::Truncate => self.truncate(),
            Action::TruncateAndRegrow { count } => {
                self.truncate();
                for _ in 0..*count {
                    self.write_line(30);
                }
            }
            Action::Delete { oldest_first } => self.delete(*oldest_first),
            Action::ReuseInode => self.reuse_inode(),
            Action::PackOldest => self.pack_oldest(),
            Action::Lock => self.set_locked(true),
            Action::Unlock => self.set_locked(false),
            Action::Poll { seconds } => self.poll(u64::from(*seconds)),
            Action::PollUncommittedAndCrash => {
                self.world.poll_uncommitted();
                self.crash();
            }
            Action::Crash => self.crash(),
            // Handles that belong to committed positions live on.
            Action::Reload => self.world.reload(),
            Action::Watch { seconds } => self.world.watch_after(u64::from(*seconds)),
        }
    }

    fn write_line(&mut self, padding: usize) {
        let serial = self.next_serial;
        self.next_serial += 1;
        let file = self.files.entry(LIVE.to_owned()).or_default();
        // A half line is finished first; its serial was given when it was begun.
        let text = if std::mem::take(&mut file.is_half) {
            "$\n"
        } else {
            ""
        };
        file.serials.push(serial);
        let line = format!("{text}L{serial}:{}$\n", "x".repeat(padding));
        self.world.disk.append(LIVE, line);
    }

    fn write_half(&mut self) {
        let file = self.files.entry(LIVE.to_owned()).or_default();
        if !std::mem::replace(&mut file.is_half, true) {
            file.serials.push(self.next_serial);
            let half = format!("L{}:half", self.next_serial);
            self.next_serial += 1;
            self.world.disk.append(LIVE, half);
        }
    }

    fn rotate(&mut self) {
        let Some(mut file) = self.files.remove(LIVE) else {
            return;
        };
        self.end_half(&mut file);
        let path = self.rotated_path();
        self.world.disk.rename(LIVE, &path);
        // Only who was known under the live name is looked for outside the pattern.
        if !self.matches_rotated && !file.is_known {
            self.excused.extend(&file.serials);
        }
        self.files.insert(path, file);
    }

    fn copy_truncate(&mut self) {
        if self.files.get(LIVE).is_some_and(|file| file.is_locked) {
            return;
        }
        let Some(mut file) = self.files.remove(LIVE) else {
            return;
        };
        self.end_half(&mut file);
        let path = self.rotated_path();
        self.world.disk.copy(LIVE, &path);
        self.world.disk.truncate(LIVE, 0);
        if !self.matches_rotated && !file.is_known {
            self.excused.extend(&file.serials);
        }
        file.is_held_open = false;
        let fresh = ModelFile {
            is_freshly_cut: true,
            ..ModelFile::default()
        };
        self.files.insert(LIVE.to_owned(), fresh);
        self.files.insert(path, file);
    }

    fn truncate(&mut self) {
        let Some(file) = self.files.get_mut(LIVE) else {
            return;
        };
        self.excused.extend(std::mem::take(&mut file.serials));
        file.is_half = false;
        file.is_known = false;
        self.world.disk.truncate(LIVE, 0);
    }

    fn delete(&mut self, oldest_first: bool) {
        let mut names = self.files.keys().cloned();
        let name = if oldest_first {
            names.nth(1)
        } else {
            names.next()
        };
        if let Some(name) = name {
            self.world.disk.remove(&name);
            self.forget(&name);
        }
    }

    fn reuse_inode(&mut self) {
        if self.files.contains_key(LIVE) {
            self.world.disk.recreate_with_same_inode(LIVE);
            self.forget(LIVE);
            self.files.insert(LIVE.to_owned(), ModelFile::default());
        }
    }

    fn forget(&mut self, name: &str) {
        let mut file = self.files.remove(name).unwrap();
        self.end_half(&mut file);
        if !file.is_held_open || self.has_few_handles {
            self.excused.extend(&file.serials);
        }
        self.deleted.push(file);
    }

    fn pack_oldest(&mut self) {
        let is_plain = |name: &&String| *name != LIVE && !name.ends_with("gz");
        let Some(name) = self.files.keys().find(is_plain).cloned() else {
            return;
        };
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.world.disk.read(&name)).unwrap();
        let packed = format!("{name}.gz");
        self.world.disk.append(&packed, encoder.finish().unwrap());
        self.world.disk.remove(&name);
        let mut file = self.files.remove(&name).unwrap();
        let is_reachable = self.matches_rotated || (file.is_held_open && !self.has_few_handles);
        if !is_reachable {
            self.excused.extend(&file.serials);
        }
        file.is_locked = false;
        // Read from the deleted plain file; a crash leaves only the packed one.
        if !self.matches_rotated {
            self.deleted.push(file.clone());
        }
        self.files.insert(packed, file);
    }

    /// Whether a file that cannot be read was truncated nobody can tell, and a crash
    /// forgets what its names were: such a history has no right answer.
    fn set_locked(&mut self, is_locked: bool) {
        if let Some(file) = self.files.get_mut(LIVE).filter(|file| !file.is_freshly_cut) {
            file.is_locked = is_locked;
            let error = is_locked.then_some(io::ErrorKind::PermissionDenied);
            self.world.disk.set_open_error(LIVE, error);
        }
    }

    fn poll(&mut self, seconds: u64) {
        self.world.poll_after(seconds);
        for (name, file) in &mut self.files {
            let is_found = self.matches_rotated || name == LIVE || file.is_known;
            if is_found && !file.is_locked {
                file.is_held_open = true;
                file.is_freshly_cut = false;
                file.is_known = file.is_known || !file.serials.is_empty();
            }
        }
    }

    fn crash(&mut self) {
        self.world.crash();
        for file in std::mem::take(&mut self.deleted) {
            self.excused.extend(file.serials);
        }
        for file in self.files.values_mut() {
            file.is_held_open = false;
        }
    }

    /// The line that nobody will finish is none.
    fn end_half(&mut self, file: &mut ModelFile) {
        if std::mem::take(&mut file.is_half) {
            self.excused.extend(file.serials.last());
        }
    }

    fn rotated_path(&mut self) -> String {
        let path = format!("{LIVE}.{:03}", self.next_suffix);
        self.next_suffix += 1;
        path
    }

    /// Unlocks everything and lets all graces pass.
    fn settle(&mut self) {
        for (name, file) in &self.files {
            if file.is_locked {
                self.world.disk.set_open_error(name, None);
            }
        }
        if let Some(mut live) = self.files.get(LIVE).cloned() {
            self.end_half(&mut live);
        }
        for seconds in [1, 1, 15, 15, 40, 40, 1].into_iter().chain([31; 20]) {
            self.world.poll_after(seconds);
        }
    }

    /// Whether a file over the limit is still there when its turn comes.
    fn keeps_files(&self, actions: &[Action]) -> bool {
        self.matches_rotated
            && actions.iter().all(|action| match action {
                Action::WriteLines { .. }
                | Action::WriteHalf
                | Action::Rotate
                | Action::Poll { .. }
                | Action::PollUncommittedAndCrash
                | Action::Crash
                | Action::Reload
                | Action::Watch { .. } => true,
                Action::CopyTruncate
                | Action::Truncate
                | Action::TruncateAndRegrow { .. }
                | Action::Delete { .. }
                | Action::ReuseInode
                | Action::PackOldest
                | Action::Lock
                | Action::Unlock => false,
            })
    }

    fn counts(&self) -> BTreeMap<u32, usize> {
        let mut counts = BTreeMap::new();
        for line in &self.world.lines {
            let whole = line
                .strip_suffix('$')
                .and_then(|line| line.strip_prefix('L'));
            if let Some((serial, _)) = whole.and_then(|text| text.split_once(':')) {
                *counts.entry(serial.parse().unwrap()).or_insert(0) += 1;
            }
        }
        counts
    }
}

pub(super) fn cases() -> u32 {
    std::env::var("TAIL_MODEL_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    /// Whatever happens to the files and to us, no line is counted twice, and none
    /// is missing that could have been read.
    #[test]
    fn each_line_that_could_be_read_is_counted_once(
        matches_rotated in any::<bool>(),
        has_few_handles in any::<bool>(),
        has_few_places in any::<bool>(),
        actions in prop::collection::vec(action(), 1..40),
    ) {
        let mut model = Model::new(matches_rotated, has_few_handles);
        if has_few_places {
            model.world.limits.files_max = 2;
        }
        for action in &actions {
            model.play(action);
        }
        model.settle();
        let counts = model.counts();
        for serial in 1..model.next_serial {
            let count = counts.get(&serial).copied().unwrap_or(0);
            prop_assert!(count <= 1, "line {} was counted {} times", serial, count);
            let is_lost_while_waiting = has_few_places && !model.keeps_files(&actions);
            let is_excused = is_lost_while_waiting || model.excused.contains(&serial);
            prop_assert!(count == 1 || is_excused, "line {} is missing", serial);
        }
    }
}
