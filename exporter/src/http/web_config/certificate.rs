//! What a certificate says: until when, and for whom.

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest name that is taken from a certificate, in characters.
const NAME_CHARS_MAX: usize = 128;

/// When it ends. `None` if it cannot be read.
pub(super) fn expiry(der: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, read) = X509Certificate::from_der(der.as_ref()).ok()?;
    Timestamp::from_second(read.validity().not_after.timestamp()).ok()
}

/// Whether it holds at `now`.
pub(super) fn is_valid_at(der: &CertificateDer<'_>, now: UnixTime) -> bool {
    let Ok((_, read)) = X509Certificate::from_der(der.as_ref()) else {
        return false;
    };
    let Ok(now) = i64::try_from(now.as_secs()) else {
        return false;
    };
    let validity = read.validity();
    validity.not_before.timestamp() <= now && now <= validity.not_after.timestamp()
}

/// The names that it is for: hosts, mail addresses, addresses and URIs, as Go writes them.
pub(super) fn names(der: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, read)) = X509Certificate::from_der(der.as_ref()) else {
        return Vec::new();
    };
    let Ok(Some(extension)) = read.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    names.filter_map(name_of).collect()
}

/// Whom it is for, in one name without control characters.
pub(super) fn owner(der: &CertificateDer<'_>) -> String {
    let mut name = names(der).into_iter().next();
    if name.is_none()
        && let Ok((_, read)) = X509Certificate::from_der(der.as_ref())
    {
        let common = read.subject().iter_common_name().next();
        name = common.and_then(|common| common.as_str().ok().map(str::to_owned));
    }
    let name = name.filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| "a certificate without a name".to_owned());
    let is_shown = |c: &char| !model::untrusted::is_unprintable(*c);
    name.chars().filter(is_shown).take(NAME_CHARS_MAX).collect()
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            Some((*name).to_owned())
        }
        GeneralName::IPAddress(bytes) => {
            if let Ok(octets) = <[u8; 4]>::try_from(*bytes) {
                return Some(Ipv4Addr::from(octets).to_string());
            }
            let octets = <[u8; 16]>::try_from(*bytes).ok()?;
            Some(Ipv6Addr::from(octets).to_string())
        }
        _ => None,
    }
}
