//! Whether bytes before an anchor look like a prefix that nobody has described.
//!
//! Every part must be one that prefixes are made of: a bracketed group, a number or
//! time, a level, a bar. One free word makes it somebody's sentence, and an anchor in
//! a sentence may have been written by a stranger. Does not look at the anchor or at
//! what follows it, and takes nothing off: known prefixes are gone already (`styles`).
//!
//! Known limit: where a component writes numbers or groups only and then at once a
//! stranger's text (`17 …`, `[x] …`), that text can open a record.

use super::styles::{is_host, is_level, is_month};
use crate::record::PREFIX_BYTES_MAX;

/// Names of weekdays, as `strftime(3)` writes `%a` in the C locale.
const WEEKDAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// What has been read so far; decides where a word may be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing, or a bar: a service or a tag may follow.
    Start,
    /// A weekday or a month, which are words of a date only before a number.
    NumberDue,
    /// A date: a time of day makes it a time stamp.
    AfterDate,
    /// A whole time stamp: host or tag may follow.
    AfterTime,
    /// A host: a tag or a group must follow.
    AfterHost,
    /// Anything else: no name may follow.
    Other,
}

/// Where a part leads to, and what follows it.
type Part<'a> = (Place, &'a [u8]);

/// Whether `before`, which stands between the known prefixes and an anchor, looks
/// like a prefix that we do not know, and not like the beginning of a text.
///
/// `line_bytes_before` is the anchor's distance from the start of the line.
pub(crate) fn is_open_prefix(before: &[u8], line_bytes_before: usize) -> bool {
    if PREFIX_BYTES_MAX < line_bytes_before {
        return false;
    }
    // The anchor is a token of its own: `GET /?q=` must not end in one.
    let is_bounded = before
        .last()
        .is_none_or(|byte| byte.is_ascii_whitespace() || b"])>|".contains(byte));
    if !is_bounded {
        return false;
    }
    let mut place = Place::Start;
    let mut text = before.trim_ascii_start();
    while !text.is_empty() {
        let Some((next_place, rest)) = part(text, place) else {
            return false;
        };
        place = next_place;
        text = rest.trim_ascii_start();
    }
    !matches!(place, Place::NumberDue | Place::AfterHost)
}

/// The part that `text` begins with, if it may stand at `place`.
fn part(text: &[u8], place: Place) -> Option<Part<'_>> {
    let any = || {
        group(text, place)
            .or_else(|| separator(text))
            .or_else(|| number(text, place))
            .or_else(|| word(text, place))
    };
    match place {
        Place::Start => tag(text).or_else(|| service(text)).or_else(any),
        Place::NumberDue => number(text, place).or_else(|| date_word(text)),
        Place::AfterTime => tag(text).or_else(|| host(text)).or_else(any),
        Place::AfterHost => group(text, place).or_else(|| tag(text)),
        Place::AfterDate | Place::Other => any(),
    }
}

/// `[…]`, `(…)` or `<…>`, whatever it holds but another of its kind. Sentences open
/// with round ones too, so at the start those must hold a number.
fn group(text: &[u8], place: Place) -> Option<Part<'_>> {
    let (open, inside) = text.split_first()?;
    let close = match open {
        b'[' => b']',
        b'(' => b')',
        b'<' => b'>',
        _ => return None,
    };
    let end = memchr::memchr2(*open, close, inside)?;
    let (held, rest) = inside.split_at_checked(end)?;
    let rest = rest.strip_prefix(&[close])?;
    if *open == b'(' && place == Place::Start && !is_number(held) {
        return None;
    }
    // A syslog priority stands before the true beginning.
    let is_priority = *open == b'<' && place == Place::Start;
    let after = if is_priority {
        Place::Start
    } else {
        Place::Other
    };
    Some((after, rest))
}

/// A bar, or a dash or colon on its own.
fn separator(text: &[u8]) -> Option<Part<'_>> {
    match text.split_first()? {
        (b'|', rest) => Some((Place::Start, rest)),
        (b'-' | b':', rest) if is_at_end(rest) => Some((Place::Other, rest)),
        _ => None,
    }
}

