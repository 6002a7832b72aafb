//! Where we are in a log file, and how we know that it is still that file.
//!
//! A file is known by its [`FileIdentity`], by the hash of its [`Head`], and by
//! [`Marker`]s: hashes of the bytes just before places where lines ended. None
//! alone is proof: inode numbers are reused, heads are equal, tails are cut by a
//! power loss. `tail` compares them before every batch; `store` keeps them in the
//! same transaction as the counts they led to.

/// Identifies a file on this machine. Survives renames, not copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileIdentity {
    /// Device number (`st_dev`). Network and overlay file systems may change it at a reboot.
    pub device: u64,
    /// Inode number (`st_ino`). ext4 gives it out again at once after a deletion.
    pub inode: u64,
    /// Birth time in nanoseconds since the epoch (`stx_btime`), where the file
    /// system tells it: what distinguishes a reused inode.
    pub birth_ns: Option<i64>,
}

/// Hash of a file's first bytes. Grows with the file up to [`HEAD_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Head {
    /// How many bytes the hash covers.
    pub bytes: u32,
    /// XXH3-64 of those bytes.
    pub hash: u64,
}

/// Most bytes that a head covers.
pub const HEAD_BYTES_MAX: usize = 1024;

/// Hash of the bytes just before a place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Marker {
    /// The place: bytes from the start of the file. Always a line's end.
    pub offset: u64,
    /// How many bytes before it the hash covers, at most [`MARKER_BYTES_MAX`].
    pub bytes: u32,
    /// XXH3-64 of those bytes.
    pub hash: u64,
}

/// Most bytes that a marker covers.
pub const MARKER_BYTES_MAX: usize = 256;

/// Most markers kept for a file: the current place and exponentially older ones.
pub const MARKERS_MAX: usize = 8;

/// Names a followed file in memory and in the store. Never used twice in one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u64);

/// How a file's bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Packing {
    /// As they were written.
    Plain,
    /// gzip; offsets count unpacked bytes.
    Gzip,
}

/// How far a file has been read, and the evidence that lets us go on there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Which file it is.
    pub identity: FileIdentity,
    /// Its beginning.
    pub head: Head,
    /// Evidence before `offset` and before older places, newest first.
    // Invariant: at most MARKERS_MAX, strictly falling offsets, none above `offset`.
    pub markers: Vec<Marker>,
    /// The next unread byte, in unpacked bytes. Always a line's end unless `mid_line`.
    pub offset: u64,
    /// `offset` stands inside a line that is too long and is skipped to its end.
    pub mid_line: bool,
    /// How the bytes are packed.
    pub packing: Packing,
    /// The name it was last seen under. For people only, never for identity.
    pub path: String,
}

/// A change of what is known of a file, to be committed with its counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PositionChange {
    /// The file was read further, or is new.
    Moved {
        /// The file.
        id: FileId,
        /// Index of the log in the configuration's order, as `tail` was given it.
        source: SourceId,
        /// Where it stands now.
        position: Position,
    },
    /// The file is gone or was forgotten by age.
    Forgotten {
        /// The file.
        id: FileId,
    },
}

/// Names one configured log (a connector's set of globs): its index in the list
/// that `tail` was built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub usize);
