//! Takes in what lies in the letterbox, file by file.
//!
//! Called every few seconds by the agent. What becomes of a letter the caller says; here is
//! only which files count, and that none is lost or taken twice for good: a file is removed
//! after it was taken in.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
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

/// Most files that one look takes in.
const FILES_PER_SWEEP: usize = 64;

/// Most entries of a folder that one look goes through.
const ENTRIES_PER_SWEEP: usize = 1_000;

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
    /// Not now: it is tried again.
    Later,
}

/// Takes in what lies there, in the order of the names.
pub fn sweep(store: &Path, take: &mut dyn FnMut(Letter) -> Taken) {
    let silences = silences_folder(store);
    for path in letters(&silences) {
        let letter = read(&path).and_then(|bytes| parse_silence(&bytes));
        match letter.map(|silence| take(Letter::Silence(silence))) {
            Ok(Taken::Durable(_)) => {
                info!(file = %path.display(), "silence taken in");
                remove(&path);
            }
            Ok(Taken::Later) => {}
            Ok(Taken::Refused(why)) | Err(why) => set_aside(&path, &why),
        }
    }
    let requests = requests_folder(store);
    for path in letters(&requests) {
        let letter = read(&path).and_then(|bytes| parse_request(&bytes));
        let answer = match letter.map(|receiver| take(Letter::Test { receiver })) {
            Ok(Taken::Durable(messages)) => Answer {
                messages,
                error: None,
            },
            Ok(Taken::Later) => continue,
            Ok(Taken::Refused(why)) => Answer {
                messages: Vec::new(),
                error: Some(why),
            },
            Err(why) => {
                set_aside(&path, &why);
                continue;
            }
        };
        // Before the answer: a request that is still there would be done again.
        remove(&path);
        answer_to(&path, &answer);
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

/// Files that are letters by their names, sorted.
fn letters(folder: &Path) -> Vec<PathBuf> {
    // Not there, or not ours to read: then nobody left anything.
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .take(ENTRIES_PER_SWEEP)
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension() == Some(OsStr::new("json")))
        .collect();
    paths.sort_unstable();
    paths.truncate(FILES_PER_SWEEP);
    paths
}

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
    let others = others_like(&path);
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

/// Keeps what makes no sense for people, unless there is plenty of it.
fn set_aside(path: &Path, why: &str) {
    warn!(file = %path.display(), why, "a letter was not taken in");
    let bad = path.with_extension("bad");
    let is_full = BAD_FILES_MAX <= others_like(&bad).len();
    let outcome = if is_full {
        fs::remove_file(path)
    } else {
        fs::rename(path, bad)
    };
    if let Err(error) = outcome {
        warn!(file = %path.display(), %error, "it could not be set aside either");
    }
}

/// The files beside this one with the same ending.
fn others_like(path: &Path) -> Vec<PathBuf> {
    let Some(entries) = path.parent().and_then(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    entries
        .take(ENTRIES_PER_SWEEP)
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|other| other.extension() == path.extension())
        .collect()
}
