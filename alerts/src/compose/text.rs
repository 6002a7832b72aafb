//! Makes foreign text fit to be read: one line, bounded, harmless, and laid out for a pager.
//!
//! Everything that a message says passes [`line`] first: white space of any kind becomes
//! one space, and what could move a cursor or turn the direction of reading is spelled out.
//! What a place needs besides (HTML, headers, JSON) is done where that place is written.
//!
//! Widths are counted in characters; one that a terminal shows two columns wide makes its
//! column ragged and nothing worse.

use model::untrusted::printable;

/// Columns of a text part: what a pager shows of a quoted mail on 80.
pub(super) const WIDTH: usize = 72;

/// Longest word that stays whole. RFC 5322 wants lines below 998 bytes.
const WORD_CHARS_MAX: usize = 200;

/// `text` as one harmless line of at most `chars_max` characters.
pub(super) fn line(text: &str, chars_max: usize) -> String {
    // What is cut off is not looked at either: foreign text may be long.
    let head: String = text
        .chars()
        .take(chars_max.saturating_mul(2))
        .map(|one| if one.is_whitespace() { ' ' } else { one })
        .collect();
    let words: Vec<&str> = head.split(' ').filter(|word| !word.is_empty()).collect();
    cut(&printable(&words.join(" ")), chars_max)
}

/// At most `chars_max` characters, the last of which says that something is missing.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// At most `bytes_max` bytes, cut at a character; what is cut ends in three dots.
pub(super) fn cut_bytes(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let mut end = bytes_max.saturating_sub(3);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    format!("{}...", text.get(..end).unwrap_or_default())
}

/// `text` without the full stop that it may end in: it is going to be part of a sentence.
pub(super) fn without_stop(text: &str) -> &str {
    text.trim_end_matches(['.', ' ', ':', ';', ','])
}

/// `text` as a sentence: it ends in a full stop, unless it asks or exclaims.
pub(super) fn with_stop(text: &str) -> String {
    let whole = without_stop(text);
    if whole.ends_with(['?', '!']) {
        whole.to_owned()
    } else {
        format!("{whole}.")
    }
}

/// The first sentence of several.
pub(super) fn first_sentence(text: &str) -> &str {
    match text.find(". ") {
        Some(end) => text.get(..end).unwrap_or(text),
        None => without_stop(text),
    }
}

/// What stands at the left of wrapped lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Margin<'a> {
    /// Of the first line.
    pub(super) first: &'a str,
    /// Of the others.
    pub(super) rest: &'a str,
}

/// Breaks `text` at spaces into lines of at most `width` characters, margins included. A
/// word that is longer, such as an address, stays whole.
pub(super) fn wrap(text: &str, width: usize, margin: Margin<'_>) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut current = margin.first.to_owned();
    let mut is_fresh = true;
    for word in text.split(' ').flat_map(pieces) {
        let length = current.chars().count().saturating_add(word.chars().count());
        if !is_fresh && width <= length {
            lines.push(current);
            current = margin.rest.to_owned();
            is_fresh = true;
        }
        if !is_fresh {
            current.push(' ');
        }
        current.push_str(&word);
        is_fresh = false;
    }
    lines.push(current);
    lines.join("\n")
}

/// A word in pieces that a line can hold.
fn pieces(word: &str) -> Vec<String> {
    if word.len() <= WORD_CHARS_MAX {
        return vec![word.to_owned()];
    }
    let all: Vec<char> = word.chars().collect();
    all.chunks(WORD_CHARS_MAX)
        .map(|chunk| chunk.iter().collect())
        .collect()
}

