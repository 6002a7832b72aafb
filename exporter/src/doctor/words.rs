//! Numbers as people say them: sizes, shares, spans of time.

use std::time::Duration;

/// A size, with one digit behind the point where that says more: `1.2 GB`, `300 MB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
    ];
    let Some((unit, factor)) = UNITS.iter().find(|(_, factor)| *factor <= bytes) else {
        return format!("{bytes} B");
    };
    // Rounded down: what is nearly enough must not read as enough.
    let tenths = bytes / (factor / 10);
    match (tenths / 10, tenths % 10) {
        (whole, tenth) if whole < 10 && tenth != 0 => format!("{whole}.{tenth} {unit}"),
        (whole, _) => format!("{whole} {unit}"),
    }
}

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A span of time in its largest unit, rounded down.
pub(super) fn span(span: Duration) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("day", 24 * 60 * 60),
        ("hour", 60 * 60),
        ("minute", 60),
        ("second", 1),
    ];
    let seconds = span.as_secs();
    let found = UNITS.iter().find(|(_, factor)| *factor <= seconds);
    let (unit, factor) = found.copied().unwrap_or(("second", 1));
    count(seconds / factor, unit)
}

/// So many of something.
pub(super) fn count(number: u64, thing: &str) -> String {
    let ending = match (number, thing.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{number} {thing}{ending}")
}

/// How many there are, for a sentence.
pub(super) fn number_of<T>(things: &[T]) -> u64 {
    u64::try_from(things.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_never_flattered() {
        for (bytes, words) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (299_999_999, "299 MB"),
            (999_999_999, "999 MB"),
            (1_100_000_000, "1.1 GB"),
            (64_000_000_000, "64 GB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "1 minute"),
            (7_200, "2 hours"),
            (172_799, "1 day"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), words);
        }
    }
}
