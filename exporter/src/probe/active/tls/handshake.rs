//! Shakes hands with a TLS server, keeps what it shows, and hangs up.
//!
//! The protocol is rustls'; here is who reads and writes the bytes, so that a run knows
//! how far it came when it failed, and what came instead of TLS. The chain is kept before
//! anybody trusts it: judging it is another's. That the server holds the key to its
//! certificate is checked all the same.
//!
//! Not one byte of an application's data is sent. A resumed session would show no chain,
//! so there is none.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use model::probe::ProbeFault;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, Error, InvalidMessage,
    ProtocolVersion, SignatureScheme,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::attempt::Failure;

/// Most bytes read of a server before it is given up. A chain of a hundred certificates
/// needs a tenth of it; rustls refuses a message of more than 64 KiB by itself.
const BYTES_MAX: usize = 1024 * 1024;

/// The ciphers: one set for all runs.
static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));

/// The ways in which signatures may be made.
pub(super) fn provider() -> &'static CryptoProvider {
    &PROVIDER
}

/// A handshake on its way, or over.
pub(super) struct Handshake {
    connection: ClientConnection,
    witness: Arc<Witness>,
}

/// Sees what the server shows and asks, and objects to nothing.
#[derive(Debug, Default)]
struct Witness {
    chain: Mutex<Vec<CertificateDer<'static>>>,
    wants_certificate: AtomicBool,
}

