//! Text that came from a log, a packet or a request, and may be hostile.
//!
//! [`Untrusted`] has no `Display` on purpose: whoever shows it must say for which
//! reader it is encoded. Pages escape the [`Untrusted::printable`] form again as
//! HTML; JSON writers take [`Untrusted::expose`] since JSON escapes by itself.
//! It never becomes a metric name or a label.

use std::borrow::Cow;
use std::fmt;

/// Longest text kept of one field, in bytes. A stitcher's name or a certificate's
/// subject is far shorter; what is longer is cut.
pub const UNTRUSTED_BYTES_MAX: usize = 512;

/// A piece of text whose author we do not know.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Untrusted(String);

impl Untrusted {
    /// Keeps at most [`UNTRUSTED_BYTES_MAX`] bytes of `text`, cut at a character.
    pub fn new(text: &str) -> Self {
        let mut end = text.len().min(UNTRUSTED_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self(text.get(..end).unwrap_or_default().to_owned())
    }

    /// Keeps the bytes as text; bytes that are no UTF-8 become U+FFFD.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let head = bytes.get(..UNTRUSTED_BYTES_MAX).unwrap_or(bytes);
        Self::new(&String::from_utf8_lossy(head))
    }

    /// The text as it came. The caller encodes it for its reader.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text for a terminal, a log line or (after HTML escaping) a page:
    /// control characters and direction marks are spelled out as `\u{..}`.
    pub fn printable(&self) -> Cow<'_, str> {
        printable(&self.0)
    }
}

/// Spells out what could move a cursor, ring a bell or reorder text.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_add(16));
    for character in text.chars() {
        if is_unprintable(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Whether a character could move a cursor or turn the direction of reading: C0, DEL,
/// C1, line separators, direction marks, and what has no width or is never shown.
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.printable())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_direction_marks_are_spelled_out() {
        let hostile = Untrusted::new("a\u{1b}[31mb\u{202e}c\u{9b}d\u{7}");
        assert_eq!(hostile.printable(), "a\\u{1b}[31mb\\u{202e}c\\u{9b}d\\u{7}");
    }

    #[test]
    fn what_turns_the_direction_or_is_never_shown_is_unprintable() {
        for one in ['\u{61c}', '\u{200f}', '\u{2060}', '\u{2069}', '\u{e0041}'] {
            assert!(is_unprintable(one), "{}", one.escape_unicode());
        }
        assert!(
            ['é', 'ا', '漢', '\u{301}']
                .into_iter()
                .all(|one| !is_unprintable(one))
        );
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let cut = Untrusted::new(&"é".repeat(UNTRUSTED_BYTES_MAX));
        assert_eq!(cut.expose().len(), UNTRUSTED_BYTES_MAX);
        let odd = Untrusted::new(&format!("a{}", "é".repeat(UNTRUSTED_BYTES_MAX)));
        assert_eq!(odd.expose().len(), UNTRUSTED_BYTES_MAX - 1);
    }
}
