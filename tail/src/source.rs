//! What to read: one source is one configured log, a set of patterns.
//!
//! Patterns are kept as text here; [`crate::tailer::Tailer::new`] compiles them and
//! refuses a bad one by name. A pattern may match nothing yet.

/// One configured log of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConfig {
    /// Sources of one group belong to one connector: a file that several of them
    /// match is followed by the first of them only.
    pub group: usize,
    /// Globs of paths, absolute or relative to the working directory. `*`, `?`,
    /// `[...]` and `{a,b}` stay within one path component; `**` is any number of them.
    pub patterns: Vec<String>,
    /// Nothing of this source was ever committed: `start_at` decides about the files
    /// that its first scan finds.
    pub is_new: bool,
    /// Where to begin with files that exist when the source is new.
    pub start_at: StartAt,
    /// Whether gzip files that match are read too: the rotated backlog, once.
    /// Otherwise they are passed over in silence, unless one holds the unread rest of
    /// a file that we know.
    pub read_compressed: bool,
}

/// Where to begin with an unknown file that a new source finds. Files that appear
/// later are always read from their beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// With its first byte.
    Beginning,
    /// After its last line end: what it holds is history.
    End,
}
