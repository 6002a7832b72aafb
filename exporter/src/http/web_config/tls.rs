//! Makes TLS of what the web configuration says.
//!
//! The protocol is rustls'. Suites and curves keep the file's order; the three suites of
//! TLS 1.3 are on whenever it is, as in Go. There is HTTP/1.1 only. No session goes on in
//! another connection if clients have to show a certificate, so that each is checked.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, NamedGroup, ServerConfig, SupportedCipherSuite};

use super::Tls;
use super::certificate;
use super::client::Clients;
use super::watch::Material;
use crate::config::web_file::{ClientAuth, Curve, TlsSection, TlsVersion};

/// The only protocol that we speak within.
const PROTOCOL: &[u8] = b"http/1.1";

/// TLS as the section wants it.
///
/// # Errors
///
/// What is wrong with certificates or key, for people; never a byte of the key.
pub(super) fn build(section: &TlsSection, material: &Material) -> Result<Tls, String> {
    let provider = Arc::new(provider(section));
    let chain = certificates(&material.certificates)
        .map_err(|words| format!("`tls_server_config.cert_file` {words}"))?;
    let expires_at = chain.first().and_then(certificate::expiry);
    let key = PrivateKeyDer::from_pem_slice(&material.key.0).map_err(|_| {
        "`tls_server_config.key_file` holds no key; want one in PEM, without a passphrase"
            .to_owned()
    })?;
    let (oldest, newest) = section.versions();
    let versions = [(TlsVersion::V12, &TLS12), (TlsVersion::V13, &TLS13)];
    let versions: Vec<_> = versions
        .into_iter()
        .filter(|(version, _)| oldest <= *version && *version <= newest)
        .map(|(_, version)| version)
        .collect();
    let wrong = |error: rustls::Error| match error {
        rustls::Error::InconsistentKeys(_) => {
            "`tls_server_config.key_file` is not the key of the certificate".to_owned()
        }
        other => format!("`tls_server_config`: TLS is not possible so: {other}"),
    };
    let asked = section.client_auth();
    let clients = Clients::of(section, &material.client_ca, &provider)?;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(wrong)?;
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(Arc::new(clients)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(wrong)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.ignore_client_order = section.prefer_server_cipher_suites;
    if asked != ClientAuth::None {
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Tls {
        config: Arc::new(config),
        expires_at,
        are_clients_known: asked == ClientAuth::RequireAndVerify,
    })
}

/// All certificates of a PEM text, of which there must be one.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err("holds no certificate; want PEM".to_owned()),
        Ok(all) => Ok(all),
        Err(_) => Err("is no PEM".to_owned()),
    }
}

fn provider(section: &TlsSection) -> CryptoProvider {
    let mut provider = ring::default_provider();
    if !section.cipher_suites.is_empty() {
        let all = provider.cipher_suites;
        let (of_tls13, of_tls12): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|suite| matches!(suite, SupportedCipherSuite::Tls13(_)));
        let wanted = section.cipher_suites.iter().filter_map(|cipher| {
            let is_it = |suite: &&SupportedCipherSuite| name_of(suite.suite()) == cipher.name();
            of_tls12.iter().find(is_it).copied()
        });
        provider.cipher_suites = of_tls13.into_iter().chain(wanted).collect();
    }
    if !section.curve_preferences.is_empty() {
        let all = provider.kx_groups;
        let wanted = section.curve_preferences.iter();
        provider.kx_groups = wanted
            .filter_map(|curve| {
                let name = match curve {
                    Curve::P256 => NamedGroup::secp256r1,
                    Curve::P384 => NamedGroup::secp384r1,
                    Curve::X25519 => NamedGroup::X25519,
                };
                all.iter().find(|group| group.name() == name).copied()
            })
            .collect();
    }
    provider
}

fn name_of(suite: CipherSuite) -> &'static str {
    suite.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::web_file::WebFile;

    #[test]
    fn suites_and_curves_are_those_of_the_file_in_its_order() {
        let text = "tls_server_config:\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, \
                    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n  \
                    curve_preferences: [CurveP384, X25519]\n";
        let file = WebFile::parse(Path::new("web.yml"), text).unwrap();
        let provider = provider(&file.tls_server_config);
        let suites: Vec<_> = provider
            .cipher_suites
            .iter()
            .map(|s| name_of(s.suite()))
            .collect();
        assert_eq!(
            suites[3..],
            [
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
            ]
        );
        let curves: Vec<_> = provider
            .kx_groups
            .iter()
            .map(|group| group.name())
            .collect();
        assert_eq!(curves, [NamedGroup::secp384r1, NamedGroup::X25519]);
    }

    #[test]
    fn every_suite_that_a_file_may_name_is_spoken() {
        for name in [
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        ] {
            let text = format!("tls_server_config: {{cipher_suites: [{name}]}}\n");
            let file = WebFile::parse(Path::new("web.yml"), &text).unwrap();
            assert_eq!(
                provider(&file.tls_server_config).cipher_suites.len(),
                4,
                "{name}"
            );
        }
    }
}
