//! The real file system: Linux calls behind [`FileSystem`].
//!
//! `statx` gives the birth time that tells a reused inode number from the old file;
//! `SEEK_DATA` jumps over holes. Nothing here decides anything.
//!
//! Known limit: a file system without birth times (`birth_ns: None`) leaves reused
//! inode numbers to the content checks.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use model::position::FileIdentity;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, SeekFrom, Statx, StatxFlags};

use crate::file_system::{FileKind, FileStatus, FileSystem, OpenFile};

/// The machine's own file systems.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemFiles;

impl FileSystem for SystemFiles {
    type File = File;

    fn list(&self, directory: &Path, entries_max: usize) -> io::Result<Vec<OsString>> {
        // A pattern without a directory part looks into the working directory.
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        fs::read_dir(directory)?
            .take(entries_max)
            .map(|entry| entry.map(|found| found.file_name()))
            .collect()
    }

    fn status(&self, path: &Path) -> io::Result<FileStatus> {
        let found = rustix::fs::statx(CWD, path, AtFlags::empty(), wanted())?;
        Ok(file_status(&found))
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        // NONBLOCK: a pipe without a writer would block us here for ever.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
    }
}

impl OpenFile for File {
    fn status(&self) -> io::Result<FileStatus> {
        let found = rustix::fs::statx(self, "", AtFlags::EMPTY_PATH, wanted())?;
        Ok(file_status(&found))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0_usize;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            let place = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            match std::os::unix::fs::FileExt::read_at(self, room, place) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(filled)
    }

    fn next_data(&self, offset: u64) -> io::Result<u64> {
        match rustix::fs::seek(self, SeekFrom::Data(offset)) {
            Ok(place) => Ok(place),
            // Past the last data: a hole up to the end.
            Err(rustix::io::Errno::NXIO) => Ok(OpenFile::status(self)?.size.max(offset)),
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP) => Ok(offset),
            Err(err) => Err(err.into()),
        }
    }
}

fn wanted() -> StatxFlags {
    StatxFlags::BASIC_STATS | StatxFlags::BTIME
}

fn file_status(found: &Statx) -> FileStatus {
    let birth = &found.stx_btime;
    let has_birth = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::BTIME);
    let kind = match rustix::fs::FileType::from_raw_mode(found.stx_mode.into()) {
        rustix::fs::FileType::RegularFile => FileKind::Regular,
        rustix::fs::FileType::Directory => FileKind::Directory,
        rustix::fs::FileType::Symlink
        | rustix::fs::FileType::Fifo
        | rustix::fs::FileType::Socket
        | rustix::fs::FileType::CharacterDevice
        | rustix::fs::FileType::BlockDevice
        | rustix::fs::FileType::Unknown => FileKind::Special,
    };
    FileStatus {
        identity: FileIdentity {
            device: rustix::fs::makedev(found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            birth_ns: has_birth.then(|| nanoseconds(birth.tv_sec, birth.tv_nsec)),
        },
        kind,
        size: found.stx_size,
        modified_ns: nanoseconds(found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec),
        links: found.stx_nlink.into(),
    }
}

fn nanoseconds(seconds: i64, rest: u32) -> i64 {
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(rest.into())
}
