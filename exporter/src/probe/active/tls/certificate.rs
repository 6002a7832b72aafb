//! What a certificate says of itself, and the way from one to its issuer.
//!
//! Only texts, dates and sums, for people and for the judge; signatures are checked
//! elsewhere. The texts are whatever their author liked.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::OID_DOMAIN_COMPONENT;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use super::super::fingerprint::Fingerprint;

/// A certificate that could be read.
#[derive(Debug)]
pub(super) struct Certificate<'a> {
    der: &'a CertificateDer<'a>,
    read: X509Certificate<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads one; `None` if it is none.
    pub(super) fn read(der: &'a CertificateDer<'a>) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(der.as_ref()).ok()?;
        Some(Self { der, read })
    }

    /// The whole, as it was shown.
    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.der.clone().into_owned()
    }

    /// Whom it is for.
    pub(super) fn subject(&self) -> String {
        shown(&self.read.subject)
    }

    /// Who made it.
    pub(super) fn issuer(&self) -> String {
        shown(&self.read.issuer)
    }

    /// Whether its issuer has this common name, in a domain with this part.
    pub(super) fn is_issued_by(&self, common_name: &str, component: &str) -> bool {
        let issuer = &self.read.issuer;
        let has_name = issuer
            .iter_common_name()
            .any(|part| part.as_str() == Ok(common_name));
        let mut components = issuer.iter_by_oid(&OID_DOMAIN_COMPONENT);
        has_name && components.any(|part| part.as_str() == Ok(component))
    }

    /// Whether its issuer has this whole name, in DER.
    pub(super) fn is_issued_by_name(&self, name: &[u8]) -> bool {
        self.read.issuer.as_raw() == name
    }

    /// Whether it names itself as its issuer, as roots do.
    pub(super) fn is_self_issued(&self) -> bool {
        self.read.subject.as_raw() == self.read.issuer.as_raw()
    }

    fn is_issuer_of(&self, other: &Self) -> bool {
        self.read.subject.as_raw() == other.read.issuer.as_raw()
    }

    /// From when on it is valid, in seconds since the epoch.
    pub(super) fn not_before(&self) -> i64 {
        self.read.validity.not_before.timestamp()
    }

    /// Until when it is valid, in seconds since the epoch.
    pub(super) fn not_after(&self) -> i64 {
        self.read.validity.not_after.timestamp()
    }

    /// When it expires; `None` beyond the year 9999.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.not_after()).ok()
    }

    /// The sum of the whole.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.der.as_ref())
    }

    /// The sum of its public key.
    pub(super) fn key_fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.read.tbs_certificate.subject_pki.raw)
    }
}

fn shown(name: &X509Name<'_>) -> String {
    let text = name.to_string();
    if text.is_empty() {
        return "a nameless authority".to_owned();
    }
    text
}

/// The certificates from the first one to the last issuer that was shown, by names.
/// Others that were shown are nobody's issuers here.
pub(super) fn path_of<'c, 'a>(chain: &'c [Certificate<'a>]) -> Vec<&'c Certificate<'a>> {
    let mut path: Vec<&Certificate<'a>> = chain.first().into_iter().collect();
    while let Some(last) = path.last() {
        if last.is_self_issued() || path.len() == chain.len() {
            break;
        }
        let is_new = |one: &Certificate<'_>| {
            !path
                .iter()
                .any(|before| before.der.as_ref() == one.der.as_ref())
        };
        let next = chain
            .iter()
            .find(|one| one.is_issuer_of(last) && is_new(one));
        match next {
            Some(next) => path.push(next),
            None => break,
        }
    }
    path
}
