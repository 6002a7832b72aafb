//! Sets a damaged store aside, so that a person can look at it and we can go on.
//!
//! The file keeps its folder and gets `.corrupt-<unix seconds>` behind its name; its
//! write-ahead log goes with it, because only both together are the store. The
//! newest [`KEPT_MAX`] are kept: a medium that damages each file must not fill the
//! disk with copies.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// Most damaged stores kept beside the good one.
pub(crate) const KEPT_MAX: usize = 2;

/// What SQLite keeps beside a database file.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Renames the store at `path` and what belongs to it; returns its new name.
///
/// # Errors
///
/// If the store itself cannot be renamed. What it left behind is then still there.
pub(crate) fn set_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let quarantined = free_name(path, now.as_second());
    match fs::rename(path, &quarantined) {
        Ok(()) => {}
        // A journal without its database: the journal is what we set aside.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    for companion in COMPANIONS {
        match fs::rename(beside(path, companion), beside(&quarantined, companion)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // Left in place it would be replayed into the next store.
            Err(_) => fs::remove_file(beside(path, companion))?,
        }
    }
    forget_old(path);
    Ok(quarantined)
}

/// Whether SQLite left a journal at `path` whose database is gone.
pub(crate) fn has_orphans(path: &Path) -> bool {
    COMPANIONS
        .iter()
        .any(|companion| beside(path, companion).exists())
}

/// Removes what an unfinished creation left.
pub(crate) fn remove_with_companions(path: &Path) -> io::Result<()> {
    for name in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        match fs::remove_file(&name) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The path with `suffix` behind its last name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Two damaged stores within a second must not overwrite each other.
fn free_name(path: &Path, second: i64) -> PathBuf {
    let mut second = second;
    loop {
        let name = beside(path, &format!(".corrupt-{second}"));
        let is_taken = name.exists() || beside(&name, "-wal").exists();
        if !is_taken {
            return name;
        }
        second = second.saturating_add(1);
    }
}

/// Removes all but the newest. Failing to do so costs disk, not correctness, so the
/// errors are dropped.
fn forget_old(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return;
    };
    let mut stem = name.to_string_lossy().into_owned();
    stem.push_str(".corrupt-");
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut seconds: Vec<i64> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let file_name = entry.file_name();
            let rest = file_name.to_str()?.strip_prefix(&stem)?;
            rest.strip_suffix("-wal")
                .or(rest.strip_suffix("-shm"))
                .unwrap_or(rest)
                .parse()
                .ok()
        })
        .collect();
    seconds.sort_unstable();
    seconds.dedup();
    for second in seconds.iter().rev().skip(KEPT_MAX) {
        let _ = remove_with_companions(&beside(path, &format!(".corrupt-{second}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_store_is_set_aside_with_its_journal_and_the_newest_two_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        for second in [100, 99, 200, 200] {
            fs::write(&path, "x").unwrap();
            fs::write(beside(&path, "-wal"), "y").unwrap();
            set_aside(&path, at(second)).unwrap();
        }
        assert_eq!(
            names(folder.path()),
            [
                "state.db.corrupt-200",
                "state.db.corrupt-200-wal",
                "state.db.corrupt-201",
                "state.db.corrupt-201-wal"
            ]
        );
    }

    #[test]
    fn other_files_beside_the_store_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let others = [
            "other.db.corrupt-1",
            "state.db.corrupt-note",
            "state.db.lock",
        ];
        for other in others {
            fs::write(folder.path().join(other), "keep").unwrap();
        }
        for second in [1, 2, 3] {
            fs::write(&path, "x").unwrap();
            set_aside(&path, at(second)).unwrap();
        }
        assert!(
            others
                .iter()
                .all(|other| names(folder.path()).contains(&(*other).to_owned()))
        );
        assert!(!folder.path().join("state.db.corrupt-1").exists());
    }
}
