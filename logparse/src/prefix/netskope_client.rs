//! What stands before a record of a Netskope Client, in its two logs.
//!
//! `nsdebuglog.log` writes time, process, ids, level and place in the vendor's source;
//! `npadebuglog.log` writes host and time in brackets, then perhaps a level and a
//! place. Both are taken off, the place's line number unseen: it moves between
//! releases. What the text after them means, and which component it names, is the
//! catalogue's.
//!
//! Nothing but the front of a line is looked at. The rest of a record in several lines
//! (JSON, a policy) has no such front, so it never opens a record.
//!
//! Known limit: a record of an unknown shape is taken for the rest of another one.

use super::{Context, Opened, styles};
use crate::record::is_function_byte;
use crate::timestamp::Stamp;

/// What `explain` calls the prefixes.
const DEBUG_LOG: &str = "nsdebuglog";
const NPA_LOG: &str = "npadebuglog";
const PLACE: &str = "source file";

/// Longest word of a prefix, in bytes.
const WORD_BYTES_MAX: usize = 64;

/// Takes the prefix off a record. `None` if none begins in `line`.
pub(crate) fn strip(line: &[u8]) -> Option<Opened<'_>> {
    match line.first()? {
        b'[' => npa_log(line),
        first if first.is_ascii_digit() => debug_log(line),
        // Samples are published without what stands before the place.
        _ => place(line).map(|rest| opened(PLACE, None, rest)),
    }
}

/// Whether texts after this prefix begin with a component's name, as far as is known.
pub(crate) fn names_component(style: &str) -> bool {
    style == DEBUG_LOG
}

/// The word at the front of a record's text that may be a component's name, and what
/// follows it.
pub(crate) fn component(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let name = length_of(text, |byte| is_name_byte(*byte));
    let (name, rest) = text.split_at_checked(name)?;
    let rest = after_spaces(rest)?;
    name.first()?.is_ascii_alphabetic().then_some((name, rest))
}

/// Whether [`component`] can read `name`.
pub(crate) fn is_component(name: &str) -> bool {
    let text = format!("{name} ");
    component(text.as_bytes()).is_some_and(|(found, _)| found == name.as_bytes())
}

/// A text without the tunnel's protocol and session before it, and the protocol.
pub(crate) fn message(text: &[u8]) -> (Option<Context<'_>>, &[u8]) {
    let protocol_len = match text {
        [b'T', b'L', b'S', b' ', ..] => b"TLS".len(),
        [b'D', b'T', b'L', b'S', b' ', ..] => b"DTLS".len(),
        _ => return (None, after_session(text)),
    };
    let (value, rest) = text.split_at_checked(protocol_len).unwrap_or_default();
    let context = Context {
        name: "tunnel_protocol",
        value,
    };
    let rest = after_spaces(rest).unwrap_or_default();
    (Some(context), after_session(rest))
}

/// What follows `[sessId N] `; the text itself if it does not begin so.
fn after_session(text: &[u8]) -> &[u8] {
    let inside = text.strip_prefix(b"[sessId ");
    let after = inside.and_then(|number| {
        let digits = length_of(number, u8::is_ascii_digit);
        after_spaces(number.get(digits..)?.strip_prefix(b"]")?)
    });
    after.unwrap_or(text)
}

const fn opened<'a>(style: &'static str, stamp: Option<Stamp>, rest: &'a [u8]) -> Opened<'a> {
    Opened {
        style,
        stamp,
        is_stamped: stamp.is_some(),
        context: None,
        rest,
    }
}

/// `YYYY/MM/DD hh:mm:ss.fff process pID tID level file.cpp:NN `. Ids are hexadecimal on
/// Windows and decimal on macOS.
fn debug_log(line: &[u8]) -> Option<Opened<'_>> {
    let (stamp, rest) = Stamp::read_slashed(line)?;
    let (_process, rest) = word(rest.strip_prefix(b" ")?)?;
    let rest = id(rest, b'p')?;
    let rest = id(rest, b't')?;
    let (_level, rest) = word(rest)?;
    Some(opened(DEBUG_LOG, Some(stamp), place(rest)?))
}

