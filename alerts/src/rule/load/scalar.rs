//! Words, times and amounts as people write them in rules.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// Longest time that a rule may name.
pub(super) const SPAN_MAX: Duration = Duration::from_secs(366 * 86_400);

/// Most words in a list.
const WORDS_MAX: usize = 100;

/// A word or a list of words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Words;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a word or a list of words")
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<Words, E> {
                Ok(Words(vec![word.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element::<String>()? {
                    if words.len() == WORDS_MAX {
                        return Err(A::Error::custom("has too many words, want at most 100"));
                    }
                    words.push(word);
                }
                Ok(Words(words))
            }
        }
        from.deserialize_any(Reader)
    }
}

/// A time such as `30s`, `5m`, `1h30m`, `14d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span(pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Span;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a time like 30s, 5m, 2h or 1d")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                let span = span(text).ok_or_else(|| {
                    E::custom(format!("is `{text}`, want a time like 30s, 5m, 2h or 1d"))
                })?;
                if SPAN_MAX < span {
                    return Err(E::custom(format!("is `{text}`, want at most 366d")));
                }
                Ok(Span(span))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Span, E> {
                match number {
                    0 => Ok(Span(Duration::ZERO)),
                    _ => Err(E::custom(format!(
                        "is {number} without a unit, want a time like {number}s or {number}m"
                    ))),
                }
            }
        }
        from.deserialize_any(Reader)
    }
}

/// A number, or an amount with a unit, which only the signal can read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Amount {
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Amount;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number, or one with a unit like 300MB, 75% or 14d")
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Amount, E> {
                if number.is_finite() {
                    Ok(Amount::Number(number))
                } else {
                    Err(E::custom("is no finite number"))
                }
            }
            #[expect(
                clippy::as_conversions,
                reason = "the nearest float: no limit has 16 digits"
            )]
            fn visit_u64<E: Error>(self, number: u64) -> Result<Amount, E> {
                Ok(Amount::Number(number as f64))
            }
            #[expect(
                clippy::as_conversions,
                reason = "the nearest float: no limit has 16 digits"
            )]
            fn visit_i64<E: Error>(self, number: i64) -> Result<Amount, E> {
                Ok(Amount::Number(number as f64))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
                Ok(Amount::Text(text.to_owned()))
            }
        }
        from.deserialize_any(Reader)
    }
}

/// A time such as `1h30m`. `None` if it is none.
pub(super) fn span(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut whole = Duration::ZERO;
    if rest == "0" {
        return Some(whole);
    }
    while !rest.is_empty() || text.is_empty() {
        let (number, unit, after) = next_part(rest)?;
        rest = after;
        let seconds = match unit {
            "ms" => {
                whole = whole.checked_add(Duration::from_millis(number))?;
                continue;
            }
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            _ => return None,
        };
        let part = Duration::from_secs(number.checked_mul(seconds)?);
        whole = whole.checked_add(part)?;
    }
    Some(whole)
}

/// Bytes such as `1GB`, `300MB` or `1GiB`. `None` if it is none.
pub(super) fn size(text: &str) -> Option<f64> {
    let (number, unit) = decimal(text)?;
    let factor: f64 = match unit.to_ascii_lowercase().as_str() {
        "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        _ => return None,
    };
    Some(number * factor)
}

/// A share such as `75%`. `None` if it is none.
pub(super) fn share(text: &str) -> Option<f64> {
    let (number, unit) = decimal(text)?;
    (unit == "%").then_some(number / 100.0)
}

fn decimal(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|one: char| !one.is_ascii_digit() && one != '.')?;
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit.trim_start()))
}

fn next_part(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|one: char| !one.is_ascii_digit())?;
    let (number, rest) = text.split_at_checked(digits)?;
    let letters = rest
        .find(|one: char| one.is_ascii_digit())
        .unwrap_or(rest.len());
    let (unit, after) = rest.split_at_checked(letters)?;
    Some((number.parse().ok()?, unit, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_amounts_are_read_as_people_write_them() {
        let seconds = |text: &str| span(text).map(|span| span.as_secs_f64());
        let read = ["30s", "5m", "1h30m", "14d", "0", "250ms"].map(seconds);
        let wanted = [30.0, 300.0, 5_400.0, 1_209_600.0, 0.0, 0.25];
        assert_eq!(read, wanted.map(Some));
        for bad in [
            "",
            "5",
            "m",
            "5 m",
            "-5m",
            "5x",
            "1h30",
            "99999999999999999999s",
            "é",
        ] {
            assert_eq!(seconds(bad), None, "{bad:?}");
        }
        assert_eq!(size("300MB"), Some(3e8));
        assert_eq!(size("1.2 GB"), Some(1.2e9));
        assert_eq!(size("1GiB"), Some(1_073_741_824.0));
        assert_eq!([size("GB"), size("1"), size("1 QB")], [None; 3]);
        assert_eq!([share("75%"), share("75")], [Some(0.75), None]);
    }
}
