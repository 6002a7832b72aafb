//! File systems that hold data: their size, what is free, and which of them an update needs.
//!
//! The kernel's table says what is mounted; statvfs(2) says how full it is, and may hang
//! for hours on a server that is gone. So mounts are asked by a [`Crew`]: one that does not
//! answer holds one thread and no other mount. Local ones go first, and the last helpers
//! are theirs alone.
//!
//! Known limit: a mount below one that hangs is not told from it, and hangs as well.

pub mod mountinfo;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::host::{Filesystem, HOST_ROWS_MAX, HostCollector};
use rustix::fs::StatVfs;

use self::mountinfo::{Ignored, Mount, mountpoint_of, read_mountinfo, with_data};
use super::crew::{Crew, Round};
use super::reader::Reader;
use super::settings::HostSettings;
use super::worker::Collector;
use crate::clock::Clock;

/// Most helpers that may hang, each with a mount.
const HELPERS_MAX: usize = 32;

/// Most of them for mounts of other hosts; the rest is left for disks.
const REMOTE_HELPERS_MAX: usize = 24;

/// Something to ask the kernel that may hang.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    /// How much space a mount has.
    Space(PathBuf),
    /// Where a folder really is.
    Place(PathBuf),
}

enum Answer {
    Space(io::Result<StatVfs>),
    Place(io::Result<PathBuf>),
}

fn answer(question: &Question) -> Answer {
    match question {
        Question::Space(path) => Answer::Space(rustix::fs::statvfs(path).map_err(io::Error::from)),
        Question::Place(path) => Answer::Place(path.canonicalize()),
    }
}

/// Why a mount is not in the sample.
#[derive(Debug, thiserror::Error)]
enum MountError {
    /// The kernel refuses.
    #[error("`{mountpoint}` does not tell its space")]
    Space {
        mountpoint: PathBuf,
        source: io::Error,
    },
}

/// Reads file systems.
pub(super) struct Filesystems {
    settings: HostSettings,
    crew: Crew<Question, Answer>,
}

impl Filesystems {
    pub(super) fn new(settings: &HostSettings, clock: Clock) -> Self {
        Self {
            settings: settings.clone(),
            crew: Crew::new(clock, answer),
        }
    }

    fn mounts(&self, reader: &mut Reader) -> Option<Vec<Mount>> {
        let proc_root = &self.settings.roots.proc;
        let ours = proc_root.join("self/mountinfo");
        let mounts = if self.settings.roots.host == Path::new("/") {
            // What we see is what we can ask: the first process may see other mounts.
            reader.wanted(&ours, read_mountinfo)?
        } else {
            // The host's files lie below a folder, and our own table is a container's.
            match reader.read(&proc_root.join("1/mountinfo"), read_mountinfo) {
                Ok(mounts) => mounts,
                Err(_) => reader.wanted(&ours, read_mountinfo)?,
            }
        };
        let ignored = Ignored {
            types: &self.settings.ignored_types,
            mountpoints: &self.settings.ignored_mountpoints,
            but_for: &self.settings.update_folders,
        };
        let mut kept = with_data(mounts, ignored);
        if HOST_ROWS_MAX < kept.len() {
            reader.note_words(format!(
                "{} of {} mounts are left out",
                kept.len().saturating_sub(HOST_ROWS_MAX),
                kept.len()
            ));
            // Where an update is written stays, whatever its name.
            kept.sort_by_key(|mount| !mount.carries(&self.settings.update_folders));
            kept.truncate(HOST_ROWS_MAX);
            kept.sort_by(|one, other| one.mountpoint.cmp(&other.mountpoint));
        }
        Some(kept)
    }

    /// A path of the host as we reach it.
    fn path(&self, path: &str) -> PathBuf {
        self.settings.roots.host.join(path.trim_start_matches('/'))
    }

    fn ask(
        &self,
        questions: Vec<Question>,
        helpers_max: usize,
        reader: &mut Reader,
    ) -> Vec<(Question, Answer)> {
        for _ in &questions {
            reader.asked();
        }
        // Twice a third, so that the collector itself is always in time.
        let limit = self.settings.time_limit / 3;
        let round: Round<Question, Answer> = self.crew.ask(questions, limit, helpers_max);
        for question in &round.hung {
            reader.note_words(format!("no answer from {}", path_of(question)));
        }
        for question in &round.skipped {
            reader.note_words(format!("{} waits for others", path_of(question)));
        }
        round.answers
    }

