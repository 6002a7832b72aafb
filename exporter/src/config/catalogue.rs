//! Reads an operator's own catalogue rows from the files and folders that were named.
//!
//! Only finds and reads text; what a row must look like and whether it proves
//! itself is `logparse`'s business. A folder is read one level deep, `*.yaml` and
//! `*.yml` in the order of their names, so that `10-first.yaml` comes first.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use logparse::catalogue::CatalogueFile;

use super::plain_file;

/// Most files read, over all paths.
pub(super) const CATALOGUE_FILES_MAX: usize = 256;

/// Longest file read, in bytes.
pub(super) const CATALOGUE_BYTES_MAX: u64 = 1024 * 1024;

/// Why rows could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueFilesError {
    /// A path is missing or unreadable.
    #[error("cannot read the catalogue `{}`", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A file is longer than 1 MiB.
    #[error("the catalogue `{}` is longer than 1MiB", path.display())]
    TooLong {
        /// The path.
        path: PathBuf,
    },
    /// A folder holds no `*.yaml`: probably the wrong one.
    #[error("the catalogue folder `{}` holds no `*.yaml` file", path.display())]
    EmptyFolder {
        /// The path.
        path: PathBuf,
    },
    /// More than 256 files.
    #[error("more than 256 catalogue files")]
    TooMany,
}

/// Reads all files that `paths` name, folders included, in this order.
///
/// # Errors
///
/// The first path that cannot be read, see [`CatalogueFilesError`].
pub fn catalogue_files(paths: &[PathBuf]) -> Result<Vec<CatalogueFile>, CatalogueFilesError> {
    let mut names = Vec::new();
    for path in paths {
        let read = |source| CatalogueFilesError::Read {
            path: path.clone(),
            source,
        };
        if fs::metadata(path).map_err(read)?.is_dir() {
            names.extend(files_of_folder(path)?);
        } else {
            names.push(path.clone());
        }
    }
    if CATALOGUE_FILES_MAX < names.len() {
        return Err(CatalogueFilesError::TooMany);
    }
    names.into_iter().map(read_file).collect()
}

fn files_of_folder(folder: &Path) -> Result<Vec<PathBuf>, CatalogueFilesError> {
    let read = |source| CatalogueFilesError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let is_yaml = path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml");
        if is_yaml && !is_hidden {
            names.push(path);
        }
    }
    names.sort();
    if names.is_empty() {
        return Err(CatalogueFilesError::EmptyFolder {
            path: folder.to_owned(),
        });
    }
    Ok(names)
}

fn read_file(path: PathBuf) -> Result<CatalogueFile, CatalogueFilesError> {
    let read = |source| CatalogueFilesError::Read {
        path: path.clone(),
        source,
    };
    let mut text = String::new();
    let (file, _) = plain_file::open(&path).map_err(read)?;
    let mut file = file.take(CATALOGUE_BYTES_MAX + 1);
    let bytes = file.read_to_string(&mut text).map_err(read)?;
    if usize::try_from(CATALOGUE_BYTES_MAX).is_ok_and(|most| most < bytes) {
        return Err(CatalogueFilesError::TooLong { path });
    }
    Ok(CatalogueFile {
        name: path.display().to_string(),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["20-b.yaml", "10-a.yml", ".hidden.yaml", "notes.txt"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let single = folder.path().join("notes.txt");
        let files = catalogue_files(&[folder.path().to_owned(), single]).unwrap();
        let texts: Vec<&str> = files.iter().map(|file| &*file.text).collect();
        assert_eq!(texts, ["10-a.yml", "20-b.yaml", "notes.txt"]);
    }

    #[test]
    fn missing_empty_and_long_catalogues_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = |path: &Path| catalogue_files(&[path.to_owned()]).unwrap_err();
        let missing = refusal(&folder.path().join("missing.yaml"));
        assert!(
            matches!(missing, CatalogueFilesError::Read { .. }),
            "{missing:?}"
        );
        let empty = refusal(folder.path());
        assert!(
            matches!(empty, CatalogueFilesError::EmptyFolder { .. }),
            "{empty:?}"
        );
        let long = folder.path().join("long.yaml");
        fs::write(&long, " ".repeat(1024 * 1024 + 1)).unwrap();
        let too_long = refusal(&long);
        assert!(
            matches!(too_long, CatalogueFilesError::TooLong { .. }),
            "{too_long:?}"
        );
    }
}
