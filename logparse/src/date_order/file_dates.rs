//! Follows what one file's dates tell of their order, piece by piece.
//!
//! A file's start may leave open whether `03/08/26` is in March or in August. Then each
//! piece is looked through before it is read: the first date of it that decides, decides
//! for this piece and for all that follow, and what was read before stays as it was read.
//! As long as nothing has decided, dates are read as the format does by default, and a
//! file of which one such date can be read both ways is told once.
//!
//! Who keeps this over a restart, and what is counted, is the caller's.

use model::connector::ConnectorKind;
use model::log::DateOrderTaken;

use super::{DateOrder, date_in_name, near_order, only_order};
use crate::framing::{Encoding, utf16, without_front_nuls};
use crate::prefix::cato::{self, SlashedDate};

/// What is known of a file's dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileDates {
    told: DateOrder,
    guessed: Option<DateOrderTaken>,
}

/// The next piece of a file.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The file's name or path, if it has one.
    pub file_name: Option<&'a str>,
    /// The bytes. The last line may be cut.
    pub bytes: &'a [u8],
    /// How the file is encoded.
    pub encoding: Encoding,
    /// The bytes begin inside a line.
    pub mid_line: bool,
}

/// Whether some of the product's files write dates with slashes and without telling
/// which number is the day.
pub const fn has_slashed_dates(kind: ConnectorKind) -> bool {
    match kind {
        ConnectorKind::CatoClient => true,
        // The year stands first.
        ConnectorKind::NetskopePublisher | ConnectorKind::NetskopeClient => false,
    }
}

impl FileDates {
    /// What was known before a restart.
    pub const fn restored(told: DateOrder, guessed: Option<DateOrderTaken>) -> Self {
        Self { told, guessed }
    }

    /// The order that a line behind the file's start has told.
    pub const fn told(self) -> DateOrder {
        self.told
    }

    /// How dates were read that can be read both ways, if there were any before
    /// something decided. Never changes once it is known.
    pub const fn guessed(self) -> Option<DateOrderTaken> {
        self.guessed
    }

    /// Looks through a piece that is about to be read, and returns the order to read it
    /// in. `by_start` is what [`DateOrder::detect`] says of the file's start, and wins.
    pub fn look(&mut self, by_start: DateOrder, piece: Piece<'_>) -> DateOrder {
        let known = by_start.or(self.told);
        if known != DateOrder::OfFormat {
            return known;
        }
        let survey = Survey::of(piece);
        match survey.told {
            Some(order) => self.told = order,
            None => self.guessed = self.guessed.or(survey.guessed),
        }
        self.told
    }
}

/// What the dates of one piece say.
#[derive(Default)]
struct Survey {
    told: Option<DateOrder>,
    /// How the first date is read that can be read both ways.
    guessed: Option<DateOrderTaken>,
}

impl Survey {
    fn of(piece: Piece<'_>) -> Self {
        match piece.encoding {
            Encoding::Utf8 => Self::of_text(piece, piece.bytes),
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let mut text = String::new();
                utf16::decode(piece.bytes, piece.encoding, &mut text);
                Self::of_text(piece, text.as_bytes())
            }
        }
    }

    fn of_text(piece: Piece<'_>, text: &[u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let started = piece.file_name.and_then(date_in_name);
        let mut survey = Self::default();
        let mut start = 0;
        let mut is_rest = piece.mid_line;
        while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
            let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..len).unwrap_or(rest);
            start += len + 1;
            if std::mem::take(&mut is_rest) {
                continue;
            }
            let Some((date, by_default)) = date_of(line) else {
                continue;
            };
            let near = started.and_then(|started| near_order(date, started));
            survey.told = near.or_else(|| only_order(date));
            if survey.told.is_some() {
                break;
            }
            if survey.guessed.is_none() && is_two_days(date) {
                survey.guessed = Some(by_default);
            }
        }
        survey
    }
}

/// The date with slashes that a line's record begins with, and how it is read if nothing
/// decides. Nearly all lines of other forms are told by two bytes.
fn date_of(line: &[u8]) -> Option<(SlashedDate, DateOrderTaken)> {
    let line = match line {
        [0, ..] => without_front_nuls(line),
        _ => line,
    };
    match line {
        [_, _, b'/', ..] | [b'[', _, _, b'/', ..] => cato::slashed_date(line),
        _ => None,
    }
}

/// Whether the date can be read both ways and is then two days.
fn is_two_days(date: SlashedDate) -> bool {
    let day_first = date.read(DateOrder::DayFirst);
    let month_first = date.read(DateOrder::MonthFirst);
    day_first.is_some() && month_first.is_some() && day_first != month_first
}

#[cfg(test)]
mod tests;
