//! Takes in what lies in the letterbox, file by file.
//!
//! Called every second by the agent. What becomes of a letter the caller says; here is only
//! which files count, and that none is lost or taken twice for good: a file is removed after
//! it was taken in.
//!
//! A folder may be full of junk. Each look goes through so many entries, bytes and letters
//! and no more; the next one goes on where it ended, so that a letter among junk is found
//! in the end. Of junk the log says that there is some, and when it is over how much.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, ReadDir};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use model::alert::Silence;
use rustix::fs::OFlags;
use tracing::{info, warn};

use super::{
    Answer, answer_path, make_folder, parse_request, parse_silence, requests_folder,
    silences_folder, write_whole,
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
                info!(file = %path.display(), "silence taken in");
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
    /// How many more files this look may keep for people; counted with the first.
    bad_left: Option<usize>,
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
            bad_left: None,
            is_refused: false,
        }
    }

    /// Hands letters to `take` until there are no more, or enough for once.
    fn sweep(&mut self, take: &mut dyn FnMut(&Path, &[u8]) -> Taken) {
        let mut bytes_left = BYTES_PER_SWEEP;
        let mut letters_left = LETTERS_PER_SWEEP;
        self.bad_left = None;
        for path in self.files() {
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
                // It has no time, or its store does not commit: nor for the others then.
                Taken::Uncommitted | Taken::Later => break,
                Taken::Refused(why) => self.set_aside(&path, &why),
            }
            if letters_left == 0 || bytes_left == 0 {
                break;
            }
        }
    }

    /// The next files that are letters by their names, sorted.
    fn files(&mut self) -> Vec<PathBuf> {
        let Some(mut entries) = self.entries.take().or_else(|| self.begin()) else {
            return Vec::new();
        };
        let mut files = Vec::new();
        for _ in 0..ENTRIES_PER_SWEEP {
            let Some(entry) = entries.next() else {
                files.sort_unstable();
                return files;
            };
            let Ok(path) = entry.map(|entry| entry.path()) else {
                continue;
            };
            if path.extension() == Some(OsStr::new("json")) {
                files.push(path);
            }
            if FILES_PER_SWEEP <= files.len() {
                break;
            }
        }
        self.entries = Some(entries);
        files.sort_unstable();
        files
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

    /// Keeps what makes no sense for people, unless there is plenty of it.
    fn set_aside(&mut self, path: &Path, why: &str) {
        if self.junk == 0 {
            warn!(file = %path.display(), why, "a letter was not taken in");
        }
        self.junk = self.junk.saturating_add(1);
        self.junk_in_pass = self.junk_in_pass.saturating_add(1);
        let bad = path.with_extension("bad");
        let left = self.bad_left.unwrap_or_else(|| {
            let others = others_like(&bad, BAD_FILES_MAX).len();
            BAD_FILES_MAX.saturating_sub(others)
        });
        self.bad_left = Some(left.saturating_sub(1));
        let outcome = if left == 0 {
            fs::remove_file(path)
        } else {
            fs::rename(path, bad)
        };
        if let Err(error) = outcome
            && self.junk == 1
        {
            warn!(file = %path.display(), %error, "it could not be set aside either");
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

/// The bytes of a letter, if it is one by all but its content.
fn read(path: &Path) -> Result<Vec<u8>, String> {
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
