//! What an object can be: the closed set of SNMP's types, and how each goes on the wire.
//!
//! Numbers that the host counts are wider than many objects; the constructors here say,
//! one name each, what becomes of the rest: wrapped, cut off at the largest, or split.

use jiff::Timestamp;

use crate::ber;
use crate::oid::Oid;

/// A value with its type (RFC 2578 7.1, RFC 3416 3).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A signed number.
    Integer(i32),
    /// Text or bytes.
    Octets(Box<[u8]>),
    /// The name of something.
    ObjectId(Oid),
    /// A count that wraps at 2^32.
    Counter32(u32),
    /// A number of now that stops at 2^32 - 1.
    Gauge32(u32),
    /// Hundredths of a second, wrapping at 2^32.
    TimeTicks(u32),
    /// A floating point number as net-snmp wraps it into an Opaque.
    OpaqueFloat(f32),
    /// A count that wraps at 2^64. Not known to SNMPv1.
    Counter64(u64),
}

/// The types without their content, by the names that a MIB uses on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// INTEGER, Integer32 and everything that refines them.
    Integer,
    /// OCTET STRING and everything that refines it.
    Octets,
    /// OBJECT IDENTIFIER.
    ObjectId,
    /// Counter32.
    Counter32,
    /// Gauge32 and Unsigned32: one type on the wire.
    Gauge32,
    /// TimeTicks and TimeStamp.
    TimeTicks,
    /// Opaque.
    Opaque,
    /// Counter64.
    Counter64,
}

/// Longest text: DisplayString's and SnmpAdminString's (RFC 2579, RFC 3411). A name from
/// the host that is longer would fit no answer, and end every walk at it.
pub const TEXT_BYTES_MAX: usize = 255;

impl Value {
    /// Text. What is longer than [`TEXT_BYTES_MAX`] is cut at a character.
    pub fn text(text: &str) -> Self {
        let mut end = text.len().min(TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        Self::Octets(text.as_bytes().get(..end).unwrap_or_default().into())
    }

    /// A signed number that stays at the largest when it would pass it, as snmpd's
    /// `dskTotal` does above 2 TB.
    pub fn latched(number: u64) -> Self {
        Self::Integer(i32::try_from(number).unwrap_or(i32::MAX))
    }

    /// A number of now that stays at the largest when it would pass it.
    pub fn gauge(number: u64) -> Self {
        Self::Gauge32(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// A count's low 32 bits: it wraps, as Counter32 does.
    pub fn counter(number: u64) -> Self {
        Self::Counter32(low_word(number))
    }

    /// A TruthValue: true 1, false 2 (RFC 2579).
    pub const fn truth(is_true: bool) -> Self {
        Self::Integer(if is_true { 1 } else { 2 })
    }

    /// A DateAndTime in UTC with its offset, 11 octets (RFC 2579).
    pub fn date(at: Timestamp) -> Self {
        let moment = at.to_zoned(jiff::tz::TimeZone::UTC);
        let year = u16::try_from(moment.year()).unwrap_or(0).to_be_bytes();
        let byte = |number: i8| u8::try_from(number).unwrap_or(0);
        let tenths = u8::try_from(moment.subsec_nanosecond() / 100_000_000).unwrap_or(0);
        let mut octets = Vec::with_capacity(11);
        octets.extend(year);
        octets.extend([
            byte(moment.month()),
            byte(moment.day()),
            byte(moment.hour()),
            byte(moment.minute()),
            byte(moment.second()),
            tenths,
        ]);
        octets.extend([b'+', 0, 0]);
        Self::Octets(octets.into())
    }

    /// The type.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Integer(_) => Kind::Integer,
            Self::Octets(_) => Kind::Octets,
            Self::ObjectId(_) => Kind::ObjectId,
            Self::Counter32(_) => Kind::Counter32,
            Self::Gauge32(_) => Kind::Gauge32,
            Self::TimeTicks(_) => Kind::TimeTicks,
            Self::OpaqueFloat(_) => Kind::Opaque,
            Self::Counter64(_) => Kind::Counter64,
        }
    }

    /// Writes the value as it stands in a variable binding.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(number) => ber::write_integer(out, i64::from(*number)),
            Self::Octets(octets) => ber::write(out, ber::OCTET_STRING, octets),
            Self::ObjectId(oid) => ber::write_oid(out, oid.numbers()),
            Self::Counter32(number) => {
                ber::write_unsigned(out, ber::COUNTER32, u64::from(*number));
            }
            Self::Gauge32(number) => ber::write_unsigned(out, ber::GAUGE32, u64::from(*number)),
            Self::TimeTicks(number) => {
                ber::write_unsigned(out, ber::TIME_TICKS, u64::from(*number));
            }
            Self::OpaqueFloat(number) => {
                // Tag, type and length of a float inside an Opaque: net-snmp's extension,
                // UCD-SNMP-MIB "Float".
                let mut content = vec![0x9f, 0x78, 0x04];
                content.extend(number.to_be_bytes());
                ber::write(out, ber::OPAQUE, &content);
            }
            Self::Counter64(number) => ber::write_unsigned(out, ber::COUNTER64, *number),
        }
    }
}

