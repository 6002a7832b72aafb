//! The zone of this host, or why there is none.
//!
//! `TZ` and `/etc/localtime` say it, and may name any file. Whoever reads one that is no
//! plain file may wait for ever or read without an end, so that is looked at first. A
//! zone that cannot be read is a mistake that somebody must mend: taken for UTC it
//! would shift every time stamp by hours, and nobody would see it.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use model::untrusted::is_unprintable;

/// Says the zone if `TZ` does not. Source: `localtime(5)`.
const LOCALTIME: &str = "/etc/localtime";

/// Longest file of a zone, in bytes: far above the longest of the database, of 4 KiB.
const ZONE_BYTES_MAX: u64 = 1024 * 1024;

/// Most of a variable's characters that are shown: the longest name has about 30.
const SHOWN_CHARACTERS_MAX: usize = 80;

/// What to write instead.
pub(super) const WANTED: &str = "a `timezone` like `Europe/Berlin` or `UTC`, or an environment \
     variable TZ or a file /etc/localtime that says one";

/// Why the zone of this host is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoZone {
    /// The variable names none.
    Variable(String),
    /// What should hold it is no plain file, or too long for one.
    File(PathBuf),
}

impl fmt::Display for NoZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(text) => write!(
                formatter,
                "is this host's, and the environment's TZ, `{text}`, is no time zone"
            ),
            Self::File(path) => write!(
                formatter,
                "is this host's, and `{}`, which TZ or the system names, is no file of a time zone",
                shown(path.as_os_str())
            ),
        }
    }
}

/// The zone of this host now; UTC if nothing at all says one.
pub(crate) fn of_this_host() -> Result<TimeZone, NoZone> {
    let variable = env::var_os("TZ");
    if let Some(path) = file_to_read(variable.as_deref()).filter(|path| is_no_zone_file(path)) {
        return Err(NoZone::File(path));
    }
    // "If it is missing, the default UTC is used": localtime(5), and containers lack it.
    if variable.is_none() && !Path::new(LOCALTIME).is_symlink() && !Path::new(LOCALTIME).exists() {
        return Ok(TimeZone::UTC);
    }
    TimeZone::try_system().map_err(|_| match variable {
        Some(text) => NoZone::Variable(shown(&text)),
        None => NoZone::File(PathBuf::from(LOCALTIME)),
    })
}

/// What a person needs to see of the variable, and a terminal can bear.
fn shown(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    let printable = text.chars().filter(|character| !is_unprintable(*character));
    printable.take(SHOWN_CHARACTERS_MAX).collect()
}

/// The file that may be read for the zone. A variable that is a name is no path, but
/// may be taken for one if nobody knows the name.
fn file_to_read(variable: Option<&OsStr>) -> Option<PathBuf> {
    let Some(text) = variable else {
        return Some(PathBuf::from(LOCALTIME));
    };
    // A colon in front says that a name follows, or a path. Source: `tzset(3)`.
    let bytes = text.as_bytes();
    let path = bytes.strip_prefix(b":").unwrap_or(bytes);
    (!path.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(path)))
}

/// Whether there is something at a path that must not be read. What is missing is not.
fn is_no_zone_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| {
        let is_folder_of_names = found.is_dir();
        !is_folder_of_names && (!found.is_file() || ZONE_BYTES_MAX < found.len())
    })
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn what_is_no_plain_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        let long = folder.path().join("long");
        let file = fs::File::create(&long).unwrap();
        file.set_len(ZONE_BYTES_MAX + 1).unwrap();
        for path in [&fifo, &link, &long, Path::new("/dev/zero")] {
            assert!(is_no_zone_file(path), "{}", path.display());
        }
        file.set_len(ZONE_BYTES_MAX).unwrap();
        for path in [&long, &folder.path().join("missing"), folder.path()] {
            assert!(!is_no_zone_file(path), "{}", path.display());
        }
    }

    #[test]
    fn a_variable_may_name_a_file() {
        let of = |text: &str| file_to_read(Some(OsStr::new(text)));
        assert_eq!(file_to_read(None), Some(PathBuf::from("/etc/localtime")));
        assert_eq!(of(":/dev/zero"), Some(PathBuf::from("/dev/zero")));
        assert_eq!(of("../fifo"), Some(PathBuf::from("../fifo")));
        assert_eq!((of(""), of(":")), (None, None));
    }
}
