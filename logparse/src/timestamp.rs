//! Time stamps as they stand in log lines, read cheaply and converted late.
//!
//! Reading a stamp only collects its numbers, since every stamped line pays for
//! it; [`Stamp::time`] makes a moment of them, for the few events that are kept.
//! Which prefix a stamp stands in is `prefix`'s business.
//!
//! Known limit: syslog's stamps without a year are not read at all; a guessed year
//! would be wrong for old files.

use std::cell::Cell;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

/// The numbers of a time stamp, unchecked: month 13 is found out by [`Stamp::time`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    date: [u32; 3],
    clock: [u32; 3],
    nanosecond: u32,
    zone: StampZone,
}

/// Which clock a stamp was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StampZone {
    /// The stamp says by how many seconds it is ahead of UTC.
    Written(i32),
    /// It does not say: the connector's configured zone.
    Connector,
}

impl Stamp {
    /// Reads `YYYY-MM-DD`, `T` or a space, `hh:mm:ss`, an optional fraction and an
    /// optional `Z`, `+hh:mm` or `+hhmm`, the latter also after a space. Returns the
    /// text after it.
    pub(crate) fn read_iso(text: &[u8]) -> Option<(Self, &[u8])> {
        let mut reader = Reader(text);
        let mut stamp = reader.stamp(b'-', b"T ")?;
        if let Some(seconds) = reader.offset() {
            stamp.zone = StampZone::Written(seconds);
        }
        Some((stamp, reader.0))
    }

    /// Reads the wizard's `YYYY/MM/DD hh:mm:ss UTC`. Returns the text after it.
    pub(crate) fn read_wizard(text: &[u8]) -> Option<(Self, &[u8])> {
        let mut reader = Reader(text);
        let mut stamp = reader.stamp(b'/', b" ")?;
        let rest = reader.0.strip_prefix(b" UTC")?;
        stamp.zone = StampZone::Written(0);
        Some((stamp, rest))
    }

    /// Reads a client's `YYYY/MM/DD hh:mm:ss` with an optional fraction, in the
    /// connector's zone. Returns the text after it.
    pub(crate) fn read_slashed(text: &[u8]) -> Option<(Self, &[u8])> {
        let mut reader = Reader(text);
        let stamp = reader.stamp(b'/', b" ")?;
        Some((stamp, reader.0))
    }

    /// A stamp of numbers that somebody else read: year, month, day; hour, minute,
    /// second; in the connector's zone.
    pub(crate) const fn local(date: [u32; 3], clock: [u32; 3], nanosecond: u32) -> Self {
        Self {
            date,
            clock,
            nanosecond,
            zone: StampZone::Connector,
        }
    }

    /// The moment that the stamp names. A local time that a clock change leaves out
    /// or repeats is read as RFC 5545 does: later in a gap, earlier in a fold.
    ///
    /// `None` if there is no such day or time. Second 60 is read as 59.
    pub(crate) fn time(&self, connector_zone: &TimeZone) -> Option<Timestamp> {
        let [year, month, day] = self.date;
        let [hour, minute, second] = self.clock;
        // The year 0000 exists for the calendar but in no log.
        let year = i16::try_from(year).ok().filter(|year| 1 <= *year)?;
        let second = if second == 60 { 59 } else { second };
        let local = civil::DateTime::new(
            year,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
            i8::try_from(hour).ok()?,
            i8::try_from(minute).ok()?,
            i8::try_from(second).ok()?,
            i32::try_from(self.nanosecond).ok()?,
        )
        .ok()?;
        match self.zone {
            StampZone::Written(seconds) => Offset::from_seconds(seconds)
                .and_then(|offset| offset.to_timestamp(local))
                .ok(),
            StampZone::Connector => connector_zone.to_timestamp(local).ok(),
        }
    }
}

/// Converts the stamps of one connector. Remembers the minute of the last one without
/// a zone of its own: neighbouring lines mostly share it, and to ask a zone's rules
/// costs more than to read a line.
#[derive(Debug)]
pub(crate) struct LocalTime {
    zone: TimeZone,
    minute: Cell<Option<Minute>>,
}

/// A minute of a local clock, and the moment at which it began.
#[derive(Debug, Clone, Copy)]
struct Minute {
    date: [u32; 3],
    hour: u32,
    minute: u32,
    start: Timestamp,
}

