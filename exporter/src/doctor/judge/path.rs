//! Judges the way to the vendor: proxy, names, ports, TLS.
//!
//! A name that does not resolve is one finding of its own; what would have used it is
//! not blamed again.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use model::probe::{ProbeFault, ProbeKind};

use super::super::facts::{Asked, Facts, Plane};
use super::super::verdict::{Finding, Verdict};
use super::super::words::{count, number_of};
use crate::probe::active::advice;

/// The proxy's settings agree with each other.
pub(in crate::doctor) fn proxy(facts: &Facts) -> Verdict {
    if !facts.concerns_publisher() {
        return Verdict::skipped("no Publisher is watched");
    }
    match &facts.proxy {
        Ok(findings) if findings.is_empty() => Verdict::ok("none, or one that is consistent"),
        Ok(findings) => Verdict::of(findings.clone(), "settings contradict each other"),
        Err(unseen) => unseen.verdict(),
    }
}

fn asked(facts: &Facts) -> Result<&[Asked], Verdict> {
    match &facts.path {
        Ok(asked) => Ok(asked),
        Err(unseen) => Err(unseen.verdict()),
    }
}

/// Whether a fault is the name's, and not what stands behind it.
const fn is_of_name(fault: ProbeFault) -> bool {
    matches!(
        fault,
        ProbeFault::NameNotFound
            | ProbeFault::ResolveTimeout
            | ProbeFault::ResolveFailed
            | ProbeFault::UnexpectedAddress
    )
}

/// Every name that is used has addresses.
pub(in crate::doctor) fn names(facts: &Facts) -> Verdict {
    let asked = match asked(facts) {
        Ok(asked) => asked,
        Err(verdict) => return verdict,
    };
    let mut blamed = BTreeSet::new();
    let mut findings = Vec::new();
    for one in asked {
        let Err(fault) = one.run.outcome else {
            continue;
        };
        let is_our_own = fault == ProbeFault::System && one.kind == ProbeKind::Dns;
        if (is_of_name(fault) || is_our_own) && blamed.insert(one.host.as_str()) {
            findings.push(finding(one, fault, &one.host));
        }
    }
    let hosts: BTreeSet<&str> = asked
        .iter()
        .map(|one| one.host.as_str())
        .filter(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_err())
        .collect();
    if hosts.is_empty() {
        return Verdict::skipped("no name had to be resolved");
    }
    let number = u64::try_from(hosts.len()).unwrap_or(u64::MAX);
    Verdict::of(findings, format!("{} asked", count(number, "name")))
}

/// Ports can be reached.
pub(in crate::doctor) fn ports(facts: &Facts) -> Verdict {
    of_kind(facts, ProbeKind::Tcp, "no probe of a port is configured")
}

/// TLS reaches the vendor unread.
pub(in crate::doctor) fn tls(facts: &Facts) -> Verdict {
    of_kind(
        facts,
        ProbeKind::Tls,
        "no such probe is configured, and no --tenant named",
    )
}

fn of_kind(facts: &Facts, kind: ProbeKind, nothing: &str) -> Verdict {
    let asked = match asked(facts) {
        Ok(asked) => asked,
        Err(verdict) => return verdict,
    };
    let of_kind: Vec<&Asked> = asked.iter().filter(|one| one.kind == kind).collect();
    let reached: Vec<&&Asked> = of_kind
        .iter()
        .filter(|one| !one.run.outcome.is_err_and(is_of_name))
        .collect();
    if of_kind.is_empty() {
        return Verdict::skipped(nothing);
    }
    if reached.is_empty() {
        return Verdict::skipped("no name of it resolves");
    }
    let findings = reached.iter().filter_map(|one| {
        let fault = one.run.outcome.err()?;
        Some(finding(one, fault, &one.target))
    });
    let words: Vec<String> = reached.iter().map(|one| title(one)).collect();
    let text = if words.len() <= 3 {
        words.join(", ")
    } else {
        count(number_of(&words), "target")
    };
    Verdict::of(findings.collect(), text)
}

fn title(asked: &Asked) -> String {
    format!("{} `{}`", role(asked), asked.target)
}

/// What it is to us; a probe of the configuration by its name.
fn role(asked: &Asked) -> Cow<'_, str> {
    Cow::Borrowed(match asked.plane {
        Plane::Management => "management plane",
        Plane::Data => "data plane",
        Plane::Gateway => "gateway",
        Plane::Configured => return Cow::Owned(format!("probe {}", asked.run.probe)),
    })
}

fn finding(asked: &Asked, fault: ProbeFault, place: &str) -> Finding {
    let role = role(asked);
    let message = asked.run.message.expose();
    let problem = if message.is_empty() {
        format!("{role}: {fault}")
    } else {
        format!("{role}: {message}")
    };
    Finding::failed(place, problem, advice::action(fault))
}
