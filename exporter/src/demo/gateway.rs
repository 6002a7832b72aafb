//! A TLS server that stands for the vendor's management plane, for the demo's probes.
//!
//! It shows one of two chains for the same name: the vendor's own, or, while the demo's
//! folder says that somebody inspects TLS, that of the inspecting firewall. It speaks no
//! byte beyond the handshake. The chains lie beside this file, were made once and have
//! public keys: worthless, and trusted by nobody but the demo's own probe.
//!
//! Known limit: one connection after the other; one that says nothing holds up the next
//! for two seconds.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::{ServerConfig, ServerConnection};

/// The name that both chains are for.
pub const SERVER_NAME: &str = "gateway.demo.example";

/// The root that the vendor's chain ends in.
pub const VENDOR_ROOT: &str = include_str!("gateway/vendor-root.pem");

const VENDOR: &[u8] = include_bytes!("gateway/vendor.pem");
const INSPECTION: &[u8] = include_bytes!("gateway/inspection.pem");

/// How long a client may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(2);

/// Why there is no gateway. The demo does not start then.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No port, or no thread.
    #[error("the system gives no place for the demo's gateway")]
    System(#[from] io::Error),
    /// A chain is no PEM.
    #[error("the demo's certificates cannot be read")]
    Pem(#[from] pem::Error),
    /// A chain and its key do not fit.
    #[error("the demo's certificates cannot be used")]
    Tls(#[from] rustls::Error),
}

/// The file in the demo's folder that stands there while TLS is inspected.
pub fn inspection_mark(folder: &Path) -> PathBuf {
    folder.join("tls-is-inspected")
}

/// The running server.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Gateway {
    /// Serves on a free port of this machine; `folder` is the demo's.
    ///
    /// # Errors
    ///
    /// See [`GatewayError`].
    pub fn start(folder: &Path) -> Result<Self, GatewayError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let path = PathOfDemo {
            mark: inspection_mark(folder),
            vendor: settings(VENDOR)?,
            inspection: settings(INSPECTION)?,
        };
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("demo-gateway".to_owned())
            .spawn(move || path.serve(&listener, &stopped))?;
        Ok(Self {
            address,
            stop,
            thread,
        })
    }

    /// Where it serves.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops, at most two seconds later.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // The thread waits for a client: this one is the last. If it cannot come, the
        // thread ends with the process.
        if TcpStream::connect_timeout(&self.address, SILENCE_MAX).is_ok() {
            self.thread.join().unwrap_or_default();
        }
    }
}

/// What lies between the probe and the vendor.
struct PathOfDemo {
    mark: PathBuf,
    vendor: Arc<ServerConfig>,
    inspection: Arc<ServerConfig>,
}

impl PathOfDemo {
    fn serve(&self, listener: &TcpListener, stop: &AtomicBool) {
        for client in listener.incoming() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            // A client that leaves early, as one that asks for the port alone does, is
            // nobody's trouble.
            drop(client.and_then(|client| self.shake_hands(client)));
        }
    }

    fn shake_hands(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_read_timeout(Some(SILENCE_MAX))?;
        client.set_write_timeout(Some(SILENCE_MAX))?;
        let shown = if self.mark.exists() {
            &self.inspection
        } else {
            &self.vendor
        };
        let mut tls = ServerConnection::new(Arc::clone(shown)).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut client)?;
        }
        tls.send_close_notify();
        tls.write_tls(&mut client)?;
        Ok(())
    }
}

fn settings(pem: &[u8]) -> Result<Arc<ServerConfig>, GatewayError> {
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(pem)?;
    let settings = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(settings))
}
