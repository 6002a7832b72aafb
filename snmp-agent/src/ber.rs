//! Tags, lengths and numbers of the basic encoding rules, as far as SNMP uses them.
//!
//! Writing is always the shortest form. Reading takes what RFC 3417 8 asks for: definite
//! lengths in any number of octets up to four, numbers that need not be minimal, and
//! nothing that reaches past its frame. A [`Reader`] borrows; it never allocates for
//! what a length merely claims.

use crate::oid::SUB_IDENTIFIERS_MAX;

/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// NULL: no value.
pub const NULL: u8 = 0x05;
/// OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// Counter32.
pub const COUNTER32: u8 = 0x41;
/// Gauge32 and Unsigned32.
pub const GAUGE32: u8 = 0x42;
/// TimeTicks.
pub const TIME_TICKS: u8 = 0x43;
/// Opaque.
pub const OPAQUE: u8 = 0x44;
/// Counter64.
pub const COUNTER64: u8 = 0x46;
/// The object is not known here.
pub const NO_SUCH_OBJECT: u8 = 0x80;
/// The object is known, but not this instance of it.
pub const NO_SUCH_INSTANCE: u8 = 0x81;
/// There is nothing behind the name.
pub const END_OF_MIB_VIEW: u8 = 0x82;

/// How many octets tag and length of a content take.
pub const fn header_size(content: usize) -> usize {
    match content {
        0..=0x7f => 2,
        0x80..=0xff => 3,
        0x100..=0xffff => 4,
        _ => 5,
    }
}

/// Writes tag and length.
pub fn write_header(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    let octets = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let [high, upper, lower, low] = octets;
    match header_size(length) {
        2 => out.push(low),
        3 => out.extend([0x81, low]),
        4 => out.extend([0x82, lower, low]),
        _ => out.extend([0x83, upper, lower, low]),
    }
    debug_assert_eq!(high, 0, "a message is shorter than 16 MiB");
}

/// Writes a whole element.
pub fn write(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    write_header(out, tag, content.len());
    out.extend_from_slice(content);
}

/// Writes an INTEGER.
pub fn write_integer(out: &mut Vec<u8>, number: i64) {
    let octets = number.to_be_bytes();
    let sign = if number < 0 { 0xff } else { 0x00 };
    // An octet may go if it only repeats the sign and the next one still tells it.
    let skip = octets
        .windows(2)
        .take_while(|pair| matches!(pair, [first, next] if *first == sign && (first ^ next) < 0x80))
        .count();
    write(out, INTEGER, octets.get(skip..).unwrap_or_default());
}

/// Writes an unsigned number under any tag: a zero octet goes before a first bit.
pub fn write_unsigned(out: &mut Vec<u8>, tag: u8, number: u64) {
    let mut octets = [0; 9];
    if let Some(tail) = octets.get_mut(1..) {
        tail.copy_from_slice(&number.to_be_bytes());
    }
    let skip = octets
        .windows(2)
        .take_while(|pair| matches!(pair, [0, next] if *next < 0x80))
        .count();
    write(out, tag, octets.get(skip..).unwrap_or_default());
}

/// Writes an OBJECT IDENTIFIER. One with fewer than two numbers is written as `0.0`.
pub fn write_oid(out: &mut Vec<u8>, numbers: &[u32]) {
    let mut content = Vec::with_capacity(numbers.len().saturating_mul(2));
    if let [first, second, rest @ ..] = numbers {
        let head = u64::from(*first).saturating_mul(40);
        push_base128(&mut content, head.saturating_add(u64::from(*second)));
        for number in rest {
            push_base128(&mut content, u64::from(*number));
        }
    } else {
        content.push(0);
    }
    write(out, OBJECT_IDENTIFIER, &content);
}

fn push_base128(out: &mut Vec<u8>, number: u64) {
    let septets = u32::BITS.saturating_add(6) / 7;
    for septet in (0..septets).rev() {
        let rest = number >> septet.saturating_mul(7);
        if rest == 0 && septet != 0 {
            continue;
        }
        let bits = u8::try_from(rest & 0x7f).unwrap_or(0);
        out.push(if septet == 0 { bits } else { bits | 0x80 });
    }
}

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BerError {
    /// The bytes end before the element does.
    #[error("the data end inside an element")]
    Truncated,
    /// A length of indefinite form, or of more than four octets.
    #[error("a length is indefinite or too long")]
    BadLength,
    /// Another type than the protocol wants at this place.
    #[error("an element has an unexpected type")]
    UnexpectedTag,
    /// A number without octets, with too many, or out of range.
    #[error("a number is empty or out of range")]
    BadNumber,
    /// An identifier that is empty, cut off, too long, or has too large a number.
    #[error("an object identifier is malformed")]
    BadOid,
    /// Bytes after the last element of a frame.
    #[error("bytes are left at the end of a frame")]
    Trailing,
}