    /// The mount points that an update writes to.
    fn update_mounts(&self, answers: &[(Question, Answer)], mounts: &[Mount]) -> BTreeSet<String> {
        let folders = self.settings.update_folders.iter();
        folders
            .filter_map(|folder| {
                let question = Question::Place(self.path(&folder.to_string_lossy()));
                let found = answers.iter().find(|(asked, _)| *asked == question);
                let place = match found {
                    Some((_, Answer::Place(Ok(place)))) => self.on_host(place),
                    // Not there, or not for us to see: then where it would be.
                    Some(_) | None => folder.clone(),
                };
                let mountpoints = mounts.iter().map(|mount| mount.mountpoint.as_str());
                mountpoint_of(&place.to_string_lossy(), mountpoints).map(str::to_owned)
            })
            .collect()
    }

    fn on_host(&self, place: &Path) -> PathBuf {
        match place.strip_prefix(&self.settings.roots.host) {
            Ok(below) => Path::new("/").join(below),
            Err(_) => place.to_path_buf(),
        }
    }
}

fn path_of(question: &Question) -> std::path::Display<'_> {
    match question {
        Question::Space(path) | Question::Place(path) => path.display(),
    }
}

impl Collector for Filesystems {
    const KIND: HostCollector = HostCollector::Filesystem;
    type Found = Vec<Filesystem>;

    fn collect(&mut self, reader: &mut Reader) -> Option<Vec<Filesystem>> {
        let mounts = self.mounts(reader)?;
        let space_of = |mount: &Mount| Question::Space(self.path(&mount.mountpoint));
        let (remote, local): (Vec<&Mount>, Vec<&Mount>) =
            mounts.iter().partition(|mount| mount.is_remote());
        let mut first: Vec<Question> = local.into_iter().map(space_of).collect();
        let folders = self.settings.update_folders.iter();
        first.extend(folders.map(|folder| Question::Place(self.path(&folder.to_string_lossy()))));
        let second: Vec<Question> = remote.into_iter().map(space_of).collect();
        let mut answers = self.ask(first, HELPERS_MAX, reader);
        answers.extend(self.ask(second, REMOTE_HELPERS_MAX, reader));
        reader.hung_threads = u64::try_from(self.crew.busy_helpers()).unwrap_or(u64::MAX);

        let update_mounts = self.update_mounts(&answers, &mounts);
        let mut found = Vec::with_capacity(mounts.len());
        for mount in &mounts {
            let question = space_of(mount);
            let answered = answers.iter_mut().find(|(asked, _)| *asked == question);
            match answered {
                Some((_, Answer::Space(Ok(space)))) => {
                    let holds_update = update_mounts.contains(&mount.mountpoint);
                    found.extend(filesystem(mount, space, holds_update));
                }
                Some((_, Answer::Space(Err(source)))) => reader.note(MountError::Space {
                    mountpoint: PathBuf::from(&mount.mountpoint),
                    source: std::mem::replace(source, io::ErrorKind::Other.into()),
                }),
                // Hangs, which is noted already.
                Some((_, Answer::Place(_))) | None => {}
            }
        }
        Some(found)
    }
}

/// Counts blocks in bytes. `None` for one without any: it holds nothing.
fn filesystem(mount: &Mount, space: &StatVfs, holds_update: bool) -> Option<Filesystem> {
    // A file system that does not tell the fragment's size counts in blocks (statvfs(3)).
    let unit = if space.f_frsize == 0 {
        space.f_bsize
    } else {
        space.f_frsize
    };
    let bytes = |blocks: u64| blocks.saturating_mul(unit);
    (space.f_blocks != 0).then(|| Filesystem {
        mountpoint: Arc::from(mount.mountpoint.as_str()),
        device: Arc::from(mount.source.as_str()),
        fstype: Arc::from(mount.fstype.as_str()),
        size: bytes(space.f_blocks),
        free: bytes(space.f_bfree),
        available: bytes(space.f_bavail),
        block_size: unit,
        inodes: space.f_files,
        inodes_free: space.f_ffree,
        is_read_only: mount.is_read_only,
        holds_update,
    })
}

#[cfg(test)]
mod tests;
