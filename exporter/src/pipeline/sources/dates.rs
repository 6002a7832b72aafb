//! Remembers, over restarts, what files told late about the order of their dates.
//!
//! Most files tell it by their name or their start, which is looked at again with each
//! batch; of those nothing stands here. Of the others this keeps two things: which order
//! a later line told, and that the file was counted as ambiguous. Both are kept in the
//! same transaction as the position behind those lines and the count itself, so a file
//! is counted once, wherever a kill or a restart interrupts.
//!
//! Known limit: of more than [`FILES_MAX`] such files the oldest are forgotten. One that
//! is still written to is then counted again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use logparse::date_order::{DateOrder, FileDates};
use model::log::DateOrderTaken;
use model::position::FileId;

/// Most files that are remembered. A value of the store has room for more of the longest
/// lines.
const FILES_MAX: usize = 1000;

/// Where it is kept: one value for all logs, since files have no equal ids.
pub(super) const KEY: &str = "log.date_orders";

/// A word for nothing.
const NOTHING: &str = "-";

/// What is known of files that need it.
#[derive(Debug, Default)]
pub(super) struct DatesBook {
    known: BTreeMap<FileId, FileDates>,
}

impl DatesBook {
    /// What an earlier run kept. Lines of another form are passed over.
    pub(super) fn restored(value: &[u8]) -> Self {
        let text = String::from_utf8_lossy(value);
        let lines = text.lines().take(FILES_MAX);
        Self {
            known: lines.filter_map(read_line).collect(),
        }
    }

    /// What is known of a file.
    pub(super) fn of(&self, file: FileId) -> FileDates {
        self.known.get(&file).copied().unwrap_or_default()
    }

    /// Takes note of what is known of a file now. The value to keep, if that changed.
    pub(super) fn set(&mut self, file: FileId, dates: FileDates) -> Option<Vec<u8>> {
        if self.of(file) == dates {
            return None;
        }
        if dates == FileDates::default() {
            // Its content began anew.
            self.known.remove(&file);
        } else {
            self.known.insert(file, dates);
        }
        while FILES_MAX < self.known.len() {
            self.known.pop_first();
        }
        let mut text = String::new();
        for (FileId(number), known) in &self.known {
            let told = taken(known.told()).map_or(NOTHING, DateOrderTaken::name);
            let guessed = known.guessed().map_or(NOTHING, DateOrderTaken::name);
            // Writing to a `String` does not fail.
            let _ = writeln!(text, "{number} {told} {guessed}");
        }
        Some(text.into_bytes())
    }
}

fn read_line(line: &str) -> Option<(FileId, FileDates)> {
    let mut words = line.split(' ');
    let file = words.next()?.parse().ok().map(FileId)?;
    let told = DateOrderTaken::from_name(words.next()?);
    let guessed = DateOrderTaken::from_name(words.next()?);
    let order = told.map_or(DateOrder::OfFormat, DateOrder::from);
    Some((file, FileDates::restored(order, guessed)))
}

const fn taken(order: DateOrder) -> Option<DateOrderTaken> {
    match order {
        DateOrder::OfFormat => None,
        DateOrder::DayFirst => Some(DateOrderTaken::DayFirst),
        DateOrder::MonthFirst => Some(DateOrderTaken::MonthFirst),
    }
}

#[cfg(test)]
mod tests {
    use store::{KEPT_VALUE_BYTES_MAX, check_kept};

    use super::*;

    const MONTH_FIRST: FileDates =
        FileDates::restored(DateOrder::MonthFirst, Some(DateOrderTaken::DayFirst));

    #[test]
    fn what_is_kept_is_found_again() {
        let mut book = DatesBook::default();
        let told = FileDates::restored(DateOrder::DayFirst, None);
        let guessed = FileDates::restored(DateOrder::OfFormat, Some(DateOrderTaken::DayFirst));
        book.set(FileId(7), told);
        book.set(FileId(u64::MAX), guessed);
        let value = book.set(FileId(9), MONTH_FIRST).unwrap();
        assert_eq!(book.set(FileId(9), MONTH_FIRST), None, "nothing new");
        let again = DatesBook::restored(&value);
        for (file, dates) in [(7, told), (9, MONTH_FIRST), (u64::MAX, guessed)] {
            assert_eq!(again.of(FileId(file)), dates);
        }
        assert_eq!(again.of(FileId(8)), FileDates::default());
        let fewer = book.set(FileId(7), FileDates::default()).unwrap();
        assert!(
            fewer.len() < value.len(),
            "what tells nothing takes no room"
        );
    }

    #[test]
    fn as_many_files_as_are_remembered_fit_into_one_value() {
        let mut book = DatesBook::default();
        let mut value = Vec::new();
        for place in 0..=u64::try_from(FILES_MAX).unwrap() {
            value = book.set(FileId(u64::MAX - place), MONTH_FIRST).unwrap();
        }
        assert!(value.len() <= KEPT_VALUE_BYTES_MAX);
        check_kept(&KEY.into(), &value).unwrap();
        assert_eq!(book.of(FileId(u64::MAX)), MONTH_FIRST);
        let oldest = u64::MAX - u64::try_from(FILES_MAX).unwrap();
        assert_eq!(book.of(FileId(oldest)), FileDates::default());
    }

    #[test]
    fn a_foreign_value_is_passed_over() {
        let book = DatesBook::restored(b"1 never -\nx day_first -\n\xff\n2\n3 - month_first\n");
        assert_eq!(book.of(FileId(1)), FileDates::default());
        assert_eq!(book.of(FileId(2)), FileDates::default());
        assert_eq!(
            book.of(FileId(3)).guessed(),
            Some(DateOrderTaken::MonthFirst)
        );
    }
}
