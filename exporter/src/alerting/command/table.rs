//! Tables for a terminal: columns as wide as their widest cell, everything harmless.

use std::borrow::Cow;

use model::untrusted::printable;

/// Widest column but the last, in characters.
const COLUMN_MAX: usize = 48;

/// A table with a head.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub(super) fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()],
        }
    }

    /// Adds a row. What could move a cursor is spelled out.
    pub(super) fn add(&mut self, cells: &[Cow<'_, str>]) {
        let cells = cells.iter().map(|cell| printable(cell).into_owned());
        self.rows.push(cells.collect());
    }

    /// The table as text.
    pub(super) fn render(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width_of = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.chars().count()).max();
            widest.unwrap_or(0).min(COLUMN_MAX)
        };
        let widths: Vec<usize> = (0..columns).map(width_of).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_and_nothing_moves_the_cursor() {
        let mut table = Table::new(&["A", "B"]);
        table.add(&["long".into(), "x\u{1b}[2J".into()]);
        table.add(&["s".into(), "".into()]);
        assert_eq!(table.render(), "A     B\nlong  x\\u{1b}[2J\ns\n");
    }
}
