//! The gate before the protocol: who may send at all, and how much he gets back.
//!
//! A request over UDP names its sender and nobody checks it. So whoever may ask a
//! community can make an agent send large answers to somebody else; answers are bounded
//! in size, and here in bytes over time, for each source. It is the first thing that
//! happens to a datagram, before a byte of it is read. On by default (ADR 0012).
//!
//! The loopback is not measured: nobody outside can claim to be it, and a local snmpd
//! that proxies for us asks for everybody.
//!
//! All state is bounded: sources beyond [`SOURCES_MAX`] share one budget.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Sources that are measured one by one. A flood of invented ones shares one budget.
pub const SOURCES_MAX: usize = 4_096;

/// A network: an address and how many of its first bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `address/bits`, or an address alone.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self { address, bits })
    }

    /// Whether the address is in the network. An IPv4 address inside an IPv6 one counts
    /// as what it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(self.bits);
                u32::from(own).checked_shr(shift) == u32::from(other).checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(self.bits);
                u128::from(own).checked_shr(shift) == u128::from(other).checked_shr(shift)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Bytes over time, questions and answers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// In the long run, a second.
    pub bytes_per_second: u32,
    /// At once, after a pause.
    pub burst_bytes: u32,
}

impl Default for Budget {
    /// A walk of everything that a large host has fits the burst many times; what the
    /// long run allows hurts nobody who gets it unasked.
    fn default() -> Self {
        Self {
            bytes_per_second: 128 * 1_024,
            burst_bytes: 4 * 1_024 * 1_024,
        }
    }
}

/// What the gate lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontSettings {
    /// Who may send. Empty: everybody.
    pub sources: Vec<Network>,
    /// How much each source gets. `None`: any amount.
    pub budget: Option<Budget>,
}

impl Default for FrontSettings {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            budget: Some(Budget::default()),
        }
    }
}

/// What becomes of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is read.
    Admitted,
    /// Its source may not send.
    Refused,
    /// Its source has used up its bytes.
    OverBudget,
}

/// Bytes that a source may still have; below zero after a large answer.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: i64,
    at: Duration,
}

/// The gate's memory.
#[derive(Debug)]
pub struct Front {
    settings: FrontSettings,
    buckets: HashMap<IpAddr, Bucket>,
    others: Option<Bucket>,
    swept_at: Duration,
}

impl Front {
    /// Nobody has sent anything yet.
    pub fn new(settings: FrontSettings) -> Self {
        Self {
            settings,
            buckets: HashMap::new(),
            others: None,
            swept_at: Duration::ZERO,
        }
    }

    /// Decides about a datagram that came at `now`, by any clock that does not go back.
    pub fn admit(&mut self, source: IpAddr, now: Duration) -> Admission {
        let source = source.to_canonical();
        let sources = &self.settings.sources;
        let is_allowed =
            sources.is_empty() || sources.iter().any(|network| network.contains(source));
        if !is_allowed {
            return Admission::Refused;
        }
        let Some(budget) = self.settings.budget.filter(|_| !source.is_loopback()) else {
            return Admission::Admitted;
        };
        let bucket = self.bucket(source, budget, now);
        refill(bucket, budget, now);
        if bucket.left > 0 {
            Admission::Admitted
        } else {
            Admission::OverBudget
        }
    }

    /// Takes note of bytes that came from a source or went to it.
    pub fn charge(&mut self, source: IpAddr, bytes: usize, now: Duration) {
        let source = source.to_canonical();
        let Some(budget) = self.settings.budget.filter(|_| !source.is_loopback()) else {
            return;
        };
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let bucket = self.bucket(source, budget, now);
        bucket.left = bucket.left.saturating_sub(bytes);
    }

    /// How many sources are measured one by one now.
    pub fn sources(&self) -> usize {
        self.buckets.len()
    }

    fn bucket(&mut self, source: IpAddr, budget: Budget, now: Duration) -> &mut Bucket {
        let key = key(source);
        self.sweep(budget, now);
        let full = Bucket {
            left: i64::from(budget.burst_bytes),
            at: now,
        };
        if self.buckets.len() >= SOURCES_MAX && !self.buckets.contains_key(&key) {
            return self.others.get_or_insert(full);
        }
        self.buckets.entry(key).or_insert(full)
    }

    /// A source that has its whole budget again is as good as a new one. Looked at once a
    /// second, and only when there are many.
    fn sweep(&mut self, budget: Budget, now: Duration) {
        let is_full = self.buckets.len() >= SOURCES_MAX;
        if !is_full || now.saturating_sub(self.swept_at) < Duration::from_secs(1) {
            return;
        }
        self.swept_at = now;
        self.buckets.retain(|_, bucket| {
            refill(bucket, budget, now);
            bucket.left < i64::from(budget.burst_bytes)
        });
    }
}

fn refill(bucket: &mut Bucket, budget: Budget, now: Duration) {
    let elapsed = now.saturating_sub(bucket.at).as_millis();
    let rate = u128::from(budget.bytes_per_second);
    let more = elapsed.saturating_mul(rate) / 1_000;
    // Less than one byte: the time is kept for the next look.
    if more == 0 {
        return;
    }
    let more = i64::try_from(more).unwrap_or(i64::MAX);
    let most = i64::from(budget.burst_bytes);
    bucket.left = bucket.left.saturating_add(more).min(most);
    bucket.at = now;
}

/// One network of a customer is one source: whoever has an IPv6 address has 2^64 of them.
fn key(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from(u32::from(address))),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

/// Lets so many log lines of one kind through and counts the rest.
#[derive(Debug)]
pub struct LineLimit {
    from: Duration,
    written: u32,
    suppressed: u32,
}

/// Lines of one kind in one [`LINE_WINDOW`].
pub const LINES_MAX: u32 = 5;

/// How long [`LINES_MAX`] holds.
pub const LINE_WINDOW: Duration = Duration::from_secs(60);

/// Whether a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// It is, and so many before it were not.
    Write {
        /// Lines not written since the last.
        suppressed: u32,
    },
    /// It is not.
    Suppress,
}

impl LineLimit {
    /// Nothing has been written yet.
    pub const fn new() -> Self {
        Self {
            from: Duration::ZERO,
            written: 0,
            suppressed: 0,
        }
    }

    /// Decides about a line at `now`.
    pub fn line(&mut self, now: Duration) -> Line {
        if now.saturating_sub(self.from) >= LINE_WINDOW {
            self.from = now;
            self.written = 0;
        }
        if self.written >= LINES_MAX {
            self.suppressed = self.suppressed.saturating_add(1);
            return Line::Suppress;
        }
        self.written = self.written.saturating_add(1);
        Line::Write {
            suppressed: std::mem::take(&mut self.suppressed),
        }
    }
}

impl Default for LineLimit {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
