//! Numbers and times in words for people: "12 %", "1.2 GB", "2 h 5 min".
//!
//! Which words fit follows from the name of the number, as the table of signals has it.

use std::time::Duration;

use jiff::Timestamp;
use model::signal::{Signal, SignalKind, Unit};

use crate::level::{Level, Side};
use crate::rule::View;

/// A time that has passed or will, in its two largest parts.
pub(super) fn lasting(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let first = parts.iter().position(|(count, _)| 0 < *count);
    let Some(first) = first else {
        return format!("{} ms", time.subsec_millis());
    };
    let shown = parts.iter().skip(first).take(2);
    let words: Vec<String> = shown
        .filter(|(count, _)| 0 < *count)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    words.join(" ")
}

/// A moment, to the second.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Whether a signal's number only says that something is so: 1, or that it is not.
pub(super) fn is_state(signal: Signal) -> bool {
    let row = signal.row();
    row.kind == SignalKind::StateSet || row.unit == Unit::Truth
}

/// A number of a signal as it is looked at.
pub(super) fn figure(signal: Signal, view: View, number: f64) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    let row = signal.row();
    match view {
        View::SecondsSince | View::SecondsUntil => seconds(number),
        View::Value if row.name.ends_with("_ratio") => format!("{} %", rounded(100.0 * number)),
        View::Value => match row.unit {
            Unit::Bytes => bytes(number),
            Unit::Seconds if !row.name.contains("timestamp") => seconds(number),
            Unit::Seconds | Unit::None | Unit::Truth => rounded(number),
        },
    }
}

/// A limit with its side: "above 75 %".
pub(super) fn limit(signal: Signal, view: View, level: &Level) -> String {
    beyond(level.side, &figure(signal, view, level.limit))
}

/// A limit in words with its side.
pub(super) fn beyond(side: Side, limit: &str) -> String {
    let side = match side {
        Side::Above => "above",
        Side::Below => "below",
    };
    format!("{side} {limit}")
}

/// Decimal units, as limits are written.
fn bytes(number: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let unit = units.iter().find(|(size, _)| *size <= number.abs());
    match unit {
        Some((size, name)) => format!("{} {name}", rounded(number / size)),
        None => format!("{} bytes", rounded(number)),
    }
}

fn seconds(number: f64) -> String {
    let time = Duration::try_from_secs_f64(number.abs()).unwrap_or(Duration::MAX);
    let sign = if number < 0.0 { "-" } else { "" };
    if time < Duration::from_secs(10) {
        return format!("{sign}{} s", rounded(number.abs()));
    }
    format!("{sign}{}", lasting(time))
}

/// At most two digits after the point, and none that say nothing.
fn rounded(number: f64) -> String {
    let text = format!("{number:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    // A small number must not become 0.
    if short == "0" && number != 0.0 {
        return format!("{number:.1e}");
    }
    short.to_owned()
}

#[cfg(test)]
mod tests {
    use model::signal::{HostSignal, ProbeSignal};

    use super::*;

    #[test]
    fn times_have_their_two_largest_parts() {
        for (seconds, words) in [
            (0, "0 ms"),
            (59, "59 s"),
            (60, "1 min"),
            (90, "1 min 30 s"),
            (7_500, "2 h 5 min"),
            (86_400 + 59, "1 d"),
            (200_000, "2 d 7 h"),
        ] {
            assert_eq!(lasting(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn what_is_so_or_not_is_told_from_what_is_counted() {
        for name in [
            "ztna_tunnel_state",
            "ztna_tunnel_up",
            "ztna_host_threshold_breached",
            "ztna_probe_tls_intercepted",
            "ztna_agent_fault",
        ] {
            assert!(is_state(Signal::from_name(name).unwrap()), "{name}");
        }
        for name in [
            "ztna_host_cpu_used_ratio",
            "ztna_host_threshold",
            "ztna_host_load1",
        ] {
            assert!(!is_state(Signal::from_name(name).unwrap()), "{name}");
        }
    }

    #[test]
    fn numbers_carry_the_unit_that_their_name_says() {
        let host = |signal, number| figure(Signal::Host(signal), View::Value, number);
        assert_eq!(host(HostSignal::CpuUsed, 0.756), "75.6 %");
        assert_eq!(host(HostSignal::FilesystemAvailable, 812e6), "812 MB");
        assert_eq!(host(HostSignal::Load1, 4.0), "4");
        assert_eq!(host(HostSignal::Load1, 0.0001), "1.0e-4");
        let expiry = Signal::Probe(ProbeSignal::CertificateExpiry);
        assert_eq!(figure(expiry, View::SecondsUntil, 200_000.0), "2 d 7 h");
        assert_eq!(figure(expiry, View::SecondsUntil, -90.0), "-1 min 30 s");
        assert_eq!(figure(expiry, View::Value, f64::NAN), "NaN");
    }
}
