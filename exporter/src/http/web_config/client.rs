//! Judges the certificates of clients, as Go's five ways of asking do.
//!
//! A certificate that stands itself among those who may sign is taken, even if it calls
//! itself a signer: people make one self-signed certificate for both. That the client has
//! the key is checked in every case.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};

use super::certificate;
use super::tls::certificates;
use crate::config::web_file::{ClientAuth, TlsSection};

/// See the module.
pub(super) struct Clients {
    provider: Arc<CryptoProvider>,
    is_mandatory: bool,
    /// Whether who signed is asked.
    is_checked: bool,
    signers: Option<Arc<dyn ClientCertVerifier>>,
    /// The signers' own certificates.
    pinned: Vec<CertificateDer<'static>>,
    /// Names of which a certificate must have one.
    allowed_names: Option<Vec<String>>,
}

impl Clients {
    /// As the section wants it. `None` if clients are asked for nothing.
    ///
    /// # Errors
    ///
    /// What is wrong with the signers' certificates, for people.
    pub(super) fn of(
        section: &TlsSection,
        client_ca: &[u8],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Self>, String> {
        let (is_mandatory, is_checked) = match section.client_auth() {
            ClientAuth::None => return Ok(None),
            ClientAuth::Request => (false, false),
            ClientAuth::RequireAny => (true, false),
            ClientAuth::VerifyIfGiven => (false, true),
            ClientAuth::RequireAndVerify => (true, true),
        };
        let pinned = match section.has_client_ca() {
            true => certificates(client_ca)
                .map_err(|words| format!("`tls_server_config.client_ca_file` {words}"))?,
            false => Vec::new(),
        };
        let unusable = |error: &dyn fmt::Display| {
            format!("`tls_server_config.client_ca_file` cannot be used: {error}")
        };
        let signers = if pinned.is_empty() {
            None
        } else {
            let mut roots = RootCertStore::empty();
            for certificate in &pinned {
                let added = roots.add(certificate.clone());
                added.map_err(|error| unusable(&error))?;
            }
            let builder =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
            Some(builder.build().map_err(|error| unusable(&error))?)
        };
        Ok(Some(Self {
            provider: Arc::clone(provider),
            // Who shows no certificate has no name that is allowed.
            is_mandatory: is_mandatory || section.client_allowed_sans.is_some(),
            is_checked,
            signers,
            pinned,
            allowed_names: section.client_allowed_sans.clone(),
        }))
    }

    fn check_signer(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if self
            .pinned
            .iter()
            .any(|pinned| pinned.as_ref() == certificate.as_ref())
        {
            return match certificate::is_valid_at(certificate, now) {
                true => Ok(()),
                false => Err(Error::InvalidCertificate(CertificateError::Expired)),
            };
        }
        match &self.signers {
            Some(signers) => signers
                .verify_client_cert(certificate, intermediates, now)
                .map(drop),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        }
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clients").finish_non_exhaustive()
    }
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.is_mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.signers
            .as_ref()
            .map_or(&[], |signers| signers.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.is_checked {
            self.check_signer(certificate, intermediates, now)?;
        }
        if let Some(allowed) = &self.allowed_names
            && !certificate::names(certificate)
                .iter()
                .any(|name| allowed.contains(name))
        {
            let refused = CertificateError::ApplicationVerificationFailure;
            return Err(Error::InvalidCertificate(refused));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
