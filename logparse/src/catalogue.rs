//! The rows that tell what a line means: data, compiled and proven once.
//!
//! Does not know where bytes come from (`scan`). `file` is the YAML as written,
//! `load` compiles it, `prove` holds every row to its examples, `recognise` finds a
//! line's record and the one row that fits, `prefilter` tells which lines are worth
//! that. Rows have an order: the first that fits wins, ours before the operator's.
//!
//! Known limit: one catalogue serves one kind of connector; rows are not shared.

pub(crate) mod beginnings;
mod client;
mod error;
mod file;
mod head;
mod json;
mod load;
mod pairs;
pub(crate) mod prefilter;
mod prove;
pub(crate) mod recognise;
mod row;

use std::collections::HashMap;
use std::sync::Arc;

use model::connector::ConnectorKind;
use model::event::EventKey;
use regex::bytes::RegexSet;

pub use crate::catalogue::error::{CatalogueError, RowPlace, RowProblem};
pub use crate::catalogue::row::{Example, Row, RowRecord};

use crate::catalogue::beginnings::Beginnings;
use crate::catalogue::prefilter::Prefilter;
use crate::catalogue::row::Matcher;

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

/// All rows for one kind of connector. Immutable: share it by `Arc`.
#[derive(Debug)]
pub struct Catalogue {
    kind: ConnectorKind,
    pairs: Vec<EventKey>,
    functions: Vec<Arc<str>>,
    rows: Vec<Row>,
    // Invariant: one matcher a row, in the same order.
    matchers: Vec<Matcher>,
    /// Function name to the files that have one of that name.
    by_function: HashMap<Vec<u8>, Vec<FunctionRows>>,
    /// All text rows at once.
    text_set: RegexSet,
    /// Which row each pattern of the set is.
    text_rows: Vec<RowId>,
    prefilter: Prefilter,
    /// Rows of a client, which has no functions.
    beginnings: Beginnings,
    /// Rows that count as nothing.
    silent: Beginnings,
    /// The components that rows ask for.
    components: Vec<Arc<[u8]>>,
}

/// The rows of one function of one file.
#[derive(Debug)]
struct FunctionRows {
    file: Vec<u8>,
    id: FunctionId,
    rows: Vec<RowId>,
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
    /// A row is never shadowed in silence: if an earlier row takes one of its
    /// examples, the catalogue is refused.
    ///
    /// # Errors
    ///
    /// [`CatalogueError`] names the file, the line, the row and the mend.
    pub fn load(kind: ConnectorKind, files: &[CatalogueFile]) -> Result<Self, CatalogueError> {
        load::load(kind, files)
    }

    /// The product whose lines the rows are about.
    pub const fn kind(&self) -> ConnectorKind {
        self.kind
    }

    /// Every `(event, reason)` that the rows can tell, sorted. [`PairId`] is its index.
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

    /// The rows of one function.
    pub(crate) fn rows_of(&self, function: FunctionId) -> Vec<RowId> {
        let mut known = self.by_function.values().flatten();
        let found = known.find(|one| one.id == function);
        found.map(|one| one.rows.clone()).unwrap_or_default()
    }

    /// Whether each line is looked at, and not only those that hold a literal.
    pub(crate) const fn reads_every_line(&self) -> bool {
        match self.kind {
            ConnectorKind::NetskopePublisher => false,
            ConnectorKind::NetskopeClient | ConnectorKind::CatoClient => true,
        }
    }

    /// The search for lines that may hold an event.
    pub(crate) fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }
}
