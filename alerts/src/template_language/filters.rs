//! What can be done with a fact: filters of ours, and those of the engine's own that make
//! nothing large of something small.

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, filters, tests as builtin};

/// Longest text that `join` makes, in bytes; the rest is left out. More than a line holds,
/// which is cut anyhow.
const JOINED_BYTES_MAX: usize = 4_000;

/// Longest text that `string`, `replace` and `known` make, in bytes; a longer one is an error.
/// Chains of them would make an exabyte of a word.
const TEXT_BYTES_MAX: usize = 16_000;

/// What stands for what is not known: of texts, and of the profile of a Publisher that is
/// in none.
const NOT_KNOWN: &[&str] = &["", "unknown", "none"];

/// Adds the filters and the tests.
pub(super) fn add_to(environment: &mut Environment<'_>) {
    add_builtin(environment);
    environment.add_filter("join", join);
    environment.add_filter("string", string);
    environment.add_filter("replace", replace);
    environment.add_filter("known", known);
    environment.add_filter("local", local);
    environment.add_filter("duration", duration);
    environment.add_filter("size", size);
    environment.add_filter("percent", percent);
}

/// The engine's own filters and tests that there are.
fn add_builtin(environment: &mut Environment<'_>) {
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("length", filters::length);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_filter("sort", filters::sort);
    environment.add_filter("unique", filters::unique);
    environment.add_filter("round", filters::round);
    environment.add_filter("abs", filters::abs);
    environment.add_filter("int", filters::int);
    environment.add_filter("float", filters::float);
    environment.add_test("defined", builtin::is_defined);
    environment.add_test("startingwith", builtin::is_startingwith);
    environment.add_test("endingwith", builtin::is_endingwith);
    environment.add_test("in", builtin::is_in);
    environment.add_test("eq", builtin::is_eq);
    environment.add_test("ne", builtin::is_ne);
}

/// The texts of a list with something between them.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands over what a filter owns"
)]
fn join(list: Value, between: Option<String>) -> Result<String, Error> {
    let between = between.unwrap_or_default();
    let mut joined = String::new();
    for (index, one) in list.try_iter()?.enumerate() {
        if 0 < index {
            joined.push_str(&between);
        }
        joined.push_str(&one.to_string());
        if JOINED_BYTES_MAX < joined.len() {
            break;
        }
    }
    Ok(joined)
}

/// A text of anything.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands over what a filter owns"
)]
fn string(value: Value) -> Result<String, Error> {
    let mut text = Text::default();
    write!(text, "{value}").map_err(|_| too_long("string"))?;
    Ok(text.0)
}

/// A text with each occurrence of a part as another.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands over what a filter owns"
)]
fn replace(text: String, from: String, to: String) -> Result<String, Error> {
    let count = text.matches(from.as_str()).count();
    let more = count.saturating_mul(to.len());
    if TEXT_BYTES_MAX < text.len().saturating_add(more) {
        return Err(too_long("replace"));
    }
    Ok(text.replace(&from, &to))
}

fn too_long(filter: &str) -> Error {
    let told = format!("`{filter}` makes more than {TEXT_BYTES_MAX} bytes");
    Error::new(ErrorKind::InvalidOperation, told)
}

/// A text that does not grow beyond its bound.
#[derive(Default)]
struct Text(String);

impl fmt::Write for Text {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        if TEXT_BYTES_MAX < self.0.len().saturating_add(more.len()) {
            return Err(fmt::Error);
        }
        self.0.push_str(more);
        Ok(())
    }
}

/// A fact with words before it; nothing at all if it is not known.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands over what a filter owns"
)]
fn known(fact: Value, before: Option<String>) -> Result<String, Error> {
    let is_nothing = matches!(fact.kind(), ValueKind::Undefined | ValueKind::None);
    let mut text = Text(before.unwrap_or_default());
    let before_length = text.0.len();
    write!(text, "{fact}").map_err(|_| too_long("known"))?;
    let (_, told) = text.0.split_at(before_length);
    if is_nothing || NOT_KNOWN.contains(&told) {
        return Ok(String::new());
    }
    Ok(text.0)
}

/// A moment in a zone: `2026-12-08 00:00 EST`. Of an unknown zone, in UTC.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the engine hands over what a filter owns"
)]
fn local(moment: String, zone: Option<String>) -> Result<String, Error> {
    if moment.is_empty() {
        return Ok(String::new());
    }
    let at: Timestamp = moment
        .parse()
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, "`local` wants a moment"))?;
    let zone = zone.and_then(|name| TimeZone::get(&name).ok());
    let zoned = at.to_zoned(zone.unwrap_or(TimeZone::UTC));
    Ok(zoned.strftime("%Y-%m-%d %H:%M %Z").to_string())
}

/// Seconds as people say them, in at most two parts: `1 h 30 min`.
fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "unknown".to_owned();
    }
    let whole = format!("{:.0}", seconds.abs()).parse::<u64>();
    let mut rest = whole.unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)] {
        let count = rest / length;
        rest %= length;
        if 0 < count {
            parts.push(format!("{count} {unit}"));
        }
    }
    if parts.is_empty() {
        return "0 s".to_owned();
    }
    parts.truncate(2);
    parts.join(" ")
}

/// Bytes as people say them, in powers of a thousand: `1.2 GB`.
fn size(bytes: f64) -> String {
    let mut number = bytes;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB"] {
        if number.abs() < 1000.0 {
            break;
        }
        number /= 1000.0;
        unit = larger;
    }
    format!("{} {unit}", short(number))
}

/// A share as a percentage: `75 %`.
fn percent(share: f64) -> String {
    format!("{} %", short(share * 100.0))
}

/// One decimal place, and none if it is 0.
fn short(number: f64) -> String {
    let shown = format!("{number:.1}");
    shown.strip_suffix(".0").unwrap_or(&shown).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_people_say_them() {
        let told = [
            duration(90.0),
            duration(7_200.0),
            duration(0.2),
            duration(1e9),
        ];
        assert_eq!(told, ["1 min 30 s", "2 h", "0 s", "11574 d 1 h"]);
        assert_eq!(
            [size(1e9), size(3.05e8), size(12.0)],
            ["1 GB", "305 MB", "12 B"]
        );
        assert_eq!([percent(0.75), percent(0.905)], ["75 %", "90.5 %"]);
        assert_eq!(duration(f64::NAN), "unknown");
    }

    #[test]
    fn a_moment_is_told_in_its_zone_or_in_utc() {
        let at = || "2026-12-08T05:00:00Z".to_owned();
        let told = |zone: Option<&str>| local(at(), zone.map(str::to_owned)).unwrap();
        assert_eq!(told(Some("US/Eastern")), "2026-12-08 00:00 EST");
        assert_eq!(told(None), "2026-12-08 05:00 UTC");
        assert_eq!(told(Some("Mars/Olympus")), "2026-12-08 05:00 UTC");
        assert!(local("soon".to_owned(), None).is_err());
    }
}
