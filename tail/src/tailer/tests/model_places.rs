//! The law of places: many files, few places, and each line is counted once.
//!
//! Random histories of more files than may be followed: they grow, end within a line,
//! are renamed, copied and truncated, and deleted, while the tailer polls, crashes, is
//! reloaded or must only watch. `model` plays the histories of a single log.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::model::cases;
use super::world::World;

/// One step of a history. Files are chosen by number, of those that are there.
#[derive(Debug, Clone)]
enum Action {
    Create,
    Append { file: u8, count: u8 },
    AppendHalf { file: u8 },
    Rename { file: u8 },
    CopyTruncate { file: u8 },
    Delete { file: u8 },
    Poll { seconds: u8 },
    PollUncommittedAndCrash,
    Crash,
    Reload,
    Watch { seconds: u8 },
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => Just(Action::Create),
        6 => (any::<u8>(), 1..4_u8).prop_map(|(file, count)| Action::Append { file, count }),
        2 => any::<u8>().prop_map(|file| Action::AppendHalf { file }),
        1 => any::<u8>().prop_map(|file| Action::Rename { file }),
        1 => any::<u8>().prop_map(|file| Action::CopyTruncate { file }),
        1 => any::<u8>().prop_map(|file| Action::Delete { file }),
        8 => (1..40_u8).prop_map(|seconds| Action::Poll { seconds }),
        1 => Just(Action::PollUncommittedAndCrash),
        2 => Just(Action::Crash),
        2 => Just(Action::Reload),
        1 => (1..40_u8).prop_map(|seconds| Action::Watch { seconds }),
    ]
}

struct Model {
    world: World,
    /// The lines of each file; the last one has no end if the file is in `halves`.
    files: BTreeMap<String, Vec<u32>>,
    halves: BTreeSet<String>,
    /// Files with a last line that counted without its end, or was given up.
    torn: BTreeSet<String>,
    renamed: BTreeSet<String>,
    /// Copies and their originals.
    copied: BTreeSet<String>,
    /// The file that was written to last, unless something else happened to one since.
    newest: Option<String>,
    next_serial: u32,
    next_name: u32,
    /// Lines of deleted files, and lines that nobody will finish.
    excused: BTreeSet<u32>,
}

impl Model {
    fn new(files_max: usize, open_files_max: usize) -> Self {
        let mut world = World::following("/log/*");
        world.limits.files_max = files_max;
        world.limits.open_files_max = open_files_max;
        Self {
            world,
            files: BTreeMap::new(),
            halves: BTreeSet::new(),
            torn: BTreeSet::new(),
            renamed: BTreeSet::new(),
            copied: BTreeSet::new(),
            newest: None,
            next_serial: 1,
            next_name: 1,
            excused: BTreeSet::new(),
        }
    }

    fn play(&mut self, action: &Action) {
        match action {
            Action::Create => {
                let name = self.new_name();
                self.files.insert(name.clone(), Vec::new());
                self.append(&name, 1);
            }
            Action::Append { file, count } => self.with(*file, |model, name| {
                model.append(&name, *count);
            }),
            Action::AppendHalf { file } => self.with(*file, |model, name| {
                model.append_half(&name);
            }),
            Action::Rename { file } => self.with(*file, |model, name| model.rename(&name)),
            Action::CopyTruncate { file } => self.with(*file, |model, name| {
                model.copy_truncate(&name);
            }),
            Action::Delete { file } => self.with(*file, |model, name| model.delete(&name)),
            Action::Poll { seconds } => self.world.poll_after(u64::from(*seconds)),
            Action::PollUncommittedAndCrash => {
                self.world.poll_uncommitted_after(1);
                self.world.crash();
            }
            Action::Crash => self.world.crash(),
            Action::Reload => self.world.reload(),
            Action::Watch { seconds } => self.world.watch_after(u64::from(*seconds)),
        }
    }

    fn with(&mut self, file: u8, act: impl FnOnce(&mut Self, String)) {
        // Nobody writes to a copy.
        let mut names: Vec<String> = self.files.keys().cloned().collect();
        names.retain(|name| name.ends_with(".log"));
        let place = usize::from(file) % names.len().max(1);
        if let Some(name) = names.get(place) {
            act(self, name.clone());
        }
    }

    fn append(&mut self, name: &str, count: u8) {
        let mut text = String::new();
        if self.halves.remove(name) {
            text.push_str("$\n");
        } else if self.torn.remove(name) {
            text.push('\n');
        }
        for _ in 0..count {
            text.push_str(&format!("L{}$\n", self.new_serial(name)));
        }
        self.world.disk.append(name, text);
        self.newest = Some(name.to_owned());
    }

