//! Finds a client's version in a text that is nothing else than about it.
//!
//! Versions become labels, so what counts as one has a narrow form: digits and dots.

/// Most digits of one group.
const GROUP_DIGITS_MAX: usize = 10;

/// The first version number in a text: two to five groups of digits with dots between
/// them, such as `5.5.0.2120`.
///
/// A `v` before it and a build's mark behind it (`-rc1`, `+7`) are left out. A number
/// within a time, a path or a word is none.
pub fn version_in(text: &str) -> Option<&str> {
    text.split(is_between).find_map(version_of_word)
}

fn is_between(character: char) -> bool {
    character.is_whitespace() || "\"'()[]{}<>,;=".contains(character)
}

fn version_of_word(word: &str) -> Option<&str> {
    let word = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let end = word.find(['-', '+']).unwrap_or(word.len());
    let number = word.get(..end)?.trim_end_matches(['.', ':']);
    let mut groups = number.split('.');
    let is_group = |group: &str| {
        (1..=GROUP_DIGITS_MAX).contains(&group.len())
            && group.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_version = (2..=5).contains(&groups.clone().count()) && groups.all(is_group);
    is_version.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_a_sentence() {
        for (text, version) in [
            ("5.5.0.2120", "5.5.0.2120"),
            ("Cato Client version: 5.5.0.2120.\n", "5.5.0.2120"),
            ("cato-sdp v5.5.0-rc1 (OpenSSL 3.0.2)", "5.5.0"),
            ("version=\"6.13\"", "6.13"),
            ("client 2, 1.2.3.4.5", "1.2.3.4.5"),
        ] {
            assert_eq!(version_in(text), Some(version), "{text}");
        }
    }

    #[test]
    fn what_is_not_digits_and_dots_is_no_version() {
        for text in [
            "",
            "5",
            "1.2.3.4.5.6",
            "5..5",
            ".5.5",
            "a5.5",
            "5.5a",
            "11:00:29.125",
            "/opt/cato-5.5/bin",
            "5.12345678901",
            "٥.٥",
        ] {
            assert_eq!(version_in(text), None, "{text}");
        }
    }
}
