//! Where a secret stands, and how it is read: one line of a file, or of a systemd
//! credential.
//!
//! A secret never stands in the configuration itself, in the environment or among the
//! arguments of a command. It is read when a configuration is checked and again when it
//! is put in force, so a changed file needs a reload. Nothing here remembers one.

use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use snmp_agent::users::Secret;

use super::plain_file;

/// Longest secret with what may stand behind it, in bytes.
pub const SECRET_BYTES_MAX: u64 = 4_096;

/// Permissions of the group to write and of others to anything: too many readers.
const MODE_OF_STRANGERS: u32 = 0o027;

/// Where a secret stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In the first line of this file.
    File(PathBuf),
    /// In the systemd credential of this name: a file in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

/// Why there is no secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The name is a path, or empty.
    #[error("`{0}` is no name of a credential")]
    BadCredential(String),
    /// Nobody gave us credentials.
    #[error("is not there: $CREDENTIALS_DIRECTORY is not set")]
    NoCredentials,
    /// The system's words.
    #[error("`{}` cannot be read: {words}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        words: String,
    },
    /// A folder, a device or a pipe.
    #[error("`{}` is no plain file", .0.display())]
    NoFile(PathBuf),
    /// More than any secret has.
    #[error("`{}` is longer than {SECRET_BYTES_MAX} bytes", .0.display())]
    TooLong(PathBuf),
    /// Nothing, or nothing in the first line.
    #[error("`{}` is empty", .0.display())]
    Empty(PathBuf),
    /// Something behind the first line.
    #[error("`{}` has more than one line", .0.display())]
    Lines(PathBuf),
}

/// A secret as it was found.
#[derive(Debug, PartialEq, Eq)]
pub struct FoundSecret {
    /// The bytes, without the end of the line.
    pub secret: Secret,
    /// What is wrong with the file's permissions, in words for people.
    pub warning: Option<String>,
}

impl SecretError {
    /// What is wrong, without the name of the file: somebody may have written the secret
    /// itself there.
    pub fn unnamed(&self) -> String {
        match self {
            Self::BadCredential(_) => "is no name of a credential".to_owned(),
            Self::NoCredentials => self.to_string(),
            Self::Unreadable { words, .. } => format!("cannot be read: {words}"),
            Self::NoFile(_) => "is no plain file".to_owned(),
            Self::TooLong(_) => format!("is longer than {SECRET_BYTES_MAX} bytes"),
            Self::Empty(_) => "is empty".to_owned(),
            Self::Lines(_) => "has more than one line".to_owned(),
        }
    }
}

impl SecretSource {
    /// Of a file's path and a credential's name the one that is given. `None` if both
    /// are, or none.
    pub fn of(file: Option<&PathBuf>, credential: Option<&String>) -> Option<Self> {
        match (file, credential) {
            (Some(path), None) => Some(Self::File(path.clone())),
            (None, Some(name)) => Some(Self::Credential(name.clone())),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`SecretError`], never with a byte of the secret in it.
    pub fn read(&self) -> Result<FoundSecret, SecretError> {
        match self {
            Self::File(path) => read_file(path),
            Self::Credential(name) => {
                let is_plain = !name.is_empty() && !name.contains(['/', '\0']) && name != "..";
                if !is_plain {
                    return Err(SecretError::BadCredential(name.clone()));
                }
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
                    .filter(|folder| !folder.is_empty())
                    .ok_or(SecretError::NoCredentials)?;
                // systemd sees to who may read it.
                let mut found = read_file(&Path::new(&folder).join(name))?;
                found.warning = None;
                Ok(found)
            }
        }
    }
}

fn read_file(path: &Path) -> Result<FoundSecret, SecretError> {
    let unreadable = |error: std::io::Error| SecretError::Unreadable {
        path: path.to_owned(),
        words: error.to_string(),
    };
    let (file, metadata) = plain_file::open(path).map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => SecretError::NoFile(path.to_owned()),
        _ => unreadable(error),
    })?;
    let mut bytes = Vec::new();
    let most = SECRET_BYTES_MAX.saturating_add(1);
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if most == u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        return Err(SecretError::TooLong(path.to_owned()));
    }
    let mut line = bytes.as_slice();
    line = line.strip_suffix(b"\n").unwrap_or(line);
    line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err(SecretError::Empty(path.to_owned()));
    }
    if line.contains(&b'\n') {
        return Err(SecretError::Lines(path.to_owned()));
    }
    let is_open = metadata.mode() & MODE_OF_STRANGERS != 0;
    let shown = path.display();
    Ok(FoundSecret {
        secret: Secret::new(line),
        warning: is_open.then(|| format!("others may read or change it: chmod 640 {shown}")),
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn check(content: &[u8]) -> Result<FoundSecret, SecretError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        SecretSource::File(path).read()
    }

    #[test]
    fn a_secret_is_one_line_without_its_end() {
        for content in ["pass word ", "pass word \n", "pass word \r\n"] {
            let found = check(content.as_bytes()).unwrap();
            assert_eq!(found.secret.expose(), b"pass word ");
            assert_eq!(found.warning, None);
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_with_its_reason() {
        let long = vec![b'a'; 4_097];
        for (content, words) in [
            (&b""[..], "is empty"),
            (b"\n", "is empty"),
            (b"one\ntwo\n", "more than one line"),
            (&long, "longer than 4096 bytes"),
        ] {
            let error = check(content).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let refused = SecretSource::File(folder.path().to_owned()).read();
        assert!(
            matches!(refused, Err(SecretError::NoFile(_))),
            "{refused:?}"
        );
        let missing = SecretSource::File(folder.path().join("none")).read();
        assert!(matches!(missing, Err(SecretError::Unreadable { .. })));
        let path = SecretSource::Credential("../passwd".to_owned()).read();
        assert!(matches!(path, Err(SecretError::BadCredential(_))));
    }

    #[test]
    fn a_file_that_others_may_read_is_told_with_the_mend() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "secret").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let found = SecretSource::File(path).read().unwrap();
        assert!(found.warning.unwrap().contains("chmod 640"));
    }
}
