//! In which order a file writes day and month, where its dates do not say it themselves.
//!
//! `03/08/26` is two days. Cato's Windows logs follow the device's regional settings,
//! so the file has to tell: by the date of its start, which stands in its name, or by a
//! number above 12 among its first dates. What a line's date means is then
//! `prefix::cato`'s; which bytes are a file's first is the caller's.
//!
//! A later line may tell what the start left open; that is [`FileDates`]'s.
//!
//! Known limit: a file whose name has no date and that begins within the first twelve
//! days of a month is read in the order that its format has by default, until a line
//! tells.

mod file_dates;

use jiff::civil::Date;
use model::log::DateOrderTaken;

pub use self::file_dates::{FileDates, Piece, has_slashed_dates};

use crate::framing::text_of_start;
use crate::prefix::cato::SlashedDate;

/// How far a file's first dates may be from the date in its name, in days: one for the
/// zones, since either may be UTC, and one for a start over midnight. The two readings
/// of one date are at least 27 days apart, so never both are near.
const DAYS_APART_MAX: i32 = 2;

/// Most bytes of a file's start that are looked at.
const START_BYTES_MAX: usize = 4096;

/// Order of day and month in dates such as `03/08/26`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DateOrder {
    /// Nothing has told: as the format does by default.
    #[default]
    OfFormat,
    /// `26/01/26` is in January.
    DayFirst,
    /// `01/26/26` is in January.
    MonthFirst,
}

impl DateOrder {
    /// Tells the order by a file's name (or its path) and its first bytes (not those of
    /// a chunk), in any encoding.
    ///
    /// The date in the name wins, as far as one of the first dates is near it in one
    /// order only: `cato_vpn_6.13.0.0_20260803110029.log` that begins with `03/08/26` is
    /// day first. Else the first date that is possible in one order only decides. Else it
    /// is [`DateOrder::OfFormat`].
    pub fn detect(file_name: Option<&str>, start: &[u8]) -> Self {
        let dates = first_dates(start);
        let by_name = file_name.and_then(date_in_name).and_then(|started| {
            let mut near = dates.iter().filter_map(|date| near_order(*date, started));
            near.next()
        });
        let by_number = || dates.iter().find_map(|date| only_order(*date));
        by_name.or_else(by_number).unwrap_or_default()
    }

    /// This order, or that of the format if nothing has told.
    pub(crate) fn or(self, of_format: Self) -> Self {
        match self {
            Self::OfFormat => of_format,
            Self::DayFirst | Self::MonthFirst => self,
        }
    }
}

impl From<DateOrderTaken> for DateOrder {
    fn from(taken: DateOrderTaken) -> Self {
        match taken {
            DateOrderTaken::DayFirst => Self::DayFirst,
            DateOrderTaken::MonthFirst => Self::MonthFirst,
        }
    }
}

/// The dates that the lines of a file's start begin with.
fn first_dates(start: &[u8]) -> Vec<SlashedDate> {
    let start = start.get(..START_BYTES_MAX).unwrap_or(start);
    let mut decoded = String::new();
    let text = text_of_start(start, &mut decoded);
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter_map(SlashedDate::of_record).collect()
}

/// The order in which `date` is near `started`, if it is so in one order only.
fn near_order(date: SlashedDate, started: Date) -> Option<DateOrder> {
    let is_near = |order| {
        let read = date.read(order);
        read.is_some_and(|day| days_between(day, started) <= DAYS_APART_MAX)
    };
    one_of(is_near(DateOrder::DayFirst), is_near(DateOrder::MonthFirst))
}

/// The order in which there is such a day, if it is so in one order only.
fn only_order(date: SlashedDate) -> Option<DateOrder> {
    one_of(
        date.read(DateOrder::DayFirst).is_some(),
        date.read(DateOrder::MonthFirst).is_some(),
    )
}

const fn one_of(is_day_first: bool, is_month_first: bool) -> Option<DateOrder> {
    match (is_day_first, is_month_first) {
        (true, false) => Some(DateOrder::DayFirst),
        (false, true) => Some(DateOrder::MonthFirst),
        // The same day in both, or no day at all.
        (true, true) | (false, false) => None,
    }
}

fn days_between(one: Date, other: Date) -> i32 {
    one.duration_since(other)
        .as_hours()
        .checked_div(24)
        .and_then(|days| i32::try_from(days.abs()).ok())
        .unwrap_or(i32::MAX)
}

/// The date of a file's start in its name: `20260803110029` or `2025-08-07` between
/// other characters. The first that is a day of this century.
fn date_in_name(name: &str) -> Option<Date> {
    // Folders have dates in their names, too.
    let name = name.rsplit(['/', '\\']).next()?;
    let is_part = |character: char| character.is_ascii_digit() || character == '-';
    name.split(|character| !is_part(character))
        .find_map(date_of_word)
}

/// `YYYYMMDDhhmmss`, `YYYYMMDD` or `YYYY-MM-DD`.
fn date_of_word(word: &str) -> Option<Date> {
    let digits: String = match word.as_bytes() {
        [.., _, _, _, _, b'-', _, _, b'-', _, _] if word.len() == 10 => word.replace('-', ""),
        _ if [8, 14].contains(&word.len()) => word.get(..8)?.to_owned(),
        _ => return None,
    };
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<u16>().ok();
    let year = number(0, 4).filter(|year| (2000..2100).contains(year))?;
    Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(number(4, 6)?).ok()?,
        i8::try_from(number(6, 8)?).ok()?,
    )
    .ok()
}

#[cfg(test)]
mod tests;
