//! Tells which lines may hold an event, by one search for many literals.
//!
//! Nine lines in ten are no event, and to look at each costs ten times more than to
//! search whole buffers for literals that every event's line contains. A literal
//! chooses candidates only; the record and the row decide (`recognise`). A row for
//! which no literal can be found is refused, since it would have to see every line.
//!
//! The search looks for the first bytes of each literal, so a literal should begin
//! with bytes that are rare together: that made it 1.6 times faster on a gigabyte
//! of publisher log. Literals avoid the bytes that JSON writes in another way, so
//! the lines of Docker's JSON are found as they stand.
//!
//! Known limit: a collector that escapes plain letters hides a line from the search.

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, BuildError, Input, MatchKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

use super::error::RowProblem;

/// Shortest literal, in bytes: shorter ones are found in every other line.
pub(super) const LITERAL_BYTES_MIN: usize = 4;

/// Longest literal of a text row. Short enough that rows that begin alike share it.
const LITERAL_BYTES_MAX: usize = 8;

/// What a row needs a line to contain.
#[derive(Debug)]
pub(super) enum Wanted {
    /// A function's name, in an anchor.
    Function(Vec<u8>),
    /// Each of these texts.
    Texts(Vec<Vec<u8>>),
}

impl Wanted {
    /// The texts that every match of a pattern contains.
    pub(super) fn from_pattern(pattern: &str) -> Result<Self, RowProblem> {
        let parsed = ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .build()
            .parse(pattern);
        let mut runs = Runs::default();
        if let Ok(hir) = &parsed {
            runs.visit(hir);
        }
        runs.end();
        if runs.done.is_empty() {
            return Err(RowProblem::NoLiteral {
                want: LITERAL_BYTES_MIN,
            });
        }
        Ok(Self::Texts(runs.done))
    }

    /// The literals that would do, without regard to others.
    fn literals(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Function(name) if name.len() < LITERAL_BYTES_MIN => {
                vec![[b":", name.as_slice(), b"():0x"].concat()]
            }
            // It begins in the name: what follows the name stands on every line.
            Self::Function(name) => (0..=name.len() - LITERAL_BYTES_MIN)
                .filter_map(|start| Some([name.get(start..)?, b"():0x"].concat()))
                .collect(),
            Self::Texts(texts) => texts
                .iter()
                .flat_map(|text| literals_of_text(text))
                .collect(),
        }
    }

    fn contains(&self, literal: &[u8]) -> bool {
        match self {
            Self::Function(name) => contains(&[name, &b"():0x"[..]].concat(), literal),
            Self::Texts(texts) => texts.iter().any(|text| contains(text, literal)),
        }
    }
}

/// The search.
#[derive(Debug)]
pub(crate) struct Prefilter {
    search: Search,
}

#[derive(Debug)]
enum Search {
    /// SIMD, for as many literals and such machines as it can do.
    Packed(Searcher),
    Automaton(AhoCorasick),
}

impl Prefilter {
    /// Chooses literals and prepares the search for them.
    pub(super) fn new(wanted: &[Wanted]) -> Result<Self, BuildError> {
        let literals = choose(wanted);
        let packed = packed::Builder::new().extend(&literals).build();
        let search = match packed {
            Some(searcher) => Search::Packed(searcher),
            None => Search::Automaton(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostFirst)
                    .build(&literals)?,
            ),
        };
        Ok(Self { search })
    }

    /// The place of the next literal in `text` from `from` on. A line without one is
    /// no event and no near miss.
    pub(crate) fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        if text.len() < from {
            return None;
        }
        match &self.search {
            Search::Packed(searcher) => {
                let span = aho_corasick::Span {
                    start: from,
                    end: text.len(),
                };
                searcher.find_in(text, span).map(|found| found.start())
            }
            Search::Automaton(automaton) => {
                let input = Input::new(text).range(from..);
                automaton.find(input).map(|found| found.start())
            }
        }
    }
}

/// One literal for each wanted text, shared where one serves several.
fn choose(wanted: &[Wanted]) -> Vec<Vec<u8>> {
    let mut chosen: Vec<Vec<u8>> = Vec::new();
    for one in wanted {
        if chosen.iter().any(|literal| one.contains(literal)) {
            continue;
        }
        let best = one.literals().into_iter().min_by_key(|literal| {
            let served = wanted
                .iter()
                .filter(|other| other.contains(literal))
                .count();
            commonness(literal) / u64::try_from(served).unwrap_or(1).max(1)
        });
        chosen.extend(best);
    }
    chosen
}

fn literals_of_text(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..=text.len().saturating_sub(LITERAL_BYTES_MIN)).filter_map(|start| {
        let end = (start + LITERAL_BYTES_MAX).min(text.len());
        Some(text.get(start..end)?.to_vec())
    })
}

fn contains(text: &[u8], literal: &[u8]) -> bool {
    memchr::memmem::find(text, literal).is_some()
}

/// How often a literal's first three bytes are expected, in arbitrary units.
fn commonness(literal: &[u8]) -> u64 {
    literal
        .iter()
        .take(3)
        .map(|byte| frequency(*byte))
        .product()
}

