//! The anchor that opens a record: `file.cpp:NN:func():0x… message`.
//!
//! A C++ line names the place in the vendor's source that wrote it. File and
//! function identify the message; the line number moves between releases and is
//! never looked at. Whether an anchor may open the line's record is decided by
//! `catalogue::recognise`, from where the anchor stands.

use memchr::memmem;

/// Farthest that an anchor may begin from the line's start, in bytes. A prefix of
/// host, time and level is far shorter; what comes later is somebody's text.
pub(crate) const PREFIX_BYTES_MAX: usize = 256;

/// Longest file and function name that is looked for, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// An anchor, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor<'a> {
    /// `sslhelper.cpp`.
    pub(crate) file: &'a [u8],
    /// `logSslError`, may hold `::` and `~`.
    pub(crate) function: &'a [u8],
    /// What follows the anchor and its space.
    pub(crate) message: &'a [u8],
}

/// The anchor that `text` begins with.
pub(crate) fn anchor_at_start(text: &[u8]) -> Option<Anchor<'_>> {
    let name_len = length_of(text, is_file_byte);
    if name_len == 0 {
        return None;
    }
    let rest = text.get(name_len..)?.strip_prefix(b".cpp:")?;
    let file = text.get(..name_len + ".cpp".len())?;
    let digits = length_of(rest, |byte| byte.is_ascii_digit());
    if digits == 0 {
        return None;
    }
    let rest = rest.get(digits..)?.strip_prefix(b":")?;
    let (function, rest) = rest.split_at_checked(length_of(rest, is_function_byte))?;
    if function.is_empty() {
        return None;
    }
    let rest = rest.strip_prefix(b"():0x")?;
    let pointer = length_of(rest, |byte| byte.is_ascii_hexdigit());
    if pointer == 0 {
        return None;
    }
    let message = match rest.get(pointer..)? {
        [] => &[],
        [b' ', message @ ..] => message,
        _ => return None,
    };
    Some(Anchor {
        file,
        function,
        message,
    })
}

/// The first anchor in `text`, with the bytes before it. Looks only as far as an
/// anchor could open a record.
pub(crate) fn first_anchor(text: &[u8]) -> Option<(&[u8], Anchor<'_>)> {
    let searched = text
        .get(..PREFIX_BYTES_MAX + NAME_BYTES_MAX)
        .unwrap_or(text);
    memmem::find_iter(searched, b".cpp:").find_map(|dot| {
        let name_len = searched
            .get(..dot)?
            .iter()
            .rev()
            .take_while(|byte| is_file_byte(**byte))
            .count();
        let (before, from_name) = text.split_at_checked(dot.checked_sub(name_len)?)?;
        Some((before, anchor_at_start(from_name)?))
    })
}

const fn is_file_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether `byte` may stand in the name of a function.
pub(crate) const fn is_function_byte(byte: u8) -> bool {
    is_file_byte(byte) || byte == b'~' || byte == b':'
}

fn length_of(text: &[u8], is_part: impl Fn(u8) -> bool) -> usize {
    let searched = text.get(..NAME_BYTES_MAX).unwrap_or(text);
    searched.iter().take_while(|byte| is_part(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(&str, &str, &str)> {
        let text_of = |bytes| std::str::from_utf8(bytes).unwrap();
        anchor_at_start(text.as_bytes()).map(|anchor| {
            (
                text_of(anchor.file),
                text_of(anchor.function),
                text_of(anchor.message),
            )
        })
    }

    #[test]
    fn an_anchor_names_file_function_and_message() {
        assert_eq!(
            parts("L3ClientChannel.cpp:48:destroy():0x1292810 Cleaning up"),
            Some(("L3ClientChannel.cpp", "destroy", "Cleaning up"))
        );
        assert_eq!(parts("a.cpp:1:B::~B():0xfF"), Some(("a.cpp", "B::~B", "")));
    }

    #[test]
    fn what_only_looks_like_an_anchor_is_none() {
        for text in [
            "",
            ".cpp:1:f():0x0 x",
            "a.cpp:f():0x0 x",
            "a.cpp:1:():0x0 x",
            "a.cpp:1:f(int):0x0 x",
            "a.cpp:1:f():0x x",
            "a.cpp:1:f():0x0\tx",
            "a.hpp:1:f():0x0 x",
            " a.cpp:1:f():0x0 x",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_anchor_wins_and_a_far_one_is_not_seen() {
        let line = b"[x] see a.cpp then b.cpp:1:f():0x0 m c.cpp:1:g():0x0 n";
        let (before, anchor) = first_anchor(line).unwrap();
        assert_eq!(
            (before, anchor.function),
            (&b"[x] see a.cpp then "[..], &b"f"[..])
        );
        let far = [b" ".repeat(400), b"b.cpp:1:f():0x0 m".to_vec()].concat();
        assert_eq!(first_anchor(&far), None);
    }
}