/// `[host:YYYY-MM-DD hh:mm:ss.ffffff +hh:mm] [level] file.cpp:NN:function(): `. Only the
/// time is always there.
fn npa_log(line: &[u8]) -> Option<Opened<'_>> {
    let (stamp, rest) = styles::bracket_stamp(line)?;
    Some(opened(NPA_LOG, Some(stamp), place(rest).unwrap_or(rest)))
}

/// What follows `file.cpp:NN`, an optional `:function():`, and at least one space.
fn place(text: &[u8]) -> Option<&[u8]> {
    let name = length_of(text, |byte| is_name_byte(*byte));
    if name == 0 {
        return None;
    }
    let rest = text.get(name..)?.strip_prefix(b".cpp:")?;
    let digits = length_of(rest, u8::is_ascii_digit);
    if digits == 0 {
        return None;
    }
    let rest = rest.get(digits..)?;
    match rest.strip_prefix(b":") {
        Some(named) => after_spaces(after_function(named)?),
        None => after_spaces(rest),
    }
}

/// What follows `function():`, and the address that a Publisher writes after it: nobody
/// has shown a whole line of a client.
fn after_function(text: &[u8]) -> Option<&[u8]> {
    let called = text.get(length_of(text, |byte| is_function_byte(*byte))..)?;
    let rest = called.strip_prefix(b"():")?;
    let Some(address) = rest.strip_prefix(b"0x") else {
        return Some(rest);
    };
    address.get(length_of(address, u8::is_ascii_hexdigit)..)
}

/// What follows the id that begins with `letter`.
fn id(text: &[u8], letter: u8) -> Option<&[u8]> {
    let (id, rest) = word(text)?;
    let (first, digits) = id.split_first()?;
    let is_id = *first == letter && !digits.is_empty() && digits.iter().all(is_hex_digit);
    is_id.then_some(rest)
}

/// The word at the front, and what follows the spaces after it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = first_space(text).filter(|end| 0 < *end)?;
    let (word, rest) = text.split_at_checked(end)?;
    Some((word, after_spaces(rest)?))
}

/// Where the first space is, if the bytes before it may be a word. Looks at eight bytes
/// at a time: words are short, and nearly all lines of a busy client come by here.
fn first_space(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH_BITS: u64 = ONES << 7;
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    let searched = text.get(..=WORD_BYTES_MAX).unwrap_or(text);
    let (eights, rest) = searched.as_chunks::<8>();
    let mut at = 0;
    for eight in eights {
        // A space becomes 0, and the first byte that is 0 is the first that borrows.
        let others = u64::from_le_bytes(*eight) ^ SPACES;
        let spaces = others.wrapping_sub(ONES) & !others & HIGH_BITS;
        if spaces != 0 {
            return Some(at + usize::try_from(spaces.trailing_zeros() / 8).ok()?);
        }
        at += eight.len();
    }
    let place = rest.iter().position(|byte| *byte == b' ')?;
    Some(at + place)
}

/// What follows one space or more; nothing if there is none.
fn after_spaces(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b" ")?;
    while let [b' ', more @ ..] = rest {
        rest = more;
    }
    Some(rest)
}

/// What a byte may be part of. Looked up: all bytes of all prefixes come by, and to
/// compare each with several ranges takes twice as long.
#[derive(Clone, Copy)]
struct ByteClass {
    /// The name of a file or a component.
    is_name: bool,
    /// An id.
    is_hex_digit: bool,
}

const BYTE_CLASSES: [ByteClass; 256] = {
    let none = ByteClass {
        is_name: false,
        is_hex_digit: false,
    };
    let mut classes = [none; 256];
    let mut rest: &mut [ByteClass] = &mut classes;
    let mut byte: u8 = 0;
    while let Some((class, others)) = rest.split_first_mut() {
        class.is_name = byte.is_ascii_alphanumeric() || byte == b'_';
        class.is_hex_digit = byte.is_ascii_hexdigit();
        byte = byte.wrapping_add(1);
        rest = others;
    }
    classes
};