/// Roughly how many of 10,000 bytes of a publisher's log are this one.
///
/// Source: counted over generated logs of the shapes that the vendor documents.
const fn frequency(byte: u8) -> u64 {
    match byte {
        b'0' => 900,
        b' ' | b':' => 600,
        b'p' | b'e' => 440,
        b'1'..=b'4' | b'a' | b'n' | b'-' => 330,
        b'c' | b'o' | b'r' | b't' | b'.' => 250,
        b'5'..=b'9' | b'b' | b'd' | b'i' | b'l' | b's' | b'u' | b'x' => 170,
        b'f' | b'g' | b'h' | b'k' | b'm' | b'=' | b'[' | b']' | b'(' | b')' => 80,
        b'v' | b'w' | b'y' => 40,
        _ => 10,
    }
}

/// Collects the texts that every match contains.
#[derive(Default)]
struct Runs {
    done: Vec<Vec<u8>>,
    current: Vec<u8>,
}

impl Runs {
    fn visit(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                for byte in &literal.0 {
                    self.push(*byte);
                }
            }
            HirKind::Capture(capture) => self.visit(&capture.sub),
            HirKind::Concat(parts) => {
                for part in parts {
                    self.visit(part);
                }
            }
            // The first round joins what came before; how many follow is open.
            HirKind::Repetition(repetition) if 0 < repetition.min => {
                self.visit(&repetition.sub);
                self.end();
            }
            HirKind::Repetition(_) | HirKind::Class(_) | HirKind::Alternation(_) => self.end(),
        }
    }

    fn push(&mut self, byte: u8) {
        // Docker's JSON writes these in another way, or other bytes around them.
        let is_plain = (b' '..=b'~').contains(&byte) && !br#""\<>&/"#.contains(&byte);
        if is_plain {
            self.current.push(byte);
        } else {
            self.end();
        }
    }

    fn end(&mut self) {
        if LITERAL_BYTES_MIN <= self.current.len() {
            self.done.push(std::mem::take(&mut self.current));
        }
        self.current.clear();
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use model::connector::ConnectorKind;

    use super::*;
    use crate::catalogue::Catalogue;

    fn check(pattern: &str, expected: &Expect) {
        let texts = match Wanted::from_pattern(pattern) {
            Ok(Wanted::Texts(texts)) => texts,
            Ok(Wanted::Function(_)) | Err(_) => Vec::new(),
        };
        let texts: Vec<_> = texts
            .iter()
            .map(|text| String::from_utf8_lossy(text))
            .collect();
        expected.assert_eq(&format!("{texts:?}"));
    }

    #[test]
    fn only_text_that_every_match_contains_is_looked_for() {
        check(
            "Attempt (?<n>\\d+) to register(?: via x)?",
            &expect![[r#"["Attempt ", " to register"]"#]],
        );
        check("(?:Get|Post) x509: ", &expect![[r#"[" x509: "]"#]]);
        check("(?:ab){2}cdef", &expect![[r#"["cdef"]"#]]);
        check("(?:abcd)+(?:efgh)*ijkl", &expect![[r#"["abcd", "ijkl"]"#]]);
        check("(?:abcd|efgh)", &expect!["[]"]);
        check("(?i)abcd", &expect!["[]"]);
        check("abcd(", &expect!["[]"]);
    }

    #[test]
    fn what_json_writes_in_another_way_is_never_looked_for() {
        check(
            "Pull & Save \"quoted\" abcd/efgh\\\\ijkl <tag> café",
            &expect![[r#"["Pull ", " Save ", "quoted", " abcd", "efgh", "ijkl ", " caf"]"#]],
        );
    }

    #[test]
    fn rows_that_begin_alike_share_a_literal_and_rare_bytes_come_first() {
        let texts = |text: &str| Wanted::Texts(vec![text.as_bytes().to_vec()]);
        let wanted = [
            Wanted::Function(b"parse".to_vec()),
            Wanted::Function(b"f".to_vec()),
            texts("Publisher registered"),
            texts("Publisher update failed"),
            texts("0000:Wyxx"),
        ];
        let chosen: Vec<_> = choose(&wanted)
            .iter()
            .map(|literal| String::from_utf8_lossy(literal).into_owned())
            .collect();
        expect![[r#"["arse():0x", ":f():0x", "Publishe", "Wyxx"]"#]]
            .assert_eq(&format!("{chosen:?}"));
    }

    #[test]
    fn the_built_in_rows_are_searched_by_simd() {
        let catalogue = Catalogue::built_in(ConnectorKind::NetskopePublisher).unwrap();
        let is_packed = matches!(catalogue.prefilter().search, Search::Packed(_));
        assert_eq!(
            is_packed,
            cfg!(any(target_arch = "x86_64", target_arch = "aarch64"))
        );
    }

    #[test]
    fn a_search_without_simd_finds_the_same() {
        let word = |number: u32| format!("{:08x}", number.wrapping_mul(2_654_435_761));
        let texts = (1..200).map(|number| Wanted::Texts(vec![word(number).into()]));
        let prefilter = Prefilter::new(&texts.collect::<Vec<_>>()).unwrap();
        assert!(matches!(prefilter.search, Search::Automaton(_)));
        let line = format!("none {} and {}", word(7), word(199));
        let text = line.as_bytes();
        // A literal may begin within its word.
        let first = prefilter.find(text, 0).unwrap();
        let second = prefilter.find(text, first + 1).unwrap();
        assert!((5..9).contains(&first) && (18..22).contains(&second));
        assert_eq!(prefilter.find(text, second + 1), None);
        assert_eq!(prefilter.find(text, 999), None);
    }
}