impl Handshake {
    /// Ready to shake hands with the server of this name.
    pub(super) fn begin(name: ServerName<'static>) -> Result<Self, Failure> {
        let witness = Arc::new(Witness::default());
        let impossible =
            |error: Error| Failure::new(ProbeFault::System, format!("no TLS here: {error}"));
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
            .with_safe_default_protocol_versions()
            .map_err(impossible)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::<Witness>::clone(&witness))
            .with_client_cert_resolver(Arc::<Witness>::clone(&witness));
        config.resumption = Resumption::disabled();
        let connection = ClientConnection::new(Arc::new(config), name).map_err(impossible)?;
        Ok(Self {
            connection,
            witness,
        })
    }

    /// Talks until both sides have proven that they know the keys.
    pub(super) async fn shake(&mut self, stream: &mut TcpStream) -> Result<(), Failure> {
        let mut received = 0_usize;
        loop {
            self.send(stream).await?;
            if !self.connection.is_handshaking() {
                return Ok(());
            }
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.map_err(|error| cut(&error))?;
            let fresh = part.get(..count).unwrap_or_default();
            match fresh.first() {
                None => {
                    let message = "the peer closed the connection during the handshake";
                    return Err(Failure::new(ProbeFault::Reset, message));
                }
                Some(first) if received == 0 && !is_of_tls(*first) => return Err(no_tls(fresh)),
                Some(_) => {}
            }
            received = received.saturating_add(count);
            if BYTES_MAX < received {
                let message = "the peer sends without end";
                return Err(Failure::new(ProbeFault::HandshakeFailed, message));
            }
            if let Err(failure) = self.take(fresh) {
                // What we object to is told the peer, if it still listens.
                drop(self.send(stream).await);
                return Err(failure);
            }
        }
    }

    async fn send(&mut self, stream: &mut TcpStream) -> Result<(), Failure> {
        let outgoing = self.outgoing();
        if outgoing.is_empty() {
            return Ok(());
        }
        stream
            .write_all(&outgoing)
            .await
            .map_err(|error| cut(&error))
    }

    fn outgoing(&mut self) -> Vec<u8> {
        let mut outgoing = Vec::new();
        while self.connection.wants_write() {
            // Into memory: it cannot fail, and if it did there would be nothing to send.
            if self.connection.write_tls(&mut outgoing).is_err() {
                break;
            }
        }
        outgoing
    }

    fn take(&mut self, mut fresh: &[u8]) -> Result<(), Failure> {
        while !fresh.is_empty() {
            self.connection.read_tls(&mut fresh).map_err(|error| {
                Failure::new(ProbeFault::HandshakeFailed, format!("no TLS: {error}"))
            })?;
            self.connection
                .process_new_packets()
                .map_err(|error| self.failure_of(&error))?;
        }
        Ok(())
    }

    /// Tells the peer that this was all, if that costs no waiting.
    pub(super) fn say_goodbye(&mut self, stream: &TcpStream) {
        if !self.connection.is_handshaking() {
            self.connection.send_close_notify();
            drop(stream.try_write(&self.outgoing()));
        }
    }

    /// The certificates that the server showed, its own first.
    pub(super) fn chain(&self) -> Vec<CertificateDer<'static>> {
        let chain = self.witness.chain.lock();
        chain.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the server asked for a certificate of ours.
    pub(super) fn wants_certificate(&self) -> bool {
        self.witness.wants_certificate.load(Ordering::Relaxed)
    }

    /// The version that both agreed on.
    pub(super) fn version(&self) -> Option<&'static str> {
        match self.connection.protocol_version()? {
            ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            _ => None,
        }
    }

    /// The cipher suite that both agreed on, by its name in IANA's registry.
    pub(super) fn cipher(&self) -> Option<&'static str> {
        let suite = self.connection.negotiated_cipher_suite()?;
        let name = suite.suite().as_str()?;
        Some(match name {
            "TLS13_AES_128_GCM_SHA256" => "TLS_AES_128_GCM_SHA256",
            "TLS13_AES_256_GCM_SHA384" => "TLS_AES_256_GCM_SHA384",
            "TLS13_CHACHA20_POLY1305_SHA256" => "TLS_CHACHA20_POLY1305_SHA256",
            other => other,
        })
    }

    fn failure_of(&self, error: &Error) -> Failure {
        let has_answered = self.connection.protocol_version().is_some();
        let (fault, message) = match error {
            Error::AlertReceived(
                alert
                @ (AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity),
            ) => (
                ProbeFault::NoCommonVersion,
                format!("the peer has neither TLS 1.2 nor 1.3 ({alert:?})"),
            ),
            Error::AlertReceived(alert) => (
                ProbeFault::HandshakeFailed,
                format!("the peer refused the handshake ({alert:?})"),
            ),
            Error::PeerIncompatible(why) => (
                ProbeFault::NoCommonVersion,
                format!("no version or cipher in common ({why:?})"),
            ),
            Error::InvalidCertificate(why) => (
                ProbeFault::BadCertificate,
                format!("the certificate cannot be used: {why}"),
            ),
            // Nothing but a chain is as long as that.
            Error::InvalidMessage(
                InvalidMessage::HandshakePayloadTooLarge
                | InvalidMessage::CertificatePayloadTooLarge,
            ) => (
                ProbeFault::BadCertificate,
                "the chain of certificates is longer than 64 KiB".to_owned(),
            ),
            Error::InvalidMessage(why) if !has_answered => (
                ProbeFault::NotTls,
                format!("what answers does not speak TLS ({why:?})"),
            ),
            Error::FailedToGetCurrentTime | Error::FailedToGetRandomBytes => {
                (ProbeFault::System, error.to_string())
            }
            other => (
                ProbeFault::HandshakeFailed,
                format!("the handshake failed: {other}"),
            ),
        };
        Failure::new(fault, message)
    }
}

/// Whether a record of TLS may begin so: a handshake or an alert (RFC 8446, section 5.1).
const fn is_of_tls(first: u8) -> bool {
    matches!(first, 0x15 | 0x16)
}

/// What came instead of TLS, in words of ours: the bytes are nobody's to show.
fn no_tls(fresh: &[u8]) -> Failure {
    let what = if fresh.starts_with(b"HTTP/") {
        "it answers in plain HTTP"
    } else if fresh.starts_with(b"SSH-") {
        "it answers in SSH"
    } else if fresh.starts_with(b"220") {
        "it greets like a mail server"
    } else {
        "it answers in another protocol"
    };
    Failure::new(
        ProbeFault::NotTls,
        format!("what answers does not speak TLS: {what}"),
    )
}

fn cut(error: &io::Error) -> Failure {
    Failure::new(
        ProbeFault::Reset,
        format!("the connection was cut during the handshake: {error}"),
    )
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = std::iter::once(end_entity).chain(intermediates);
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) =
            shown.map(|one| one.clone().into_owned()).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.wants_certificate.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        // Said yes so that we are asked; there is none.
        true
    }
}
