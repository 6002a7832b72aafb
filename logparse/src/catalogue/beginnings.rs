//! From a text's first bytes to the rows that may fit it.
//!
//! A client writes a line for every connection, so most of its lines are events and a
//! search for lines worth a look would find nearly all. Instead each text's first three
//! bytes choose a handful of rows, and those whose fixed beginning the text has are
//! asked. Patterns whose fixed beginnings are shorter than that are kept apart: they
//! would be asked about every text.
//!
//! Known limit: rows that begin with the same three bytes are asked one after another.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use super::RowId;
use super::row::Component;

/// How many bytes choose the rows, and so the shortest beginning of a pattern.
pub(super) const BEGINNING_BYTES: usize = 3;

/// A row that may fit.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// What the text must begin with.
    beginning: Vec<u8>,
    pub(crate) row: RowId,
    /// The component whose texts it is about; any if there is none.
    pub(crate) component: Option<Component>,
}

/// Rows by the first bytes of the texts that they fit.
#[derive(Debug, Default)]
pub(crate) struct Beginnings {
    /// Sorted; each is the first bytes of all candidates at its place, as a number:
    /// numbers are compared faster than bytes.
    keys: Vec<u32>,
    /// In the order of the rows.
    candidates: Vec<Vec<Candidate>>,
    /// Rows without a fixed beginning.
    open: Vec<Candidate>,
}

impl Beginnings {
    /// Adds a row whose pattern begins with one of these texts.
    pub(super) fn add(&mut self, texts: Vec<Vec<u8>>, row: RowId, component: Option<Component>) {
        for beginning in texts {
            let Some(key) = key(&beginning) else {
                continue;
            };
            let candidate = Candidate {
                beginning,
                row,
                component,
            };
            match self.keys.binary_search(&key) {
                Ok(place) => self.candidates.get_mut(place).into_iter().for_each(|rows| {
                    rows.push(candidate.clone());
                }),
                Err(place) => {
                    self.keys.insert(place, key);
                    self.candidates.insert(place, vec![candidate]);
                }
            }
        }
    }

    /// Adds a row that must be asked about every text.
    pub(super) fn add_open(&mut self, row: RowId, component: Option<Component>) {
        self.open.push(Candidate {
            beginning: Vec::new(),
            row,
            component,
        });
    }

    /// The rows that may fit `text`.
    pub(crate) fn of<'b>(&'b self, text: &[u8]) -> impl Iterator<Item = &'b Candidate> {
        let known = key(text).and_then(|key| self.keys.binary_search(&key).ok());
        let chosen = known.and_then(|place| self.candidates.get(place));
        let fitting = chosen.into_iter().flatten();
        fitting
            .filter(|candidate| text.starts_with(&candidate.beginning))
            .chain(&self.open)
    }
}

fn key(text: &[u8]) -> Option<u32> {
    let first: &[u8; BEGINNING_BYTES] = text.first_chunk()?;
    Some(
        first
            .iter()
            .fold(0, |key, byte| key << 8 | u32::from(*byte)),
    )
}

/// The texts of which every match of `pattern` begins with one. `None` if there are no
/// such texts of [`BEGINNING_BYTES`] or more.
pub(super) fn of_pattern(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).build();
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix);
    let found = extractor.extract(&parser.parse(pattern).ok()?);
    let texts: Vec<Vec<u8>> = found
        .literals()?
        .iter()
        .map(|literal| literal.as_bytes().to_vec())
        .collect();
    let are_long = texts.iter().all(|text| BEGINNING_BYTES <= text.len());
    (are_long && !texts.is_empty()).then_some(texts)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(pattern: &str, expected: &Expect) {
        let texts = of_pattern(pattern).map(|texts| {
            let texts = texts
                .into_iter()
                .map(|text| String::from_utf8(text).unwrap());
            texts.collect::<Vec<_>>()
        });
        expected.assert_eq(&format!("{texts:?}"));
    }

    #[test]
    fn a_pattern_begins_with_few_fixed_texts_or_is_open() {
        check("Tunneling flow", &expect![[r#"Some(["Tunneling flow"])"#]]);
        check(
            r"RTT = (?<rtt>\d+) ms",
            &expect![[
                r#"Some(["RTT = 0", "RTT = 1", "RTT = 2", "RTT = 3", "RTT = 4", "RTT = 5", "RTT = 6", "RTT = 7", "RTT = 8", "RTT = 9"])"#
            ]],
        );
        check(
            "(?:[Bb]ypassing|Dropping) connection",
            &expect![[
                r#"Some(["Bypassing connection", "bypassing connection", "Dropping connection"])"#
            ]],
        );
        check("(?:abcd)?efgh", &expect![[r#"Some(["abcdefgh", "efgh"])"#]]);
        for open in [".*flow", "ab", "(?:abcd|a)x", r"\d+ flows", "", "a("] {
            assert_eq!(of_pattern(open), None, "{open}");
        }
    }

    #[test]
    fn first_bytes_choose_rows_in_their_order() {
        let mut table = Beginnings::default();
        table.add(vec![b"flow up".to_vec()], RowId(0), None);
        table.add(vec![b"flow".to_vec(), b"tunnel".to_vec()], RowId(1), None);
        table.add_open(RowId(2), None);
        let rows =
            |text: &str| -> Vec<usize> { table.of(text.as_bytes()).map(|one| one.row.0).collect() };
        assert_eq!(rows("flow up"), [0, 1, 2]);
        assert_eq!(rows("flow down"), [1, 2]);
        assert_eq!(rows("tunnels"), [1, 2]);
        assert_eq!(rows("tunn"), [2]);
        assert_eq!(rows("fl"), [2]);
    }
}
