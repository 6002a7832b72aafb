//! Judges the way to the vendor: proxy, names, ports, TLS.
//!
//! A name that does not resolve is one finding of its own; what would have used it is
//! not blamed again.

use std::collections::BTreeSet;

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
        .filter(|one| one.run.addresses.is_some() || !blamed.is_empty())
        .map(|one| one.host.as_str())
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
    of_kind(facts, ProbeKind::Tls, "no name of it is known")
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
        (!is_vendors_own(one, fault)).then(|| finding(one, fault, &one.target))
    });
    let words: Vec<String> = reached.iter().map(|one| title(one)).collect();
    let text = if words.len() <= 3 {
        words.join(", ")
    } else {
        count(number_of(&words), "target")
    };
    Verdict::of(findings.collect(), text)
}

/// The root of the vendor's data plane, by its name: the vendor publishes no certificate
/// of it.
///
/// Source: "Verified: /DC=io/DC=newedge/CN=New Edge Root CA" of a Publisher's log, vendor
/// help page "Publisher troubleshooting", read 2026-08-20.
const VENDORS_ROOT: &str = "CN=New Edge Root CA";

/// Whether a chain is only blamed for ending in the vendor's own root.
fn is_vendors_own(asked: &Asked, fault: ProbeFault) -> bool {
    let is_about_root = matches!(
        fault,
        ProbeFault::Intercepted | ProbeFault::UnknownRoot | ProbeFault::SelfSigned
    );
    let root = asked.run.tls.as_ref().and_then(|tls| tls.root.as_ref());
    asked.plane == Plane::Data
        && is_about_root
        && root.is_some_and(|root| {
            let mut parts = root.expose().split([',', '/', '+']);
            parts.any(|part| part.trim() == VENDORS_ROOT)
        })
}

fn title(asked: &Asked) -> String {
    match asked.plane {
        Plane::Management => format!("management plane `{}`", asked.target),
        Plane::Data => format!("data plane `{}`", asked.target),
        Plane::Configured => format!("`{}`", asked.target),
    }
}

fn finding(asked: &Asked, fault: ProbeFault, place: &str) -> Finding {
    let plane = match asked.plane {
        Plane::Management => "management plane: ",
        Plane::Data => "data plane: ",
        Plane::Configured => "",
    };
    let message = asked.run.message.expose();
    let problem = if message.is_empty() {
        format!("{plane}{fault}")
    } else {
        format!("{plane}{message}")
    };
    Finding::failed(place, problem, advice::action(fault))
}