impl LocalTime {
    /// Converts stamps of a connector in `zone`.
    pub(crate) const fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            minute: Cell::new(None),
        }
    }

    /// The connector's zone.
    pub(crate) const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The moment that `stamp` names, as [`Stamp::time`] does.
    pub(crate) fn time(&self, stamp: &Stamp) -> Option<Timestamp> {
        if stamp.zone != StampZone::Connector {
            return stamp.time(&self.zone);
        }
        let [hour, minute, second] = stamp.clock;
        if let Some(known) = self.minute.get()
            && (known.date, known.hour, known.minute) == (stamp.date, hour, minute)
            && second < 60
        {
            return moment(known.start, second, stamp.nanosecond);
        }
        let time = stamp.time(&self.zone)?;
        let at_second = |other| {
            let clock = [hour, minute, other];
            Stamp::local(stamp.date, clock, 0).time(&self.zone)
        };
        let start = at_second(0)?;
        // A minute within which the clock was changed is not remembered.
        if at_second(59) == moment(start, 59, 0) {
            self.minute.set(Some(Minute {
                date: stamp.date,
                hour,
                minute,
                start,
            }));
        }
        Some(time)
    }
}

/// The moment so many seconds, below 60, and nanoseconds after the start of a minute.
fn moment(start: Timestamp, second: u32, nanosecond: u32) -> Option<Timestamp> {
    let nanosecond = i32::try_from(nanosecond).ok()?;
    Timestamp::new(
        start.as_second().checked_add(i64::from(second))?,
        nanosecond,
    )
    .ok()
}

/// How many nanoseconds the last of so many digits after the point counts.
const LAST_DIGIT_COUNTS: [u32; 10] = [
    1_000_000_000,
    100_000_000,
    10_000_000,
    1_000_000,
    100_000,
    10_000,
    1_000,
    100,
    10,
    1,
];

