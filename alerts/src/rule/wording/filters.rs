//! What sentences can do with a fact besides the engine's own filters.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::{Environment, Error, ErrorKind};

/// Adds the filters.
pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("local", local);
    environment.add_filter("duration", duration);
    environment.add_filter("size", size);
    environment.add_filter("percent", percent);
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
