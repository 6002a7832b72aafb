//! The active probes on the status page, in words.
//!
//! Text of servers and their certificates is made printable by the template.

use jiff::Timestamp;
use model::connector::Mood;
use model::probe::ProbeKind;

use super::words;
use crate::http::status::{ProbeReport, TlsReport};

/// How long before its end a certificate wants somebody, in seconds: three weeks leave
/// time for who renews by hand.
const EXPIRY_SECONDS: i64 = 21 * 86_400;

/// All probes in a few words.
pub(in crate::http) fn summary(probes: &[ProbeReport<'_>]) -> String {
    let failed: Vec<String> = probes
        .iter()
        .filter(|probe| probe.has_failed())
        .map(|probe| {
            let meaning = probe.meaning.unwrap_or_default();
            format!("{}: {meaning}", probe.name.printable())
        })
        .collect();
    if failed.is_empty() {
        let working = probes.iter().filter(|probe| probe.success == Some(true));
        return format!("{} of {} work", working.count(), probes.len());
    }
    failed.join(", ")
}

/// Bad if one fails, open while one has not run.
pub(in crate::http) fn mood(probes: &[ProbeReport<'_>]) -> Mood {
    if probes.iter().any(ProbeReport::has_failed) {
        Mood::Bad
    } else if probes.iter().any(|probe| probe.success.is_none()) {
        Mood::Open
    } else {
        Mood::Good
    }
}

/// The probes in the order of the page: those that fail first.
pub(in crate::http) fn in_order<'a, 'b>(probes: &'b [ProbeReport<'a>]) -> Vec<&'b ProbeReport<'a>> {
    let mut shown: Vec<_> = probes.iter().collect();
    shown.sort_by_key(|probe| !probe.has_failed());
    shown
}

impl ProbeReport<'_> {
    pub(in crate::http) fn has_failed(&self) -> bool {
        self.success == Some(false)
    }

    /// As the style sheet knows it.
    pub(in crate::http) const fn tone(&self) -> &'static str {
        match self.success {
            None => "open",
            Some(true) => "good",
            Some(false) => "bad",
        }
    }

    pub(in crate::http) const fn asks_for(&self) -> &'static str {
        match self.kind {
            ProbeKind::Tls => "TLS handshake",
            ProbeKind::Tcp => "TCP connection",
            ProbeKind::Dns => "name resolution",
            ProbeKind::Proxy => "proxy settings",
        }
    }

    /// How it stands: a word, and the cause.
    pub(in crate::http) fn state(&self) -> String {
        match (self.success, self.meaning) {
            (None, _) => "not run yet".to_owned(),
            (Some(true), _) => "works".to_owned(),
            (Some(false), None) => "failed".to_owned(),
            (Some(false), Some(meaning)) => format!("failed: {meaning}"),
        }
    }

    /// How long the last run took, phase by phase.
    pub(in crate::http) fn took(&self) -> String {
        let Some(duration_ms) = self.duration_ms else {
            return "–".to_owned();
        };
        let phases = self.phases_ms.iter();
        let phases: Vec<String> = phases
            .map(|(phase, took_ms)| format!("{phase} {}", words::grouped(*took_ms)))
            .collect();
        let whole = format!("{} ms", words::grouped(duration_ms));
        if phases.len() < 2 {
            return whole;
        }
        format!("{whole} ({})", phases.join(", "))
    }

    /// How often it failed, of how many runs.
    pub(in crate::http) fn record(&self) -> String {
        let failures = self.failures.iter();
        let failed = failures.fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
        format!(
            "{} of {} failed",
            words::grouped(failed),
            words::grouped(self.runs)
        )
    }

    /// What else the last run told.
    pub(in crate::http) fn told(&self) -> String {
        let mut parts = Vec::new();
        if let Some(count) = self.addresses {
            let noun = if count == 1 { "address" } else { "addresses" };
            parts.push(format!("{count} {noun}"));
        }
        if let Some(tls) = &self.tls {
            parts.extend(tls.version.map(str::to_owned));
            parts.extend(tls.cipher.map(str::to_owned));
        }
        parts.join(", ")
    }
}

impl TlsReport<'_> {
    /// When the first certificate ends, as a distance.
    pub(in crate::http) fn expiry(&self, at: &Timestamp, now: &Timestamp) -> String {
        let seconds = at.as_second().saturating_sub(now.as_second());
        if seconds <= 0 {
            return format!("expired {}", words::ago(*at, *now));
        }
        format!("expires in {}", words::span(seconds))
    }

    /// As the style sheet knows it: what ends soon wants somebody.
    pub(in crate::http) fn expiry_tone(&self, at: &Timestamp, now: &Timestamp) -> &'static str {
        match at.as_second().saturating_sub(now.as_second()) {
            ..=0 => "bad",
            1..EXPIRY_SECONDS => "open",
            EXPIRY_SECONDS.. => "",
        }
    }
}
