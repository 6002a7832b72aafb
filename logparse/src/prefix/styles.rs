//! The known prefix styles, one function each.
//!
//! Each answers what it took off, or nothing; none looks beyond its own prefix.
//! Shapes: RFC 3164 section 4.1, RFC 5424 section 6, RFC 3339 section 5.6, the
//! Kubernetes CRI log format, Docker Compose and `kubectl logs --prefix`, and the
//! bracketed style of the vendor's endpoint client, which public parsers show.

use super::{Style, cri};
use crate::timestamp::Stamp;

/// Longest bracketed group that is taken for a prefix, in bytes.
const BRACKET_BYTES_MAX: usize = 160;

/// Words that name a level, in lower case.
const LEVELS: [&[u8]; 13] = [
    b"trace",
    b"debug",
    b"info",
    b"notice",
    b"warn",
    b"warning",
    b"err",
    b"error",
    b"crit",
    b"critical",
    b"fatal",
    b"alert",
    b"emerg",
];

/// A prefix that was found at the front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) style: Style,
    pub(super) stamp: Option<Stamp>,
    pub(super) rest: &'a [u8],
}

impl<'a> Found<'a> {
    const fn new(style: Style, stamp: Option<Stamp>, rest: &'a [u8]) -> Self {
        Self { style, stamp, rest }
    }
}

/// The prefix that `text` begins with.
pub(super) fn at_start(text: &[u8]) -> Option<Found<'_>> {
    match text.first()? {
        b'[' => bracket(text),
        b'<' => syslog_priority(text),
        first if first.is_ascii_digit() => iso(text).or_else(|| compose(text)),
        first if first.is_ascii_alphabetic() => syslog_file(text)
            .or_else(|| level(text))
            .or_else(|| compose(text)),
        _ => None,
    }
}

/// `text` without the one space that it must begin with; empty text stays empty.
pub(super) fn after_space(text: &[u8]) -> Option<&[u8]> {
    match text {
        [] => Some(text),
        [b' ', rest @ ..] => Some(rest),
        _ => None,
    }
}

fn bracket(text: &[u8]) -> Option<Found<'_>> {
    if let Some((stamp, rest)) = bracket_stamp(text) {
        return Some(Found::new(Style::BracketStamp, Some(stamp), rest));
    }
    let (inner, rest) = bracketed(text)?;
    let rest = after_space(rest)?;
    let is_word = !inner.is_empty() && inner.iter().all(|byte| is_word_byte(*byte));
    is_word.then_some(Found::new(Style::BracketWord, None, rest))
}

/// The time in `[host:YYYY-MM-DD hh:mm:ss.ffffff +hh:mm]`, and what follows it and a
/// bracketed level.
pub(super) fn bracket_stamp(text: &[u8]) -> Option<(Stamp, &[u8])> {
    let (inner, rest) = bracketed(text)?;
    let rest = after_space(rest)?;
    let stamp = stamp_at_end(inner)?;
    let after_level = bracketed(rest)
        .filter(|(word, _)| is_level(word))
        .and_then(|(_, after)| after_space(after));
    Some((stamp, after_level.unwrap_or(rest)))
}

/// The content of the bracketed group at the front, and what follows it.
fn bracketed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"[")?;
    let searched = inside.get(..BRACKET_BYTES_MAX).unwrap_or(inside);
    let end = memchr::memchr(b']', searched)?;
    Some((inside.get(..end)?, inside.get(end + 1..)?))
}

/// A time stamp that fills `inner`, or what follows its host and colon.
fn stamp_at_end(inner: &[u8]) -> Option<Stamp> {
    let whole = |text| match Stamp::read_iso(text) {
        Some((stamp, [])) => Some(stamp),
        Some(_) | None => None,
    };
    whole(inner).or_else(|| {
        // A host may be an IPv6 address, so its colon is not always the first.
        memchr::memchr_iter(b':', inner).find_map(|colon| whole(inner.get(colon + 1..)?))
    })
}

fn syslog_priority(text: &[u8]) -> Option<Found<'_>> {
    let inside = text.strip_prefix(b"<")?;
    let digits = inside
        .iter()
        .take(4)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if !(1..=3).contains(&digits) {
        return None;
    }
    let rest = inside.get(digits..)?.strip_prefix(b">")?;
    match rest.strip_prefix(b"1 ") {
        Some(header) => syslog_ietf(header),
        None => syslog_bsd(rest),
    }
}

/// The header after `<13>1 `: time, host, application, process, message id, data.
fn syslog_ietf(header: &[u8]) -> Option<Found<'_>> {
    let (stamp, rest) = match header.strip_prefix(b"-") {
        Some(rest) => (None, rest),
        None => Stamp::read_iso(header).map(|(stamp, rest)| (Some(stamp), rest))?,
    };
    let mut rest = after_space(rest)?;
    for _ in 0..4 {
        rest = token(rest)?.1;
    }
    if let Some(message) = rest.strip_prefix(b"-") {
        rest = message;
    } else {
        while rest.first() == Some(&b'[') {
            rest = structured_element(rest)?;
        }
    }
    let message = after_space(rest)?;
    // RFC 5424 section 6.4 lets a UTF-8 message begin with a byte order mark.
    let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
    Some(Found::new(Style::SyslogIetf, stamp, message))
}

