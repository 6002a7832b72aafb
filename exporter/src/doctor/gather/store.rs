//! Looks whether the store's file can be written, without writing to it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::super::facts::{StoreFacts, StoreState};

/// Looks at the file, or at the nearest folder above that is there.
pub(in crate::doctor) fn look(file: &Path) -> StoreFacts {
    StoreFacts {
        path: file.to_owned(),
        state: state_of(file),
    }
}

fn state_of(file: &Path) -> StoreState {
    match fs::metadata(file) {
        Ok(_) => {
            if let Err(error) = may_write(file) {
                return refused(file, &error);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return refused(file, &error),
    }
    // Journals stand beside it, so its folder has to be writable too.
    let mut above = file.ancestors().skip(1).enumerate();
    let nearest = above.find(|(_, folder)| {
        let is_missing = fs::symlink_metadata(folder)
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        !is_missing
    });
    let Some((distance, folder)) = nearest else {
        return refused(file, &io::ErrorKind::NotFound.into());
    };
    // An empty path is the working directory.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    match fs::metadata(folder) {
        Ok(found) if !found.is_dir() => refused(folder, &io::ErrorKind::NotADirectory.into()),
        Err(error) => refused(folder, &error),
        Ok(_) => match may_write(folder) {
            Err(error) => refused(folder, &error),
            Ok(()) if distance == 0 => StoreState::Writable,
            Ok(()) => StoreState::WillBeMade,
        },
    }
}

/// Asks for the rights that we really act with.
fn may_write(path: &Path) -> io::Result<()> {
    Ok(accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS)?)
}

fn refused(place: &Path, error: &io::Error) -> StoreState {
    StoreState::NotWritable {
        place: place.to_owned(),
        problem: format!("cannot be written: {error}"),
        owner: fs::metadata(place).ok().map(|found| found.uid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_looked_at_and_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert_eq!(state_of(&path("state.db")), StoreState::Writable);
        assert_eq!(state_of(&path("a/b/state.db")), StoreState::WillBeMade);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(path("file"), "x").unwrap();
        assert_eq!(state_of(&path("file")), StoreState::Writable);
        let below_a_file = state_of(&path("file/state.db"));
        let StoreState::NotWritable { place, .. } = below_a_file else {
            panic!("{below_a_file:?}");
        };
        assert!(place.starts_with(path("file")), "{}", place.display());
    }
}
