//! The rows that tell what a line means, compiled and proven.
//!
//! Does not know where bytes come from (`scan`) nor where a record begins
//! (`record`): given a record it finds the one row that fits.

use std::sync::Arc;

use model::connector::ConnectorKind;
use model::event::{EventKey, EventKind};

/// Index of an `(event, reason)` in [`Catalogue::pairs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PairId(pub usize);

/// Index of a function in [`Catalogue::functions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId(pub usize);

/// Index of a row in [`Catalogue::rows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub usize);

/// One file of an operator's own rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueFile {
    /// What error messages call it: usually its path.
    pub name: String,
    /// Its content, YAML.
    pub text: String,
}

/// One row as documents and `explain` show it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The event that it tells.
    pub event: EventKind,
}

/// Why a catalogue was refused. Raised at start-up, never while parsing lines.
#[derive(Debug, thiserror::Error)]
#[error("catalogue refused")]
pub struct CatalogueError;

/// All rows for one kind of connector. Immutable: share it by `Arc`.
#[derive(Debug)]
pub struct Catalogue {
    pairs: Vec<EventKey>,
    functions: Vec<Arc<str>>,
    rows: Vec<Row>,
}

impl Catalogue {
    /// The rows that come with the program.
    ///
    /// # Errors
    ///
    /// [`CatalogueError`] if a row does not prove itself: a mistake in this crate.
    pub fn built_in(kind: ConnectorKind) -> Result<Self, CatalogueError> {
        Self::load(kind, &[])
    }

    /// The rows that come with the program, and the operator's own after them.
    ///
    /// # Errors
    ///
    /// [`CatalogueError`] names the file, the line, the row and the mend.
    pub fn load(kind: ConnectorKind, files: &[CatalogueFile]) -> Result<Self, CatalogueError> {
        let _ = (kind, files);
        Ok(Self {
            pairs: Vec::new(),
            functions: Vec::new(),
            rows: Vec::new(),
        })
    }

    /// Every `(event, reason)` that the rows can tell. [`PairId`] is its index.
    pub fn pairs(&self) -> &[EventKey] {
        &self.pairs
    }

    /// The functions whose records the rows know, as `file.cpp:function`: the
    /// closed label set of near misses. [`FunctionId`] is its index.
    pub fn functions(&self) -> &[Arc<str>] {
        &self.functions
    }

    /// The rows in their order of precedence. [`RowId`] is its index.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}
