//! Why a catalogue was refused, and where to mend it.
//!
//! Raised at start-up, at a reload and by `check-config`, never while lines are
//! parsed. The message names the place; the source says what is wrong there and
//! what is wanted instead.

use std::fmt;
use std::sync::Arc;

use model::event::EventKind;

/// Why a catalogue was refused. The caller keeps the catalogue it had.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A file is longer than a catalogue can reasonably be.
    #[error("{file}: the catalogue has {bytes} bytes, want at most {bytes_max}")]
    TooLong {
        /// The file's name.
        file: String,
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// Not YAML of the expected shape: an unknown key, an unknown event, a wrong type.
    #[error("{file}:{line}: the catalogue is malformed at `{key}`")]
    Malformed {
        /// The file's name.
        file: String,
        /// Line in the file, from 1.
        line: usize,
        /// Path of the key, for example `rows[3].reason`.
        key: String,
        /// What the reader objected to.
        source: serde_yaml::Error,
    },
    /// A version of the format that this program does not know.
    #[error("{file}: the catalogue has version {version}, want 1")]
    Version {
        /// The file's name.
        file: String,
        /// What it says.
        version: u32,
    },
    /// More rows than are checked in a reasonable time.
    #[error("the catalogue has {rows} rows, want at most {rows_max}")]
    TooManyRows {
        /// How many, ours included.
        rows: usize,
        /// The limit.
        rows_max: usize,
    },
    /// A row cannot be used.
    #[error("{place} is refused")]
    Row {
        /// Which row.
        place: RowPlace,
        /// What is wrong with it.
        #[source]
        problem: Box<RowProblem>,
    },
    /// The rows compile one by one but not together.
    #[error("the rows' patterns are too large together")]
    TooLarge(#[source] Box<regex::Error>),
    /// The literals of the rows could not be made one search.
    #[error("the rows' literals cannot be searched for")]
    Literals(#[source] aho_corasick::BuildError),
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPlace {
    /// The file's name.
    pub file: Arc<str>,
    /// Line in the file where the row begins, from 1.
    pub line: usize,
    /// Which row of its file, from 1.
    pub number: usize,
    /// The row's event, if it tells one.
    pub event: Option<EventKind>,
}

impl fmt::Display for RowPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = self.event.map_or("none", EventKind::name);
        write!(
            formatter,
            "{}:{}: row {} ({event})",
            self.file, self.line, self.number
        )
    }
}

/// What is wrong with a row. Each message says what is wanted.
#[derive(Debug, thiserror::Error)]
pub enum RowProblem {
    /// An event that no line tells.
    #[error(
        "no log line tells `{0}`: it is the agent's own word, of a probe or of the host; \
         name another event"
    )]
    NoLine(EventKind),
    /// Neither a pattern nor JSON, or both.
    #[error("want either `pattern` or `json`, not both and not neither")]
    Matcher,
    /// `record.function` does not name a function.
    #[error("`record.function` is `{0}`, want `file.cpp:function`")]
    Function(String),
    /// `record.component` is no name, or the product's records name none.
    #[error(
        "`record.component` is `{0}`, want a component of a Netskope Client (letters, digits and _) or a function of a Cato Client"
    )]
    Component(String),
    /// A function of a product whose records are not opened by functions.
    #[error(
        "`record.function` is for Publishers; the text of a client's row stands in `record: text`"
    )]
    FunctionOfClient,
    /// A client's pattern that could be anywhere.
    #[error(
        "the pattern does not begin with fixed text of {want} bytes or more; \
         write the first words of the message, without `.*` before them"
    )]
    NoBeginning {
        /// How many bytes are wanted.
        want: usize,
    },
    /// A row that counts as nothing, with keys that only events have.
    #[error(
        "`event: none` wants a `pattern` in `record: text` or of a component, and no more: \
         remove captures, `json`, `reason`, `counts` and `context`"
    )]
    NothingWithKeys,
    /// `context` names a field that no example has.
    #[error("no example has the field `{0}` that `context` asks of the line's prefix")]
    Context(String),
    /// JSON in a text record.
    #[error("`json` wants `record: {{function: …}}`: a text row needs a `pattern` to begin with")]
    JsonInText,
    /// Keys that a JSON row has no use for.
    #[error("`json` tells events by itself: remove `reason` and `counts`")]
    JsonWithPatternKeys,
    /// A pattern does not compile.
    #[error("`{pattern}` is no usable pattern (bytes, no Unicode classes)")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What the compiler objected to.
        source: Box<regex::Error>,
    },
    /// The pattern gives the search nothing to look for.
    #[error(
        "the pattern has no fixed text of {want} bytes or more that every match contains; \
         add some words of the message, outside of `(a|b)` and `?`, without any of \" \\ < > &"
    )]
    NoLiteral {
        /// How many bytes are wanted.
        want: usize,
    },
    /// A reason is no plain word.
    #[error("the reason `{0}` is no plain word, want 1 to 40 of a-z, 0-9 and _")]
    Reason(String),
    /// `reason.from` or `counts.in` names no capture.
    #[error("there is no capture `{0}` in the pattern; write it as `(?<{0}>…)`")]
    Capture(String),
    /// More words than a label should have values.
    #[error("the row has {0} reasons, want at most {1}")]
    TooManyReasons(usize, usize),
    /// No example.
    #[error("the row has no example; give at least one line that it must recognise")]
    NoExample,
    /// An example that no row recognises.
    #[error("its example is not recognised: `{0}`")]
    NotRecognised(String),
    /// An example that another row recognises first.
    #[error("its example is taken by {by}, which comes first: `{line}`")]
    Taken {
        /// The other row.
        by: RowPlace,
        /// The example.
        line: String,
    },
    /// An example that the search for literals would never show to the row.
    #[error("its example does not contain the text that the search looks for: `{0}`")]
    Unsearched(String),
    /// The row gives something else than the example says.
    #[error("its example gives {what} {found}, want {wanted}: `{line}`")]
    Differs {
        /// `event`, `reason`, `time` or `fields`.
        what: &'static str,
        /// What the row gives.
        found: String,
        /// What the example says.
        wanted: String,
        /// The example.
        line: String,
    },
    /// A counterexample that the row recognises.
    #[error("it recognises its counterexample: `{0}`")]
    CounterexampleRecognised(String),
}
