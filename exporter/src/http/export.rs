//! A list as data: JSON for programs, CSV for spreadsheets.
//!
//! One table serves both, so they cannot differ. JSON keeps text as it came. CSV is
//! opened by programs that take a cell for a formula by its first character and run it:
//! such a cell gets an apostrophe in front, and what cannot be printed is spelled out.
//! Where a semicolon separates cells, as in half of Europe, our quotes do not hold a cell
//! together, so a sign behind a separator is guarded too.
//! Which rows there are is `views`' matter.

use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use model::untrusted::printable;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::query::Form;

/// What a spreadsheet takes for the beginning of a formula, in ASCII and in full width.
const FORMULA_SIGNS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A list with its columns.
#[derive(Debug)]
pub(super) struct Table {
    /// Names the list and the file: a word.
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    /// Each as long as `columns`.
    pub(super) rows: Vec<Vec<Value>>,
}

/// A moment, or that there is none.
pub(super) fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::String(at.to_string()))
}

/// A text, or that there is none.
pub(super) fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

impl Table {
    /// The answer in the form asked for, of the turn taken then.
    pub(super) fn response(&self, form: Form, taken_at: Option<Timestamp>) -> Response {
        match form {
            Form::Csv => {
                let disposition = format!("attachment; filename=\"{}.csv\"", self.name);
                let kind = "text/csv; charset=utf-8; header=present";
                let mut response = ([(header::CONTENT_TYPE, kind)], self.csv()).into_response();
                if let Ok(disposition) = HeaderValue::from_str(&disposition) {
                    let headers = response.headers_mut();
                    headers.insert(header::CONTENT_DISPOSITION, disposition);
                }
                response
            }
            Form::Json | Form::Page => {
                let kind = "application/json";
                ([(header::CONTENT_TYPE, kind)], self.json(taken_at)).into_response()
            }
        }
    }

    fn json(&self, taken_at: Option<Timestamp>) -> String {
        let answer = Answer {
            list: self.name,
            rows: Rows(self),
            taken_at,
        };
        // Memory takes everything, and a value's names are texts: this cannot fail.
        let mut written = serde_json::to_string_pretty(&answer).unwrap_or_default();
        written.push('\n');
        written
    }

    fn csv(&self) -> String {
        let mut out = self.columns.join(",");
        out.push_str("\r\n");
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(cell).collect();
            out.push_str(&cells.join(","));
            out.push_str("\r\n");
        }
        out
    }
}

/// The JSON of a table. Names stand in the alphabet's order, in rows too.
#[derive(Serialize)]
struct Answer<'t> {
    list: &'static str,
    rows: Rows<'t>,
    taken_at: Option<Timestamp>,
}

/// The rows as objects. Written as they are walked: a map of each would cost more than all else.
struct Rows<'t>(&'t Table);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(table) = self;
        let mut places: Vec<(&str, usize)> = table.columns.iter().copied().zip(0..).collect();
        places.sort_unstable();
        serializer.collect_seq(table.rows.iter().map(|cells| Row {
            places: &places,
            cells,
        }))
    }
}

struct Row<'t> {
    /// Each column's name, and where its cell is.
    places: &'t [(&'t str, usize)],
    cells: &'t [Value],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let places = self.places.iter();
        serializer.collect_map(places.map(|(name, place)| (name, self.cells.get(*place))))
    }
}

/// One cell, see RFC 4180. Numbers, truths and nothing stand bare; all else in quotes.
fn cell(value: &Value) -> String {
    let content = match value {
        Value::Null => return String::new(),
        Value::Bool(_) | Value::Number(_) => return value.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("; "),
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, field)| format!("{name}: {}", plain(field)));
            fields.collect::<Vec<_>>().join("; ")
        }
    };
    let guard = if content.starts_with(FORMULA_SIGNS) {
        "'"
    } else {
        ""
    };
    let shown = printable(&content).replace('"', "\"\"");
    format!("\"{guard}{}\"", guarded(&shown))
}

/// The text with an apostrophe between a separator of cells and the sign of a formula.
fn guarded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut may_begin_cell = false;
    for letter in text.chars() {
        if may_begin_cell && FORMULA_SIGNS.contains(&letter) {
            out.push('\'');
        }
        may_begin_cell = match letter {
            ';' | ',' => true,
            // Readers pass over these before a formula.
            ' ' | '"' => may_begin_cell,
            _ => false,
        };
        out.push(letter);
    }
    out
}

/// A text without its quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn csv_of(value: Value) -> String {
        let table = Table {
            name: "things",
            columns: &["a"],
            rows: vec![vec![value]],
        };
        let csv = table.csv();
        csv.strip_prefix("a\r\n").unwrap().trim_end().to_owned()
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for sign in ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"] {
            let shown = csv_of(text(format!("{sign}cmd|' /C calc'!A0")));
            assert!(shown.starts_with("\"'"), "{shown}");
        }
        assert_eq!(csv_of(text("a=b")), "\"a=b\"");
        assert_eq!(csv_of(json!({"=x": "y"})), "\"'=x: y\"");
        assert_eq!(csv_of(json!(["-1", "b"])), "\"'-1; b\"");
    }

    #[test]
    fn no_cell_of_a_reader_with_another_separator_begins_a_formula() {
        assert_eq!(csv_of(text("x;=HYPERLINK(1)")), "\"x;'=HYPERLINK(1)\"");
        assert_eq!(csv_of(text("x; \"@y, -1")), "\"x; \"\"'@y, '-1\"");
        assert_eq!(csv_of(json!(["a", "=b"])), "\"a; '=b\"");
        assert_eq!(csv_of(text("a;b=c, d-e")), "\"a;b=c, d-e\"");
    }

    #[test]
    fn quotes_lines_and_marks_do_not_leave_their_cell() {
        let hostile = text("a\"b,c\r\nd\u{202e}\u{0}e");
        assert_eq!(csv_of(hostile), "\"a\"\"b,c\\u{d}\\u{a}d\\u{202e}\\u{0}e\"");
    }

    #[test]
    fn numbers_and_nothing_stand_bare() {
        assert_eq!(csv_of(json!(u64::MAX)), "18446744073709551615");
        assert_eq!(csv_of(Value::Null), "");
        assert_eq!(csv_of(json!(true)), "true");
    }

    #[test]
    fn both_forms_hold_the_same_rows() {
        let table = || Table {
            name: "things",
            columns: &["name", "count"],
            rows: vec![vec![text("<b>\u{202e}"), json!(5)]],
        };
        let json: Value = serde_json::from_str(&table().json(None)).unwrap();
        let wanted = json!({
            "list": "things",
            "taken_at": null,
            "rows": [{"name": "<b>\u{202e}", "count": 5}],
        });
        assert_eq!(json, wanted);
        let written = serde_json::to_string_pretty(&wanted).unwrap() + "\n";
        assert_eq!(table().json(None), written);
        assert_eq!(table().csv(), "name,count\r\n\"<b>\\u{202e}\",5\r\n");
    }
}
