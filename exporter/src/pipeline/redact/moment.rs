//! Tells dates and times from what names somebody.
//!
//! A date has the digits of an id and the slashes of a path, a time the colons of an
//! address. Only the forms that log lines begin with are known; whatever else looks like a
//! moment stays what it would be without this file.

/// Whether a word is a date, a time, or both with a `T` between.
pub(super) fn is_moment(word: &str) -> bool {
    match word.split_once('T') {
        Some((date, time)) => is_date(date) && is_time(time),
        None => is_date(word) || is_time(word),
    }
}

fn is_date(text: &str) -> bool {
    has_shape(text, "0000-00-00") || has_shape(text, "0000/00/00")
}

/// `10:20:30`, with a fraction and a zone if it has them.
fn is_time(text: &str) -> bool {
    let zone_at = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (time, zone) = text.split_at(zone_at);
    let Some((clock, fraction)) = time.split_at_checked("00:00:00".len()) else {
        return false;
    };
    let zones = ["", "Z", "+00:00", "-00:00", "+0000", "-0000"];
    let fraction_shape = ".000000000".get(..fraction.len());
    has_shape(clock, "00:00:00")
        && fraction_shape.is_some_and(|shape| has_shape(fraction, shape))
        && zones.iter().any(|shape| has_shape(zone, shape))
}

/// Whether a text is like `shape`, in which `0` stands for any digit.
fn has_shape(text: &str, shape: &str) -> bool {
    let is_like = |(byte, wanted): (u8, u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        _ => byte == wanted,
    };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(is_like)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_moments_are_moments() {
        for moment in [
            "2021/07/27",
            "2026-11-22",
            "20:00:43",
            "08:42:02.000400",
            "2026-11-22T10:00:00.123456789Z",
            "2026-11-22T10:00:00+01:00",
        ] {
            assert!(is_moment(moment), "{moment}");
        }
        for other in [
            "",
            "T",
            "2021/07/27/bob",
            "2001:db8::1",
            "10:20:30:40",
            "10.20.30.40",
            "10:20:30.bob",
            "2026-11-22Tbob",
            "éééé",
            "130dbd9d40e4ad35",
        ] {
            assert!(!is_moment(other), "{other}");
        }
    }
}