/// A name and a bar, as Docker Compose and column layouts write them.
fn service(text: &[u8]) -> Option<Part<'_>> {
    let (name, rest) = token(text)?;
    let rest = rest.trim_ascii_start().strip_prefix(b"|")?;
    is_host(name).then_some((Place::Start, rest))
}

/// A host's name, if a tag or a group stands after it.
fn host(text: &[u8]) -> Option<Part<'_>> {
    let (name, rest) = token(text)?;
    // A level or a zone is no host; it must not make room for one more word.
    let is_name = is_host(name) && word(text, Place::Other).is_none();
    let is_apart = rest.first().is_some_and(u8::is_ascii_whitespace);
    (is_name && is_apart && number(text, Place::Other).is_none())
        .then_some((Place::AfterHost, rest))
}

/// `publisher[77]:`.
fn tag(text: &[u8]) -> Option<Part<'_>> {
    let open = memchr::memchr(b'[', text)?;
    let (name, numbered) = text.split_at_checked(open)?;
    let inside = numbered.strip_prefix(b"[")?;
    let end = inside.iter().position(|byte| !byte.is_ascii_digit())?;
    let rest = inside.get(end..)?.strip_prefix(b"]:")?;
    (0 < end && is_host(name) && is_at_end(rest)).then_some((Place::Other, rest))
}

/// A number, a date, a time of day, a distance from UTC, or a pointer.
fn number(text: &[u8], place: Place) -> Option<Part<'_>> {
    let (token, rest) = token(text)?;
    let unsigned = token.strip_prefix(b"+").or(token.strip_prefix(b"-"));
    let digits = unsigned.unwrap_or(token);
    if !is_number(digits) {
        return None;
    }
    let has = |byte| memchr::memchr(byte, digits).is_some();
    let is_date = has(b'-') || has(b'/') || place == Place::NumberDue;
    let after = match (place, unsigned) {
        (Place::AfterTime, Some(_)) => Place::AfterTime,
        (Place::AfterDate, None) if has(b':') => Place::AfterTime,
        (Place::AfterDate, None) => Place::AfterDate,
        (_, None) if is_date && has(b':') => Place::AfterTime,
        (_, None) if is_date => Place::AfterDate,
        _ => Place::Other,
    };
    Some((after, rest))
}

/// Digits and what joins them, beginning with a digit. A month may stand for its
/// number. An address is none: clients come from addresses.
fn is_number(token: &[u8]) -> bool {
    let is_joint = |byte: &u8| b"-:.,/+T".contains(byte);
    let body = match token {
        [body @ .., b'Z' | b':' | b','] => body,
        _ => token,
    };
    let is_piece = |piece: &[u8]| match piece.strip_prefix(b"0x") {
        Some(pointer) => !pointer.is_empty() && pointer.iter().all(u8::is_ascii_hexdigit),
        None => is_month(piece) || !piece.is_empty() && piece.iter().all(u8::is_ascii_digit),
    };
    let dots = body.iter().filter(|byte| **byte == b'.').count();
    token.first().is_some_and(u8::is_ascii_digit) && dots < 3 && body.split(is_joint).all(is_piece)
}

/// A level, a zone, a word of a date, or a name for the number after it.
fn word(text: &[u8], place: Place) -> Option<Part<'_>> {
    let (word, rest) = token(text)?;
    if is_level(word.strip_suffix(b":").unwrap_or(word)) {
        return Some((Place::Other, rest));
    }
    if matches!(word, b"UTC" | b"GMT") {
        let is_stamped = place == Place::AfterTime;
        let after = if is_stamped { place } else { Place::Other };
        return Some((after, rest));
    }
    date_word(text).or_else(|| numbered_word(text))
}

/// A weekday or a month.
fn date_word(text: &[u8]) -> Option<Part<'_>> {
    let (word, rest) = token(text)?;
    let name = word.strip_suffix(b",").unwrap_or(word);
    let is_known = is_month(name) || WEEKDAYS.contains(&name);
    is_known.then_some((Place::NumberDue, rest))
}

/// `pid 7`, `tid=7`.
fn numbered_word(text: &[u8]) -> Option<Part<'_>> {
    let rest = text.strip_prefix(b"pid").or(text.strip_prefix(b"tid"))?;
    let (joint, rest) = rest.split_first()?;
    let (number, rest) = token(rest)?;
    let is_number = b" =:".contains(joint) && number.iter().all(u8::is_ascii_digit);
    is_number.then_some((Place::Other, rest))
}