/// Takes bytes from the front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// A date and a time of day, with an optional fraction, without zone.
    fn stamp(&mut self, date_separator: u8, middle: &[u8]) -> Option<Stamp> {
        // Every stamped line pays for this: all digits are checked at once.
        let (head, rest) = self.0.split_first_chunk::<19>()?;
        let [y1, y2, y3, y4, s1, m1, m2, s2, d1, d2, gap, of_day @ ..] = head;
        let [h1, h2, c1, n1, n2, c2, e1, e2] = of_day;
        let are_separated = *s1 == date_separator
            && *s2 == date_separator
            && middle.contains(gap)
            && *c1 == b':'
            && *c2 == b':';
        let mut highest = 0;
        let mut two = |tens: &u8, ones: &u8| {
            let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
            highest = tens.max(ones).max(highest);
            u32::from(tens) * 10 + u32::from(ones)
        };
        let date = [two(y1, y2) * 100 + two(y3, y4), two(m1, m2), two(d1, d2)];
        let clock = [two(h1, h2), two(n1, n2), two(e1, e2)];
        if !are_separated || 9 < highest {
            return None;
        }
        self.0 = rest;
        Some(Stamp {
            date,
            clock,
            nanosecond: self.fraction(),
            zone: StampZone::Connector,
        })
    }

    /// Exactly `count` digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let mut value = 0_u32;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            value = value * 10 + u32::from(digit - b'0');
        }
        self.0 = rest;
        Some(value)
    }

    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !wanted.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }

    /// `.123` or `,123` as nanoseconds, 0 if there is none. Digits after the ninth
    /// are skipped.
    fn fraction(&mut self) -> u32 {
        let [b'.' | b',', rest @ ..] = self.0 else {
            return 0;
        };
        let is_digit = |byte: &&u8| byte.is_ascii_digit();
        let mut value: u32 = 0;
        let mut read = 0;
        for digit in rest.iter().take(9).take_while(is_digit) {
            value = value * 10 + u32::from(digit - b'0');
            read += 1;
        }
        if read == 0 {
            return 0;
        }
        let after = rest.get(read..).unwrap_or_default();
        let skipped = after.iter().take_while(is_digit).count();
        self.0 = after.get(skipped..).unwrap_or_default();
        value * LAST_DIGIT_COUNTS.get(read).copied().unwrap_or(1)
    }

    /// `Z` or a signed offset, as seconds ahead of UTC.
    fn offset(&mut self) -> Option<i32> {
        if let Some(rest) = self.0.strip_prefix(b"Z") {
            self.0 = rest;
            return Some(0);
        }
        let mut ahead = Reader(self.0.strip_prefix(b" ").unwrap_or(self.0));
        let sign = if ahead.one_of(b"+-")? == b'+' { 1 } else { -1 };
        let hours = ahead.digits(2)?;
        // Both +0200 and +02:00 are in use.
        let _ = ahead.one_of(b":");
        let minutes = ahead.digits(2)?;
        self.0 = ahead.0;
        Some(sign * i32::try_from(hours * 3600 + minutes * 60).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn check(text: &str, in_zone: &str, expected: Option<&str>) {
        let time = Stamp::read_iso(text.as_bytes())
            .and_then(|(stamp, _)| stamp.time(&zone(in_zone)))
            .map(|time| time.to_string());
        assert_eq!(time.as_deref(), expected, "{text}");
    }

    #[test]
    fn a_written_offset_wins_over_the_connectors_zone() {
        for text in [
            "2024-03-04 08:42:02.000400 +00:00",
            "2024-03-04T08:42:02.0004Z",
            "2024-03-04T10:42:02.0004+02:00",
            "2024-03-04 03:42:02,0004 -0500",
        ] {
            check(text, "Europe/Berlin", Some("2024-03-04T08:42:02.0004Z"));
        }
        check(
            "2024-03-04 08:42:02",
            "Europe/Berlin",
            Some("2024-03-04T07:42:02Z"),
        );
    }

    #[test]
    fn clock_changes_are_read_as_calendars_do() {
        // In the gap: 02:30 does not exist, read with the offset before it.
        check(
            "2024-03-31 02:30:00",
            "Europe/Berlin",
            Some("2024-03-31T01:30:00Z"),
        );
        // In the fold: 02:30 comes twice, the first is taken.
        check(
            "2024-10-27 02:30:00",
            "Europe/Berlin",
            Some("2024-10-27T00:30:00Z"),
        );
    }

    #[test]
    fn a_minute_within_which_the_clock_was_changed_is_not_remembered() {
        // The clock went on by 44 minutes and 30 seconds at the day's beginning.
        let local = LocalTime::new(zone("Africa/Monrovia"));
        for second in [10, 29, 30, 50, 10] {
            let stamp = Stamp::local([1972, 1, 7], [0, 44, second], 0);
            assert_eq!(local.time(&stamp), stamp.time(local.zone()), "{second}");
        }
        let late = Stamp::local([1972, 1, 7], [0, 44, 50], 0);
        assert_eq!(
            local.time(&late).unwrap().to_string(),
            "1972-01-07T00:44:50Z"
        );
    }

    proptest! {
        /// A remembered minute gives what the zone's rules would, whatever came before.
        #[test]
        fn a_remembered_minute_is_the_zones(
            stamps in prop::collection::vec(
                (
                    0_u32..2,
                    0_u32..4,
                    prop::sample::select(vec![0, 30, 44, 59, 61]),
                    prop::sample::select(vec![0, 29, 30, 31, 59, 60, 61]),
                ),
                1..20,
            ),
            zone_name in prop::sample::select(vec!["UTC", "Europe/Berlin", "Africa/Monrovia"]),
        ) {
            let local = LocalTime::new(zone(zone_name));
            for (day, hour, minute, second) in stamps {
                // Clocks changed in Berlin on the first day, and in Monrovia on the second.
                let date = [[2024, 3, 31], [1972, 1, 7]][usize::try_from(day).unwrap()];
                let stamp = Stamp::local(date, [hour, minute, second], 7);
                prop_assert_eq!(local.time(&stamp), stamp.time(local.zone()));
            }
        }
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in [
            "2024-13-01 00:00:00",
            "0000-01-01 00:00:00",
            "2024-02-30 00:00:00",
            "2024-01-01 24:00:00",
            "2024-01-01 00:61:00",
            "2024-01-01 00:00",
            "2024-01-01 00:00:00 +99:00",
            "",
        ] {
            check(text, "UTC", None);
        }
        check("2016-12-31 23:59:60Z", "UTC", Some("2016-12-31T23:59:59Z"));
    }

    #[test]
    fn the_wizards_stamp_is_utc_whatever_the_zone() {
        let (stamp, rest) = Stamp::read_wizard(b"2021/07/27 20:00:41 UTC text").unwrap();
        assert_eq!(rest, b" text");
        assert_eq!(
            stamp.time(&zone("Asia/Tokyo")).unwrap().to_string(),
            "2021-07-27T20:00:41Z"
        );
        assert_eq!(Stamp::read_wizard(b"2021/07/27 20:00:41 CET text"), None);
    }
}
