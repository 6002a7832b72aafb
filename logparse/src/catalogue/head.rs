//! Patterns that only ask how a message begins.
//!
//! Most rows are a fixed text and then fields that may be missing. Whether such a
//! row fits is a comparison of bytes, several times cheaper than any automaton; the
//! pattern itself is only needed for the fields of events that someone keeps.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

/// The bytes whose presence at the front is all that `pattern` asks for. `None` if
/// it asks for more.
pub(super) fn sufficient_head(pattern: &str) -> Option<Vec<u8>> {
    let parsed = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern);
    let mut head = Head::default();
    (head.is_enough(&parsed.ok()?) && !head.bytes.is_empty()).then_some(head.bytes)
}

#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
    /// Something that is no fixed text has come.
    is_over: bool,
}

impl Head {
    /// Takes in one part. Whether the head is still all that is asked for.
    fn is_enough(&mut self, part: &Hir) -> bool {
        match part.kind() {
            HirKind::Literal(literal) if !self.is_over => {
                self.bytes.extend(&literal.0);
                true
            }
            HirKind::Capture(capture) => self.is_enough(&capture.sub),
            HirKind::Concat(parts) => parts.iter().all(|inner| self.is_enough(inner)),
            HirKind::Literal(_)
            | HirKind::Empty
            | HirKind::Class(_)
            | HirKind::Look(_)
            | HirKind::Repetition(_)
            | HirKind::Alternation(_) => {
                self.is_over = true;
                // What may be empty, wherever it stands, asks for nothing.
                let properties = part.properties();
                properties.minimum_len() == Some(0) && properties.look_set().is_empty()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::bytes::RegexBuilder;

    use super::*;

    const PATTERNS: [(&str, Option<&[u8]>); 14] = [
        ("ab", Some(b"ab")),
        ("a(?<x>b)", Some(b"ab")),
        ("ab(?: (?<x>c+))?", Some(b"ab")),
        ("a(?<x>(?: b)*)", Some(b"a")),
        ("ab|", None),
        ("ab|a", None),
        ("ab?c", None),
        ("ab(?<x>c*)$", None),
        ("ab\\b", None),
        ("a(?<x>.+)", None),
        ("^ab", None),
        ("(?i)ab", None),
        ("b*", None),
        ("a(", None),
    ];

    #[test]
    fn only_what_asks_for_no_more_has_a_head() {
        for (pattern, expected) in PATTERNS {
            assert_eq!(sufficient_head(pattern).as_deref(), expected, "{pattern}");
        }
    }

    proptest! {
        /// The short cut and the pattern agree on every message.
        #[test]
        fn a_head_decides_as_its_pattern_does(message in "[abc ]{0,6}") {
            for (pattern, _) in PATTERNS {
                let Some(head) = sufficient_head(pattern) else { continue };
                let anchored = format!(r"\A(?:{pattern})");
                let regex = RegexBuilder::new(&anchored).unicode(false).build().unwrap();
                let fits = message.as_bytes().starts_with(&head);
                prop_assert_eq!(regex.is_match(message.as_bytes()), fits, "{}", pattern);
            }
        }
    }
}
