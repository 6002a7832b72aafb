//! Looks for the files of each log, and says where the way ends if it does.
//!
//! A pattern is walked name by name as the agent's own reader does, and each thing that
//! stands in the way is kept with its place: "no such file" helps nobody whose folder
//! above may not be searched. A file counts as readable once a byte could be asked for;
//! nothing of its content is kept.
//!
//! Known limit: at most [`FILES_MAX`] files of a log are looked at.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use globset::{GlobBuilder, GlobMatcher};
use jiff::Timestamp;
use model::connector::ConnectorKind;

use super::super::facts::{FileFacts, LogFacts, Obstacle, PatternFacts};
use crate::config::Config;

/// Most files of a pattern that are looked at.
pub(in crate::doctor) const FILES_MAX: usize = 1_000;

/// Most obstacles of a pattern that are kept.
const OBSTACLES_MAX: usize = 20;

/// How deep `**` looks, as the agent's own reader does.
const DEPTH_MAX: usize = 16;

/// Most folders that are looked into for a pattern.
const FOLDERS_MAX: usize = 10_000;

/// A log to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::doctor) struct LogPlan {
    connector: String,
    kind: ConnectorKind,
    log: String,
    silence_max: Option<Duration>,
    patterns: Vec<String>,
}

impl LogPlan {
    /// Every log of every connector.
    pub(in crate::doctor) fn all(config: &Config) -> Vec<Self> {
        let connectors = config.connectors.iter();
        connectors
            .flat_map(|connector| {
                connector.logs.iter().map(|(log, patterns)| Self {
                    connector: connector.name.clone(),
                    kind: connector.kind,
                    log: log.clone(),
                    silence_max: connector.silence_max(),
                    patterns: patterns.clone(),
                })
            })
            .collect()
    }
}

/// Looks for each log.
pub(in crate::doctor) fn look(plan: &[LogPlan]) -> Vec<LogFacts> {
    plan.iter()
        .map(|log| LogFacts {
            connector: log.connector.clone(),
            kind: log.kind,
            log: log.log.clone(),
            silence_max: log.silence_max,
            patterns: log.patterns.iter().map(|one| look_for(one)).collect(),
        })
        .collect()
}

/// One name of a pattern.
enum Part {
    Name(String),
    Glob(String, GlobMatcher),
    AnyDepth,
}

impl Part {
    /// The name, if it is a pattern that the configuration accepts.
    fn parse(text: &str) -> Option<Self> {
        if text == "**" {
            return Some(Self::AnyDepth);
        }
        if !text.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Some(Self::Name(text.to_owned()));
        }
        let glob = GlobBuilder::new(text)
            .literal_separator(true)
            .build()
            .ok()?;
        Some(Self::Glob(text.to_owned(), glob.compile_matcher()))
    }

    fn text(&self) -> &str {
        match self {
            Self::Name(text) | Self::Glob(text, _) => text,
            Self::AnyDepth => "**",
        }
    }
}

fn look_for(pattern: &str) -> PatternFacts {
    let mut walk = Walk {
        facts: PatternFacts {
            pattern: pattern.to_owned(),
            ..PatternFacts::default()
        },
        depth_reached: 0,
        folders: 0,
    };
    let (base, rest) = match pattern.strip_prefix('/') {
        Some(rest) => (Path::new("/"), rest),
        None => (Path::new("."), pattern),
    };
    let parts = rest.split('/').filter(|part| !part.is_empty());
    let parts: Option<Vec<Part>> = parts.map(Part::parse).collect();
    if let Some(parts) = parts {
        walk.descend(base, &parts, 0);
    }
    let mut facts = walk.facts;
    if !facts.files.is_empty() {
        facts.dead_end = None;
    }
    facts
        .files
        .sort_by(|left, right| left.path.cmp(&right.path));
    facts.files.dedup_by(|left, right| left.path == right.path);
    facts
}

struct Walk {
    facts: PatternFacts,
    /// How far the dead end is that is kept: the deepest one helps most.
    depth_reached: usize,
    folders: usize,
}

impl Walk {
    fn descend(&mut self, folder: &Path, parts: &[Part], depth: usize) {
        let Some((part, rest)) = parts.split_first() else {
            return;
        };
        self.folders = self.folders.saturating_add(1);
        if FOLDERS_MAX < self.folders || FILES_MAX <= self.facts.files.len() {
            return;
        }
        match part {
            Part::Name(name) => self.enter(folder, name, rest, depth),
            Part::Glob(text, matcher) => {
                let takes_hidden = text.starts_with('.');
                let names = self.names(folder, takes_hidden);
                let matching = names.iter().filter(|name| matcher.is_match(name));
                let mut matched = false;
                for name in matching {
                    matched = true;
                    self.enter(folder, name, rest, depth);
                }
                if !matched {
                    self.note_dead_end(folder, text, depth);
                }
            }
            Part::AnyDepth => {
                self.descend(folder, rest, depth.saturating_add(1));
                for name in self.names(folder, false) {
                    let below = folder.join(name);
                    let is_folder = fs::symlink_metadata(&below).is_ok_and(|found| found.is_dir());
                    if is_folder && depth < DEPTH_MAX {
                        self.descend(&below, parts, depth.saturating_add(1));
                    }
                }
            }
        }
    }

