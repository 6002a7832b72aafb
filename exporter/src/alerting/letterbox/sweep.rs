//! Takes in what lies in the letterbox, file by file.
//!
//! Called every second by the agent. What becomes of a letter the caller says; here is only
//! which files count, and that none is lost or taken twice for good: a file is claimed by
//! another name before it is handed over, gets its own back if nobody had time for it, and is
//! removed after it was taken in. One that an agent claimed and left behind comes first.
//!
//! A folder may be full of junk. Each look goes through so many entries, bytes and letters
//! and no more; the next one goes on where it ended, so that a letter among junk is found
//! in the end. The log says why a letter was refused, of so many a look, and when there is no
//! more junk how much there was.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, ReadDir};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use model::alert::Silence;
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;
use tracing::{info, warn};

use super::{
    Answer, CLAIMED, answer_path, bad_path, claimed_path, make_folder, parse_request,
    parse_silence, requests_folder, silences_folder, write_whole,
};

/// Largest file that is looked at.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Most letters that one look hands over: each may cost the writer a commit.
const LETTERS_PER_SWEEP: usize = 64;

/// Most files that one look reads.
const FILES_PER_SWEEP: usize = 1_000;

/// Most bytes that one look reads.
const BYTES_PER_SWEEP: u64 = 4 << 20;

/// Most entries of a folder that one look goes through.
const ENTRIES_PER_SWEEP: usize = 10_000;

/// Most refused letters of one look that the log tells of.
const REFUSALS_TOLD_MAX: usize = 64;

/// Most files that are kept for people since they make no sense.
const BAD_FILES_MAX: usize = 20;

/// Most answers that wait for whoever asked.
const ANSWERS_MAX: usize = 64;

/// What somebody wants of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letter {
    /// That nobody is told of something for a while.
    Silence(Silence),
    /// That a receiver is tried.
    Test {
        /// The receiver's name.
        receiver: String,
    },
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is durable; of a test these are its messages.
    Durable(Vec<String>),
    /// It is none that anybody can do, for this reason.
    Refused(String),
    /// It is done, and not durable before the store commits again.
    Uncommitted,
    /// Nothing was done: it is tried again.
    Later,
}

/// Looks into the letterbox of one agent, again and again.
#[derive(Debug)]
pub struct Sweeper {
    silences: Folder,
    requests: Folder,
}

impl Sweeper {
    /// For the agent with this store.
    pub fn new(store: &Path) -> Self {
        Self {
            silences: Folder::new(silences_folder(store)),
            requests: Folder::new(requests_folder(store)),
        }
    }

    /// Takes in what lies there, in the order of the names as far as one look goes.
    pub fn sweep(&mut self, take: &mut dyn FnMut(Letter) -> Taken) {
        self.silences.sweep(&mut |path, bytes| {
            let taken = match parse_silence(bytes) {
                Ok(silence) => take(Letter::Silence(silence)),
                Err(why) => Taken::Refused(why),
            };
            if matches!(taken, Taken::Durable(_)) {
                let file = path.with_extension("json");
                info!(file = %file.display(), "silence taken in");
                remove(path);
            }
            taken
        });
        self.requests.sweep(&mut |path, bytes| {
            let receiver = match parse_request(bytes) {
                Ok(receiver) => receiver,
                Err(why) => return Taken::Refused(why),
            };
            let taken = take(Letter::Test { receiver });
            let answer = match &taken {
                Taken::Durable(messages) => Answer {
                    messages: messages.clone(),
                    error: None,
                },
                Taken::Refused(why) => Answer {
                    messages: Vec::new(),
                    error: Some(why.clone()),
                },
                Taken::Uncommitted | Taken::Later => return taken,
            };
            // Before the answer: a request that is still there would be done again.
            remove(path);
            answer_to(path, &answer);
            Taken::Durable(Vec::new())
        });
    }
}

/// A folder of the letterbox, and how far it was looked through.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Where the next look goes on; `None` at the start.
    entries: Option<ReadDir>,
    /// What was no letter since that was said.
    junk: u64,
    /// Of it, since the folder was last begun.
    junk_in_pass: u64,
    /// What is kept for people, the oldest first; looked up with this look's first.
    bad: Option<VecDeque<PathBuf>>,
    /// Letters of this look that the log told of as refused.
    refusals_told: usize,
    /// It was said that it is no folder.
    is_refused: bool,
}

