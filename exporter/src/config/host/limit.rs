//! A limit as people write it: `0.75`, `1GB`, or `{value: 1GB, clear: 1.2GB, for: 5m}`.

use std::fmt;
use std::marker::PhantomData;

use model::host::threshold::{DEFAULT_THRESHOLDS, HostResource, Side, Threshold};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::config::decode;
use crate::config::quantity::{HumanDuration, HumanSize};

/// How much less than its limit a share must be until a breach ends, if nobody says.
const RATIO_HYSTERESIS: f64 = 0.05;

/// How much more than its limit must be free until a breach ends, if nobody says.
const SIZE_HYSTERESIS: f64 = 1.1;

/// A share, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio(f64);

/// A limit; what is not said is the default of what it limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitConfig<T> {
    /// From where on it is a breach.
    pub value: Option<T>,
    /// Where a breach ends.
    pub clear: Option<T>,
    /// How long a breach must last until it counts.
    pub lasting: Option<HumanDuration>,
}

/// What a limit is given in.
pub(in crate::config) trait Quantity: Copy + fmt::Display {
    /// In the signal's unit.
    fn number(self) -> f64;
    /// Where a breach of `value` ends if nobody says.
    fn default_clear(value: f64) -> f64;
}

impl<T> Default for LimitConfig<T> {
    fn default() -> Self {
        Self {
            value: None,
            clear: None,
            lasting: None,
        }
    }
}

impl Ratio {
    /// Reads `0.75`.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        let text = text.trim();
        let number: f64 = text
            .bytes()
            .all(is_plain)
            .then(|| text.parse().ok())
            .flatten()?;
        (0.0..=1.0).contains(&number).then_some(Self(number))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Quantity for Ratio {
    fn number(self) -> f64 {
        self.0
    }

    fn default_clear(value: f64) -> f64 {
        // Whole thousandths: 0.75 - 0.05 is a little less than 0.7 otherwise.
        let clear = (value - RATIO_HYSTERESIS).max(0.0);
        (clear * 1000.0).round() / 1000.0
    }
}

impl Quantity for HumanSize {
    #[expect(
        clippy::as_conversions,
        reason = "no lossless conversion exists; sizes of disks fit in 53 bits"
    )]
    fn number(self) -> f64 {
        self.0 as f64
    }

    fn default_clear(value: f64) -> f64 {
        value * SIZE_HYSTERESIS
    }
}

/// The row of a resource with what the configuration says of it.
pub(super) fn threshold<T: Quantity>(resource: HostResource, said: LimitConfig<T>) -> Threshold {
    let mut row = default_of(resource);
    if let Some(value) = said.value {
        row.value = value.number();
        row.clear = T::default_clear(row.value);
    }
    if let Some(clear) = said.clear {
        row.clear = clear.number();
    }
    if let Some(lasting) = said.lasting {
        row.lasting = lasting.0;
    }
    row
}

/// The vendor's limit.
fn default_of(resource: HostResource) -> Threshold {
    let [cpu, memory, disk, update_space] = DEFAULT_THRESHOLDS;
    match resource {
        HostResource::Cpu => cpu,
        HostResource::Memory => memory,
        HostResource::Disk => disk,
        HostResource::UpdateSpace => update_space,
    }
}

/// Whether a breach can end: `clear` lies on the good side of `value`, or at it.
pub(in crate::config) fn can_clear(row: &Threshold) -> bool {
    match row.side {
        Side::Above => row.clear <= row.value,
        Side::Below => row.value <= row.clear,
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no share")))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for LimitConfig<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LimitVisitor(PhantomData))
    }
}

/// The long form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Deserialize<'de>")]
struct LimitKeys<T> {
    #[serde(default = "nothing", deserialize_with = "decode::present")]
    value: Option<T>,
    #[serde(default = "nothing", deserialize_with = "decode::present")]
    clear: Option<T>,
    #[serde(default, rename = "for", deserialize_with = "decode::present")]
    lasting: Option<HumanDuration>,
}

const fn nothing<T>() -> Option<T> {
    None
}

struct LimitVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LimitVisitor<T> {
    type Value = LimitConfig<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a limit, or a group of `value`, `clear` and `for`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(LimitConfig {
            value: Some(T::deserialize(text.into_deserializer())?),
            ..LimitConfig::default()
        })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let LimitKeys {
            value,
            clear,
            lasting,
        } = LimitKeys::deserialize(MapAccessDeserializer::new(map))?;
        Ok(LimitConfig {
            value,
            clear,
            lasting,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_plain_number_from_0_to_1() {
        for (text, expected) in [
            ("0.75", Some(0.75)),
            ("0", Some(0.0)),
            (" 1.0 ", Some(1.0)),
            ("1.01", None),
            ("75", None),
            ("75%", None),
            ("-0.1", None),
            ("nan", None),
            ("1e-1", None),
            ("", None),
            (".", None),
        ] {
            assert_eq!(Ratio::parse(text).map(Ratio::number), expected, "{text}");
        }
    }

    #[test]
    fn each_resource_has_its_own_default() {
        for row in DEFAULT_THRESHOLDS {
            assert_eq!(
                threshold(row.resource, LimitConfig::<Ratio>::default()),
                row
            );
            assert!(can_clear(&row));
        }
    }

    #[test]
    fn the_defaults_are_the_short_form_of_their_values() {
        let [cpu, memory, disk, update_space] = DEFAULT_THRESHOLDS;
        for row in [cpu, memory] {
            assert_eq!(Ratio::default_clear(row.value), row.clear);
        }
        for row in [disk, update_space] {
            assert!((HumanSize::default_clear(row.value) - row.clear).abs() < 1.0);
        }
    }
}
