//! Tells from a chain of certificates what is wrong with the path, if anything is.
//!
//! Pure: the chain, the name, the time and the roots are arguments. Where the chain ends
//! is asked first, at a time at which its dates hold, so that an expired certificate of
//! the right root is an expired certificate, and an expired one of a proxy is a proxy.
//! Then come the dates at the real time, then the name.
//!
//! How each is told stands in docs/probes.md, and why in docs/adr/0015.

use std::time::Duration;

use jiff::Timestamp;
use model::probe::ProbeFault;
use model::untrusted::Untrusted;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

use super::super::address::Host;
use super::super::attempt::Failure;
use super::certificate::{Certificate, path_of};
use super::handshake::provider;
use super::roots::{Expected, public, sequence, store_of};

/// Longest name of an authority in a sentence, in characters.
const NAME_CHARACTERS_MAX: usize = 120;

/// Names that the vendors serve to everybody. A chain that nobody vouches for under one of
/// them is not a private server's but somebody's who answers in the vendor's place.
///
/// Source: host names of the vendors' help pages, read 2026-08-20.
const VENDOR_DOMAINS: &[&str] = &["goskope.com", "netskope.com", "catonetworks.com"];

/// Roots of the vendors' own, by name; their keys are published nowhere.
///
/// Source: vendor help page "Publisher troubleshooting", read 2026-08-20, whose log names
/// `/DC=io/DC=newedge/CN=New Edge Root CA` when a Publisher verifies its data plane.
const VENDOR_ROOTS: &[VendorRoot] = &[VendorRoot {
    domain: "goskope.com",
    common_name: "New Edge Root CA",
    component: "newedge",
}];

struct VendorRoot {
    domain: &'static str,
    common_name: &'static str,
    component: &'static str,
}

/// What is judged.
pub(super) struct Case<'a> {
    /// The certificates as they were shown.
    pub(super) chain: &'a [CertificateDer<'static>],
    /// Whom we wanted to talk to.
    pub(super) host: &'a Host,
    /// The same, for TLS.
    pub(super) name: &'a ServerName<'static>,
    /// The time.
    pub(super) now: Timestamp,
}

/// What came out.
#[derive(Debug)]
pub(super) struct Verdict {
    /// That all is well, or the most telling thing that is not.
    pub(super) outcome: Result<String, Failure>,
    /// When the first certificate expires on the way to the root that the chain was found
    /// to lead to; else of all that were shown.
    pub(super) expires_at: Option<Timestamp>,
    /// Whom the first one is for.
    pub(super) subject: Option<Untrusted>,
    /// Who issued the last one on the way up.
    pub(super) root: Option<Untrusted>,
    /// Whether the chain ends elsewhere than it should, if that can be told.
    pub(super) is_intercepted: Option<bool>,
}

/// Where a chain ends.
enum End {
    /// In an expected root.
    Expected(RootCertStore),
    /// In the vendor's own root, by its name.
    VendorsName,
    /// The server's own certificate is itself one of those expected.
    Itself,
    /// In another root, told in a sentence.
    Elsewhere(ProbeFault, String),
}

/// Judges a chain. `system` reads the roots that this host trusts, if that is asked.
pub(super) fn judge(
    case: &Case<'_>,
    expected: &Expected,
    system: impl Fn() -> Vec<CertificateDer<'static>>,
) -> Verdict {
    let read: Vec<Certificate<'_>> = case.chain.iter().filter_map(Certificate::read).collect();
    let path = path_of(&read);
    let root = path.last().map(|last| last.issuer());
    let mut verdict = Verdict {
        outcome: Ok(String::new()),
        expires_at: earliest(&read),
        subject: read.first().map(|leaf| Untrusted::new(&leaf.subject())),
        root: root.as_deref().map(Untrusted::new),
        is_intercepted: None,
    };
    let parsed = case.chain.first().map(ParsedCertificate::try_from);
    let Some(Ok(leaf)) = parsed.filter(|_| read.len() == case.chain.len()) else {
        verdict.outcome = Err(Failure::new(
            ProbeFault::BadCertificate,
            "a certificate that the peer showed cannot be read",
        ));
        return verdict;
    };
    let bench = Bench {
        case,
        expected,
        path: &path,
        leaf: &leaf,
        at: time_of(&path, case.now),
        root: shortened(root.as_deref().unwrap_or_default()),
    };
    let end = bench.end(&system);
    if let Ok(End::Expected(anchors)) = &end {
        verdict.expires_at = earliest(up_to(anchors, &path).iter().copied());
    }
    verdict.is_intercepted = match &end {
        Ok(End::Expected(_) | End::VendorsName | End::Itself) => Some(false),
        Ok(End::Elsewhere(ProbeFault::Intercepted, _)) => Some(true),
        Ok(End::Elsewhere(..)) | Err(_) => None,
    };
    verdict.outcome = end.and_then(|end| bench.conclude(end));
    verdict
}