    fn enter(&mut self, folder: &Path, name: &str, rest: &[Part], depth: usize) {
        let path = folder.join(name);
        let found = match fs::metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.note_dead_end(folder, name, depth);
                return;
            }
            // The system does not say so, but it is the folder that may not be searched.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.note_obstacle(folder, format!("may not be searched: {error}"));
                return;
            }
            Err(error) => {
                self.note_obstacle(&path, format!("cannot be looked at: {error}"));
                return;
            }
        };
        match (rest.is_empty(), found.is_dir()) {
            (true, _) if FILES_MAX <= self.facts.files.len() => {}
            (true, true) => self.note_obstacle(&path, "is a folder, and no file".to_owned()),
            (true, false) => self.facts.files.push(file_facts(path, &found)),
            (false, true) => self.descend(&path, rest, depth.saturating_add(1)),
            (false, false) => {
                let next = rest.first().map_or("", Part::text);
                self.note_dead_end(&path, next, depth);
            }
        }
    }

    fn names(&mut self, folder: &Path, takes_hidden: bool) -> Vec<String> {
        let entries = match folder.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                self.note_obstacle(folder, format!("may not be listed: {error}"));
                return Vec::new();
            }
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names
            .filter(|name| takes_hidden || !name.starts_with('.'))
            .take(FOLDERS_MAX)
            .collect();
        names.sort();
        names
    }

    fn note_obstacle(&mut self, path: &Path, problem: String) {
        let obstacle = Obstacle {
            path: path.to_owned(),
            problem,
        };
        let is_known = self.facts.obstacles.contains(&obstacle);
        if !is_known && self.facts.obstacles.len() < OBSTACLES_MAX {
            self.facts.obstacles.push(obstacle);
        }
    }

    fn note_dead_end(&mut self, folder: &Path, name: &str, depth: usize) {
        if self.facts.dead_end.is_none() || self.depth_reached < depth {
            self.depth_reached = depth;
            self.facts.dead_end = Some((folder.to_owned(), name.to_owned()));
        }
    }
}

fn file_facts(path: PathBuf, found: &fs::Metadata) -> FileFacts {
    FileFacts {
        bytes: found.len(),
        modified: found
            .modified()
            .ok()
            .and_then(|time| Timestamp::try_from(time).ok()),
        problem: problem_of(&path, found),
        path,
    }
}

fn problem_of(path: &Path, found: &fs::Metadata) -> Option<String> {
    if !found.is_file() {
        return Some("is no plain file".to_owned());
    }
    // Between the two looks it may have become a pipe, which would let us wait for ever.
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    let flags = i32::try_from(flags).unwrap_or_default();
    let opened = File::options().read(true).custom_flags(flags).open(path);
    let read = opened.and_then(|mut file| file.read(&mut [0]));
    let error = read.err()?;
    Some(format!("cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn facts(root: &Path, pattern: &str) -> PatternFacts {
        look_for(&root.join(pattern).to_string_lossy())
    }

    fn names(facts: &PatternFacts) -> Vec<String> {
        let files = facts.files.iter();
        files
            .map(|file| {
                file.path
                    .file_name()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect()
    }

    #[test]
    fn a_pattern_finds_its_files_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("home/ada/logs")).unwrap();
        fs::create_dir_all(root.join("home/.hidden/logs")).unwrap();
        for name in [
            "home/ada/logs/agent.txt",
            "home/ada/logs/agent.txt.1",
            "home/ada/logs/other",
            "home/.hidden/logs/agent.txt",
        ] {
            fs::write(root.join(name), "x").unwrap();
        }
        let found = facts(root, "home/*/logs/agent.txt*");
        assert_eq!(names(&found), ["agent.txt", "agent.txt.1"]);
        assert_eq!((found.dead_end, found.obstacles), (None, vec![]));
        assert_eq!(found.files[0].bytes, 1);
        assert_eq!(found.files[0].problem, None);
        let deep = facts(root, "**/agent.txt");
        assert_eq!(names(&deep), ["agent.txt"]);
    }

    #[test]
    fn a_way_that_ends_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("home/ada")).unwrap();
        fs::write(root.join("home/file"), "").unwrap();
        let end = |pattern: &str| {
            let (last, name) = facts(root, pattern).dead_end.unwrap();
            let below = last.strip_prefix(root).unwrap().display().to_string();
            (below, name)
        };
        let of = |below: &str, name: &str| (below.to_owned(), name.to_owned());
        assert_eq!(end("home/*/logs/agent.txt"), of("home/ada", "logs"));
        assert_eq!(end("home/ada/x*"), of("home/ada", "x*"));
        assert_eq!(end("home/file/agent.txt"), of("home/file", "agent.txt"));
        assert_eq!(end("nowhere/logs/agent.txt"), of("", "nowhere"));
    }

    #[test]
    fn what_is_no_plain_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        mknodat(CWD, root.join("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        let problem = facts(root, "pipe").files[0].problem.clone();
        assert_eq!(problem.as_deref(), Some("is no plain file"));
        fs::create_dir(root.join("folder")).unwrap();
        let obstacles = facts(root, "folder").obstacles;
        assert_eq!(obstacles[0].path, root.join("folder"));
        std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
        let around = facts(root, "loop/x").obstacles;
        assert_eq!(around[0].path, root.join("loop"));
    }
}
