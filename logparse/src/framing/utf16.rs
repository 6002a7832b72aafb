//! UTF-16 lines: finding units, and decoding one line to UTF-8.
//!
//! Works on raw bytes at even places, so offsets stay those of the file. Byte order
//! marks are taken off by `scan`, which knows where the file begins.

use super::Encoding;

/// Finds `unit` at an even place of `text`. An odd last byte is no unit.
pub(super) fn find_unit(text: &[u8], unit: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, unit).find(|place| place % 2 == 0)
}

/// Decodes `raw` into `text`. Lone surrogates and an odd last byte become U+FFFD.
/// Returns whether everything was valid.
pub(crate) fn decode(raw: &[u8], encoding: Encoding, text: &mut String) -> bool {
    text.clear();
    let pairs = raw.chunks_exact(2);
    let mut is_valid = pairs.remainder().is_empty();
    let units = pairs.filter_map(|pair| {
        let pair = <[u8; 2]>::try_from(pair).ok()?;
        Some(match encoding {
            Encoding::Utf16Be => u16::from_be_bytes(pair),
            Encoding::Utf8 | Encoding::Utf16Le => u16::from_le_bytes(pair),
        })
    });
    for character in char::decode_utf16(units) {
        text.push(character.unwrap_or_else(|_| {
            is_valid = false;
            char::REPLACEMENT_CHARACTER
        }));
    }
    if !raw.len().is_multiple_of(2) {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    is_valid
}
