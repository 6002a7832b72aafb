//! Files that commands leave for the running agent: silences, and tests of receivers.
//!
//! `ztna-exporter alerts silence` and `send-test` are other processes, and the store has
//! one writer. So they put a file into a folder beside the store; the agent takes it in
//! within seconds, and removes it when what it says is durable. A test gets an answer beside
//! it: the ids of its messages, whose fate stands in the store.
//!
//! A file appears whole, by a rename. By another the agent claims it (`.taken`) before it
//! does what it says: until then whoever left it can take it back, and from then on nobody
//! else does it. Only files of the agent's own user and of root count, of bounded size, and
//! so many a look; what makes no sense is renamed to `.bad`, so that a person can look at it,
//! and the oldest of those is removed once there are some. [`sweep`] is the agent's side.
//!
//! Known limit: an agent that is killed with a claimed request sends that test when it is
//! back, maybe for the second time.

pub mod sweep;

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::alert::Silence;
use serde::{Deserialize, Serialize};

/// The format of the files.
const VERSION: u32 = 1;

/// How names of letters end that the agent has claimed.
const CLAIMED: &str = "taken";

/// Longest silence: one for ever is a rule that should not be there.
const SILENCE_MAX: SignedDuration = SignedDuration::from_hours(24 * 366);

/// Longest name of who wants a silence, and longest reason, in bytes.
const TEXT_BYTES_MAX: usize = 500;

/// Most labels that a silence asks for.
const MATCHERS_MAX: usize = 16;

/// Longest id of a silence, in bytes.
const ID_BYTES_MAX: usize = 64;

/// A silence as it lies in the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SilenceFile {
    version: u32,
    id: String,
    matchers: BTreeMap<String, String>,
    who: String,
    why: String,
    from: Timestamp,
    until: Timestamp,
}

/// A request as it lies in the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestFile {
    version: u32,
    /// The receiver that is to be tried.
    test: String,
}

/// What the agent says to a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The messages that it led to.
    pub messages: Vec<String>,
    /// Why there is none, in words for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How a letter stands that was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has it yet.
    Waits,
    /// The agent has it, and is not through with it.
    Claimed,
    /// It was taken in, refused or taken back.
    Gone,
}

/// Where silences are left for the agent with this store.
pub fn silences_folder(store: &Path) -> PathBuf {
    store.with_file_name("silences")
}

/// Where requests are left for the agent with this store.
pub fn requests_folder(store: &Path) -> PathBuf {
    store.with_file_name("requests")
}

/// Leaves a silence for the agent with this store. One that is over ends the one with its
/// id. Of an earlier letter with its id that was refused nothing stays.
///
/// # Errors
///
/// The file cannot be written: most often since this is another user than the agent's.
pub fn leave_silence(store: &Path, silence: &Silence) -> io::Result<PathBuf> {
    let matchers = silence.matchers.iter();
    let file = SilenceFile {
        version: VERSION,
        id: silence.id.to_string(),
        matchers: matchers
            .map(|(label, value)| (label.to_string(), value.to_string()))
            .collect(),
        who: silence.who.clone(),
        why: silence.why.clone(),
        from: silence.from,
        until: silence.until,
    };
    leave(&silences_folder(store), &silence.id, &file)
}

/// How a letter stands now.
pub fn standing(left: &Path) -> Standing {
    if left.exists() {
        return Standing::Waits;
    }
    if claimed_path(left).exists() {
        return Standing::Claimed;
    }
    // Given back between the two looks.
    if left.exists() {
        return Standing::Waits;
    }
    Standing::Gone
}

