//! Authorities, and what they sign: the certificates that servers of these tests show.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An attribute of a name in X.520 that rcgen has no word for: the part of a domain.
const DOMAIN_COMPONENT: &[u64] = &[0, 9, 2342, 19_200_300, 100, 1, 25];

/// Years between which a certificate is valid.
pub(super) type Years = (i32, i32);

/// Now, for as long as these tests are run.
pub(super) const PRESENT: Years = (2020, 2090);

/// Somebody who signs.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What a server shows, and its key.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Identity {
    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()))
    }

    /// The same with these shown after it.
    pub(super) fn with(mut self, more: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        self.chain.extend(more);
        self
    }
}

fn params(names: &[&str], common_name: &str, years: Years) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    params
}

fn authority_params(common_name: &str) -> CertificateParams {
    let mut params = params(&[], common_name, PRESENT);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

impl Authority {
    /// A root of this name.
    pub(super) fn root(common_name: &str) -> Self {
        Self::of(authority_params(common_name))
    }

    /// A root of the organisation, as proxies that inspect TLS have them.
    pub(super) fn of_proxy(common_name: &str, organisation: &str) -> Self {
        let mut params = authority_params(common_name);
        params
            .distinguished_name
            .push(DnType::OrganizationName, organisation);
        Self::of(params)
    }

    /// A root in a domain with this part.
    pub(super) fn of_domain(component: &str, common_name: &str) -> Self {
        let mut params = authority_params(common_name);
        let kind = DnType::CustomDnType(DOMAIN_COMPONENT.to_vec());
        params.distinguished_name.push(kind, component);
        Self::of(params)
    }

    fn of(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    /// An authority below this one.
    pub(super) fn below(&self, common_name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority_params(common_name);
        Self {
            issuer: CertifiedIssuer::signed_by(params, key, &self.issuer).unwrap(),
        }
    }

    /// The key of another, which has this name, under this one's signature.
    pub(super) fn cross_sign(
        &self,
        common_name: &str,
        other: &Self,
        years: Years,
    ) -> CertificateDer<'static> {
        let mut params = authority_params(common_name);
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let crossed = params.signed_by(other.issuer.key(), &self.issuer).unwrap();
        crossed.der().clone()
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    pub(super) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A server's certificate for these names, valid in these years.
    pub(super) fn sign(&self, names: &[&str], years: Years) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names, names[0], years)
            .signed_by(&key, &self.issuer)
            .unwrap();
        Identity {
            chain: vec![certificate.der().clone()],
            key,
        }
    }
}

/// A server that signed its certificate itself; `is_ca` as `openssl req -x509` does it.
pub(super) fn self_signed(name: &str, is_ca: IsCa) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = params(&[name], name, PRESENT);
    params.is_ca = is_ca;
    let certificate = params.self_signed(&key).unwrap();
    Identity {
        chain: vec![certificate.der().clone()],
        key,
    }
}
