//! The date and time at a record's front, and which kind of record they open.
//!
//! Reads nothing behind them, so that telling whether a record begins is cheap: each
//! line of a log is asked that. Numbers are collected unchecked, as `timestamp` does;
//! a month 13 is no time, and opens a record all the same.

use jiff::civil::Date;

use crate::date_order::DateOrder;
use crate::timestamp::Stamp;

/// What a record begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `YYYY-MM-DD hh:mm:ss [`: Linux, and with `:mmm` macOS
    Iso,
    /// `NN/NN/YY hh:mm:ss.mmm [`: Windows
    Slashed,
    /// `[NN/NN/YY hh:mm:ss.mmm] `: experience monitoring on Windows
    SlashedInBrackets,
    /// `[YYYY-Mmm-DD hh:mm:ss.mmm] `: Android
    NamedMonth,
    /// `[pid:tid:MMDD/hhmmss.mmm:LEVEL:file(line)] `: Chromium's form
    Browser,
}

/// A record's front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) shape: Shape,
    date: HeadDate,
    clock: Clock,
    /// What follows the time.
    pub(super) rest: &'a [u8],
}

#[derive(Debug, Clone, Copy)]
enum HeadDate {
    /// Year, month, day.
    Full([u32; 3]),
    Slashed(SlashedDate),
    /// Without a year, or with a month's name in a language that we do not read.
    Unreadable,
}

/// `03/08/26`: two numbers for day and month, and the year of this century.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlashedDate {
    first: u32,
    second: u32,
    year: u32,
}

/// Hour, minute, second; nanosecond.
#[derive(Debug, Clone, Copy)]
struct Clock([u32; 3], u32);

impl<'a> Head<'a> {
    /// The front of the record that begins in `line`.
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        match line {
            [b'[', inside @ ..] => bracketed(inside),
            [_, _, b'/', ..] => slashed(line),
            _ => iso(line),
        }
    }

    /// The record's date, if it is one with slashes.
    pub(super) const fn slashed_date(&self) -> Option<SlashedDate> {
        match self.date {
            HeadDate::Slashed(date) => Some(date),
            HeadDate::Full(_) | HeadDate::Unreadable => None,
        }
    }

    /// The record's time. `order` is that of a [`SlashedDate`].
    pub(super) fn stamp(&self, order: DateOrder) -> Option<Stamp> {
        let date = match self.date {
            HeadDate::Full(date) => date,
            HeadDate::Slashed(date) => date.numbers(order),
            HeadDate::Unreadable => return None,
        };
        let Clock(clock, nanosecond) = self.clock;
        Some(Stamp::local(date, clock, nanosecond))
    }
}

impl SlashedDate {
    /// The date that a record begins with, if it is one of these.
    pub(crate) fn of_record(line: &[u8]) -> Option<Self> {
        Head::read(line)?.slashed_date()
    }

    /// The day that it names, day first unless `order` is month first. `None` if there
    /// is no such day.
    pub(crate) fn read(self, order: DateOrder) -> Option<Date> {
        let [year, month, day] = self.numbers(order);
        Date::new(
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
        )
        .ok()
    }

    /// Year, month, day.
    const fn numbers(self, order: DateOrder) -> [u32; 3] {
        let year = 2000 + self.year;
        match order {
            DateOrder::DayFirst | DateOrder::OfFormat => [year, self.second, self.first],
            DateOrder::MonthFirst => [year, self.first, self.second],
        }
    }
}

/// `YYYY-MM-DD hh:mm:ss`, a fraction after a point, a comma or a colon, and a bracket.
fn iso(line: &[u8]) -> Option<Head<'_>> {
    let (year, rest) = number(line, 4)?;
    let (month, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let (clock, rest) = clock(rest.strip_prefix(b" ")?)?;
    rest.starts_with(b" [").then_some(Head {
        shape: Shape::Iso,
        date: HeadDate::Full([year, month, day]),
        clock,
        rest,
    })
}

/// `NN/NN/YY hh:mm:ss.mmm`, and a bracket.
fn slashed(line: &[u8]) -> Option<Head<'_>> {
    let (date, clock, rest) = slashed_time(line)?;
    rest.starts_with(b" [").then_some(Head {
        shape: Shape::Slashed,
        date: HeadDate::Slashed(date),
        clock,
        rest,
    })
}

