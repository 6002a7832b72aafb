//! Object identifiers: lists of numbers, compared number by number.
//!
//! The order of this type is the order in which GETNEXT walks (RFC 3416 4.2.2). Nothing
//! here knows what an identifier names.

use std::fmt;

/// Most numbers in one identifier (RFC 2578 3.5).
pub const SUB_IDENTIFIERS_MAX: usize = 128;

/// An object identifier.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(Box<[u32]>);

impl Oid {
    /// Makes an identifier of its numbers.
    pub fn new(numbers: &[u32]) -> Self {
        Self(numbers.into())
    }

    /// Reads the dotted form, with or without a dot before the first number.
    ///
    /// `None` if it is empty, holds anything but numbers below 2^32, or more than
    /// [`SUB_IDENTIFIERS_MAX`] of them.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('.').unwrap_or(text);
        let numbers: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
        let numbers = numbers?;
        (numbers.len() <= SUB_IDENTIFIERS_MAX).then(|| Self(numbers.into()))
    }

    /// The numbers.
    pub fn numbers(&self) -> &[u32] {
        &self.0
    }

    /// The identifier with more numbers at its end.
    pub fn join(&self, more: &[u32]) -> Self {
        join(&self.0, more)
    }

    /// Whether `self` is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

/// The identifier that begins with `base` and goes on with `more`.
pub fn join(base: &[u32], more: &[u32]) -> Oid {
    Oid([base, more].concat().into())
}

impl fmt::Display for Oid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut numbers = self.0.iter();
        if let Some(first) = numbers.next() {
            write!(formatter, "{first}")?;
        }
        numbers.try_for_each(|number| write!(formatter, ".{number}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dotted_form_is_read_and_written() {
        for text in ["1.3.6.1", ".1.3.6.1"] {
            assert_eq!(Oid::parse(text).unwrap().to_string(), "1.3.6.1");
        }
        let long = vec!["1"; SUB_IDENTIFIERS_MAX + 1].join(".");
        for bad in ["", ".", "1..3", "1.x", "1.4294967296", "-1", &long] {
            assert_eq!(Oid::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_shorter_identifier_stands_before_those_below_it() {
        let parse = |text| Oid::parse(text).unwrap();
        assert!(parse("1.3.6") < parse("1.3.6.0"));
        assert!(parse("1.3.6.9") < parse("1.3.6.10"));
        assert!(parse("1.3.6.1").is_within(&parse("1.3.6")));
        assert!(!parse("1.3.60").is_within(&parse("1.3.6")));
    }
}