/// What follows one `[id name="value"…]`, in which `\` hides the next byte.
fn structured_element(text: &[u8]) -> Option<&[u8]> {
    let mut is_quoted = false;
    let mut is_hidden = false;
    for (place, byte) in text.iter().enumerate() {
        match byte {
            _ if is_hidden => is_hidden = false,
            b'\\' => is_hidden = true,
            b'"' => is_quoted = !is_quoted,
            b']' if !is_quoted => return text.get(place + 1..),
            _ => {}
        }
    }
    None
}

/// `Mmm dd hh:mm:ss host tag[pid]: `, as a syslog file has it.
fn syslog_file(text: &[u8]) -> Option<Found<'_>> {
    let rest = syslog_words(bsd_time(text)?)?;
    Some(Found::new(Style::SyslogBsd, None, rest))
}

/// The same after a priority, which no text of a file begins with: a tag may stand
/// without a process number.
fn syslog_bsd(text: &[u8]) -> Option<Found<'_>> {
    let (host, rest) = token(bsd_time(text)?)?;
    let (tag, rest) = token(rest)?;
    (is_host(host) && tag.ends_with(b":")).then_some(Found::new(Style::SyslogBsd, None, rest))
}

/// What follows `Mmm dd hh:mm:ss `. It has no year, so it gives no time.
fn bsd_time(text: &[u8]) -> Option<&[u8]> {
    let (month, rest) = text.split_at_checked(3)?;
    if !is_month(month) {
        return None;
    }
    let [b' ', tens, ones, b' ', rest @ ..] = rest else {
        return None;
    };
    let is_day = (*tens == b' ' || tens.is_ascii_digit()) && ones.is_ascii_digit();
    let (clock, rest) = rest.split_at_checked(8)?;
    let is_clock = clock.iter().zip(b"00:00:00").all(|(byte, shape)| {
        if *shape == b':' {
            byte == shape
        } else {
            byte.is_ascii_digit()
        }
    });
    if !is_day || !is_clock {
        return None;
    }
    after_space(rest)
}

/// An RFC 3339 time, and what collectors write after it: CRI's stream and flag, or
/// host and tag of a syslog file.
fn iso(text: &[u8]) -> Option<Found<'_>> {
    let (stamp, rest) = Stamp::read_iso(text)?;
    let rest = after_space(rest)?;
    let after = cri::words(rest)
        .map(|(_, after)| after)
        .or_else(|| syslog_words(rest))
        .unwrap_or(rest);
    Some(Found::new(Style::IsoStamp, Some(stamp), after))
}

/// What follows host and tag. The process number is required: `Get x509: …` would pass for
/// them, and `User-Agent: …` for a tag where a collector writes none.
fn syslog_words(text: &[u8]) -> Option<&[u8]> {
    let (host, rest) = token(text)?;
    let (tag, rest) = token(rest)?;
    let numbered = tag.strip_suffix(b"]:")?;
    let open = memchr::memrchr(b'[', numbered)?;
    let number = numbered.get(open + 1..)?;
    let is_number = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    (is_number && is_host(host)).then_some(rest)
}

/// A level word, with or without a colon.
fn level(text: &[u8]) -> Option<Found<'_>> {
    let (word, rest) = token(text)?;
    is_level(word.strip_suffix(b":").unwrap_or(word)).then_some(Found::new(
        Style::Level,
        None,
        rest,
    ))
}

/// Whether `word` names a level, in any case.
pub(super) fn is_level(word: &[u8]) -> bool {
    LEVELS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether `word` is a month's name, as RFC 3164 section 4.1.2 shortens it.
pub(super) fn is_month(word: &[u8]) -> bool {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    MONTHS.chunks_exact(3).any(|known| known == word)
}

/// Whether `word` could be the name of a host or a program. With a colon behind it,
/// it is the name of a header, and somebody's text follows.
pub(super) fn is_host(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_alphanumeric)
        && word.last() != Some(&b':')
        && word.iter().all(|byte| is_word_byte(*byte))
}

/// `service-1  | `.
fn compose(text: &[u8]) -> Option<Found<'_>> {
    let name_len = text
        .iter()
        .take(64)
        .take_while(|byte| is_word_byte(**byte))
        .count();
    let rest = text.get(name_len..)?;
    let after_spaces = rest.trim_ascii_start();
    let is_padded = 0 < name_len && after_spaces.len() < rest.len();
    let message = after_spaces.strip_prefix(b"|").and_then(after_space)?;
    is_padded.then_some(Found::new(Style::Compose, None, message))
}

/// The bytes up to the next space, and what follows that space. Nothing if there is
/// no space, or nothing before it.
fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let searched = text.get(..BRACKET_BYTES_MAX).unwrap_or(text);
    let end = memchr::memchr(b' ', searched).filter(|end| 0 < *end)?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/' | b'@')
}
