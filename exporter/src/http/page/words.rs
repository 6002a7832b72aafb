//! Words and numbers as people read them on the status page.
//!
//! Pure text: titles, spans of time, sizes, counts. Which of them stand where is the
//! page's matter.

use jiff::Timestamp;
use model::connector::{Aspect, Fact, Tool};

/// What people call an aspect.
pub(in crate::http) const fn aspect_title(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Registration => "Registration",
        Aspect::Tunnel => "Tunnel",
        Aspect::Update => "Last update",
        Aspect::Client => "Client",
        Aspect::Steering => "Steering",
        Aspect::Configuration => "Configuration",
        Aspect::PrivateAccess => "Private access",
        Aspect::InternetSecurity => "Internet security",
    }
}

/// What people call a fact.
pub(in crate::http) const fn fact_title(fact: Fact) -> &'static str {
    match fact {
        Fact::PublisherId => "Publisher id",
        Fact::Tenant => "Tenant",
        Fact::Stitcher => "Stitcher",
        Fact::Address => "Address",
        Fact::Organisation => "Organisation",
        Fact::Version => "Version",
        Fact::Gateway => "Gateway",
        Fact::GatewayIp => "Gateway IP",
        Fact::Pop => "POP",
        Fact::TunnelProtocol => "Tunnel protocol",
        Fact::ClientConfiguration => "Client configuration",
        Fact::SteeringConfiguration => "Steering configuration",
        Fact::TrafficMode => "Traffic mode",
        Fact::DynamicSteering => "Dynamic steering",
        Fact::OnPremisesCheck => "On-premises check",
        Fact::DeviceClassification => "Device classification",
        Fact::PrivateAccess => "Private access",
        Fact::PrivateAccessGateway => "Private access gateway",
        Fact::ConfigurationStatus => "Configuration status",
        Fact::User => "User",
        Fact::TunnelIp => "Tunnel IP",
        Fact::TunnelDevice => "Tunnel device",
    }
}

/// How long ago something was, in the largest unit that fits. A moment to come is the log's
/// clock being ahead of ours, or ours having been set back, and the words say so.
pub(in crate::http) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(at.as_second());
    match seconds {
        ..-1 => format!("{} ahead of the clock", span(seconds.saturating_neg())),
        -1..=1 => "just now".to_owned(),
        2.. => format!("{} ago", span(seconds)),
    }
}

/// A span in the largest unit that leaves two of it.
pub(in crate::http) fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        172_800.. => format!("{} days", seconds / 86_400),
    }
}

/// Bytes with one digit after the point, in powers of 1000 like the sizes of disks.
pub(in crate::http) fn human_bytes(bytes: u64) -> String {
    let units = [
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
    ];
    for (name, unit) in units {
        if unit <= bytes {
            let tenths = bytes % unit / (unit / 10);
            return format!("{}.{tenths} {name}", bytes / unit);
        }
    }
    format!("{bytes} B")
}

/// An amount of bytes that is no whole number, like a limit; as [`human_bytes`].
pub(in crate::http) fn human_amount(bytes: f64) -> String {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    for (name, unit) in units {
        if unit <= bytes {
            // Never more than there is.
            let tenths = (bytes / unit * 10.0).floor();
            return format!("{:.1} {name}", tenths / 10.0);
        }
    }
    format!("{bytes:.0} B")
}

/// A share of 0 to 1 in per cent, with a digit after the point if it says something.
pub(in crate::http) fn per_cent(ratio: f64) -> String {
    let text = format!("{:.1}", ratio * 100.0);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// A count with thin spaces between its thousands.
pub(in crate::http) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in (0..digits.len()).rev().zip(digits.chars()) {
        out.push(digit);
        if place != 0 && place % 3 == 0 {
            out.push('\u{202f}');
        }
    }
    out
}

/// A part of a whole in per cent; what is there at all is never shown as nothing, nor
/// what is missing as all.
pub(in crate::http) fn share(part: u64, whole: u64) -> String {
    let per_cent = u128::from(part)
        .saturating_mul(100)
        .checked_div(u128::from(whole))
        .unwrap_or_default();
    match per_cent {
        0 if part != 0 => "< 1 %".to_owned(),
        whole_numbers => format!("{whole_numbers} %"),
    }
}

/// How the vendor's tool is called by hand.
pub(in crate::http) fn tool_call(probe: &str) -> &str {
    match Tool::from_name(probe) {
        Some(Tool::Nsdiag) => "nsdiag -f",
        Some(Tool::StAgentCli) => "stAgentCli show-status",
        Some(Tool::CatoSdp) => "cato-sdp status",
        None => probe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample::at;

    #[test]
    fn a_small_share_is_not_none_and_a_large_one_not_all() {
        let shares = [(0, 0), (0, 9), (1, 1_000), (1, 4), (999, 1_000), (7, 7)];
        let shown = shares.map(|(part, whole)| share(part, whole));
        assert_eq!(shown, ["0 %", "0 %", "< 1 %", "25 %", "99 %", "100 %"]);
        assert_eq!(share(u64::MAX, u64::MAX), "100 %");
    }

    #[test]
    fn limits_and_shares_are_told_as_people_write_them() {
        let amounts = [0.0, 999.0, 300e6, 1e9, 1.09e9, 2.5e12].map(human_amount);
        assert_eq!(
            amounts,
            ["0 B", "999 B", "300.0 MB", "1.0 GB", "1.0 GB", "2.5 TB"]
        );
        let shares = [0.0, 0.75, 0.7549, 0.756, 1.0].map(per_cent);
        assert_eq!(shares, ["0 %", "75 %", "75.5 %", "75.6 %", "100 %"]);
    }

    #[test]
    fn times_are_told_in_the_largest_fitting_unit() {
        for (seconds, words) in [
            (0, "just now"),
            (1, "just now"),
            (2, "2 s ago"),
            (119, "119 s ago"),
            (120, "2 min ago"),
            (7_199, "119 min ago"),
            (7_200, "2 h ago"),
            (172_800, "2 days ago"),
            (-90, "90 s ahead of the clock"),
        ] {
            assert_eq!(ago(at(0), at(seconds)), words);
        }
    }

    #[test]
    fn sizes_and_counts_are_readable() {
        let sizes = [0, 999, 1_000, 1_999, 1_250_000, u64::MAX].map(human_bytes);
        assert_eq!(
            sizes,
            [
                "0 B",
                "999 B",
                "1.0 kB",
                "1.9 kB",
                "1.2 MB",
                "18446744.0 TB"
            ]
        );
        let counts = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(
            counts,
            ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]
        );
    }
}
