//! Why a line is an event, or is not.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::event::Event;
use model::untrusted::Untrusted;

use crate::catalogue::{Catalogue, FunctionId, RowId};

/// What the catalogue makes of one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Names of the prefixes before the record, outermost first.
    pub prefixes: Vec<&'static str>,
    /// The line's own time.
    pub time: Option<Timestamp>,
    /// What opened the record.
    pub record: RecordOpening,
    /// The record's text, after prefixes and anchor.
    pub message: Untrusted,
    /// What became of it.
    pub verdict: Verdict,
}

/// What opens a line's one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordOpening {
    /// A `file.cpp:NN:func():0x…` anchor, as `file.cpp:func`.
    Anchor(Untrusted),
    /// The wizard's time stamp.
    WizardStamp,
    /// The beginning of the line, after its prefixes.
    Beginning,
}

/// The outcome of an explanation.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// A row knows it.
    Recognised {
        /// Which row.
        row: RowId,
        /// The event it makes.
        event: Event,
    },
    /// Rows know the function, none the text.
    NearMiss {
        /// The function.
        function: FunctionId,
        /// Those rows.
        rows: Vec<RowId>,
    },
    /// No row knows the function.
    UnknownFunction,
    /// An anchor stands in the line where none may open a record.
    ForeignAnchor,
    /// No row begins like this.
    NoRow,
}

impl Catalogue {
    /// Tells step by step what becomes of `line` (without its line end).
    pub fn explain(&self, line: &[u8], zone: &TimeZone) -> Explanation {
        let _ = zone;
        Explanation {
            prefixes: Vec::new(),
            time: None,
            record: RecordOpening::Beginning,
            message: Untrusted::from_bytes(line),
            verdict: Verdict::NoRow,
        }
    }
}
