//! The words that a Kubernetes runtime writes after its time: `stdout F `.
//!
//! Takes them off a record's front and tells which part of a record follows. The
//! time before them is read by `timestamp`; which parts belong together is
//! `split`'s business.
//!
//! Source: `stream`, then tags joined by `:`, the first of them `P` or `F`, as the
//! CRI logging design in the Kubernetes repository says, read 2026-11-20.

use super::{Part, Stream};
use crate::timestamp::Stamp;

/// The part that the CRI line `line` holds.
pub(crate) fn part(line: &[u8]) -> Option<Part> {
    if !line.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let (_, rest) = Stamp::read_iso(line)?;
    words(rest.strip_prefix(b" ")?).map(|(part, _)| part)
}

/// Stream and tags at the front of `text`, which follows a time, and what is after them.
pub(super) fn words(text: &[u8]) -> Option<(Part, &[u8])> {
    let (stream, tagged) = match text.strip_prefix(b"stdout ") {
        Some(tagged) => (Stream::Stdout, tagged),
        None => (Stream::Stderr, text.strip_prefix(b"stderr ")?),
    };
    let is_partial = match tagged.first()? {
        b'P' => true,
        b'F' => false,
        _ => return None,
    };
    let after = tagged.get(1..)?;
    let rest = match after.split_first()? {
        (b' ', rest) => rest,
        (b':', tags) => tags.get(memchr::memchr(b' ', tags)? + 1..)?,
        _ => return None,
    };
    Some((Part { stream, is_partial }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<(Stream, bool)>) {
        let found = part(line.as_bytes()).map(|part| (part.stream, part.is_partial));
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn stream_and_first_tag_tell_the_part() {
        let time = "2024-05-02T02:10:00.1Z";
        check(&format!("{time} stdout P x"), Some((Stream::Stdout, true)));
        check(&format!("{time} stderr F "), Some((Stream::Stderr, false)));
        check(
            &format!("{time} stdout P:a:b x"),
            Some((Stream::Stdout, true)),
        );
        for other in ["stdout Px", "stdin F x", "stdout", "stdout P", "x"] {
            check(&format!("{time} {other}"), None);
        }
        check("stdout P x", None);
    }
}
