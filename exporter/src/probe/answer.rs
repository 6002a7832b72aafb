//! What all readers of tools' texts need: values that are short, printable and nobody's name.
//!
//! A value becomes a label and a cell of a page, so it is cut and cleaned here, before
//! anybody keeps it. A value that holds an e-mail address is no fact of a device: it is
//! left out, since some operators name configurations after people.

use model::connector::{Fact, Facts};
use model::untrusted::{Untrusted, is_unprintable};

/// Most characters kept of a value. A gateway's name has half of it.
const VALUE_CHARACTERS_MAX: usize = 120;

/// A value without what could not be printed, cut to its bound. `None` if nothing is
/// left, or only a word for nothing.
pub(super) fn cleaned(value: &str) -> Option<String> {
    let is_kept =
        |character: &char| !is_unprintable(*character) && *character != char::REPLACEMENT_CHARACTER;
    let kept: String = value
        .chars()
        .filter(is_kept)
        .skip_while(|character| character.is_whitespace())
        .take(VALUE_CHARACTERS_MAX)
        .collect();
    let text = kept.trim_end();
    let is_nothing = ["", "-", "n/a", "none", "null"]
        .iter()
        .any(|nothing| text.eq_ignore_ascii_case(nothing));
    (!is_nothing).then(|| text.to_owned())
}

/// Learns a value as a fact, unless it is empty or names a person.
pub(super) fn learn(facts: &mut Facts, fact: Fact, value: &str) {
    if let Some(text) = cleaned(value).filter(|text| !holds_address(text)) {
        facts.learn(fact, Untrusted::new(&text));
    }
}

/// A word as it is compared: its letters and digits, in lower case. What vendors put
/// between them differs from version to version.
pub(super) fn bare(word: &str) -> String {
    word.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(VALUE_CHARACTERS_MAX)
        .collect()
}

/// Whether an e-mail address stands in the text: something on both sides of an `@`.
fn holds_address(text: &str) -> bool {
    let is_name = |character: Option<char>| character.is_some_and(|c| !c.is_whitespace());
    text.match_indices('@').any(|(at, _)| {
        let (before, after) = text.split_at_checked(at).unwrap_or_default();
        is_name(before.chars().next_back()) && is_name(after.chars().nth(1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_short_and_printable() {
        assert_eq!(
            cleaned(" \u{1b}[31mred\u{7}\u{202e} "),
            Some("[31mred".to_owned())
        );
        assert_eq!(cleaned(&"é".repeat(500)).unwrap().chars().count(), 120);
        for nothing in ["", "  ", "N/A", "-", "None", "\u{0}\u{fffd}"] {
            assert_eq!(cleaned(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_value_that_names_a_person_is_no_fact() {
        let mut facts = Facts::default();
        learn(
            &mut facts,
            Fact::ClientConfiguration,
            "for alice@example.com",
        );
        assert!(facts.is_empty());
        learn(&mut facts, Fact::ClientConfiguration, "staff @ home");
        assert_eq!(facts.iter().count(), 1);
    }
}
