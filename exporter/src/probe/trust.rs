//! Says whether a program is only ours and the administrator's to change.
//!
//! A tool runs with the agent's rights, so who can change it can be the agent. The way
//! to the program is walked name by name, through symbolic links, from the root: each
//! folder, link and the program itself must belong to root or to us, and neither group
//! nor others may write to it. Nothing is opened or run, and nothing is kept: the answer
//! is of this moment, so `schedule` asks before each run. Between the answer and the run
//! nobody but root and us could change anything, which is what was asked.
//!
//! A folder in which everybody may write but none rename what is another's, such as
//! `/tmp`, is taken as a station on the way to a folder of ours or of root. It is not
//! taken as the home of a program or a link: those can be put there as hard links of
//! some other program of root.
//!
//! Known limits: what a script or a library loader reads besides is not looked at.
//! Access lists show as the rights of the group and count as such.

use std::ffi::OsString;
use std::fmt;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::io::Errno;

/// Most symbolic links on a way. Source: `path_resolution(7)`.
const LINKS_MAX: usize = 40;

/// Write permission of the group or of everybody. Source: `inode(7)`.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Only the owner of a file in such a folder may rename it. Source: `inode(7)`.
const STICKY: u32 = 0o1000;

/// Why a program is not run.
#[derive(Debug)]
pub enum Distrust {
    /// The way to it cannot be walked to its end.
    Unreachable(io::Error),
    /// Somebody else could change what would be run.
    Unsafe {
        /// The first place on the way of which this is so.
        place: PathBuf,
        /// What is wrong with it.
        flaw: Flaw,
    },
}

/// What is wrong with a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It belongs neither to root nor to us.
    ForeignOwner,
    /// Its group, or everybody, may write to it.
    Writable,
    /// It is no folder, and stands in one where everybody may put things.
    InSharedFolder,
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ForeignOwner => "it belongs neither to root nor to the agent's user",
            Self::Writable => "its group or everybody may write to it",
            Self::InSharedFolder => "everybody may put files beside it",
        })
    }
}

/// Walks the way to a program, an absolute path, for the user with the id `us`.
///
/// # Errors
///
/// [`Distrust`], at the first place that earns it.
pub fn check(program: &Path, us: u32) -> Result<(), Distrust> {
    let mut here = PathBuf::from("/");
    let root = look_at(&here, us, InWhat::PrivateFolder)?;
    let mut is_shared = root.is_shared;
    let mut rest = names_of(program);
    let mut links: usize = 0;
    while let Some(name) = rest.pop() {
        if name == ".." {
            here.pop();
            // It was found right on the way in, and is on its own way down.
            is_shared = look_at(&here, us, InWhat::PrivateFolder)?.is_shared;
            continue;
        }
        let place = here.join(&name);
        let folder = if is_shared {
            InWhat::SharedFolder
        } else {
            InWhat::PrivateFolder
        };
        let found = look_at(&place, us, folder)?;
        if !found.is_link {
            is_shared = found.is_shared;
            here = place;
            continue;
        }
        links = links.saturating_add(1);
        if LINKS_MAX < links {
            return Err(Distrust::Unreachable(Errno::LOOP.into()));
        }
        let target = place.read_link().map_err(Distrust::Unreachable)?;
        if target.is_absolute() {
            here = PathBuf::from("/");
            is_shared = root.is_shared;
        }
        rest.extend(names_of(&target));
    }
    Ok(())
}

/// What stands at a place of which nothing is wrong.
struct Found {
    is_link: bool,
    /// Whether everybody may put things there.
    is_shared: bool,
}

/// In what kind of folder a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InWhat {
    PrivateFolder,
    SharedFolder,
}

fn look_at(place: &Path, us: u32, folder: InWhat) -> Result<Found, Distrust> {
    let metadata = place.symlink_metadata().map_err(Distrust::Unreachable)?;
    if let Some(flaw) = flaw_of(&Traits::of(&metadata), us, folder) {
        let place = place.to_owned();
        return Err(Distrust::Unsafe { place, flaw });
    }
    Ok(Found {
        is_link: metadata.is_symlink(),
        is_shared: metadata.is_dir() && metadata.mode() & WRITABLE_BY_OTHERS != 0,
    })
}

/// What decides about a place.
#[derive(Debug, Clone, Copy)]
struct Traits {
    kind: Kind,
    owner: u32,
    mode: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    Link,
    Other,
}

impl Traits {
    fn of(metadata: &Metadata) -> Self {
        let kind = if metadata.is_dir() {
            Kind::Folder
        } else if metadata.is_symlink() {
            Kind::Link
        } else {
            Kind::Other
        };
        Self {
            kind,
            owner: metadata.uid(),
            mode: metadata.mode(),
        }
    }
}

fn flaw_of(traits: &Traits, us: u32, folder: InWhat) -> Option<Flaw> {
    if traits.owner != 0 && traits.owner != us {
        return Some(Flaw::ForeignOwner);
    }
    let is_writable = traits.mode & WRITABLE_BY_OTHERS != 0;
    let flaw = match traits.kind {
        Kind::Folder if is_writable && traits.mode & STICKY == 0 => Flaw::Writable,
        Kind::Other if is_writable => Flaw::Writable,
        Kind::Other | Kind::Link if folder == InWhat::SharedFolder => Flaw::InSharedFolder,
        // A link's own mode says nothing: nobody writes to a link.
        Kind::Folder | Kind::Other | Kind::Link => return None,
    };
    Some(flaw)
}

/// A path's names, the last first; `.` and `/` are none.
fn names_of(path: &Path) -> Vec<OsString> {
    let names = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    names.collect()
}

#[cfg(test)]
mod tests;