impl Folder {
    const fn new(path: PathBuf) -> Self {
        Self {
            path,
            entries: None,
            junk: 0,
            junk_in_pass: 0,
            bad: None,
            refusals_told: 0,
            is_refused: false,
        }
    }

    /// Hands letters to `take` until there are no more, or enough for once.
    fn sweep(&mut self, take: &mut dyn FnMut(&Path, &[u8]) -> Taken) {
        let mut bytes_left = BYTES_PER_SWEEP;
        let mut letters_left = LETTERS_PER_SWEEP;
        self.bad = None;
        self.refusals_told = 0;
        for left in self.files() {
            let path = match claim(&left) {
                Ok(Some(path)) => path,
                Ok(None) => continue,
                Err(error) => {
                    self.set_aside(&left, &format!("it cannot be claimed: {error}"));
                    continue;
                }
            };
            let taken = match read(&path) {
                Ok(bytes) => {
                    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    bytes_left = bytes_left.saturating_sub(length);
                    take(&path, &bytes)
                }
                Err(why) => Taken::Refused(why),
            };
            match taken {
                Taken::Durable(_) => letters_left = letters_left.saturating_sub(1),
                // Its store does not commit: nor for the others then. It was done, so it
                // stays claimed, and is taken in again until it is durable.
                Taken::Uncommitted => break,
                Taken::Later => {
                    give_back(&path);
                    break;
                }
                Taken::Refused(why) => self.set_aside(&path, &why),
            }
            if letters_left == 0 || bytes_left == 0 {
                break;
            }
        }
    }

    /// The next files that are letters by their names: claimed ones first, each kind sorted.
    fn files(&mut self) -> Vec<PathBuf> {
        let Some(mut entries) = self.entries.take().or_else(|| self.begin()) else {
            return Vec::new();
        };
        let mut files = Vec::new();
        for _ in 0..ENTRIES_PER_SWEEP {
            let Some(entry) = entries.next() else {
                return sorted(files);
            };
            let Ok(path) = entry.map(|entry| entry.path()) else {
                continue;
            };
            if is_claimed(&path) || path.extension() == Some(OsStr::new("json")) {
                files.push(path);
            }
            if FILES_PER_SWEEP <= files.len() {
                break;
            }
        }
        self.entries = Some(entries);
        sorted(files)
    }

    /// Opens the folder anew. One that is not there, or not ours to read: then nobody left
    /// anything. Not through a link, which may lead anywhere.
    fn begin(&mut self) -> Option<ReadDir> {
        if self.junk_in_pass == 0 && 0 < self.junk {
            let files = std::mem::take(&mut self.junk);
            let folder = self.path.display();
            info!(%folder, files, "the agent's letterbox has no more files that are no letters");
        }
        self.junk_in_pass = 0;
        let metadata = fs::symlink_metadata(&self.path).ok()?;
        if metadata.is_dir() {
            self.is_refused = false;
            return fs::read_dir(&self.path).ok();
        }
        if !std::mem::replace(&mut self.is_refused, true) {
            warn!(folder = %self.path.display(), "the agent's letterbox is no folder");
        }
        None
    }

    /// Keeps what makes no sense for people. The oldest gives way when there is plenty of it.
    fn set_aside(&mut self, path: &Path, why: &str) {
        self.junk = self.junk.saturating_add(1);
        self.junk_in_pass = self.junk_in_pass.saturating_add(1);
        let bad = bad_path(path);
        let kept = self.bad.get_or_insert_with(|| oldest_first(&bad));
        kept.retain(|other| *other != bad);
        while BAD_FILES_MAX <= kept.len() {
            let Some(oldest) = kept.pop_front() else {
                break;
            };
            // A folder that somebody gave the name of a letter.
            drop(fs::remove_file(&oldest).or_else(|_| fs::remove_dir(&oldest)));
        }
        match fs::rename(path, &bad) {
            Ok(()) => {
                if self.refusals_told < REFUSALS_TOLD_MAX {
                    warn!(file = %bad.display(), why, "a letter was not taken in");
                }
                self.refusals_told = self.refusals_told.saturating_add(1);
                kept.push_back(bad);
            }
            // It is found again with each look.
            Err(error) if self.junk == 1 => {
                warn!(file = %path.display(), why, "a letter was not taken in");
                warn!(file = %path.display(), %error, "it could not be set aside either");
            }
            Err(_) => {}
        }
    }
}