/// The bytes up to white space, a bar or an opening sign; at least one.
fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = text.iter().take_while(|byte| !is_boundary(**byte)).count();
    text.split_at_checked(len)
        .filter(|(token, _)| !token.is_empty())
}

fn is_at_end(rest: &[u8]) -> bool {
    rest.first().is_none_or(|byte| is_boundary(*byte))
}

const fn is_boundary(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'|' | b'[' | b'(' | b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_open(before: &str) -> bool {
        is_open_prefix(before.as_bytes(), before.len())
    }

    #[test]
    fn what_prefixes_are_made_of_is_one() {
        for before in [
            "",
            "  ",
            "[a b] ",
            "[a b]",
            "(1234)",
            "[a] (main) ",
            "<7>",
            "<14>publisher[77]: ",
            "npa[12]: ",
            "x | y | ",
            "pub |",
            "| [a] | ",
            "| INFO | core | 12 | ",
            "12:00 pid 7 ",
            "tid=7 : ",
            "ERROR: - ",
            "INFO[0012] ",
            "2024-05-02 02:10:00,123 INFO [12] ",
            "05/02 02:10:00.123 (1234) info: ",
            "05/02 02:10:00 +02:00 pub-01 publisher[77]: ",
            "02/May/2024:02:10:00 UTC 10.1.2.3 [info] ",
            "<14>May  2 02:10:00 host publisher[77]: ",
            "Thu May  2 02:10:00 2024 ",
            "Thu, 02 May 2024 02:10:00 GMT ",
            "[2024-05-02T02:10:00Z] [info] [tid 77] ",
            "20240502T021000Z 0x7f12 [warn] ",
        ] {
            assert!(is_open(before), "{before}");
        }
    }

    #[test]
    fn a_free_word_makes_it_a_text() {
        for before in [
            "127 clients seen, last UA was ",
            "17 bytes from host ",
            "[req 17] GET /x User-Agent: Mozilla ",
            "12:00 x ",
            "ERROR something ",
            "User-Agent: ",
            "user said ",
            "user pid 7 ",
            "May I see 7 ",
            "May ",
            "May [x] ",
            "Thu - ",
            "Thu 7 x ",
            "x y | ",
            "17 clients | ",
            "[a] x | ",
            "12 Mozilla[5]: ",
            "Mozilla[5] ",
            "(INFO) ",
            "Mozilla[]: ",
            "npa: ",
            "\u{e9} ",
        ] {
            assert!(!is_open(before), "{before}");
        }
    }

    #[test]
    fn an_address_is_no_number() {
        for before in ["10.1.2.3 ", "10.1.2.3 - - ", "10.1.2.3:443 ", "2001:10::1 "] {
            assert!(!is_open(before), "{before}");
        }
    }

    #[test]
    fn one_host_may_follow_a_whole_time_and_needs_a_tag_or_a_group() {
        let time = "05/02 02:10:00";
        assert!(is_open(&format!("{time} pub-01 [info] ")));
        for before in [
            "pub-01 [info] ",
            "02:10:00 pub-01 [info] ",
            "05/02 pub-01 [info] ",
            "05/02 02:10:00 pub-01 ",
            "05/02 02:10:00 pub-01 info ",
            "05/02 02:10:00 pub-01 pub-02 [info] ",
            "05/02 02:10:00 info pub-01 [info] ",
            "05/02 02:10:00 User-Agent: [info] ",
            "05/02 02:10:00 Mozilla(x) ",
        ] {
            assert!(!is_open(before), "{before}");
        }
    }

    #[test]
    fn its_end_is_bounded_its_groups_are_closed_and_it_is_near() {
        for before in ["[a b] q=", "[a]-", "-", "[a ", "[a [b] ", "[a)", "GET /?q="] {
            assert!(!is_open(before), "{before}");
        }
        let longest = format!("[{}] ", "x".repeat(PREFIX_BYTES_MAX - 3));
        assert!(is_open(&longest));
        assert!(!is_open_prefix(longest.as_bytes(), PREFIX_BYTES_MAX + 1));
    }
}
