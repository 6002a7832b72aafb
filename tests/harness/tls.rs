//! Servers that speak TLS with a chain of the test's own making.
//!
//! An [`Authority`] signs, a [`TlsServer`] shows what was signed to whoever comes, and
//! waits until they have gone. What a probe makes of it is the suite's to ask.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

/// Who signs certificates of servers.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A root of this common name, of the organisation `Example`.
    ///
    /// # Errors
    ///
    /// If no key can be made.
    pub fn root(common_name: &str) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = DistinguishedName::new();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, common_name);
        name.push(DnType::OrganizationName, "Example");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer })
    }

    /// Its own certificate as a PEM file has it.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A server of this name whose certificate expires when the year begins.
    ///
    /// # Errors
    ///
    /// If no certificate can be made, or no port be had.
    pub fn server(&self, name: &str, expires: i32) -> Result<TlsServer> {
        let (certificate, key) = self.sign(name, expires)?;
        let chain = vec![certificate.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        TlsServer::serve(Arc::new(config))
    }

    /// A certificate of this name and its key, each as a PEM file has it.
    ///
    /// # Errors
    ///
    /// If no certificate can be made.
    pub fn pems(&self, name: &str, expires: i32) -> Result<(String, String)> {
        let (certificate, key) = self.sign(name, expires)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    fn sign(&self, name: &str, expires: i32) -> Result<(Certificate, KeyPair)> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(expires, 1, 1);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate, key))
    }
}

/// A server for any number of visitors, one after the other; it ends with the process.
pub struct TlsServer {
    address: SocketAddr,
}

impl TlsServer {
    fn serve(config: Arc<ServerConfig>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A visitor who misbehaves is the next one's no trouble.
                drop(attend(stream, &config));
            }
        });
        Ok(Self { address })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

fn attend(mut stream: TcpStream, config: &Arc<ServerConfig>) -> Result<()> {
    let mut connection = ServerConnection::new(Arc::clone(config))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    // Until they have gone.
    let mut rest = [0; 1024];
    while 0 < stream.read(&mut rest)? {}
    Ok(())
}
