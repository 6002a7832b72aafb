//! What is recognised by its first bytes.

use super::{Sniffed, sniff};

#[test]
fn packings_are_recognised_by_their_first_bytes() {
    assert_eq!(sniff(&[0x1f, 0x8b, 8]), Sniffed::Gzip);
    assert_eq!(
        sniff(&[0x28, 0xb5, 0x2f, 0xfd, 0]),
        Sniffed::Foreign("zstd")
    );
    assert_eq!(sniff(b"BZh91AY"), Sniffed::Foreign("bzip2"));
    assert_eq!(sniff(b"\xfd7zXZ\0"), Sniffed::Foreign("xz"));
    assert_eq!(sniff(b"PK\x03\x04"), Sniffed::Foreign("zip"));
    assert_eq!(sniff(b"a line\n"), Sniffed::Plain);
    assert_eq!(sniff(&[0x1f]), Sniffed::Plain);
    assert_eq!(sniff(b""), Sniffed::Plain);
}