/// Takes a letter back, unless the agent has it. Says whether it was there.
///
/// # Errors
///
/// It cannot be removed.
pub fn take_back(left: &Path) -> io::Result<bool> {
    match fs::remove_file(left) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The silence that the agent is taking in, if it is this letter.
pub fn claimed_silence(left: &Path) -> Option<Silence> {
    let bytes = sweep::read(&claimed_path(left)).ok()?;
    parse_silence(&bytes).ok()
}

/// Asks the agent with this store to send a test to a receiver. `name` is the asker's own:
/// letters, digits, `.`, `_` and `-`. Returns the request, for [`read_answer`].
///
/// # Errors
///
/// The file cannot be written.
pub fn leave_test(store: &Path, name: &str, receiver: &str) -> io::Result<PathBuf> {
    let file = RequestFile {
        version: VERSION,
        test: receiver.to_owned(),
    };
    leave(&requests_folder(store), name, &file)
}

/// Reads the answer to a request and removes it; `None` if there is none yet.
///
/// # Errors
///
/// It cannot be read.
pub fn read_answer(request: &Path) -> io::Result<Option<Answer>> {
    let path = answer_path(request);
    match fs::read(&path) {
        Ok(bytes) => {
            fs::remove_file(&path)?;
            Ok(Some(serde_json::from_slice(&bytes)?))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the answer to a request stands.
fn answer_path(request: &Path) -> PathBuf {
    request.with_extension("answer")
}

/// Where a letter is while the agent does what it says.
fn claimed_path(left: &Path) -> PathBuf {
    left.with_extension(CLAIMED)
}

/// Where a letter is that makes no sense.
fn bad_path(left: &Path) -> PathBuf {
    left.with_extension("bad")
}

/// Reads a silence that somebody left.
///
/// # Errors
///
/// Why it is none, in words for people.
fn parse_silence(bytes: &[u8]) -> Result<Silence, String> {
    let file: SilenceFile = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    check_version(file.version)?;
    let matchers = file.matchers.into_iter();
    let silence = Silence {
        id: Arc::from(file.id),
        matchers: matchers
            .map(|(label, value)| (Arc::from(label), Arc::from(value)))
            .collect(),
        who: file.who,
        why: file.why,
        from: file.from,
        until: file.until,
    };
    check_silence(&silence)?;
    Ok(silence)
}

/// Checks the bounds of a silence, whoever brings it.
///
/// # Errors
///
/// What is out of bounds, in words for people.
pub fn check_silence(silence: &Silence) -> Result<(), String> {
    if !is_name(&silence.id) {
        return Err(format!(
            "its id is none: want 1 to {ID_BYTES_MAX} of A-Z, a-z, 0-9, `.`, `_` and `-`"
        ));
    }
    if silence.matchers.is_empty() || MATCHERS_MAX < silence.matchers.len() {
        return Err(format!("want 1 to {MATCHERS_MAX} labels that it is about"));
    }
    let matchers = silence.matchers.iter();
    let texts = matchers.flat_map(|(label, value)| [&**label, &**value]);
    let mut texts = texts.chain([silence.who.as_str(), silence.why.as_str()]);
    if texts.any(|text| TEXT_BYTES_MAX < text.len()) {
        return Err(format!("a text has more than {TEXT_BYTES_MAX} bytes"));
    }
    if SILENCE_MAX < silence.until.duration_since(silence.from) {
        return Err("it is longer than a year".to_owned());
    }
    Ok(())
}

/// Reads which receiver is to be tried.
///
/// # Errors
///
/// Why it is no request, in words for people.
fn parse_request(bytes: &[u8]) -> Result<String, String> {
    let file: RequestFile = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    check_version(file.version)?;
    Ok(file.test)
}

fn check_version(version: u32) -> Result<(), String> {
    if version == VERSION {
        return Ok(());
    }
    Err(format!("it has format {version}, want {VERSION}"))
}

fn is_name(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_plain) && !text.starts_with('.')
}

/// Writes a file whole: under a name that nobody looks at, then renamed.
fn leave<T: Serialize>(folder: &Path, name: &str, content: &T) -> io::Result<PathBuf> {
    if !is_name(name) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("`{}` is no name", name.escape_default()),
        ));
    }
    make_folder(folder)?;
    let path = folder.join(format!("{name}.json"));
    // Whoever looks for it afterwards finds what became of this one.
    drop(fs::remove_file(bad_path(&path)));
    write_whole(&path, &serde_json::to_vec(content)?)?;
    Ok(path)
}

/// Makes the folder for the user that the store's folder belongs to.
fn make_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => give_to_owner_of(folder.parent(), folder),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&unfinished)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let owned = written.and_then(|()| give_to_owner_of(path.parent(), &unfinished));
    owned
        .and_then(|()| fs::rename(&unfinished, path))
        .inspect_err(|_| drop(fs::remove_file(&unfinished)))
}

/// A person works as root, and the agent does not.
fn give_to_owner_of(folder: Option<&Path>, path: &Path) -> io::Result<()> {
    let Some(folder) = folder else {
        return Ok(());
    };
    // The folder of a name without one is where we are.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let (wanted, found) = (fs::metadata(folder)?, fs::metadata(path)?);
    if (wanted.uid(), wanted.gid()) == (found.uid(), found.gid()) {
        return Ok(());
    }
    chown(path, Some(wanted.uid()), Some(wanted.gid()))
}

#[cfg(test)]
mod tests;
