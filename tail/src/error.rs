//! Why a `Tailer` was refused.
//!
//! Only mistakes of the configuration are errors. What goes wrong with files while
//! running is a status of that file ([`crate::turn::SourceStatus`]) and is tried
//! again; it never stops the others.

/// A configuration that cannot be followed. Raised at start and at reload.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// A pattern is not a glob, or is empty.
    #[error("`{pattern}` is not a file pattern")]
    BadPattern {
        /// The pattern as configured.
        pattern: String,
        /// What the glob compiler objected to.
        source: globset::Error,
    },
    /// A pattern without any text.
    #[error("a file pattern is empty")]
    EmptyPattern,
}