/// Reads elements one after another.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the beginning of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Refuses bytes after the last element.
    ///
    /// # Errors
    ///
    /// [`BerError::Trailing`] if there are any.
    pub const fn finish(&self) -> Result<(), BerError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(BerError::Trailing)
        }
    }

    /// The next element's tag and content.
    ///
    /// # Errors
    ///
    /// [`BerError::Truncated`] or [`BerError::BadLength`].
    pub fn element(&mut self) -> Result<(u8, &'a [u8]), BerError> {
        let [tag, first, rest @ ..] = self.rest else {
            return Err(BerError::Truncated);
        };
        let (length, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            0x80 => return Err(BerError::BadLength),
            long => long_length(usize::from(long & 0x7f), rest)?,
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(BerError::Truncated)?;
        self.rest = rest;
        Ok((*tag, content))
    }

    /// The content of the next element, which must have this tag.
    ///
    /// # Errors
    ///
    /// [`BerError::UnexpectedTag`], or as [`Reader::element`].
    pub fn expect(&mut self, tag: u8) -> Result<&'a [u8], BerError> {
        let (found, content) = self.element()?;
        if found == tag {
            Ok(content)
        } else {
            Err(BerError::UnexpectedTag)
        }
    }

    /// A reader of the next element's content, which must have this tag.
    ///
    /// # Errors
    ///
    /// As [`Reader::expect`].
    pub fn enter(&mut self, tag: u8) -> Result<Self, BerError> {
        self.expect(tag).map(Self::new)
    }

    /// An INTEGER of 32 bits. Needless leading octets are read over, up to four in all.
    ///
    /// # Errors
    ///
    /// [`BerError::BadNumber`], or as [`Reader::expect`].
    pub fn integer(&mut self) -> Result<i32, BerError> {
        let octets = self.expect(INTEGER)?;
        let first = *octets.first().ok_or(BerError::BadNumber)?;
        if octets.len() > 8 {
            return Err(BerError::BadNumber);
        }
        let start: i64 = if first < 0x80 { 0 } else { -1 };
        let number = octets
            .iter()
            .fold(start, |sum, octet| (sum << 8) | i64::from(*octet));
        i32::try_from(number).map_err(|_| BerError::BadNumber)
    }

    /// An OBJECT IDENTIFIER, put into `numbers` in place of what is there.
    ///
    /// # Errors
    ///
    /// [`BerError::BadOid`], or as [`Reader::expect`].
    pub fn oid(&mut self, numbers: &mut Vec<u32>) -> Result<(), BerError> {
        let octets = self.expect(OBJECT_IDENTIFIER)?;
        read_oid(octets, numbers)
    }
}

fn long_length(count: usize, rest: &[u8]) -> Result<(usize, &[u8]), BerError> {
    if count > 4 {
        return Err(BerError::BadLength);
    }
    let (octets, rest) = rest.split_at_checked(count).ok_or(BerError::Truncated)?;
    let length = octets
        .iter()
        .fold(0_u32, |sum, octet| (sum << 8) | u32::from(*octet));
    let length = usize::try_from(length).map_err(|_| BerError::BadLength)?;
    Ok((length, rest))
}

/// Reads an identifier's content.
///
/// # Errors
///
/// [`BerError::BadOid`] if it is empty or cut off, has a number of 2^32 or more, or more
/// than [`SUB_IDENTIFIERS_MAX`] numbers.
pub fn read_oid(octets: &[u8], numbers: &mut Vec<u32>) -> Result<(), BerError> {
    numbers.clear();
    let mut number: u64 = 0;
    let mut is_open = true;
    for octet in octets {
        number = (number << 7) | u64::from(octet & 0x7f);
        if number > u64::from(u32::MAX).saturating_add(80) {
            return Err(BerError::BadOid);
        }
        is_open = *octet >= 0x80;
        if is_open {
            continue;
        }
        if numbers.is_empty() {
            // The first octets hold two numbers: 40 * first + second (X.690 8.19.4).
            let first = (number / 40).min(2);
            numbers.push(u32::try_from(first).unwrap_or(2));
            number = number.saturating_sub(first.saturating_mul(40));
        }
        numbers.push(u32::try_from(number).map_err(|_| BerError::BadOid)?);
        number = 0;
        if numbers.len() > SUB_IDENTIFIERS_MAX {
            return Err(BerError::BadOid);
        }
    }
    if is_open {
        Err(BerError::BadOid)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
