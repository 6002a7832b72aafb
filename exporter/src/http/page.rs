//! The status page: one report as HTML.
//!
//! Rendered here, so that it works without scripts and with the strictest content
//! policy. The template escapes every text as HTML; text of foreign authorship is
//! first made printable, since escaping does not stop marks that turn the reading
//! direction. What the report holds is `status`' matter.

use askama::Template;
use jiff::Timestamp;
use model::connector::{Aspect, Fact, Mood};
use model::log::LineOutcome;

use super::status::{ConnectorReport, LogReport, RecentReport, StatusReport};

/// Most of the latest events on the page; the JSON has them all.
const LATEST_MAX: usize = 40;

/// Writes the page. `now` is what "5 min ago" counts from.
pub(super) fn html(report: &StatusReport<'_>, now: Timestamp) -> Result<String, askama::Error> {
    StatusPage { report, now }.render()
}

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage<'a> {
    report: &'a StatusReport<'a>,
    now: Timestamp,
}

impl StatusPage<'_> {
    fn latest(&self) -> &[RecentReport<'_>] {
        self.report
            .recent_events
            .get(..LATEST_MAX)
            .unwrap_or(&self.report.recent_events)
    }

    fn ago(&self, at: &Timestamp) -> String {
        ago(*at, self.now)
    }

    fn absolute(&self, at: &Timestamp) -> String {
        at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    fn short(&self, at: &Timestamp) -> String {
        at.strftime("%m-%d %H:%M:%S").to_string()
    }

    fn bytes(&self, bytes: &u64) -> String {
        human_bytes(*bytes)
    }

    fn grouped(&self, count: &u64) -> String {
        grouped(*count)
    }

    /// The tone of the number of tunnels up.
    fn tunnels_tone(&self) -> &'static str {
        let connectors = self.report.connectors.len();
        mood_word(match self.report.tunnels_up() {
            _ if connectors == 0 => Mood::Open,
            up if up == connectors => Mood::Good,
            _ => Mood::Bad,
        })
    }

    fn mood_word(&self, mood: &Mood) -> &'static str {
        mood_word(*mood)
    }

    fn aspect_title(&self, aspect: &Aspect) -> &'static str {
        aspect_title(*aspect)
    }

    fn fact_title(&self, fact: &Fact) -> &'static str {
        fact_title(*fact)
    }

    /// A label's value as people read it.
    fn words(&self, label_value: &str) -> String {
        label_value.replace('_', " ")
    }

    fn plural<'w>(&self, count: usize, one: &'w str, many: &'w str) -> &'w str {
        if count == 1 { one } else { many }
    }

    fn plural_of<'w>(&self, count: &u64, one: &'w str, many: &'w str) -> &'w str {
        if *count == 1 { one } else { many }
    }
}

/// The word that the style sheet knows.
const fn mood_word(mood: Mood) -> &'static str {
    match mood {
        Mood::Good => "good",
        Mood::Bad => "bad",
        Mood::Open => "open",
    }
}

impl LogReport<'_> {
    /// The counts worth a place: what was read, and what went wrong.
    fn shown_lines(&self) -> impl Iterator<Item = &(&'static str, u64)> {
        let always = [LineOutcome::Recognised.name(), LineOutcome::Ignored.name()];
        self.lines
            .iter()
            .filter(move |(outcome, count)| 0 < *count || always.contains(outcome))
    }
}

impl ConnectorReport<'_> {
    fn is_silent(&self) -> bool {
        self.events.iter().all(|event| event.count == 0)
    }
}

/// What people call an aspect.
const fn aspect_title(aspect: Aspect) -> &'static str {
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
const fn fact_title(fact: Fact) -> &'static str {
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

/// How long ago, in the largest unit that fits. A moment to come is the log's clock
/// being ahead of ours, or ours having been set back.
fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(at.as_second());
    match seconds {
        ..-1 => format!("in {}", span(seconds.saturating_neg())),
        -1..=1 => "just now".to_owned(),
        2.. => format!("{} ago", span(seconds)),
    }
}

fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        172_800.. => format!("{} days", seconds / 86_400),
    }
}

/// Bytes with one digit after the point, in powers of 1000 like the sizes of disks.
fn human_bytes(bytes: u64) -> String {
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

/// A count with thin spaces between its thousands.
fn grouped(count: u64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample::at;

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
            (-90, "in 90 s"),
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