fn is_name_byte(byte: u8) -> bool {
    let class = BYTE_CLASSES.get(usize::from(byte));
    class.is_some_and(|class| class.is_name)
}

fn is_hex_digit(byte: &u8) -> bool {
    let class = BYTE_CLASSES.get(usize::from(*byte));
    class.is_some_and(|class| class.is_hex_digit)
}

fn length_of(text: &[u8], is_part: impl Fn(&u8) -> bool) -> usize {
    let searched = text.get(..WORD_BYTES_MAX).unwrap_or(text);
    searched.iter().take_while(|byte| is_part(byte)).count()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use jiff::tz::TimeZone;

    use super::*;

    fn check(line: &str, expected: &Expect) {
        let told = strip(line.as_bytes()).map(|opened| {
            let time = opened.stamp.and_then(|stamp| stamp.time(&TimeZone::UTC));
            let time = time.map_or("-".to_owned(), |time| time.to_string());
            let rest = String::from_utf8_lossy(opened.rest).into_owned();
            format!("{} | {time} | {rest}", opened.style)
        });
        expected.assert_eq(&told.unwrap_or("none".to_owned()));
    }

    #[test]
    fn the_debug_log_has_ids_a_level_and_a_place() {
        check(
            "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info tunnel.cpp:1074 nsTunnel DTLS x",
            &expect!["nsdebuglog | 2024-05-01T07:50:34.981Z | nsTunnel DTLS x"],
        );
        check(
            "2026/01/15 16:17:14.932647 stAgentNE p18280 t31163 warn a_b.cpp:1   Config x",
            &expect!["nsdebuglog | 2026-01-15T16:17:14.932647Z | Config x"],
        );
        for torn in [
            "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info tunnel.cpp:1074",
            "2024/05/01 07:50:34.981 stAgentSvc p6ffg t50dc info tunnel.cpp:1074 x",
            "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info tunnel.hpp:1074 x",
            "2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc tunnel.cpp:1074 x",
            " 2024/05/01 07:50:34.981 stAgentSvc p6ff8 t50dc info tunnel.cpp:1074 x",
        ] {
            check(torn, &expect!["none"]);
        }
    }

    #[test]
    fn the_private_access_log_has_a_host_and_a_zone() {
        check(
            "[laptop:2024-05-01 07:50:34.981002 +02:00] [err] policy.cpp:9:build(): x",
            &expect!["npadebuglog | 2024-05-01T05:50:34.981002Z | x"],
        );
        check(
            "[fe80::1:2024-05-01 07:50:34 -05:00] policy.cpp:9:P::~P():0x7f x",
            &expect!["npadebuglog | 2024-05-01T12:50:34Z | x"],
        );
        check(
            "[laptop:2024-05-01 07:50:34 +00:00] policy.cpp:9:build() x",
            &expect!["npadebuglog | 2024-05-01T07:50:34Z | policy.cpp:9:build() x"],
        );
        check("[laptop] x", &expect!["none"]);
        check("[laptop:2024-05-01 07:50:34 +00:00", &expect!["none"]);
    }

    #[test]
    fn a_sample_may_begin_with_its_place() {
        check(
            "tunnel.cpp:988            TLS x",
            &expect!["source file | - | TLS x"],
        );
        check("tunnel.cpp:x TLS x", &expect!["none"]);
        check("example.com:443 x", &expect!["none"]);
    }

    #[test]
    fn protocol_and_session_are_no_part_of_a_message() {
        for (text, protocol, rest) in [
            ("TLS [sessId 12] x", Some("TLS"), "x"),
            ("DTLS  x", Some("DTLS"), "x"),
            ("[sessId 1] x", None, "x"),
            ("[sessId one] x", None, "[sessId one] x"),
            ("TLSX x", None, "TLSX x"),
            ("TLS", None, "TLS"),
        ] {
            let (context, message) = message(text.as_bytes());
            let value = context.map(|context| context.value);
            assert_eq!(value, protocol.map(str::as_bytes), "{text}");
            assert_eq!(message, rest.as_bytes(), "{text}");
        }
    }
}
