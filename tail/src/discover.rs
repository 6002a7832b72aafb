//! Finds the files that patterns match now.
//!
//! Walks directories through [`FileSystem`], one path component at a time, and
//! returns what it found with its status. Whether a file is new, known or fit to be
//! read is decided by `tailer`.
//!
//! Known limit: an alternative (`{a,b}`) cannot hold a `/`, and `**` goes at most
//! [`DEPTH_MAX`] directories deep.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use model::snapshot::UnreadableFile;

use crate::error::TailError;
use crate::file_system::{FileKind, FileStatus, FileSystem};

/// How deep `**` looks: deeper than any log tree, and an end to loops of links.
pub(crate) const DEPTH_MAX: usize = 16;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    base: PathBuf,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    Glob {
        matcher: GlobMatcher,
        takes_hidden: bool,
    },
    AnyDepth,
}

/// A path and what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) status: FileStatus,
}

/// What a look into the directories brought.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// What matched.
    pub(crate) found: Vec<Found>,
    /// What could not be looked at. A file below it is not missing, only unseen.
    pub(crate) unreadable: Vec<UnreadableFile>,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// [`TailError`] if it is no glob.
    pub(crate) fn parse(pattern: &str) -> Result<Self, TailError> {
        if pattern.is_empty() {
            return Err(TailError::EmptyPattern);
        }
        let (base, rest) = match pattern.strip_prefix('/') {
            Some(rest) => (PathBuf::from("/"), rest),
            None => (PathBuf::new(), pattern),
        };
        let mut parts = Vec::new();
        for text in rest.split('/').filter(|text| !text.is_empty()) {
            parts.push(Part::parse(text).map_err(|source| TailError::BadPattern {
                pattern: pattern.to_owned(),
                source,
            })?);
        }
        Ok(Self { base, parts })
    }

    /// The directory that holds everything the pattern can match: its literal start.
    pub(crate) fn directory(&self) -> PathBuf {
        let mut directory = self.base.clone();
        let all_but_last = self.parts.len().saturating_sub(1);
        for part in self.parts.iter().take(all_but_last) {
            match part {
                Part::Literal(text) => directory.push(text),
                Part::Glob { .. } | Part::AnyDepth => break,
            }
        }
        directory
    }
}

impl Part {
    fn parse(text: &str) -> Result<Self, globset::Error> {
        if text == "**" {
            return Ok(Self::AnyDepth);
        }
        if !text.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Ok(Self::Literal(text.to_owned()));
        }
        let glob = GlobBuilder::new(text).literal_separator(true).build()?;
        Ok(Self::Glob {
            matcher: glob.compile_matcher(),
            takes_hidden: text.starts_with('.'),
        })
    }
}

/// Looks for everything that one of the patterns matches, sorted by path.
pub(crate) fn discover(
    files: &impl FileSystem,
    patterns: &[Pattern],
    entries_max: usize,
) -> Listing {
    let mut walk = Walk {
        files,
        entries_max,
        listing: Listing::default(),
    };
    for pattern in patterns {
        if entries_max <= walk.listing.found.len() {
            walk.note_cut(&pattern.directory());
            continue;
        }
        walk.descend(&pattern.base, &pattern.parts, 0);
    }
    let mut listing = walk.listing;
    listing
        .found
        .sort_by(|left, right| left.path.cmp(&right.path));
    listing
        .found
        .dedup_by(|left, right| left.path == right.path);
    listing
        .unreadable
        .sort_by(|left, right| left.path.cmp(&right.path));
    listing.unreadable.dedup();
    listing
}

struct Walk<'a, F> {
    files: &'a F,
    entries_max: usize,
    listing: Listing,
}

impl<F: FileSystem> Walk<'_, F> {
    fn descend(&mut self, directory: &Path, parts: &[Part], depth: usize) {
        let Some((part, rest)) = parts.split_first() else {
            return;
        };
        if DEPTH_MAX.saturating_mul(2) < depth {
            return;
        }
        if self.entries_max <= self.listing.found.len() {
            self.note_cut(directory);
            return;
        }
        match part {
            Part::Literal(text) => self.enter(&directory.join(text), rest, depth),
            Part::Glob {
                matcher,
                takes_hidden,
            } => {
                for name in self.names(directory) {
                    if is_matching(matcher, *takes_hidden, &name) {
                        self.enter(&directory.join(name), rest, depth);
                    }
                }
            }
            Part::AnyDepth => {
                self.descend(directory, rest, depth);
                for name in self.names(directory) {
                    let path = directory.join(&name);
                    let is_directory = !is_hidden(&name)
                        && self
                            .files
                            .status(&path)
                            .is_ok_and(|found| found.kind == FileKind::Directory);
                    if is_directory && depth < DEPTH_MAX {
                        self.descend(&path, parts, depth.saturating_add(1));
                    }
                }
            }
        }
    }

    fn enter(&mut self, path: &Path, rest: &[Part], depth: usize) {
        if !rest.is_empty() {
            self.descend(path, rest, depth.saturating_add(1));
            return;
        }
        match self.files.status(path) {
            Ok(status) => self.listing.found.push(Found {
                path: path.to_path_buf(),
                status,
            }),
            Err(err) => self.note(path, &err),
        }
    }

    fn names(&mut self, directory: &Path) -> Vec<std::ffi::OsString> {
        // One more than allowed tells that there are more.
        match self
            .files
            .list(directory, self.entries_max.saturating_add(1))
        {
            Ok(mut names) => {
                if self.entries_max < names.len() {
                    names.truncate(self.entries_max);
                    self.note_cut(directory);
                }
                names
            }
            Err(err) => {
                self.note(directory, &err);
                Vec::new()
            }
        }
    }

    fn note_cut(&mut self, directory: &Path) {
        self.listing.unreadable.push(UnreadableFile {
            path: directory.display().to_string(),
            error: cut_words(self.entries_max),
            is_refused: false,
        });
    }

    fn note(&mut self, path: &Path, err: &io::Error) {
        match err.kind() {
            // A pattern may match nothing yet, and files come and go.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {}
            _ => self.listing.unreadable.push(UnreadableFile {
                path: path.display().to_string(),
                error: words(err),
                is_refused: false,
            }),
        }
    }
}

fn is_matching(matcher: &GlobMatcher, takes_hidden: bool, name: &OsStr) -> bool {
    (takes_hidden || !is_hidden(name)) && matcher.is_match(name)
}

/// Editors and copying tools keep their drafts under such names.
fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().first() == Some(&b'.')
}

/// What to say of a directory with too many entries.
pub(crate) fn cut_words(entries_max: usize) -> String {
    format!("more than {entries_max} entries, not all are looked at")
}

/// The system's words without the number behind them.
pub(crate) fn words(err: &io::Error) -> String {
    let text = err.to_string();
    match text.split_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests;