fn slashed_time(text: &[u8]) -> Option<(SlashedDate, Clock, &[u8])> {
    let (first, rest) = number(text, 2)?;
    let (second, rest) = number(rest.strip_prefix(b"/")?, 2)?;
    let (year, rest) = number(rest.strip_prefix(b"/")?, 2)?;
    let (clock, rest) = clock(rest.strip_prefix(b" ")?)?;
    let date = SlashedDate {
        first,
        second,
        year,
    };
    Some((date, clock, rest))
}

/// A head that is a group itself. `inside` begins after its bracket.
fn bracketed(inside: &[u8]) -> Option<Head<'_>> {
    match inside {
        [_, _, b'/', ..] => {
            let (date, clock, rest) = slashed_time(inside)?;
            Some(Head {
                shape: Shape::SlashedInBrackets,
                date: HeadDate::Slashed(date),
                clock,
                rest: rest.strip_prefix(b"]")?,
            })
        }
        [_, _, _, _, b'-', ..] => named_month(inside),
        _ => browser(inside),
    }
}

/// `YYYY-Mmm-DD hh:mm:ss.mmm]`. The month is a word of the device's language.
fn named_month(inside: &[u8]) -> Option<Head<'_>> {
    let (year, rest) = number(inside, 4)?;
    let rest = rest.strip_prefix(b"-")?;
    let searched = rest.get(..MONTH_BYTES_MAX).unwrap_or(rest);
    let end = memchr::memchr(b'-', searched).filter(|end| 0 < *end)?;
    let month = month_of(rest.get(..end)?);
    let (day, rest) = number(rest.get(end + 1..)?, 2)?;
    let (clock, rest) = clock(rest.strip_prefix(b" ")?)?;
    Some(Head {
        shape: Shape::NamedMonth,
        date: month.map_or(HeadDate::Unreadable, |month| {
            HeadDate::Full([year, month, day])
        }),
        clock,
        rest: rest.strip_prefix(b"]")?,
    })
}

/// Longest name of a month that is looked for, in bytes, with the dash after it.
const MONTH_BYTES_MAX: usize = 24;

/// The number of an English month's name in three letters.
fn month_of(word: &[u8]) -> Option<u32> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let mut numbered = (1..).zip(MONTHS.chunks_exact(3));
    let found = numbered.find(|(_, name)| name.eq_ignore_ascii_case(word));
    found.map(|(month, _)| month)
}

/// `pid:tid:MMDD/hhmmss.mmm:LEVEL:file(line)]`; process and thread may be missing.
fn browser(inside: &[u8]) -> Option<Head<'_>> {
    let searched = inside.get(..BROWSER_BYTES_MAX).unwrap_or(inside);
    let end = memchr::memchr(b']', searched)?;
    let group = inside.get(..end)?;
    let mut parts = group.split(|byte| *byte == b':');
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let time = parts.by_ref().take(3).find(|part| !is_number(part))?;
    let (_, rest) = number(time, 4)?;
    let (_, rest) = number(rest.strip_prefix(b"/")?, 6)?;
    let is_stamp = rest.is_empty() || rest.starts_with(b".");
    let level = parts.next()?;
    let is_level = !level.is_empty() && level.iter().all(u8::is_ascii_alphanumeric);
    (is_stamp && is_level).then_some(Head {
        shape: Shape::Browser,
        date: HeadDate::Unreadable,
        clock: Clock([0; 3], 0),
        rest: inside.get(end + 1..)?,
    })
}

/// Longest head of the browser that is looked for, in bytes.
const BROWSER_BYTES_MAX: usize = 256;

/// `hh:mm:ss` and a fraction, if there is one.
fn clock(text: &[u8]) -> Option<(Clock, &[u8])> {
    let (hour, rest) = number(text, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (nanosecond, rest) = match rest {
        [b'.' | b',' | b':', digits @ ..] => fraction(digits)?,
        _ => (0, rest),
    };
    Some((Clock([hour, minute, second], nanosecond), rest))
}

/// One to nine digits as a fraction of a second, in nanoseconds.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let places_left = u32::try_from(9_usize.checked_sub(count)?).ok()?;
    let (value, rest) = number(text, count)?;
    (0 < count).then_some((value * 10_u32.pow(places_left), rest))
}

/// Exactly `count` digits, and what follows them.
fn number(text: &[u8], count: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(count)?;
    let mut value = 0_u32;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(digit - b'0');
    }
    Some((value, rest))
}