fn earliest<'c, 'a: 'c>(
    certificates: impl IntoIterator<Item = &'c Certificate<'a>>,
) -> Option<Timestamp> {
    let expiries = certificates.into_iter();
    expiries.filter_map(Certificate::expires_at).min()
}

/// The path as far as the first certificate that one of these issued. What a server shows
/// beyond it, as an old root's signature below a newer root, is needed by nobody.
fn up_to<'p, 'c, 'a>(
    anchors: &RootCertStore,
    path: &'p [&'c Certificate<'a>],
) -> &'p [&'c Certificate<'a>] {
    let is_anchored = |one: &&Certificate<'_>| {
        let issuers = anchors.roots.iter();
        issuers
            .map(|anchor| anchor.subject.as_ref())
            .any(|subject| one.is_issued_by_name(&sequence(subject)))
    };
    let length = path.iter().position(is_anchored);
    length.and_then(|last| path.get(..=last)).unwrap_or(path)
}

struct Bench<'a> {
    case: &'a Case<'a>,
    expected: &'a Expected,
    path: &'a [&'a Certificate<'a>],
    leaf: &'a ParsedCertificate<'a>,
    /// A time at which the dates of the chain hold.
    at: i64,
    /// The root's name, for a sentence.
    root: String,
}

impl Bench<'_> {
    fn end(&self, system: &impl Fn() -> Vec<CertificateDer<'static>>) -> Result<End, Failure> {
        let shown = self.case.chain;
        if shown.first().is_some_and(|leaf| self.expected.holds(leaf)) {
            return Ok(End::Itself);
        }
        // Before anything is verified: such a certificate often calls itself an authority,
        // which a server's must not be, and that would be the error then.
        if self.path.len() == 1 && self.path.iter().all(|one| one.is_self_issued()) {
            let message = format!("`{}` made its certificate itself", self.root);
            return Ok(End::Elsewhere(ProbeFault::SelfSigned, message));
        }
        let trusted = if self.expected.fingerprints.is_empty() {
            Vec::new()
        } else {
            system()
        };
        let anchors = self.expected.anchors(shown, &trusted);
        if self.stands_on(&anchors, self.at)? {
            return Ok(End::Expected(anchors));
        }
        if self.expected.is_public() && self.is_vendors_by_name()? {
            return Ok(End::VendorsName);
        }
        let host = self.case.host;
        let root = &self.root;
        let intercepted = |why: &str| {
            let message = format!(
                "the chain ends in `{root}`, which is not a root expected for {host}{why}: TLS \
                 is inspected on the path"
            );
            Ok(End::Elsewhere(ProbeFault::Intercepted, message))
        };
        if self.stands_on(&store_of(&system()), self.at)? {
            let is_public = !self.expected.is_public() && self.stands_on(&public(), self.at)?;
            return intercepted(if is_public {
                " but a public one"
            } else {
                " and which only this host's own store trusts"
            });
        }
        if !self.expected.is_public() && self.stands_on(&public(), self.at)? {
            return intercepted(" but a public one");
        }
        let is_vendors = VENDOR_DOMAINS.iter().any(|domain| host.is_within(domain));
        let is_root_known = !self.expected.is_public() && !anchors.is_empty();
        if is_root_known || (self.expected.is_public() && is_vendors) {
            return intercepted("");
        }
        let message = format!(
            "the chain ends in `{root}`, which nobody trusts that we know, and which root {host} \
             should have is not said"
        );
        Ok(End::Elsewhere(ProbeFault::UnknownRoot, message))
    }

    /// Whether the chain leads to one of these roots. A chain that leads nowhere does not;
    /// one that leads there and is broken on the way is an error.
    fn stands_on(&self, anchors: &RootCertStore, at: i64) -> Result<bool, Failure> {
        match self.verify(anchors, at) {
            Ok(()) => Ok(true),
            // A root of the expected name with another key made a bad signature, it seems.
            Err(Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            )) => Ok(false),
            Err(_) if anchors.is_empty() => Ok(false),
            Err(Error::InvalidCertificate(error)) => self.broken(&error.to_string()),
            Err(error) => self.broken(&error.to_string()),
        }
    }

    fn broken(&self, why: &str) -> Result<bool, Failure> {
        Err(Failure::new(
            ProbeFault::BadCertificate,
            format!("the chain to `{}` is broken: {why}", self.root),
        ))
    }

    fn verify(&self, anchors: &RootCertStore, at: i64) -> Result<(), Error> {
        let above = self.case.chain.get(1..).unwrap_or_default();
        let algorithms = provider().signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(
            self.leaf,
            anchors,
            above,
            unix_time(at),
            algorithms,
        )
    }

    /// Whether a vendor's name leads to the vendor's own root by that root's name, with
    /// good signatures as far as they were shown.
    fn is_vendors_by_name(&self) -> Result<bool, Failure> {
        let Some(last) = self.path.last() else {
            return Ok(false);
        };
        let is_named = VENDOR_ROOTS.iter().any(|root| {
            self.case.host.is_within(root.domain)
                && last.is_issued_by(root.common_name, root.component)
        });
        if !is_named || self.path.len() == 1 {
            return Ok(is_named);
        }
        self.stands_on(&store_of(&[last.der()]), self.at)
    }

    /// Where the chain ends is known; what of dates and name?
    fn conclude(&self, end: End) -> Result<String, Failure> {
        let ending = match end {
            End::Elsewhere(fault, message) => return Err(Failure::new(fault, message)),
            End::Expected(anchors) => {
                let now = self.case.now.as_second();
                if let Err(Error::InvalidCertificate(error)) = self.verify(&anchors, now) {
                    self.tell_dates(fault_of(&error))?;
                }
                format!("the chain ends in `{}`, as expected", self.root)
            }
            End::VendorsName => {
                self.tell_dates(self.dates())?;
                format!(
                    "the chain ends in `{}`, the vendor's own root by its name",
                    self.root
                )
            }
            End::Itself => {
                self.tell_dates(self.dates())?;
                "the certificate is the expected one".to_owned()
            }
        };
        verify_server_name(self.leaf, self.case.name).map_err(|_| {
            let subject = self.path.first().map(|leaf| leaf.subject());
            let message = format!(
                "the certificate is not for {} but for `{}`",
                self.case.host,
                shortened(&subject.unwrap_or_default())
            );
            Failure::new(ProbeFault::WrongName, message)
        })?;
        Ok(ending)
    }

    /// What is wrong with the dates on the path, if anything is.
    fn dates(&self) -> Option<ProbeFault> {
        let now = self.case.now.as_second();
        if self.path.iter().any(|one| one.not_after() < now) {
            return Some(ProbeFault::CertificateExpired);
        }
        let is_early = self.path.iter().any(|one| now < one.not_before());
        is_early.then_some(ProbeFault::CertificateNotYetValid)
    }

    fn tell_dates(&self, fault: Option<ProbeFault>) -> Result<(), Failure> {
        let Some(fault) = fault else {
            return Ok(());
        };
        let now = self.case.now.as_second();
        let is_expired = fault == ProbeFault::CertificateExpired;
        let guilty = self.path.iter().find(|one| {
            if is_expired {
                one.not_after() < now
            } else {
                now < one.not_before()
            }
        });
        let Some(guilty) = guilty else {
            return Err(Failure::new(fault, "a date of the chain does not hold"));
        };
        let subject = shortened(&guilty.subject());
        let (verb, second) = if is_expired {
            ("expired on", guilty.not_after())
        } else {
            ("is valid only from", guilty.not_before())
        };
        let date = Timestamp::from_second(second)
            .map_or_else(|_| "a far day".to_owned(), |date| date.to_string());
        Err(Failure::new(
            fault,
            format!("the certificate of `{subject}` {verb} {date}"),
        ))
    }
}

fn fault_of(error: &CertificateError) -> Option<ProbeFault> {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some(ProbeFault::CertificateExpired)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some(ProbeFault::CertificateNotYetValid)
        }
        _ => None,
    }
}

/// The time nearest to `now` at which all dates of the path hold; if there is none, one
/// at which the first certificate's do.
fn time_of(path: &[&Certificate<'_>], now: Timestamp) -> i64 {
    let now = now.as_second();
    let from = path.iter().map(|one| one.not_before()).max().unwrap_or(now);
    let until = path.iter().map(|one| one.not_after()).min().unwrap_or(now);
    if from <= until {
        return now.clamp(from, until);
    }
    path.first()
        .map_or(now, |leaf| now.min(leaf.not_after()).max(leaf.not_before()))
}

/// Before the epoch no certificate of TLS was made.
fn unix_time(second: i64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(second).unwrap_or(0)))
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(NAME_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}
