//! Who is trusted on the other side of a TLS connection, and why one was not made.
//!
//! The public roots come with the binary; a receiver's own authority takes their place.

use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Whether a receiver's own authority stands beside the public ones or takes their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Roots {
    /// Only the receiver's, if there are any.
    Instead,
    /// Both.
    Besides,
}

/// Why nobody can be trusted.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    /// The certificates are no PEM, or there is none.
    #[error("the configured certificates cannot be read: {0}")]
    Certificates(String),
    /// No protocol version is left; a fault of this program.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
    /// The host's name is none that a certificate could be for.
    #[error("`{0}` is no name that a certificate could be for")]
    Name(String),
}

/// What a client trusts.
pub(super) fn client_config(pem: Option<&[u8]>, roots: Roots) -> Result<ClientConfig, TlsError> {
    let mut store = RootCertStore::empty();
    if pem.is_none() || roots == Roots::Besides {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(pem) = pem {
        let before = store.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let unreadable = |error: &dyn std::fmt::Display| {
                TlsError::Certificates(super::words(&error.to_string()))
            };
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            store.add(certificate).map_err(|error| unreadable(&error))?;
        }
        if store.len() == before {
            return Err(TlsError::Certificates("there is none".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(config)
}

/// The name that a server's certificate must be for.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Name(host.to_owned()))
}

/// Protects a connection.
pub(super) async fn protect(
    config: &Arc<ClientConfig>,
    name: &ServerName<'static>,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let connector = TlsConnector::from(config.clone());
    connector.connect(name.clone(), stream).await
}

/// Whether a failed handshake is for people to repair: the certificate is not the right one,
/// or what answers does not speak TLS at all.
pub(super) fn is_for_people(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(one) = cause {
        let inner = one.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let tls = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(tls) = tls.or_else(|| one.downcast_ref::<rustls::Error>()) {
            return matches!(
                tls,
                rustls::Error::InvalidCertificate(_)
                    | rustls::Error::NoCertificatesPresented
                    | rustls::Error::UnsupportedNameType
                    | rustls::Error::InvalidMessage(_)
            );
        }
        cause = one.source();
    }
    false
}
