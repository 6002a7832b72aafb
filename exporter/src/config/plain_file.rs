//! Opens a file that must be one: no pipe, no device, no folder.
//!
//! A pipe in a file's place would be waited for until somebody writes into it, and a
//! device may give bytes without end. So nothing is waited for at opening, and what is
//! no plain file is refused. How much is read of it is the caller's to bound.
//!
//! Known limit: a file on a dead mount is waited for all the same, by the kernel. Who
//! must go on then reads on a thread of its own.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens it to be read, and says what it is.
///
/// # Errors
///
/// The system's; or that it is no plain file, of the kind [`io::ErrorKind::InvalidInput`].
pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    // A terminal must not become ours.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let mut options = File::options();
    let file = options.read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        let kind = io::ErrorKind::InvalidInput;
        return Err(io::Error::new(kind, "it is no plain file"));
    }
    Ok((file, metadata))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn a_file_is_read_and_a_pipe_a_folder_and_a_device_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "text").unwrap();
        let mut text = String::new();
        open(&file).unwrap().0.read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        for path in [&pipe, folder.path(), Path::new("/dev/zero")] {
            let error = open(path).unwrap_err();
            assert_eq!(error.to_string(), "it is no plain file", "{path:?}");
        }
    }
}
