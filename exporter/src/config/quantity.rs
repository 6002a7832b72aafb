//! Durations and sizes as people write them: `90s`, `1m30s`, `300MB`, `1GiB`.
//!
//! A number without a unit is refused: nobody should have to remember whether a key
//! means seconds or milliseconds. What is printed can be read back.

use std::fmt;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A span of time, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanSize(pub u64);

/// Units of time in milliseconds, the largest first.
const TIME_UNITS: [(&str, u64); 6] = [
    ("w", 7 * 24 * 60 * 60 * 1000),
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

/// Units of size in bytes. `K` to `T` alone are refused: half the world reads them
/// as 1000, the other half as 1024.
const SIZE_UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1000),
    ("MB", 1000_u64.pow(2)),
    ("GB", 1000_u64.pow(3)),
    ("TB", 1000_u64.pow(4)),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// What a duration looks like, for error messages.
pub(super) const DURATION_WANTED: &str =
    "a duration with its unit, like `250ms`, `90s`, `1m30s`, `2h` or `7d`";

/// What a size looks like, for error messages.
pub(super) const SIZE_WANTED: &str = "a size with its unit, like `4096B`, `300MB` or `1GiB`";

impl HumanDuration {
    /// Reads `90s`, `1m30s`, `1.5h`. Units fall from left to right, each at most once.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut smallest = u64::MAX;
        let mut total_ms = 0_u64;
        while !rest.is_empty() {
            let (number, after_number) = split_number(rest)?;
            let end = after_number
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(after_number.len());
            let (unit, after_unit) = after_number.split_at_checked(end)?;
            let (_, unit_ms) = TIME_UNITS.iter().find(|(name, _)| *name == unit)?;
            if smallest <= *unit_ms {
                return None;
            }
            smallest = *unit_ms;
            total_ms = total_ms.checked_add(scale(number, *unit_ms)?)?;
            rest = after_unit;
        }
        (smallest != u64::MAX).then_some(Self(Duration::from_millis(total_ms)))
    }
}

impl HumanSize {
    /// Reads `300MB`, `1GiB`, `1.5 MiB`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, unit) = split_number(text.trim())?;
        let unit = unit.trim_start();
        let (_, unit_bytes) = SIZE_UNITS
            .iter()
            .find(|(name, _)| *name == unit || (unit == "KB" && *name == "kB"))?;
        scale(number, *unit_bytes).map(Self)
    }
}

fn split_number(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    text.split_at_checked(end)
        .filter(|(number, _)| !number.is_empty())
}

/// `number` times `unit`, exactly or not at all: `1.5s` is, `0.3ms` is not.
fn scale(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if number.ends_with('.') || fraction.contains('.') || 9 < fraction.len() {
        return None;
    }
    let digits: u64 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    let divisor = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = digits.checked_mul(unit)?;
    if !part.is_multiple_of(divisor) {
        return None;
    }
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)?
        .checked_add(part / divisor)
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest_ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest_ms == 0 {
            return formatter.write_str("0s");
        }
        for (unit, unit_ms) in TIME_UNITS {
            let count = rest_ms / unit_ms;
            // Weeks only where nothing is left over: `7d`, not `1w`, is what people say.
            if count == 0 || unit == "w" {
                continue;
            }
            write!(formatter, "{count}{unit}")?;
            rest_ms %= unit_ms;
        }
        Ok(())
    }
}

impl fmt::Display for HumanSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fitting = |(_, bytes): &&(&str, u64)| 0 < self.0 && self.0.is_multiple_of(*bytes);
        let largest = SIZE_UNITS
            .iter()
            .filter(fitting)
            .max_by_key(|(_, bytes)| *bytes);
        match largest {
            Some((unit, bytes)) => write!(formatter, "{}{unit}", self.0 / bytes),
            None => write!(formatter, "{}B", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no duration")))
    }
}

impl<'de> Deserialize<'de> for HumanSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no size")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, ms) in [
            ("250ms", 250),
            ("90s", 90_000),
            ("1m30s", 90_000),
            ("2h", 7_200_000),
            ("1.5h", 5_400_000),
            ("7d", 604_800_000),
            ("1w", 604_800_000),
            ("0s", 0),
            (" 5s ", 5_000),
        ] {
            assert_eq!(
                HumanDuration::parse(text),
                Some(HumanDuration(Duration::from_millis(ms)))
            );
        }
    }

    #[test]
    fn what_is_ambiguous_or_wrong_is_no_duration() {
        for text in [
            "", "5", "s", "5 s", "30s1m", "1s1s", "-5s", "1.s", "1..5s", "5sec", "0.3ms", "1µs",
        ] {
            assert_eq!(HumanDuration::parse(text), None, "{text:?}");
        }
        assert_eq!(HumanDuration::parse(&format!("{}w", u64::MAX)), None);
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("300MB", 300_000_000),
            ("1GiB", 1 << 30),
            ("1.5 MiB", 1_572_864),
            ("64KiB", 65_536),
            ("4KB", 4_000),
            ("4kB", 4_000),
            ("0B", 0),
        ] {
            assert_eq!(HumanSize::parse(text), Some(HumanSize(bytes)), "{text}");
        }
        for text in [
            "",
            "5",
            "5M",
            "5 megabytes",
            "MB",
            "-1MB",
            "0.5B",
            "99999999999TiB",
        ] {
            assert_eq!(HumanSize::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        /// What is printed can be read back.
        #[test]
        fn printed_quantities_are_read_back(ms in 0..u64::MAX / 2, bytes: u64) {
            let duration = HumanDuration(Duration::from_millis(ms));
            prop_assert_eq!(HumanDuration::parse(&duration.to_string()), Some(duration));
            let size = HumanSize(bytes);
            prop_assert_eq!(HumanSize::parse(&size.to_string()), Some(size));
        }

        /// No text makes the parsers stumble.
        #[test]
        fn any_text_is_a_quantity_or_not(text in ".{0,12}") {
            let _ = (HumanDuration::parse(&text), HumanSize::parse(&text));
        }
    }
}