    fn append_half(&mut self, name: &str) {
        // The last line of a renamed file counts after a while, ended or not.
        if !self.renamed.contains(name) && self.halves.insert(name.to_owned()) {
            let begin = if self.torn.remove(name) { "\n" } else { "" };
            let half = format!("{begin}L{}", self.new_serial(name));
            self.world.disk.append(name, half);
        }
    }

    fn rename(&mut self, name: &str) {
        // A copy under a name that is not its original's is a file of its own.
        if self.copied.contains(name) {
            return;
        }
        let to = self.new_name();
        self.world.disk.rename(name, &to);
        self.renamed.insert(to.clone());
        let serials = self.files.remove(name).unwrap();
        self.end_half(name, &to, &serials);
        self.files.insert(to, serials);
        self.newest = None;
    }

    fn copy_truncate(&mut self, name: &str) {
        // Renamed and copied within one look: without a place for the copy nobody sees
        // whose it is.
        if self.renamed.contains(name) {
            return;
        }
        let copy = format!("{name}.{:04}", self.next_name);
        self.next_name += 1;
        self.world.disk.copy(name, &copy);
        self.world.disk.truncate(name, 0);
        let serials = self.files.insert(name.to_owned(), Vec::new()).unwrap();
        self.end_half(name, &copy, &serials);
        self.copied.extend([name.to_owned(), copy.clone()]);
        self.files.insert(copy, serials);
        self.newest = None;
    }

    fn delete(&mut self, name: &str) {
        self.world.disk.remove(name);
        let serials = self.files.remove(name).unwrap();
        self.halves.remove(name);
        self.torn.remove(name);
        self.excused.extend(serials);
        self.newest = None;
    }

    /// The line that nobody will finish is none. It is under another name now.
    fn end_half(&mut self, name: &str, present_name: &str, serials: &[u32]) {
        if self.halves.remove(name) {
            self.excused.extend(serials.last());
            self.torn.insert(present_name.to_owned());
        }
        if self.torn.remove(name) {
            self.torn.insert(present_name.to_owned());
        }
    }

    fn has_halves(&self) -> bool {
        !self.halves.is_empty() || !self.torn.is_empty()
    }

    fn new_serial(&mut self, name: &str) -> u32 {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.files.get_mut(name).unwrap().push(serial);
        serial
    }

    fn new_name(&mut self) -> String {
        let name = format!("/log/{:04}.log", self.next_name);
        self.next_name += 1;
        name
    }

    fn counts(&self) -> BTreeMap<u32, usize> {
        let mut counts = BTreeMap::new();
        for line in &self.world.lines {
            let whole = line
                .strip_suffix('$')
                .and_then(|line| line.strip_prefix('L'));
            if let Some(serial) = whole.and_then(|text| text.parse().ok()) {
                *counts.entry(serial).or_insert(0) += 1;
            }
        }
        counts
    }

    /// Lines of a file that were not counted yet and should be.
    fn missing(&self, serials: &[u32]) -> Vec<u32> {
        let counts = self.counts();
        serials
            .iter()
            .copied()
            .filter(|serial| !counts.contains_key(serial) && !self.excused.contains(serial))
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    /// However few places there are, the file that was written to last is read, each
    /// line is counted once, and never are more files followed than allowed.
    #[test]
    fn the_files_written_last_are_read_and_no_line_is_missing_or_counted_twice(
        files_max in 1..4_usize,
        open_files_max in 0..3_usize,
        actions in prop::collection::vec(action(), 1..50),
    ) {
        let mut model = Model::new(files_max, open_files_max);
        for action in &actions {
            model.play(action);
            // A last line without an end is waited for before its file gives way.
            let newest = model.newest.clone().filter(|_| !model.has_halves());
            if let (Action::Poll { .. }, Some(name)) = (action, newest) {
                model.world.poll();
                model.world.poll();
                let missing = model.missing(&model.files[&name]);
                prop_assert!(missing.is_empty(), "{} of the newest file", missing[0]);
            }
        }
        for name in model.halves.clone() {
            let serials = model.files[&name].clone();
            model.end_half(&name, &name, &serials);
        }
        for _ in 0..60 {
            model.world.poll_after(31);
        }
        let counts = model.counts();
        for serial in 1..model.next_serial {
            let count = counts.get(&serial).copied().unwrap_or(0);
            prop_assert!(count <= 1, "line {} was counted {} times", serial, count);
            let is_excused = model.excused.contains(&serial);
            prop_assert!(count == 1 || is_excused, "line {} is missing", serial);
        }
        prop_assert!(model.world.status().files.len() <= files_max);
        prop_assert_eq!(model.world.status().files_over_limit, 0);
    }
}