/// Makes the folders, so that they belong to the agent's user whoever leaves the first
/// letter.
pub fn prepare(store: &Path) {
    for folder in [silences_folder(store), requests_folder(store)] {
        if let Err(error) = make_folder(&folder) {
            warn!(folder = %folder.display(), %error, "the agent's letterbox could not be made");
        }
    }
}

fn is_claimed(path: &Path) -> bool {
    path.extension() == Some(OsStr::new(CLAIMED))
}

fn sorted(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.sort_unstable_by(|one, other| {
        let claimed_first = is_claimed(other).cmp(&is_claimed(one));
        claimed_first.then_with(|| one.cmp(other))
    });
    files
}

/// Makes a letter the agent's own; returns where it is then. `None` of one that is gone.
///
/// An older one of the same name that is claimed gives way: what is newer replaces it.
fn claim(left: &Path) -> io::Result<Option<PathBuf>> {
    let claimed = claimed_path(left);
    let outcome = if is_claimed(left) {
        fs::symlink_metadata(left).map(drop)
    } else {
        fs::rename(left, &claimed)
    };
    match outcome {
        Ok(()) => Ok(Some(claimed)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives a claimed letter its own name back, so that it can be taken back. If another has it
/// by now, that one is newer and counts.
fn give_back(claimed: &Path) {
    let left = claimed.with_extension("json");
    let outcome = match renameat_with(CWD, claimed, CWD, &left, RenameFlags::NOREPLACE) {
        // Not every file system can make sure of that.
        Err(Errno::INVAL | Errno::NOSYS) if !left.exists() => fs::rename(claimed, &left),
        Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS) => fs::remove_file(claimed),
        other => other.map_err(io::Error::from),
    };
    if let Err(error) = outcome {
        warn!(file = %claimed.display(), %error, "a letter stays claimed");
    }
}

/// The bytes of a letter, if it is one by all but its content.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let words = |error: io::Error| error.to_string();
    let file = open(path).map_err(words)?;
    let metadata = file.metadata().map_err(words)?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let own = rustix::process::geteuid().as_raw();
    if metadata.uid() != own && metadata.uid() != 0 {
        return Err(format!("it belongs to user {}", metadata.uid()));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err("others may write it".to_owned());
    }
    if FILE_BYTES_MAX < metadata.len() {
        return Err(format!("it has more than {FILE_BYTES_MAX} bytes"));
    }
    let mut bytes = Vec::new();
    let mut limited = file.take(FILE_BYTES_MAX);
    limited.read_to_end(&mut bytes).map_err(words)?;
    Ok(bytes)
}

/// Not through a link, and without waiting at a pipe.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        warn!(file = %path.display(), %error, "a letter was taken in and could not be removed");
    }
}

fn answer_to(request: &Path, answer: &Answer) {
    let path = answer_path(request);
    let others = others_like(&path, ANSWERS_MAX);
    // Whoever asked has gone: nobody reads so many at once.
    if ANSWERS_MAX <= others.len() {
        for other in &others {
            remove(other);
        }
    }
    let written = serde_json::to_vec(answer)
        .map_err(io::Error::from)
        .and_then(|bytes| write_whole(&path, &bytes));
    if let Err(error) = written {
        warn!(file = %path.display(), %error, "an answer could not be written");
    }
}

/// The first `most` files beside this one with the same ending.
fn others_like(path: &Path, most: usize) -> Vec<PathBuf> {
    let Some(entries) = path.parent().and_then(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    entries
        .take(ENTRIES_PER_SWEEP)
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|other| other.extension() == path.extension())
        .take(most)
        .collect()
}

/// All files beside this one with the same ending, in the order in which they got it.
fn oldest_first(path: &Path) -> VecDeque<PathBuf> {
    let mut others = others_like(path, ENTRIES_PER_SWEEP);
    others.sort_by_cached_key(|other| {
        let metadata = fs::symlink_metadata(other);
        let renamed_at = metadata.map(|found| (found.ctime(), found.ctime_nsec()));
        (renamed_at.unwrap_or_default(), other.clone())
    });
    others.into()
}