/// Names and values, one under the other: values begin in one column.
pub(super) fn facts(facts: &[(&str, &str)], indent: &str) -> String {
    let names = facts.iter().map(|(name, _)| name.chars().count());
    let column = names.max().unwrap_or(0).clamp(10, 24);
    let rest = format!("{indent}{}  ", " ".repeat(column));
    let lines = facts.iter().map(|(name, value)| {
        let first = format!("{indent}{name:<column$}  ");
        let margin = Margin {
            first: &first,
            rest: &rest,
        };
        wrap(value, WIDTH, margin)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A line of a log, quoted: on one line however long it is, since people search for it in
/// the log. What stands before it tells it from ours; the mail's encoding bounds its lines.
pub(super) fn quoted(log_line: &str) -> String {
    format!("  > {log_line}")
}

/// Several things with the same facts.
#[derive(Debug, Clone, Default)]
pub(super) struct Grid {
    /// The titles, that of the name first.
    pub(super) titles: Vec<String>,
    /// For each thing its name and then a cell for each other title, perhaps empty.
    pub(super) rows: Vec<Vec<String>>,
}

impl Grid {
    /// As columns if they fit, else as one block for each thing.
    pub(super) fn written(&self) -> String {
        let widths = self.widths();
        let gaps = widths.len().saturating_sub(1).saturating_mul(2);
        let total: usize = widths.iter().sum::<usize>().saturating_add(gaps);
        if total.saturating_add(2) <= WIDTH {
            self.columns(&widths)
        } else {
            self.blocks()
        }
    }

    fn widths(&self) -> Vec<usize> {
        let width_of = |place: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(place));
            let all = cells.chain(self.titles.get(place));
            all.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        (0..self.titles.len()).map(width_of).collect()
    }

    fn columns(&self, widths: &[usize]) -> String {
        let all = std::iter::once(&self.titles).chain(&self.rows);
        let lines = all.map(|row| {
            let cells = row.iter().zip(widths);
            let padded: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            format!("  {}", padded.join("  ").trim_end())
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn blocks(&self) -> String {
        let blocks = self.rows.iter().map(|row| {
            let name = row.first().map(String::as_str).unwrap_or_default();
            let margin = Margin {
                first: "  ",
                rest: "    ",
            };
            let head = wrap(name, WIDTH, margin);
            let known: Vec<(&str, &str)> = self
                .titles
                .iter()
                .zip(row)
                .skip(1)
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(title, cell)| (title.as_str(), cell.as_str()))
                .collect();
            if known.is_empty() {
                head
            } else {
                format!("{head}\n{}", facts(&known, "    "))
            }
        });
        blocks.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_many_lines_becomes_one_that_moves_nothing() {
        let told = line("a\r\nBcc: x@y\t\u{1b}[2Jb\u{202e}c\u{61c}d\u{2028}e", 200);
        assert_eq!(told, "a Bcc: x@y \\u{1b}[2Jb\\u{202e}c\\u{61c}d e");
        assert_eq!(line("abcdef", 4), "abc…");
    }

    #[test]
    fn a_sentence_ends_once() {
        assert_eq!(with_stop("See the log"), "See the log.");
        assert_eq!(with_stop("See the log.;"), "See the log.");
        assert_eq!(with_stop("Is it there? "), "Is it there?");
    }

    #[test]
    fn words_are_wrapped_and_long_ones_stay_whole() {
        let margin = Margin {
            first: "- ",
            rest: "  ",
        };
        let address = "https://a.example/very/long";
        assert_eq!(
            wrap(&format!("one two three {address} four"), 12, margin),
            format!("- one two\n  three\n  {address}\n  four")
        );
    }

    #[test]
    fn what_does_not_fit_side_by_side_stands_one_below_the_other() {
        let row = |cells: &[&str]| cells.iter().map(|one| (*one).to_owned()).collect();
        let mut grid = Grid {
            titles: row(&["Publisher", "Reason"]),
            rows: vec![row(&["p2", "docker_pull"]), row(&["p10", ""])],
        };
        assert_eq!(
            grid.written(),
            "  Publisher  Reason\n  p2         docker_pull\n  p10"
        );
        grid.rows.push(row(&["p3", &"word ".repeat(16)]));
        assert!(
            grid.written()
                .starts_with("  p2\n    Reason      docker_pull\n  p10\n")
        );
        assert!(grid.written().lines().all(|one| one.len() <= WIDTH));
    }

    #[test]
    fn a_quoted_line_of_a_log_is_one_line_that_can_be_searched_for() {
        let logged = "word ".repeat(100);
        assert_eq!(quoted(&logged), format!("  > {logged}"));
    }

    #[test]
    fn bytes_are_cut_between_characters() {
        assert_eq!(cut_bytes("ééééé", 8), "éé...");
        assert_eq!(cut_bytes("ééé", 6), "ééé");
    }
}