/// The low 32 bits.
pub fn low_word(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

/// The high 32 bits.
pub fn high_word(number: u64) -> u32 {
    low_word(number >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(value: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        value.write(&mut out);
        out
    }

    #[test]
    fn every_type_has_its_tag_and_its_shortest_content() {
        for (value, expected) in [
            (Value::Integer(0), &[0x02, 1, 0][..]),
            (Value::Integer(-1), &[0x02, 1, 0xff]),
            (Value::Integer(128), &[0x02, 2, 0, 0x80]),
            (Value::Integer(i32::MIN), &[0x02, 4, 0x80, 0, 0, 0]),
            (Value::text("ab"), &[0x04, 2, b'a', b'b']),
            (Value::ObjectId(Oid::new(&[0, 0])), &[0x06, 1, 0]),
            (
                Value::ObjectId(Oid::new(&[1, 3, 6, 1, 4, 1, 8072])),
                &[0x06, 7, 0x2b, 6, 1, 4, 1, 0xbf, 0x08],
            ),
            (
                Value::Counter32(u32::MAX),
                &[0x41, 5, 0, 255, 255, 255, 255],
            ),
            (Value::Gauge32(127), &[0x42, 1, 127]),
            (Value::TimeTicks(256), &[0x43, 2, 1, 0]),
            (
                Value::Counter64(1 << 63),
                &[0x46, 9, 0, 128, 0, 0, 0, 0, 0, 0, 0],
            ),
            // 5.0 as snmpd sends laLoadFloat.
            (
                Value::OpaqueFloat(5.0),
                &[0x44, 7, 0x9f, 0x78, 4, 0x40, 0xa0, 0, 0],
            ),
        ] {
            assert_eq!(wire(&value), expected, "{value:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_latched_or_wrapped_as_its_name_says() {
        assert_eq!(Value::latched(1 << 31), Value::Integer(i32::MAX));
        assert_eq!(Value::gauge(1 << 32), Value::Gauge32(u32::MAX));
        assert_eq!(Value::counter((1 << 32) + 5), Value::Counter32(5));
        assert_eq!((high_word((7 << 32) + 5), low_word((7 << 32) + 5)), (7, 5));
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let Value::Octets(octets) = Value::text(&"é".repeat(200)) else {
            panic!("not a text");
        };
        assert_eq!(octets.len(), TEXT_BYTES_MAX - 1);
    }

    #[test]
    fn a_date_is_eleven_octets_in_utc() {
        let at: Timestamp = "2026-11-22T01:39:49.5Z".parse().unwrap();
        let expected = [0x07, 0xea, 11, 22, 1, 39, 49, 5, b'+', 0, 0];
        assert_eq!(Value::date(at), Value::Octets(expected.into()));
    }
}
